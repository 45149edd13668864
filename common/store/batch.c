/* The executor of transactions: decides, has the decisions committed, tries again what conflicted. Reading is in read.c, committing in
 * group_commit.c, the handler's side in txn.c. */
#include "store/batch.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/uuid.h"

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

void
tt_txn_next_step (tt_txn *txn)
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

/* True if one that it comes after is not done yet; where one was refused, so is it. */
static bool
must_come_later (tt_txn *txn)
{
    for (size_t i = 0; i < txn->spec.after_count; i++)
        if (txn->spec.after[i]->state != TXN_DONE)
            return true;
    for (size_t i = 0; i < txn->spec.after_count && txn->state != TXN_DONE; i++)
        if (txn->spec.after[i]->status != TT_OK)
            tt_txn_finish (txn, txn->spec.after[i]->status, txn->spec.after[i]->message);
    return false;
}

/* Calls the handler; true if it decided. */
static bool
decide (tt_txn *txn)
{
    if (must_come_later (txn))
        return false;
    if (txn->state == TXN_DONE)
        return true;
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
        tt_txn_next_step (txn);
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

/* -- running -- */

void
tt_batch_start (tt_batch *batch, const tt_batch *ahead)
{
    tt_error ignored = { 0 }; /* tt_batch_run meets it again */
    batch->ahead = ahead;
    if (tt_store_prepare (batch->store, &ignored) == TT_OK && decide_all (batch, &ignored) == TT_OK && !must_wait (batch)) {
        tt_batch_build_commit (batch);
        batch->sent_us = tt_clock_monotonic_us ();
        tt_pipe_send_together (batch->store);
        batch->sent = true;
    }
    batch->ahead = NULL;
}

int
tt_batch_fd (const tt_batch *batch)
{
    return batch->sent ? tt_pipe_fd (batch->store) : -1;
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
                tt_batch_build_commit (batch);
        }
        if (status == TT_OK)
            status = tt_batch_run_commit (batch, &why);
        if (status == TT_UNAVAILABLE && !batch->store->prepared && lost_function++ == 0)
            status = TT_OK; /* the same request ids and guards: the commit may simply be sent again */
    }
    for (tt_txn *txn = batch->first; status != TT_OK && txn; txn = txn->next)
        if (txn->state != TXN_DONE)
            tt_txn_finish (txn, status, why.message);
    if (status != TT_OK && error)
        *error = why;
    return status;
}
