/* One DEALER to one endpoint at a time. What is under way is kept in a table by request id until its reply or its deadline; a
 * command that hears nothing is sent again with the same id, and if the whole connection is silent everything moves to the next
 * endpoint. Not for events (subscriber.c). Owned by one thread. */
#include "bus/client.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "bus/endpoint.h"
#include "bus/pending.h"
#include "wire/envelope.h"
#include "wire/trace.h"

#define MAX_UNRECEIVED 65536 /* finished commands that the caller has not fetched yet */
#define MAX_UNRECEIVED_BYTES ((size_t)256 << 20)
#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_TRY_MS 2000
#define MIN_RETRY_MS 10
#define VIOLATION_ROOM 16

struct tt_client {
    void *context;
    void *socket;
    tt_endpoints endpoints;
    size_t endpoint; /* the one in use */
    int64_t timeout_us;
    int64_t try_us;
    char *traceparent; /* or NULL */
    bool trace;
    tt_pending_table commands;
    tt_pending *handed_out; /* its body is what the caller borrows */
    uint64_t last_ticket;
    int64_t next_due_us; /* nothing has to be done before */
    int64_t heard_us;    /* connected, or the last reply */
    tt_client_counts counts;
};

/* -- connection -- */

static tt_status
connect_to (tt_client *client, size_t endpoint, tt_error *error)
{
    tt_socket_close (&client->socket);
    client->endpoint = endpoint;
    client->heard_us = tt_clock_monotonic_us ();
    client->socket
        = tt_socket_connect (client->context, ZMQ_DEALER, client->endpoints.items[endpoint], 2 * TT_PENDING_MAX, error);
    return client->socket ? TT_OK : error ? error->code : TT_UNAVAILABLE;
}

/* A fresh connection has none of the commands: all that the old one carried are due at once. If no socket can be opened now, they
 * stay due after another try_ms. */
static void
fail_over (tt_client *client, int64_t now_us)
{
    client->counts.failovers++;
    tt_error error = { 0 };
    tt_status status = connect_to (client, (client->endpoint + 1) % client->endpoints.count, &error);
    for (size_t i = 0; i < client->commands.under_way_count; i++) {
        tt_pending *p = client->commands.under_way[i];
        if (p->on_the_wire)
            p->due_us = status == TT_OK ? now_us : now_us + client->try_us;
        p->on_the_wire = false;
    }
    client->next_due_us = now_us;
}

