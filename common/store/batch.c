/* The executor of transactions: decide, commit in groups, try again what conflicted. Reading is in read.c, the handler's side in txn.c. */
#include "store/batch.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "store/commit_run.h"

#define MAX_ATTEMPTS 64
#define MAX_UNITS_A_CALL 256      /* one call blocks Redis: keep it short */
#define MAX_BYTES_A_CALL (1 << 20)
#define OUTCOME_FINAL 0
#define OUTCOME_THEN 1

tt_batch *
tt_batch_new (tt_store *store, const char *schema)
{
    tt_batch *batch = tt_alloc_zero (1, sizeof *batch);
    batch->store = store;
    batch->names = tt_alloc (strlen (schema) + strlen (tt_store_service (store)) + 32);
    size_t n = (size_t) sprintf (batch->names, "%s", schema) + 1;
    sprintf (batch->names + n, "techtransfer/%s", tt_store_service (store));
    batch->schema = batch->names;
    batch->source = batch->names + n;
    batch->arena = tt_arena_new (1 << 18);
    tt_random_bytes (&batch->versions, sizeof batch->versions);
    batch->bucket_count = 1024;
    batch->buckets = tt_alloc_zero (batch->bucket_count, sizeof (struct cached_row *));
    return batch;
}

void
tt_batch_destroy (tt_batch **reference)
{
    tt_batch *batch = *reference;
    if (batch == NULL)
        return;
    tt_arena_destroy (&batch->arena);
    free (batch->buckets);
    free (batch->names);
    free (batch);
    *reference = NULL;
}

void
tt_batch_begin (tt_batch *batch, int64_t now_unix_ms)
{
    tt_arena_reset (batch->arena);
    if (batch->row_count)
        memset (batch->buckets, 0, batch->bucket_count * sizeof (struct cached_row *));
    batch->row_count = 0;
    batch->wanted = NULL;
    batch->sent = false;
    batch->first = batch->last = NULL;
    batch->count = 0;
    batch->now = now_unix_ms;
    tt_time_format (now_unix_ms, batch->time);
}

tt_txn *
tt_batch_add (tt_batch *batch, const tt_txn_spec *spec)
{
    tt_txn *txn = tt_arena_zero (batch->arena, sizeof *txn);
    txn->batch = batch;
    txn->spec = *spec;
    txn->order = batch->count++;
    *(batch->last ? &batch->last->next : &batch->first) = txn;
    batch->last = txn;
    return txn;
}

tt_batch_counts
tt_batch_count (const tt_batch *batch)
{
    return batch->counts;
}

static void
grow_buckets (tt_batch *batch)
{
    size_t count = batch->bucket_count * 4;
    struct cached_row **buckets = tt_alloc_zero (count, sizeof *buckets);
    for (size_t i = 0; i < batch->bucket_count; i++)
        for (struct cached_row *row = batch->buckets[i], *next; row; row = next) {
            next = row->next_in_bucket;
            row->next_in_bucket = buckets[row->hash & (count - 1)];
            buckets[row->hash & (count - 1)] = row;
        }
    free (batch->buckets);
    batch->buckets = buckets;
    batch->bucket_count = count;
}

static struct cached_row *
find_row (const tt_batch *batch, uint64_t hash, uint32_t partition, char kind, const char *table, tt_bytes key)
{
    for (struct cached_row *row = batch->buckets[hash & (batch->bucket_count - 1)]; row; row = row->next_in_bucket)
        if (row->hash == hash && row->partition == partition && row->kind == kind && strcmp (row->table, table) == 0
            && tt_bytes_equal (row->key, key))
            return row;
    return NULL;
}

struct cached_row *
tt_batch_row (tt_batch *batch, uint32_t partition, char kind, const char *table, tt_bytes key)
{
    uint64_t seed = XXH3_64bits (table, strlen (table)) + ((uint64_t) partition << 8 | (uint8_t) kind);
    uint64_t hash = XXH3_64bits_withSeed (key.data, key.size, seed);
    struct cached_row *row = find_row (batch, hash, partition, kind, table, key);
    if (row)
        return row;
    if (batch->row_count++ > batch->bucket_count)
        grow_buckets (batch);
    struct cached_row **bucket = &batch->buckets[hash & (batch->bucket_count - 1)];
    row = tt_arena_zero (batch->arena, sizeof *row);
    row->hash = hash;
    row->partition = partition;
    row->kind = kind;
    row->table = tt_arena_strndup (batch->arena, table, strlen (table));
    row->key = tt_arena_copy (batch->arena, key);
    row->next_in_bucket = *bucket;
    return *bucket = row;
}

