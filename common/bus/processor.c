#include "bus/processor.h"

#include <czmq.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/rederive.h"
#include "wire/envelope.h"
#include "wire/trace.h"

#define PAUSE_MIN_MS 50
#define PAUSE_MAX_MS 2000
#define LAG_EVERY_US 2000000
#define SAY_EVERY_US 10000000
#define STUCK_MS 30000

struct tt_processor {
    zactor_t *thread;
    tt_processor_options options;
    tt_counter_set *counters;
    atomic_bool ready;
    atomic_llong put_off_us; /* since when work is put off; 0: it is not */
    pthread_mutex_t lock; /* guards reason */
    char reason[480];
    /* the thread's own */
    tt_store *store;
    tt_batch *batch;
    tt_group *group;
    tt_rederive *rederive;
    void *state;
    const tt_entry *entries; /* in hand: taken, not acknowledged */
    size_t count;
    int64_t next_tick_us, next_lag_us, not_before_us, said_us;
    uint32_t pause_ms;
    bool failed; /* the work in hand: before it is tried again, its entries must be known to the server that answers by then */
    bool busy; /* the last step did something: there may be more at once */
};

enum { WORKED, FAILED, TICKS, LAG, LATENCY, LOSSES, REDERIVED };
static const tt_metric_row rows[] = {
    { .name = "processor_events_total", .help = "Journal entries worked on and acknowledged.", .kind = TT_METRIC_COUNTER },
    { .name = "processor_failures_total",
      .help = "Times that work on entries failed and was put off.",
      .kind = TT_METRIC_COUNTER },
    { .name = "processor_ticks_total", .help = "Periodic sweeps.", .kind = TT_METRIC_COUNTER },
    { .name = "processor_lag",
      .help = "Events that no replica has taken yet, and blocks of events that were taken and not acknowledged.",
      .kind = TT_METRIC_GAUGE },
    { .name = "processor_batch_seconds", .help = "Time of working on one batch of entries.", .kind = TT_METRIC_HISTOGRAM },
    { .name = "processor_losses_total", .help = "Times that entries that were worked on had been lost with a journal's end.", .kind = TT_METRIC_COUNTER },
    { .name = "processor_rederivations_total", .help = "Times that this replica set the group back to derive lost effects again.", .kind = TT_METRIC_COUNTER },
};

tt_store *
tt_processor_store (tt_processor *self)
{
    return self->store;
}

tt_batch *
tt_processor_batch (tt_processor *self)
{
    return self->batch;
}

const tt_store_options *
tt_processor_store_options (const tt_processor *self)
{
    return self->options.store;
}

static void
say_why (tt_processor *self, const char *reason)
{
    pthread_mutex_lock (&self->lock);
    snprintf (self->reason, sizeof self->reason, "%s", reason);
    pthread_mutex_unlock (&self->lock);
}

/* Put off, longer each time; said once an episode, and again, not too often, when the reason is another one. */
static void
put_off (tt_processor *self, const char *what, tt_status status, const tt_error *error)
{
    int64_t now = tt_clock_monotonic_us ();
    bool other = strcmp (self->reason, error->message) != 0; /* only this thread writes it */
    if (self->pause_ms == 0 || (other && now - self->said_us > SAY_EVERY_US)) {
        tt_log (TT_LOG_WARNING, what, "reason", error->message, NULL);
        self->said_us = now;
    }
    if (status == TT_UNAVAILABLE) /* a part of Redis is away: that others answer commands for the rest must go on */
        atomic_store (&self->put_off_us, 0);
    else if (atomic_load (&self->put_off_us) == 0)
        atomic_store (&self->put_off_us, now);
    tt_count (self->counters, FAILED, 0);
    self->pause_ms = self->pause_ms ? self->pause_ms * 2 : PAUSE_MIN_MS;
    if (self->pause_ms > PAUSE_MAX_MS)
        self->pause_ms = PAUSE_MAX_MS;
    self->not_before_us = now + (int64_t) self->pause_ms * 1000;
    say_why (self, error->message);
}

static void
worked (tt_processor *self)
{
    if (self->pause_ms)
        tt_log (TT_LOG_INFO, "processor goes on", NULL);
    atomic_store (&self->put_off_us, 0);
    self->pause_ms = 0;
}

