#include "map_svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text_width.h"

/* Everything in pixels. */
#define MARGIN 24
#define LABEL_WIDTH 230
#define LABEL_COLUMNS 30 /* of text */
#define CELL_WIDTH 52
#define CELL_HEIGHT 26
#define TOTAL_WIDTH 170 /* bars of the rows' documents, with growth */
#define BAR_WIDTH 420
#define HEAD 62
#define FOOT 26
#define KEY_COLUMNS 6     /* longer names of columns stand aslant */
#define SLANT_COLUMNS 22  /* of text, then cut */
#define SLANT_HEIGHT 110
#define FONT "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei',sans-serif"

typedef struct {
    const json_t *rows, *columns, *cells, *applicants;
    size_t row_count, column_count, applicant_count;
    uint64_t highest, highest_row;
    int left, top, matrix_width, matrix_height, slant;
    tt_buffer *out;
} drawing;

uint64_t
ctl_map_count (const json_t *value)
{
    return json_is_string (value) ? strtoull (json_string_value (value), NULL, 10) : (uint64_t)json_integer_value (value);
}

/* -- text -- */

static void
escape (tt_buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
        if (entity)
            tt_buffer_text (out, entity);
        else if (c >= 0x20 && c != 0x7F)
            tt_buffer_append (out, &text[i], 1);
    }
}

/* U+FFFE and U+FFFF are UTF-8, but no XML. */
static void
leave_out_nonchars (char *text)
{
    for (char *at = text; (at = strstr (at, "\xEF\xBF"));)
        if ((unsigned char)at[2] >= 0xBE)
            memmove (at, at + 3, strlen (at + 3) + 1);
        else
            at += 3;
}

