/* The allocator against the definition of stability, against all stable allocations of tiny instances, and against itself with
 * more capacity. */
#include <criterion/criterion.h>
#include <string.h>

#include "stability.h"

static void
closed_pairs (const match_instance *in, const match_result *result, bool *closed)
{
    uint32_t accounted = 0, count = 0;
    for (uint32_t i = 0; i < in->pair_count; i++)
        count += closed[i] = result->state[i] == MATCH_PAIR_CLOSED;
    for (uint32_t c = 0; c < result->closing_count; c++) {
        const match_closing *closing = &result->closings[c];
        cr_assert (closing->given > 0 && closing->given < closing->needed);
        accounted += closing->kind == MATCH_CLOSE_LEG ? in->legs[closing->leg].pair_count : closing->kind == MATCH_CLOSE_CUT ? 0 : 1 + closing->further;
    }
    cr_assert_leq (count, accounted, "%u pairs are closed, but only %u on record", count, accounted);
}

static void
check_random (uint64_t seed, int count, const random_shape *shape)
{
    match_result result = { 0 };
    int closings = 0, rejections = 0;
    for (int n = 0; n < count; n++) {
        random_instance r;
        bool closed[64];
        tt_error error = { 0 };
        random_instance_make (&r, &seed, shape);
        cr_assert_eq (match_allocate (&r.instance, NULL, &result, &error), TT_OK, "%s", error.message);
        closed_pairs (&r.instance, &result, closed);
        for (uint32_t i = 0; i < r.instance.node_count; i++) {
            cr_assert (result.capacity[i] <= r.nodes[i].capacity && (shape->minimums || result.capacity[i] == r.nodes[i].capacity));
            r.nodes[i].capacity = result.capacity[i];
        }
        const char *problem = stability_check (&r.instance, result.amount, closed);
        cr_assert_null (problem, "instance %d: %s", n, problem);
        closings += (int)result.closing_count;
        for (uint32_t i = 0; i < r.instance.pair_count; i++)
            rejections += result.state[i] == MATCH_PAIR_REJECTED;
    }
    cr_assert_gt (rejections, count / 4);
    cr_assert_eq (closings > count / 10, shape->minimums);
    match_result_free (&result);
}

Test (allocate, is_stable_without_minimums)
{
    check_random (1, 15000, &(random_shape){ .legs = 5, .products = 4, .amount = 8 });
}

Test (allocate, is_stable_under_exposure_limits)
{
    check_random (2, 15000, &(random_shape){ .legs = 5, .products = 5, .amount = 9, .groups = true });
}

Test (allocate, is_stable_for_what_was_not_closed)
{
    check_random (3, 15000, &(random_shape){ .legs = 6, .products = 5, .amount = 9, .minimums = true, .groups = true });
}

Test (allocate, is_stable_under_nested_caps)
{
    check_random (7, 15000, &(random_shape){ .legs = 6, .products = 5, .amount = 9, .groups = true, .deep = true });
    check_random (8, 15000, &(random_shape){ .legs = 6, .products = 5, .amount = 9, .minimums = true, .groups = true, .deep = true });
}

Test (allocate, is_stable_wave_by_wave_where_money_follows_lead_equity)
{
    check_random (9, 15000, &(random_shape){ .legs = 6, .products = 6, .amount = 9, .groups = true, .deep = true, .waves = true });
    check_random (10, 15000,
                  &(random_shape){ .legs = 6, .products = 6, .amount = 9, .minimums = true, .groups = true, .deep = true, .waves = true });
}

/* The checker itself: a stable allocation that is disturbed is not stable any more. */
Test (allocate, checker_sees_a_disturbed_allocation)
{
    uint64_t seed = 4;
    match_result result = { 0 };
    int disturbed = 0;
    for (int n = 0; n < 2000; n++) {
        random_instance r;
        random_instance_make (&r, &seed, &(random_shape){ .legs = 4, .products = 3, .amount = 6 });
        cr_assert_eq (match_allocate (&r.instance, NULL, &result, NULL), TT_OK);
        for (uint32_t i = 0; i < r.instance.pair_count; i++) {
            if (result.amount[i] == 0)
                continue;
            result.amount[i]--;
            cr_assert_not_null (stability_check (&r.instance, result.amount, NULL), "instance %d, pair %u", n, i);
            result.amount[i]++;
            disturbed++;
        }
    }
    cr_assert_gt (disturbed, 2000);
    match_result_free (&result);
}

/* -- all stable allocations of tiny instances -- */

