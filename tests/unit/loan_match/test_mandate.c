/* Eligibility: each reason, and the index over mandates against asking every product. */
#include <criterion/criterion.h>
#include <string.h>

#include "sample.h"
#include "screen.h"

/* A product and an application that fit each other; each case breaks one thing. */
typedef struct {
    finance_provider provider;
    finance_product product;
    finance_mandate mandate;
    finance_application application;
    finance_leg leg;
    bool has_lead;
    int64_t lead;
    int64_t exposure, cap_left;
} fixture;

static char *yinzhou[] = { (char *)"yinzhou" }, *c39[] = { (char *)"C39" }, *growth[] = { (char *)"growth" },
            *high_tech[] = { (char *)"high-tech" }, *both[] = { (char *)"start-up-listed", (char *)"high-tech" };
static uint32_t special_2[] = { 2 }, specials[] = { 2, 5 };

static void
set_up (fixture *f)
{
    techtransfer__finance__v1__provider__init (&f->provider);
    techtransfer__finance__v1__product__init (&f->product);
    techtransfer__finance__v1__mandate__init (&f->mandate);
    techtransfer__finance__v1__application__init (&f->application);
    techtransfer__finance__v1__wanted_leg__init (&f->leg);
    f->provider.kind = FINANCE (PROVIDER_KIND__BANK);
    f->provider.capacity_fen = 1000;
    f->mandate = (finance_mandate){ f->mandate.base, 1, yinzhou, 1, c39, 1, special_2, 1, growth, 60, 1, high_tech };
    f->product.provider_id = (char *)"bank";
    f->product.leg = f->leg.leg = FINANCE (LEG__LOAN);
    f->product.mandate = &f->mandate;
    f->product.ticket_min_fen = 100;
    f->product.ticket_max_fen = f->product.capacity_fen = 500;
    f->product.tenor_min_months = 12;
    f->product.tenor_max_months = 36;
    f->product.price = (char *)"4.350";
    f->application.applicant = (char *)"ent";
    f->application.district = (char *)"yinzhou";
    f->application.industry = (char *)"C39";
    f->application.stage = (char *)"growth";
    f->application.specials = specials;
    f->application.n_specials = 2;
    f->application.age_months = 60;
    f->application.recognitions = both;
    f->application.n_recognitions = 2;
    f->leg.amount_fen = 100;
    f->leg.tenor_months = 36;
    f->leg.price_limit = (char *)"4.35";
    f->exposure = f->cap_left = 100;
}

static match_reason
ask (const fixture *f)
{
    match_want want = match_want_of (&f->application, &f->leg, f->has_lead, f->lead);
    match_offer offer = match_offer_of (&f->provider, &f->product);
    return match_mandate (&want, &offer, f->exposure, f->cap_left);
}

