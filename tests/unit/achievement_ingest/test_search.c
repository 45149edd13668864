/* The search against brute force. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "search_world.h"

#define RECORDS 5000
#define QUERIES 2000

static search_world world;
static ingest_run *run;

static void
open_world (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
    search_world_open (&world, RECORDS);
    run = ingest_run_new ();
}

static void
close_world (void)
{
    ingest_run_destroy (&run);
    search_world_close (&world);
}

static tt_cql *
parse (const char *query)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    return tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error) == TT_OK ? cql : NULL;
}

static const ingest_search_result *
search (const ingest_snapshot *snapshot, const tt_cql *cql, const ingest_search_wish *wish)
{
    const ingest_search_result *result = NULL;
    tt_error error = { 0 };
    cr_assert_eq (ingest_run_search (run, snapshot, cql, wish, &result, &error), TT_OK, "%s", error.message);
    return result;
}

static const ingest_search_limits no_limits = { .expansion_words = UINT32_MAX, .expansion_places = UINT32_MAX };

/* Everything that matches, and nothing else, with the right scores and in the right order. */
static void
compare_all (const char *query, const tt_cql *cql, const search_brute *brute, bool scores)
{
    static bool seen[RECORDS];
    ingest_snapshot *snapshot = ingest_index_take (world.index);
    ingest_search_wish wish = { .limit = RECORDS, .limits = no_limits };
    const ingest_search_result *r = search (snapshot, cql, &wish);
    memset (seen, 0, sizeof seen);
    for (size_t i = 0; i < r->count; i++) {
        size_t n = search_world_number (&r->found[i]);
        double score = 0;
        cr_assert (!seen[n], "%s: record %zu is found twice", query, n);
        seen[n] = true;
        cr_assert (search_brute_score (brute, cql, n, scores ? &score : NULL), "%s: record %zu does not match", query, n);
        if (scores)
            cr_assert (fabs (score - r->found[i].score) < 1e-9 * (1 + score), "%s: record %zu: %.12g, not %.12g", query, n,
                       r->found[i].score, score);
        if (i > 0) {
            ingest_search_position a = ingest_search_position_of (&r->found[i - 1]), b = ingest_search_position_of (&r->found[i]);
            cr_assert_lt (ingest_search_compare (INGEST_BY_RELEVANCE, &a, &b), 0, "%s: order", query);
        }
    }
    for (size_t n = 0; n < RECORDS; n++)
        cr_assert (seen[n] || !search_brute_score (brute, cql, n, NULL), "%s: record %zu is missing", query, n);
    cr_assert_eq (r->total, r->count);
    ingest_snapshot_leave (&snapshot);
}

/* The first few are those of the whole, whatever was passed over on the way. */
static void
compare_best (const char *query, const tt_cql *cql, ingest_order_kind order)
{
    ingest_snapshot *snapshot = ingest_index_take (world.index);
    ingest_search_wish whole = { .limit = RECORDS, .order = order, .limits = no_limits };
    ingest_search_wish few = { .limit = 7, .order = order, .limits = no_limits };
    ingest_search_found best[7];
    const ingest_search_result *r = search (snapshot, cql, &few);
    size_t count = r->count;
    bool more = r->more, at_least = r->at_least;
    uint64_t total = r->total;
    memcpy (best, r->found, count * sizeof *best);
    r = search (snapshot, cql, &whole);
    cr_assert_eq (count, r->count < 7 ? r->count : 7, "%s", query);
    cr_assert_eq (more, r->count > 7, "%s", query);
    cr_assert (total == r->total || (total < r->total && at_least), "%s: %zu of %zu", query, (size_t)total, (size_t)r->total);
    for (size_t i = 0; i < count; i++)
        cr_assert (best[i].segment == r->found[i].segment && best[i].record == r->found[i].record, "%s: %zu", query, i);
    ingest_snapshot_leave (&snapshot);
}

/* Some records are revised, withdrawn, and come again. */
static void
stir (generated_source *source, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t n = generated_below (source, RECORDS);
        bool withdraw = world.documents[n] && generated_below (source, 3) == 0;
        search_world_put (&world, n, withdraw ? 0 : 2 + generated_below (source, 200));
    }
    ingest_index_publish (world.index);
}

Test (search, finds_what_brute_force_finds, .init = open_world, .fini = close_world)
{
    generated_source source = { .state = 42 };
    search_brute brute = search_brute_of (&world);
    tt_buffer query = { 0 };
    size_t tried = 0, with_matches = 0;
    while (tried < QUERIES) {
        tt_buffer_clear (&query);
        search_world_query (&world, &source, 2, &query);
        const char *text = tt_buffer_cstr (&query);
        tt_cql *cql = parse (text);
        if (cql == NULL)
            continue;
        compare_all (text, cql, &brute, tried % 20 == 0);
        compare_best (text, cql, (ingest_order_kind)(tried % INGEST_ORDERS));
        ingest_snapshot *snapshot = ingest_index_take (world.index);
        ingest_search_wish wish = { .limit = 1, .count_all = true, .limits = no_limits };
        with_matches += search (snapshot, cql, &wish)->total > 0;
        ingest_snapshot_leave (&snapshot);
        tt_cql_free (&cql);
        if (++tried % 25 == 0) {
            stir (&source, 60);
            brute = search_brute_of (&world);
        }
    }
    cr_assert_gt (with_matches, QUERIES / 2, "only %zu queries found anything", with_matches);
    tt_buffer_free (&query);
}
