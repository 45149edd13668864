/* A mix of queries as people ask them, made of words of generated records: so each finds something, and common words are asked
 * for as often as they are written. Seeded. */
#ifndef BENCH_SEARCH_QUERIES_H
#define BENCH_SEARCH_QUERIES_H

#include "achievements.h"

typedef enum { KIND_WORD, KIND_TWO, KIND_PHRASE, KIND_ANY, KIND_FILTER, KIND_NOT, KIND_PROX, KIND_PATTERN, KINDS } query_kind;
extern const char *const query_kind_names[KINDS];

/* Replaces *out by query number i over the first `records` records of the world. */
query_kind make_query (const generated_world *world, tt_arena *arena, uint64_t records, uint64_t i, tt_buffer *out);

#endif
