/* Four replicas, many reservations, acceptances, disbursements, repayments and defaults at once, some sent twice, with kill -9 of
 * replicas and of Redis. Then all is counted again from the journal: at every position what is taken lies within each limit, each
 * entry is there once, and the daemon's sums are those of the journal, to the fen. TT_CAMPAIGN=50000: so many applications (600).
 */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "proposal.h"

#define TYPE(name) (&techtransfer__finance__v1__##name##__descriptor)
#define CALL(client, method, request, reply) harness_call (client, method, &(request).base, TYPE (reply), TT_OK)
#define FREE(message) protobuf_c_message_free_unpacked (&(message)->base, NULL)
#define MARKET ((char *)"books")
enum { REPLICAS = 4, STEPS = 8 };

static const char *program;
static replica replicas[REPLICAS];
static tt_client *clients[REPLICAS];
static uint32_t total = 600, block = 100;
static int64_t pool_limit, cell_limit;
static uint64_t unknown_answers, kills;

/* -- replicas -- */

static void
start_replica (int i)
{
    static int generation;
    char name[32];
    snprintf (name, sizeof name, "r%d-%d", i, generation++);
    replicas[i] = harness_start_daemon (program, name);
}

/* Each client knows all replicas, and begins with another one. */
static void
open_clients (void)
{
    for (int i = 0; i < REPLICAS; i++) {
        char endpoints[REPLICAS * 260] = "";
        tt_error error = { 0 };
        for (int k = 0; k < REPLICAS; k++)
            snprintf (endpoints + strlen (endpoints), sizeof endpoints - strlen (endpoints), "%s%s", k ? "," : "",
                      replicas[(i + k) % REPLICAS].endpoint);
        tt_client_options options = { .endpoints = endpoints, .timeout_ms = 20000, .try_ms = 500 };
        tt_client_close (&clients[i]);
        CHECK (tt_client_open (&clients[i], &options, &error) == TT_OK, "%s", error.message);
    }
}

/* -- the market -- */

static void
put_market (tt_client *c)
{
    finance_provider p = TECHTRANSFER__FINANCE__V1__PROVIDER__INIT;
    finance_product l = TECHTRANSFER__FINANCE__V1__PRODUCT__INIT;
    finance_cap cell = TECHTRANSFER__FINANCE__V1__CAP__INIT;
    finance_pool pool = TECHTRANSFER__FINANCE__V1__POOL__INIT;
    finance_share share = TECHTRANSFER__FINANCE__V1__LOSS_SHARE__INIT, bank = share, *shares[] = { &share, &bank };
    Techtransfer__Finance__V1__PutProviderRequest r = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REQUEST__INIT;
    Techtransfer__Finance__V1__PutProductRequest s = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REQUEST__INIT;
    Techtransfer__Finance__V1__PutCapRequest t = TECHTRANSFER__FINANCE__V1__PUT_CAP_REQUEST__INIT;
    Techtransfer__Finance__V1__PutPoolRequest u = TECHTRANSFER__FINANCE__V1__PUT_POOL_REQUEST__INIT;
    char *providers[] = { (char *)"bank" }, *products[] = { (char *)"bank/loan" }, *districts[] = { (char *)"yinzhou" };
    p.market = l.market = cell.market = pool.market = MARKET;
    p.provider_id = l.provider_id = p.name = (char *)"bank";
    p.kind = FINANCE (PROVIDER_KIND__BANK);
    p.capacity_fen = l.capacity_fen = l.ticket_max_fen = INT64_C (1000000000);
    l.product_id = (char *)"loan";
    l.leg = FINANCE (LEG__LOAN);
    l.ticket_min_fen = 1;
    cell.cap_id = (char *)"cell";
    cell.limit_fen = cell_limit;
    cell.products = products;
    cell.districts = districts;
    cell.n_products = cell.n_districts = 1;
    pool.pool_id = (char *)"pool";
    pool.balance_fen = pool_limit / 10;
    pool.leverage = 10;
    pool.providers = providers;
    pool.n_providers = 1;
    share.party = (char *)"city";
    bank.party = (char *)"bank";
    share.weight = 2;
    bank.weight = 1;
    share.from_pool = true;
    pool.shares = shares;
    pool.n_shares = 2;
    r.provider = &p;
    s.product = &l;
    t.cap = &cell;
    u.pool = &pool;
    FREE ((Techtransfer__Finance__V1__PutProviderReply *)CALL (c, "PutProvider", r, put_provider_reply));
    FREE ((Techtransfer__Finance__V1__PutProductReply *)CALL (c, "PutProduct", s, put_product_reply));
    FREE ((Techtransfer__Finance__V1__PutCapReply *)CALL (c, "PutCap", t, put_cap_reply));
    FREE ((Techtransfer__Finance__V1__PutPoolReply *)CALL (c, "PutPool", u, put_pool_reply));
}

