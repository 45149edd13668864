/* Whether a product may fund a leg of an application, and why not.
 *
 * Pure: messages in, a reason out. Not for how much (allocate.h) and not for finding candidates quickly (screen.h). Thread-safe.
 */
#ifndef LOAN_MATCH_MANDATE_H
#define LOAN_MATCH_MANDATE_H

#include "finance.h"
#include "wire/decimal.h"

/* In the order in which they are looked at. A later one means that the product came closer. */
typedef enum {
    MATCH_OTHER_LEG,
    MATCH_SELF, /* the provider is the applicant */
    MATCH_DISTRICT,
    MATCH_INDUSTRY,
    MATCH_STAGE,
    MATCH_SPECIAL,
    MATCH_AGE,
    MATCH_RECOGNITION,
    MATCH_NO_LEAD, /* the product follows lead equity, and there is none and none can come in the same round */
    MATCH_PRICE,
    MATCH_TENOR,
    MATCH_TICKET,   /* wants less than the product's least ticket */
    MATCH_EXPOSURE, /* the provider's limit for this applicant leaves less than the least ticket */
    MATCH_CAPACITY, /* the product, its provider or a cap over it has less left than the least ticket */
    MATCH_ACCEPTABLE
} match_reason;

/* As Unmatched.reason says it: "no mandate fits", "no lead investment", "price", "tenor", "ticket", "exposure limit", "capacity",
 * "". */
const char *match_reason_text (match_reason reason);

/* One leg of an application. Borrowed messages. */
typedef struct {
    const finance_application *application;
    const finance_leg *leg;
    tt_decimal price_limit;
    bool any_price;
    bool may_lead;  /* the application has an equity leg: lead equity may come in the same round */
    bool followed;  /* lead equity is confirmed for the applicant */
    int64_t lead;   /* that counts for this application; 0 for all but the applicant's first */
} match_want;

/* A product, and what it and its provider have left. Borrowed messages. */
typedef struct {
    const finance_provider *provider;
    const finance_product *product;
    tt_decimal price;
    int64_t product_left; /* capacity less held and confirmed, >= 0 */
    int64_t provider_left;
} match_offer;

/* exposure_left: what the provider's limit and the caps for one applicant leave this one; cap_left: what the caps over the product do. INT64_MAX
 * without a limit. */
match_reason match_mandate (const match_want *want, const match_offer *offer, int64_t exposure_left, int64_t cap_left);

/* The product follows lead equity: it is linked, or of a guiding fund. */
bool match_follows (const match_offer *offer);

/* "C" takes "C" and all its divisions, "C39" takes "C39". */
bool match_industry (const char *mandate, const char *industry);

/* Prices that messages carry, checked before: an empty one is 0 (product) or no limit (want). */
match_want match_want_of (const finance_application *application, const finance_leg *leg, bool followed, int64_t lead);
match_offer match_offer_of (const finance_provider *provider, const finance_product *product);

#endif
