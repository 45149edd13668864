/* Rounds of whole markets: independent of the order of the input, within every cap and mandate, and plausible on the project's
 * samples. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "round.h"
#include "sample.h"
#include "stability.h"

static finance_round
run (match_snapshot *s, tt_arena *arena)
{
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_error error = { 0 };
    tt_bytes certificate;
    round.market = (char *)"ningbo";
    round.round_id = (char *)"r";
    cr_assert_eq (match_round_run (s, NULL, arena, &round, &certificate, &error), TT_OK, "%s", error.message);
    return round;
}

static tt_bytes
bytes_of (const finance_round *round, tt_arena *arena)
{
    uint8_t *data = tt_arena_alloc (arena, protobuf_c_message_get_packed_size (&round->base));
    return (tt_bytes){ data, protobuf_c_message_pack (&round->base, data) };
}

Test (round, order_of_the_input_is_irrelevant_to_the_byte)
{
    uint64_t seed = 21;
    for (int n = 0; n < 60; n++) {
        tt_arena *arena = tt_arena_new (0);
        match_snapshot s = random_snapshot (arena, &seed, 12, 40, 80);
        if (n % 2)
            add_random_caps (arena, &seed, &s);
        finance_round first = run (&s, arena);
        tt_bytes expected = bytes_of (&first, arena);
        cr_assert_gt (first.n_allocations, n % 2 ? 0 : 10);
        for (int k = 0; k < 3; k++) {
            shuffle_snapshot (&s, &seed);
            finance_round again = run (&s, arena);
            cr_assert (tt_bytes_equal (bytes_of (&again, arena), expected), "market %d", n);
        }
        tt_arena_destroy (&arena);
    }
}

Test (round, hash_sees_every_change)
{
    uint64_t seed = 22;
    tt_arena *arena = tt_arena_new (0);
    match_snapshot s = random_snapshot (arena, &seed, 4, 8, 8);
    finance_round before = run (&s, arena);
    ((finance_exposure *)(uintptr_t)s.exposures[0])->amount_fen++;
    finance_round after = run (&s, arena);
    cr_assert_eq (strlen (before.snapshot_hash), 64);
    cr_assert_str_neq (before.snapshot_hash, after.snapshot_hash);
    tt_arena_destroy (&arena);
}

/* The problem that a market becomes is solved stably, whatever mandates, exposures and minimums there are. */
Test (round, is_stable_and_within_all_caps)
{
    uint64_t seed = 23;
    size_t grouped = 0, closings = 0;
    for (int n = 0; n < 200; n++) {
        tt_arena *arena = tt_arena_new (0);
        match_snapshot s = random_snapshot (arena, &seed, 6, 20, 30);
        match_market market;
        match_result result = { 0 };
        tt_error error = { 0 };
        if (n % 2)
            add_random_caps (arena, &seed, &s);
        match_snapshot_sort (&s);
        cr_assert_eq (match_market_build (&s, arena, &market, &error), TT_OK, "market %d: %s", n, error.message);
        cr_assert_eq (match_allocate (&market.instance, NULL, &result, NULL), TT_OK);
        bool *closed = tt_arena_zero (arena, market.instance.pair_count * sizeof *closed);
        for (uint32_t i = 0; i < market.instance.pair_count; i++)
            closed[i] = result.state[i] == MATCH_PAIR_CLOSED;
        match_node *nodes = tt_arena_alloc (arena, market.instance.node_count * sizeof *nodes);
        for (uint32_t i = 0; i < market.instance.node_count; i++) {
            nodes[i] = market.instance.nodes[i];
            cr_assert_leq (result.capacity[i], nodes[i].capacity);
            nodes[i].capacity = result.capacity[i];
        }
        market.instance.nodes = nodes;
        const char *problem = stability_check (&market.instance, result.amount, closed);
        cr_assert_null (problem, "market %d: %s", n, problem);
        grouped += market.instance.group_count;
        closings += result.closing_count;
        match_result_free (&result);
        match_market_free (&market);
        tt_arena_destroy (&arena);
    }
    cr_assert_gt (grouped, 100);
    cr_assert_gt (closings, 100);
}

