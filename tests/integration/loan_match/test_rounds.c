/* Rounds from the outside: nested caps, money that follows lead equity, and the certificate, fetched, checked and computed again
 * offline. */
#include <string.h>

#include "base/sha256.h"
#include "harness.h"
#include "loan_match/round.h"
#include "verify/verify.h"

#define TYPE(name) (&techtransfer__finance__v1__##name##__descriptor)
#define CALL(client, method, request, reply, code) harness_call (client, method, &(request).base, TYPE (reply), code)
#define FREE(message) protobuf_c_message_free_unpacked (&(message)->base, NULL)
#define MARKET ((char *)market_name)

typedef Techtransfer__Finance__V1__RunRoundReply round_reply;
typedef Techtransfer__Finance__V1__ListProposalsReply proposals_reply;
typedef Techtransfer__Finance__V1__GetCertificateReply part_reply;

static const char *market_name = "linked";

static void
free_reply (void *reply)
{
    if (reply)
        protobuf_c_message_free_unpacked (reply, NULL);
}

static void
put_provider (tt_client *c, const char *id, int kind)
{
    finance_provider p = TECHTRANSFER__FINANCE__V1__PROVIDER__INIT;
    Techtransfer__Finance__V1__PutProviderRequest r = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REQUEST__INIT;
    p.market = MARKET;
    p.provider_id = (char *)id;
    p.kind = (Techtransfer__Finance__V1__ProviderKind)kind;
    p.name = (char *)id;
    p.capacity_fen = 1000;
    r.provider = &p;
    free_reply (CALL (c, "PutProvider", r, put_provider_reply, TT_OK));
}

static void
put_product (tt_client *c, const char *provider, const char *id, int leg, uint32_t lead_percent, const char *district,
             tt_status code)
{
    finance_product p = TECHTRANSFER__FINANCE__V1__PRODUCT__INIT;
    finance_mandate m = TECHTRANSFER__FINANCE__V1__MANDATE__INIT;
    Techtransfer__Finance__V1__PutProductRequest r = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REQUEST__INIT;
    char *districts[] = { (char *)district };
    p.market = MARKET;
    p.provider_id = (char *)provider;
    p.product_id = (char *)id;
    p.leg = (Techtransfer__Finance__V1__Leg)leg;
    p.ticket_min_fen = 10;
    p.ticket_max_fen = p.capacity_fen = 500;
    p.price = (char *)"4.35";
    p.lead_percent = lead_percent;
    p.linkage_mode = (char *)(lead_percent ? "2" : "");
    p.mandate = &m;
    m.districts = districts;
    m.n_districts = district != NULL;
    r.product = &p;
    free_reply (CALL (c, "PutProduct", r, put_product_reply, code));
}

static void send (tt_client *c, const char *method, const ProtobufCMessage *request);

/* Waits for the reply, or only sends. */
static void
submit_some_way (tt_client *c, const char *id, int64_t equity, int64_t loan, bool wait)
{
    finance_leg legs[2] = { TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT, TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT };
    finance_leg *list[2] = { &legs[0], &legs[1] };
    finance_application a = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
    Techtransfer__Finance__V1__SubmitApplicationRequest r = TECHTRANSFER__FINANCE__V1__SUBMIT_APPLICATION_REQUEST__INIT;
    legs[0].leg = FINANCE (LEG__LOAN);
    legs[0].amount_fen = loan;
    legs[1].leg = FINANCE (LEG__EQUITY);
    legs[1].amount_fen = equity;
    a.market = MARKET;
    a.application_id = (char *)id;
    a.applicant = (char *)id;
    a.name = (char *)"名称";
    a.district = (char *)"yinzhou";
    a.industry = (char *)"C39";
    a.stage = (char *)"growth";
    a.legs = list;
    a.n_legs = equity ? 2 : 1;
    r.application = &a;
    if (wait)
        free_reply (CALL (c, "SubmitApplication", r, submit_application_reply, TT_OK));
    else
        send (c, "SubmitApplication", &r.base);
}

static void
submit (tt_client *c, const char *id, int64_t equity, int64_t loan)
{
    submit_some_way (c, id, equity, loan, true);
}

static finance_cap
new_cap (const char *id, int64_t limit)
{
    finance_cap cap = TECHTRANSFER__FINANCE__V1__CAP__INIT;
    cap.market = MARKET;
    cap.cap_id = (char *)id;
    cap.limit_fen = limit;
    cap.source = (char *)"a policy";
    return cap;
}

