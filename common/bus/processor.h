/* Runs the work of a service that follows from events (service.h, tt_processor_ops) in a thread of its own.
 *
 * Entries of the service's journal are shared with the other replicas by a consumer group and acknowledged when their effects are
 * committed; work that fails is tried again with the same entries, never skipped. */
#ifndef TT_BUS_PROCESSOR_H
#define TT_BUS_PROCESSOR_H

#include "base/counters.h"
#include "bus/service.h"

typedef struct {
    const tt_processor_ops *ops;   /* borrowed */
    const tt_store_options *store; /* borrowed */
    const char *schema;            /* "patent.proto" */
    const char *instance;          /* this replica: the consumer's name */
    void *service;
    tt_counters *counters;
    uint32_t stuck_ms; /* work put off for so long: not ready; 0 = 30,000 */
} tt_processor_options;

/* Starts the thread; the service's open runs in it and is tried again while the store is not there. */
TT_MUST_USE tt_status tt_processor_open (tt_processor **out, const tt_processor_options *options, tt_error *error);
/* Finishes the work in hand and stops. */
void tt_processor_close (tt_processor **processor);
/* True once the service's open has succeeded, and while work is not put off for longer than stuck_ms for another reason than that Redis is away; *reason (480 bytes, may be NULL) says why not.
 * Any thread. */
bool tt_processor_ready (tt_processor *processor, char *reason);

#endif
