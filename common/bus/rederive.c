#include "bus/rederive.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "envelope.pb-c.h"

#define TABLE_MARKS "group-marks"
#define MARK_EVERY_MS 10000
#define MARK_HEAD (TT_SERVER_SIZE + TT_EPOCH_SIZE + 1) /* server, epoch (with their NULs), whether the epoch may still end */
#define MARK_ITEM (8 + TT_EPOCH_SIZE)                  /* of each partition: sequence, epoch with its NUL */

struct tt_rederive {
    tt_store *store;
    tt_batch *batch;
    tt_group *group;
    const char *name;
    uint32_t partitions;
    int64_t next_mark_ms;
    uint64_t moves;   /* of the group, when marks were put last */
    uint8_t *served;  /* the marks for which the group was set back last, but that could not be replaced yet; or NULL */
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
    if (*rederive)
        free ((*rederive)->served);
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
    char epoch[TT_EPOCH_SIZE]; /* "": there was none yet */
    bool may_end;              /* a server that took over begins another one with its first append */
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
    out[TT_SERVER_SIZE + TT_EPOCH_SIZE] = head->may_end;
}

static mark_head
decode_head (const uint8_t *in)
{
    mark_head head = { .may_end = in[TT_SERVER_SIZE + TT_EPOCH_SIZE] != 0 };
    memcpy (head.server, in, TT_SERVER_SIZE);
    memcpy (head.epoch, in + TT_SERVER_SIZE, TT_EPOCH_SIZE);
    head.server[TT_SERVER_SIZE - 1] = head.epoch[TT_EPOCH_SIZE - 1] = '\0';
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
    return strcmp (old->server, now->server) == 0
           && (old->epoch[0] == '\0' || old->may_end || strcmp (old->epoch, now->epoch) == 0);
}

/* -- reading and putting one -- */

struct mark {
    const char *key;
    uint32_t partition;
    uint8_t *found; /* room for a mark: what stands there; all 0 if nothing does */
    size_t size;
    tt_bytes value; /* to put in place of what was found */
};

/* The one effect outside is a copy of the row, the same however often this is called. */
static void
get_mark (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct mark *mark = request;
    tt_txn_at_partition (txn, mark->partition);
    const tt_row *row = tt_txn_get (txn, TABLE_MARKS, tt_bytes_of_text (mark->key));
    if (row && row->present && row->value.size == mark->size)
        memcpy (mark->found, row->value.data, mark->size);
}

/* Refused if something else stands there by now: another replica has put its own, and all is looked at again. */
static void
put_mark (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct mark *mark = request;
    tt_txn_at_partition (txn, mark->partition);
    const tt_row *row = tt_txn_get (txn, TABLE_MARKS, tt_bytes_of_text (mark->key));
    if (row == NULL)
        return;
    bool known = row->present && row->value.size == mark->size;
    bool expected = known ? memcmp (row->value.data, mark->found, mark->size) == 0 : mark->found[0] == 0;
    if (expected)
        tt_txn_put (txn, TABLE_MARKS, tt_bytes_of_text (mark->key), mark->value);
    else
        tt_txn_refuse (txn, TT_ABORTED, "the mark of partition %u was replaced by another replica", mark->partition);
}

/* What stands in each partition, and what is to. */
struct marks {
    uint8_t *values, *found; /* a mark of each partition */
    bool *moved;             /* of each partition: the one found is of another place, or there is none */
    struct mark *requests;
    size_t size;
};

static tt_status
run_marks (tt_rederive *r, struct marks *marks, tt_handler *handle, bool only_moved, bool only_others, int64_t now_ms, tt_error *error)
{
    tt_txn **txns = tt_alloc_zero (r->partitions, sizeof *txns);
    bool read_only = handle == get_mark;
    tt_batch_begin (r->batch, now_ms);
    for (uint32_t p = 0; p < r->partitions; p++) {
        if (tt_group_server (r->group, p)[0] == '\0' || (only_moved && !marks->moved[p]) || (only_others && marks->moved[p]))
            continue;
        marks->requests[p] = (struct mark){ r->name, p, marks->found + marks->size * p, marks->size, { marks->values + marks->size * p, marks->size } };
        txns[p] = tt_batch_add (r->batch, &(tt_txn_spec){ .handle = handle, .request = &marks->requests[p], .read_only = read_only });
    }
    pin (r, true);
    tt_status status = tt_batch_run (r->batch, error);
    pin (r, false);
    for (uint32_t p = 0; status == TT_OK && p < r->partitions; p++)
        if (txns[p] && tt_txn_outcome (txns[p]).status != TT_OK)
            status = tt_fail (error, tt_txn_outcome (txns[p]).status, "%s", tt_txn_outcome (txns[p]).message);
    free (txns);
    return status;
}

