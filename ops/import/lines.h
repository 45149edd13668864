/* The lines of a source, each bounded: a longer one is passed over and said to be too long.
 * LF and CRLF; a byte order mark at the start is taken off. Not for CSV, whose records may hold line breaks.
 * One thread at a time for a reader. */
#ifndef TT_IMPORT_LINES_H
#define TT_IMPORT_LINES_H

#include "import/source.h"

typedef struct tt_lines tt_lines;

/* A line: borrowed from the reader until its next call. */
typedef struct {
    tt_bytes text;   /* without its line break; of a line that is too long, its beginning */
    uint64_t number; /* from 1 */
    uint64_t end;    /* offset of the byte behind it, line break included */
    bool too_long;
} tt_line;

/* source is borrowed until the close. max_line: bytes, 0 = 64 MiB. */
tt_lines *tt_lines_new (tt_source *source, size_t max_line);
void tt_lines_close (tt_lines **lines); /* NULL inside is fine; nulls */
/* The next line into *line; *more = false at the end. Errors of tt_source_read. */
TT_MUST_USE tt_status tt_lines_next (tt_lines *lines, tt_line *line, bool *more, tt_error *error);

#endif
