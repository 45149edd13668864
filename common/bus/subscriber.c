/* A SUB and a replay DEALER to one publisher at a time. What an event means is decided by wire/tracker.h; here are the sockets,
 * the order in which replayed, held and live events are taken, and what follows from a gap, a rewritten history or silence. Not
 * for publishing. Owned by one thread. */
#include "bus/subscriber.h"

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "bus/subscriber_inner.h"
#include "wire/topic.h"

#define DEFAULT_SILENCE_MS 3000
#define DEFAULT_HIGH_WATER_MARK 20000
#define QUEUE_BYTES ((uint64_t)64 << 20) /* of the socket's queue, about: libzmq counts messages */
#define MEASURED_MIN 64
#define MEASURED_MAX 1024
#define REPLAY_HIGH_WATER_MARK 16
#define MAX_FILTERS 64

/* -- connection -- */

static bool
subscribe (tt_subscriber *s, const char *filter)
{
    return zmq_setsockopt (s->socket, ZMQ_SUBSCRIBE, filter, strlen (filter)) == 0;
}

/* Until its heartbeats come again, the publisher may not have the subscription of this connection yet. */
static void
forget_subscriptions (tt_subscriber *s)
{
    s->confirmed = s->parts.dense;
    memset (s->filter_seen, 0, s->filter_count * sizeof *s->filter_seen);
}

static tt_status
connect_pair (tt_subscriber *s, size_t endpoint, int64_t now_us, tt_error *error)
{
    s->endpoint = endpoint;
    s->heard_us = now_us;
    s->instance[0] = '\0';
    forget_subscriptions (s);
    tt_replay_cancel (&s->replay);
    tt_socket_close (&s->replay.socket);
    tt_socket_close (&s->socket);
    s->socket = tt_socket_connect (s->context, ZMQ_SUB, s->events.items[endpoint], s->high_water_mark, error);
    s->replay.socket = tt_socket_connect (s->context, ZMQ_DEALER, s->replays.items[endpoint], REPLAY_HIGH_WATER_MARK, error);
    if (s->socket == NULL || s->replay.socket == NULL)
        return error ? error->code : TT_UNAVAILABLE;
    bool ok = subscribe (s, s->heartbeats);
    for (size_t i = 0; i < s->filter_count; i++)
        ok = subscribe (s, s->filters[i]) && ok;
    return ok ? TT_OK : tt_fail (error, TT_INTERNAL, "cannot subscribe: %s", zmq_strerror (zmq_errno ()));
}

/* What was sent meanwhile is not known: every partition is replayed from where it stands. */
static void
doubt_everything (tt_subscriber *s)
{
    for (uint32_t i = 0; i < s->parts.count; i++)
        tt_parts_replay_again (&s->parts, i);
    tt_replay_cancel (&s->replay);
    if (s->parts.count == 0)
        s->want_heads = true;
}

static void
measure (tt_subscriber *s, tt_held *held)
{
    if (s->measured >= MEASURED_MAX) { /* what came long ago counts less and less */
        s->measured /= 2;
        s->measured_bytes /= 2;
    }
    s->measured++;
    s->measured_bytes += zmq_msg_size (&held->topic) + zmq_msg_size (&held->header) + zmq_msg_size (&held->body);
}

/* A mark that was right for small events would let large ones fill the memory while the caller is away. A socket's mark cannot be changed while
 * it is connected (libzmq may then never resume), so another one is opened; nothing is lost by that. */
static void
narrow_queue (tt_subscriber *s, int64_t now_us)
{
    uint64_t mean = s->measured >= MEASURED_MIN ? s->measured_bytes / s->measured : 0;
    if (mean * (uint64_t)s->high_water_mark <= 2 * QUEUE_BYTES || mean > QUEUE_BYTES)
        return;
    s->counts.narrowed++;
    s->high_water_mark = (int)(QUEUE_BYTES / mean);
    tt_error error = { 0 };
    if (connect_pair (s, s->endpoint, now_us, &error) != TT_OK)
        s->heard_us = now_us; /* nothing to hear: the next pair after another silence */
    doubt_everything (s);
}

