/* Numbers that look random and are the same on every machine: splitmix64, integers only. Not for secrets. Values only. */
#ifndef TTGEN_RANDOM_H
#define TTGEN_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} gen_random;

/* A generator of its own for each record: `kind` and `index` name it, so that record i does not depend on how many were asked
 * for. */
gen_random gen_random_of (uint64_t seed, uint32_t kind, uint64_t index);
uint64_t gen_next (gen_random *random);
/* 0 to n-1, n > 0. */
uint32_t gen_below (gen_random *random, uint32_t n);
/* low to high, both included. */
uint32_t gen_between (gen_random *random, uint32_t low, uint32_t high);
/* True `parts` times in a million. */
bool gen_chance (gen_random *random, uint32_t parts);
/* A rank from 0 to n-1, n > 0, where rank r comes about as often as 1/(r+1): the distribution of words in texts. */
uint32_t gen_zipf (gen_random *random, uint32_t n);

#endif
