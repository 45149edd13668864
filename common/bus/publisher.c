#include "bus/publisher.h"

#include <czmq.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "bus/bind.h"
#include "bus/filters.h"
#include "bus/outlet.h"
#include "envelope.pb-c.h"
#include "wire/envelope.h"
#include "wire/topic.h"
#include "wire/trace.h"

#define HIGH_WATER_MARK 10000
#define FRAME_MAX 65536 /* subscriptions are all that comes in */

typedef struct {
    uint64_t head;
    char head_id[TT_EVENT_ID_MAX + 1]; /* id of the event at head: the next event's previous_id */
    uint64_t earliest;
    char epoch[TT_EPOCH_SIZE]; /* of that event */
} place;

struct tt_publisher {
    zactor_t *thread;
    zsock_t *xpub;
    tt_outlet *outlet;
    char endpoint[TT_BOUND_SIZE];
    tt_publisher_options options;
    tt_counter_set *counters;
    /* the thread's own */
    tt_store *store;
    tt_tail *tail;
    tt_filters *filters;
    place *places; /* of each partition */
    char instance[TT_UUID_TEXT_SIZE];
    char general[128]; /* "heartbeat/<stream>/" */
    uint64_t number;   /* of heartbeats */
    int64_t next_heartbeat_us;
    tt_buffer header, message;
    char time[40]; /* of the event that was published last, and what it means */
    int64_t time_ms;
};

enum { PUBLISHED, HEARTBEATS, FILTERS, LOST, LOST_EVENTS, DELAY };
static const tt_metric_row rows[] = {
    { .name = "events_published_total", .help = "Events sent on the publisher socket.", .kind = TT_METRIC_COUNTER },
    { .name = "heartbeats_total", .help = "Heartbeats sent, one for each filter each second.", .kind = TT_METRIC_COUNTER },
    { .name = "subscribed_filters", .help = "Distinct filters that are subscribed.", .kind = TT_METRIC_GAUGE },
    { .name = "journal_losses_total", .help = "Times that a journal's tail was found cut or rewritten.", .kind = TT_METRIC_COUNTER },
    { .name = "journal_events_lost_total", .help = "Events that had been published and were lost with a journal's tail.", .kind = TT_METRIC_COUNTER },
    { .name = "event_publish_delay_seconds", .help = "From the time of an event to its being published.", .kind = TT_METRIC_HISTOGRAM },
};

/* -- where the journals stand -- */

static void
keep_text (char *out, size_t room, tt_bytes text)
{
    size_t size = text.size < room ? text.size : 0;
    if (size)
        memcpy (out, text.data, size);
    out[size] = '\0';
}

/* What is published last in a partition. Each event is of the epoch that it was appended in. */
static void
keep_place (place *at, uint64_t sequence, tt_bytes id, tt_bytes epoch)
{
    at->head = sequence;
    keep_text (at->head_id, sizeof at->head_id, id);
    keep_text (at->epoch, sizeof at->epoch, epoch);
}

