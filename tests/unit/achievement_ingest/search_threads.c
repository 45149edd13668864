/* One thread changes the index, three search in it: every snapshot is one state. A program of its own, so that ThreadSanitizer
 * can watch it (Criterion cannot run under it). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "search_run.h"

#define RECORDS 400
#define ROUNDS 300
#define SEARCHERS 3

static ingest_index *records;
static atomic_bool done;
static atomic_int wrong;
static atomic_int searches;

/* Every record is always there, under one of two titles. */
static void
put (unsigned n, uint64_t revision)
{
    char id[16], title[32], *owner = id;
    snprintf (id, sizeof id, "%u", n);
    snprintf (title, sizeof title, "%s 石墨烯 n%u", revision % 2 ? "odd" : "even", n);
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    r.source = title + sizeof title - 1; /* "" */
    title[sizeof title - 1] = '\0';
    r.source_id = id;
    r.title = title;
    r.owners = &owner;
    r.n_owners = 1;
    r.revision = revision;
    ingest_index_put (records, &r);
}

static void *
search (void *argument)
{
    ingest_run *run = ingest_run_new ();
    tt_cql *cql = argument;
    while (!atomic_load (&done)) {
        ingest_search_wish wish = { .limit = 5, .count_all = true, .limits = { .expansion_words = 10, .expansion_places = 10 } };
        const ingest_search_result *result = NULL;
        tt_error error = { 0 };
        ingest_snapshot *snapshot = ingest_index_take (records);
        bool good = ingest_run_search (run, snapshot, cql, &wish, &result, &error) == TT_OK && result->total == RECORDS
                    && snapshot->records == RECORDS;
        atomic_fetch_add (&wrong, !good);
        atomic_fetch_add (&searches, 1);
        ingest_snapshot_leave (&snapshot);
    }
    ingest_run_destroy (&run);
    return NULL;
}

int
main (void)
{
    const char *query = "(ti=odd or ti=even) and 石墨烯";
    pthread_t threads[SEARCHERS];
    tt_error error = { 0 };
    tt_cql *cql = NULL;
    if (tt_text_open (&error) != TT_OK || tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        return 1;
    }
    records = ingest_index_new ();
    for (unsigned n = 0; n < RECORDS; n++)
        put (n, 1);
    ingest_index_publish (records);
    for (int i = 0; i < SEARCHERS; i++)
        if (pthread_create (&threads[i], NULL, search, cql) != 0)
            return 1;
    for (unsigned round = 0; round < ROUNDS || atomic_load (&searches) < 20; round++) {
        for (unsigned k = 0; k < 13; k++)
            put ((round * 13 + k * 7) % RECORDS, 2 + round);
        ingest_index_publish (records);
    }
    atomic_store (&done, true);
    for (int i = 0; i < SEARCHERS; i++)
        pthread_join (threads[i], NULL);
    printf ("%d searches, %d wrong\n", atomic_load (&searches), atomic_load (&wrong));
    ingest_index_destroy (&records);
    tt_cql_free (&cql);
    return atomic_load (&wrong) != 0;
}
