#include "atlas.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "map_jobs.h"
#include "rows.h"
#include "store/reader.h"
#include "surges.h"
#include "sweep.h"
#include "wire/envelope.h"

#define FOLLOW_MS 500        /* at rest it looks at the journals so often */
#define RETRY_MS 1000        /* after the store was away */
#define CHANGED_MAX 4096     /* documents that are read again together */
#define READ_MAX 256         /* of them in one round trip */
#define PAGE 64              /* entries of a journal in memory: each holds a whole document */
#define PORTION_MS 50        /* of work on one map, then the journals are looked at again */
#define PORTION_PLACES 20000 /* looked at between two looks at the clock */
#define SELECTIONS_MAX 8

typedef struct {
    char *query; /* NULL: free */
    alert_selection *selection;
    uint64_t used;
} kept;

struct alert_atlas {
    alert_atlas_options options;
    pthread_t thread;
    pthread_mutex_t mutex; /* of stop, away and woken */
    pthread_cond_t wake;
    bool stop, away, woken;
    alert_map_jobs *jobs;
    /* the thread's own */
    tt_store *store;
    tt_batch *batch;
    tt_reader *journal;
    tt_arena *arena;
    alert_columns *columns; /* NULL: not loaded */
    alert_view *view;
    uint32_t partition; /* that is visited */
    alert_row_place *changed;
    size_t changed_count;
    kept selections[SELECTIONS_MAX];
    uint64_t uses;
    alert_sweep sweep;
    alert_surges *surges;
};

/* -- shared with other threads -- */

static bool
is_stopping (alert_atlas *a)
{
    pthread_mutex_lock (&a->mutex);
    bool stop = a->stop;
    pthread_mutex_unlock (&a->mutex);
    return stop;
}

static void
wait_ms (alert_atlas *a, int64_t ms)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock (&a->mutex);
    if (!a->stop && !a->woken)
        pthread_cond_timedwait (&a->wake, &a->mutex, &until);
    a->woken = false;
    pthread_mutex_unlock (&a->mutex);
}

static void
show_state (alert_atlas *a, bool away)
{
    pthread_mutex_lock (&a->mutex);
    a->away = away;
    pthread_mutex_unlock (&a->mutex);
    if (a->options.service->counters == NULL || a->columns == NULL)
        return;
    size_t bytes = alert_columns_bytes (a->columns);
    for (size_t i = 0; i < SELECTIONS_MAX; i++)
        bytes += a->selections[i].query ? alert_selection_bytes (a->selections[i].selection) : 0;
    tt_count_set (a->options.service->counters, ALERT_COUNT_MAP_DOCUMENTS, 0, (int64_t)alert_columns_size (a->columns));
    tt_count_set (a->options.service->counters, ALERT_COUNT_MAP_BYTES, 0, (int64_t)bytes);
}

static void
unreadable (alert_atlas *a, const char *id)
{
    alert_count (a->options.service, ALERT_COUNT_UNREADABLE, 0, 1);
    tt_log (TT_LOG_ERROR, "stored document cannot be read and is on no map", "document", id, NULL);
}

/* -- loading and following -- */

static void
put_row (alert_atlas *a, uint32_t partition, const char *id, tt_bytes value)
{
    int32_t arrived = ALERT_NO_DAY;
    PatentDocument *document = alert_archive_unpack (value, &arrived);
    if (document && document->publication)
        alert_columns_put (a->columns, partition, id, document, arrived);
    else
        unreadable (a, id);
    if (document)
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
}

static bool
visit_row (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)version;
    alert_atlas *a = context;
    char *id = tt_strndup ((const char *)key.data, key.size);
    put_row (a, a->partition, id, value);
    free (id);
    return alert_columns_size (a->columns) % 256 != 0 || !is_stopping (a);
}

static void
forget_changed (alert_atlas *a)
{
    for (size_t i = 0; i < a->changed_count; i++)
        free (a->changed[i].id);
    a->changed_count = 0;
}

static void
forget_selections (alert_atlas *a)
{
    for (size_t i = 0; i < SELECTIONS_MAX; i++) {
        free (a->selections[i].query);
        a->selections[i].query = NULL;
        alert_selection_close (&a->selections[i].selection);
    }
}