/* Sends unless the queue is full; then it stays due and goes out once there is room. */
static void
send_pending (tt_client *client, tt_pending *p, int64_t now_us)
{
    int64_t next_us = now_us + client->try_us;
    if (client->socket) {
        client->counts.sends++;
        int sent = zmq_send (client->socket, p->header.data, p->header.size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
        if (sent >= 0)
            sent = zmq_send (client->socket, p->body.data, p->body.size, ZMQ_DONTWAIT);
        p->on_the_wire = sent >= 0;
        if (!p->on_the_wire)
            next_us = now_us + MIN_RETRY_MS * 1000;
    }
    p->due_us = next_us;
    if (next_us < client->next_due_us)
        client->next_due_us = next_us;
}

static void
send_again (tt_client *client, tt_pending *p, int64_t now_us)
{
    bool silent = now_us - client->heard_us >= client->try_us;
    if (client->socket == NULL || (p->on_the_wire && silent))
        fail_over (client, now_us);
    if (p->due_us <= now_us)
        send_pending (client, p, now_us);
}

/* Deadlines and tries that are over. */
static void
housekeep (tt_client *client, int64_t now_us)
{
    if (now_us < client->next_due_us)
        return;
    client->next_due_us = INT64_MAX;
    for (size_t i = 0; i < client->commands.under_way_count;) {
        tt_pending *p = client->commands.under_way[i];
        if (p->deadline_us <= now_us) {
            tt_pending_finish (&client->commands, p); /* another one stands in slot i now */
            continue;
        }
        if (p->due_us <= now_us)
            send_again (client, p, now_us);
        i++;
        int64_t due_us = p->due_us < p->deadline_us ? p->due_us : p->deadline_us;
        if (due_us < client->next_due_us)
            client->next_due_us = due_us;
    }
}

/* -- replies -- */

/* One reply of exactly two frames, without waiting. 1: there is one, 0: none, -1: something else came and was dropped. */
static int
receive_frames (void *socket, zmq_msg_t *header, zmq_msg_t *body)
{
    if (zmq_msg_recv (header, socket, ZMQ_DONTWAIT) < 0)
        return 0;
    if (!zmq_msg_more (header))
        return -1;
    if (zmq_msg_recv (body, socket, ZMQ_DONTWAIT) < 0)
        return -1;
    bool whole = !zmq_msg_more (body);
    for (bool more = !whole; more;) {
        if (zmq_msg_recv (body, socket, ZMQ_DONTWAIT) < 0)
            break;
        more = zmq_msg_more (body);
    }
    return whole ? 1 : -1;
}

static tt_bytes
frame_bytes (zmq_msg_t *frame)
{
    return (tt_bytes){ zmq_msg_data (frame), zmq_msg_size (frame) };
}

static bool
is_retriable (tt_status code)
{
    return code == TT_RESOURCE_EXHAUSTED || code == TT_ABORTED || code == TT_UNAVAILABLE;
}

/* True: it was put off, and will be sent again after the time that the daemon asked for. */
static bool
put_off (tt_client *client, tt_pending *p, const tt_reply_header *header, int64_t now_us)
{
    if (!is_retriable (header->code))
        return false;
    int64_t wait_ms = header->retry_after_ms > MIN_RETRY_MS ? header->retry_after_ms : MIN_RETRY_MS;
    uint8_t jitter; /* up to a quarter more, so that clients refused together do not come back together */
    tt_random_bytes (&jitter, sizeof jitter);
    int64_t due_us = now_us + wait_ms * 1000 + wait_ms * 250 * jitter / 255;
    if (due_us >= p->deadline_us)
        return false;
    p->due_us = due_us;
    p->on_the_wire = false;
    if (due_us < client->next_due_us)
        client->next_due_us = due_us;
    return true;
}

/* Takes both frames. */
static void
take_reply (tt_client *client, zmq_msg_t *header_frame, zmq_msg_t *body, int64_t now_us)
{
    tt_reply_header header;
    tt_field_violation room[VIOLATION_ROOM];
    tt_status status = tt_reply_header_decode (frame_bytes (header_frame), &header, room, VIOLATION_ROOM, NULL, NULL);
    tt_pending *p = status == TT_OK ? tt_pending_find (&client->commands, header.request_id) : NULL;
    client->heard_us = now_us;
    if (p == NULL) {
        client->counts.dropped_replies++;
        return;
    }
    if (put_off (client, p, &header, now_us))
        return;
    zmq_msg_init (&p->reply_header);
    zmq_msg_init (&p->reply_body);
    zmq_msg_move (&p->reply_header, header_frame);
    zmq_msg_move (&p->reply_body, body);
    p->answered = true;
    tt_pending_finish (&client->commands, p);
}

/* Takes one reply from the socket if there is one; false if there is none. */
static bool
pump (tt_client *client, int64_t now_us)
{
    if (client->socket == NULL)
        return false;
    zmq_msg_t header, body;
    zmq_msg_init (&header);
    zmq_msg_init (&body);
    int got = receive_frames (client->socket, &header, &body);
    if (got > 0)
        take_reply (client, &header, &body, now_us);
    else if (got < 0)
        client->counts.dropped_replies++;
    zmq_msg_close (&header);
    zmq_msg_close (&body);
    return got != 0;
}

/* Waits for the socket, at most until `until_us` and until something is due. */
static void
wait_for_reply (tt_client *client, int64_t until_us, int64_t now_us)
{
    int64_t due_us = client->next_due_us < until_us ? client->next_due_us : until_us;
    int64_t wait_ms = due_us > now_us ? (due_us - now_us + 999) / 1000 : 0;
    zmq_pollitem_t item = { .socket = client->socket, .events = ZMQ_POLLIN };
    (void)zmq_poll (&item, client->socket ? 1 : 0, wait_ms > INT_MAX ? INT_MAX : (long)wait_ms);
}

/* Works until `enough` says so or the time is over; true if it says so. */
static bool
work_until (tt_client *client, bool (*enough) (const tt_client *, const tt_pending *), const tt_pending *p, int64_t until_us)
{
    while (!enough (client, p)) {
        int64_t now_us = tt_clock_monotonic_us ();
        housekeep (client, now_us);
        if (pump (client, now_us) || enough (client, p))
            continue;
        if (now_us >= until_us)
            return false;
        wait_for_reply (client, until_us, now_us);
    }
    return true;
}

static bool
any_finished (const tt_client *client, const tt_pending *p)
{
    (void)p;
    return client->commands.finished_count > 0;
}

static bool
has_room (const tt_client *client, const tt_pending *p)
{
    (void)p;
    return tt_pending_has_room (&client->commands);
}

static bool
is_finished (const tt_client *client, const tt_pending *p)
{
    return p->slot >= client->commands.under_way_count || client->commands.under_way[p->slot] != p;
}

/* -- results -- */

static void
copy_text (char *out, size_t room, tt_bytes text)
{
    size_t n = text.size < room - 1 ? text.size : room - 1;
    while (n < text.size && n > 0 && (text.data[n] & 0xC0) == 0x80)
        n--;
    if (n > 0)
        memcpy (out, text.data, n);
    out[n] = '\0';
}

static void
read_result (tt_pending *p, tt_call_result *result)
{
    result->violation_count = 0;
    result->retry_after_ms = 0;
    result->replayed = false;
    memcpy (result->traceparent, p->traceparent, sizeof result->traceparent);
    if (!p->answered) {
        result->code = TT_DEADLINE_EXCEEDED;
        copy_text (result->message, sizeof result->message,
                   tt_bytes_of_text ("no reply in time; it may or may not have been done"));
        return;
    }
    tt_reply_header header;
    tt_field_violation room[VIOLATION_ROOM];
    tt_status status = tt_reply_header_decode (frame_bytes (&p->reply_header), &header, room, VIOLATION_ROOM, NULL, NULL);
    assert (status == TT_OK); /* it was decoded when it came */
    (void)status;
    result->code = header.code;
    copy_text (result->message, sizeof result->message, header.message);
    result->retry_after_ms = header.retry_after_ms;
    result->replayed = header.replayed;
    for (; result->violation_count < header.violation_count; result->violation_count++) {
        size_t i = result->violation_count;
        copy_text (result->violations[i].path, sizeof result->violations[i].path, room[i].path);
        copy_text (result->violations[i].reason, sizeof result->violations[i].reason, room[i].reason);
    }
}

/* -- public -- */

static tt_status
keep_traceparent (tt_client *client, const char *text, tt_error *error)
{
    tt_trace trace;
    if (!tt_trace_parse (tt_bytes_of_text (text), &trace))
        return tt_fail (error, TT_INVALID_ARGUMENT, "traceparent: \"%.60s\" is none (W3C Trace Context)", text);
    client->traceparent = tt_alloc (TT_TRACE_TEXT_SIZE);
    tt_trace_format (&trace, client->traceparent);
    return TT_OK;
}

/* The caller's, or one of its own if that is wanted. */
static void
trace_command (const tt_client *client, char out[TT_TRACE_TEXT_SIZE])
{
    if (client->traceparent) {
        memcpy (out, client->traceparent, TT_TRACE_TEXT_SIZE);
    } else if (client->trace) {
        tt_trace own = tt_trace_begin ();
        tt_trace_format (&own, out);
    }
}

tt_status
tt_client_open (tt_client **out, const tt_client_options *options, tt_error *error)
{
    tt_client *client = tt_alloc_zero (1, sizeof *client);
    tt_pending_init (&client->commands);
    client->next_due_us = INT64_MAX;
    client->timeout_us = 1000 * (int64_t)(options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS);
    client->try_us = 1000 * (int64_t)(options->try_ms ? options->try_ms : DEFAULT_TRY_MS);
    client->trace = options->trace;
    client->context = zmq_ctx_new ();
    tt_status status = client->context ? TT_OK : tt_fail (error, TT_RESOURCE_EXHAUSTED, "cannot start ZeroMQ");
    if (status == TT_OK && options->traceparent)
        status = keep_traceparent (client, options->traceparent, error);
    if (status == TT_OK)
        status = tt_endpoints_parse (&client->endpoints, client->context, options->endpoints, "endpoints", error);
    if (status == TT_OK)
        status = connect_to (client, 0, error);
    if (status != TT_OK)
        tt_client_close (&client);
    *out = client;
    return status;
}

void
tt_client_close (tt_client **client)
{
    tt_client *c = *client;
    if (c == NULL)
        return;
    while (c->commands.under_way_count > 0)
        tt_pending_finish (&c->commands, c->commands.under_way[0]);
    while (c->commands.finished) {
        tt_pending *p = tt_pending_take (&c->commands, &c->commands.finished);
        tt_pending_destroy (&p);
    }
    tt_pending_destroy (&c->handed_out);
    tt_socket_close (&c->socket);
    tt_endpoints_free (&c->endpoints);
    if (c->context)
        zmq_ctx_term (c->context);
    free (c->traceparent);
    free (c);
    *client = NULL;
}

/* A new command in the table, sent or about to be. */
static tt_pending *
begin (tt_client *client, const char *method, tt_bytes body)
{
    tt_pending *p = tt_alloc_zero (1, sizeof *p);
    int64_t now_us = tt_clock_monotonic_us ();
    tt_uuid7_make (p->id);
    p->ticket = ++client->last_ticket;
    p->deadline_us = now_us + client->timeout_us;
    trace_command (client, p->traceparent);
    tt_request_header header = {
        .request_id = { p->id, sizeof p->id },
        .method = tt_bytes_of_text (method),
        .deadline_unix_ms = tt_clock_unix_ms () + client->timeout_us / 1000,
        .traceparent = tt_bytes_of_text (p->traceparent),
    };
    tt_request_header_encode (&header, &p->header);
    if (body.size > 0)
        tt_buffer_append (&p->body, body.data, body.size);
    if (client->commands.under_way_count == 0)
        client->heard_us = now_us; /* silence counts from when an answer is owed */
    tt_pending_insert (&client->commands, p);
    send_pending (client, p, now_us);
    if (p->deadline_us < client->next_due_us)
        client->next_due_us = p->deadline_us;
    return p;
}

static tt_status
start (tt_client *client, const char *method, tt_bytes body, tt_pending **out, tt_error *error)
{
    if (method == NULL || *method == '\0' || strlen (method) > TT_METHOD_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "method: expected 1 to %d bytes", TT_METHOD_MAX);
    const tt_pending_table *commands = &client->commands;
    if (commands->finished_count >= MAX_UNRECEIVED || commands->finished_bytes >= MAX_UNRECEIVED_BYTES)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "%zu replies of %zu bytes have not been received yet", commands->finished_count,
                        commands->finished_bytes);
    (void)work_until (client, has_room, NULL, INT64_MAX);
    *out = begin (client, method, body);
    return TT_OK;
}

