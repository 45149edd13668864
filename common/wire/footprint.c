#include "wire/footprint.h"

#include "wire/protowire.h"

#define DEPTH_MAX 64
#define SCANNED 48 /* protobuf-c notes each field before it stores it */
#define SLOT 32    /* place in an array, and what an allocation costs beside its bytes */

static size_t message_bytes (const ProtobufCMessageDescriptor *type, tt_bytes packed, unsigned depth);

static size_t
add (size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static size_t
field_bytes (const ProtobufCFieldDescriptor *rule, const tt_wire_field *field, unsigned depth)
{
    if (rule && rule->type == PROTOBUF_C_TYPE_MESSAGE && field->type == TT_WIRE_BYTES)
        return message_bytes (rule->descriptor, field->bytes, depth + 1);
    bool text = rule == NULL || rule->type == PROTOBUF_C_TYPE_STRING || rule->type == PROTOBUF_C_TYPE_BYTES;
    return text ? field->bytes.size : 8 * field->bytes.size; /* packed numbers: a byte each at least */
}

static size_t
message_bytes (const ProtobufCMessageDescriptor *type, tt_bytes packed, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return SIZE_MAX;
    size_t sum = type->sizeof_message;
    tt_wire_reader reader = tt_wire_read (packed);
    tt_wire_field field;
    while (tt_wire_next (&reader, &field) == TT_WIRE_FIELD) {
        const ProtobufCFieldDescriptor *rule = protobuf_c_message_descriptor_get_field (type, field.number);
        sum = add (sum, add (SCANNED + SLOT, field_bytes (rule, &field, depth)));
    }
    return sum;
}

size_t
tt_wire_footprint (const ProtobufCMessageDescriptor *type, tt_bytes packed)
{
    return message_bytes (type, packed, 0);
}

size_t
tt_wire_count (tt_bytes packed, uint32_t number)
{
    size_t count = 0;
    tt_wire_reader reader = tt_wire_read (packed);
    tt_wire_field field;
    while (tt_wire_next (&reader, &field) == TT_WIRE_FIELD)
        count += field.number == number;
    return count;
}
