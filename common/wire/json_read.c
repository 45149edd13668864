#include "wire/json_path.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/base64.h"

/* What a conversion carries along. */
typedef struct {
    unsigned flags;
    size_t ignored;
    tt_error *error;
} reader;

static tt_status read_message (reader *r, const ProtobufCMessageDescriptor *type, const json_t *json, const json_path *path,
                               ProtobufCMessage **out);

static const char *
kind_of (const json_t *json)
{
    static const char *const names[] = { "an object", "an array", "a string", "an integer", "a number", "true", "false", "null" };
    return names[json_typeof (json)];
}

static tt_status
expected (reader *r, const json_path *path, const char *what, const json_t *json)
{
    return tt_json_fail (path, r->error, "expected %s, not %s", what, kind_of (json));
}

/* An integer of any width, as sign and magnitude: reaches from int64 to uint64. */
typedef struct {
    bool negative;
    uint64_t size;
} integer;

static bool
integer_of_text (const char *text, integer *out)
{
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    char *end;
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    errno = 0;
    *out = (integer){ negative, strtoull (digits, &end, 10) };
    return errno == 0 && *end == '\0';
}

/* A double tells whole numbers apart only up to 2^53. */
static bool
integer_of_real (double value, integer *out)
{
    double size = fabs (value);
    if (!(size <= 9007199254740992.0) || size != floor (size))
        return false;
    *out = (integer){ value < 0, (uint64_t) size };
    return true;
}

static tt_status
read_integer (reader *r, const json_t *json, int64_t min, uint64_t max, const json_path *path, integer *out)
{
    bool whole;
    if (json_is_integer (json)) {
        json_int_t value = json_integer_value (json);
        *out = (integer){ value < 0, value < 0 ? 0 - (uint64_t) value : (uint64_t) value };
        whole = true;
    } else if (json_is_string (json)) {
        whole = strlen (json_string_value (json)) == json_string_length (json) && integer_of_text (json_string_value (json), out);
    } else if (json_is_real (json)) {
        whole = integer_of_real (json_real_value (json), out);
    } else {
        return expected (r, path, "an integer", json);
    }
    if (!whole)
        return tt_json_fail (path, r->error, "expected an integer of at most 64 bits");
    uint64_t least = min < 0 ? 0 - (uint64_t) min : 0;
    if (out->negative ? out->size > least : out->size > max)
        return tt_json_fail (path, r->error, "%s%" PRIu64 " is outside %" PRId64 " to %" PRIu64, out->negative ? "-" : "", out->size,
                             min, max);
    return TT_OK;
}

static tt_status
store_integer (reader *r, const json_t *json, int64_t min, uint64_t max, const json_path *path, void *place, size_t size)
{
    integer value;
    tt_status status = read_integer (r, json, min, max, path, &value);
    if (status != TT_OK)
        return status;
    uint64_t wide = value.negative ? 0 - value.size : value.size;
    uint32_t narrow = (uint32_t) wide;
    memcpy (place, size == 8 ? (const void *) &wide : (const void *) &narrow, size);
    return TT_OK;
}

static bool
real_of_text (const json_t *json, double *out)
{
    const char *text = json_string_value (json);
    size_t n = json_string_length (json);
    static const struct {
        const char *name;
        double value;
    } names[] = { { "NaN", NAN }, { "Infinity", INFINITY }, { "-Infinity", -INFINITY } };
    for (size_t i = 0; i < 3; i++)
        if (strcmp (text, names[i].name) == 0) {
            *out = names[i].value;
            return true;
        }
    char *end;
    if (n == 0 || strspn (text, "0123456789+-.eE") != n)
        return false;
    *out = strtod (text, &end);
    return *end == '\0' && isfinite (*out);
}

