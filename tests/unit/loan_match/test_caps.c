/* Nested sets against every pair of sets compared, and caps of markets against figures computed by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "loan_match/nest.h"
#include "round.h"
#include "sample.h"
#include "stability.h"

/* -- nested sets -- */

#define COLUMNS 4
#define ATOMS 5
#define SETS 6

/* Sets of cells; bit column * ATOMS + atom. */
static bool
cross (uint32_t a, uint32_t b)
{
    return (a & b) && (a & ~b) && (b & ~a);
}

static match_nest *
nest_of (const uint32_t *sets, int count)
{
    match_nest *nest = match_nest_new (COLUMNS, ATOMS);
    for (int i = 0; i < count; i++) {
        match_nest_add (nest);
        for (uint32_t column = 0; column < COLUMNS; column++) {
            uint64_t atoms = sets[i] >> (column * ATOMS) & ((1U << ATOMS) - 1);
            match_nest_cover (nest, column, &atoms);
        }
    }
    return nest;
}

/* The smallest set around set i: the fewest cells, then the earlier one. An equal set that stands later is around it. */
static uint32_t
parent_of (const uint32_t *sets, int count, int i)
{
    uint32_t best = MATCH_NO_SET;
    for (int k = 0; k < count; k++) {
        bool around = sets[i] && (sets[i] & ~sets[k]) == 0 && (sets[i] != sets[k] || k > i) && k != i;
        if (around && (best == MATCH_NO_SET || __builtin_popcount (sets[k]) < __builtin_popcount (sets[best])))
            best = (uint32_t)k;
    }
    return best;
}

static void
check_nested (match_nest *nest, const uint32_t *sets, int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t parent = match_nest_parent (nest, (uint32_t)i);
        cr_assert_eq (parent, parent_of (sets, count, i), "set %d: parent %u", i, parent);
        cr_assert (parent == MATCH_NO_SET || match_nest_place (nest, parent) > match_nest_place (nest, (uint32_t)i));
        cr_assert_eq (match_nest_at (nest, match_nest_place (nest, (uint32_t)i)), (uint32_t)i);
    }
}

Test (nest, finds_what_crosses_and_what_is_around)
{
    uint64_t seed = 91;
    int nested = 0, crossed = 0;
    for (int n = 0; n < 40000; n++) {
        uint32_t sets[SETS], a = 0, b = 0;
        int count = 2 + (int)random_next (&seed, SETS - 1);
        bool expected = false;
        for (int i = 0; i < count; i++) { /* intervals, often inside one another */
            uint32_t from = random_next (&seed, COLUMNS * ATOMS), size = random_next (&seed, 6);
            sets[i] = ((1U << size) - 1) << from & ((1U << (COLUMNS * ATOMS)) - 1);
            for (int k = 0; k < i; k++)
                expected |= cross (sets[i], sets[k]);
        }
        match_nest *nest = nest_of (sets, count);
        bool fits = match_nest_solve (nest, &a, &b);
        cr_assert_eq (fits, !expected, "instance %d", n);
        if (fits)
            check_nested (nest, sets, count);
        else
            cr_assert (cross (sets[a], sets[b]), "instance %d: %u and %u do not cross", n, a, b);
        nested += fits;
        crossed += !fits;
        match_nest_destroy (&nest);
    }
    cr_assert (nested > 4000 && crossed > 4000, "%d nested, %d crossed", nested, crossed);
}

/* -- markets by hand -- */

typedef struct {
    tt_arena *arena;
    const finance_provider *providers[8];
    const finance_product *products[8];
    const finance_application *applications[8];
    const finance_exposure *exposures[8];
    const finance_lead *leads[8];
    const finance_cap *caps[8];
    match_snapshot s;
} market;

static void *
make (market *m, const ProtobufCMessageDescriptor *type)
{
    void *message = tt_arena_alloc (m->arena, type->sizeof_message);
    protobuf_c_message_init (type, message);
    return message;
}

static void
open_market (market *m)
{
    *m = (market){ .arena = tt_arena_new (0) };
    m->s = (match_snapshot){ .market = "m",
                             .providers = m->providers,
                             .products = m->products,
                             .applications = m->applications,
                             .exposures = m->exposures,
                             .leads = m->leads,
                             .caps = m->caps };
}

