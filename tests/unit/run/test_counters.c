#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "base/counters.h"

static const char *const codes[] = { "OK", "NOT_FOUND", "odd\"\\\n" };
enum { REQUESTS, CONNECTIONS, LATENCY, METHODS };
static const tt_metric_row rows[] = {
    { "tt_requests_total", "Requests by outcome.", TT_METRIC_COUNTER, "code", codes, 3 },
    { "tt_connections", "Open connections.", TT_METRIC_GAUGE, NULL, NULL, 0 },
    { "tt_commit_seconds", "Time of a commit.", TT_METRIC_HISTOGRAM, NULL, NULL, 0 },
    { "tt_method_seconds", "Time of a method.", TT_METRIC_HISTOGRAM, "code", codes, 2 },
};

static tt_counters *registry;
static tt_counter_set *set;

static void
set_up (void)
{
    registry = tt_counters_new ();
    set = tt_counters_register (registry, rows, 4);
}

static void
tear_down (void)
{
    tt_counters_destroy (&registry);
}

TestSuite (counters, .init = set_up, .fini = tear_down);

static void
expect_line (const char *line)
{
    tt_buffer out = { 0 };
    tt_buffer_text (&out, "\n");
    tt_counters_snapshot (registry, &out);
    cr_expect (strstr (tt_buffer_cstr (&out), line), "no %s in%s", line, (const char *) out.data);
    tt_buffer_free (&out);
}

Test (counters, counters_and_gauges_are_written)
{
    tt_count (set, REQUESTS, 1);
    tt_count_add (set, REQUESTS, 1, 4);
    tt_count (set, REQUESTS, 2);
    tt_count_set (set, CONNECTIONS, 0, 7);
    tt_count_add (set, CONNECTIONS, 0, -2);
    expect_line ("\n# HELP tt_requests_total Requests by outcome.\n# TYPE tt_requests_total counter\ntt_requests_total{code=\"OK\"} 0\n"
                 "tt_requests_total{code=\"NOT_FOUND\"} 5\ntt_requests_total{code=\"odd\\\"\\\\\\n\"} 1\n");
    expect_line ("\n# TYPE tt_connections gauge\ntt_connections 5\n");
}

Test (counters, a_number_is_found_by_name)
{
    int64_t n = -1;
    tt_count (set, REQUESTS, 0);
    cr_expect (tt_counter_find (registry, "tt_requests_total{OK}", &n));
    cr_expect_eq (n, 1);
    cr_expect_not (tt_counter_find (registry, "tt_requests_total", &n));
    cr_expect_not (tt_counter_find (registry, "tt_requests_total{O}", &n));
    cr_expect_not (tt_counter_find (registry, "tt_nothing", &n));
}

Test (counters, histogram_buckets_are_cumulative_and_every_value_has_its_bucket)
{
    tt_count_latency (set, LATENCY, 0, -5);
    tt_count_latency (set, LATENCY, 0, 1);
    tt_count_latency (set, LATENCY, 0, 3);
    tt_count_latency (set, LATENCY, 0, 100);
    tt_count_latency (set, LATENCY, 0, INT64_C (1) << 40);
    expect_line ("\ntt_commit_seconds_bucket{le=\"1e-06\"} 2\ntt_commit_seconds_bucket{le=\"2e-06\"} 2\ntt_commit_seconds_bucket{le=\"3e-06\"} 3\n");
    expect_line ("\ntt_commit_seconds_bucket{le=\"9.6e-05\"} 3\ntt_commit_seconds_bucket{le=\"0.000128\"} 4\n");
    expect_line ("\ntt_commit_seconds_bucket{le=\"67.108864\"} 4\ntt_commit_seconds_bucket{le=\"+Inf\"} 5\n");
    expect_line ("\ntt_commit_seconds_count 5\n");
    tt_count_latency (set, METHODS, 1, 1000000);
    expect_line ("\ntt_method_seconds_sum{code=\"NOT_FOUND\"} 1\ntt_method_seconds_count{code=\"NOT_FOUND\"} 1\n");
}

Test (counters, quantiles_are_at_most_half_an_octave_high)
{
    cr_expect_eq (tt_count_quantile (set, LATENCY, 0, 0.5), 0);
    for (int64_t us = 1; us <= 10000; us++)
        tt_count_latency (set, LATENCY, 0, us);
    const double parts[] = { 0.01, 0.5, 0.9, 0.99, 1 };
    for (size_t i = 0; i < 5; i++) {
        double exact = parts[i] * 10000, got = (double) tt_count_quantile (set, LATENCY, 0, parts[i]);
        cr_expect (got >= exact && got <= exact * 1.5, "%g: %g", parts[i], got);
    }
    tt_count_latency (set, METHODS, 0, INT64_MAX / 2);
    cr_expect_eq (tt_count_quantile (set, METHODS, 0, 1), INT64_MAX);
}

static void
collect (void *argument)
{
    tt_count_set (set, CONNECTIONS, 0, *(int64_t *) argument);
}

Test (counters, collectors_run_before_a_snapshot)
{
    int64_t n = 42;
    tt_counters_collect (registry, collect, &n);
    expect_line ("\ntt_connections 42\n");
    n = 43;
    expect_line ("\ntt_connections 43\n");
}

static void *
count_many (void *unused)
{
    for (int i = 0; i < 50000; i++) {
        tt_count (set, REQUESTS, 0);
        tt_count_latency (set, LATENCY, 0, i);
    }
    return unused;
}

Test (counters, no_count_is_lost_between_threads)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq (pthread_create (&threads[i], NULL, count_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join (threads[i], NULL);
    cr_expect_eq (tt_count_get (set, REQUESTS, 0), 200000);
    cr_expect_eq (tt_count_get (set, LATENCY, 0), 200000);
}

Test (counters, what_is_named_seconds_is_written_in_seconds)
{
    static const tt_metric_row times[] = {
        { "tt_cpu_seconds_total", "Time.", TT_METRIC_COUNTER, NULL, NULL, 0 },
        { "tt_start_seconds", "When.", TT_METRIC_GAUGE, NULL, NULL, 0 },
    };
    tt_counter_set *more = tt_counters_register (registry, times, 2);
    tt_count_add (more, 0, 0, 1500);
    tt_count_set (more, 1, 0, INT64_C (1795578854867610));
    expect_line ("\ntt_cpu_seconds_total 0.001500\n");
    expect_line ("\ntt_start_seconds 1795578854.867610\n");
    tt_count_set (more, 1, 0, -2500000);
    expect_line ("\ntt_start_seconds -2.500000\n");
}