/* -- deciding -- */

static uint64_t
stored_version (tt_bytes stored)
{
    uint64_t version = 0;
    for (int i = 0; i < 8; i++)
        version = version << 8 | stored.data[i];
    return version;
}

/* What the batch's later transactions are to see. The commit's guards hold it against what Redis has. */
static void
show_writes (tt_txn *txn)
{
    for (const struct touched *t = txn->touched; t; t = t->next) {
        struct cached_row *row = t->row;
        if (t->op == NULL || !row->loaded)
            continue;
        row->writer = txn;
        if (t->op->op == 'p')
            row->row = (tt_row){ true, stored_version (t->op->c), { t->op->c.data + 8, t->op->c.size - 8 } };
        else if (t->op->op == 'd')
            row->row = (tt_row){ 0 };
        else if (t->op->op == 'n')
            row->number += strtoll ((const char *) t->op->b.data, NULL, 10);
    }
}

static void
hold_rows (tt_txn *txn)
{
    for (const struct touched *t = txn->touched; t; t = t->next) {
        tt_txn *holder = t->row->holder;
        if (holder == NULL || holder->state != TXN_UNDECIDED || holder->order > txn->order)
            t->row->holder = txn;
    }
}

static void
next_step (tt_txn *txn)
{
    txn->step++;
    txn->attempts = 0;
    txn->by_itself = false;
    txn->reads = NULL;
    txn->state = TXN_UNDECIDED;
}

/* It decided on a row as an earlier transaction of the batch wants it to be, which is not committed yet. */
static bool
rests_on_uncommitted (const tt_txn *txn)
{
    for (const struct touched *t = txn->touched; t; t = t->next)
        if (t->row->writer && t->row->writer != txn && t->row->writer->state == TXN_DECIDED)
            return true;
    return false;
}

static void
call_handler (tt_txn *txn)
{
    tt_txn_restart (txn);
    txn->spec.handle (txn, txn->spec.request, txn->spec.service);
}

/* A row that shows an earlier transaction's write would guard a page or table that was read before that write: it waits for the commit and
 * reads them again. */
static bool
must_read_again (tt_txn *txn)
{
    if (txn->reads && rests_on_uncommitted (txn))
        return txn->stale_reads = true;
    if (!txn->stale_reads)
        return false;
    txn->stale_reads = false;
    txn->reads = NULL;
    call_handler (txn);
    return txn->pending;
}

/* Calls the handler; true if it decided. */
static bool
decide (tt_txn *txn)
{
    call_handler (txn);
    if (!txn->pending && must_read_again (txn))
        txn->pending = true;
    if (txn->pending) {
        hold_rows (txn);
        return false;
    }
    if (txn->status == TT_OK && txn->then && !txn->writes) { /* nothing to commit in this step */
        if (rests_on_uncommitted (txn)) {
            hold_rows (txn);
            return false;
        }
        next_step (txn);
        return true;
    }
    txn->state = TXN_DECIDED;
    if (txn->writes) {
        tt_txn_seal (txn);
        show_writes (txn);
    }
    return true;
}

static bool
any_decided (const tt_batch *batch)
{
    for (const tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state == TXN_DECIDED)
            return true;
    return false;
}

/* Both touch a row: what came first must be committed first. */
static bool
share_a_row (const tt_batch *a, const tt_batch *b)
{
    for (size_t i = 0; i < a->bucket_count; i++)
        for (const struct cached_row *row = a->buckets[i]; row; row = row->next_in_bucket)
            if (find_row (b, row->hash, row->partition, row->kind, row->table, row->key))
                return true;
    return false;
}

/* A batch that is started while the one before it is under way must not read what that one may be writing. */
static bool
must_wait (const tt_batch *batch)
{
    if (batch->ahead == NULL)
        return false;
    for (const tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state == TXN_UNDECIDED && txn->reads)
            return true; /* which rows a read of several will touch is not known */
    return share_a_row (batch, batch->ahead);
}

