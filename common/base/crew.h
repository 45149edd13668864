/* A few threads that do the parts of one task together with the thread that asks for it.
 *
 * For work that is pure and in memory: no part may wait for anything. A crew is used by one thread at a time. */
#ifndef TT_BASE_CREW_H
#define TT_BASE_CREW_H

#include "base/buffer.h"

#define TT_CREW_MAX 64

typedef struct tt_crew tt_crew;

/* `size` counts the asking thread, 1 to TT_CREW_MAX; 0: one for each processor, at most 4. Where a thread cannot be started, the
 * crew is smaller. Never NULL. */
tt_crew *tt_crew_new (unsigned size);
void tt_crew_destroy (tt_crew **crew);
/* Threads, the asking one included. */
unsigned tt_crew_size (const tt_crew *crew);

/* Calls part (context, i) for each i from 0 to parts - 1, in any order, several at once, and returns when all are done. What the
 * parts did is then visible to the caller. */
void tt_crew_run (tt_crew *crew, void (*part) (void *context, size_t i), void *context, size_t parts);

#endif
