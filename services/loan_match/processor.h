/* What time does to a market: proposals expire, applications run out, rounds that a crash left unfinished are finished.
 * One thread a replica; all replicas sweep, and each effect happens once, because it is guarded by the rows it changes. */
#ifndef LOAN_MATCH_PROCESSOR_H
#define LOAN_MATCH_PROCESSOR_H

#include "bus/service.h"

extern const tt_processor_ops match_processor;

#endif
