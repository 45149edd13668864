#include "wire/envelope.h"

#include <string.h>

#include "base/text.h"
#include "wire/protowire.h"
#include "wire/topic.h"

/* What a header's field may hold, and where its value goes. One table for each message drives decoding. */
typedef enum { TEXT, BYTES, UINT32, UINT64, INT64, BOOL, ENUM, NESTED } field_kind;

typedef struct {
    const char *name;
    uint32_t number;
    field_kind kind;
    size_t offset; /* in the struct; of a tt_bytes or of the number */
    size_t limit;  /* most bytes of a text or bytes field */
} field_rule;

typedef struct {
    const char *message;
    const field_rule *rules; /* rules[i].number == i + 1 */
    size_t rule_count;
    size_t size_max;
} header_rules;

#define RULE(struct_, name_, number_, kind_, limit_) { #name_, number_, kind_, offsetof (struct_, name_), limit_ }

static const field_rule request_fields[] = {
    RULE (tt_request_header, request_id, 1, BYTES, TT_REQUEST_ID_SIZE),
    RULE (tt_request_header, method, 2, TEXT, TT_METHOD_MAX),
    RULE (tt_request_header, deadline_unix_ms, 3, INT64, 0),
    RULE (tt_request_header, traceparent, 4, TEXT, TT_TRACEPARENT_MAX),
};
static const header_rules request_rules = { "RequestHeader", request_fields, 4, TT_REQUEST_HEADER_MAX };

static const field_rule reply_fields[] = {
    RULE (tt_reply_header, request_id, 1, BYTES, TT_REQUEST_ID_SIZE),
    RULE (tt_reply_header, code, 2, ENUM, 0),
    RULE (tt_reply_header, message, 3, TEXT, TT_REPLY_HEADER_MAX),
    RULE (tt_reply_header, violations, 4, NESTED, TT_REPLY_HEADER_MAX),
    RULE (tt_reply_header, retry_after_ms, 5, UINT32, 0),
    RULE (tt_reply_header, replayed, 6, BOOL, 0),
};
static const header_rules reply_rules = { "ReplyHeader", reply_fields, 6, TT_REPLY_HEADER_MAX };

static const field_rule violation_fields[] = {
    RULE (tt_field_violation, path, 1, TEXT, TT_REPLY_HEADER_MAX),
    RULE (tt_field_violation, reason, 2, TEXT, TT_REPLY_HEADER_MAX),
};
static const header_rules violation_rules = { "FieldViolation", violation_fields, 2, TT_REPLY_HEADER_MAX };

static const field_rule event_fields[] = {
    RULE (tt_event_header, id, 1, TEXT, TT_EVENT_ID_MAX),
    RULE (tt_event_header, source, 2, TEXT, TT_SUBJECT_MAX),
    RULE (tt_event_header, type, 3, TEXT, TT_METHOD_MAX),
    RULE (tt_event_header, subject, 4, TEXT, TT_SUBJECT_MAX),
    RULE (tt_event_header, time, 5, TEXT, 64),
    RULE (tt_event_header, dataschema, 6, TEXT, TT_SUBJECT_MAX),
    RULE (tt_event_header, partitionkey, 7, TEXT, TT_SUBJECT_MAX),
    RULE (tt_event_header, traceparent, 8, TEXT, TT_TRACEPARENT_MAX),
    RULE (tt_event_header, stream, 9, TEXT, 64),
    RULE (tt_event_header, partition, 10, UINT32, 0),
    RULE (tt_event_header, sequence, 11, UINT64, 0),
    RULE (tt_event_header, previous_id, 12, TEXT, TT_EVENT_ID_MAX),
    RULE (tt_event_header, epoch, 13, TEXT, TT_EVENT_ID_MAX),
};
static const header_rules event_rules = { "EventHeader", event_fields, 13, TT_EVENT_HEADER_MAX };

/* Nearly all header text is ASCII: that is decided eight bytes at a time, without decoding characters. */
static bool
plain_ascii (tt_bytes text)
{
    const uint64_t low = UINT64_C (0x0101010101010101), high = low << 7;
    uint64_t odd = 0;
    size_t i = 0;
    for (; text.size - i >= 8; i += 8) {
        uint64_t word;
        memcpy (&word, text.data + i, 8);
        odd |= (word | ((word - low) & ~word)) & high; /* a byte of 0x80 and more, or a NUL */
    }
    for (; i < text.size; i++)
        odd |= text.data[i] - 1U >= 0x7FU;
    return odd == 0;
}

static bool
valid_text (tt_bytes text)
{
    return plain_ascii (text) || tt_text_valid (text, NULL);
}

