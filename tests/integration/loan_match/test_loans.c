/* From a round to default under a risk pool, on two replicas: what is drawn, repaid, lost and shared, by figures computed by
 * hand. */
#include <string.h>

#include "harness.h"

#define TYPE(name) (&techtransfer__finance__v1__##name##__descriptor)
#define CALL(client, method, request, reply, code) harness_call (client, method, &(request).base, TYPE (reply), code)
#define FREE(message) protobuf_c_message_free_unpacked (&(message)->base, NULL)
#define MARKET ((char *)"pooled")

typedef Techtransfer__Finance__V1__ListProposalsReply proposals_reply;
typedef Techtransfer__Finance__V1__RecordDefaultReply default_reply;

static void
free_reply (void *reply)
{
    if (reply)
        protobuf_c_message_free_unpacked (reply, NULL);
}

static void
expect_message (const char *text)
{
    CHECK (strstr (harness_last ()->message, text) != NULL, "\"%s\" is not in \"%s\"", text, harness_last ()->message);
}

/* -- the market -- */

static void
put_bank (tt_client *c)
{
    finance_provider p = TECHTRANSFER__FINANCE__V1__PROVIDER__INIT;
    finance_product l = TECHTRANSFER__FINANCE__V1__PRODUCT__INIT;
    Techtransfer__Finance__V1__PutProviderRequest r = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REQUEST__INIT;
    Techtransfer__Finance__V1__PutProductRequest s = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REQUEST__INIT;
    p.market = l.market = MARKET;
    p.provider_id = l.provider_id = p.name = (char *)"bank";
    p.kind = FINANCE (PROVIDER_KIND__BANK);
    p.capacity_fen = l.capacity_fen = l.ticket_max_fen = 100000;
    l.product_id = (char *)"pool-loan";
    l.leg = FINANCE (LEG__LOAN);
    l.ticket_min_fen = 1;
    l.price = (char *)"4.35";
    r.provider = &p;
    s.product = &l;
    free_reply (CALL (c, "PutProvider", r, put_provider_reply, TT_OK));
    free_reply (CALL (c, "PutProduct", s, put_product_reply, TT_OK));
}

static void
put_cell (tt_client *c, const char *id, int64_t limit, tt_status code)
{
    finance_cap cap = TECHTRANSFER__FINANCE__V1__CAP__INIT;
    Techtransfer__Finance__V1__PutCapRequest r = TECHTRANSFER__FINANCE__V1__PUT_CAP_REQUEST__INIT;
    char *products[] = { (char *)"bank/pool-loan" }, *districts[] = { (char *)"yinzhou" };
    cap.market = MARKET;
    cap.cap_id = (char *)id;
    cap.limit_fen = limit;
    cap.products = products;
    cap.districts = districts;
    cap.n_products = cap.n_districts = 1;
    r.cap = &cap;
    free_reply (CALL (c, "PutCap", r, put_cap_reply, code));
}

/* Balance 500 fen, leverage 10, city, district, bank 4:4:2, suspended above 5 %. */
static void
put_pool (tt_client *c, int64_t balance, tt_status code)
{
    static const char *const parties[] = { "city", "district", "bank" };
    static const uint32_t weights[] = { 4, 4, 2 };
    finance_pool pool = TECHTRANSFER__FINANCE__V1__POOL__INIT;
    finance_share shares[3], *rule[3];
    Techtransfer__Finance__V1__PoolCell cell = TECHTRANSFER__FINANCE__V1__POOL_CELL__INIT, *cells[] = { &cell };
    Techtransfer__Finance__V1__PutPoolRequest r = TECHTRANSFER__FINANCE__V1__PUT_POOL_REQUEST__INIT;
    char *providers[] = { (char *)"bank" };
    for (size_t i = 0; i < 3; i++) {
        techtransfer__finance__v1__loss_share__init (rule[i] = &shares[i]);
        shares[i].party = (char *)(uintptr_t)parties[i];
        shares[i].weight = weights[i];
        shares[i].from_pool = i < 2;
    }
    pool.market = MARKET;
    pool.pool_id = (char *)"pool";
    pool.balance_fen = balance;
    pool.leverage = 10;
    pool.providers = providers;
    pool.n_providers = 1;
    pool.shares = rule;
    pool.n_shares = 3;
    cell.cap_id = (char *)"cell";
    pool.cells = cells;
    pool.n_cells = 1;
    pool.loss_limit_percent = 5;
    r.pool = &pool;
    free_reply (CALL (c, "PutPool", r, put_pool_reply, code));
}

