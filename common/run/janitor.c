#include "run/janitor.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "run/consumers.h"

#define WHO_MAX 128 /* bytes of the name of a consumer, or of "group" and a group's name */

/* Somebody whose events the cap takes: said when it begins and when it is over. */
struct loser {
    struct loser *next;
    char who[WHO_MAX];
    uint64_t events; /* in this episode */
    bool again;      /* in this round */
};

struct tt_janitor {
    tt_janitor_options options;
    pthread_t thread;
    pthread_mutex_t mutex; /* of stop and metrics */
    pthread_cond_t wake;
    bool stop;
    tt_buffer metrics;
    tt_counter_set *counters;
    /* the thread's own */
    tt_store *store;
    tt_arena *arena;
    struct loser *losers;
    bool trouble;    /* the last round failed */
    bool forgetting; /* the last round dropped request ids */
};

enum { ROUNDS, FAILED, TRIMMED, CAPPED, KEPT, IDS, FORGOTTEN };
static const tt_metric_row rows[] = {
    { .name = "janitor_rounds_total", .help = "Rounds over all partitions.", .kind = TT_METRIC_COUNTER },
    { .name = "janitor_failed_total", .help = "Rounds that the store did not let finish.", .kind = TT_METRIC_COUNTER },
    { .name = "journal_trimmed_events_total", .help = "Events and log records trimmed by this replica.", .kind = TT_METRIC_COUNTER },
    { .name = "journal_capped_events_total", .help = "Of these: trimmed by the cap before all consumers had acknowledged them.", .kind = TT_METRIC_COUNTER },
    { .name = "journal_kept_events", .help = "Events and log records in all partitions.", .kind = TT_METRIC_GAUGE },
    { .name = "request_ids_kept", .help = "Request ids whose outcome is remembered, in all partitions.", .kind = TT_METRIC_GAUGE },
    { .name = "request_ids_forgotten_total", .help = "Request ids dropped before their time because there were too many.", .kind = TT_METRIC_COUNTER },
};

/* -- who lost events -- */

static void
note_loss (void *context, uint32_t partition, tt_bytes who, uint64_t events)
{
    tt_janitor *self = context;
    char name[WHO_MAX];
    (void)partition;
    snprintf (name, sizeof name, "%.*s", (int)who.size, (const char *)who.data);
    struct loser *loser = self->losers;
    while (loser && strcmp (loser->who, name) != 0)
        loser = loser->next;
    if (loser == NULL) {
        loser = tt_alloc_zero (1, sizeof *loser);
        memcpy (loser->who, name, sizeof name);
        loser->next = self->losers;
        self->losers = loser;
        tt_log (TT_LOG_ERROR, "the cap takes events that were not acknowledged", "consumer", name, NULL);
    }
    loser->events += events;
    loser->again = true;
}

static void
end_episodes (tt_janitor *self, bool all)
{
    for (struct loser **link = &self->losers, *loser; (loser = *link);) {
        if (loser->again && !all) {
            loser->again = false;
            link = &loser->next;
            continue;
        }
        char events[24];
        snprintf (events, sizeof events, "%llu", (unsigned long long)loser->events);
        tt_log (TT_LOG_ERROR, "events were trimmed before they were acknowledged", "consumer", loser->who, "events", events, NULL);
        *link = loser->next;
        free (loser);
    }
}

/* -- metrics of consumers -- */

