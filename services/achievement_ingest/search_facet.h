/* Counts of the matches by industry, special, district, stage, form, category, source and year. One search; one thread. */
#ifndef INGEST_SEARCH_FACET_H
#define INGEST_SEARCH_FACET_H

#include "search_segment.h"

#define INGEST_FACET_YEAR INGEST_COLUMNS
#define INGEST_FACETS (INGEST_COLUMNS + 1)

typedef struct {
    const char *value; /* borrowed from the segments; of a year, from this */
    uint64_t count;
} ingest_facet_count;

typedef struct {
    ingest_facet_count *items; /* owned */
    size_t count, room;
} ingest_facet_list;

/* Zero-initialise: {0}; wanted may be set before counting. */
typedef struct {
    unsigned wanted; /* bit i: column i, or INGEST_FACET_YEAR */
    ingest_facet_list lists[INGEST_FACETS];
    uint32_t *counts[INGEST_COLUMNS]; /* owned: of the values of the segment that is open */
    size_t rooms[INGEST_COLUMNS];
    uint32_t *years;       /* owned: by year */
    char (*year_texts)[8]; /* owned */
} ingest_facets;

void ingest_facets_free (ingest_facets *facets);
/* Nothing is counted; memory is kept. */
void ingest_facets_begin (ingest_facets *facets, unsigned wanted);
void ingest_facets_open (ingest_facets *facets, const ingest_segment *segment);
/* Counts the records first + i whose bit i is set, of the segment that is open. */
void ingest_facets_count (ingest_facets *facets, const ingest_segment *segment, uint32_t first, const uint64_t *bits,
                          size_t words);
void ingest_facets_close (ingest_facets *facets, const ingest_segment *segment);
/* No segment comes any more: lists are in order, the most frequent value first, then by value. Records without a value count
 * nowhere; those with several specials for each. */
void ingest_facets_finish (ingest_facets *facets);

#endif
