/* What is shown: JSON lines, records, and tables whose columns line up with Chinese in them too. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl.h"
#include "text_width.h"

#define MAX_COLUMNS 16

void
ctl_print_json (const json_t *value)
{
    json_dumpf (value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar ('\n');
}

const json_t *
ctl_at (const json_t *value, const char *path)
{
    while (value && *path) {
        size_t size = strcspn (path, ".");
        char *name = tt_strndup (path, size);
        value = json_is_array (value) ? json_array_get (value, strtoul (name, NULL, 10)) : json_object_get (value, name);
        free (name);
        path += size + (path[size] == '.');
    }
    return value;
}

/* Fen as yuan: "1,250.50". */
static void
money_cell (int64_t fen, tt_buffer *out)
{
    char digits[32];
    int n = snprintf (digits, sizeof digits, "%lld", (long long)(fen / 100));
    for (int i = 0; i < n; i++) {
        tt_buffer_append (out, digits + i, 1);
        if (i + 1 < n && (n - i - 1) % 3 == 0 && digits[i] != '-')
            tt_buffer_append (out, ",", 1);
    }
    tt_buffer_printf (out, ".%02d", (int)(fen % 100));
}

void
ctl_cell (const json_t *value, bool money, tt_buffer *out)
{
    size_t i;
    const json_t *item;
    if (money && json_is_string (value))
        money_cell (strtoll (json_string_value (value), NULL, 10), out);
    else if (json_is_string (value))
        tt_buffer_text (out, json_string_value (value));
    else if (json_is_real (value))
        tt_buffer_printf (out, "%.4g", json_real_value (value));
    else if (json_is_array (value))
        json_array_foreach ((json_t *)value, i, item)
        {
            tt_buffer_text (out, i ? ", " : "");
            ctl_cell (item, money, out);
        }
    else if (value && !json_is_null (value)) {
        char *text = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
        tt_buffer_text (out, text ? text : "");
        free (text);
    }
}

/* Line breaks and control characters have no place in a cell: U+0000 to 001F, 007F, and U+0080 to 009F, which are two bytes. */
static void
flatten (tt_buffer *cell)
{
    for (size_t i = 0; i < cell->size; i++) {
        if (cell->data[i] < 0x20 || cell->data[i] == 0x7f)
            cell->data[i] = ' ';
        else if (cell->data[i] == 0xc2 && i + 1 < cell->size && cell->data[i + 1] >= 0x80 && cell->data[i + 1] < 0xa0)
            cell->data[i] = cell->data[i + 1] = ' ';
    }
    tt_buffer_cstr (cell);
}

/* "matches.*.watchId": of all matches, with commas. */
static void
column_cell (const json_t *row, const ctl_column *column, tt_buffer *out)
{
    const char *star = strstr (column->field, ".*.");
    const json_t *list, *item;
    size_t i;
    if (star == NULL) {
        ctl_cell (ctl_at (row, column->field), column->money, out);
        return;
    }
    char *path = tt_strndup (column->field, (size_t)(star - column->field));
    list = ctl_at (row, path);
    free (path);
    json_array_foreach ((json_t *)list, i, item)
    {
        tt_buffer_text (out, i ? ", " : "");
        ctl_cell (ctl_at (item, star + 3), column->money, out);
    }
}

typedef struct {
    const ctl_column *columns;
    size_t count;
    tt_buffer *cells; /* rows of `count`, the titles first */
    size_t rows;
    size_t width[MAX_COLUMNS];
} table;

static void
fill_row (table *t, size_t row, const json_t *value)
{
    for (size_t c = 0; c < t->count; c++) {
        tt_buffer *cell = &t->cells[row * t->count + c];
        if (value)
            column_cell (value, &t->columns[c], cell);
        else
            tt_buffer_text (cell, t->columns[c].title + (t->columns[c].title[0] == '?'));
        flatten (cell);
        size_t width = ctl_text_width ((const char *)cell->data);
        t->width[c] = width > t->width[c] ? width : t->width[c];
    }
}

