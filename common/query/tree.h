/* The tree behind tt_cql: what the parser makes, and evaluation, programs and printing read.
 *
 * Internal to query/, and to the search of achievements, which runs trees on an index of its own. Everything lives in the
 * tree's arena and is immutable after parsing. */
#ifndef TT_QUERY_TREE_H
#define TT_QUERY_TREE_H

#include <string.h>

#include "base/arena.h"
#include "query/cql.h"
#include "query/symbol.h"

#define CQL_MAX_WILD_BYTES 200 /* of one word with wildcards */
#define CQL_MAX_DISTANCE 10000

typedef enum {
    RELATION_EQ,
    RELATION_EXACT,
    RELATION_LT,
    RELATION_GT,
    RELATION_LE,
    RELATION_GE,
    RELATION_ANY,
    RELATION_ALL,
    RELATION_WITHIN
} cql_relation;

/* Of a class symbol: PREFIX is plain `=`; LOW the symbol and its subdivisions, HIGH the symbol and its parents, SAME it alone. */
typedef enum { SCOPE_PREFIX, SCOPE_LOW, SCOPE_HIGH, SCOPE_SAME } cql_scope;

/* One token of a phrase; with `wild` its text is a pattern (wildcard.h). */
typedef struct {
    tt_bytes text;
    bool wild;
} cql_token;

/* What a clause compares with. Which part counts is said by how the clause's index compares (tt_schema_compares). */
typedef struct {
    const cql_token *tokens; /* TEXT: the phrase, at least one token */
    size_t token_count;
    tt_symbol symbol;    /* CLASS, unless `pattern` */
    tt_number number;    /* NUMBER, unless `pattern` */
    int32_t first, last; /* DATE: days since 1970-01-01, both included */
    tt_bytes text;       /* CODE: the normalised code; and the pattern, where `pattern` */
    bool pattern;        /* CLASS, NUMBER, CODE: text is a pattern of the value's text forms */
    bool exact;          /* TEXT: the whole value; CLASS: this symbol alone, whatever the clause's scope */
} cql_term;

typedef struct {
    int index;         /* that is compared with, after inference */
    int written_index; /* that was written: cl, where index is class */
    tt_index_kind compares;
    uint64_t stored; /* the indexes that are looked at */
    cql_relation relation;
    cql_scope scope;
    const cql_term *terms; /* one of them must be met; with RELATION_ALL each. The first is the one that was written, where others
                              are other forms of it */
    size_t term_count;
    tt_bytes written; /* the term, quotes and escapes taken off */
    bool quoted;
    bool bare;     /* written without an index */
    bool by_alias; /* the index was named by an alias */
    uint32_t at;   /* where it begins in the text that was parsed */
} cql_clause;

typedef enum { UNIT_WORD, UNIT_SENTENCE, UNIT_PARAGRAPH } cql_unit;

typedef struct {
    cql_unit unit;
    bool ordered;
    uint32_t least, most; /* distance, both included */
} cql_prox;

typedef enum { NODE_AND, NODE_OR, NODE_NOT, NODE_PROX, NODE_CLAUSE } cql_node_kind;

typedef struct cql_node {
    cql_node_kind kind;
    const struct cql_node *left, *right; /* all but CLAUSE; NOT: left and not right; PROX: both are clauses */
    cql_prox prox;
    cql_clause clause;
} cql_node;

struct tt_cql {
    const tt_schema *schema;
    tt_arena *arena; /* owned: holds everything below */
    const cql_node *root;
    const char *warnings[8];
    size_t warning_count;
};

/* Is it part of a word, of an index, a keyword or a term without quotes? */
static inline bool
cql_word_byte (char c)
{
    return strchr (" \t\r\n()\"=<>", c) == NULL;
}

/* The stored indexes both sides of a prox look at. */
static inline uint64_t
cql_prox_stored (const cql_node *node)
{
    return node->left->clause.stored & node->right->clause.stored;
}

/* What building needs besides the clause. */
typedef struct {
    const tt_schema *schema;
    tt_arena *arena;
    size_t wild_words; /* so far in the query */
    size_t at;         /* byte position of the clause's term, for errors */
    const char *query; /* the text that is parsed */
    tt_error *error;
} cql_builder;

/* clause.c: fills clause->compares, stored and terms from index, relation, scope and written. May change the index (see `classes`
 * in schema.h). */
TT_MUST_USE tt_status cql_build_clause (cql_builder *builder, cql_clause *clause);

/* phrase.c: the tokens of one text term; and the rules that every pattern keeps. */
TT_MUST_USE tt_status cql_build_phrase (cql_builder *builder, const cql_clause *clause, tt_bytes text, cql_term *term);
TT_MUST_USE tt_status cql_check_pattern (cql_builder *builder, const cql_clause *clause, tt_bytes pattern, bool may_lead);

/* print.c */
void cql_print_clause (const tt_cql *cql, const cql_clause *clause, tt_buffer *out);
void cql_print_prox (const cql_prox *prox, tt_buffer *out); /* "prox/distance<=2" */

#endif
