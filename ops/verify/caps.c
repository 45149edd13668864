/* The limits on the providers' side, which pairs each holds, and that they are nested. */
#include <stdio.h>
#include <string.h>

#include "inside.h"

static uint32_t
add_cap (verify_market *m, verify_cap cap)
{
    cap.parent = VERIFY_NONE;
    cap.before_cuts = cap.limit;
    m->caps[m->cap_count] = cap;
    return m->cap_count++;
}

static int64_t
rest (int64_t limit, int64_t used)
{
    return limit > used ? limit - used : 0;
}

/* Numbers in this order break ties between limits over the same pairs: products, caps, providers. provider[]: of each product. */
static void
add_caps (verify_market *m, uint32_t *provider, uint32_t *first_put)
{
    const pb_snapshot *s = m->snapshot;
    m->caps = tt_arena_zero (m->arena, (2 * (size_t)m->product_count + s->n_caps + 1) * sizeof *m->caps);
    for (uint32_t i = 0; i < m->product_count; i++) {
        const pb_product *p = m->products[i].message;
        int64_t left = rest (p->capacity_fen, p->held_fen + p->confirmed_fen);
        m->products[i].cap
            = add_cap (m, (verify_cap){ .kind = "product", .id = p->product_id, .of = p->provider_id, .limit = left });
    }
    *first_put = m->cap_count;
    for (size_t i = 0; i < s->n_caps; i++) {
        const pb_cap *c = s->caps[i];
        add_cap (
            m, (verify_cap){
                   .kind = "cap", .id = c->cap_id, .message = c, .limit = c->suspended ? 0 : rest (c->limit_fen, c->used_fen) });
    }
    for (uint32_t i = 0; i < m->product_count; i++) {
        const pb_provider *v = m->products[i].provider;
        int64_t left = rest (v->capacity_fen, v->held_fen + v->confirmed_fen);
        bool same = i > 0 && m->products[i - 1].provider == v;
        provider[i]
            = same ? provider[i - 1] : add_cap (m, (verify_cap){ .kind = "provider", .id = v->provider_id, .limit = left });
    }
}

/* Lists the limits over each pair. */
static void
list_caps (verify_market *m, const uint32_t *provider, uint32_t first_put)
{
    const pb_snapshot *s = m->snapshot;
    for (uint32_t i = 0; i < m->pair_count; i++) {
        verify_pair *pair = &m->pairs[i];
        const verify_product *p = &m->products[pair->product];
        pair->first_cap = (uint32_t)(m->cap_lists.size / sizeof (uint32_t));
        tt_buffer_append (&m->cap_lists, &p->cap, sizeof (uint32_t));
        for (uint32_t k = 0; k < s->n_caps; k++) {
            uint32_t cap = first_put + k;
            if (!s->caps[k]->per_applicant && verify_cap_covers (s->caps[k], m->legs[pair->leg].application, p->message))
                tt_buffer_append (&m->cap_lists, &cap, sizeof cap);
        }
        tt_buffer_append (&m->cap_lists, &provider[pair->product], sizeof (uint32_t));
        uint32_t end = (uint32_t)(m->cap_lists.size / sizeof (uint32_t));
        pair->cap_count = end - pair->first_cap < UINT8_MAX ? (uint8_t)(end - pair->first_cap) : UINT8_MAX;
        for (uint32_t k = 0; k < pair->cap_count; k++)
            m->caps[verify_caps_of (m, pair)[k]].covers++;
    }
}

static bool
is_inside (const verify_market *m, uint32_t a, uint32_t b)
{
    return m->caps[a].covers != m->caps[b].covers ? m->caps[a].covers < m->caps[b].covers : a < b;
}

/* Puts a pair's limits in order, the one over the fewest pairs first. Short lists. */
static void
sort_caps (const verify_market *m, const verify_pair *pair)
{
    uint32_t *list = (uint32_t *)(void *)m->cap_lists.data + pair->first_cap;
    for (uint32_t i = 1; i < pair->cap_count; i++)
        for (uint32_t k = i; k > 0 && is_inside (m, list[k], list[k - 1]); k--) {
            uint32_t swap = list[k];
            list[k] = list[k - 1];
            list[k - 1] = swap;
        }
}

/* Nested: what is around a limit is the same for all of its pairs. */
static bool
check_nesting (verify_market *m)
{
    bool *known = tt_arena_zero (m->arena, (m->cap_count + 1) * sizeof *known);
    for (uint32_t i = 0; i < m->pair_count; i++) {
        const uint32_t *list = verify_caps_of (m, &m->pairs[i]);
        for (uint32_t k = 0; k < m->pairs[i].cap_count; k++) {
            uint32_t around = k + 1 < m->pairs[i].cap_count ? list[k + 1] : VERIFY_NONE;
            verify_cap *cap = &m->caps[list[k]];
            if (known[list[k]] && cap->parent != around)
                return verify_wrong (m, "%s is not nested: it and %s cross", verify_cap_name (cap),
                                     verify_cap_name (&m->caps[around == VERIFY_NONE ? cap->parent : around]));
            cap->parent = around;
            known[list[k]] = true;
        }
    }
    return true;
}

/* The same for limits inside a leg: a group's pairs all have the same groups around it. */
static bool
check_group_nesting (verify_market *m)
{
    size_t count = m->groups.size / sizeof (verify_group);
    uint32_t *parent = tt_arena_alloc (m->arena, (count + 1) * sizeof *parent);
    bool *known = tt_arena_zero (m->arena, count + 1);
    for (uint32_t i = 0; i < m->pair_count; i++) {
        const uint32_t *list = verify_groups_of (m, &m->pairs[i]);
        for (uint32_t k = 0; k < m->pairs[i].group_count; k++) {
            uint32_t around = k + 1 < m->pairs[i].group_count ? list[k + 1] : VERIFY_NONE;
            const verify_group *g = &verify_groups (m)[list[k]];
            if (known[list[k]] && parent[list[k]] != around)
                return verify_wrong (m, "the %s %s is not nested within %s", g->kind, g->id, verify_leg_name (m, g->leg));
            parent[list[k]] = around;
            known[list[k]] = true;
        }
    }
    return true;
}

const char *
verify_cap_name (const verify_cap *cap)
{
    static _Thread_local char texts[4][220];
    static _Thread_local unsigned next;
    char *out = texts[next++ % 4];
    if (cap->of)
        snprintf (out, sizeof texts[0], "%s %.64s/%.64s", cap->kind, cap->of, cap->id);
    else
        snprintf (out, sizeof texts[0], "%s %.64s", cap->kind, cap->id);
    return out;
}

bool
verify_caps (verify_market *m)
{
    uint32_t *provider = tt_arena_zero (m->arena, (m->product_count + 1) * sizeof *provider), first_put;
    add_caps (m, provider, &first_put);
    list_caps (m, provider, first_put);
    for (uint32_t i = 0; i < m->pair_count; i++)
        sort_caps (m, &m->pairs[i]);
    return check_nesting (m) && check_group_nesting (m);
}
