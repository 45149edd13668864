/* Proposals: listed, accepted, declined, expired. What a step does is proposal.c's; here it is committed with all that follows
 * from it. */
#include <string.h>

#include "checks.h"
#include "commands.h"
#include "ledger.h"
#include "proposal.h"

static const ProtobufCMessageDescriptor *const proposal_type = &techtransfer__finance__v1__proposal__descriptor;

/* All that a step needs, read. */
typedef struct {
    finance_proposal *proposal;
    finance_application *application;
    finance_provider *provider;
    match_tally tally;
    finance_proposal **followers; /* that go with it if it is released */
    size_t follower_count;
} case_file;

/* False: pending or refused. */
static bool
open_case (tt_txn *txn, const char *market, const char *proposal_id, case_file *file)
{
    match_found proposal, application, provider;
    file->proposal = match_read (txn, "proposal", market, tt_bytes_of_text (proposal_id), proposal_type, &proposal);
    if (proposal == MATCH_ABSENT)
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no proposal \"%s\" in market \"%s\"", proposal_id, market);
    if (proposal != MATCH_FOUND)
        return false;
    finance_proposal *p = file->proposal;
    file->application = match_read (txn, "application", market, tt_bytes_of_text (p->application_id),
                                    &techtransfer__finance__v1__application__descriptor, &application);
    file->provider = match_read (txn, "provider", market, tt_bytes_of_text (p->provider_id),
                                 &techtransfer__finance__v1__provider__descriptor, &provider);
    if (!match_tally_read (txn, market, p->application_id, &file->tally) || application == MATCH_PENDING
        || provider == MATCH_PENDING)
        return false;
    if (application == MATCH_ABSENT || provider == MATCH_ABSENT) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "what proposal %s rests on is missing in the store", proposal_id);
        return false;
    }
    return true;
}

static void
put_proposal (tt_txn *txn, const finance_proposal *p)
{
    tt_txn_put_message (txn, match_table (txn, "proposal", p->market), tt_bytes_of_text (p->proposal_id), &p->base);
}

static void
confirm (tt_txn *txn, case_file *file)
{
    finance_proposal *p = file->proposal;
    Techtransfer__Finance__V1__ProposalConfirmed confirmed = TECHTRANSFER__FINANCE__V1__PROPOSAL_CONFIRMED__INIT;
    match_confirm_capacity (txn, p, p->lead_needed_fen > 0 || file->provider->kind == FINANCE (PROVIDER_KIND__GUIDING_FUND));
    file->tally.confirmed++;
    confirmed.proposal = p;
    match_event (txn, "confirmed", p->district, match_leg_name (p->leg), p->proposal_id, &confirmed.base);
}

static void
release (tt_txn *txn, finance_proposal *p)
{
    Techtransfer__Finance__V1__ProposalReleased released = TECHTRANSFER__FINANCE__V1__PROPOSAL_RELEASED__INIT;
    match_release_capacity (txn, p, p->amount_fen);
    released.proposal = p;
    match_event (txn, "released", p->provider_id, NULL, p->proposal_id, &released.base);
}

/* What followed the equity that is released has nothing to follow. */
static void
release_followers (tt_txn *txn, case_file *file)
{
    for (size_t i = 0; i < file->follower_count; i++) {
        finance_proposal *p = file->followers[i];
        p->state = FINANCE (PROPOSAL_STATE__DECLINED);
        p->reason = (char *)"the lead equity that it follows was released";
        p->decided_unix_ms = tt_txn_now (txn);
        p->revision++;
        put_proposal (txn, p);
        tt_txn_index_remove (txn, MATCH_DEADLINES, match_key (txn, p->market, p->proposal_id));
        if (file->tally.held > 0)
            file->tally.held--;
        release (txn, p);
    }
}

static void
announce_acceptance (tt_txn *txn, finance_proposal *p, match_party party)
{
    Techtransfer__Finance__V1__ProposalAccepted accepted = TECHTRANSFER__FINANCE__V1__PROPOSAL_ACCEPTED__INIT;
    accepted.proposal = p;
    accepted.party = party == MATCH_APPLICANT ? p->applicant : p->provider_id;
    match_event (txn, "accepted", p->provider_id, NULL, p->proposal_id, &accepted.base);
}

/* Writes what the step came to. */
static void
record (tt_txn *txn, case_file *file, match_outcome outcome, match_party party)
{
    finance_proposal *p = file->proposal;
    if (outcome == MATCH_UNCHANGED)
        return;
    put_proposal (txn, p);
    if (outcome == MATCH_ACCEPTED) {
        announce_acceptance (txn, p, party);
        return;
    }
    tt_txn_index_remove (txn, MATCH_DEADLINES, match_key (txn, p->market, p->proposal_id));
    /* A tally of 0 was read after another replica decided on the proposal: this commit will fail on the proposal's version. */
    if (file->tally.held > 0)
        file->tally.held--;
    if (outcome == MATCH_CONFIRMED) {
        confirm (txn, file);
    } else {
        release (txn, p);
        release_followers (txn, file);
    }
    match_settle (txn, file->application, file->tally);
}

