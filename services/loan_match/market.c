#include "market.h"

#include <string.h>

#include "screen.h"

/* What a limit for one applicant still leaves the applicant whose legs are being added. */
typedef struct {
    const char *applicant; /* whose it is; another applicant's is not read yet */
    int64_t left;
} personal_left;

typedef struct {
    const match_snapshot *snapshot;
    tt_arena *arena;
    match_market *market;
    match_offer *offers;
    uint32_t *provider_of;
    const finance_provider **providers; /* of each provider of the instance */
    uint32_t product_count, provider_count;
    match_want *wants;
    match_leg *legs;
    match_reason *reasons;
    uint32_t leg_count;
    tt_buffer pairs;                    /* of match_pair */
    tt_buffer groups;                   /* of match_group */
    uint32_t *preference;               /* of each product: its place in the legs' order */
    personal_left *of_provider;         /* exposure limits */
    personal_left *of_cap;              /* caps for each applicant */
    const finance_application **backed; /* of each provider: the application whose lead equity backs a leg there already */
} builder;

/* -- products -- */

static void
add_products (builder *b)
{
    const match_snapshot *s = b->snapshot;
    b->offers = tt_arena_zero (b->arena, s->product_count * sizeof *b->offers);
    b->provider_of = tt_arena_zero (b->arena, s->product_count * sizeof *b->provider_of);
    b->providers = tt_arena_zero (b->arena, s->product_count * sizeof *b->providers);
    for (size_t i = 0; i < s->product_count; i++) {
        const finance_provider *provider = match_snapshot_provider (s, s->products[i]->provider_id);
        if (provider == NULL)
            continue;
        if (b->provider_count == 0 || b->providers[b->provider_count - 1] != provider)
            b->providers[b->provider_count++] = provider;
        b->offers[b->product_count] = match_offer_of (provider, s->products[i]);
        b->provider_of[b->product_count++] = b->provider_count - 1;
    }
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
    uint32_t *order = tt_arena_alloc (b->arena, b->product_count * sizeof *order);
    b->preference = tt_arena_alloc (b->arena, b->product_count * sizeof *b->preference);
    for (uint32_t i = 0; i < b->product_count; i++)
        order[i] = i;
    if (b->product_count > 1)
        qsort_r (order, b->product_count, sizeof *order, compare_offers, b->offers);
    for (uint32_t i = 0; i < b->product_count; i++)
        b->preference[order[i]] = i;
    b->market->order = order;
}

/* -- legs -- */

static int
compare_legs (const void *a, const void *b)
{
    return (int)(*(const finance_leg *const *)a)->leg - (int)(*(const finance_leg *const *)b)->leg;
}

