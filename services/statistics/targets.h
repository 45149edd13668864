/* The task targets: what was reported of each beside what the suite's events give, and the change of their status. What
 * commands.c needs of it for indicators is here too. Everything is inside a transaction; memory is the transaction's. */
#ifndef STATS_TARGETS_H
#define STATS_TARGETS_H

#include "bus/service.h"
#include "indicator.h"

tt_handler stats_get_targets;

/* Where a measure stands by what was accepted by then (0 = now). False: not read yet, or refused. */
bool stats_standing_read (tt_txn *txn, const tt_catalog_indicator *measure, int64_t as_of, stats_standing *out);
/* What the counts give for a measure, and what is reported less that; both "" where no count feeds it, or its stream was never
 * seen; the difference also where nothing is reported. False: not read yet, or refused. */
bool stats_derived_read (tt_txn *txn, const char *measure, const char *value, char **derived, char **difference);

/* Adds the event TargetChanged. */
void stats_target_tell (tt_txn *txn, const tt_catalog_target *target, const stats_standing *old, const stats_standing *new);

#endif
