/* What the commands and the processor of patent-alertd share: the method table, the processor's operations, the counters. */
#ifndef ALERT_SERVICE_H
#define ALERT_SERVICE_H

#include "base/counters.h"
#include "bus/service.h"
#include "catalog/catalog.h"
#include "delivery.h"

typedef struct {
    tt_counter_set *counters; /* rows below; NULL in tests */
    unsigned match_threads;   /* that match a document together; 0: one for each processor, at most 4 */
    tt_catalog *catalog;      /* owned; NULL in tests: no code is known */
    alert_clockwork clockwork;
    int64_t orphans_max;      /* legal events without a document, over all partitions */
    uint32_t backfill_rate;   /* documents a second that one replica looks at for back-fills, and for due dates */
    struct alert_atlas *atlas; /* owned; NULL in tests: no maps */
} alert_service;

enum {
    ALERT_COUNT_SUBMITTED, /* by alert_outcome */
    ALERT_COUNT_WATCH_CHANGES,
    ALERT_COUNT_MATCHED,
    ALERT_COUNT_SKIPPED_VALUES,
    ALERT_COUNT_ALERTS, /* by alert_effect */
    ALERT_COUNT_ACKNOWLEDGED,
    ALERT_COUNT_WATCH_RECORDS,
    ALERT_COUNT_UNREADABLE,
    ALERT_COUNT_SNAPSHOTS,
    ALERT_COUNT_WATCHES,
    ALERT_COUNT_SCANNED_WATCHES,
    ALERT_COUNT_CANDIDATES,
    ALERT_COUNT_INDEX_BYTES,
    ALERT_COUNT_MATCH_TIME,
    ALERT_COUNT_LEGAL, /* by alert_outcome */
    ALERT_COUNT_ORPHANS,
    ALERT_COUNT_ATTACHED,
    ALERT_COUNT_UNMAPPED,
    ALERT_COUNT_RETRACTED,
    ALERT_COUNT_DIGESTS,
    ALERT_COUNT_BRAKED,
    ALERT_COUNT_BACKFILLED, /* documents looked at */
    ALERT_COUNT_SWEPT,
    ALERT_COUNT_PLACES_FULL,
    ALERT_COUNT_MAPS,
    ALERT_COUNT_MAPS_REFUSED,
    ALERT_COUNT_MAP_READ,
    ALERT_COUNT_MAP_LOADS,
    ALERT_COUNT_MAP_DOCUMENTS,
    ALERT_COUNT_MAP_BYTES,
    ALERT_COUNT_MAP_TIME,
    ALERT_COUNT_REMOVED,
    ALERT_COUNT_SURGE_ROUNDS,
    ALERT_COUNT_SURGES_FOUND,
    ALERT_COUNT_SURGES_KNOWN,
    ALERT_COUNT_SURGE_TIME,
    ALERT_COUNT_ROWS
};
enum { ALERT_OUTCOME_ACCEPTED, ALERT_OUTCOME_REVISED, ALERT_OUTCOME_UNCHANGED, ALERT_OUTCOME_REJECTED, ALERT_OUTCOMES };
enum { ALERT_EFFECT_RAISED, ALERT_EFFECT_KNOWN, ALERT_EFFECTS };

extern const tt_metric_row alert_metrics[ALERT_COUNT_ROWS];

/* Adds to a counter; without counters nothing. */
static inline void
alert_count (const alert_service *service, size_t row, size_t value, int64_t amount)
{
    if (service && service->counters && amount > 0)
        tt_count_add (service->counters, row, value, amount);
}

#define ALERT_METHODS 14
extern const tt_method alert_methods[ALERT_METHODS];
extern const tt_processor_ops alert_processor;

#endif
