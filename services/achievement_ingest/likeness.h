/* Are two records the same achievement, by their texts? Three bands: sure, doubtful (a person decides), distinct. Exact, over the
 * shingles of title and abstract; who is compared with whom is lsh.h. Pure; a text belongs to one thread. */
#ifndef INGEST_LIKENESS_H
#define INGEST_LIKENESS_H

#include "shingles.h"
#include "types.h"

/* Nine Latin characters or three Chinese ones: with three Latin ones half of all English abstracts have 0.19 in common. */
#define INGEST_LIKENESS_WIDTH 9
#define INGEST_LIKENESS_ALONE 3
#define INGEST_LIKENESS_LEAST 40 /* shingles of a text that may be held by another; a shorter one says too little */

typedef enum { INGEST_LIKE_DISTINCT, INGEST_LIKE_DOUBTFUL, INGEST_LIKE_SURE } ingest_like;

typedef struct {
    bool off;        /* everything is distinct */
    double sure;     /* 0 to 1: at least this score */
    double doubtful; /* likewise */
} ingest_like_settings;

typedef struct {
    ingest_like like;
    double score; /* the greater of Jaccard and, where it may count, containment */
    ingest_overlap overlap;
    const char *reason; /* for a person; static storage */
} ingest_likeness;

/* The closed shingles of a record. Replaces what was in *set. */
void ingest_likeness_shingles (const ingest_record *record, ingest_shingles *set);

typedef enum {
    INGEST_TITLES_SAME,     /* the same words: width, case, script and punctuation make no difference */
    INGEST_TITLES_VERSIONS, /* other only by numbers: digits, Roman or Chinese numerals, "version" and the like */
    INGEST_TITLES_OTHER
} ingest_titles;
ingest_titles ingest_likeness_titles (const char *title, const char *other);

/* x, y: their shingles. Symmetric. Sure only where the titles are the same (editions and platforms of one software agree in their
 * texts and are told apart by the title alone), and never where both bear different registration numbers (stored form): those
 * are doubtful at most. */
ingest_likeness ingest_likeness_judge (const ingest_record *a, const ingest_shingles *x, const ingest_record *b,
                                       const ingest_shingles *y, const ingest_like_settings *settings);

#endif
