/* The rows of a source partition as they are stored: keys, positions, counts. Shared by ledger.c (counting), undo.c (taking
 * back) and commands.c (showing). Everything is inside a transaction; memory is the transaction's. */
#ifndef STATS_STORED_H
#define STATS_STORED_H

#include "ledger.h"

/* "patent/3": key of the position, head of all other keys. */
const char *stats_source_key (tt_txn *txn, const char *stream, uint32_t partition);
const char *stats_counts_key (tt_txn *txn, const char *source, stats_count count);

/* False if the row is no position; absent is the beginning. */
bool stats_position_read (const tt_row *row, tt_arena *arena, stats_position *out);
/* As a message without stream and partition; texts are borrowed. */
void stats_position_message (const stats_position *position, Techtransfer__Statistics__V1__Position *out);
void stats_position_of (const Techtransfer__Statistics__V1__Position *message, stats_position *out);
/* The row must have been read. */
void stats_position_put (tt_txn *txn, const char *stream, uint32_t partition, const stats_position *position);

/* Adds changes to the row of a count, which must have been read; a row without cells is deleted, so that what is stored depends
 * on the events alone. False after refusing: a count is full, or the row cannot be read. */
bool stats_counts_change (tt_txn *txn, const char *source, stats_count count, stats_tally *changes);

#endif
