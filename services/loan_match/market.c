#include "market.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "screen.h"

/* -- the snapshot -- */

static int
compare_providers (const void *a, const void *b)
{
    return strcmp ((*(const finance_provider *const *)a)->provider_id, (*(const finance_provider *const *)b)->provider_id);
}

static int
compare_products (const void *left, const void *right)
{
    const finance_product *a = *(const finance_product *const *)left, *b = *(const finance_product *const *)right;
    int order = strcmp (a->provider_id, b->provider_id);
    return order ? order : strcmp (a->product_id, b->product_id);
}

static int
compare_applications (const void *left, const void *right)
{
    const finance_application *a = *(const finance_application *const *)left, *b = *(const finance_application *const *)right;
    int order = strcmp (a->applicant, b->applicant);
    return order ? order : strcmp (a->application_id, b->application_id);
}

static int
compare_exposures (const void *left, const void *right)
{
    const match_exposure *a = left, *b = right;
    int order = strcmp (a->applicant, b->applicant);
    return order ? order : strcmp (a->provider_id, b->provider_id);
}

static int
compare_texts (const void *a, const void *b)
{
    return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
sort (void *array, size_t count, size_t size, int (*compare) (const void *, const void *))
{
    if (count > 1)
        qsort (array, count, size, compare);
}

void
match_snapshot_sort (match_snapshot *s)
{
    sort (s->providers, s->provider_count, sizeof *s->providers, compare_providers);
    sort (s->products, s->product_count, sizeof *s->products, compare_products);
    sort (s->applications, s->application_count, sizeof *s->applications, compare_applications);
    sort (s->exposures, s->exposure_count, sizeof *s->exposures, compare_exposures);
    sort (s->leads, s->lead_count, sizeof *s->leads, compare_texts);
}

const finance_product *
match_snapshot_product (const match_snapshot *s, const char *provider_id, const char *product_id)
{
    finance_product wanted = { .provider_id = (char *)provider_id, .product_id = (char *)product_id };
    const finance_product *key = &wanted, **found = NULL;
    if (s->product_count)
        found = bsearch (&key, s->products, s->product_count, sizeof *s->products, compare_products);
    return found ? *found : NULL;
}

static void
put_size (tt_buffer *out, size_t size)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)size >> (8 * i));
    tt_buffer_append (out, bytes, sizeof bytes);
}

static void
put_message (tt_buffer *out, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    put_size (out, size);
    protobuf_c_message_pack (message, tt_buffer_reserve (out, size));
    out->size += size;
}

static void
put_text (tt_buffer *out, const char *text)
{
    put_size (out, strlen (text));
    tt_buffer_text (out, text);
}

