/* The preferences that the certificate publishes are those that follow from the snapshot; and the rank of each pair. */
#include <stdio.h>
#include <string.h>

#include "inside.h"

/* "a/b" without putting the two together. */
static bool
is_pair_of (const char *text, const char *a, const char *b)
{
    size_t size = strlen (a);
    return strncmp (text, a, size) == 0 && text[size] == '/' && strcmp (text + size + 1, b) == 0;
}

static bool
check_products (verify_market *m)
{
    const verify_certificate *c = m->certificate;
    if (c->n_product_order != m->product_count)
        return verify_wrong (m, "product_order has %zu products, and the market %u", c->n_product_order, m->product_count);
    for (uint32_t i = 0; i < m->product_count; i++) {
        const pb_product *p = m->products[m->order[i]].message;
        if (!is_pair_of (c->product_order[i], p->provider_id, p->product_id))
            return verify_wrong (m, "product_order[%u] is %.130s, where the prices put %s", i, c->product_order[i],
                                 verify_product_name (m, m->order[i]));
    }
    return true;
}

typedef struct {
    const verify_leg *legs;
    int policy;
} order_context;

static int64_t
key_of (const verify_leg *leg, int policy)
{
    switch (policy) {
    case VERIFY_ENUM (RANKING_POLICY__SMALLEST_FIRST):
        return leg->wanted->amount_fen;
    case VERIFY_ENUM (RANKING_POLICY__YOUNGEST_FIRST):
        return leg->application->age_months;
    default:
        return -(int64_t)leg->application->score;
    }
}

static int
compare_legs (const void *left, const void *right, void *context)
{
    const order_context *c = context;
    const verify_leg *a = &c->legs[*(const uint32_t *)left], *b = &c->legs[*(const uint32_t *)right];
    int64_t x = key_of (a, c->policy), y = key_of (b, c->policy);
    if (x != y)
        return x < y ? -1 : 1;
    int order = strcmp (a->application->application_id, b->application->application_id);
    return order ? order : (int)a->wanted->leg - (int)b->wanted->leg;
}

static int
policy_of (const verify_product *p)
{
    return p->message->ranking ? (int)p->message->ranking : (int)VERIFY_ENUM (RANKING_POLICY__BY_SCORE);
}

static bool
check_ranking (verify_market *m, const pb_ranking_order *published, const uint32_t *order)
{
    if (published->n_legs != m->leg_count)
        return verify_wrong (m, "ranking %d has %zu legs, and the market %u", (int)published->policy, published->n_legs,
                             m->leg_count);
    for (uint32_t i = 0; i < m->leg_count; i++) {
        const char *name = verify_leg_name (m, order[i]);
        const char *id = m->legs[order[i]].application->application_id;
        if (!is_pair_of (published->legs[i], id, name + strlen (name) - strlen (strrchr (name, ' ') + 1)))
            return verify_wrong (m, "ranking %d has %.140s at place %u, where the policy puts %s", (int)published->policy,
                                 published->legs[i], i, name);
    }
    return true;
}

/* The pairs of this policy's products take the next rank at each product, in the policy's order. */
static void
fill_ranks (verify_market *m, int policy, const uint32_t *order, uint32_t *next)
{
    for (uint32_t i = 0; i < m->leg_count; i++) {
        const verify_leg *leg = &m->legs[order[i]];
        for (uint32_t k = leg->first_pair; k < leg->first_pair + leg->pair_count; k++)
            if (policy_of (&m->products[m->pairs[k].product]) == policy)
                m->pairs[k].rank = next[m->pairs[k].product]++;
    }
}

static bool
is_used (const verify_market *m, int policy)
{
    for (uint32_t i = 0; i < m->product_count; i++)
        if (policy_of (&m->products[i]) == policy)
            return true;
    return false;
}

bool
verify_orders (verify_market *m)
{
    uint32_t *next = tt_arena_zero (m->arena, (m->product_count + 1) * sizeof *next);
    uint32_t *order = tt_arena_zero (m->arena, (m->leg_count + 1) * sizeof *order);
    size_t seen = 0;
    if (!check_products (m))
        return false;
    for (int policy = VERIFY_ENUM (RANKING_POLICY__BY_SCORE); policy <= VERIFY_ENUM (RANKING_POLICY__YOUNGEST_FIRST); policy++) {
        if (!is_used (m, policy))
            continue;
        order_context context = { m->legs, policy };
        for (uint32_t i = 0; i < m->leg_count; i++)
            order[i] = i;
        if (m->leg_count > 1)
            qsort_r (order, m->leg_count, sizeof *order, compare_legs, &context);
        if (seen >= m->certificate->n_rankings || (int)m->certificate->rankings[seen]->policy != policy)
            return verify_wrong (m, "rankings[%zu] is not that of policy %d", seen, policy);
        if (!check_ranking (m, m->certificate->rankings[seen++], order))
            return false;
        fill_ranks (m, policy, order, next);
    }
    if (seen != m->certificate->n_rankings)
        return verify_wrong (m, "there are %zu rankings, and the products use %zu", m->certificate->n_rankings, seen);
    return true;
}
