/* The caps of a market as nested sets: of products, of providers, and those put by PutCap. Refuses what crosses, naming the pair.
 *
 * Caps on what all applicants have together are on the providers' side of a round: cells are products and districts. Caps for
 * each applicant are on the applicants' side, where a leg is in one district, so they need to be nested for each leg and district
 * by itself: cells are providers. Pure. Not for amounts in use (ledger.h) and not for the allocation (allocate.h). */
#ifndef LOAN_MATCH_CAPS_H
#define LOAN_MATCH_CAPS_H

#include "mandate.h"
#include "nest.h"

/* Borrowed, and must outlive the caps built of it. */
typedef struct {
    const match_offer *offers;   /* products, by provider_id and product_id */
    const uint32_t *provider_of; /* of each offer, from 0 in their order */
    uint32_t product_count, provider_count;
    const finance_cap *const *caps; /* by cap_id; retired ones cover nothing */
    uint32_t cap_count;
} match_caps_input;

typedef struct match_caps match_caps;

/* *out is owned (match_caps_destroy), NULL unless TT_OK. TT_FAILED_PRECONDITION with the names of two that cross. */
TT_MUST_USE tt_status match_caps_new (match_caps **out, const match_caps_input *input, tt_error *error);
void match_caps_destroy (match_caps **caps);

/* Whether a cap counts what this product gives this application. */
bool match_cap_covers (const finance_cap *cap, const finance_application *application, const finance_product *product);

/* The caps' part of the country that a district is in: districts that no cap names are one part. */
uint32_t match_caps_part (const match_caps *caps, const char *district);

/* -- the providers' side: nodes in an order where parents stand after their children -- */

uint32_t match_caps_node_count (const match_caps *caps);
int64_t match_caps_node_left (const match_caps *caps, uint32_t node);           /* limit less held and confirmed, >= 0 */
uint32_t match_caps_node_parent (const match_caps *caps, uint32_t node);        /* or MATCH_NO_SET */
const finance_cap *match_caps_node_cap (const match_caps *caps, uint32_t node); /* NULL: of a product or provider */
/* The innermost node of a product's pairs with applicants of a part, and what the tightest node from there on has left. The
 * product's mandate admits districts of that part. */
uint32_t match_caps_node (const match_caps *caps, uint32_t product, uint32_t part);
int64_t match_caps_left (const match_caps *caps, uint32_t product, uint32_t part);

/* -- the applicants' side: caps for each applicant -- */

/* The innermost one that covers a leg with a provider, as a number in input->caps, or MATCH_NO_SET; and the one around it. */
uint32_t match_caps_personal (const match_caps *caps, uint32_t provider, Techtransfer__Finance__V1__Leg leg, uint32_t part);
uint32_t match_caps_personal_parent (const match_caps *caps, uint32_t cap, Techtransfer__Finance__V1__Leg leg, uint32_t part);
/* The caps one after the other, inner ones first: which has this place, 0 to cap_count - 1. */
uint32_t match_caps_personal_at (const match_caps *caps, uint32_t place, Techtransfer__Finance__V1__Leg leg, uint32_t part);

#endif
