/* Bytes of an input file, one after the other: plain or gzip (recognised by its first bytes), of any size, in bounded memory.
 * Not for parsing (lines.h, split.h). One thread at a time for a source. */
#ifndef TT_IMPORT_SOURCE_H
#define TT_IMPORT_SOURCE_H

#include <stdint.h>

#include "base/buffer.h"

typedef struct tt_source tt_source;

/* Opens a file, "-" being standard input. NOT_FOUND, PERMISSION_DENIED or INTERNAL with the reason of the system. */
TT_MUST_USE tt_status tt_source_open (tt_source **out, const char *path, tt_error *error);
/* A source over bytes in memory, borrowed until the close. Never fails. */
tt_source *tt_source_new_bytes (tt_bytes bytes);
void tt_source_close (tt_source **source); /* NULL inside is fine; nulls */

/* Up to `size` uncompressed bytes; *got = 0 at the end. DATA_LOSS if the gzip stream is damaged or cut off, INTERNAL if reading
 * fails. */
TT_MUST_USE tt_status tt_source_read (tt_source *source, void *data, size_t size, size_t *got, tt_error *error);
/* The first bytes, without consuming them: at most 64 KiB, or all there is. Borrowed until the next call. */
TT_MUST_USE tt_status tt_source_peek (tt_source *source, tt_bytes *head, tt_error *error);
/* From here on the bytes are read as `encoding` and handed out as UTF-8; what was peeked is handed out anew. Before anything was
 * read. INVALID_ARGUMENT if the encoding is not known. Bytes that are none of it become U+FFFD, and are counted. */
TT_MUST_USE tt_status tt_source_decode (tt_source *source, const char *encoding, tt_error *error);
uint64_t tt_source_undecodable (const tt_source *source);

/* For a progress bar: bytes taken from the file so far (compressed if it is), and its size; 0 if the size is not known. */
uint64_t tt_source_position (const tt_source *source);
uint64_t tt_source_size (const tt_source *source);

#endif
