#include "certificate.h"

#include "base/sha256.h"

void *
match_new_message (tt_arena *arena, const ProtobufCMessageDescriptor *type)
{
    void *message = tt_arena_alloc (arena, type->sizeof_message);
    protobuf_c_message_init (type, message);
    return message;
}

static tt_bytes
pack (const ProtobufCMessage *message, tt_arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    uint8_t *bytes = tt_arena_alloc (arena, size);
    return (tt_bytes){ bytes, protobuf_c_message_pack (message, bytes) };
}

static char *
hash_of (tt_bytes bytes, tt_arena *arena)
{
    char *text = tt_arena_alloc (arena, TT_SHA256_TEXT);
    tt_sha256_text (bytes, text);
    return text;
}

/* -- the preferences -- */

static void
add_product_order (const match_market *market, tt_arena *arena, finance_certificate *c)
{
    c->product_order = tt_arena_alloc (arena, market->product_count * sizeof *c->product_order);
    for (uint32_t i = 0; i < market->product_count; i++) {
        const finance_product *p = market->offers[market->order[i]].product;
        c->product_order[c->n_product_order++] = tt_arena_printf (arena, "%s/%s", p->provider_id, p->product_id);
    }
}

static bool
is_used (const match_market *market, Techtransfer__Finance__V1__RankingPolicy policy)
{
    for (uint32_t i = 0; i < market->product_count; i++)
        if (match_policy_of (market->offers[i].product) == policy)
            return true;
    return false;
}

static char *
leg_name (const match_want *want, tt_arena *arena)
{
    const ProtobufCEnumDescriptor *legs = &techtransfer__finance__v1__leg__descriptor;
    return tt_arena_printf (arena, "%s/%s", want->application->application_id,
                            protobuf_c_enum_descriptor_get_value (legs, (int)want->leg->leg)->name);
}

static void
add_rankings (const match_market *market, tt_arena *arena, finance_certificate *c)
{
    uint32_t count = market->instance.leg_count;
    char **names = tt_arena_alloc (arena, count * sizeof *names);
    for (uint32_t i = 0; i < count; i++)
        names[i] = leg_name (&market->wants[i], arena);
    c->rankings = tt_arena_alloc (arena, 3 * sizeof *c->rankings);
    for (int policy = FINANCE (RANKING_POLICY__BY_SCORE); policy <= FINANCE (RANKING_POLICY__YOUNGEST_FIRST); policy++) {
        if (!is_used (market, (Techtransfer__Finance__V1__RankingPolicy)policy))
            continue;
        finance_ranking *r = match_new_message (arena, &techtransfer__finance__v1__ranking_order__descriptor);
        const uint32_t *order = match_market_ranking (market, (Techtransfer__Finance__V1__RankingPolicy)policy, arena);
        r->policy = (Techtransfer__Finance__V1__RankingPolicy)policy;
        r->legs = tt_arena_alloc (arena, count * sizeof *r->legs);
        for (uint32_t i = 0; i < count; i++)
            r->legs[r->n_legs++] = names[order[i]];
        c->rankings[c->n_rankings++] = r;
    }
}

/* -- the closings -- */

static finance_closing *
closing_of (const match_market *market, const match_closing *closing, tt_arena *arena)
{
    static const Techtransfer__Finance__V1__ClosingKind kinds[] = {
        [MATCH_CLOSE_LEG] = FINANCE (CLOSING_KIND__CLOSE_LEG),
        [MATCH_CLOSE_PAIR] = FINANCE (CLOSING_KIND__CLOSE_PAIR),
        [MATCH_CLOSE_TAIL] = FINANCE (CLOSING_KIND__CLOSE_TAIL),
        [MATCH_CLOSE_CUT] = FINANCE (CLOSING_KIND__CLOSE_CUT),
    };
    finance_closing *c = match_new_message (arena, &techtransfer__finance__v1__closing__descriptor);
    const match_want *want = &market->wants[closing->leg];
    c->kind = kinds[closing->kind];
    c->application_id = want->application->application_id;
    c->leg = want->leg->leg;
    if (closing->pair != MATCH_NONE) {
        const finance_product *product = market->offers[market->instance.pairs[closing->pair].product].product;
        c->provider_id = product->provider_id;
        c->product_id = product->product_id;
    }
    c->given_fen = closing->given;
    c->needed_fen = closing->needed;
    c->capacity_fen = closing->capacity;
    c->further = closing->further;
    return c;
}

static void
add_closings (const match_market *market, const match_result *result, tt_arena *arena, finance_certificate *c)
{
    c->closings = tt_arena_alloc (arena, result->closing_count * sizeof *c->closings);
    for (uint32_t i = 0; i < result->closing_count; i++)
        c->closings[c->n_closings++] = closing_of (market, &result->closings[i], arena);
}

tt_bytes
match_certificate_make (const match_snapshot *snapshot, const match_market *market, const match_result *result,
                        finance_round *round, tt_arena *arena)
{
    finance_certificate c = TECHTRANSFER__FINANCE__V1__CERTIFICATE__INIT;
    c.format = (char *)MATCH_CERTIFICATE_FORMAT;
    c.market = round->market;
    c.round_id = round->round_id;
    c.ran_unix_ms = round->ran_unix_ms;
    c.snapshot = match_snapshot_message (snapshot, arena);
    c.snapshot_hash = round->snapshot_hash = hash_of (pack (&c.snapshot->base, arena), arena);
    add_product_order (market, arena, &c);
    add_rankings (market, arena, &c);
    c.acceptable_pairs = round->acceptable_pairs;
    c.allocations = round->allocations;
    c.n_allocations = round->n_allocations;
    c.unmatched = round->unmatched;
    c.n_unmatched = round->n_unmatched;
    c.totals = round->totals;
    c.n_totals = round->n_totals;
    add_closings (market, result, arena, &c);
    tt_bytes bytes = pack (&c.base, arena);
    round->certificate_hash = hash_of (bytes, arena);
    round->certificate_size = bytes.size;
    return bytes;
}
