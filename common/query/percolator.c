#include "query/percolator.h"

#include <assert.h>
#include <string.h>

#include "query/answer.h"
#include "query/filing.h"
#include "query/pattern.h"
#include "query/records.h"
#include "query/sketch.h"

#define FIRST_PASS 256 /* documents after which all queries are looked at again for rarer keys */
#define PASS_GROWTH 8
#define SEEN_WEIGHT 64   /* queries that ask for a key, against one document that has it, while few documents are known */
#define PASS_STEP 16     /* queries looked at with each document during a pass */
#define PATTERN_SHARE 32 /* a pattern is taken to match one of so many documents, if it was seen less often */
#define FETCH_AHEAD 8    /* queries to be evaluated */

/* A stored query's run in the pool: the number of its anchors, for each the key and the place among the key's postings, then the
 * program. */
#define RUN_KEY(i) (1 + 2 * (i))
#define RUN_PLACE(i) (2 + 2 * (i))

typedef struct {
    uint32_t *queries; /* owned */
    size_t count, room;
} query_list;

struct tt_percolator {
    const tt_schema *schema;
    dictionary keys;
    pool programs;
    records records;
    sketch sketch;
    uint32_t every;     /* the key under which queries without anchors are filed */
    bool with_pairs;    /* a posting asks for a pair of words */
    size_t cursor;      /* of the pass that looks for rarer anchors; records.count: none is under way */
    uint64_t next_pass; /* documents */
    program_run run;
    program_words compiled;  /* scratch */
    program_anchors anchors; /* scratch */
    query_list passed[2];    /* of the document: settled by their postings, and to be evaluated */
    answer answer;
    uint64_t documents, candidates, evaluated;
};

tt_percolator *
tt_percolator_new (const tt_schema *schema)
{
    tt_percolator *p = tt_alloc_zero (1, sizeof *p);
    p->schema = schema;
    dictionary_open (&p->keys);
    pool_open (&p->programs);
    records_open (&p->records);
    sketch_open (&p->sketch);
    p->every = dictionary_take (&p->keys, TT_BYTES_NONE, DICTIONARY_EVERY, UINT32_MAX);
    p->next_pass = FIRST_PASS;
    return p;
}

void
tt_percolator_destroy (tt_percolator **percolator)
{
    tt_percolator *p = *percolator;
    if (p == NULL)
        return;
    dictionary_close (&p->keys);
    pool_close (&p->programs);
    records_close (&p->records);
    sketch_close (&p->sketch);
    program_run_free (&p->run);
    answer_free (&p->answer);
    free (p->compiled.words);
    free (p->anchors.keys);
    free (p->passed[0].queries);
    free (p->passed[1].queries);
    free (p);
    *percolator = NULL;
}

/* Filing */

static const uint32_t *
program_in (const uint32_t *run)
{
    return run + RUN_KEY (run[0]);
}

static size_t
run_size (const uint32_t *run)
{
    return RUN_KEY (run[0]) + 1 + program_length (*program_in (run));
}

static uint64_t
frequency (const void *context, const dictionary_key *key)
{
    const tt_percolator *p = context;
    uint64_t seen = *sketch_counter (&p->sketch, key->tag);
    if (p->sketch.documents < FIRST_PASS) /* little was seen: what is often asked for is taken to be often there */
        return seen * SEEN_WEIGHT + key->references;
    uint64_t least = p->sketch.documents / PATTERN_SHARE; /* patterns are counted only while some query uses them */
    return pattern_is ((uint8_t)key->space) && seen < least ? least : seen;
}

/* The same key twice is one anchor; none at all is `every`. */
static void
merge_anchors (tt_percolator *p)
{
    program_anchors *a = &p->anchors;
    uint32_t *marks = p->keys.places; /* 0 between documents */
    size_t kept = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (marks[a->keys[i]])
            continue;
        marks[a->keys[i]] = 1;
        a->keys[kept++] = a->keys[i];
    }
    a->count = kept;
    for (size_t i = 0; i < kept; i++)
        marks[a->keys[i]] = 0;
}

static bool
asks_pair (uint32_t bit)
{
    return bit >= DICTIONARY_PAIR_BIT && bit < DICTIONARY_KEY_BIT;
}

/* Files a query with the program in `words` (not in the pool) under the anchors in p->anchors. */
static void
file_query (tt_percolator *p, uint32_t query, const uint32_t *words)
{
    const program_anchors *a = &p->anchors;
    size_t anchors = a->count ? a->count : 1;
    size_t count = 1 + program_length (*words);
    uint32_t run = pool_take (&p->programs, RUN_KEY (anchors) + count);
    uint32_t *to = p->programs.words + run;
    p->records.runs[query] = run;
    to[0] = (uint32_t)anchors;
    for (size_t i = 0; i < anchors; i++) {
        uint32_t key = a->count ? a->keys[i] : p->every;
        posting made = filing_posting (words, query, key, &p->keys, frequency, p, p->sketch.documents);
        p->with_pairs |= asks_pair (made.first >> 8) || asks_pair (made.second >> 8) || asks_pair (made.third);
        to[RUN_KEY (i)] = key;
        to[RUN_PLACE (i)] = dictionary_post (&p->keys, key, made);
    }
    memcpy (to + RUN_KEY (anchors), words, count * sizeof *to);
}

