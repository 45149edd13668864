#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "ledger.h"

#define MAX_TENOR_MONTHS 600
#define MAX_AGE_MONTHS 24000
#define MAX_LIST 200
#define MAX_LEAD_PERCENT 10000

bool
match_refuse (tt_txn *txn, tt_violations *v)
{
    bool any = v->total > 0;
    for (size_t i = 0; i < v->count; i++)
        tt_txn_violation (txn, v->items[i].path, "%s", v->items[i].reason);
    tt_violations_free (v);
    return any;
}

void
match_check_provider (tt_violations *v, const finance_provider *p)
{
    tt_check_identifier (v, "market", p->market);
    tt_check_identifier (v, "provider_id", p->provider_id);
    tt_check_enum (v, "kind", &techtransfer__finance__v1__provider_kind__descriptor, (int)p->kind, true);
    tt_check_text (v, "name", p->name, 1, 128);
    tt_check_money (v, "capacity_fen", p->capacity_fen, 1, TT_MONEY_MAX);
    tt_check_money (v, "exposure_limit_fen", p->exposure_limit_fen, 0, TT_MONEY_MAX);
}

/* -- lists, checked item by item with the place -- */

typedef void check_text (tt_violations *v, const char *value, const tt_catalog *catalog);
typedef void check_number (tt_violations *v, uint32_t value, const tt_catalog *catalog);

static void
each_text (tt_violations *v, const char *field, char *const *list, size_t count, check_text *check, const tt_catalog *catalog)
{
    tt_check_count (v, field, count, 0, MAX_LIST);
    for (size_t i = 0; i < count && i < MAX_LIST; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        check (v, list[i], catalog);
        tt_violations_leave (v, mark);
    }
}

static void
each_number (tt_violations *v, const char *field, const uint32_t *list, size_t count, check_number *check,
             const tt_catalog *catalog)
{
    tt_check_count (v, field, count, 0, MAX_LIST);
    for (size_t i = 0; i < count && i < MAX_LIST; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        check (v, list[i], catalog);
        tt_violations_leave (v, mark);
    }
}

static void
check_district (tt_violations *v, const char *key, const tt_catalog *catalog)
{
    if (tt_catalog_district_by_key (catalog, key) == NULL)
        tt_violate (v, NULL, "\"%.64s\" is no district key", key);
}

static void
check_industry (tt_violations *v, const char *industry, const tt_catalog *catalog)
{
    if (tt_catalog_industry (catalog, industry) == NULL)
        tt_violate (v, NULL, "\"%.64s\" is neither a section of GB/T 4754 (\"C\") nor a division (\"C39\")", industry);
}

static void
check_special (tt_violations *v, uint32_t number, const tt_catalog *catalog)
{
    if (tt_catalog_special_by_id (catalog, number) == NULL)
        tt_violate (v, NULL, "%u is the number of no major special", number);
}

static void
check_stage (tt_violations *v, const char *stage, const tt_catalog *catalog)
{
    static const char *const stages[] = { "seed", "start-up", "growth", "mature" };
    (void)catalog;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (strcmp (stage, stages[i]) == 0)
            return;
    tt_violate (v, NULL, "\"%.64s\" is none of seed, start-up, growth, mature", stage);
}

static void
check_word (tt_violations *v, const char *value, const tt_catalog *catalog)
{
    (void)catalog;
    tt_check_text (v, NULL, value, 1, 64);
}

/* One value that is required, by the same check. */
static void
one_text (tt_violations *v, const char *field, const char *value, check_text *check, const tt_catalog *catalog)
{
    size_t mark = tt_violations_enter (v, "%s", field);
    check (v, value, catalog);
    tt_violations_leave (v, mark);
}

static void
check_price (tt_violations *v, const char *field, const char *value)
{
    if (tt_check_decimal (v, field, value, false) && value[0] == '-')
        tt_violate (v, field, "is below 0");
}

/* -- products -- */

static void
check_mandate (tt_violations *v, const finance_mandate *m, const tt_catalog *catalog)
{
    size_t mark = tt_violations_enter (v, "mandate");
    each_text (v, "districts", m->districts, m->n_districts, check_district, catalog);
    each_text (v, "industries", m->industries, m->n_industries, check_industry, catalog);
    each_number (v, "specials", m->specials, m->n_specials, check_special, catalog);
    each_text (v, "stages", m->stages, m->n_stages, check_stage, catalog);
    tt_check_range (v, "max_age_months", m->max_age_months, 0, MAX_AGE_MONTHS);
    each_text (v, "recognitions", m->recognitions, m->n_recognitions, check_word, catalog);
    tt_violations_leave (v, mark);
}

static void
check_tenors (tt_violations *v, const finance_product *p)
{
    if (p->leg == FINANCE (LEG__EQUITY)) {
        tt_check_range (v, "tenor_min_months", p->tenor_min_months, 0, 0);
        tt_check_range (v, "tenor_max_months", p->tenor_max_months, 0, 0);
        return;
    }
    tt_check_range (v, "tenor_min_months", p->tenor_min_months, 0, MAX_TENOR_MONTHS);
    if (p->tenor_max_months)
        tt_check_range (v, "tenor_max_months", p->tenor_max_months, p->tenor_min_months, MAX_TENOR_MONTHS);
}

