/* Rows of stored documents by partition and id, many in one round trip: for the thread of the atlas, which knows where they are. Reads only. */
#ifndef ALERT_ROWS_H
#define ALERT_ROWS_H

#include "patent.h"
#include "store/txn.h"

typedef struct {
    uint32_t partition;
    char *id;
} alert_row_place;

/* rows[count], borrowed until the batch begins anew. The arena must live as long. */
TT_MUST_USE tt_status alert_rows_fetch (tt_store *store, tt_batch *batch, tt_arena *arena, const alert_row_place *list, size_t count,
                                        const tt_row **rows, tt_error *error);

#endif