/* 先投后贷: what follows lead equity is confirmed after it. False: pending or refused. */
static bool
lead_is_there (tt_txn *txn, const finance_proposal *p)
{
    int64_t confirmed = 0;
    if (p->lead_needed_fen == 0)
        return true;
    if (!match_confirmed_lead (txn, p->market, p->applicant, &confirmed))
        return false;
    const tt_row *known = tt_txn_get (txn, match_table (txn, "lead", p->market), tt_bytes_of_text (p->applicant));
    if (known == NULL)
        return false;
    if (confirmed >= p->lead_needed_fen || (p->lead_needed_fen == 1 && known->present))
        return true;
    tt_txn_refuse (txn, TT_FAILED_PRECONDITION,
                   "it follows lead equity of %lld fen, and %lld fen are confirmed: accept again when the equity is confirmed",
                   (long long)p->lead_needed_fen, (long long)confirmed);
    return false;
}

static bool
is_lead (const finance_proposal *p)
{
    return p->leg == FINANCE (LEG__EQUITY) && p->lead_needed_fen == 0;
}

/* The held proposals of the same application and round, page by page: lead equity is summed up, what follows is listed. */
static bool
read_companions (tt_txn *txn, case_file *file, int64_t *lead)
{
    const finance_proposal *p = file->proposal;
    const char *list = (const char *)match_key (txn, match_table (txn, "party", p->market), p->applicant).data;
    const char *table = match_table (txn, "proposal", p->market);
    tt_bytes after = TT_BYTES_NONE;
    const tt_rows *rows;
    tt_buffer found = { 0 };
    do {
        rows = tt_txn_page (txn, list, after, 1000, table);
        for (size_t i = 0; rows && i < rows->count; i++) {
            finance_proposal *other = rows->rows[i].present ? match_row (txn, &rows->rows[i], proposal_type) : NULL;
            after = rows->keys[i];
            if (other == NULL || other->state != FINANCE (PROPOSAL_STATE__HELD) || strcmp (other->proposal_id, p->proposal_id) == 0
                || strcmp (other->round_id, p->round_id) != 0 || strcmp (other->application_id, p->application_id) != 0)
                continue;
            if (is_lead (other))
                *lead += other->amount_fen;
            else if (other->lead_needed_fen > 0)
                tt_buffer_append (&found, &other, sizeof other);
        }
    } while (rows && rows->count == 1000);
    tt_bytes copy = tt_arena_copy (tt_txn_arena (txn), (tt_bytes){ found.data, found.size });
    file->followers = (finance_proposal **)(uintptr_t)copy.data;
    file->follower_count = copy.size / sizeof (finance_proposal *);
    tt_buffer_free (&found);
    return rows != NULL;
}

/* Legs of one proposal go together: when lead equity is released, so is what the rest of it does not carry. The rows of those are read once more, as
 * guards. False: pending or refused. */
static bool
find_followers (tt_txn *txn, case_file *file, match_outcome outcome)
{
    int64_t lead = 0, confirmed = 0;
    match_found found;
    size_t kept = 0;
    if ((outcome != MATCH_DECLINED && outcome != MATCH_EXPIRED) || !is_lead (file->proposal))
        return true;
    if (!match_confirmed_lead (txn, file->proposal->market, file->proposal->applicant, &confirmed) || !read_companions (txn, file, &lead))
        return false;
    for (size_t i = 0; i < file->follower_count; i++) {
        finance_proposal *p = file->followers[i];
        if (p->lead_needed_fen <= lead + confirmed)
            continue;
        p = match_read (txn, "proposal", p->market, tt_bytes_of_text (p->proposal_id), proposal_type, &found);
        if (p && p->state == FINANCE (PROPOSAL_STATE__HELD))
            file->followers[kept++] = p;
    }
    file->follower_count = kept;
    return !tt_txn_pending (txn) && !tt_txn_refused (txn);
}

/* An accept or decline; the proposal as it then is, or NULL: pending or refused. */
static finance_proposal *
take_step (tt_txn *txn, const char *market, const char *proposal_id, const char *name, match_step step, const char *reason)
{
    case_file file = { 0 };
    match_outcome outcome;
    tt_error error = { 0 };
    if (!open_case (txn, market, proposal_id, &file))
        return NULL;
    match_party party = match_party_of (file.proposal, name);
    tt_status status = match_step_apply (file.proposal, step, party, tt_txn_now (txn), &outcome, &error);
    if (status == TT_INVALID_ARGUMENT)
        tt_txn_violation (txn, "party", "\"%s\" is %s", name, error.message);
    else if (status != TT_OK)
        tt_txn_refuse (txn, status, "%s", error.message);
    if (status != TT_OK || (outcome == MATCH_CONFIRMED && !lead_is_there (txn, file.proposal)) || !find_followers (txn, &file, outcome))
        return NULL;
    if (outcome == MATCH_DECLINED)
        file.proposal->reason = tt_arena_printf (tt_txn_arena (txn), *reason ? "%s declined: %s" : "%s declined", name, reason);
    record (txn, &file, outcome, party);
    return file.proposal;
}

