/* Publications of the own journal -> matched against all watches -> alerts committed. One thread; replicas share the journal by
 * the consumer group "matcher". Not for commands. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "commands.h"
#include "index_copy.h"
#include "matcher.h"
#include "wire/envelope.h"

#define COMMIT_MAX 256 /* alerts in one store batch: a commit blocks the server while it runs */
#define ENTRIES_MAX 128
#define TICK_MS 1000
#define ARENA_MAX ((size_t)8 << 20) /* bytes of alerts that wait */
#define PUBLISHED "techtransfer.patent.v1.PatentPublished"

typedef struct {
    const alert_service *service;
    alert_index_copy *copy;
    alert_view *view;
    tt_arena *arena; /* of the alerts that wait for their commit */
    tt_batch *batch;
    tt_txn *waiting[COMMIT_MAX];
    size_t waiting_count;
} matcher;

/* -- commit -- */

static void
begin_batch (matcher *m)
{
    tt_batch_begin (m->batch, tt_clock_unix_ms ());
    m->waiting_count = 0;
}

static tt_status
commit (matcher *m, tt_error *error)
{
    tt_status status = m->waiting_count > 0 ? tt_batch_run (m->batch, error) : TT_OK;
    for (size_t i = 0; i < m->waiting_count && status == TT_OK; i++) {
        tt_outcome outcome = tt_txn_outcome (m->waiting[i]);
        if (outcome.status != TT_OK)
            status = tt_fail (error, outcome.status, "an alert could not be committed: %s", outcome.message);
        else
            alert_count (m->service, ALERT_COUNT_ALERTS, outcome.reply.size > 0 ? ALERT_EFFECT_RAISED : ALERT_EFFECT_KNOWN, 1);
    }
    begin_batch (m);
    return status;
}

/* The alert and what it points to live in the arena until the commit. */
static tt_status
raise_alert (matcher *m, const Alert *alert, const char *traceparent, tt_error *error)
{
    tt_status status = m->waiting_count == COMMIT_MAX ? commit (m, error) : TT_OK;
    if (status != TT_OK)
        return status;
    tt_txn_spec spec = { .handle = alert_raise, .request = alert, .traceparent = traceparent };
    m->waiting[m->waiting_count++] = tt_batch_add (m->batch, &spec);
    return TT_OK;
}

/* -- matching -- */

/* Title and date are the document's own, which is freed before the commit. */
static void
own_texts (matcher *m, Alert **alerts, size_t count)
{
    if (count == 0)
        return;
    char *title = tt_arena_strndup (m->arena, alerts[0]->title, strlen (alerts[0]->title));
    char *date = tt_arena_strndup (m->arena, alerts[0]->publication_date, strlen (alerts[0]->publication_date));
    for (size_t i = 0; i < count; i++) {
        alerts[i]->title = title;
        alerts[i]->publication_date = date;
    }
}

static tt_status
match_document (matcher *m, const PatentDocument *document, int64_t published_unix_ms, tt_bytes traceparent, tt_error *error)
{
    int64_t start_us = tt_clock_monotonic_us ();
    size_t count = 0, skipped = 0;
    Alert **alerts = alert_match_publication (alert_index_copy_index (m->copy), m->view, document, published_unix_ms, m->arena,
                                              &count, &skipped);
    own_texts (m, alerts, count);
    if (m->service->counters)
        tt_count_latency (m->service->counters, ALERT_COUNT_MATCH_TIME, 0, tt_clock_monotonic_us () - start_us);
    alert_count (m->service, ALERT_COUNT_SKIPPED_VALUES, 0, (int64_t)skipped);
    char *trace = tt_arena_strndup (m->arena, (const char *)traceparent.data, traceparent.size);
    tt_status status = TT_OK;
    for (size_t i = 0; i < count && status == TT_OK; i++)
        status = raise_alert (m, alerts[i], trace, error);
    return status;
}

/* An entry that cannot be read now never can: it is counted, told and passed over, so that it does not stop all others. */
static void
pass_over (matcher *m, const tt_entry *entry)
{
    char place[64];
    snprintf (place, sizeof place, "partition %u sequence %llu", entry->partition, (unsigned long long)entry->sequence);
    tt_log (TT_LOG_ERROR, "journal entry cannot be read", "place", place, NULL);
    alert_count (m->service, ALERT_COUNT_UNREADABLE, 0, 1);
}

