#include "search.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "identity.h"
#include "search_cursor.h"
#include "store/txn.h"
#include "subject.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MOST 100
#define FACET_VALUES 100
#define HIGHLIGHTS 256
#define EXPANSION_PLACES 2000000u
#define WARNINGS 8
#define ROW_TYPE (&techtransfer__achievement__v1__get_achievement_reply__descriptor)

typedef Techtransfer__Achievement__V1__SearchHit search_hit;
typedef Techtransfer__Achievement__V1__SearchHighlight search_highlight;
typedef Techtransfer__Achievement__V1__SearchFacet search_facet;
typedef Techtransfer__Achievement__V1__SearchFacetValue search_facet_value;

/* What one search needs; borrowed from a list. */
typedef struct searcher {
    struct searcher *next;
    ingest_run *run;
    tt_store *store;
    tt_batch *batch;
    tt_document *document;
} searcher;

struct ingest_search {
    ingest_search_copy *copy;
    ingest_search_settings settings;
    tt_store_options store_options;
    tt_counter_set *counters;
    pthread_mutex_t lock; /* over `idle` */
    searcher *idle;
};

enum { SEARCHES, BEHIND, CHANGED, LATENCY, WINDOWS, SKIPPED };
enum { FOUND, INVALID, COSTLY, UNAVAILABLE };
static const char *const results[] = { "found", "invalid", "costly", "unavailable" };
static const tt_metric_row rows[] = {
    { .name = "searches_total",
      .help = "Searches by how they ended.",
      .kind = TT_METRIC_COUNTER,
      .label = "result",
      .values = results,
      .value_count = 4 },
    { .name = "searches_behind_total",
      .help = "Searches that may have missed what was accepted in the last moments.",
      .kind = TT_METRIC_COUNTER },
    { .name = "search_changed_total",
      .help = "Hits left out because they were changed or withdrawn while the page was read.",
      .kind = TT_METRIC_COUNTER },
    { .name = "search_seconds", .help = "Time of one search, with the rows of its page.", .kind = TT_METRIC_HISTOGRAM },
    { .name = "search_windows_total", .help = "Windows of 1,024 records that searches came to.", .kind = TT_METRIC_COUNTER },
    { .name = "search_windows_skipped_total",
      .help = "Windows that were passed over, since nothing in them could match or be among the best.",
      .kind = TT_METRIC_COUNTER },
};

/* One search: request and reply, and what is between them. */
typedef struct {
    ingest_search *search;
    searcher *with;
    const ingest_search_request *request;
    tt_arena *arena;
    tt_cql *cql;
    ingest_snapshot *snapshot;
    ingest_search_wish wish;
    ingest_search_statistics frozen;
    ingest_search_position after;
    const ingest_search_result *result;
    ingest_search_reply *reply;
} question;

/* Searchers */

static void
destroy_searcher (searcher *s)
{
    tt_batch_destroy (&s->batch);
    tt_store_close (&s->store);
    ingest_run_destroy (&s->run);
    tt_document_destroy (&s->document);
    free (s);
}

static tt_status
borrow (ingest_search *search, searcher **out, tt_error *error)
{
    pthread_mutex_lock (&search->lock);
    searcher *s = search->idle;
    if (s)
        search->idle = s->next;
    pthread_mutex_unlock (&search->lock);
    if (s == NULL) {
        s = tt_alloc_zero (1, sizeof *s);
        s->run = ingest_run_new ();
        s->document = tt_document_new (tt_schema_achievement ());
    }
    *out = s;
    tt_status status = s->store ? TT_OK : tt_store_open (&s->store, &search->store_options, error);
    if (status == TT_OK && s->batch == NULL)
        status = tt_store_prepare (s->store, error);
    if (status == TT_OK && s->batch == NULL)
        s->batch = tt_batch_new (s->store, "achievement.proto");
    return status;
}

static void
give_back (ingest_search *search, searcher *s)
{
    pthread_mutex_lock (&search->lock);
    s->next = search->idle;
    search->idle = s;
    pthread_mutex_unlock (&search->lock);
}