static bool
names_refused (tt_txn *txn, const char *market, const char *proposal_id, const char *party, const char *reason)
{
    tt_violations v = { 0 };
    tt_check_identifier (&v, "market", market);
    tt_check_identifier (&v, "proposal_id", proposal_id);
    tt_check_identifier (&v, "party", party);
    tt_check_text (&v, "reason", reason, 0, 256);
    return match_refuse (txn, &v);
}

void
match_accept_proposal (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__AcceptProposalRequest *r = request;
    Techtransfer__Finance__V1__AcceptProposalReply reply = TECHTRANSFER__FINANCE__V1__ACCEPT_PROPOSAL_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (names_refused (txn, r->market, r->proposal_id, r->party, ""))
        return;
    reply.proposal = take_step (txn, r->market, r->proposal_id, r->party, MATCH_ACCEPT, "");
    if (reply.proposal)
        tt_txn_reply (txn, &reply.base);
}

void
match_decline_proposal (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__DeclineProposalRequest *r = request;
    Techtransfer__Finance__V1__DeclineProposalReply reply = TECHTRANSFER__FINANCE__V1__DECLINE_PROPOSAL_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (names_refused (txn, r->market, r->proposal_id, r->party, r->reason))
        return;
    reply.proposal = take_step (txn, r->market, r->proposal_id, r->party, MATCH_DECLINE, r->reason);
    if (reply.proposal)
        tt_txn_reply (txn, &reply.base);
}

void
match_expire_proposal (tt_txn *txn, const void *request, void *service)
{
    const match_place *place = request;
    case_file file = { 0 };
    match_outcome outcome;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (place->market));
    if (!open_case (txn, place->market, place->id, &file))
        return;
    /* Decided since it was found, by a party or by another replica: nothing is left to do. */
    if (match_step_apply (file.proposal, MATCH_EXPIRE, MATCH_NO_PARTY, tt_txn_now (txn), &outcome, NULL) == TT_OK
        && find_followers (txn, &file, outcome))
        record (txn, &file, outcome, MATCH_NO_PARTY);
}

/* -- listing -- */

static const char *
list_name (tt_txn *txn, const Techtransfer__Finance__V1__ListProposalsRequest *r)
{
    if (r->party[0])
        return (const char *)match_key (txn, match_table (txn, "party", r->market), r->party).data;
    if (r->round_id[0])
        return (const char *)match_key (txn, match_table (txn, "round-proposals", r->market), r->round_id).data;
    return match_table (txn, "proposals", r->market);
}

static bool
list_refused (tt_txn *txn, const Techtransfer__Finance__V1__ListProposalsRequest *r)
{
    tt_violations v = { 0 };
    tt_check_identifier (&v, "market", r->market);
    if (r->party[0])
        tt_check_identifier (&v, "party", r->party);
    if (r->round_id[0])
        tt_check_identifier (&v, "round_id", r->round_id);
    if (r->after[0])
        tt_check_identifier (&v, "after", r->after);
    tt_check_range (&v, "limit", r->limit, 0, 1000);
    return match_refuse (txn, &v);
}

/* Adds those of a page that are of the round wanted, until the list is full; false if a row cannot be read. */
static bool
add_page (tt_txn *txn, const tt_rows *rows, const char *round_id, uint32_t limit,
          Techtransfer__Finance__V1__ListProposalsReply *list)
{
    for (size_t i = 0; i < rows->count && list->n_proposals < limit; i++) {
        list->next_after = tt_arena_strndup (tt_txn_arena (txn), (const char *)rows->keys[i].data, rows->keys[i].size);
        if (!rows->rows[i].present)
            continue;
        finance_proposal *p = match_row (txn, &rows->rows[i], proposal_type);
        if (p == NULL)
            return false;
        if (*round_id == '\0' || strcmp (round_id, p->round_id) == 0)
            list->proposals[list->n_proposals++] = p;
    }
    return true;
}

void
match_list_proposals (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ListProposalsRequest *r = request;
    Techtransfer__Finance__V1__ListProposalsReply list = TECHTRANSFER__FINANCE__V1__LIST_PROPOSALS_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (list_refused (txn, r))
        return;
    uint32_t limit = r->limit ? r->limit : 100;
    const char *name = list_name (txn, r), *table = match_table (txn, "proposal", r->market);
    list.proposals = tt_arena_alloc (tt_txn_arena (txn), limit * sizeof *list.proposals);
    list.next_after = r->after;
    for (;;) { /* one page, unless a party's list is searched for a round */
        const tt_rows *rows = tt_txn_page (txn, name, tt_bytes_of_text (list.next_after), limit, table);
        if (rows == NULL || !add_page (txn, rows, r->round_id, limit, &list))
            return;
        if (list.n_proposals == limit)
            break;
        if (rows->count < limit) {
            list.next_after = (char *)"";
            break;
        }
    }
    tt_txn_reply (txn, &list.base);
}
