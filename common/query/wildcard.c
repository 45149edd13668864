#include "query/wildcard.h"

#include <string.h>

#include "query/tree.h"

static size_t
character_size (const uint8_t *data, size_t left)
{
    size_t n = 1;
    while (n < left && (data[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* `live` says which pattern positions can be reached; a `*` or `?` can also match nothing. */
static void
skip_empty (tt_bytes pattern, bool *live)
{
    for (size_t i = 0; i < pattern.size; i++)
        if (live[i] && (pattern.data[i] == '*' || pattern.data[i] == '?'))
            live[i + 1] = true;
}

/* Moves every live position over one character of the text. */
static void
step (tt_bytes pattern, const bool *live, bool *next, const uint8_t *character, size_t size)
{
    memset (next, 0, pattern.size + 1);
    for (size_t i = 0; i < pattern.size; i++) {
        if (!live[i])
            continue;
        uint8_t c = pattern.data[i];
        if (c == '*')
            next[i] = true;
        else if (c == '?' || c == '#')
            next[i + 1] = true;
        else if (pattern.size - i >= size && memcmp (pattern.data + i, character, size) == 0)
            next[i + size] = true;
    }
    skip_empty (pattern, next);
}

bool
tt_wildcard_matches (tt_bytes pattern, tt_bytes text)
{
    bool live[2][CQL_MAX_WILD_BYTES + 1];
    size_t prefix = tt_wildcard_prefix (pattern);
    if (text.size < prefix || memcmp (pattern.data, text.data, prefix) != 0)
        return false;
    pattern = (tt_bytes){ pattern.data + prefix, pattern.size - prefix };
    text = (tt_bytes){ text.data + prefix, text.size - prefix };
    if (pattern.size == 1 && pattern.data[0] == '*')
        return true;
    int now = 0;
    memset (live[0], 0, pattern.size + 1);
    live[0][0] = true;
    skip_empty (pattern, live[0]);
    for (size_t at = 0; at < text.size;) {
        size_t n = character_size (text.data + at, text.size - at);
        step (pattern, live[now], live[1 - now], text.data + at, n);
        now = 1 - now;
        at += n;
    }
    return live[now][pattern.size];
}

size_t
tt_wildcard_prefix (tt_bytes pattern)
{
    size_t n = 0;
    while (n < pattern.size && !tt_wildcard_is (pattern.data[n]))
        n++;
    return n;
}
