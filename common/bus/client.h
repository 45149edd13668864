/* The request/reply client: sends commands to any of several endpoints of a service and never has one done twice.
 *
 *     tt_client *client = NULL;
 *     tt_client_options options = { .endpoints = "tcp://127.0.0.1:5710" };
 *     if (tt_client_open (&client, &options, &error) == TT_OK)
 *         status = tt_client_call (client, "techtransfer.patent.v1.PatentAlert/PutWatch", &request.base, &reply_descriptor, &reply, &result);
 *     tt_client_close (&client);
 *
 * A command without a reply is sent again with the same request id, on a fresh connection and to the next endpoint, until its deadline. A
 * client is owned by one thread. */
#ifndef TT_BUS_CLIENT_H
#define TT_BUS_CLIENT_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/buffer.h"

typedef struct tt_client tt_client;

typedef struct {
    const char *endpoints;     /* required: "tcp://host:port", several with commas; names that stand for several addresses are fine */
    uint32_t timeout_ms;       /* deadline of a command from its first send; 0 = 30000 */
    uint32_t try_ms;           /* without a reply for so long it is sent again; 0 = 2000 */
    const char *traceparent;   /* W3C Trace Context of the caller, which all commands carry; NULL: none */
    bool trace;                /* without one: each command begins a trace of its own, named in its result */
} tt_client_options;

/* TT_INVALID_ARGUMENT: the endpoints or the traceparent are none. */
TT_MUST_USE tt_status tt_client_open (tt_client **out, const tt_client_options *options, tt_error *error);
void tt_client_close (tt_client **client);

typedef struct {
    tt_status code;
    char message[480];
    bool replayed;
    uint32_t retry_after_ms;
    char traceparent[56];      /* that it was sent with, or "" */
    size_t violation_count;    /* the first 16 are kept */
    struct {
        char path[128];
        char reason[256];
    } violations[16];
} tt_call_result;

/* One command, blocking until its reply or its deadline. *reply (may be NULL if the caller wants none) is the caller's, to be freed by
 * protobuf_c_message_free_unpacked (*reply, NULL); NULL unless TT_OK is returned. Returns result->code; TT_DEADLINE_EXCEEDED if no reply
 * came in time (it may or may not have been done), TT_DATA_LOSS if the reply could not be read. RESOURCE_EXHAUSTED, ABORTED and UNAVAILABLE
 * are tried again after retry_after_ms while there is time. */
TT_MUST_USE tt_status tt_client_call (tt_client *client, const char *method, const ProtobufCMessage *request,
                                      const ProtobufCMessageDescriptor *reply_descriptor, ProtobufCMessage **reply,
                                      tt_call_result *result);

/* Several at a time: send (blocks only while 4096, or 64 MiB of them, are under way), then receive. *ticket (may be NULL) names the command in
 * tt_client_receive. body: the packed request, copied. */
TT_MUST_USE tt_status tt_client_send (tt_client *client, const char *method, tt_bytes body, uint64_t *ticket, tt_error *error);
typedef struct {
    uint64_t ticket;
    tt_call_result result;
    tt_bytes body;             /* borrowed until the next call on this client */
} tt_client_reply;
/* The next reply or final failure of any command under way, waiting at most wait_ms (-1: until one comes or times out).
 * TT_NOT_FOUND if nothing is under way, TT_DEADLINE_EXCEEDED if nothing came within wait_ms. */
TT_MUST_USE tt_status tt_client_receive (tt_client *client, int wait_ms, tt_client_reply *reply);
size_t tt_client_in_flight (const tt_client *client);

typedef struct {
    uint64_t sends;           /* tries, first ones and repeated ones */
    uint64_t failovers;       /* a silent connection was left for a fresh one */
    uint64_t dropped_replies; /* unreadable, or for nothing under way: late doubles */
} tt_client_counts;
tt_client_counts tt_client_count (const tt_client *client);

#endif
