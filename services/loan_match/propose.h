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

/* Proposes items[count], whole legs only, and writes what became of each to fits[count]; *made counts the proposals up. False:
 * pending or refused. */
bool match_propose (tt_txn *txn, const char *market, const match_plan_item *items, size_t count, uint8_t *fits, uint32_t *made);

#endif
