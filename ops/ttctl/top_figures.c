#include "top.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text_width.h"

#define CONSUMERS_MAX 64

typedef enum { RATE, GAUGE, QUANTILE } figure_kind;
typedef enum { SUM, WORST, LEAST, ONCE } figure_total; /* ONCE: the largest of each service, then summed */

static const struct {
    const char *key;
    figure_kind kind;
    figure_total total;
    const char *metric;
    const char *label, *value;
    double q;
} figures[] = {
    { "received_per_s", RATE, SUM, "commands_received_total", NULL, NULL, 0 },
    { "ok_per_s", RATE, SUM, "commands_replied_total", "code", "OK", 0 },
    { "queued", GAUGE, SUM, "commands_queued", NULL, NULL, 0 },
    { "queue_p99_s", QUANTILE, WORST, "command_queue_seconds", NULL, NULL, 0.99 },
    { "batch_p50_s", QUANTILE, WORST, "command_batch_seconds", NULL, NULL, 0.5 },
    { "batch_p99_s", QUANTILE, WORST, "command_batch_seconds", NULL, NULL, 0.99 },
    { "commits_per_s", RATE, SUM, "commits_total", NULL, NULL, 0 },
    { "conflicts_per_s", RATE, SUM, "commit_conflicts_total", NULL, NULL, 0 },
    { "bounds_per_s", RATE, SUM, "commit_bounds_total", NULL, NULL, 0 },
    { "remembered_per_s", RATE, SUM, "commands_remembered_total", NULL, NULL, 0 },
    { "published_per_s", RATE, SUM, "events_published_total", NULL, NULL, 0 },
    { "publish_delay_p99_s", QUANTILE, WORST, "event_publish_delay_seconds", NULL, NULL, 0.99 },
    { "replayed_per_s", RATE, SUM, "events_replayed_total", NULL, NULL, 0 },
    { "filters", GAUGE, SUM, "subscribed_filters", NULL, NULL, 0 },
    { "slow_episodes", GAUGE, SUM, "subscriber_slow_episodes_total", NULL, NULL, 0 },
    { "losses", GAUGE, SUM, "journal_losses_total", NULL, NULL, 0 },
    { "processed_per_s", RATE, SUM, "processor_events_total", NULL, NULL, 0 },
    { "lag", GAUGE, ONCE, "processor_lag", NULL, NULL, 0 },
    { "failures_per_s", RATE, SUM, "processor_failures_total", NULL, NULL, 0 },
    { "processor_p99_s", QUANTILE, WORST, "processor_batch_seconds", NULL, NULL, 0.99 },
    { "consumer_lag", GAUGE, ONCE, "consumer_lag", NULL, NULL, 0 },
    { "consumer_losses", GAUGE, SUM, "consumer_losses_total", NULL, NULL, 0 },
    { "consumer_lost_events", GAUGE, ONCE, "journal_consumer_lost_events_total", NULL, NULL, 0 },
    { "memory_over", GAUGE, SUM, "memory_over", NULL, NULL, 0 },
    { "commit_p50_s", QUANTILE, WORST, "store_commit_seconds", NULL, NULL, 0.5 },
    { "commit_p99_s", QUANTILE, WORST, "store_commit_seconds", NULL, NULL, 0.99 },
    { "retries_per_s", RATE, SUM, "store_retries_total", NULL, NULL, 0 },
    { "connections_per_s", RATE, SUM, "store_connections_total", NULL, NULL, 0 },
    { "redis_up", GAUGE, LEAST, "redis_up", NULL, NULL, 0 },
    { "memory_bytes", GAUGE, SUM, "process_resident_memory_bytes", NULL, NULL, 0 },
    { "cpu", RATE, SUM, "process_cpu_seconds_total", NULL, NULL, 0 },
    { "open_fds", GAUGE, SUM, "process_open_fds", NULL, NULL, 0 },
};
enum { FIGURES = sizeof figures / sizeof *figures };

