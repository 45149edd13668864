/* Metrics of the process itself, from /proc, under the names that Prometheus's client libraries use. */
#ifndef TT_RUN_PROCESS_H
#define TT_RUN_PROCESS_H

#include "base/counters.h"

/* Registers them; they are read anew for each snapshot. What /proc does not say stays 0. */
void tt_process_metrics (tt_counters *counters);

#endif