ingest_search *
ingest_search_open (const tt_store_options *store, tt_counters *counters, const ingest_search_settings *settings)
{
    ingest_search *search = tt_alloc_zero (1, sizeof *search);
    search->settings = *settings;
    search->store_options = *store;
    search->counters = tt_counters_register (counters, rows, sizeof rows / sizeof *rows);
    pthread_mutex_init (&search->lock, NULL);
    search->copy = ingest_search_copy_open (store, counters);
    return search;
}

void
ingest_search_close (ingest_search **search)
{
    ingest_search *s = *search;
    if (s == NULL)
        return;
    ingest_search_copy_close (&s->copy);
    while (s->idle) {
        searcher *one = s->idle;
        s->idle = one->next;
        destroy_searcher (one);
    }
    pthread_mutex_destroy (&s->lock);
    free (s);
    *search = NULL;
}

/* The request */

static const char *const facet_names[INGEST_FACETS] = {
    [INGEST_DISTRICT] = "district", [INGEST_SPECIAL] = "special",   [INGEST_STAGE] = "stage",   [INGEST_FORM] = "form",
    [INGEST_CATEGORY] = "category", [INGEST_INDUSTRY] = "industry", [INGEST_SOURCE] = "source", [INGEST_FACET_YEAR] = "year"
};

static int
facet_of (const char *name)
{
    for (int i = 0; i < INGEST_FACETS; i++)
        if (strcmp (facet_names[i], name) == 0)
            return i;
    return -1;
}

static tt_status
check_facets (question *q, tt_error *error)
{
    for (size_t i = 0; i < q->request->n_facets; i++) {
        int facet = facet_of (q->request->facets[i]);
        if (facet < 0)
            return tt_fail (error, TT_INVALID_ARGUMENT,
                            "facets[%zu]: expected district, special, stage, form, category, industry, source or year", i);
        if (q->wish.facets >> facet & 1)
            return tt_fail (error, TT_INVALID_ARGUMENT, "facets[%zu]: %s stands here twice", i, facet_names[facet]);
        q->wish.facets |= 1U << facet;
    }
    return TT_OK;
}

static tt_status
check_request (question *q, tt_error *error)
{
    const ingest_search_request *r = q->request;
    if ((int)r->order > (int)INGEST_ORDERS || (int)r->order < 0 || r->limit > LIMIT_MOST)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s", r->limit > LIMIT_MOST ? "limit: 1 to 100" : "order: no such order");
    q->wish.order = r->order == 0 ? INGEST_BY_RELEVANCE : (ingest_order_kind)(r->order - 1);
    q->wish.limit = r->limit == 0 ? LIMIT_DEFAULT : r->limit;
    q->wish.count_all = r->count;
    tt_status status = check_facets (q, error);
    if (status == TT_OK && tt_cql_parse (tt_schema_achievement (), r->query, strlen (r->query), &q->cql, error) != TT_OK) {
        char why[sizeof error->message];
        memcpy (why, error->message, sizeof why);
        status = tt_fail (error, TT_INVALID_ARGUMENT, "query: %.*s", (int)sizeof why - 16, why);
    }
    if (status != TT_OK || r->cursor[0] == '\0')
        return status;
    if (strlen (r->cursor) > INGEST_CURSOR_MAX
        || !ingest_cursor_read (q->arena, r->cursor, r->query, q->wish.order, &q->frozen, &q->after))
        return tt_fail (error, TT_INVALID_ARGUMENT, "cursor: it is none, or of another query or order");
    q->wish.frozen = &q->frozen;
    q->wish.after = &q->after;
    return TT_OK;
}

/* The rows of the page */

typedef struct {
    size_t count;
    tt_bytes *keys;
    tt_row *rows;
} page;

static void
read_rows (tt_txn *txn, const void *request, void *service)
{
    (void)request;
    page *p = service;
    tt_txn_at_partition (txn, 0);
    for (size_t i = 0; i < p->count; i++) {
        const tt_row *row = tt_txn_get_at (txn, p->keys[i], INGEST_TABLE_RECORD, p->keys[i]);
        if (row)
            p->rows[i] = *row;
    }
}

