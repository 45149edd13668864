#include "text_width.h"

#include <string.h>
#include <utf8proc.h>

/* Width of the character at text; *size gets its bytes. What is no UTF-8 counts one column a byte. */
static size_t
character_width (const char *text, size_t left, size_t *size)
{
    utf8proc_int32_t character;
    utf8proc_ssize_t n = utf8proc_iterate ((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)left, &character);
    *size = n > 0 ? (size_t)n : 1;
    int width = n > 0 ? utf8proc_charwidth (character) : 1;
    return width > 0 ? (size_t)width : 0;
}

size_t
ctl_text_width_n (const char *text, size_t size)
{
    size_t width = 0, step;
    for (size_t i = 0; i < size; i += step)
        width += character_width (text + i, size - i, &step);
    return width;
}

size_t
ctl_text_width (const char *text)
{
    return ctl_text_width_n (text, strlen (text));
}

size_t
ctl_text_fit (const char *text, size_t width)
{
    size_t size = strlen (text), used = 0, step, i = 0;
    for (; i < size; i += step) {
        used += character_width (text + i, size - i, &step);
        if (used > width)
            break;
    }
    return i < size ? i : size;
}

/* C0, DEL and C1, which a terminal would obey, and what turns the direction of what follows. */
static bool
is_control (utf8proc_int32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || (character >= 0x202a && character <= 0x202e)
           || (character >= 0x2066 && character <= 0x2069);
}

void
ctl_text_clean (char *text)
{
    size_t size = strlen (text), kept = 0;
    for (size_t i = 0; i < size;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t n = utf8proc_iterate ((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(size - i), &character);
        if (n > 0 && !is_control (character)) {
            memmove (text + kept, text + i, (size_t)n);
            kept += (size_t)n;
        } else {
            text[kept++] = '?';
        }
        i += n > 0 ? (size_t)n : 1;
    }
    text[kept] = '\0';
}