static tt_status
store_bytes (const header_rules *header, const field_rule *rule, tt_bytes bytes, void *out, tt_error *error)
{
    if (bytes.size > rule->limit)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s.%s: %zu bytes, at most %zu are allowed", header->message, rule->name,
                        bytes.size, rule->limit);
    if (rule->kind == TEXT && !valid_text (bytes))
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s.%s: not UTF-8 without NUL", header->message, rule->name);
    memcpy ((char *) out + rule->offset, &bytes, sizeof bytes);
    return TT_OK;
}

static tt_status
store_number (const header_rules *header, const field_rule *rule, uint64_t value, void *out, tt_error *error)
{
    void *place = (char *) out + rule->offset;
    uint32_t narrow = (uint32_t) value;
    bool flag = value != 0;
    tt_status code = value < TT_STATUS_COUNT ? (tt_status) value : TT_UNKNOWN;
    switch (rule->kind) {
    case UINT32:
        if (value > UINT32_MAX)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s.%s: more than 32 bits", header->message, rule->name);
        memcpy (place, &narrow, sizeof narrow);
        break;
    case BOOL:
        memcpy (place, &flag, sizeof flag);
        break;
    case ENUM:
        memcpy (place, &code, sizeof code);
        break;
    default:
        memcpy (place, &value, sizeof value);
    }
    return TT_OK;
}

static tt_status
store_field (const header_rules *header, const field_rule *rule, const tt_wire_field *field, void *out, tt_error *error)
{
    bool counted = rule->kind == TEXT || rule->kind == BYTES || rule->kind == NESTED;
    tt_wire_type wanted = counted ? TT_WIRE_BYTES : TT_WIRE_VARINT;
    if (field->type != wanted)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s.%s: wire type %d where %d is expected", header->message, rule->name,
                        (int) field->type, (int) wanted);
    if (rule->kind == NESTED)
        return TT_OK; /* the caller looks at it */
    return counted ? store_bytes (header, rule, field->bytes, out, error)
                   : store_number (header, rule, field->value, out, error);
}

/* One step of decoding: the next field, stored if it is known. *field tells the caller what it was. */
static tt_wire_step
decode_step (const header_rules *header, tt_wire_reader *reader, tt_wire_field *field, void *out, tt_error *error)
{
    tt_wire_step step = tt_wire_next (reader, field);
    if (step == TT_WIRE_MALFORMED) {
        tt_fail (error, TT_INVALID_ARGUMENT, "%s: malformed or truncated protobuf", header->message);
        return step;
    }
    if (step == TT_WIRE_FIELD && field->number <= header->rule_count
        && store_field (header, &header->rules[field->number - 1], field, out, error) != TT_OK)
        return TT_WIRE_MALFORMED;
    return step;
}

static tt_status
check_size (const header_rules *header, tt_bytes frame, tt_error *error)
{
    if (frame.size > header->size_max)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: %zu bytes, at most %zu are allowed", header->message, frame.size,
                        header->size_max);
    return TT_OK;
}

static tt_status
decode (const header_rules *header, tt_bytes frame, void *out, tt_error *error)
{
    tt_status status = check_size (header, frame, error);
    if (status != TT_OK)
        return status;
    tt_wire_reader reader = tt_wire_read (frame);
    tt_wire_field field;
    tt_wire_step step;
    while ((step = decode_step (header, &reader, &field, out, error)) == TT_WIRE_FIELD)
        continue;
    return step == TT_WIRE_END ? TT_OK : TT_INVALID_ARGUMENT;
}

tt_status
tt_request_header_decode (tt_bytes frame, tt_request_header *out, tt_error *error)
{
    *out = (tt_request_header){ 0 };
    tt_status status = decode (&request_rules, frame, out, error);
    size_t id_size = out->request_id.size;
    if (id_size != TT_REQUEST_ID_SIZE)
        out->request_id = TT_BYTES_NONE;
    if (status != TT_OK)
        return status;
    if (id_size != TT_REQUEST_ID_SIZE)
        return tt_fail (error, TT_INVALID_ARGUMENT, "RequestHeader.request_id: %zu bytes, expected %d", id_size, TT_REQUEST_ID_SIZE);
    if (out->method.size == 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "RequestHeader.method: required");
    if (out->deadline_unix_ms < 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "RequestHeader.deadline_unix_ms: negative");
    return TT_OK;
}

void
tt_request_header_encode (const tt_request_header *header, tt_buffer *out)
{
    tt_wire_add_bytes (out, 1, header->request_id);
    tt_wire_add_bytes (out, 2, header->method);
    tt_wire_add_varint (out, 3, (uint64_t) header->deadline_unix_ms);
    tt_wire_add_bytes (out, 4, header->traceparent);
}

