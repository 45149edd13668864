/* patent map: what the stored patents look like, as tables, JSON or a picture. */
#include <patent.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "map_svg.h"
#include "text_width.h"

#define MESSAGE(name) &techtransfer__patent__v1__##name##__descriptor
#define ASK_AGAIN_MS 100

/* -- asking -- */

/* "filing-year" as MAP_AXIS_FILING_YEAR. */
static void
put_enum (json_t *fields, const ctl_args *args, const char *option, const char *field, const char *prefix)
{
    char name[64];
    const char *text = ctl_get (args, option);
    if (text == NULL)
        return;
    size_t n = (size_t)snprintf (name, sizeof name, "%s", prefix);
    for (; *text && n + 1 < sizeof name; text++)
        name[n++] = *text == '-' ? '_' : *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
    name[n] = '\0';
    json_object_set_new (fields, field, json_string (name));
}

static void
show_progress (const json_t *reply)
{
    if (isatty (STDERR_FILENO))
        fprintf (stderr, "\r%llu of %llu documents examined", (unsigned long long)ctl_map_count (json_object_get (reply, "examined")),
                 (unsigned long long)ctl_map_count (json_object_get (reply, "documents")));
}

/* A daemon that is at it says how far it is: it is asked again until the map is there. */
static int
fetch (const ctl_args *args, json_t *fields, json_t **reply)
{
    const struct timespec pause = { .tv_nsec = ASK_AGAIN_MS * 1000000L };
    bool waited = false;
    int code;
    while ((code = ctl_exchange (args, CTL_PATENT, fields, reply)) == CTL_OK && !json_is_true (json_object_get (*reply, "complete"))) {
        show_progress (*reply);
        json_decref (*reply);
        *reply = NULL;
        waited = true;
        nanosleep (&pause, NULL);
    }
    if (waited && isatty (STDERR_FILENO))
        fputs ("\r\033[K", stderr);
    return code;
}

/* -- the table -- */

typedef struct {
    char **cells; /* owned, row by row */
    size_t rows, columns;
} grid;

static char **
grid_at (grid *g, size_t row, size_t column)
{
    return &g->cells[row * g->columns + column];
}

static char *
line_name (const json_t *line)
{
    const char *label = json_string_value (json_object_get (line, "label"));
    tt_buffer text = { 0 };
    tt_buffer_text (&text, label ? label : "");
    if (json_object_get (line, "key") == NULL)
        tt_buffer_printf (&text, " (%llu)", (unsigned long long)ctl_map_count (json_object_get (line, "keys")));
    tt_buffer_cstr (&text);
    ctl_text_clean ((char *)text.data);
    return (char *)text.data;
}

static char *
number_text (uint64_t number)
{
    char text[24];
    snprintf (text, sizeof text, "%llu", (unsigned long long)number);
    return tt_strdup (number ? text : "·");
}

static char *
growth_text (const json_t *line, const char *field)
{
    const char *text = json_string_value (json_object_get (line, field));
    return tt_strdup (text ? text : "");
}

/* Names, counts, and behind them the total and the growth of each row. */
static void
fill_grid (grid *g, const json_t *reply)
{
    const json_t *rows = json_object_get (reply, "rows"), *columns = json_object_get (reply, "columns");
    const json_t *cells = json_object_get (reply, "cells");
    size_t across = json_array_size (columns);
    g->rows = json_array_size (rows) + 1;
    g->columns = across + 4;
    g->cells = tt_alloc_zero (g->rows * g->columns, sizeof *g->cells);
    *grid_at (g, 0, 0) = tt_strdup ("");
    for (size_t c = 0; c < across; c++)
        *grid_at (g, 0, c + 1) = line_name (json_array_get (columns, c));
    *grid_at (g, 0, across + 1) = tt_strdup ("ALL");
    *grid_at (g, 0, across + 2) = tt_strdup ("GROWTH%");
    *grid_at (g, 0, across + 3) = tt_strdup ("A YEAR%");
    for (size_t r = 1; r < g->rows; r++) {
        const json_t *row = json_array_get (rows, r - 1);
        *grid_at (g, r, 0) = line_name (row);
        for (size_t c = 0; c < across; c++)
            *grid_at (g, r, c + 1) = number_text (ctl_map_count (json_array_get (cells, (r - 1) * across + c)));
        *grid_at (g, r, across + 1) = number_text (ctl_map_count (json_object_get (row, "documents")));
        *grid_at (g, r, across + 2) = growth_text (row, "growth");
        *grid_at (g, r, across + 3) = growth_text (row, "compoundGrowth");
    }
}

