#include "query/percolator.h"

#include <assert.h>
#include <string.h>

#include "query/pool.h"
#include "query/program.h"

#define SKETCH_BITS 16 /* counters of how many documents had a term, by its hash; two terms may share one */
#define FIRST_SLOTS 1024
#define FIRST_PASS 256 /* documents after which all queries are looked at again for rarer terms */
#define PASS_GROWTH 8
#define PASS_STEP 16    /* queries looked at with each document during a pass */
#define FETCH_AHEAD 8   /* postings */
#define PREFIX_SHARE 32 /* a prefix is taken to stand in one of so many documents, if it was seen less often */

/* A stored query. Its run in the pool: size of the run, number of anchors, the anchors (with none: its place in the list of
 * scanned queries), program. */
typedef struct {
    uint64_t id;
    uint32_t run;   /* POOL_NONE: the number is free */
    uint32_t stamp; /* the document that it was last evaluated on, so that it is once */
} record;

struct tt_percolator {
    const tt_schema *schema;
    dictionary terms;
    pool programs;
    record *records; /* owned */
    size_t record_count, record_room;
    uint32_t *unused; /* owned: numbers of records to use again */
    size_t unused_count, unused_room;
    uint32_t *slots; /* owned: open addressing by id: number of a record + 1 */
    size_t slot_count;
    uint32_t *scanned; /* owned: queries without anchors */
    size_t scanned_count, scanned_room;
    uint32_t stamp;
    uint32_t sketch[1 << SKETCH_BITS];
    size_t cursor;      /* of the pass that looks for rarer anchors; record_count: none is under way */
    uint64_t next_pass; /* documents */
    program_run run;
    program_words compiled;  /* scratch */
    program_anchors anchors; /* scratch */
    uint32_t *waiting;       /* owned: candidates of the document, not yet evaluated */
    size_t waiting_count, waiting_room;
    uint64_t *ids; /* owned: the last answer */
    size_t id_count, id_room;
    uint64_t queries, documents, candidates;
};

tt_percolator *
tt_percolator_new (const tt_schema *schema)
{
    tt_percolator *p = tt_alloc_zero (1, sizeof *p);
    p->schema = schema;
    dictionary_open (&p->terms);
    pool_open (&p->programs);
    p->slot_count = FIRST_SLOTS;
    p->slots = tt_alloc_zero (FIRST_SLOTS, sizeof *p->slots);
    p->next_pass = FIRST_PASS;
    return p;
}

void
tt_percolator_destroy (tt_percolator **percolator)
{
    tt_percolator *p = *percolator;
    if (p == NULL)
        return;
    dictionary_close (&p->terms);
    pool_close (&p->programs);
    program_run_free (&p->run);
    free (p->records);
    free (p->unused);
    free (p->slots);
    free (p->scanned);
    free (p->compiled.words);
    free (p->anchors.items);
    free (p->waiting);
    free (p->ids);
    free (p);
    *percolator = NULL;
}

/* Records by id */

static uint64_t
hash_id (uint64_t id)
{
    id *= UINT64_C (0x9E3779B97F4A7C15);
    return id ^ id >> 32;
}

/* The slot of an id, or the empty one where it would go. */
static size_t
find_slot (const tt_percolator *p, uint64_t id)
{
    size_t mask = p->slot_count - 1;
    size_t at = hash_id (id) & mask;
    while (p->slots[at] && p->records[p->slots[at] - 1].id != id)
        at = (at + 1) & mask;
    return at;
}

static void
widen_slots (tt_percolator *p)
{
    free (p->slots);
    p->slot_count *= 2;
    p->slots = tt_alloc_zero (p->slot_count, sizeof *p->slots);
    for (size_t i = 0; i < p->record_count; i++)
        if (p->records[i].run != POOL_NONE)
            p->slots[find_slot (p, p->records[i].id)] = (uint32_t)i + 1;
}

/* Empties a slot and moves later ones of its chain up. */
static void
clear_slot (tt_percolator *p, size_t hole)
{
    size_t mask = p->slot_count - 1;
    for (size_t at = (hole + 1) & mask; p->slots[at]; at = (at + 1) & mask) {
        size_t home = hash_id (p->records[p->slots[at] - 1].id) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            p->slots[hole] = p->slots[at];
            hole = at;
        }
    }
    p->slots[hole] = 0;
}

