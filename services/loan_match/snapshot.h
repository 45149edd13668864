/* A market read from the store, for a round. Not for what is computed from it (market.h). */
#ifndef LOAN_MATCH_SNAPSHOT_H
#define LOAN_MATCH_SNAPSHOT_H

#include "market.h"
#include "store/txn.h"

/* Everything that takes part: all providers and products with what is held and confirmed, the OPEN applications whose validity is
 * not over, exposures and leads. All in the transaction's arena, not sorted. The reads do not guard the commit: what changes
 * meanwhile is noticed when a proposal is made. False: pending or refused. */
bool match_snapshot_read (tt_txn *txn, const char *market, match_snapshot *snapshot);

#endif
