/* CQL as the EPO's Open Patent Services define it: text to tree and back.
 *
 * query = expr { ("and"|"or"|"not") expr }     equal precedence, left-associative; a mix without parentheses is a warning
 * Not for evaluation (document.h, percolator.h). A tt_cql is immutable after parsing: any thread may read it. */
#ifndef TT_QUERY_CQL_H
#define TT_QUERY_CQL_H

#include "base/buffer.h"
#include "query/schema.h"

typedef struct tt_cql tt_cql;

#define TT_CQL_MAX_BYTES 4096    /* length of a query */
#define TT_CQL_MAX_DEPTH 32      /* nesting of parentheses */
#define TT_CQL_MAX_CLAUSES 256   /* clauses, and words in one any/all list */
#define TT_CQL_MAX_WILD_WORDS 16 /* words with wildcards */

/* Parses size bytes. On TT_INVALID_ARGUMENT the error's message begins with the byte position from 0 and says what was expected
 * there ("at byte 17: expected a term after \"and\""). *out is the caller's, to be freed by tt_cql_free. */
TT_MUST_USE tt_status tt_cql_parse (const tt_schema *schema, const char *text, size_t size, tt_cql **out, tt_error *error);
void tt_cql_free (tt_cql **cql);

/* Canonical text: parsing it gives the same tree. Appended to *out. */
void tt_cql_print (const tt_cql *cql, tt_buffer *out);

/* Warnings found while parsing, each borrowed while the tree lives; i from 0, NULL past the last. */
const char *tt_cql_warning (const tt_cql *cql, size_t i);

#endif
