/* A market as it stood when a round began, and the allocation problem that follows from it: who may fund whom, and all orders.
 *
 * Orders, fixed for ever, whatever the order of the input:
 *   - legs stand by applicant, application_id, leg; products by provider_id, product_id.
 *   - a leg prefers the lower price, then the larger greatest ticket, then provider_id, product_id.
 *   - a product prefers by its policy: BY_SCORE the higher score, SMALLEST_FIRST the smaller wanted amount, YOUNGEST_FIRST the
 * lower age; then application_id.
 *   - a provider that is short of its own capacity prefers the pair that stands higher in its product's order; then the lower
 * product_id.
 *   - so does any other cap over products.
 *   - an exposure limit, and a cap for each applicant, is shared out among the legs of an applicant before the round, in the
 * order of the legs: each that could use it may use what it wants of the rest. So all caps are nested, and a stable allocation
 * exists.
 *   - lead equity confirmed before counts for the first application of the applicant; what a round gives, for the application it
 *     is given to. At each provider it backs one leg: the first of the application that has a linked product there.
 *   - if nothing that follows lead equity is acceptable to anybody, there is one wave. Else equity that is lead equity is of wave
 * 0 and everything else of wave 1.
 *
 * Pure. Not for the result (round.h). */
#ifndef LOAN_MATCH_MARKET_H
#define LOAN_MATCH_MARKET_H

#include "allocate.h"
#include "caps.h"
#include "snapshot_form.h"

/* Arrays live in the arena but for pairs and groups; these and the caps are owned (match_market_free). The caps borrow caps_input: a market stays where it was built. */
typedef struct {
    match_instance instance;
    match_caps_input caps_input;
    match_caps *caps;
    tt_buffer pairs, groups; /* of the instance */
    const match_want *wants;     /* of each leg of the instance */
    const match_offer *offers;   /* of each product of the instance */
    const match_reason *reasons; /* of each leg: how near the nearest product came */
    const uint32_t *order;       /* products, best first, as every leg prefers them */
    uint32_t product_count;
} match_market;

/* snapshot: sorted. *market is owned, also after a failure. TT_FAILED_PRECONDITION if caps cross. */
TT_MUST_USE tt_status match_market_build (const match_snapshot *snapshot, tt_arena *arena, match_market *market, tt_error *error);
void match_market_free (match_market *market);

/* The order in which the products of a policy take legs: leg numbers, best first, in the arena. */
uint32_t *match_market_ranking (const match_market *market, Techtransfer__Finance__V1__RankingPolicy policy, tt_arena *arena);
/* BY_SCORE for a product that says nothing. */
Techtransfer__Finance__V1__RankingPolicy match_policy_of (const finance_product *product);

#endif
