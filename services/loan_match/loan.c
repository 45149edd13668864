#include "loan.h"

#include <string.h>

const finance_entry *
match_loan_entry (const finance_loan *loan, const char *entry_id)
{
    for (size_t i = 0; i < loan->n_entries; i++)
        if (strcmp (loan->entries[i]->entry_id, entry_id) == 0)
            return loan->entries[i];
    return NULL;
}

static bool
same_instalments (const finance_entry *a, const finance_entry *b)
{
    if (a->n_instalments != b->n_instalments)
        return false;
    for (size_t i = 0; i < a->n_instalments; i++)
        if (a->instalments[i]->principal_fen != b->instalments[i]->principal_fen
            || strcmp (a->instalments[i]->due, b->instalments[i]->due) != 0)
            return false;
    return true;
}

bool
match_loan_repeats (const finance_entry *recorded, const finance_entry *entry)
{
    /* What a default takes is not said by the command. */
    bool amount = recorded->amount_fen == entry->amount_fen || entry->kind == FINANCE (ENTRY_KIND__DEFAULT);
    return recorded->kind == entry->kind && amount && recorded->interest_fen == entry->interest_fen
           && recorded->last == entry->last && strcmp (recorded->date, entry->date) == 0 && strcmp (recorded->by, entry->by) == 0
           && strcmp (recorded->reason, entry->reason) == 0 && same_instalments (recorded, entry);
}

int64_t
match_loan_outstanding (const finance_loan *loan)
{
    return loan->disbursed_fen - loan->repaid_fen - loan->lost_fen;
}

/* ISO dates stand in the order of their texts. */
int64_t
match_loan_overdue (const finance_loan *loan, const char *date)
{
    int64_t due = 0;
    for (size_t i = 0; i < loan->n_entries; i++)
        for (size_t k = 0; k < loan->entries[i]->n_instalments; k++)
            if (strcmp (loan->entries[i]->instalments[k]->due, date) < 0)
                due += loan->entries[i]->instalments[k]->principal_fen;
    return due > loan->repaid_fen ? due - loan->repaid_fen : 0;
}

/* -- entries -- */

static int64_t
undisbursed (const finance_loan *loan)
{
    return loan->proposal->amount_fen - loan->disbursed_fen - loan->undrawn_fen;
}

static tt_status
disburse (finance_loan *loan, finance_entry *entry, tt_error *error)
{
    int64_t rest = undisbursed (loan);
    if (entry->amount_fen > rest)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%lld fen are more than the %lld fen of loan %s that are not disbursed",
                        (long long)entry->amount_fen, (long long)rest, loan->proposal->proposal_id);
    loan->disbursed_fen += entry->amount_fen;
    entry->released_fen = entry->last ? rest - entry->amount_fen : 0;
    loan->undrawn_fen += entry->released_fen;
    return TT_OK;
}

static tt_status
repay (finance_loan *loan, finance_entry *entry, tt_error *error)
{
    int64_t outstanding = match_loan_outstanding (loan);
    if (entry->amount_fen > outstanding)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%lld fen are more than the %lld fen of loan %s that are outstanding",
                        (long long)entry->amount_fen, (long long)outstanding, loan->proposal->proposal_id);
    entry->overdue_fen = match_loan_overdue (loan, entry->date);
    loan->repaid_fen += entry->amount_fen;
    loan->interest_fen += entry->interest_fen;
    entry->released_fen = entry->amount_fen;
    return TT_OK;
}

static tt_status
fail (finance_loan *loan, finance_entry *entry, tt_error *error)
{
    int64_t outstanding = match_loan_outstanding (loan);
    if (outstanding == 0)
        return tt_fail (error, TT_FAILED_PRECONDITION, "nothing of loan %s is outstanding", loan->proposal->proposal_id);
    entry->amount_fen = outstanding;
    entry->overdue_fen = match_loan_overdue (loan, entry->date);
    entry->released_fen = undisbursed (loan);
    loan->lost_fen += outstanding;
    loan->undrawn_fen += entry->released_fen;
    return TT_OK;
}

static tt_status
allowed (const finance_loan *loan, const finance_entry *entry, tt_error *error)
{
    const char *id = loan->proposal->proposal_id;
    bool first = loan->state == FINANCE (LOAN_STATE__LOAN_STATE_UNSPECIFIED);
    if (loan->state == FINANCE (LOAN_STATE__REPAID) || loan->state == FINANCE (LOAN_STATE__DEFAULTED))
        return tt_fail (error, TT_FAILED_PRECONDITION, "loan %s is %s", id,
                        loan->state == FINANCE (LOAN_STATE__REPAID) ? "REPAID" : "DEFAULTED");
    if (first && entry->kind != FINANCE (ENTRY_KIND__DISBURSEMENT))
        return tt_fail (error, TT_FAILED_PRECONDITION, "nothing of proposal %s is disbursed", id);
    if (!first && strcmp (entry->date, loan->entries[0]->date) < 0)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s is before the first disbursement of loan %s on %s", entry->date, id,
                        loan->entries[0]->date);
    if (loan->n_entries >= MATCH_ENTRIES_MAX)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "loan %s has %d entries, the most there can be", id, MATCH_ENTRIES_MAX);
    return TT_OK;
}

tt_status
match_loan_apply (finance_loan *loan, finance_entry *entry, tt_error *error)
{
    tt_status status = allowed (loan, entry, error);
    if (status != TT_OK)
        return status;
    if (entry->kind == FINANCE (ENTRY_KIND__DISBURSEMENT))
        status = disburse (loan, entry, error);
    else
        status = entry->kind == FINANCE (ENTRY_KIND__REPAYMENT) ? repay (loan, entry, error) : fail (loan, entry, error);
    if (status != TT_OK)
        return status;
    loan->state = FINANCE (LOAN_STATE__OUTSTANDING);
    if (entry->kind == FINANCE (ENTRY_KIND__DEFAULT))
        loan->state = FINANCE (LOAN_STATE__DEFAULTED);
    else if (match_loan_outstanding (loan) == 0 && undisbursed (loan) == 0)
        loan->state = FINANCE (LOAN_STATE__REPAID);
    loan->revision++;
    return TT_OK;
}

/* -- losses -- */

void
match_split_loss (int64_t amount, finance_share *const *shares, size_t count, int64_t *parts)
{
    __int128 weights = 0;
    int64_t rest = amount;
    for (size_t i = 0; i < count; i++)
        weights += shares[i]->weight;
    for (size_t i = 0; i < count; i++) {
        parts[i] = (int64_t)((__int128)amount * shares[i]->weight / weights);
        rest -= parts[i];
    }
    /* rest < count. A share that had its fen has a part above amount x weight / weights: its remainder counts below all others.
     */
    for (; rest > 0; rest--) {
        size_t best = 0;
        __int128 most = -weights;
        for (size_t i = 0; i < count; i++) {
            __int128 left = (__int128)amount * shares[i]->weight - (__int128)parts[i] * weights;
            if (left > most) {
                most = left;
                best = i;
            }
        }
        parts[best]++;
    }
}