/* -- what is done with application i -- */

static int64_t
amount_of (uint32_t i)
{
    return 100 + i * 37 % 900;
}

static void
id_of (uint32_t i, char application[24], char proposal[MATCH_PROPOSAL_ID_SIZE])
{
    finance_proposal p = TECHTRANSFER__FINANCE__V1__PROPOSAL__INIT;
    char round[32];
    snprintf (application, 24, "app-%u", i);
    snprintf (round, sizeof round, "reserve:%s", application);
    p.market = MARKET;
    p.round_id = round;
    p.application_id = application;
    p.leg = FINANCE (LEG__LOAN);
    p.provider_id = (char *)"bank";
    p.product_id = (char *)"loan";
    match_proposal_id (&p, proposal);
}

static void
send (tt_client *c, const char *method, const ProtobufCMessage *request)
{
    char name[96];
    size_t size = protobuf_c_message_get_packed_size (request);
    uint8_t *body = tt_alloc (size + 1);
    tt_error error = { 0 };
    snprintf (name, sizeof name, "techtransfer.finance.v1.LoanMatch/%s", method);
    protobuf_c_message_pack (request, body);
    CHECK (tt_client_send (c, name, (tt_bytes){ body, size }, NULL, &error) == TT_OK, "%s", error.message);
    free (body);
}

static void
send_submit (tt_client *c, uint32_t i, char *application)
{
    finance_leg leg = TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT, *legs[] = { &leg };
    finance_application a = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
    Techtransfer__Finance__V1__SubmitApplicationRequest r = TECHTRANSFER__FINANCE__V1__SUBMIT_APPLICATION_REQUEST__INIT;
    leg.leg = FINANCE (LEG__LOAN);
    leg.amount_fen = amount_of (i);
    a.market = MARKET;
    a.application_id = a.applicant = application;
    a.district = (char *)(i % 2 ? "yinzhou" : "haishu");
    a.industry = (char *)"C39";
    a.stage = (char *)"growth";
    a.legs = legs;
    a.n_legs = 1;
    r.application = &a;
    send (c, "SubmitApplication", &r.base);
}

static void
send_reserve (tt_client *c, uint32_t i, char *application)
{
    Techtransfer__Finance__V1__ReserveCapacityRequest r = TECHTRANSFER__FINANCE__V1__RESERVE_CAPACITY_REQUEST__INIT;
    r.market = MARKET;
    r.reservation_id = r.application_id = application;
    r.leg = FINANCE (LEG__LOAN);
    r.provider_id = (char *)"bank";
    r.product_id = (char *)"loan";
    r.amount_fen = amount_of (i);
    send (c, "ReserveCapacity", &r.base);
}

/* Every fifth is declined by its bank. */
static void
send_answer (tt_client *c, uint32_t i, char *party, char *proposal, bool bank)
{
    Techtransfer__Finance__V1__AcceptProposalRequest r = TECHTRANSFER__FINANCE__V1__ACCEPT_PROPOSAL_REQUEST__INIT;
    Techtransfer__Finance__V1__DeclineProposalRequest d = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REQUEST__INIT;
    r.market = d.market = MARKET;
    r.proposal_id = d.proposal_id = proposal;
    r.party = d.party = bank ? (char *)"bank" : party;
    if (bank && i % 5 == 0)
        send (c, "DeclineProposal", &d.base);
    else
        send (c, "AcceptProposal", &r.base);
}