/* A posting of this query has moved to another place. */
static void
note_moved (tt_percolator *p, uint32_t query, uint32_t key, uint32_t place)
{
    uint32_t *run = p->programs.words + p->records.runs[query];
    size_t i = 0;
    while (run[RUN_KEY (i)] != key)
        i++;
    run[RUN_PLACE (i)] = place;
}

/* Takes a query out of postings; its keys and its run stay. */
static void
unfile_query (tt_percolator *p, uint32_t query)
{
    const uint32_t *run = p->programs.words + p->records.runs[query];
    for (size_t i = 0; i < run[0]; i++) {
        uint32_t moved = dictionary_unpost (&p->keys, run[RUN_KEY (i)], run[RUN_PLACE (i)]);
        if (moved != DICTIONARY_NONE)
            note_moved (p, moved, run[RUN_KEY (i)], run[RUN_PLACE (i)]);
    }
}

static void
give_run (tt_percolator *p, uint32_t query)
{
    uint32_t run = p->records.runs[query];
    pool_give (&p->programs, run, run_size (p->programs.words + run));
}

/* Changing the set of queries */

bool
tt_percolator_remove (tt_percolator *p, uint64_t id)
{
    uint32_t query = records_find (&p->records, id);
    if (query == RECORDS_NONE)
        return false;
    unfile_query (p, query);
    program_release (program_in (p->programs.words + p->records.runs[query]), &p->keys);
    give_run (p, query);
    records_remove (&p->records, query);
    return true;
}

tt_status
tt_percolator_put (tt_percolator *p, uint64_t id, const char *text, size_t size, bool *scanned, tt_error *error)
{
    tt_cql *cql = NULL;
    tt_status status = tt_cql_parse (p->schema, text, size, &cql, error);
    if (status != TT_OK)
        return status;
    tt_percolator_remove (p, id);
    p->compiled.count = 0;
    program_compile (cql, &p->keys, &p->compiled);
    tt_cql_free (&cql);
    program_choose (p->compiled.words, &p->keys, frequency, p, &p->anchors);
    merge_anchors (p);
    bool settled = p->cursor == p->records.count; /* no pass is under way: it stays so */
    uint32_t query = records_add (&p->records, id);
    if (settled)
        p->cursor = p->records.count;
    file_query (p, query, p->compiled.words);
    answer_reserve (&p->answer, p->records.count);
    sketch_widen (&p->sketch, records_used (&p->records));
    if (scanned)
        *scanned = p->anchors.count == 0;
    return TT_OK;
}

/* Looking for rarer anchors, now that more documents were seen */

static void
refile (tt_percolator *p, uint32_t query)
{
    const uint32_t *run = p->programs.words + p->records.runs[query];
    uint64_t cost = 0;
    if (run[RUN_KEY (0)] == p->every)
        return;
    for (size_t i = 0; i < run[0]; i++)
        cost += program_key_cost (&p->keys, run[RUN_KEY (i)], frequency, p);
    const uint32_t *words = program_in (run);
    program_choose (words, &p->keys, frequency, p, &p->anchors);
    if (p->anchors.cost > cost / 2)
        return;
    merge_anchors (p);
    p->compiled.count = 0;
    for (size_t i = 0, count = 1 + program_length (*words); i < count; i++)
        program_word (&p->compiled, words[i]);
    unfile_query (p, query);
    give_run (p, query);
    file_query (p, query, p->compiled.words);
}

static void
continue_pass (tt_percolator *p)
{
    if (p->documents >= p->next_pass) {
        p->cursor = 0;
        p->next_pass *= PASS_GROWTH;
    }
    for (size_t i = 0; i < PASS_STEP && p->cursor < p->records.count; i++, p->cursor++)
        if (p->records.runs[p->cursor] != POOL_NONE)
            refile (p, (uint32_t)p->cursor);
}

void
tt_percolator_settle (tt_percolator *p)
{
    for (size_t i = 0; i < p->records.count; i++)
        if (p->records.runs[i] != POOL_NONE)
            refile (p, (uint32_t)i);
}

/* Matching */

static void
reserve (query_list *list, size_t more)
{
    if (list->count + more <= list->room)
        return;
    list->room = list->count + more + list->room / 2 + 64;
    list->queries = tt_realloc (list->queries, list->room * sizeof *list->queries);
}

/* The inner loop of the whole: no branch depends on what is in a posting. */
static void
pass_postings (tt_percolator *p, const dictionary_key *key)
{
    const dictionary *d = &p->keys;
    const posting *at = dictionary_postings (d, key);
    reserve (&p->passed[0], key->posting_count + 1);
    reserve (&p->passed[1], key->posting_count + 1);
    uint32_t *lists[2] = { p->passed[0].queries, p->passed[1].queries };
    size_t counts[2] = { p->passed[0].count, p->passed[1].count };
    for (const posting *stop = at + key->posting_count; at < stop; at++) {
        unsigned state = dictionary_bit (d, at->first >> 8) | (unsigned)dictionary_bit (d, at->second >> 8) << 1
                         | (unsigned)dictionary_bit (d, at->third) << 2;
        unsigned unsure = at->second & POSTING_UNSURE;
        lists[unsure][counts[unsure]] = at->query;
        counts[unsure] += at->first >> state & 1;
    }
    p->passed[0].count = counts[0];
    p->passed[1].count = counts[1];
    p->candidates += key->posting_count;
}

