#include "search_copy.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "identity.h"
#include "store/reader.h"

#define TICK_MS 200 /* how often the log is looked at when nobody asks: then who asks does not wait for much */
#define LOADED_EVERY 10000

struct ingest_search_copy {
    tt_store_options store_options;
    tt_counter_set *counters;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* over all up to `index` */
    pthread_cond_t wake, done;
    uint64_t asked;  /* tickets given out */
    uint64_t tried;  /* up to here a reading was made */
    uint64_t served; /* and it succeeded */
    bool stop;
    uint64_t loading;    /* records read so far, before there is an index */
    ingest_index *index; /* what is searched; NULL until it was loaded once. The thread alone changes it */
    /* the thread's own */
    tt_store *store;
    tt_reader *log;
    ingest_index *fresh; /* while tables are read */
    int64_t began_us;
};

enum { RECORDS, DEAD, SEGMENTS, BYTES, MERGES, REBUILDS, UNREADABLE, LOAD_TIME };
static const tt_metric_row rows[] = {
    { .name = "search_records", .help = "Achievements in the search index.", .kind = TT_METRIC_GAUGE },
    { .name = "search_dead_records",
      .help = "Records of the search index that were replaced or withdrawn and still take room.",
      .kind = TT_METRIC_GAUGE },
    { .name = "search_segments", .help = "Segments of the search index.", .kind = TT_METRIC_GAUGE },
    { .name = "search_bytes", .help = "Memory of the search index.", .kind = TT_METRIC_GAUGE },
    { .name = "search_merges_total",
      .help = "Segments of the search index that were made of others.",
      .kind = TT_METRIC_COUNTER },
    { .name = "search_rebuilds_total",
      .help = "Times that the search index was read anew because the log had been cut or lost its end.",
      .kind = TT_METRIC_COUNTER },
    { .name = "search_unreadable_total",
      .help = "Stored records that could not be read and cannot be found.",
      .kind = TT_METRIC_COUNTER },
    { .name = "search_load_seconds",
      .help = "Time that reading all tables into the search index took last.",
      .kind = TT_METRIC_GAUGE },
};

/* Records */

static void
apply (ingest_index *index, const ingest_record *record, bool counts)
{
    tt_buffer key = { 0 };
    tt_buffer_printf (&key, "%s/%s", record->source, record->source_id);
    tt_bytes bytes = { key.data, key.size };
    if (ingest_index_revision (index, bytes) <= record->revision) { /* else the tables were read after this was logged */
        if (counts)
            ingest_index_put (index, record);
        else
            ingest_index_remove (index, bytes);
    }
    tt_buffer_free (&key);
}

static void
say_broken (ingest_search_copy *c)
{
    tt_count (c->counters, UNREADABLE, 0);
    tt_log (TT_LOG_ERROR, "a stored message cannot be read and cannot be found", "what", "achievement", NULL);
}

static bool
told_to_stop (ingest_search_copy *c)
{
    pthread_mutex_lock (&c->lock);
    bool stop = c->stop;
    pthread_mutex_unlock (&c->lock);
    return stop;
}

static bool
visit (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)key;
    (void)version;
    ingest_search_copy *c = context;
    ingest_row *row = techtransfer__achievement__v1__get_achievement_reply__unpack (NULL, value.size, value.data);
    if (!row || !row->achievement)
        say_broken (c);
    else if (ingest_row_counts (row))
        apply (c->fresh, row->achievement, true);
    if (row)
        techtransfer__achievement__v1__get_achievement_reply__free_unpacked (row, NULL);
    pthread_mutex_lock (&c->lock);
    c->loading++;
    pthread_mutex_unlock (&c->lock);
    return !told_to_stop (c);
}

static tt_status
apply_entry (void *context, const tt_entry *entry, tt_error *error)
{
    (void)error;
    ingest_search_copy *c = context;
    ingest_record *record = techtransfer__achievement__v1__achievement__unpack (NULL, entry->body.size, entry->body.data);
    if (record)
        apply (c->fresh ? c->fresh : c->index, record, !record->withdrawn);
    else
        say_broken (c);
    if (record)
        techtransfer__achievement__v1__achievement__free_unpacked (record, NULL);
    return TT_OK;
}

/* Keeping up */

static void
publish (ingest_search_copy *c, ingest_index *index)
{
    ingest_index_publish (index);
    ingest_index_figures f = ingest_index_measure (index);
    tt_count_set (c->counters, RECORDS, 0, (int64_t)f.records);
    tt_count_set (c->counters, DEAD, 0, (int64_t)f.dead);
    tt_count_set (c->counters, SEGMENTS, 0, (int64_t)f.segments);
    tt_count_set (c->counters, BYTES, 0, (int64_t)f.bytes);
    int64_t told = tt_count_get (c->counters, MERGES, 0);
    if ((int64_t)f.merges > told)
        tt_count_add (c->counters, MERGES, 0, (int64_t)f.merges - told);
}

/* The ends of the log first, then the tables: what changes meanwhile is in the log behind these. What was searched before is
 * searched until all is read. */
