#include "catalog/csv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK (64 * 1024)
#define DEFAULT_MAX_FIELD ((size_t)1 << 20)
#define DEFAULT_MAX_FIELDS ((size_t)4096)
#define END (-1)    /* of the input */
#define BROKEN (-2) /* the read function failed */

struct tt_csv {
    tt_csv_read read;
    void *context;
    FILE *file;      /* owned when opened by path, and not standard input */
    tt_bytes memory; /* what tt_csv_new_bytes still has to give */
    char separator;
    size_t max_field;
    size_t max_fields;
    char *name;
    uint8_t *chunk; /* [at, filled) is unread */
    size_t at;
    size_t filled;
    uint64_t before; /* bytes of the input before chunk[0] */
    uint64_t line;
    uint64_t column; /* characters already read on this line */
    uint64_t records;
    bool begun; /* the byte order mark was looked for */
    bool ended;
    tt_error failure; /* sticky: of the read function */
    tt_buffer text;   /* fields of the record, each with its NUL */
    tt_csv_field *fields;
    size_t *starts; /* of the fields in text, which moves while it grows */
    size_t count;
    size_t capacity;
    tt_csv_row row;
};

static tt_status
read_memory (void *context, uint8_t *data, size_t size, size_t *got, tt_error *error)
{
    tt_csv *csv = context;
    (void)error;
    *got = size < csv->memory.size ? size : csv->memory.size;
    if (*got > 0)
        memcpy (data, csv->memory.data, *got);
    csv->memory.data += *got;
    csv->memory.size -= *got;
    return TT_OK;
}

static tt_status
read_file (void *context, uint8_t *data, size_t size, size_t *got, tt_error *error)
{
    tt_csv *csv = context;
    *got = fread (data, 1, size, csv->file);
    if (*got == 0 && ferror (csv->file))
        return tt_fail (error, TT_INTERNAL, "%s: cannot read: %s", csv->name, strerror (errno));
    return TT_OK;
}

tt_csv *
tt_csv_new (tt_csv_read read, void *context, const tt_csv_options *options)
{
    static const tt_csv_options defaults;
    if (options == NULL)
        options = &defaults;
    tt_csv *csv = tt_alloc_zero (1, sizeof *csv);
    csv->read = read;
    csv->context = context;
    csv->separator = options->separator ? options->separator : ',';
    csv->max_field = options->max_field ? options->max_field : DEFAULT_MAX_FIELD;
    csv->max_fields = options->max_fields ? options->max_fields : DEFAULT_MAX_FIELDS;
    csv->name = tt_strdup (options->name ? options->name : "csv");
    csv->chunk = tt_alloc (CHUNK);
    csv->line = 1;
    return csv;
}

tt_csv *
tt_csv_new_bytes (tt_bytes bytes, const tt_csv_options *options)
{
    tt_csv *csv = tt_csv_new (read_memory, NULL, options);
    csv->context = csv;
    csv->memory = bytes;
    return csv;
}

static tt_status
status_of_errno (int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return TT_NOT_FOUND;
    case EACCES:
    case EPERM:
        return TT_PERMISSION_DENIED;
    default:
        return TT_INTERNAL;
    }
}

tt_status
tt_csv_open (tt_csv **out, const char *path, const tt_csv_options *options, tt_error *error)
{
    tt_csv_options named = options ? *options : (tt_csv_options){ 0 };
    bool standard = strcmp (path, "-") == 0;
    FILE *file = standard ? stdin : fopen (path, "re");
    *out = NULL;
    if (file == NULL)
        return tt_fail (error, status_of_errno (errno), "%s: cannot open: %s", path, strerror (errno));
    named.name = standard ? "standard input" : path;
    *out = tt_csv_new (read_file, NULL, &named);
    (*out)->context = *out;
    (*out)->file = file;
    return TT_OK;
}

