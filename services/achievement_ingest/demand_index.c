#include "demand_index.h"

#include <string.h>
#include <xxhash.h>

#include "base/uuid.h"
#include "leaning.h"

#define GROWTH 4        /* terms are chosen anew when a collection has grown by 1/GROWTH ... */
#define GROWTH_LEAST 32 /* ... and by so many */

typedef struct {
    ingest_demand *demand; /* owned */
    ingest_limits limits;
    ingest_wanted wanted[INGEST_WANTED_MAX];
    char *words[INGEST_WANTED_MAX]; /* owned */
    size_t wanted_count;
    double sum;   /* of the weights */
    double score; /* scratch of a match; 0 between matches */
    uint32_t hits;
} entry;

/* A term of demands: who was filed under it, and in how many demands it stands. */
typedef struct {
    uint32_t *ids; /* owned */
    uint32_t count, capacity;
    uint32_t demands;
} term_file;

struct ingest_demand_index {
    const ingest_corpus *corpus;
    ingest_settings settings;
    tt_percolator *percolator;
    entry **entries; /* by id; NULL: free */
    uint32_t entry_count, entry_capacity, worded;
    uint32_t *free_ids;
    uint32_t free_count;
    ingest_hash_map by_key, by_term;
    term_file *files;
    uint32_t file_count, file_capacity;
    uint64_t seed;
    ingest_terms terms;                      /* scratch */
    uint32_t chosen_records, chosen_demands; /* sizes of the collections when terms were chosen last */
    uint32_t *touched;
    ingest_match *matches;
    size_t match_capacity;
};

ingest_demand_index *
ingest_demand_index_new (const ingest_corpus *corpus, const ingest_settings *settings)
{
    ingest_demand_index *index = tt_alloc_zero (1, sizeof *index);
    index->corpus = corpus;
    index->settings = *settings;
    index->percolator = tt_percolator_new (tt_schema_achievement ());
    tt_random_bytes (&index->seed, sizeof index->seed);
    return index;
}

static void
forget_words (entry *e)
{
    for (size_t i = 0; i < e->wanted_count; i++)
        free (e->words[i]);
    e->wanted_count = 0;
}

static void
free_entry (entry *e)
{
    forget_words (e);
    techtransfer__achievement__v1__demand__free_unpacked (e->demand, NULL);
    free (e);
}

void
ingest_demand_index_destroy (ingest_demand_index **index)
{
    ingest_demand_index *x = *index;
    if (!x)
        return;
    for (uint32_t i = 0; i < x->entry_count; i++)
        if (x->entries[i])
            free_entry (x->entries[i]);
    for (uint32_t i = 0; i < x->file_count; i++)
        free (x->files[i].ids);
    tt_percolator_destroy (&x->percolator);
    ingest_hash_free (&x->by_key);
    ingest_hash_free (&x->by_term);
    ingest_terms_free (&x->terms);
    free (x->entries);
    free (x->free_ids);
    free (x->files);
    free (x->touched);
    free (x->matches);
    free (x);
    *index = NULL;
}

static uint64_t
key_hash (const ingest_demand_index *x, const char *owner, const char *demand_id)
{
    uint64_t seed = XXH3_64bits_withSeed (owner, strlen (owner), x->seed);
    return XXH3_64bits_withSeed (demand_id, strlen (demand_id), seed);
}

static term_file *
file_of (ingest_demand_index *x, uint64_t hash)
{
    uint32_t *place = ingest_hash_find (&x->by_term, hash);
    if (place)
        return &x->files[*place];
    if (x->file_count == x->file_capacity) {
        x->file_capacity = x->file_capacity == 0 ? 256 : 2 * x->file_capacity;
        x->files = tt_realloc (x->files, x->file_capacity * sizeof *x->files);
    }
    ingest_hash_set (&x->by_term, hash, x->file_count);
    x->files[x->file_count] = (term_file){ 0 };
    return &x->files[x->file_count++];
}

static void
file_entry (ingest_demand_index *x, uint32_t id)
{
    const entry *e = x->entries[id];
    for (size_t i = 0; i < e->wanted_count; i++) {
        term_file *f = file_of (x, e->wanted[i].hash);
        if (f->count == f->capacity) {
            f->capacity = f->capacity == 0 ? 2 : 2 * f->capacity;
            f->ids = tt_realloc (f->ids, f->capacity * sizeof *f->ids);
        }
        f->ids[f->count++] = id;
    }
}

static void
unfile_entry (ingest_demand_index *x, uint32_t id)
{
    const entry *e = x->entries[id];
    for (size_t i = 0; i < e->wanted_count; i++) {
        term_file *f = file_of (x, e->wanted[i].hash);
        uint32_t k = 0;
        while (k < f->count && f->ids[k] != id)
            k++;
        if (k < f->count)
            f->ids[k] = f->ids[--f->count];
    }
}