/* True if all endpoints have been tried in vain. */
static bool
fail_over (tt_subscriber *s, int64_t now_us)
{
    s->counts.failovers++;
    tt_error error = { 0 };
    if (connect_pair (s, (s->endpoint + 1) % s->events.count, now_us, &error) != TT_OK)
        s->heard_us = now_us; /* nothing to hear: the next pair after another silence */
    doubt_everything (s);
    return ++s->silent_endpoints % s->events.count == 0;
}

void
tt_subscriber_alive (tt_subscriber *s, int64_t now_us)
{
    s->heard_us = now_us;
    if (s->replay.asked == TT_REPLAY_NOTHING) /* else an answer is owed, and heartbeats alone are not enough */
        s->silent_endpoints = 0;
}

/* -- handing over -- */

static size_t
keep_text (tt_subscriber *s, tt_bytes text)
{
    size_t at = s->texts.size;
    if (text.size)
        tt_buffer_append (&s->texts, text.data, text.size);
    tt_buffer_append (&s->texts, "", 1);
    return at;
}

static void
fill_event (tt_subscriber *s, const tt_wire_event *in, tt_bytes header, tt_event *out)
{
    tt_buffer_clear (&s->texts);
    size_t topic = keep_text (s, in->topic), id = keep_text (s, in->header.id), type = keep_text (s, in->header.type);
    size_t subject = keep_text (s, in->header.subject), when = keep_text (s, in->header.time);
    size_t trace = keep_text (s, in->header.traceparent), epoch = keep_text (s, in->header.epoch);
    const char *base = (const char *)s->texts.data;
    *out = (tt_event){
        .topic = base + topic,
        .partition = in->header.partition,
        .sequence = in->header.sequence,
        .id = base + id,
        .type = base + type,
        .subject = base + subject,
        .time = base + when,
        .traceparent = base + trace,
        .epoch = base + epoch,
        .header = header,
        .body = in->body,
    };
    s->counts.delivered++;
}

/* True if the event is one of this stream and may be offered to the tracker. */
static bool
decode (const tt_subscriber *s, tt_bytes topic, tt_bytes header, tt_bytes body, tt_wire_event *out)
{
    return tt_wire_event_decode (topic, header, body, out, NULL) == TT_OK
           && tt_bytes_equal (out->header.stream, tt_bytes_of_text (s->stream)) && out->header.partition < s->parts.count
           && out->header.sequence >= 1;
}

/* Offers an event; true if it is to be handed on. With *gap it was not taken because something before it is missing. */
static bool
offer (tt_subscriber *s, const tt_wire_event *event, bool *gap)
{
    tt_parts_verdict verdict = tt_parts_offer (&s->parts, event);
    s->counts.duplicates += verdict == TT_PARTS_DUPLICATE;
    s->counts.gaps += verdict == TT_PARTS_GAP || verdict == TT_PARTS_DOUBT;
    *gap = verdict == TT_PARTS_GAP;
    return verdict == TT_PARTS_DELIVER;
}

/* Events of the batch in hand until one is to be delivered; at its end the partition may be live. */
static bool
deliver_replayed (tt_subscriber *s, tt_event *event)
{
    tt_bytes topic, header, body;
    tt_wire_event decoded;
    while (tt_replay_batch_next (&s->batch, &topic, &header, &body)) {
        if (!decode (s, topic, header, body, &decoded) || decoded.header.partition != s->batch.partition)
            continue; /* the hole that this leaves is reported at the next one, or when the batch ends */
        bool gap = false;
        uint64_t next = tt_tracker_next (s->parts.tracker, s->batch.partition);
        if (offer (s, &decoded, &gap)) {
            s->counts.replayed++;
            fill_event (s, &decoded, header, event);
            return true;
        }
        if (gap) /* missing in the journal itself */
            tt_parts_lose (&s->parts, s->batch.partition, next, decoded.header.sequence - 1, decoded.header.sequence);
        if (tt_parts_reports (&s->parts) > 0)
            break;
    }
    if (s->batch.open && tt_parts_reports (&s->parts) == 0)
        tt_parts_replayed (&s->parts, &s->batch);
    tt_replay_batch_close (&s->batch);
    return false;
}

