/* Rounds through the checker of certificates: what the allocator makes passes, and what broken allocators make does not. With
 * TT_CAMPAIGN=N in the environment, N markets instead of some hundreds. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "certificate.h"
#include "round.h"
#include "sample.h"
#include "stability.h"
#include "verify/verify.h"

static int
campaign (int usual)
{
    const char *text = getenv ("TT_CAMPAIGN");
    return text && atoi (text) > 0 ? atoi (text) : usual;
}

/* What the checker says of packed bytes; "" if nothing. Static storage. */
static const char *
check (tt_bytes certificate, bool with_bound, verify_result *result)
{
    static char text[4096];
    ProtobufCMessage *message = NULL;
    tt_error error = { 0 };
    cr_assert_eq (verify_read (&techtransfer__finance__v1__certificate__descriptor, certificate, &message, &error), TT_OK, "%s",
                  error.message);
    verify_run ((const verify_certificate *)message, with_bound, result);
    snprintf (text, sizeof text, "%s", result->valid ? "" : tt_buffer_cstr (&result->violation));
    tt_buffer_free (&result->violation);
    protobuf_c_message_free_unpacked (message, NULL);
    return text;
}

static match_snapshot
market_of (tt_arena *arena, uint64_t *seed, int n)
{
    match_snapshot s
        = random_snapshot (arena, seed, 4 + random_next (seed, 10), 5 + random_next (seed, 30), 5 + random_next (seed, 60));
    if (n % 3)
        add_random_caps (arena, seed, &s);
    return s;
}

static finance_round
new_round (void)
{
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    round.market = (char *)"ningbo";
    round.round_id = (char *)"r";
    return round;
}

Test (certificate, of_random_markets_is_verified, .timeout = 36000)
{
    uint64_t seed = 51;
    int count = campaign (600);
    uint64_t pairs = 0, closings = 0, bound_reached = 0, bounded = 0;
    for (int n = 0; n < count; n++) {
        tt_arena *arena = tt_arena_new (0);
        uint64_t began_with = seed;
        match_snapshot s = market_of (arena, &seed, n);
        finance_round round = new_round ();
        tt_bytes certificate;
        tt_error error = { 0 };
        verify_result result;
        cr_assert_eq (match_round_run (&s, NULL, arena, &round, &certificate, &error), TT_OK, "%s", error.message);
        const char *problem = check (certificate, n % 10 == 0, &result);
        cr_assert_str_eq (problem, "", "market %d (seed %llu): %s", n, (unsigned long long)began_with, problem);
        cr_assert_eq (result.allocated, round.allocated_fen);
        cr_assert_eq (result.pairs, round.acceptable_pairs);
        if (n % 10 == 0) {
            cr_assert_geq (result.bound, result.allocated);
            cr_assert_leq (result.bound, result.wanted);
            bounded++;
            bound_reached += result.bound == result.allocated;
        }
        pairs += result.pairs;
        closings += result.closings;
        tt_arena_destroy (&arena);
    }
    printf ("certificates: %d markets, %llu pairs, %llu closings, 0 violations; the bound is reached in %llu of %llu\n", count,
            (unsigned long long)pairs, (unsigned long long)closings, (unsigned long long)bound_reached,
            (unsigned long long)bounded);
    cr_assert_gt (closings, (uint64_t)count);
}

/* -- broken allocators -- */

typedef struct {
    match_instance instance;
    match_leg *legs;
    match_pair *pairs;
    match_node *nodes;
    match_group *groups;
} copy;

static void *
copy_of (tt_arena *arena, const void *array, size_t size)
{
    return (void *)(uintptr_t)tt_arena_copy (arena, (tt_bytes){ array, size }).data;
}

static copy
copy_instance (tt_arena *arena, const match_instance *in)
{
    copy c = { .instance = *in };
    c.instance.legs = c.legs = copy_of (arena, in->legs, in->leg_count * sizeof *in->legs);
    c.instance.pairs = c.pairs = copy_of (arena, in->pairs, in->pair_count * sizeof *in->pairs);
    c.instance.nodes = c.nodes = copy_of (arena, in->nodes, in->node_count * sizeof *in->nodes);
    c.instance.groups = c.groups = copy_of (arena, in->groups, in->group_count * sizeof *in->groups);
    return c;
}

typedef void mutation (copy *c, match_result *result);

/* Products rank the other way round. */
static void
reversed_ranks (copy *c, match_result *result)
{
    for (uint32_t i = 0; i < c->instance.pair_count; i++)
        c->pairs[i].rank = UINT32_MAX / 2 - c->pairs[i].rank;
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
}

/* Only the innermost cap counts. */
static void
forgets_outer_caps (copy *c, match_result *result)
{
    for (uint32_t i = 0; i < c->instance.node_count; i++)
        c->nodes[i].parent = MATCH_NONE;
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
}