/* A text of at most so many columns; the whole of a longer one as its tooltip. */
static void
put_text (drawing *d, double x, double y, const char *attributes, const char *text, size_t columns)
{
    char *copy = tt_strdup (text);
    ctl_text_clean (copy);
    leave_out_nonchars (copy);
    size_t size = strlen (copy), fits = ctl_text_width (copy) > columns ? ctl_text_fit (copy, columns - 1) : size;
    tt_buffer_printf (d->out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    escape (d->out, copy, fits);
    if (fits < size) {
        tt_buffer_text (d->out, "…<title>");
        escape (d->out, copy, size);
        tt_buffer_text (d->out, "</title>");
    }
    tt_buffer_text (d->out, "</text>\n");
    free (copy);
}

static const char *
label_of (const json_t *line)
{
    const char *label = json_string_value (json_object_get (line, "label"));
    return label ? label : "";
}

static bool
is_rest (const json_t *line)
{
    const char *key = json_string_value (json_object_get (line, "key"));
    return key == NULL || key[0] == '\0';
}

/* "others (35)" */
static void
put_label (drawing *d, double x, double y, const char *attributes, const json_t *line, size_t columns)
{
    tt_buffer text = { 0 };
    tt_buffer_text (&text, label_of (line));
    if (is_rest (line))
        tt_buffer_printf (&text, " (%llu)", (unsigned long long)ctl_map_count (json_object_get (line, "keys")));
    put_text (d, x, y, attributes, tt_buffer_cstr (&text), columns);
    tt_buffer_free (&text);
}

/* -- the matrix -- */

static uint64_t
cell_at (const drawing *d, size_t r, size_t c)
{
    return ctl_map_count (json_array_get (d->cells, r * d->column_count + c));
}

/* The rest would outshine everything: the scale is that of the named rows and columns, and what is above it has the last shade. */
static void
find_scale (drawing *d)
{
    for (size_t r = 0; r < d->row_count; r++) {
        uint64_t total = ctl_map_count (json_object_get (json_array_get (d->rows, r), "documents"));
        if (is_rest (json_array_get (d->rows, r)))
            continue;
        d->highest_row = total > d->highest_row ? total : d->highest_row;
        for (size_t c = 0; c < d->column_count; c++)
            if (!is_rest (json_array_get (d->columns, c)) && cell_at (d, r, c) > d->highest)
                d->highest = cell_at (d, r, c);
    }
    d->highest = d->highest ? d->highest : 1;
    d->highest_row = d->highest_row ? d->highest_row : 1;
}

/* From pale to deep blue, by the logarithm: counts of patents spread over decades. */
static double
shade (const drawing *d, uint64_t count)
{
    double s = log1p ((double)count) / log1p ((double)d->highest);
    return s > 1 ? 1 : s;
}

static void
put_cell (drawing *d, size_t r, size_t c, bool bubbles)
{
    static const double pale[3] = { 232, 241, 250 }, deep[3] = { 8, 64, 129 };
    uint64_t count = cell_at (d, r, c);
    double x = d->left + (double)c * CELL_WIDTH, y = d->top + (double)r * CELL_HEIGHT, s = shade (d, count);
    if (count == 0)
        return;
    if (bubbles) {
        double share = fmin (1, (double)count / (double)d->highest);
        tt_buffer_printf (d->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#2b7bba\" fill-opacity=\"0.55\"/>\n", x + CELL_WIDTH / 2.0,
                          y + CELL_HEIGHT / 2.0, 2 + sqrt (share) * (CELL_HEIGHT / 2.0 - 2.5));
    } else {
        tt_buffer_printf (d->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"rgb(%d,%d,%d)\"/>\n", x + 0.5, y + 0.5,
                          CELL_WIDTH - 1, CELL_HEIGHT - 1, (int)(pale[0] + s * (deep[0] - pale[0])),
                          (int)(pale[1] + s * (deep[1] - pale[1])), (int)(pale[2] + s * (deep[2] - pale[2])));
    }
    tt_buffer_printf (d->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"n\" fill=\"%s\">%llu</text>\n", x + CELL_WIDTH / 2.0,
                      y + CELL_HEIGHT / 2.0 + 4, !bubbles && s > 0.55 ? "#ffffff" : "#1b2a3a", (unsigned long long)count);
}

static void
put_column_names (drawing *d)
{
    char turn[96];
    for (size_t c = 0; c < d->column_count; c++) {
        double x = d->left + ((double)c + 0.5) * CELL_WIDTH, y = d->top - 8;
        if (!d->slant) {
            put_label (d, x, y, "class=\"h\"", json_array_get (d->columns, c), KEY_COLUMNS + 6);
            continue;
        }
        snprintf (turn, sizeof turn, "class=\"s\" transform=\"rotate(-40 %.1f %.1f)\"", x, y);
        put_label (d, x, y, turn, json_array_get (d->columns, c), SLANT_COLUMNS);
    }
}

/* Documents of the row as a bar, and its growth. */
static void
put_row_total (drawing *d, size_t r)
{
    const json_t *row = json_array_get (d->rows, r);
    uint64_t total = ctl_map_count (json_object_get (row, "documents"));
    const char *growth = json_string_value (json_object_get (row, "growth"));
    double share = fmin (1, (double)total / (double)d->highest_row);
    double x = d->left + d->matrix_width + 12, y = d->top + (double)r * CELL_HEIGHT;
    tt_buffer_printf (d->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x, y + 6, 1 + share * 60,
                      CELL_HEIGHT - 12, is_rest (row) ? "#b7c3cf" : "#f0953f");
    tt_buffer_printf (d->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"l\">%llu", x + 66, y + CELL_HEIGHT / 2.0 + 4,
                      (unsigned long long)total);
    if (growth && growth[0])
        tt_buffer_printf (d->out, "<tspan dx=\"6\" fill=\"%s\">%s%.24s %%</tspan>", growth[0] == '-' ? "#b03030" : "#2a7d3f",
                          growth[0] == '-' ? "" : "+", growth);
    tt_buffer_text (d->out, "</text>\n");
}

static void
put_matrix (drawing *d, bool bubbles)
{
    put_column_names (d);
    for (size_t r = 0; r < d->row_count; r++) {
        double y = d->top + (double)r * CELL_HEIGHT;
        if (r % 2 == 0)
            tt_buffer_printf (d->out, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"#f6f8fa\"/>\n", MARGIN, y,
                              d->left - MARGIN + d->matrix_width, CELL_HEIGHT);
        put_label (d, d->left - 8, y + CELL_HEIGHT / 2.0 + 4, "class=\"r\"", json_array_get (d->rows, r), LABEL_COLUMNS);
        for (size_t c = 0; c < d->column_count; c++)
            put_cell (d, r, c, bubbles);
        put_row_total (d, r);
    }
}

/* -- the applicants -- */

static void
put_applicants (drawing *d, int top)
{
    uint64_t highest = ctl_map_count (json_object_get (json_array_get (d->applicants, 0), "documents"));
    put_text (d, MARGIN, top, "class=\"b\"", "Top applicants 主要申请人", 80);
    for (size_t i = 0; i < d->applicant_count; i++) {
        const json_t *line = json_array_get (d->applicants, i);
        uint64_t count = ctl_map_count (json_object_get (line, "documents"));
        double y = top + 12 + (double)i * CELL_HEIGHT, width = highest ? (double)count / (double)highest * BAR_WIDTH : 0;
        put_label (d, d->left - 8, y + CELL_HEIGHT / 2.0 + 4, "class=\"r\"", line, LABEL_COLUMNS);
        tt_buffer_printf (d->out, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"#2b7bba\"/>\n", d->left, y + 4, width,
                          CELL_HEIGHT - 8);
        tt_buffer_printf (d->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"l\">%llu</text>\n", d->left + width + 6, y + CELL_HEIGHT / 2.0 + 4,
                          (unsigned long long)count);
    }
}

/* -- the whole -- */

static bool
needs_slant (const drawing *d)
{
    for (size_t c = 0; c < d->column_count; c++)
        if (ctl_text_width (label_of (json_array_get (d->columns, c))) > KEY_COLUMNS && !is_rest (json_array_get (d->columns, c)))
            return true;
    return false;
}

static void
put_head (drawing *d, const ctl_map_picture *picture, int width, int height)
{
    tt_buffer_printf (d->out,
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
                      "<style>text{font-family:" FONT ";font-size:12px;fill:#1b2a3a}.t{font-size:17px;font-weight:600}.u{fill:#5b6b7b}"
                      ".b{font-size:14px;font-weight:600}.r{text-anchor:end}.h{text-anchor:middle;font-weight:600}.s{text-anchor:start}"
                      ".n{text-anchor:middle;font-size:11px}.n[fill=\"#ffffff\"]{fill:#ffffff}.l{text-anchor:start}</style>\n"
                      "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
                      width, height, width, height);
    size_t columns = (size_t)(width - 2 * MARGIN) / 10;
    put_text (d, MARGIN, 32, "class=\"t\"", picture->title, columns);
    put_text (d, MARGIN, 52, "class=\"u\"", picture->subtitle, columns * 10 / 7);
}

void
ctl_map_svg (const json_t *reply, const ctl_map_picture *picture, tt_buffer *out)
{
    drawing d = { .rows = json_object_get (reply, "rows"),
                  .columns = json_object_get (reply, "columns"),
                  .cells = json_object_get (reply, "cells"),
                  .applicants = json_object_get (reply, "applicants"),
                  .out = out };
    d.row_count = json_array_size (d.rows);
    d.column_count = json_array_size (d.columns);
    d.applicant_count = json_array_size (d.applicants);
    d.slant = needs_slant (&d) ? SLANT_HEIGHT : 0;
    d.left = MARGIN + LABEL_WIDTH;
    d.top = HEAD + 30 + d.slant;
    d.matrix_width = (int)d.column_count * CELL_WIDTH;
    d.matrix_height = (int)d.row_count * CELL_HEIGHT;
    find_scale (&d);
    int width = d.left + d.matrix_width + TOTAL_WIDTH + MARGIN, least = d.left + BAR_WIDTH + 80 + MARGIN;
    int bars = d.applicant_count ? 46 + (int)d.applicant_count * CELL_HEIGHT : 0;
    put_head (&d, picture, width > least ? width : least, d.top + d.matrix_height + bars + FOOT);
    put_matrix (&d, picture->bubbles);
    if (d.applicant_count)
        put_applicants (&d, d.top + d.matrix_height + 38);
    tt_buffer_text (out, "</svg>\n");
}