/* -- live -- */

static tt_bytes
frame_bytes (zmq_msg_t *frame)
{
    return (tt_bytes){ zmq_msg_data (frame), zmq_msg_size (frame) };
}

static void
see_filter (tt_subscriber *s, const char *filter)
{
    size_t missing = 0;
    for (size_t i = 0; i < s->filter_count; i++) {
        s->filter_seen[i] |= strcmp (s->filters[i], filter) == 0;
        missing += !s->filter_seen[i];
    }
    if (missing > 0 || s->confirmed)
        return;
    s->confirmed = true; /* what was sent before the publisher knew the subscription is only in the journal */
    doubt_everything (s);
}

/* Where the publisher is behind what was handed over before its first heartbeat, that may be because the journal is by now. */
static void
doubt_ahead (tt_subscriber *s, const Techtransfer__V1__Heartbeat *beat)
{
    for (size_t i = 0; i < beat->n_partitions; i++) {
        uint32_t p = beat->partitions[i]->partition;
        if (p < s->parts.count && beat->partitions[i]->head + 1 < tt_tracker_next (s->parts.tracker, p))
            tt_parts_replay_again (&s->parts, p);
    }
}

/* Another publisher than before on the same connection, or one that found its journal cut: what it sends may not follow what came. */
static void
see_instance (tt_subscriber *s, const Techtransfer__V1__Heartbeat *beat)
{
    bool first = s->instance[0] == '\0', other = !first && strncmp (s->instance, beat->instance, sizeof s->instance - 1) != 0;
    snprintf (s->instance, sizeof s->instance, "%s", beat->instance);
    if (other)
        doubt_everything (s);
    else if (first)
        doubt_ahead (s, beat);
}

static void
take_heartbeat (tt_subscriber *s, tt_bytes frame)
{
    Techtransfer__V1__Heartbeat *beat = techtransfer__v1__heartbeat__unpack (NULL, frame.size, frame.data);
    if (beat == NULL)
        return;
    if (strcmp (beat->stream, s->stream) == 0)
        see_instance (s, beat);
    see_filter (s, beat->filter); /* first: until then a heartbeat's "nothing matched" does not speak for this connection */
    if (s->confirmed && s->parts.count > 0 && strcmp (beat->stream, s->stream) == 0 && beat->partition_count == s->parts.count)
        s->counts.gaps += tt_parts_heartbeat (&s->parts, beat);
    techtransfer__v1__heartbeat__free_unpacked (beat, NULL);
}

/* A live event: delivered at once if its partition is live and nothing older waits; else held back. Takes *held if so. */
static bool
take_live (tt_subscriber *s, tt_held **held, tt_event *event)
{
    tt_wire_event decoded;
    tt_bytes header = frame_bytes (&(*held)->header);
    if (!decode (s, frame_bytes (&(*held)->topic), header, frame_bytes (&(*held)->body), &decoded))
        return false;
    uint32_t partition = decoded.header.partition;
    tt_tracker_arrived (s->parts.tracker, partition, decoded.topic);
    bool gap = false;
    if (tt_parts_is_live (&s->parts, partition)) {
        if (offer (s, &decoded, &gap)) {
            fill_event (s, &decoded, header, event);
            s->current = *held;
            *held = NULL;
            return true;
        }
        if (!gap)
            return false;
    }
    tt_parts_hold (&s->parts, partition, held);
    return false;
}

