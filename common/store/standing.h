/* Reading where a journal and its consumers stand as part of a pipeline. Private to store/; in retention.c. */
#ifndef TT_STORE_STANDING_H
#define TT_STORE_STANDING_H

#include "store/pipe.h"
#include "store/retention.h"

/* Adds the question (consumers: as in tt_standing_read); returns the number of the command. */
size_t tt_standing_add (tt_store *store, uint32_t partition, const char *consumers);
/* Its answer, copied into the arena. TT_UNAVAILABLE if the function is gone from Redis and must be loaded again. */
TT_MUST_USE tt_status tt_standing_take (tt_store *store, size_t command, tt_arena *arena, tt_standing *standing, tt_error *error);

#endif
