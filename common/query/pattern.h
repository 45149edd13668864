/* What a key needs besides its text where it is no plain term: patterns are found through some of their bytes, days are listed.
 *
 * Internal to query/. A pattern that holds three bytes without a wildcard between them is a key like any other: each document
 * that has a word of it sets its bit, found through these bytes and not by trying all patterns. Others are tried on a document
 * when a query gets as far as them (run.c). Owned by one thread. */
#ifndef TT_QUERY_PATTERN_H
#define TT_QUERY_PATTERN_H

#include "query/dictionary.h"

static inline bool
pattern_is (uint8_t space)
{
    return space >= DICTIONARY_PATTERN (0) && space < DICTIONARY_PREFIX (0);
}

/* The bytes that a pattern is found through, and their space; none (size 0) if there are no such. */
tt_bytes pattern_piece (tt_bytes pattern, uint8_t space, uint8_t *piece_space);

/* The key of a pattern; *keyed: its bit is set by documents. One more reference. */
uint32_t pattern_take (dictionary *d, tt_bytes pattern, uint8_t space, uint32_t stored, bool *keyed);
/* The key of a range of days; DICTIONARY_NONE if too many are listed. One more reference. */
uint32_t pattern_take_days (dictionary *d, int32_t first, int32_t last, uint32_t stored);
/* Gives back a reference on any key. */
void pattern_drop (dictionary *d, uint32_t key);

#endif
