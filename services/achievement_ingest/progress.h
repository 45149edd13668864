/* How far a source is: the highest number that came, and what is missing below it. Pure; any thread. */
#ifndef INGEST_PROGRESS_H
#define INGEST_PROGRESS_H

#include "types.h"

#define INGEST_GAPS_MAX 64
#define INGEST_CHECKPOINT_MAX 4096

/* Numbers first to last (1 <= first <= last) have come, in whatever order and however often. New arrays are in the arena. True if numbers are
 * missing before them that nobody missed yet: *missing is these. */
bool ingest_progress_move (tt_arena *arena, ingest_progress *progress, uint64_t first, uint64_t last, ingest_range *missing);

#endif
