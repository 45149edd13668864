#include "corpus.h"

#include <string.h>
#include <xxhash.h>

#include "base/uuid.h"
#include "leaning.h"

#define COUNT_BITS 4 /* of a posting: occurrences, at most 15; the rest is the slot */
#define COUNT_MOST 15u
#define DEAD_LEAST 256 /* below that, rewriting is not worth while */

typedef struct {
    char *key; /* owned; NULL: dead */
    uint64_t revision;
    uint32_t length;
    ingest_traits traits;
} slot;

typedef struct {
    uint64_t hash;
    uint32_t *postings; /* owned, ascending by slot */
    uint32_t count;
    uint32_t capacity;
} posting_list;

struct ingest_corpus {
    slot *slots;
    uint32_t slot_count, slot_capacity, dead;
    posting_list *lists;
    uint32_t list_count, list_capacity;
    ingest_hash_map by_key, by_term;
    uint64_t seed, length, posting_bytes, key_bytes;
    float *scores;   /* scratch: one for each slot, 0 between searches */
    uint32_t *masks; /* scratch: hits */
    uint32_t scratch;
};

ingest_corpus *
ingest_corpus_new (void)
{
    ingest_corpus *corpus = tt_alloc_zero (1, sizeof *corpus);
    tt_random_bytes (&corpus->seed, sizeof corpus->seed);
    return corpus;
}

void
ingest_corpus_destroy (ingest_corpus **corpus)
{
    ingest_corpus *c = *corpus;
    if (!c)
        return;
    for (uint32_t i = 0; i < c->slot_count; i++)
        free (c->slots[i].key);
    for (uint32_t i = 0; i < c->list_count; i++)
        free (c->lists[i].postings);
    ingest_hash_free (&c->by_key);
    ingest_hash_free (&c->by_term);
    free (c->slots);
    free (c->lists);
    free (c->scores);
    free (c->masks);
    free (c);
    *corpus = NULL;
}

static uint64_t
key_hash (const ingest_corpus *c, const char *key)
{
    return XXH3_64bits_withSeed (key, strlen (key), c->seed);
}

static posting_list *
list_of (ingest_corpus *c, uint64_t hash)
{
    uint32_t *place = ingest_hash_find (&c->by_term, hash);
    if (place)
        return &c->lists[*place];
    if (c->list_count == c->list_capacity) {
        c->list_capacity = c->list_capacity == 0 ? 256 : 2 * c->list_capacity;
        c->lists = tt_realloc (c->lists, c->list_capacity * sizeof *c->lists);
    }
    ingest_hash_set (&c->by_term, hash, c->list_count);
    c->lists[c->list_count] = (posting_list){ .hash = hash };
    return &c->lists[c->list_count++];
}

static void
post (ingest_corpus *c, uint64_t hash, uint32_t at, uint32_t count)
{
    posting_list *list = list_of (c, hash);
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 2 : list->capacity + list->capacity / 2 + 1;
        list->postings = tt_realloc (list->postings, capacity * sizeof *list->postings);
        c->posting_bytes += (capacity - list->capacity) * sizeof *list->postings;
        list->capacity = capacity;
    }
    list->postings[list->count++] = at << COUNT_BITS | (count < COUNT_MOST ? count : COUNT_MOST);
}

/* Numbers the live slots anew in to[] and moves them together; returns how many. */
static uint32_t
gather_slots (ingest_corpus *c, uint32_t *to)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        to[i] = UINT32_MAX;
        if (!c->slots[i].key)
            continue;
        to[i] = live;
        ingest_hash_set (&c->by_key, key_hash (c, c->slots[i].key), live);
        c->slots[live++] = c->slots[i];
    }
    return live;
}

static void
rewrite (ingest_corpus *c)
{
    uint32_t *to = tt_alloc (c->slot_count * sizeof *to + 1);
    c->slot_count = gather_slots (c, to);
    c->dead = 0;
    for (uint32_t i = 0; i < c->list_count; i++) {
        posting_list *list = &c->lists[i];
        uint32_t kept = 0;
        for (uint32_t k = 0; k < list->count; k++) {
            uint32_t at = to[list->postings[k] >> COUNT_BITS];
            if (at != UINT32_MAX)
                list->postings[kept++] = at << COUNT_BITS | (list->postings[k] & COUNT_MOST);
        }
        list->count = kept;
    }
    free (to);
}

bool
ingest_corpus_remove (ingest_corpus *c, const char *key)
{
    uint64_t hash = key_hash (c, key);
    uint32_t *place = ingest_hash_find (&c->by_key, hash);
    if (!place)
        return false;
    slot *s = &c->slots[*place];
    c->length -= s->length;
    c->key_bytes -= strlen (s->key) + 1;
    free (s->key);
    s->key = NULL;
    ingest_hash_remove (&c->by_key, hash);
    c->dead++;
    if (c->dead >= DEAD_LEAST && 3 * c->dead > c->slot_count)
        rewrite (c);
    return true;
}

