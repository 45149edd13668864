#include "bus/request.h"

#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"

#define CLOCK_AHEAD_MS 600000 /* a client's clock may run ahead of ours by so much */

/* True if another part follows. */
static bool
receive_part (void *router, zmq_msg_t *part)
{
    zmq_msg_recv (part, router, 0); /* parts of a message arrive together: this does not wait */
    return zmq_msg_more (part);
}

tt_request *
tt_request_receive (void *router)
{
    zmq_msg_t identity;
    zmq_msg_init (&identity);
    if (zmq_msg_recv (&identity, router, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close (&identity);
        return NULL;
    }
    tt_request *request = tt_alloc (sizeof *request);
    *request = (tt_request){ .received_us = tt_clock_monotonic_us () };
    zmq_msg_init (&request->identity);
    zmq_msg_move (&request->identity, &identity);
    zmq_msg_close (&identity);
    zmq_msg_init (&request->header_frame);
    zmq_msg_init (&request->body_frame);
    bool more = zmq_msg_more (&request->identity);
    if (more) {
        more = receive_part (router, &request->header_frame);
        request->frames++;
    }
    if (more && zmq_msg_size (&request->header_frame) == 0) {
        request->delimiter = true;
        more = receive_part (router, &request->header_frame);
    }
    for (; more; request->frames++)
        more = receive_part (router, &request->body_frame);
    return request;
}

void
tt_request_free (tt_request *request)
{
    zmq_msg_close (&request->identity);
    zmq_msg_close (&request->header_frame);
    zmq_msg_close (&request->body_frame);
    free (request);
}

static size_t
bytes_of (tt_request *request)
{
    return sizeof *request + zmq_msg_size (&request->header_frame) + zmq_msg_size (&request->body_frame);
}

size_t
tt_request_wait (tt_request *request, tt_fair_queue *queue, void *router, uint32_t retry_after_ms)
{
    tt_bytes client = { zmq_msg_data (&request->identity), zmq_msg_size (&request->identity) };
    tt_fair_item *refused = tt_fair_queue_push (queue, client, &request->item, bytes_of (request));
    size_t count = 0;
    for (; refused; count++) {
        tt_request *loser = (tt_request *) refused;
        refused = refused->next;
        tt_request_turn_away (router, loser, "the queue is full, and most of what waits in it is yours", retry_after_ms);
    }
    return count;
}

tt_request *
tt_request_next (tt_fair_queue *queue)
{
    return (tt_request *) tt_fair_queue_pop (queue);
}

tt_status
tt_request_check (tt_request *request, int64_t now_unix_ms, uint32_t remember_ms, size_t body_max, tt_error *error)
{
    tt_bytes frame = { zmq_msg_data (&request->header_frame), zmq_msg_size (&request->header_frame) };
    if (request->frames == 2) {
        tt_status status = tt_request_header_decode (frame, &request->header, error);
        if (status != TT_OK)
            return status;
    } else {
        return tt_fail (error, TT_INVALID_ARGUMENT, "a command has two frames, RequestHeader and body; this one has %zu", request->frames);
    }
    int64_t made = tt_uuid7_unix_ms (request->header.request_id.data);
    if (made < 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "request_id: a UUID version 7 is expected");
    if (made > now_unix_ms + CLOCK_AHEAD_MS)
        return tt_fail (error, TT_INVALID_ARGUMENT, "request_id: made %lld s in the future; is the clock right?",
                        (long long) (made - now_unix_ms) / 1000);
    if (made < now_unix_ms - (int64_t) remember_ms)
        return tt_fail (error, TT_FAILED_PRECONDITION, "request_id: made %lld s ago; outcomes are remembered for %u s, so it cannot be said "
                        "whether it was done", (long long) (now_unix_ms - made) / 1000, remember_ms / 1000);
    if (request->header.deadline_unix_ms && request->header.deadline_unix_ms < now_unix_ms)
        return tt_fail (error, TT_DEADLINE_EXCEEDED, "the deadline passed %lld ms ago; nothing was done",
                        (long long) (now_unix_ms - request->header.deadline_unix_ms));
    if (zmq_msg_size (&request->body_frame) > body_max)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the body has %zu bytes, the limit is %zu", zmq_msg_size (&request->body_frame), body_max);
    return TT_OK;
}

static void *
arena_alloc (void *arena, size_t size)
{
    return tt_arena_alloc (arena, size);
}

static void
arena_free (void *arena, void *memory)
{
    (void) arena;
    (void) memory; /* the arena frees all at once */
}

const ProtobufCMessage *
tt_unpack_in (tt_arena *arena, const ProtobufCMessageDescriptor *type, tt_bytes body)
{
    ProtobufCAllocator allocator = { arena_alloc, arena_free, arena };
    return protobuf_c_message_unpack (type, &allocator, body.size, body.data);
}

static bool
send_part (void *router, const void *data, size_t size, int flags)
{
    return zmq_send (router, data, size, flags | ZMQ_DONTWAIT) >= 0;
}

void
tt_request_reply (void *router, tt_request *request, const tt_reply_header *header, tt_bytes body)
{
    tt_reply_header full = *header;
    full.request_id = request->header.request_id;
    tt_buffer encoded = { 0 };
    tt_reply_header_encode (&full, &encoded);
    if (zmq_msg_send (&request->identity, router, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 && (!request->delimiter || send_part (router, "", 0, ZMQ_SNDMORE))
        && send_part (router, encoded.data, encoded.size, ZMQ_SNDMORE))
        send_part (router, body.data ? (const void *) body.data : "", body.size, 0);
    tt_buffer_free (&encoded);
}

void
tt_request_refuse (void *router, tt_request *request, tt_status code, const char *message, uint32_t retry_after_ms)
{
    tt_reply_header header = { .code = code, .message = tt_bytes_of_text (message), .retry_after_ms = retry_after_ms };
    tt_request_reply (router, request, &header, TT_BYTES_NONE);
}

void
tt_request_turn_away (void *router, tt_request *request, const char *message, uint32_t retry_after_ms)
{
    tt_bytes frame = { zmq_msg_data (&request->header_frame), zmq_msg_size (&request->header_frame) };
    tt_error ignored; /* only to read the request id */
    if (request->frames == 2)
        (void) !tt_request_header_decode (frame, &request->header, &ignored);
    tt_request_refuse (router, request, TT_RESOURCE_EXHAUSTED, message, retry_after_ms);
    tt_request_free (request);
}
