/* The market as the rules make it of the snapshot: legs, products, who may fund whom, and what each leg may have of what is
 * limited for one applicant. Written from CERTIFICATE.md; every product is asked about every leg. */
#include <string.h>

#include "inside.h"

/* What a limit for one applicant leaves the applicant whose legs are looked at. */
typedef struct {
    const char *applicant;
    int64_t left;
} remainder_of;

typedef struct {
    verify_market *m;
    tt_buffer pairs;
    remainder_of *of_provider; /* by place in the snapshot */
    remainder_of *of_cap;
    const pb_application **backed; /* of each provider */
    uint32_t *provider_place;      /* of each product */
    int64_t *supply_left;          /* of each product: product, provider */
} work;

static tt_decimal
decimal (const char *text)
{
    tt_decimal value = { 0 };
    if (*text && tt_decimal_parse (text, &value) != TT_OK)
        return (tt_decimal){ 0 };
    return value;
}

/* -- legs and products -- */

static const pb_lead *
find_lead (const pb_snapshot *s, const char *applicant)
{
    size_t low = 0, high = s->n_leads;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp (s->leads[middle]->applicant, applicant);
        if (order == 0)
            return s->leads[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void
add_leg (verify_market *m, const pb_application *a, pb_leg which, bool first, const pb_lead *lead, uint32_t equity)
{
    for (size_t i = 0; i < a->n_legs; i++)
        if (a->legs[i]->leg == which)
            m->legs[m->leg_count++] = (verify_leg){ .application = a,
                                                    .wanted = a->legs[i],
                                                    .price_limit = decimal (a->legs[i]->price_limit),
                                                    .equity = equity,
                                                    .confirmed_lead = lead && first ? lead->confirmed_fen : 0,
                                                    .led = lead != NULL };
}

static bool
wants_equity (const pb_application *a)
{
    for (size_t i = 0; i < a->n_legs; i++)
        if (a->legs[i]->leg == VERIFY_ENUM (LEG__EQUITY))
            return true;
    return false;
}

static void
add_legs (verify_market *m)
{
    const pb_snapshot *s = m->snapshot;
    m->legs = tt_arena_zero (m->arena, (3 * s->n_applications + 1) * sizeof *m->legs);
    for (size_t i = 0; i < s->n_applications; i++) {
        const pb_application *a = s->applications[i];
        bool first = i == 0 || strcmp (s->applications[i - 1]->applicant, a->applicant) != 0;
        uint32_t equity = wants_equity (a) ? m->leg_count : VERIFY_NONE;
        for (int leg = VERIFY_ENUM (LEG__EQUITY); leg <= VERIFY_ENUM (LEG__LEASE); leg++)
            add_leg (m, a, (pb_leg)leg, first, find_lead (s, a->applicant), equity);
    }
}

static int
compare_ids (const void *left, const void *right, void *context)
{
    const verify_leg *legs = context, *a = &legs[*(const uint32_t *)left], *b = &legs[*(const uint32_t *)right];
    int order = strcmp (a->application->application_id, b->application->application_id);
    return order ? order : (int)a->wanted->leg - (int)b->wanted->leg;
}

static void
index_legs (verify_market *m)
{
    m->leg_of_id = tt_arena_alloc (m->arena, (m->leg_count + 1) * sizeof *m->leg_of_id);
    for (uint32_t i = 0; i < m->leg_count; i++)
        m->leg_of_id[i] = i;
    if (m->leg_count > 1)
        qsort_r (m->leg_of_id, m->leg_count, sizeof *m->leg_of_id, compare_ids, m->legs);
}

static size_t
provider_place (const pb_snapshot *s, const char *provider_id)
{
    size_t low = 0, high = s->n_providers;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp (s->providers[middle]->provider_id, provider_id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return s->n_providers;
}

static int64_t
rest (int64_t capacity, int64_t held, int64_t confirmed)
{
    int64_t left = capacity - held - confirmed;
    return left > 0 ? left : 0;
}

static void
add_products (work *w)
{
    verify_market *m = w->m;
    const pb_snapshot *s = m->snapshot;
    m->products = tt_arena_zero (m->arena, (s->n_products + 1) * sizeof *m->products);
    w->provider_place = tt_arena_zero (m->arena, (s->n_products + 1) * sizeof *w->provider_place);
    w->supply_left = tt_arena_zero (m->arena, (s->n_products + 1) * sizeof *w->supply_left);
    for (size_t i = 0; i < s->n_products; i++) {
        const pb_product *p = s->products[i];
        size_t place = provider_place (s, p->provider_id);
        if (place == s->n_providers)
            continue;
        const pb_provider *v = s->providers[place];
        int64_t own = rest (p->capacity_fen, p->held_fen, p->confirmed_fen),
                all = rest (v->capacity_fen, v->held_fen, v->confirmed_fen);
        w->provider_place[m->product_count] = (uint32_t)place;
        w->supply_left[m->product_count] = own < all ? own : all;
        m->products[m->product_count++]
            = (verify_product){ .message = p,
                                .provider = v,
                                .price = decimal (p->price),
                                .follows = p->lead_percent > 0 || v->kind == VERIFY_ENUM (PROVIDER_KIND__GUIDING_FUND) };
    }
}

static int
compare_products (const void *left, const void *right, void *context)
{
    uint32_t i = *(const uint32_t *)left, k = *(const uint32_t *)right;
    const verify_product *products = context, *a = &products[i], *b = &products[k];
    int order = tt_decimal_compare (a->price, b->price);
    if (order == 0)
        order = (a->message->ticket_max_fen < b->message->ticket_max_fen)
                - (a->message->ticket_max_fen > b->message->ticket_max_fen);
    return order ? order : i < k ? -1 : 1;
}

static void
order_products (verify_market *m)
{
    m->order = tt_arena_alloc (m->arena, (m->product_count + 1) * sizeof *m->order);
    for (uint32_t i = 0; i < m->product_count; i++)
        m->order[i] = i;
    if (m->product_count > 1)
        qsort_r (m->order, m->product_count, sizeof *m->order, compare_products, m->products);
    for (uint32_t i = 0; i < m->product_count; i++)
        m->products[m->order[i]].place = i;
}

/* -- limits for one applicant -- */

static int64_t
exposure (const pb_snapshot *s, const char *applicant, const char *provider_id, const char *cap_id)
{
    size_t low = 0, high = s->n_exposures;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const pb_exposure *e = s->exposures[middle];
        int order = strcmp (e->applicant, applicant);
        if (order == 0)
            order = strcmp (e->provider_id, provider_id);
        if (order == 0)
            order = strcmp (e->cap_id, cap_id);
        if (order == 0)
            return e->amount_fen;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static int64_t *
left_at_provider (work *w, uint32_t place, const char *applicant)
{
    const pb_provider *v = w->m->snapshot->providers[place];
    remainder_of *r = &w->of_provider[place];
    if (r->applicant == NULL || strcmp (r->applicant, applicant) != 0) {
        *r = (remainder_of){ applicant, INT64_MAX };
        if (v->exposure_limit_fen)
            r->left = rest (v->exposure_limit_fen, exposure (w->m->snapshot, applicant, v->provider_id, ""), 0);
    }
    return &r->left;
}

static int64_t *
left_under_cap (work *w, size_t cap, const char *applicant)
{
    const pb_cap *c = w->m->snapshot->caps[cap];
    remainder_of *r = &w->of_cap[cap];
    if (r->applicant == NULL || strcmp (r->applicant, applicant) != 0) {
        *r = (remainder_of){ applicant, 0 };
        if (!c->suspended)
            r->left = rest (c->limit_fen, exposure (w->m->snapshot, applicant, "", c->cap_id), 0);
    }
    return &r->left;
}

/* The tightest limit for each applicant, and for all together, on a leg at a product. */
static void
find_limits (work *w, const verify_leg *leg, uint32_t product, int64_t *personal, int64_t *supply)
{
    const pb_snapshot *s = w->m->snapshot;
    *personal = *left_at_provider (w, w->provider_place[product], leg->application->applicant);
    *supply = w->supply_left[product];
    for (size_t i = 0; i < s->n_caps; i++) {
        const pb_cap *c = s->caps[i];
        if (!verify_cap_covers (c, leg->application, w->m->products[product].message))
            continue;
        int64_t left = c->per_applicant ? *left_under_cap (w, i, leg->application->applicant)
                       : c->suspended   ? 0
                                        : rest (c->limit_fen, c->used_fen, 0);
        int64_t *tightest = c->per_applicant ? personal : supply;
        *tightest = left < *tightest ? left : *tightest;
    }
}

/* -- pairs and groups of a leg -- */

static verify_pair *
pair_at (work *w, size_t i)
{
    return (verify_pair *)(void *)w->pairs.data + i;
}

static size_t
pair_total (const work *w)
{
    return w->pairs.size / sizeof (verify_pair);
}

static void
judge_leg (work *w, uint32_t number)
{
    verify_market *m = w->m;
    verify_leg *leg = &m->legs[number];
    leg->first_pair = (uint32_t)pair_total (w);
    for (uint32_t i = 0; i < m->product_count; i++) {
        uint32_t product = m->order[i];
        const verify_product *p = &m->products[product];
        int64_t personal = INT64_MAX, supply = INT64_MAX;
        /* The limits cost more to find than the rest, and matter last. */
        int reason = verify_judge (leg, p, personal, supply);
        if (reason == VERIFY_ACCEPTABLE) {
            find_limits (w, leg, product, &personal, &supply);
            reason = verify_judge (leg, p, personal, supply);
        }
        if (reason == VERIFY_ACCEPTABLE && p->message->lead_percent && w->backed[w->provider_place[product]] == leg->application)
            reason = VERIFY_NO_LEAD;
        leg->reason = reason > leg->reason ? reason : leg->reason;
        if (reason != VERIFY_ACCEPTABLE)
            continue;
        int64_t most
            = p->message->ticket_max_fen < leg->wanted->amount_fen ? p->message->ticket_max_fen : leg->wanted->amount_fen;
        bool leads = p->message->leg == VERIFY_ENUM (LEG__EQUITY) && !p->follows;
        verify_pair pair = { .leg = number, .product = product, .wave = !leads, .limit = most };
        tt_buffer_append (&w->pairs, &pair, sizeof pair);
    }
    leg->pair_count = (uint32_t)pair_total (w) - leg->first_pair;
}

/* Puts all pairs of the leg that `in` accepts into a new group; none if there is no such pair or the share is no limit. */
typedef bool group_test (work *w, const verify_pair *pair, const void *what);

/* Pairs of one leg: of one provider, or all. */
typedef struct {
    const uint32_t *pairs;
    uint32_t count;
} pair_list;

static void
add_group (work *w, pair_list of, verify_group group, group_test *in, const void *what, tt_buffer *members)
{
    uint32_t number = (uint32_t)(w->m->groups.size / sizeof group);
    for (uint32_t i = 0; i < of.count; i++)
        if (in (w, pair_at (w, of.pairs[i]), what)) {
            uint32_t entry[2] = { of.pairs[i], number };
            tt_buffer_append (members, entry, sizeof entry);
            group.covers++;
        }
    tt_buffer_append (&w->m->groups, &group, sizeof group);
}

static bool
any (work *w, const verify_pair *pair, const void *what)
{
    (void)w;
    (void)pair;
    (void)what;
    return true;
}

static bool
under_cap (work *w, const verify_pair *pair, const void *what)
{
    return verify_cap_covers (what, w->m->legs[pair->leg].application, w->m->products[pair->product].message);
}

static uint32_t
percent_of (work *w, uint32_t pair)
{
    return w->m->products[pair_at (w, pair)->product].message->lead_percent;
}

static bool
linked_below (work *w, const verify_pair *pair, const void *what)
{
    uint32_t percent = w->m->products[pair->product].message->lead_percent;
    return percent > 0 && percent <= *(const uint32_t *)what;
}

static bool
any_pair (work *w, pair_list of, group_test *in, const void *what)
{
    for (uint32_t i = 0; i < of.count; i++)
        if (in (w, pair_at (w, of.pairs[i]), what))
            return true;
    return false;
}

/* A leg with a pair under a limit for one applicant takes as much of the rest as it wants. */
static void
share (work *w, pair_list of, verify_group group, int64_t *left, group_test *in, const void *what, tt_buffer *members)
{
    int64_t wanted = w->m->legs[group.leg].wanted->amount_fen, part = *left < wanted ? *left : wanted;
    if (!any_pair (w, of, in, what))
        return;
    *left -= part;
    group.limit = part;
    if (part < wanted)
        add_group (w, of, group, in, what, members);
}

/* For each percentage among the linked products of a provider, all of that percentage and below it. */
static void
link_at (work *w, uint32_t leg, uint32_t place, pair_list of, tt_buffer *members)
{
    const verify_leg *l = &w->m->legs[leg];
    const pb_provider *v = w->m->snapshot->providers[place];
    for (uint32_t i = 0; i < of.count; i++) {
        uint32_t percent = percent_of (w, of.pairs[i]);
        bool known = percent == 0;
        for (uint32_t k = 0; k < i && !known; k++)
            known = percent_of (w, of.pairs[k]) == percent;
        if (known)
            continue;
        verify_group group = {
            .kind = "lead equity behind", .id = v->provider_id, .leg = leg, .limit = l->wanted->amount_fen, .percent = percent
        };
        group.used = exposure (w->m->snapshot, l->application->applicant, v->provider_id, "");
        add_group (w, of, group, linked_below, &percent, members);
        w->backed[place] = l->application;
    }
}

static int
compare_members (const void *left, const void *right, void *context)
{
    const uint32_t *a = left, *b = right;
    const verify_group *groups = context;
    if (a[0] != b[0])
        return a[0] < b[0] ? -1 : 1;
    if (groups[a[1]].covers != groups[b[1]].covers)
        return groups[a[1]].covers < groups[b[1]].covers ? -1 : 1;
    return a[1] < b[1] ? -1 : 1;
}

/* Each pair's groups from the inside out: of two that both hold it, the one with fewer pairs is inside. */
static void
list_groups (work *w, tt_buffer *members)
{
    verify_market *m = w->m;
    size_t count = members->size / (2 * sizeof (uint32_t));
    uint32_t *list = (uint32_t *)(void *)members->data;
    if (count > 1)
        qsort_r (list, count, 2 * sizeof *list, compare_members, m->groups.data);
    for (size_t i = 0; i < count; i++) {
        verify_pair *pair = pair_at (w, list[2 * i]);
        if (pair->group_count++ == 0)
            pair->first_group = (uint32_t)(m->group_lists.size / sizeof *list);
        tt_buffer_append (&m->group_lists, &list[2 * i + 1], sizeof *list);
    }
}

static int
compare_places (const void *left, const void *right, void *context)
{
    work *w = context;
    uint32_t a = w->provider_place[pair_at (w, *(const uint32_t *)left)->product],
             b = w->provider_place[pair_at (w, *(const uint32_t *)right)->product];
    return (a > b) - (a < b);
}

static void
group_at (work *w, uint32_t leg, uint32_t place, pair_list of, tt_buffer *members)
{
    const pb_provider *v = w->m->snapshot->providers[place];
    link_at (w, leg, place, of, members);
    if (v->exposure_limit_fen)
        share (w, of, (verify_group){ .kind = "exposure limit of", .id = v->provider_id, .leg = leg },
               left_at_provider (w, place, w->m->legs[leg].application->applicant), any, NULL, members);
}

static void
group_leg (work *w, uint32_t leg, tt_buffer *members)
{
    const verify_leg *l = &w->m->legs[leg];
    const pb_snapshot *s = w->m->snapshot;
    uint32_t *list = tt_alloc (l->pair_count * sizeof *list);
    tt_buffer_clear (members);
    for (uint32_t i = 0; i < l->pair_count; i++)
        list[i] = l->first_pair + i;
    qsort_r (list, l->pair_count, sizeof *list, compare_places, w);
    for (uint32_t i = 0, end; i < l->pair_count; i = end) {
        uint32_t place = w->provider_place[pair_at (w, list[i])->product];
        for (end = i + 1; end < l->pair_count && w->provider_place[pair_at (w, list[end])->product] == place;)
            end++;
        group_at (w, leg, place, (pair_list){ list + i, end - i }, members);
    }
    for (size_t i = 0; i < s->n_caps; i++)
        if (s->caps[i]->per_applicant)
            share (w, (pair_list){ list, l->pair_count },
                   (verify_group){ .kind = "cap for each applicant", .id = s->caps[i]->cap_id, .leg = leg },
                   left_under_cap (w, i, l->application->applicant), under_cap, s->caps[i], members);
    list_groups (w, members);
    free (list);
}

/* If nothing follows lead equity, all is one wave. */
static void
join_waves (work *w)
{
    for (size_t i = 0; i < pair_total (w); i++)
        if (w->m->products[pair_at (w, i)->product].follows)
            return;
    for (size_t i = 0; i < pair_total (w); i++)
        pair_at (w, i)->wave = 0;
}

bool
verify_build (verify_market *m)
{
    work w = { .m = m };
    tt_buffer members = { 0 };
    add_legs (m);
    index_legs (m);
    add_products (&w);
    order_products (m);
    w.of_provider = tt_arena_zero (m->arena, (m->snapshot->n_providers + 1) * sizeof *w.of_provider);
    w.of_cap = tt_arena_zero (m->arena, (m->snapshot->n_caps + 1) * sizeof *w.of_cap);
    w.backed = tt_arena_zero (m->arena, (m->snapshot->n_providers + 1) * sizeof *w.backed);
    for (uint32_t i = 0; i < m->leg_count; i++) {
        judge_leg (&w, i);
        if (m->legs[i].pair_count)
            group_leg (&w, i, &members);
    }
    join_waves (&w);
    tt_buffer_free (&members);
    m->pair_count = (uint32_t)pair_total (&w);
    m->pairs = (verify_pair *)(void *)w.pairs.data;
    if (m->pair_count != m->certificate->acceptable_pairs)
        return verify_wrong (m, "%u pairs of a leg and a product are acceptable, and the certificate says %u", m->pair_count,
                             m->certificate->acceptable_pairs);
    return true;
}
