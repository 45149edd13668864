#include "rows.h"

#include "base/clock.h"

typedef struct {
    const alert_row_place *list;
    size_t count;
    uint32_t partition;
    const tt_row **rows; /* of the list, as far as they are of the partition */
} row_read;

/* A read of all rows of one partition. */
static void
read_rows (tt_txn *txn, const void *request, void *context)
{
    (void)request;
    row_read *read = context;
    tt_txn_at_partition (txn, read->partition);
    for (size_t i = 0; i < read->count; i++)
        if (read->list[i].partition == read->partition)
            read->rows[i] = tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, alert_text (read->list[i].id));
}

tt_status
alert_rows_fetch (tt_store *store, tt_batch *batch, tt_arena *arena, const alert_row_place *list, size_t count, const tt_row **rows,
                  tt_error *error)
{
    uint32_t partitions = tt_store_partitions (store);
    row_read *reads = tt_arena_zero (arena, partitions * sizeof *reads);
    tt_txn **txns = tt_arena_zero (arena, partitions * sizeof *txns);
    tt_batch_begin (batch, tt_clock_unix_ms ());
    for (size_t i = 0; i < count; i++) {
        uint32_t p = list[i].partition;
        if (txns[p])
            continue;
        reads[p] = (row_read){ list, count, p, rows };
        txns[p] = tt_batch_add (batch, &(tt_txn_spec){ .handle = read_rows, .service = &reads[p], .read_only = true });
    }
    tt_status status = tt_batch_run (batch, error);
    for (uint32_t p = 0; p < partitions && status == TT_OK; p++)
        if (txns[p] && tt_txn_outcome (txns[p]).status != TT_OK)
            status = tt_fail (error, tt_txn_outcome (txns[p]).status, "documents cannot be read: %s", tt_txn_outcome (txns[p]).message);
    return status;
}
