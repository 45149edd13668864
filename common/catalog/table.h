/* A CSV file read into an array of structs, by a table of its columns. What the catalogue's files are loaded with; not for large
 * or foreign files (importers stream with csv.h). Values only; no thread rule. */
#ifndef TT_CATALOG_TABLE_H
#define TT_CATALOG_TABLE_H

#include "base/arena.h"

typedef enum {
    TT_COLUMN_TEXT,    /* const char *, never NULL */
    TT_COLUMN_NUMBER,  /* uint32_t; an empty field gives 0 unless required */
    TT_COLUMN_DECIMAL, /* const char *: "", or digits with an optional sign and fraction */
    TT_COLUMN_YES_NO,  /* bool: "yes" or "no" */
    TT_COLUMN_WORD     /* int: the value of one of the column's words */
} tt_column_kind;

typedef struct {
    const char *text; /* NULL ends the list */
    int value;
} tt_word;

typedef struct {
    const char *name; /* in the header line */
    size_t offset;    /* in the struct */
    tt_column_kind kind;
    bool required;        /* an empty field is an error */
    const tt_word *words; /* TT_COLUMN_WORD */
} tt_column;

/* Every struct begins with the line that it was read from, for errors found later. */
typedef struct {
    uint32_t line;
} tt_table_row;

/* Reads <directory>/<file> into *rows (owned by the caller, free) with *count structs of `size` bytes; texts live in `arena`.
 * Columns may stand in any order, unknown ones are passed over. NOT_FOUND and the like when it cannot be opened;
 * INVALID_ARGUMENT "<path>:<line>: ..." for malformed CSV, a missing column, a wrong number of fields, bad UTF-8 or a bad value.
 */
TT_MUST_USE tt_status tt_table_load (const char *directory, const char *file, const tt_column *columns, size_t column_count,
                                     size_t size, tt_arena *arena, void **rows, size_t *count, tt_error *error);

#endif
