#include "consumer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/consumer.h"
#include "bus/subscriber.h"
#include "portions.h"
#include "undo.h"
#include "wire/trace.h"

#define CONSUMER "statisticsd" /* of the source streams: all replicas together */

enum { WAIT_MS = 200, PAUSE_MS = 1000, CHECK_MS = 1000 };

struct stats_consumer {
    const char *stream;
    char *events;
    char *replay;
    char *commands;
    const tt_store_options *store_options;
    pthread_t thread;
    pthread_mutex_t mutex; /* of the next three */
    pthread_cond_t wake;
    bool stop;
    stats_consumer_status status;
    /* the thread's own */
    tt_store *store;
    tt_batch *batch;
    tt_subscriber *subscriber;
    tt_consumer *durable; /* or NULL: nothing is acknowledged */
    bool unheard;         /* the last acknowledgement failed */
    stats_portions portions;
    tt_subscriber_counts counted; /* of the present subscriber: what the status has of them */
    uint32_t known_partitions;    /* written to the store */
    int64_t checked_us;           /* when the stored positions were last looked at */
    uint32_t undos_in_a_row;      /* taken back without counting anything in between */
};

/* -- what others see
 * ----------------------------------------------------------------------------------------------------------------- */

static bool
is_stopping (stats_consumer *c)
{
    pthread_mutex_lock (&c->mutex);
    bool stop = c->stop;
    pthread_mutex_unlock (&c->mutex);
    return stop;
}

static void
note_trouble (stats_consumer *c, const char *what, const tt_error *error)
{
    pthread_mutex_lock (&c->mutex);
    bool news = strncmp (c->status.trouble, error->message, sizeof c->status.trouble - 1) != 0 || c->status.live;
    c->status.live = false;
    snprintf (c->status.trouble, sizeof c->status.trouble, "%.250s", error->message);
    pthread_mutex_unlock (&c->mutex);
    if (news) /* once an episode */
        tt_log (TT_LOG_WARNING, what, "stream", c->stream, "status", tt_status_name (error->code), "reason", error->message,
                NULL);
}

static void
note_loss (stats_consumer *c, const tt_error *error)
{
    pthread_mutex_lock (&c->mutex);
    c->status.losses++;
    snprintf (c->status.last_loss, sizeof c->status.last_loss, "%.250s", error->message);
    pthread_mutex_unlock (&c->mutex);
    tt_log (TT_LOG_ERROR, "events were lost", "stream", c->stream, "status", tt_status_name (error->code), "reason",
            error->message, NULL);
}

static void
note_live (stats_consumer *c, bool live)
{
    pthread_mutex_lock (&c->mutex);
    bool news = live && !c->status.live;
    c->status.live = live;
    if (live)
        c->status.trouble[0] = '\0';
    pthread_mutex_unlock (&c->mutex);
    if (news)
        tt_log (TT_LOG_INFO, "consuming", "stream", c->stream, NULL);
}

static void
note_number (stats_consumer *c, int64_t *number, int64_t more)
{
    pthread_mutex_lock (&c->mutex);
    *number += more;
    pthread_mutex_unlock (&c->mutex);
}

/* How far it is behind, and what its subscriber went through. The subscriber's own counts begin anew with each subscription. */
static void
note_progress (stats_consumer *c)
{
    size_t count;
    int64_t lag = 0;
    const uint64_t *heads = tt_subscriber_heads (c->subscriber, &count);
    for (size_t p = 0; p < count; p++) {
        uint64_t done = p < c->portions.capacity ? c->portions.positions[p].sequence : 0;
        lag += heads[p] > done ? (int64_t)(heads[p] - done) : 0;
    }
    tt_subscriber_counts now = tt_subscriber_count (c->subscriber), *before = &c->counted;
    pthread_mutex_lock (&c->mutex);
    c->status.lag = count ? lag : c->status.lag;
    c->status.gaps += (int64_t)(now.gaps - before->gaps);
    c->status.duplicates += (int64_t)(now.duplicates - before->duplicates);
    c->status.replayed += (int64_t)(now.replayed - before->replayed);
    c->status.failovers += (int64_t)(now.failovers - before->failovers);
    pthread_mutex_unlock (&c->mutex);
    *before = now;
}

