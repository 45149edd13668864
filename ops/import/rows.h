/* The raw records of a file, whatever its form: an XML document, tagged lines, a line of JSON, a row of a table. What they mean is import.h's
 * business. One thread at a time. */
#ifndef TT_IMPORT_ROWS_H
#define TT_IMPORT_ROWS_H

#include <jansson.h>

#include "base/buffer.h"

typedef enum { TT_ROWS_XML, TT_ROWS_JSON, TT_ROWS_TABLE, TT_ROWS_GREENBOOK, TT_ROWS_BRS } tt_rows_form;

typedef struct tt_rows tt_rows;

/* Borrowed until the next call. */
typedef struct {
    uint64_t number;    /* from 1 */
    uint64_t line;      /* on which it begins */
    uint64_t end;       /* offset behind it */
    tt_bytes text;      /* as it stands in the file; of a table, the row as JSON */
    json_t *columns;    /* TABLE: the row as an object, column to text; borrowed */
    const char *broken; /* why it cannot be read at all; NULL: it can */
    const char *encoding; /* of text: what XML declares, "" or NULL: UTF-8 or to be taken for it */
} tt_row;

typedef struct {
    size_t max_record;           /* bytes, 0 = 64 MiB */
    const char *encoding;        /* of the whole file; NULL: UTF-8, UTF-16 with its mark, or what XML declares */
    const char *const *elements; /* cut out of the EPO's answers (split.h); NULL: exchange-document */
    const char *barren;          /* why an answer that holds none of them is refused; static */
} tt_rows_options;

/* Opens a file and tells its form by its first bytes. Statuses of tt_source_open, and
 * INVALID_ARGUMENT for a form or encoding that is not understood. */
TT_MUST_USE tt_status tt_rows_open (tt_rows **out, const char *path, const tt_rows_options *options, tt_error *error);
void tt_rows_close (tt_rows **rows); /* NULL inside is fine; nulls */
tt_rows_form tt_rows_what (const tt_rows *rows);
/* The column names of a table, borrowed; NULL for other forms. */
const char *const *tt_rows_columns (const tt_rows *rows, size_t *count);
/* The next record; *row = NULL at the end. DATA_LOSS, INTERNAL: the file cannot be read further. */
TT_MUST_USE tt_status tt_rows_next (tt_rows *rows, const tt_row **row, tt_error *error);

const tt_row *tt_rows_current (const tt_rows *rows); /* the record handed out last, also at the end; borrowed */

const char *tt_rows_fingerprint (const tt_rows *rows); /* as tt_import_fingerprint */
uint64_t tt_rows_position (const tt_rows *rows);
uint64_t tt_rows_size (const tt_rows *rows);

#endif
