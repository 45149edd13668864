#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text_width.h"
#include "top.h"

#define CELL 32    /* bytes of a cell */
#define NARROW 120 /* columns, below which they stand closer */

typedef enum { RATE, COUNT, TIME, BYTES, PERCENT, AGE, REDIS, STATE } cell_kind;

typedef struct {
    const char *title;
    const char *key;
    cell_kind kind;
    int width;
    bool bad; /* more than 0 is worth a look */
} column;

/* What one looks for first stands first: columns that do not fit are left out. */
static const column command_columns[] = {
    { "state", "state", STATE, 9, false },
    { "ok/s", "ok_per_s", RATE, 7, false },
    { "refused/s", "refused_per_s", RATE, 9, true },
    { "queued", "queued", COUNT, 6, false },
    { "wait p99", "queue_p99_s", TIME, 8, false },
    { "batch p50", "batch_p50_s", TIME, 9, false },
    { "p99", "batch_p99_s", TIME, 6, false },
    { "commits/s", "commits_per_s", RATE, 9, false },
    { "conflicts/s", "conflicts_per_s", RATE, 11, false },
    { "again/s", "remembered_per_s", RATE, 7, false },
    { 0 },
};
static const column event_columns[] = {
    { "published/s", "published_per_s", RATE, 11, false },
    { "delay p99", "publish_delay_p99_s", TIME, 9, false },
    { "worked/s", "processed_per_s", RATE, 8, false },
    { "lag", "lag", COUNT, 5, false },
    { "behind", "consumer_lag", COUNT, 6, false },
    { "slow", "slow_episodes", COUNT, 4, true },
    { "losses", "losses", COUNT, 6, true },
    { "filters", "filters", COUNT, 7, false },
    { "replayed/s", "replayed_per_s", RATE, 10, false },
    { "work p99", "processor_p99_s", TIME, 8, false },
    { "failed/s", "failures_per_s", RATE, 8, true },
    { 0 },
};
static const column process_columns[] = {
    { "Redis", "redis_up", REDIS, 5, false },          { "up", "uptime_s", AGE, 7, false },
    { "memory", "memory_bytes", BYTES, 7, false },     { "cpu", "cpu", PERCENT, 5, false },
    { "commit p50", "commit_p50_s", TIME, 10, false }, { "p99", "commit_p99_s", TIME, 6, false },
    { "retries/s", "retries_per_s", RATE, 9, true },   { "reconnects/s", "connections_per_s", RATE, 12, true },
    { "files", "open_fds", COUNT, 5, false },          { 0 },
};
static const struct {
    const char *title;
    const column *columns;
} tables[] = { { "COMMANDS", command_columns }, { "EVENTS", event_columns }, { "PROCESS", process_columns } };
enum { TABLES = sizeof tables / sizeof *tables };

/* -- a line -- */

#define PLAIN ""
#define BOLD "1"
#define DIM "2"
#define RED "1;31"
#define YELLOW "33"
#define GREEN "32"

typedef struct {
    const ctl_top_form *form;
    tt_buffer *out;
    size_t used; /* columns of the present line */
} writer;

static void
put (writer *w, const char *text, const char *style)
{
    size_t room = w->form->width ? w->form->width - w->used : SIZE_MAX;
    size_t size = ctl_text_fit (text, room);
    bool styled = w->form->colour && style[0] && size > 0;
    if (styled)
        tt_buffer_printf (w->out, "\033[%sm", style);
    tt_buffer_append (w->out, text, size);
    tt_buffer_text (w->out, styled ? "\033[0m" : "");
    w->used += ctl_text_width_n (text, size);
}

static void
put_spaces (writer *w, size_t count)
{
    static const char spaces[] = "                                                                ";
    put (w, spaces + sizeof spaces - 1 - (count < sizeof spaces - 1 ? count : sizeof spaces - 1), PLAIN);
}

/* In a field of `width` columns, on its right side unless `left`. */
static void
put_field (writer *w, const char *text, size_t width, bool left, const char *style)
{
    size_t own = ctl_text_width (text), pad = own < width ? width - own : 0;
    if (!left)
        put_spaces (w, pad);
    put (w, text, style);
    if (left)
        put_spaces (w, pad);
}

static void
end_line (writer *w)
{
    while (!w->form->colour && w->out->size > 0 && w->out->data[w->out->size - 1] == ' ')
        w->out->size--;
    tt_buffer_text (w->out, "\n");
    w->used = 0;
}

/* -- cells -- */

/* Three digits and a letter: 0.25, 12.3, 1.2k, 45k, 1.2M. */
static void
scaled (double value, double step, const char *const *units, char out[CELL])
{
    size_t unit = 0;
    for (; fabs (value) >= (unit ? step : step - 0.5) && units[unit + 1]; unit++)
        value /= step;
    int places = value >= 99.5 || value == 0 ? 0 : value >= 9.95 || unit > 0 ? (value < 9.95) : value < 0.995 ? 2 : 1;
    snprintf (out, CELL, "%.*f%s", places, value, units[unit]);
}