static void
put_cap (tt_client *c, finance_cap cap, const char *provider, const char *product, tt_status code)
{
    Techtransfer__Finance__V1__PutCapRequest r = TECHTRANSFER__FINANCE__V1__PUT_CAP_REQUEST__INIT;
    char *providers[] = { (char *)provider }, *products[] = { (char *)product };
    cap.providers = providers;
    cap.n_providers = provider != NULL;
    cap.products = products;
    cap.n_products = product != NULL;
    r.cap = &cap;
    free_reply (CALL (c, "PutCap", r, put_cap_reply, code));
}

static int64_t
used_under (tt_client *c, const char *id)
{
    Techtransfer__Finance__V1__ListCapsRequest r = TECHTRANSFER__FINANCE__V1__LIST_CAPS_REQUEST__INIT;
    int64_t used = -1;
    r.market = MARKET;
    Techtransfer__Finance__V1__ListCapsReply *reply = CALL (c, "ListCaps", r, list_caps_reply, TT_OK);
    for (size_t i = 0; i < reply->n_caps; i++)
        if (strcmp (reply->caps[i]->cap_id, id) == 0)
            used = reply->caps[i]->used_fen;
    FREE (reply);
    return used;
}

static void
expect_message (const char *text)
{
    CHECK (strstr (harness_last ()->message, text) != NULL, "\"%s\" is not in \"%s\"", text, harness_last ()->message);
}

/* -- caps -- */

static void
caps (tt_client *c)
{
    put_provider (c, "angel", FINANCE (PROVIDER_KIND__ANGEL));
    put_provider (c, "bank", FINANCE (PROVIDER_KIND__BANK));
    put_provider (c, "bank-b", FINANCE (PROVIDER_KIND__BANK));
    put_provider (c, "guiding", FINANCE (PROVIDER_KIND__GUIDING_FUND));
    put_product (c, "angel", "seed", FINANCE (LEG__EQUITY), 0, NULL, TT_OK);
    put_product (c, "guiding", "follow", FINANCE (LEG__EQUITY), 50, NULL, TT_OK);
    put_product (c, "bank", "linked", FINANCE (LEG__LOAN), 200, NULL, TT_OK);
    put_product (c, "bank-b", "pool-loan", FINANCE (LEG__LOAN), 0, "yinzhou", TT_OK);
    put_product (c, "bank-b", "other", FINANCE (LEG__LEASE), 0, NULL, TT_OK);
    put_cap (c, new_cap ("cell", 400), NULL, "bank/linked", TT_OK);
    finance_cap crossing = new_cap ("pool", 450);
    Techtransfer__Finance__V1__PutCapRequest r = TECHTRANSFER__FINANCE__V1__PUT_CAP_REQUEST__INIT;
    char *products[] = { (char *)"bank/linked", (char *)"bank-b/pool-loan" };
    crossing.products = products;
    crossing.n_products = 2;
    r.cap = &crossing;
    free_reply (CALL (c, "PutCap", r, put_cap_reply, TT_FAILED_PRECONDITION));
    expect_message ("cap pool and provider bank-b cross");
    put_cap (c, new_cap ("no-limit", 0), NULL, NULL, TT_INVALID_ARGUMENT);
    put_cap (c, new_cap ("bad", 5), NULL, "bank", TT_INVALID_ARGUMENT);
    /* A cap over one product of a provider's two: a third one that it is not over does no harm, a provider's cap over all
     * neither. */
    put_cap (c, new_cap ("all-of-b", 400), "bank-b", NULL, TT_OK);
    put_product (c, "bank-b", "more", FINANCE (LEG__LOAN), 0, NULL, TT_OK);
    finance_cap personal = new_cap ("each", 60);
    personal.per_applicant = true;
    put_cap (c, personal, "guiding", NULL, TT_OK);
}

/* A product that would make a cap and a provider cross is refused as well. */
static void
crossing_by_a_product (tt_client *c)
{
    finance_cap pool = new_cap ("two-banks", 900);
    Techtransfer__Finance__V1__PutCapRequest r = TECHTRANSFER__FINANCE__V1__PUT_CAP_REQUEST__INIT;
    char *products[] = { (char *)"bank/linked", (char *)"angel/seed" };
    pool.products = products;
    pool.n_products = 2;
    r.cap = &pool;
    free_reply (CALL (c, "PutCap", r, put_cap_reply, TT_OK));
    put_product (c, "bank", "second", FINANCE (LEG__LOAN), 0, NULL, TT_FAILED_PRECONDITION);
    expect_message ("cross");
}

