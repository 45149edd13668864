#include "sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "stability.h"
#include "wire/json.h"

/* The messages of a JSON Lines file in tests/data. */
static void **
read_lines (tt_arena *arena, const char *name, const ProtobufCMessageDescriptor *type, size_t *count)
{
    char path[512], line[8192];
    void **list = tt_arena_zero (arena, 1000 * sizeof *list);
    snprintf (path, sizeof path, "%s/tests/data/%s", TT_SOURCE_DIR, name);
    FILE *file = fopen (path, "r");
    cr_assert_not_null (file, "%s", path);
    for (*count = 0; fgets (line, sizeof line, file); ++*count) {
        ProtobufCMessage *message = NULL;
        tt_error error = { 0 };
        cr_assert_eq (tt_json_parse (type, tt_bytes_of_text (line), 0, NULL, &message, &error), TT_OK, "%s:%zu: %s", name,
                      *count + 1, error.message);
        tt_buffer packed = { 0 };
        packed.size
            = protobuf_c_message_pack (message, tt_buffer_reserve (&packed, protobuf_c_message_get_packed_size (message)));
        list[*count] = match_unpack (arena, type, (tt_bytes){ packed.data, packed.size });
        protobuf_c_message_free_unpacked (message, NULL);
        tt_buffer_free (&packed);
    }
    fclose (file);
    return list;
}

match_snapshot
sample_snapshot (tt_arena *arena)
{
    match_snapshot s = { 0 };
    s.providers = (const finance_provider **)read_lines (arena, "providers.jsonl",
                                                         &techtransfer__finance__v1__provider__descriptor, &s.provider_count);
    s.products = (const finance_product **)read_lines (arena, "products.jsonl", &techtransfer__finance__v1__product__descriptor,
                                                       &s.product_count);
    s.applications = (const finance_application **)read_lines (
        arena, "applications.jsonl", &techtransfer__finance__v1__application__descriptor, &s.application_count);
    return s;
}

/* -- random markets -- */

static const char *const districts[] = { "haishu", "jiangbei", "zhenhai", "yinzhou", "beilun", "fenghua" };
static const char *const industries[] = { "C", "C39", "C26", "I65", "M", "C33" };
static const char *const stages[] = { "seed", "start-up", "growth", "mature" };

static char *
pick (uint64_t *seed, const char *const *list, uint32_t count)
{
    return (char *)(uintptr_t)list[random_next (seed, count)];
}

static char **
pick_some (tt_arena *arena, uint64_t *seed, const char *const *list, uint32_t count, size_t *n)
{
    char **out = tt_arena_alloc (arena, 4 * sizeof *out);
    *n = random_next (seed, 4);
    for (size_t i = 0; i < *n; i++)
        out[i] = pick (seed, list, count);
    return out;
}

static uint32_t *
some_specials (tt_arena *arena, uint64_t *seed, size_t *n)
{
    uint32_t *out = tt_arena_alloc (arena, 3 * sizeof *out);
    *n = random_next (seed, 3);
    for (size_t i = 0; i < *n; i++)
        out[i] = 1 + random_next (seed, 12);
    return out;
}

static finance_mandate *
random_mandate (tt_arena *arena, uint64_t *seed)
{
    finance_mandate *m = tt_arena_alloc (arena, sizeof *m);
    techtransfer__finance__v1__mandate__init (m);
    m->districts = pick_some (arena, seed, districts, 6, &m->n_districts);
    m->industries = pick_some (arena, seed, industries, 6, &m->n_industries);
    m->stages = pick_some (arena, seed, stages, 4, &m->n_stages);
    m->specials = some_specials (arena, seed, &m->n_specials);
    m->max_age_months = random_next (seed, 2) ? 36 + random_next (seed, 100) : 0;
    return m;
}

static finance_provider *
random_provider (tt_arena *arena, uint64_t *seed, size_t i)
{
    finance_provider *p = tt_arena_alloc (arena, sizeof *p);
    techtransfer__finance__v1__provider__init (p);
    p->provider_id = tt_arena_printf (arena, "prov-%zu", i);
    p->kind = (Techtransfer__Finance__V1__ProviderKind)(1 + random_next (seed, 5));
    p->capacity_fen = 2000 + random_next (seed, 20000);
    p->exposure_limit_fen = random_next (seed, 2) ? 300 + random_next (seed, 1000) : 0;
    p->held_fen = random_next (seed, 1000);
    return p;
}

