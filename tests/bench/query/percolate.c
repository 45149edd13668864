/* The standing-query index on one thread, with watches made of real documents. Prints figures; no pass or fail. Rates are by the
 * time that the thread had the processor, so that what else the machine does takes nothing away but cache; times of one document
 * by the clock. Usage: bench_percolate [watches...], by default 10000 100000 1000000 and, as "selective", 1000000 of which next
 * to none match. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "bench/query/mix.h"
#include "query/percolator.h"

#define LEAST_SECONDS 4
#define MOST_TIMES 2000000
#define COMMON_WORD                                                                                                              \
    100 /* a word of a watch stands in at most so many of the documents; so a document matches 0.3 % of the watches */
#define RARE_WORD 25
#define CHANGED_WITH_A_DOCUMENT 50

/* The texts of all watches, so that making them is no part of what is measured. */
typedef struct {
    tt_buffer texts;
    size_t *starts; /* of each, and the end */
    size_t count;
} watch_list;

typedef struct {
    const corpus *corpus;
    const char *name; /* "10k" */
    watch_list watches;
    tt_percolator *percolator;
    tt_document *document;
    uint32_t *times; /* of each document in the last run: ns */
    size_t time_count;
} bench;

static void
make_watches (watch_list *list, mix *m, size_t count)
{
    char query[512];
    list->starts = tt_alloc ((count + 1) * sizeof *list->starts);
    for (list->count = 0; list->count < count; list->count++) {
        list->starts[list->count] = list->texts.size;
        mix_watch (m, query, sizeof query);
        tt_buffer_text (&list->texts, query);
    }
    list->starts[count] = list->texts.size;
}

static void
figure (const bench *b, const char *what, double value, int digits, const char *unit)
{
    printf ("figure percolate.%s.%s %.*f %s\n", what, b->name, digits, value, unit);
    fflush (stdout);
}

static void
put (bench *b, size_t id, size_t text)
{
    tt_error error = { 0 };
    const char *query = (const char *)b->watches.texts.data + b->watches.starts[text];
    size_t size = b->watches.starts[text + 1] - b->watches.starts[text];
    if (tt_percolator_put (b->percolator, id, query, size, NULL, &error) != TT_OK)
        fprintf (stderr, "%.*s: %s\n", (int)size, query, error.message);
}

