/* techtransfer.v1.Probe: a command with state, idempotency, journal and event, and no domain. For benchmarks and monitoring. */
#ifndef TT_RUN_PROBE_H
#define TT_RUN_PROBE_H

#include "bus/service.h"

extern const tt_method tt_probe_method;

#endif