static uint32_t
new_record (tt_percolator *p)
{
    if (p->unused_count > 0)
        return p->unused[--p->unused_count];
    if (p->record_count == p->record_room) {
        p->record_room = p->record_room + p->record_room / 2 + 64;
        p->records = tt_realloc (p->records, p->record_room * sizeof *p->records);
    }
    if (p->cursor == p->record_count)
        p->cursor++; /* no pass is under way: it stays so */
    return (uint32_t)p->record_count++;
}

/* Filing */

static const uint32_t *
record_anchors (const tt_percolator *p, const record *r, size_t *count)
{
    const uint32_t *words = p->programs.words + r->run;
    *count = words[1];
    return words + 2;
}

static const uint32_t *
record_program (const tt_percolator *p, const record *r)
{
    const uint32_t *words = p->programs.words + r->run;
    return words + 2 + (words[1] ? words[1] : 1);
}

static uint64_t
frequency (const void *context, uint64_t hash, uint8_t space)
{
    const tt_percolator *p = context;
    uint64_t seen = p->sketch[hash >> (64 - SKETCH_BITS)];
    uint64_t least = p->documents / PREFIX_SHARE; /* prefixes are counted only while some query uses one */
    return space == DICTIONARY_PREFIX && seen < least ? least : seen;
}

/* The same term twice (in two indexes of an `or`) is one anchor. */
static void
merge_anchors (tt_percolator *p)
{
    program_anchors *a = &p->anchors;
    size_t kept = 0;
    for (size_t i = 0; i < a->count; i++) {
        dictionary_term *term = &p->terms.terms[a->items[i].term];
        uint32_t *mark = &p->terms.present[a->items[i].term]; /* zero between documents */
        if (*mark) {
            a->items[*mark - 1].stored |= a->items[i].stored;
            term->references--; /* the first one keeps its own */
            continue;
        }
        a->items[kept] = a->items[i];
        *mark = (uint32_t)++kept;
    }
    a->count = kept;
    for (size_t i = 0; i < kept; i++)
        p->terms.present[a->items[i].term] = 0;
}

static uint32_t
scan_place (tt_percolator *p, uint32_t query)
{
    if (p->scanned_count == p->scanned_room) {
        p->scanned_room = p->scanned_room ? p->scanned_room * 2 : 16;
        p->scanned = tt_realloc (p->scanned, p->scanned_room * sizeof *p->scanned);
    }
    p->scanned[p->scanned_count] = query;
    return (uint32_t)p->scanned_count++;
}

/* Files a query with the program in `words` (not in the pool) under the anchors in p->anchors. */
static void
file_query (tt_percolator *p, uint32_t query, const uint32_t *words, size_t count)
{
    const program_anchors *a = &p->anchors;
    size_t size = 2 + (a->count ? a->count : 1) + count;
    uint32_t run = pool_take (&p->programs, size);
    uint32_t *to = p->programs.words + run;
    p->records[query].run = run;
    *to++ = (uint32_t)size;
    *to++ = (uint32_t)a->count;
    bool sure = program_operation_of (*words) == PROGRAM_TERM;
    uint32_t also = program_second (words, &p->terms, frequency, p, a->count == 1 ? a->items[0].term : DICTIONARY_NONE);
    for (size_t i = 0; i < a->count; i++) {
        *to++ = a->items[i].term;
        uint32_t stored = a->items[i].stored | (sure ? POSTING_SURE : 0);
        dictionary_post (&p->terms, a->items[i].term, (posting){ query, stored, also });
    }
    if (a->count == 0)
        *to++ = scan_place (p, query);
    memcpy (to, words, count * sizeof *to);
}

/* Takes a query out of postings or the scanned list; its terms and its run stay. */
static void
unfile_query (tt_percolator *p, uint32_t query)
{
    size_t count = 0;
    const uint32_t *anchors = record_anchors (p, &p->records[query], &count);
    for (size_t i = 0; i < count; i++) {
        dictionary_unpost (&p->terms, anchors[i], query);
        dictionary_drop (&p->terms, anchors[i]);
    }
    if (count > 0)
        return;
    uint32_t place = anchors[0];
    uint32_t last = p->scanned[--p->scanned_count];
    p->scanned[place] = last;
    p->programs.words[p->records[last].run + 2] = place;
}

/* Changing the set of queries */

