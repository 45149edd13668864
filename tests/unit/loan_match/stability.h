/* An allocation, held against the definition: feasible, minimums met, no pair that both sides would rather have more of.
 * Written from the definition alone, and shares nothing with the allocator but the form of an instance. */
#ifndef TEST_LOAN_MATCH_STABILITY_H
#define TEST_LOAN_MATCH_STABILITY_H

#include "allocate.h"

/* NULL if the amounts are a stable allocation of the instance, wave by wave; else what is wrong, in static storage. closed[pair]
 * marks pairs that do not count (NULL: none). */
const char *stability_check (const match_instance *in, const int64_t *amount, const bool *closed);
/* True if no leg would rather have `other` than `amount`: from all that either offers it chooses `amount`. For instances of one
 * wave. */
bool legs_prefer (const match_instance *in, const int64_t *amount, const int64_t *other);

/* A seeded random instance; owns its arrays. */
typedef struct {
    match_instance instance;
    match_leg legs[8];
    match_pair pairs[64];
    match_node nodes[64];
    match_group groups[128];
    uint32_t product_node[8];
    uint32_t product_count;
} random_instance;
typedef struct {
    uint32_t legs, products; /* at most */
    int64_t amount;          /* at most */
    bool minimums;
    bool groups;
    bool deep;  /* cells below products, pools over providers, groups in groups */
    bool waves; /* leads and what follows them */
} random_shape;
uint32_t random_next (uint64_t *seed, uint32_t below);
void random_instance_make (random_instance *out, uint64_t *seed, const random_shape *shape);

#endif