static void
select_candidates (tt_percolator *p)
{
    p->passed[0].count = p->passed[1].count = 0;
    for (size_t i = 0; i < p->run.found_count; i++) {
        const dictionary_key *key = &p->keys.keys[p->run.found[i]];
        if (key->posting_count)
            pass_postings (p, key);
    }
    if (p->keys.keys[p->every].posting_count)
        pass_postings (p, &p->keys.keys[p->every]);
}

/* Their memory is fetched ahead in two steps, for where a program lies is itself to be fetched. */
static void
evaluate_candidates (tt_percolator *p)
{
    const query_list *list = &p->passed[1];
    const uint32_t *runs = p->records.runs;
    for (size_t i = 0; i < list->count; i++) {
        if (i + 2 * FETCH_AHEAD < list->count)
            __builtin_prefetch (&runs[list->queries[i + 2 * FETCH_AHEAD]]);
        if (i + FETCH_AHEAD < list->count)
            __builtin_prefetch (p->programs.words + runs[list->queries[i + FETCH_AHEAD]]);
        uint32_t query = list->queries[i];
        if (answer_has (&p->answer, query))
            continue;
        p->evaluated++;
        if (program_matches (&p->run, program_in (p->programs.words + runs[query])))
            answer_add (&p->answer, query);
    }
}

static void
observe (tt_percolator *p, const tt_document *document)
{
    p->documents++;
    if (!sketch_begin (&p->sketch))
        return;
    for (size_t i = 0; i < document->term_count; i++)
        sketch_add (&p->sketch, (uint32_t)(document->terms[i].hash >> 32));
    for (size_t i = 0; i < p->run.found_count; i++) {
        const dictionary_key *key = &p->keys.keys[p->run.found[i]];
        if (pattern_is ((uint8_t)key->space))
            sketch_add (&p->sketch, key->tag);
    }
}

size_t
tt_percolator_match (tt_percolator *p, const tt_document *document, const uint64_t **ids)
{
    assert (document->schema == p->schema);
    continue_pass (p);
    program_begin (&p->run, &p->keys, document, p->with_pairs);
    observe (p, document);
    select_candidates (p);
    for (size_t i = 0; i < p->passed[0].count; i++)
        answer_add (&p->answer, p->passed[0].queries[i]);
    evaluate_candidates (p);
    program_end (&p->run);
    size_t count = answer_take (&p->answer, p->records.ids, p->passed[0].count + p->passed[1].count);
    *ids = p->answer.ids;
    return count;
}

tt_percolator_counts
tt_percolator_count (const tt_percolator *p)
{
    uint64_t bytes = sizeof *p - sizeof p->keys + dictionary_bytes (&p->keys) + p->programs.room * sizeof *p->programs.words
                     + records_bytes (&p->records) + sketch_bytes (&p->sketch) + answer_bytes (&p->answer)
                     + (p->passed[0].room + p->passed[1].room) * sizeof (uint32_t);
    return (tt_percolator_counts){ .queries = records_used (&p->records),
                                   .scanned = p->keys.keys[p->every].posting_count,
                                   .documents = p->documents,
                                   .candidates = p->candidates,
                                   .evaluated = p->evaluated,
                                   .bytes = bytes };
}

static tt_anchor
describe_anchor (const tt_percolator *p, uint32_t number)
{
    static const char *const kinds[]
        = { [SPACE_WORD] = "word", [SPACE_CLASS] = "class", [SPACE_NUMBER] = "number", [SPACE_CODE] = "code" };
    const dictionary_key *key = &p->keys.keys[number];
    uint64_t seen = *sketch_counter (&p->sketch, key->tag);
    tt_anchor anchor = { .text = dictionary_text (&p->keys, number),
                         .indexes = key->stored,
                         .seen = p->sketch.documents ? seen * p->documents / p->sketch.documents : 0 };
    uint8_t space = (uint8_t)key->space;
    if (pattern_is (space)) {
        anchor.text = pattern_piece (anchor.text, space, &space);
        anchor.kind = space == DICTIONARY_PIECE ? "piece" : "prefix";
    } else {
        anchor.kind = kinds[space];
    }
    return anchor;
}

size_t
tt_percolator_anchors (const tt_percolator *p, uint64_t id, tt_anchor *anchors, size_t max)
{
    uint32_t query = records_find (&p->records, id);
    if (query == RECORDS_NONE)
        return 0;
    const uint32_t *run = p->programs.words + p->records.runs[query];
    if (run[RUN_KEY (0)] == p->every)
        return 0;
    for (size_t i = 0; i < run[0] && i < max; i++)
        anchors[i] = describe_anchor (p, run[RUN_KEY (i)]);
    return run[0];
}
