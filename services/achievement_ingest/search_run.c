#include "search_run.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

struct ingest_run {
    ingest_matcher *matcher;
    ingest_plan plan;
    const ingest_search_wish *wish;
    const ingest_snapshot *snapshot;
    ingest_search_result result;
    uint32_t having_room;
    ingest_search_found *heap; /* the worst first */
    size_t heap_room;
    double *weights; /* of nodes */
    size_t weight_room;
    ingest_scoring scoring;
};

ingest_run *
ingest_run_new (void)
{
    ingest_run *run = tt_alloc_zero (1, sizeof *run);
    run->matcher = ingest_matcher_new ();
    return run;
}

void
ingest_run_destroy (ingest_run **run)
{
    ingest_run *r = *run;
    if (r == NULL)
        return;
    ingest_matcher_destroy (&r->matcher);
    ingest_plan_free (&r->plan);
    ingest_facets_free (&r->result.facets);
    free (r->result.statistics.having);
    free (r->heap);
    free (r->weights);
    free (r);
    *run = NULL;
}

/* Order */

ingest_search_position
ingest_search_position_of (const ingest_search_found *f)
{
    return (ingest_search_position){
        .score = f->score, .registered = f->registered, .day = f->day, .key = ingest_segment_key (f->segment, f->record)
    };
}

