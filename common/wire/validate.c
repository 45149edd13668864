#include "wire/validate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/decimal.h"
#include "wire/protowire.h"

#define DEPTH_MAX 64
#define REASON_MAX 512

void
tt_violations_clear (tt_violations *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free (v->items[i].path);
        free (v->items[i].reason);
    }
    v->count = 0;
    v->total = 0;
    tt_buffer_clear (&v->prefix);
}

void
tt_violations_free (tt_violations *v)
{
    tt_violations_clear (v);
    tt_buffer_free (&v->prefix);
}

size_t
tt_violations_enter (tt_violations *v, const char *format, ...)
{
    char step[256];
    va_list args;
    va_start (args, format);
    vsnprintf (step, sizeof step, format, args);
    va_end (args);
    size_t mark = v->prefix.size;
    if (mark > 0 && step[0] != '[')
        tt_buffer_text (&v->prefix, ".");
    tt_buffer_text (&v->prefix, step);
    return mark;
}

void
tt_violations_leave (tt_violations *v, size_t mark)
{
    v->prefix.size = mark;
}

static char *
join_path (const tt_buffer *prefix, const char *field)
{
    bool more = field && field[0];
    tt_buffer path = { 0 };
    tt_buffer_append (&path, prefix->data, prefix->size);
    if (more && path.size > 0 && field[0] != '[')
        tt_buffer_text (&path, ".");
    if (more)
        tt_buffer_text (&path, field);
    char *text = tt_strndup ((const char *) (path.data ? path.data : (const uint8_t *) ""), path.size);
    tt_buffer_free (&path);
    return text;
}

/* A reason may quote what was sent; a reply must be UTF-8 whatever that was. */
static void
make_printable (char *text)
{
    size_t offset;
    while (!tt_text_valid (tt_bytes_of_text (text), &offset))
        text[offset] = '?';
}

void
tt_violate (tt_violations *v, const char *field, const char *format, ...)
{
    char reason[REASON_MAX];
    v->total++;
    if (v->count == TT_VIOLATIONS_MAX)
        return;
    va_list args;
    va_start (args, format);
    vsnprintf (reason, sizeof reason, format, args);
    va_end (args);
    make_printable (reason);
    v->items[v->count].path = join_path (&v->prefix, field);
    v->items[v->count].reason = tt_strdup (reason);
    v->count++;
}

void
tt_violations_text (const tt_violations *v, size_t i, tt_buffer *out)
{
    tt_buffer_text (out, v->items[i].path);
    tt_buffer_text (out, ": ");
    tt_buffer_text (out, v->items[i].reason);
}

size_t
tt_violations_view (const tt_violations *v, tt_field_violation *room, size_t capacity)
{
    size_t n = v->count < capacity ? v->count : capacity;
    for (size_t i = 0; i < n; i++)
        room[i] = (tt_field_violation){ tt_bytes_of_text (v->items[i].path), tt_bytes_of_text (v->items[i].reason) };
    return n;
}

size_t
tt_text_length (const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char) *text & 0xC0) != 0x80;
    return n;
}

static bool
identifier_character (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool
tt_check_identifier (tt_violations *v, const char *field, const char *value)
{
    size_t n = value ? strlen (value) : 0;
    if (n == 0) {
        tt_violate (v, field, "required: 1 to %d of a-z 0-9 - _ .", TT_IDENTIFIER_MAX);
        return false;
    }
    bool right = n <= TT_IDENTIFIER_MAX;
    for (size_t i = 0; right && i < n; i++)
        right = identifier_character (value[i]);
    if (!right)
        tt_violate (v, field, "\"%.80s\" is not 1 to %d of a-z 0-9 - _ .", value, TT_IDENTIFIER_MAX);
    return right;
}

bool
tt_check_text (tt_violations *v, const char *field, const char *value, size_t min, size_t max)
{
    size_t n = value ? tt_text_length (value) : 0;
    if (n == 0 && min > 0)
        tt_violate (v, field, "required");
    else if (n < min)
        tt_violate (v, field, "%zu characters, at least %zu are needed", n, min);
    else if (n > max)
        tt_violate (v, field, "%zu characters, at most %zu are allowed", n, max);
    return n >= min && n <= max;
}

bool
tt_check_bytes (tt_violations *v, const char *field, size_t size, size_t min, size_t max)
{
    if (size < min || size > max)
        tt_violate (v, field, "%zu bytes, expected %zu to %zu", size, min, max);
    return size >= min && size <= max;
}

/* What date and decimal have in common: empty is right unless required. */
static bool
settle (tt_violations *v, const char *field, const char *value, bool required, bool parsed, const char *expected)
{
    bool empty = value == NULL || value[0] == '\0';
    if (empty && required)
        tt_violate (v, field, "required: %s", expected);
    else if (!empty && !parsed)
        tt_violate (v, field, "\"%.80s\" is not %s", value, expected);
    return empty ? !required : parsed;
}

bool
tt_check_date (tt_violations *v, const char *field, const char *value, bool required)
{
    int32_t days;
    bool parsed = value && tt_date_parse (value, &days) == TT_OK;
    return settle (v, field, value, required, parsed, "a date \"YYYY-MM-DD\"");
}

bool
tt_check_decimal (tt_violations *v, const char *field, const char *value, bool required)
{
    tt_decimal decimal;
    bool parsed = value && tt_decimal_parse (value, &decimal) == TT_OK;
    return settle (v, field, value, required, parsed, "an exact decimal of at most 18 digits before and after the point");
}

bool
tt_check_money (tt_violations *v, const char *field, int64_t fen, int64_t min, int64_t max)
{
    bool right = fen >= min && fen <= max;
    if (!right)
        tt_violate (v, field, "%" PRId64 " fen, expected %" PRId64 " to %" PRId64, fen, min, max);
    return right;
}

bool
tt_check_range (tt_violations *v, const char *field, uint64_t value, uint64_t min, uint64_t max)
{
    bool right = value >= min && value <= max;
    if (!right)
        tt_violate (v, field, "%" PRIu64 ", expected %" PRIu64 " to %" PRIu64, value, min, max);
    return right;
}

bool
tt_check_count (tt_violations *v, const char *field, size_t count, size_t min, size_t max)
{
    bool right = count >= min && count <= max;
    if (!right)
        tt_violate (v, field, "%zu items, expected %zu to %zu", count, min, max);
    return right;
}

bool
tt_check_enum (tt_violations *v, const char *field, const ProtobufCEnumDescriptor *type, int value, bool required)
{
    bool known = protobuf_c_enum_descriptor_get_value (type, value) != NULL;
    if (required && value == 0)
        tt_violate (v, field, "required");
    else if (!known)
        tt_violate (v, field, "%d is no %s", value, type->short_name);
    return known && !(required && value == 0);
}

static bool validate_message (const ProtobufCMessage *message, tt_violations *v, unsigned depth);

static bool
validate_member (const ProtobufCFieldDescriptor *field, const void *member, tt_violations *v, unsigned depth)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = *(const ProtobufCMessage *const *) member;
        return inner == NULL || validate_message (inner, v, depth + 1);
    }
    size_t offset;
    const char *text = *(const char *const *) member;
    if (text == NULL || tt_text_valid (tt_bytes_of_text (text), &offset))
        return true;
    tt_violate (v, NULL, "not UTF-8 at byte %zu", offset);
    return false;
}

