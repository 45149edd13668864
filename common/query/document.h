/* A document as queries see it: tokenised values by index. Filled once, then asked many times.
 * Not thread-safe; reusable (tt_document_reset keeps memory). */
#ifndef TT_QUERY_DOCUMENT_H
#define TT_QUERY_DOCUMENT_H

#include "base/buffer.h"
#include "query/cql.h"

typedef struct tt_document tt_document;

tt_document *tt_document_new (const tt_schema *schema); /* never NULL */
void tt_document_destroy (tt_document **document);
void tt_document_reset (tt_document *document);

/* Adds one value to an index (number from tt_schema_find). The bytes are copied. Values of an index count from 0: the `ordinal`
 * of a hit. A CLASS is "H01F1/053", "H01F 1/053" or the padded ST.8 form; a DATE is "YYYY-MM-DD"; a NUMBER is country, number and
 * kind without separators. A value that its index cannot read is skipped and counted in the return value (0 = taken, 1 =
 * skipped). */
int tt_document_add (tt_document *document, int index, tt_bytes value);

/* Brute force: evaluates the tree on the document, without any index. The yardstick that the percolator is tested against. */
bool tt_cql_matches (const tt_cql *cql, const tt_document *document);

typedef struct {
    int index;        /* number of the schema's index */
    uint32_t ordinal; /* which value of that index */
    uint32_t offset;  /* bytes from the start of the value as it was added */
    uint32_t length;  /* bytes */
} tt_hit;

/* Why it matched: the places of the terms that made the tree true (terms below a true `not` branch are none), in order of index,
 * ordinal, offset, without doubles; at most `max` are written. Returns how many were written; 0 if it does not match. */
size_t tt_cql_explain (const tt_cql *cql, const tt_document *document, tt_hit *hits, size_t max);

#endif
