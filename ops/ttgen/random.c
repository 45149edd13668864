#include "random.h"

static uint64_t
mix (uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C (0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C (0x94D049BB133111EB);
    return x ^ (x >> 31);
}

gen_random
gen_random_of (uint64_t seed, uint32_t kind, uint64_t index)
{
    return (gen_random){ mix (mix (mix (seed + UINT64_C (0x9E3779B97F4A7C15)) ^ kind) + index) };
}

uint64_t
gen_next (gen_random *random)
{
    random->state += UINT64_C (0x9E3779B97F4A7C15);
    return mix (random->state);
}

uint32_t
gen_below (gen_random *random, uint32_t n)
{
    return (uint32_t)(((gen_next (random) >> 32) * n) >> 32);
}

uint32_t
gen_between (gen_random *random, uint32_t low, uint32_t high)
{
    return low + gen_below (random, high - low + 1);
}

bool
gen_chance (gen_random *random, uint32_t parts)
{
    return gen_below (random, 1000000) < parts;
}

/* Uniform in the logarithm: an octave [2^e, 2^(e+1)) is drawn first, then a place in it; what lies past n is drawn again. */
uint32_t
gen_zipf (gen_random *random, uint32_t n)
{
    uint32_t octaves = 1;
    while ((UINT64_C (1) << octaves) <= n)
        octaves++;
    for (;;) {
        uint32_t octave = UINT32_C (1) << gen_below (random, octaves);
        uint64_t rank = (uint64_t)octave + gen_below (random, octave);
        if (rank <= n)
            return (uint32_t)rank - 1;
    }
}
