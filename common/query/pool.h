/* Many small runs of 32-bit words in one piece of memory, each to be freed on its own.
 *
 * Internal to query/. A run is named by its offset, because the memory moves when it grows. Owned by one thread. */
#ifndef TT_QUERY_POOL_H
#define TT_QUERY_POOL_H

#include "base/buffer.h"

#define POOL_NONE UINT32_MAX
#define POOL_CLASSES 96 /* sizes 1 to 64 exactly, then powers of two */

/* Open with pool_open. */
typedef struct {
    uint32_t *words; /* owned */
    size_t used, room;
    uint32_t free[POOL_CLASSES]; /* first free run of each size; its first word names the next */
} pool;

void pool_open (pool *p);
void pool_close (pool *p);
/* A run of at least `size` words (1 to 2^28), not zeroed. */
uint32_t pool_take (pool *p, size_t size);
/* Gives a run back; size as it was taken. */
void pool_give (pool *p, uint32_t run, size_t size);

#endif
