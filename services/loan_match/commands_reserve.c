/* Online reservations: between rounds an open application takes capacity of one product at once. Who may take what is
 * mandate.h's, the promise of capacity propose.h's, as in a round. */
#include <string.h>

#include "caps.h"
#include "checks.h"
#include "commands.h"
#include "mandate.h"
#include "proposal.h"
#include "propose.h"

#define DEFAULT_HOLD_SECONDS 604800
#define MAX_HOLD_SECONDS 2592000

typedef Techtransfer__Finance__V1__ReserveCapacityRequest reserve_request;

/* All that a reservation is decided by, read. */
typedef struct {
    finance_application *application;
    finance_provider *provider;
    finance_product *product;
    const finance_cap *const *caps;
    size_t cap_count;
} market_view;

static bool
refused (tt_txn *txn, const reserve_request *r)
{
    tt_violations v = { 0 };
    tt_check_identifier (&v, "market", r->market);
    tt_check_identifier (&v, "reservation_id", r->reservation_id);
    tt_check_identifier (&v, "application_id", r->application_id);
    tt_check_identifier (&v, "provider_id", r->provider_id);
    tt_check_identifier (&v, "product_id", r->product_id);
    tt_check_enum (&v, "leg", &techtransfer__finance__v1__leg__descriptor, (int)r->leg, true);
    tt_check_money (&v, "amount_fen", r->amount_fen, 1, TT_MONEY_MAX);
    tt_check_range (&v, "hold_seconds", r->hold_seconds, 0, MAX_HOLD_SECONDS);
    return match_refuse (txn, &v);
}

static bool
must_exist (tt_txn *txn, match_found found, const char *what, const char *id)
{
    if (found == MATCH_ABSENT)
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no %s \"%s\"", what, id);
    return found == MATCH_FOUND;
}

/* False: pending or refused. */
static bool
read_view (tt_txn *txn, const reserve_request *r, market_view *view)
{
    match_found application, provider, product;
    match_tally tally;
    int64_t exposure;
    bool caps = match_caps_of (txn, r->market, &view->caps, &view->cap_count);
    match_tally_read (txn, r->market, r->application_id, &tally); /* match_propose needs it: one round trip less */
    view->application = match_read (txn, "application", r->market, tt_bytes_of_text (r->application_id),
                                    &techtransfer__finance__v1__application__descriptor, &application);
    /* Asked for now, though match_propose needs it last: rows that others share are not shown while an earlier command of the
     * batch has not decided, and what is asked for only after these costs each command of the batch a round trip of its own. */
    if (view->application)
        tt_txn_number (txn, match_table (txn, "exposure", r->market),
                       match_key (txn, r->provider_id, view->application->applicant), &exposure);
    view->provider = match_read (txn, "provider", r->market, tt_bytes_of_text (r->provider_id),
                                 &techtransfer__finance__v1__provider__descriptor, &provider);
    view->product = match_read (txn, "product", r->market, match_key (txn, r->provider_id, r->product_id),
                                &techtransfer__finance__v1__product__descriptor, &product);
    if (!caps || tt_txn_pending (txn) || tt_txn_refused (txn))
        return false;
    return must_exist (txn, application, "application", r->application_id)
           && must_exist (txn, provider, "provider", r->provider_id) && must_exist (txn, product, "product", r->product_id);
}

static const finance_leg *
wanted_leg (const finance_application *application, Techtransfer__Finance__V1__Leg leg)
{
    for (size_t i = 0; i < application->n_legs; i++)
        if (application->legs[i]->leg == leg)
            return application->legs[i];
    return NULL;
}