static int64_t
ns_of (clockid_t clock)
{
    struct timespec t;
    clock_gettime (clock, &t);
    return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static double
worked (void) /* seconds */
{
    return (double)ns_of (CLOCK_THREAD_CPUTIME_ID) / 1e9;
}

static size_t
match_one (bench *b, size_t i)
{
    const uint64_t *ids = NULL;
    corpus_fill (b->corpus, i % b->corpus->count, b->document);
    return tt_percolator_match (b->percolator, b->document, &ids);
}

/* Documents for at least so many seconds, with so many watches replaced in between. */
typedef struct {
    uint64_t documents, matches, changes;
    double seconds;
} result;

static void
note_time (bench *b, int64_t ns)
{
    if (b->time_count < MOST_TIMES)
        b->times[b->time_count++] = (uint32_t)(ns > UINT32_MAX ? UINT32_MAX : ns);
}

static result
run (bench *b, double least, size_t changes)
{
    result r = { 0 };
    b->time_count = 0;
    uint64_t next = 0;
    double start = worked ();
    for (; r.seconds < least; r.seconds = worked () - start) {
        for (size_t i = 0; i < 64; i++, r.documents++) {
            int64_t before = ns_of (CLOCK_MONOTONIC);
            r.matches += match_one (b, r.documents);
            note_time (b, ns_of (CLOCK_MONOTONIC) - before);
            for (size_t k = 0; k < changes; k++, next++, r.changes++)
                put (b, next * 7919 % b->watches.count, next * 104729 % b->watches.count);
        }
    }
    return r;
}

static int
compare_times (const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void
show_times (bench *b)
{
    qsort (b->times, b->time_count, sizeof *b->times, compare_times);
    figure (b, "document_p50_us", b->times[b->time_count / 2] / 1e3, 1, "us");
    figure (b, "document_p99_us", b->times[b->time_count * 99 / 100] / 1e3, 1, "us");
    figure (b, "document_max_us", b->times[b->time_count - 1] / 1e3, 1, "us");
}

static void
show_matching (bench *b)
{
    tt_percolator_counts before = tt_percolator_count (b->percolator);
    result r = run (b, LEAST_SECONDS, 0);
    tt_percolator_counts after = tt_percolator_count (b->percolator);
    double documents = (double)r.documents;
    figure (b, "docs_per_s", documents / r.seconds, 0, "docs/s");
    figure (b, "candidates_per_doc", (double)(after.candidates - before.candidates) / documents, 1, "queries");
    figure (b, "evaluated_per_doc", (double)(after.evaluated - before.evaluated) / documents, 1, "queries");
    figure (b, "matches_per_doc", (double)r.matches / documents, 2, "queries");
    figure (b, "matches_percent", 100 * (double)r.matches / documents / (double)b->watches.count, 4, "%");
    show_times (b);
}

/* What the allocator handed out, its own bookkeeping included. */
static double
bytes_allocated (void)
{
    struct mallinfo2 info = mallinfo2 ();
    return (double)(info.uordblks + info.hblkhd);
}

static void
measure (const corpus *c, size_t watches, bool selective)
{
    char name[32];
    snprintf (name, sizeof name, watches % 1000000 ? "%zuk" : "%zum", watches % 1000000 ? watches / 1000 : watches / 1000000);
    if (selective)
        strcat (name, ".selective");
    bench b = { .corpus = c, .name = name, .document = tt_document_new (tt_schema_patent ()) };
    mix m = { .corpus = c, .random = 7, .most = selective ? RARE_WORD : COMMON_WORD, .selective = selective };
    make_watches (&b.watches, &m, watches);
    b.times = tt_alloc_zero (MOST_TIMES, sizeof *b.times);
    corpus_fill (c, 0, b.document); /* its memory is none of the index */
    double before = bytes_allocated ();
    b.percolator = tt_percolator_new (tt_schema_patent ());
    for (size_t i = 0; i < c->count; i++) /* what is rare is known, as in a daemon that has run for a while */
        match_one (&b, i);
    double start = worked ();
    for (size_t i = 0; i < watches; i++)
        put (&b, i, i);
    figure (&b, "puts_per_s", (double)watches / (worked () - start), 0, "watches/s");
    show_matching (&b);
    figure (&b, "bytes_per_watch", (double)tt_percolator_count (b.percolator).bytes / (double)watches, 1, "bytes");
    figure (&b, "bytes_allocated_per_watch", (bytes_allocated () - before) / (double)watches, 1, "bytes");
    figure (&b, "text_bytes_per_watch", (double)b.watches.texts.size / (double)watches, 1, "bytes");
    result changing = run (&b, LEAST_SECONDS, CHANGED_WITH_A_DOCUMENT);
    figure (&b, "updates_per_s_while_matching", (double)changing.changes / changing.seconds, 0, "watches/s");
    figure (&b, "docs_per_s_while_updating", (double)changing.documents / changing.seconds, 0, "docs/s");
    tt_document_destroy (&b.document);
    tt_percolator_destroy (&b.percolator);
    tt_buffer_free (&b.watches.texts);
    free (b.watches.starts);
    free (b.times);
}

/* Reading alone: what a document costs before any query is asked. */
static void
measure_reading (const corpus *c)
{
    tt_document *d = tt_document_new (tt_schema_patent ());
    uint64_t documents = 0;
    uint64_t words = 0;
    for (size_t i = 0; i < c->count; i++)
        words += c->documents[i].word_count - 2;
    double start = worked ();
    while (worked () - start < 1)
        for (size_t i = 0; i < c->count; i++, documents++)
            corpus_fill (c, i, d);
    printf ("figure percolate.words_per_doc %.1f words\n", (double)words / (double)c->count);
    printf ("figure percolate.reading_us %.2f us\n", (worked () - start) * 1e6 / (double)documents);
    tt_document_destroy (&d);
}

int
main (int argc, char **argv)
{
    static corpus c;
    tt_error error = { 0 };
    if (tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        return 1;
    }
    corpus_load (&c);
    measure_reading (&c);
    if (argc < 2) {
        measure (&c, 10000, false);
        measure (&c, 100000, false);
        measure (&c, 1000000, false);
        measure (&c, 1000000, true);
    }
    for (int i = 1; i < argc; i++)
        measure (&c, strcmp (argv[i], "selective") ? strtoul (argv[i], NULL, 10) : 1000000, strcmp (argv[i], "selective") == 0);
    corpus_free (&c);
    return 0;
}
