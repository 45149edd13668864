#include "query/pool.h"

#include <assert.h>

#define EXACT 64

void
pool_open (pool *p)
{
    *p = (pool){ 0 };
    for (size_t i = 0; i < POOL_CLASSES; i++)
        p->free[i] = POOL_NONE;
}

void
pool_close (pool *p)
{
    free (p->words);
    *p = (pool){ 0 };
}

/* Rounds a size up to that of its class. */
static size_t
class_of (size_t *size)
{
    assert (*size > 0 && *size <= (size_t)1 << 28);
    if (*size <= EXACT)
        return *size - 1;
    size_t class = EXACT;
    size_t width = EXACT * 2;
    for (; width < *size; width *= 2)
        class ++;
    *size = width;
    return class;
}

uint32_t
pool_take (pool *p, size_t size)
{
    size_t class = class_of (&size);
    uint32_t run = p->free[class];
    if (run != POOL_NONE) {
        p->free[class] = p->words[run];
        return run;
    }
    if (p->used + size > p->room) {
        p->room = p->room + p->room / 4 + size + 256;
        p->words = tt_realloc (p->words, p->room * sizeof *p->words);
    }
    run = (uint32_t)p->used;
    p->used += size;
    return run;
}

void
pool_give (pool *p, uint32_t run, size_t size)
{
    size_t class = class_of (&size);
    p->words[run] = p->free[class];
    p->free[class] = run;
}