static int
compare_with_all (const match_instance *in, match_result *result, int *stable)
{
    int64_t amount[4];
    bool found = false;
    cr_assert_eq (in->pair_count, 4);
    cr_assert_eq (match_allocate (in, NULL, result, NULL), TT_OK);
    for (int code = 0; code < 256; code++) {
        for (int i = 0; i < 4; i++)
            amount[i] = code >> (2 * i) & 3;
        if (stability_check (in, amount, NULL))
            continue;
        ++*stable;
        found |= memcmp (amount, result->amount, sizeof amount) == 0;
        cr_assert (legs_prefer (in, result->amount, amount), "a leg would rather have another stable allocation");
    }
    return found;
}

static void
tiny_instance (random_instance *r, int amounts, int orders, int provider_cap, int64_t limit)
{
    memset (r, 0, sizeof *r);
    for (uint32_t leg = 0; leg < 2; leg++) {
        r->legs[leg] = (match_leg){ .amount = 1 + amounts / (leg ? 3 : 1) % 3, .first_pair = 2 * leg, .pair_count = 2, .lead_leg = MATCH_NONE };
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t product = i ^ (orders >> leg & 1);
            uint32_t rank = leg ^ (orders >> (2 + product) & 1);
            r->pairs[2 * leg + i] = (match_pair){
                .leg = leg, .product = product, .node = product, .group = MATCH_NONE, .rank = rank, .limit = limit, .minimum = 1
            };
        }
    }
    for (uint32_t i = 0; i < 2; i++)
        r->nodes[i] = (match_node){ 1 + amounts / (i ? 27 : 9) % 3, provider_cap ? 2 : MATCH_NONE };
    r->nodes[2] = (match_node){ provider_cap, MATCH_NONE };
    r->instance = (match_instance){ .legs = r->legs, .pairs = r->pairs, .nodes = r->nodes, .leg_count = 2, .pair_count = 4, .node_count = 3 };
}

Test (allocate, finds_the_applicants_best_of_all_stable_allocations)
{
    match_result result = { 0 };
    int instances = 0, stable = 0;
    for (int amounts = 0; amounts < 81; amounts++)
        for (int orders = 0; orders < 16; orders++)
            for (int provider_cap = 0; provider_cap < 7; provider_cap++)
                for (int64_t limit = 1; limit <= 3; limit++) {
                    random_instance r;
                    tiny_instance (&r, amounts, orders, provider_cap, limit);
                    cr_assert (compare_with_all (&r.instance, &result, &stable), "amounts %d orders %d provider cap %d limit %d",
                               amounts, orders, provider_cap, (int)limit);
                    instances++;
                }
    cr_assert_eq (instances, 81 * 16 * 7 * 3);
    cr_assert_gt (stable, instances); /* some have several: the choice among them is tested */
    match_result_free (&result);
}

/* More for a cap and all that are around it. (More for a product alone moves its provider's money between applicants.) */
Test (allocate, more_capacity_never_hurts_the_applicants)
{
    uint64_t seed = 5;
    match_result before = { 0 }, after = { 0 };
    for (int n = 0; n < 10000; n++) {
        random_instance r;
        random_instance_make (&r, &seed, &(random_shape){ .legs = 5, .products = 4, .amount = 8, .groups = true, .deep = true });
        cr_assert_eq (match_allocate (&r.instance, NULL, &before, NULL), TT_OK);
        int64_t more = 1 + random_next (&seed, 4);
        for (uint32_t node = random_next (&seed, r.instance.node_count); node != MATCH_NONE; node = r.nodes[node].parent)
            r.nodes[node].capacity += more;
        cr_assert_eq (match_allocate (&r.instance, NULL, &after, NULL), TT_OK);
        cr_assert (legs_prefer (&r.instance, after.amount, before.amount), "instance %d", n);
    }
    match_result_free (&before);
    match_result_free (&after);
}

Test (allocate, closes_the_worst_under_funded_first)
{
    /* One product with room for 10; both legs want 8 and need 8: the second gets 2, is closed, and the first keeps its 8. */
    match_leg legs[] = { { .amount = 8, .minimum = 8, .pair_count = 1, .lead_leg = MATCH_NONE },
                         { .amount = 8, .minimum = 8, .first_pair = 1, .pair_count = 1, .lead_leg = MATCH_NONE } };
    match_pair pairs[] = { { .leg = 0, .group = MATCH_NONE, .rank = 0, .limit = 8, .minimum = 1 },
                           { .leg = 1, .group = MATCH_NONE, .rank = 1, .limit = 8, .minimum = 1 } };
    match_node node = { 10, MATCH_NONE };
    match_instance in = { .legs = legs, .pairs = pairs, .nodes = &node, .leg_count = 2, .pair_count = 2, .node_count = 1 };
    match_result result = { 0 };
    cr_assert_eq (match_allocate (&in, NULL, &result, NULL), TT_OK);
    cr_assert_eq (result.closing_count, 1);
    cr_assert_eq (result.closings[0].leg, 1);
    cr_assert_eq (result.closings[0].kind, MATCH_CLOSE_LEG);
    cr_assert_eq (result.closings[0].given, 2);
    cr_assert_eq (result.amount[0], 8);
    cr_assert_eq (result.amount[1], 0);
    cr_assert_eq (result.runs, 2);
    match_result_free (&result);
}