#define BREAKS(change, expected)                                                                                                 \
    do {                                                                                                                         \
        fixture f = { 0 };                                                                                                       \
        set_up (&f);                                                                                                             \
        cr_assert_eq (ask (&f), MATCH_ACCEPTABLE);                                                                               \
        change;                                                                                                                  \
        cr_assert_eq (ask (&f), expected, #change ": %d", ask (&f));                                                             \
    } while (0)

Test (mandate, says_what_is_in_the_way)
{
    BREAKS (f.leg.leg = FINANCE (LEG__LEASE), MATCH_OTHER_LEG);
    BREAKS (f.application.applicant = (char *)"bank", MATCH_SELF);
    BREAKS (f.application.district = (char *)"haishu", MATCH_DISTRICT);
    BREAKS (f.application.industry = (char *)"C3", MATCH_INDUSTRY);
    BREAKS (f.application.industry = (char *)"I65", MATCH_INDUSTRY);
    BREAKS (f.application.stage = (char *)"seed", MATCH_STAGE);
    BREAKS (f.application.n_specials = 0, MATCH_SPECIAL);
    BREAKS (f.application.age_months = 61, MATCH_AGE);
    BREAKS (f.application.n_recognitions = 1, MATCH_RECOGNITION);
    BREAKS (f.application.n_recognitions = 0, MATCH_RECOGNITION);
    BREAKS (f.provider.kind = FINANCE (PROVIDER_KIND__GUIDING_FUND), MATCH_NO_LEAD);
    BREAKS (f.leg.price_limit = (char *)"4.3499999", MATCH_PRICE);
    BREAKS (f.leg.tenor_months = 37, MATCH_TENOR);
    BREAKS (f.leg.tenor_months = 11, MATCH_TENOR);
    BREAKS (f.leg.amount_fen = 99, MATCH_TICKET);
    BREAKS (f.exposure = 99, MATCH_EXPOSURE);
    BREAKS (f.cap_left = 99, MATCH_CAPACITY);
    BREAKS (f.product.lead_percent = 200, MATCH_NO_LEAD);
    BREAKS ((f.product.lead_percent = 200, f.has_lead = true), MATCH_NO_LEAD); /* none that counts for this application */
    BREAKS ((f.product.lead_percent = 200, f.has_lead = true, f.lead = 1), MATCH_ACCEPTABLE);
    BREAKS (f.product.held_fen = 401, MATCH_CAPACITY);
    BREAKS (f.provider.confirmed_fen = 901, MATCH_CAPACITY);
}

Test (mandate, takes_what_is_open)
{
    BREAKS (f.mandate.industries[0] = (char *)"C", MATCH_ACCEPTABLE);
    BREAKS (f.product.mandate = NULL, MATCH_ACCEPTABLE);
    BREAKS (f.leg.price_limit = (char *)"", MATCH_ACCEPTABLE);
    BREAKS ((f.provider.kind = FINANCE (PROVIDER_KIND__GUIDING_FUND), f.has_lead = true), MATCH_ACCEPTABLE);
    c39[0] = (char *)"C39";
}

Test (mandate, reasons_are_those_of_the_contract)
{
    cr_assert_str_eq (match_reason_text (MATCH_AGE), "no mandate fits");
    cr_assert_str_eq (match_reason_text (MATCH_PRICE), "price");
    cr_assert_str_eq (match_reason_text (MATCH_TENOR), "tenor");
    cr_assert_str_eq (match_reason_text (MATCH_CAPACITY), "capacity");
}

/* Everything that the index leaves out fails on what it looks at; everything acceptable is in. */
Test (screen, agrees_with_asking_every_product)
{
    uint64_t seed = 11;
    tt_arena *arena = tt_arena_new (0);
    match_snapshot s = random_snapshot (arena, &seed, 40, 200, 600);
    match_offer offers[200];
    uint32_t candidates[200];
    size_t acceptable = 0, asked = 0;
    for (size_t i = 0; i < 200; i++)
        offers[i] = match_offer_of (s.providers[0], s.products[i]);
    match_screen *screen = match_screen_new (offers, 200);
    for (size_t i = 0; i < s.application_count; i++)
        for (size_t k = 0; k < s.applications[i]->n_legs; k++) {
            match_want want = match_want_of (s.applications[i], s.applications[i]->legs[k], true, 1);
            size_t count = match_screen_ask (screen, &want, candidates), at = 0;
            for (uint32_t p = 0; p < 200; p++) {
                match_reason reason = match_mandate (&want, &offers[p], INT64_MAX, INT64_MAX);
                bool in = at < count && candidates[at] == p;
                at += in;
                cr_assert (in || reason <= MATCH_SPECIAL, "product %u left out, but: %d", p, reason);
                cr_assert (!in || reason == MATCH_SELF || reason > MATCH_SPECIAL, "product %u in, but: %d", p, reason);
                acceptable += reason == MATCH_ACCEPTABLE;
            }
            asked += count;
        }
    cr_assert_gt (acceptable, 1000);
    cr_assert_gt (asked, acceptable);
    match_screen_destroy (&screen);
    tt_arena_destroy (&arena);
}
