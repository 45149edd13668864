/* What journal.c (entries) and history.c (epochs) share. Private to store/. */
#ifndef TT_STORE_JOURNAL_INNER_H
#define TT_STORE_JOURNAL_INNER_H

#include "store/entries.h"

/* Asks for the blocks that end at `from` to `to`; `to` 0: for the first `blocks` that end at `from` or later. */
void tt_journal_add_range (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint64_t to, uint32_t blocks);
/* Runs the pipeline; an error reply is the status of the whole. */
TT_MUST_USE tt_status tt_journal_run (tt_store *store, tt_error *error);
/* A number in a hash; 0 if it is not there. */
uint64_t tt_journal_number (const redisReply *reply);
/* How many entries there are from `from` on without a hole (of entries that somebody deleted): the next read will meet it. */
size_t tt_journal_dense (const tt_entries *entries, uint64_t from, uint32_t limit);

/* The journal's head and epochs from the fields <name> and `epochs` of a partition's meta. */
TT_MUST_USE tt_status tt_history_take (const redisReply *reply, const char *name, uint64_t *head, tt_lineage *lineage,
                                       tt_error *error);
/* By the text of `epochs`: *end is the last sequence of the journal that belongs to what the holder of `epoch` has seen ("" = not
 * known: the head). False: the epoch is not in the history. */
bool tt_history_end (const char *epochs, const char *name, uint64_t head, const char *epoch, uint64_t *end);
void tt_history_free (tt_store *store);

#endif