static void
show_time (double seconds, char out[CELL])
{
    static const char *const units[] = { "us", "ms", "s", NULL };
    if (seconds < 99.5)
        scaled (seconds * 1e6, 1000, units, out);
    else
        snprintf (out, CELL, "%.0fs", fmin (seconds, 1e9));
}

static void
show_age (double seconds, char out[CELL])
{
    long s = seconds > 0 && seconds < 1e12 ? (long)seconds : 0;
    if (s < 60)
        snprintf (out, CELL, "%lds", s);
    else if (s < 3600)
        snprintf (out, CELL, "%ldm%02lds", s / 60, s % 60);
    else if (s < 86400)
        snprintf (out, CELL, "%ldh%02ldm", s / 3600, s / 60 % 60);
    else
        snprintf (out, CELL, "%ldd%02ldh", s / 86400 % 100000, s / 3600 % 24);
}

static void
show_number (cell_kind kind, double value, char out[CELL])
{
    static const char *const thousands[] = { "", "k", "M", "G", "T", NULL };
    static const char *const bytes[] = { "", "K", "M", "G", "T", NULL };
    if (kind == TIME)
        show_time (value, out);
    else if (kind == AGE)
        show_age (value, out);
    else if (kind == REDIS)
        snprintf (out, CELL, "%s", value > 0 ? "up" : "DOWN");
    else if (kind == PERCENT)
        snprintf (out, CELL, "%.0f%%", fmin (value * 100, 1e6));
    else if (kind == COUNT && value < 9999.5)
        snprintf (out, CELL, "%.0f", value);
    else
        scaled (value, kind == BYTES ? 1024 : 1000, kind == BYTES ? bytes : thousands, out);
}

static const char *
style_of (const column *c, double value)
{
    if (c->kind == REDIS)
        return value > 0 ? GREEN : RED;
    return value == 0 ? DIM : c->bad ? YELLOW : PLAIN;
}

static size_t
gap (const writer *w)
{
    return w->form->width && w->form->width < NARROW ? 1 : 2;
}

/* Is there a next column, and room for all of it? */
static bool
fits (const writer *w, const column *c)
{
    return c->title && (w->form->width == 0 || w->used + gap (w) + (size_t)c->width <= w->form->width);
}

static void
put_cell (writer *w, const column *c, const json_t *row)
{
    char text[CELL] = "-";
    const json_t *value = json_object_get (row, c->key);
    const char *style = DIM;
    put_spaces (w, gap (w));
    if (c->kind == STATE) {
        const char *state = json_string_value (value);
        style = state == NULL ? PLAIN : strcmp (state, "ready") == 0 ? GREEN : RED;
        if (state)
            snprintf (text, sizeof text, "%s", state);
        else
            snprintf (text, sizeof text, "%lld of %lld", json_integer_value (json_object_get (row, "ready")),
                      json_integer_value (json_object_get (row, "daemons")));
    } else if (json_is_number (value)) {
        style = style_of (c, json_number_value (value));
        show_number (c->kind, json_number_value (value), text);
    }
    put_field (w, text, (size_t)c->width, c->kind == STATE, style);
}

/* -- the page -- */

