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

/* -- the caps that a pair is under: nodes on one side, groups and the leg on the other -- */

typedef enum { SUPPLY, DEMAND } side;

/* Cap number `step` of a pair from the inside out; false past the last. For the leg itself *id is its number and *leg is true. */
static bool
cap_at (const match_instance *in, side s, uint32_t pair, uint32_t step, uint32_t *id, bool *leg)
{
    const match_pair *p = &in->pairs[pair];
    uint32_t at = s == SUPPLY ? p->node : p->group;
    *leg = false;
    for (; at != MATCH_NONE && step > 0; step--)
        at = s == SUPPLY ? in->nodes[at].parent : in->groups[at].parent;
    if (at != MATCH_NONE) {
        *id = at;
        return true;
    }
    *id = p->leg;
    *leg = s == DEMAND && step == 0;
    return *leg;
}

static bool
is_under (const match_instance *in, side s, uint32_t pair, uint32_t id, bool leg)
{
    uint32_t other;
    bool is_leg;
    for (uint32_t step = 0; cap_at (in, s, pair, step, &other, &is_leg); step++)
        if (other == id && is_leg == leg)
            return true;
    return false;
}

static int64_t
sum_under (const match_instance *in, const int64_t *amount, side s, uint32_t id, bool leg, uint8_t wave)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < in->pair_count; i++)
        if (in->pairs[i].wave <= wave && is_under (in, s, i, id, leg))
            sum += amount[i];
    return sum;
}

static int64_t
lead_of (const match_instance *in, const int64_t *amount, uint32_t leg)
{
    int64_t lead = in->legs[leg].confirmed_lead;
    for (uint32_t i = 0; i < in->pair_count; i++)
        if (in->pairs[i].leg == in->legs[leg].lead_leg && in->pairs[i].wave == 0)
            lead += amount[i];
    return lead;
}

static int64_t
limit_of (const match_instance *in, const int64_t *amount, side s, uint32_t id, bool leg)
{
    if (leg)
        return in->legs[id].amount;
    if (s == SUPPLY)
        return in->nodes[id].capacity;
    const match_group *g = &in->groups[id];
    int64_t linked = g->percent ? lead_of (in, amount, g->leg) * g->percent / 100 - g->used : INT64_MAX;
    linked = linked < 0 ? 0 : linked;
    return linked < g->capacity ? linked : g->capacity;
}

static bool
is_open (const match_instance *in, const int64_t *amount, uint32_t pair)
{
    const match_leg *leg = &in->legs[in->pairs[pair].leg];
    return !in->pairs[pair].needs_lead || leg->followed || lead_of (in, amount, in->pairs[pair].leg) > 0;
}

/* -- the definition -- */

/* The leg's side: a later pair is worse. The providers': a higher rank is, then the later product. */
static bool
worse (const match_instance *in, side s, uint32_t a, uint32_t than)
{
    if (s == DEMAND)
        return a > than;
    if (in->pairs[a].rank != in->pairs[than].rank)
        return in->pairs[a].rank > in->pairs[than].rank;
    return in->pairs[a].product > in->pairs[than].product;
}

/* One side wants more of a pair if no cap of that side stops it, or it can give up something worse of the same wave inside the
 * innermost cap that does. */
static bool
wants_more (const match_instance *in, const int64_t *amount, uint32_t pair, side s)
{
    uint32_t id;
    bool leg;
    uint8_t wave = in->pairs[pair].wave;
    for (uint32_t step = 0; cap_at (in, s, pair, step, &id, &leg); step++) {
        if (sum_under (in, amount, s, id, leg, wave) < limit_of (in, amount, s, id, leg))
            continue;
        for (uint32_t i = 0; i < in->pair_count; i++)
            if (i != pair && amount[i] > 0 && in->pairs[i].wave == wave && is_under (in, s, i, id, leg) && worse (in, s, i, pair))
                return true;
        return false;
    }
    return true;
}

static const char *
check_caps (const match_instance *in, const int64_t *amount, uint32_t pair, side s)
{
    uint32_t id;
    bool leg;
    for (uint32_t step = 0; cap_at (in, s, pair, step, &id, &leg); step++)
        if (sum_under (in, amount, s, id, leg, 1) > limit_of (in, amount, s, id, leg))
            return bad ("cap exceeded", pair, id);
    return NULL;
}