tt_status
tt_reply_header_decode (tt_bytes frame, tt_reply_header *out, tt_field_violation *room, size_t capacity, size_t *left_off,
                        tt_error *error)
{
    *out = (tt_reply_header){ .violations = room };
    size_t over = 0;
    tt_status status = check_size (&reply_rules, frame, error);
    if (status != TT_OK)
        return status;
    tt_wire_reader reader = tt_wire_read (frame);
    tt_wire_field field;
    tt_wire_step step;
    while ((step = decode_step (&reply_rules, &reader, &field, out, error)) == TT_WIRE_FIELD) {
        tt_field_violation violation = { 0 };
        if (field.number != 4)
            continue;
        status = decode (&violation_rules, field.bytes, &violation, error);
        if (status != TT_OK)
            return status;
        if (out->violation_count < capacity)
            room[out->violation_count++] = violation;
        else
            over++;
    }
    if (left_off)
        *left_off = over;
    if (step != TT_WIRE_END)
        return TT_INVALID_ARGUMENT;
    if (out->request_id.size != 0 && out->request_id.size != TT_REQUEST_ID_SIZE)
        return tt_fail (error, TT_INVALID_ARGUMENT, "ReplyHeader.request_id: %zu bytes, expected %d or none", out->request_id.size,
                        TT_REQUEST_ID_SIZE);
    return TT_OK;
}

static size_t
add_size (uint32_t number, tt_bytes bytes)
{
    return bytes.size ? tt_wire_bytes_size (number, bytes.size) : 0;
}

void
tt_reply_header_encode (const tt_reply_header *header, tt_buffer *out)
{
    tt_wire_add_bytes (out, 1, header->request_id);
    tt_wire_add_varint (out, 2, (uint64_t) header->code);
    tt_wire_add_bytes (out, 3, header->message);
    for (size_t i = 0; i < header->violation_count; i++) {
        const tt_field_violation *v = &header->violations[i];
        tt_wire_begin_bytes (out, 4, add_size (1, v->path) + add_size (2, v->reason));
        tt_wire_add_bytes (out, 1, v->path);
        tt_wire_add_bytes (out, 2, v->reason);
    }
    tt_wire_add_varint (out, 5, header->retry_after_ms);
    tt_wire_add_varint (out, 6, header->replayed);
}

tt_status
tt_event_header_decode (tt_bytes frame, tt_event_header *out, tt_error *error)
{
    *out = (tt_event_header){ 0 };
    return decode (&event_rules, frame, out, error);
}

void
tt_event_header_encode (const tt_event_header *header, tt_buffer *out)
{
    tt_wire_add_bytes (out, 1, header->id);
    tt_wire_add_bytes (out, 2, header->source);
    tt_wire_add_bytes (out, 3, header->type);
    tt_wire_add_bytes (out, 4, header->subject);
    tt_wire_add_bytes (out, 5, header->time);
    tt_wire_add_bytes (out, 6, header->dataschema);
    tt_wire_add_bytes (out, 7, header->partitionkey);
    tt_wire_add_bytes (out, 8, header->traceparent);
    tt_wire_add_bytes (out, 9, header->stream);
    tt_wire_add_varint (out, 10, header->partition);
    tt_wire_add_varint (out, 11, header->sequence);
    tt_wire_add_bytes (out, 12, header->previous_id);
    tt_wire_add_bytes (out, 13, header->epoch);
}

void
tt_event_header_patch (const tt_event_header *position, tt_buffer *encoded)
{
    tt_wire_put_bytes (encoded, 9, position->stream);
    tt_wire_put_varint (encoded, 10, position->partition);
    tt_wire_put_varint (encoded, 11, position->sequence);
    tt_wire_put_bytes (encoded, 12, position->previous_id);
    tt_wire_put_bytes (encoded, 13, position->epoch);
}

tt_status
tt_wire_event_decode (tt_bytes topic, tt_bytes header, tt_bytes body, tt_wire_event *out, tt_error *error)
{
    *out = (tt_wire_event){ .topic = topic, .body = body };
    if (!tt_topic_valid (topic))
        return tt_fail (error, TT_INVALID_ARGUMENT, "event: the topic of %zu bytes is not a path that ends in \"/\"", topic.size);
    tt_status status = tt_event_header_decode (header, &out->header, error);
    if (status != TT_OK)
        return status;
    const tt_event_header *h = &out->header;
    const char *missing = h->id.size == 0       ? "id"
                          : h->type.size == 0   ? "type"
                          : h->stream.size == 0 ? "stream"
                          : h->sequence == 0    ? "sequence"
                                                : NULL;
    if (missing)
        return tt_fail (error, TT_INVALID_ARGUMENT, "EventHeader.%s: required", missing);
    if (h->sequence > INT64_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "EventHeader.sequence: past 2^63-1");
    return TT_OK;
}

void
tt_replay_event_append (tt_buffer *reply, tt_bytes topic, tt_bytes header, tt_bytes body)
{
    tt_wire_begin_bytes (reply, 1, add_size (1, topic) + add_size (2, header) + add_size (3, body));
    tt_wire_add_bytes (reply, 1, topic);
    tt_wire_add_bytes (reply, 2, header);
    tt_wire_add_bytes (reply, 3, body);
}