static int
compare_keys (tt_bytes a, tt_bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp (a.data, b.data, least) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

int
ingest_search_compare (ingest_order_kind order, const ingest_search_position *a, const ingest_search_position *b)
{
    if (order == INGEST_BY_RELEVANCE && a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (order == INGEST_BY_DATE && a->day != b->day)
        return a->day > b->day ? -1 : 1;
    if (a->registered != b->registered)
        return a->registered > b->registered ? -1 : 1;
    return compare_keys (a->key, b->key);
}

static bool
is_before (const ingest_run *r, const ingest_search_found *a, const ingest_search_found *b)
{
    ingest_search_position x = ingest_search_position_of (a), y = ingest_search_position_of (b);
    return ingest_search_compare (r->wish->order, &x, &y) < 0;
}

/* The best: a heap whose first is the worst of them */

static void
sift (ingest_run *r, size_t at, size_t count)
{
    ingest_search_found *heap = r->heap, one = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_before (r, &heap[child], &heap[child + 1]))
            child++;
        if (!is_before (r, &one, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = one;
}

static void
offer (ingest_run *r, const ingest_search_found *one)
{
    size_t most = r->wish->limit + 1; /* one more says that there is a next page */
    if (r->wish->after) {
        ingest_search_position position = ingest_search_position_of (one);
        if (ingest_search_compare (r->wish->order, r->wish->after, &position) >= 0)
            return;
    }
    if (r->result.count == most) {
        if (is_before (r, one, &r->heap[0])) {
            r->heap[0] = *one;
            sift (r, 0, most);
        }
        return;
    }
    size_t at = r->result.count++;
    for (; at > 0 && is_before (r, &r->heap[(at - 1) / 2], one); at = (at - 1) / 2)
        r->heap[at] = r->heap[(at - 1) / 2];
    r->heap[at] = *one;
}

static void
sort_found (ingest_run *r)
{
    for (size_t n = r->result.count; n > 1; n--) {
        ingest_search_found worst = r->heap[0];
        r->heap[0] = r->heap[n - 1];
        r->heap[n - 1] = worst;
        sift (r, 0, n - 1);
    }
    r->result.more = r->result.count > r->wish->limit;
    r->result.count = r->result.more ? r->wish->limit : r->result.count;
    r->result.found = r->heap;
}

/* Statistics */

static tt_status
check_time (const ingest_run *r, tt_error *error)
{
    if (r->wish->limits.deadline_us == 0 || tt_clock_monotonic_us () <= r->wish->limits.deadline_us)
        return TT_OK;
    return tt_fail (error, TT_DEADLINE_EXCEEDED, "the search took too long: ask for less, or for rarer words");
}

static tt_status
count_words (ingest_run *r, tt_error *error)
{
    ingest_search_statistics *s = &r->result.statistics;
    tt_status status = TT_OK;
    for (uint32_t i = 0; i < r->plan.word_count && status == TT_OK; i++) {
        if (!r->plan.words[i].scored || r->plan.words[i].wild)
            continue;
        uint32_t having = 0;
        for (size_t p = 0; p < r->snapshot->count; p++) {
            const ingest_part *part = &r->snapshot->parts[p];
            having += ingest_matcher_having (r->matcher, part->segment, part->live->bits,
                                             part->live->count == part->segment->count, r->plan.words[i].text);
        }
        s->having[s->count++] = having;
        status = check_time (r, error);
    }
    return status;
}

static tt_status
take_statistics (ingest_run *r, tt_error *error)
{
    ingest_search_statistics *s = &r->result.statistics;
    const ingest_search_statistics *frozen = r->wish->frozen;
    size_t wanted = 0;
    for (uint32_t i = 0; i < r->plan.word_count; i++)
        wanted += r->plan.words[i].scored && !r->plan.words[i].wild;
    s->having = tt_realloc (s->having, (wanted + 1) * sizeof *s->having);
    s->records = r->snapshot->records;
    s->length = r->snapshot->length;
    s->count = 0;
    if (r->wish->order != INGEST_BY_RELEVANCE)
        return TT_OK;
    if (frozen == NULL)
        return count_words (r, error);
    if (frozen->count != wanted)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the cursor is of another query");
    s->records = frozen->records;
    s->length = frozen->length;
    s->count = wanted;
    if (wanted > 0)
        memcpy (s->having, frozen->having, wanted * sizeof *s->having);
    return TT_OK;
}

static double
idf (uint64_t records, uint32_t having)
{
    double n = (double)records, df = having < records ? having : n;
    return log (1 + (n - df + 0.5) / (df + 0.5));
}

/* A phrase weighs what its words weigh; a pattern as much as a word that every second record has, about. */
static void
weigh_nodes (ingest_run *r)
{
    const ingest_search_statistics *s = &r->result.statistics;
    double *words = tt_alloc ((r->plan.word_count + 1) * sizeof *words);
    for (uint32_t i = 0, k = 0; i < r->plan.word_count; i++)
        words[i] = k == s->count || r->plan.words[i].wild || !r->plan.words[i].scored ? 1 : idf (s->records, s->having[k++]);
    if (r->plan.node_count > r->weight_room) {
        r->weight_room = r->plan.node_count * 2;
        r->weights = tt_realloc (r->weights, r->weight_room * sizeof *r->weights);
    }
    for (uint32_t n = 0; n < r->plan.node_count; n++) {
        const ingest_plan_node *node = &r->plan.nodes[n];
        r->weights[n] = 0;
        for (size_t i = 0; node->kind == INGEST_PLAN_WORDS && node->scored && i < node->term->token_count; i++)
            r->weights[n] += words[node->word + i];
    }
    double average = s->records ? (double)s->length / (double)s->records : 1;
    average = average > 0 ? average : 1;
    r->scoring
        = (ingest_scoring){ .weights = r->weights, .plain = INGEST_K1 * (1 - INGEST_B), .slope = INGEST_K1 * INGEST_B / average };
    free (words);
}

/* Searching */

static void
take_window (ingest_run *r, const ingest_segment *segment, uint32_t window, const uint64_t *bits)
{
    bool by_score = r->wish->order == INGEST_BY_RELEVANCE;
    const double *scores = by_score ? ingest_matcher_scores (r->matcher, &r->scoring) : NULL;
    uint32_t first = window * INGEST_WINDOW;
    size_t most = r->wish->limit + 1;
    for (size_t w = 0; w < INGEST_WINDOW_WORDS; w++) {
        r->result.total += (uint64_t)__builtin_popcountll (bits[w]);
        for (uint64_t word = bits[w]; word; word &= word - 1) {
            uint32_t at = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll (word);
            ingest_search_found one = { .score = by_score ? scores[at] : 0, .segment = segment, .record = first + at };
            if (r->result.count == most && by_score && one.score < r->heap[0].score)
                continue;
            one.registered = segment->registered[one.record];
            one.day = segment->day[one.record];
            offer (r, &one);
        }
    }
}

/* What a record must score to be of interest; 0: all are. */
static double
least_score (const ingest_run *r)
{
    bool counts = r->wish->count_all || r->wish->facets;
    bool full = r->result.count == r->wish->limit + 1;
    return !counts && full && r->wish->order == INGEST_BY_RELEVANCE ? r->heap[0].score : 0;
}

/* Can nothing of the window match, or be of interest? */
static bool
may_skip (ingest_run *r, uint32_t window)
{
    double bound = ingest_matcher_bound (r->matcher, &r->scoring, window);
    if (bound >= 0 && bound * (1 + INGEST_ROUNDING) >= least_score (r))
        return false;
    r->result.at_least |= bound >= 0;
    r->result.skipped++;
    return true;
}

static tt_status
search_part (ingest_run *r, const ingest_part *part, tt_error *error)
{
    const ingest_segment *segment = part->segment;
    tt_status status = ingest_matcher_open (r->matcher, segment, part->live->bits, error);
    ingest_facets_open (&r->result.facets, segment);
    for (uint32_t w = 0; w * INGEST_WINDOW < segment->count && status == TT_OK; w++) {
        r->result.windows++;
        if (may_skip (r, w))
            continue;
        bool partly;
        const uint64_t *bits = ingest_matcher_window (r->matcher, w, &r->scoring, least_score (r), &partly);
        r->result.at_least |= partly;
        if (bits) {
            take_window (r, segment, w, bits);
            if (r->wish->facets)
                ingest_facets_count (&r->result.facets, segment, w * INGEST_WINDOW, bits, INGEST_WINDOW_WORDS);
        }
        status = check_time (r, error);
    }
    if (status == TT_OK)
        ingest_facets_close (&r->result.facets, segment);
    return status;
}

tt_status
ingest_run_search (ingest_run *r, const ingest_snapshot *snapshot, const tt_cql *cql, const ingest_search_wish *wish,
                   const ingest_search_result **result, tt_error *error)
{
    r->wish = wish;
    r->snapshot = snapshot;
    r->result.count = 0;
    r->result.total = r->result.windows = r->result.skipped = 0;
    r->result.more = r->result.at_least = false;
    if (wish->limit + 1 > r->heap_room) {
        r->heap_room = wish->limit + 1;
        r->heap = tt_realloc (r->heap, r->heap_room * sizeof *r->heap);
    }
    ingest_plan_free (&r->plan);
    ingest_plan_make (&r->plan, cql);
    ingest_matcher_begin (r->matcher, &r->plan, &wish->limits);
    ingest_facets_begin (&r->result.facets, wish->facets);
    tt_status status = take_statistics (r, error);
    if (status == TT_OK)
        weigh_nodes (r);
    for (size_t i = 0; i < snapshot->count && status == TT_OK; i++)
        status = search_part (r, &snapshot->parts[i], error);
    if (status != TT_OK)
        return status;
    sort_found (r);
    ingest_facets_finish (&r->result.facets);
    *result = &r->result;
    return TT_OK;
}
