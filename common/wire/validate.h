/* What is wrong with a request, collected: path and reason of each violation, and the checks that all services share.
 *
 * A check adds a violation and returns false; it never stops at the first, so that a client learns all of it in one reply. Only rules
 * of form belong here, no domain rules. Not thread-safe. */
#ifndef TT_WIRE_VALIDATE_H
#define TT_WIRE_VALIDATE_H

#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"
#include "wire/envelope.h"

#define TT_VIOLATIONS_MAX 64
#define TT_IDENTIFIER_MAX 64
#define TT_MONEY_MAX INT64_C (9007199254740991)

/* Zero-initialise: {0}; release with tt_violations_free. */
typedef struct {
    struct {
        char *path;   /* owned */
        char *reason; /* owned */
    } items[TT_VIOLATIONS_MAX];
    size_t count; /* kept in items */
    size_t total; /* found, also those past TT_VIOLATIONS_MAX */
    tt_buffer prefix; /* path of the place that is being checked */
} tt_violations;

void tt_violations_clear (tt_violations *v); /* none, no prefix; memory of the prefix is kept */
void tt_violations_free (tt_violations *v);

/* Goes one step down the path ("documents[%zu]") until the matching leave. The returned mark is what leave wants. */
size_t tt_violations_enter (tt_violations *v, const char *format, ...) TT_PRINTF (2, 3);
void tt_violations_leave (tt_violations *v, size_t mark);

/* Adds "<prefix>.<field>": reason. field may be NULL or "": the prefix itself. Bytes that are no UTF-8 in the reason become "?". */
void tt_violate (tt_violations *v, const char *field, const char *format, ...) TT_PRINTF (3, 4);

/* Item i as "path: reason", appended. */
void tt_violations_text (const tt_violations *v, size_t i, tt_buffer *out);
/* Views for a reply header into room[capacity]; returns how many. Borrowed from *v. */
size_t tt_violations_view (const tt_violations *v, tt_field_violation *room, size_t capacity);

/* The checks: true if right. `value` is NUL-terminated and may be NULL (taken as ""). */
bool tt_check_identifier (tt_violations *v, const char *field, const char *value); /* required: 1 to 64 of a-z 0-9 - _ . */
/* min to max code points; min 0: may be empty. */
bool tt_check_text (tt_violations *v, const char *field, const char *value, size_t min, size_t max);
bool tt_check_bytes (tt_violations *v, const char *field, size_t size, size_t min, size_t max);
bool tt_check_date (tt_violations *v, const char *field, const char *value, bool required);    /* "YYYY-MM-DD", a real day */
bool tt_check_decimal (tt_violations *v, const char *field, const char *value, bool required); /* wire/decimal.h */
bool tt_check_money (tt_violations *v, const char *field, int64_t fen, int64_t min, int64_t max);
bool tt_check_range (tt_violations *v, const char *field, uint64_t value, uint64_t min, uint64_t max);
bool tt_check_count (tt_violations *v, const char *field, size_t count, size_t min, size_t max); /* of repeated items */
/* A value that the enum declares; `required` refuses 0 also. */
bool tt_check_enum (tt_violations *v, const char *field, const ProtobufCEnumDescriptor *type, int value, bool required);

/* Every string of the message and of those inside it is UTF-8 (protobuf-c does not look) and nothing is nested deeper than 64.
 * Paths are below the present prefix. To be called on each message that came from outside before anything else reads its strings. */
bool tt_validate_utf8 (const ProtobufCMessage *message, tt_violations *v);
/* No string of the packed message, or of those inside it, holds a NUL: the unpacked one cannot tell, since its strings would just end there.
 * For bytes that were unpacked as `type` already; what cannot be read is left to that. Paths as above. */
bool tt_validate_no_nul (const ProtobufCMessageDescriptor *type, tt_bytes packed, tt_violations *v);

/* Code points of valid UTF-8. */
size_t tt_text_length (const char *text);

#endif
