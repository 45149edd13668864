/* The standing-query index: which of many stored queries match this document?
 *
 * Each query is filed under its rarest required terms; a document's terms select candidates, candidates are evaluated in full.
 * Never a miss and never a false hit: equal to tt_cql_matches on every stored query. Insert and delete take effect at once,
 * without a rebuild. Owned by one thread. */
#ifndef TT_QUERY_PERCOLATOR_H
#define TT_QUERY_PERCOLATOR_H

#include "query/cql.h"
#include "query/document.h"

typedef struct tt_percolator tt_percolator;

tt_percolator *tt_percolator_new (const tt_schema *schema); /* never NULL */
void tt_percolator_destroy (tt_percolator **percolator);

/* Files a query under the caller's number; an earlier query under the same number is replaced. The text is parsed here, the index
 * keeps a compact program of its own. Errors as tt_cql_parse; the earlier query then stays. *scanned (may be NULL) becomes true
 * if the query has no required term, so that it must be evaluated on every document. */
TT_MUST_USE tt_status tt_percolator_put (tt_percolator *percolator, uint64_t id, const char *text, size_t size, bool *scanned,
                                         tt_error *error);
/* Takes a query out; false if there was none. */
bool tt_percolator_remove (tt_percolator *percolator, uint64_t id);

/* The numbers of all stored queries that match, ascending. *ids is borrowed until the next call. Observes the document's terms,
 * so that later anchors know which are rare; now and then queries filed before that was known move to rarer terms, a few with
 * each document. */
size_t tt_percolator_match (tt_percolator *percolator, const tt_document *document, const uint64_t **ids);

/* A term that a stored query is filed under: a document that has it is looked at. */
typedef struct {
    tt_bytes text;    /* of a pattern some of its bytes; borrowed until the next call that changes the index */
    const char *kind; /* "word", "class", "number", "code"; of a pattern that is found through its first bytes "prefix", else "piece" */
    uint64_t indexes; /* in which it counts, a bit each */
    uint64_t seen;    /* documents matched so far that had it, about, rather too many */
} tt_anchor;
/* The anchors of a query, at most `max` of them written; returns how many there are. 0: it is evaluated on every document, or
 * there is no such query. */
size_t tt_percolator_anchors (const tt_percolator *percolator, uint64_t id, tt_anchor *anchors, size_t max);

/* Looks at all queries again at once for rarer terms: after many were put while nothing was known of documents, when a loading daemon has the
 * time. Without documents a term that many queries ask for is taken to be common. */
void tt_percolator_settle (tt_percolator *percolator);

typedef struct {
    uint64_t queries;    /* stored now */
    uint64_t scanned;    /* of them, evaluated on every document */
    uint64_t documents;  /* matched since new */
    uint64_t candidates; /* looked at since new, by the key they are filed under */
    uint64_t evaluated;  /* of them, not refused or settled at once, but evaluated in full */
    uint64_t bytes;      /* memory of the index, without the queries' own text */
} tt_percolator_counts;
tt_percolator_counts tt_percolator_count (const tt_percolator *percolator);

#endif
