/* What the parts of the checker share: the market as the snapshot's rules make it, and the certificate's amounts in it. For this
 * folder only. */
#ifndef VERIFY_INSIDE_H
#define VERIFY_INSIDE_H

#include "base/arena.h"
#include "verify.h"
#include "wire/decimal.h"

#define VERIFY_ENUM(name) TECHTRANSFER__FINANCE__V1__##name
#define VERIFY_NONE UINT32_MAX

typedef Techtransfer__Finance__V1__Allocation pb_allocation;
typedef Techtransfer__Finance__V1__Application pb_application;
typedef Techtransfer__Finance__V1__Cap pb_cap;
typedef Techtransfer__Finance__V1__Closing pb_closing;
typedef Techtransfer__Finance__V1__Exposure pb_exposure;
typedef Techtransfer__Finance__V1__Lead pb_lead;
typedef Techtransfer__Finance__V1__Leg pb_leg;
typedef Techtransfer__Finance__V1__LegTotal pb_leg_total;
typedef Techtransfer__Finance__V1__Mandate pb_mandate;
typedef Techtransfer__Finance__V1__Product pb_product;
typedef Techtransfer__Finance__V1__Provider pb_provider;
typedef Techtransfer__Finance__V1__RankingOrder pb_ranking_order;
typedef Techtransfer__Finance__V1__Snapshot pb_snapshot;
typedef Techtransfer__Finance__V1__Unmatched pb_unmatched;
typedef Techtransfer__Finance__V1__WantedLeg pb_wanted_leg;

typedef struct {
    const pb_application *application;
    const pb_wanted_leg *wanted;
    tt_decimal price_limit;
    uint32_t first_pair, pair_count; /* best first */
    uint32_t equity;                 /* the application's equity leg, or VERIFY_NONE */
    int64_t confirmed_lead;          /* that counts for it */
    bool led;                        /* the applicant has confirmed lead equity */
    int reason;                      /* how near the nearest product came: index into verify_reasons */
} verify_leg;

typedef struct {
    const pb_product *message;
    const pb_provider *provider;
    tt_decimal price;
    uint32_t place; /* in the order in which legs prefer products */
    uint32_t cap;   /* its own, in caps */
    bool follows;   /* lead equity */
} verify_product;

/* A limit on the providers' side. */
typedef struct {
    const char *kind, *id, *of; /* "product" "a" of "p"; for texts */
    const pb_cap *message;      /* or NULL */
    int64_t limit;              /* what it had left, less cuts */
    int64_t before_cuts;
    uint32_t covers;   /* acceptable pairs */
    uint32_t parent;   /* the next larger one, or VERIFY_NONE */
    int64_t sum[2];    /* what it holds up to a wave */
    uint32_t worst[2]; /* the worst pair it holds of a wave, or VERIFY_NONE */
} verify_cap;

/* A limit inside a leg: a share of a provider's or a cap's limit for one applicant, or a percentage of lead equity. */
typedef struct {
    const char *kind, *id;
    uint32_t leg;
    int64_t limit;
    uint32_t percent; /* 0: none */
    int64_t used;
    uint32_t covers;
    int64_t sum[2];
    uint32_t worst[2];
} verify_group;

typedef struct {
    uint32_t leg, product;
    uint32_t rank;
    uint32_t first_cap;   /* in cap_lists: from the inside out */
    uint32_t first_group; /* in group_lists */
    uint8_t cap_count, group_count;
    uint8_t wave;
    bool closed;
    int64_t limit, amount;
} verify_pair;

typedef struct {
    const verify_certificate *certificate;
    const pb_snapshot *snapshot;
    tt_arena *arena;
    verify_result *result;
    verify_leg *legs;
    uint32_t leg_count;
    verify_product *products;
    uint32_t product_count;
    uint32_t *order; /* products, best first */
    verify_pair *pairs;
    uint32_t pair_count;
    tt_buffer cap_lists, group_lists; /* of uint32_t */
    verify_cap *caps;
    uint32_t cap_count;
    tt_buffer groups;    /* of verify_group */
    uint32_t *leg_of_id; /* leg numbers sorted by application_id and leg */
} verify_market;

/* Says what is wrong and returns false. */
bool verify_wrong (verify_market *m, const char *format, ...) TT_PRINTF (2, 3);
/* "12,345.67 yuan" into one of eight buffers of this thread. */
const char *verify_yuan (int64_t fen);
/* "app-1 LOAN", "bank/loan-1" likewise. */
const char *verify_leg_name (const verify_market *m, uint32_t leg);
const char *verify_product_name (const verify_market *m, uint32_t product);
const char *verify_cap_name (const verify_cap *cap);

uint32_t verify_find_leg (const verify_market *m, const char *application_id, pb_leg leg); /* or VERIFY_NONE */
uint32_t verify_find_product (const verify_market *m, const char *provider_id, const char *product_id);
uint32_t verify_find_pair (const verify_market *m, uint32_t leg, uint32_t product);
bool verify_cap_covers (const pb_cap *cap, const pb_application *application, const pb_product *product);

verify_group *verify_groups (const verify_market *m);
const uint32_t *verify_caps_of (const verify_market *m, const verify_pair *pair);
const uint32_t *verify_groups_of (const verify_market *m, const verify_pair *pair);

/* Lead equity that counts for a leg: confirmed before, and given in wave 0 to the equity leg of its application. */
int64_t verify_lead (const verify_market *m, uint32_t leg);
/* Whether a pair that follows lead equity has some to follow. */
bool verify_has_lead (const verify_market *m, const verify_pair *pair);
/* What a group may hold. */
int64_t verify_group_limit (const verify_market *m, const verify_group *group);

/* What is in the way, in the order in which it is looked at. judge.c */
enum {
    VERIFY_NO_MANDATE,
    VERIFY_NO_LEAD,
    VERIFY_PRICE,
    VERIFY_TENOR,
    VERIFY_TICKET,
    VERIFY_EXPOSURE,
    VERIFY_CAPACITY,
    VERIFY_ACCEPTABLE
};
extern const char *const verify_reasons[];
/* personal, supply: what the tightest limit for one applicant, and for all, leaves. */
int verify_judge (const verify_leg *leg, const verify_product *product, int64_t personal, int64_t supply);

/* The steps, each false after verify_wrong. */
bool verify_form (verify_market *m);       /* form.c: formats, order and ranges of the snapshot; its hash */
bool verify_build (verify_market *m);      /* market.c: legs, products, acceptable pairs, groups */
bool verify_caps (verify_market *m);       /* caps.c: limits on the providers' side, and that they are nested */
bool verify_orders (verify_market *m);     /* orders.c: preferences; fills in ranks */
bool verify_closings (verify_market *m);   /* closings.c */
bool verify_allocation (verify_market *m); /* allocation.c: eligibility, limits, minimums */
bool verify_stable (verify_market *m);     /* stable.c: no blocking pair */
bool verify_outcome (verify_market *m);    /* outcome.c: unmatched legs and totals */
int64_t verify_bound (verify_market *m);   /* flow.c */

#endif
