/* Stability, from the definition: no leg and product that were not closed would both rather have more of each other. */
#include "inside.h"

/* Why one side wants more: room everywhere, or something worse that it would give up. */
typedef struct {
    bool wants;
    uint32_t worse;     /* pair that would be given up, or VERIFY_NONE */
    const char *inside; /* the limit in which */
} desire;

static bool
ranks_below (const verify_market *m, uint32_t a, const verify_pair *than)
{
    const verify_pair *p = &m->pairs[a];
    return p->rank != than->rank ? p->rank > than->rank : p->product > than->product;
}

static desire
supply_desire (const verify_market *m, const verify_pair *pair)
{
    for (uint32_t k = 0; k < pair->cap_count; k++) {
        const verify_cap *cap = &m->caps[verify_caps_of (m, pair)[k]];
        if (cap->sum[pair->wave] < cap->limit)
            continue;
        uint32_t worst = cap->worst[pair->wave];
        bool worse = worst != VERIFY_NONE && ranks_below (m, worst, pair);
        return (desire){ worse, worst, verify_cap_name (cap) };
    }
    return (desire){ true, VERIFY_NONE, NULL };
}

static int64_t
leg_sum (const verify_market *m, uint32_t leg, uint8_t wave, uint32_t *worst)
{
    int64_t sum = 0;
    *worst = VERIFY_NONE;
    for (uint32_t i = m->legs[leg].first_pair; i < m->legs[leg].first_pair + m->legs[leg].pair_count; i++) {
        if (m->pairs[i].wave > wave || m->pairs[i].amount == 0)
            continue;
        sum += m->pairs[i].amount;
        if (m->pairs[i].wave == wave)
            *worst = i;
    }
    return sum;
}

static desire
demand_desire (const verify_market *m, uint32_t number, int64_t sum, uint32_t worst)
{
    const verify_pair *pair = &m->pairs[number];
    for (uint32_t k = 0; k < pair->group_count; k++) {
        const verify_group *g = &verify_groups (m)[verify_groups_of (m, pair)[k]];
        if (g->sum[pair->wave] < verify_group_limit (m, g))
            continue;
        uint32_t least = g->worst[pair->wave];
        return (desire){ least != VERIFY_NONE && least > number, least, g->kind };
    }
    if (sum < m->legs[pair->leg].wanted->amount_fen)
        return (desire){ true, VERIFY_NONE, NULL };
    return (desire){ worst != VERIFY_NONE && worst > number, worst, "what it wants" };
}

static bool
tell (verify_market *m, uint32_t number, desire leg, desire product)
{
    const verify_pair *p = &m->pairs[number];
    const char *would = "", *takes = "";
    uint32_t unused;
    if (leg.worse != VERIFY_NONE)
        would = tt_arena_printf (m->arena, ", %s of it from %s, which it likes less (place %u in its order, this is place %u)",
                                 verify_yuan (m->pairs[leg.worse].amount), verify_product_name (m, m->pairs[leg.worse].product),
                                 leg.worse - m->legs[p->leg].first_pair + 1, number - m->legs[p->leg].first_pair + 1);
    if (product.worse != VERIFY_NONE)
        takes = tt_arena_printf (m->arena, "%s is full, and holds %s of %s, which ranks below (%u; this ranks %u)",
                                 product.inside, verify_yuan (m->pairs[product.worse].amount),
                                 verify_leg_name (m, m->pairs[product.worse].leg), m->pairs[product.worse].rank + 1, p->rank + 1);
    else
        takes = tt_arena_printf (m->arena, "it has %s, and gives %s", verify_yuan (m->caps[m->products[p->product].cap].limit),
                                 verify_yuan (m->caps[m->products[p->product].cap].sum[1]));
    return verify_wrong (
        m, "%s and %s would both rather have more of each other than %s (limit %s)\n  %s: wants %s, has %s%s\n  %s: %s",
        verify_leg_name (m, p->leg), verify_product_name (m, p->product), verify_yuan (p->amount), verify_yuan (p->limit),
        verify_leg_name (m, p->leg), verify_yuan (m->legs[p->leg].wanted->amount_fen),
        verify_yuan (leg_sum (m, p->leg, 1, &unused)), would, verify_product_name (m, p->product), takes);
}

/* A closed pair that both sides have room for now, without giving up anything. */
static bool
would_fit (const verify_market *m, const verify_pair *pair, int64_t sum)
{
    int64_t least = m->products[pair->product].message->ticket_min_fen;
    if (m->legs[pair->leg].wanted->amount_fen - sum < least)
        return false;
    for (uint32_t k = 0; k < pair->cap_count; k++) {
        const verify_cap *cap = &m->caps[verify_caps_of (m, pair)[k]];
        if (cap->limit - cap->sum[1] < least)
            return false;
    }
    for (uint32_t k = 0; k < pair->group_count; k++) {
        const verify_group *g = &verify_groups (m)[verify_groups_of (m, pair)[k]];
        if (verify_group_limit (m, g) - g->sum[1] < least)
            return false;
    }
    return verify_has_lead (m, pair);
}

static bool
check_leg (verify_market *m, uint32_t number)
{
    const verify_leg *leg = &m->legs[number];
    uint32_t worst[2];
    int64_t sum[2] = { leg_sum (m, number, 0, &worst[0]), leg_sum (m, number, 1, &worst[1]) };
    for (uint32_t i = leg->first_pair; i < leg->first_pair + leg->pair_count; i++) {
        const verify_pair *p = &m->pairs[i];
        if (p->closed) {
            m->result->would_fit += would_fit (m, p, sum[1]);
            continue;
        }
        if (p->amount == p->limit || !verify_has_lead (m, p))
            continue;
        desire supply = supply_desire (m, p);
        if (!supply.wants)
            continue;
        desire demand = demand_desire (m, i, sum[p->wave], worst[p->wave]);
        if (demand.wants)
            return tell (m, i, demand, supply);
    }
    return true;
}

bool
verify_stable (verify_market *m)
{
    for (uint32_t i = 0; i < m->leg_count; i++)
        if (!check_leg (m, i))
            return false;
    return true;
}
