#include "bus/rederive.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "envelope.pb-c.h"

#define TABLE_MARKS "group-marks"
#define TABLE_TURNS "group-set-back"
#define MARK_EVERY_MS 10000
#define LOOK_EVERY_MS 1000 /* whether the replica that has the turn is through */
#define TURN_MS 10000      /* after which it is taken for dead */
#define NEEDS_MAX 16       /* lost servers at a time */
#define KEY_SIZE 160
#define MARK_ITEM (8 + TT_EPOCH_SIZE) /* of each partition in a mark: sequence, epoch with its NULs */

struct tt_rederive {
    tt_store *store;
    tt_batch *batch;
    tt_group *group;
    const char *name, *instance;
    uint32_t partitions;
    int64_t next_mark_ms, next_look_ms;
    char needs[NEEDS_MAX][TT_SERVER_SIZE];
    size_t need_count;
};

tt_rederive *
tt_rederive_new (tt_store *store, tt_batch *batch, tt_group *group, const char *name, const char *instance)
{
    tt_rederive *r = tt_alloc_zero (1, sizeof *r);
    r->store = store;
    r->batch = batch;
    r->group = group;
    r->name = name;
    r->instance = instance;
    r->partitions = tt_store_partitions (store);
    return r;
}

void
tt_rederive_destroy (tt_rederive **rederive)
{
    free (*rederive);
    *rederive = NULL;
}

void
tt_rederive_need (tt_rederive *r, const char *server)
{
    for (size_t i = 0; i < r->need_count; i++)
        if (strcmp (r->needs[i], server) == 0)
            return;
    if (r->need_count == NEEDS_MAX) /* one of them is done without a mark: that is further back than any */
        r->need_count = 0, server = "";
    snprintf (r->needs[r->need_count++], TT_SERVER_SIZE, "%s", server);
    r->next_look_ms = 0;
}

static void
make_key (const tt_rederive *r, const char *server, char out[KEY_SIZE])
{
    snprintf (out, KEY_SIZE, "%.100s/%s", r->name, server[0] ? server : "unknown");
}

/* Writes about a partition go to the server that the group was asked on, or nowhere. */
static void
pin (tt_rederive *r, bool on)
{
    if (on)
        tt_group_pin (r->group, r->store);
    else
        for (uint32_t p = 0; p < r->partitions; p++)
            tt_store_pin (r->store, p, NULL);
}

/* -- marks -- */

struct mark {
    char key[KEY_SIZE];
    uint32_t partition;
    tt_bytes value;
    const tt_row *row; /* in: NULL */
};

static void
put_mark (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct mark *mark = request;
    tt_txn_at_partition (txn, mark->partition);
    tt_txn_put_blind (txn, TABLE_MARKS, tt_bytes_of_text (mark->key), mark->value);
}

static void
encode_mark (const tt_position *done, uint32_t partitions, uint8_t *out)
{
    memset (out, 0, (size_t)partitions * MARK_ITEM);
    for (uint32_t p = 0; p < partitions; p++, out += MARK_ITEM) {
        for (int b = 0; b < 8; b++)
            out[b] = (uint8_t)(done[p].sequence >> (56 - 8 * b));
        memcpy (out + 8, done[p].epoch, strlen (done[p].epoch));
    }
}

static tt_status
put_marks (tt_rederive *r, int64_t now_ms, tt_error *error)
{
    tt_position *done = tt_alloc_zero (r->partitions, sizeof *done);
    struct mark *marks = tt_alloc_zero (r->partitions, sizeof *marks);
    uint8_t *value = tt_alloc ((size_t)r->partitions * MARK_ITEM);
    tt_status status = tt_group_done (r->group, done, error);
    encode_mark (done, r->partitions, value);
    tt_batch_begin (r->batch, now_ms);
    for (uint32_t p = 0; status == TT_OK && p < r->partitions; p++) {
        const char *server = tt_group_server (r->group, p);
        if (server[0] == '\0')
            continue;
        marks[p] = (struct mark){ .partition = p, .value = { value, (size_t)r->partitions * MARK_ITEM } };
        make_key (r, server, marks[p].key);
        tt_batch_add (r->batch, &(tt_txn_spec){ .handle = put_mark, .request = &marks[p] });
    }
    pin (r, true);
    if (status == TT_OK)
        status = tt_batch_run (r->batch, error);
    pin (r, false);
    free (value);
    free (marks);
    free (done);
    return status;
}