/* A oneof's members share their place: only the one that is set may be looked at. */
static bool
is_set (const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *) message;
    return !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
           || *(const uint32_t *) (const void *) (base + field->quantifier_offset) == field->id;
}

static bool
validate_field (const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, tt_violations *v, unsigned depth)
{
    const char *place = (const char *) message + field->offset;
    bool right = true;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        size_t mark = tt_violations_enter (v, "%s", field->name);
        right = validate_member (field, place, v, depth);
        tt_violations_leave (v, mark);
        return right;
    }
    size_t n = *(const size_t *) (const void *) ((const char *) message + field->quantifier_offset);
    const void *const *items = *(const void *const *const *) (const void *) place;
    for (size_t i = 0; i < n; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field->name, i);
        right &= validate_member (field, &items[i], v, depth);
        tt_violations_leave (v, mark);
    }
    return right;
}

static bool
validate_message (const ProtobufCMessage *message, tt_violations *v, unsigned depth)
{
    if (depth > DEPTH_MAX) {
        tt_violate (v, NULL, "nested deeper than %d", DEPTH_MAX);
        return false;
    }
    bool right = true;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool text = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
        if (text && is_set (message, field))
            right &= validate_field (message, field, v, depth);
    }
    return right;
}

bool
tt_validate_utf8 (const ProtobufCMessage *message, tt_violations *v)
{
    return validate_message (message, v, 0);
}

/* What a field that holds a NUL has to do with text: a string, a message that may hold one, or nothing. */
static bool
may_be_text (const ProtobufCFieldDescriptor *rule, unsigned depth)
{
    return rule && (rule->type == PROTOBUF_C_TYPE_STRING || (rule->type == PROTOBUF_C_TYPE_MESSAGE && depth < DEPTH_MAX));
}

/* `seen` counts each field as it comes: looking back for the index in the path would cost the square of a hostile message's size. */
static bool
find_nul (const ProtobufCMessageDescriptor *type, tt_bytes packed, tt_violations *v, unsigned depth)
{
    tt_wire_reader reader = tt_wire_read (packed);
    tt_wire_field field;
    bool right = true;
    size_t *seen = tt_alloc_zero (type->n_fields, sizeof *seen);
    while (tt_wire_next (&reader, &field) == TT_WIRE_FIELD) {
        const ProtobufCFieldDescriptor *rule = protobuf_c_message_descriptor_get_field (type, field.number);
        size_t index = rule ? seen[rule - type->fields]++ : 0;
        if (field.type != TT_WIRE_BYTES || field.bytes.size == 0 || !may_be_text (rule, depth)
            || memchr (field.bytes.data, 0, field.bytes.size) == NULL)
            continue;
        size_t mark = rule->label == PROTOBUF_C_LABEL_REPEATED ? tt_violations_enter (v, "%s[%zu]", rule->name, index)
                                                               : tt_violations_enter (v, "%s", rule->name);
        if (rule->type == PROTOBUF_C_TYPE_MESSAGE) {
            right &= find_nul (rule->descriptor, field.bytes, v, depth + 1);
        } else {
            tt_violate (v, NULL, "text must not hold a NUL");
            right = false;
        }
        tt_violations_leave (v, mark);
    }
    free (seen);
    return right;
}

bool
tt_validate_no_nul (const ProtobufCMessageDescriptor *type, tt_bytes packed, tt_violations *v)
{
    return packed.size == 0 || memchr (packed.data, 0, packed.size) == NULL || find_nul (type, packed, v, 0);
}