/* A text that may hold anything, for a terminal and for JSON. */
static json_t *
clean_string (const char *text)
{
    char *copy = tt_strdup (text);
    ctl_text_clean (copy);
    json_t *string = json_string (copy);
    free (copy);
    return string;
}

typedef struct {
    const ctl_prom *before, *now; /* before: NULL without an interval */
    double seconds;
} interval;

/* A gauge of whole things stays whole. */
static json_t *
number (double value, figure_kind kind)
{
    return kind == GAUGE && fabs (value) < 9e15 && value == floor (value) ? json_integer ((json_int_t)value) : json_real (value);
}

static json_t *
figure (const interval *in, size_t i)
{
    double value = 0;
    bool known = false;
    if (figures[i].kind == GAUGE) {
        known = ctl_prom_sum (in->now, figures[i].metric, figures[i].label, figures[i].value, &value);
    } else if (in->before && figures[i].kind == QUANTILE) {
        known = ctl_prom_quantile (in->before, in->now, figures[i].metric, figures[i].q, &value);
    } else if (in->before) {
        known = ctl_prom_growth (in->before, in->now, figures[i].metric, figures[i].label, figures[i].value, &value);
        value /= in->seconds;
    }
    return known && isfinite (value) ? number (value, figures[i].kind) : json_null ();
}

/* True for a name that was not seen before, up to a bound: each costs a walk through the page, which may be hostile. */
static bool
is_first (json_t *seen, const char *name)
{
    if (json_object_get (seen, name) || json_object_size (seen) >= CONSUMERS_MAX)
        return false;
    json_object_set_new (seen, name, json_true ());
    return json_object_get (seen, name) != NULL; /* not a name if it is no UTF-8 */
}

/* Refusals by code, those that happened; *all gets their sum. */
static json_t *
refusals (const interval *in, double *all)
{
    json_t *out = json_object (), *seen = json_object ();
    *all = 0;
    for (size_t i = 0; in->before && i < ctl_prom_count (in->now); i++) {
        const ctl_prom_sample *sample = ctl_prom_at (in->now, i);
        const char *code = strcmp (sample->name, "commands_replied_total") == 0 ? ctl_prom_label_of (sample, "code") : NULL;
        double growth;
        if (code == NULL || strcmp (code, "OK") == 0 || !is_first (seen, code)
            || !ctl_prom_growth (in->before, in->now, sample->name, "code", code, &growth) || growth <= 0 || !isfinite (growth))
            continue;
        char *name = tt_strdup (code);
        ctl_text_clean (name);
        if (json_object_get (out, name) == NULL)
            *all += growth / in->seconds;
        json_object_set_new (out, name, json_real (growth / in->seconds));
        free (name);
    }
    json_decref (seen);
    return out;
}

/* Metrics with one series for each consumer, by the label that names it: of statisticsd's sources, of a journal's registered
 * consumers. */
static const struct {
    const char *metric, *label;
} lags[] = { { "consumer_lag", "stream" }, { "journal_consumer_lag_events", "consumer" } };

static json_t *
consumers (const interval *in)
{
    json_t *out = json_object (), *seen = json_object ();
    for (size_t i = 0; i < ctl_prom_count (in->now); i++) {
        const ctl_prom_sample *sample = ctl_prom_at (in->now, i);
        for (size_t k = 0; k < sizeof lags / sizeof *lags; k++) {
            const char *who = strcmp (sample->name, lags[k].metric) == 0 ? ctl_prom_label_of (sample, lags[k].label) : NULL;
            if (who == NULL || !isfinite (sample->value) || !is_first (seen, who))
                continue;
            char *name = tt_strdup (who);
            double live = 1, sum = 0;
            (void)ctl_prom_sum (in->now, sample->name, lags[k].label, who,
                                &sum); /* over its partitions, if it is told for each */
            (void)ctl_prom_sum (in->now, "consumer_live", "stream", who, &live);
            ctl_text_clean (name);
            json_object_set_new (out, name, json_pack ("{s:o, s:b}", "lag", number (sum, GAUGE), "live", k > 0 || live > 0));
            free (name);
        }
    }
    json_decref (seen);
    return out;
}

