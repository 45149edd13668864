#include "wire/topic.h"

#include <string.h>

static bool
unreserved (uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'
           || c == '~';
}

/* Capital digits only: a topic has one spelling. */
static bool
hex_digit (uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

void
tt_topic_append (tt_buffer *out, const char *segment)
{
    static const char digits[] = "0123456789ABCDEF";
    if (segment == NULL || segment[0] == '\0')
        segment = "none";
    for (const uint8_t *p = (const uint8_t *) segment; *p; p++) {
        char escaped[3] = { '%', digits[*p >> 4], digits[*p & 15] };
        if (unreserved (*p))
            tt_buffer_append (out, p, 1);
        else
            tt_buffer_append (out, escaped, sizeof escaped);
    }
    tt_buffer_append (out, "/", 1);
}

void
tt_topic_build (tt_buffer *out, const char *first, ...)
{
    va_list args;
    va_start (args, first);
    for (const char *segment = first; segment; segment = va_arg (args, const char *))
        tt_topic_append (out, segment);
    va_end (args);
}

bool
tt_topic_valid (tt_bytes topic)
{
    if (topic.size < 2 || topic.size > TT_TOPIC_MAX || topic.data[topic.size - 1] != '/')
        return false;
    uint8_t before = '/';
    for (size_t i = 0; i < topic.size; i++) {
        uint8_t c = topic.data[i];
        if (c == '/' && before == '/')
            return false;
        if (c == '%') {
            if (topic.size - i < 3 || !hex_digit (topic.data[i + 1]) || !hex_digit (topic.data[i + 2]))
                return false;
            i += 2;
        } else if (c != '/' && !unreserved (c)) {
            return false;
        }
        before = c;
    }
    return true;
}

bool
tt_filter_valid (tt_bytes filter)
{
    return filter.size == 0 || tt_topic_valid (filter);
}

bool
tt_topic_matches (tt_bytes filter, tt_bytes topic)
{
    return filter.size <= topic.size && (filter.size == 0 || memcmp (filter.data, topic.data, filter.size) == 0);
}
