/* Generated achievements, Chinese and English, of words that are as common as Zipf's law says. Record n of a generator is always
 * the same. For tests (a small vocabulary, so that queries meet often) and benches (a large one). Values only. */
#ifndef TT_SUPPORT_ACHIEVEMENTS_H
#define TT_SUPPORT_ACHIEVEMENTS_H

#include "types.h"

typedef struct {
    uint64_t seed;
    uint32_t words;      /* different ones, in each language */
    uint32_t characters; /* different Chinese ones */
    uint32_t length;     /* words of an abstract, about */
} generated_world;

typedef struct {
    uint64_t state;
} generated_source;

uint32_t generated_below (generated_source *source, uint32_t n); /* 0 to n - 1 */
/* A rank from 0 to n - 1, each about as likely as 1 / (rank + 1). */
uint32_t generated_zipf (generated_source *source, uint32_t n);
/* Appends word `rank` of the world's vocabulary. */
void generated_word (const generated_world *world, bool chinese, uint32_t rank, tt_buffer *out);
/* Record n as it is at a revision (from 1), with all that the daemon sets; in the arena. */
ingest_record *generated_record (const generated_world *world, tt_arena *arena, uint64_t n, uint64_t revision);

#endif