stats_consumer_status
stats_consumer_status_of (stats_consumer *consumer)
{
    pthread_mutex_lock (&consumer->mutex);
    stats_consumer_status status = consumer->status;
    pthread_mutex_unlock (&consumer->mutex);
    return status;
}

const char *
stats_consumer_stream (const stats_consumer *consumer)
{
    return consumer->stream;
}

static void
pause_a_while (stats_consumer *c)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += PAUSE_MS / 1000;
    pthread_mutex_lock (&c->mutex);
    while (!c->stop && pthread_cond_timedwait (&c->wake, &c->mutex, &until) == 0)
        ;
    pthread_mutex_unlock (&c->mutex);
}

/* -- the store
 * ----------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *stream;
    stats_position *positions; /* the batch's arena */
    uint32_t count;
} position_query;

static void
read_positions (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    position_query *query = (position_query *)request; /* the answer is written at every try: the last one stands */
    tt_txn_at (txn, tt_bytes_of_text (query->stream));
    (void)stats_ledger_positions (txn, query->stream, &query->positions, &query->count);
}

static tt_status
fail_as (const tt_txn *txn, tt_error *error)
{
    tt_outcome outcome = tt_txn_outcome (txn);
    return outcome.status == TT_OK ? TT_OK : tt_fail (error, outcome.status, "%s", outcome.message);
}

