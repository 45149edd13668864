#include "bus/rederive.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "envelope.pb-c.h"

#define TABLE_MARKS "group-marks"
#define MARK_EVERY_MS 10000
#define MARK_HEAD (TT_SERVER_SIZE + TT_EPOCH_SIZE + 4) /* server, epoch (with their NULs), generation */
#define MARK_ITEM (8 + TT_EPOCH_SIZE)                  /* of each partition: sequence, epoch with its NUL */

struct tt_rederive {
    tt_store *store;
    tt_batch *batch;
    tt_group *group;
    const char *name;
    uint32_t partitions;
    int64_t next_mark_ms;
    uint64_t moves; /* of the group, when marks were put last */
};

tt_rederive *
tt_rederive_new (tt_store *store, tt_batch *batch, tt_group *group, const char *name)
{
    tt_rederive *r = tt_alloc_zero (1, sizeof *r);
    r->store = store;
    r->batch = batch;
    r->group = group;
    r->name = name;
    r->partitions = tt_store_partitions (store);
    return r;
}

void
tt_rederive_destroy (tt_rederive **rederive)
{
    free (*rederive);
    *rederive = NULL;
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

typedef struct {
    char server[TT_SERVER_SIZE];
    char epoch[TT_EPOCH_SIZE]; /* "": the next one, whichever it is */
    uint32_t generation;       /* of the group in that partition */
} mark_head;

static void
put_number (uint8_t *out, uint64_t number, int bytes)
{
    for (int b = 0; b < bytes; b++)
        out[b] = (uint8_t)(number >> (8 * (bytes - 1 - b)));
}

static uint64_t
get_number (const uint8_t *in, int bytes)
{
    uint64_t number = 0;
    for (int b = 0; b < bytes; b++)
        number = number << 8 | in[b];
    return number;
}

static size_t
mark_size (uint32_t partitions)
{
    return MARK_HEAD + (size_t)partitions * MARK_ITEM;
}

static void
encode_head (const mark_head *head, uint8_t *out)
{
    memset (out, 0, MARK_HEAD);
    memcpy (out, head->server, strlen (head->server));
    memcpy (out + TT_SERVER_SIZE, head->epoch, strlen (head->epoch));
    put_number (out + TT_SERVER_SIZE + TT_EPOCH_SIZE, head->generation, 4);
}

static mark_head
decode_head (const uint8_t *in)
{
    mark_head head;
    memcpy (head.server, in, TT_SERVER_SIZE);
    memcpy (head.epoch, in + TT_SERVER_SIZE, TT_EPOCH_SIZE);
    head.server[TT_SERVER_SIZE - 1] = head.epoch[TT_EPOCH_SIZE - 1] = '\0';
    head.generation = (uint32_t)get_number (in + TT_SERVER_SIZE + TT_EPOCH_SIZE, 4);
    return head;
}

static void
encode_positions (const tt_position *positions, uint32_t partitions, uint8_t *out)
{
    memset (out, 0, (size_t)partitions * MARK_ITEM);
    for (uint32_t p = 0; p < partitions; p++, out += MARK_ITEM) {
        put_number (out, positions[p].sequence, 8);
        memcpy (out + 8, positions[p].epoch, strlen (positions[p].epoch));
    }
}

static tt_position
decode_position (const uint8_t *mark, uint32_t partition)
{
    const uint8_t *in = mark + MARK_HEAD + (size_t)partition * MARK_ITEM;
    tt_position position = { .sequence = get_number (in, 8) };
    memcpy (position.epoch, in + 8, TT_EPOCH_SIZE);
    position.epoch[TT_EPOCH_SIZE - 1] = '\0';
    return position;
}

static bool
is_same_place (const mark_head *old, const mark_head *now)
{
    return strcmp (old->server, now->server) == 0 && (old->epoch[0] == '\0' || strcmp (old->epoch, now->epoch) == 0);
}

/* -- putting one -- */

typedef enum { MARK_STANDS, MARK_MOVED } mark_verdict;

struct mark {
    const char *key;
    uint32_t partition;
    tt_bytes value;
    const uint8_t *replaces; /* NULL: one of the same place, or what stands there is the answer */
};

static void
answer (tt_txn *txn, mark_verdict verdict, tt_bytes stands)
{
    Techtransfer__V1__ProbeStored reply = TECHTRANSFER__V1__PROBE_STORED__INIT;
    reply.key = (char *)(verdict == MARK_MOVED ? "moved" : "stands");
    reply.payload = (ProtobufCBinaryData){ .data = (uint8_t *)stands.data, .len = stands.size };
    tt_txn_reply (txn, &reply.base);
}

/* A mark that is read here and is of the same place is replaced, unless the group was set back since this one was made up. */
static void
put_mark (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct mark *mark = request;
    tt_txn_at_partition (txn, mark->partition);
    const tt_row *row = tt_txn_get (txn, TABLE_MARKS, tt_bytes_of_text (mark->key));
    if (row == NULL)
        return;
    bool known = row->present && row->value.size == mark->value.size;
    mark_head now = decode_head (mark->value.data), old = { 0 };
    if (known)
        old = decode_head (row->value.data);
    bool same = known && is_same_place (&old, &now);
    bool expected = mark->replaces ? !known || memcmp (row->value.data, mark->replaces, mark->value.size) == 0 : same;
    if (!expected && mark->replaces == NULL)
        answer (txn, MARK_MOVED, known ? row->value : TT_BYTES_NONE);
    else if (!expected || (same && old.generation > now.generation))
        answer (txn, MARK_STANDS, TT_BYTES_NONE);
    else {
        tt_txn_put (txn, TABLE_MARKS, tt_bytes_of_text (mark->key), mark->value);
        answer (txn, MARK_STANDS, TT_BYTES_NONE);
    }
}

/* What the partition's mark was, if it is of another place (all 0: there was none); false if it is not. */
static bool
take_answer (const tt_txn *txn, uint8_t *out, size_t size)
{
    tt_bytes reply = tt_txn_outcome (txn).reply;
    Techtransfer__V1__ProbeStored *told = techtransfer__v1__probe_stored__unpack (NULL, reply.size, reply.data);
    bool moved = told && strcmp (told->key, "moved") == 0;
    memset (out, 0, size);
    if (moved && told->payload.len == size)
        memcpy (out, told->payload.data, size);
    if (told)
        techtransfer__v1__probe_stored__free_unpacked (told, NULL);
    return moved;
}

/* What is put into each partition, and what was found there. */
struct marks {
    uint8_t *values, *found; /* a mark of each partition */
    bool *moved;             /* of each partition: the one found is of another place */
    size_t size;
};

static void
head_of (const tt_rederive *r, uint32_t partition, bool next_epoch, mark_head *head)
{
    *head = (mark_head){ .generation = tt_group_generation (r->group, partition) };
    snprintf (head->server, sizeof head->server, "%s", tt_group_server (r->group, partition));
    if (!next_epoch)
        snprintf (head->epoch, sizeof head->epoch, "%s", tt_group_epoch (r->group, partition));
}

/* replace: only where the marks found are of another place, by ones that say that the group was set back. */
static tt_status
put_marks (tt_rederive *r, struct marks *marks, const tt_position *positions, bool replace, int64_t now_ms, tt_error *error)
{
    struct mark *requests = tt_alloc_zero (r->partitions, sizeof *requests);
    tt_txn **txns = tt_alloc_zero (r->partitions, sizeof *txns);
    tt_batch_begin (r->batch, now_ms);
    for (uint32_t p = 0; p < r->partitions; p++) {
        mark_head head;
        head_of (r, p, replace, &head);
        if (head.server[0] == '\0' || (replace && !marks->moved[p]))
            continue;
        uint8_t *value = marks->values + marks->size * p;
        encode_head (&head, value);
        encode_positions (positions, r->partitions, value + MARK_HEAD);
        requests[p] = (struct mark){ r->name, p, { value, marks->size }, replace ? marks->found + marks->size * p : NULL };
        txns[p] = tt_batch_add (r->batch, &(tt_txn_spec){ .handle = put_mark, .request = &requests[p] });
    }
    pin (r, true);
    tt_status status = tt_batch_run (r->batch, error);
    pin (r, false);
    for (uint32_t p = 0; status == TT_OK && !replace && p < r->partitions; p++)
        marks->moved[p] = txns[p] && take_answer (txns[p], marks->found + marks->size * p, marks->size);
    free (requests);
    free (txns);
    return status;
}

/* -- going back -- */

/* back[P]: the least that the marks of the partitions that moved say. */
static void
find_back (const tt_rederive *r, const struct marks *marks, tt_position *back)
{
    bool any = false;
    for (uint32_t moved = 0; moved < r->partitions; moved++) {
        if (!marks->moved[moved])
            continue;
        for (uint32_t p = 0; p < r->partitions; p++) {
            tt_position position = decode_position (marks->found + marks->size * moved, p);
            if (!any || position.sequence < back[p].sequence)
                back[p] = position;
        }
        any = true;
    }
}

/* Where the journal has lost its end too since the mark, what is there now was never worked on when the mark was put. */
static tt_status
lower_to_history (tt_rederive *r, tt_position *back, tt_error *error)
{
    for (uint32_t p = 0; p < r->partitions; p++) {
        uint64_t lost_first;
        tt_status status = tt_journal_check (r->store, TT_JOURNAL_EVENTS, p, &back[p], &lost_first, error);
        if (status != TT_OK && status != TT_DATA_LOSS)
            return status;
        if (status == TT_DATA_LOSS)
            back[p] = (tt_position){ .sequence = lost_first - 1 };
    }
    return TT_OK;
}

static tt_status
go_back (tt_rederive *r, struct marks *marks, int64_t now_ms, tt_error *error)
{
    tt_position *back = tt_alloc_zero (r->partitions, sizeof *back);
    uint64_t *sequences = tt_alloc_zero (r->partitions, sizeof *sequences);
    find_back (r, marks, back);
    tt_status status = lower_to_history (r, back, error);
    for (uint32_t p = 0; p < r->partitions; p++)
        sequences[p] = back[p].sequence;
    if (status == TT_OK)
        status = tt_group_set_back (r->group, sequences, error);
    if (status == TT_OK)
        status = put_marks (r, marks, back, true, now_ms, error);
    free (back);
    free (sequences);
    return status;
}

static bool
any_moved (const tt_rederive *r, const struct marks *marks)
{
    for (uint32_t p = 0; p < r->partitions; p++)
        if (marks->moved[p])
            return true;
    return false;
}

/* -- public -- */

/* How far the group is, is asked before the marks are read: a set-back in between shows in their generation. */
static tt_status
look (tt_rederive *r, struct marks *marks, int64_t now_ms, bool *done, tt_error *error)
{
    tt_position *positions = tt_alloc_zero (r->partitions, sizeof *positions);
    tt_status status = tt_group_done (r->group, positions, error);
    if (status == TT_OK)
        status = put_marks (r, marks, positions, false, now_ms, error);
    if (status == TT_OK && any_moved (r, marks)) {
        status = go_back (r, marks, now_ms, error);
        *done = status == TT_OK;
    }
    free (positions);
    return status;
}

tt_status
tt_rederive_step (tt_rederive *r, int64_t now_ms, bool *done, tt_error *error)
{
    *done = false;
    uint64_t moves = tt_group_moves (r->group);
    if (now_ms < r->next_mark_ms && moves == r->moves)
        return TT_OK;
    struct marks marks = { .size = mark_size (r->partitions) };
    marks.values = tt_alloc (marks.size * r->partitions);
    marks.found = tt_alloc_zero (r->partitions, marks.size);
    marks.moved = tt_alloc_zero (r->partitions, sizeof *marks.moved);
    tt_status status = look (r, &marks, now_ms, done, error);
    if (status == TT_OK) {
        r->next_mark_ms = now_ms + MARK_EVERY_MS;
        r->moves = moves;
    }
    free (marks.values);
    free (marks.found);
    free (marks.moved);
    return status;
}
