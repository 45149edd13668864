#include "bus/command.h"

#include <string.h>

#include "bus/request.h"
#include "wire/footprint.h"
#include "wire/trace.h"

#define RETRY_AFTER_MS 50
/* What a body may take unpacked: plenty for any that says something. */
#define UNPACKED_BYTES(size) (((size_t)1 << 20) + 16 * (size))

const tt_method *
tt_method_find (const tt_method *methods, size_t count, tt_bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (strlen (methods[i].name) == name.size && memcmp (methods[i].name, name.data, name.size) == 0)
            return &methods[i];
    return NULL;
}

/* The repeated message field of a bulk request: its items and how many. */
static const ProtobufCMessage *const *
items_of (const ProtobufCMessage *message, const char *name, size_t *count)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name (message->descriptor, name);
    const uint8_t *base = (const uint8_t *) message;
    memcpy (count, base + field->quantifier_offset, sizeof *count);
    const ProtobufCMessage *const *items;
    memcpy (&items, base + field->offset, sizeof items);
    return items;
}

static void
add_txn (tt_command *command, tt_batch *batch, const tt_request_header *header, const ProtobufCMessage *request, size_t item,
         const char *traceparent, void *service)
{
    const tt_method *method = command->method;
    tt_txn_spec spec = {
        .handle = method->handle,
        .request = request,
        .service = service,
        .request_id = header->request_id,
        .item = item,
        .read_only = method->read_only,
        .traceparent = traceparent,
    };
    command->txns[command->txn_count++] = tt_batch_add (batch, &spec);
}

/* The transaction behind those of the items. */
static void
add_closing (tt_command *command, tt_batch *batch, const tt_request_header *header, const ProtobufCMessage *request, const char *traceparent,
             void *service)
{
    tt_txn_spec spec = {
        .handle = command->method->close,
        .request = request,
        .service = service,
        .request_id = header->request_id,
        .item = command->txn_count,
        .traceparent = traceparent,
        .after = command->txns,
        .after_count = command->txn_count,
    };
    command->closing = tt_batch_add (batch, &spec);
}

static tt_status
wrong_count (const tt_method *method, size_t count, tt_violations *violations, tt_error *error)
{
    tt_violate (violations, method->items, "%zu items; 1 to %u are allowed", count, method->max_items);
    return tt_fail (error, TT_INVALID_ARGUMENT, "%s: %zu items; 1 to %u are allowed", method->items, count, method->max_items);
}

/* Before anything is allocated for it: a frame of millions of empty items is small. */
static tt_status
check_amount (const tt_method *method, tt_bytes body, tt_violations *violations, tt_error *error)
{
    if (method->items) {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name (method->request, method->items);
        size_t count = tt_wire_count (body, field->id);
        if (count > method->max_items)
            return wrong_count (method, count, violations, error);
    }
    if (tt_wire_footprint (method->request, body) > UNPACKED_BYTES (body.size))
        return tt_fail (error, TT_INVALID_ARGUMENT, "the body of %zu bytes consists of too many tiny fields", body.size);
    return TT_OK;
}