static tt_status
load (ingest_search_copy *c, tt_error *error)
{
    c->began_us = tt_clock_monotonic_us ();
    c->fresh = ingest_index_new ();
    tt_status status = tt_reader_start (c->log, error);
    for (uint32_t p = 0; p < tt_store_partitions (c->store) && status == TT_OK && !told_to_stop (c); p++)
        status = tt_table_visit (c->store, p, INGEST_TABLE_RECORD, visit, c, error);
    if (status == TT_OK)
        status = tt_reader_catch_up (c->log, apply_entry, c, error);
    if (status != TT_OK || told_to_stop (c)) {
        ingest_index_destroy (&c->fresh);
        return status;
    }
    publish (c, c->fresh);
    pthread_mutex_lock (&c->lock);
    ingest_index *old = c->index;
    c->index = c->fresh;
    c->fresh = NULL;
    pthread_mutex_unlock (&c->lock);
    ingest_index_destroy (&old);
    tt_count_set (c->counters, LOAD_TIME, 0, tt_clock_monotonic_us () - c->began_us);
    return TT_OK;
}

static tt_status
connect_store (ingest_search_copy *c, tt_error *error)
{
    if (c->store)
        return TT_OK;
    tt_status status = tt_store_open (&c->store, &c->store_options, error);
    if (status == TT_OK)
        status = tt_store_prepare (c->store, error);
    if (status != TT_OK) {
        tt_store_close (&c->store);
        return status;
    }
    c->log = tt_reader_new (c->store, INGEST_LOG_RECORDS);
    return TT_OK;
}

static tt_status
catch_up (ingest_search_copy *c, tt_error *error)
{
    tt_status status = connect_store (c, error);
    if (status != TT_OK || c->index == NULL)
        return status == TT_OK ? load (c, error) : status;
    status = tt_reader_catch_up (c->log, apply_entry, c, error);
    if (status == TT_OUT_OF_RANGE || status == TT_DATA_LOSS) {
        tt_log (TT_LOG_WARNING, "the search index is read anew", "reason", error->message, NULL);
        tt_count (c->counters, REBUILDS, 0);
        return load (c, error);
    }
    publish (c, c->index);
    return status;
}

/* The thread */

static void
wait_for_somebody (ingest_search_copy *c)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!c->stop && c->asked == c->tried)
        if (pthread_cond_timedwait (&c->wake, &c->lock, &until) != 0)
            return;
}

static void *
run (void *argument)
{
    ingest_search_copy *c = argument;
    bool told = false;
    pthread_mutex_lock (&c->lock);
    while (!c->stop) {
        uint64_t asked = c->asked;
        tt_error error = { 0 };
        pthread_mutex_unlock (&c->lock);
        tt_status status = catch_up (c, &error);
        if (status != TT_OK && !told)
            tt_log (TT_LOG_WARNING, "the search index cannot follow the store", "reason", error.message, NULL);
        told = status != TT_OK;
        pthread_mutex_lock (&c->lock);
        c->tried = asked;
        c->served = status == TT_OK ? asked : c->served;
        pthread_cond_broadcast (&c->done);
        wait_for_somebody (c);
    }
    pthread_mutex_unlock (&c->lock);
    return NULL;
}

static void
open_condition (pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (condition, &attributes);
    pthread_condattr_destroy (&attributes);
}

ingest_search_copy *
ingest_search_copy_open (const tt_store_options *store, tt_counters *counters)
{
    ingest_search_copy *c = tt_alloc_zero (1, sizeof *c);
    c->store_options = *store;
    c->counters = tt_counters_register (counters, rows, sizeof rows / sizeof *rows);
    pthread_mutex_init (&c->lock, NULL);
    open_condition (&c->wake);
    open_condition (&c->done);
    c->started = pthread_create (&c->thread, NULL, run, c) == 0;
    return c;
}

void
ingest_search_copy_close (ingest_search_copy **copy)
{
    ingest_search_copy *c = *copy;
    if (c == NULL)
        return;
    pthread_mutex_lock (&c->lock);
    c->stop = true;
    pthread_cond_broadcast (&c->wake);
    pthread_cond_broadcast (&c->done);
    pthread_mutex_unlock (&c->lock);
    if (c->started)
        pthread_join (c->thread, NULL);
    ingest_index_destroy (&c->index);
    tt_reader_destroy (&c->log);
    tt_store_close (&c->store);
    pthread_cond_destroy (&c->wake);
    pthread_cond_destroy (&c->done);
    pthread_mutex_destroy (&c->lock);
    free (c);
    *copy = NULL;
}

ingest_snapshot *
ingest_search_copy_take (ingest_search_copy *c, uint32_t wait_ms, bool *behind, uint64_t *records)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock (&c->lock);
    uint64_t ticket = ++c->asked;
    pthread_cond_signal (&c->wake);
    while (c->index && c->tried < ticket && !c->stop)
        if (pthread_cond_timedwait (&c->done, &c->lock, &until) != 0)
            break;
    *behind = c->served < ticket;
    *records = c->loading;
    ingest_snapshot *snapshot = c->index ? ingest_index_take (c->index) : NULL;
    pthread_mutex_unlock (&c->lock);
    return snapshot;
}