static finance_product *
random_product (tt_arena *arena, uint64_t *seed, size_t i, size_t providers)
{
    finance_product *p = tt_arena_alloc (arena, sizeof *p);
    techtransfer__finance__v1__product__init (p);
    p->provider_id = tt_arena_printf (arena, "prov-%u", random_next (seed, (uint32_t)providers));
    p->product_id = tt_arena_printf (arena, "prod-%zu", i);
    p->leg = (Techtransfer__Finance__V1__Leg)(1 + random_next (seed, 3));
    p->mandate = random_next (seed, 5) ? random_mandate (arena, seed) : NULL;
    p->ticket_min_fen = 50 + random_next (seed, 100);
    p->ticket_max_fen = p->ticket_min_fen + random_next (seed, 500);
    p->capacity_fen = 1000 + random_next (seed, 8000);
    p->price = tt_arena_printf (arena, "%u.%02u", 3 + random_next (seed, 4), random_next (seed, 100));
    p->ranking = (Techtransfer__Finance__V1__RankingPolicy)random_next (seed, 4);
    p->revision = 1;
    return p;
}

static finance_leg **
random_legs (tt_arena *arena, uint64_t *seed, size_t *n)
{
    finance_leg **legs = tt_arena_alloc (arena, 3 * sizeof *legs);
    uint32_t mask = 1 + random_next (seed, 7);
    *n = 0;
    for (int leg = 1; leg <= 3; leg++) {
        if (!(mask >> (leg - 1) & 1))
            continue;
        finance_leg *l = legs[(*n)++] = tt_arena_alloc (arena, sizeof *l);
        techtransfer__finance__v1__wanted_leg__init (l);
        l->leg = (Techtransfer__Finance__V1__Leg)leg;
        l->amount_fen = 40 + random_next (seed, 800);
        l->minimum_fen = random_next (seed, 2) ? random_next (seed, (uint32_t)l->amount_fen) : 0;
        if (random_next (seed, 2))
            l->price_limit = tt_arena_printf (arena, "%u.5", 4 + random_next (seed, 4));
    }
    return legs;
}

static finance_application *
random_application (tt_arena *arena, uint64_t *seed, size_t i, size_t applications)
{
    finance_application *a = tt_arena_alloc (arena, sizeof *a);
    techtransfer__finance__v1__application__init (a);
    a->application_id = tt_arena_printf (arena, "app-%zu", i);
    a->applicant = tt_arena_printf (arena, "ent-%u", random_next (seed, (uint32_t)applications));
    a->district = pick (seed, districts, 6);
    a->industry = pick (seed, industries, 6);
    a->stage = pick (seed, stages, 4);
    a->specials = some_specials (arena, seed, &a->n_specials);
    a->age_months = random_next (seed, 120);
    a->score = random_next (seed, 100); /* many ties */
    a->legs = random_legs (arena, seed, &a->n_legs);
    a->revision = 1;
    return a;
}

static finance_exposure *
random_exposure (tt_arena *arena, const char *applicant, const char *provider_id, const char *cap_id, int64_t amount)
{
    finance_exposure *e = tt_arena_alloc (arena, sizeof *e);
    techtransfer__finance__v1__exposure__init (e);
    e->applicant = (char *)applicant;
    e->provider_id = (char *)provider_id;
    e->cap_id = (char *)cap_id;
    e->amount_fen = amount;
    return e;
}

static finance_lead *
random_lead (tt_arena *arena, uint64_t *seed, const char *applicant)
{
    finance_lead *lead = tt_arena_alloc (arena, sizeof *lead);
    techtransfer__finance__v1__lead__init (lead);
    lead->applicant = (char *)applicant;
    lead->confirmed_fen = random_next (seed, 3) ? random_next (seed, 600) : 0;
    return lead;
}

static finance_cap *
new_cap (tt_arena *arena, const char *id, int64_t limit)
{
    finance_cap *c = tt_arena_alloc (arena, sizeof *c);
    techtransfer__finance__v1__cap__init (c);
    c->cap_id = (char *)id;
    c->limit_fen = limit;
    c->revision = 1;
    return c;
}

static char **
texts (tt_arena *arena, size_t count)
{
    return tt_arena_zero (arena, (count + 1) * sizeof (char *));
}

/* Nested whatever the market is: cells of districts in some products, a pool over the first providers and a larger one around it; for each
 * applicant, one cap over the first providers' equity and one around it. */