void
match_snapshot_hash (const match_snapshot *s, char out[MATCH_HASH_SIZE])
{
    tt_buffer bytes = { 0 };
    put_size (&bytes, s->provider_count);
    for (size_t i = 0; i < s->provider_count; i++)
        put_message (&bytes, &s->providers[i]->base);
    put_size (&bytes, s->product_count);
    for (size_t i = 0; i < s->product_count; i++)
        put_message (&bytes, &s->products[i]->base);
    put_size (&bytes, s->application_count);
    for (size_t i = 0; i < s->application_count; i++)
        put_message (&bytes, &s->applications[i]->base);
    put_size (&bytes, s->exposure_count);
    for (size_t i = 0; i < s->exposure_count; i++) {
        char text[192];
        snprintf (text, sizeof text, "%s/%s/%lld", s->exposures[i].applicant, s->exposures[i].provider_id,
                  (long long)s->exposures[i].amount_fen);
        put_text (&bytes, text);
    }
    put_size (&bytes, s->lead_count);
    for (size_t i = 0; i < s->lead_count; i++)
        put_text (&bytes, s->leads[i]);
    XXH128_hash_t hash = XXH3_128bits (bytes.data, bytes.size);
    snprintf (out, MATCH_HASH_SIZE, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
    tt_buffer_free (&bytes);
}

/* -- the problem -- */

typedef struct {
    const match_snapshot *snapshot;
    tt_arena *arena;
    match_offer *offers;
    match_product *products;
    match_provider *providers;
    const finance_provider **provider_messages; /* of each provider of the instance */
    uint32_t product_count, provider_count;
    match_want *wants;
    match_leg *legs;
    match_reason *reasons;
    uint32_t leg_count;
    tt_buffer pairs;        /* of match_pair */
    tt_buffer groups;       /* of int64_t */
    uint32_t *preference;   /* of each product: its place in the legs' order */
    int64_t *exposure_left; /* of each provider, for the applicant of exposure_of */
    const char **exposure_of;
} builder;

static const finance_provider *
find_provider (const match_snapshot *s, const char *provider_id)
{
    finance_provider wanted = { .provider_id = (char *)provider_id };
    const finance_provider *key = &wanted, **found = NULL;
    if (s->provider_count)
        found = bsearch (&key, s->providers, s->provider_count, sizeof *s->providers, compare_providers);
    return found ? *found : NULL;
}

static void
add_product (builder *b, const finance_product *product)
{
    const finance_provider *provider = find_provider (b->snapshot, product->provider_id);
    if (provider == NULL)
        return;
    match_offer offer = match_offer_of (provider, product);
    if (b->provider_count == 0 || b->provider_messages[b->provider_count - 1] != provider) {
        b->provider_messages[b->provider_count] = provider;
        b->providers[b->provider_count++]
            = (match_provider){ .capacity = offer.provider_left, .first_product = b->product_count };
    }
    b->providers[b->provider_count - 1].product_count++;
    b->offers[b->product_count] = offer;
    b->products[b->product_count++] = (match_product){ .capacity = offer.product_left, .provider = b->provider_count - 1 };
}

static void
add_products (builder *b)
{
    const match_snapshot *s = b->snapshot;
    b->offers = tt_arena_zero (b->arena, s->product_count * sizeof *b->offers);
    b->products = tt_arena_zero (b->arena, s->product_count * sizeof *b->products);
    b->providers = tt_arena_zero (b->arena, s->product_count * sizeof *b->providers);
    b->provider_messages = tt_arena_zero (b->arena, s->product_count * sizeof *b->provider_messages);
    for (size_t i = 0; i < s->product_count; i++)
        add_product (b, s->products[i]);
}

static int
compare_offers (const void *left, const void *right, void *context)
{
    uint32_t i = *(const uint32_t *)left, k = *(const uint32_t *)right;
    const match_offer *offers = context, *a = &offers[i], *b = &offers[k];
    int order = tt_decimal_compare (a->price, b->price);
    if (order)
        return order;
    if (a->product->ticket_max_fen != b->product->ticket_max_fen)
        return a->product->ticket_max_fen > b->product->ticket_max_fen ? -1 : 1;
    return i < k ? -1 : 1;
}

static void
order_products (builder *b)
{
    uint32_t *order = tt_alloc (b->product_count * sizeof *order);
    b->preference = tt_arena_alloc (b->arena, b->product_count * sizeof *b->preference);
    for (uint32_t i = 0; i < b->product_count; i++)
        order[i] = i;
    qsort_r (order, b->product_count, sizeof *order, compare_offers, b->offers);
    for (uint32_t i = 0; i < b->product_count; i++)
        b->preference[order[i]] = i;
    free (order);
}

static int
compare_legs (const void *a, const void *b)
{
    return (int)(*(const finance_leg *const *)a)->leg - (int)(*(const finance_leg *const *)b)->leg;
}

static void
add_legs (builder *b, const finance_application *application)
{
    const char **leads = b->snapshot->leads;
    bool led = b->snapshot->lead_count
               && bsearch (&application->applicant, leads, b->snapshot->lead_count, sizeof *leads, compare_texts) != NULL;
    const finance_leg **legs = tt_arena_alloc (b->arena, application->n_legs * sizeof *legs);
    for (size_t i = 0; i < application->n_legs; i++)
        legs[i] = application->legs[i];
    sort (legs, application->n_legs, sizeof *legs, compare_legs);
    for (size_t i = 0; i < application->n_legs; i++) {
        b->wants[b->leg_count] = match_want_of (application, legs[i], led);
        b->legs[b->leg_count++] = (match_leg){ .amount = legs[i]->amount_fen, .minimum = legs[i]->minimum_fen };
    }
}

static void
add_all_legs (builder *b)
{
    const match_snapshot *s = b->snapshot;
    size_t count = 0;
    for (size_t i = 0; i < s->application_count; i++)
        count += s->applications[i]->n_legs;
    b->wants = tt_arena_zero (b->arena, count * sizeof *b->wants);
    b->legs = tt_arena_zero (b->arena, count * sizeof *b->legs);
    b->reasons = tt_arena_zero (b->arena, count * sizeof *b->reasons);
    for (size_t i = 0; i < s->application_count; i++)
        add_legs (b, s->applications[i]);
}

/* What the provider's limit still leaves this applicant: less what stands and what its earlier legs may use. */
static int64_t *
exposure_left (builder *b, uint32_t provider, const char *applicant)
{
    int64_t *left = &b->exposure_left[provider];
    if (b->exposure_of[provider] && strcmp (b->exposure_of[provider], applicant) == 0)
        return left;
    b->exposure_of[provider] = applicant;
    const finance_provider *message = b->provider_messages[provider];
    *left = message->exposure_limit_fen ? message->exposure_limit_fen : INT64_MAX;
    match_exposure key = { applicant, message->provider_id, 0 }, *found = NULL;
    if (message->exposure_limit_fen && b->snapshot->exposure_count)
        found = bsearch (&key, b->snapshot->exposures, b->snapshot->exposure_count, sizeof key, compare_exposures);
    if (found)
        *left = found->amount_fen < *left ? *left - found->amount_fen : 0;
    return left;
}

/* The pairs of a leg at one provider, from `first` on: takes their share of the exposure limit and makes it their common cap. */
static void
share_exposure (builder *b, const match_want *want, uint32_t provider, size_t first)
{
    match_pair *pairs = (match_pair *)(void *)b->pairs.data;
    size_t end = b->pairs.size / sizeof *pairs;
    if (first == end || b->provider_messages[provider]->exposure_limit_fen == 0)
        return;
    int64_t *left = exposure_left (b, provider, want->application->applicant);
    int64_t cap = *left < want->leg->amount_fen ? *left : want->leg->amount_fen;
    *left -= cap;
    if (cap == want->leg->amount_fen)
        return;
    for (size_t i = first; i < end; i++)
        pairs[i].group = (uint32_t)(b->groups.size / sizeof cap);
    tt_buffer_append (&b->groups, &cap, sizeof cap);
}

static void
try_pair (builder *b, uint32_t leg, uint32_t product)
{
    const match_want *want = &b->wants[leg];
    const match_offer *offer = &b->offers[product];
    int64_t left = *exposure_left (b, b->products[product].provider, want->application->applicant);
    match_reason reason = match_mandate (want, offer, left);
    if (reason > b->reasons[leg])
        b->reasons[leg] = reason;
    if (reason != MATCH_ACCEPTABLE)
        return;
    int64_t most = offer->product->ticket_max_fen;
    match_pair pair = { .leg = leg,
                        .product = product,
                        .group = MATCH_NO_GROUP,
                        .limit = most < want->leg->amount_fen ? most : want->leg->amount_fen,
                        .minimum = offer->product->ticket_min_fen };
    tt_buffer_append (&b->pairs, &pair, sizeof pair);
}

static int
compare_pairs (const void *a, const void *b, void *preference)
{
    const uint32_t *order = preference;
    uint32_t x = order[((const match_pair *)a)->product], y = order[((const match_pair *)b)->product];
    return (x > y) - (x < y);
}

/* candidates: by provider, because products stand by provider. */
static void
add_pairs (builder *b, uint32_t leg, const uint32_t *candidates, size_t count)
{
    size_t first = b->pairs.size / sizeof (match_pair);
    for (size_t i = 0; i < count;) {
        uint32_t provider = b->products[candidates[i]].provider;
        size_t first_here = b->pairs.size / sizeof (match_pair);
        for (; i < count && b->products[candidates[i]].provider == provider; i++)
            try_pair (b, leg, candidates[i]);
        share_exposure (b, &b->wants[leg], provider, first_here);
    }
    b->legs[leg].first_pair = (uint32_t)first;
    b->legs[leg].pair_count = (uint32_t)(b->pairs.size / sizeof (match_pair) - first);
    if (b->legs[leg].pair_count > 1)
        qsort_r (b->pairs.data + first * sizeof (match_pair), b->legs[leg].pair_count, sizeof (match_pair), compare_pairs,
                 b->preference);
}

static void
add_all_pairs (builder *b)
{
    match_screen *screen = match_screen_new (b->offers, b->product_count);
    uint32_t *candidates = tt_alloc (b->product_count * sizeof *candidates);
    b->exposure_left = tt_alloc_zero (b->provider_count, sizeof *b->exposure_left);
    b->exposure_of = tt_alloc_zero (b->provider_count, sizeof *b->exposure_of);
    for (uint32_t i = 0; i < b->leg_count; i++)
        add_pairs (b, i, candidates, match_screen_ask (screen, &b->wants[i], candidates));
    free (b->exposure_of);
    free (b->exposure_left);
    free (candidates);
    match_screen_destroy (&screen);
}

/* -- the products' orders -- */

static Techtransfer__Finance__V1__RankingPolicy
policy_of (const finance_product *product)
{
    return product->ranking == FINANCE (RANKING_POLICY__RANKING_POLICY_UNSPECIFIED) ? FINANCE (RANKING_POLICY__BY_SCORE)
                                                                                    : product->ranking;
}

typedef struct {
    const match_want *wants;
    Techtransfer__Finance__V1__RankingPolicy policy;
} ranking;

static int
compare_wants (const void *left, const void *right, void *context)
{
    const ranking *r = context;
    const match_want *a = &r->wants[*(const uint32_t *)left], *b = &r->wants[*(const uint32_t *)right];
    int64_t x = a->leg->amount_fen, y = b->leg->amount_fen;
    if (r->policy == FINANCE (RANKING_POLICY__BY_SCORE)) {
        x = b->application->score;
        y = a->application->score;
    } else if (r->policy == FINANCE (RANKING_POLICY__YOUNGEST_FIRST)) {
        x = a->application->age_months;
        y = b->application->age_months;
    }
    if (x != y)
        return x < y ? -1 : 1;
    int order = strcmp (a->application->application_id, b->application->application_id);
    return order ? order : (int)a->leg->leg - (int)b->leg->leg;
}

/* Ranks the pairs of all products of a policy: legs in the policy's order take the next place at each of their products. */
static void
rank_pairs (builder *b, Techtransfer__Finance__V1__RankingPolicy policy, uint32_t *order, uint32_t *next)
{
    ranking context = { b->wants, policy };
    match_pair *pairs = (match_pair *)(void *)b->pairs.data;
    for (uint32_t i = 0; i < b->leg_count; i++)
        order[i] = i;
    qsort_r (order, b->leg_count, sizeof *order, compare_wants, &context);
    for (uint32_t i = 0; i < b->leg_count; i++) {
        const match_leg *leg = &b->legs[order[i]];
        for (uint32_t k = leg->first_pair; k < leg->first_pair + leg->pair_count; k++)
            if (policy_of (b->offers[pairs[k].product].product) == policy)
                pairs[k].rank = next[pairs[k].product]++;
    }
}

static void
rank_all_pairs (builder *b)
{
    uint32_t *order = tt_alloc (b->leg_count * sizeof *order);
    uint32_t *next = tt_alloc_zero (b->product_count, sizeof *next);
    rank_pairs (b, FINANCE (RANKING_POLICY__BY_SCORE), order, next);
    rank_pairs (b, FINANCE (RANKING_POLICY__SMALLEST_FIRST), order, next);
    rank_pairs (b, FINANCE (RANKING_POLICY__YOUNGEST_FIRST), order, next);
    free (next);
    free (order);
}

void
match_market_build (const match_snapshot *snapshot, tt_arena *arena, match_market *market)
{
    builder b = { .snapshot = snapshot, .arena = arena };
    add_products (&b);
    order_products (&b);
    add_all_legs (&b);
    add_all_pairs (&b);
    rank_all_pairs (&b);
    tt_bytes pairs = tt_arena_copy (arena, (tt_bytes){ b.pairs.data, b.pairs.size });
    tt_bytes groups = tt_arena_copy (arena, (tt_bytes){ b.groups.data, b.groups.size });
    *market = (match_market){ .wants = b.wants, .offers = b.offers, .reasons = b.reasons };
    market->instance = (match_instance){ .legs = b.legs,
                                         .pairs = (const match_pair *)(const void *)pairs.data,
                                         .products = b.products,
                                         .providers = b.providers,
                                         .groups = (const int64_t *)(const void *)groups.data,
                                         .leg_count = b.leg_count,
                                         .pair_count = (uint32_t)(pairs.size / sizeof (match_pair)),
                                         .product_count = b.product_count,
                                         .provider_count = b.provider_count,
                                         .group_count = (uint32_t)(groups.size / sizeof (int64_t)) };
    tt_buffer_free (&b.pairs);
    tt_buffer_free (&b.groups);
}
