/* The allocation: between acceptable pairs that are not closed, within every limit, and no minimum missed. */
#include <string.h>

#include "inside.h"

static bool
bad (verify_market *m, uint32_t pair, const char *what, int64_t figure)
{
    const verify_pair *p = &m->pairs[pair];
    return verify_wrong (m, "%s is given %s by %s: %s %s", verify_leg_name (m, p->leg), verify_yuan (p->amount),
                         verify_product_name (m, p->product), what, verify_yuan (figure));
}

/* Where the published amounts go. */
static bool
take_amounts (verify_market *m)
{
    const verify_certificate *c = m->certificate;
    for (size_t i = 0; i < c->n_allocations; i++) {
        const pb_allocation *a = c->allocations[i];
        uint32_t leg = verify_find_leg (m, a->application_id, a->leg),
                 product = verify_find_product (m, a->provider_id, a->product_id);
        uint32_t pair = leg == VERIFY_NONE || product == VERIFY_NONE ? VERIFY_NONE : verify_find_pair (m, leg, product);
        if (pair == VERIFY_NONE)
            return verify_wrong (m, "allocations[%zu] gives %.64s %s of %.64s/%.64s, and the two are no acceptable pair", i,
                                 a->application_id, verify_yuan (a->amount_fen), a->provider_id, a->product_id);
        if (m->pairs[pair].amount != 0)
            return verify_wrong (m, "allocations[%zu] gives %s of %s a second time", i, verify_leg_name (m, leg),
                                 verify_product_name (m, product));
        if (a->amount_fen <= 0)
            return verify_wrong (m, "allocations[%zu] gives %s %lld fen of %s", i, verify_leg_name (m, leg),
                                 (long long)a->amount_fen, verify_product_name (m, product));
        m->pairs[pair].amount = a->amount_fen;
    }
    return true;
}

static bool
check_pairs (verify_market *m)
{
    for (uint32_t i = 0; i < m->pair_count; i++) {
        const verify_pair *p = &m->pairs[i];
        int64_t least = m->products[p->product].message->ticket_min_fen;
        if (p->amount == 0)
            continue;
        if (p->closed)
            return bad (m, i, "the two were closed before, with a least ticket of", least);
        if (p->amount > p->limit)
            return bad (m, i, "more than the leg wants or the product's greatest ticket,", p->limit);
        if (p->amount < least)
            return bad (m, i, "less than the product's least ticket,", least);
        if (!verify_has_lead (m, p))
            return bad (m, i, "the product follows lead equity, and the leg has", verify_lead (m, p->leg));
    }
    return true;
}

static bool
check_legs (verify_market *m)
{
    for (uint32_t i = 0; i < m->leg_count; i++) {
        const pb_wanted_leg *wanted = m->legs[i].wanted;
        __int128 sum = 0;
        for (uint32_t k = m->legs[i].first_pair; k < m->legs[i].first_pair + m->legs[i].pair_count; k++)
            sum += m->pairs[k].amount;
        if (sum > wanted->amount_fen)
            return verify_wrong (m, "%s is given %s in all, and wants %s", verify_leg_name (m, i),
                                 verify_yuan (sum > INT64_MAX ? INT64_MAX : (int64_t)sum), verify_yuan (wanted->amount_fen));
        if (sum > 0 && sum < wanted->minimum_fen)
            return verify_wrong (m, "%s is given %s in all, and takes nothing below its minimum of %s", verify_leg_name (m, i),
                                 verify_yuan ((int64_t)sum), verify_yuan (wanted->minimum_fen));
    }
    return true;
}

/* Sums by wave; and of each limit the worst pair that it holds of each wave. */
static void
add_up (verify_market *m)
{
    for (uint32_t i = 0; i < m->cap_count; i++)
        m->caps[i].worst[0] = m->caps[i].worst[1] = VERIFY_NONE;
    for (size_t i = 0; i < m->groups.size / sizeof (verify_group); i++)
        verify_groups (m)[i].worst[0] = verify_groups (m)[i].worst[1] = VERIFY_NONE;
    for (uint32_t i = 0; i < m->pair_count; i++) {
        const verify_pair *p = &m->pairs[i];
        if (p->amount == 0)
            continue;
        for (uint32_t k = 0; k < p->cap_count; k++) {
            verify_cap *cap = &m->caps[verify_caps_of (m, p)[k]];
            const verify_pair *worst = cap->worst[p->wave] == VERIFY_NONE ? NULL : &m->pairs[cap->worst[p->wave]];
            if (worst == NULL || p->rank > worst->rank || (p->rank == worst->rank && p->product > worst->product))
                cap->worst[p->wave] = i;
            for (uint8_t wave = p->wave; wave < 2; wave++)
                cap->sum[wave] += p->amount;
        }
        for (uint32_t k = 0; k < p->group_count; k++) {
            verify_group *group = &verify_groups (m)[verify_groups_of (m, p)[k]];
            group->worst[p->wave] = i; /* pairs stand by preference */
            for (uint8_t wave = p->wave; wave < 2; wave++)
                group->sum[wave] += p->amount;
        }
    }
}

static bool
check_limits (verify_market *m)
{
    for (uint32_t i = 0; i < m->cap_count; i++)
        if (m->caps[i].sum[1] > m->caps[i].limit)
            return verify_wrong (m, "%s gives %s, and has %s", verify_cap_name (&m->caps[i]), verify_yuan (m->caps[i].sum[1]),
                                 verify_yuan (m->caps[i].limit));
    for (size_t i = 0; i < m->groups.size / sizeof (verify_group); i++) {
        const verify_group *g = &verify_groups (m)[i];
        int64_t limit = verify_group_limit (m, g);
        if (g->sum[1] > limit)
            return verify_wrong (m, "%s is given %s under the %s %.64s, which leaves it %s", verify_leg_name (m, g->leg),
                                 verify_yuan (g->sum[1]), g->kind, g->id, verify_yuan (limit));
    }
    return true;
}

bool
verify_allocation (verify_market *m)
{
    __int128 wanted = 0;
    for (uint32_t i = 0; i < m->leg_count; i++)
        wanted += m->legs[i].wanted->amount_fen;
    if (wanted > INT64_MAX)
        return verify_wrong (m, "the amounts wanted sum to more than can be counted");
    if (!take_amounts (m) || !check_legs (m) || !check_pairs (m))
        return false;
    add_up (m);
    return check_limits (m);
}
