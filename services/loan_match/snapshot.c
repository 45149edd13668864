#include "snapshot.h"

#include <string.h>

#include "ledger.h"

#define PAGE 5000

/* -- what is small: whole tables -- */

static bool
read_providers (tt_txn *txn, const tt_rows *rows, match_snapshot *s)
{
    s->providers = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *s->providers);
    for (size_t i = 0; i < rows->count; i++) {
        finance_provider *p = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__provider__descriptor);
        if (p == NULL)
            return false;
        match_fill_provider (txn, p);
        s->providers[s->provider_count++] = p;
    }
    return true;
}

static bool
read_products (tt_txn *txn, const tt_rows *rows, match_snapshot *s)
{
    s->products = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *s->products);
    for (size_t i = 0; i < rows->count; i++) {
        finance_product *p = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__product__descriptor);
        if (p == NULL)
            return false;
        match_fill_product (txn, p);
        s->products[s->product_count++] = p;
    }
    return true;
}

/* "provider/applicant" or "cap:<id>/applicant"; NULL if it is neither. */
static finance_exposure *
exposure_of_key (tt_txn *txn, tt_bytes key)
{
    char *holder = tt_arena_strndup (tt_txn_arena (txn), (const char *)key.data, key.size), *slash = strchr (holder, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    finance_exposure *e = tt_arena_alloc (tt_txn_arena (txn), sizeof *e);
    techtransfer__finance__v1__exposure__init (e);
    e->applicant = slash + 1;
    size_t prefix = strlen (MATCH_CAP_PREFIX);
    if (strncmp (holder, MATCH_CAP_PREFIX, prefix) == 0)
        e->cap_id = holder + prefix;
    else
        e->provider_id = holder;
    return e;
}

/* The directory "financed" names every pair of provider (or cap) and applicant that ever had an exposure. */
static void
read_exposures (tt_txn *txn, const char *market, const tt_rows *rows, match_snapshot *s)
{
    s->exposures = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *s->exposures);
    for (size_t i = 0; i < rows->count; i++) {
        finance_exposure *e = exposure_of_key (txn, rows->keys[i]);
        if (e == NULL || !tt_txn_number (txn, match_table (txn, "exposure", market), rows->keys[i], &e->amount_fen) || e->amount_fen <= 0)
            continue;
        s->exposures[s->exposure_count++] = e;
    }
}

static void
read_leads (tt_txn *txn, const char *market, const tt_rows *rows, match_snapshot *s)
{
    s->leads = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *s->leads);
    for (size_t i = 0; i < rows->count; i++) {
        finance_lead *lead = tt_arena_alloc (tt_txn_arena (txn), sizeof *lead);
        techtransfer__finance__v1__lead__init (lead);
        lead->applicant = tt_arena_strndup (tt_txn_arena (txn), (const char *)rows->keys[i].data, rows->keys[i].size);
        if (match_confirmed_lead (txn, market, lead->applicant, &lead->confirmed_fen))
            s->leads[s->lead_count++] = lead;
    }
}

static bool
read_caps (tt_txn *txn, const tt_rows *rows, match_snapshot *s)
{
    s->caps = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *s->caps);
    for (size_t i = 0; i < rows->count; i++) {
        finance_cap *cap = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__cap__descriptor);
        if (cap == NULL)
            return false;
        if (cap->retired)
            continue;
        match_fill_cap (txn, cap);
        s->caps[s->cap_count++] = cap;
    }
    return true;
}

/* -- applications: page by page through the index of open ones -- */

static bool
add_applications (tt_txn *txn, const tt_rows *rows, match_snapshot *s)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->rows[i].present)
            continue;
        finance_application *a = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__application__descriptor);
        if (a == NULL)
            return false;
        if (a->state == FINANCE (APPLICATION_STATE__OPEN) && tt_txn_now (txn) < match_validity_end (a->valid_until))
            s->applications[s->application_count++] = a;
    }
    return true;
}

/* The pages of the open applications, as far as they are read; NULL while one is pending. */
static const tt_rows **
read_pages (tt_txn *txn, const char *market, size_t *pages, size_t *rows)
{
    const char *index = match_table (txn, "open", market), *table = match_table (txn, "application", market);
    tt_bytes after = TT_BYTES_NONE;
    tt_buffer list = { 0 };
    *pages = *rows = 0;
    const tt_rows *page;
    do {
        page = tt_txn_page (txn, index, after, PAGE, table);
        if (page == NULL)
            break;
        tt_buffer_append (&list, &page, sizeof page);
        ++*pages;
        *rows += page->count;
        if (page->count)
            after = page->keys[page->count - 1];
    } while (page->count == PAGE);
    tt_bytes copy = tt_arena_copy (tt_txn_arena (txn), (tt_bytes){ list.data, list.size });
    tt_buffer_free (&list);
    return page ? (const tt_rows **)(uintptr_t)copy.data : NULL;
}

static bool
read_applications (tt_txn *txn, const char *market, match_snapshot *s)
{
    size_t pages, rows;
    const tt_rows **list = read_pages (txn, market, &pages, &rows);
    if (list == NULL)
        return false;
    s->applications = tt_arena_zero (tt_txn_arena (txn), rows * sizeof *s->applications);
    for (size_t i = 0; i < pages; i++)
        if (!add_applications (txn, list[i], s))
            return false;
    return true;
}

bool
match_snapshot_read (tt_txn *txn, const char *market, match_snapshot *s)
{
    *s = (match_snapshot){ .market = market };
    const tt_rows *providers = tt_txn_table (txn, match_table (txn, "provider", market));
    const tt_rows *products = tt_txn_table (txn, match_table (txn, "product", market));
    const tt_rows *financed = tt_txn_table (txn, match_table (txn, "financed", market));
    const tt_rows *leads = tt_txn_table (txn, match_table (txn, "lead", market));
    const tt_rows *caps = tt_txn_table (txn, match_table (txn, "cap", market));
    if (!read_applications (txn, market, s) || providers == NULL || products == NULL || financed == NULL || leads == NULL || caps == NULL)
        return false;
    if (!read_providers (txn, providers, s) || !read_products (txn, products, s) || !read_caps (txn, caps, s))
        return false;
    read_exposures (txn, market, financed, s);
    read_leads (txn, market, leads, s);
    return !tt_txn_pending (txn);
}