Test (allocate, work_is_bounded)
{
    uint64_t seed = 6;
    random_instance r;
    match_result result = { 0 };
    tt_error error = { 0 };
    random_instance_make (&r, &seed, &(random_shape){ .legs = 5, .products = 4, .amount = 8 });
    cr_assert_eq (match_allocate (&r.instance, &(match_options){ .work_limit = 1 }, &result, &error), TT_RESOURCE_EXHAUSTED);
    cr_assert_str_eq (error.message, "the allocation did not settle within 1 steps");
    match_result_free (&result);
}

/* A loan of at most twice the equity that the same round gives, and none without. */
Test (allocate, a_linked_loan_follows_the_equity_of_the_round)
{
    match_leg legs[] = { { .amount = 10, .pair_count = 1, .lead_leg = 0 }, { .amount = 50, .first_pair = 1, .pair_count = 1, .lead_leg = 0 } };
    match_pair pairs[] = { { .leg = 0, .product = 0, .node = 0, .group = MATCH_NONE, .limit = 10, .minimum = 1 },
                           { .leg = 1, .product = 1, .node = 1, .group = 0, .wave = 1, .needs_lead = true, .limit = 50, .minimum = 1 } };
    match_node nodes[] = { { 7, MATCH_NONE }, { 100, MATCH_NONE } };
    match_group group = { 50, MATCH_NONE, 1, 200, 1 };
    match_instance in = { legs, pairs, nodes, &group, 2, 2, 2, 1 };
    match_result result = { 0 };
    cr_assert_eq (match_allocate (&in, NULL, &result, NULL), TT_OK);
    cr_assert_eq (result.amount[0], 7);
    cr_assert_eq (result.amount[1], 13); /* 200 % of 7, less the 1 used before */
    nodes[0].capacity = 0;
    cr_assert_eq (match_allocate (&in, NULL, &result, NULL), TT_OK);
    cr_assert_eq (result.amount[1], 0);
    match_result_free (&result);
}

/* The equity leg's minimum of 9 is met by the follower, or else its lead equity goes again, and with it what follows. */
Test (allocate, a_minimum_over_both_waves_closes_both)
{
    match_leg legs[] = { { .amount = 10, .minimum = 9, .pair_count = 2, .lead_leg = 0 } };
    match_pair pairs[] = { { .leg = 0, .product = 0, .node = 0, .group = MATCH_NONE, .limit = 10, .minimum = 1 },
                           { .leg = 0, .product = 1, .node = 1, .group = 0, .wave = 1, .needs_lead = true, .limit = 10, .minimum = 1 } };
    match_node nodes[] = { { 5, MATCH_NONE }, { 100, MATCH_NONE } };
    match_group group = { 10, MATCH_NONE, 0, 80, 0 };
    match_instance in = { legs, pairs, nodes, &group, 1, 2, 2, 1 };
    match_result result = { 0 };
    cr_assert_eq (match_allocate (&in, NULL, &result, NULL), TT_OK);
    cr_assert_eq (result.amount[0], 5);
    cr_assert_eq (result.amount[1], 4);
    group.percent = 60;
    cr_assert_eq (match_allocate (&in, NULL, &result, NULL), TT_OK);
    cr_assert_eq (result.amount[0] + result.amount[1], 0);
    cr_assert_eq (result.closing_count, 1);
    cr_assert_eq (result.closings[0].given, 8);
    match_result_free (&result);
}

static void
count_report (void *context, const match_report *report)
{
    uint32_t *seen = context;
    seen[0]++;
    seen[1] = report->runs;
}

Test (allocate, tells_after_each_run)
{
    uint64_t seed = 11;
    random_instance r;
    match_result result = { 0 };
    uint32_t seen[2] = { 0, 0 };
    random_instance_make (&r, &seed, &(random_shape){ .legs = 6, .products = 5, .amount = 9, .minimums = true });
    cr_assert_eq (match_allocate (&r.instance, &(match_options){ .report = count_report, .context = seen }, &result, NULL), TT_OK);
    cr_assert_eq (seen[0], result.runs);
    cr_assert_eq (seen[1], result.runs);
    match_result_free (&result);
}
