#include "shingles.h"

#include <stdlib.h>
#include <xxhash.h>

void
ingest_shingles_clear (ingest_shingles *set)
{
    set->count = 0;
}

void
ingest_shingles_free (ingest_shingles *set)
{
    free (set->hashes);
    tt_tokens_free (&set->tokens);
    tt_buffer_free (&set->points);
    *set = (ingest_shingles){ 0 };
}

static void
add_hash (ingest_shingles *set, tt_bytes bytes)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity == 0 ? 256 : 2 * set->capacity;
        set->hashes = tt_realloc (set->hashes, set->capacity * sizeof *set->hashes);
    }
    set->hashes[set->count++] = XXH3_64bits (bytes.data, bytes.size);
}

/* Bytes of the character that begins here. Normalised text is valid UTF-8. */
static size_t
step (const uint8_t *at, const uint8_t *end)
{
    size_t size = 1;
    while (at + size < end && (at[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/* 0xFF stands in no UTF-8: it marks a character that stands alone, which so needs no second look at its code point. */
#define ALONE 0xFF

/* The tokens as one run of characters. */
static void
join (ingest_shingles *set, const char *text)
{
    bool word_before = false;
    tt_text_tokenise (tt_bytes_of_text (text), &set->tokens);
    set->points.size = 0;
    for (size_t i = 0; i < set->tokens.count; i++) {
        tt_bytes token = tt_token_text (&set->tokens, i);
        bool alone = tt_text_alone (token);
        if (alone)
            tt_buffer_append (&set->points, &(uint8_t){ ALONE }, 1);
        else if (word_before)
            tt_buffer_append (&set->points, " ", 1);
        tt_buffer_append (&set->points, token.data, token.size);
        word_before = !alone;
    }
}

/* Goes behind one character; what it weighs. */
static uint32_t
advance (const uint8_t **at, const uint8_t *end, uint32_t alone)
{
    bool marked = **at == ALONE;
    if (marked)
        ++*at;
    *at += step (*at, end);
    return marked ? alone : 1;
}

void
ingest_shingles_add (ingest_shingles *set, const char *text, uint32_t width, uint32_t alone)
{
    join (set, text);
    const uint8_t *first = set->points.data, *end = first + set->points.size, *last = first;
    uint32_t weight = 0;
    bool any = false;
    while (first < end) {
        while (last < end && weight < width)
            weight += advance (&last, end, alone);
        if (weight < width && any)
            return;
        add_hash (set, (tt_bytes){ first, (size_t)(last - first) });
        any = true;
        weight -= advance (&first, end, alone);
    }
}

static int
compare_hashes (const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void
ingest_shingles_close (ingest_shingles *set)
{
    if (set->count == 0)
        return;
    qsort (set->hashes, set->count, sizeof *set->hashes, compare_hashes);
    size_t kept = 1;
    for (size_t i = 1; i < set->count; i++)
        if (set->hashes[i] != set->hashes[kept - 1])
            set->hashes[kept++] = set->hashes[i];
    set->count = kept;
}

ingest_overlap
ingest_shingles_compare (const ingest_shingles *a, const ingest_shingles *b)
{
    ingest_overlap out = { 0 };
    if (a->count == 0 || b->count == 0)
        return out;
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        uint64_t x = a->hashes[i], y = b->hashes[k];
        out.shared += x == y;
        i += x <= y;
        k += y <= x;
    }
    size_t smaller = a->count < b->count ? a->count : b->count;
    out.jaccard = (double)out.shared / (double)(a->count + b->count - out.shared);
    out.containment = (double)out.shared / (double)smaller;
    return out;
}
