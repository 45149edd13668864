#include "lsh.h"

#include <stdlib.h>
#include <string.h>

#define BANDS INGEST_LSH_BANDS
#define MINIMA (INGEST_LSH_BANDS * INGEST_LSH_ROWS)

/* Entries of a record and buckets stand in rows of BANDS. A link is a number plus one; 0 ends a chain. */
struct ingest_lsh {
    uint32_t *keys, *links, *heads; /* owned */
    uint8_t *live;                  /* owned; 0: dropped or empty */
    size_t count, capacity;         /* records */
    size_t buckets, bucket_room;    /* of each band: count + 1, by linear hashing */
    size_t round;                   /* largest power of two that is at most `buckets` */
    uint64_t factors[MINIMA];
    ingest_lsh_found *met; /* owned; scratch */
};

/* A fixed sequence of odd factors, so that replicas and restarts agree. */
static uint64_t
mix (uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static void
reserve (ingest_lsh *lsh)
{
    if (lsh->count == lsh->capacity) {
        lsh->capacity = lsh->capacity == 0 ? 64 : 2 * lsh->capacity;
        lsh->keys = tt_realloc (lsh->keys, lsh->capacity * BANDS * sizeof *lsh->keys);
        lsh->links = tt_realloc (lsh->links, lsh->capacity * BANDS * sizeof *lsh->links);
        lsh->live = tt_realloc (lsh->live, lsh->capacity);
    }
    if (lsh->buckets == lsh->bucket_room) {
        lsh->bucket_room = lsh->bucket_room == 0 ? 64 : 2 * lsh->bucket_room;
        lsh->heads = tt_realloc (lsh->heads, lsh->bucket_room * BANDS * sizeof *lsh->heads);
    }
}

ingest_lsh *
ingest_lsh_new (void)
{
    ingest_lsh *lsh = tt_alloc_zero (1, sizeof *lsh);
    for (size_t i = 0; i < MINIMA; i++)
        lsh->factors[i] = mix ((i + 1) * 0x9E3779B97F4A7C15u) | 1;
    lsh->met = tt_alloc (BANDS * INGEST_LSH_CHAIN * sizeof *lsh->met);
    reserve (lsh);
    memset (lsh->heads, 0, BANDS * sizeof *lsh->heads);
    lsh->buckets = lsh->round = 1;
    return lsh;
}

void
ingest_lsh_destroy (ingest_lsh **lsh)
{
    if (!*lsh)
        return;
    free ((*lsh)->keys);
    free ((*lsh)->links);
    free ((*lsh)->heads);
    free ((*lsh)->live);
    free ((*lsh)->met);
    free (*lsh);
    *lsh = NULL;
}

/* The key of each band: its minima, hashed together. */
static void
sign (const ingest_lsh *lsh, const ingest_shingles *set, uint32_t keys[BANDS])
{
    uint64_t minima[MINIMA];
    memset (minima, 0xFF, sizeof minima);
    for (size_t i = 0; i < set->count; i++) {
        for (size_t m = 0; m < MINIMA; m++) {
            uint64_t value = set->hashes[i] * lsh->factors[m];
            value ^= value >> 32; /* the low bits of a product depend on low bits alone */
            value *= 0xD6E8FEB86659FD93u;
            minima[m] = value < minima[m] ? value : minima[m];
        }
    }
    for (size_t b = 0; b < BANDS; b++) {
        uint64_t key = b;
        for (size_t r = 0; r < INGEST_LSH_ROWS; r++)
            key = mix (key + minima[b * INGEST_LSH_ROWS + r]);
        keys[b] = (uint32_t)(key >> 32);
    }
}

static uint32_t *
head_of (const ingest_lsh *lsh, size_t band, uint32_t key)
{
    size_t bucket = key & (2 * lsh->round - 1);
    if (bucket >= lsh->buckets)
        bucket -= lsh->round;
    return &lsh->heads[bucket * BANDS + band];
}

/* Parts a chain into those that stay and those that belong to the new bucket; both keep their order. */
static void
split_chain (ingest_lsh *lsh, size_t band, size_t from, size_t to)
{
    uint32_t *stay = &lsh->heads[from * BANDS + band], *go = &lsh->heads[to * BANDS + band];
    uint32_t link = *stay;
    while (link != 0) {
        size_t at = (size_t)(link - 1) * BANDS + band;
        uint32_t **end = (lsh->keys[at] & lsh->round) != 0 ? &go : &stay;
        **end = link;
        *end = &lsh->links[at];
        link = lsh->links[at];
    }
    *stay = *go = 0;
}

static void
grow (ingest_lsh *lsh)
{
    if (lsh->buckets == 2 * lsh->round)
        lsh->round *= 2;
    size_t to = lsh->buckets++;
    for (size_t b = 0; b < BANDS; b++)
        split_chain (lsh, b, to - lsh->round, to);
}

uint32_t
ingest_lsh_put (ingest_lsh *lsh, const ingest_shingles *set)
{
    reserve (lsh);
    uint32_t number = (uint32_t)lsh->count++;
    size_t at = (size_t)number * BANDS;
    lsh->live[number] = set->count > 0;
    sign (lsh, set, &lsh->keys[at]);
    for (size_t b = 0; b < BANDS && set->count > 0; b++) {
        uint32_t *head = head_of (lsh, b, lsh->keys[at + b]);
        lsh->links[at + b] = *head;
        *head = number + 1;
    }
    grow (lsh);
    return number;
}

void
ingest_lsh_drop (ingest_lsh *lsh, uint32_t number)
{
    if (number < lsh->count)
        lsh->live[number] = 0;
}

/* Puts those of a bucket that have the key behind what was met; true if the chain was longer than is looked at. */
static bool
walk (const ingest_lsh *lsh, size_t band, uint32_t key, size_t *met)
{
    uint32_t link = *head_of (lsh, band, key);
    for (size_t seen = 0; link != 0 && seen < INGEST_LSH_CHAIN; seen++) {
        size_t at = (size_t)(link - 1) * BANDS + band;
        if (lsh->keys[at] == key && lsh->live[link - 1])
            lsh->met[(*met)++] = (ingest_lsh_found){ .number = link - 1, .bands = 1 };
        link = lsh->links[at];
    }
    return link != 0;
}

static int
by_number (const void *a, const void *b)
{
    const ingest_lsh_found *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int
by_bands (const void *a, const void *b)
{
    const ingest_lsh_found *x = a, *y = b;
    return x->bands != y->bands ? (x->bands < y->bands) - (x->bands > y->bands) : by_number (a, b);
}

size_t
ingest_lsh_find (ingest_lsh *lsh, const ingest_shingles *set, ingest_lsh_found *out, size_t most, bool *cut)
{
    uint32_t keys[BANDS];
    size_t met = 0, distinct = 0;
    bool left = false;
    sign (lsh, set, keys);
    for (size_t b = 0; b < BANDS && set->count > 0; b++)
        left = walk (lsh, b, keys[b], &met) || left;
    qsort (lsh->met, met, sizeof *lsh->met, by_number);
    for (size_t i = 0; i < met; i++) {
        if (distinct > 0 && lsh->met[distinct - 1].number == lsh->met[i].number)
            lsh->met[distinct - 1].bands++;
        else
            lsh->met[distinct++] = lsh->met[i];
    }
    qsort (lsh->met, distinct, sizeof *lsh->met, by_bands);
    size_t count = distinct < most ? distinct : most;
    if (count > 0)
        memcpy (out, lsh->met, count * sizeof *out);
    if (cut)
        *cut = left || count < distinct;
    return count;
}

uint32_t
ingest_lsh_count (const ingest_lsh *lsh)
{
    return (uint32_t)lsh->count;
}

uint64_t
ingest_lsh_bytes (const ingest_lsh *lsh)
{
    uint64_t rows = 2 * (uint64_t)lsh->count + lsh->buckets;
    return sizeof *lsh + rows * BANDS * sizeof *lsh->keys + lsh->count + BANDS * INGEST_LSH_CHAIN * sizeof *lsh->met;
}
