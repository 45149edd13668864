#include "query/sketch.h"

#define FIRST_BITS 14
#define MOST_BITS 17
#define ALL_OF_FIRST 4096 /* documents */
#define THEN_ONE_IN 4

void
sketch_open (sketch *s)
{
    *s = (sketch){ .bits = FIRST_BITS };
    s->counts = tt_alloc_zero ((size_t)1 << FIRST_BITS, sizeof *s->counts);
}

void
sketch_close (sketch *s)
{
    free (s->counts);
    *s = (sketch){ 0 };
}

/* A counter becomes two that begin with what was in it: still an upper bound. */
static void
split (sketch *s)
{
    size_t count = (size_t)1 << s->bits++;
    s->counts = tt_realloc (s->counts, 2 * count * sizeof *s->counts);
    for (size_t i = count; i-- > 0;)
        s->counts[2 * i] = s->counts[2 * i + 1] = s->counts[i];
}

void
sketch_widen (sketch *s, size_t queries)
{
    while (s->bits < MOST_BITS && queries >> s->bits >= 4)
        split (s);
}

bool
sketch_begin (sketch *s)
{
    if (s->offered++ >= ALL_OF_FIRST && s->offered % THEN_ONE_IN != 0)
        return false;
    s->documents++;
    return true;
}

void
sketch_halve (sketch *s)
{
    for (size_t i = 0; i < (size_t)1 << s->bits; i++)
        s->counts[i] /= 2;
    s->documents /= 2;
}

size_t
sketch_bytes (const sketch *s)
{
    return ((size_t)1 << s->bits) * sizeof *s->counts;
}