static const char *
check_feasible (const match_instance *in, const int64_t *amount, const bool *closed)
{
    for (uint32_t i = 0; i < in->pair_count; i++) {
        const match_pair *p = &in->pairs[i];
        if (amount[i] < 0 || amount[i] > p->limit || (closed && closed[i] && amount[i])
            || (amount[i] && !is_open (in, amount, i)))
            return bad ("amount outside its limit", i, p->leg);
        if (amount[i] > 0 && amount[i] < p->minimum)
            return bad ("below the least ticket", i, p->leg);
        const char *over = amount[i] ? check_caps (in, amount, i, SUPPLY) : NULL;
        if (over == NULL && amount[i])
            over = check_caps (in, amount, i, DEMAND);
        if (over)
            return over;
        int64_t leg_sum = sum_under (in, amount, DEMAND, p->leg, true, 1);
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
        if (!(closed && closed[i]) && amount[i] < in->pairs[i].limit && is_open (in, amount, i)
            && wants_more (in, amount, i, DEMAND) && wants_more (in, amount, i, SUPPLY))
            return bad ("blocking pair", i, in->pairs[i].leg);
    return NULL;
}

bool
legs_prefer (const match_instance *in, const int64_t *amount, const int64_t *other)
{
    int64_t chosen[64] = { 0 };
    for (uint32_t i = 0; i < in->pair_count; i++) {
        int64_t room = amount[i] > other[i] ? amount[i] : other[i];
        uint32_t id;
        bool leg;
        for (uint32_t step = 0; cap_at (in, DEMAND, i, step, &id, &leg); step++) {
            int64_t left = limit_of (in, amount, DEMAND, id, leg) - sum_under (in, chosen, DEMAND, id, leg, 1);
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

static uint32_t
add_node (random_instance *r, uint64_t *seed, int64_t most)
{
    r->nodes[r->instance.node_count] = (match_node){ random_amount (seed, most), MATCH_NONE };
    return r->instance.node_count++;
}

/* From the inside out: two cells of a product (if deep), products, providers, pools. */
static void
make_supply (random_instance *r, uint64_t *seed, const random_shape *shape)
{
    uint32_t cells[8][2], providers[8], provider_count = 0, provider_of[8];
    r->product_count = 1 + random_next (seed, shape->products);
    for (uint32_t i = 0; i < r->product_count; i++)
        for (uint32_t k = 0; k < 2; k++)
            cells[i][k] = shape->deep && random_next (seed, 2) ? add_node (r, seed, shape->amount) : MATCH_NONE;
    for (uint32_t i = 0; i < r->product_count; i++) {
        r->product_node[i] = add_node (r, seed, 2 * shape->amount);
        for (uint32_t k = 0; k < 2; k++)
            if (cells[i][k] != MATCH_NONE)
                r->nodes[cells[i][k]].parent = r->product_node[i];
        provider_count += i == 0 || random_next (seed, 2);
        provider_of[i] = provider_count - 1;
    }
    for (uint32_t i = 0; i < provider_count; i++)
        providers[i] = add_node (r, seed, 2 * shape->amount);
    for (uint32_t i = 0; i < r->product_count; i++)
        r->nodes[r->product_node[i]].parent = providers[provider_of[i]];
    uint32_t pool = shape->deep ? add_node (r, seed, 3 * shape->amount) : MATCH_NONE;
    for (uint32_t i = 0; i < provider_count && pool != MATCH_NONE; i++)
        if (random_next (seed, 2))
            r->nodes[providers[i]].parent = pool;
}

/* The product's node, or one of its cells. */
static uint32_t
random_cell (const random_instance *r, uint64_t *seed, uint32_t product)
{
    uint32_t node = r->product_node[product], choice = random_next (seed, 3);
    for (uint32_t i = 0; i < r->instance.node_count; i++)
        if (r->nodes[i].parent == r->product_node[product] && choice-- == 0)
            node = i;
    return node;
}

static uint32_t
add_group (random_instance *r, uint64_t *seed, uint32_t leg, uint32_t percent)
{
    int64_t capacity = random_amount (seed, r->legs[leg].amount);
    r->groups[r->instance.group_count] = (match_group){ capacity, MATCH_NONE, leg, percent, percent ? random_next (seed, 2) : 0 };
    return r->instance.group_count++;
}

/* Two groups, of which the first may lie in the second, and one around all: from the inside out. */
static void
make_groups (random_instance *r, uint64_t *seed, const random_shape *shape, uint32_t leg, uint32_t group[3])
{
    for (uint32_t i = 0; i < 3; i++) {
        bool wanted = shape->groups && random_next (seed, 2) && (i < 2 || shape->deep);
        group[i] = wanted ? add_group (r, seed, leg, shape->waves && i == 0 ? 50 * (1 + random_next (seed, 4)) : 0) : MATCH_NONE;
    }
    if (group[0] != MATCH_NONE && shape->deep && random_next (seed, 2))
        r->groups[group[0]].parent = group[1];
    for (uint32_t i = 0; i < 2; i++)
        if (group[i] != MATCH_NONE && r->groups[group[i]].parent == MATCH_NONE)
            r->groups[group[i]].parent = group[2];
}

/* Every third product follows, others of the odd ones are of wave 1 all the same. */
static void
add_pair (random_instance *r, uint64_t *seed, const random_shape *shape, uint32_t leg, uint32_t product, const uint32_t group[3])
{
    int64_t limit = random_amount (seed, shape->amount);
    bool follows = shape->waves && product % 3 == 2;
    uint32_t g = group[random_next (seed, 3)];
    if (!follows && g == group[0])
        g = group[1]; /* what has a percentage is for what follows */
    r->pairs[r->instance.pair_count++] = (match_pair){ .leg = leg,
                                                       .product = product,
                                                       .node = random_cell (r, seed, product),
                                                       .group = shape->groups ? g : MATCH_NONE,
                                                       .wave = follows || (shape->waves && product % 2),
                                                       .needs_lead = follows,
                                                       .limit = limit,
                                                       .minimum = shape->minimums ? random_amount (seed, limit) : 1 };
}

static void
make_pairs (random_instance *r, uint64_t *seed, const random_shape *shape, uint32_t leg)
{
    uint32_t order[8], group[3];
    for (uint32_t i = 0; i < r->product_count; i++) {
        uint32_t at = random_next (seed, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    make_groups (r, seed, shape, leg, group);
    r->legs[leg].first_pair = r->instance.pair_count;
    for (uint32_t i = 0; i < r->product_count; i++)
        if (random_next (seed, 4))
            add_pair (r, seed, shape, leg, order[i], group);
    r->legs[leg].pair_count = r->instance.pair_count - r->legs[leg].first_pair;
}

/* Ranks: a random order of the legs for each product. */
static void
make_ranks (random_instance *r, uint64_t *seed)
{
    for (uint32_t product = 0; product < r->product_count; product++) {
        uint32_t mine[64], count = 0;
        for (uint32_t i = 0; i < r->instance.pair_count; i++)
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
random_instance_make (random_instance *out, uint64_t *seed, const random_shape *shape)
{
    memset (out, 0, sizeof *out);
    match_instance *in = &out->instance;
    *in = (match_instance){ .legs = out->legs, .pairs = out->pairs, .nodes = out->nodes, .groups = out->groups };
    make_supply (out, seed, shape);
    in->leg_count = 1 + random_next (seed, shape->legs);
    for (uint32_t i = 0; i < in->leg_count; i++) {
        match_leg *leg = &out->legs[i];
        leg->amount = random_amount (seed, shape->amount);
        leg->minimum = shape->minimums && random_next (seed, 2) ? random_amount (seed, leg->amount) : 0;
        leg->lead_leg = shape->waves && random_next (seed, 3) ? i - i % 2 : MATCH_NONE;
        leg->confirmed_lead = shape->waves && random_next (seed, 3) == 0 ? random_next (seed, 5) : 0;
        leg->followed = shape->waves && random_next (seed, 3) == 0;
        make_pairs (out, seed, shape, i);
    }
    make_ranks (out, seed);
}