/* -- the round -- */

static const finance_allocation *
given_by (const finance_round *round, const char *application, const char *provider)
{
    for (size_t i = 0; i < round->n_allocations; i++)
        if (strcmp (round->allocations[i]->application_id, application) == 0
            && strcmp (round->allocations[i]->provider_id, provider) == 0)
            return round->allocations[i];
    CHECK (false, "%s gives %s nothing", provider, application);
    return NULL;
}

static Techtransfer__Finance__V1__ProposalState
accept (tt_client *c, const finance_proposal *p, const char *party, tt_status code)
{
    Techtransfer__Finance__V1__AcceptProposalRequest r = TECHTRANSFER__FINANCE__V1__ACCEPT_PROPOSAL_REQUEST__INIT;
    r.market = MARKET;
    r.proposal_id = p->proposal_id;
    r.party = (char *)party;
    Techtransfer__Finance__V1__AcceptProposalReply *reply = CALL (c, "AcceptProposal", r, accept_proposal_reply, code);
    Techtransfer__Finance__V1__ProposalState state
        = reply ? reply->proposal->state : FINANCE (PROPOSAL_STATE__PROPOSAL_STATE_UNSPECIFIED);
    free_reply (reply);
    return state;
}

static proposals_reply *
proposals_of (tt_client *c, const char *party)
{
    Techtransfer__Finance__V1__ListProposalsRequest r = TECHTRANSFER__FINANCE__V1__LIST_PROPOSALS_REQUEST__INIT;
    r.market = MARKET;
    r.party = (char *)party;
    return CALL (c, "ListProposals", r, list_proposals_reply, TT_OK);
}

static void
linked_round (tt_client *c)
{
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    submit (c, "app-1", 150, 800);
    submit (c, "app-2", 0, 300);
    put_product (c, "angel", "seed", FINANCE (LEG__EQUITY), 0, NULL, TT_OK);
    finance_cap angel = new_cap ("angel-seed", 100);
    put_cap (c, angel, NULL, "angel/seed", TT_OK);
    r.market = MARKET;
    r.round_id = (char *)"r1";
    round_reply *reply = CALL (c, "RunRound", r, run_round_reply, TT_OK);
    /* Lead equity: the cap's 100. Follow-on: half of it, 50. Linked loan: twice the lead equity, 200, although 400 are there. */
    CHECK (given_by (reply->round, "app-1", "angel")->amount_fen == 100, "lead");
    CHECK (given_by (reply->round, "app-1", "guiding")->amount_fen == 50, "follow-on");
    CHECK (given_by (reply->round, "app-1", "bank")->amount_fen == 200, "linked");
    CHECK (used_under (c, "cell") == 200 && used_under (c, "angel-seed") == 100, "used");
    CHECK (reply->round->n_totals == 3 && reply->round->totals[0]->allocated_fen == 150, "totals by leg");
    FREE (reply);
}

static void
lead_comes_first (tt_client *c)
{
    proposals_reply *bank = proposals_of (c, "bank"), *angel = proposals_of (c, "angel");
    const finance_proposal *loan = bank->proposals[0], *equity = angel->proposals[0];
    CHECK (bank->n_proposals == 1 && loan->lead_needed_fen == 100, "needs %lld", (long long)loan->lead_needed_fen);
    CHECK (loan->n_caps == 2 && equity->lead_needed_fen == 0, "%zu caps", loan->n_caps);
    CHECK (accept (c, loan, "app-1", TT_OK) == FINANCE (PROPOSAL_STATE__HELD), "one party");
    accept (c, loan, "bank", TT_FAILED_PRECONDITION);
    expect_message ("it follows lead equity of 100 fen, and 0 fen are confirmed");
    accept (c, equity, "app-1", TT_OK);
    CHECK (accept (c, equity, "angel", TT_OK) == FINANCE (PROPOSAL_STATE__CONFIRMED), "the equity");
    CHECK (accept (c, loan, "bank", TT_OK) == FINANCE (PROPOSAL_STATE__CONFIRMED), "then the loan");
    FREE (bank);
    FREE (angel);
}