static finance_pool *
the_pool (tt_client *c)
{
    Techtransfer__Finance__V1__ListPoolsRequest r = TECHTRANSFER__FINANCE__V1__LIST_POOLS_REQUEST__INIT;
    r.market = MARKET;
    Techtransfer__Finance__V1__ListPoolsReply *reply = CALL (c, "ListPools", r, list_pools_reply, TT_OK);
    CHECK (reply->n_pools == 1, "%zu pools", reply->n_pools);
    finance_pool *pool = reply->pools[0];
    reply->n_pools = 0;
    FREE (reply);
    return pool;
}

static void
expect_pool (tt_client *c, int64_t used, int64_t disbursed, int64_t lost, int64_t paid, bool suspended)
{
    finance_pool *p = the_pool (c);
    CHECK (p->capacity_fen == 5000 && p->used_fen == used && p->disbursed_fen == disbursed && p->lost_fen == lost
               && p->paid_fen == paid && (bool)p->suspended == suspended,
           "used %lld, disbursed %lld, lost %lld, paid %lld, suspended %d", (long long)p->used_fen, (long long)p->disbursed_fen,
           (long long)p->lost_fen, (long long)p->paid_fen, p->suspended);
    FREE (p);
}

static void
submit (tt_client *c, const char *id, int64_t loan)
{
    finance_leg leg = TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT, *legs[] = { &leg };
    finance_application a = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
    Techtransfer__Finance__V1__SubmitApplicationRequest r = TECHTRANSFER__FINANCE__V1__SUBMIT_APPLICATION_REQUEST__INIT;
    uint32_t specials[] = { 3 };
    leg.leg = FINANCE (LEG__LOAN);
    leg.amount_fen = loan;
    a.market = MARKET;
    a.application_id = a.applicant = (char *)id;
    a.district = (char *)"yinzhou";
    a.industry = (char *)"C39";
    a.stage = (char *)"growth";
    a.specials = specials;
    a.n_specials = 1;
    a.legs = legs;
    a.n_legs = 1;
    r.application = &a;
    free_reply (CALL (c, "SubmitApplication", r, submit_application_reply, TT_OK));
}

static int64_t
run_round (tt_client *c, const char *id)
{
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    r.market = MARKET;
    r.round_id = (char *)id;
    Techtransfer__Finance__V1__RunRoundReply *reply = CALL (c, "RunRound", r, run_round_reply, TT_OK);
    int64_t allocated = reply->round->allocated_fen;
    FREE (reply);
    return allocated;
}

/* The id of the applicant's proposal; accepted by both if so. Static storage. */
static const char *
proposal_of (tt_client *c, const char *party, bool accept)
{
    static char ids[8][40];
    static size_t next;
    Techtransfer__Finance__V1__ListProposalsRequest r = TECHTRANSFER__FINANCE__V1__LIST_PROPOSALS_REQUEST__INIT;
    Techtransfer__Finance__V1__AcceptProposalRequest a = TECHTRANSFER__FINANCE__V1__ACCEPT_PROPOSAL_REQUEST__INIT;
    char *id = ids[next++ % 8];
    r.market = a.market = MARKET;
    r.party = a.party = (char *)party;
    proposals_reply *list = CALL (c, "ListProposals", r, list_proposals_reply, TT_OK);
    CHECK (list->n_proposals == 1, "%s has %zu", party, list->n_proposals);
    snprintf (id, sizeof ids[0], "%s", list->proposals[0]->proposal_id);
    FREE (list);
    a.proposal_id = id;
    if (!accept)
        return id;
    free_reply (CALL (c, "AcceptProposal", a, accept_proposal_reply, TT_OK));
    a.party = (char *)"bank";
    free_reply (CALL (c, "AcceptProposal", a, accept_proposal_reply, TT_OK));
    return id;
}

/* -- entries -- */

