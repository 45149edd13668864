#include "import/rows.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/text.h"
#include "catalog/csv.h"
#include "import/lines.h"
#include "import/recognise.h"
#include "import/decode.h"
#include "import/split.h"
#include "import/tagged.h"

struct tt_rows {
    tt_source *source;
    tt_rows_form form;
    tt_lines *lines; /* JSON */
    tt_split *split; /* XML */
    tt_csv *csv;     /* TABLE */
    tt_tagged *tagged; /* GREENBOOK, BRS */
    const char *const *elements;
    const char *barren;
    bool decoded; /* by the source: what XML declares no longer holds */
    char **names;    /* TABLE: owned copies of the header */
    size_t name_count;
    json_t *columns; /* of the present row */
    tt_buffer text;
    tt_row row;
    tt_error why; /* of the present row */
    char fingerprint[33];
};

static tt_status
read_source (void *context, uint8_t *data, size_t size, size_t *got, tt_error *error)
{
    return tt_source_read (context, data, size, got, error);
}

/* The separator that the header line uses most. */
static char
guess_separator (tt_bytes head)
{
    static const char candidates[] = "\t,;";
    const uint8_t *end = memchr (head.data, '\n', head.size);
    size_t size = end ? (size_t)(end - head.data) : head.size, best = 0;
    char separator = ',';
    for (const char *c = candidates; *c; c++) {
        size_t n = 0;
        for (size_t i = 0; i < size; i++)
            n += head.data[i] == (uint8_t)*c;
        if (n > best) {
            best = n;
            separator = *c;
        }
    }
    return separator;
}

static tt_status
open_table (tt_rows *rows, const char *path, tt_bytes head, size_t max_record, tt_error *error)
{
    const tt_csv_row *header;
    tt_csv_options options = { .separator = guess_separator (head), .max_field = max_record, .name = path };
    rows->csv = tt_csv_new (read_source, rows->source, &options);
    tt_status status = tt_csv_next (rows->csv, &header, error);
    if (status != TT_OK)
        return status;
    if (header == NULL)
        return TT_OK; /* an empty file: no records */
    rows->names = tt_alloc_zero (header->count, sizeof *rows->names);
    rows->name_count = header->count;
    for (size_t i = 0; i < header->count; i++) {
        size_t wrong;
        tt_bytes name = { (const uint8_t *)header->fields[i].text, header->fields[i].size };
        rows->names[i] = tt_strdup (header->fields[i].text);
        if (!tt_text_valid (name, &wrong))
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s: its first line is no header of a table: column %zu is no UTF-8",
                            path, i + 1);
    }
    if (header->count == 1)
        return tt_fail (error, TT_INVALID_ARGUMENT,
                        "%s: neither XML nor JSON Lines, and its first line is no header of a table (one column: \"%.40s\")",
                        path, rows->names[0]);
    return TT_OK;
}

/* Where the first character stands that is no white space, behind a mark of UTF-8. */
static size_t
first_character (tt_bytes head)
{
    size_t i = head.size >= 3 && memcmp (head.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < head.size && isspace (head.data[i]))
        i++;
    return i;
}

static tt_rows_form
tell_form (tt_bytes head, char first)
{
    tt_tagged_form tagged = tt_tagged_tell (head);
    return tagged == TT_TAGGED_GREENBOOK ? TT_ROWS_GREENBOOK
           : tagged == TT_TAGGED_BRS     ? TT_ROWS_BRS
           : first == '<'                ? TT_ROWS_XML
           : first == '{'                ? TT_ROWS_JSON
                                         : TT_ROWS_TABLE;
}

/* Of JSON and tables, which declare nothing. */
static const char *
recognised (tt_bytes head)
{
    size_t i = first_character (head);
    tt_rows_form form = tell_form (head, i < head.size ? (char)head.data[i] : '{');
    return form == TT_ROWS_JSON || form == TT_ROWS_TABLE ? tt_recognise (head) : NULL;
}

/* The whole file as the user says it is, as the mark of UTF-16 says, or as its bytes look. */
static tt_status
choose_encoding (tt_rows *rows, const char *wanted, tt_error *error)
{
    tt_bytes head;
    tt_status status = tt_source_peek (rows->source, &head, error);
    bool marked = status == TT_OK && head.size >= 2 && (memcmp (head.data, "\xff\xfe", 2) == 0 || memcmp (head.data, "\xfe\xff", 2) == 0);
    const char *name = status != TT_OK ? NULL : marked ? "UTF-16" : wanted ? tt_decode_name (wanted) : recognised (head);
    if (status != TT_OK || name == NULL)
        return status;
    rows->decoded = true;
    return tt_source_decode (rows->source, name, error);
}