/* Calls handlers and reads until every transaction has decided, or those that have not wait for the commit of those that have.
 * TT_ABORTED: it must wait for the batch ahead. */
static tt_status
decide_all (tt_batch *batch, tt_error *error)
{
    for (;;) {
        bool pending = false, progress = false;
        for (tt_txn *txn = batch->first; txn; txn = txn->next)
            while (txn->state == TXN_UNDECIDED) {
                if (!decide (txn)) {
                    pending = true;
                    break;
                }
                progress = true;
            }
        if (!pending)
            return TT_OK;
        if (must_wait (batch))
            return TT_ABORTED;
        size_t reads = batch->counts.reads;
        tt_status status = tt_batch_read (batch, error);
        if (status != TT_OK)
            return status;
        if (!progress && reads == batch->counts.reads)
            return any_decided (batch) ? TT_OK : tt_fail (error, TT_INTERNAL, "a handler waits for rows that nobody reads");
    }
}

/* -- committing -- */

/* A second commit of the same unit would conflict with the first: the first changed a version that it expects. */
static bool
guards_itself (const tt_unit *unit)
{
    for (const tt_op *op = unit->ops; op; op = op->next)
        if ((op->op == 'p' && (op->b.size == 0 || op->b.size == 8)) || (op->op == 'd' && op->b.size == 8))
            return true;
    return false;
}

/* A commit whose answer was lost is sent again: without an id of the caller's, and without a guard that its first try has broken, it needs
 * an id to be done once. */
static bool
find_id (tt_txn *txn)
{
    if (txn->spec.request_id.size == TT_UUID_SIZE)
        memcpy (txn->id, txn->spec.request_id.data, TT_UUID_SIZE);
    else if (!txn->writes || guards_itself (&txn->unit))
        return false;
    else if (!txn->own_id)
        tt_uuid7_make (txn->id);
    txn->own_id = txn->spec.request_id.size != TT_UUID_SIZE;
    return true;
}

static void
fill_unit (tt_txn *txn)
{
    tt_unit *unit = &txn->unit;
    unit->request_id = TT_BYTES_NONE;
    if (!txn->spec.read_only && find_id (txn)) {
        uint32_t item = (uint32_t) txn->spec.item;
        for (int i = 0; i < 4; i++)
            txn->id[TT_UUID_SIZE + i] = (uint8_t) (item >> (24 - 8 * i));
        for (int i = 0; i < 4; i++)
            txn->id[TT_UUID_SIZE + 4 + i] = (uint8_t) (txn->step >> (24 - 8 * i));
        unit->request_id = (tt_bytes){ txn->id, sizeof txn->id };
        unit->id_unix_ms = tt_uuid7_unix_ms (txn->id);
    }
    uint8_t *outcome = tt_arena_alloc (txn->batch->arena, txn->reply.size + 1);
    outcome[0] = txn->then ? OUTCOME_THEN : OUTCOME_FINAL;
    if (txn->reply.size)
        memcpy (outcome + 1, txn->reply.data, txn->reply.size);
    unit->outcome = (tt_bytes){ outcome, txn->reply.size + 1 };
}

static size_t
unit_bytes (const tt_unit *unit)
{
    size_t bytes = unit->outcome.size + 64;
    for (const tt_op *op = unit->ops; op; op = op->next)
        bytes += op->a.size + op->b.size + op->c.size + 32;
    return bytes;
}

struct call {
    struct call *next;
    size_t command;
    size_t begin, count; /* in the sorted array */
    bool run;            /* its units do not meet */
};

/* Writers in order of partition, within it in order of adding. */
static size_t
sort_writers (tt_batch *batch, tt_txn ***sorted)
{
    uint32_t partitions = tt_store_partitions (batch->store);
    size_t *starts = tt_arena_zero (batch->arena, (partitions + 1) * sizeof *starts);
    size_t count = 0;
    for (tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state == TXN_DECIDED && txn->writes) {
            starts[txn->unit.partition + 1]++;
            count++;
        }
    for (uint32_t p = 0; p < partitions; p++)
        starts[p + 1] += starts[p];
    *sorted = tt_arena_alloc (batch->arena, (count + 1) * sizeof (tt_txn *));
    for (tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state == TXN_DECIDED && txn->writes)
            (*sorted)[starts[txn->unit.partition]++] = txn;
    return count;
}

