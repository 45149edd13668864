/* After closing: disbursements, repayments and defaults are recorded, loans listed. What an entry does is loan.c's; here it is
 * committed with all that follows from it: capacity, sums by account, the pool, the event. */
#include "loan.h"

#include <string.h>

#include "checks.h"
#include "commands.h"
#include "ledger.h"
#include "proposal.h"

static const ProtobufCMessageDescriptor *const loan_type = &techtransfer__finance__v1__loan__descriptor;

/* A loan before its first entry: what was confirmed. NULL: pending or refused. */
static finance_loan *
open_loan (tt_txn *txn, const char *market, const char *proposal_id)
{
    match_found found;
    finance_proposal *p = match_read (txn, "proposal", market, tt_bytes_of_text (proposal_id),
                                      &techtransfer__finance__v1__proposal__descriptor, &found);
    if (found == MATCH_ABSENT)
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no proposal \"%s\" in market \"%s\"", proposal_id, market);
    else if (p && p->state != FINANCE (PROPOSAL_STATE__CONFIRMED))
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "proposal %s is %s, not CONFIRMED", proposal_id, match_state_name (p->state));
    if (p == NULL || tt_txn_refused (txn))
        return NULL;
    finance_loan *loan = tt_arena_zero (tt_txn_arena (txn), sizeof *loan);
    techtransfer__finance__v1__loan__init (loan);
    loan->proposal = p;
    return loan;
}

static finance_loan *
read_loan (tt_txn *txn, const char *market, const char *proposal_id)
{
    match_found found;
    finance_loan *loan = match_read (txn, "loan", market, tt_bytes_of_text (proposal_id), loan_type, &found);
    if (loan && loan->proposal == NULL)
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored loan %s has no proposal", proposal_id);
    if (found == MATCH_ABSENT)
        loan = open_loan (txn, market, proposal_id);
    return tt_txn_refused (txn) ? NULL : loan;
}

static void
append_entry (tt_txn *txn, finance_loan *loan, finance_entry *entry)
{
    finance_entry **list = tt_arena_zero (tt_txn_arena (txn), (loan->n_entries + 1) * sizeof *list);
    if (loan->n_entries)
        memcpy (list, loan->entries, loan->n_entries * sizeof *list);
    list[loan->n_entries++] = entry;
    loan->entries = list;
}

/* -- losses -- */

/* Who bears it: by the rule of the cell if it has one, of the pool, or, without a pool, the provider all of it. */
static void
share_loss (tt_txn *txn, const finance_loan *loan, const finance_pool *pool, finance_entry *entry)
{
    finance_share alone = TECHTRANSFER__FINANCE__V1__LOSS_SHARE__INIT, *only[] = { &alone };
    finance_share *const *shares = pool ? pool->shares : only;
    size_t count = pool ? pool->n_shares : 1;
    alone.party = loan->proposal->provider_id;
    alone.weight = 1;
    for (size_t i = 0; pool && i < pool->n_cells; i++)
        if (pool->cells[i]->n_shares && strcmp (pool->cells[i]->cap_id, loan->cell_id) == 0) {
            shares = pool->cells[i]->shares;
            count = pool->cells[i]->n_shares;
        }
    int64_t *parts = tt_arena_zero (tt_txn_arena (txn), count * sizeof *parts);
    match_split_loss (entry->amount_fen, shares, count, parts);
    entry->parts = tt_arena_zero (tt_txn_arena (txn), count * sizeof (finance_part *));
    for (size_t i = 0; i < count; i++) {
        finance_part *part = entry->parts[entry->n_parts++] = tt_arena_zero (tt_txn_arena (txn), sizeof *part);
        techtransfer__finance__v1__loss_part__init (part);
        part->party = shares[i]->party;
        part->amount_fen = parts[i];
        part->from_pool = shares[i]->from_pool;
    }
}

/* The pool's sums after an entry, and its suspension. False: pending or refused. */
static bool
tell_pool (tt_txn *txn, const finance_loan *loan, finance_pool *pool, const finance_entry *entry)
{
    bool loss = entry->kind == FINANCE (ENTRY_KIND__DEFAULT);
    if (pool == NULL || entry->kind == FINANCE (ENTRY_KIND__REPAYMENT))
        return true;
    if (loss)
        pool->lost_fen += entry->amount_fen;
    else
        pool->disbursed_fen += entry->amount_fen;
    for (size_t i = 0; i < entry->n_parts; i++)
        pool->paid_fen += entry->parts[i]->from_pool ? entry->parts[i]->amount_fen : 0;
    const char *reason = tt_arena_printf (tt_txn_arena (txn), "default of loan %s", loan->proposal->proposal_id);
    return match_settle_pool (txn, pool, entry->by, loss ? reason : NULL);
}