static void
disburse (tt_client *c, const char *loan, const char *entry, int64_t amount, bool last, tt_status code)
{
    Techtransfer__Finance__V1__RecordDisbursementRequest r = TECHTRANSFER__FINANCE__V1__RECORD_DISBURSEMENT_REQUEST__INIT;
    Techtransfer__Finance__V1__Instalment part = TECHTRANSFER__FINANCE__V1__INSTALMENT__INIT, *plan[] = { &part };
    part.due = (char *)"2020-06-30";
    part.principal_fen = amount;
    r.market = MARKET;
    r.proposal_id = (char *)loan;
    r.entry_id = (char *)entry;
    r.amount_fen = amount;
    r.date = (char *)"2020-01-31";
    r.instalments = plan;
    r.n_instalments = 1;
    r.last = last;
    r.by = (char *)"bank";
    free_reply (CALL (c, "RecordDisbursement", r, record_disbursement_reply, code));
}

static int64_t
repay (tt_client *c, const char *loan, const char *entry, int64_t amount, const char *date, tt_status code)
{
    Techtransfer__Finance__V1__RecordRepaymentRequest r = TECHTRANSFER__FINANCE__V1__RECORD_REPAYMENT_REQUEST__INIT;
    int64_t overdue = 0;
    r.market = MARKET;
    r.proposal_id = (char *)loan;
    r.entry_id = (char *)entry;
    r.principal_fen = amount;
    r.date = (char *)date;
    r.by = (char *)"bank";
    Techtransfer__Finance__V1__RecordRepaymentReply *reply = CALL (c, "RecordRepayment", r, record_repayment_reply, code);
    if (reply) {
        const finance_loan *l = reply->loan;
        overdue = l->entries[l->n_entries - 1]->overdue_fen;
        FREE (reply);
    }
    return overdue;
}

static default_reply *
lose (tt_client *c, const char *loan, tt_status code)
{
    Techtransfer__Finance__V1__RecordDefaultRequest r = TECHTRANSFER__FINANCE__V1__RECORD_DEFAULT_REQUEST__INIT;
    r.market = MARKET;
    r.proposal_id = (char *)loan;
    r.entry_id = (char *)"x";
    r.date = (char *)"2020-12-31";
    r.by = (char *)"bank";
    r.reason = (char *)"insolvent";
    return CALL (c, "RecordDefault", r, record_default_reply, code);
}

/* -- the story -- */

static void
pool_is_put (tt_client *a, tt_client *b)
{
    put_bank (a);
    put_pool (a, INT64_MAX, TT_INVALID_ARGUMENT); /* times 10 it is no number */
    put_pool (a, 500, TT_FAILED_PRECONDITION);
    expect_message ("put the cap first");
    put_cell (a, "cell", 5000, TT_OK);
    put_pool (a, 500, TT_OK);
    put_pool (b, 500, TT_OK); /* again, at the other replica: nothing changes */
    finance_pool *pool = the_pool (b);
    CHECK (pool->revision == 1, "revision %llu", (unsigned long long)pool->revision);
    FREE (pool);
    put_cell (a, "pool", 9000, TT_FAILED_PRECONDITION);
    expect_message ("is that of a pool");
}

/* 5,000 fen of capacity for 6,000 fen of wishes. */
static void
capacity_is_drawn_on (tt_client *c)
{
    submit (c, "app-1", 3003);
    submit (c, "app-2", 1000);
    submit (c, "app-3", 1997);
    CHECK (run_round (c, "r1") == 5000, "not the pool's capacity");
    expect_pool (c, 5000, 0, 0, 0, false);
    put_pool (c, 499, TT_FAILED_PRECONDITION);
}

