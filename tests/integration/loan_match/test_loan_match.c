/* loan-matchd from the outside: rounds, holds, confirmations, declines, expiry, refusals, two replicas, kill -9 in the middle of
 * a round. What must hold is read from the journal: at every position held and confirmed stay within each capacity. */
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "harness.h"
#include "wire/envelope.h"

#define TYPE(name) (&techtransfer__finance__v1__##name##__descriptor)
#define CALL(client, method, request, reply, code) harness_call (client, method, &(request).base, TYPE (reply), code)
#define FREE(message) protobuf_c_message_free_unpacked (&(message)->base, NULL)

typedef Techtransfer__Finance__V1__ListProvidersReply providers_reply;
typedef Techtransfer__Finance__V1__ListProposalsReply proposals_reply;
typedef Techtransfer__Finance__V1__RunRoundReply round_reply;

/* -- commands -- */

static void
put_provider (tt_client *c, const char *market, const char *id, int kind, int64_t capacity, int64_t exposure, tt_status code)
{
    finance_provider p = TECHTRANSFER__FINANCE__V1__PROVIDER__INIT;
    Techtransfer__Finance__V1__PutProviderRequest r = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REQUEST__INIT;
    p.market = (char *)market;
    p.provider_id = (char *)id;
    p.kind = (Techtransfer__Finance__V1__ProviderKind)kind;
    p.name = (char *)"宁波银行";
    p.capacity_fen = capacity;
    p.exposure_limit_fen = exposure;
    r.provider = &p;
    Techtransfer__Finance__V1__PutProviderReply *reply = CALL (c, "PutProvider", r, put_provider_reply, code);
    if (reply)
        FREE (reply);
}

static void
put_product (tt_client *c, const char *market, const char *provider, int leg, int64_t most, int64_t capacity, tt_status code)
{
    finance_product p = TECHTRANSFER__FINANCE__V1__PRODUCT__INIT;
    Techtransfer__Finance__V1__PutProductRequest r = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REQUEST__INIT;
    p.market = (char *)market;
    p.provider_id = (char *)provider;
    p.product_id = (char *)"p1";
    p.leg = (Techtransfer__Finance__V1__Leg)leg;
    p.ticket_min_fen = 10;
    p.ticket_max_fen = most;
    p.capacity_fen = capacity;
    p.price = (char *)"4.35";
    r.product = &p;
    Techtransfer__Finance__V1__PutProductReply *reply = CALL (c, "PutProduct", r, put_product_reply, code);
    if (reply)
        FREE (reply);
}

static void
submit (tt_client *c, const char *market, const char *id, const char *applicant, int64_t loan, int64_t equity, uint32_t score,
        tt_status code)
{
    finance_leg legs[2] = { TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT, TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT };
    finance_leg *list[2] = { &legs[0], &legs[1] };
    finance_application a = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
    Techtransfer__Finance__V1__SubmitApplicationRequest r = TECHTRANSFER__FINANCE__V1__SUBMIT_APPLICATION_REQUEST__INIT;
    legs[0].leg = FINANCE (LEG__LOAN);
    legs[0].amount_fen = loan;
    legs[1].leg = FINANCE (LEG__EQUITY);
    legs[1].amount_fen = equity;
    a.market = (char *)market;
    a.application_id = (char *)id;
    a.applicant = (char *)applicant;
    a.district = (char *)"yinzhou";
    a.industry = (char *)"C39";
    a.stage = (char *)"growth";
    a.legs = list;
    a.n_legs = equity ? 2 : 1;
    a.score = score;
    r.application = &a;
    Techtransfer__Finance__V1__SubmitApplicationReply *reply = CALL (c, "SubmitApplication", r, submit_application_reply, code);
    if (reply)
        FREE (reply);
}

static round_reply *
run_round (tt_client *c, const char *market, const char *id, uint32_t hold_seconds, tt_status code)
{
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    r.market = (char *)market;
    r.round_id = (char *)id;
    r.hold_seconds = hold_seconds;
    return CALL (c, "RunRound", r, run_round_reply, code);
}

