/* In how many documents a term was seen, about: counters by hash, which two terms may share, so that the number is an upper
 * bound.
 *
 * Internal to query/. Once many documents were seen, each fourth is enough. Owned by one thread. */
#ifndef TT_QUERY_SKETCH_H
#define TT_QUERY_SKETCH_H

#include "base/buffer.h"

typedef struct {
    uint16_t *counts;   /* owned; halved all together before one overflows */
    unsigned bits;      /* of the number of counters */
    uint64_t documents; /* behind the counts, as often halved */
    uint64_t offered;
} sketch;

void sketch_open (sketch *s);
void sketch_close (sketch *s);
/* More counters once so many queries are stored. */
void sketch_widen (sketch *s, size_t queries);
/* One more document; true if its terms are to be added. */
bool sketch_begin (sketch *s);
void sketch_halve (sketch *s);
size_t sketch_bytes (const sketch *s);

/* By the upper half of a term's hash. */
static inline uint16_t *
sketch_counter (const sketch *s, uint32_t tag)
{
    return &s->counts[tag >> (32 - s->bits)];
}

static inline void
sketch_add (sketch *s, uint32_t tag)
{
    uint16_t *count = sketch_counter (s, tag);
    if (*count == UINT16_MAX)
        sketch_halve (s);
    ++*count;
}

#endif
