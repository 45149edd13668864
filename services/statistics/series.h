/* Series and revisions as they are stored, and the vintages that they make: what was known at a time.
 *
 * A series is one row, in the partition of its indicator: "series" "<indicator>/<district>"; each revision is a row of its own
 * beside it. A vintage takes of each period the newest revision that was accepted by then; since a revision is always later than
 * the one before it, every figure that was ever answered can be had again. Everything is inside a transaction; memory is the
 * transaction's. Not for what a figure means (observation.h, indicator.h). */
#ifndef STATS_SERIES_H
#define STATS_SERIES_H

#include "observation.h"
#include "store/txn.h"

#define STATS_LIST_MAX 10000 /* observations in one reply, revisions read for it */

tt_bytes stats_series_key (tt_txn *txn, const char *indicator, const char *district);
tt_bytes stats_revision_key (tt_txn *txn, const stats_observation *observation, uint64_t revision);

/* What a series row holds; false after refusing. */
bool stats_series_read (tt_txn *txn, const tt_row *row, stats_series *out);
void stats_series_put (tt_txn *txn, tt_bytes key, const stats_series *series);

/* The series as it was at `as_of` (0 = now), from whichever partition has it. False: not read yet, or refused. */
bool stats_series_as_of (tt_txn *txn, const char *indicator, const char *district, int64_t as_of, stats_series *out);
/* Every revision of a series that was accepted by then, by period and revision; as above. */
bool stats_series_revisions (tt_txn *txn, const stats_series *series, int64_t as_of, stats_series *out);

/* The differences between two vintages, by period, in the arena. Pure. */
Techtransfer__Statistics__V1__VintageChange **stats_vintages_compare (const stats_series *before, const stats_series *after,
                                                                      tt_arena *arena, size_t *count);

#endif