static proposals_reply *
proposals (tt_client *c, const char *market, const char *party, const char *after)
{
    Techtransfer__Finance__V1__ListProposalsRequest r = TECHTRANSFER__FINANCE__V1__LIST_PROPOSALS_REQUEST__INIT;
    r.market = (char *)market;
    r.party = (char *)party;
    r.after = (char *)after;
    r.limit = 1000;
    return CALL (c, "ListProposals", r, list_proposals_reply, TT_OK);
}

static Techtransfer__Finance__V1__ProposalState
accept (tt_client *c, const finance_proposal *p, const char *party, tt_status code)
{
    Techtransfer__Finance__V1__AcceptProposalRequest r = TECHTRANSFER__FINANCE__V1__ACCEPT_PROPOSAL_REQUEST__INIT;
    r.market = p->market;
    r.proposal_id = p->proposal_id;
    r.party = (char *)party;
    Techtransfer__Finance__V1__AcceptProposalReply *reply = CALL (c, "AcceptProposal", r, accept_proposal_reply, code);
    Techtransfer__Finance__V1__ProposalState state
        = reply ? reply->proposal->state : FINANCE (PROPOSAL_STATE__PROPOSAL_STATE_UNSPECIFIED);
    if (reply)
        FREE (reply);
    return state;
}

static void
decline (tt_client *c, const finance_proposal *p, const char *party, tt_status code)
{
    Techtransfer__Finance__V1__DeclineProposalRequest r = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REQUEST__INIT;
    r.market = p->market;
    r.proposal_id = p->proposal_id;
    r.party = (char *)party;
    r.reason = (char *)"利率过高";
    Techtransfer__Finance__V1__DeclineProposalReply *reply = CALL (c, "DeclineProposal", r, decline_proposal_reply, code);
    if (reply) {
        CHECK (strstr (reply->proposal->reason, "利率过高") != NULL, "%s", reply->proposal->reason);
        FREE (reply);
    }
}

static void
check_provider (tt_client *c, const char *market, size_t i, int64_t held, int64_t confirmed)
{
    Techtransfer__Finance__V1__ListProvidersRequest r = TECHTRANSFER__FINANCE__V1__LIST_PROVIDERS_REQUEST__INIT;
    r.market = (char *)market;
    providers_reply *reply = CALL (c, "ListProviders", r, list_providers_reply, TT_OK);
    CHECK (i < reply->n_providers, "%zu providers", reply->n_providers);
    const finance_provider *p = reply->providers[i];
    CHECK (p->held_fen == held && p->confirmed_fen == confirmed, "%s: held %lld, confirmed %lld", p->provider_id,
           (long long)p->held_fen, (long long)p->confirmed_fen);
    FREE (reply);
}

static Techtransfer__Finance__V1__ApplicationState
state_of (tt_client *c, const char *market, size_t i)
{
    Techtransfer__Finance__V1__ListApplicationsRequest r = TECHTRANSFER__FINANCE__V1__LIST_APPLICATIONS_REQUEST__INIT;
    r.market = (char *)market;
    Techtransfer__Finance__V1__ListApplicationsReply *reply = CALL (c, "ListApplications", r, list_applications_reply, TT_OK);
    CHECK (i < reply->n_applications, "%zu applications", reply->n_applications);
    Techtransfer__Finance__V1__ApplicationState state = reply->applications[i]->state;
    FREE (reply);
    return state;
}

/* -- the journal -- */

/* Sums of one market with one provider, as its events tell them. */
typedef struct {
    const char *market;
    int64_t capacity;
    int64_t taken, most;
    int made, confirmed, released, completed;
} ledger_sums;

