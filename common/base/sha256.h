/* SHA-256 (FIPS 180-4): for what others must be able to check against forgery, such as the hash of a certificate. For tables and
 * deterministic ids xxHash is faster. Thread-safe: values only. */
#ifndef TT_BASE_SHA256_H
#define TT_BASE_SHA256_H

#include "base/buffer.h"

#define TT_SHA256_SIZE 32
#define TT_SHA256_TEXT 65 /* 64 hexadecimal digits and a NUL */

void tt_sha256 (tt_bytes bytes, uint8_t out[TT_SHA256_SIZE]);
void tt_sha256_text (tt_bytes bytes, char out[TT_SHA256_TEXT]); /* in lower case */

#endif
