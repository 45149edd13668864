/* A market as it stood when a round began, and the allocation problem that follows from it: who may fund whom, and all orders.
 *
 * Orders, fixed for ever, whatever the order of the input:
 *   - legs stand by applicant, application_id, leg; products by provider_id, product_id.
 *   - a leg prefers the lower price, then the larger greatest ticket, then provider_id, product_id.
 *   - a product prefers by its policy: BY_SCORE the higher score, SMALLEST_FIRST the smaller wanted amount, YOUNGEST_FIRST the
 * lower age; then application_id.
 *   - a provider that is short of its own capacity prefers the pair that stands higher in its product's order; then the lower
 * product_id.
 *   - an exposure limit is shared out among the legs of an applicant before the round, in the order of the legs: each may use
 * what it wants of the rest. So all caps are nested, and a stable allocation exists. Pure. Not for the result (round.h). */
#ifndef LOAN_MATCH_MARKET_H
#define LOAN_MATCH_MARKET_H

#include "allocate.h"
#include "base/arena.h"
#include "mandate.h"

/* What a provider has held and confirmed for one applicant, over all of its products. */
typedef struct {
    const char *applicant;
    const char *provider_id;
    int64_t amount_fen;
} match_exposure;

/* Borrowed messages in any order, each identity once; held_fen and confirmed_fen are filled in. The arrays are sorted in place.
 * Products whose provider is not among the providers take no part. */
typedef struct {
    const finance_provider **providers;
    const finance_product **products;
    const finance_application **applications; /* those that take part */
    match_exposure *exposures;
    const char **leads; /* applicants with confirmed equity of a provider that is no guiding fund */
    size_t provider_count, product_count, application_count, exposure_count, lead_count;
} match_snapshot;

#define MATCH_HASH_SIZE 33

/* Sorts the snapshot. */
void match_snapshot_sort (match_snapshot *snapshot);
/* XXH3-128 of a sorted snapshot's canonical bytes, as 32 hexadecimal digits: for each of providers, products, applications their
 * number as 8 bytes little-endian, then for each its packed size as 8 bytes and its packed bytes; then exposures and leads in the
 * same way, as text "applicant/provider/amount" and "applicant". */
void match_snapshot_hash (const match_snapshot *snapshot, char out[MATCH_HASH_SIZE]);

/* A product of a sorted snapshot, or NULL. */
const finance_product *match_snapshot_product (const match_snapshot *snapshot, const char *provider_id, const char *product_id);

/* All arrays live in the arena. */
typedef struct {
    match_instance instance;
    const match_want *wants;     /* of each leg of the instance */
    const match_offer *offers;   /* of each product of the instance */
    const match_reason *reasons; /* of each leg: how near the nearest product came */
} match_market;

/* snapshot: sorted. */
void match_market_build (const match_snapshot *snapshot, tt_arena *arena, match_market *market);

#endif
