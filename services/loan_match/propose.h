/* From a round's allocations to held proposals: the plan, and one slice of it carried out in one transaction. Capacity is
 * promised here and nowhere else: an allocation whose application or product changed since the snapshot, or whose capacity was
 * taken meanwhile, is left out with the reason. */
#ifndef LOAN_MATCH_PROPOSE_H
#define LOAN_MATCH_PROPOSE_H

#include "ledger.h"
#include "market.h"

/* One item for each allocation of the round, in its order; in the arena. snapshot: sorted. */
match_plan_item *match_plan_make (tt_arena *arena, const match_snapshot *snapshot, const finance_round *round,
                                  int64_t deadline_unix_ms);

/* The ids of the caps that count this product for this application, of one kind, in the order of the list; *count of them. The list is in the arena. */
char **match_caps_over (tt_arena *arena, const finance_cap *const *caps, size_t cap_count, const finance_application *application,
                        const finance_product *product, bool per_applicant, size_t *count);

/* Proposes items[count], whole legs only, and writes what became of each to fits[count]; *made counts the proposals up. False:
 * pending or refused. */
bool match_propose (tt_txn *txn, const char *market, const match_plan_item *items, size_t count, uint8_t *fits, uint32_t *made);

#endif