/* Reads one message of up to three frames; the count of frames, 0 if there is none, -1 if there are more than three. */
static int
receive_live (tt_subscriber *s, tt_held *held)
{
    zmq_msg_t *frames[3] = { &held->topic, &held->header, &held->body };
    int count = 0;
    bool more = s->socket != NULL;
    for (; more && count < 3; count++) {
        if (zmq_msg_recv (frames[count], s->socket, ZMQ_DONTWAIT) < 0)
            return count ? -1 : 0;
        more = zmq_msg_more (frames[count]);
    }
    if (!more)
        return count;
    while (more && zmq_msg_recv (&held->body, s->socket, ZMQ_DONTWAIT) >= 0)
        more = zmq_msg_more (&held->body);
    return -1;
}

static bool
is_welcome (const tt_subscriber *s, tt_bytes topic)
{
    size_t prefix = strlen (s->heartbeats);
    return topic.size == prefix + 7 && memcmp (topic.data, s->heartbeats, prefix) == 0
           && memcmp (topic.data + prefix, "welcome", 7) == 0;
}

/* Takes messages from the SUB until one is to be delivered; false if there is none now. A bounded run, so that replies get their
 * turn. */
static bool
pump_live (tt_subscriber *s, tt_event *event, int64_t now_us, bool *worked)
{
    bool delivered = false;
    for (int run = 0; run < 256 && !delivered && tt_parts_reports (&s->parts) == 0; run++) {
        tt_held *held = tt_held_new ();
        int frames = receive_live (s, held);
        bool welcome = frames == 1 && is_welcome (s, frame_bytes (&held->topic));
        *worked |= frames != 0;
        if (welcome) { /* a new connection; that somebody works behind it is for heartbeats to say */
            forget_subscriptions (s);
            doubt_everything (s);
        } else if (frames != 0) {
            tt_subscriber_alive (s, now_us);
        }
        if (frames == 3)
            measure (s, held);
        if (frames == 3 && zmq_msg_size (&held->header) == 0)
            take_heartbeat (s, frame_bytes (&held->body));
        else if (frames == 3 && s->parts.count > 0)
            delivered = take_live (s, &held, event);
        tt_held_destroy (&held);
        if (frames == 0)
            break;
    }
    return delivered;
}

/* What was held back, of partitions that are live by now. */
static bool
deliver_held (tt_subscriber *s, tt_event *event)
{
    tt_wire_event decoded;
    for (uint32_t i = 0; i < s->parts.count && tt_holdback_count (s->parts.holdback) > 0; i++) {
        while (tt_parts_is_settled (&s->parts, i) && tt_parts_reports (&s->parts) == 0) {
            tt_held *held = tt_holdback_pop (s->parts.holdback, i);
            if (held == NULL)
                break;
            tt_bytes header = frame_bytes (&held->header);
            bool gap = false;
            if (decode (s, frame_bytes (&held->topic), header, frame_bytes (&held->body), &decoded)
                && offer (s, &decoded, &gap)) {
                fill_event (s, &decoded, header, event);
                s->current = held;
                return true;
            }
            tt_held_destroy (&held); /* after a gap the replay brings it */
        }
    }
    return false;
}

/* -- public -- */

static tt_status
copy_filters (tt_subscriber *s, const tt_subscriber_options *options, tt_error *error)
{
    static const char *const everything[] = { "" };
    bool whole = options->filter_count == 0;
    const char *const *filters = whole ? everything : options->filters;
    size_t count = whole ? 1 : options->filter_count;
    if (count > MAX_FILTERS)
        return tt_fail (error, TT_INVALID_ARGUMENT, "filters: %zu given, at most %d are possible", count, MAX_FILTERS);
    s->filters = tt_alloc_zero (count, sizeof *s->filters);
    s->filter_seen = tt_alloc_zero (count, sizeof *s->filter_seen);
    for (size_t i = 0; i < count; i++) {
        if (!tt_filter_valid (tt_bytes_of_text (filters[i])))
            return tt_fail (error, TT_INVALID_ARGUMENT, "filters[%zu]: \"%.200s\" is neither empty nor a path that ends in \"/\"",
                            i, filters[i]);
        s->filters[s->filter_count++] = tt_strdup (filters[i]);
    }
    return TT_OK;
}

