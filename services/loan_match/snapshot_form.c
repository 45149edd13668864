#include "snapshot_form.h"

#include <string.h>

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
    const finance_exposure *a = *(const finance_exposure *const *)left, *b = *(const finance_exposure *const *)right;
    int order = strcmp (a->applicant, b->applicant);
    if (order == 0)
        order = strcmp (a->provider_id, b->provider_id);
    return order ? order : strcmp (a->cap_id, b->cap_id);
}

static int
compare_leads (const void *left, const void *right)
{
    return strcmp ((*(const finance_lead *const *)left)->applicant, (*(const finance_lead *const *)right)->applicant);
}

static int
compare_caps (const void *left, const void *right)
{
    return strcmp ((*(const finance_cap *const *)left)->cap_id, (*(const finance_cap *const *)right)->cap_id);
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
    sort (s->leads, s->lead_count, sizeof *s->leads, compare_leads);
    sort (s->caps, s->cap_count, sizeof *s->caps, compare_caps);
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

/* -- as a message -- */

static finance_application *
without_names (const finance_application *application, tt_arena *arena)
{
    finance_application *a = tt_arena_alloc (arena, sizeof *a);
    *a = *application;
    a->name = (char *)protobuf_c_empty_string;
    a->n_patents = a->n_achievements = 0;
    return a;
}

finance_snapshot *
match_snapshot_message (const match_snapshot *s, tt_arena *arena)
{
    finance_snapshot *m = tt_arena_alloc (arena, sizeof *m);
    techtransfer__finance__v1__snapshot__init (m);
    m->format = (char *)MATCH_SNAPSHOT_FORMAT;
    m->market = (char *)s->market;
    m->n_providers = s->provider_count;
    m->providers = (finance_provider **)s->providers;
    m->n_products = s->product_count;
    m->products = (finance_product **)s->products;
    m->n_exposures = s->exposure_count;
    m->exposures = (finance_exposure **)s->exposures;
    m->n_leads = s->lead_count;
    m->leads = (finance_lead **)s->leads;
    m->n_caps = s->cap_count;
    m->caps = (finance_cap **)s->caps;
    m->n_applications = s->application_count;
    m->applications = tt_arena_alloc (arena, s->application_count * sizeof *m->applications);
    for (size_t i = 0; i < s->application_count; i++)
        m->applications[i] = without_names (s->applications[i], arena);
    return m;
}

static void *
copy_list (const void *list, size_t count, tt_arena *arena)
{
    tt_bytes copy = tt_arena_copy (arena, (tt_bytes){ list, count * sizeof (void *) });
    return (void *)(uintptr_t)copy.data;
}

match_snapshot
match_snapshot_of (const finance_snapshot *m, tt_arena *arena)
{
    return (match_snapshot){ .market = m->market,
                             .providers = copy_list (m->providers, m->n_providers, arena),
                             .products = copy_list (m->products, m->n_products, arena),
                             .applications = copy_list (m->applications, m->n_applications, arena),
                             .exposures = copy_list (m->exposures, m->n_exposures, arena),
                             .leads = copy_list (m->leads, m->n_leads, arena),
                             .caps = copy_list (m->caps, m->n_caps, arena),
                             .provider_count = m->n_providers,
                             .product_count = m->n_products,
                             .application_count = m->n_applications,
                             .exposure_count = m->n_exposures,
                             .lead_count = m->n_leads,
                             .cap_count = m->n_caps };
}

/* -- finding -- */

const finance_provider *
match_snapshot_provider (const match_snapshot *s, const char *provider_id)
{
    finance_provider wanted = { .provider_id = (char *)provider_id };
    const finance_provider *key = &wanted, **found = NULL;
    if (s->provider_count)
        found = bsearch (&key, s->providers, s->provider_count, sizeof *s->providers, compare_providers);
    return found ? *found : NULL;
}

const finance_lead *
match_snapshot_lead (const match_snapshot *s, const char *applicant)
{
    finance_lead wanted = { .applicant = (char *)applicant };
    const finance_lead *key = &wanted, **found = NULL;
    if (s->lead_count)
        found = bsearch (&key, s->leads, s->lead_count, sizeof *s->leads, compare_leads);
    return found ? *found : NULL;
}

int64_t
match_snapshot_exposure (const match_snapshot *s, const char *applicant, const char *provider_id, const char *cap_id)
{
    finance_exposure wanted = { .applicant = (char *)applicant, .provider_id = (char *)provider_id, .cap_id = (char *)cap_id };
    const finance_exposure *key = &wanted, **found = NULL;
    if (s->exposure_count)
        found = bsearch (&key, s->exposures, s->exposure_count, sizeof *s->exposures, compare_exposures);
    return found ? (*found)->amount_fen : 0;
}