static void
forget (tt_percolator *p, size_t slot)
{
    uint32_t query = p->slots[slot] - 1;
    record *r = &p->records[query];
    clear_slot (p, slot);
    unfile_query (p, query);
    program_release (record_program (p, r), &p->terms);
    pool_give (&p->programs, r->run, p->programs.words[r->run]);
    r->run = POOL_NONE;
    p->queries--;
    if (p->unused_count == p->unused_room) {
        p->unused_room = p->unused_room ? p->unused_room * 2 : 64;
        p->unused = tt_realloc (p->unused, p->unused_room * sizeof *p->unused);
    }
    p->unused[p->unused_count++] = query;
}

bool
tt_percolator_remove (tt_percolator *p, uint64_t id)
{
    size_t slot = find_slot (p, id);
    if (p->slots[slot] == 0)
        return false;
    forget (p, slot);
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
    if ((p->queries + 1) * 2 > p->slot_count)
        widen_slots (p);
    p->compiled.count = 0;
    program_compile (cql, &p->terms, &p->compiled);
    tt_cql_free (&cql);
    program_choose (p->compiled.words, &p->terms, frequency, p, &p->anchors);
    merge_anchors (p);
    uint32_t query = new_record (p);
    p->records[query] = (record){ .id = id };
    file_query (p, query, p->compiled.words, p->compiled.count);
    p->slots[find_slot (p, id)] = query + 1;
    p->queries++;
    if (scanned)
        *scanned = p->anchors.count == 0;
    return TT_OK;
}

/* Looking for rarer anchors, now that more documents were seen */

static void
refile (tt_percolator *p, uint32_t query)
{
    record *r = &p->records[query];
    size_t old_count = 0;
    const uint32_t *old = record_anchors (p, r, &old_count);
    uint64_t cost = 0;
    for (size_t i = 0; i < old_count; i++)
        cost += program_term_cost (&p->terms, old[i], frequency, p);
    const uint32_t *words = record_program (p, r);
    size_t count = 1 + program_length (*words);
    program_choose (words, &p->terms, frequency, p, &p->anchors);
    if (old_count == 0 || p->anchors.cost > cost / 2) {
        for (size_t i = 0; i < p->anchors.count; i++)
            dictionary_drop (&p->terms, p->anchors.items[i].term);
        return;
    }
    merge_anchors (p);
    p->compiled.count = 0;
    for (size_t i = 0; i < count; i++)
        program_word (&p->compiled, words[i]);
    unfile_query (p, query);
    pool_give (&p->programs, r->run, p->programs.words[r->run]);
    file_query (p, query, p->compiled.words, count);
}

static void
continue_pass (tt_percolator *p)
{
    if (p->documents >= p->next_pass) {
        p->cursor = 0;
        p->next_pass *= PASS_GROWTH;
    }
    for (size_t i = 0; i < PASS_STEP && p->cursor < p->record_count; i++, p->cursor++)
        if (p->records[p->cursor].run != POOL_NONE)
            refile (p, (uint32_t)p->cursor);
}

/* Matching */

static void
add_id (tt_percolator *p, uint64_t id)
{
    if (p->id_count == p->id_room) {
        p->id_room = p->id_room ? p->id_room * 2 : 64;
        p->ids = tt_realloc (p->ids, p->id_room * sizeof *p->ids);
    }
    p->ids[p->id_count++] = id;
}

/* A query to be evaluated, unless it was met before with this document. Reading is put off until all are known, so that their
 * memory can be fetched ahead: at 100,000 queries and more, waiting for it is most of the work. */
static void
add_candidate (tt_percolator *p, uint32_t query, bool sure)
{
    record *r = &p->records[query];
    if (r->stamp == p->stamp)
        return;
    r->stamp = p->stamp;
    p->candidates++;
    if (sure) {
        add_id (p, r->id);
        return;
    }
    if (p->waiting_count == p->waiting_room) {
        p->waiting_room = p->waiting_room ? p->waiting_room * 2 : 256;
        p->waiting = tt_realloc (p->waiting, p->waiting_room * sizeof *p->waiting);
    }
    p->waiting[p->waiting_count++] = query;
    __builtin_prefetch (p->programs.words + r->run);
}

static void
try_candidates (tt_percolator *p)
{
    for (size_t i = 0; i < p->waiting_count; i++) {
        const record *r = &p->records[p->waiting[i]];
        if (program_matches (&p->run, record_program (p, r)))
            add_id (p, r->id);
    }
    p->waiting_count = 0;
}

