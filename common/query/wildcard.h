/* Patterns in words: `*` any run of characters, `?` none or one, `#` exactly one.
 *
 * Internal to query/, and to the search of achievements, which runs trees on an index of its own. A pattern is normalised text
 * with these three in it; no text of a document contains them as wildcards. */
#ifndef TT_QUERY_WILDCARD_H
#define TT_QUERY_WILDCARD_H

#include "base/buffer.h"

/* Does the whole text match? Time is bounded by pattern bytes times text bytes. Both are valid UTF-8. */
bool tt_wildcard_matches (tt_bytes pattern, tt_bytes text);

/* Bytes before the first wildcard; pattern.size if there is none. */
size_t tt_wildcard_prefix (tt_bytes pattern);

static inline bool
tt_wildcard_is (uint8_t byte)
{
    return byte == '*' || byte == '?' || byte == '#';
}

#endif