tt_status
tt_command_decode (const tt_method *method, tt_bytes body, tt_arena *arena, const ProtobufCMessage **message, tt_violations *violations,
                   tt_error *error)
{
    tt_status status = check_amount (method, body, violations, error);
    if (status != TT_OK)
        return status;
    *message = tt_unpack_in (arena, method->request, body);
    if (*message == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the body is no %s: %zu bytes cannot be decoded", method->request->name, body.size);
    if (!tt_validate_utf8 (*message, violations))
        return tt_fail (error, TT_INVALID_ARGUMENT, "the request holds text that is not UTF-8");
    if (!tt_validate_no_nul (method->request, body, violations))
        return tt_fail (error, TT_INVALID_ARGUMENT, "the request holds text with a NUL");
    return TT_OK;
}

tt_status
tt_command_begin (tt_command *command, const tt_method *method, const tt_request_header *header, tt_bytes body, tt_batch *batch,
                  tt_arena *arena, void *service, tt_violations *violations, tt_error *error)
{
    *command = (tt_command){ .method = method };
    const ProtobufCMessage *message;
    tt_status status = tt_command_decode (method, body, arena, &message, violations, error);
    if (status != TT_OK)
        return status;
    size_t count = 1;
    const ProtobufCMessage *const *items = method->items ? items_of (message, method->items, &count) : &message;
    if (count == 0)
        return wrong_count (method, count, violations, error);
    tt_trace trace;
    bool traced = tt_trace_parse (header->traceparent, &trace);
    command->bad_traceparent = !traced && header->traceparent.size > 0;
    char *traceparent = traced ? tt_arena_strndup (arena, (const char *) header->traceparent.data, header->traceparent.size) : NULL;
    command->txns = tt_arena_alloc (arena, count * sizeof (tt_txn *));
    for (size_t i = 0; i < count; i++)
        add_txn (command, batch, header, items[i], i, traceparent, service);
    if (method->close && method->closes (message))
        add_closing (command, batch, header, message, traceparent, service);
    return TT_OK;
}

static void
refused (const tt_outcome *outcome, tt_arena *arena, tt_reply_header *header)
{
    header->code = outcome->status;
    header->message = tt_bytes_of_text (outcome->message);
    if (outcome->status == TT_UNAVAILABLE || outcome->status == TT_ABORTED)
        header->retry_after_ms = RETRY_AFTER_MS;
    tt_field_violation *list = tt_arena_alloc (arena, (outcome->violation_count + 1) * sizeof *list);
    for (size_t i = 0; i < outcome->violation_count; i++)
        list[i] = (tt_field_violation){ tt_bytes_of_text (outcome->violation_paths[i]), tt_bytes_of_text (outcome->violation_reasons[i]) };
    header->violations = list;
    header->violation_count = outcome->violation_count;
}

static size_t
put_varint (uint8_t *out, size_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t) (value | 0x80);
    out[n++] = (uint8_t) value;
    return n;
}

/* Item results, each as an element of the reply's field 1; then the fields of the closing transaction. */
static tt_bytes
join_items (const tt_command *command, tt_arena *arena)
{
    tt_bytes closing = command->closing ? tt_txn_outcome (command->closing).reply : TT_BYTES_NONE;
    size_t size = closing.size;
    for (size_t i = 0; i < command->txn_count; i++)
        size += tt_txn_outcome (command->txns[i]).reply.size + 11;
    uint8_t *out = tt_arena_alloc (arena, size), *p = out;
    for (size_t i = 0; i < command->txn_count; i++) {
        tt_bytes reply = tt_txn_outcome (command->txns[i]).reply;
        *p++ = 1 << 3 | 2; /* field 1, length-delimited */
        p += put_varint (p, reply.size);
        if (reply.size)
            memcpy (p, reply.data, reply.size);
        p += reply.size;
    }
    if (closing.size)
        memcpy (p, closing.data, closing.size);
    return (tt_bytes){ out, (size_t) (p - out) + closing.size };
}

void
tt_command_finish (const tt_command *command, tt_arena *arena, tt_reply_header *header, tt_bytes *body)
{
    *header = (tt_reply_header){ .code = TT_OK };
    *body = TT_BYTES_NONE;
    for (size_t i = 0; i < command->txn_count + (command->closing != NULL); i++) {
        tt_outcome outcome = tt_txn_outcome (i < command->txn_count ? command->txns[i] : command->closing);
        if (outcome.status != TT_OK) {
            refused (&outcome, arena, header);
            return;
        }
        header->replayed = header->replayed || outcome.replayed;
    }
    *body = command->method->items ? join_items (command, arena) : tt_txn_outcome (command->txns[0]).reply;
}
