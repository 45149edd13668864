/* Reads a log up to its present end, partition by partition, for a copy that is kept in memory: knows whether what was read is
 * still in the history. Blocking, for the thread that owns the store. Not for waiting (tt_tail). */
#ifndef TT_STORE_READER_H
#define TT_STORE_READER_H

#include "store/journal.h"

typedef struct tt_reader tt_reader;

/* Borrows store and name. Stands at the beginning of every partition. Never NULL. */
tt_reader *tt_reader_new (tt_store *store, const char *name);
void tt_reader_destroy (tt_reader **reader);
/* Entries that are taken into memory at a time, 1000 if nothing is said: fewer where they may be large. */
void tt_reader_set_page (tt_reader *reader, uint32_t entries);
/* Goes to the present ends, without reading: before rows are read of which the log tells the changes. */
TT_MUST_USE tt_status tt_reader_start (tt_reader *reader, tt_error *error);

/* Any status but TT_OK ends the reading with it; the entry counts as not taken then. */
typedef tt_status tt_reader_take (void *context, const tt_entry *entry, tt_error *error);
/* Everything that there is by now and was not taken yet, ascending in each partition. TT_DATA_LOSS: what was taken is not in the
 * history any more, or entries are missing; TT_OUT_OF_RANGE: they were trimmed. Then the copy must be built again, beginning with
 * tt_reader_start. */
TT_MUST_USE tt_status tt_reader_catch_up (tt_reader *reader, tt_reader_take *take, void *context, tt_error *error);

#endif