static const char *
state_of (const ctl_top_look *look)
{
    return !look->answered && !look->ready ? "no answer" : look->ready ? "ready" : "not ready";
}

json_t *
ctl_top_figures (const char *name, const char *address, const ctl_top_look *before, const ctl_top_look *now, int64_t unix_ms)
{
    double refused = 0, started = 0;
    interval in = { .before = now->page ? before->page : NULL, .now = now->page };
    in.seconds = (double)(now->at_us - before->at_us) / 1e6;
    if (in.seconds <= 0)
        in.before = NULL;
    json_t *out = json_object ();
    json_object_set_new (out, "name", clean_string (name));
    json_object_set_new (out, "address", clean_string (address));
    json_object_set_new (out, "state", json_string (state_of (now)));
    json_object_set_new (out, "reason", clean_string (now->reason));
    json_object_set_new (out, "interval_s", in.before ? json_real (in.seconds) : json_null ());
    for (size_t i = 0; i < FIGURES; i++)
        json_object_set_new (out, figures[i].key, now->page ? figure (&in, i) : json_null ());
    json_object_set_new (out, "refused", now->page ? refusals (&in, &refused) : json_object ());
    json_object_set_new (out, "refused_per_s", in.before ? json_real (refused) : json_null ());
    json_object_set_new (out, "consumers", now->page ? consumers (&in) : json_object ());
    bool known = ctl_prom_sum (now->page, "process_start_time_seconds", NULL, NULL, &started);
    json_object_set_new (out, "uptime_s", known ? json_real ((double)unix_ms / 1000 - started) : json_null ());
    return out;
}

/* -- the total -- */

static bool
same_service (const char *a, const char *b)
{
    size_t size = strcspn (a, "/");
    return size == strcspn (b, "/") && memcmp (a, b, size) == 0;
}

/* Is there an earlier replica of the same service that says as much or more, or a later one that says more? */
static bool
is_told_by_another (const json_t *daemons, size_t own, const char *key, double value)
{
    size_t i;
    const json_t *daemon;
    const char *name = json_string_value (json_object_get (json_array_get (daemons, own), "name"));
    json_array_foreach ((json_t *)daemons, i, daemon)
    {
        double other = json_number_value (json_object_get (daemon, key));
        if (i != own && same_service (name, json_string_value (json_object_get (daemon, "name")))
            && (other > value || (other == value && i < own)))
            return true;
    }
    return false;
}

static json_t *
add_up (const json_t *daemons, const char *key, figure_kind kind, figure_total how)
{
    size_t i;
    const json_t *daemon;
    double total = 0;
    bool any = false;
    json_array_foreach ((json_t *)daemons, i, daemon)
    {
        const json_t *one = json_object_get (daemon, key);
        double value = json_number_value (one);
        if (!json_is_number (one) || (how == ONCE && is_told_by_another (daemons, i, key, value)))
            continue;
        if (how == SUM || how == ONCE)
            total += value;
        else if (!any || (how == WORST ? value > total : value < total))
            total = value;
        any = true;
    }
    return any ? number (total, kind) : json_null ();
}

json_t *
ctl_top_total (const json_t *daemons)
{
    size_t i, ready = 0;
    const json_t *daemon;
    json_t *out = json_object ();
    json_array_foreach ((json_t *)daemons, i, daemon)
    {
        ready += strcmp (json_string_value (json_object_get (daemon, "state")), "ready") == 0;
    }
    json_object_set_new (out, "name", json_string ("total"));
    json_object_set_new (out, "ready", json_integer ((json_int_t)ready));
    json_object_set_new (out, "daemons", json_integer ((json_int_t)json_array_size (daemons)));
    for (size_t f = 0; f < FIGURES; f++)
        json_object_set_new (out, figures[f].key, add_up (daemons, figures[f].key, figures[f].kind, figures[f].total));
    json_object_set_new (out, "refused_per_s", add_up (daemons, "refused_per_s", RATE, SUM));
    return out;
}