void
tt_csv_close (tt_csv **self)
{
    tt_csv *csv = *self;
    if (csv == NULL)
        return;
    if (csv->file != NULL && csv->file != stdin)
        fclose (csv->file);
    tt_buffer_free (&csv->text);
    free (csv->fields);
    free (csv->starts);
    free (csv->chunk);
    free (csv->name);
    free (csv);
    *self = NULL;
}

/* A read function may fail without saying why. */
static void
note_failure (tt_csv *csv)
{
    if (csv->failure.code == TT_OK)
        tt_fail (&csv->failure, TT_INTERNAL, "%s: cannot read", csv->name);
}

static bool
refill (tt_csv *csv)
{
    size_t got = 0;
    if (csv->ended || csv->failure.code != TT_OK)
        return false;
    csv->before += csv->filled;
    csv->at = csv->filled = 0;
    if (csv->read (csv->context, csv->chunk, CHUNK, &got, &csv->failure) != TT_OK) {
        note_failure (csv);
        return false;
    }
    csv->filled = got;
    csv->ended = got == 0;
    return got > 0;
}

/* The next byte without taking it, END or BROKEN. */
static int
peek (tt_csv *csv)
{
    if (csv->at == csv->filled && !refill (csv))
        return csv->failure.code != TT_OK ? BROKEN : END;
    return csv->chunk[csv->at];
}

static void
take (tt_csv *csv)
{
    uint8_t byte = csv->chunk[csv->at++];
    if (byte == '\n') {
        csv->line++;
        csv->column = 0;
    } else if ((byte & 0xC0) != 0x80) {
        csv->column++;
    }
}

/* A pipe may give the mark in pieces, so the first chunk is filled until it can hold one. */
static void
skip_mark (tt_csv *csv)
{
    static const uint8_t mark[] = { 0xEF, 0xBB, 0xBF };
    csv->begun = true;
    while (csv->filled < sizeof mark && !csv->ended && csv->failure.code == TT_OK) {
        size_t got = 0;
        if (csv->read (csv->context, csv->chunk + csv->filled, CHUNK - csv->filled, &got, &csv->failure) != TT_OK)
            note_failure (csv);
        else
            csv->ended = got == 0;
        csv->filled += got;
    }
    if (csv->filled >= sizeof mark && memcmp (csv->chunk, mark, sizeof mark) == 0)
        csv->at = sizeof mark;
}

static tt_status
malformed (tt_csv *csv, uint64_t line, uint64_t column, const char *what, tt_error *error)
{
    return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%llu:%llu: %s", csv->name, (unsigned long long)line,
                    (unsigned long long)column, what);
}

/* One byte of a field; refuses what no field may hold. */
static tt_status
keep (tt_csv *csv, int byte, tt_error *error)
{
    uint8_t kept = (uint8_t)byte;
    if (byte == '\0')
        return malformed (csv, csv->line, csv->column + 1, "a NUL byte", error);
    if (csv->text.size - csv->starts[csv->count - 1] >= csv->max_field)
        return malformed (csv, csv->line, csv->column + 1, "the field is longer than allowed", error);
    tt_buffer_append (&csv->text, &kept, 1);
    take (csv);
    return TT_OK;
}

static tt_status
quoted_field (tt_csv *csv, tt_error *error)
{
    uint64_t line = csv->line, column = csv->column + 1;
    tt_status status = TT_OK;
    take (csv); /* the opening quote */
    while (status == TT_OK) {
        int byte = peek (csv);
        if (byte == BROKEN)
            return tt_fail (error, csv->failure.code, "%s", csv->failure.message);
        if (byte == END)
            return malformed (csv, line, column, "the quote is never closed", error);
        if (byte == '"') {
            take (csv);
            if (peek (csv) != '"')
                return TT_OK;
        }
        status = keep (csv, byte, error);
    }
    return status;
}

static tt_status
bare_field (tt_csv *csv, tt_error *error)
{
    tt_status status = TT_OK;
    while (status == TT_OK) {
        int byte = peek (csv);
        if (byte < 0 || byte == '\n' || byte == '\r' || byte == (uint8_t)csv->separator)
            return TT_OK;
        if (byte == '"')
            return malformed (csv, csv->line, csv->column + 1, "a quote inside a field that is not quoted", error);
        status = keep (csv, byte, error);
    }
    return status;
}

