#include "stability.h"

#include <stdio.h>
#include <string.h>

static char problem[160];

static const char *
bad (const char *what, uint32_t a, uint32_t b)
{
    snprintf (problem, sizeof problem, "%s (%u, %u)", what, a, b);
    return problem;
}

static uint32_t
provider_of (const match_instance *in, uint32_t pair)
{
    return in->products[in->pairs[pair].product].provider;
}

/* The sets whose sums are capped, each pair being in four of them. */
enum { IN_GROUP, IN_LEG, IN_PRODUCT, IN_PROVIDER };

static bool
together (const match_instance *in, int set, uint32_t a, uint32_t b)
{
    switch (set) {
    case IN_GROUP:
        return in->pairs[a].group == in->pairs[b].group && in->pairs[a].group != MATCH_NO_GROUP;
    case IN_LEG:
        return in->pairs[a].leg == in->pairs[b].leg;
    case IN_PRODUCT:
        return in->pairs[a].product == in->pairs[b].product;
    default:
        return provider_of (in, a) == provider_of (in, b);
    }
}

static int64_t
cap_of (const match_instance *in, int set, uint32_t pair)
{
    switch (set) {
    case IN_GROUP:
        return in->pairs[pair].group == MATCH_NO_GROUP ? INT64_MAX : in->groups[in->pairs[pair].group];
    case IN_LEG:
        return in->legs[in->pairs[pair].leg].amount;
    case IN_PRODUCT:
        return in->products[in->pairs[pair].product].capacity;
    default:
        return in->providers[provider_of (in, pair)].capacity;
    }
}

static int64_t
sum_of (const match_instance *in, const int64_t *amount, int set, uint32_t pair)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < in->pair_count; i++)
        if (together (in, set, pair, i))
            sum += amount[i];
    return sum;
}

/* The leg's side: a later pair is worse. The provider's: a higher rank is, then the later product. */
static bool
worse (const match_instance *in, int set, uint32_t a, uint32_t than)
{
    if (set == IN_GROUP || set == IN_LEG)
        return a > than;
    if (in->pairs[a].rank != in->pairs[than].rank)
        return in->pairs[a].rank > in->pairs[than].rank;
    return in->pairs[a].product > in->pairs[than].product;
}

/* One side wants more of a pair if no cap of that side stops it, or it can give up something worse inside the tightest cap that
 * does. */
static bool
wants_more (const match_instance *in, const int64_t *amount, uint32_t pair, int inner, int outer)
{
    for (int set = inner; set <= outer; set++) {
        if (sum_of (in, amount, set, pair) < cap_of (in, set, pair))
            continue;
        for (uint32_t i = 0; i < in->pair_count; i++)
            if (i != pair && amount[i] > 0 && together (in, set, pair, i) && worse (in, set, i, pair))
                return true;
        return false;
    }
    return true;
}

static const char *
check_feasible (const match_instance *in, const int64_t *amount, const bool *closed)
{
    for (uint32_t i = 0; i < in->pair_count; i++) {
        const match_pair *p = &in->pairs[i];
        if (amount[i] < 0 || amount[i] > p->limit || (closed && closed[i] && amount[i]))
            return bad ("amount outside its limit", i, p->leg);
        if (amount[i] > 0 && amount[i] < p->minimum)
            return bad ("below the least ticket", i, p->leg);
        for (int set = IN_GROUP; set <= IN_PROVIDER; set++)
            if (sum_of (in, amount, set, i) > cap_of (in, set, i))
                return bad ("cap exceeded", i, (uint32_t)set);
        int64_t leg_sum = sum_of (in, amount, IN_LEG, i);
        if (leg_sum > 0 && leg_sum < in->legs[p->leg].minimum)
            return bad ("leg below its minimum", i, p->leg);
    }
    return NULL;
}

const char *
stability_check (const match_instance *in, const int64_t *amount, const bool *closed)
{
    const char *infeasible = check_feasible (in, amount, closed);
    if (infeasible)
        return infeasible;
    for (uint32_t i = 0; i < in->pair_count; i++)
        if (!(closed && closed[i]) && amount[i] < in->pairs[i].limit && wants_more (in, amount, i, IN_GROUP, IN_LEG)
            && wants_more (in, amount, i, IN_PRODUCT, IN_PROVIDER))
            return bad ("blocking pair", i, in->pairs[i].leg);
    return NULL;
}

