/* The search on one thread: build, memory, and the times of a mix of 1,000 queries. Prints figures; no pass or fail.
 *
 * usage: bench_search [RECORDS] [QUERIES]      1,000,000 generated records and 1,000 queries unless told otherwise, and all real
 *                                              ones of TT_REAL_DATA */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "queries.h"
#include "real_achievements.h"
#include "search_run.h"

static int64_t
processor_us (void)
{
    struct timespec now;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C (1000000) + now.tv_nsec / 1000;
}

static void
put_real (void *index, const ingest_record *record)
{
    ingest_index_put (index, record);
}

/* Building */

static void
build (ingest_index *index, const generated_world *world, uint64_t records)
{
    tt_arena *arena = tt_arena_new (0);
    int64_t spent = 0;
    size_t before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
    for (uint64_t n = 0; n < records; n++) {
        tt_arena_reset (arena);
        const ingest_record *r = generated_record (world, arena, n, 1);
        int64_t began = processor_us ();
        ingest_index_put (index, r);
        spent += processor_us () - began;
    }
    size_t real = real_achievements (put_real, index);
    int64_t began = processor_us ();
    ingest_index_publish (index);
    spent += processor_us () - began;
    tt_arena_destroy (&arena);
    malloc_trim (0);
    ingest_index_figures f = ingest_index_measure (index);
    size_t after = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
    printf ("figure search.records %llu records\n", (unsigned long long)f.records);
    printf ("figure search.real_records %zu records\n", real);
    printf ("figure search.segments %zu segments\n", f.segments);
    printf ("figure search.build_s %.1f s\n", (double)spent / 1e6);
    printf ("figure search.build_records_per_s %.0f records/s\n", (double)f.records / ((double)spent / 1e6));
    printf ("figure search.bytes_a_record %.0f bytes\n", (double)f.bytes / (double)f.records);
    printf ("figure search.heap_bytes_a_record %.0f bytes\n", (double)(after - before) / (double)f.records);
}

/* Queries */

typedef struct {
    int64_t *times;
    size_t count;
} series;

static int
by_time (const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void
tell (const char *name, series *s)
{
    if (s->count == 0)
        return;
    qsort (s->times, s->count, sizeof *s->times, by_time);
    printf ("figure search.%sp50_ms %.3f ms\n", name, (double)s->times[s->count / 2] / 1e3);
    printf ("figure search.%sp99_ms %.3f ms\n", name, (double)s->times[s->count * 99 / 100] / 1e3);
    printf ("figure search.%smax_ms %.3f ms\n", name, (double)s->times[s->count - 1] / 1e3);
}

/* Records revised while the index is full, a hundred at a time: what a search waits for that came meanwhile. */
static void
revise (ingest_index *index, const generated_world *world, uint64_t records)
{
    enum { BATCHES = 300, BATCH = 100 };
    series publishing = { .times = tt_alloc (BATCHES * sizeof (int64_t)) };
    tt_arena *arena = tt_arena_new (0);
    generated_source source = { .state = 3 };
    int64_t putting = 0;
    for (uint64_t i = 0; i < BATCHES; i++) {
        for (size_t k = 0; k < BATCH; k++) {
            tt_arena_reset (arena);
            const ingest_record *r = generated_record (world, arena, generated_below (&source, (uint32_t)records), 2 + i);
            int64_t began = processor_us ();
            ingest_index_put (index, r);
            putting += processor_us () - began;
        }
        int64_t began = processor_us ();
        ingest_index_publish (index);
        publishing.times[publishing.count++] = processor_us () - began;
    }
    int64_t all = putting;
    for (size_t i = 0; i < publishing.count; i++)
        all += publishing.times[i];
    printf ("figure search.revised_records_per_s %.0f records/s\n", BATCHES * BATCH / ((double)all / 1e6));
    tell ("publish_", &publishing);
    free (publishing.times);
    tt_arena_destroy (&arena);
}

typedef struct {
    const char *name;
    ingest_order_kind order;
    unsigned facets;
    bool count;
} style;

static void
ask_all (const ingest_snapshot *snapshot, const generated_world *world, uint64_t records, size_t queries, const style *how)
{
    series all = { .times = tt_alloc (queries * sizeof (int64_t)) }, kinds[KINDS];
    tt_arena *arena = tt_arena_new (0);
    ingest_run *run = ingest_run_new ();
    tt_buffer text = { 0 };
    double total = 0, skipped = 0, windows = 0;
    size_t failed = 0;
    for (size_t k = 0; k < KINDS; k++)
        kinds[k] = (series){ .times = tt_alloc (queries * sizeof (int64_t)) };
    for (size_t i = 0; i < queries; i++) {
        tt_cql *cql = NULL;
        tt_error error = { 0 };
        tt_arena_reset (arena);
        query_kind kind = make_query (world, arena, records, i, &text);
        const char *query = tt_buffer_cstr (&text);
        ingest_search_wish wish = { .order = how->order,
                                    .limit = 20,
                                    .facets = how->facets,
                                    .count_all = how->count,
                                    .limits = { .expansion_words = 20000, .expansion_places = 2000000 } };
        const ingest_search_result *result = NULL;
        int64_t began = processor_us ();
        bool good = tt_cql_parse (tt_schema_achievement (), query, text.size, &cql, &error) == TT_OK
                    && ingest_run_search (run, snapshot, cql, &wish, &result, &error) == TT_OK;
        int64_t spent = processor_us () - began;
        failed += !good;
        tt_cql_free (&cql);
        if (!good)
            continue;
        total += (double)result->total;
        skipped += (double)result->skipped;
        windows += (double)result->windows;
        all.times[all.count++] = spent;
        kinds[kind].times[kinds[kind].count++] = spent;
    }
    printf ("figure search.%smatches %.0f records\n", how->name, total / (double)queries);
    printf ("figure search.%sskipped %.1f %%\n", how->name, windows > 0 ? 100 * skipped / windows : 0);
    printf ("figure search.%srefused %zu queries\n", how->name, failed);
    tell (how->name, &all);
    for (size_t k = 0; k < KINDS; k++) {
        char name[64];
        snprintf (name, sizeof name, "%s%s.", how->name, query_kind_names[k]);
        tell (name, &kinds[k]);
        free (kinds[k].times);
    }
    free (all.times);
    ingest_run_destroy (&run);
    tt_arena_destroy (&arena);
    tt_buffer_free (&text);
}

int
main (int argc, char **argv)
{
    static const style styles[] = { { "", INGEST_BY_RELEVANCE, 0, false },
                                    { "counted.", INGEST_BY_RELEVANCE, 0, true },
                                    { "faceted.", INGEST_BY_RELEVANCE, (1U << INGEST_FACETS) - 1, false },
                                    { "by_date.", INGEST_BY_DATE, 0, false } };
    uint64_t records = argc > 1 ? strtoull (argv[1], NULL, 10) : 1000000;
    size_t queries = argc > 2 ? strtoull (argv[2], NULL, 10) : 1000;
    generated_world world = { .seed = 20, .words = 200000, .characters = 3500, .length = 80 };
    tt_error error = { 0 };
    if (records == 0 || queries == 0 || tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "usage: bench_search [RECORDS] [QUERIES] %s\n", error.message);
        return 2;
    }
    ingest_index *index = ingest_index_new ();
    build (index, &world, records);
    ingest_snapshot *snapshot = ingest_index_take (index);
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        ask_all (snapshot, &world, records, queries, &styles[i]);
    revise (index, &world, records);
    ingest_snapshot_leave (&snapshot);
    ingest_index_destroy (&index);
    return 0;
}