static void
print_padded (const char *text, size_t width, bool right)
{
    size_t have = ctl_text_width (text), pad = have < width ? width - have : 0;
    if (right)
        printf ("%*s", (int)pad, "");
    fputs (text, stdout);
    if (!right)
        printf ("%*s", (int)pad, "");
}

static void
print_grid (grid *g)
{
    size_t *widths = tt_alloc_zero (g->columns, sizeof *widths);
    for (size_t i = 0; i < g->rows * g->columns; i++) {
        size_t width = ctl_text_width (g->cells[i]);
        widths[i % g->columns] = width > widths[i % g->columns] ? width : widths[i % g->columns];
    }
    for (size_t r = 0; r < g->rows; r++) {
        for (size_t c = 0; c < g->columns; c++) {
            fputs (c ? "  " : "", stdout);
            print_padded (*grid_at (g, r, c), widths[c], c > 0);
        }
        putchar ('\n');
    }
    free (widths);
}

/* What the map cannot show: matched documents that have no key on an axis. */
static void
add_lacking (tt_buffer *out, const ctl_args *args, const json_t *reply, const char *between)
{
    static const char *const axes[2][3] = { { "rows", "class", "withoutRow" }, { "columns", "year", "withoutColumn" } };
    for (int i = 0; i < 2; i++) {
        unsigned long long lacking = ctl_map_count (json_object_get (reply, axes[i][2]));
        if (lacking)
            tt_buffer_printf (out, "%s%llu without %s", between, lacking, ctl_get_or (args, axes[i][0], axes[i][1]));
    }
}

static void
show_tables (const ctl_args *args, const json_t *reply)
{
    static const ctl_column columns[] = { { "APPLICANT", "label", false, false },
                                          { "DOCUMENTS", "documents", false, true },
                                          { "GROWTH%", "growth", false, true },
                                          { "A YEAR%", "compoundGrowth", false, true },
                                          { 0 } };
    grid g = { 0 };
    printf ("%llu of %llu stored documents", (unsigned long long)ctl_map_count (json_object_get (reply, "matched")),
            (unsigned long long)ctl_map_count (json_object_get (reply, "documents")));
    if (ctl_map_count (json_object_get (reply, "lastYear")))
        printf ("; growth in %llu", (unsigned long long)ctl_map_count (json_object_get (reply, "lastYear")));
    tt_buffer lacking = { 0 };
    add_lacking (&lacking, args, reply, "; ");
    printf ("%s\n\n", tt_buffer_cstr (&lacking));
    tt_buffer_free (&lacking);
    fill_grid (&g, reply);
    print_grid (&g);
    for (size_t i = 0; i < g.rows * g.columns; i++)
        free (g.cells[i]);
    free (g.cells);
    putchar ('\n');
    ctl_print_table (json_object_get (reply, "applicants"), columns);
}

/* -- the picture -- */