static void
write_metric (tt_buffer *out, const char *name, const char *kind, const char *help, Techtransfer__V1__Consumer *const *list, size_t count,
              bool lost)
{
    tt_buffer_printf (out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
    for (size_t i = 0; i < count; i++) /* names need no escaping: a-z 0-9 - _ . */
        tt_buffer_printf (out, "%s{consumer=\"%s\"} %llu\n", name, list[i]->name, (unsigned long long)(lost ? list[i]->lost : list[i]->lag));
}

static tt_status
look_at_consumers (tt_janitor *self, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (self->store);
    tt_standing *standings = tt_arena_zero (self->arena, partitions * sizeof *standings);
    const tt_standing **places = tt_arena_alloc (self->arena, partitions * sizeof *places);
    tt_status status = tt_standing_read (self->store, "*", self->arena, standings, error);
    if (status != TT_OK)
        return status;
    Techtransfer__V1__Consumer **list;
    for (uint32_t p = 0; p < partitions; p++)
        places[p] = &standings[p];
    size_t count = tt_consumers_list (self->arena, places, partitions, &list);
    pthread_mutex_lock (&self->mutex);
    tt_buffer_clear (&self->metrics);
    write_metric (&self->metrics, "journal_consumer_lag_events", "gauge", "Events kept that a durable consumer has not acknowledged.", list, count, false);
    write_metric (&self->metrics, "journal_consumer_lost_events_total", "counter", "Events trimmed before a durable consumer had acknowledged them.", list,
                  count, true);
    pthread_mutex_unlock (&self->mutex);
    return TT_OK;
}

void
tt_janitor_metrics (tt_janitor *self, tt_buffer *out)
{
    pthread_mutex_lock (&self->mutex);
    tt_buffer_append (out, self->metrics.data, self->metrics.size);
    pthread_mutex_unlock (&self->mutex);
}

/* -- the thread -- */

static void
count_round (tt_janitor *self, const tt_retention_counts *counts)
{
    tt_count_add (self->counters, TRIMMED, 0, (int64_t)counts->trimmed);
    tt_count_add (self->counters, CAPPED, 0, (int64_t)counts->capped);
    tt_count_add (self->counters, FORGOTTEN, 0, (int64_t)counts->ids_dropped);
    tt_count_set (self->counters, KEPT, 0, (int64_t)counts->kept);
    tt_count_set (self->counters, IDS, 0, (int64_t)counts->ids_kept);
    if (counts->ids_dropped > 0 && !self->forgetting)
        tt_log (TT_LOG_WARNING, "request ids are forgotten before store.remember is over: there are more than store.remember-max", NULL);
    self->forgetting = counts->ids_dropped > 0;
}

static bool
is_stopping (tt_janitor *self)
{
    pthread_mutex_lock (&self->mutex);
    bool stop = self->stop;
    pthread_mutex_unlock (&self->mutex);
    return stop;
}

/* Until nothing is left to trim: what is trimmed at a time is bounded, so that Redis is not held up. */
static tt_status
clean (tt_janitor *self, tt_error *error)
{
    tt_retention_counts counts = { .more = true };
    tt_status status = TT_OK;
    while (status == TT_OK && counts.more && !is_stopping (self)) {
        status = tt_retention_run (self->store, &self->options.retention, tt_clock_unix_ms (), note_loss, self, &counts, error);
        count_round (self, &counts);
    }
    end_episodes (self, false);
    return status;
}

static void
do_round (tt_janitor *self)
{
    tt_error error = { 0 };
    tt_status status = clean (self, &error);
    if (status == TT_OK)
        status = look_at_consumers (self, &error);
    tt_arena_reset (self->arena);
    tt_count (self->counters, status == TT_OK ? ROUNDS : FAILED, 0);
    if (status != TT_OK && !self->trouble)
        tt_log (TT_LOG_WARNING, "nothing is trimmed for the moment", "reason", error.message, NULL);
    self->trouble = status != TT_OK;
}

/* Waits about the time between rounds, another one each time so that replicas do not march in step; false when it is to stop. */
static bool
wait_for_turn (tt_janitor *self)
{
    uint16_t chance;
    struct timespec until;
    tt_random_bytes (&chance, sizeof chance);
    int64_t wait_ms = (int64_t)self->options.every_ms * 3 / 4 + (int64_t)self->options.every_ms * chance / (2 * INT64_C (65536));
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock (&self->mutex);
    while (!self->stop && pthread_cond_timedwait (&self->wake, &self->mutex, &until) == 0)
        ;
    bool goes_on = !self->stop;
    pthread_mutex_unlock (&self->mutex);
    return goes_on;
}

static void *
run (void *argument)
{
    tt_janitor *self = argument;
    do
        do_round (self);
    while (wait_for_turn (self));
    end_episodes (self, true);
    return NULL;
}

static void
destroy (tt_janitor *self)
{
    tt_store_close (&self->store);
    tt_arena_destroy (&self->arena);
    tt_buffer_free (&self->metrics);
    pthread_cond_destroy (&self->wake);
    pthread_mutex_destroy (&self->mutex);
    free (self);
}

tt_status
tt_janitor_open (tt_janitor **out, const tt_janitor_options *options, tt_error *error)
{
    *out = NULL;
    tt_janitor *self = tt_alloc_zero (1, sizeof *self);
    pthread_condattr_t monotonic;
    self->options = *options;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_condattr_init (&monotonic);
    pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init (&self->wake, &monotonic);
    pthread_condattr_destroy (&monotonic);
    self->arena = tt_arena_new (1 << 14);
    tt_status status = tt_store_open (&self->store, options->store, error);
    if (status == TT_OK)
        self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    if (status == TT_OK && pthread_create (&self->thread, NULL, run, self) != 0)
        status = tt_fail (error, TT_RESOURCE_EXHAUSTED, "no thread for the janitor");
    if (status == TT_OK)
        *out = self;
    else
        destroy (self);
    return status;
}

void
tt_janitor_close (tt_janitor **reference)
{
    tt_janitor *self = *reference;
    if (self == NULL)
        return;
    pthread_mutex_lock (&self->mutex);
    self->stop = true;
    pthread_cond_signal (&self->wake);
    pthread_mutex_unlock (&self->mutex);
    pthread_join (self->thread, NULL);
    destroy (self);
    *reference = NULL;
}
