/* UUID version 7 (RFC 9562): 48 bits of milliseconds, then random. Request ids and event ids.
 * Thread-safe. */
#ifndef TT_BASE_UUID_H
#define TT_BASE_UUID_H

#include <stdint.h>

#include "base/status.h"

#define TT_UUID_SIZE 16
#define TT_UUID_TEXT_SIZE 37

/* A new one, later than any that this thread made before (the random part counts up within a millisecond). */
void tt_uuid7_make (uint8_t out[TT_UUID_SIZE]);
/* Milliseconds since 1970 in a version 7 UUID; -1 if version or variant are others. */
int64_t tt_uuid7_unix_ms (const uint8_t uuid[TT_UUID_SIZE]);
void tt_uuid_format (const uint8_t uuid[TT_UUID_SIZE], char out[TT_UUID_TEXT_SIZE]); /* lower case with hyphens */
TT_MUST_USE tt_status tt_uuid_parse (const char *text, uint8_t out[TT_UUID_SIZE]);
/* Random bytes from the operating system (getrandom). */
void tt_random_bytes (void *out, size_t size);

#endif
