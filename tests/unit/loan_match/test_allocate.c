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
        accounted += closing->pair == UINT32_MAX ? in->legs[closing->leg].pair_count : 1 + closing->further;
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
        cr_assert_eq (match_allocate (&r.instance, 0, &result, &error), TT_OK, "%s", error.message);
        closed_pairs (&r.instance, &result, closed);
        for (uint32_t i = 0; i < r.instance.product_count; i++) {
            cr_assert (result.capacity[i] <= r.products[i].capacity
                       && (shape->minimums || result.capacity[i] == r.products[i].capacity));
            r.products[i].capacity = result.capacity[i];
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
    check_random (1, 15000, &(random_shape){ 5, 4, 8, false, false });
}

Test (allocate, is_stable_under_exposure_limits)
{
    check_random (2, 15000, &(random_shape){ 5, 5, 9, false, true });
}

Test (allocate, is_stable_for_what_was_not_closed)
{
    check_random (3, 15000, &(random_shape){ 6, 5, 9, true, true });
}

/* The checker itself: a stable allocation that is disturbed is not stable any more. */
Test (allocate, checker_sees_a_disturbed_allocation)
{
    uint64_t seed = 4;
    match_result result = { 0 };
    int disturbed = 0;
    for (int n = 0; n < 2000; n++) {
        random_instance r;
        random_instance_make (&r, &seed, &(random_shape){ 4, 3, 6, false, false });
        cr_assert_eq (match_allocate (&r.instance, 0, &result, NULL), TT_OK);
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
    cr_assert_eq (match_allocate (in, 0, result, NULL), TT_OK);
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
        r->legs[leg] = (match_leg){ 1 + amounts / (leg ? 3 : 1) % 3, 0, 2 * leg, 2 };
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t product = i ^ (orders >> leg & 1);
            uint32_t rank = leg ^ (orders >> (2 + product) & 1);
            r->pairs[2 * leg + i] = (match_pair){ leg, product, rank, MATCH_NO_GROUP, limit, 1 };
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t provider = provider_cap ? 0 : i;
        r->products[i] = (match_product){ 1 + amounts / (i ? 27 : 9) % 3, provider };
        if (provider == i)
            r->providers[i] = (match_provider){ provider_cap ? provider_cap : 6, i, provider_cap ? 2 : 1 };
    }
    r->instance = (match_instance){ r->legs, r->pairs, r->products, r->providers, r->groups, 2, 4, 2, provider_cap ? 1 : 2, 0 };
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

/* More for a provider, or for it and one of its products alike. (More for a product alone moves its provider's money between
 * applicants.) */
Test (allocate, more_capacity_never_hurts_the_applicants)
{
    uint64_t seed = 5;
    match_result before = { 0 }, after = { 0 };
    for (int n = 0; n < 10000; n++) {
        random_instance r;
        random_instance_make (&r, &seed, &(random_shape){ 5, 4, 8, false, true });
        cr_assert_eq (match_allocate (&r.instance, 0, &before, NULL), TT_OK);
        uint32_t product = random_next (&seed, r.instance.product_count);
        int64_t more = 1 + random_next (&seed, 4);
        r.providers[r.products[product].provider].capacity += more;
        if (random_next (&seed, 2))
            r.products[product].capacity += more;
        cr_assert_eq (match_allocate (&r.instance, 0, &after, NULL), TT_OK);
        cr_assert (legs_prefer (&r.instance, after.amount, before.amount), "instance %d", n);
    }
    match_result_free (&before);
    match_result_free (&after);
}

Test (allocate, closes_the_worst_under_funded_first)
{
    /* One product with room for 10; both legs want 8 and need 8: the second gets 2, is closed, and the first keeps its 8. */
    match_leg legs[] = { { 8, 8, 0, 1 }, { 8, 8, 1, 1 } };
    match_pair pairs[] = { { 0, 0, 0, MATCH_NO_GROUP, 8, 1 }, { 1, 0, 1, MATCH_NO_GROUP, 8, 1 } };
    match_product product = { 10, 0 };
    match_provider provider = { 10, 0, 1 };
    match_instance in = { legs, pairs, &product, &provider, NULL, 2, 2, 1, 1, 0 };
    match_result result = { 0 };
    cr_assert_eq (match_allocate (&in, 0, &result, NULL), TT_OK);
    cr_assert_eq (result.closing_count, 1);
    cr_assert_eq (result.closings[0].leg, 1);
    cr_assert_eq (result.closings[0].pair, UINT32_MAX);
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
    random_instance_make (&r, &seed, &(random_shape){ 5, 4, 8, false, false });
    cr_assert_eq (match_allocate (&r.instance, 1, &result, &error), TT_RESOURCE_EXHAUSTED);
    cr_assert_str_eq (error.message, "the allocation did not settle within 1 steps");
    match_result_free (&result);
}