static tt_status
start (tt_processor *self, tt_error *error)
{
    const tt_processor_ops *ops = self->options.ops;
    tt_status status = tt_store_prepare (self->store, error);
    if (status == TT_OK && ops->work && self->group == NULL) {
        tt_group_options group = { .name = ops->group, .consumer = self->options.instance };
        status = tt_group_open (&self->group, self->options.store, &group, error);
        if (status == TT_OK && tt_store_spans_masters (self->store) && self->options.store->replicas == 0)
            self->rederive = tt_rederive_new (self->store, self->batch, self->group, ops->group);
    }
    if (status == TT_OK && ops->open)
        status = ops->open (self, self->options.service, &self->state, error);
    if (status == TT_OK)
        atomic_store (&self->ready, true);
    return status;
}

static void
log_traces (const tt_processor *self)
{
    tt_event_header header;
    if (tt_log_wants (TT_LOG_DEBUG))
        for (size_t i = 0; i < self->count; i++)
            if (tt_event_header_decode (self->entries[i].header, &header, NULL) == TT_OK)
                tt_trace_log ("event worked on", header.traceparent, "type", header.type, NULL);
}

/* What was in hand is forgotten: some of it may be unknown by now, the rest comes again. */
static void
take_losses (tt_processor *self)
{
    size_t count;
    const tt_loss *losses = tt_group_losses (self->group, &count);
    for (size_t i = 0; i < count; i++) {
        char partition[16], range[64];
        snprintf (partition, sizeof partition, "%u", losses[i].partition);
        snprintf (range, sizeof range, "%llu to %llu", (unsigned long long) losses[i].first, (unsigned long long) losses[i].last);
        tt_log (TT_LOG_ERROR, "journal lost: entries that were worked on are not in it any more", "partition", partition, "sequences", range, NULL);
        tt_count (self->counters, LOSSES, 0);
        if (self->options.ops->lost)
            self->options.ops->lost (self, self->state, losses[i].partition, losses[i].first, losses[i].last);
    }
    tt_group_forget (self->group);
    self->count = 0;
    self->busy = true;
}

/* What follows from the entries in hand is written to the servers that they are from, and nowhere else. */
static tt_status
work_on (tt_processor *self, tt_error *error)
{
    tt_group_pin (self->group, self->store);
    tt_status status = self->options.ops->work (self, self->state, self->entries, self->count, error);
    for (uint32_t p = 0; p < tt_store_partitions (self->store); p++)
        tt_store_pin (self->store, p, NULL);
    return status == TT_OK ? tt_group_acknowledge (self->group, error) : status;
}

static tt_status
work (tt_processor *self, tt_error *error)
{
    tt_status status = self->failed ? tt_group_renew (self->group, error) : TT_OK;
    if (status == TT_OK && self->count == 0)
        status = tt_group_read (self->group, self->options.ops->batch, &self->entries, &self->count, error);
    if (status == TT_DATA_LOSS)
        take_losses (self);
    self->failed = status != TT_OK && status != TT_DATA_LOSS && self->failed;
    if (status != TT_OK || self->count == 0)
        return status == TT_DATA_LOSS ? TT_OK : status;
    int64_t began = tt_clock_monotonic_us ();
    status = work_on (self, error);
    self->failed = status != TT_OK;
    if (status != TT_OK)
        return status;
    log_traces (self);
    tt_count_add (self->counters, WORKED, 0, (int64_t) self->count);
    tt_count_latency (self->counters, LATENCY, 0, tt_clock_monotonic_us () - began);
    self->count = 0;
    self->busy = true;
    return TT_OK;
}

/* Not while entries are in hand: the group's marks are about what is done. */
static tt_status
rederive (tt_processor *self, tt_error *error)
{
    bool done = false;
    tt_status status = self->rederive && self->count == 0 ? tt_rederive_step (self->rederive, tt_clock_unix_ms (), &done, error) : TT_OK;
    if (!done)
        return status;
    tt_log (TT_LOG_WARNING, "the group is set back: effects that were lost are derived again", "group", self->options.ops->group, NULL);
    tt_count (self->counters, REDERIVED, 0);
    return TT_OK;
}