tt_status
tt_client_send (tt_client *client, const char *method, tt_bytes body, uint64_t *ticket, tt_error *error)
{
    tt_pending *p = NULL;
    tt_status status = start (client, method, body, &p, error);
    if (status == TT_OK && ticket)
        *ticket = p->ticket;
    return status;
}

tt_status
tt_client_receive (tt_client *client, int wait_ms, tt_client_reply *reply)
{
    tt_pending_destroy (&client->handed_out);
    if (client->commands.under_way_count == 0 && client->commands.finished_count == 0)
        return TT_NOT_FOUND;
    int64_t until_us = wait_ms < 0 ? INT64_MAX : tt_clock_monotonic_us () + (int64_t)wait_ms * 1000;
    if (!work_until (client, any_finished, NULL, until_us))
        return TT_DEADLINE_EXCEEDED;
    tt_pending *p = tt_pending_take (&client->commands, &client->commands.finished);
    client->handed_out = p;
    reply->ticket = p->ticket;
    reply->body = p->answered ? frame_bytes (&p->reply_body) : TT_BYTES_NONE;
    read_result (p, &reply->result);
    return TT_OK;
}

size_t
tt_client_in_flight (const tt_client *client)
{
    return client->commands.under_way_count + client->commands.finished_count;
}

tt_client_counts
tt_client_count (const tt_client *client)
{
    return client->counts;
}