/* True if no earlier transaction of this call writes a row that this one touches, and it adds to no number. Rows that earlier ones have only
 * read do not matter: all guards of a run are checked before its writes. */
static bool
stands_apart (tt_txn *txn, uint64_t call)
{
    bool apart = !txn->by_itself;
    for (const struct touched *t = txn->touched; t; t = t->next) {
        if (t->row->call == call || (t->row->kind == 'n' && t->op))
            apart = false;
        if (t->op)
            t->row->call = call;
    }
    return apart;
}

/* Cuts the sorted writers into calls of one partition and bounded size, and adds them to the pipeline. */
static struct call *
add_calls (tt_batch *batch, tt_txn **sorted, tt_unit **units, size_t count)
{
    struct call *calls = NULL, **link = &calls;
    for (size_t begin = 0, end; begin < count; begin = end) {
        size_t bytes = 0;
        bool run = true;
        batch->calls++;
        for (end = begin; end < count && end - begin < MAX_UNITS_A_CALL && bytes < MAX_BYTES_A_CALL; end++) {
            if (sorted[end]->unit.partition != sorted[begin]->unit.partition)
                break;
            fill_unit (sorted[end]);
            units[end] = &sorted[end]->unit;
            bytes += unit_bytes (units[end]);
            run = stands_apart (sorted[end], batch->calls) && run;
        }
        struct call *call = tt_arena_alloc (batch->arena, sizeof *call);
        *call = (struct call){ .begin = begin, .count = end - begin, .run = run };
        call->command = run ? tt_commit_run_add (batch->store, units + begin, call->count) : tt_commit_add (batch->store, units + begin, call->count);
        *link = call;
        link = &call->next;
        batch->counts.commits++;
    }
    return calls;
}

static void
finish (tt_txn *txn, tt_status status, const char *message)
{
    txn->state = TXN_DONE;
    if (status != TT_OK) {
        txn->status = status;
        txn->message = tt_arena_strndup (txn->batch->arena, message, strlen (message));
        txn->reply = TT_BYTES_NONE;
    }
}

/* Undone: what it read is stale, and what it showed to later ones was never true. */
static void
undecide (tt_txn *txn)
{
    for (struct touched *t = txn->touched; t; t = t->next) {
        t->row->loaded = false;
        t->row->holder = NULL;
    }
    txn->reads = NULL;
    txn->state = TXN_UNDECIDED;
    if (++txn->attempts > MAX_ATTEMPTS)
        finish (txn, TT_ABORTED, "too many concurrent changes to the same entity");
}

static void
take_remembered (tt_txn *txn, tt_bytes outcome)
{
    txn->batch->counts.replayed++;
    if (outcome.size && outcome.data[0] == OUTCOME_THEN) {
        undecide (txn); /* its own rows changed since it was first decided */
        next_step (txn);
        return;
    }
    txn->replayed = true;
    txn->status = TT_OK;
    txn->message = NULL;
    txn->violation_count = 0;
    txn->reply = outcome.size > 1 ? tt_arena_copy (txn->batch->arena, (tt_bytes){ outcome.data + 1, outcome.size - 1 }) : TT_BYTES_NONE;
    for (struct touched *t = txn->touched; t; t = t->next) {
        t->row->loaded = false;
        t->row->holder = NULL;
    }
    finish (txn, TT_OK, "");
}

static void
remember_bound (tt_txn *txn)
{
    const tt_op *op = txn->unit.ops;
    for (size_t i = 0; op && i < txn->unit.failed_op; i++)
        op = op->next;
    if (op == NULL)
        return;
    struct bound *bound = tt_arena_alloc (txn->batch->arena, sizeof *bound);
    *bound = (struct bound){ txn->bounds, op->name, op->a };
    txn->bounds = bound;
}

static bool
take_result (tt_txn *txn)
{
    tt_batch_counts *counts = &txn->batch->counts;
    switch (txn->unit.result) {
    case TT_UNIT_COMMITTED:
        counts->committed++;
        if (txn->then)
            next_step (txn);
        else
            finish (txn, TT_OK, "");
        return true;
    case TT_UNIT_REPLAYED:
        take_remembered (txn, txn->unit.remembered);
        return false;
    case TT_UNIT_BOUND:
        counts->bounds++;
        remember_bound (txn);
        undecide (txn);
        return false;
    case TT_UNIT_AGAIN:
        txn->by_itself = true; /* what it decided stands */
        return false;
    default:
        counts->conflicts++;
        undecide (txn);
        return false;
    }
}

