/* What is at stake in a market: sums by provider, pool, cell, cap, district and special. */
#include <string.h>

#include "commands.h"
#include "ledger.h"

typedef Techtransfer__Finance__V1__ExposureRow exposure_row;

typedef struct {
    tt_txn *txn;
    const char *market;
    exposure_row **rows;
    size_t count;
} exposure;

static void
read_number (const exposure *e, const char *table, tt_bytes key, int64_t *value)
{
    tt_txn_number (e->txn, match_table (e->txn, table, e->market), key, value);
}

/* Asks for the sums of an account; kept if any is not 0. */
static void
add_account (exposure *e, const char *kind, const char *id, tt_bytes key)
{
    exposure_row *row = tt_arena_zero (tt_txn_arena (e->txn), sizeof *row);
    techtransfer__finance__v1__exposure_row__init (row);
    row->kind = (char *)(uintptr_t)kind;
    row->id = (char *)(uintptr_t)id;
    match_taken (e->txn, e->market, key, &row->held_fen, &row->confirmed_fen);
    read_number (e, "disbursed", key, &row->disbursed_fen);
    read_number (e, "repaid", key, &row->repaid_fen);
    read_number (e, "lost", key, &row->lost_fen);
    if (row->held_fen || row->confirmed_fen || row->disbursed_fen)
        e->rows[e->count++] = row;
}

/* "pool", "cell" of one, or "cap". */
static const char *
kind_of_cap (const char *cap_id, finance_pool *const *pools, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (pools[i]->pool_id, cap_id) == 0)
            return "pool";
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pools[i]->n_cells; k++)
            if (strcmp (pools[i]->cells[k]->cap_id, cap_id) == 0)
                return "cell";
    return "cap";
}

static const char *
text_of (tt_txn *txn, tt_bytes key)
{
    return tt_arena_strndup (tt_txn_arena (txn), (const char *)key.data, key.size);
}

/* False: a row cannot be read. */
static bool
add_caps (exposure *e, const tt_rows *caps, const tt_rows *pool_rows)
{
    finance_pool **pools = tt_arena_zero (tt_txn_arena (e->txn), (pool_rows->count + 1) * sizeof (finance_pool *));
    for (size_t i = 0; i < pool_rows->count; i++)
        if ((pools[i] = match_row (e->txn, &pool_rows->rows[i], &techtransfer__finance__v1__pool__descriptor)) == NULL)
            return false;
    for (size_t i = 0; i < caps->count; i++) {
        const char *id = text_of (e->txn, caps->keys[i]);
        add_account (e, kind_of_cap (id, pools, pool_rows->count), id, match_cap_key (e->txn, id, NULL));
    }
    return true;
}

static int
compare_rows (const void *left, const void *right)
{
    const exposure_row *a = *(exposure_row *const *)left, *b = *(exposure_row *const *)right;
    int order = strcmp (a->kind, b->kind);
    return order ? order : strcmp (a->id, b->id);
}

void
match_get_exposure (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__GetExposureRequest *r = request;
    Techtransfer__Finance__V1__GetExposureReply reply = TECHTRANSFER__FINANCE__V1__GET_EXPOSURE_REPLY__INIT;
    const tt_catalog *catalog = ((const match_service *)service)->catalog;
    size_t districts, specials;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, NULL, NULL))
        return;
    const tt_rows *providers = tt_txn_table (txn, match_table (txn, "provider", r->market));
    const tt_rows *caps = tt_txn_table (txn, match_table (txn, "cap", r->market));
    const tt_rows *pools = tt_txn_table (txn, match_table (txn, "pool", r->market));
    const tt_catalog_district *district = tt_catalog_districts (catalog, &districts);
    const tt_catalog_special *special = tt_catalog_specials (catalog, &specials);
    if (providers == NULL || caps == NULL || pools == NULL)
        return;
    exposure e = { .txn = txn, .market = r->market };
    e.rows = tt_arena_zero (tt_txn_arena (txn), (providers->count + caps->count + districts + specials + 1) * sizeof *e.rows);
    for (size_t i = 0; i < providers->count; i++)
        add_account (&e, "provider", text_of (txn, providers->keys[i]), providers->keys[i]);
    if (!add_caps (&e, caps, pools))
        return;
    for (size_t i = 0; i < districts; i++)
        add_account (&e, "district", district[i].key, match_account_key (txn, "district", district[i].key));
    for (size_t i = 0; i < specials; i++) {
        const char *id = tt_arena_printf (tt_txn_arena (txn), "%u", special[i].id);
        add_account (&e, "special", id, match_account_key (txn, "special", id));
    }
    if (tt_txn_pending (txn))
        return;
    if (e.count > 1)
        qsort (e.rows, e.count, sizeof *e.rows, compare_rows);
    reply.rows = e.rows;
    reply.n_rows = e.count;
    tt_txn_reply (txn, &reply.base);
}