static void
caps_in_use (tt_client *c)
{
    put_cap (c, new_cap ("cell", 199), NULL, "bank/linked", TT_FAILED_PRECONDITION);
    expect_message ("limit_fen of 199 is less than the 200 fen");
    put_cap (c, new_cap ("cell", 400), NULL, "angel/seed", TT_FAILED_PRECONDITION);
    finance_cap retired = new_cap ("cell", 400);
    retired.retired = true;
    put_cap (c, retired, NULL, "bank/linked", TT_OK);
    put_cap (c, new_cap ("cell", 400), NULL, "bank/linked", TT_FAILED_PRECONDITION);
    expect_message ("retired");
}

/* A suspended cap lets nothing through, and what is declined comes back to it. */
static void
suspension_and_release (tt_client *c)
{
    proposals_reply *guiding = proposals_of (c, "guiding");
    Techtransfer__Finance__V1__DeclineProposalRequest d = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REQUEST__INIT;
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    int64_t before = used_under (c, "all-of-b");
    proposals_reply *b = proposals_of (c, "bank-b");
    CHECK (before > 0 && b->n_proposals > 0, "bank-b lends %lld", (long long)before);
    for (size_t i = 0; i < b->n_proposals; i++) {
        d.market = MARKET;
        d.proposal_id = b->proposals[i]->proposal_id;
        d.party = (char *)"bank-b";
        free_reply (CALL (c, "DeclineProposal", d, decline_proposal_reply, TT_OK));
    }
    CHECK (used_under (c, "all-of-b") == 0, "released");
    finance_cap suspended = new_cap ("all-of-b", 400);
    suspended.suspended = true;
    put_cap (c, suspended, "bank-b", NULL, TT_OK);
    r.market = MARKET;
    r.round_id = (char *)"r2";
    round_reply *round = CALL (c, "RunRound", r, run_round_reply, TT_OK);
    for (size_t i = 0; i < round->round->n_allocations; i++)
        CHECK (strcmp (round->round->allocations[i]->provider_id, "bank-b") != 0, "through a suspended cap");
    FREE (round);
    FREE (b);
    FREE (guiding);
}

/* -- the certificate -- */

static part_reply *
get_part (tt_client *c, const char *round, uint32_t part, tt_status code)
{
    Techtransfer__Finance__V1__GetCertificateRequest r = TECHTRANSFER__FINANCE__V1__GET_CERTIFICATE_REQUEST__INIT;
    r.market = MARKET;
    r.round_id = (char *)round;
    r.part = part;
    return CALL (c, "GetCertificate", r, get_certificate_reply, code);
}

static void
certificate (tt_client *c, const char *round_id, int64_t allocated)
{
    part_reply *part = get_part (c, round_id, 0, TT_OK);
    tt_bytes bytes = { part->bytes.data, part->bytes.len };
    char hash[TT_SHA256_TEXT];
    ProtobufCMessage *message = NULL;
    verify_result result;
    tt_arena *arena = tt_arena_new (0);
    tt_bytes again;
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_sha256_text (bytes, hash);
    CHECK (part->parts == 1 && strcmp (hash, part->certificate_hash) == 0, "hash %s", hash);
    CHECK (verify_read (TYPE (certificate), bytes, &message, NULL) == TT_OK, "no certificate");
    const finance_certificate *made = (const finance_certificate *)message;
    verify_run (made, true, &result);
    CHECK (result.valid, "%s", tt_buffer_cstr (&result.violation));
    CHECK (result.bound >= result.allocated && result.allocated == allocated, "%lld of at most %lld", (long long)result.allocated,
           (long long)result.bound);
    CHECK (made->snapshot->applications[0]->name[0] == '\0', "names are not published");
    match_snapshot snapshot = match_snapshot_of (made->snapshot, arena);
    round.market = made->market;
    round.round_id = made->round_id;
    round.ran_unix_ms = made->ran_unix_ms;
    CHECK (match_round_run (&snapshot, NULL, arena, &round, &again, NULL) == TT_OK, "offline");
    CHECK (tt_bytes_equal (again, bytes), "computed offline it is another one");
    get_part (c, round_id, 1, TT_NOT_FOUND);
    get_part (c, "r9", 0, TT_NOT_FOUND);
    tt_arena_destroy (&arena);
    protobuf_c_message_free_unpacked (message, NULL);
    FREE (part);
}

