#include "store/metrics.h"

static const tt_metric_row rows[] = {
    [TT_STORE_CONNECTIONS]
    = { .name = "store_connections_total", .help = "Connections to Redis that were made.", .kind = TT_METRIC_COUNTER },
    [TT_STORE_RETRIES] = { .name = "store_retries_total",
                           .help = "Requests sent to Redis again, because it did not answer or could not serve them yet.",
                           .kind = TT_METRIC_COUNTER },
    [TT_STORE_FAILURES]
    = { .name = "store_failures_total", .help = "Requests to Redis given up after the time limit.", .kind = TT_METRIC_COUNTER },
    [TT_STORE_COMMIT_TIME] = { .name = "store_commit_seconds",
                               .help = "Round trip of one commit to Redis, from sending it to its answer.",
                               .kind = TT_METRIC_HISTOGRAM },
};

tt_counter_set *
tt_store_metrics (tt_counters *counters)
{
    return tt_counters_register (counters, rows, sizeof rows / sizeof *rows);
}

void
tt_store_count (tt_counter_set *metrics, tt_store_metric metric)
{
    if (metrics)
        tt_count (metrics, metric, 0);
}

void
tt_store_count_time (tt_counter_set *metrics, tt_store_metric metric, int64_t microseconds)
{
    if (metrics)
        tt_count_latency (metrics, metric, 0, microseconds);
}