/* The ends of the journals first: what changes during the visit is named behind them, and read again. */
static tt_status
load (alert_atlas *a, tt_error *error)
{
    forget_selections (a);
    forget_changed (a);
    alert_columns_destroy (&a->columns);
    a->sweep.place = 0;
    tt_status status = tt_store_prepare (a->store, error);
    if (status == TT_OK)
        status = tt_reader_start (a->journal, error);
    if (status != TT_OK)
        return status;
    a->columns = alert_columns_new ();
    for (a->partition = 0; a->partition < tt_store_partitions (a->store) && status == TT_OK; a->partition++)
        status = tt_table_visit (a->store, a->partition, ALERT_TABLE_DOCUMENTS, visit_row, a, error);
    if (status == TT_OK)
        alert_count (a->options.service, ALERT_COUNT_MAP_LOADS, 0, 1);
    else
        alert_columns_destroy (&a->columns);
    alert_surges_loaded (a->surges, tt_clock_unix_ms ());
    return status;
}

static void
note_changed (alert_atlas *a, uint32_t partition, tt_bytes id)
{
    a->changed[a->changed_count++] = (alert_row_place){ partition, tt_strndup ((const char *)id.data, id.size) };
}

static void
note_removed (alert_atlas *a, const tt_entry *entry)
{
    Techtransfer__Patent__V1__PatentsRemoved *event
        = techtransfer__patent__v1__patents_removed__unpack (NULL, entry->body.size, entry->body.data);
    for (size_t i = 0; event && i < event->n_document_ids && i < ALERT_REMOVAL_MAX; i++)
        note_changed (a, entry->partition, alert_text (event->document_ids[i]));
    if (event)
        techtransfer__patent__v1__patents_removed__free_unpacked (event, NULL);
}

/* An event says which document changed; what it is now, its row says. So order and repetition do not matter. */
static tt_status
take_entry (void *context, const tt_entry *entry, tt_error *error)
{
    alert_atlas *a = context;
    tt_event_header header;
    if (a->changed_count + ALERT_REMOVAL_MAX > CHANGED_MAX)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "more changes than are read at once");
    if (tt_event_header_decode (entry->header, &header, NULL) != TT_OK)
        return TT_OK; /* the matcher counts it */
    if (tt_bytes_equal (header.type, alert_text ("techtransfer.patent.v1.PatentsRemoved")))
        note_removed (a, entry);
    else if (tt_bytes_equal (header.type, alert_text ("techtransfer.patent.v1.PatentPublished"))
             || tt_bytes_equal (header.type, alert_text ("techtransfer.patent.v1.PatentWithdrawn")))
        note_changed (a, entry->partition, header.subject);
    return TT_OK;
}

static tt_status
read_changed (alert_atlas *a, tt_error *error)
{
    const tt_row *rows[READ_MAX];
    tt_status status = TT_OK;
    for (size_t from = 0; from < a->changed_count && status == TT_OK; from += READ_MAX) {
        size_t count = a->changed_count - from < READ_MAX ? a->changed_count - from : READ_MAX;
        status = alert_rows_fetch (a->store, a->batch, a->arena, a->changed + from, count, rows, error);
        for (size_t i = 0; i < count && status == TT_OK; i++) {
            const alert_row_place *w = &a->changed[from + i];
            if (rows[i]->present)
                put_row (a, w->partition, w->id, rows[i]->value);
            else
                (void)alert_columns_remove (a->columns, w->partition, w->id);
        }
        tt_arena_reset (a->arena);
    }
    if (status == TT_OK && a->changed_count > 0)
        alert_surges_changed (a->surges, tt_clock_unix_ms ());
    if (status == TT_OK)
        forget_changed (a);
    return status;
}

static tt_status
catch_up (alert_atlas *a, tt_error *error)
{
    tt_status status = TT_OK;
    bool more = true;
    if (a->columns == NULL || alert_columns_wasteful (a->columns))
        status = load (a, error);
    while (status == TT_OK && more && !is_stopping (a)) {
        status = tt_reader_catch_up (a->journal, take_entry, a, error);
        more = status == TT_RESOURCE_EXHAUSTED;
        if (more || status == TT_OK)
            status = read_changed (a, error);
    }
    if (status == TT_OUT_OF_RANGE || status == TT_DATA_LOSS) {
        tt_log (TT_LOG_WARNING, "documents are loaded anew for maps", "reason", error->message, NULL);
        alert_columns_destroy (&a->columns);
    }
    return status;
}

/* -- maps -- */