static tt_status
open_field (tt_csv *csv, tt_error *error)
{
    if (csv->count >= csv->max_fields)
        return malformed (csv, csv->line, csv->column + 1, "more fields than allowed", error);
    if (csv->count == csv->capacity) {
        csv->capacity = csv->capacity ? csv->capacity * 2 : 32;
        csv->fields = tt_realloc (csv->fields, csv->capacity * sizeof *csv->fields);
        csv->starts = tt_realloc (csv->starts, csv->capacity * sizeof *csv->starts);
    }
    csv->starts[csv->count++] = csv->text.size;
    return TT_OK;
}

/* What stands behind a field: *more is true behind a separator. */
static tt_status
close_field (tt_csv *csv, bool *more, tt_error *error)
{
    int byte = peek (csv);
    tt_buffer_append (&csv->text, "", 1);
    *more = false;
    if (byte == BROKEN)
        return tt_fail (error, csv->failure.code, "%s", csv->failure.message);
    if (byte == END)
        return TT_OK;
    if (byte == (uint8_t)csv->separator) {
        take (csv);
        *more = true;
        return TT_OK;
    }
    if (byte == '\r') {
        take (csv);
        byte = peek (csv);
        if (byte == END)
            return TT_OK;
        if (byte != '\n')
            return malformed (csv, csv->line, csv->column, "a carriage return without a line feed", error);
    }
    if (byte != '\n')
        return malformed (csv, csv->line, csv->column + 1, "text behind the closing quote", error);
    take (csv);
    return TT_OK;
}

static tt_status
read_record (tt_csv *csv, tt_error *error)
{
    bool more = true;
    csv->count = 0;
    tt_buffer_clear (&csv->text);
    while (more) {
        tt_status status = open_field (csv, error);
        if (status == TT_OK)
            status = peek (csv) == '"' ? quoted_field (csv, error) : bare_field (csv, error);
        if (status == TT_OK)
            status = close_field (csv, &more, error);
        if (status != TT_OK)
            return status;
    }
    return TT_OK;
}

static void
skip_line (tt_csv *csv)
{
    int byte = peek (csv);
    while (byte >= 0) {
        take (csv);
        if (byte == '\n')
            return;
        byte = peek (csv);
    }
}

static void
publish_row (tt_csv *csv, uint64_t line)
{
    for (size_t i = 0; i < csv->count; i++) {
        size_t next = i + 1 < csv->count ? csv->starts[i + 1] : csv->text.size;
        csv->fields[i].text = (const char *)csv->text.data + csv->starts[i];
        csv->fields[i].size = next - csv->starts[i] - 1;
    }
    csv->row = (tt_csv_row){ csv->fields, csv->count, line, csv->records, csv->before + csv->at };
}

/* Passes over lines without a byte, and returns what comes then. */
static int
skip_empty_lines (tt_csv *csv)
{
    int byte = peek (csv);
    while (byte == '\n' || byte == '\r') {
        take (csv);
        byte = peek (csv);
    }
    return byte;
}

tt_status
tt_csv_next (tt_csv *csv, const tt_csv_row **row, tt_error *error)
{
    *row = NULL;
    if (!csv->begun)
        skip_mark (csv);
    int byte = skip_empty_lines (csv);
    if (byte == BROKEN)
        return tt_fail (error, csv->failure.code, "%s", csv->failure.message);
    if (byte == END)
        return TT_OK;
    uint64_t line = csv->line;
    csv->records++;
    tt_status status = read_record (csv, error);
    if (status != TT_OK) {
        skip_line (csv);
        return status;
    }
    publish_row (csv, line);
    *row = &csv->row;
    return TT_OK;
}

int
tt_csv_find (const tt_csv_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp (row->fields[i].text, name) == 0)
            return (int)i;
    return -1;
}