static finance_product *
provide (market *m, const char *id, int kind, int leg, int64_t most, const char *district)
{
    finance_provider *v = make (m, &techtransfer__finance__v1__provider__descriptor);
    finance_product *p = make (m, &techtransfer__finance__v1__product__descriptor);
    v->provider_id = p->provider_id = (char *)id;
    v->kind = (Techtransfer__Finance__V1__ProviderKind)kind;
    v->capacity_fen = p->capacity_fen = p->ticket_max_fen = most;
    p->product_id = (char *)"p";
    p->leg = (Techtransfer__Finance__V1__Leg)leg;
    p->ticket_min_fen = 1;
    if (district) {
        p->mandate = make (m, &techtransfer__finance__v1__mandate__descriptor);
        p->mandate->districts = tt_arena_zero (m->arena, sizeof *p->mandate->districts);
        p->mandate->districts[p->mandate->n_districts++] = (char *)district;
    }
    m->providers[m->s.provider_count++] = v;
    m->products[m->s.product_count++] = p;
    return p;
}

static void
apply (market *m, const char *id, const char *district, int64_t equity, int64_t loan)
{
    finance_application *a = make (m, &techtransfer__finance__v1__application__descriptor);
    int64_t amounts[] = { equity, loan };
    a->application_id = (char *)id;
    a->applicant = (char *)id;
    a->district = (char *)district;
    a->legs = tt_arena_zero (m->arena, 2 * sizeof *a->legs);
    for (int i = 0; i < 2; i++)
        if (amounts[i]) {
            finance_leg *leg = a->legs[a->n_legs++] = make (m, &techtransfer__finance__v1__wanted_leg__descriptor);
            leg->leg = (Techtransfer__Finance__V1__Leg)(i + 1);
            leg->amount_fen = amounts[i];
        }
    m->applications[m->s.application_count++] = a;
}

static finance_cap *
cap (market *m, const char *id, int64_t limit, bool personal, const char *first, const char *second)
{
    finance_cap *c = make (m, &techtransfer__finance__v1__cap__descriptor);
    c->cap_id = (char *)id;
    c->limit_fen = limit;
    c->per_applicant = personal;
    c->providers = tt_arena_zero (m->arena, 2 * sizeof *c->providers);
    c->providers[c->n_providers++] = (char *)first;
    if (second)
        c->providers[c->n_providers++] = (char *)second;
    m->caps[m->s.cap_count++] = c;
    return c;
}

static finance_round
run (market *m)
{
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_error error = { 0 };
    tt_bytes certificate;
    round.market = round.round_id = (char *)"m";
    cr_assert_eq (match_round_run (&m->s, NULL, m->arena, &round, &certificate, &error), TT_OK, "%s", error.message);
    return round;
}

static int64_t
given (const finance_round *round, const char *application, const char *provider)
{
    int64_t sum = 0;
    for (size_t i = 0; i < round->n_allocations; i++)
        if (strcmp (round->allocations[i]->application_id, application) == 0
            && strcmp (round->allocations[i]->provider_id, provider) == 0)
            sum += round->allocations[i]->amount_fen;
    return sum;
}

/* Two guiding funds of 200 for each firm, 300 from both together; lead equity opens them. */
Test (caps, each_and_all_of_the_guiding_funds)
{
    market m;
    open_market (&m);
    provide (&m, "angel", FINANCE (PROVIDER_KIND__ANGEL), FINANCE (LEG__EQUITY), 100, NULL);
    provide (&m, "city", FINANCE (PROVIDER_KIND__GUIDING_FUND), FINANCE (LEG__EQUITY), 1000, NULL);
    provide (&m, "district", FINANCE (PROVIDER_KIND__GUIDING_FUND), FINANCE (LEG__EQUITY), 1000, NULL);
    cap (&m, "city-each", 200, true, "city", NULL);
    cap (&m, "guiding-all", 300, true, "city", "district");
    apply (&m, "firm", "yinzhou", 900, 0);
    apply (&m, "other", "yinzhou", 0, 50);
    finance_round round = run (&m);
    cr_assert_eq (given (&round, "firm", "angel"), 100);
    cr_assert_eq (given (&round, "firm", "city"), 200);
    cr_assert_eq (given (&round, "firm", "district"), 100);
    cr_assert_eq (round.n_unmatched, 2);
    cr_assert_str_eq (round.unmatched[1]->reason, "no mandate fits");
    tt_arena_destroy (&m.arena);
}

