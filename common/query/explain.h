/* How a query is understood, for people: its tree line by line, what was inferred, and how much of a stream of documents it
 * selects. What of a document made it match is tt_cql_explain (document.h); where the index files it is tt_percolator_anchors.
 *
 * Estimates take the parts of a query to be independent of each other. A tt_cql_outline is not thread-safe; it borrows the tree.
 */
#ifndef TT_QUERY_EXPLAIN_H
#define TT_QUERY_EXPLAIN_H

#include "query/document.h"

typedef struct tt_cql_outline tt_cql_outline;

/* One node of the tree. Texts live as long as the outline. */
typedef struct {
    size_t depth;           /* 0: the root */
    const char *operation;  /* "and", "or", "not", "prox" with its modifiers, "clause" */
    const char *clause;     /* as the printer writes it; "" for an operator. The others below too are of clauses */
    const char *index;      /* name of the index, after inference */
    const char *meaning;    /* of the index */
    const char *looked_for; /* what is compared with: words, symbols, days */
    const char *inferred;   /* a bare term: why this index; "" */
    bool extension;         /* the index is one of this suite */
    size_t at;              /* byte of the query at which the clause's term begins */
    double share;           /* estimated part of all documents, 0 to 1 */
    uint64_t matched;       /* observed documents for which it holds */
} tt_cql_step;

tt_cql_outline *tt_cql_outline_new (const tt_cql *cql); /* never NULL; estimates are those of the default table */
void tt_cql_outline_destroy (tt_cql_outline **outline);

/* Evaluates every node on a document. From the first document on, clauses and proxes take the share observed (with at least half
 * a document, so that a word not seen is rare and not impossible), operators what follows from those. */
void tt_cql_outline_observe (tt_cql_outline *outline, const tt_document *document);
uint64_t tt_cql_outline_documents (const tt_cql_outline *outline); /* observed; 0: the estimates are the default table's */

/* Step i in the order of printing, NULL past the last. Borrowed until the next call on the outline. */
const tt_cql_step *tt_cql_outline_step (tt_cql_outline *outline, size_t i);

#endif