static mark_head
head_now (const tt_rederive *r, uint32_t partition)
{
    mark_head head = { .may_end = false };
    snprintf (head.server, sizeof head.server, "%s", tt_group_server (r->group, partition));
    snprintf (head.epoch, sizeof head.epoch, "%s", tt_group_epoch (r->group, partition));
    return head;
}

/* True if some partition is on another server, or in another epoch, than its mark says. */
static bool
find_moved (const tt_rederive *r, struct marks *marks)
{
    bool any = false;
    for (uint32_t p = 0; p < r->partitions; p++) {
        mark_head old = decode_head (marks->found + marks->size * p), now = head_now (r, p);
        marks->moved[p] = now.server[0] && !is_same_place (&old, &now);
        any = any || marks->moved[p];
    }
    return any;
}

/* Of a server that took over the epoch may end with its first append: till then it stands so in the mark. */
static void
make_values (const tt_rederive *r, struct marks *marks, const tt_position *positions)
{
    for (uint32_t p = 0; p < r->partitions; p++) {
        mark_head old = decode_head (marks->found + marks->size * p), now = head_now (r, p);
        now.may_end = marks->moved[p] || (old.may_end && strcmp (old.epoch, now.epoch) == 0);
        encode_head (&now, marks->values + marks->size * p);
        encode_positions (positions, r->partitions, marks->values + marks->size * p + MARK_HEAD);
    }
}

/* -- going back -- */

/* back[P]: the least that any mark says. Those of partitions that did not move count too: theirs may be older, of a set-back that is not
 * through. */
static void
find_back (const tt_rederive *r, const struct marks *marks, tt_position *back)
{
    bool any = false;
    for (uint32_t of = 0; of < r->partitions; of++) {
        if (tt_group_server (r->group, of)[0] == '\0')
            continue;
        for (uint32_t p = 0; p < r->partitions; p++) {
            tt_position position = decode_position (marks->found + marks->size * of, p);
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

static bool
is_served (const tt_rederive *r, const struct marks *marks)
{
    return r->served && memcmp (r->served, marks->found, marks->size * r->partitions) == 0;
}

static void
note_served (tt_rederive *r, const struct marks *marks)
{
    r->served = tt_realloc (r->served, marks->size * r->partitions);
    memcpy (r->served, marks->found, marks->size * r->partitions);
}

/* First no mark says more any longer than what the group goes back to; then it goes back; the marks that ask for it are replaced
 * last. So whoever dies, or finds a partition that cannot be written, leaves the need to who comes next. */
static tt_status
go_back (tt_rederive *r, struct marks *marks, int64_t now_ms, tt_error *error)
{
    tt_position *back = tt_alloc_zero (r->partitions, sizeof *back);
    uint64_t *sequences = tt_alloc_zero (r->partitions, sizeof *sequences);
    find_back (r, marks, back);
    tt_status status = lower_to_history (r, back, error);
    for (uint32_t p = 0; p < r->partitions; p++)
        sequences[p] = back[p].sequence;
    make_values (r, marks, back);
    if (status == TT_OK && !is_served (r, marks)) {
        status = run_marks (r, marks, put_mark, false, true, now_ms, error);
        if (status == TT_OK)
            status = tt_group_set_back (r->group, sequences, error);
        if (status == TT_OK)
            note_served (r, marks);
    }
    if (status == TT_OK)
        status = run_marks (r, marks, put_mark, true, false, now_ms, error);
    free (back);
    free (sequences);
    return status;
}

/* -- public -- */

/* Marks are read before it is asked how far the group is: who set it back in between has replaced them, or the group is not found. */
static tt_status
look (tt_rederive *r, struct marks *marks, int64_t now_ms, bool *done, tt_error *error)
{
    tt_position *positions = tt_alloc_zero (r->partitions, sizeof *positions);
    tt_status status = run_marks (r, marks, get_mark, false, false, now_ms, error);
    if (status == TT_OK)
        status = tt_group_done (r->group, positions, error);
    if (status == TT_OK && find_moved (r, marks)) {
        status = go_back (r, marks, now_ms, error);
        *done = status == TT_OK;
    } else if (status == TT_OK) {
        make_values (r, marks, positions);
        status = run_marks (r, marks, put_mark, false, false, now_ms, error);
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
    marks.requests = tt_alloc_zero (r->partitions, sizeof *marks.requests);
    marks.values = tt_alloc (marks.size * r->partitions);
    marks.found = tt_alloc_zero (r->partitions, marks.size);
    marks.moved = tt_alloc_zero (r->partitions, sizeof *marks.moved);
    tt_status status = look (r, &marks, now_ms, done, error);
    if (status == TT_ABORTED) /* another replica was faster: all is looked at again */
        status = TT_OK;
    else if (status == TT_OK) {
        r->next_mark_ms = now_ms + MARK_EVERY_MS;
        r->moves = moves;
    }
    free (marks.values);
    free (marks.found);
    free (marks.moved);
    free (marks.requests);
    return status;
}
