/* Counters, gauges and latency histograms of a daemon, and their text form for Prometheus (exposition format 0.0.4).
 *
 * A module declares a static table of rows and registers it; the set it gets back takes the numbers, by the row's index in the table.
 * Counting is one relaxed atomic addition, from any thread. Registration and collectors belong to start-up; a snapshot may be taken
 * at any time from one thread after another. Not for logs and not for the domain's own counts (statisticsd). */
#ifndef TT_BASE_COUNTERS_H
#define TT_BASE_COUNTERS_H

#include <stdint.h>

#include "base/buffer.h"

typedef enum {
    TT_METRIC_COUNTER,  /* only goes up */
    TT_METRIC_GAUGE,    /* goes up and down */
    TT_METRIC_HISTOGRAM /* of microseconds; written in seconds */
} tt_metric_kind; /* a counter called ..._seconds_total and a gauge called ..._seconds take microseconds too and are written in seconds */

/* A row; with a label there is one number for each of its values: requests_total{code="OK"}. All text is static. */
typedef struct {
    const char *name; /* [a-z_][a-z0-9_]*: a counter ends in _total, a histogram in _seconds (asserted) */
    const char *help;
    tt_metric_kind kind;
    const char *label; /* NULL: none */
    const char *const *values;
    size_t value_count; /* 0 without a label */
} tt_metric_row;

typedef struct tt_counters tt_counters;       /* the registry */
typedef struct tt_counter_set tt_counter_set; /* the numbers of one table; lives as long as the registry */

tt_counters *tt_counters_new (void); /* never NULL */
void tt_counters_destroy (tt_counters **counters);
/* rows are borrowed for good. A name that is registered already is asserted against. */
tt_counter_set *tt_counters_register (tt_counters *counters, const tt_metric_row *rows, size_t count);

/* Bounds of rows and values are asserted. `value` is the index of the label's value, 0 without a label. */
void tt_count (tt_counter_set *set, size_t row, size_t value);                     /* + 1 */
void tt_count_add (tt_counter_set *set, size_t row, size_t value, int64_t amount); /* counters: amount >= 0 */
/* Gauges; and counters that another module keeps and a collector copies. */
void tt_count_set (tt_counter_set *set, size_t row, size_t value, int64_t number);
void tt_count_latency (tt_counter_set *set, size_t row, size_t value, int64_t microseconds); /* histograms; below 0 counts as 0 */
int64_t tt_count_get (const tt_counter_set *set, size_t row, size_t value); /* of a histogram: how many were observed */
/* Microseconds below which the part q (0 to 1) of the observations lies, as the bound of its bucket: at most half an octave
 * too high. 0 if there are none; INT64_MAX past the last bound (67 s). */
int64_t tt_count_quantile (const tt_counter_set *set, size_t row, size_t value, double q);

/* The number called `name`, or "name{value}" ("requests_total{OK}"), for tests and probes: false if there is none. */
bool tt_counter_find (const tt_counters *counters, const char *name, int64_t *number);

/* Called at the start of each snapshot, in its thread, to bring gauges up to date. */
typedef void tt_collector (void *argument);
void tt_counters_collect (tt_counters *counters, tt_collector *collector, void *argument);

/* Appends the text exposition: HELP and TYPE of each metric, then its numbers. */
void tt_counters_snapshot (tt_counters *counters, tt_buffer *out);

#endif
