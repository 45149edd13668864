/* Risk pools 风险池: put, listed, suspended, resumed. A pool is a cap (its capacity is drawn on where caps are) and the rule by
 * which losses under it are split. Not for the losses themselves (commands_loan.c). */
#include <string.h>

#include "checks.h"
#include "commands.h"
#include "ledger.h"

static const ProtobufCMessageDescriptor *const pool_type = &techtransfer__finance__v1__pool__descriptor;

static finance_pool *
read_pool (tt_txn *txn, const char *market, const char *pool_id, match_found *found)
{
    return match_read (txn, "pool", market, tt_bytes_of_text (pool_id), pool_type, found);
}

/* False: not read yet. */
static bool
fill_pool (tt_txn *txn, finance_pool *p)
{
    p->capacity_fen = p->balance_fen * p->leverage;
    return tt_txn_number (txn, match_table (txn, "used", p->market), match_cap_key (txn, p->pool_id, NULL), &p->used_fen);
}

static void
store_pool (tt_txn *txn, const finance_pool *pool)
{
    finance_pool row = *pool;
    row.used_fen = 0;
    tt_txn_put_message (txn, match_table (txn, "pool", row.market), tt_bytes_of_text (row.pool_id), &row.base);
}

static void
announce_pool (tt_txn *txn, finance_pool *pool, const char *by, const char *reason)
{
    Techtransfer__Finance__V1__PoolChanged changed = TECHTRANSFER__FINANCE__V1__POOL_CHANGED__INIT;
    changed.pool = pool;
    changed.by = (char *)(uintptr_t)by;
    changed.reason = (char *)(uintptr_t)reason;
    match_event (txn, "pool", pool->pool_id, NULL, pool->pool_id, &changed.base);
}

/* -- putting -- */

static bool
pool_refused (tt_txn *txn, const finance_pool *pool, const match_service *service)
{
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "pool");
    if (pool)
        match_check_pool (&v, pool, service->catalog);
    else
        tt_violate (&v, NULL, "is required");
    tt_violations_leave (&v, mark);
    return match_refuse (txn, &v);
}

/* Cells are caps that were put before. False: pending or refused. */
static bool
cells_are_there (tt_txn *txn, const finance_pool *pool)
{
    for (size_t i = 0; i < pool->n_cells; i++) {
        match_found found;
        const finance_cap *cap = match_read (txn, "cap", pool->market, tt_bytes_of_text (pool->cells[i]->cap_id),
                                             &techtransfer__finance__v1__cap__descriptor, &found);
        bool usable = cap && !cap->retired && !cap->per_applicant && strcmp (cap->cap_id, pool->pool_id) != 0;
        if (found != MATCH_PENDING && !usable) {
            tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "cell %s of pool %s is no cap that is in force: put the cap first",
                           pool->cells[i]->cap_id, pool->pool_id);
            return false;
        }
    }
    return !tt_txn_pending (txn) && !tt_txn_refused (txn);
}

static bool
same_pool (const finance_pool *a, const finance_pool *b)
{
    tt_buffer x = { 0 }, y = { 0 };
    x.size = protobuf_c_message_pack (&a->base, tt_buffer_reserve (&x, protobuf_c_message_get_packed_size (&a->base)));
    y.size = protobuf_c_message_pack (&b->base, tt_buffer_reserve (&y, protobuf_c_message_get_packed_size (&b->base)));
    bool same = tt_bytes_equal ((tt_bytes){ x.data, x.size }, (tt_bytes){ y.data, y.size });
    tt_buffer_free (&x);
    tt_buffer_free (&y);
    return same;
}

/* What happened under a pool stays with it, whatever is put. */
static void
carry_over (finance_pool *pool, const finance_pool *old)
{
    pool->revision = old ? old->revision : 0;
    pool->disbursed_fen = old ? old->disbursed_fen : 0;
    pool->lost_fen = old ? old->lost_fen : 0;
    pool->paid_fen = old ? old->paid_fen : 0;
    pool->suspended = old && old->suspended;
}

void
match_put_pool (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__PutPoolRequest *r = request;
    Techtransfer__Finance__V1__PutPoolReply reply = TECHTRANSFER__FINANCE__V1__PUT_POOL_REPLY__INIT;
    match_cap_change change;
    match_found found;
    tt_txn_at (txn, tt_bytes_of_text (r->pool ? r->pool->market : ""));
    if (pool_refused (txn, r->pool, service))
        return;
    finance_pool pool = *r->pool, *old = read_pool (txn, pool.market, pool.pool_id, &found);
    carry_over (&pool, old);
    if (!fill_pool (txn, &pool) || found == MATCH_PENDING || !cells_are_there (txn, &pool))
        return;
    if (old)
        old->used_fen = pool.used_fen;
    reply.pool = &pool;
    reply.created = old == NULL;
    if (old == NULL || !same_pool (old, &pool)) {
        finance_cap cap = match_cap_of_pool (&pool);
        if (!match_set_cap (txn, &cap, &change))
            return;
        pool.revision++;
        store_pool (txn, &pool);
        announce_pool (txn, &pool, tt_txn_caller (txn), "put");
    }
    tt_txn_reply (txn, &reply.base);
}

