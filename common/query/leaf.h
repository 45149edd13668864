/* A query taken apart into leaves (a term of a clause, or a prox), for those who know the leaves' answers for some values of a document and
 * want to know whether the others must be looked at.
 *
 * A leaf is met by a document if one of the values in its indexes meets it alone: so what a leaf says of a value that many documents share is
 * asked once. Values only; no thread rule. */
#ifndef TT_QUERY_LEAF_H
#define TT_QUERY_LEAF_H

#include "query/document.h"

#define TT_LEAVES_MAX 64

/* How many leaves; may be more than TT_LEAVES_MAX, of which the calls below know the first. */
size_t tt_cql_leaves (const tt_cql *cql);
/* The stored indexes (one bit each) that leaf i looks at. */
uint64_t tt_cql_leaf_stored (const tt_cql *cql, size_t i);
/* The leaves that the document meets, one bit each. */
uint64_t tt_cql_leaf_match (const tt_cql *cql, const tt_document *document);

typedef enum { TT_LEAF_NO, TT_LEAF_YES, TT_LEAF_OPEN } tt_leaf_answer;
/* The query, where the leaves in `met` are met, those in `open` may be, and all others are not. A query of more than TT_LEAVES_MAX leaves is
 * always open. */
tt_leaf_answer tt_cql_leaf_decide (const tt_cql *cql, uint64_t met, uint64_t open);

#endif