/* first: it is the applicant's first application. */
static void
add_legs (builder *b, const finance_application *application, bool first)
{
    const finance_lead *lead = match_snapshot_lead (b->snapshot, application->applicant);
    const finance_leg **legs = tt_arena_alloc (b->arena, application->n_legs * sizeof *legs);
    uint32_t from = b->leg_count;
    for (size_t i = 0; i < application->n_legs; i++)
        legs[i] = application->legs[i];
    if (application->n_legs > 1)
        qsort (legs, application->n_legs, sizeof *legs, compare_legs);
    for (size_t i = 0; i < application->n_legs; i++) {
        match_want *want = &b->wants[b->leg_count];
        *want = match_want_of (application, legs[i], lead != NULL, lead && first ? lead->confirmed_fen : 0);
        b->legs[b->leg_count++] = (match_leg){ .amount = legs[i]->amount_fen,
                                               .minimum = legs[i]->minimum_fen,
                                               .lead_leg = want->may_lead ? from : MATCH_NONE, /* EQUITY is the lowest leg */
                                               .confirmed_lead = want->lead,
                                               .followed = want->followed };
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
        add_legs (b, s->applications[i],
                  i == 0 || strcmp (s->applications[i - 1]->applicant, s->applications[i]->applicant) != 0);
}

/* -- limits for one applicant, shared out among its legs -- */

static int64_t *
left_of_provider (builder *b, uint32_t provider, const char *applicant)
{
    personal_left *known = &b->of_provider[provider];
    const finance_provider *p = b->providers[provider];
    if (known->applicant == NULL || strcmp (known->applicant, applicant) != 0) {
        int64_t used = p->exposure_limit_fen ? match_snapshot_exposure (b->snapshot, applicant, p->provider_id, "") : 0;
        int64_t limit = p->exposure_limit_fen ? p->exposure_limit_fen : INT64_MAX;
        *known = (personal_left){ applicant, limit > used ? limit - used : 0 };
    }
    return &known->left;
}

static int64_t *
left_of_cap (builder *b, uint32_t cap, const char *applicant)
{
    personal_left *known = &b->of_cap[cap];
    const finance_cap *c = b->snapshot->caps[cap];
    if (known->applicant == NULL || strcmp (known->applicant, applicant) != 0) {
        int64_t used = match_snapshot_exposure (b->snapshot, applicant, "", c->cap_id);
        *known = (personal_left){ applicant, !c->suspended && c->limit_fen > used ? c->limit_fen - used : 0 };
    }
    return &known->left;
}

/* The tightest of the limits for this applicant at a provider. */
static int64_t
personal_room (builder *b, const match_want *want, uint32_t provider, uint32_t part)
{
    const match_caps *caps = b->market->caps;
    int64_t room = *left_of_provider (b, provider, want->application->applicant);
    for (uint32_t cap = match_caps_personal (caps, provider, want->leg->leg, part); cap != MATCH_NO_SET;
         cap = match_caps_personal_parent (caps, cap, want->leg->leg, part)) {
        int64_t left = *left_of_cap (b, cap, want->application->applicant);
        room = left < room ? left : room;
    }
    return room;
}

static uint32_t
add_group (builder *b, match_group group)
{
    tt_buffer_append (&b->groups, &group, sizeof group);
    return (uint32_t)(b->groups.size / sizeof group) - 1;
}

/* A leg takes its share of a limit; MATCH_NONE if that is no limit to it. */
static uint32_t
take_share (builder *b, uint32_t leg, int64_t *left)
{
    int64_t share = *left < b->legs[leg].amount ? *left : b->legs[leg].amount;
    *left -= share;
    return share == b->legs[leg].amount ? MATCH_NONE : add_group (b, (match_group){ share, MATCH_NONE, leg, 0, 0 });
}

/* -- pairs -- */

static match_pair *
pairs_of (builder *b)
{
    return (match_pair *)(void *)b->pairs.data;
}

static size_t
pair_total (const builder *b)
{
    return b->pairs.size / sizeof (match_pair);
}

static void
try_pair (builder *b, uint32_t leg, uint32_t product, uint32_t part, int64_t room)
{
    const match_want *want = &b->wants[leg];
    const match_offer *offer = &b->offers[product];
    bool follows = match_follows (offer);
    match_reason reason = match_mandate (want, offer, room, match_caps_left (b->market->caps, product, part));
    if (reason == MATCH_ACCEPTABLE && offer->product->lead_percent && b->backed[b->provider_of[product]] == want->application)
        reason = MATCH_NO_LEAD;
    if (reason > b->reasons[leg])
        b->reasons[leg] = reason;
    if (reason != MATCH_ACCEPTABLE)
        return;
    int64_t most = offer->product->ticket_max_fen;
    match_pair pair = { .leg = leg,
                        .product = product,
                        .node = match_caps_node (b->market->caps, product, part),
                        .group = MATCH_NONE,
                        .wave = !follows && offer->product->leg == FINANCE (LEG__EQUITY) ? 0 : 1,
                        .needs_lead = follows,
                        .limit = most < want->leg->amount_fen ? most : want->leg->amount_fen,
                        .minimum = offer->product->ticket_min_fen };
    tt_buffer_append (&b->pairs, &pair, sizeof pair);
}

/* The next higher percentage of lead equity among the leg's pairs at a provider; UINT32_MAX: none. */
static uint32_t
next_percent (builder *b, size_t first, uint32_t above)
{
    uint32_t next = UINT32_MAX;
    for (size_t i = first; i < pair_total (b); i++) {
        uint32_t percent = b->offers[pairs_of (b)[i].product].product->lead_percent;
        if (percent > above && percent < next)
            next = percent;
    }
    return next;
}

/* Groups for what lead equity allows, one inside the other, the smallest percentage innermost. */
static void
link_pairs (builder *b, uint32_t leg, uint32_t provider, size_t first)
{
    const match_want *want = &b->wants[leg];
    int64_t used = match_snapshot_exposure (b->snapshot, want->application->applicant, b->providers[provider]->provider_id, "");
    uint32_t inner = MATCH_NONE;
    for (uint32_t percent = next_percent (b, first, 0); percent != UINT32_MAX; percent = next_percent (b, first, percent)) {
        uint32_t group = add_group (b, (match_group){ want->leg->amount_fen, MATCH_NONE, leg, percent, used });
        if (inner != MATCH_NONE)
            ((match_group *)(void *)b->groups.data)[inner].parent = group;
        for (size_t i = first; i < pair_total (b); i++)
            if (b->offers[pairs_of (b)[i].product].product->lead_percent == percent)
                pairs_of (b)[i].group = group;
        inner = group;
        b->backed[provider] = want->application;
    }
}

/* Hangs `group` around a pair and the groups that it is in. */
static void
surround (builder *b, size_t pair, uint32_t group)
{
    match_group *groups = (match_group *)(void *)b->groups.data;
    uint32_t *place = &pairs_of (b)[pair].group;
    while (*place != MATCH_NONE && *place != group)
        place = &groups[*place].parent;
    *place = group;
}

/* The pairs of a leg at one provider, from `first` on: their groups, from the inside out. */
static void
group_pairs (builder *b, uint32_t leg, uint32_t provider, size_t first)
{
    const match_want *want = &b->wants[leg];
    if (first == pair_total (b))
        return;
    link_pairs (b, leg, provider, first);
    if (b->providers[provider]->exposure_limit_fen) {
        uint32_t group = take_share (b, leg, left_of_provider (b, provider, want->application->applicant));
        for (size_t i = first; group != MATCH_NONE && i < pair_total (b); i++)
            surround (b, i, group);
    }
}

/* -- caps for each applicant, around the pairs of a leg with many providers -- */

/* Whether a cap covers a pair. */
static bool
is_under (const builder *b, const match_pair *pair, uint32_t part, uint32_t wanted)
{
    const match_caps *caps = b->market->caps;
    Techtransfer__Finance__V1__Leg leg = b->wants[pair->leg].leg->leg;
    uint32_t cap = match_caps_personal (caps, b->provider_of[pair->product], leg, part);
    while (cap != MATCH_NO_SET && cap != wanted)
        cap = match_caps_personal_parent (caps, cap, leg, part);
    return cap == wanted;
}

/* Inner caps first, because groups around them stand after them. */
static void
group_by_caps (builder *b, uint32_t leg, size_t first, uint32_t part)
{
    const match_want *want = &b->wants[leg];
    uint32_t count = (uint32_t)b->snapshot->cap_count;
    for (uint32_t place = 0; place < count; place++) {
        uint32_t cap = match_caps_personal_at (b->market->caps, place, want->leg->leg, part), group = MATCH_NONE;
        bool met = false;
        if (!b->snapshot->caps[cap]->per_applicant)
            continue;
        for (size_t i = first; i < pair_total (b); i++) {
            if (!is_under (b, &pairs_of (b)[i], part, cap))
                continue;
            if (!met)
                group = take_share (b, leg, left_of_cap (b, cap, want->application->applicant));
            met = true;
            if (group != MATCH_NONE)
                surround (b, i, group);
        }
    }
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
    const match_want *want = &b->wants[leg];
    uint32_t part = match_caps_part (b->market->caps, want->application->district);
    size_t first = pair_total (b);
    for (size_t i = 0; i < count;) {
        uint32_t provider = b->provider_of[candidates[i]];
        int64_t room = personal_room (b, want, provider, part);
        size_t first_here = pair_total (b);
        for (; i < count && b->provider_of[candidates[i]] == provider; i++)
            try_pair (b, leg, candidates[i], part, room);
        group_pairs (b, leg, provider, first_here);
    }
    if (first < pair_total (b))
        group_by_caps (b, leg, first, part);
    b->legs[leg].first_pair = (uint32_t)first;
    b->legs[leg].pair_count = (uint32_t)(pair_total (b) - first);
    if (b->legs[leg].pair_count > 1)
        qsort_r (pairs_of (b) + first, b->legs[leg].pair_count, sizeof (match_pair), compare_pairs, b->preference);
}

static void
add_all_pairs (builder *b)
{
    match_screen *screen = match_screen_new (b->offers, b->product_count);
    uint32_t *candidates = tt_alloc ((b->product_count + 1) * sizeof *candidates);
    b->of_provider = tt_alloc_zero (b->provider_count + 1, sizeof *b->of_provider);
    b->of_cap = tt_alloc_zero (b->snapshot->cap_count + 1, sizeof *b->of_cap);
    b->backed = tt_alloc_zero (b->provider_count + 1, sizeof *b->backed);
    for (uint32_t i = 0; i < b->leg_count; i++)
        add_pairs (b, i, candidates, match_screen_ask (screen, &b->wants[i], candidates));
    free (b->backed);
    free (b->of_cap);
    free (b->of_provider);
    free (candidates);
    match_screen_destroy (&screen);
}

/* Without pairs that follow lead equity there is nothing to wait for. */
static void
join_waves (builder *b)
{
    for (size_t i = 0; i < pair_total (b); i++)
        if (pairs_of (b)[i].needs_lead)
            return;
    for (size_t i = 0; i < pair_total (b); i++)
        pairs_of (b)[i].wave = 0;
}

/* -- the products' orders -- */

Techtransfer__Finance__V1__RankingPolicy
match_policy_of (const finance_product *product)
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

uint32_t *
match_market_ranking (const match_market *market, Techtransfer__Finance__V1__RankingPolicy policy, tt_arena *arena)
{
    ranking context = { market->wants, policy };
    uint32_t count = market->instance.leg_count, *order = tt_arena_alloc (arena, count * sizeof *order);
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    if (count > 1)
        qsort_r (order, count, sizeof *order, compare_wants, &context);
    return order;
}

/* Ranks the pairs of all products of a policy: legs in the policy's order take the next place at each of their products. */
static void
rank_pairs (builder *b, Techtransfer__Finance__V1__RankingPolicy policy, uint32_t *next)
{
    match_pair *pairs = pairs_of (b);
    const uint32_t *order = match_market_ranking (b->market, policy, b->arena);
    for (uint32_t i = 0; i < b->leg_count; i++) {
        const match_leg *leg = &b->legs[order[i]];
        for (uint32_t k = leg->first_pair; k < leg->first_pair + leg->pair_count; k++)
            if (match_policy_of (b->offers[pairs[k].product].product) == policy)
                pairs[k].rank = next[pairs[k].product]++;
    }
}

static void
rank_all_pairs (builder *b)
{
    uint32_t *next = tt_alloc_zero (b->product_count + 1, sizeof *next);
    rank_pairs (b, FINANCE (RANKING_POLICY__BY_SCORE), next);
    rank_pairs (b, FINANCE (RANKING_POLICY__SMALLEST_FIRST), next);
    rank_pairs (b, FINANCE (RANKING_POLICY__YOUNGEST_FIRST), next);
    free (next);
}

/* -- together -- */

static const match_node *
nodes_of (const match_caps *caps, tt_arena *arena)
{
    uint32_t count = match_caps_node_count (caps);
    match_node *nodes = tt_arena_alloc (arena, count * sizeof *nodes);
    for (uint32_t i = 0; i < count; i++)
        nodes[i] = (match_node){ match_caps_node_left (caps, i), match_caps_node_parent (caps, i) };
    return nodes;
}

static void
build_pairs (builder *b)
{
    add_all_legs (b);
    b->market->wants = b->wants;
    b->market->reasons = b->reasons;
    b->market->instance.leg_count = b->leg_count;
    add_all_pairs (b);
    join_waves (b);
    rank_all_pairs (b);
    match_instance *in = &b->market->instance;
    in->legs = b->legs;
    in->pair_count = (uint32_t)pair_total (b);
    in->group_count = (uint32_t)(b->groups.size / sizeof (match_group));
    in->node_count = match_caps_node_count (b->market->caps);
    in->nodes = nodes_of (b->market->caps, b->arena);
    in->pairs = pairs_of (b);
    in->groups = (const match_group *)(const void *)b->groups.data;
    b->market->pairs = b->pairs;
    b->market->groups = b->groups;
}

tt_status
match_market_build (const match_snapshot *snapshot, tt_arena *arena, match_market *market, tt_error *error)
{
    builder b = { .snapshot = snapshot, .arena = arena, .market = market };
    *market = (match_market){ 0 };
    add_products (&b);
    order_products (&b);
    market->offers = b.offers;
    market->product_count = b.product_count;
    market->caps_input = (match_caps_input){ b.offers,         b.provider_of,  b.product_count,
                                             b.provider_count, snapshot->caps, (uint32_t)snapshot->cap_count };
    tt_status status = match_caps_new (&market->caps, &market->caps_input, error);
    if (status == TT_OK)
        build_pairs (&b);
    return status;
}

void
match_market_free (match_market *market)
{
    match_caps_destroy (&market->caps);
    tt_buffer_free (&market->pairs);
    tt_buffer_free (&market->groups);
}