/* -- writing -- */

static void
move_capacity (tt_txn *txn, const finance_loan *loan, const finance_entry *entry)
{
    static const char *const tables[] = { [FINANCE (ENTRY_KIND__DISBURSEMENT)] = "disbursed",
                                          [FINANCE (ENTRY_KIND__REPAYMENT)] = "repaid",
                                          [FINANCE (ENTRY_KIND__DEFAULT)] = "lost" };
    if (entry->amount_fen > 0)
        match_count (txn, tables[entry->kind], loan->proposal, entry->amount_fen);
    if (entry->released_fen == 0)
        return;
    match_release_capacity (txn, loan->proposal, entry->released_fen);
    match_count (txn, "confirmed", loan->proposal, -entry->released_fen);
}

static void
announce_entry (tt_txn *txn, const finance_loan *loan, finance_entry *entry)
{
    Techtransfer__Finance__V1__LoanDisbursed disbursed = TECHTRANSFER__FINANCE__V1__LOAN_DISBURSED__INIT;
    Techtransfer__Finance__V1__LoanRepaid repaid = TECHTRANSFER__FINANCE__V1__LOAN_REPAID__INIT;
    Techtransfer__Finance__V1__LoanDefaulted defaulted = TECHTRANSFER__FINANCE__V1__LOAN_DEFAULTED__INIT;
    const finance_proposal *p = loan->proposal;
    finance_loan head = *loan;
    head.n_entries = 0;
    disbursed.loan = repaid.loan = defaulted.loan = &head;
    disbursed.entry = repaid.entry = defaulted.entry = entry;
    if (entry->kind == FINANCE (ENTRY_KIND__DISBURSEMENT))
        match_event (txn, "disbursed", p->district, match_leg_name (p->leg), p->proposal_id, &disbursed.base);
    else if (entry->kind == FINANCE (ENTRY_KIND__REPAYMENT))
        match_event (txn, "repaid", p->provider_id, NULL, p->proposal_id, &repaid.base);
    else
        match_event (txn, "defaulted", p->provider_id, NULL, p->proposal_id, &defaulted.base);
}

static void
write_entry (tt_txn *txn, finance_loan *loan, finance_entry *entry)
{
    tt_bytes id = tt_bytes_of_text (loan->proposal->proposal_id);
    const char *market = loan->proposal->market;
    append_entry (txn, loan, entry);
    tt_txn_put_message (txn, match_table (txn, "loan", market), id, &loan->base);
    tt_txn_index_put (txn, match_table (txn, "loans", market), id, 0);
    move_capacity (txn, loan, entry);
    announce_entry (txn, loan, entry);
}

/* The loan as it is after the entry, or NULL: pending or refused. */
static finance_loan *
record_entry (tt_txn *txn, const char *market, const char *proposal_id, finance_entry *entry)
{
    tt_violations v = { 0 };
    match_found found;
    tt_error error = { 0 };
    const char *cell_id;
    tt_check_identifier (&v, "market", market);
    tt_check_identifier (&v, "proposal_id", proposal_id);
    match_check_entry (&v, entry, tt_txn_now (txn));
    finance_loan *loan = match_refuse (txn, &v) ? NULL : read_loan (txn, market, proposal_id);
    if (loan == NULL)
        return NULL;
    const finance_entry *recorded = match_loan_entry (loan, entry->entry_id);
    if (recorded && match_loan_repeats (recorded, entry))
        return loan;
    finance_pool *pool = match_pool_of (txn, loan->proposal, &found, &cell_id);
    if (found == MATCH_PENDING)
        return NULL;
    if (loan->revision == 0) {
        loan->pool_id = pool ? pool->pool_id : (char *)"";
        loan->cell_id = (char *)(uintptr_t)cell_id;
    }
    tt_status status = recorded ? tt_fail (&error, TT_ALREADY_EXISTS, "loan %s has an entry \"%s\" that says something else",
                                           proposal_id, entry->entry_id)
                                : match_loan_apply (loan, entry, &error);
    if (status != TT_OK) {
        tt_txn_refuse (txn, status, "%s", error.message);
        return NULL;
    }
    entry->caller = (char *)(uintptr_t)tt_txn_caller (txn);
    entry->recorded_unix_ms = tt_txn_now (txn);
    if (entry->kind == FINANCE (ENTRY_KIND__DEFAULT))
        share_loss (txn, loan, pool, entry);
    if (!tell_pool (txn, loan, pool, entry))
        return NULL;
    write_entry (txn, loan, entry);
    return loan;
}

