/* A search: the records of a snapshot that meet a query, the best of them in order, how many there are, and of what kinds.
 *
 * Order by relevance: BM25 (k1 1.2, b 0.75) over the words of title, abstract and keywords that the query asks for and that made
 * the record match, a phrase weighing the idf of its words together, an occurrence in a title or among keywords counting twice;
 * by date: of completion, then of registration, the newest first, without a date last; by registration. What is equal is told
 * apart by the time of registration, then by key. So the order is the same on every replica.
 *
 * A page goes on behind a position, under the statistics that the first page had: what neither came, went nor changed meanwhile
 * is on exactly one page. Exact, unless the deadline passes: then DEADLINE_EXCEEDED. One thread for each ingest_run. */
#ifndef INGEST_SEARCH_RUN_H
#define INGEST_SEARCH_RUN_H

#include "search_facet.h"
#include "search_index.h"
#include "search_match.h"

typedef enum { INGEST_BY_RELEVANCE, INGEST_BY_DATE, INGEST_BY_REGISTRATION, INGEST_ORDERS } ingest_order_kind;

/* What scores rest on: as of the first page. */
typedef struct {
    uint64_t records, length;
    uint32_t *having; /* of each word of the plan that is scored and no pattern, in order */
    size_t count;
} ingest_search_statistics;

/* Where a page ends. */
typedef struct {
    double score;
    int64_t registered;
    int32_t day;
    tt_bytes key;
} ingest_search_position;

typedef struct {
    ingest_order_kind order;
    uint32_t limit;                      /* at least 1 */
    unsigned facets;                     /* bit i: column i, or INGEST_FACET_YEAR */
    bool count_all;                      /* the exact number of matches, also where the page is known before; implied by facets */
    const ingest_search_position *after; /* NULL: the first page */
    const ingest_search_statistics *frozen; /* of the first page; NULL: this is it */
    ingest_search_limits limits;
} ingest_search_wish;

typedef struct {
    double score;
    int64_t registered;
    int32_t day;
    const ingest_segment *segment; /* borrowed from the snapshot */
    uint32_t record;
} ingest_search_found;

typedef struct {
    ingest_search_found *found; /* best first */
    size_t count;
    bool more;      /* there is a next page */
    uint64_t total; /* matches, of all pages */
    bool at_least;  /* there may be more than total */
    ingest_search_statistics statistics;
    ingest_facets facets;
    uint64_t windows, skipped; /* looked at; passed over because nothing in them could be among the best */
} ingest_search_result;

typedef struct ingest_run ingest_run;
ingest_run *ingest_run_new (void); /* never NULL */
void ingest_run_destroy (ingest_run **run);
/* *result points into the run until the next search; what is found is borrowed from the snapshot. INVALID_ARGUMENT: frozen
 * statistics do not fit the query. RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED: it would cost too much. */
TT_MUST_USE tt_status ingest_run_search (ingest_run *run, const ingest_snapshot *snapshot, const tt_cql *cql,
                                         const ingest_search_wish *wish, const ingest_search_result **result, tt_error *error);

/* Is `a` before `b`? A total order. */
int ingest_search_compare (ingest_order_kind order, const ingest_search_position *a, const ingest_search_position *b);
ingest_search_position ingest_search_position_of (const ingest_search_found *found);

#endif
