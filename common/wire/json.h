/* Protobuf <-> JSON by the descriptors: the JSON mapping of proto3.
 *
 * Written: lowerCamelCase names, 64-bit integers as strings, enums by name (by number where the name is not known), bytes as
 * base64, not-finite numbers as "NaN", "Infinity", "-Infinity"; fields with their default value are left out unless asked for.
 * Read: names in lowerCamelCase or as the .proto writes them, integers as numbers (also 1.0) or as strings, enums by name or number,
 * base64 of both alphabets with or without padding, null as default. No `map`, no well-known types. Thread-safe. */
#ifndef TT_WIRE_JSON_H
#define TT_WIRE_JSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"

#define TT_JSON_DEPTH_MAX 64

enum {
    TT_JSON_DEFAULTS = 1 << 0,      /* write: fields with default values too (a message that is not set is left out even so) */
    TT_JSON_INDENT = 1 << 1,        /* tt_json_print: over several lines */
    TT_JSON_IGNORE_UNKNOWN = 1 << 2, /* read: skip unknown fields and unknown enum names, counted */
};

/* The message as JSON; *out is owned (json_decref). TT_INVALID_ARGUMENT with the path: a string is not UTF-8, nesting past
 * TT_JSON_DEPTH_MAX. */
TT_MUST_USE tt_status tt_json_from_message (const ProtobufCMessage *message, unsigned flags, json_t **out, tt_error *error);

/* JSON as a message; *out is owned (protobuf_c_message_free_unpacked (m, NULL)) and NULL unless TT_OK. TT_INVALID_ARGUMENT with the path:
 * "documents[3].publication.date: expected a string". *ignored (may be NULL) is set to the number of fields skipped. */
TT_MUST_USE tt_status tt_json_to_message (const ProtobufCMessageDescriptor *type, const json_t *json, unsigned flags, size_t *ignored,
                                          ProtobufCMessage **out, tt_error *error);

/* The same from and to text. Printing appends, without a final newline. Parsing also refuses with TT_INVALID_ARGUMENT what is no JSON
 * (with line and column), a name given twice, and anything behind the value. An unquoted integer past 2^63-1 is no JSON here: quote it. */
TT_MUST_USE tt_status tt_json_print (const ProtobufCMessage *message, unsigned flags, tt_buffer *out, tt_error *error);
TT_MUST_USE tt_status tt_json_parse (const ProtobufCMessageDescriptor *type, tt_bytes text, unsigned flags, size_t *ignored,
                                     ProtobufCMessage **out, tt_error *error);

#endif