static int
write_picture (const ctl_args *args, const json_t *reply)
{
    const char *path = ctl_get (args, "svg"), *query = ctl_get_or (args, "query", "");
    tt_buffer picture = { 0 }, subtitle = { 0 };
    tt_buffer_printf (&subtitle, "%s × %s · %llu of %llu documents", ctl_get_or (args, "rows", "class"),
                      ctl_get_or (args, "columns", "year"), (unsigned long long)ctl_map_count (json_object_get (reply, "matched")),
                      (unsigned long long)ctl_map_count (json_object_get (reply, "documents")));
    if (ctl_map_count (json_object_get (reply, "lastYear")))
        tt_buffer_printf (&subtitle, " · growth in %llu", (unsigned long long)ctl_map_count (json_object_get (reply, "lastYear")));
    add_lacking (&subtitle, args, reply, " · ");
    ctl_map_picture how = { .title = query[0] ? query : "All stored patents 专利导航",
                            .subtitle = tt_buffer_cstr (&subtitle),
                            .bubbles = ctl_has (args, "bubbles") };
    ctl_map_svg (reply, &how, &picture);
    FILE *file = fopen (path, "w");
    bool written = file && fwrite (picture.data, 1, picture.size, file) == picture.size;
    written = file && fclose (file) == 0 && written;
    if (!written)
        fprintf (stderr, "ttctl: %s cannot be written\n", path);
    tt_buffer_free (&picture);
    tt_buffer_free (&subtitle);
    return written ? CTL_OK : CTL_REFUSED;
}

static int
run_map (const ctl_args *args)
{
    json_t *fields = ctl_request (args), *reply = NULL;
    if (fields == NULL)
        return CTL_USAGE;
    put_enum (fields, args, "rows", "rows", "MAP_AXIS_");
    put_enum (fields, args, "columns", "columns", "MAP_AXIS_");
    put_enum (fields, args, "level", "level", "MAP_LEVEL_");
    put_enum (fields, args, "scheme", "scheme", "MAP_SCHEME_");
    int code = fetch (args, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "svg"))
        code = write_picture (args, reply);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK && !ctl_has (args, "svg"))
        show_tables (args, reply);
    json_decref (fields);
    json_decref (reply);
    return code;
}

static const ctl_option map_options[] = {
    { "query", "query", CTL_TEXT, CTL_OPERAND, "CQL; without it all stored documents" },
    { "rows", NULL, CTL_TEXT, 0, "class (as if not given), applicant, country, year, filing-year" },
    { "columns", NULL, CTL_TEXT, 0, "likewise; year if not given" },
    { "level", NULL, CTL_TEXT, 0, "of classes: section, class, subclass (as if not given), main-group" },
    { "scheme", NULL, CTL_TEXT, 0, "ipc or cpc; without it both together" },
    { "row-limit", "row_limit", CTL_NUMBER, 0, "rows, 1 to 200 (20); the rest is summed" },
    { "column-limit", "column_limit", CTL_NUMBER, 0, "columns, likewise" },
    { "top", "top", CTL_NUMBER, 0, "applicants listed, 1 to 200 (10)" },
    { "svg", NULL, CTL_TEXT, 0, "write a picture to this file instead of tables" },
    { "bubbles", NULL, CTL_FLAG, 0, "in the picture circles instead of shades" },
    { 0 },
};

const ctl_command ctl_map_commands[] = {
    { .name = "patent map",
      .summary = "Counts the stored patents by class, applicant, country or year, two at a time",
      .details = "Growth is of the last whole year against the one before, and a year on average over six whole years at most. A query that\n"
                 "asks for texts is worked through in the daemon; a second map of the same query is there at once.",
      .examples = "  ttctl patent map\n"
                  "  ttctl patent map 'ti=无人机 or ti=drone' --rows applicant --columns class --level class\n"
                  "  ttctl patent map 'pd within \"2015 2024\"' --rows country --svg countries.svg",
      .options = map_options,
      .run = run_map,
      .service = CTL_PATENT,
      .method = "techtransfer.patent.v1.PatentAlert/MapPatents",
      .request = MESSAGE (map_patents_request),
      .reply = MESSAGE (map_patents_reply) },
    { 0 },
};
