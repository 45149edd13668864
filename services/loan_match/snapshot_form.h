/* A market as it stood when a round began: what it holds, its order, its form as a message, and finding in it. Pure. Not for
 * reading it from the store (snapshot.h) and not for what is computed from it (market.h). */
#ifndef LOAN_MATCH_SNAPSHOT_FORM_H
#define LOAN_MATCH_SNAPSHOT_FORM_H

#include "base/arena.h"
#include "finance.h"

#define MATCH_SNAPSHOT_FORMAT "techtransfer-snapshot-1"

/* Borrowed messages in any order, each identity once; held_fen, confirmed_fen and used_fen are filled in. The arrays are sorted
 * in place. Products whose provider is not among the providers take no part. */
typedef struct {
    const char *market;
    const finance_provider **providers;
    const finance_product **products;
    const finance_application **applications; /* those that take part */
    const finance_exposure **exposures;
    const finance_lead **leads;
    const finance_cap **caps; /* those that are not retired */
    size_t provider_count, product_count, application_count, exposure_count, lead_count, cap_count;
} match_snapshot;

/* Sorts the snapshot. */
void match_snapshot_sort (match_snapshot *snapshot);
/* A sorted snapshot as the message that is hashed and put in the certificate; its lists are the snapshot's. What decides nothing
 * and names people or works (name, patents, achievements of applications) is left out: the applications are copies in the arena.
 */
finance_snapshot *match_snapshot_message (const match_snapshot *snapshot, tt_arena *arena);
/* The other way; borrowed from the message. */
match_snapshot match_snapshot_of (const finance_snapshot *message, tt_arena *arena);

/* A product of a sorted snapshot, or NULL. */
const finance_product *match_snapshot_product (const match_snapshot *snapshot, const char *provider_id, const char *product_id);
const finance_provider *match_snapshot_provider (const match_snapshot *snapshot, const char *provider_id);
const finance_lead *match_snapshot_lead (const match_snapshot *snapshot, const char *applicant);
/* What the applicant has of a provider (cap_id "") or of a cap (provider_id ""); 0 if nothing. */
int64_t match_snapshot_exposure (const match_snapshot *snapshot, const char *applicant, const char *provider_id,
                                 const char *cap_id);

#endif