void
ingest_corpus_put (ingest_corpus *c, const char *key, uint64_t revision, const ingest_traits *traits, const ingest_terms *terms)
{
    ingest_corpus_remove (c, key);
    if (c->slot_count == c->slot_capacity) {
        c->slot_capacity = c->slot_capacity == 0 ? 256 : 2 * c->slot_capacity;
        c->slots = tt_realloc (c->slots, c->slot_capacity * sizeof *c->slots);
    }
    uint32_t at = c->slot_count++;
    c->slots[at] = (slot){ .key = tt_strdup (key), .revision = revision, .length = terms->length, .traits = *traits };
    c->length += terms->length;
    c->key_bytes += strlen (key) + 1;
    ingest_hash_set (&c->by_key, key_hash (c, key), at);
    for (size_t i = 0; i < terms->count; i++)
        post (c, terms->terms[i].hash, at, terms->terms[i].count);
}

uint64_t
ingest_corpus_revision (const ingest_corpus *c, const char *key)
{
    const uint32_t *place = ingest_hash_find (&c->by_key, key_hash (c, key));
    return place ? c->slots[*place].revision : 0;
}

uint32_t
ingest_corpus_count (const ingest_corpus *c)
{
    return c->slot_count - c->dead;
}

uint32_t
ingest_corpus_having (const ingest_corpus *c, uint64_t term)
{
    const uint32_t *place = ingest_hash_find (&c->by_term, term);
    return place ? c->lists[*place].count : 0;
}

double
ingest_corpus_average (const ingest_corpus *c)
{
    uint32_t count = ingest_corpus_count (c);
    return count == 0 ? 0.0 : (double)c->length / count;
}

uint64_t
ingest_corpus_bytes (const ingest_corpus *c)
{
    return sizeof *c + c->slot_capacity * sizeof *c->slots + c->list_capacity * sizeof *c->lists + c->posting_bytes + c->key_bytes
           + (c->by_key.capacity + c->by_term.capacity) * sizeof (ingest_hash_entry)
           + c->scratch * (sizeof *c->scores + sizeof *c->masks);
}

static void
add_scores (ingest_corpus *c, const ingest_wanted *wanted, uint32_t bit, double average)
{
    const uint32_t *place = ingest_hash_find (&c->by_term, wanted->hash);
    if (!place)
        return;
    const posting_list *list = &c->lists[*place];
    for (uint32_t k = 0; k < list->count; k++) {
        uint32_t at = list->postings[k] >> COUNT_BITS;
        c->scores[at] += wanted->weight * (float)ingest_saturation (list->postings[k] & COUNT_MOST, c->slots[at].length, average);
        c->masks[at] |= UINT32_C (1) << bit;
    }
}

static void
make_scratch (ingest_corpus *c)
{
    if (c->scratch < c->slot_count) {
        c->scratch = c->slot_capacity;
        c->scores = tt_realloc (c->scores, c->scratch * sizeof *c->scores);
        c->masks = tt_realloc (c->masks, c->scratch * sizeof *c->masks);
    }
    memset (c->scores, 0, c->slot_count * sizeof *c->scores);
    memset (c->masks, 0, c->slot_count * sizeof *c->masks);
}

/* Better: higher score, then by key, so that the order does not hang on the slots of this replica. */
static bool
better (const ingest_found *a, const ingest_found *b)
{
    return a->score > b->score || (a->score == b->score && strcmp (a->key, b->key) < 0);
}

static size_t
keep_best (ingest_found *out, size_t count, size_t most, const ingest_found *one)
{
    size_t i = count < most ? count : most - 1;
    if (count == most && !better (one, &out[most - 1]))
        return count;
    for (; i > 0 && better (one, &out[i - 1]); i--)
        out[i] = out[i - 1];
    out[i] = *one;
    return count < most ? count + 1 : count;
}

size_t
ingest_corpus_best (ingest_corpus *c, const ingest_wanted *wanted, size_t count, const ingest_limits *limits,
                    const ingest_settings *settings, ingest_found *out, size_t most)
{
    double sum = ingest_weight_sum (wanted, count), average = ingest_corpus_average (c);
    size_t found = 0;
    if (sum <= 0 || most == 0 || c->slot_count == 0)
        return 0;
    make_scratch (c);
    for (size_t i = 0; i < count; i++)
        add_scores (c, &wanted[i], (uint32_t)i, average);
    for (uint32_t at = 0; at < c->slot_count; at++) {
        const slot *s = &c->slots[at];
        if (!s->key || c->masks[at] == 0)
            continue;
        double score = ingest_leaning_score (limits, &s->traits, c->scores[at] / sum);
        if (!ingest_near (wanted, count, c->masks[at], score, settings)
            || !ingest_fits (limits, &s->traits))
            continue;
        ingest_found one = { .key = s->key, .revision = s->revision, .score = score, .hits = c->masks[at] };
        found = keep_best (out, found, most, &one);
    }
    return found;
}
