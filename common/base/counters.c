#include "base/counters.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Buckets: two an octave. Bounds in microseconds 1, 2, 3, 4, 6, 8, 12, 16, ... 2^26 (67 s), and one for the rest. */
#define BOUNDED 52
#define BUCKETS (BOUNDED + 1)
/* A histogram's cells: its buckets, then the sum of microseconds. */
#define HISTOGRAM_CELLS (BUCKETS + 1)

struct tt_counter_set {
    const tt_metric_row *rows; /* borrowed */
    size_t count;
    size_t *first;           /* owned: index of each row's first cell */
    _Atomic int64_t *cells; /* owned */
    tt_counter_set *next;
};

typedef struct collector {
    tt_collector *call;
    void *argument;
    struct collector *next;
} collector;

struct tt_counters {
    pthread_mutex_t lock; /* lists, and one snapshot at a time */
    tt_counter_set *sets; /* owned, in order of registration */
    collector *collectors; /* owned */
};

static size_t
bucket_of (uint64_t us)
{
    if (us <= 2)
        return us <= 1 ? 0 : 1;
    unsigned e = 63 - (unsigned) __builtin_clzll (us - 1); /* us-1 in [2^e, 2^(e+1)), e >= 1 */
    size_t i = 2 + 2 * (size_t) (e - 1) + ((us - 1) >> (e - 1) & 1);
    return i < BOUNDED ? i : BOUNDED;
}

static int64_t
bound_of (size_t bucket)
{
    if (bucket < 2)
        return (int64_t) bucket + 1;
    unsigned e = 1 + (unsigned) (bucket - 2) / 2;
    return (bucket - 2) % 2 ? INT64_C (1) << (e + 1) : INT64_C (3) << (e - 1);
}

static size_t
width (const tt_metric_row *row)
{
    return row->kind == TT_METRIC_HISTOGRAM ? HISTOGRAM_CELLS : 1;
}

static size_t
series (const tt_metric_row *row)
{
    return row->label ? row->value_count : 1;
}

static bool
ends_in (const char *text, const char *end)
{
    size_t n = strlen (text), m = strlen (end);
    return n > m && strcmp (text + n - m, end) == 0;
}