/* Exposure limits, caps for one applicant and lead equity do not count. */
static void
forgets_groups (copy *c, match_result *result)
{
    for (uint32_t i = 0; i < c->instance.pair_count; i++)
        c->pairs[i].group = MATCH_NONE;
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
}

/* Minimums do not count. */
static void
forgets_minimums (copy *c, match_result *result)
{
    for (uint32_t i = 0; i < c->instance.pair_count; i++)
        c->pairs[i].minimum = 1;
    for (uint32_t i = 0; i < c->instance.leg_count; i++)
        c->legs[i].minimum = 0;
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
}

/* Legs only ask the first half of their lists. */
static void
stops_early (copy *c, match_result *result)
{
    for (uint32_t i = 0; i < c->instance.leg_count; i++)
        c->legs[i].pair_count = (c->legs[i].pair_count + 1) / 2;
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
}

/* First come, first served: who has got something keeps it. */
static void
never_displaces (copy *c, match_result *result)
{
    for (uint32_t i = 0; i < c->instance.pair_count; i++)
        c->pairs[i].rank = c->pairs[i].leg;
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
}

/* The first amount is one fen short. */
static void
loses_a_fen (copy *c, match_result *result)
{
    cr_assert_eq (match_allocate (&c->instance, NULL, result, NULL), TT_OK);
    for (uint32_t i = 0; i < c->instance.pair_count; i++)
        if (result->amount[i] > c->pairs[i].minimum) {
            result->amount[i]--;
            return;
        }
}

static bool
differs (const match_instance *in, const match_result *a, const match_result *b)
{
    return in->pair_count && memcmp (a->amount, b->amount, in->pair_count * sizeof *a->amount) != 0;
}

/* What the definition says of a broken allocator's result, with its own closings and cuts taken for granted. */
static bool
is_stable (tt_arena *arena, const match_instance *in, const match_result *result)
{
    copy c = copy_instance (arena, in);
    bool *closed = tt_arena_zero (arena, in->pair_count * sizeof *closed);
    for (uint32_t i = 0; i < in->pair_count; i++)
        closed[i] = result->state[i] == MATCH_PAIR_CLOSED;
    for (uint32_t i = 0; i < in->node_count; i++)
        c.nodes[i].capacity = result->capacity[i];
    return stability_check (&c.instance, result->amount, closed) == NULL;
}

static void
catch_all (uint64_t seed, mutation *broken, int least)
{
    int changed = 0, caught = 0;
    for (int n = 0; n < 60; n++) {
        tt_arena *arena = tt_arena_new (0);
        match_snapshot s = market_of (arena, &seed, n);
        match_market market;
        match_result right = { 0 }, wrong = { 0 };
        finance_round round = new_round ();
        tt_bytes certificate;
        verify_result verdict;
        match_snapshot_sort (&s);
        cr_assert_eq (match_market_build (&s, arena, &market, NULL), TT_OK);
        cr_assert_eq (match_allocate (&market.instance, NULL, &right, NULL), TT_OK);
        copy c = copy_instance (arena, &market.instance);
        broken (&c, &wrong);
        cr_assert_eq (match_round_fill (&s, &market, &wrong, arena, &round, &certificate, NULL), TT_OK);
        bool found = *check (certificate, false, &verdict) != '\0';
        if (differs (&market.instance, &right, &wrong)) {
            changed++;
            caught += found;
            cr_assert (found || is_stable (arena, &market.instance, &wrong), "market %d: not stable, and not caught", n);
        }
        match_result_free (&right);
        match_result_free (&wrong);
        match_market_free (&market);
        tt_arena_destroy (&arena);
    }
    printf ("broken: %d of 60 markets came out otherwise, %d caught\n", changed, caught);
    cr_assert_geq (caught, least);
}

Test (broken_allocator, reversed_ranks_are_caught)
{
    catch_all (61, reversed_ranks, 10);
}
Test (broken_allocator, forgotten_outer_caps_are_caught)
{
    catch_all (62, forgets_outer_caps, 10);
}
Test (broken_allocator, forgotten_groups_are_caught)
{
    catch_all (63, forgets_groups, 10);
}
Test (broken_allocator, forgotten_minimums_are_caught)
{
    catch_all (64, forgets_minimums, 10);
}
Test (broken_allocator, lists_that_are_not_read_to_their_end_are_caught)
{
    catch_all (65, stops_early, 10);
}
Test (broken_allocator, first_come_first_served_is_caught)
{
    catch_all (66, never_displaces, 10);
}
Test (broken_allocator, a_lost_fen_is_caught)
{
    catch_all (67, loses_a_fen, 10);
}