static tt_status
set_up (tt_subscriber *s, const tt_subscriber_options *options, tt_error *error)
{
    if (options->stream == NULL || *options->stream == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "stream: required");
    tt_buffer heartbeats = { 0 };
    tt_topic_build (&heartbeats, "heartbeat", options->stream, NULL);
    s->heartbeats = tt_strdup (tt_buffer_cstr (&heartbeats));
    tt_buffer_free (&heartbeats);
    s->stream = tt_strdup (options->stream);
    s->context = zmq_ctx_new ();
    if (s->context == NULL)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "cannot start ZeroMQ");
    tt_status status = copy_filters (s, options, error);
    if (status == TT_OK)
        status = tt_endpoints_parse (&s->events, s->context, options->events, "events", error);
    if (status == TT_OK)
        status = tt_endpoints_parse (&s->replays, s->context, options->replay, "replay", error);
    if (status == TT_OK && s->events.count != s->replays.count)
        status
            = tt_fail (error, TT_INVALID_ARGUMENT, "replay: %zu endpoints for %zu in events", s->replays.count, s->events.count);
    if (status != TT_OK)
        return status;
    tt_parts_init (&s->parts, s->stream, (const char *const *)s->filters, s->filter_count);
    return connect_pair (s, 0, tt_clock_monotonic_us (), error);
}

tt_status
tt_subscriber_open (tt_subscriber **out, const tt_subscriber_options *options, tt_error *error)
{
    tt_subscriber *s = tt_alloc_zero (1, sizeof *s);
    s->silence_us = 1000 * (int64_t)(options->silence_ms ? options->silence_ms : DEFAULT_SILENCE_MS);
    uint32_t mark = options->high_water_mark ? options->high_water_mark : DEFAULT_HIGH_WATER_MARK;
    s->high_water_mark = mark > INT_MAX ? INT_MAX : (int)mark;
    s->live_only = options->live_only;
    s->want_heads = true;
    tt_status status = tt_subscriber_register (s, options, error);
    if (status == TT_OK)
        status = set_up (s, options, error);
    if (status != TT_OK)
        tt_subscriber_close (&s);
    *out = s;
    return status;
}

void
tt_subscriber_close (tt_subscriber **subscriber)
{
    tt_subscriber *s = *subscriber;
    if (s == NULL)
        return;
    tt_consumer_close (&s->consumer);
    tt_held_destroy (&s->current);
    tt_replay_batch_close (&s->batch);
    tt_replay_client_close (&s->replay);
    tt_socket_close (&s->socket);
    tt_parts_free (&s->parts);
    tt_endpoints_free (&s->events);
    tt_endpoints_free (&s->replays);
    if (s->context)
        zmq_ctx_term (s->context);
    for (size_t i = 0; i < s->filter_count; i++)
        free (s->filters[i]);
    tt_buffer_free (&s->texts);
    free (s->filters);
    free (s->filter_seen);
    free (s->from);
    free (s->stream);
    free (s->heartbeats);
    free (s);
    *subscriber = NULL;
}

/* What has to be told before anything more is delivered. */
static tt_status
next_report (tt_subscriber *s, tt_error *error)
{
    tt_status status = s->refusal;
    s->refusal = TT_OK;
    if (status != TT_OK)
        return tt_fail (error, status, "replay refused by %s: %s", s->replays.items[s->endpoint], s->refusal_text);
    if (tt_parts_reports (&s->parts) == 0)
        return TT_OK;
    status = tt_parts_report (&s->parts, &s->loss, error);
    s->counts.lost += s->loss.last - s->loss.first + 1;
    return status;
}

