/* What matching (search_match.c) and the lists of patterns (search_expand.c) share. Internal to search_*. */
#ifndef INGEST_SEARCH_MATCH_INSIDE_H
#define INGEST_SEARCH_MATCH_INSIDE_H

#include "search_match.h"
#include "search_postings.h"

/* A word of the plan in the segment that is open. */
typedef struct {
    ingest_cursor cursor;
    tt_bytes list;  /* none: no record has it */
    tt_buffer made; /* owned: the list of a pattern */
} match_word;

/* A record of the window and what the words of a node weigh in it. */
typedef struct {
    uint16_t at;
    uint16_t unused;
    uint32_t weight;
} match_hit;

typedef struct {
    uint64_t bits[INGEST_WINDOW_WORDS]; /* of the window: those that meet the node, among those that were asked for */
    match_hit *hits;                    /* owned; WORDS, scored */
    uint32_t hit_count, hit_room;
    uint32_t lead;   /* WORDS: the word with the fewest records; its number in plan->words */
    bool impossible; /* no record of the segment meets it */
    double bound;    /* of a child of the root: the most that it adds to a score in the window */
    uint64_t cost;   /* about how many records have to be looked at */
    uint8_t *meets;  /* owned; CODE: which values of the column */
    size_t meets_room;
} match_node;

/* A growing array of places. */
typedef struct {
    uint32_t *items; /* owned */
    uint32_t count, room;
} match_places;

struct ingest_matcher {
    const ingest_plan *plan;
    const ingest_search_limits *limits;
    const ingest_segment *segment;
    const uint64_t *live;
    match_word *words;
    uint32_t word_room;
    match_node *nodes;
    uint32_t node_room;
    uint32_t *order; /* children of AND nodes, the cheapest first */
    uint32_t order_room;
    uint32_t first, end; /* of the window */
    double scores[INGEST_WINDOW];
    match_places starts[2];                    /* scratch: where phrases begin in a record; two of them in prox */
    ingest_layout layout;                      /* scratch */
    uint64_t candidates[INGEST_SEGMENT_WORDS]; /* scratch */
    /* scratch of search_expand.c */
    ingest_posting_list list;
    uint64_t *gathered, *sorted;
    size_t gathered_count, gathered_room, sorted_room;
    ingest_cursor reader;
};

/* The most that a record from `first` to `last` can score at a node; below 0: none can meet it. search_score.c */
double ingest_match_bound (const ingest_matcher *m, const ingest_scoring *scoring, uint32_t number, uint32_t first,
                           uint32_t last);

/* Puts the first place of each occurrence of a phrase in the record at which all its cursors stand into *starts. */
void ingest_match_starts (ingest_matcher *m, const ingest_plan_node *node, const match_node *state, uint32_t fields,
                          uint32_t record, match_places *starts);
/* All cursors of the words of a node to the record or the first one behind it that has all of them; false at the end. Patterns
 * are left out if `plain`. */
bool ingest_match_seek (ingest_matcher *m, const ingest_plan_node *node, uint32_t *record, bool plain);

/* Sets the bits of a node in the window, among those of the filter. search_words.c, as the two above */
void ingest_match_words (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter);
void ingest_match_prox (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter);

/* Makes the lists of the patterns of a node, of those records only that its other words leave. search_expand.c */
TT_MUST_USE tt_status ingest_match_expand (ingest_matcher *m, const ingest_plan_node *node, tt_error *error);

#endif
