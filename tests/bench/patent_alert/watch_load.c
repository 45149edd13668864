/* How long a replica of patent-alertd takes to have all watches from Redis in its index, and how fast the index is right after
 * it, alone and by a crew. On a private redis-server. Prints figures. Usage: bench_watch_load [watches], by default 1000000. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "bench/query/mix.h"
#include "index_copy.h"
#include "store/txn.h"
#include "support/private_redis.h"
#include "watch.h"

#define COMMON_WORD 100 /* as bench_percolate */
#define BATCH 500
#define OWNERS 20000
#define PARTITIONS 8
#define DOCUMENTS 2000

/* By the clock, and by the processor: all threads of this process, without Redis. */
typedef struct {
    double clock, processor;
} moment;

static moment
now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
    return (moment){ (double)tt_clock_monotonic_us () / 1e6, (double)t.tv_sec + (double)t.tv_nsec / 1e9 };
}

static moment
since (moment start)
{
    moment end = now ();
    return (moment){ end.clock - start.clock, end.processor - start.processor };
}

static void
end_if (bool failed, const char *what, const tt_error *error)
{
    if (!failed)
        return;
    fprintf (stderr, "%s: %s\n", what, error->message);
    exit (1);
}

static tt_store *
open_store (const private_redis *redis)
{
    tt_store *store = NULL;
    tt_error error = { 0 };
    tt_store_options options
        = { .endpoints = redis->endpoint, .service = "patent", .partitions = PARTITIONS, .timeout_ms = 60000 };
    end_if (tt_store_open (&store, &options, &error) != TT_OK || tt_store_prepare (store, &error) != TT_OK, "redis", &error);
    return store;
}

/* The row of a watch as PutWatch leaves it, without its event. */
static void
put_row (tt_txn *txn, const void *request, void *service)
{
    const Watch *watch = request;
    tt_buffer key = { 0 };
    tt_buffer value = { 0 };
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (watch->owner));
    alert_watch_key (watch->owner, watch->watch_id, &key);
    value.size = techtransfer__patent__v1__watch__pack (
        watch, tt_buffer_reserve (&value, techtransfer__patent__v1__watch__get_packed_size (watch)));
    tt_txn_put_blind (txn, ALERT_TABLE_WATCHES, (tt_bytes){ key.data, key.size }, (tt_bytes){ value.data, value.size });
    tt_buffer_free (&key);
    tt_buffer_free (&value);
}

typedef struct {
    char owner[24], id[24], query[512];
    Watch watch;
} row;

static void
make_row (mix *m, row *r, size_t i)
{
    mix_watch (m, r->query, sizeof r->query);
    snprintf (r->owner, sizeof r->owner, "ent-%zu", i % OWNERS);
    snprintf (r->id, sizeof r->id, "w-%zu", i / OWNERS);
    techtransfer__patent__v1__watch__init (&r->watch);
    r->watch.owner = r->owner;
    r->watch.watch_id = r->id;
    r->watch.query = r->query;
    r->watch.severity = TECHTRANSFER__PATENT__V1__SEVERITY__INFO;
    r->watch.revision = 1;
    r->watch.created_unix_ms = r->watch.since_unix_ms = 1;
}

static void
fill_redis (tt_store *store, mix *m, size_t watches)
{
    static row rows[BATCH];
    tt_batch *batch = tt_batch_new (store, "patent.proto");
    tt_error error = { 0 };
    for (size_t i = 0; i < watches;) {
        tt_batch_begin (batch, 1);
        for (size_t k = 0; k < BATCH && i < watches; k++, i++) {
            make_row (m, &rows[k], i);
            tt_batch_add (batch, &(tt_txn_spec){ .handle = put_row, .request = &rows[k].watch });
        }
        end_if (tt_batch_run (batch, &error) != TT_OK, "fill", &error);
    }
    tt_batch_destroy (&batch);
}

static void
match_documents (alert_watch_index *index, const corpus *c, const char *when, unsigned threads)
{
    tt_document *d = tt_document_new (tt_schema_patent ());
    const alert_watch_entry *const *entries = NULL;
    moment start = now ();
    for (size_t i = 0; i < DOCUMENTS; i++) {
        corpus_fill (c, i, d);
        (void)alert_watch_index_match (index, d, &entries);
    }
    moment took = since (start);
    printf ("figure watch_load.docs_per_s_%s.%u_threads %.0f docs/s\n", when, threads, DOCUMENTS / took.clock);
    printf ("figure watch_load.document_processor_us_%s.%u_threads %.1f us\n", when, threads, took.processor / DOCUMENTS * 1e6);
    tt_document_destroy (&d);
}

static void
measure (tt_store *store, const corpus *c, unsigned threads)
{
    alert_service service = { .match_threads = threads };
    alert_index_copy *copy = NULL;
    tt_error error = { 0 };
    moment start = now ();
    end_if (alert_index_copy_open (&copy, store, &service, &error) != TT_OK, "load", &error);
    moment took = since (start);
    printf ("figure watch_load.seconds.%u_threads %.2f s\n", threads, took.clock);
    printf ("figure watch_load.processor_seconds.%u_threads %.2f s\n", threads, took.processor);
    match_documents (alert_index_copy_index (copy), c, "at_first", threads);
    match_documents (alert_index_copy_index (copy), c, "then", threads);
    fflush (stdout);
    alert_index_copy_close (&copy);
}

int
main (int argc, char **argv)
{
    static corpus c;
    size_t watches = argc > 1 ? strtoul (argv[1], NULL, 10) : 1000000;
    private_redis redis;
    tt_error error = { 0 };
    end_if (tt_text_open (&error) != TT_OK, "text", &error);
    corpus_load (&c);
    private_redis_open (&redis);
    tt_store *store = open_store (&redis);
    mix m = { .corpus = &c, .random = 7, .most = COMMON_WORD };
    fill_redis (store, &m, watches);
    printf ("figure watch_load.watches %zu watches\n", watches);
    measure (store, &c, 1);
    measure (store, &c, 2);
    tt_store_close (&store);
    private_redis_close (&redis);
    corpus_free (&c);
    return 0;
}