static void
frequency_of (void *context, uint64_t hash, ingest_frequency *out)
{
    ingest_demand_index *x = context;
    const uint32_t *place = ingest_hash_find (&x->by_term, hash);
    *out = (ingest_frequency){ .records = ingest_corpus_having (x->corpus, hash),
                               .record_count = ingest_corpus_count (x->corpus),
                               .demands = place ? x->files[*place].demands : 0,
                               .demand_count = x->worded };
}

/* x->terms holds the demand's terms. */
static void
choose_terms (ingest_demand_index *x, entry *e)
{
    forget_words (e);
    e->wanted_count = ingest_choose (&x->terms, &x->settings, frequency_of, x, e->wanted);
    for (size_t i = 0; i < e->wanted_count; i++)
        e->words[i] = tt_strdup (ingest_term_word (&x->terms, e->wanted[i].term));
    e->sum = ingest_weight_sum (e->wanted, e->wanted_count);
}

static bool
by_words (const ingest_demand *demand)
{
    return demand->query[0] == '\0';
}

static void
count_demand_terms (ingest_demand_index *x, const ingest_demand *demand, int delta)
{
    ingest_subject_wishes (demand, &x->terms);
    for (size_t i = 0; i < x->terms.count; i++)
        file_of (x, x->terms.terms[i].hash)->demands += (uint32_t)delta;
    x->worded += (uint32_t)delta;
}

static bool
grown (uint32_t now, uint32_t then)
{
    return now > then + then / GROWTH + GROWTH_LEAST;
}

static void
choose_again_if_grown (ingest_demand_index *x)
{
    if (!grown (ingest_corpus_count (x->corpus), x->chosen_records) && !grown (x->worded, x->chosen_demands))
        return;
    for (uint32_t id = 0; id < x->entry_count; id++) {
        entry *e = x->entries[id];
        if (!e || !by_words (e->demand))
            continue;
        unfile_entry (x, id);
        ingest_subject_wishes (e->demand, &x->terms);
        choose_terms (x, e);
        file_entry (x, id);
    }
    x->chosen_records = ingest_corpus_count (x->corpus);
    x->chosen_demands = x->worded;
}

bool
ingest_demand_index_remove (ingest_demand_index *x, const char *owner, const char *demand_id)
{
    uint64_t hash = key_hash (x, owner, demand_id);
    uint32_t *place = ingest_hash_find (&x->by_key, hash);
    if (!place)
        return false;
    uint32_t id = *place;
    if (by_words (x->entries[id]->demand)) {
        unfile_entry (x, id);
        count_demand_terms (x, x->entries[id]->demand, -1);
    } else {
        tt_percolator_remove (x->percolator, id);
    }
    free_entry (x->entries[id]);
    x->entries[id] = NULL;
    x->free_ids[x->free_count++] = id;
    ingest_hash_remove (&x->by_key, hash);
    return true;
}

static uint32_t
take_id (ingest_demand_index *x)
{
    if (x->free_count > 0)
        return x->free_ids[--x->free_count];
    if (x->entry_count == x->entry_capacity) {
        x->entry_capacity = x->entry_capacity == 0 ? 64 : 2 * x->entry_capacity;
        x->entries = tt_realloc (x->entries, x->entry_capacity * sizeof (entry *));
        x->free_ids = tt_realloc (x->free_ids, x->entry_capacity * sizeof *x->free_ids);
        x->touched = tt_realloc (x->touched, x->entry_capacity * sizeof *x->touched);
    }
    return x->entry_count++;
}

tt_status
ingest_demand_index_put (ingest_demand_index *x, ingest_demand **demand, tt_error *error)
{
    ingest_demand *d = *demand;
    *demand = NULL;
    ingest_demand_index_remove (x, d->owner, d->demand_id);
    uint32_t id = take_id (x);
    entry *e = x->entries[id] = tt_alloc_zero (1, sizeof *e);
    e->demand = d;
    e->limits = ingest_limits_of (d);
    if (by_words (d)) {
        count_demand_terms (x, d, 1);
        choose_terms (x, e);
        file_entry (x, id);
    } else if (tt_percolator_put (x->percolator, id, d->query, strlen (d->query), NULL, error) != TT_OK) {
        free_entry (e);
        x->entries[id] = NULL;
        x->free_ids[x->free_count++] = id;
        return TT_INVALID_ARGUMENT;
    }
    ingest_hash_set (&x->by_key, key_hash (x, d->owner, d->demand_id), id);
    return TT_OK;
}

