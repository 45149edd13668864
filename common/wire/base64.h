/* Base64 (RFC 4648). Thread-safe: values only. */
#ifndef TT_WIRE_BASE64_H
#define TT_WIRE_BASE64_H

#include "base/buffer.h"

/* Appends the standard alphabet with padding. */
void tt_base64_encode (tt_bytes bytes, tt_buffer *out);
/* Appends the bytes of `text`: standard or URL-safe alphabet (both, even mixed), with or without padding. False, with nothing
 * appended, for anything else, also for bits left over that are not zero. */
bool tt_base64_decode (tt_bytes text, tt_buffer *out);

#endif