static void
open_form (tt_rows *rows, size_t max_record)
{
    switch (rows->form) {
    case TT_ROWS_XML:
        rows->split = tt_split_new (rows->source, max_record);
        if (rows->elements)
            tt_split_want (rows->split, rows->elements);
        break;
    case TT_ROWS_JSON:
        rows->lines = tt_lines_new (rows->source, max_record);
        break;
    case TT_ROWS_GREENBOOK:
        rows->tagged = tt_tagged_new (rows->source, TT_TAGGED_GREENBOOK, max_record);
        break;
    case TT_ROWS_BRS:
        rows->tagged = tt_tagged_new (rows->source, TT_TAGGED_BRS, max_record);
        break;
    case TT_ROWS_TABLE:
        break;
    }
}

static tt_status
start (tt_rows *rows, const char *path, size_t max_record, tt_error *error)
{
    tt_bytes head;
    tt_status status = tt_source_peek (rows->source, &head, error);
    if (status != TT_OK)
        return status;
    XXH128_hash_t hash = XXH3_128bits (head.data, head.size);
    snprintf (rows->fingerprint, sizeof rows->fingerprint, "%016llx%016llx", (unsigned long long)hash.high64,
              (unsigned long long)hash.low64);
    size_t i = first_character (head);
    char first = i < head.size ? (char)head.data[i] : '{';
    if (first == '{' && i + 1 < head.size && (head.data[i + 1] == '\n' || head.data[i + 1] == '\r'))
        return tt_fail (error, TT_INVALID_ARGUMENT,
                        "%s: a JSON object over several lines; JSON Lines, one object a line, is expected", path);
    if (first == '[')
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: a JSON array; JSON Lines, one object a line, is expected", path);
    rows->form = tell_form (head, first);
    if (rows->form == TT_ROWS_TABLE)
        return open_table (rows, path, head, max_record, error);
    open_form (rows, max_record);
    return TT_OK;
}

tt_status
tt_rows_open (tt_rows **out, const char *path, const tt_rows_options *options, tt_error *error)
{
    tt_rows *rows = tt_alloc_zero (1, sizeof *rows);
    rows->elements = options->elements;
    rows->barren = options->barren;
    tt_status status = tt_source_open (&rows->source, path, error);
    if (status == TT_OK)
        status = choose_encoding (rows, options->encoding, error);
    if (status == TT_OK)
        status = start (rows, path, options->max_record, error);
    if (status != TT_OK)
        tt_rows_close (&rows);
    *out = rows;
    return status;
}

void
tt_rows_close (tt_rows **out)
{
    tt_rows *rows = *out;
    if (rows == NULL)
        return;
    tt_lines_close (&rows->lines);
    tt_split_close (&rows->split);
    tt_tagged_close (&rows->tagged);
    tt_csv_close (&rows->csv);
    tt_source_close (&rows->source);
    for (size_t i = 0; i < rows->name_count; i++)
        free (rows->names[i]);
    free (rows->names);
    json_decref (rows->columns);
    tt_buffer_free (&rows->text);
    free (rows);
    *out = NULL;
}

tt_rows_form
tt_rows_what (const tt_rows *rows)
{
    return rows->form;
}

const char *const *
tt_rows_columns (const tt_rows *rows, size_t *count)
{
    *count = rows->name_count;
    return (const char *const *)rows->names;
}

static bool
is_blank (tt_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!isspace (text.data[i]))
            return false;
    return true;
}

/* Lines without anything on them are no records. */
static tt_status
next_line (tt_rows *rows, bool *more, tt_error *error)
{
    tt_line line;
    tt_status status;
    do {
        status = tt_lines_next (rows->lines, &line, more, error);
    } while (status == TT_OK && *more && !line.too_long && is_blank (line.text));
    rows->row.line = line.number;
    rows->row.end = line.end;
    rows->row.text = line.text;
    rows->row.broken = line.too_long ? "the line is longer than the limit for a record" : NULL;
    return status;
}

static tt_status
bad_row (tt_rows *rows, const char *format, const char *detail)
{
    (void)tt_fail (&rows->why, TT_INVALID_ARGUMENT, format, detail);
    rows->row.broken = rows->why.message;
    return TT_OK;
}

/* What the conversion could not read stands as U+FFFD: text that lost characters is not taken for the source's. */
static const char *
find_undecodable (const tt_rows *rows, const void *text, size_t size)
{
    return rows->decoded && size > 0 ? memmem (text, size, "\xef\xbf\xbd", 3) : NULL;
}