/* With redis.replicas, nothing is shown that the copies do not have. */
static tt_status
await_copies (tt_publisher *self, const tt_position *seen, tt_error *error)
{
    uint32_t partitions = self->options.store->partitions;
    uint64_t *heads = tt_alloc (partitions * sizeof *heads);
    for (uint32_t p = 0; p < partitions; p++)
        heads[p] = seen[p].sequence;
    tt_status status = tt_journal_confirm (self->store, heads, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        if (heads[p] < seen[p].sequence)
            status = tt_fail (error, TT_UNAVAILABLE, "the copies do not have the journal of partition %u up to %llu yet", p,
                              (unsigned long long) seen[p].sequence);
    free (heads);
    return status;
}

/* Begins at the present heads: what was committed before belongs to replays. */
static tt_status
start_tail (tt_publisher *self, tt_error *error)
{
    uint32_t partitions = self->options.store->partitions;
    tt_stand *stands = tt_alloc (partitions * sizeof *stands);
    tt_position *seen = tt_alloc_zero (partitions, sizeof *seen);
    tt_status status = tt_store_prepare (self->store, error);
    if (status == TT_OK)
        status = tt_journal_stands (self->store, TT_JOURNAL_EVENTS, stands, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++) {
        place *at = &self->places[p];
        tt_event_header last = { 0 };
        bool readable = stands[p].last.header.size > 0 && tt_event_header_decode (stands[p].last.header, &last, NULL) == TT_OK;
        keep_place (at, stands[p].head, readable ? last.id : TT_BYTES_NONE, tt_bytes_of_text (stands[p].epoch));
        at->earliest = stands[p].earliest;
        seen[p].sequence = stands[p].head;
        memcpy (seen[p].epoch, stands[p].epoch, sizeof seen[p].epoch);
    }
    if (status == TT_OK)
        status = await_copies (self, seen, error);
    if (status == TT_OK)
        status = tt_tail_open (&self->tail, self->options.store, TT_JOURNAL_EVENTS, seen, error);
    free (stands);
    free (seen);
    return status;
}

/* -- sending -- */

/* Events of one batch have the same time: it is parsed once for all of them. */
static void
count_delay (tt_publisher *self, const tt_event_header *header)
{
    if (header->time.size >= sizeof self->time)
        return;
    if (!tt_bytes_equal (header->time, tt_bytes_of_text (self->time))) {
        keep_text (self->time, sizeof self->time, header->time);
        if (tt_time_parse (self->time, &self->time_ms) != TT_OK)
            self->time[0] = '\0';
    }
    if (self->time[0])
        tt_count_latency (self->counters, DELAY, 0, (tt_clock_unix_ms () - self->time_ms) * 1000);
    tt_trace_log ("event published", header->traceparent, "type", header->type, NULL);
}

static void
publish (tt_publisher *self, const tt_entry *entry)
{
    place *at = &self->places[entry->partition];
    tt_event_header position = {
        .stream = tt_bytes_of_text (self->options.store->service),
        .partition = entry->partition,
        .sequence = entry->sequence,
        .previous_id = tt_bytes_of_text (at->head + 1 == entry->sequence ? at->head_id : ""),
        .epoch = entry->epoch,
    };
    tt_buffer_clear (&self->header);
    tt_buffer_append (&self->header, entry->header.data, entry->header.size);
    tt_event_header_patch (&position, &self->header);
    tt_outlet_send (self->outlet, entry->topic, (tt_bytes){ self->header.data, self->header.size }, entry->body);
    tt_filters_sent (self->filters, entry->topic, entry->partition, entry->sequence);
    tt_event_header decoded;
    bool readable = tt_event_header_decode (entry->header, &decoded, NULL) == TT_OK;
    keep_place (at, entry->sequence, readable ? decoded.id : TT_BYTES_NONE, entry->epoch);
    if (readable)
        count_delay (self, &decoded);
    if (at->earliest == 0)
        at->earliest = entry->sequence;
}

static void
name_instance (tt_publisher *self)
{
    uint8_t id[TT_UUID_SIZE];
    tt_uuid7_make (id);
    tt_uuid_format (id, self->instance);
}

static void
tell_losses (tt_publisher *self)
{
    size_t count;
    const tt_loss *losses = tt_tail_losses (self->tail, &count);
    for (size_t i = 0; i < count; i++) {
        char partition[16], range[64];
        snprintf (partition, sizeof partition, "%u", losses[i].partition);
        snprintf (range, sizeof range, "%llu to %llu", (unsigned long long) losses[i].first, (unsigned long long) losses[i].last);
        tt_log (TT_LOG_ERROR, "journal lost: events that were published are not in it any more", "partition", partition, "sequences", range, NULL);
        tt_count (self->counters, LOST, 0);
        tt_count_add (self->counters, LOST_EVENTS, 0, (int64_t) (losses[i].last - losses[i].first + 1));
    }
}

static void
follow (tt_publisher *self)
{
    tt_error error = { 0 };
    const tt_entry *entries;
    size_t count = 0;
    tt_status status = self->tail ? TT_OK : start_tail (self, &error);
    if (status == TT_OK)
        status = tt_tail_read (self->tail, &entries, &count, &error);
    for (size_t i = 0; i < count; i++)
        publish (self, &entries[i]);
    tt_count_add (self->counters, PUBLISHED, 0, (int64_t) count);
    if (status == TT_DATA_LOSS) {
        tell_losses (self);
        tt_tail_close (&self->tail); /* places are found anew */
        name_instance (self);        /* by this, subscribers see that they must replay */
        tt_filters_forget (self->filters);
    } else if (status == TT_INTERNAL) {
        tt_log (TT_LOG_ERROR, "journal cannot be read", "reason", error.message, NULL);
    }
}

/* -- heartbeats -- */

struct beat {
    tt_publisher *self;
    Techtransfer__V1__Heartbeat message;
    Techtransfer__V1__PartitionHead *heads;
    Techtransfer__V1__PartitionHead **list;
};

static void
send_beat (struct beat *beat, tt_bytes topic, const char *filter, const tt_filter_sent *sent)
{
    tt_publisher *self = beat->self;
    beat->message.filter = (char *) filter;
    for (size_t p = 0; p < beat->message.n_partitions; p++) {
        beat->heads[p].last_match = sent ? sent[p].last : 0;
        beat->heads[p].match_count = sent ? sent[p].count : 0;
    }
    size_t size = techtransfer__v1__heartbeat__get_packed_size (&beat->message);
    tt_buffer_clear (&self->message);
    techtransfer__v1__heartbeat__pack (&beat->message, tt_buffer_reserve (&self->message, size));
    tt_outlet_send (self->outlet, topic, TT_BYTES_NONE, (tt_bytes){ self->message.data, size });
    tt_count (self->counters, HEARTBEATS, 0);
}

static void
beat_for_filter (void *context, tt_bytes filter, const tt_filter_sent *sent)
{
    send_beat (context, filter, (const char *) filter.data, sent);
}

static void
heartbeat (tt_publisher *self)
{
    uint32_t partitions = self->options.store->partitions;
    struct beat beat = { .self = self, .message = TECHTRANSFER__V1__HEARTBEAT__INIT };
    beat.heads = tt_alloc (partitions * sizeof *beat.heads);
    beat.list = tt_alloc (partitions * sizeof *beat.list);
    for (uint32_t p = 0; p < partitions; p++) {
        beat.heads[p] = (Techtransfer__V1__PartitionHead) TECHTRANSFER__V1__PARTITION_HEAD__INIT;
        beat.heads[p].partition = p;
        beat.heads[p].head = self->places[p].head;
        beat.heads[p].earliest = self->places[p].earliest;
        beat.heads[p].head_id = self->places[p].head_id;
        beat.heads[p].epoch = self->places[p].epoch;
        beat.list[p] = &beat.heads[p];
    }
    beat.message.stream = (char *) self->options.store->service;
    beat.message.instance = self->instance;
    beat.message.partitions = beat.list;
    beat.message.n_partitions = beat.message.partition_count = partitions;
    beat.message.number = ++self->number;
    send_beat (&beat, tt_bytes_of_text (self->general), "", NULL);
    tt_filters_visit (self->filters, beat_for_filter, &beat);
    free (beat.heads);
    free (beat.list);
}

/* Heartbeats say where the journals stand: none before that is known, and none while it is not. */
static void
heartbeat_if_due (tt_publisher *self)
{
    int64_t now = tt_clock_monotonic_us ();
    if (now < self->next_heartbeat_us || self->tail == NULL || !tt_tail_connected (self->tail))
        return;
    self->next_heartbeat_us = now + (int64_t) self->options.heartbeat_ms * 1000;
    heartbeat (self);
    tt_count_set (self->counters, FILTERS, 0, (int64_t) tt_filters_count (self->filters));
}

/* -- the thread -- */

static void
take_subscriptions (tt_publisher *self)
{
    void *xpub = zsock_resolve (self->xpub);
    zmq_msg_t message;
    zmq_msg_init (&message);
    while (zmq_msg_recv (&message, xpub, ZMQ_DONTWAIT) >= 0) {
        const uint8_t *data = zmq_msg_data (&message);
        size_t size = zmq_msg_size (&message);
        tt_bytes filter = { data + 1, size - 1 };
        bool own = size > 1 && filter.size >= 10 && memcmp (filter.data, "heartbeat/", 10) == 0;
        if (size == 0 || size > TT_TOPIC_MAX + 1 || own || !tt_filter_valid (filter))
            continue; /* served by XPUB all the same, but it gets no heartbeats of its own */
        if (data[0] == 1)
            tt_filters_add (self->filters, filter);
        else if (data[0] == 0)
            tt_filters_remove (self->filters, filter);
    }
    zmq_msg_close (&message);
}

static bool
told_to_stop (zsock_t *pipe)
{
    char *word = zstr_recv_nowait (pipe);
    bool stop = word && streq (word, "$TERM");
    zstr_free (&word);
    return stop;
}

static long
wait_ms (const tt_publisher *self)
{
    if (self->tail == NULL || !tt_tail_connected (self->tail))
        return 50;
    int64_t left = (self->next_heartbeat_us - tt_clock_monotonic_us ()) / 1000;
    return left < 0 ? 0 : (long) left + 1;
}

static void
run (zsock_t *pipe, void *arguments)
{
    tt_publisher *self = arguments;
    zsock_signal (pipe, 0);
    do {
        follow (self);
        take_subscriptions (self);
        heartbeat_if_due (self);
        tt_outlet_review (self->outlet, tt_clock_monotonic_us ());
        int fd = self->tail ? tt_tail_fd (self->tail) : -1;
        zmq_pollitem_t items[] = { { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 }, { zsock_resolve (self->xpub), 0, ZMQ_POLLIN, 0 }, { NULL, fd, ZMQ_POLLIN, 0 } };
        zmq_poll (items, fd >= 0 ? 3 : 2, wait_ms (self));
    } while (!told_to_stop (pipe));
    follow (self); /* what was committed last still goes out */
    tt_tail_close (&self->tail);
}

tt_status
tt_publisher_open (tt_publisher **out, const tt_publisher_options *options, tt_error *error)
{
    *out = NULL;
    tt_publisher *self = tt_alloc_zero (1, sizeof *self);
    self->options = *options;
    self->options.heartbeat_ms = options->heartbeat_ms ? options->heartbeat_ms : 1000;
    snprintf (self->general, sizeof self->general, "heartbeat/%s/", options->store->service);
    char welcome[160];
    snprintf (welcome, sizeof welcome, "%swelcome", self->general);
    name_instance (self);
    tt_status status = tt_store_open (&self->store, options->store, error);
    if (status == TT_OK) {
        self->xpub = zsock_new (ZMQ_XPUB);
        self->outlet = tt_outlet_new (self->xpub, options->high_water_mark ? options->high_water_mark : HIGH_WATER_MARK, options->counters);
        zsock_set_linger (self->xpub, 500);
        zsock_set_maxmsgsize (self->xpub, FRAME_MAX);
        zsock_set_xpub_welcome_msg (self->xpub, welcome);
        status = tt_bind (self->xpub, options->endpoint, self->endpoint, error);
    }
    if (status != TT_OK) {
        tt_publisher_close (&self);
        return status;
    }
    self->filters = tt_filters_new (options->store->partitions);
    self->places = tt_alloc_zero (options->store->partitions, sizeof *self->places);
    self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    self->thread = zactor_new (run, self);
    *out = self;
    return TT_OK;
}

void
tt_publisher_close (tt_publisher **reference)
{
    tt_publisher *self = *reference;
    if (self == NULL)
        return;
    zactor_destroy (&self->thread);
    tt_outlet_destroy (&self->outlet);
    zsock_destroy (&self->xpub);
    tt_store_close (&self->store);
    tt_filters_destroy (&self->filters);
    free (self->places);
    tt_buffer_free (&self->header);
    tt_buffer_free (&self->message);
    free (self);
    *reference = NULL;
}

const char *
tt_publisher_endpoint (const tt_publisher *self)
{
    return self->endpoint;
}

size_t
tt_publisher_relieve (tt_publisher *self, tt_buffer *names)
{
    return tt_outlet_relieve (self->outlet, names);
}