void
match_check_product (tt_violations *v, const finance_product *p, const tt_catalog *catalog)
{
    tt_check_identifier (v, "market", p->market);
    tt_check_identifier (v, "provider_id", p->provider_id);
    tt_check_identifier (v, "product_id", p->product_id);
    tt_check_enum (v, "leg", &techtransfer__finance__v1__leg__descriptor, (int)p->leg, true);
    tt_check_text (v, "name", p->name, 0, 128);
    if (p->mandate)
        check_mandate (v, p->mandate, catalog);
    if (tt_check_money (v, "ticket_min_fen", p->ticket_min_fen, 1, TT_MONEY_MAX)) {
        tt_check_money (v, "ticket_max_fen", p->ticket_max_fen, p->ticket_min_fen, TT_MONEY_MAX);
        tt_check_money (v, "capacity_fen", p->capacity_fen, p->ticket_min_fen, TT_MONEY_MAX);
    }
    check_tenors (v, p);
    check_price (v, "price", p->price);
    tt_check_range (v, "lead_percent", p->lead_percent, 0, MAX_LEAD_PERCENT);
    if (p->linkage_mode[0] && tt_catalog_code (catalog, "linkage_mode", p->linkage_mode) == NULL)
        tt_violate (v, "linkage_mode", "\"%.64s\" is no code of the list linkage_mode", p->linkage_mode);
    tt_check_enum (v, "ranking", &techtransfer__finance__v1__ranking_policy__descriptor, (int)p->ranking, false);
}

/* -- caps -- */

static void
check_identifier (tt_violations *v, const char *value, const tt_catalog *catalog)
{
    (void)catalog;
    tt_check_identifier (v, NULL, value);
}

/* "provider_id/product_id" */
static void
check_product_name (tt_violations *v, const char *value, const tt_catalog *catalog)
{
    char provider[TT_IDENTIFIER_MAX + 2];
    const char *slash = strchr (value, '/');
    (void)catalog;
    if (slash == NULL || slash - value > TT_IDENTIFIER_MAX) {
        tt_violate (v, NULL, "\"%.130s\" is not of the form provider_id/product_id", value);
        return;
    }
    snprintf (provider, sizeof provider, "%.*s", (int)(slash - value), value);
    if (tt_check_identifier (v, NULL, provider))
        tt_check_identifier (v, NULL, slash + 1);
}

void
match_check_cap (tt_violations *v, const finance_cap *c, const tt_catalog *catalog)
{
    tt_check_identifier (v, "market", c->market);
    tt_check_identifier (v, "cap_id", c->cap_id);
    tt_check_text (v, "name", c->name, 0, 128);
    tt_check_text (v, "source", c->source, 0, 512);
    tt_check_money (v, "limit_fen", c->limit_fen, 1, TT_MONEY_MAX);
    each_text (v, "providers", c->providers, c->n_providers, check_identifier, catalog);
    each_text (v, "products", c->products, c->n_products, check_product_name, catalog);
    each_text (v, "districts", c->districts, c->n_districts, check_district, catalog);
    if (c->per_applicant && c->n_products)
        tt_violate (v, "products", "must be empty: a cap for each applicant covers whole providers");
    tt_check_count (v, "legs", c->n_legs, 0, 3);
    for (size_t i = 0; i < c->n_legs && i < 3; i++) {
        size_t mark = tt_violations_enter (v, "legs[%zu]", i);
        tt_check_enum (v, NULL, &techtransfer__finance__v1__leg__descriptor, (int)c->legs[i], true);
        tt_violations_leave (v, mark);
    }
}

/* -- applications -- */

static void
check_leg (tt_violations *v, const finance_leg *leg)
{
    tt_check_enum (v, "leg", &techtransfer__finance__v1__leg__descriptor, (int)leg->leg, true);
    if (tt_check_money (v, "amount_fen", leg->amount_fen, 1, TT_MONEY_MAX))
        tt_check_money (v, "minimum_fen", leg->minimum_fen, 0, leg->amount_fen);
    check_price (v, "price_limit", leg->price_limit);
    tt_check_range (v, "tenor_months", leg->tenor_months, 0, leg->leg == FINANCE (LEG__EQUITY) ? 0 : MAX_TENOR_MONTHS);
}

static void
check_legs (tt_violations *v, const finance_application *a)
{
    tt_check_count (v, "legs", a->n_legs, 1, 3);
    for (size_t i = 0; i < a->n_legs && i < 3; i++) {
        size_t mark = tt_violations_enter (v, "legs[%zu]", i);
        check_leg (v, a->legs[i]);
        for (size_t k = 0; k < i; k++)
            if (a->legs[k]->leg == a->legs[i]->leg)
                tt_violate (v, "leg", "is the same as that of legs[%zu]", k);
        tt_violations_leave (v, mark);
    }
}

