/* A query as the search runs it: the tree of CQL with its chains flattened and its terms bound to words, columns and days.
 * Made once for a search, then only read: it belongs to one thread and borrows from the tt_cql. */
#ifndef INGEST_SEARCH_PLAN_H
#define INGEST_SEARCH_PLAN_H

#include "query/tree.h"
#include "search_segment.h"

typedef enum {
    INGEST_PLAN_AND,
    INGEST_PLAN_OR,
    INGEST_PLAN_NOT,   /* the first child and not the second */
    INGEST_PLAN_PROX,  /* two WORDS near each other */
    INGEST_PLAN_WORDS, /* a phrase of one word or several */
    INGEST_PLAN_CODE,
    INGEST_PLAN_DAYS
} ingest_plan_kind;

typedef struct {
    ingest_plan_kind kind;
    uint32_t first, count; /* children: plan->children[first] ... */
    const cql_term *term;  /* WORDS, CODE, DAYS */
    const cql_clause *clause;
    const cql_prox *prox; /* PROX */
    ingest_space space;   /* WORDS */
    uint32_t fields;      /* WORDS: bit i = ingest_field i */
    bool everywhere; /* WORDS: fields are all of the space, and no value must be met as a whole: places need not be looked at */
    bool scored;     /* WORDS of the subject that are not below a NOT's second child */
    uint32_t word;   /* WORDS: its first token is plan->words[word], the next one behind it */
    int column;      /* CODE */
} ingest_plan_node;

/* A word of the query; a pattern (wild) stands for words of the segments. */
typedef struct {
    tt_bytes text;
    bool wild;
    bool scored;
    uint32_t at; /* byte of its term in the query */
} ingest_plan_word;

typedef struct {
    ingest_plan_node *nodes; /* owned; children before parents; the last one is the root */
    uint32_t node_count, node_room;
    uint32_t *children; /* owned */
    uint32_t child_count, child_room;
    ingest_plan_word *words; /* owned */
    uint32_t word_count, word_room;
} ingest_plan;

void ingest_plan_make (ingest_plan *plan, const tt_cql *cql);
void ingest_plan_free (ingest_plan *plan);

#endif