static tt_status
unpack_reply (tt_pending *p, const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **reply, tt_call_result *result)
{
    tt_bytes body = frame_bytes (&p->reply_body);
    *reply = protobuf_c_message_unpack (descriptor, NULL, body.size, body.data);
    if (*reply)
        return TT_OK;
    result->code = TT_DATA_LOSS;
    snprintf (result->message, sizeof result->message, "the reply is no %s", descriptor->name);
    return TT_DATA_LOSS;
}

tt_status
tt_client_call (tt_client *client, const char *method, const ProtobufCMessage *request,
                const ProtobufCMessageDescriptor *reply_descriptor, ProtobufCMessage **reply, tt_call_result *result)
{
    tt_buffer body = { 0 };
    tt_error error = { 0 };
    tt_pending *p = NULL;
    if (reply)
        *reply = NULL;
    size_t size = protobuf_c_message_get_packed_size (request);
    body.size = protobuf_c_message_pack (request, tt_buffer_reserve (&body, size));
    result->code = start (client, method, (tt_bytes){ body.data, body.size }, &p, &error);
    tt_buffer_free (&body);
    if (result->code != TT_OK) {
        *result = (tt_call_result){ .code = error.code };
        copy_text (result->message, sizeof result->message, tt_bytes_of_text (error.message));
        return result->code;
    }
    (void)work_until (client, is_finished, p, INT64_MAX);
    tt_pending **link = &client->commands.finished; /* others, sent before by tt_client_send, stay for tt_client_receive */
    while (*link != p)
        link = &(*link)->next;
    p = tt_pending_take (&client->commands, link);
    read_result (p, result);
    if (result->code == TT_OK && reply)
        (void)unpack_reply (p, reply_descriptor, reply, result);
    tt_pending_destroy (&p);
    return result->code;
}
