#include "import/lines.h"

#include <string.h>

#define PIECE 262144
#define DEFAULT_MAX ((size_t)64 << 20)

struct tt_lines {
    tt_source *source; /* borrowed */
    tt_buffer data;    /* read and not yet handed out, from `start` on */
    size_t start;
    size_t max_line;
    uint64_t number;
    uint64_t offset; /* of data.data[start] */
    bool ended;
};

tt_lines *
tt_lines_new (tt_source *source, size_t max_line)
{
    tt_lines *lines = tt_alloc_zero (1, sizeof *lines);
    lines->source = source;
    lines->max_line = max_line ? max_line : DEFAULT_MAX;
    return lines;
}

void
tt_lines_close (tt_lines **lines)
{
    if (*lines == NULL)
        return;
    tt_buffer_free (&(*lines)->data);
    free (*lines);
    *lines = NULL;
}

static tt_status
fill (tt_lines *lines, tt_error *error)
{
    if (lines->start > 0) {
        memmove (lines->data.data, lines->data.data + lines->start, lines->data.size - lines->start);
        lines->data.size -= lines->start;
        lines->start = 0;
    }
    size_t got;
    tt_status status = tt_source_read (lines->source, tt_buffer_reserve (&lines->data, PIECE), PIECE, &got, error);
    if (status != TT_OK)
        return status;
    lines->data.size += got;
    lines->ended = got == 0;
    return TT_OK;
}

/* Takes `size` bytes (a line with its break) off the front. */
static void
take (tt_lines *lines, size_t size)
{
    lines->start += size;
    lines->offset += size;
}

static void
strip (tt_line *line)
{
    if (line->text.size > 0 && line->text.data[line->text.size - 1] == '\r')
        line->text.size--;
    if (line->number == 1 && line->text.size >= 3 && memcmp (line->text.data, "\xef\xbb\xbf", 3) == 0) {
        line->text.data += 3;
        line->text.size -= 3;
    }
}

/* Drops the rest of a line whose first max_line bytes stay at the front of the buffer; *dropped gets the count of bytes dropped,
 * the line break included. */
static tt_status
drop_rest (tt_lines *lines, uint64_t *dropped, tt_error *error)
{
    *dropped = 0;
    for (;;) {
        uint8_t *rest = lines->data.data + lines->max_line;
        size_t size = lines->data.size - lines->max_line;
        uint8_t *end = size ? memchr (rest, '\n', size) : NULL;
        size_t gone = end ? (size_t)(end - rest) + 1 : size;
        memmove (rest, rest + gone, size - gone);
        lines->data.size -= gone;
        *dropped += gone;
        if (end || lines->ended)
            return TT_OK;
        tt_status status = fill (lines, error);
        if (status != TT_OK)
            return status;
    }
}

static tt_status
too_long (tt_lines *lines, tt_line *line, tt_error *error)
{
    uint64_t dropped;
    memmove (lines->data.data, lines->data.data + lines->start, lines->data.size - lines->start);
    lines->data.size -= lines->start;
    lines->start = 0;
    tt_status status = drop_rest (lines, &dropped, error);
    line->text = (tt_bytes){ lines->data.data, lines->max_line };
    line->too_long = true;
    take (lines, lines->max_line);
    lines->offset += dropped;
    line->end = lines->offset;
    return status;
}

tt_status
tt_lines_next (tt_lines *lines, tt_line *line, bool *more, tt_error *error)
{
    size_t seen = 0;
    for (;;) {
        uint8_t *begin = lines->data.data ? lines->data.data + lines->start : NULL;
        size_t size = lines->data.size - lines->start;
        uint8_t *end = size > seen ? memchr (begin + seen, '\n', size - seen) : NULL;
        *line = (tt_line){ .number = lines->number + 1 };
        *more = true;
        if (end == NULL && size > lines->max_line) {
            lines->number++;
            return too_long (lines, line, error);
        }
        if (end || (lines->ended && size > 0)) {
            line->text = (tt_bytes){ begin, end ? (size_t)(end - begin) : size };
            take (lines, end ? line->text.size + 1 : size);
            lines->number++;
            line->end = lines->offset;
            line->too_long = line->text.size > lines->max_line;
            strip (line);
            return TT_OK;
        }
        *more = false;
        if (lines->ended)
            return TT_OK;
        seen = size;
        tt_status status = fill (lines, error);
        if (status != TT_OK)
            return status;
    }
}