static size_t
name_width (const json_t *daemons)
{
    size_t i, widest = 10;
    const json_t *daemon;
    json_array_foreach ((json_t *)daemons, i, daemon)
    {
        size_t width = ctl_text_width (json_string_value (json_object_get (daemon, "name")));
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void
show_row (writer *w, const column *columns, const json_t *row, size_t names, const char *style)
{
    put_field (w, json_string_value (json_object_get (row, "name")), names, true, style);
    for (const column *c = columns; fits (w, c); c++)
        put_cell (w, c, row);
    end_line (w);
}

static void
show_table (writer *w, size_t number, const json_t *report, size_t names)
{
    size_t i;
    const json_t *daemon;
    put_field (w, tables[number].title, names, true, BOLD);
    for (const column *c = tables[number].columns; fits (w, c); c++) {
        put_spaces (w, gap (w));
        put_field (w, c->title, (size_t)c->width, c->kind == STATE, BOLD);
    }
    end_line (w);
    json_array_foreach (json_object_get (report, "daemons"), i, daemon)
    {
        show_row (w, tables[number].columns, daemon, names, PLAIN);
    }
    show_row (w, tables[number].columns, json_object_get (report, "total"), names, BOLD);
}

/* Refusals by code, consumers that are behind or not live. */
static void
add_details (const json_t *daemon, tt_buffer *note)
{
    const char *key;
    json_t *value;
    char text[CELL];
    json_object_foreach (json_object_get (daemon, "refused"), key, value)
    {
        show_number (RATE, json_number_value (value), text);
        tt_buffer_printf (note, "%s refuses %s/s %s", note->size ? "," : "", text, key);
    }
    json_object_foreach (json_object_get (daemon, "consumers"), key, value)
    {
        double lag = json_number_value (json_object_get (value, "lag"));
        bool live = json_is_true (json_object_get (value, "live"));
        show_number (COUNT, lag, text);
        if (lag > 0 || !live)
            tt_buffer_printf (note, "%s %s%s %s behind", note->size ? "," : "", key, live ? "" : " is not live,", text);
    }
    if (json_number_value (json_object_get (daemon, "memory_over")) > 0)
        tt_buffer_printf (note, "%s refuses commands, its memory is over its bound", note->size ? "," : "");
    double trimmed = json_number_value (json_object_get (daemon, "consumer_lost_events"));
    if (trimmed > 0)
        tt_buffer_printf (note, "%s trimmed %.0f events before a consumer had them", note->size ? "," : "", trimmed);
    double lost = json_number_value (json_object_get (daemon, "consumer_losses"));
    if (lost > 0)
        tt_buffer_printf (note, "%s lost history %.0f times", note->size ? "," : "", lost);
}

/* What the tables have no room for; how many lines it is. */
static size_t
show_notes (writer *w, const json_t *daemons)
{
    size_t i, lines = 0;
    const json_t *daemon;
    json_array_foreach ((json_t *)daemons, i, daemon)
    {
        tt_buffer note = { 0 };
        const char *reason = json_string_value (json_object_get (daemon, "reason"));
        bool ready = strcmp (json_string_value (json_object_get (daemon, "state")), "ready") == 0;
        if (!ready)
            tt_buffer_printf (&note, " %s", reason);
        add_details (daemon, &note);
        if (note.size > 0) {
            put (w, json_string_value (json_object_get (daemon, "name")), BOLD);
            put (w, ":", PLAIN);
            put (w, tt_buffer_cstr (&note), ready ? PLAIN : RED);
            end_line (w);
            lines++;
        }
        tt_buffer_free (&note);
    }
    return lines;
}

static void
show_headline (writer *w, const json_t *report)
{
    const json_t *total = json_object_get (report, "total");
    char text[80];
    json_int_t ready = json_integer_value (json_object_get (total, "ready")),
               all = json_integer_value (json_object_get (total, "daemons"));
    snprintf (text, sizeof text, "%lld of %lld ready", ready, all);
    put (w, "TechTransfer  ", BOLD);
    put (w, text, ready == all ? GREEN : RED);
    put (w, "  ", PLAIN);
    put (w, w->form->title, PLAIN);
    end_line (w);
}

static size_t
count_lines (const tt_buffer *text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text->size; i++)
        lines += text->data[i] == '\n';
    return lines;
}

/* The first `most` lines; how many they are. */
static size_t
append_lines (tt_buffer *out, const tt_buffer *text, size_t most)
{
    size_t size = 0, lines = 0;
    while (size < text->size && lines < most)
        lines += text->data[size++] == '\n';
    tt_buffer_append (out, text->data, size);
    return lines;
}

/* An empty line between tables as long as there is room for all of it. */
static void
show_tables (const ctl_top_form *form, const json_t *report, tt_buffer *out, size_t room)
{
    size_t names = name_width (json_object_get (report, "daemons"));
    size_t lines = TABLES * (json_array_size (json_object_get (report, "daemons")) + 2);
    bool airy = room >= lines + TABLES;
    for (size_t i = 0; i < TABLES; i++) {
        writer w = { form, out, 0 };
        if (airy)
            end_line (&w);
        show_table (&w, i, report, names);
    }
}

void
ctl_top_show (const json_t *report, const ctl_top_form *form, tt_buffer *out)
{
    tt_buffer middle = { 0 }, bottom = { 0 };
    writer top = { form, out, 0 }, notes = { form, &bottom, 0 };
    size_t height = form->height ? form->height : SIZE_MAX / 2, begin = out->size;
    show_headline (&top, report);
    size_t wanted = show_notes (&notes, json_object_get (report, "daemons")), most = form->height ? height / 3 : height;
    wanted = wanted < most ? wanted : most;
    show_tables (form, report, &middle, height - 1 - wanted);
    size_t room = height > 1 + wanted ? height - 1 - wanted : 0;
    size_t shown = append_lines (out, &middle, room);
    if (wanted > 0 && shown < count_lines (&middle) + 1 && shown < room) /* air above the notes too */
        tt_buffer_text (out, "\n");
    append_lines (out, &bottom, wanted);
    if (form->height && count_lines (&(tt_buffer){ out->data + begin, out->size - begin, 0 }) > height)
        out->size = begin;
    tt_buffer_free (&middle);
    tt_buffer_free (&bottom);
}