static void
send_disburse (tt_client *c, uint32_t i, char *proposal)
{
    Techtransfer__Finance__V1__RecordDisbursementRequest r = TECHTRANSFER__FINANCE__V1__RECORD_DISBURSEMENT_REQUEST__INIT;
    r.market = MARKET;
    r.proposal_id = proposal;
    r.entry_id = r.by = (char *)"d";
    r.amount_fen = amount_of (i) - i % 3;
    r.last = i % 2;
    r.date = (char *)"2020-01-01";
    send (c, "RecordDisbursement", &r.base);
}

static void
send_repay (tt_client *c, uint32_t i, char *proposal, int part)
{
    Techtransfer__Finance__V1__RecordRepaymentRequest r = TECHTRANSFER__FINANCE__V1__RECORD_REPAYMENT_REQUEST__INIT;
    r.market = MARKET;
    r.proposal_id = proposal;
    r.entry_id = (char *)(part ? "r2" : "r1");
    r.by = (char *)"bank";
    r.principal_fen = part ? amount_of (i) - i % 3 - amount_of (i) / 3 : amount_of (i) / 3;
    r.date = (char *)"2020-02-01";
    send (c, "RecordRepayment", &r.base);
}

static void
send_default (tt_client *c, char *proposal)
{
    Techtransfer__Finance__V1__RecordDefaultRequest r = TECHTRANSFER__FINANCE__V1__RECORD_DEFAULT_REQUEST__INIT;
    r.market = MARKET;
    r.proposal_id = proposal;
    r.entry_id = (char *)"x";
    r.by = r.reason = (char *)"insolvent";
    r.date = (char *)"2020-03-01";
    send (c, "RecordDefault", &r.base);
}

static void
send_step (tt_client *c, uint32_t i, uint32_t step)
{
    char application[24], proposal[MATCH_PROPOSAL_ID_SIZE];
    id_of (i, application, proposal);
    switch (step) {
    case 0:
        send_submit (c, i, application);
        break;
    case 1:
        send_reserve (c, i, application);
        break;
    case 2:
        send_answer (c, i, application, proposal, false);
        break;
    case 3:
        send_answer (c, i, application, proposal, true);
        break;
    case 4:
        send_disburse (c, i, proposal);
        break;
    case 5:
        send_repay (c, i, proposal, 0);
        break;
    case 6:
        i % 4 == 0 ? send_default (c, proposal) : send_repay (c, i, proposal, i % 4 != 1);
        break;
    default:
        i % 4 == 1 ? send_default (c, proposal) : send_repay (c, i, proposal, 1);
        break;
    }
}

/* -- driving -- */

/* One tick: each block that is under way does its next step, all at once. A tenth is sent twice, to two replicas. */
static void
send_tick (uint32_t tick)
{
    uint32_t blocks = (total + block - 1) / block;
    for (uint32_t k = 0; k < block; k++)
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t i = (tick - step) * block + k;
            if (step > tick || tick - step >= blocks || i >= total)
                continue;
            send_step (clients[(i + step) % REPLICAS], i, step);
            if (i % 10 == step)
                send_step (clients[(i + step + 1) % REPLICAS], i, step);
        }
}

static void
receive_all (void)
{
    for (int i = 0; i < REPLICAS; i++)
        while (tt_client_in_flight (clients[i]) > 0) {
            tt_client_reply reply;
            CHECK (tt_client_receive (clients[i], 30000, &reply) != TT_NOT_FOUND, "lost");
            tt_status code = reply.result.code;
            unknown_answers += code == TT_UNAVAILABLE || code == TT_DEADLINE_EXCEEDED || code == TT_ABORTED;
            CHECK (code != TT_INTERNAL && code != TT_DATA_LOSS && code != TT_INVALID_ARGUMENT && code != TT_ALREADY_EXISTS, "%s",
                   reply.result.message);
        }
}

static void
drive (void)
{
    uint32_t blocks = (total + block - 1) / block;
    for (uint32_t tick = 0; tick < blocks + STEPS; tick++) {
        int victim = (int)(tick / 3 % REPLICAS);
        bool replica_dies = tick % 3 == 1, redis_dies = tick % 6 == 5;
        send_tick (tick);
        if (replica_dies)
            harness_kill (&replicas[victim]);
        if (redis_dies)
            harness_restart_redis ();
        kills += replica_dies + redis_dies;
        receive_all ();
        if (!replica_dies)
            continue;
        start_replica (victim);
        open_clients ();
    }
}

