/* Digests that are due. Any replica may tell one: its row guards it, so it is told once. */
#include "base/clock.h"
#include "commands.h"
#include "worker.h"

#define DIGESTS_MAX 64 /* of a partition in one tick */

typedef struct {
    uint32_t partition;
    int64_t now_unix_ms;
    const tt_rows *rows;
} due_digests;

static void
find_due (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    due_digests *d = (due_digests *)request;
    tt_txn_at_partition (txn, d->partition);
    d->rows = tt_txn_due (txn, ALERT_INDEX_DIGESTS, d->now_unix_ms, DIGESTS_MAX, NULL);
}

static tt_status
tell (alert_worker *w, const due_digests *due, tt_error *error)
{
    size_t count = 0;
    tt_batch_begin (w->batch, tt_clock_unix_ms ());
    for (size_t i = 0; due->rows && i < due->rows->count; i++) {
        const char *key = tt_arena_strndup (w->arena, (const char *)due->rows->keys[i].data, due->rows->keys[i].size);
        w->waiting[count++] = tt_batch_add (w->batch, &(tt_txn_spec){ .handle = alert_tell_digest, .request = key, .service = (void *)w->service });
    }
    tt_status status = alert_worker_run (w->batch, w->waiting, count, error);
    for (size_t i = 0; i < count && status == TT_OK; i++)
        alert_count (w->service, ALERT_COUNT_DIGESTS, 0, tt_txn_outcome (w->waiting[i]).reply.size > 0);
    return status;
}

tt_status
alert_tick_digests (alert_worker *w, int64_t now_unix_ms, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (w->store);
    alert_worker_begin (w);
    due_digests *due = tt_arena_zero (w->arena, partitions * sizeof *due);
    tt_txn **txns = tt_arena_alloc (w->arena, partitions * sizeof *txns);
    tt_batch_begin (w->reads, now_unix_ms);
    for (uint32_t p = 0; p < partitions; p++) {
        due[p] = (due_digests){ .partition = p, .now_unix_ms = now_unix_ms };
        txns[p] = tt_batch_add (w->reads, &(tt_txn_spec){ .handle = find_due, .request = &due[p], .read_only = true });
    }
    tt_status status = alert_worker_run (w->reads, txns, partitions, error);
    for (uint32_t p = 0; p < partitions && status == TT_OK; p++)
        if (due[p].rows && due[p].rows->count > 0)
            status = tell (w, &due[p], error);
    alert_worker_begin (w);
    return status;
}