struct found {
    char key[KEY_SIZE];
    uint32_t partition;
    uint8_t *value; /* room for a mark; all 0 if there is none */
    size_t size;
};

/* The one effect outside is a copy of the row, the same however often this is called. */
static void
get_mark (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct found *found = request;
    tt_txn_at_partition (txn, found->partition);
    const tt_row *row = tt_txn_get (txn, TABLE_MARKS, tt_bytes_of_text (found->key));
    if (row && row->present && row->value.size == found->size)
        memcpy (found->value, row->value.data, found->size);
}

static void
decode_mark (const uint8_t *in, uint32_t partition, tt_position *out)
{
    in += (size_t)partition * MARK_ITEM;
    out->sequence = 0;
    for (int b = 0; b < 8; b++)
        out->sequence = out->sequence << 8 | in[b];
    memcpy (out->epoch, in + 8, TT_EPOCH_SIZE);
    out->epoch[TT_EPOCH_SIZE - 1] = '\0';
}

/* Reads the marks that the lost server left in what its successors have. */
static tt_status
get_marks (tt_rederive *r, const char *server, int64_t now_ms, uint8_t *values, size_t size, tt_error *error)
{
    struct found *found = tt_alloc_zero (r->partitions, sizeof *found);
    memset (values, 0, size * r->partitions);
    tt_batch_begin (r->batch, now_ms);
    for (uint32_t p = 0; p < r->partitions; p++) {
        found[p] = (struct found){ .partition = p, .value = values + size * p, .size = size };
        make_key (r, server, found[p].key);
        tt_batch_add (r->batch, &(tt_txn_spec){ .handle = get_mark, .request = &found[p], .read_only = true });
    }
    tt_status status = tt_batch_run (r->batch, error);
    free (found);
    return status;
}

/* back[P]: the least of what the marks of the partitions that the server held say. */
static tt_status
find_marks (tt_rederive *r, const char *server, int64_t now_ms, tt_position *back, tt_error *error)
{
    size_t size = (size_t)r->partitions * MARK_ITEM;
    uint8_t *values = tt_alloc (size * r->partitions);
    tt_status status = get_marks (r, server, now_ms, values, size, error);
    bool any = false;
    for (uint32_t lost = 0; status == TT_OK && lost < r->partitions; lost++) {
        if (!tt_group_was_on (r->group, lost, server))
            continue;
        for (uint32_t p = 0; p < r->partitions; p++) {
            tt_position mark;
            decode_mark (values + size * lost, p, &mark);
            if (!any || mark.sequence < back[p].sequence)
                back[p] = mark;
        }
        any = true;
    }
    free (values);
    return status;
}

/* Where the journal has lost its end too since the mark, what is there now was never worked on when the mark was put. */
static tt_status
lower_to_history (tt_rederive *r, const tt_position *marks, uint64_t *back, tt_error *error)
{
    for (uint32_t p = 0; p < r->partitions; p++) {
        uint64_t lost_first;
        tt_status status = tt_journal_check (r->store, TT_JOURNAL_EVENTS, p, &marks[p], &lost_first, error);
        if (status != TT_OK && status != TT_DATA_LOSS)
            return status;
        back[p] = status == TT_OK ? marks[p].sequence : lost_first - 1;
    }
    return TT_OK;
}

/* -- whose turn it is -- */

typedef enum { TURN_OURS, TURN_OTHERS, TURN_DONE } turn_verdict;

/* A turn's row: "<state> <since, ms> <instance>"; state 1 taken, 2 done. */
struct turn {
    char key[KEY_SIZE];
    const char *instance;
    bool finish;
};

static void
answer_turn (tt_txn *txn, turn_verdict verdict)
{
    Techtransfer__V1__ProbePutReply reply = TECHTRANSFER__V1__PROBE_PUT_REPLY__INIT;
    reply.partition = verdict;
    tt_txn_reply (txn, &reply.base);
}