static tt_status
run_one (stats_consumer *c, tt_handler *handle, const void *request, bool read_only, tt_error *error)
{
    tt_batch_begin (c->batch, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (c->batch, &(tt_txn_spec){ .handle = handle, .request = request, .read_only = read_only });
    tt_status status = tt_batch_run (c->batch, error);
    return status == TT_OK ? fail_as (txn, error) : status;
}

static tt_status
remember_partitions (stats_consumer *c, tt_error *error)
{
    size_t count;
    (void)tt_subscriber_positions (c->subscriber, &count);
    if (count == 0 || count == c->known_partitions)
        return TT_OK;
    if (count > STATS_SOURCE_PARTITIONS_MAX)
        return tt_fail (error, TT_FAILED_PRECONDITION, "the source says that it has %zu partitions", count);
    stats_stream_size size = { c->stream, (uint32_t)count };
    tt_status status = run_one (c, stats_ledger_know, &size, false, error);
    if (status == TT_OK)
        c->known_partitions = (uint32_t)count;
    return status;
}

/* Commits what is in hand. ABORTED: the positions must be read again. */
static tt_status
commit (stats_consumer *c, tt_error *error)
{
    tt_txn *txns[STATS_GATHER_MAX];
    const stats_portion *portions[STATS_GATHER_MAX];
    size_t count = 0;
    int64_t applied = 0, gathered = (int64_t)c->portions.gathered;
    if (gathered == 0)
        return TT_OK;
    tt_batch_begin (c->batch, tt_clock_unix_ms ());
    for (uint32_t p = 0; p < c->portions.capacity; p++)
        if (c->portions.portions[p].count > 0) {
            portions[count] = &c->portions.portions[p];
            txns[count] = tt_batch_add (c->batch, &(tt_txn_spec){ .handle = stats_ledger_apply, .request = portions[count] });
            count++;
        }
    tt_status status = tt_batch_run (c->batch, error);
    for (size_t i = 0; i < count; i++)
        if (tt_txn_outcome (txns[i]).status == TT_OK)
            applied += (int64_t)portions[i]->applied;
        else if (status == TT_OK)
            status = fail_as (txns[i], error);
    note_number (c, &c->status.applied, applied);
    c->undos_in_a_row = applied > 0 ? 0 : c->undos_in_a_row;
    if (status != TT_OK)
        return status;
    note_number (c, &c->status.skipped, gathered - applied);
    stats_portions_done (&c->portions);
    return TT_OK;
}

/* Tells the source what is committed, so that it may be trimmed there. Never waits; what fails is said again later. */
static void
acknowledge (stats_consumer *c)
{
    tt_error error = { 0 };
    if (c->durable == NULL || c->known_partitions == 0)
        return;
    uint64_t *positions = tt_alloc_zero (c->known_partitions, sizeof *positions);
    const char **epochs = tt_alloc_zero (c->known_partitions, sizeof *epochs);
    for (uint32_t p = 0; p < c->known_partitions && p < c->portions.capacity; p++) {
        positions[p] = c->portions.positions[p].sequence;
        epochs[p] = c->portions.positions[p].epoch;
    }
    tt_status status = tt_consumer_acknowledge (c->durable, positions, epochs, c->known_partitions, 0, &error);
    if (status != TT_OK && !c->unheard)
        tt_log (TT_LOG_WARNING, "the source does not take our acknowledgement", "stream", c->stream, "reason", error.message,
                NULL);
    c->unheard = status != TT_OK;
    free (positions);
    free (epochs);
}

/* -- events
 * -------------------------------------------------------------------------------------------------------------------------- */

static void
log_event (stats_consumer *c, const char *what, const tt_event *event, const tt_error *error)
{
    char place[48];
    snprintf (place, sizeof place, "%u/%llu", event->partition, (unsigned long long)event->sequence);
    tt_log (TT_LOG_WARNING, what, "stream", c->stream, "at", place, "type", event->type, "reason", error->message, NULL);
}

static void
read_effects (stats_consumer *c, const tt_event *event, stats_effects *effects)
{
    tt_error error = { 0 };
    tt_status status = stats_effects_of (event->type, event->body, c->portions.arena, effects, &error);
    if (status == TT_OK)
        return;
    note_number (c, status == TT_UNIMPLEMENTED ? &c->status.unknown : &c->status.malformed, 1);
    log_event (c,
               status == TT_UNIMPLEMENTED ? "an event of an unknown type was passed over" : "a malformed event was passed over",
               event, &error);
}

static tt_status
take_event (stats_consumer *c, const tt_event *event, tt_error *error)
{
    stats_effects effects = { .count = 0 };
    uint64_t lost;
    stats_taking taking = stats_portions_take (&c->portions, event->partition, event->sequence, event->epoch, &effects, &lost);
    if (taking == STATS_FULL) {
        tt_status status = commit (c, error);
        if (status != TT_OK)
            return status;
        taking = stats_portions_take (&c->portions, event->partition, event->sequence, event->epoch, &effects, &lost);
    }
    if (taking == STATS_REFUSED)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the source sent an event of partition %u", event->partition);
    if (taking == STATS_TAKEN) {
        tt_trace_log ("event counted", tt_bytes_of_text (event->traceparent), "type", tt_bytes_of_text (event->type), NULL);
        stats_portion *portion = &c->portions.portions[event->partition];
        read_effects (c, event, &portion->events[portion->count - 1].effects);
        note_number (c, &c->status.lost, (int64_t)lost);
    }
    pthread_mutex_lock (&c->mutex);
    c->status.received++;
    c->status.skipped += taking == STATS_DOUBLE;
    snprintf (c->status.last_event, sizeof c->status.last_event, "%s", event->time);
    pthread_mutex_unlock (&c->mutex);
    return TT_OK;
}

/* -- losses
 * -------------------------------------------------------------------------------------------------------------------------- */

static void
note_undo (stats_consumer *c, const stats_loss *loss)
{
    char place[96], taken[32], doubt[64] = "";
    bool doubtful = loss->result == STATS_UNDO_DOUBT;
    snprintf (place, sizeof place, "%s/%u, from %llu on", loss->stream, loss->partition, (unsigned long long)loss->first);
    snprintf (taken, sizeof taken, "%llu", (unsigned long long)loss->events);
    if (doubtful)
        snprintf (doubt, sizeof doubt, "%llu to %llu", (unsigned long long)loss->now.doubtful_first,
                  (unsigned long long)loss->now.doubtful_last);
    tt_log (doubtful ? TT_LOG_ERROR : TT_LOG_WARNING,
            doubtful ? "counts are in doubt: what was lost reaches further back than what can be taken back"
                     : "what the source has lost was taken out of the counts",
            "lost", place, "events", taken, "doubtful", doubt, NULL);
    pthread_mutex_lock (&c->mutex);
    c->status.undos++;
    c->status.undone += (int64_t)loss->events;
    c->status.doubts += doubtful;
    pthread_mutex_unlock (&c->mutex);
}

/* The counts as of before the loss. ABORTED: the stored position has moved; subscribe again from there. */
static tt_status
take_back (stats_consumer *c, const tt_error *why, tt_error *error)
{
    const tt_subscriber_loss *lost = tt_subscriber_lost (c->subscriber);
    stats_loss loss
        = { .stream = c->stream, .partition = lost->partition, .first = lost->first, .last = lost->last, .resume = lost->resume };
    note_loss (c, why);
    if (!stats_portions_lose (&c->portions, loss.partition, loss.first, &loss.base, loss.epoch))
        return TT_OK; /* nothing of it was counted */
    tt_status status = run_one (c, stats_undo_take_back, &loss, false, error);
    if (status == TT_OK && loss.result == STATS_UNDO_NONE)
        stats_portions_survive (&c->portions, loss.partition, loss.now.undone);
    if (status != TT_OK || loss.result == STATS_UNDO_NONE)
        return status;
    note_undo (c, &loss);
    c->undos_in_a_row++;
    return tt_fail (error, TT_ABORTED, "counts of %s/%u were taken back to %llu", loss.stream, loss.partition,
                    (unsigned long long)loss.now.sequence);
}

/* Takes what is there, waiting for the first; TT_OK also if nothing came. */
static tt_status
gather (stats_consumer *c, tt_error *error)
{
    int wait_ms = WAIT_MS;
    while (c->portions.gathered < STATS_GATHER_MAX) {
        tt_event event;
        tt_error why = { 0 };
        tt_status status = tt_subscriber_next (c->subscriber, wait_ms, &event, &why);
        if (status == TT_OK)
            status = take_event (c, &event, error);
        else if (status == TT_DATA_LOSS)
            status = take_back (c, &why, error);
        else if (status == TT_OUT_OF_RANGE)
            note_loss (c, &why), status = TT_OK;
        else if (status == TT_DEADLINE_EXCEEDED)
            return TT_OK;
        else if (status == TT_UNAVAILABLE)
            return note_trouble (c, "the source does not answer", &why), TT_OK;
        else
            return *error = why, status;
        if (status != TT_OK)
            return status;
        wait_ms = 0;
    }
    return TT_OK;
}

static tt_status
open_store (stats_consumer *c, tt_error *error)
{
    if (c->store)
        return TT_OK;
    tt_store *store = NULL;
    tt_status status = tt_store_open (&store, c->store_options, error);
    if (status == TT_OK)
        status = tt_store_prepare (store, error);
    if (status != TT_OK) {
        tt_store_close (&store);
        return status;
    }
    c->store = store;
    c->batch = tt_batch_new (store, "statistics.proto");
    return TT_OK;
}

/* Stands where the store says and subscribes from there. */
static tt_status
subscribe (stats_consumer *c, tt_error *error)
{
    position_query query = { .stream = c->stream };
    tt_status status = open_store (c, error);
    if (status == TT_OK)
        status = run_one (c, read_positions, &query, true, error);
    if (status != TT_OK)
        return status;
    stats_portions_restart (&c->portions, query.positions, query.count);
    uint64_t *from = tt_alloc ((query.count + 1) * sizeof *from);
    const char **epochs = tt_alloc ((query.count + 1) * sizeof *epochs);
    for (uint32_t p = 0; p < query.count; p++) {
        from[p] = query.positions[p].sequence + 1;
        epochs[p] = query.positions[p].epoch;
    }
    tt_subscriber_options options = { .stream = c->stream,
                                      .events = c->events,
                                      .replay = c->replay,
                                      .from = query.count ? from : NULL,
                                      .from_epochs = epochs,
                                      .from_count = query.count };
    c->known_partitions = query.count;
    c->counted = (tt_subscriber_counts){ 0 };
    status = tt_subscriber_open (&c->subscriber, &options, error);
    free (from);
    free (epochs);
    return status;
}

/* Where a source is quiet no commit tells that the store went back, as in a fail-over of its own. With empty hands. */
static tt_status
check_store (stats_consumer *c, tt_error *error)
{
    position_query query = { .stream = c->stream };
    int64_t now_us = tt_clock_monotonic_us ();
    if (now_us - c->checked_us < CHECK_MS * INT64_C (1000))
        return TT_OK;
    c->checked_us = now_us;
    tt_status status = run_one (c, read_positions, &query, true, error);
    if (status == TT_OK && stats_portions_went_back (&c->portions, query.positions, query.count))
        status = tt_fail (error, TT_ABORTED, "the store does not stand where this replica has committed");
    return status;
}

static tt_status
consume (stats_consumer *c, tt_error *error)
{
    tt_status status = subscribe (c, error);
    while (status == TT_OK && !is_stopping (c)) {
        status = gather (c, error);
        if (status == TT_OK)
            status = remember_partitions (c, error);
        if (status == TT_OK)
            status = commit (c, error);
        note_progress (c);
        if (status == TT_OK)
            acknowledge (c);
        if (status == TT_OK)
            status = check_store (c, error);
        if (status == TT_OK && tt_subscriber_is_live (c->subscriber))
            note_live (c, true);
    }
    tt_subscriber_close (&c->subscriber);
    return status;
}

static void *
run (void *argument)
{
    stats_consumer *c = argument;
    tt_error error = { 0 };
    tt_consumer_options durable = { .name = CONSUMER, .commands = c->commands };
    if (c->commands[0] && tt_consumer_open (&c->durable, &durable, &error) != TT_OK)
        tt_log (TT_LOG_ERROR, "nothing is acknowledged: the journal is not kept for us", "stream", c->stream, "reason",
                error.message, NULL);
    while (!is_stopping (c)) {
        error = (tt_error){ 0 };
        tt_status status = consume (c, &error);
        if (status == TT_OK)
            break;
        note_number (c, &c->status.restarts, 1);
        if (status == TT_ABORTED) { /* another replica was faster, or the store went back: the positions tell */
            tt_log (TT_LOG_INFO, "reading the positions again", "stream", c->stream, "reason", error.message, NULL);
        } else {
            note_trouble (c, "consuming has stopped for a moment", &error);
        }
        if (status != TT_ABORTED || c->undos_in_a_row == 0 || c->undos_in_a_row > c->portions.capacity)
            pause_a_while (c); /* each partition may have lost something: those are taken back one after the other */
    }
    tt_consumer_close (&c->durable);
    tt_batch_destroy (&c->batch);
    tt_store_close (&c->store);
    return NULL;
}

/* -- life
 * ---------------------------------------------------------------------------------------------------------------------------- */

static void
destroy (stats_consumer *c)
{
    stats_portions_free (&c->portions);
    pthread_cond_destroy (&c->wake);
    pthread_mutex_destroy (&c->mutex);
    free (c->events);
    free (c->replay);
    free (c->commands);
    free (c);
}

tt_status
stats_consumer_open (stats_consumer **out, const stats_consumer_options *options, tt_error *error)
{
    stats_consumer *c = tt_alloc_zero (1, sizeof *c);
    pthread_condattr_t monotonic;
    c->stream = options->stream;
    c->events = tt_strdup (options->events);
    c->replay = tt_strdup (options->replay);
    c->commands = tt_strdup (options->commands);
    c->store_options = options->store;
    pthread_mutex_init (&c->mutex, NULL);
    pthread_condattr_init (&monotonic);
    pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init (&c->wake, &monotonic);
    pthread_condattr_destroy (&monotonic);
    stats_portions_init (&c->portions, c->stream, stats_undo_slots_for (options->undo));
    *out = NULL;
    if (pthread_create (&c->thread, NULL, run, c) != 0) {
        destroy (c);
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "no thread for the consumer of %s", options->stream);
    }
    *out = c;
    return TT_OK;
}

void
stats_consumer_close (stats_consumer **consumer)
{
    stats_consumer *c = *consumer;
    if (!c)
        return;
    *consumer = NULL;
    pthread_mutex_lock (&c->mutex);
    c->stop = true;
    pthread_cond_signal (&c->wake);
    pthread_mutex_unlock (&c->mutex);
    pthread_join (c->thread, NULL);
    destroy (c);
}