/* Decided without an effect: an earlier try under the same request id may have had one. Asked after the commits of this batch, which may
 * hold that earlier try. */
static void
add_lookups (tt_batch *batch)
{
    for (tt_txn *txn = batch->first; txn; txn = txn->next) {
        txn->needs_lookup = txn->state == TXN_DECIDED && !txn->writes && !txn->spec.read_only && txn->spec.request_id.size && txn->located;
        if (!txn->needs_lookup)
            continue;
        fill_unit (txn);
        txn->command = tt_commit_lookup_add (batch->store, &txn->unit);
    }
}

/* Transactions without an effect: final, unless something that they were shown in this round was taken back. */
static tt_status
settle_effectless (tt_batch *batch, bool all_true, tt_error *error)
{
    for (tt_txn *txn = batch->first; txn; txn = txn->next) {
        if (txn->state != TXN_DECIDED || txn->writes)
            continue;
        const redisReply *reply = txn->needs_lookup ? tt_pipe_reply (batch->store, txn->command) : NULL;
        if (reply && reply->type == REDIS_REPLY_ERROR)
            return tt_redis_error_status (reply, error);
        if (reply && reply->type == REDIS_REPLY_STRING)
            take_remembered (txn, (tt_bytes){ (const uint8_t *) reply->str, (size_t) reply->len });
        else if (all_true)
            finish (txn, TT_OK, "");
        else
            undecide (txn);
    }
    return TT_OK;
}

static void
build_commit (tt_batch *batch)
{
    batch->writer_count = sort_writers (batch, &batch->writers);
    batch->units = tt_arena_alloc (batch->arena, (batch->writer_count + 1) * sizeof *batch->units);
    tt_pipe_begin (batch->store);
    batch->commit = add_calls (batch, batch->writers, batch->units, batch->writer_count);
    add_lookups (batch);
}

static tt_status
run_commit (tt_batch *batch, tt_error *error)
{
    batch->sent = false;
    tt_status status = tt_pipe_run_together (batch->store, error);
    bool all_true = true;
    for (struct call *call = batch->commit; status == TT_OK && call; call = call->next)
        status = (call->run ? tt_commit_run_result : tt_commit_result) (batch->store, call->command, batch->units + call->begin,
                                                                        call->count, error);
    if (status != TT_OK)
        return status;
    for (size_t i = 0; i < batch->writer_count; i++)
        if (!take_result (batch->writers[i]))
            all_true = false;
    return settle_effectless (batch, all_true, error);
}

void
tt_batch_start (tt_batch *batch, const tt_batch *ahead)
{
    tt_error ignored = { 0 }; /* tt_batch_run meets it again */
    batch->ahead = ahead;
    if (tt_store_prepare (batch->store, &ignored) == TT_OK && decide_all (batch, &ignored) == TT_OK && !must_wait (batch)) {
        build_commit (batch);
        tt_pipe_send_together (batch->store);
        batch->sent = true;
    }
    batch->ahead = NULL;
}

int
tt_batch_fd (const tt_batch *batch)
{
    return batch->sent && batch->store->sent ? batch->store->redis.context->fd : -1;
}

static bool
all_done (const tt_batch *batch)
{
    for (const tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state != TXN_DONE)
            return false;
    return true;
}

tt_status
tt_batch_run (tt_batch *batch, tt_error *error)
{
    tt_error why = { 0 };
    tt_status status = TT_OK;
    int lost_function = 0;
    while (status == TT_OK && !all_done (batch)) {
        status = tt_store_prepare (batch->store, &why);
        if (status == TT_OK && !batch->sent) {
            status = decide_all (batch, &why);
            if (status == TT_OK)
                build_commit (batch);
        }
        if (status == TT_OK)
            status = run_commit (batch, &why);
        if (status == TT_UNAVAILABLE && !batch->store->prepared && lost_function++ == 0)
            status = TT_OK; /* the same request ids and guards: the commit may simply be sent again */
    }
    for (tt_txn *txn = batch->first; status != TT_OK && txn; txn = txn->next)
        if (txn->state != TXN_DONE)
            finish (txn, status, why.message);
    if (status != TT_OK && error)
        *error = why;
    return status;
}