static tt_status
tick (tt_processor *self, tt_error *error)
{
    const tt_processor_ops *ops = self->options.ops;
    int64_t now = tt_clock_monotonic_us ();
    if (ops->tick && now >= self->next_tick_us) {
        self->next_tick_us = now + (int64_t) ops->tick_ms * 1000;
        tt_status status = ops->tick (self, self->state, tt_clock_unix_ms (), error);
        if (status != TT_OK)
            return status;
        tt_count (self->counters, TICKS, 0);
    }
    uint64_t lag;
    if (self->group && now >= self->next_lag_us) {
        self->next_lag_us = now + LAG_EVERY_US;
        if (tt_group_lag (self->group, &lag, error) == TT_OK)
            tt_count_set (self->counters, LAG, 0, (int64_t) lag);
    }
    return TT_OK;
}

static void
step (tt_processor *self)
{
    self->busy = false;
    if (tt_clock_monotonic_us () < self->not_before_us)
        return;
    tt_error error = { 0 };
    if (!atomic_load (&self->ready)) {
        tt_status started = start (self, &error);
        if (started != TT_OK)
            put_off (self, "processor cannot start", started, &error);
        else
            worked (self);
        return;
    }
    tt_status status = self->group ? work (self, &error) : TT_OK;
    if (status == TT_OK)
        status = rederive (self, &error);
    if (status == TT_OK)
        status = tick (self, &error);
    if (status == TT_OK)
        worked (self);
    else
        put_off (self, "processor puts work off", status, &error);
}

/* Until the next thing can be due: entries wake through the group's descriptor. */
static long
wait_ms (const tt_processor *self)
{
    int64_t now = tt_clock_monotonic_us (), until = now + 100000;
    if (self->options.ops->tick && self->next_tick_us < until)
        until = self->next_tick_us;
    if (self->not_before_us > now)
        until = self->not_before_us;
    return until <= now ? 0 : (long) ((until - now) / 1000) + 1;
}

static void
run (zsock_t *pipe, void *arguments)
{
    tt_processor *self = arguments;
    self->batch = tt_batch_new (self->store, self->options.schema);
    zsock_signal (pipe, 0);
    for (;;) {
        step (self);
        int fd = self->group && self->count == 0 && self->pause_ms == 0 ? tt_group_fd (self->group) : -1;
        zmq_pollitem_t items[] = { { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 }, { NULL, fd, ZMQ_POLLIN, 0 } };
        zmq_poll (items, fd >= 0 ? 2 : 1, self->busy ? 0 : wait_ms (self));
        if (items[0].revents & ZMQ_POLLIN)
            break; /* the only word that comes is $TERM */
    }
    if (self->state && self->options.ops->close)
        self->options.ops->close (&self->state);
    tt_rederive_destroy (&self->rederive);
    tt_group_close (&self->group);
    tt_batch_destroy (&self->batch);
}

tt_status
tt_processor_open (tt_processor **out, const tt_processor_options *options, tt_error *error)
{
    *out = NULL;
    tt_processor *self = tt_alloc_zero (1, sizeof *self);
    self->options = *options;
    pthread_mutex_init (&self->lock, NULL);
    say_why (self, "starting");
    tt_status status = tt_store_open (&self->store, options->store, error);
    if (status != TT_OK) {
        tt_processor_close (&self);
        return status;
    }
    self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    self->thread = zactor_new (run, self);
    *out = self;
    return TT_OK;
}

void
tt_processor_close (tt_processor **reference)
{
    tt_processor *self = *reference;
    if (self == NULL)
        return;
    zactor_destroy (&self->thread);
    tt_store_close (&self->store);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *reference = NULL;
}

bool
tt_processor_ready (tt_processor *self, char *reason)
{
    int64_t since = atomic_load (&self->put_off_us), stuck = self->options.stuck_ms ? self->options.stuck_ms : STUCK_MS;
    bool ready = atomic_load (&self->ready) && (since == 0 || tt_clock_monotonic_us () - since < stuck * 1000);
    if (!ready && reason) {
        pthread_mutex_lock (&self->lock);
        memcpy (reason, self->reason, sizeof self->reason);
        pthread_mutex_unlock (&self->lock);
    }
    return ready;
}