/* Why not, in the transaction's arena; NULL if it may. */
static const char *
obstacle (tt_txn *txn, const reserve_request *r, const market_view *view)
{
    const finance_application *a = view->application;
    const finance_leg *leg = wanted_leg (a, r->leg);
    if (a->state != FINANCE (APPLICATION_STATE__OPEN) || tt_txn_now (txn) >= match_validity_end (a->valid_until))
        return "the application is not OPEN";
    if (leg == NULL)
        return "the application does not want this leg";
    match_offer offer = match_offer_of (view->provider, view->product);
    match_want want = match_want_of (a, leg, false, 0);
    if (match_follows (&offer))
        return "the product follows lead equity: it is given in rounds";
    match_reason reason = match_mandate (&want, &offer, INT64_MAX, INT64_MAX);
    if (reason != MATCH_ACCEPTABLE)
        return match_reason_text (reason);
    int64_t least = leg->minimum_fen > view->product->ticket_min_fen ? leg->minimum_fen : view->product->ticket_min_fen;
    int64_t most = leg->amount_fen < view->product->ticket_max_fen ? leg->amount_fen : view->product->ticket_max_fen;
    if (r->amount_fen < least || r->amount_fen > most)
        return tt_arena_printf (tt_txn_arena (txn), "amount_fen must be from %lld to %lld", (long long)least, (long long)most);
    return NULL;
}

static finance_proposal *
new_proposal (tt_txn *txn, const reserve_request *r)
{
    finance_proposal *p = tt_arena_alloc (tt_txn_arena (txn), sizeof *p);
    techtransfer__finance__v1__proposal__init (p);
    p->market = r->market;
    p->round_id = tt_arena_printf (tt_txn_arena (txn), "reserve:%s", r->reservation_id); /* no round has a colon in its name */
    p->application_id = r->application_id;
    p->leg = r->leg;
    p->provider_id = r->provider_id;
    p->product_id = r->product_id;
    p->amount_fen = r->amount_fen;
    p->state = FINANCE (PROPOSAL_STATE__HELD);
    p->revision = 1;
    p->deadline_unix_ms = tt_txn_now (txn) + INT64_C (1000) * (r->hold_seconds ? r->hold_seconds : DEFAULT_HOLD_SECONDS);
    p->proposal_id = tt_arena_alloc (tt_txn_arena (txn), MATCH_PROPOSAL_ID_SIZE);
    match_proposal_id (p, p->proposal_id);
    return p;
}

static void
describe (tt_arena *arena, const market_view *view, finance_proposal *p)
{
    p->applicant = view->application->applicant;
    p->district = view->application->district;
    p->specials = view->application->specials;
    p->n_specials = view->application->n_specials;
    p->caps = match_caps_over (arena, view->caps, view->cap_count, view->application, view->product, false, &p->n_caps);
    p->personal_caps
        = match_caps_over (arena, view->caps, view->cap_count, view->application, view->product, true, &p->n_personal_caps);
}

static void
answer (tt_txn *txn, finance_proposal *p)
{
    Techtransfer__Finance__V1__ReserveCapacityReply reply = TECHTRANSFER__FINANCE__V1__RESERVE_CAPACITY_REPLY__INIT;
    reply.proposal = p;
    tt_txn_reply (txn, &reply.base);
}

void
match_reserve_capacity (tt_txn *txn, const void *request, void *service)
{
    const reserve_request *r = request;
    match_found found;
    market_view view = { 0 };
    uint8_t fit;
    uint32_t made = 0;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (refused (txn, r))
        return;
    finance_proposal *p = new_proposal (txn, r);
    finance_proposal *known = match_read (txn, "proposal", r->market, tt_bytes_of_text (p->proposal_id),
                                          &techtransfer__finance__v1__proposal__descriptor, &found);
    if (known && known->amount_fen == p->amount_fen)
        answer (txn, known);
    else if (known)
        tt_txn_refuse (txn, TT_ALREADY_EXISTS, "reservation \"%s\" is of another amount", r->reservation_id);
    if (known || !read_view (txn, r, &view) || found == MATCH_PENDING)
        return;
    const char *why = obstacle (txn, r, &view);
    if (why) {
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "%s", why);
        return;
    }
    describe (tt_txn_arena (txn), &view, p);
    match_plan_item item = { p, view.application->revision, view.product->revision };
    if (!match_propose (txn, r->market, &item, 1, &fit, &made))
        return;
    if (fit == MATCH_FITS)
        answer (txn, p);
    else
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "%s", match_fit_text ((match_fit)fit));
}
