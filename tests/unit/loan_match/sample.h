/* The market of tests/data as a snapshot, and random markets of any size. */
#ifndef TEST_LOAN_MATCH_SAMPLE_H
#define TEST_LOAN_MATCH_SAMPLE_H

#include "market.h"

/* Everything lives in the arena. */
match_snapshot sample_snapshot (tt_arena *arena);
match_snapshot random_snapshot (tt_arena *arena, uint64_t *seed, size_t providers, size_t products, size_t applications);
/* Adds nested caps of every kind to a random snapshot, exposures under them, and products that follow lead equity. */
void add_random_caps (tt_arena *arena, uint64_t *seed, match_snapshot *snapshot);
/* The same in another order. */
void shuffle_snapshot (match_snapshot *snapshot, uint64_t *seed);

#endif