/* The proposal of an event of the market, or NULL. All three kinds carry it in field 1. */
static finance_proposal *
proposal_of (const ledger_sums *s, const tt_entry *e, const char *kind)
{
    if (e->topic.size < strlen (kind) || memcmp (e->topic.data, kind, strlen (kind)) != 0)
        return NULL;
    Techtransfer__Finance__V1__ProposalMade *event
        = techtransfer__finance__v1__proposal_made__unpack (NULL, e->body.size, e->body.data);
    CHECK (event && event->proposal, "event %llu cannot be read", (unsigned long long)e->sequence);
    finance_proposal *p = event->proposal;
    bool counts = strcmp (p->market, s->market) == 0 && (event->party[0] == '\0' || strcmp (event->party, p->applicant) == 0);
    event->proposal = NULL;
    FREE (event);
    if (!counts) {
        FREE (p);
        return NULL;
    }
    return p;
}

static void
take_event (ledger_sums *s, const tt_entry *e)
{
    char round[96];
    snprintf (round, sizeof round, "finance/round/%s/", s->market);
    finance_proposal *made = proposal_of (s, e, "finance/proposed/"), *released = proposal_of (s, e, "finance/released/"),
                     *confirmed = proposal_of (s, e, "finance/confirmed/");
    s->made += made != NULL;
    s->released += released != NULL;
    s->confirmed += confirmed != NULL;
    s->completed += e->topic.size == strlen (round) && memcmp (e->topic.data, round, e->topic.size) == 0;
    s->taken += (made ? made->amount_fen : 0) - (released ? released->amount_fen : 0);
    s->most = s->taken > s->most ? s->taken : s->most;
    CHECK (s->taken >= 0 && s->taken <= s->capacity, "%lld fen are taken of %lld at sequence %llu", (long long)s->taken,
           (long long)s->capacity, (unsigned long long)e->sequence);
    finance_proposal *all[] = { made, released, confirmed };
    for (int i = 0; i < 3; i++)
        if (all[i])
            FREE (all[i]);
}

static ledger_sums
read_journal (const char *market, int64_t capacity)
{
    ledger_sums sums = { .market = market, .capacity = capacity };
    tt_store_options options = harness_store ();
    tt_store *store = NULL;
    tt_error error = { 0 };
    const tt_entry *entries;
    size_t count;
    uint32_t partition = tt_partition_of (tt_bytes_of_text (market), options.partitions);
    CHECK (tt_store_open (&store, &options, &error) == TT_OK && tt_store_prepare (store, &error) == TT_OK, "%s", error.message);
    uint64_t next = 1;
    do {
        CHECK (tt_journal_read (store, TT_JOURNAL_EVENTS, partition, next, 500, &entries, &count, NULL, &error) == TT_OK, "%s",
               error.message);
        for (size_t i = 0; i < count; i++)
            take_event (&sums, &entries[i]);
        next += count;
    } while (count > 0);
    tt_store_close (&store);
    return sums;
}

/* -- the same request id again -- */

static tt_reply_header
exchange (void *socket, tt_bytes header, tt_bytes body, zmq_msg_t *reply)
{
    tt_reply_header out;
    tt_field_violation room[4];
    tt_error error = { 0 };
    CHECK (zmq_send (socket, header.data, header.size, ZMQ_SNDMORE) >= 0 && zmq_send (socket, body.data, body.size, 0) >= 0,
           "send");
    zmq_msg_init (reply);
    CHECK (zmq_msg_recv (reply, socket, 0) >= 0, "no reply");
    tt_bytes frame = { zmq_msg_data (reply), zmq_msg_size (reply) };
    CHECK (tt_reply_header_decode (frame, &out, room, 4, NULL, &error) == TT_OK, "%s", error.message);
    zmq_msg_t rest;
    zmq_msg_init (&rest);
    CHECK (zmq_msg_recv (&rest, socket, 0) >= 0, "no body");
    zmq_msg_close (&rest);
    return out;
}

