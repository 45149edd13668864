#include "contract/contract.h"

#include <stdio.h>
#include <string.h>

#include "achievement.pb-c.h"
#include "envelope.pb-c.h"
#include "finance.pb-c.h"
#include "patent.pb-c.h"
#include "statistics.pb-c.h"

#define DEPTH 3

#define MESSAGE(prefix) &prefix##__descriptor,
#define SERVICE(prefix)
const ProtobufCMessageDescriptor *const contract_messages[] = {
#include "contract/contract.def"
};
#undef MESSAGE
#undef SERVICE
#define MESSAGE(prefix)
#define SERVICE(prefix) &prefix##__descriptor,
const ProtobufCServiceDescriptor *const contract_services[] = {
#include "contract/contract.def"
};
const size_t contract_message_count = sizeof contract_messages / sizeof contract_messages[0];
const size_t contract_service_count = sizeof contract_services / sizeof contract_services[0];

static ProtobufCMessage *example_at (const ProtobufCMessageDescriptor *type, unsigned depth);

static char *
example_text (const ProtobufCFieldDescriptor *field, size_t ordinal)
{
    char text[96];
    snprintf (text, sizeof text, "%.60s-%zu 石", field->name, ordinal);
    return tt_strdup (text);
}

/* A value at the place of a field; ordinal tells the items of a repeated field apart. */
static void
fill_value (const ProtobufCFieldDescriptor *field, size_t ordinal, unsigned depth, void *place)
{
    int64_t number = 1000 * (int64_t) field->id + (int64_t) ordinal;
    const ProtobufCEnumDescriptor *values = field->descriptor;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **) place = example_text (field, ordinal);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *) place = (ProtobufCBinaryData){ 4, (uint8_t *) tt_strndup ("\x00\xFF\x01\x80", 4) };
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **) place = example_at (field->descriptor, depth + 1);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(int *) place = values->values[values->n_values - 1].value;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *) place = 1;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *) place = (float) number / 8;
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *) place = (double) number / 8;
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *(int32_t *) place = (int32_t) number;
        break;
    default:
        *(int64_t *) place = number;
    }
}

static size_t
value_size (ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof (ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    default:
        return 8;
    }
}

static void
fill_field (const ProtobufCFieldDescriptor *field, unsigned depth, char *base)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && depth == DEPTH)
        return;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        fill_value (field, 0, depth, base + field->offset);
        return;
    }
    size_t size = value_size (field->type);
    char *items = tt_alloc_zero (2, size);
    for (size_t i = 0; i < 2; i++)
        fill_value (field, i, depth, items + i * size);
    *(size_t *) (void *) (base + field->quantifier_offset) = 2;
    *(char **) (void *) (base + field->offset) = items;
}

static ProtobufCMessage *
example_at (const ProtobufCMessageDescriptor *type, unsigned depth)
{
    ProtobufCMessage *message = tt_alloc_zero (1, type->sizeof_message);
    type->message_init (message);
    for (unsigned i = 0; i < type->n_fields; i++)
        fill_field (&type->fields[i], depth, (char *) message);
    return message;
}

ProtobufCMessage *
contract_example (const ProtobufCMessageDescriptor *type)
{
    return example_at (type, 0);
}

static void
print_type (const ProtobufCFieldDescriptor *field, tt_buffer *out)
{
    static const char *const names[] = { "int32",   "sint32", "sfixed32", "int64", "sint64", "sfixed64", "uint32", "fixed32", "uint64",
                                         "fixed64", "float",  "double",   "bool",  "enum",   "string",   "bytes",  "message" };
    const ProtobufCEnumDescriptor *values = field->descriptor;
    const ProtobufCMessageDescriptor *message = field->descriptor;
    tt_buffer_text (out, names[field->type]);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        tt_buffer_printf (out, " %s", message->name);
    for (unsigned i = 0; field->type == PROTOBUF_C_TYPE_ENUM && i < values->n_values; i++)
        tt_buffer_printf (out, "%s%s=%d", i ? "," : " ", values->values[i].name, values->values[i].value);
}

static void
print_message (const ProtobufCMessageDescriptor *type, tt_buffer *out)
{
    tt_buffer_printf (out, "message %s\n", type->name);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        tt_buffer_printf (out, "  %u %s%s ", field->id, field->label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : "", field->name);
        print_type (field, out);
        tt_buffer_text (out, "\n");
    }
    ProtobufCMessage *message = contract_example (type);
    size_t size = protobuf_c_message_get_packed_size (message);
    uint8_t *bytes = tt_alloc (size);
    protobuf_c_message_pack (message, bytes);
    tt_buffer_text (out, "  bytes ");
    for (size_t i = 0; i < size; i++)
        tt_buffer_printf (out, "%02x", bytes[i]);
    tt_buffer_text (out, "\n");
    free (bytes);
    protobuf_c_message_free_unpacked (message, NULL);
}

static void
print_service (const ProtobufCServiceDescriptor *service, tt_buffer *out)
{
    tt_buffer_printf (out, "service %s\n", service->name);
    for (unsigned i = 0; i < service->n_methods; i++)
        tt_buffer_printf (out, "  %s %s -> %s\n", service->methods[i].name, service->methods[i].input->name,
                          service->methods[i].output->name);
}

void
contract_print (tt_buffer *out)
{
    for (size_t i = 0; i < contract_service_count; i++)
        print_service (contract_services[i], out);
    for (size_t i = 0; i < contract_message_count; i++)
        print_message (contract_messages[i], out);
}