/* Monotonic time at which silence or a pause ends. */
static int64_t
next_due (const tt_subscriber *s, int64_t now_us)
{
    int64_t due_us = s->heard_us + s->silence_us;
    if (s->replay.asked != TT_REPLAY_NOTHING && s->replay.sent_us + s->silence_us < due_us)
        due_us = s->replay.sent_us + s->silence_us;
    if (s->replay.asked == TT_REPLAY_NOTHING && s->ask_us > now_us && s->ask_us < due_us)
        due_us = s->ask_us;
    return due_us;
}

static bool
is_silent (const tt_subscriber *s, int64_t now_us)
{
    bool owed = s->replay.asked != TT_REPLAY_NOTHING && !s->batch.open;
    return now_us - s->heard_us >= s->silence_us || (owed && now_us - s->replay.sent_us >= s->silence_us);
}

static void
wait_for_input (tt_subscriber *s, int64_t until_us, int64_t now_us)
{
    int64_t due_us = next_due (s, now_us);
    due_us = due_us < until_us ? due_us : until_us;
    int64_t wait_ms = due_us > now_us ? (due_us - now_us + 999) / 1000 : 1;
    zmq_pollitem_t items[2];
    int count = 0;
    if (s->socket)
        items[count++] = (zmq_pollitem_t){ .socket = s->socket, .events = ZMQ_POLLIN };
    if (s->replay.socket)
        items[count++] = (zmq_pollitem_t){ .socket = s->replay.socket, .events = ZMQ_POLLIN };
    (void)zmq_poll (items, count, wait_ms > INT_MAX ? INT_MAX : (long)wait_ms);
}

tt_status
tt_subscriber_next (tt_subscriber *s, int wait_ms, tt_event *event, tt_error *error)
{
    tt_held_destroy (&s->current);
    int64_t now_us = tt_clock_monotonic_us ();
    int64_t until_us = wait_ms < 0 ? INT64_MAX : now_us + (int64_t)wait_ms * 1000;
    for (;; now_us = tt_clock_monotonic_us ()) {
        bool worked = false;
        tt_status report = next_report (s, error);
        if (report != TT_OK)
            return report;
        narrow_queue (s, now_us);
        tt_subscriber_ask (s, now_us);
        if (deliver_replayed (s, event) || deliver_held (s, event) || pump_live (s, event, now_us, &worked))
            return TT_OK;
        worked |= tt_subscriber_take_reply (s, now_us);
        if (worked || tt_parts_reports (&s->parts) > 0 || s->refusal != TT_OK)
            continue;
        if (is_silent (s, now_us) && fail_over (s, now_us))
            return tt_fail (error, TT_UNAVAILABLE, "no publisher of %s answers", s->stream);
        if (now_us >= until_us)
            return tt_fail (error, TT_DEADLINE_EXCEEDED, "no event within %d ms", wait_ms);
        wait_for_input (s, until_us, now_us);
    }
}

const uint64_t *
tt_subscriber_positions (const tt_subscriber *s, size_t *count)
{
    *count = s->parts.count;
    return tt_parts_positions (&s->parts);
}

const uint64_t *
tt_subscriber_heads (const tt_subscriber *s, size_t *count)
{
    *count = s->parts.count;
    return s->parts.heads;
}

const char *
tt_subscriber_epoch (const tt_subscriber *s, uint32_t partition)
{
    return partition < s->parts.count ? tt_tracker_epoch (s->parts.tracker, partition) : "";
}

const tt_subscriber_loss *
tt_subscriber_lost (const tt_subscriber *s)
{
    return &s->loss;
}

bool
tt_subscriber_is_live (const tt_subscriber *s)
{
    if (s->parts.count == 0 || !s->confirmed || s->batch.open)
        return false;
    for (uint32_t i = 0; i < s->parts.count; i++)
        if (!tt_parts_is_live (&s->parts, i))
            return false;
    return true;
}

tt_subscriber_counts
tt_subscriber_count (const tt_subscriber *s)
{
    return s->counts;
}
