/* A streaming reader of comma-separated values after RFC 4180: quoted fields, doubled quotes, line breaks inside quotes, LF or
 * CRLF, an optional UTF-8 byte order mark, any one-byte separator. Lines that are wholly empty are passed over.
 * Not for guessing dialects or encodings: bytes of a field come out as they stand in the file, and who needs UTF-8 checks it.
 * Memory is bounded by the options, whatever the input. One thread at a time for a reader. */
#ifndef TT_CATALOG_CSV_H
#define TT_CATALOG_CSV_H

#include "base/buffer.h"

typedef struct tt_csv tt_csv;

/* Zero-initialise: {0} takes every default. */
typedef struct {
    char separator;    /* 0 = ',' ; not a quote, CR, LF or NUL */
    size_t max_field;  /* bytes in one field, 0 = 1 MiB */
    size_t max_fields; /* fields in one record, 0 = 4,096 */
    const char *name;  /* what errors call the input, for example its path; copied; NULL = "csv" */
} tt_csv_options;

typedef struct {
    const char *text; /* NUL-terminated, and free of NUL before that */
    size_t size;      /* bytes */
} tt_csv_field;

/* One record: borrowed from the reader until its next call. */
typedef struct {
    const tt_csv_field *fields;
    size_t count;    /* at least 1 */
    uint64_t line;   /* physical line on which it begins, from 1 */
    uint64_t record; /* number of the record, from 1; the header, if there is one, is record 1 */
    uint64_t end;    /* offset in bytes behind the record: where a reader could begin again */
} tt_csv_row;

/* Brings up to `size` bytes and sets *got; 0 is the end of the input. A failure ends the reading with that status. */
typedef tt_status (*tt_csv_read) (void *context, uint8_t *data, size_t size, size_t *got, tt_error *error);

/* A reader over a function; `context` is borrowed until the close. Never fails. */
tt_csv *tt_csv_new (tt_csv_read read, void *context, const tt_csv_options *options);
/* A reader over bytes in memory, borrowed until the close. Never fails. */
tt_csv *tt_csv_new_bytes (tt_bytes bytes, const tt_csv_options *options);
/* A reader over a file, "-" being standard input. `name` of the options is replaced by the path. NOT_FOUND,
 * PERMISSION_DENIED or INTERNAL with the reason of the system. options may be NULL. */
TT_MUST_USE tt_status tt_csv_open (tt_csv **out, const char *path, const tt_csv_options *options, tt_error *error);
void tt_csv_close (tt_csv **csv); /* NULL inside is fine; nulls */

/* The next record into *row, or *row = NULL at the end. INVALID_ARGUMENT "<name>:<line>:<column>: <what>" for a malformed
 * record (column in UTF-8 characters from 1): the rest of its line is passed over, and the next call goes on behind it.
 * Whatever the read function failed with: every further call fails the same way. */
TT_MUST_USE tt_status tt_csv_next (tt_csv *csv, const tt_csv_row **row, tt_error *error);

/* Which field of `row` (a header) is `name`, byte for byte; -1 if none. */
int tt_csv_find (const tt_csv_row *row, const char *name);

#endif