/* Sums by product, provider, applicant at a provider and leg, straight from the messages. */
static void
check_caps (const match_snapshot *s, const finance_round *round)
{
    for (size_t i = 0; i < s->provider_count; i++) {
        int64_t sum = 0;
        for (size_t k = 0; k < round->n_allocations; k++)
            if (strcmp (round->allocations[k]->provider_id, s->providers[i]->provider_id) == 0)
                sum += round->allocations[k]->amount_fen;
        cr_assert_leq (sum, s->providers[i]->capacity_fen);
    }
    for (size_t i = 0; i < s->product_count; i++) {
        int64_t sum = 0;
        for (size_t k = 0; k < round->n_allocations; k++) {
            const finance_allocation *a = round->allocations[k];
            if (strcmp (a->provider_id, s->products[i]->provider_id) || strcmp (a->product_id, s->products[i]->product_id))
                continue;
            cr_assert (a->amount_fen >= s->products[i]->ticket_min_fen && a->amount_fen <= s->products[i]->ticket_max_fen);
            cr_assert_eq (a->leg, s->products[i]->leg);
            sum += a->amount_fen;
        }
        cr_assert_leq (sum, s->products[i]->capacity_fen);
    }
}

Test (round, funds_the_sample_market)
{
    tt_arena *arena = tt_arena_new (0);
    match_snapshot s = sample_snapshot (arena);
    finance_round round = run (&s, arena);
    int64_t allocated = 0, missing = 0;
    check_caps (&s, &round);
    for (size_t i = 0; i < round.n_allocations; i++)
        allocated += round.allocations[i]->amount_fen;
    for (size_t i = 0; i < round.n_unmatched; i++) {
        missing += round.unmatched[i]->missing_fen;
        cr_assert_neq (round.unmatched[i]->reason[0], '\0');
    }
    cr_assert_eq (allocated, round.allocated_fen);
    cr_assert_eq (allocated + missing, round.wanted_fen);
    cr_assert_gt (allocated, round.wanted_fen / 4);
    cr_assert_eq (round.applications, s.application_count);
    printf ("samples: %u applications, %u products, %u pairs, %zu allocations, %lld of %lld fen, %zu closings\n",
            round.applications, round.products, round.acceptable_pairs, round.n_allocations, (long long)allocated,
            (long long)round.wanted_fen, round.n_closings);
    tt_arena_destroy (&arena);
}

Test (round, drops_are_moved_to_the_unmatched)
{
    uint64_t seed = 24;
    tt_arena *arena = tt_arena_new (0);
    match_snapshot s = random_snapshot (arena, &seed, 6, 20, 30);
    finance_round round = run (&s, arena);
    size_t allocations = round.n_allocations, unmatched = round.n_unmatched;
    int64_t allocated = round.allocated_fen, amount = round.allocations[0]->amount_fen + round.allocations[2]->amount_fen;
    match_drop drops[] = { { 0, "capacity" }, { 2, "product changed meanwhile" } };
    match_round_drop (&round, arena, drops, 2);
    cr_assert_eq (round.n_allocations, allocations - 2);
    cr_assert_eq (round.n_unmatched, unmatched + 2);
    cr_assert_eq (round.allocated_fen, allocated - amount);
    cr_assert_str_eq (round.unmatched[unmatched + 1]->reason, "product changed meanwhile");
    tt_arena_destroy (&arena);
}

Test (round, sums_that_do_not_fit_are_refused)
{
    uint64_t seed = 25;
    tt_arena *arena = tt_arena_new (0);
    match_snapshot s = random_snapshot (arena, &seed, 2, 2, 1025);
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_bytes certificate;
    tt_error error = { 0 };
    for (size_t i = 0; i < s.application_count; i++)
        s.applications[i]->legs[0]->amount_fen = INT64_C (9007199254740991);
    cr_assert_eq (match_round_run (&s, NULL, arena, &round, &certificate, &error), TT_OUT_OF_RANGE);
    cr_assert_not_null (strstr (error.message, "sum to more than"), "%s", error.message);
    tt_arena_destroy (&arena);
}

Test (round, an_empty_market_has_an_empty_round)
{
    tt_arena *arena = tt_arena_new (0);
    match_snapshot s = { 0 };
    finance_round round = run (&s, arena);
    cr_assert_eq (round.n_allocations + round.n_unmatched + round.n_closings, 0);
    cr_assert_eq (strlen (round.snapshot_hash), 64);
    tt_arena_destroy (&arena);
}