/* Of 3,003 fen 2,000 come back, 1,003 are lost: 401, 401 and 201. Disbursed under the pool: 3,003 + 900; lost more than 5 %. */
static void
money_comes_and_goes (tt_client *a, tt_client *b)
{
    const char *big = proposal_of (a, "app-1", false), *small = proposal_of (a, "app-2", true);
    disburse (a, big, "d", 3003, false, TT_FAILED_PRECONDITION);
    expect_message ("is HELD, not CONFIRMED");
    proposal_of (b, "app-1", true);
    repay (a, big, "r", 1, "2020-02-01", TT_FAILED_PRECONDITION);
    expect_message ("is disbursed");
    disburse (a, big, "d", 3003, false, TT_OK);
    disburse (b, big, "d", 3003, false, TT_OK); /* the same again */
    disburse (b, big, "d", 3000, false, TT_ALREADY_EXISTS);
    disburse (b, big, "d2", 1, false, TT_FAILED_PRECONDITION);
    disburse (b, small, "d", 900, true, TT_OK); /* 100 are not drawn and come back */
    expect_pool (a, 4900, 3903, 0, 0, false);
    CHECK (repay (b, big, "r1", 1500, "2020-06-30", TT_OK) == 0, "in time");
    CHECK (repay (a, big, "r2", 500, "2020-08-01", TT_OK) == 1503, "late");
    CHECK (repay (b, big, "r2", 500, "2020-08-01", TT_OK) == 1503, "again");
    repay (b, big, "r3", 1004, "2020-08-02", TT_FAILED_PRECONDITION);
    expect_pool (a, 2900, 3903, 0, 0, false);
}

static void
a_loss_is_shared (tt_client *a, tt_client *b)
{
    const char *big = proposal_of (a, "app-1", false);
    default_reply *reply = lose (a, big, TT_OK), *again = lose (b, big, TT_OK);
    const finance_loan *l = reply->loan;
    const finance_entry *e = l->entries[l->n_entries - 1];
    CHECK (l->state == FINANCE (LOAN_STATE__DEFAULTED) && e->amount_fen == 1003 && e->n_parts == 3, "%lld",
           (long long)e->amount_fen);
    CHECK (e->parts[0]->amount_fen == 401 && e->parts[1]->amount_fen == 401 && e->parts[2]->amount_fen == 201, "shares");
    CHECK (strcmp (l->cell_id, "cell") == 0 && again->loan->revision == l->revision, "once");
    repay (b, big, "r4", 1, "2021-01-01", TT_FAILED_PRECONDITION);
    expect_message ("is DEFAULTED");
    expect_pool (b, 2900, 3903, 1003, 802, true);
    FREE (reply);
    FREE (again);
}

static void
suspended_until_resumed (tt_client *a, tt_client *b)
{
    Techtransfer__Finance__V1__ResumePoolRequest r = TECHTRANSFER__FINANCE__V1__RESUME_POOL_REQUEST__INIT;
    submit (a, "app-4", 500);
    CHECK (run_round (a, "r2") == 0, "a suspended pool holds nothing");
    r.market = MARKET;
    r.pool_id = (char *)"pool";
    r.by = (char *)"officer";
    free_reply (CALL (b, "ResumePool", r, resume_pool_reply, TT_INVALID_ARGUMENT));
    r.reason = (char *)"balance restored";
    free_reply (CALL (b, "ResumePool", r, resume_pool_reply, TT_OK));
    free_reply (CALL (a, "ResumePool", r, resume_pool_reply, TT_OK));
    CHECK (run_round (a, "r3") >= 500, "resumed");
}

/* app-1 3,003 (2,000 repaid, 1,003 lost), app-2 900; the round gave app-3 997 of its 1,997. app-4's 500 are held. */
static void
exposure (tt_client *c)
{
    static const char *const kinds[] = { "cell", "district", "pool", "provider", "special" };
    Techtransfer__Finance__V1__GetExposureRequest r = TECHTRANSFER__FINANCE__V1__GET_EXPOSURE_REQUEST__INIT;
    r.market = MARKET;
    Techtransfer__Finance__V1__GetExposureReply *reply = CALL (c, "GetExposure", r, get_exposure_reply, TT_OK);
    CHECK (reply->n_rows == 5, "%zu rows", reply->n_rows);
    for (size_t i = 0; i < 5; i++) {
        const Techtransfer__Finance__V1__ExposureRow *row = reply->rows[i];
        CHECK (strcmp (row->kind, kinds[i]) == 0, "%s", row->kind);
        CHECK (row->confirmed_fen == 1903 && row->held_fen == 997 + 500, "%s: held %lld, confirmed %lld", row->kind,
               (long long)row->held_fen, (long long)row->confirmed_fen);
        CHECK (row->disbursed_fen == 3903 && row->repaid_fen == 2000 && row->lost_fen == 1003, "%s", row->kind);
    }
    FREE (reply);
}

static bool
is_under (tt_bytes topic, const char *prefix)
{
    return topic.size == strlen (prefix) && memcmp (topic.data, prefix, topic.size) == 0;
}