/* -- methods -- */

/* What every entry says; borrowed from the request. */
static finance_entry
begin_entry (Techtransfer__Finance__V1__EntryKind kind, char *entry_id, char *date, char *by, char *reason)
{
    finance_entry entry = TECHTRANSFER__FINANCE__V1__LOAN_ENTRY__INIT;
    entry.kind = kind;
    entry.entry_id = entry_id;
    entry.date = date;
    entry.by = by;
    entry.reason = reason;
    return entry;
}

void
match_record_disbursement (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__RecordDisbursementRequest *r = request;
    Techtransfer__Finance__V1__RecordDisbursementReply reply = TECHTRANSFER__FINANCE__V1__RECORD_DISBURSEMENT_REPLY__INIT;
    finance_entry entry = begin_entry (FINANCE (ENTRY_KIND__DISBURSEMENT), r->entry_id, r->date, r->by, r->reason);
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    entry.amount_fen = r->amount_fen;
    entry.last = r->last;
    entry.instalments = r->instalments;
    entry.n_instalments = r->n_instalments;
    reply.loan = record_entry (txn, r->market, r->proposal_id, &entry);
    if (reply.loan)
        tt_txn_reply (txn, &reply.base);
}

void
match_record_repayment (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__RecordRepaymentRequest *r = request;
    Techtransfer__Finance__V1__RecordRepaymentReply reply = TECHTRANSFER__FINANCE__V1__RECORD_REPAYMENT_REPLY__INIT;
    finance_entry entry = begin_entry (FINANCE (ENTRY_KIND__REPAYMENT), r->entry_id, r->date, r->by, r->reason);
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    entry.amount_fen = r->principal_fen;
    entry.interest_fen = r->interest_fen;
    reply.loan = record_entry (txn, r->market, r->proposal_id, &entry);
    if (reply.loan)
        tt_txn_reply (txn, &reply.base);
}

void
match_record_default (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__RecordDefaultRequest *r = request;
    Techtransfer__Finance__V1__RecordDefaultReply reply = TECHTRANSFER__FINANCE__V1__RECORD_DEFAULT_REPLY__INIT;
    finance_entry entry = begin_entry (FINANCE (ENTRY_KIND__DEFAULT), r->entry_id, r->date, r->by, r->reason);
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    reply.loan = record_entry (txn, r->market, r->proposal_id, &entry);
    if (reply.loan)
        tt_txn_reply (txn, &reply.base);
}

void
match_get_loan (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__GetLoanRequest *r = request;
    Techtransfer__Finance__V1__GetLoanReply reply = TECHTRANSFER__FINANCE__V1__GET_LOAN_REPLY__INIT;
    match_found found;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, "proposal_id", r->proposal_id))
        return;
    reply.loan = match_read (txn, "loan", r->market, tt_bytes_of_text (r->proposal_id), loan_type, &found);
    if (found == MATCH_ABSENT)
        tt_txn_refuse (txn, TT_NOT_FOUND, "nothing of proposal \"%s\" in market \"%s\" is disbursed", r->proposal_id, r->market);
    if (reply.loan)
        tt_txn_reply (txn, &reply.base);
}

void
match_list_loans (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ListLoansRequest *r = request;
    Techtransfer__Finance__V1__ListLoansReply list = TECHTRANSFER__FINANCE__V1__LIST_LOANS_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, r->after[0] ? "after" : NULL, r->after))
        return;
    uint32_t limit = match_page_limit (txn, r->limit);
    const tt_rows *rows = limit ? tt_txn_page (txn, match_table (txn, "loans", r->market), tt_bytes_of_text (r->after), limit,
                                               match_table (txn, "loan", r->market))
                                : NULL;
    if (rows == NULL)
        return;
    list.loans = tt_arena_zero (tt_txn_arena (txn), (rows->count + 1) * sizeof *list.loans);
    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->rows[i].present)
            continue;
        finance_loan *loan = match_row (txn, &rows->rows[i], loan_type);
        if (loan == NULL)
            return;
        loan->n_entries = 0;
        list.loans[list.n_loans++] = loan;
    }
    if (rows->count == limit)
        list.next_after
            = tt_arena_strndup (tt_txn_arena (txn), (const char *)rows->keys[limit - 1].data, rows->keys[limit - 1].size);
    tt_txn_reply (txn, &list.base);
}