static tt_status
next_decoded_line (tt_rows *rows, bool *more, tt_error *error)
{
    char place[24];
    tt_status status = next_line (rows, more, error);
    tt_bytes text = rows->row.text;
    const char *lost = status == TT_OK && *more && !rows->row.broken ? find_undecodable (rows, text.data, text.size) : NULL;
    if (lost == NULL)
        return status;
    snprintf (place, sizeof place, "%zu", (size_t)(lost - (const char *)text.data) + 1);
    return bad_row (rows, "byte %s (as UTF-8) of the line is none of the file's encoding", place);
}

static tt_status
next_chunk (tt_rows *rows, bool *more, tt_error *error)
{
    tt_chunk chunk = { 0 };
    tt_status status = tt_split_next (rows->split, &chunk, more, error);
    rows->row.line = chunk.line;
    rows->row.end = chunk.end;
    rows->row.text = chunk.text;
    rows->row.encoding = rows->decoded ? "" : chunk.encoding;
    rows->row.broken = chunk.kind == TT_CHUNK_OVERSIZE ? "the document is larger than the limit for a record"
                       : chunk.kind == TT_CHUNK_BARREN ? rows->barren
                                                       : NULL;
    return status;
}

static tt_status
next_tagged (tt_rows *rows, bool *more, tt_error *error)
{
    tt_tagged_document document = { 0 };
    tt_status status = tt_tagged_next (rows->tagged, &document, more, error);
    rows->row.line = document.line;
    rows->row.end = document.end;
    rows->row.text = document.text;
    rows->row.broken = document.oversize ? "the document is larger than the limit for a record" : NULL;
    return status;
}

/* The row as an object; columns without a value are left out. */
static tt_status
take_fields (tt_rows *rows, const tt_csv_row *row)
{
    json_decref (rows->columns);
    rows->columns = json_object ();
    rows->row.columns = rows->columns;
    for (size_t i = 0; i < row->count && i < rows->name_count; i++) {
        if (row->fields[i].size == 0)
            continue;
        json_t *value = json_stringn (row->fields[i].text, row->fields[i].size);
        if (value == NULL)
            return bad_row (rows, "column \"%s\" is no UTF-8", rows->names[i]);
        json_object_set_new (rows->columns, rows->names[i], value);
        if (find_undecodable (rows, row->fields[i].text, row->fields[i].size))
            (void)bad_row (rows, "column \"%s\" holds bytes that are none of the file's encoding", rows->names[i]);
    }
    if (row->count > rows->name_count)
        return bad_row (rows, "%s", "more fields than the header has columns");
    return TT_OK;
}

static tt_status
next_table_row (tt_rows *rows, bool *more, tt_error *error)
{
    const tt_csv_row *row = NULL;
    *more = false;
    if (rows->names == NULL)
        return TT_OK;
    tt_status status = tt_csv_next (rows->csv, &row, error);
    if (status == TT_INVALID_ARGUMENT) {
        *more = true;
        rows->row.text = TT_BYTES_NONE;
        rows->row.columns = NULL;
        return bad_row (rows, "%s", error->message);
    }
    if (status != TT_OK || row == NULL)
        return status;
    *more = true;
    rows->row.line = row->line;
    rows->row.end = row->end;
    status = take_fields (rows, row);
    char *text = json_dumps (rows->columns, JSON_COMPACT);
    tt_buffer_clear (&rows->text);
    tt_buffer_text (&rows->text, text);
    free (text);
    rows->row.text = (tt_bytes){ rows->text.data, rows->text.size };
    return status;
}

tt_status
tt_rows_next (tt_rows *rows, const tt_row **row, tt_error *error)
{
    bool more = false;
    rows->row.broken = NULL;
    tt_status status = rows->form == TT_ROWS_XML    ? next_chunk (rows, &more, error)
                       : rows->form == TT_ROWS_JSON ? next_decoded_line (rows, &more, error)
                       : rows->tagged               ? next_tagged (rows, &more, error)
                                                    : next_table_row (rows, &more, error);
    rows->row.number += more;
    *row = status == TT_OK && more ? &rows->row : NULL;
    return status;
}

const tt_row *
tt_rows_current (const tt_rows *rows)
{
    return &rows->row;
}

const char *
tt_rows_fingerprint (const tt_rows *rows)
{
    return rows->fingerprint;
}

uint64_t
tt_rows_position (const tt_rows *rows)
{
    return tt_source_position (rows->source);
}

uint64_t
tt_rows_size (const tt_rows *rows)
{
    return tt_source_size (rows->source);
}