static void
check_backing (tt_violations *v, const finance_application *a, const tt_catalog *catalog)
{
    each_text (v, "recognitions", a->recognitions, a->n_recognitions, check_word, catalog);
    each_text (v, "patents", a->patents, a->n_patents, check_word, catalog);
    each_text (v, "achievements", a->achievements, a->n_achievements, check_word, catalog);
}

void
match_check_application (tt_violations *v, const finance_application *a, const tt_catalog *catalog, int64_t now)
{
    tt_check_identifier (v, "market", a->market);
    tt_check_identifier (v, "application_id", a->application_id);
    tt_check_identifier (v, "applicant", a->applicant);
    tt_check_text (v, "name", a->name, 0, 128);
    one_text (v, "district", a->district, check_district, catalog);
    one_text (v, "industry", a->industry, check_industry, catalog);
    each_number (v, "specials", a->specials, a->n_specials, check_special, catalog);
    one_text (v, "stage", a->stage, check_stage, catalog);
    tt_check_range (v, "age_months", a->age_months, 0, MAX_AGE_MONTHS);
    check_backing (v, a, catalog);
    check_legs (v, a);
    tt_check_range (v, "score", a->score, 0, 1000);
    if (tt_check_date (v, "valid_until", a->valid_until, false) && now >= match_validity_end (a->valid_until))
        tt_violate (v, "valid_until", "\"%s\" is over", a->valid_until);
}

/* -- pools and loans -- */

static void
check_shares (tt_violations *v, finance_share *const *shares, size_t count, size_t least)
{
    tt_check_count (v, "shares", count, least, 20);
    for (size_t i = 0; i < count && i < 20; i++) {
        size_t mark = tt_violations_enter (v, "shares[%zu]", i);
        tt_check_identifier (v, "party", shares[i]->party);
        tt_check_range (v, "weight", shares[i]->weight, 1, 1000000);
        for (size_t k = 0; k < i; k++)
            if (strcmp (shares[k]->party, shares[i]->party) == 0)
                tt_violate (v, "party", "is the same as that of shares[%zu]", k);
        tt_violations_leave (v, mark);
    }
}

void
match_check_pool (tt_violations *v, const finance_pool *p, const tt_catalog *catalog)
{
    if (tt_check_range (v, "leverage", p->leverage, 1, 1000)
        && tt_check_money (v, "balance_fen", p->balance_fen, 1, TT_MONEY_MAX / p->leverage)) {
        finance_cap cap = match_cap_of_pool (p);
        match_check_cap (v, &cap, catalog);
    }
    check_shares (v, p->shares, p->n_shares, 1);
    tt_check_range (v, "loss_limit_percent", p->loss_limit_percent, 0, 100);
    tt_check_count (v, "cells", p->n_cells, 0, 100);
    for (size_t i = 0; i < p->n_cells && i < 100; i++) {
        size_t mark = tt_violations_enter (v, "cells[%zu]", i);
        tt_check_identifier (v, "cap_id", p->cells[i]->cap_id);
        check_shares (v, p->cells[i]->shares, p->cells[i]->n_shares, 0);
        tt_violations_leave (v, mark);
    }
}

static void
check_instalments (tt_violations *v, const finance_entry *e)
{
    int64_t sum = 0;
    tt_check_count (v, "instalments", e->n_instalments, 0, 400);
    for (size_t i = 0; i < e->n_instalments && i < 400; i++) {
        size_t mark = tt_violations_enter (v, "instalments[%zu]", i);
        const Techtransfer__Finance__V1__Instalment *part = e->instalments[i];
        if (tt_check_date (v, "due", part->due, true) && strcmp (part->due, i ? e->instalments[i - 1]->due : e->date) <= 0)
            tt_violate (v, "due", "is not after %s", i ? e->instalments[i - 1]->due : e->date);
        if (tt_check_money (v, "principal_fen", part->principal_fen, 1, TT_MONEY_MAX))
            sum += part->principal_fen;
        tt_violations_leave (v, mark);
    }
    if (e->n_instalments > 0 && sum != e->amount_fen)
        tt_violate (v, "instalments", "sum to %lld fen, not to %lld", (long long)sum, (long long)e->amount_fen);
}

void
match_check_entry (tt_violations *v, const finance_entry *e, int64_t now)
{
    bool loss = e->kind == FINANCE (ENTRY_KIND__DEFAULT), repayment = e->kind == FINANCE (ENTRY_KIND__REPAYMENT);
    tt_check_identifier (v, "entry_id", e->entry_id);
    if (!loss)
        tt_check_money (v, repayment ? "principal_fen" : "amount_fen", e->amount_fen, e->last ? 0 : 1, TT_MONEY_MAX);
    tt_check_money (v, "interest_fen", e->interest_fen, 0, TT_MONEY_MAX);
    if (tt_check_date (v, "date", e->date, true) && match_day_start (e->date) > now)
        tt_violate (v, "date", "\"%s\" is not over yet, nor today", e->date);
    tt_check_text (v, "by", e->by, 1, 64);
    tt_check_text (v, "reason", e->reason, loss ? 1 : 0, 256);
    check_instalments (v, e);
}
