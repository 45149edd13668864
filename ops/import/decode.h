/* Bytes in whatever encoding a file declares, as UTF-8. Not for guessing: what declares nothing is UTF-8. Any thread. */
#ifndef TT_IMPORT_DECODE_H
#define TT_IMPORT_DECODE_H

#include "base/buffer.h"

#define TT_ENCODING_SIZE 40

/* The encoding in the XML declaration at the start of the text, behind a byte order mark if there is one; "" if none is declared.
 */
void tt_decode_declared (tt_bytes text, char out[TT_ENCODING_SIZE]);

/* The text as UTF-8: *text stays as it is if it is UTF-8 already, else it is converted into *out and *text points there. label:
 * as declared; GB2312 and GBK are read as GB18030, ISO-8859-1 and ASCII as Windows-1252, which contain them. Text that is
 * declared as UTF-8, or not at all, and is not: each stray byte is read as Windows-1252, and *strays counts them.
 * INVALID_ARGUMENT for an encoding that is not known, or bytes that are none of it. */
TT_MUST_USE tt_status tt_decode (tt_bytes *text, const char *label, tt_buffer *out, size_t *strays, tt_error *error);

/* What iconv calls the encoding (static or label itself), or NULL if it is UTF-8, or a form of UTF-16 that the source has undone.
 */
const char *tt_decode_name (const char *label);

#endif
