#include "similarity.h"

#include <math.h>

/* Measured on the NASA catalogue against the SBIR topics, see README.md. */
#define BACKGROUND 200.0  /* texts that are thought of behind every collection */
#define TITLE_WEIGHT 2.5  /* a title says the subject, a text also everything around it */
#define REPETITION 2.0    /* occurrences at which a term has half its weight */
#define SATURATION_K1 1.2 /* the usual constants of BM25 */
#define SATURATION_B 0.75
#define HITS_LEAST 3           /* two words in common are chance */
#define LONG_TEXT 400          /* terms; in a longer text a word has to come three times to be its subject */
#define MIDDLE_TEXT 100        /* likewise twice */
#define MATURE_COLLECTION 300 /* achievements from which on a term that is in none or one of them is noise */

ingest_settings
ingest_settings_default (void)
{
    return (ingest_settings){ .terms = 14, .threshold = 0.28, .best_of_demand = 10, .best_of_record = 20, .backfill = 200 };
}

double
ingest_informative (const ingest_frequency *f)
{
    double in_records = (f->records + 1.0) / (f->record_count + BACKGROUND);
    double in_demands = (f->demands + 1.0) / (f->demand_count + BACKGROUND);
    double share = in_records > in_demands ? in_records : in_demands;
    return share >= 1.0 ? 0.0 : -log (share);
}

static uint32_t
least_count (uint32_t length)
{
    return length > LONG_TEXT ? 3 : length > MIDDLE_TEXT ? 2 : 1;
}

/* Keeps out[] sorted, heaviest first; equal weights by hash, so that every replica chooses the same. */
static size_t
insert (ingest_wanted *out, size_t count, size_t capacity, ingest_wanted one)
{
    size_t i = count;
    while (i > 0 && (out[i - 1].weight < one.weight || (out[i - 1].weight == one.weight && out[i - 1].hash > one.hash))) {
        if (i < capacity)
            out[i] = out[i - 1];
        i--;
    }
    if (i < capacity)
        out[i] = one;
    return count < capacity ? count + 1 : count;
}

size_t
ingest_choose (const ingest_terms *demand, const ingest_settings *settings, ingest_frequency_of *frequency, void *context,
               ingest_wanted out[INGEST_WANTED_MAX])
{
    size_t capacity = settings->terms < INGEST_WANTED_MAX ? settings->terms : INGEST_WANTED_MAX, count = 0;
    uint32_t least = least_count (demand->length);
    for (size_t i = 0; i < demand->count; i++) {
        const ingest_term *t = &demand->terms[i];
        if (!t->title && t->count < least)
            continue;
        ingest_frequency f = { 0 };
        frequency (context, t->hash, &f);
        if (f.record_count >= MATURE_COLLECTION && f.records < 2)
            continue;
        double weight = ingest_informative (&f) * (t->title ? TITLE_WEIGHT : 1.0) * t->count / (t->count + REPETITION);
        ingest_wanted one = { .hash = t->hash, .weight = (float)weight, .title = t->title, .term = (uint32_t)i };
        if (weight > 0)
            count = insert (out, count, capacity, one);
    }
    return count;
}

double
ingest_saturation (uint32_t count, uint32_t length, double average)
{
    double relative = average > 0 ? length / average : 1.0;
    return count / (count + SATURATION_K1 * (1.0 - SATURATION_B + SATURATION_B * relative));
}

bool
ingest_near (const ingest_wanted *wanted, size_t count, uint32_t hits, double score, const ingest_settings *settings)
{
    uint32_t titles = 0;
    for (size_t i = 0; i < count; i++)
        titles |= wanted[i].title ? UINT32_C (1) << i : 0;
    int least = count < HITS_LEAST ? (int)count : HITS_LEAST;
    return count > 0 && __builtin_popcount (hits) >= least && (hits & titles) != 0 && score >= settings->threshold;
}

double
ingest_weight_sum (const ingest_wanted *wanted, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += wanted[i].weight;
    return sum;
}
