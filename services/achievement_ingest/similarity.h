/* How near an achievement is to a demand that has no query, in numbers: which terms of a demand say what it wants, and how well
 * an achievement answers them (BM25 saturation over the chosen terms, divided by what a perfect answer would score: 0 to 1).
 * Pure; values only. */
#ifndef INGEST_SIMILARITY_H
#define INGEST_SIMILARITY_H

#include "terms.h"

#define INGEST_WANTED_MAX 32 /* terms of a demand: a set of hits is one uint32_t */

/* How pushes are chosen. Names, ranges and reasons of those that an operator may change are in settings.c. */
typedef struct {
    uint32_t terms;          /* most terms of a demand that count */
    double threshold;        /* least score of a push, 0 to 1 */
    uint32_t best_of_demand; /* achievements pushed for a new or changed demand by its words */
    uint32_t best_of_record; /* demands that a new or revised achievement is pushed to by their words */
    uint32_t backfill;       /* achievements pushed for a new or changed demand by its query: the newest */
} ingest_settings;
ingest_settings ingest_settings_default (void);

/* In how many texts a term stands. */
typedef struct {
    uint32_t records, record_count; /* achievements with the term, all achievements */
    uint32_t demands, demand_count; /* likewise */
} ingest_frequency;

/* ln (1 / share of texts with the term), by the kind of text in which it is more common: a word of every tender says as little as
 * a word of every abstract. A small collection is not believed: both shares begin at 1/200. */
double ingest_informative (const ingest_frequency *frequency);

typedef struct {
    uint64_t hash;
    float weight;
    bool title;
    uint32_t term; /* number in the demand's ingest_terms */
} ingest_wanted;

typedef void ingest_frequency_of (void *context, uint64_t hash, ingest_frequency *out);
/* Chooses the terms of a demand that count most, heaviest first; at most settings->terms. Returns how many. */
size_t ingest_choose (const ingest_terms *demand, const ingest_settings *settings, ingest_frequency_of *frequency, void *context,
                      ingest_wanted out[INGEST_WANTED_MAX]);

/* What a term that occurs `count` times in a text of `length` (average: `average`) earns: 0 to 1. */
double ingest_saturation (uint32_t count, uint32_t length, double average);

/* Is a score good enough for a push? hits: bit i = wanted[i] occurs. At least three terms (all, if there are fewer), one from the
 * title. */
bool ingest_near (const ingest_wanted *wanted, size_t count, uint32_t hits, double score, const ingest_settings *settings);
double ingest_weight_sum (const ingest_wanted *wanted, size_t count);

#endif