static void
random_caps (tt_arena *arena, uint64_t *seed, match_snapshot *s, size_t providers, size_t products)
{
    s->caps = tt_arena_alloc (arena, (products + 8) * sizeof *s->caps);
    for (size_t i = 0; i < products; i++) {
        if (random_next (seed, 3))
            continue;
        finance_cap *c = new_cap (arena, tt_arena_printf (arena, "cell-%zu", i), 300 + random_next (seed, 3000));
        c->products = texts (arena, c->n_products = 1);
        c->products[0] = tt_arena_printf (arena, "%s/%s", s->products[i]->provider_id, s->products[i]->product_id);
        c->districts = texts (arena, c->n_districts = 2);
        c->districts[0] = (char *)"yinzhou";
        c->districts[1] = (char *)"haishu";
        s->caps[s->cap_count++] = c;
    }
    for (size_t k = 0; k < 4; k++) {
        bool personal = k >= 2;
        finance_cap *c = new_cap (arena, tt_arena_printf (arena, "pool-%zu", k), personal ? 200 + random_next (seed, 600) : 2000 + random_next (seed, 20000));
        c->providers = texts (arena, providers);
        for (size_t i = 0; i < (k % 2 + 1) * providers / 3; i++)
            c->providers[c->n_providers++] = s->providers[i]->provider_id;
        c->per_applicant = personal;
        c->suspended = random_next (seed, 40) == 0;
        s->caps[s->cap_count++] = c;
    }
}

match_snapshot
random_snapshot (tt_arena *arena, uint64_t *seed, size_t providers, size_t products, size_t applications)
{
    match_snapshot s = { .market = "ningbo", .provider_count = providers, .product_count = products, .application_count = applications };
    s.exposure_count = providers;
    s.lead_count = applications / 4;
    s.providers = tt_arena_alloc (arena, providers * sizeof *s.providers);
    s.products = tt_arena_alloc (arena, products * sizeof *s.products);
    s.applications = tt_arena_alloc (arena, applications * sizeof *s.applications);
    s.exposures = tt_arena_alloc (arena, (2 * providers) * sizeof *s.exposures);
    s.leads = tt_arena_alloc (arena, s.lead_count * sizeof *s.leads);
    for (size_t i = 0; i < providers; i++)
        s.providers[i] = random_provider (arena, seed, i);
    for (size_t i = 0; i < products; i++)
        s.products[i] = random_product (arena, seed, i, providers);
    for (size_t i = 0; i < applications; i++)
        s.applications[i] = random_application (arena, seed, i, applications);
    for (size_t i = 0; i < providers; i++)
        s.exposures[i] = random_exposure (arena, tt_arena_printf (arena, "ent-%zu", i), s.providers[i]->provider_id, "", 100);
    for (size_t i = 0; i < s.lead_count; i++)
        s.leads[i] = random_lead (arena, seed, tt_arena_printf (arena, "ent-%zu", 2 * i));
    return s;
}

void
add_random_caps (tt_arena *arena, uint64_t *seed, match_snapshot *s)
{
    size_t providers = s->provider_count;
    random_caps (arena, seed, s, providers, s->product_count);
    for (size_t i = 0; i < providers; i++)
        s->exposures[s->exposure_count++] = random_exposure (arena, tt_arena_printf (arena, "ent-%zu", i), "", "pool-3", 50);
    for (size_t i = 0; i < s->product_count; i++)
        if (random_next (seed, 4) == 0)
            ((finance_product *)(uintptr_t)s->products[i])->lead_percent = 50 * (1 + random_next (seed, 6));
}

static void
shuffle (void *array, size_t count, size_t size, uint64_t *seed)
{
    char *items = array, swap[64];
    for (size_t i = 1; i < count; i++) {
        size_t k = random_next (seed, (uint32_t)i + 1);
        memcpy (swap, items + i * size, size);
        memmove (items + i * size, items + k * size, size);
        memcpy (items + k * size, swap, size);
    }
}

void
shuffle_snapshot (match_snapshot *s, uint64_t *seed)
{
    shuffle (s->providers, s->provider_count, sizeof *s->providers, seed);
    shuffle (s->products, s->product_count, sizeof *s->products, seed);
    shuffle (s->applications, s->application_count, sizeof *s->applications, seed);
    shuffle (s->exposures, s->exposure_count, sizeof *s->exposures, seed);
    shuffle (s->caps, s->cap_count, sizeof *s->caps, seed);
    shuffle (s->leads, s->lead_count, sizeof *s->leads, seed);
}