/* One decline, sent three times under one request id, to both replicas: done once, and told so. */
static void
same_request_again (const replica *first, const replica *second, const finance_proposal *p)
{
    uint8_t id[TT_UUID_SIZE], body[256];
    Techtransfer__Finance__V1__DeclineProposalRequest r = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REQUEST__INIT;
    r.market = p->market;
    r.proposal_id = p->proposal_id;
    r.party = p->provider_id;
    size_t size = techtransfer__finance__v1__decline_proposal_request__pack (&r, body);
    tt_buffer header = { 0 };
    tt_uuid7_make (id);
    tt_request_header_encode (
        &(tt_request_header){ .request_id = { id, sizeof id },
                              .method = tt_bytes_of_text ("techtransfer.finance.v1.LoanMatch/DeclineProposal") },
        &header);
    void *context = zmq_ctx_new ();
    const char *endpoints[3] = { first->endpoint, first->endpoint, second->endpoint };
    for (int i = 0; i < 3; i++) {
        zmq_msg_t reply;
        void *socket = zmq_socket (context, ZMQ_DEALER);
        int wait_ms = 20000;
        zmq_setsockopt (socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
        CHECK (zmq_connect (socket, endpoints[i]) == 0, "%s", endpoints[i]);
        tt_reply_header answer = exchange (socket, (tt_bytes){ header.data, header.size }, (tt_bytes){ body, size }, &reply);
        CHECK (answer.code == TT_OK && answer.replayed == (i > 0), "try %d: code %d, replayed %d", i, (int)answer.code,
               answer.replayed);
        zmq_msg_close (&reply);
        zmq_close (socket);
    }
    zmq_ctx_term (context);
    tt_buffer_free (&header);
}

/* -- a small market, step by step -- */

static void
refusals (tt_client *c)
{
    put_provider (c, "Bad Market", "bank", FINANCE (PROVIDER_KIND__BANK), 100, 0, TT_INVALID_ARGUMENT);
    CHECK (strcmp (harness_last ()->violations[0].path, "provider.market") == 0, "%s", harness_last ()->violations[0].path);
    put_provider (c, "small", "bank", FINANCE (PROVIDER_KIND__BANK), -1, 0, TT_INVALID_ARGUMENT);
    put_product (c, "small", "nobody", FINANCE (LEG__LOAN), 50, 100, TT_NOT_FOUND);
    put_product (c, "small", "bank", FINANCE (LEG__LOAN), 5, 100, TT_INVALID_ARGUMENT);
    CHECK (strcmp (harness_last ()->violations[0].path, "product.ticket_max_fen") == 0, "%s",
           harness_last ()->violations[0].path);
    submit (c, "small", "app-1", "ent-1", 0, 0, 1, TT_INVALID_ARGUMENT);
    CHECK (strcmp (harness_last ()->violations[0].path, "application.legs[0].amount_fen") == 0, "%s",
           harness_last ()->violations[0].path);
}

static void
small_market (tt_client *c)
{
    refusals (c);
    put_provider (c, "small", "bank", FINANCE (PROVIDER_KIND__BANK), 100, 60, TT_OK);
    put_product (c, "small", "bank", FINANCE (LEG__LOAN), 50, 90, TT_OK);
    submit (c, "small", "app-1", "ent-1", 50, 0, 900, TT_OK);
    submit (c, "small", "app-2", "ent-2", 50, 30, 800, TT_OK);
    submit (c, "small", "app-3", "ent-3", 50, 0, 700, TT_OK);
    round_reply *round = run_round (c, "small", "r1", 600, TT_OK), *again = run_round (c, "small", "r1", 600, TT_OK);
    CHECK (round->proposals == 2 && round->round->n_allocations == 2, "%u proposals", round->proposals);
    CHECK (round->round->allocations[0]->amount_fen == 50 && round->round->allocations[1]->amount_fen == 40, "by score");
    CHECK (round->round->n_unmatched == 3 && round->round->allocated_fen == 90 && round->round->wanted_fen == 180, "sums");
    CHECK (strcmp (round->round->unmatched[0]->reason, "no mandate fits") == 0
               || strcmp (round->round->unmatched[0]->reason, "capacity") == 0,
           "%s", round->round->unmatched[0]->reason);
    CHECK (again->proposals == 2 && strcmp (again->round->snapshot_hash, round->round->snapshot_hash) == 0,
           "the same round again");
    check_provider (c, "small", 0, 90, 0);
    put_provider (c, "small", "bank", FINANCE (PROVIDER_KIND__BANK), 80, 60, TT_FAILED_PRECONDITION);
    submit (c, "small", "app-1", "ent-1", 20, 0, 900, TT_FAILED_PRECONDITION);
    FREE (round);
    FREE (again);
}

static void
decisions (tt_client *c, const replica *one, const replica *other)
{
    proposals_reply *first = proposals (c, "small", "ent-1", ""), *second = proposals (c, "small", "ent-2", ""),
                    *bank = proposals (c, "small", "bank", "");
    CHECK (first->n_proposals == 1 && second->n_proposals == 1 && bank->n_proposals == 2, "lists of the parties");
    finance_proposal *a = first->proposals[0], *b = second->proposals[0];
    accept (c, a, "ent-2", TT_INVALID_ARGUMENT);
    CHECK (accept (c, a, "ent-1", TT_OK) == FINANCE (PROPOSAL_STATE__HELD), "one party is not enough");
    CHECK (accept (c, a, "ent-1", TT_OK) == FINANCE (PROPOSAL_STATE__HELD), "nor is it twice");
    CHECK (accept (c, a, "bank", TT_OK) == FINANCE (PROPOSAL_STATE__CONFIRMED), "both are");
    check_provider (c, "small", 0, 40, 50);
    decline (c, a, "bank", TT_FAILED_PRECONDITION);
    same_request_again (one, other, b);
    decline (c, b, "ent-2", TT_FAILED_PRECONDITION);
    accept (c, b, "bank", TT_FAILED_PRECONDITION);
    check_provider (c, "small", 0, 0, 50);
    CHECK (state_of (c, "small", 0) == FINANCE (APPLICATION_STATE__FUNDED), "app-1");
    CHECK (state_of (c, "small", 1) == FINANCE (APPLICATION_STATE__OPEN), "app-2");
    FREE (first);
    FREE (second);
    FREE (bank);
}

static bool
nothing_held (void *client)
{
    Techtransfer__Finance__V1__ListProvidersRequest r = TECHTRANSFER__FINANCE__V1__LIST_PROVIDERS_REQUEST__INIT;
    r.market = (char *)"small";
    providers_reply *reply = CALL (client, "ListProviders", r, list_providers_reply, TT_OK);
    bool nothing = reply->providers[0]->held_fen == 0 && reply->products[0]->held_fen == 0;
    FREE (reply);
    return nothing;
}

static void
expiry (tt_client *c)
{
    round_reply *round = run_round (c, "small", "r2", 1, TT_OK);
    CHECK (round->proposals == 1 && round->round->allocations[0]->amount_fen == 40, "%u proposals", round->proposals);
    check_provider (c, "small", 0, 40, 50);
    CHECK (harness_wait (nothing_held, c), "the hold does not expire");
    proposals_reply *list = proposals (c, "small", "", "");
    int expired = 0;
    for (size_t i = 0; i < list->n_proposals; i++)
        if (list->proposals[i]->state == FINANCE (PROPOSAL_STATE__EXPIRED)) {
            expired++;
            accept (c, list->proposals[i], "bank", TT_FAILED_PRECONDITION);
        }
    CHECK (expired == 1 && list->n_proposals == 3, "%d of %zu", expired, list->n_proposals);
    FREE (list);
    FREE (round);
    round = run_round (c, "small", "r3", 600, TT_OK);
    list = proposals (c, "small", "ent-2", "");
    CHECK (round->proposals == 1 && list->n_proposals == 3, "%u proposals", round->proposals);
    for (size_t i = 0; i < list->n_proposals; i++)
        if (strcmp (list->proposals[i]->round_id, "r3") == 0)
            decline (c, list->proposals[i], "ent-2", TT_OK);
    FREE (list);
    FREE (round);
    ledger_sums sums = read_journal ("small", 90);
    CHECK (sums.made == 4 && sums.confirmed == 1 && sums.released == 3 && sums.completed == 3 && sums.taken == 50,
           "journal: %d %d %d %d", sums.made, sums.confirmed, sums.released, sums.completed);
}

/* -- two replicas, and one of them killed in the middle of a round -- */

enum { CROWD = 1200, CROWD_CAPACITY = 45000 };

static void
submit_crowd (tt_client *c, const char *market)
{
    char application[32], applicant[32];
    put_provider (c, market, "fund", FINANCE (PROVIDER_KIND__FUND), CROWD_CAPACITY, 0, TT_OK);
    put_product (c, market, "fund", FINANCE (LEG__LOAN), 50, CROWD_CAPACITY, TT_OK);
    for (int i = 0; i < CROWD; i++) {
        snprintf (application, sizeof application, "app-%04d", i);
        snprintf (applicant, sizeof applicant, "ent-%04d", i);
        submit (c, market, application, applicant, 50, 0, (uint32_t)i % 1000, TT_OK);
    }
}

typedef struct {
    tt_client *client;
    const char *market;
} place_to_look;

static bool
some_proposed (void *context)
{
    const place_to_look *look = context;
    proposals_reply *list = proposals (look->client, look->market, "", "");
    bool some = list->n_proposals > 0;
    FREE (list);
    return some;
}

/* Finished by nobody's command: GetRound is refused until then. */
static bool
round_is_finished (void *context)
{
    const place_to_look *look = context;
    Techtransfer__Finance__V1__GetRoundRequest r = TECHTRANSFER__FINANCE__V1__GET_ROUND_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    tt_call_result result;
    r.market = (char *)look->market;
    r.round_id = (char *)"r1";
    tt_status status = tt_client_call (look->client, "techtransfer.finance.v1.LoanMatch/GetRound", &r.base,
                                       TYPE (get_round_reply), &reply, &result);
    CHECK (status == TT_OK || status == TT_FAILED_PRECONDITION, "%s", result.message);
    if (reply)
        protobuf_c_message_free_unpacked (reply, NULL);
    return status == TT_OK;
}

/* Starts a round on one replica and kills it when the first proposals are there. */
static void
interrupt_round (replica *victim, tt_client *c, tt_client *other, const char *market)
{
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    uint8_t body[64];
    tt_error error = { 0 };
    r.market = (char *)market;
    r.round_id = (char *)"r1";
    size_t size = techtransfer__finance__v1__run_round_request__pack (&r, body);
    CHECK (tt_client_send (c, "techtransfer.finance.v1.LoanMatch/RunRound", (tt_bytes){ body, size }, NULL, &error) == TT_OK,
           "%s", error.message);
    CHECK (harness_wait (some_proposed, &(place_to_look){ other, market }), "no proposal comes");
    harness_kill (victim);
    run_round (other, market, "r2", 600, TT_FAILED_PRECONDITION);
    proposals_reply *list = proposals (other, market, "", "");
    CHECK (list->n_proposals < CROWD_CAPACITY / 50, "the round was over before it could be interrupted");
    printf ("%s: interrupted after %zu proposals\n", market, list->n_proposals);
    FREE (list);
}

static void
check_crowd_round (tt_client *c, const char *market)
{
    round_reply *round = run_round (c, market, "r1", 600, TT_OK);
    CHECK (round->proposals == CROWD_CAPACITY / 50 && round->round->allocated_fen == CROWD_CAPACITY, "%u proposals",
           round->proposals);
    FREE (round);
    ledger_sums sums = read_journal (market, CROWD_CAPACITY);
    CHECK (sums.made == CROWD_CAPACITY / 50 && sums.taken == CROWD_CAPACITY && sums.completed == 1, "%d made, %d completed",
           sums.made, sums.completed);
}

/* Both replicas are told both answers to each proposal: exactly one counts, and the sums agree with the journal. */
static void
quarrel (tt_client *a, tt_client *b)
{
    proposals_reply *list = proposals (a, "crowd", "", "");
    CHECK (list->n_proposals == CROWD_CAPACITY / 50 && list->next_after[0] == '\0', "%zu proposals", list->n_proposals);
    tt_client *clients[2] = { a, b };
    uint8_t body[512];
    for (size_t i = 0; i < list->n_proposals; i++)
        for (int k = 0; k < 3; k++) { /* both accept, the provider declines too; each through another replica */
            Techtransfer__Finance__V1__AcceptProposalRequest yes = TECHTRANSFER__FINANCE__V1__ACCEPT_PROPOSAL_REQUEST__INIT;
            Techtransfer__Finance__V1__DeclineProposalRequest no = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REQUEST__INIT;
            yes.market = no.market = (char *)"crowd";
            yes.proposal_id = no.proposal_id = list->proposals[i]->proposal_id;
            yes.party = k ? list->proposals[i]->provider_id : list->proposals[i]->applicant;
            no.party = list->proposals[i]->provider_id;
            size_t size = k < 2 ? techtransfer__finance__v1__accept_proposal_request__pack (&yes, body)
                                : techtransfer__finance__v1__decline_proposal_request__pack (&no, body);
            const char *method = k < 2 ? "techtransfer.finance.v1.LoanMatch/AcceptProposal"
                                       : "techtransfer.finance.v1.LoanMatch/DeclineProposal";
            tt_error error = { 0 };
            CHECK (tt_client_send (clients[(i + (size_t)k) % 2], method, (tt_bytes){ body, size }, NULL, &error) == TT_OK, "%s",
                   error.message);
        }
    int refused = 0;
    for (int k = 0; k < 2; k++)
        while (tt_client_in_flight (clients[k]) > 0) {
            tt_client_reply reply;
            CHECK (tt_client_receive (clients[k], 30000, &reply) != TT_DEADLINE_EXCEEDED, "no reply");
            CHECK (reply.result.code == TT_OK || reply.result.code == TT_FAILED_PRECONDITION, "%s", reply.result.message);
            refused += reply.result.code != TT_OK;
        }
    ledger_sums sums = read_journal ("crowd", CROWD_CAPACITY);
    CHECK (sums.confirmed + sums.released == sums.made && refused >= sums.confirmed, "%d + %d of %d", sums.confirmed,
           sums.released, sums.made);
    CHECK (sums.taken == 50 * sums.confirmed, "%lld fen", (long long)sums.taken);
    check_provider (a, "crowd", 0, 0, sums.taken);
    printf ("two replicas: %d confirmed, %d released, %d refused\n", sums.confirmed, sums.released, refused);
    FREE (list);
}

int
main (int argc, char **argv)
{
    CHECK (argc == 2, "usage: %s loan-matchd", argv[0]);
    harness_start_redis ();
    replica first = harness_start_daemon (argv[1], "first"), second = harness_start_daemon (argv[1], "second");
    tt_client *a = harness_client (first.endpoint), *b = harness_client (second.endpoint);
    small_market (a);
    decisions (b, &first, &second);
    expiry (a);
    submit_crowd (a, "crowd");
    submit_crowd (a, "orphan");
    interrupt_round (&first, a, b, "crowd");
    check_crowd_round (b, "crowd"); /* finished by the retry */
    first = harness_start_daemon (argv[1], "first-again");
    tt_client_close (&a);
    a = harness_client (first.endpoint);
    quarrel (a, b);
    interrupt_round (&first, a, b, "orphan");
    CHECK (harness_wait (round_is_finished, &(place_to_look){ b, "orphan" }), "nobody finishes the round");
    check_crowd_round (b, "orphan");
    first = harness_start_daemon (argv[1], "first-once-more");
    tt_client_close (&a);
    tt_client_close (&b);
    harness_stop (&first);
    harness_stop (&second);
    puts ("loan_match: all as it should be");
    return 0;
}
