#include "bus/replay_client.h"

#include <stdio.h>
#include <string.h>

#include "bus/endpoint.h"
#include "wire/envelope.h"

#define METHOD_REPLAY "techtransfer.v1.Journal/Replay"
#define METHOD_HEADS "techtransfer.v1.Journal/GetHeads"

/* Field numbers of envelope.proto. */
enum { REQUEST_PARTITION = 1, REQUEST_FROM = 2, REQUEST_FILTERS = 4, REQUEST_AFTER_ID = 5, REQUEST_EPOCH = 6 };
enum { REPLY_EVENTS = 1, REPLY_NEXT = 2, REPLY_HEAD = 3 };
enum { RAW_TOPIC = 1, RAW_HEADER = 2, RAW_BODY = 3 };
enum { HEAD_PARTITION = 1, HEAD_HEAD = 2, HEAD_EARLIEST = 3, HEAD_ID = 4, HEAD_EPOCH = 5, HEAD_EPOCHS = 8 };
enum { EPOCH_ID = 1, EPOCH_FIRST = 2 };

/* -- asking -- */

static bool
ask (tt_replay *replay, tt_replay_kind kind, const char *method, tt_bytes body, int64_t now_us)
{
    replay->asked = TT_REPLAY_NOTHING;
    if (replay->socket == NULL)
        return false;
    tt_buffer header = { 0 };
    tt_uuid7_make (replay->id);
    tt_request_header fields = { .request_id = { replay->id, TT_UUID_SIZE }, .method = tt_bytes_of_text (method) };
    tt_request_header_encode (&fields, &header);
    bool sent = zmq_send (replay->socket, header.data, header.size, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0
                && zmq_send (replay->socket, body.data, body.size, ZMQ_DONTWAIT) >= 0;
    tt_buffer_free (&header);
    if (sent)
        replay->asked = kind;
    replay->sent_us = now_us;
    return sent;
}

bool
tt_replay_ask_events (tt_replay *replay, const tt_replay_query *query, int64_t now_us)
{
    tt_buffer *body = &replay->scratch;
    tt_buffer_clear (body);
    tt_wire_add_varint (body, REQUEST_PARTITION, query->partition);
    tt_wire_add_varint (body, REQUEST_FROM, query->from);
    for (size_t i = 0; i < query->filter_count; i++)
        tt_wire_put_bytes (body, REQUEST_FILTERS, tt_bytes_of_text (query->filters[i]));
    tt_wire_add_bytes (body, REQUEST_AFTER_ID, tt_bytes_of_text (query->after_id));
    tt_wire_add_bytes (body, REQUEST_EPOCH, tt_bytes_of_text (query->epoch));
    replay->partition = query->partition;
    replay->from = query->from;
    return ask (replay, TT_REPLAY_EVENTS, METHOD_REPLAY, (tt_bytes){ body->data, body->size }, now_us);
}

bool
tt_replay_ask_heads (tt_replay *replay, int64_t now_us)
{
    return ask (replay, TT_REPLAY_HEADS, METHOD_HEADS, TT_BYTES_NONE, now_us);
}

void
tt_replay_cancel (tt_replay *replay)
{
    replay->asked = TT_REPLAY_NOTHING;
}

void
tt_replay_client_close (tt_replay *replay)
{
    tt_socket_close (&replay->socket);
    tt_buffer_free (&replay->scratch);
    replay->asked = TT_REPLAY_NOTHING;
}

/* -- replies -- */

static tt_bytes
frame_bytes (const zmq_msg_t *frame)
{
    zmq_msg_t *f = (zmq_msg_t *)frame; /* libzmq reads it only, but does not say so */
    return (tt_bytes){ zmq_msg_data (f), zmq_msg_size (f) };
}

/* True if this header answers what is under way. */
static bool
read_header (tt_replay *replay, zmq_msg_t *frame, tt_replay_reply *reply)
{
    tt_reply_header header;
    tt_field_violation room[4];
    if (tt_reply_header_decode (frame_bytes (frame), &header, room, 4, NULL, NULL) != TT_OK)
        return false;
    if (replay->asked == TT_REPLAY_NOTHING || !tt_bytes_equal (header.request_id, (tt_bytes){ replay->id, TT_UUID_SIZE }))
        return false;
    reply->kind = replay->asked;
    reply->partition = replay->partition;
    reply->from = replay->from;
    reply->code = header.code;
    reply->retry_after_ms = header.retry_after_ms;
    snprintf (reply->message, sizeof reply->message, "%.*s", (int)header.message.size, (const char *)header.message.data);
    return true;
}

bool
tt_replay_receive (tt_replay *replay, tt_replay_reply *reply)
{
    bool found = false;
    zmq_msg_t header;
    zmq_msg_init (&header);
    while (!found && replay->socket && zmq_msg_recv (&header, replay->socket, ZMQ_DONTWAIT) >= 0) {
        bool more = zmq_msg_more (&header);
        int frames = 1;
        for (; more && zmq_msg_recv (&reply->body, replay->socket, ZMQ_DONTWAIT) >= 0; frames++)
            more = zmq_msg_more (&reply->body);
        found = frames == 2 && read_header (replay, &header, reply);
    }
    zmq_msg_close (&header);
    if (found)
        replay->asked = TT_REPLAY_NOTHING;
    return found;
}

/* -- batches -- */

static bool
read_epoch (tt_bytes bytes, tt_lineage *lineage)
{
    tt_wire_reader reader = tt_wire_read (bytes);
    tt_wire_field field;
    tt_wire_step step;
    tt_bytes epoch = TT_BYTES_NONE;
    uint64_t first = 0;
    while ((step = tt_wire_next (&reader, &field)) == TT_WIRE_FIELD) {
        if (field.number == EPOCH_ID && field.type == TT_WIRE_BYTES)
            epoch = field.bytes;
        else if (field.number == EPOCH_FIRST && field.type == TT_WIRE_VARINT)
            first = field.value;
    }
    if (step == TT_WIRE_END && first > 0)
        tt_lineage_add (lineage, first, epoch);
    return step == TT_WIRE_END && first > 0;
}

static bool
read_head (tt_bytes bytes, tt_replay_head *head)
{
    tt_wire_reader reader = tt_wire_read (bytes);
    tt_wire_field field;
    tt_wire_step step;
    while ((step = tt_wire_next (&reader, &field)) == TT_WIRE_FIELD) {
        bool text = field.number == HEAD_ID || field.number == HEAD_EPOCH || field.number == HEAD_EPOCHS;
        if ((field.number <= HEAD_EPOCH || text) && field.type != (text ? TT_WIRE_BYTES : TT_WIRE_VARINT))
            return false;
        switch (field.number) {
        case HEAD_PARTITION:
            head->partition = (uint32_t)field.value;
            break;
        case HEAD_HEAD:
            head->head = field.value;
            break;
        case HEAD_EARLIEST:
            head->earliest = field.value;
            break;
        case HEAD_ID:
            head->head_id = field.bytes;
            break;
        case HEAD_EPOCH:
            head->epoch = field.bytes;
            break;
        case HEAD_EPOCHS:
            if (!read_epoch (field.bytes, &head->lineage))
                return false;
            break;
        default:
            break;
        }
    }
    return step == TT_WIRE_END;
}

static bool
read_reply (tt_replay_batch *batch)
{
    tt_wire_reader reader = batch->reader;
    tt_wire_field field;
    tt_wire_step step;
    while ((step = tt_wire_next (&reader, &field)) == TT_WIRE_FIELD) {
        if (field.number == REPLY_NEXT && field.type == TT_WIRE_VARINT)
            batch->next_sequence = field.value;
        else if (field.number == REPLY_HEAD && (field.type != TT_WIRE_BYTES || !read_head (field.bytes, &batch->head)))
            return false;
        else if (field.number == REPLY_EVENTS && field.type != TT_WIRE_BYTES)
            return false;
    }
    return step == TT_WIRE_END && batch->next_sequence >= 1 && batch->head.partition == batch->partition;
}

tt_status
tt_replay_batch_open (tt_replay_batch *batch, zmq_msg_t *frame, uint32_t partition)
{
    tt_replay_batch_close (batch);
    zmq_msg_init (&batch->frame);
    zmq_msg_move (&batch->frame, frame);
    batch->open = true;
    batch->partition = partition;
    batch->reader = tt_wire_read (frame_bytes (&batch->frame));
    if (read_reply (batch))
        return TT_OK;
    tt_replay_batch_close (batch);
    return TT_DATA_LOSS;
}

static bool
next_raw (tt_wire_reader *reader, tt_bytes *raw)
{
    tt_wire_field field;
    while (tt_wire_next (reader, &field) == TT_WIRE_FIELD)
        if (field.number == REPLY_EVENTS) {
            *raw = field.bytes;
            return true;
        }
    return false;
}

static void
split_raw (tt_bytes raw, tt_bytes *topic, tt_bytes *header, tt_bytes *body)
{
    *topic = *header = *body = TT_BYTES_NONE;
    tt_wire_reader reader = tt_wire_read (raw);
    tt_wire_field field;
    while (tt_wire_next (&reader, &field) == TT_WIRE_FIELD) {
        if (field.type != TT_WIRE_BYTES)
            continue;
        if (field.number == RAW_TOPIC)
            *topic = field.bytes;
        else if (field.number == RAW_HEADER)
            *header = field.bytes;
        else if (field.number == RAW_BODY)
            *body = field.bytes;
    }
}

bool
tt_replay_batch_next (tt_replay_batch *batch, tt_bytes *topic, tt_bytes *header, tt_bytes *body)
{
    tt_bytes raw;
    if (!batch->open || !next_raw (&batch->reader, &raw))
        return false;
    split_raw (raw, topic, header, body);
    return true;
}

bool
tt_replay_batch_last (const tt_replay_batch *batch, uint64_t *sequence, tt_bytes *id)
{
    tt_wire_reader reader = batch->reader;
    tt_bytes raw = TT_BYTES_NONE;
    while (next_raw (&reader, &raw))
        ;
    tt_bytes topic, header, body;
    split_raw (raw, &topic, &header, &body);
    tt_event_header fields;
    if (header.size == 0 || tt_event_header_decode (header, &fields, NULL) != TT_OK)
        return false;
    *sequence = fields.sequence;
    *id = fields.id;
    return true;
}

void
tt_replay_batch_close (tt_replay_batch *batch)
{
    if (batch->open)
        zmq_msg_close (&batch->frame);
    tt_lineage_free (&batch->head.lineage);
    *batch = (tt_replay_batch){ 0 };
}
