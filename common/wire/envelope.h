/* The envelope on the wire: RequestHeader, ReplyHeader, EventHeader and the frames of an event (proto/envelope.proto).
 *
 * Plain structs with views into the frame that was decoded: nothing is allocated, and a view lives as long as its frame.
 * Encoders append exactly the bytes that the generated code would pack. Unknown fields are skipped; of a field that comes
 * twice the last value counts. Decoders take hostile bytes: every bound is checked, text must be UTF-8 without NUL, and
 * a known field of another wire type is an error. Not for bodies. Thread-safe: values only. */
#ifndef TT_WIRE_ENVELOPE_H
#define TT_WIRE_ENVELOPE_H

#include "base/buffer.h"

/* Limits in bytes. */
#define TT_REQUEST_ID_SIZE 16
#define TT_METHOD_MAX 128
#define TT_TRACEPARENT_MAX 128
#define TT_REQUEST_HEADER_MAX 4096
#define TT_REPLY_HEADER_MAX 1048576
#define TT_EVENT_HEADER_MAX 8192
#define TT_EVENT_ID_MAX 128 /* id, previous_id and epoch */
#define TT_SUBJECT_MAX 512  /* subject and partitionkey */

typedef struct {
    tt_bytes request_id; /* 16 bytes */
    tt_bytes method;     /* "package.Service/Method" */
    int64_t deadline_unix_ms; /* 0 = none */
    tt_bytes traceparent;     /* or empty */
} tt_request_header;

/* TT_INVALID_ARGUMENT if the frame is no RequestHeader, or request_id or method is missing or has a wrong size, or the deadline
 * is negative. Even then out->request_id is what was read of it: 16 bytes, or none, so that the refusal can carry it. */
TT_MUST_USE tt_status tt_request_header_decode (tt_bytes frame, tt_request_header *out, tt_error *error);
void tt_request_header_encode (const tt_request_header *header, tt_buffer *out);

typedef struct {
    tt_bytes path;
    tt_bytes reason;
} tt_field_violation;

typedef struct {
    tt_bytes request_id; /* 16 bytes, or none */
    tt_status code;
    tt_bytes message;
    const tt_field_violation *violations; /* borrowed */
    size_t violation_count;
    uint32_t retry_after_ms;
    bool replayed;
} tt_reply_header;

/* Violations go to room[capacity] (borrowed by *out); what is past capacity is left off and counted in *left_off (may be NULL).
 * TT_INVALID_ARGUMENT as above. A code outside 0 to 16 becomes TT_UNKNOWN, as gRPC reads it. */
TT_MUST_USE tt_status tt_reply_header_decode (tt_bytes frame, tt_reply_header *out, tt_field_violation *room, size_t capacity,
                                              size_t *left_off, tt_error *error);
void tt_reply_header_encode (const tt_reply_header *header, tt_buffer *out);

typedef struct {
    tt_bytes id;
    tt_bytes source;
    tt_bytes type;
    tt_bytes subject;
    tt_bytes time;
    tt_bytes dataschema;
    tt_bytes partitionkey;
    tt_bytes traceparent;
    tt_bytes stream;
    uint32_t partition;
    uint64_t sequence;
    tt_bytes previous_id;
    tt_bytes epoch;
} tt_event_header;

/* TT_INVALID_ARGUMENT if the frame is no EventHeader. What a journal entry lacks (stream to epoch) may be missing. */
TT_MUST_USE tt_status tt_event_header_decode (tt_bytes frame, tt_event_header *out, tt_error *error);
void tt_event_header_encode (const tt_event_header *header, tt_buffer *out);

/* Appends stream, partition, sequence, previous_id and epoch of *position to an encoded header: protobuf merges what is
 * concatenated and the last value wins, so these five replace whatever stood there, also with 0 and empty. The rest of
 * *position is not read. */
void tt_event_header_patch (const tt_event_header *position, tt_buffer *encoded);

/* An event as it travels: three frames. */
typedef struct {
    tt_bytes topic;
    tt_event_header header;
    tt_bytes body;
} tt_wire_event;

/* Checks and decodes the three frames of a live event: topic (tt_topic_valid), header with id, type, stream and sequence (1 to 2^63-1).
 * TT_INVALID_ARGUMENT says what is wrong. */
TT_MUST_USE tt_status tt_wire_event_decode (tt_bytes topic, tt_bytes header, tt_bytes body, tt_wire_event *out, tt_error *error);

/* Appends one element of ReplayReply.events (a RawEvent) to an encoded ReplayReply. */
void tt_replay_event_append (tt_buffer *reply, tt_bytes topic, tt_bytes header, tt_bytes body);

#endif