/* Lead equity that is declined takes what followed it along. */
static void
released_together (tt_client *c)
{
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    Techtransfer__Finance__V1__DeclineProposalRequest d = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REQUEST__INIT;
    put_cap (c, new_cap ("angel-seed", 160), NULL, "angel/seed", TT_OK);
    submit (c, "app-3", 60, 100);
    r.market = MARKET;
    r.round_id = (char *)"r3";
    round_reply *round = CALL (c, "RunRound", r, run_round_reply, TT_OK);
    CHECK (given_by (round->round, "app-3", "angel")->amount_fen == 60
               && given_by (round->round, "app-3", "bank")->amount_fen == 100,
           "r3");
    proposals_reply *list = proposals_of (c, "app-3");
    for (size_t i = 0; i < list->n_proposals; i++)
        if (strcmp (list->proposals[i]->provider_id, "angel") == 0)
            d.proposal_id = list->proposals[i]->proposal_id;
    d.market = MARKET;
    d.party = (char *)"app-3";
    free_reply (CALL (c, "DeclineProposal", d, decline_proposal_reply, TT_OK));
    proposals_reply *after = proposals_of (c, "app-3");
    for (size_t i = 0; i < after->n_proposals; i++)
        CHECK (after->proposals[i]->state == FINANCE (PROPOSAL_STATE__DECLINED), "%s still holds",
               after->proposals[i]->provider_id);
    CHECK (used_under (c, "angel-seed") == 100 && used_under (c, "two-banks") == 300, "%lld, %lld",
           (long long)used_under (c, "angel-seed"), (long long)used_under (c, "two-banks"));
    FREE (after);
    FREE (list);
    FREE (round);
}

/* -- two replicas -- */

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

static bool
accepted (tt_client *c)
{
    tt_client_reply reply;
    CHECK (tt_client_receive (c, 30000, &reply) != TT_DEADLINE_EXCEEDED, "no reply");
    CHECK (reply.result.code == TT_OK || reply.result.code == TT_FAILED_PRECONDITION, "%s", reply.result.message);
    return reply.result.code == TT_OK;
}

/* A cap over one product of each of two providers, and at the same time, at the other replica, a second product of one of them:
 * each is fine without the other, together they cross. */
static void
two_at_once (tt_client *a, tt_client *b)
{
    int caps_won = 0, products_won = 0;
    for (int i = 0; i < 60; i++) {
        char market[24], *products[] = { (char *)"v/one", (char *)"w/one" };
        snprintf (market, sizeof market, "race-%d", i);
        const char *providers[] = { "v", "w" };
        finance_product p = TECHTRANSFER__FINANCE__V1__PRODUCT__INIT;
        Techtransfer__Finance__V1__PutProductRequest put_product = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REQUEST__INIT;
        for (int k = 0; k < 2; k++) {
            finance_provider v = TECHTRANSFER__FINANCE__V1__PROVIDER__INIT;
            Techtransfer__Finance__V1__PutProviderRequest r = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REQUEST__INIT;
            v.market = market;
            v.provider_id = v.name = (char *)providers[k];
            v.kind = FINANCE (PROVIDER_KIND__BANK);
            v.capacity_fen = 1000;
            r.provider = &v;
            free_reply (CALL (a, "PutProvider", r, put_provider_reply, TT_OK));
            p.market = market;
            p.provider_id = (char *)providers[k];
            p.product_id = (char *)"one";
            p.leg = FINANCE (LEG__LOAN);
            p.ticket_min_fen = 10;
            p.ticket_max_fen = p.capacity_fen = 100;
            put_product.product = &p;
            free_reply (CALL (a, "PutProduct", put_product, put_product_reply, TT_OK));
        }
        finance_cap cap = new_cap ("both", 100);
        Techtransfer__Finance__V1__PutCapRequest put_cap_request = TECHTRANSFER__FINANCE__V1__PUT_CAP_REQUEST__INIT;
        cap.market = market;
        cap.products = products;
        cap.n_products = 2;
        put_cap_request.cap = &cap;
        p.provider_id = (char *)"v";
        p.product_id = (char *)"two";
        send (a, "PutCap", &put_cap_request.base);
        send (b, "PutProduct", &put_product.base);
        bool cap_in = accepted (a), product_in = accepted (b);
        CHECK (cap_in != product_in, "%s: cap %d, product %d", market, cap_in, product_in);
        caps_won += cap_in;
        products_won += product_in;
    }
    printf ("races: the cap came first %d times, the product %d times\n", caps_won, products_won);
}

/* -- a round that is overtaken -- */

