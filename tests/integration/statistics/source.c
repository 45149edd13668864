/* A stand-in for one of the other services: commits seeded random events of its stream, all kinds, and publishes them as every
 * daemon does. SOURCE_STREAM is the stream, SOURCE_EVENTS how many events it commits, SOURCE_SEED the seed. */
#include <stdio.h>
#include <string.h>

#include "achievement.pb-c.h"
#include "finance.pb-c.h"
#include "patent.pb-c.h"
#include "run/daemon.h"
#include "run/probe.h"

enum { UNITS = 64 };

typedef struct {
    const char *stream;
    uint64_t seed;
    uint64_t wanted; /* events */
    uint64_t made;
} source;

typedef struct {
    uint64_t random;
    const char *stream;
} unit;

static const char *const districts[] = { "",     "haishu",  "jiangbei",  "zhenhai", "yinzhou",      "beilun",  "fenghua", "yuyao",
                                         "cixi", "ninghai", "xiangshan", "nhtz",    "hangzhou-bay", "meishan", "daxie" };

static uint64_t
next (uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t
below (uint64_t *state, uint64_t limit)
{
    return next (state) % limit;
}

/* Skewed, as districts are. */
static const char *
some_district (uint64_t *r)
{
    uint64_t a = below (r, 15), b = below (r, 15);
    return districts[a < b ? b : a];
}

static size_t
some_specials (uint64_t *r, uint32_t out[2])
{
    out[0] = (uint32_t)(1 + below (r, 12));
    out[1] = (uint32_t)(1 + below (r, 12));
    return below (r, 3);
}

static void
patent_event (tt_txn *txn, uint64_t *r)
{
    static const char *const countries[] = { "CN", "US", "JP", "EP", "KR", "DE" };
    if (below (r, 4) == 0) {
        char id[16];
        snprintf (id, sizeof id, "w-%u", (unsigned)below (r, 40));
        Techtransfer__Patent__V1__Watch watch = TECHTRANSFER__PATENT__V1__WATCH__INIT;
        Techtransfer__Patent__V1__WatchChanged event = TECHTRANSFER__PATENT__V1__WATCH_CHANGED__INIT;
        watch.owner = "ent-1";
        watch.watch_id = id;
        event.watch = &watch;
        event.deleted = below (r, 3) == 0;
        tt_txn_event (txn, "patent/watch/ent-1/", id, &event.base);
    } else if (below (r, 3) == 0) {
        Techtransfer__Patent__V1__Alert alert = TECHTRANSFER__PATENT__V1__ALERT__INIT;
        Techtransfer__Patent__V1__AlertRaised event = TECHTRANSFER__PATENT__V1__ALERT_RAISED__INIT;
        event.alert = &alert;
        tt_txn_event (txn, "patent/alert/ent-1/info/", "a", &event.base);
    } else {
        Techtransfer__Patent__V1__DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
        Techtransfer__Patent__V1__PatentDocument document = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
        Techtransfer__Patent__V1__PatentPublished event = TECHTRANSFER__PATENT__V1__PATENT_PUBLISHED__INIT;
        publication.country = (char *)countries[below (r, 6)];
        document.publication = &publication;
        event.document = &document;
        event.correction = below (r, 10) == 0;
        tt_txn_event (txn, "patent/published/CN/H01F/", "d", &event.base);
    }
}

static void
demand_event (tt_txn *txn, uint64_t *r)
{
    char id[16];
    snprintf (id, sizeof id, "d-%u", (unsigned)below (r, 60));
    Techtransfer__Achievement__V1__Demand demand = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    Techtransfer__Achievement__V1__DemandChanged event = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_CHANGED__INIT;
    demand.owner = "ent-2";
    demand.demand_id = id;
    event.demand = &demand;
    event.deleted = below (r, 4) == 0;
    if (!event.deleted && below (r, 5) == 0) {
        Techtransfer__Achievement__V1__DemandExpired expired = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_EXPIRED__INIT;
        expired.demand = &demand;
        tt_txn_event (txn, "achievement/demand-expired/ent-2/", id, &expired.base);
        return;
    }
    if (!event.deleted)
        demand.district = (char *)some_district (r);
    tt_txn_event (txn, "achievement/demand/ent-2/", id, &event.base);
}

static Techtransfer__Achievement__V1__Contract
some_contract (uint64_t *r, Techtransfer__Achievement__V1__ContractParty *seller)
{
    Techtransfer__Achievement__V1__Contract contract = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT__INIT;
    techtransfer__achievement__v1__contract_party__init (seller);
    seller->district = (char *)some_district (r);
    contract.seller = seller;
    contract.type = 1 + below (r, 5);
    contract.amount_fen = (int64_t)below (r, 1000000);
    contract.technology_amount_fen = (int64_t)below (r, (uint64_t)contract.amount_fen + 1);
    return contract;
}

static void
contract_event (tt_txn *txn, uint64_t *r)
{
    Techtransfer__Achievement__V1__ContractParty seller, earlier_seller;
    Techtransfer__Achievement__V1__Contract now = some_contract (r, &seller), earlier = some_contract (r, &earlier_seller);
    uint64_t kind = below (r, 4);
    if (kind == 0) {
        Techtransfer__Achievement__V1__ContractCorrected event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_CORRECTED__INIT;
        event.contract = &now;
        event.previous = &earlier;
        tt_txn_event (txn, "achievement/contract-corrected/none/", "c", &event.base);
    } else if (kind == 1) {
        Techtransfer__Achievement__V1__ContractCancelled event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_CANCELLED__INIT;
        event.contract = &now;
        tt_txn_event (txn, "achievement/contract-cancelled/none/", "c", &event.base);
    } else {
        Techtransfer__Achievement__V1__ContractRegistered event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_REGISTERED__INIT;
        event.contract = &now;
        tt_txn_event (txn, "achievement/contract-registered/none/", "c", &event.base);
    }
}

static void
achievement_event (tt_txn *txn, uint64_t *r)
{
    uint32_t specials[2], earlier[2];
    Techtransfer__Achievement__V1__Achievement a = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    a.district = (char *)some_district (r);
    a.n_specials = some_specials (r, specials);
    a.specials = specials;
    uint64_t kind = below (r, 15);
    if (kind > 11) {
        contract_event (txn, r);
    } else if (kind < 2) {
        demand_event (txn, r);
    } else if (kind < 4) {
        Techtransfer__Achievement__V1__AchievementPushed event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_PUSHED__INIT;
        event.district = a.district;
        event.n_specials = a.n_specials;
        event.specials = specials;
        event.first_push_of_achievement = below (r, 2);
        tt_txn_event (txn, "achievement/push/ent-2/", "p", &event.base);
    } else if (kind == 4) {
        Techtransfer__Achievement__V1__AchievementRevised event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_REVISED__INIT;
        event.achievement = &a;
        event.previous_district = (char *)some_district (r);
        event.n_previous_specials = some_specials (r, earlier);
        event.previous_specials = earlier;
        tt_txn_event (txn, "achievement/revised/none/none/", "a", &event.base);
    } else if (kind == 5) {
        Techtransfer__Achievement__V1__AchievementWithdrawn event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_WITHDRAWN__INIT;
        event.achievement = &a;
        tt_txn_event (txn, "achievement/withdrawn/none/none/", "a", &event.base);
    } else if (kind == 6) {
        Techtransfer__Achievement__V1__AchievementDuplicate event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_DUPLICATE__INIT;
        tt_txn_event (txn, "achievement/duplicate/base/", "a", &event.base);
    } else {
        Techtransfer__Achievement__V1__AchievementRegistered event = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT_REGISTERED__INIT;
        event.achievement = &a;
        tt_txn_event (txn, "achievement/registered/none/none/", "a", &event.base);
    }
}

static void
proposal_events (tt_txn *txn, uint64_t *r, Techtransfer__Finance__V1__Proposal *p)
{
    Techtransfer__Finance__V1__ProposalMade made = TECHTRANSFER__FINANCE__V1__PROPOSAL_MADE__INIT;
    made.proposal = p;
    made.party = p->applicant;
    tt_txn_event (txn, "finance/proposed/ent-3/", "p", &made.base);
    made.party = p->provider_id;
    tt_txn_event (txn, "finance/proposed/bank-1/", "p", &made.base);
    if (below (r, 3) == 0) {
        Techtransfer__Finance__V1__ProposalReleased event = TECHTRANSFER__FINANCE__V1__PROPOSAL_RELEASED__INIT;
        event.proposal = p;
        tt_txn_event (txn, "finance/released/bank-1/", "p", &event.base);
    } else {
        Techtransfer__Finance__V1__ProposalConfirmed event = TECHTRANSFER__FINANCE__V1__PROPOSAL_CONFIRMED__INIT;
        event.proposal = p;
        tt_txn_event (txn, "finance/confirmed/none/loan/", "p", &event.base);
    }
}

static void
finance_event (tt_txn *txn, uint64_t *r)
{
    uint32_t specials[2];
    if (below (r, 8) == 0) {
        Techtransfer__Finance__V1__RoundCompleted event = TECHTRANSFER__FINANCE__V1__ROUND_COMPLETED__INIT;
        tt_txn_event (txn, "finance/round/ningbo/", "r", &event.base);
    } else if (below (r, 3) == 0) {
        Techtransfer__Finance__V1__Application a = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
        Techtransfer__Finance__V1__ApplicationSubmitted event = TECHTRANSFER__FINANCE__V1__APPLICATION_SUBMITTED__INIT;
        a.district = (char *)some_district (r);
        event.application = &a;
        event.revised = below (r, 4) == 0;
        tt_txn_event (txn, "finance/application/ent-3/", "a", &event.base);
    } else {
        Techtransfer__Finance__V1__Proposal p = TECHTRANSFER__FINANCE__V1__PROPOSAL__INIT;
        p.applicant = "ent-3";
        p.provider_id = "bank-1";
        p.leg = (int)(1 + below (r, 3));
        p.amount_fen = (int64_t)(1000000 + below (r, 500000000));
        p.district = (char *)some_district (r);
        p.n_specials = some_specials (r, specials);
        p.specials = specials;
        proposal_events (txn, r, &p);
    }
}

static void
make (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const unit *u = request;
    uint64_t r = u->random;
    char key[24];
    snprintf (key, sizeof key, "key-%u", (unsigned)below (&r, 64));
    tt_txn_at (txn, tt_bytes_of_text (key));
    if (strcmp (u->stream, "patent") == 0)
        patent_event (txn, &r);
    else if (strcmp (u->stream, "achievement") == 0)
        achievement_event (txn, &r);
    else
        finance_event (txn, &r);
}

static tt_status
work_a_little (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error)
{
    source *s = state;
    unit units[UNITS];
    tt_batch *batch = tt_processor_batch (processor);
    if (s->made >= s->wanted)
        return TT_OK;
    tt_batch_begin (batch, now_unix_ms);
    for (int i = 0; i < UNITS; i++) {
        units[i] = (unit){ next (&s->seed), s->stream };
        tt_batch_add (batch, &(tt_txn_spec){ .handle = make, .request = &units[i] });
    }
    s->made += UNITS;
    return tt_batch_run (batch, error);
}

static tt_status
open_state (tt_processor *processor, void *service, void **state, tt_error *error)
{
    static source the_source;
    (void)processor;
    (void)service;
    (void)error;
    the_source.stream = getenv ("SOURCE_STREAM");
    the_source.seed = strtoull (getenv ("SOURCE_SEED"), NULL, 10);
    the_source.wanted = strtoull (getenv ("SOURCE_EVENTS"), NULL, 10);
    *state = &the_source;
    return TT_OK;
}

static void
close_state (void **state)
{
    *state = NULL;
}

int
main (int argc, char **argv)
{
    static const tt_processor_ops ops
        = { .group = "maker", .batch = 1, .open = open_state, .close = close_state, .tick = work_a_little, .tick_ms = 10 };
    const char *stream = getenv ("SOURCE_STREAM");
    if (!stream || !getenv ("SOURCE_SEED") || !getenv ("SOURCE_EVENTS")) {
        fprintf (stderr, "SOURCE_STREAM, SOURCE_SEED and SOURCE_EVENTS must be set\n");
        return 2;
    }
    const tt_daemon_spec spec = { .name = "statistics-source",
                                  .stream = stream,
                                  .schema = "test.proto",
                                  .summary = "random events of one stream, for the test of statisticsd",
                                  .base_port = 5760,
                                  .methods = &tt_probe_method,
                                  .method_count = 1,
                                  .processor = &ops };
    return tt_daemon_main (&spec, argc, argv);
}
