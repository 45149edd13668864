#include "wire/json_path.h"

#include <stdio.h>
#include <string.h>

#define FIELD_NAME_MAX 128

static void
append_path (const json_path *path, tt_buffer *out)
{
    if (path->up)
        append_path (path->up, out);
    if (path->name) {
        char name[FIELD_NAME_MAX];
        snprintf (name, sizeof name, "%s", path->name); /* may come from outside: bounded */
        if (out->size > 0)
            tt_buffer_text (out, ".");
        tt_buffer_text (out, name);
    }
    if (path->index != TT_JSON_NO_INDEX)
        tt_buffer_printf (out, "[%zu]", path->index);
}

tt_status
tt_json_fail (const json_path *path, tt_error *error, const char *format, ...)
{
    char reason[256];
    va_list args;
    va_start (args, format);
    vsnprintf (reason, sizeof reason, format, args);
    va_end (args);
    tt_buffer text = { 0 };
    append_path (path, &text);
    const char *place = text.size ? tt_buffer_cstr (&text) : "the message";
    tt_fail (error, TT_INVALID_ARGUMENT, "%.200s: %s", place, reason);
    tt_buffer_free (&text);
    return TT_INVALID_ARGUMENT;
}

void
tt_json_name (const char *name, char *out, size_t size)
{
    bool capital = false;
    size_t n = 0;
    for (; *name && n + 1 < size; name++) {
        if (*name == '_') {
            capital = true;
            continue;
        }
        bool lower = *name >= 'a' && *name <= 'z';
        out[n++] = capital && lower ? (char) (*name - 'a' + 'A') : *name;
        capital = false;
    }
    out[n] = '\0';
}

size_t
tt_json_value_size (ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof (protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof (void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof (ProtobufCBinaryData);
    default:
        return 4;
    }
}

static int
append_chunk (const char *text, size_t size, void *out)
{
    tt_buffer_append (out, text, size);
    return 0;
}

tt_status
tt_json_print (const ProtobufCMessage *message, unsigned flags, tt_buffer *out, tt_error *error)
{
    json_t *json = NULL;
    tt_status status = tt_json_from_message (message, flags, &json, error);
    if (status != TT_OK)
        return status;
    size_t form = flags & TT_JSON_INDENT ? JSON_INDENT (2) : JSON_COMPACT;
    int failed = json_dump_callback (json, append_chunk, out, form);
    json_decref (json);
    return failed ? tt_fail (error, TT_INTERNAL, "the JSON library could not print %s", message->descriptor->name) : TT_OK;
}

tt_status
tt_json_parse (const ProtobufCMessageDescriptor *type, tt_bytes text, unsigned flags, size_t *ignored, ProtobufCMessage **out,
               tt_error *error)
{
    json_error_t where;
    *out = NULL;
    json_t *json = json_loadb ((const char *) text.data, text.size, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "line %d, column %d: %s", where.line, where.column, where.text);
    tt_status status = tt_json_to_message (type, json, flags, ignored, out, error);
    json_decref (json);
    return status;
}
