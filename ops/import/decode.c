#include "import/decode.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/text.h"

#define BOM "\xef\xbb\xbf"

void
tt_decode_declared (tt_bytes text, char out[TT_ENCODING_SIZE])
{
    size_t begin = text.size >= 3 && memcmp (text.data, BOM, 3) == 0 ? 3 : 0, left = text.size - begin;
    const char *head = (const char *)text.data + begin;
    out[0] = '\0';
    if (left < 6 || memcmp (head, "<?xml", 5) != 0)
        return;
    left = left < 200 ? left : 200;
    const char *end = memmem (head, left, "?>", 2), *at = memmem (head, left, "encoding", 8);
    if (end == NULL || at == NULL || at > end)
        return;
    for (at += 8; at < end && (*at == ' ' || *at == '='); at++)
        ;
    char quote = at < end ? *at++ : '\0';
    size_t size = 0;
    while ((quote == '"' || quote == '\'') && at + size < end && at[size] != quote)
        size++;
    if (size < TT_ENCODING_SIZE) {
        memcpy (out, at, size);
        out[size] = '\0';
    }
}

const char *
tt_decode_name (const char *label)
{
    static const char *const known[][2] = {
        { "", NULL },           { "utf-8", NULL },          { "utf8", NULL },        { "utf-16", NULL },
        { "utf-16le", NULL },   { "utf-16be", NULL },       { "gb2312", "GB18030" }, { "gbk", "GB18030" },
        { "cp936", "GB18030" }, { "iso-8859-1", "CP1252" }, { "latin1", "CP1252" },  { "us-ascii", "CP1252" },
        { "ascii", "CP1252" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp (label, known[i][0]) == 0)
            return known[i][1];
    return label;
}

/* Windows-1252 leaves five bytes free; in running text they are the controls of Latin-1. */
static void
put_stray (uint8_t byte, tt_buffer *out)
{
    static const uint16_t high[32] = { 0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
                                       0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                       0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178 };
    unsigned code = byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
    char text[3];
    size_t size = 0;
    if (code >= 0x800)
        text[size++] = (char)(0xe0 | code >> 12);
    text[size++] = (char)(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
    text[size++] = (char)(0x80 | (code & 0x3f));
    tt_buffer_append (out, text, size);
}

static void
repair (tt_bytes text, tt_buffer *out, size_t *strays)
{
    size_t good;
    while (text.size > 0 && !tt_text_valid (text, &good)) {
        tt_buffer_append (out, text.data, good);
        put_stray (text.data[good], out);
        text.data += good + 1;
        text.size -= good + 1;
        ++*strays;
    }
    tt_buffer_append (out, text.data, text.size);
}

static tt_status
convert (iconv_t converter, tt_bytes text, const char *label, tt_buffer *out, tt_error *error)
{
    char *in = (char *)text.data;
    size_t left = text.size;
    while (left > 0) {
        size_t room = left + 64;
        char *to = (char *)tt_buffer_reserve (out, room), *end = to;
        size_t done = iconv (converter, &in, &left, &end, &room);
        out->size += (size_t)(end - to);
        if (done == (size_t)-1 && errno != E2BIG)
            return tt_fail (error, TT_INVALID_ARGUMENT, "byte %zu is no %.30s, as which the text is declared",
                            text.size - left + 1, label);
    }
    return TT_OK;
}

tt_status
tt_decode (tt_bytes *text, const char *label, tt_buffer *out, size_t *strays, tt_error *error)
{
    const char *name = tt_decode_name (label);
    *strays = 0;
    tt_buffer_clear (out);
    if (name == NULL && tt_text_valid (*text, NULL))
        return TT_OK;
    if (name == NULL) {
        repair (*text, out, strays);
        *text = (tt_bytes){ out->data, out->size };
        return TT_OK;
    }
    iconv_t converter = iconv_open ("UTF-8", name);
    if (converter == (iconv_t)-1)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the encoding \"%.30s\" is not known", label);
    tt_status status = convert (converter, *text, label, out, error);
    iconv_close (converter);
    *text = (tt_bytes){ out->data, out->size };
    return status;
}