static tt_status
read_page (question *q, page *p, tt_error *error)
{
    p->count = q->result->count;
    p->keys = tt_arena_alloc (q->arena, (p->count + 1) * sizeof *p->keys);
    p->rows = tt_arena_zero (q->arena, (p->count + 1) * sizeof *p->rows);
    for (size_t i = 0; i < p->count; i++)
        p->keys[i] = ingest_segment_key (q->result->found[i].segment, q->result->found[i].record);
    if (p->count == 0)
        return TT_OK;
    tt_batch_begin (q->with->batch, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (q->with->batch, &(tt_txn_spec){ .handle = read_rows, .service = p, .read_only = true });
    tt_status status = tt_batch_run (q->with->batch, error);
    tt_outcome outcome = tt_txn_outcome (txn);
    if (status == TT_OK && outcome.status != TT_OK)
        status = tt_fail (error, outcome.status, "%s", outcome.message);
    return status;
}

static void
add_highlights (question *q, const ingest_record *record, search_hit *hit)
{
    tt_hit places[HIGHLIGHTS];
    size_t count = tt_cql_explain (q->cql, q->with->document, places, HIGHLIGHTS);
    hit->highlights = tt_arena_alloc (q->arena, (count + 1) * sizeof *hit->highlights);
    for (size_t i = 0; i < count; i++) {
        search_highlight *h = tt_arena_alloc (q->arena, sizeof *h);
        *h = (search_highlight)TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_HIGHLIGHT__INIT;
        h->field = (char *)ingest_subject_field (record, &places[i], &h->ordinal);
        h->offset = places[i].offset;
        h->length = places[i].length;
        hit->highlights[hit->n_highlights++] = h;
    }
}

/* A row that changed since the index saw it is shown if it matches still; what it became is found by its own. */
static void
add_hit (question *q, const tt_row *row, double score)
{
    const ingest_row *stored = row->present ? ingest_unpack (q->arena, ROW_TYPE, row->value) : NULL;
    bool matches = stored && ingest_row_counts (stored);
    if (matches) {
        ingest_subject_document (stored->achievement, q->with->document);
        matches = tt_cql_matches (q->cql, q->with->document);
    }
    if (!matches) {
        q->reply->changed++;
        return;
    }
    search_hit *hit = tt_arena_alloc (q->arena, sizeof *hit);
    *hit = (search_hit)TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_HIT__INIT;
    hit->achievement = stored->achievement;
    hit->score = score;
    add_highlights (q, stored->achievement, hit);
    q->reply->hits[q->reply->n_hits++] = hit;
}

/* The reply */

static search_facet *
make_facet (question *q, const char *name)
{
    const ingest_facet_list *list = &q->result->facets.lists[facet_of (name)];
    size_t count = list->count < FACET_VALUES ? list->count : FACET_VALUES;
    search_facet *facet = tt_arena_alloc (q->arena, sizeof *facet);
    *facet = (search_facet)TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_FACET__INIT;
    facet->facet = (char *)name;
    facet->others = list->count - count;
    facet->values = tt_arena_alloc (q->arena, (count + 1) * sizeof *facet->values);
    for (size_t i = 0; i < count; i++) {
        search_facet_value *value = tt_arena_alloc (q->arena, sizeof *value);
        *value = (search_facet_value)TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_FACET_VALUE__INIT;
        value->value = tt_arena_strndup (q->arena, list->items[i].value, strlen (list->items[i].value));
        value->count = list->items[i].count;
        facet->values[facet->n_values++] = value;
    }
    return facet;
}

static void
describe (question *q)
{
    ingest_search_reply *reply = q->reply;
    reply->total = q->result->total;
    reply->total_is_lower_bound = q->result->at_least;
    reply->records = q->snapshot->records;
    reply->facets = tt_arena_alloc (q->arena, (q->request->n_facets + 1) * sizeof *reply->facets);
    for (size_t i = 0; i < q->request->n_facets; i++)
        reply->facets[reply->n_facets++] = make_facet (q, q->request->facets[i]);
    reply->warnings = tt_arena_alloc (q->arena, WARNINGS * sizeof *reply->warnings);
    for (const char *text; reply->n_warnings < WARNINGS && (text = tt_cql_warning (q->cql, reply->n_warnings)) != NULL;)
        reply->warnings[reply->n_warnings++] = tt_arena_strndup (q->arena, text, strlen (text));
    if (!q->result->more)
        return;
    ingest_search_position last = ingest_search_position_of (&q->result->found[q->result->count - 1]);
    reply->next_cursor = ingest_cursor_write (q->arena, q->request->query, q->wish.order, &q->result->statistics, &last);
}

static tt_status
run_question (question *q, int64_t deadline_unix_ms, tt_error *error)
{
    int64_t limit_ms = q->search->settings.time_limit_ms;
    int64_t left_ms = deadline_unix_ms ? deadline_unix_ms - tt_clock_unix_ms () : limit_ms;
    q->wish.limits
        = (ingest_search_limits){ .deadline_us = tt_clock_monotonic_us () + (left_ms < limit_ms ? left_ms : limit_ms) * 1000,
                                  .expansion_words = q->search->settings.expansion,
                                  .expansion_places = EXPANSION_PLACES };
    tt_status status = ingest_run_search (q->with->run, q->snapshot, q->cql, &q->wish, &q->result, error);
    if (status != TT_OK)
        return status;
    tt_count_add (q->search->counters, WINDOWS, 0, (int64_t)q->result->windows);
    tt_count_add (q->search->counters, SKIPPED, 0, (int64_t)q->result->skipped);
    describe (q);
    page p;
    status = read_page (q, &p, error);
    q->reply->hits = tt_arena_alloc (q->arena, (p.count + 1) * sizeof *q->reply->hits);
    for (size_t i = 0; i < p.count && status == TT_OK; i++)
        add_hit (q, &p.rows[i], q->result->found[i].score);
    return status;
}

static tt_status
answer (question *q, int64_t deadline_unix_ms, tt_error *error)
{
    bool behind = false;
    uint64_t loading = 0;
    tt_status status = check_request (q, error);
    if (status != TT_OK)
        return status;
    q->snapshot = ingest_search_copy_take (q->search->copy, q->search->settings.fresh_wait_ms, &behind, &loading);
    if (q->snapshot == NULL)
        return tt_fail (error, TT_UNAVAILABLE, "the search index is being read: %llu records so far",
                        (unsigned long long)loading);
    q->reply->behind = behind;
    status = borrow (q->search, &q->with, error);
    if (status == TT_OK)
        status = run_question (q, deadline_unix_ms, error);
    tt_count_add (q->search->counters, BEHIND, 0, behind);
    tt_count_add (q->search->counters, CHANGED, 0, q->reply->changed);
    return status;
}

static size_t
result_of (tt_status status)
{
    if (status == TT_OK)
        return FOUND;
    if (status == TT_INVALID_ARGUMENT)
        return INVALID;
    return status == TT_RESOURCE_EXHAUSTED || status == TT_DEADLINE_EXCEEDED ? COSTLY : UNAVAILABLE;
}

tt_status
ingest_search_answer (ingest_search *search, const ingest_search_request *request, int64_t deadline_unix_ms, tt_arena *arena,
                      ingest_search_reply **reply, tt_error *error)
{
    question q = { .search = search, .request = request, .arena = arena };
    int64_t began = tt_clock_monotonic_us ();
    q.reply = *reply = tt_arena_alloc (arena, sizeof *q.reply);
    *q.reply = (ingest_search_reply)TECHTRANSFER__ACHIEVEMENT__V1__SEARCH_ACHIEVEMENTS_REPLY__INIT;
    tt_status status = answer (&q, deadline_unix_ms, error);
    tt_count (search->counters, SEARCHES, result_of (status));
    tt_count_latency (search->counters, LATENCY, 0, tt_clock_monotonic_us () - began);
    if (q.with)
        give_back (search, q.with);
    ingest_snapshot_leave (&q.snapshot);
    tt_cql_free (&q.cql);
    return status;
}
