/* CQL as the EPO's Open Patent Services define it: text to tree and back.
 *
 * query = expr { ("and"|"or"|"not") expr }     equal precedence, left-associative; a mix without parentheses is a warning
 *
 * unless all ways to take it are the same (and, then not). Not for evaluation (document.h, percolator.h). The language for people:
 * README.md. A tt_cql is immutable after parsing: any thread may read it. */
#ifndef TT_QUERY_CQL_H
#define TT_QUERY_CQL_H

#include "base/buffer.h"
#include "query/schema.h"

typedef struct tt_cql tt_cql;

#define TT_CQL_MAX_BYTES 4096     /* length of a query */
#define TT_CQL_MAX_DEPTH 32       /* nesting of parentheses */
#define TT_CQL_MAX_CLAUSES 256    /* clauses, and words in one any/all list */
#define TT_CQL_MAX_WILD_WORDS 16  /* words with wildcards */
#define TT_CQL_MAX_SUBGROUPS 2000 /* symbols that one symbol under /low or /high stands for */

/* What is read, beyond the grammar in the EPO's documentation or where it leaves room:
 * - `and not` is `not`. `==` is the whole value: all tokens of a text, a class symbol alone.
 * - A text term of several tokens (石墨烯, thin-film, "thin film") is a phrase; with any and all each word of the list is.
 * - prox without a distance is 1 for words (side by side) and 0 for sentences and paragraphs (in the same one). Its two sides are
 * text terms with =, of indexes that share one, stand in the same value and do not overlap.
 * - * stands for any characters (three others in the word at least), ? for none or one, # for exactly one. A wildcard belongs to
 * the word it touches. Beside a character that is a word of its own (Han, Kana, Hangul), # is one more word of one character; *
 * and ? at the edge of the term add nothing, for the phrase is found inside longer text anyway, and elsewhere are refused.
 * - =/low and =/high go down to main groups; for a subgroup (H01F1/053) they need the scheme (class_tree.h).
 * - A term of a name index is also met by a name that differs in its company form alone (name.h). */

/* Parses size bytes. On TT_INVALID_ARGUMENT the error's message begins with the byte position from 0 and says what was expected
 * there ("at byte 17: expected a term after \"and\""). *out is the caller's, to be freed by tt_cql_free. */
TT_MUST_USE tt_status tt_cql_parse (const tt_schema *schema, const char *text, size_t size, tt_cql **out, tt_error *error);
void tt_cql_free (tt_cql **cql);

/* Canonical text: parsing it gives the same tree. Appended to *out; never longer than TT_CQL_MAX_BYTES. */
void tt_cql_print (const tt_cql *cql, tt_buffer *out);

/* The same with each portfolio that `own` names written "<owner>/<portfolio>", which is how documents hold it: what is filed for
 * an owner's watch, so that nobody sees another's portfolio. Whatever the query writes, it stays behind "<owner>/". May be longer
 * than TT_CQL_MAX_BYTES, and is then no query. */
void tt_cql_print_owned (const tt_cql *cql, const char *owner, tt_buffer *out);

/* Warnings found while parsing, each borrowed while the tree lives; i from 0, NULL past the last. */
const char *tt_cql_warning (const tt_cql *cql, size_t i);

#endif