/* A pool of 100 over two banks; inside it a cell of 30 for one bank in one district. */
Test (caps, a_cell_in_a_bank_in_a_pool)
{
    market m;
    open_market (&m);
    provide (&m, "bank-a", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 80, NULL);
    provide (&m, "bank-b", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 80, NULL);
    cap (&m, "pool", 100, false, "bank-a", "bank-b");
    finance_cap *cell = cap (&m, "cell", 30, false, "bank-a", NULL);
    char *districts[] = { (char *)"yinzhou" };
    cell->districts = districts;
    cell->n_districts = 1;
    apply (&m, "firm-1", "yinzhou", 0, 70);
    apply (&m, "firm-2", "haishu", 0, 70);
    finance_round round = run (&m);
    /* Same price: both like bank-a better. firm-1 ranks first at both banks by its id: 30 in the cell, and the 40 that it lacks
     * at bank-b. Of the pool 30 are left for firm-2, though bank-a alone would have 50. */
    cr_assert_eq (given (&round, "firm-1", "bank-a"), 30);
    cr_assert_eq (given (&round, "firm-1", "bank-b"), 40);
    cr_assert_eq (given (&round, "firm-2", "bank-a"), 30);
    cr_assert_eq (given (&round, "firm-2", "bank-b"), 0);
    cr_assert_str_eq (round.unmatched[0]->reason, "capacity");
    tt_arena_destroy (&m.arena);
}

/* Twice the lead equity, less what the bank has lent already; the second application of the firm has no lead of its own. */
Test (caps, linked_loans_and_what_was_confirmed_before)
{
    market m;
    open_market (&m);
    finance_product *bank = provide (&m, "bank", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 1000, NULL);
    finance_lead *lead = make (&m, &techtransfer__finance__v1__lead__descriptor);
    finance_exposure *before = make (&m, &techtransfer__finance__v1__exposure__descriptor);
    bank->lead_percent = 200;
    apply (&m, "first", "yinzhou", 0, 500);
    apply (&m, "second", "yinzhou", 0, 500);
    ((finance_application *)(uintptr_t)m.applications[0])->applicant = (char *)"firm";
    ((finance_application *)(uintptr_t)m.applications[1])->applicant = (char *)"firm";
    lead->applicant = before->applicant = (char *)"firm";
    lead->confirmed_fen = 100;
    before->provider_id = (char *)"bank";
    before->amount_fen = 30;
    m.leads[m.s.lead_count++] = lead;
    m.exposures[m.s.exposure_count++] = before;
    finance_round round = run (&m);
    cr_assert_eq (given (&round, "first", "bank"), 170);
    cr_assert_eq (given (&round, "second", "bank"), 0);
    cr_assert_str_eq (round.unmatched[1]->reason, "no lead investment");
    tt_arena_destroy (&m.arena);
}

static void
expect_crossing (market *m, const char *expected)
{
    match_market built;
    tt_error error = { 0 };
    match_snapshot_sort (&m->s);
    cr_assert_eq (match_market_build (&m->s, m->arena, &built, &error), TT_FAILED_PRECONDITION);
    cr_assert_not_null (strstr (error.message, expected), "%s", error.message);
    match_market_free (&built);
}

Test (caps, what_crosses_is_named)
{
    for (int personal = 0; personal < 2; personal++) {
        market m;
        open_market (&m);
        provide (&m, "a", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 100, NULL);
        provide (&m, "b", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 100, NULL);
        provide (&m, "c", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 100, NULL);
        cap (&m, "one", 100, personal, "a", "b");
        cap (&m, "two", 100, personal, "b", "c");
        expect_crossing (&m, "cap one and cap two cross");
        ((finance_cap *)(uintptr_t)m.caps[1])->retired = true;
        finance_round round = run (&m);
        cr_assert_eq (round.n_allocations, 0);
        tt_arena_destroy (&m.arena);
    }
}

/* Two caps for each applicant that would cross, but for different legs: an applicant's leg is under one of them at most. */
Test (caps, those_for_each_applicant_are_nested_leg_by_leg)
{
    market m;
    open_market (&m);
    provide (&m, "a", FINANCE (PROVIDER_KIND__FUND), FINANCE (LEG__EQUITY), 100, NULL);
    provide (&m, "b", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 100, NULL);
    provide (&m, "c", FINANCE (PROVIDER_KIND__BANK), FINANCE (LEG__LOAN), 100, NULL);
    Techtransfer__Finance__V1__Leg equity[] = { FINANCE (LEG__EQUITY) }, loan[] = { FINANCE (LEG__LOAN) };
    finance_cap *one = cap (&m, "one", 60, true, "a", "b"), *two = cap (&m, "two", 70, true, "b", "c");
    one->legs = equity;
    two->legs = loan;
    one->n_legs = two->n_legs = 1;
    apply (&m, "firm", "yinzhou", 90, 90);
    finance_round round = run (&m);
    cr_assert_eq (round.totals[0]->allocated_fen, 60);
    cr_assert_eq (round.totals[1]->allocated_fen, 70);
    tt_arena_destroy (&m.arena);
}
