/* The stable allocation of amounts: who funds whom, with how much, so that no applicant's leg and product would both rather have
 * more of each other. M. Baïou and M. Balinski, "The stable allocation (or ordinal transportation) problem" (2002), with nested
 * caps on both sides, by deferred acceptance from the applicants' side: among all stable allocations this is the one that every
 * leg likes best.
 *
 * A pure computation on numbers: legs, products and providers are indices, and the caller fixes all orders. Not for eligibility
 * (mandate.h) and not for messages (round.h). Thread-safe: values only. */
#ifndef LOAN_MATCH_ALLOCATE_H
#define LOAN_MATCH_ALLOCATE_H

#include <stdint.h>

#include "base/buffer.h"

#define MATCH_NO_GROUP UINT32_MAX

/* What an applicant wants on one leg. Its pairs stand together, best first. */
typedef struct {
    int64_t amount;      /* fen, > 0 */
    int64_t minimum;     /* least acceptable over all its pairs, 0 to amount */
    uint32_t first_pair; /* in pairs[] */
    uint32_t pair_count;
} match_leg;

/* A leg and a product that could take each other. */
typedef struct {
    uint32_t leg;
    uint32_t product;
    uint32_t rank;   /* place in the product's order of its pairs: 0 is best; unique within the product */
    uint32_t group;  /* cap that the leg's pairs at one provider share, or MATCH_NO_GROUP */
    int64_t limit;   /* most, >= minimum */
    int64_t minimum; /* least if anything at all, > 0 */
} match_pair;

typedef struct {
    int64_t capacity; /* >= 0 */
    uint32_t provider;
} match_product;

/* Its products stand together. Short of capacity it keeps the pair with the better rank; at equal rank that of the earlier
 * product. */
typedef struct {
    int64_t capacity;
    uint32_t first_product;
    uint32_t product_count;
} match_provider;

/* Everything is borrowed. The caps are nested: pair in group in leg on one side, pair in product in provider on the other. */
typedef struct {
    const match_leg *legs;
    const match_pair *pairs;
    const match_product *products;
    const match_provider *providers;
    const int64_t *groups; /* the cap of each group, >= 0; all pairs of a group are of one leg and one provider */
    uint32_t leg_count, pair_count, product_count, provider_count, group_count;
} match_instance;

/* A leg, or one pair of it, that would have been given something but less than its minimum, and was taken out. */
typedef struct {
    uint32_t leg;
    uint32_t pair;  /* or UINT32_MAX: the whole leg */
    int64_t given;  /* what the run before would have given, or had left to give */
    int64_t needed; /* its minimum */
    uint32_t
        further; /* pairs further down the leg's list that were closed with it, because they need even more than what was left */
} match_closing;

typedef enum {
    MATCH_PAIR_OPEN = 0,
    MATCH_PAIR_REJECTED, /* the product or its provider turned at least a part of an offer down for want of capacity */
    MATCH_PAIR_CLOSED    /* taken out by a closing */
} match_pair_state;

/* Owned arrays; zero-initialise, release with match_result_free. */
typedef struct {
    int64_t *amount;         /* of each pair; 0, or minimum to limit */
    uint8_t *state;          /* match_pair_state of each pair */
    int64_t *capacity;       /* of each product: what is left of it after cuts; the result is stable under these */
    match_closing *closings; /* in order */
    uint32_t closing_count;
    uint32_t closing_capacity;
    uint64_t work; /* offers, rejections and resets, over all runs */
    uint32_t runs;
} match_result;

/* Fills *result (replacing what it held). Minimums make stability impossible in general, so they are met by closing: run; close;
 * run again, until every minimum is met. What comes out is stable for what was not closed. What is closed after a run:
 *   1. of each leg the first pair that is below its minimum though the product turned nothing down: the leg had too little left
 * for it. With it go the pairs further down that need more than what was left.
 *   2. if there was none: of all pairs and legs below their minimum the one with the smallest share of it (ties: lower leg, then
 * the pair before the whole leg, then the earlier pair), and in the same pass each further one, in that order, that shares
 * neither leg nor product with one closed in this pass. A pair that the product turned down in part is not barred: the product's
 * capacity is cut to what it gives to the others, because a rest below its least ticket helps nobody; after eight cuts of a
 * product its pairs are barred. Each run is near-linear in the pairs. TT_RESOURCE_EXHAUSTED if more than `work_limit` offers and
 * rejections were needed (0 = 1,000,000,000). */
TT_MUST_USE tt_status match_allocate (const match_instance *instance, uint64_t work_limit, match_result *result, tt_error *error);
void match_result_free (match_result *result);

#endif
