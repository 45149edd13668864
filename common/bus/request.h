/* One command as it came from a ROUTER socket, and its reply. Private to bus/: shared by the responder and the replay server.
 * Frames in: identity, an empty delimiter if the peer is a REQ, RequestHeader, body. Out: the same with ReplyHeader. */
#ifndef TT_BUS_REQUEST_H
#define TT_BUS_REQUEST_H

#include <protobuf-c/protobuf-c.h>
#include <zmq.h>

#include "base/arena.h"
#include "bus/fair_queue.h"
#include "wire/envelope.h"

typedef struct tt_request {
    tt_fair_item item; /* first: where it waits */
    zmq_msg_t identity;
    zmq_msg_t header_frame;
    zmq_msg_t body_frame;
    bool delimiter;
    int64_t received_us; /* monotonic */
    size_t frames; /* behind identity and delimiter; 2 is right */
    tt_request_header header; /* views into header_frame */
} tt_request;

/* The next message without waiting; NULL if there is none. Must be freed. */
tt_request *tt_request_receive (void *router);
void tt_request_free (tt_request *request);
/* Puts it where it waits for its turn among the requests of all connections. What no longer has room there is refused with
 * RESOURCE_EXHAUSTED under its own request id, and freed; returns how many. */
size_t tt_request_wait (tt_request *request, tt_fair_queue *queue, void *router, uint32_t retry_after_ms);
/* The next in turn, now the caller's; NULL if none waits. */
tt_request *tt_request_next (tt_fair_queue *queue);
/* Decodes the header and checks what is common to all commands: form, age of the request id (remembered for remember_ms), deadline,
 * size of the body. */
TT_MUST_USE tt_status tt_request_check (tt_request *request, int64_t now_unix_ms, uint32_t remember_ms, size_t body_max, tt_error *error);
static inline tt_bytes
tt_request_body (tt_request *request)
{
    return (tt_bytes){ zmq_msg_data (&request->body_frame), zmq_msg_size (&request->body_frame) };
}
/* Unpacks the body into the arena; NULL if it is no such message. */
const ProtobufCMessage *tt_unpack_in (tt_arena *arena, const ProtobufCMessageDescriptor *type, tt_bytes body);

/* Sends a reply; the header's request_id is filled in from the request. Never waits: a peer that is gone or full loses its reply and asks
 * again under the same request id. */
void tt_request_reply (void *router, tt_request *request, const tt_reply_header *header, tt_bytes body);
/* A reply that only says why not. */
void tt_request_refuse (void *router, tt_request *request, tt_status code, const char *message, uint32_t retry_after_ms);
/* The same for one that was not looked at, which is freed: RESOURCE_EXHAUSTED under its own request id. */
void tt_request_turn_away (void *router, tt_request *request, const char *message, uint32_t retry_after_ms);

#endif