static ingest_standing
standing_of (const entry *e)
{
    return (ingest_standing){ .demand = e->demand,
                              .limits = e->limits,
                              .wanted = e->wanted,
                              .wanted_count = e->wanted_count,
                              .words = (const char *const *)e->words };
}

bool
ingest_demand_index_find (ingest_demand_index *x, const char *owner, const char *demand_id, ingest_standing *out)
{
    choose_again_if_grown (x);
    const uint32_t *place = ingest_hash_find (&x->by_key, key_hash (x, owner, demand_id));
    if (place)
        *out = standing_of (x->entries[*place]);
    return place != NULL;
}

size_t
ingest_demand_index_count (const ingest_demand_index *x)
{
    return x->by_key.count;
}

size_t
ingest_demand_index_overdue (const ingest_demand_index *x, int32_t today, const ingest_demand **out, size_t most)
{
    size_t count = 0;
    for (uint32_t i = 0; i < x->entry_count && count < most; i++) {
        const entry *e = x->entries[i];
        if (e && e->limits.deadline < today && e->demand->state == TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__OPEN)
            out[count++] = e->demand;
    }
    return count;
}

static ingest_match *
add_match (ingest_demand_index *x, size_t count)
{
    if (count == x->match_capacity) {
        x->match_capacity = x->match_capacity == 0 ? 64 : 2 * x->match_capacity;
        x->matches = tt_realloc (x->matches, x->match_capacity * sizeof *x->matches);
    }
    return &x->matches[count];
}

static size_t
match_queries (ingest_demand_index *x, const ingest_traits *traits, const tt_document *document, int32_t today)
{
    const uint64_t *ids;
    size_t id_count = tt_percolator_match (x->percolator, document, &ids), count = 0;
    for (size_t i = 0; i < id_count; i++) {
        const entry *e = x->entries[ids[i]];
        if (e->limits.deadline >= today && ingest_fits (&e->limits, traits))
            *add_match (x, count++) = (ingest_match){ .standing = standing_of (e), .score = 1.0 };
    }
    return count;
}

static const ingest_wanted *
wanted_of (const entry *e, uint64_t hash, uint32_t *bit)
{
    *bit = 0;
    while (e->wanted[*bit].hash != hash)
        (*bit)++;
    return &e->wanted[*bit];
}

/* Adds up the scores of all demands that are filed under a term of the record; their ids go to x->touched. */
static uint32_t
score_demands (ingest_demand_index *x, const ingest_terms *terms)
{
    double average = ingest_corpus_average (x->corpus);
    uint32_t touched = 0;
    for (size_t i = 0; i < terms->count; i++) {
        const uint32_t *place = ingest_hash_find (&x->by_term, terms->terms[i].hash);
        const term_file *f = place ? &x->files[*place] : NULL;
        for (uint32_t k = 0; f && k < f->count; k++) {
            entry *e = x->entries[f->ids[k]];
            uint32_t bit;
            const ingest_wanted *w = wanted_of (e, terms->terms[i].hash, &bit);
            if (e->hits == 0)
                x->touched[touched++] = f->ids[k];
            e->hits |= UINT32_C (1) << bit;
            e->score += w->weight * ingest_saturation (terms->terms[i].count, terms->length, average);
        }
    }
    return touched;
}

static int
by_score (const void *a, const void *b)
{
    const ingest_match *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    int order = strcmp (x->standing.demand->owner, y->standing.demand->owner);
    return order != 0 ? order : strcmp (x->standing.demand->demand_id, y->standing.demand->demand_id);
}

static size_t
match_words (ingest_demand_index *x, size_t first, const ingest_traits *traits, const ingest_terms *terms, int32_t today)
{
    uint32_t touched = score_demands (x, terms);
    size_t count = first;
    for (uint32_t i = 0; i < touched; i++) {
        entry *e = x->entries[x->touched[i]];
        double score = ingest_leaning_score (&e->limits, traits, e->score / e->sum);
        if (ingest_near (e->wanted, e->wanted_count, e->hits, score, &x->settings) && e->limits.deadline >= today
            && ingest_fits (&e->limits, traits))
            *add_match (x, count++) = (ingest_match){ .standing = standing_of (e), .score = score, .hits = e->hits };
        e->score = 0;
        e->hits = 0;
    }
    if (count > first)
        qsort (x->matches + first, count - first, sizeof *x->matches, by_score);
    return count - first > x->settings.best_of_record ? first + x->settings.best_of_record : count;
}

size_t
ingest_demand_index_match (ingest_demand_index *x, const ingest_traits *traits, const ingest_terms *terms,
                           const tt_document *document, int32_t today, const ingest_match **matches)
{
    choose_again_if_grown (x);
    size_t count = match_queries (x, traits, document, today);
    count = match_words (x, count, traits, terms, today);
    *matches = x->matches;
    return count;
}