/* -- the journal -- */

typedef struct {
    int64_t held, confirmed, disbursed, repaid, lost;
    int64_t limit, most;
} account;

static account pool_account, cell_account;
static uint8_t *seen; /* of each application, a bit for each kind of step */

static bool
is_kind (tt_bytes topic, const char *prefix)
{
    return topic.size >= strlen (prefix) && memcmp (topic.data, prefix, strlen (prefix)) == 0;
}

static void
once (const finance_proposal *p, int bit)
{
    uint32_t i = (uint32_t)strtoul (p->application_id + 4, NULL, 10);
    CHECK (i < total && (seen[i] & 1U << bit) == 0, "%s: step %d is there twice", p->application_id, bit);
    seen[i] |= (uint8_t)(1U << bit);
}

static void
check_account (account *a, uint64_t sequence)
{
    int64_t taken = a->held + a->confirmed;
    a->most = taken > a->most ? taken : a->most;
    CHECK (a->held >= 0 && a->confirmed >= 0 && taken <= a->limit, "%lld of %lld fen at %llu", (long long)taken,
           (long long)a->limit, (unsigned long long)sequence);
    CHECK (a->disbursed >= a->repaid + a->lost, "the books do not balance at %llu", (unsigned long long)sequence);
}

static void
count_proposal (const tt_entry *e, account *a, const finance_proposal *p)
{
    bool made = is_kind (e->topic, "finance/proposed/"), confirmed = is_kind (e->topic, "finance/confirmed/");
    a->held += made ? p->amount_fen : -p->amount_fen;
    a->confirmed += confirmed ? p->amount_fen : 0;
    check_account (a, e->sequence);
}

static void
take_proposal (const tt_entry *e)
{
    Techtransfer__Finance__V1__ProposalMade *event
        = techtransfer__finance__v1__proposal_made__unpack (NULL, e->body.size, e->body.data);
    CHECK (event && event->proposal, "cannot be read");
    const finance_proposal *p = event->proposal;
    if (strcmp (event->party, "bank") != 0) {
        once (p, is_kind (e->topic, "finance/proposed/") ? 0 : 1);
        count_proposal (e, &pool_account, p);
        if (p->n_caps == 2)
            count_proposal (e, &cell_account, p);
    }
    FREE (event);
}

static void
count_entry (account *a, const finance_entry *entry, uint64_t sequence)
{
    a->confirmed -= entry->released_fen;
    if (entry->kind == FINANCE (ENTRY_KIND__DISBURSEMENT))
        a->disbursed += entry->amount_fen;
    else if (entry->kind == FINANCE (ENTRY_KIND__REPAYMENT))
        a->repaid += entry->amount_fen;
    else
        a->lost += entry->amount_fen;
    check_account (a, sequence);
}

static void
take_entry (const tt_entry *e)
{
    Techtransfer__Finance__V1__LoanDisbursed *event
        = techtransfer__finance__v1__loan_disbursed__unpack (NULL, e->body.size, e->body.data);
    CHECK (event && event->loan && event->loan->proposal && event->entry, "cannot be read");
    const finance_entry *entry = event->entry;
    int64_t parts = 0;
    for (size_t i = 0; i < entry->n_parts; i++)
        parts += entry->parts[i]->amount_fen;
    CHECK (entry->kind != FINANCE (ENTRY_KIND__DEFAULT) || parts == entry->amount_fen, "%lld fen of %lld are shared",
           (long long)parts, (long long)entry->amount_fen);
    once (event->loan->proposal, entry->entry_id[0] == 'd'   ? 2
                                 : entry->entry_id[0] == 'x' ? 3
                                 : entry->entry_id[1] == '1' ? 4
                                                             : 5);
    count_entry (&pool_account, entry, e->sequence);
    if (event->loan->proposal->n_caps == 2)
        count_entry (&cell_account, entry, e->sequence);
    FREE (event);
}