/* 0 if it cannot be read. */
static int64_t
time_of (const tt_event_header *header)
{
    char text[TT_TIME_TEXT_SIZE];
    int64_t unix_ms = 0;
    snprintf (text, sizeof text, "%.*s", (int)header->time.size, (const char *)header->time.data);
    return tt_time_parse (text, &unix_ms) == TT_OK ? unix_ms : 0;
}

static tt_status
match_entry (matcher *m, const tt_entry *entry, tt_error *error)
{
    tt_event_header header;
    if (tt_event_header_decode (entry->header, &header, NULL) != TT_OK) {
        pass_over (m, entry);
        return TT_OK;
    }
    if (!tt_bytes_equal (header.type, tt_bytes_of_text (PUBLISHED)))
        return TT_OK;
    Techtransfer__Patent__V1__PatentPublished *event
        = techtransfer__patent__v1__patent_published__unpack (NULL, entry->body.size, entry->body.data);
    tt_status status = TT_OK;
    if (event && event->document && event->document->publication)
        status = match_document (m, event->document, time_of (&header), header.traceparent, error);
    else
        pass_over (m, entry);
    if (event)
        techtransfer__patent__v1__patent_published__free_unpacked (event, NULL);
    return status;
}

static int64_t
publications (const tt_entry *entries, size_t count)
{
    int64_t found = 0;
    tt_event_header header;
    for (size_t i = 0; i < count; i++)
        found += tt_event_header_decode (entries[i].header, &header, NULL) == TT_OK
                 && tt_bytes_equal (header.type, tt_bytes_of_text (PUBLISHED));
    return found;
}

/* -- operations -- */

static void
show_index (matcher *m)
{
    if (m->service->counters == NULL)
        return;
    alert_watch_index *index = alert_index_copy_index (m->copy);
    tt_percolator_counts counts = alert_watch_index_counts (index);
    tt_count_set (m->service->counters, ALERT_COUNT_WATCHES, 0, (int64_t)alert_watch_index_size (index));
    tt_count_set (m->service->counters, ALERT_COUNT_SCANNED_WATCHES, 0, (int64_t)counts.scanned);
    tt_count_set (m->service->counters, ALERT_COUNT_CANDIDATES, 0, (int64_t)counts.candidates);
    tt_count_set (m->service->counters, ALERT_COUNT_INDEX_BYTES, 0, (int64_t)counts.bytes);
}

static void
close_matcher (void **state)
{
    matcher *m = *state;
    if (m == NULL)
        return;
    alert_index_copy_close (&m->copy);
    alert_view_destroy (&m->view);
    tt_arena_destroy (&m->arena);
    free (m);
    *state = NULL;
}

static tt_status
open_matcher (tt_processor *processor, void *service, void **state, tt_error *error)
{
    matcher *m = tt_alloc_zero (1, sizeof *m);
    m->service = service;
    m->batch = tt_processor_batch (processor);
    m->view = alert_view_new ();
    m->arena = tt_arena_new (0);
    tt_status status = alert_index_copy_open (&m->copy, tt_processor_store (processor), service, error);
    *state = m;
    if (status == TT_OK)
        show_index (m);
    else
        close_matcher (state);
    return status;
}

/* The entries are in hand before the heads of the logs are asked for: see README.md, "Why no watch is missed". */
static tt_status
work (tt_processor *processor, void *state, const tt_entry *entries, size_t count, tt_error *error)
{
    (void)processor;
    matcher *m = state;
    tt_status status = alert_index_copy_catch_up (m->copy, error);
    tt_arena_reset (m->arena);
    begin_batch (m);
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        status = match_entry (m, &entries[i], error);
        if (status != TT_OK || tt_arena_used (m->arena) < ARENA_MAX)
            continue;
        status = commit (m, error);
        tt_arena_reset (m->arena);
    }
    if (status == TT_OK)
        status = commit (m, error);
    if (status == TT_OK)
        alert_count (m->service, ALERT_COUNT_MATCHED, 0, publications (entries, count));
    show_index (m);
    return status;
}

/* Keeps the copy close to the logs while no document comes, so that the next one need not wait. */
static tt_status
tick (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error)
{
    (void)processor;
    (void)now_unix_ms;
    matcher *m = state;
    tt_status status = alert_index_copy_catch_up (m->copy, error);
    show_index (m);
    return status;
}

const tt_processor_ops alert_processor = {
    .group = "matcher",
    .batch = ENTRIES_MAX,
    .open = open_matcher,
    .close = close_matcher,
    .work = work,
    .tick = tick,
    .tick_ms = TICK_MS,
};