/* The indexes in which a present term stands. */
static uint64_t
found_stored (const tt_percolator *p, const dictionary_term *term, uint32_t number)
{
    uint32_t place = p->terms.present[number] - 1;
    return term->space < SPACE_COUNT ? p->run.document->terms[place].stored : p->run.pattern_stored[place];
}

static void
add_posted (tt_percolator *p, const posting *postings, size_t count, uint32_t stored)
{
    for (size_t i = 0; i < count; i++) {
        const posting *one = &postings[i];
        if (i + FETCH_AHEAD < count)
            __builtin_prefetch (&p->terms.present[one[FETCH_AHEAD].also == DICTIONARY_NONE ? 0 : one[FETCH_AHEAD].also]);
        if ((one->stored & stored) && (one->also == DICTIONARY_NONE || p->terms.present[one->also]))
            add_candidate (p, one->query, one->stored & POSTING_SURE);
    }
}

static void
select_candidates (tt_percolator *p)
{
    for (size_t i = 0; i < p->run.found_count; i++) {
        const dictionary_term *term = &p->terms.terms[p->run.found[i]];
        if (term->posting_count)
            add_posted (p, dictionary_postings (term), term->posting_count, (uint32_t)found_stored (p, term, p->run.found[i]));
    }
    for (size_t i = 0; i < p->scanned_count; i++)
        add_candidate (p, p->scanned[i], false);
}

static void
observe (tt_percolator *p, const tt_document *document)
{
    for (size_t i = 0; i < document->term_count; i++)
        p->sketch[document->terms[i].hash >> (64 - SKETCH_BITS)]++;
    for (size_t i = 0; i < p->run.found_count; i++) {
        const dictionary_term *term = &p->terms.terms[p->run.found[i]];
        if (term->space == DICTIONARY_PREFIX)
            p->sketch[term->hash >> (64 - SKETCH_BITS)]++;
    }
    p->documents++;
}

/* A stamp that no record has. */
static void
next_stamp (tt_percolator *p)
{
    if (++p->stamp != 0)
        return;
    for (size_t i = 0; i < p->record_count; i++)
        p->records[i].stamp = 0;
    p->stamp = 1;
}

static int
compare_ids (const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

size_t
tt_percolator_match (tt_percolator *p, const tt_document *document, const uint64_t **ids)
{
    assert (document->schema == p->schema);
    continue_pass (p);
    next_stamp (p);
    p->id_count = 0;
    program_begin (&p->run, &p->terms, document);
    observe (p, document);
    select_candidates (p);
    try_candidates (p);
    program_end (&p->run);
    if (p->id_count > 1)
        qsort (p->ids, p->id_count, sizeof *p->ids, compare_ids);
    *ids = p->ids;
    return p->id_count;
}

tt_percolator_counts
tt_percolator_count (const tt_percolator *p)
{
    uint64_t bytes = sizeof *p + dictionary_bytes (&p->terms) + p->programs.room * sizeof *p->programs.words
                     + p->record_room * sizeof *p->records + p->unused_room * sizeof *p->unused + p->slot_count * sizeof *p->slots
                     + p->scanned_room * sizeof *p->scanned + p->waiting_room * sizeof *p->waiting + p->id_room * sizeof *p->ids;
    return (tt_percolator_counts){
        .queries = p->queries, .scanned = p->scanned_count, .documents = p->documents, .candidates = p->candidates, .bytes = bytes
    };
}

size_t
tt_percolator_anchors (const tt_percolator *p, uint64_t id, tt_anchor *anchors, size_t max)
{
    static const char *const kinds[]
        = { [SPACE_WORD] = "word", [SPACE_CLASS] = "class", [SPACE_NUMBER] = "number", [SPACE_CODE] = "code" };
    size_t slot = find_slot (p, id);
    if (p->slots[slot] == 0)
        return 0;
    size_t count = 0;
    const uint32_t *terms = record_anchors (p, &p->records[p->slots[slot] - 1], &count);
    for (size_t i = 0; i < count && i < max; i++) {
        const dictionary_term *term = &p->terms.terms[terms[i]];
        const posting *postings = dictionary_postings (term);
        size_t at = 0;
        while (postings[at].query != p->slots[slot] - 1)
            at++;
        anchors[i] = (tt_anchor){ .text = dictionary_text (&p->terms, terms[i]),
                                  .kind = term->space == DICTIONARY_PREFIX ? "prefix" : kinds[term->space],
                                  .indexes = postings[at].stored & ~POSTING_SURE,
                                  .seen = frequency (p, term->hash, term->space) };
    }
    return count;
}
