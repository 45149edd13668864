#include "catalog/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "catalog/csv.h"

#define MAX_COLUMNS 32

typedef struct {
    const char *path;
    const tt_column *columns;
    size_t column_count;
    size_t header_count;
    int field_of[MAX_COLUMNS]; /* where each column stands in a row */
    size_t size;
    tt_arena *arena;
    tt_buffer rows;
    size_t count;
} loader;

static tt_status
read_header (loader *self, const tt_csv_row *header, tt_error *error)
{
    if (header == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: the file is empty", self->path);
    self->header_count = header->count;
    for (size_t i = 0; i < self->column_count; i++) {
        self->field_of[i] = tt_csv_find (header, self->columns[i].name);
        if (self->field_of[i] < 0)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s:1: the column \"%s\" is missing", self->path, self->columns[i].name);
    }
    return TT_OK;
}

static bool
is_decimal (const char *text)
{
    size_t sign = *text == '-', whole = strspn (text + sign, "0123456789");
    const char *rest = text + sign + whole;
    if (whole == 0)
        return false;
    if (*rest == '.') {
        size_t fraction = strspn (rest + 1, "0123456789");
        return fraction > 0 && rest[1 + fraction] == '\0';
    }
    return *rest == '\0';
}

static bool
parse_number (const char *text, uint32_t *out)
{
    if (*text == '\0') {
        *out = 0;
        return true;
    }
    size_t digits = strspn (text, "0123456789");
    if (text[digits] != '\0' || digits > 9)
        return false;
    *out = (uint32_t)strtoul (text, NULL, 10);
    return true;
}

static bool
parse_word (const tt_word *words, const char *text, int *out)
{
    for (; words->text != NULL; words++)
        if (strcmp (words->text, text) == 0) {
            *out = words->value;
            return true;
        }
    return false;
}

/* What is wrong with the field for its column, or NULL when it was stored. */
static const char *
store_field (loader *self, const tt_column *column, const tt_csv_field *field, uint8_t *row)
{
    void *place = row + column->offset;
    if (column->required && field->size == 0)
        return "is empty";
    if (!tt_text_valid ((tt_bytes){ (const uint8_t *)field->text, field->size }, NULL))
        return "is not UTF-8";
    switch (column->kind) {
    case TT_COLUMN_NUMBER:
        return parse_number (field->text, place) ? NULL : "is not a whole number";
    case TT_COLUMN_YES_NO:
        *(bool *)place = strcmp (field->text, "yes") == 0;
        return *(bool *)place || strcmp (field->text, "no") == 0 ? NULL : "is neither yes nor no";
    case TT_COLUMN_WORD:
        return parse_word (column->words, field->text, place) ? NULL : "is none of the known words";
    case TT_COLUMN_DECIMAL:
        if (field->size > 0 && !is_decimal (field->text))
            return "is not a decimal number";
        break;
    case TT_COLUMN_TEXT:
        break;
    }
    *(const char **)place = tt_arena_strndup (self->arena, field->text, field->size);
    return NULL;
}

static tt_status
read_row (loader *self, const tt_csv_row *row, tt_error *error)
{
    unsigned long long line = row->line;
    if (row->count != self->header_count)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%llu: %zu fields where the header has %zu", self->path, line, row->count,
                        self->header_count);
    uint8_t *to = tt_buffer_reserve (&self->rows, self->size);
    memset (to, 0, self->size);
    ((tt_table_row *)(void *)to)->line = (uint32_t)row->line;
    for (size_t i = 0; i < self->column_count; i++) {
        const tt_csv_field *field = &row->fields[self->field_of[i]];
        const char *wrong = store_field (self, &self->columns[i], field, to);
        if (wrong != NULL)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%llu: %s %s: \"%.60s\"", self->path, line, self->columns[i].name,
                            wrong, field->text);
    }
    self->rows.size += self->size;
    self->count++;
    return TT_OK;
}

static tt_status
read_all (loader *self, tt_error *error)
{
    tt_csv *csv = NULL;
    const tt_csv_row *row = NULL;
    tt_status status = tt_csv_open (&csv, self->path, NULL, error);
    if (status == TT_OK)
        status = tt_csv_next (csv, &row, error);
    if (status == TT_OK)
        status = read_header (self, row, error);
    while (status == TT_OK && (status = tt_csv_next (csv, &row, error)) == TT_OK && row != NULL)
        status = read_row (self, row, error);
    tt_csv_close (&csv);
    return status;
}

tt_status
tt_table_load (const char *directory, const char *file, const tt_column *columns, size_t column_count, size_t size,
               tt_arena *arena, void **rows, size_t *count, tt_error *error)
{
    char path[PATH_MAX];
    loader self = { .path = path, .columns = columns, .column_count = column_count, .size = size, .arena = arena };
    *rows = NULL;
    *count = 0;
    if (column_count > MAX_COLUMNS)
        return tt_fail (error, TT_INTERNAL, "%s: more than %d columns asked for", file, MAX_COLUMNS);
    if ((size_t)snprintf (path, sizeof path, "%s/%s", directory, file) >= sizeof path)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%.200s...: the path is too long", directory);
    tt_status status = read_all (&self, error);
    if (status != TT_OK) {
        tt_buffer_free (&self.rows);
        return status;
    }
    *rows = self.rows.data;
    *count = self.count;
    return TT_OK;
}