/* The selection of a query, kept from before or begun in place of the one that was not used for longest. */
static alert_selection *
selection_of (alert_atlas *a, const char *query)
{
    tt_error error = { 0 };
    kept *oldest = &a->selections[0];
    for (size_t i = 0; i < SELECTIONS_MAX; i++) {
        kept *k = &a->selections[i];
        if (k->query && strcmp (k->query, query) == 0) {
            k->used = ++a->uses;
            return k->selection;
        }
        if (k->query == NULL ? oldest->query != NULL : oldest->query && k->used < oldest->used)
            oldest = k;
    }
    free (oldest->query);
    oldest->query = NULL;
    alert_selection_close (&oldest->selection);
    if (alert_selection_open (&oldest->selection, query, &error) != TT_OK)
        return NULL; /* the command has checked it: cannot happen */
    oldest->query = tt_strdup (query);
    oldest->used = ++a->uses;
    return oldest->selection;
}

/* Asks the documents that columns could not decide. */
static tt_status
answer (alert_atlas *a, alert_selection *selection, const size_t *asked, size_t count, tt_error *error)
{
    alert_row_place list[READ_MAX];
    const tt_row *rows[READ_MAX];
    alert_place place;
    for (size_t i = 0; i < count; i++) {
        (void)alert_columns_at (a->columns, asked[i], &place);
        list[i] = (alert_row_place){ place.partition, (char *)place.id };
    }
    tt_status status = count > 0 ? alert_rows_fetch (a->store, a->batch, a->arena, list, count, rows, error) : TT_OK;
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        PatentDocument *document = rows[i]->present ? alert_archive_unpack (rows[i]->value, NULL) : NULL;
        alert_selection_answer (selection, asked[i], document && document->publication ? document : NULL, a->view);
        if (document)
            techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
    }
    tt_arena_reset (a->arena);
    alert_count (a->options.service, ALERT_COUNT_MAP_READ, 0, (int64_t)count);
    return status;
}

/* A portion of work on the query's documents. */
static tt_status
select_portion (alert_atlas *a, alert_selection *selection, tt_error *error)
{
    size_t asked[READ_MAX];
    int64_t until = tt_clock_monotonic_us () + PORTION_MS * 1000;
    tt_status status = TT_OK;
    while (status == TT_OK && !alert_selection_done (selection, a->columns) && tt_clock_monotonic_us () < until) {
        size_t count = alert_selection_step (selection, a->columns, PORTION_PLACES, asked, READ_MAX);
        status = answer (a, selection, asked, count, error);
    }
    return status;
}

static void
tell_progress (alert_atlas *a, uint64_t ticket, const alert_selection *selection)
{
    MapReply reply = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REPLY__INIT;
    reply.documents = alert_columns_size (a->columns);
    reply.examined = alert_selection_examined (selection);
    reply.examined = reply.examined < reply.documents ? reply.examined : reply.documents;
    reply.matched = alert_selection_hits (selection);
    alert_map_jobs_tell (a->jobs, ticket, &reply, tt_clock_unix_ms ());
}

static tt_status
work_on (alert_atlas *a, uint64_t ticket, const MapRequest *request, tt_error *error)
{
    alert_selection *selection = request->query[0] ? selection_of (a, request->query) : NULL;
    tt_status status = selection ? select_portion (a, selection, error) : TT_OK;
    if (status != TT_OK) {
        forget_selections (a); /* one of them waits for an answer that did not come */
        return status;
    }
    if (selection && !alert_selection_done (selection, a->columns)) {
        tell_progress (a, ticket, selection);
        return TT_OK;
    }
    int64_t start_us = tt_clock_monotonic_us ();
    MapReply *reply = alert_landscape (a->columns, selection, request, a->arena);
    alert_map_jobs_tell (a->jobs, ticket, reply, tt_clock_unix_ms ());
    tt_arena_reset (a->arena);
    alert_count (a->options.service, ALERT_COUNT_MAPS, 0, 1);
    if (a->options.service->counters)
        tt_count_latency (a->options.service->counters, ALERT_COUNT_MAP_TIME, 0, tt_clock_monotonic_us () - start_us);
    return TT_OK;
}

/* -- the thread -- */