static tt_status
read_real (reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, const json_path *path, void *place)
{
    double value = 0;
    if (json_is_number (json))
        value = json_number_value (json);
    else if (!json_is_string (json))
        return expected (r, path, "a number", json);
    else if (!real_of_text (json, &value))
        return tt_json_fail (path, r->error, "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        memcpy (place, &value, sizeof value);
        return TT_OK;
    }
    if (isfinite (value) && fabs (value) > (double) FLT_MAX)
        return tt_json_fail (path, r->error, "%g does not fit a float", value);
    float narrow = (float) value;
    memcpy (place, &narrow, sizeof narrow);
    return TT_OK;
}

static tt_status
read_enum (reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, const json_path *path, void *place)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    if (!json_is_string (json))
        return store_integer (r, json, INT32_MIN, INT32_MAX, path, place, 4);
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value_by_name (type, json_string_value (json));
    if (known) {
        memcpy (place, &known->value, sizeof known->value);
        return TT_OK;
    }
    if (!(r->flags & TT_JSON_IGNORE_UNKNOWN))
        return tt_json_fail (path, r->error, "\"%.60s\" is no %s", json_string_value (json), type->short_name);
    r->ignored++;
    return TT_OK;
}

static tt_status
read_text (reader *r, const json_t *json, const json_path *path, void *place)
{
    if (!json_is_string (json))
        return expected (r, path, "a string", json);
    tt_bytes text = { (const uint8_t *) json_string_value (json), json_string_length (json) };
    if (!tt_text_valid (text, NULL))
        return tt_json_fail (path, r->error, "not UTF-8 without NUL");
    char *copy = tt_strndup ((const char *) text.data, text.size);
    memcpy (place, &copy, sizeof copy);
    return TT_OK;
}

static tt_status
read_bytes (reader *r, const json_t *json, const json_path *path, void *place)
{
    if (!json_is_string (json))
        return expected (r, path, "a string of base64", json);
    tt_bytes text = { (const uint8_t *) json_string_value (json), json_string_length (json) };
    tt_buffer bytes = { 0 };
    if (!tt_base64_decode (text, &bytes)) {
        tt_buffer_free (&bytes);
        return tt_json_fail (path, r->error, "not base64");
    }
    ProtobufCBinaryData data = { bytes.size, bytes.data }; /* malloc'd: the message takes it */
    memcpy (place, &data, sizeof data);
    return TT_OK;
}

static tt_status
read_bool (reader *r, const json_t *json, const json_path *path, void *place)
{
    if (!json_is_boolean (json))
        return expected (r, path, "true or false", json);
    protobuf_c_boolean value = json_is_true (json);
    memcpy (place, &value, sizeof value);
    return TT_OK;
}

static tt_status
read_value (reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, const json_path *path, void *place)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return store_integer (r, json, INT32_MIN, INT32_MAX, path, place, 4);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return store_integer (r, json, 0, UINT32_MAX, path, place, 4);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return store_integer (r, json, INT64_MIN, INT64_MAX, path, place, 8);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return store_integer (r, json, 0, UINT64_MAX, path, place, 8);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_real (r, field, json, path, place);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool (r, json, path, place);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum (r, field, json, path, place);
    case PROTOBUF_C_TYPE_STRING:
        return read_text (r, json, path, place);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes (r, json, path, place);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message (r, field->descriptor, json, path, (ProtobufCMessage **) place);
    }
    return tt_json_fail (path, r->error, "a type that this version does not know");
}

/* The count grows with each item that is complete, so that a message given up half-way can be freed like any other. */
static tt_status
read_repeated (reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, const json_path *path, char *base)
{
    if (!json_is_array (json))
        return expected (r, path, "an array", json);
    size_t n = json_array_size (json), step = tt_json_value_size (field->type);
    if (n == 0)
        return TT_OK;
    char *items = tt_alloc_zero (n, step);
    size_t *count = (size_t *) (void *) (base + field->quantifier_offset);
    memcpy (base + field->offset, &items, sizeof items);
    for (size_t i = 0; i < n; i++) {
        json_path here = { path, NULL, i, path->depth };
        const json_t *item = json_array_get (json, i);
        if (json_is_null (item))
            return tt_json_fail (&here, r->error, "null is not allowed in an array");
        tt_status status = read_value (r, field, item, &here, items + i * step);
        if (status != TT_OK)
            return status;
        *count = i + 1;
    }
    return TT_OK;
}

