/* What all connections of a process to Redis count together: one table, registered once, given to each store by its options.
 * Thread-safe: counting is atomic. */
#ifndef TT_STORE_METRICS_H
#define TT_STORE_METRICS_H

#include "base/counters.h"

typedef enum {
    TT_STORE_CONNECTIONS, /* made, the first ones too */
    TT_STORE_RETRIES,     /* pipelines sent again: no answer, or one that says "not now" */
    TT_STORE_FAILURES,    /* pipelines given up after redis.timeout */
    TT_STORE_COMMIT_TIME  /* of one commit of a batch, from sending it to its answer */
} tt_store_metric;

/* Registers the table; lives as long as the registry. */
tt_counter_set *tt_store_metrics (tt_counters *counters);
/* + 1; nothing if metrics is NULL. */
void tt_store_count (tt_counter_set *metrics, tt_store_metric metric);
void tt_store_count_time (tt_counter_set *metrics, tt_store_metric metric, int64_t microseconds);

#endif