/* A map is begun before the journals are looked at, so it has everything that was committed before it was asked for. */
static tt_status
round_of (alert_atlas *a, bool *more, tt_error *error)
{
    uint64_t ticket = 0;
    MapRequest *request = alert_map_jobs_next (a->jobs, tt_clock_unix_ms (), &ticket);
    tt_status status = catch_up (a, error);
    *more = false;
    if (status == TT_OK && a->columns && !is_stopping (a)) {
        status = alert_sweep_step (&a->sweep, a->columns, more, error);
        if (status == TT_OK && request)
            status = work_on (a, ticket, request, error);
        if (status == TT_OK)
            alert_surges_tick (a->surges, a->columns, tt_clock_unix_ms ());
        show_state (a, false);
    }
    *more |= request != NULL;
    if (request)
        techtransfer__patent__v1__map_patents_request__free_unpacked (request, NULL);
    return status;
}

static void *
run (void *argument)
{
    alert_atlas *a = argument;
    bool away = false, more = false;
    while (!is_stopping (a)) {
        tt_error error = { 0 };
        tt_status status = round_of (a, &more, &error);
        if (status != TT_OK) {
            if (!away)
                tt_log (TT_LOG_WARNING, "maps wait for the store", "reason", error.message, NULL);
            show_state (a, true);
            wait_ms (a, RETRY_MS);
        } else if (!more) {
            wait_ms (a, FOLLOW_MS);
        }
        away = status != TT_OK;
    }
    return NULL;
}

static void
free_atlas (alert_atlas *a)
{
    forget_selections (a);
    if (a->changed)
        forget_changed (a);
    alert_columns_destroy (&a->columns);
    alert_surges_destroy (&a->surges);
    alert_view_destroy (&a->view);
    tt_reader_destroy (&a->journal);
    tt_batch_destroy (&a->batch);
    tt_store_close (&a->store);
    tt_arena_destroy (&a->arena);
    alert_map_jobs_destroy (&a->jobs);
    pthread_cond_destroy (&a->wake);
    pthread_mutex_destroy (&a->mutex);
    free (a->changed);
    free (a);
}

tt_status
alert_atlas_open (alert_atlas **out, const alert_atlas_options *options, tt_error *error)
{
    pthread_condattr_t attributes;
    alert_atlas *a = tt_alloc_zero (1, sizeof *a);
    *out = NULL;
    a->options = *options;
    pthread_mutex_init (&a->mutex, NULL);
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&a->wake, &attributes);
    pthread_condattr_destroy (&attributes);
    a->jobs = alert_map_jobs_new ();
    tt_status status = tt_store_open (&a->store, options->store, error);
    if (status != TT_OK) {
        free_atlas (a);
        return status;
    }
    a->batch = tt_batch_new (a->store, "patent.proto");
    a->journal = tt_reader_new (a->store, TT_JOURNAL_EVENTS);
    tt_reader_set_page (a->journal, PAGE);
    a->arena = tt_arena_new (0);
    a->view = alert_view_new ();
    a->sweep = (alert_sweep){ options->retention, options->service, a->store, a->batch, a->arena, 0, 0 };
    a->surges = alert_surges_new (&options->surges, options->service, a->store, a->batch);
    a->changed = tt_alloc (CHANGED_MAX * sizeof *a->changed);
    if (pthread_create (&a->thread, NULL, run, a) != 0) {
        free_atlas (a);
        return tt_fail (error, TT_INTERNAL, "no thread for maps");
    }
    *out = a;
    return TT_OK;
}

void
alert_atlas_close (alert_atlas **atlas)
{
    alert_atlas *a = *atlas;
    if (a == NULL)
        return;
    pthread_mutex_lock (&a->mutex);
    a->stop = true;
    pthread_cond_signal (&a->wake);
    pthread_mutex_unlock (&a->mutex);
    pthread_join (a->thread, NULL);
    free_atlas (a);
    *atlas = NULL;
}

tt_status
alert_atlas_ask (alert_atlas *a, const MapRequest *request, int64_t now_unix_ms, tt_buffer *reply, tt_error *error)
{
    pthread_mutex_lock (&a->mutex);
    bool away = a->away;
    pthread_mutex_unlock (&a->mutex);
    if (away)
        return tt_fail (error, TT_UNAVAILABLE, "the store cannot be reached for maps");
    tt_status status = alert_map_jobs_ask (a->jobs, request, now_unix_ms, reply, error);
    pthread_mutex_lock (&a->mutex);
    a->woken = true;
    pthread_cond_signal (&a->wake);
    pthread_mutex_unlock (&a->mutex);
    return status;
}