static bool
well_named (const tt_metric_row *row)
{
    size_t n = strlen (row->name);
    if (n == 0 || strspn (row->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != n || (row->name[0] >= '0' && row->name[0] <= '9'))
        return false;
    return (row->kind == TT_METRIC_COUNTER) == ends_in (row->name, "_total")
           && (row->kind != TT_METRIC_HISTOGRAM || ends_in (row->name, "_seconds"));
}

tt_counters *
tt_counters_new (void)
{
    tt_counters *counters = tt_alloc_zero (1, sizeof *counters);
    pthread_mutex_init (&counters->lock, NULL);
    return counters;
}

void
tt_counters_destroy (tt_counters **counters)
{
    if (*counters == NULL)
        return;
    for (tt_counter_set *s = (*counters)->sets, *next; s; s = next) {
        next = s->next;
        free (s->first);
        free ((void *) s->cells);
        free (s);
    }
    for (collector *c = (*counters)->collectors, *next; c; c = next) {
        next = c->next;
        free (c);
    }
    pthread_mutex_destroy (&(*counters)->lock);
    free (*counters);
    *counters = NULL;
}

/* Its unit is seconds: kept in microseconds, as everything that is counted is whole. */
static bool
is_time (const tt_metric_row *row)
{
    return ends_in (row->name, row->kind == TT_METRIC_COUNTER ? "_seconds_total" : "_seconds");
}

static bool
is_registered (const tt_counters *counters, const char *name)
{
    for (const tt_counter_set *s = counters->sets; s; s = s->next)
        for (size_t i = 0; i < s->count; i++)
            if (strcmp (s->rows[i].name, name) == 0)
                return true;
    return false;
}

tt_counter_set *
tt_counters_register (tt_counters *counters, const tt_metric_row *rows, size_t count)
{
    tt_counter_set *set = tt_alloc_zero (1, sizeof *set);
    size_t cells = 0;
    *set = (tt_counter_set){ .rows = rows, .count = count, .first = tt_alloc_zero (count, sizeof *set->first) };
    pthread_mutex_lock (&counters->lock);
    for (size_t i = 0; i < count; i++) {
        assert (well_named (&rows[i]) && !is_registered (counters, rows[i].name));
        set->first[i] = cells;
        cells += width (&rows[i]) * series (&rows[i]);
    }
    set->cells = tt_alloc_zero (cells, sizeof *set->cells);
    tt_counter_set **end = &counters->sets;
    while (*end)
        end = &(*end)->next;
    *end = set;
    pthread_mutex_unlock (&counters->lock);
    return set;
}

static _Atomic int64_t *
cell (const tt_counter_set *set, size_t row, size_t value)
{
    assert (row < set->count && value < series (&set->rows[row]));
    return &set->cells[set->first[row] + value * width (&set->rows[row])];
}

static int64_t
load (const _Atomic int64_t *c)
{
    return atomic_load_explicit (c, memory_order_relaxed);
}

void
tt_count_add (tt_counter_set *set, size_t row, size_t value, int64_t amount)
{
    assert (set->rows[row].kind == TT_METRIC_GAUGE || (set->rows[row].kind == TT_METRIC_COUNTER && amount >= 0));
    atomic_fetch_add_explicit (cell (set, row, value), amount, memory_order_relaxed);
}

void
tt_count (tt_counter_set *set, size_t row, size_t value)
{
    tt_count_add (set, row, value, 1);
}

void
tt_count_set (tt_counter_set *set, size_t row, size_t value, int64_t number)
{
    assert (set->rows[row].kind != TT_METRIC_HISTOGRAM);
    atomic_store_explicit (cell (set, row, value), number, memory_order_relaxed);
}

void
tt_count_latency (tt_counter_set *set, size_t row, size_t value, int64_t microseconds)
{
    assert (set->rows[row].kind == TT_METRIC_HISTOGRAM);
    uint64_t us = microseconds > 0 ? (uint64_t) microseconds : 0;
    _Atomic int64_t *c = cell (set, row, value);
    atomic_fetch_add_explicit (&c[bucket_of (us)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit (&c[BUCKETS], (int64_t) us, memory_order_relaxed);
}

static int64_t
observed (const _Atomic int64_t *c)
{
    int64_t n = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        n += load (&c[i]);
    return n;
}

int64_t
tt_count_get (const tt_counter_set *set, size_t row, size_t value)
{
    const _Atomic int64_t *c = cell (set, row, value);
    return set->rows[row].kind == TT_METRIC_HISTOGRAM ? observed (c) : load (c);
}

int64_t
tt_count_quantile (const tt_counter_set *set, size_t row, size_t value, double q)
{
    assert (set->rows[row].kind == TT_METRIC_HISTOGRAM && q >= 0 && q <= 1);
    const _Atomic int64_t *c = cell (set, row, value);
    int64_t all = observed (c), below = 0;
    if (all == 0)
        return 0;
    for (size_t i = 0; i < BOUNDED; i++) {
        below += load (&c[i]);
        if (below > 0 && (double) below >= q * (double) all)
            return bound_of (i);
    }
    return INT64_MAX;
}

/* Is it "name" of a series without a label, or "name{value}"? */
static bool
names_series (const tt_metric_row *row, size_t value, const char *wanted)
{
    size_t n = strlen (row->name);
    if (strncmp (wanted, row->name, n) != 0)
        return false;
    if (row->label == NULL)
        return wanted[n] == '\0';
    size_t m = strlen (row->values[value]);
    return wanted[n] == '{' && strncmp (wanted + n + 1, row->values[value], m) == 0 && strcmp (wanted + n + 1 + m, "}") == 0;
}

bool
tt_counter_find (const tt_counters *counters, const char *name, int64_t *number)
{
    for (const tt_counter_set *s = counters->sets; s; s = s->next)
        for (size_t i = 0; i < s->count; i++)
            for (size_t v = 0; v < series (&s->rows[i]); v++)
                if (names_series (&s->rows[i], v, name)) {
                    *number = tt_count_get (s, i, v);
                    return true;
                }
    return false;
}

void
tt_counters_collect (tt_counters *counters, tt_collector *call, void *argument)
{
    collector *c = tt_alloc_zero (1, sizeof *c);
    pthread_mutex_lock (&counters->lock);
    *c = (collector){ call, argument, counters->collectors };
    counters->collectors = c;
    pthread_mutex_unlock (&counters->lock);
}

/* `label="value"` with backslash, quote and line break escaped; nothing without a label. */
static void
write_label (const tt_metric_row *row, size_t value, tt_buffer *out)
{
    if (row->label == NULL)
        return;
    tt_buffer_printf (out, "%s=\"", row->label);
    for (const char *p = row->values[value]; *p; p++) {
        const char *text = *p == '\\' ? "\\\\" : *p == '"' ? "\\\"" : *p == '\n' ? "\\n" : NULL;
        if (text)
            tt_buffer_text (out, text);
        else
            tt_buffer_append (out, p, 1);
    }
    tt_buffer_text (out, "\"");
}

static void
write_series (const tt_metric_row *row, size_t value, const char *suffix, tt_buffer *out)
{
    tt_buffer_printf (out, "%s%s", row->name, suffix);
    if (row->label) {
        tt_buffer_text (out, "{");
        write_label (row, value, out);
        tt_buffer_text (out, "}");
    }
    tt_buffer_text (out, " ");
}

/* Buckets are cumulative. The count is what the buckets add up to here, so that one scrape agrees with itself while others count. */
static void
write_histogram (const tt_metric_row *row, size_t value, const _Atomic int64_t *c, tt_buffer *out)
{
    int64_t below = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        below += load (&c[i]);
        tt_buffer_printf (out, "%s_bucket{", row->name);
        write_label (row, value, out);
        if (i < BOUNDED)
            tt_buffer_printf (out, "%sle=\"%.9g\"} %" PRId64 "\n", row->label ? "," : "", (double) bound_of (i) / 1e6, below);
        else
            tt_buffer_printf (out, "%sle=\"+Inf\"} %" PRId64 "\n", row->label ? "," : "", below);
    }
    write_series (row, value, "_sum", out);
    tt_buffer_printf (out, "%.9g\n", (double) load (&c[BUCKETS]) / 1e6);
    write_series (row, value, "_count", out);
    tt_buffer_printf (out, "%" PRId64 "\n", below);
}

static void
write_row (const tt_counter_set *set, size_t i, tt_buffer *out)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };
    const tt_metric_row *row = &set->rows[i];
    tt_buffer_printf (out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, kinds[row->kind]);
    for (size_t v = 0; v < series (row); v++) {
        if (row->kind == TT_METRIC_HISTOGRAM) {
            write_histogram (row, v, cell (set, i, v), out);
            continue;
        }
        write_series (row, v, "", out);
        int64_t number = load (cell (set, i, v));
        if (is_time (row))
            tt_buffer_printf (out, "%s%" PRId64 ".%06" PRId64 "\n", number < 0 ? "-" : "", imaxabs (number) / 1000000, imaxabs (number) % 1000000);
        else
            tt_buffer_printf (out, "%" PRId64 "\n", number);
    }
}

void
tt_counters_snapshot (tt_counters *counters, tt_buffer *out)
{
    pthread_mutex_lock (&counters->lock);
    for (const collector *c = counters->collectors; c; c = c->next)
        c->call (c->argument);
    for (const tt_counter_set *s = counters->sets; s; s = s->next)
        for (size_t i = 0; i < s->count; i++)
            write_row (s, i, out);
    pthread_mutex_unlock (&counters->lock);
}
