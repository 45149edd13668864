#include "query/pattern.h"

#include <string.h>

#include "query/wildcard.h"

/* The longest run without a wildcard; *run is its size. */
static size_t
longest_run (tt_bytes pattern, size_t *run)
{
    size_t best = 0;
    *run = 0;
    for (size_t at = 0; at < pattern.size;) {
        size_t n = tt_wildcard_prefix ((tt_bytes){ pattern.data + at, pattern.size - at });
        if (n > *run) {
            *run = n;
            best = at;
        }
        at += n + 1;
    }
    return best;
}

tt_bytes
pattern_piece (tt_bytes pattern, uint8_t space, uint8_t *piece_space)
{
    size_t run = 0;
    size_t at = 0;
    uint8_t over = (uint8_t)(space - SPACE_COUNT);
    *piece_space = DICTIONARY_PREFIX (over);
    if (tt_wildcard_prefix (pattern) >= DICTIONARY_PIECE_BYTES)
        return (tt_bytes){ pattern.data, DICTIONARY_PIECE_BYTES };
    if (over == SPACE_WORD)
        at = longest_run (pattern, &run);
    *piece_space = DICTIONARY_PIECE;
    return run < DICTIONARY_PIECE_BYTES ? TT_BYTES_NONE : (tt_bytes){ pattern.data + at, DICTIONARY_PIECE_BYTES };
}

static uint32_t
take_piece (dictionary *d, tt_bytes piece, uint8_t space)
{
    uint32_t key = dictionary_take (d, piece, space, UINT32_MAX);
    if (d->keys[key].references > 1)
        return key;
    if (space != DICTIONARY_PIECE) {
        d->prefixes++;
        return key;
    }
    uint32_t hash = dictionary_piece_hash (piece.data);
    d->piece_filter[hash >> 6] |= UINT64_C (1) << (hash & 63);
    d->pieces++;
    return key;
}

uint32_t
pattern_take (dictionary *d, tt_bytes pattern, uint8_t space, uint32_t stored, bool *keyed)
{
    uint8_t piece_space = 0;
    uint8_t piece[DICTIONARY_PIECE_BYTES];
    tt_bytes found = pattern_piece (pattern, space, &piece_space);
    uint32_t key = dictionary_take (d, pattern, space, stored);
    *keyed = found.size > 0;
    if (found.size == 0 || d->keys[key].references > 1)
        return key;
    memcpy (piece, found.data, sizeof piece);
    dictionary_post (d, take_piece (d, (tt_bytes){ piece, sizeof piece }, piece_space), (posting){ .query = key });
    return key;
}

uint32_t
pattern_take_days (dictionary *d, int32_t first, int32_t last, uint32_t stored)
{
    int32_t days[2] = { first, last };
    uint32_t key = dictionary_take (d, (tt_bytes){ (const uint8_t *)days, sizeof days }, DICTIONARY_RANGE, stored);
    if (d->keys[key].references > 1)
        return key;
    if (d->range_count == DICTIONARY_MAX_RANGES) {
        dictionary_drop (d, key);
        return DICTIONARY_NONE;
    }
    d->ranges[d->range_count++] = (dictionary_range){ .key = key, .stored = stored, .first = first, .last = last };
    return key;
}

static void
drop_piece (dictionary *d, uint32_t pattern)
{
    uint8_t space = 0;
    tt_bytes piece = pattern_piece (dictionary_text (d, pattern), d->keys[pattern].space, &space);
    if (piece.size == 0)
        return;
    uint64_t hash = dictionary_hash (piece, space);
    size_t at = dictionary_slot (d, hash);
    uint32_t key = dictionary_next (d, &at, hash, piece, space);
    const posting *postings = dictionary_postings (d, &d->keys[key]);
    uint32_t place = 0;
    while (postings[place].query != pattern)
        place++;
    (void)dictionary_unpost (d, key, place);
    if (d->keys[key].references == 1 && space != DICTIONARY_PIECE)
        d->prefixes--;
    else if (d->keys[key].references == 1 && --d->pieces == 0)
        memset (d->piece_filter, 0, sizeof d->piece_filter); /* what is no longer asked for stays in it until then */
    dictionary_drop (d, key);
}

static void
drop_days (dictionary *d, uint32_t key)
{
    size_t i = 0;
    while (d->ranges[i].key != key)
        i++;
    d->ranges[i] = d->ranges[--d->range_count];
}

void
pattern_drop (dictionary *d, uint32_t key)
{
    const dictionary_key *k = &d->keys[key];
    if (k->references == 1 && pattern_is ((uint8_t)k->space))
        drop_piece (d, key);
    else if (k->references == 1 && k->space == DICTIONARY_RANGE)
        drop_days (d, key);
    dictionary_drop (d, key);
}
