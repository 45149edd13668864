#include "wire/json_path.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/base64.h"

static tt_status write_message (const ProtobufCMessage *message, const json_path *path, unsigned flags, json_t **out,
                                tt_error *error);

static json_t *
integer_text (const char *format, ...)
{
    char text[32];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    return json_string (text);
}

static json_t *
write_real (double value)
{
    if (isnan (value))
        return json_string ("NaN");
    if (isinf (value))
        return json_string (value > 0 ? "Infinity" : "-Infinity");
    return json_real (value);
}

/* The shortest decimal that reads back as the same float: 0.1, not 0.10000000149011612. */
static json_t *
write_float (float value)
{
    char text[32];
    if (!isfinite (value))
        return write_real ((double) value);
    for (int digits = 6; digits <= 9; digits++) {
        snprintf (text, sizeof text, "%.*g", digits, (double) value);
        if (strtof (text, NULL) == value)
            break;
    }
    return json_real (strtod (text, NULL));
}

static json_t *
write_enum (const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value (type, value);
    return known ? json_string (known->name) : json_integer (value);
}

static json_t *
write_bytes (const ProtobufCBinaryData *bytes)
{
    tt_buffer text = { 0 };
    tt_base64_encode ((tt_bytes){ bytes->data, bytes->len }, &text);
    json_t *json = json_stringn ((const char *) (text.data ? text.data : (const uint8_t *) ""), text.size);
    tt_buffer_free (&text);
    return json;
}

static tt_status
write_text (const char *text, const json_path *path, json_t **out, tt_error *error)
{
    size_t offset;
    if (text == NULL)
        text = "";
    if (!tt_text_valid (tt_bytes_of_text (text), &offset))
        return tt_json_fail (path, error, "not UTF-8 at byte %zu", offset);
    *out = json_string (text);
    return TT_OK;
}

static json_t *
write_number (const ProtobufCFieldDescriptor *field, const void *place)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return integer_text ("%" PRId64, *(const int64_t *) place);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return integer_text ("%" PRIu64, *(const uint64_t *) place);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer (*(const uint32_t *) place);
    case PROTOBUF_C_TYPE_FLOAT:
        return write_float (*(const float *) place);
    case PROTOBUF_C_TYPE_DOUBLE:
        return write_real (*(const double *) place);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean (*(const protobuf_c_boolean *) place);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum (field->descriptor, *(const int *) place);
    default:
        return json_integer (*(const int32_t *) place);
    }
}

static tt_status
write_value (const ProtobufCFieldDescriptor *field, const void *place, const json_path *path, unsigned flags, json_t **out,
             tt_error *error)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return write_text (*(const char *const *) place, path, out, error);
    case PROTOBUF_C_TYPE_BYTES:
        *out = write_bytes (place);
        return TT_OK;
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message (*(const ProtobufCMessage *const *) place, path, flags, out, error);
    default:
        *out = write_number (field, place);
        return TT_OK;
    }
}

static tt_status
write_repeated (const ProtobufCFieldDescriptor *field, const char *items, size_t n, const json_path *path, unsigned flags,
                json_t **out, tt_error *error)
{
    size_t step = tt_json_value_size (field->type);
    json_t *array = json_array ();
    for (size_t i = 0; i < n; i++) {
        json_path here = { path, NULL, i, path->depth };
        json_t *item = NULL;
        tt_status status = write_value (field, items + i * step, &here, flags, &item, error);
        if (status != TT_OK) {
            json_decref (array);
            return status;
        }
        json_array_append_new (array, item);
    }
    *out = array;
    return TT_OK;
}

static bool
is_default (const ProtobufCFieldDescriptor *field, const void *place)
{
    static const char zeros[16];
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *) place;
        return text == NULL || text[0] == '\0';
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *) place)->len == 0;
    return memcmp (place, zeros, tt_json_value_size (field->type)) == 0;
}

/* Is the field to be written at all? */
static bool
wanted (const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, unsigned flags)
{
    const char *base = (const char *) message;
    const void *quantifier = base + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *) quantifier > 0 || (flags & TT_JSON_DEFAULTS);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *) quantifier == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return !is_default (field, base + field->offset);
    return (flags & TT_JSON_DEFAULTS) || !is_default (field, base + field->offset);
}

static tt_status
write_field (const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, const json_path *path, unsigned flags,
             json_t *object, tt_error *error)
{
    const char *base = (const char *) message;
    const void *place = base + field->offset;
    json_path here = { path, field->name, TT_JSON_NO_INDEX, path->depth };
    char name[128];
    json_t *value = NULL;
    tt_status status;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n = *(const size_t *) (const void *) (base + field->quantifier_offset);
        status = write_repeated (field, *(const char *const *) place, n, &here, flags, &value, error);
    } else {
        status = write_value (field, place, &here, flags, &value, error);
    }
    if (status != TT_OK)
        return status;
    tt_json_name (field->name, name, sizeof name);
    json_object_set_new (object, name, value);
    return TT_OK;
}

static tt_status
write_message (const ProtobufCMessage *message, const json_path *path, unsigned flags, json_t **out, tt_error *error)
{
    json_path here = *path;
    if (++here.depth > TT_JSON_DEPTH_MAX)
        return tt_json_fail (path, error, "nested deeper than %d", TT_JSON_DEPTH_MAX);
    json_t *object = json_object ();
    tt_status status = TT_OK;
    for (unsigned i = 0; status == TT_OK && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (wanted (message, field, flags))
            status = write_field (message, field, &here, flags, object, error);
    }
    if (status != TT_OK)
        json_decref (object);
    else
        *out = object;
    return status;
}

tt_status
tt_json_from_message (const ProtobufCMessage *message, unsigned flags, json_t **out, tt_error *error)
{
    json_path root = { NULL, NULL, TT_JSON_NO_INDEX, 0 };
    *out = NULL;
    return write_message (message, &root, flags, out, error);
}