static void
take_event (const tt_entry *e)
{
    if (is_kind (e->topic, "finance/proposed/") || is_kind (e->topic, "finance/confirmed/")
        || is_kind (e->topic, "finance/released/"))
        take_proposal (e);
    else if (is_kind (e->topic, "finance/disbursed/") || is_kind (e->topic, "finance/repaid/")
             || is_kind (e->topic, "finance/defaulted/"))
        take_entry (e);
}

static void
count_again (void)
{
    tt_store_options options = harness_store ();
    tt_store *store = NULL;
    tt_error error = { 0 };
    const tt_entry *entries;
    size_t count;
    uint64_t next = 1;
    uint32_t partition = tt_partition_of (tt_bytes_of_text (MARKET), options.partitions);
    CHECK (tt_store_open (&store, &options, &error) == TT_OK && tt_store_prepare (store, &error) == TT_OK, "%s", error.message);
    pool_account.limit = pool_limit;
    cell_account.limit = cell_limit;
    do {
        CHECK (tt_journal_read (store, TT_JOURNAL_EVENTS, partition, next, 500, &entries, &count, NULL, &error) == TT_OK, "%s",
               error.message);
        for (size_t i = 0; i < count; i++)
            take_event (&entries[i]);
        next += count;
    } while (count > 0);
    tt_store_close (&store);
}

/* The daemon's sums are those of the journal. */
static void
compare_sums (tt_client *c)
{
    Techtransfer__Finance__V1__GetExposureRequest r = TECHTRANSFER__FINANCE__V1__GET_EXPOSURE_REQUEST__INIT;
    r.market = MARKET;
    Techtransfer__Finance__V1__GetExposureReply *reply = CALL (c, "GetExposure", r, get_exposure_reply);
    CHECK (reply->n_rows == 5, "%zu rows", reply->n_rows);
    for (size_t i = 0; i < reply->n_rows; i++) {
        const Techtransfer__Finance__V1__ExposureRow *row = reply->rows[i];
        bool cell = strcmp (row->id, "cell") == 0 || strcmp (row->id, "yinzhou") == 0;
        const account *a = cell ? &cell_account : &pool_account;
        if (strcmp (row->id, "haishu") == 0)
            continue;
        CHECK (row->held_fen == a->held && row->confirmed_fen == a->confirmed && row->disbursed_fen == a->disbursed
                   && row->repaid_fen == a->repaid && row->lost_fen == a->lost,
               "%s %s: held %lld, confirmed %lld, disbursed %lld, repaid %lld, lost %lld", row->kind, row->id,
               (long long)row->held_fen, (long long)row->confirmed_fen, (long long)row->disbursed_fen, (long long)row->repaid_fen,
               (long long)row->lost_fen);
    }
    FREE (reply);
}

int
main (int argc, char **argv)
{
    const char *campaign = getenv ("TT_CAMPAIGN");
    CHECK (argc == 2, "usage: %s LOAN-MATCHD", argv[0]);
    program = argv[1];
    total = campaign ? (uint32_t)strtoul (campaign, NULL, 10) : total;
    CHECK (total >= 100 && total <= 1000000, "TT_CAMPAIGN: %u", total);
    block = total > 10000 ? total / 100 : block;
    pool_limit = (int64_t)total * 10 * 10;
    cell_limit = (int64_t)total * 4 * 10;
    seen = tt_alloc_zero (total, 1);
    harness_start_redis ();
    for (int i = 0; i < REPLICAS; i++)
        start_replica (i);
    open_clients ();
    put_market (clients[0]);
    drive ();
    count_again ();
    compare_sums (clients[0]);
    CHECK (pool_account.lost > 0 && pool_account.repaid > 0 && pool_account.most > pool_limit / 2, "nothing was tried");
    printf ("books: %u applications, %llu kills, %llu answers unknown; pool at most %lld of %lld fen, cell %lld of %lld; "
            "disbursed %lld, repaid "
            "%lld, lost %lld\n",
            total, (unsigned long long)kills, (unsigned long long)unknown_answers, (long long)pool_account.most,
            (long long)pool_limit, (long long)cell_account.most, (long long)cell_limit, (long long)pool_account.disbursed,
            (long long)pool_account.repaid, (long long)pool_account.lost);
    for (int i = 0; i < REPLICAS; i++) {
        tt_client_close (&clients[i]);
        harness_stop (&replicas[i]);
    }
    free (seen);
    return 0;
}