#define CROWD 3000

static bool
something_is_proposed (void *client)
{
    proposals_reply *list = proposals_of (client, "");
    bool some = list->n_proposals > 0;
    FREE (list);
    return some;
}

static const char *
reason_of (const finance_round *round, const char *application, int leg)
{
    for (size_t i = 0; i < round->n_unmatched; i++)
        if (strcmp (round->unmatched[i]->application_id, application) == 0 && (int)round->unmatched[i]->leg == leg)
            return round->unmatched[i]->reason;
    return "";
}

static void
submit_crowd (tt_client *c)
{
    for (int i = 0; i < CROWD; i++) {
        char id[16];
        snprintf (id, sizeof id, "app-%04d", i);
        submit_some_way (c, id, 0, 10, false);
        if (tt_client_in_flight (c) >= 100)
            CHECK (accepted (c), "an application is refused");
    }
    while (tt_client_in_flight (c) > 0)
        CHECK (accepted (c), "an application is refused");
}

/* While a long round is being proposed the product of the lead equity changes: the last application loses it, and the loan that
 * follows with it. */
static void
overtaken (tt_client *a, tt_client *b)
{
    Techtransfer__Finance__V1__RunRoundRequest r = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REQUEST__INIT;
    tt_client_reply reply;
    market_name = "overtaken";
    put_provider (a, "angel", FINANCE (PROVIDER_KIND__ANGEL));
    put_product (a, "angel", "seed", FINANCE (LEG__EQUITY), 0, NULL, TT_OK);
    put_provider (a, "bank", FINANCE (PROVIDER_KIND__BANK));
    put_product (a, "bank", "linked", FINANCE (LEG__LOAN), 200, NULL, TT_OK);
    for (int i = 0; i < CROWD / 50; i++) {
        char id[16];
        snprintf (id, sizeof id, "bank-%d", i);
        put_provider (a, id, FINANCE (PROVIDER_KIND__BANK));
        put_product (a, id, "small", FINANCE (LEG__LOAN), 0, NULL, TT_OK);
    }
    submit_crowd (a);
    submit (a, "zz", 50, 100);
    r.market = MARKET;
    r.round_id = (char *)"r1";
    send (a, "RunRound", &r.base);
    CHECK (harness_wait (something_is_proposed, b), "nothing is proposed");
    put_product (b, "angel", "seed", FINANCE (LEG__EQUITY), 0, "yinzhou", TT_OK);
    CHECK (tt_client_receive (a, 60000, &reply) == TT_OK, "%s", reply.result.message);
    Techtransfer__Finance__V1__GetRoundRequest get = TECHTRANSFER__FINANCE__V1__GET_ROUND_REQUEST__INIT;
    get.market = MARKET;
    get.round_id = (char *)"r1";
    Techtransfer__Finance__V1__GetRoundReply *round = CALL (b, "GetRound", get, get_round_reply, TT_OK);
    const char *equity = reason_of (round->round, "zz", FINANCE (LEG__EQUITY)),
               *loan = reason_of (round->round, "zz", FINANCE (LEG__LOAN));
    printf ("overtaken: %u proposals, equity \"%s\", loan \"%s\"\n", (unsigned)round->round->n_allocations, equity, loan);
    CHECK (strcmp (equity, "product changed meanwhile") == 0, "\"%s\"", equity);
    CHECK (strcmp (loan, "no lead investment") == 0, "\"%s\"", loan);
    FREE (round);
}

int
main (int argc, char **argv)
{
    CHECK (argc == 2, "usage: %s LOAN-MATCHD", argv[0]);
    harness_start_redis ();
    replica one = harness_start_daemon (argv[1], "one"), other = harness_start_daemon (argv[1], "other");
    tt_client *c = harness_client (one.endpoint);
    caps (c);
    crossing_by_a_product (c);
    linked_round (c);
    certificate (c, "r1", 750); /* 100 + 50 equity, 200 linked, 400 under all-of-b */
    lead_comes_first (c);
    caps_in_use (c);
    suspension_and_release (c);
    certificate (c, "r2", 0);
    released_together (c);
    tt_client *second = harness_client (other.endpoint);
    two_at_once (c, second);
    overtaken (c, second);
    tt_client_close (&second);
    tt_client_close (&c);
    harness_stop (&other);
    harness_stop (&one);
    puts ("rounds: caps, linked money and certificates hold");
    return 0;
}
