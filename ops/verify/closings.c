/* The closings: each names something that is below a minimum of the snapshot, and says what it takes out. */
#include <string.h>

#include "inside.h"

static bool
bad_closing (verify_market *m, size_t at, const char *what)
{
    const pb_closing *c = m->certificate->closings[at];
    return verify_wrong (m, "closings[%zu] (%.64s at %.64s/%.64s): %s; given %s, needed %s", at, c->application_id,
                         c->provider_id, c->product_id, what, verify_yuan (c->given_fen), verify_yuan (c->needed_fen));
}

static void
close_leg (verify_market *m, uint32_t leg)
{
    for (uint32_t i = m->legs[leg].first_pair; i < m->legs[leg].first_pair + m->legs[leg].pair_count; i++)
        m->pairs[i].closed = true;
}

/* The pairs further down, of the same wave, that need more than was left. */
static uint32_t
close_tail (verify_market *m, uint32_t leg, uint32_t pair, int64_t left)
{
    uint32_t further = 0;
    for (uint32_t i = pair + 1; i < m->legs[leg].first_pair + m->legs[leg].pair_count; i++) {
        verify_pair *p = &m->pairs[i];
        if (p->closed || p->wave != m->pairs[pair].wave || m->products[p->product].message->ticket_min_fen <= left)
            continue;
        p->closed = true;
        further++;
    }
    return further;
}

static bool
close_pair (verify_market *m, size_t at, uint32_t leg, uint32_t pair)
{
    const pb_closing *c = m->certificate->closings[at];
    verify_cap *innermost = &m->caps[verify_caps_of (m, &m->pairs[pair])[0]];
    if (m->pairs[pair].closed)
        return bad_closing (m, at, "it was closed before");
    switch (c->kind) {
    case VERIFY_ENUM (CLOSING_KIND__CLOSE_PAIR):
        m->pairs[pair].closed = true;
        return true;
    case VERIFY_ENUM (CLOSING_KIND__CLOSE_TAIL):
        m->pairs[pair].closed = true;
        if (close_tail (m, leg, pair, c->given_fen) != c->further)
            return bad_closing (m, at, "another number of products further down needs more than was left");
        return true;
    case VERIFY_ENUM (CLOSING_KIND__CLOSE_CUT):
        if (c->capacity_fen < 0 || c->capacity_fen > innermost->limit)
            return bad_closing (m, at, "the capacity is not cut to less than it was");
        innermost->limit = c->capacity_fen;
        return true;
    default:
        return bad_closing (m, at, "of no known kind");
    }
}

static bool
check_one (verify_market *m, size_t at)
{
    const pb_closing *c = m->certificate->closings[at];
    uint32_t leg = verify_find_leg (m, c->application_id, c->leg);
    if (leg == VERIFY_NONE)
        return bad_closing (m, at, "there is no such leg");
    if (c->given_fen <= 0 || c->given_fen >= c->needed_fen)
        return bad_closing (m, at, "what was given is not below what was needed");
    if (c->kind == VERIFY_ENUM (CLOSING_KIND__CLOSE_LEG)) {
        if (c->needed_fen != m->legs[leg].wanted->minimum_fen)
            return bad_closing (m, at, "this is not the leg's minimum");
        close_leg (m, leg);
        return true;
    }
    uint32_t product = verify_find_product (m, c->provider_id, c->product_id);
    uint32_t pair = product == VERIFY_NONE ? VERIFY_NONE : verify_find_pair (m, leg, product);
    if (pair == VERIFY_NONE)
        return bad_closing (m, at, "the two are no acceptable pair");
    if (c->needed_fen != m->products[product].message->ticket_min_fen)
        return bad_closing (m, at, "this is not the product's least ticket");
    return close_pair (m, at, leg, pair);
}

bool
verify_closings (verify_market *m)
{
    for (size_t i = 0; i < m->certificate->n_closings; i++)
        if (!check_one (m, i))
            return false;
    return true;
}