static size_t
terminal_width (void)
{
    struct winsize size;
    if (!isatty (STDOUT_FILENO) || ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return 0;
    return size.ws_col;
}

/* Takes what is too much for the terminal from the widest column, until it fits. */
static void
fit (table *t, size_t room)
{
    for (;;) {
        size_t sum = 0, widest = 0;
        for (size_t c = 0; c < t->count; c++) {
            sum += t->width[c] + 2;
            widest = t->width[c] > t->width[widest] ? c : widest;
        }
        if (sum <= room + 2 || t->width[widest] <= 8)
            return;
        t->width[widest]--;
    }
}

static void
print_row (const table *t, size_t row)
{
    tt_buffer line = { 0 };
    for (size_t c = 0; c < t->count; c++) {
        const char *text = (const char *)t->cells[row * t->count + c].data;
        size_t size = ctl_text_fit (text, t->width[c]);
        size_t width = ctl_text_width_n (text, size), pad = t->width[c] - width;
        if (t->columns[c].right)
            tt_buffer_printf (&line, "%*s", (int)pad, "");
        tt_buffer_append (&line, text, size);
        if (!t->columns[c].right && c + 1 < t->count)
            tt_buffer_printf (&line, "%*s", (int)pad, "");
        tt_buffer_text (&line, c + 1 < t->count ? "  " : "");
    }
    while (line.size > 0 && line.data[line.size - 1] == ' ')
        line.size--;
    puts (tt_buffer_cstr (&line));
    tt_buffer_free (&line);
}

static bool
is_shown (const json_t *rows, const ctl_column *column)
{
    bool any = column->title[0] != '?';
    for (size_t i = 0; !any && i < json_array_size (rows); i++)
        any = ctl_at (json_array_get (rows, i), column->field) != NULL;
    return any;
}

void
ctl_print_table (const json_t *rows, const ctl_column *columns)
{
    ctl_column shown[MAX_COLUMNS];
    table t = { .columns = shown, .rows = json_array_size (rows) + 1 };
    if (columns == NULL) {
        for (size_t i = 0; i + 1 < t.rows; i++) {
            printf ("%s", i ? "\n" : "");
            ctl_print_record (json_array_get (rows, i));
        }
        return;
    }
    for (size_t i = 0; t.count < MAX_COLUMNS && columns[i].title; i++)
        if (is_shown (rows, &columns[i]))
            shown[t.count++] = columns[i];
    t.cells = tt_alloc_zero (t.rows * t.count, sizeof *t.cells);
    for (size_t row = 0; row < t.rows; row++)
        fill_row (&t, row, row ? json_array_get (rows, row - 1) : NULL);
    size_t room = terminal_width ();
    if (room > 0)
        fit (&t, room);
    for (size_t row = 0; row < t.rows; row++)
        print_row (&t, row);
    for (size_t i = 0; i < t.rows * t.count; i++)
        tt_buffer_free (&t.cells[i]);
    free (t.cells);
}

static bool
ends_in (const char *name, const char *ending)
{
    size_t size = strlen (name), end = strlen (ending);
    return size > end && strcmp (name + size - end, ending) == 0;
}

/* A field by what its name says: what ends in Fen is shown in yuan, and what ends in UnixMs as a time; then without the ending.
 */
static void
print_field (tt_buffer *path, const char *name, const json_t *value)
{
    tt_buffer cell = { 0 };
    bool money = ends_in (name, "Fen"), moment = ends_in (name, "UnixMs") && json_is_string (value);
    if (moment) {
        char text[TT_TIME_TEXT_SIZE];
        tt_time_format (strtoll (json_string_value (value), NULL, 10), text);
        tt_buffer_text (&cell, text);
    } else {
        ctl_cell (value, money, &cell);
        tt_buffer_text (&cell, money ? " yuan" : "");
    }
    flatten (&cell);
    path->size -= money ? strlen ("Fen") : moment ? strlen ("UnixMs") : 0;
    printf ("%-32s  %s\n", tt_buffer_cstr (path), (const char *)cell.data);
    tt_buffer_free (&cell);
}

/* Fields one below the other, those inside a message under their path. */
static void
print_fields (const char *prefix, const json_t *value)
{
    const char *name;
    json_t *item;
    size_t i;
    tt_buffer path = { 0 };
    json_object_foreach ((json_t *)value, name, item)
    {
        tt_buffer_clear (&path);
        tt_buffer_printf (&path, "%s%s%s", prefix, *prefix ? "." : "", name);
        const json_t *first = json_array_get (item, 0);
        if (json_is_object (item)) {
            print_fields (tt_buffer_cstr (&path), item);
        } else if (json_is_object (first)) {
            const json_t *entry;
            json_array_foreach (item, i, entry)
            {
                tt_buffer place = { 0 };
                tt_buffer_printf (&place, "%s[%zu]", tt_buffer_cstr (&path), i);
                print_fields (tt_buffer_cstr (&place), entry);
                tt_buffer_free (&place);
            }
        } else {
            print_field (&path, name, item);
        }
    }
    tt_buffer_free (&path);
}

void
ctl_print_head (const json_t *record)
{
    const char *name;
    json_t *item, *head = json_object ();
    json_object_foreach ((json_t *)record, name, item)
    {
        if (!json_is_array (item) && !json_is_object (item))
            json_object_set (head, name, item);
    }
    print_fields ("", head);
    putchar ('\n');
    json_decref (head);
}

void
ctl_print_record (const json_t *record)
{
    if (json_object_size (record) == 0)
        puts ("done");
    else
        print_fields ("", record);
}