bool
legs_prefer (const match_instance *in, const int64_t *amount, const int64_t *other)
{
    int64_t chosen[64] = { 0 };
    for (uint32_t i = 0; i < in->pair_count; i++) {
        int64_t room = amount[i] > other[i] ? amount[i] : other[i];
        for (int set = IN_GROUP; set <= IN_LEG; set++) {
            int64_t cap = cap_of (in, set, i);
            int64_t left = cap == INT64_MAX ? cap : cap - sum_of (in, chosen, set, i);
            room = left < room ? left : room;
        }
        chosen[i] = room;
    }
    return memcmp (chosen, amount, in->pair_count * sizeof *chosen) == 0;
}

/* -- random instances -- */

uint32_t
random_next (uint64_t *seed, uint32_t below)
{
    uint64_t x = *seed += UINT64_C (0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C (0x94d049bb133111eb);
    return (uint32_t)((x ^ (x >> 31)) % below);
}

static int64_t
random_amount (uint64_t *seed, int64_t most)
{
    return 1 + random_next (seed, (uint32_t)most);
}

static void
make_supply (random_instance *r, uint64_t *seed, const random_shape *shape)
{
    match_instance *in = &r->instance;
    in->product_count = 1 + random_next (seed, shape->products);
    for (uint32_t i = 0; i < in->product_count; i++) {
        if (i == 0 || random_next (seed, 2)) {
            r->providers[in->provider_count++] = (match_provider){ 0, i, 0 };
            r->providers[in->provider_count - 1].capacity = random_amount (seed, 2 * shape->amount);
        }
        r->providers[in->provider_count - 1].product_count++;
        r->products[i] = (match_product){ random_amount (seed, 2 * shape->amount), in->provider_count - 1 };
    }
}

static void
make_pairs (random_instance *r, uint64_t *seed, const random_shape *shape, uint32_t leg)
{
    match_instance *in = &r->instance;
    uint32_t order[8], group_of[8];
    for (uint32_t i = 0; i < in->product_count; i++) {
        uint32_t at = random_next (seed, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (uint32_t i = 0; i < in->provider_count; i++) {
        group_of[i] = shape->groups && random_next (seed, 2) ? in->group_count++ : MATCH_NO_GROUP;
        if (group_of[i] != MATCH_NO_GROUP)
            r->groups[group_of[i]] = random_amount (seed, r->legs[leg].amount);
    }
    r->legs[leg].first_pair = in->pair_count;
    for (uint32_t i = 0; i < in->product_count; i++) {
        if (random_next (seed, 4) == 0)
            continue;
        int64_t limit = random_amount (seed, shape->amount);
        int64_t minimum = shape->minimums ? random_amount (seed, limit) : 1;
        r->pairs[in->pair_count++] = (match_pair){ leg, order[i], 0, group_of[r->products[order[i]].provider], limit, minimum };
    }
    r->legs[leg].pair_count = in->pair_count - r->legs[leg].first_pair;
}

/* Ranks: a random order of the legs for each product. */
static void
make_ranks (random_instance *r, uint64_t *seed)
{
    match_instance *in = &r->instance;
    for (uint32_t product = 0; product < in->product_count; product++) {
        uint32_t mine[64], count = 0;
        for (uint32_t i = 0; i < in->pair_count; i++)
            if (r->pairs[i].product == product) {
                uint32_t at = random_next (seed, count + 1);
                mine[count++] = mine[at];
                mine[at] = i;
            }
        for (uint32_t i = 0; i < count; i++)
            r->pairs[mine[i]].rank = i;
    }
}

void
random_instance_make (random_instance *r, uint64_t *seed, const random_shape *shape)
{
    memset (r, 0, sizeof *r);
    match_instance *in = &r->instance;
    make_supply (r, seed, shape);
    in->leg_count = 1 + random_next (seed, shape->legs);
    for (uint32_t i = 0; i < in->leg_count; i++) {
        r->legs[i].amount = random_amount (seed, shape->amount);
        r->legs[i].minimum = shape->minimums && random_next (seed, 2) ? random_amount (seed, r->legs[i].amount) : 0;
        make_pairs (r, seed, shape, i);
    }
    make_ranks (r, seed);
    in->legs = r->legs;
    in->pairs = r->pairs;
    in->products = r->products;
    in->providers = r->providers;
    in->groups = r->groups;
}