static tt_status
read_field (reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, const json_path *path, char *base)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_repeated (r, field, json, path, base);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *set = (uint32_t *) (void *) (base + field->quantifier_offset);
        if (*set != 0)
            return tt_json_fail (path, r->error, "another member of the same oneof is given too");
        memset (base + field->offset, 0, tt_json_value_size (field->type));
        tt_status status = read_value (r, field, json, path, base + field->offset);
        if (status == TT_OK)
            *set = field->id;
        return status;
    }
    return read_value (r, field, json, path, base + field->offset);
}

static const ProtobufCFieldDescriptor *
find_field (const ProtobufCMessageDescriptor *type, const char *name)
{
    char camel[128];
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name (type, name);
    for (unsigned i = 0; field == NULL && i < type->n_fields; i++) {
        tt_json_name (type->fields[i].name, camel, sizeof camel);
        if (strcmp (camel, name) == 0)
            field = &type->fields[i];
    }
    return field;
}

/* `given` has a mark for each field, so that both spellings of one name are noticed. */
static tt_status
read_member (reader *r, const ProtobufCMessageDescriptor *type, const char *name, const json_t *value, const json_path *path,
             bool *given, char *base)
{
    json_path here = { path, name, TT_JSON_NO_INDEX, path->depth };
    const ProtobufCFieldDescriptor *field = find_field (type, name);
    if (field == NULL && (r->flags & TT_JSON_IGNORE_UNKNOWN)) {
        r->ignored++;
        return TT_OK;
    }
    if (field == NULL)
        return tt_json_fail (&here, r->error, "%s has no such field", type->short_name);
    here.name = field->name;
    bool *mark = &given[field - type->fields];
    if (*mark)
        return tt_json_fail (&here, r->error, "given twice");
    *mark = true;
    return json_is_null (value) ? TT_OK : read_field (r, field, value, &here, base);
}

static tt_status
read_members (reader *r, const ProtobufCMessageDescriptor *type, const json_t *json, const json_path *path, ProtobufCMessage *message)
{
    bool *given = tt_alloc_zero (type->n_fields, sizeof *given);
    tt_status status = TT_OK;
    void *object = (void *) (uintptr_t) json; /* jansson iterates without changing, but asks for a non-const object */
    for (void *i = json_object_iter (object); status == TT_OK && i; i = json_object_iter_next (object, i))
        status = read_member (r, type, json_object_iter_key (i), json_object_iter_value (i), path, given, (char *) message);
    free (given);
    return status;
}

static tt_status
read_message (reader *r, const ProtobufCMessageDescriptor *type, const json_t *json, const json_path *path, ProtobufCMessage **out)
{
    json_path here = *path;
    if (++here.depth > TT_JSON_DEPTH_MAX)
        return tt_json_fail (path, r->error, "nested deeper than %d", TT_JSON_DEPTH_MAX);
    if (!json_is_object (json))
        return expected (r, path, "an object", json);
    ProtobufCMessage *message = tt_alloc_zero (1, type->sizeof_message);
    type->message_init (message);
    tt_status status = read_members (r, type, json, &here, message);
    if (status != TT_OK)
        protobuf_c_message_free_unpacked (message, NULL);
    else
        *out = message;
    return status;
}

tt_status
tt_json_to_message (const ProtobufCMessageDescriptor *type, const json_t *json, unsigned flags, size_t *ignored,
                    ProtobufCMessage **out, tt_error *error)
{
    reader r = { .flags = flags, .error = error };
    json_path root = { NULL, NULL, TT_JSON_NO_INDEX, 0 };
    *out = NULL;
    tt_status status = read_message (&r, type, json, &root, out);
    if (ignored)
        *ignored = r.ignored;
    return status;
}