static void
reserve (tt_client *c, const char *id, const char *application, int64_t amount, tt_status code)
{
    Techtransfer__Finance__V1__ReserveCapacityRequest r = TECHTRANSFER__FINANCE__V1__RESERVE_CAPACITY_REQUEST__INIT;
    r.market = MARKET;
    r.reservation_id = (char *)id;
    r.application_id = (char *)application;
    r.leg = FINANCE (LEG__LOAN);
    r.provider_id = (char *)"bank";
    r.product_id = (char *)"pool-loan";
    r.amount_fen = amount;
    free_reply (CALL (c, "ReserveCapacity", r, reserve_capacity_reply, code));
}

/* Of the pool's 5,000 fen 1,903 are confirmed and 1,497 held: 1,600 are left. */
static void
reserved_between_rounds (tt_client *a, tt_client *b)
{
    submit (a, "app-5", 1700);
    submit (a, "app-6", 300);
    reserve (a, "res-1", "app-5", 1701, TT_FAILED_PRECONDITION);
    expect_message ("from 1 to 1700");
    reserve (a, "res-1", "app-5", 1601, TT_FAILED_PRECONDITION);
    expect_message ("capacity");
    reserve (a, "res-1", "app-5", 1600, TT_OK);
    reserve (b, "res-1", "app-5", 1600, TT_OK); /* the same again */
    reserve (b, "res-1", "app-5", 1599, TT_ALREADY_EXISTS);
    reserve (b, "res-2", "app-5", 1, TT_FAILED_PRECONDITION);
    expect_message ("not OPEN");
    reserve (b, "res-2", "app-6", 1, TT_FAILED_PRECONDITION);
    expect_message ("capacity");
    reserve (b, "res-2", "nobody", 1, TT_NOT_FOUND);
    expect_pool (a, 5000, 3903, 1003, 802, false);
    repay (a, proposal_of (a, "app-2", false), "r1", 400, "2020-06-30", TT_OK);
    reserve (b, "res-2", "app-6", 300, TT_OK); /* what is repaid can be lent again */
    expect_pool (b, 4900, 3903, 1003, 802, false);
}

/* What the journal tells of loans: each entry once, and the sums. */
static void
events_are_told_once (void)
{
    tt_store *store = NULL;
    tt_error error = { 0 };
    tt_store_options options = harness_store ();
    CHECK (tt_store_open (&store, &options, &error) == TT_OK && tt_store_prepare (store, &error) == TT_OK, "%s", error.message);
    int disbursed = 0, repaid = 0, defaulted = 0, pool = 0;
    for (uint32_t partition = 0; partition < 8; partition++) {
        const tt_entry *entries;
        size_t count;
        CHECK (tt_journal_read (store, TT_JOURNAL_EVENTS, partition, 1, 500, &entries, &count, NULL, &error) == TT_OK, "%s",
               error.message);
        for (size_t i = 0; i < count; i++) {
            disbursed += is_under (entries[i].topic, "finance/disbursed/yinzhou/loan/");
            repaid += is_under (entries[i].topic, "finance/repaid/bank/");
            defaulted += is_under (entries[i].topic, "finance/defaulted/bank/");
            pool += is_under (entries[i].topic, "finance/pool/pool/");
        }
    }
    tt_store_close (&store);
    CHECK (disbursed == 2 && repaid == 3 && defaulted == 1 && pool == 3, "%d %d %d %d", disbursed, repaid, defaulted, pool);
}

int
main (int argc, char **argv)
{
    CHECK (argc == 2, "usage: %s LOAN-MATCHD", argv[0]);
    harness_start_redis ();
    replica one = harness_start_daemon (argv[1], "one"), two = harness_start_daemon (argv[1], "two");
    tt_client *a = harness_client (one.endpoint), *b = harness_client (two.endpoint);
    pool_is_put (a, b);
    capacity_is_drawn_on (a);
    money_comes_and_goes (a, b);
    a_loss_is_shared (a, b);
    suspended_until_resumed (a, b);
    exposure (b);
    reserved_between_rounds (a, b);
    events_are_told_once ();
    tt_client_close (&a);
    tt_client_close (&b);
    harness_stop (&one);
    harness_stop (&two);
    puts ("loans: ok");
    return 0;
}