/* -- suspension -- */

static bool
set_suspended (tt_txn *txn, finance_pool *pool, bool suspended)
{
    match_cap_change change;
    pool->suspended = suspended;
    finance_cap cap = match_cap_of_pool (pool);
    return match_set_cap (txn, &cap, &change);
}

bool
match_settle_pool (tt_txn *txn, finance_pool *pool, const char *by, const char *reason)
{
    bool over = pool->loss_limit_percent > 0
                && (__int128)pool->lost_fen * 100 > (__int128)pool->disbursed_fen * pool->loss_limit_percent;
    bool suspends = over && !pool->suspended && reason != NULL;
    if (!fill_pool (txn, pool) || (suspends && !set_suspended (txn, pool, true)))
        return false;
    pool->revision++;
    store_pool (txn, pool);
    if (suspends)
        announce_pool (txn, pool, by,
                       tt_arena_printf (tt_txn_arena (txn), "suspended: %lld of %lld fen lost, over %u %%: %s",
                                        (long long)pool->lost_fen, (long long)pool->disbursed_fen, pool->loss_limit_percent,
                                        reason));
    return true;
}

static bool
resume_refused (tt_txn *txn, const Techtransfer__Finance__V1__ResumePoolRequest *r)
{
    tt_violations v = { 0 };
    tt_check_identifier (&v, "market", r->market);
    tt_check_identifier (&v, "pool_id", r->pool_id);
    tt_check_text (&v, "by", r->by, 1, 64);
    tt_check_text (&v, "reason", r->reason, 1, 256);
    return match_refuse (txn, &v);
}

void
match_resume_pool (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ResumePoolRequest *r = request;
    Techtransfer__Finance__V1__ResumePoolReply reply = TECHTRANSFER__FINANCE__V1__RESUME_POOL_REPLY__INIT;
    match_found found;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (resume_refused (txn, r))
        return;
    finance_pool *pool = reply.pool = read_pool (txn, r->market, r->pool_id, &found);
    if (found == MATCH_ABSENT)
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no pool \"%s\" in market \"%s\"", r->pool_id, r->market);
    if (pool == NULL || !fill_pool (txn, pool))
        return;
    if (pool->suspended) {
        if (!set_suspended (txn, pool, false))
            return;
        pool->revision++;
        store_pool (txn, pool);
        announce_pool (txn, pool, r->by, tt_arena_printf (tt_txn_arena (txn), "resumed: %s", r->reason));
    }
    tt_txn_reply (txn, &reply.base);
}

/* -- reading -- */

static const char *
cell_of (const finance_pool *pool, const finance_proposal *p)
{
    for (size_t i = 0; i < pool->n_cells; i++)
        for (size_t k = 0; k < p->n_caps; k++)
            if (strcmp (pool->cells[i]->cap_id, p->caps[k]) == 0)
                return pool->cells[i]->cap_id;
    return "";
}

finance_pool *
match_pool_of (tt_txn *txn, const finance_proposal *p, match_found *found, const char **cell_id)
{
    *found = MATCH_ABSENT;
    *cell_id = "";
    for (size_t i = 0; i < p->n_caps; i++) {
        finance_pool *pool = read_pool (txn, p->market, p->caps[i], found);
        if (pool)
            *cell_id = cell_of (pool, p);
        if (*found != MATCH_ABSENT)
            return pool;
    }
    return NULL;
}

void
match_list_pools (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ListPoolsRequest *r = request;
    Techtransfer__Finance__V1__ListPoolsReply reply = TECHTRANSFER__FINANCE__V1__LIST_POOLS_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, NULL, NULL))
        return;
    const tt_rows *rows = tt_txn_table (txn, match_table (txn, "pool", r->market));
    if (rows == NULL)
        return;
    reply.pools = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *reply.pools);
    for (size_t i = 0; i < rows->count; i++) {
        finance_pool *pool = match_row (txn, &rows->rows[i], pool_type);
        if (pool == NULL)
            return;
        fill_pool (txn, pool);
        reply.pools[reply.n_pools++] = pool;
    }
    if (!tt_txn_pending (txn))
        tt_txn_reply (txn, &reply.base);
}
