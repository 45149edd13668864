#include "import/tagged.h"

#include <ctype.h>
#include <string.h>

#include "import/lines.h"

#define BOUNDARY "*** BRS DOCUMENT BOUNDARY ***"
#define MAX_LINE ((size_t)1 << 20)
#define DEFAULT_LIMIT ((size_t)64 << 20)

struct tt_tagged {
    tt_lines *lines;
    tt_tagged_form form;
    size_t limit;
    tt_buffer text;
    bool inside; /* a document has begun: `text` holds its first line, or nothing yet behind a boundary */
    bool oversize;
    uint64_t line;
    uint64_t end; /* behind the last line taken */
};

static bool
is_text (tt_bytes line, const char *text)
{
    while (line.size > 0 && isspace (line.data[line.size - 1]))
        line.size--;
    return line.size == strlen (text) && memcmp (line.data, text, line.size) == 0;
}

static bool
is_start (tt_tagged_form form, tt_bytes line)
{
    return is_text (line, form == TT_TAGGED_BRS ? BOUNDARY : "PATN");
}

tt_tagged_form
tt_tagged_tell (tt_bytes head)
{
    for (int lines = 0; lines < 8 && head.size > 0; lines++) {
        const uint8_t *end = memchr (head.data, '\n', head.size);
        tt_bytes line = { head.data, end ? (size_t)(end - head.data) : head.size };
        if (is_start (TT_TAGGED_GREENBOOK, line))
            return TT_TAGGED_GREENBOOK;
        if (is_start (TT_TAGGED_BRS, line))
            return TT_TAGGED_BRS;
        size_t taken = line.size + (end != NULL);
        head.data += taken;
        head.size -= taken;
    }
    return TT_TAGGED_NONE;
}

tt_tagged *
tt_tagged_new (tt_source *source, tt_tagged_form form, size_t limit)
{
    tt_tagged *tagged = tt_alloc_zero (1, sizeof *tagged);
    tagged->lines = tt_lines_new (source, MAX_LINE);
    tagged->form = form;
    tagged->limit = limit ? limit : DEFAULT_LIMIT;
    return tagged;
}

void
tt_tagged_close (tt_tagged **tagged)
{
    if (*tagged == NULL)
        return;
    tt_lines_close (&(*tagged)->lines);
    tt_buffer_free (&(*tagged)->text);
    free (*tagged);
    *tagged = NULL;
}

static void
keep (tt_tagged *tagged, const tt_line *line)
{
    if (line->too_long || tagged->text.size + line->text.size > tagged->limit)
        tagged->oversize = true;
    if (tagged->oversize)
        return;
    tt_buffer_append (&tagged->text, line->text.data, line->text.size);
    tt_buffer_append (&tagged->text, "\n", 1);
}

static void
begin (tt_tagged *tagged, const tt_line *line)
{
    tagged->inside = true;
    tagged->oversize = false;
    tagged->line = line->number;
    tt_buffer_clear (&tagged->text);
}

tt_status
tt_tagged_next (tt_tagged *tagged, tt_tagged_document *document, bool *more, tt_error *error)
{
    tt_line line;
    bool another = true;
    if (tagged->inside) /* the line that ended the document before is this one's first */
        tt_buffer_clear (&tagged->text);
    for (;;) {
        tt_status status = tt_lines_next (tagged->lines, &line, &another, error);
        if (status != TT_OK)
            return status;
        bool start = another && is_start (tagged->form, line.text);
        if (tagged->inside && (start || !another)) {
            *document
                = (tt_tagged_document){ { tagged->text.data, tagged->text.size }, tagged->line, tagged->end, tagged->oversize };
            tagged->inside = start;
            tagged->oversize = false;
            tagged->line = line.number;
            *more = true;
            tagged->end = line.end;
            return TT_OK;
        }
        *more = false;
        if (!another)
            return TT_OK;
        tagged->end = line.end;
        if (start)
            begin (tagged, &line);
        else if (tagged->inside)
            keep (tagged, &line);
    }
}

static bool
is_field (const uint8_t *line, size_t size)
{
    size_t n = 0;
    while (n < size && n < 7 && (isupper (line[n]) || isdigit (line[n])))
        n++;
    return n >= 3 && n < 7 && (n == size || line[n] == ' ' || line[n] == '\r');
}

static void
add_words (tt_buffer *value, const uint8_t *text, size_t size)
{
    while (size > 0 && isspace (*text)) {
        text++;
        size--;
    }
    while (size > 0 && isspace (text[size - 1]))
        size--;
    if (size > 0 && value->size > 0)
        tt_buffer_append (value, " ", 1);
    tt_buffer_append (value, text, size);
}

static size_t
line_size (tt_bytes text, size_t at)
{
    const uint8_t *end = memchr (text.data + at, '\n', text.size - at);
    return end ? (size_t)(end - text.data) - at : text.size - at;
}

bool
tt_tagged_field (tt_bytes text, size_t *at, char tag[8], tt_buffer *value)
{
    size_t size = 0;
    tt_buffer_clear (value);
    while (*at < text.size && !is_field (text.data + *at, size = line_size (text, *at)))
        *at += size + 1;
    if (*at >= text.size)
        return false;
    const uint8_t *line = text.data + *at;
    size_t name = 0;
    while (name < size && line[name] != ' ' && line[name] != '\r')
        name++;
    memcpy (tag, line, name);
    tag[name] = '\0';
    add_words (value, line + name, size - name);
    *at += size + 1;
    while (*at < text.size && (text.data[*at] == ' ' || text.data[*at] == '\t')) {
        size = line_size (text, *at);
        add_words (value, text.data + *at, size);
        *at += size + 1;
    }
    tt_buffer_cstr (value);
    return true;
}
