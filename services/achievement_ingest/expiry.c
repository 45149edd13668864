#include "expiry.h"

#include "commands.h"
#include "fit.h"

#define STATE(name) TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__##name

bool
ingest_demand_past (const ingest_demand *demand, int32_t today)
{
    return ingest_limits_of (demand).deadline < today;
}

/* The revision stays: it is the owner's text that it numbers. */
static void
commit_expiry (tt_txn *txn, ingest_demand *demand, tt_bytes key)
{
    demand->state = STATE (EXPIRED);
    demand->expired_unix_ms = tt_txn_now (txn);
    tt_txn_put_message (txn, INGEST_TABLE_DEMAND, key, &demand->base);
    Techtransfer__Achievement__V1__DemandExpired event = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_EXPIRED__INIT;
    event.demand = demand;
    tt_txn_event (txn, ingest_topic (txn, "demand-expired", demand->owner, NULL), demand->demand_id, &event.base);
    ingest_log_demand (txn, demand, false);
    tt_txn_reply (txn, &demand->base);
}

void
ingest_expire (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const ingest_demand *which = request;
    tt_txn_at (txn, tt_bytes_of_text (which->owner));
    tt_bytes key = ingest_pair_key (tt_txn_arena (txn), which->owner, which->demand_id);
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_DEMAND, key);
    ingest_demand *demand = ingest_read_row (txn, row, &techtransfer__achievement__v1__demand__descriptor);
    if (demand && demand->state == STATE (OPEN) && ingest_demand_past (demand, ingest_day_of (tt_txn_now (txn))))
        commit_expiry (txn, demand, key);
}
