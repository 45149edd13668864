/* Inside json*.c only: the place that is being converted, as a chain on the stack, and what both directions share. */
#ifndef TT_WIRE_JSON_PATH_H
#define TT_WIRE_JSON_PATH_H

#include "wire/json.h"

#define TT_JSON_NO_INDEX SIZE_MAX

typedef struct json_path {
    const struct json_path *up; /* NULL at the root */
    const char *name;           /* field; NULL for an index or the root */
    size_t index;               /* of a repeated field, or TT_JSON_NO_INDEX */
    unsigned depth;             /* messages above */
} json_path;

/* Fills *error with "<path>: <message>" and returns TT_INVALID_ARGUMENT. */
tt_status tt_json_fail (const json_path *path, tt_error *error, const char *format, ...) TT_PRINTF (3, 4);

/* lowerCamelCase of a field's name into out[size]; protoc's rule: a "_" goes and what follows it becomes a capital. */
void tt_json_name (const char *name, char *out, size_t size);

/* Bytes that one value of the type takes in the message's struct. */
size_t tt_json_value_size (ProtobufCType type);

#endif
