/* The book of a loan: what each entry does to it, and how a loss is split. Pure: the caller commits what comes out.
 *
 *    (none) -- disburse --> OUTSTANDING -- all repaid, nothing more comes --> REPAID
 *                             |  ^  | \
 *                             +--+  |  \--- the rest of it is lost ---------> DEFAULTED
 *                   disburse, repay in part
 *
 * The last two are final. Disbursed = repaid + lost + outstanding at each entry. Not for capacity (ledger.h). Thread-safe. */
#ifndef LOAN_MATCH_LOAN_H
#define LOAN_MATCH_LOAN_H

#include "base/status.h"
#include "finance.h"

#define MATCH_ENTRIES_MAX 1000

/* The entry with this id, or NULL. */
const finance_entry *match_loan_entry (const finance_loan *loan, const char *entry_id);
/* Whether both say the same about the same, whenever they were recorded. */
bool match_loan_repeats (const finance_entry *recorded, const finance_entry *entry);

/* Disbursed, less repaid and lost. */
int64_t match_loan_outstanding (const finance_loan *loan);
/* Principal that was due before a date (ISO) and is not repaid. */
int64_t match_loan_overdue (const finance_loan *loan, const char *date);

/* Applies an entry by its kind: sums, state and revision of the loan; of the entry released_fen, overdue_fen and, for a default,
 * amount_fen. The entry is not added to the list. TT_FAILED_PRECONDITION with the reason where state, sums or dates do not allow
 * it: then nothing is changed. */
TT_MUST_USE tt_status match_loan_apply (finance_loan *loan, finance_entry *entry, tt_error *error);

/* parts[count]: amount x weight / sum of weights each, rounded down, and one fen more for those with the largest remainders (the
 * first of equal ones) until they sum to the amount exactly. count > 0, amount >= 0, weights > 0, at most 1,000,000. */
void match_split_loss (int64_t amount, finance_share *const *shares, size_t count, int64_t *parts);

#endif