static void
take_turn (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct turn *turn = request;
    tt_txn_at_partition (txn, 0);
    const tt_row *row = tt_txn_get (txn, TABLE_TURNS, tt_bytes_of_text (turn->key));
    if (row == NULL)
        return;
    char text[160] = "", value[160];
    long long since = 0;
    int state = 0, at = 0;
    snprintf (text, sizeof text, "%.*s", (int)row->value.size, row->present ? (const char *)row->value.data : "");
    (void)!sscanf (text, "%d %lld %n", &state, &since, &at);
    bool ours = state == 1 && strcmp (text + at, turn->instance) == 0;
    if (state == 2 || (state == 1 && !ours && tt_txn_now (txn) - since < TURN_MS)) {
        answer_turn (txn, state == 2 ? TURN_DONE : TURN_OTHERS);
        return;
    }
    snprintf (value, sizeof value, "%d %lld %.100s", turn->finish ? 2 : 1, (long long)tt_txn_now (txn), turn->instance);
    tt_txn_put (txn, TABLE_TURNS, tt_bytes_of_text (turn->key), tt_bytes_of_text (value));
    answer_turn (txn, TURN_OURS);
}

static tt_status
turn (tt_rederive *r, const char *server, bool finish, int64_t now_ms, turn_verdict *verdict, tt_error *error)
{
    struct turn request = { .instance = r->instance, .finish = finish };
    make_key (r, server, request.key);
    tt_batch_begin (r->batch, now_ms);
    tt_txn *txn = tt_batch_add (r->batch, &(tt_txn_spec){ .handle = take_turn, .request = &request });
    tt_status status = tt_batch_run (r->batch, error);
    if (status != TT_OK)
        return status;
    tt_outcome outcome = tt_txn_outcome (txn);
    if (outcome.status != TT_OK)
        return tt_fail (error, outcome.status, "%s", outcome.message);
    Techtransfer__V1__ProbePutReply *reply
        = techtransfer__v1__probe_put_reply__unpack (NULL, outcome.reply.size, outcome.reply.data);
    *verdict = reply ? (turn_verdict)reply->partition : TURN_OTHERS;
    if (reply)
        techtransfer__v1__probe_put_reply__free_unpacked (reply, NULL);
    return TT_OK;
}

/* -- public -- */

static tt_status
set_back (tt_rederive *r, const char *server, int64_t now_ms, tt_error *error)
{
    tt_position *marks = tt_alloc_zero (r->partitions, sizeof *marks);
    uint64_t *back = tt_alloc_zero (r->partitions, sizeof *back);
    tt_status status = server[0] ? find_marks (r, server, now_ms, marks, error) : TT_OK;
    if (status == TT_OK)
        status = lower_to_history (r, marks, back, error);
    if (status == TT_OK)
        status = tt_group_set_back (r->group, back, error);
    free (marks);
    free (back);
    return status;
}

static tt_status
look (tt_rederive *r, int64_t now_ms, bool *done, tt_error *error)
{
    const char *server = r->needs[r->need_count - 1];
    turn_verdict verdict;
    tt_status status = turn (r, server, false, now_ms, &verdict, error);
    if (status == TT_OK && verdict == TURN_OURS) {
        status = set_back (r, server, now_ms, error);
        if (status == TT_OK)
            status = turn (r, server, true, now_ms, &verdict, error);
        *done = status == TT_OK;
    }
    if (status == TT_OK && verdict != TURN_OTHERS)
        r->need_count--;
    return status;
}

tt_status
tt_rederive_step (tt_rederive *r, int64_t now_ms, bool *done, tt_error *error)
{
    *done = false;
    if (r->need_count > 0 && now_ms >= r->next_look_ms) {
        r->next_look_ms = now_ms + LOOK_EVERY_MS;
        return look (r, now_ms, done, error);
    }
    if (r->need_count > 0 || now_ms < r->next_mark_ms)
        return TT_OK;
    r->next_mark_ms = now_ms + MARK_EVERY_MS;
    return put_marks (r, now_ms, error);
}
