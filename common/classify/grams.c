#include "classify/grams.h"

#include <string.h>

#define CJK_MOST 3
#define WORD_LEAST 3
#define WORD_MOST 5
#define WORD_END 1 /* stands before and behind a word */

typedef enum { APART, CJK, WORD } kind;

struct tt_grams {
    uint32_t bits;
    size_t lead;
    uint32_t *slots; /* of each bucket: place in items plus 1, or 0 */
    tt_gram *items;
    size_t count, capacity;
    uint32_t *points; /* of one run, with where each begins behind it */
    uint32_t *places;
    size_t run, run_capacity;
};

tt_grams *
tt_grams_new (uint32_t bits)
{
    tt_grams *g = tt_alloc_zero (1, sizeof *g);
    g->bits = bits < TT_GRAMS_BITS_MIN ? TT_GRAMS_BITS_MIN : bits > TT_GRAMS_BITS_MAX ? TT_GRAMS_BITS_MAX : bits;
    g->slots = tt_alloc_zero ((size_t)1 << g->bits, sizeof *g->slots);
    return g;
}

void
tt_grams_destroy (tt_grams **grams)
{
    tt_grams *g = *grams;
    if (!g)
        return;
    free (g->slots);
    free (g->items);
    free (g->points);
    free (g->places);
    free (g);
    *grams = NULL;
}

static kind
kind_of (uint32_t c)
{
    if ((c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x20000 && c <= 0x3FFFF))
        return CJK;
    bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c < 0x2000);
    return word ? WORD : APART;
}

/* The text is normalised, so valid; a byte that is not is taken for itself. */
static size_t
decode (const uint8_t *p, size_t left, uint32_t *c)
{
    size_t n = p[0] < 0xC0 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    *c = p[0];
    if (n == 1 || n > left)
        return 1;
    *c = p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | (p[i] & 0x3F);
    return n;
}

static void
add (tt_grams *g, uint64_t hash, uint32_t at, uint32_t size)
{
    hash ^= hash >> 32;
    uint32_t bucket = (uint32_t)((hash * 0x9E3779B97F4A7C15u) >> (64 - g->bits));
    uint32_t slot = g->slots[bucket], weight = at < g->lead ? TT_GRAMS_LEAD : 1;
    if (slot > 0) {
        g->items[slot - 1].count += weight;
        return;
    }
    if (g->count == g->capacity) {
        g->capacity = g->capacity == 0 ? 1024 : 2 * g->capacity;
        g->items = tt_realloc (g->items, g->capacity * sizeof *g->items);
    }
    g->items[g->count] = (tt_gram){ .bucket = bucket, .count = weight, .at = at, .size = size };
    g->slots[bucket] = (uint32_t)++g->count;
}

static uint64_t
step (uint64_t hash, uint32_t c)
{
    return (hash ^ c) * 0xD6E8FEB86659FD93u + 0x2545F491u;
}

static void
add_runs (tt_grams *g, size_t least, size_t most, uint64_t seed)
{
    for (size_t i = 0; i < g->run; i++) {
        uint64_t hash = seed;
        for (size_t n = 1; n <= most && i + n <= g->run; n++) {
            hash = step (hash, g->points[i + n - 1]);
            if (n >= least)
                add (g, hash, g->places[i], g->places[i + n] - g->places[i]);
        }
    }
}

static void
push (tt_grams *g, uint32_t c, uint32_t at)
{
    if (g->run + 1 >= g->run_capacity) {
        g->run_capacity = g->run_capacity == 0 ? 64 : 2 * g->run_capacity;
        g->points = tt_realloc (g->points, g->run_capacity * sizeof *g->points);
        g->places = tt_realloc (g->places, g->run_capacity * sizeof *g->places);
    }
    g->points[g->run] = c;
    g->places[g->run++] = at;
}

static void
add_word (tt_grams *g, uint32_t first, uint32_t end)
{
    uint64_t hash = 3;
    for (size_t i = 1; i < g->run; i++)
        hash = step (hash, g->points[i]);
    add (g, hash, first, end - first);
    push (g, WORD_END, end);
    g->places[g->run] = end;
    add_runs (g, WORD_LEAST, WORD_MOST, 2);
}

const tt_gram *
tt_grams_count (tt_grams *g, tt_bytes text, size_t lead, size_t *count)
{
    for (size_t i = 0; i < g->count; i++)
        g->slots[g->items[i].bucket] = 0;
    g->count = 0;
    g->lead = lead;
    for (size_t at = 0; at < text.size;) {
        uint32_t c;
        size_t begin = at, size = decode (text.data + at, text.size - at, &c);
        kind run = kind_of (c);
        g->run = 0;
        if (run == WORD)
            push (g, WORD_END, (uint32_t)at);
        while (run != APART && at < text.size && kind_of (c) == run) {
            push (g, c, (uint32_t)at);
            at += size;
            if (at < text.size)
                size = decode (text.data + at, text.size - at, &c);
        }
        if (run == APART) {
            at += size;
        } else if (run == WORD) {
            add_word (g, (uint32_t)begin, (uint32_t)at);
        } else {
            g->places[g->run] = (uint32_t)at;
            add_runs (g, 1, CJK_MOST, 1);
        }
    }
    *count = g->count;
    return g->items;
}
