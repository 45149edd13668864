/* Events of the own journal -> alerts and retractions; ticks -> digests, back-fills, due dates. One thread; replicas share the journal by the
 * consumer group "matcher". Not for commands. The order of the steps of `work` is what makes that nothing is missed: README.md. */
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "document.h"
#include "legal.h"
#include "places.h"
#include "wire/envelope.h"
#include "worker.h"

#define ENTRIES_MAX 128
#define TICK_MS 250
#define PACKAGE "techtransfer.patent.v1."

/* An entry of the journal, read. One of the four messages. */
typedef struct {
    Techtransfer__Patent__V1__PatentPublished *published;
    LegalRecord *legal;
    PatentWithdrawn *withdrawn;
    SurgeFound *surge;
    int64_t happened_unix_ms;
    const char *traceparent;
    const char *family, *id;       /* of a publication */
    alert_registration *places[2]; /* by publication, by application or NULL */
    alert_members *members;        /* or NULL */
    alert_lookup *lookup;          /* of a legal event */
    PatentDocument *document;      /* that it is about, owned; NULL: none is stored */
    alert_voidness *voidness;
    alert_voidness *gone; /* of that document, or NULL */
} subject;

typedef struct {
    alert_worker worker;
    tt_arena *arena; /* of the entries in hand */
    tt_batch *lookups; /* owned: what is looked up before, its answers live until the entries are done: w->reads serves others meanwhile */
    tt_batch *checks;  /* owned */
    subject subjects[ENTRIES_MAX];
    size_t count;
} matcher;

/* -- reading entries -- */

/* An entry that cannot be read now never can: it is counted, told and passed over, so that it does not stop all others. */
static void
pass_over (matcher *m, const tt_entry *entry)
{
    char place[64];
    snprintf (place, sizeof place, "partition %u sequence %llu", entry->partition, (unsigned long long)entry->sequence);
    tt_log (TT_LOG_ERROR, "journal entry cannot be read", "place", place, NULL);
    alert_count (m->worker.service, ALERT_COUNT_UNREADABLE, 0, 1);
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

static bool
is_type (const tt_event_header *header, const char *type)
{
    return tt_bytes_equal (header->type, tt_bytes_of_text (type));
}

static char *
keep (matcher *m, tt_buffer *text)
{
    char *copy = tt_arena_strndup (m->arena, (const char *)text->data, text->size);
    tt_buffer_free (text);
    return copy;
}

static bool
read_published (matcher *m, subject *s, tt_bytes body)
{
    tt_buffer id = { 0 }, family = { 0 };
    s->published = techtransfer__patent__v1__patent_published__unpack (NULL, body.size, body.data);
    if (s->published == NULL || s->published->document == NULL || s->published->document->publication == NULL)
        return false;
    alert_document_id (s->published->document, &id);
    alert_document_family (s->published->document, &family);
    s->id = keep (m, &id);
    s->family = keep (m, &family);
    return true;
}

static bool
read_legal (subject *s, tt_bytes body)
{
    s->legal = techtransfer__patent__v1__legal_event_recorded__unpack (NULL, body.size, body.data);
    return s->legal && s->legal->event && alert_legal_key (s->legal->event->event_id).size > 0;
}

static bool
read_withdrawn (subject *s, tt_bytes body)
{
    s->withdrawn = techtransfer__patent__v1__patent_withdrawn__unpack (NULL, body.size, body.data);
    return s->withdrawn != NULL;
}

static bool
read_surge (subject *s, tt_bytes body)
{
    s->surge = techtransfer__patent__v1__surge_found__unpack (NULL, body.size, body.data);
    return s->surge && s->surge->surge && s->surge->surge->surge_id[0];
}

static void
release (subject *s)
{
    if (s->published)
        techtransfer__patent__v1__patent_published__free_unpacked (s->published, NULL);
    if (s->legal)
        techtransfer__patent__v1__legal_event_recorded__free_unpacked (s->legal, NULL);
    if (s->withdrawn)
        techtransfer__patent__v1__patent_withdrawn__free_unpacked (s->withdrawn, NULL);
    if (s->surge)
        techtransfer__patent__v1__surge_found__free_unpacked (s->surge, NULL);
    if (s->document)
        techtransfer__patent__v1__patent_document__free_unpacked (s->document, NULL);
    *s = (subject){ 0 };
}

static void
take (matcher *m, const tt_entry *entry)
{
    tt_event_header header;
    subject *s = &m->subjects[m->count];
    bool known = true, good;
    *s = (subject){ 0 };
    if (tt_event_header_decode (entry->header, &header, NULL) != TT_OK) {
        pass_over (m, entry);
        return;
    }
    if (is_type (&header, PACKAGE "PatentPublished"))
        good = read_published (m, s, entry->body);
    else if (is_type (&header, PACKAGE "LegalEventRecorded"))
        good = read_legal (s, entry->body);
    else if (is_type (&header, PACKAGE "PatentWithdrawn"))
        good = read_withdrawn (s, entry->body);
    else if (is_type (&header, PACKAGE "SurgeFound"))
        good = read_surge (s, entry->body);
    else
        known = good = false;
    s->happened_unix_ms = time_of (&header);
    s->traceparent = tt_arena_strndup (m->arena, (const char *)header.traceparent.data, header.traceparent.size);
    m->count += good;
    if (known && !good)
        pass_over (m, entry);
    if (!good)
        release (s);
}

/* -- what is looked up before -- */

static void
add_read (matcher *m, tt_batch *batch, tt_txn **txns, size_t *count, tt_handler *handle, const void *request, bool read_only)
{
    tt_txn_spec spec = { .handle = handle, .request = request, .service = (void *)m->worker.service, .read_only = read_only };
    txns[(*count)++] = tt_batch_add (batch, &spec);
}

static alert_registration *
registration (matcher *m, const subject *s, tt_buffer *key)
{
    alert_registration *r = tt_arena_alloc (m->arena, sizeof *r);
    r->key = keep (m, key);
    r->family = s->family;
    r->document_id = s->id;
    r->service = (void *)m->worker.service;
    r->event_count = 0;
    r->more = false;
    return r;
}

static void
look_up_publication (matcher *m, subject *s, tt_txn **txns, size_t *count)
{
    const PatentDocument *document = s->published->document;
    tt_buffer key = { 0 };
    alert_publication_key (document->publication, &key);
    s->places[0] = registration (m, s, &key);
    if (document->application) {
        alert_application_key (document->application, &key);
        s->places[1] = registration (m, s, &key);
    }
    for (int i = 0; i < 2; i++)
        if (s->places[i])
            add_read (m, m->lookups, txns, count, alert_register, s->places[i], false);
    bool overseas = strcmp (document->publication->country, "CN") != 0 && document->family_id[0]
                    && alert_watch_index_listening (alert_index_copy_index (m->worker.copy), TRIGGER (OVERSEAS_FAMILY)) > 0;
    if (!overseas)
        return;
    s->members = tt_arena_zero (m->arena, sizeof *s->members);
    s->members->family = s->family;
    add_read (m, m->lookups, txns, count, alert_find_members, s->members, true);
}

static tt_status
look_up (matcher *m, tt_error *error)
{
    tt_txn *txns[ENTRIES_MAX * 3];
    size_t count = 0;
    tt_batch_begin (m->lookups, tt_clock_unix_ms ());
    for (size_t i = 0; i < m->count; i++) {
        subject *s = &m->subjects[i];
        if (s->published)
            look_up_publication (m, s, txns, &count);
        if (s->legal == NULL)
            continue;
        s->lookup = tt_arena_zero (m->arena, sizeof *s->lookup);
        s->lookup->event_id = s->legal->event->event_id;
        s->lookup->publication = s->legal->event->publication;
        add_read (m, m->lookups, txns, &count, alert_look_up, s->lookup, true);
    }
    return alert_worker_run (m->lookups, txns, count, error);
}

/* Withdrawn, or kept no longer; of orphans it is known that they wait. */
static bool
lacks_document (const subject *s)
{
    return s->lookup && s->lookup->document.size == 0 && !s->lookup->corrected && !s->legal->orphan
           && s->legal->trigger != TRIGGER (TRIGGER_UNSPECIFIED);
}

/* The document may have come back before the event was seen to wait: whoever comes later sees the other. */
static tt_status
await_documents (matcher *m, tt_error *error)
{
    tt_txn *txns[ENTRIES_MAX];
    tt_status status = TT_OK;
    bool waits[ENTRIES_MAX];
    for (size_t i = 0; i < m->count; i++)
        waits[i] = lacks_document (&m->subjects[i]);
    for (int again = 0; again < 2 && status == TT_OK; again++) {
        size_t count = 0;
        tt_batch_begin (m->checks, tt_clock_unix_ms ());
        for (size_t i = 0; i < m->count; i++)
            if (waits[i])
                add_read (m, m->checks, txns, &count, again ? alert_look_up : alert_await, m->subjects[i].lookup, again);
        status = alert_worker_run (m->checks, txns, count, error);
    }
    for (size_t i = 0; i < m->count && status == TT_OK; i++)
        if (waits[i])
            m->subjects[i].lookup->document = tt_arena_copy (m->arena, m->subjects[i].lookup->document);
    return status;
}

/* -- telling -- */

/* Orphans that were taken back while they were told: their correction may have been worked on before. */
static tt_status
take_back_orphans (matcher *m, const alert_attachment *a, const char *traceparent, tt_error *error)
{
    tt_txn *txns[ALERT_ORPHANS_PAGE];
    size_t count = 0;
    alert_voidness *checks = tt_arena_zero (m->arena, (a->count + 1) * sizeof *checks);
    tt_batch_begin (m->checks, tt_clock_unix_ms ());
    for (size_t i = 0; i < a->count; i++) {
        checks[i].id = a->event_ids[i];
        add_read (m, m->checks, txns, &count, alert_check_void, &checks[i], true);
    }
    tt_status status = alert_worker_run (m->checks, txns, count, error);
    for (size_t i = 0; i < a->count && status == TT_OK; i++)
        if (checks[i].is_void)
            status = alert_take_back (&m->worker, checks[i].id, checks[i].reason, traceparent, error);
    return status;
}

/* They are attached once everything that follows is done. */
static tt_status
attach (matcher *m, const alert_attachment *a, const char *traceparent, tt_error *error)
{
    tt_status status = alert_worker_commit (&m->worker, error);
    if (status == TT_OK)
        status = take_back_orphans (m, a, traceparent, error);
    if (status != TT_OK || a->count == 0)
        return status;
    tt_txn_spec spec = { .handle = alert_attach, .request = a, .service = (void *)m->worker.service };
    tt_batch_begin (m->worker.batch, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (m->worker.batch, &spec);
    status = alert_worker_run (m->worker.batch, &txn, 1, error);
    tt_batch_begin (m->worker.batch, tt_clock_unix_ms ());
    return status;
}

/* What waited for this document; it happens now, so that a watch which asks for it already is told. */
static tt_status
tell_orphans (matcher *m, const subject *s, alert_registration *r, tt_error *error)
{
    tt_status status = TT_OK;
    alert_attachment *a = tt_arena_zero (m->arena, sizeof *a);
    a->key = r->key;
    a->event_ids = tt_arena_alloc (m->arena, (r->event_count + 1) * sizeof *a->event_ids);
    alert_publication p = { .document = s->published->document, .happened_unix_ms = s->happened_unix_ms, .traceparent = s->traceparent };
    LegalRecord **records = tt_arena_zero (m->arena, (r->event_count + 1) * sizeof *records);
    for (size_t i = 0; i < r->event_count && status == TT_OK; i++) {
        records[i] = techtransfer__patent__v1__legal_event_recorded__unpack (NULL, r->events[i].size, r->events[i].data);
        if (records[i] == NULL || records[i]->event == NULL)
            continue;
        a->event_ids[a->count++] = records[i]->event->event_id;
        if (r->corrected[i])
            continue;
        status = alert_worker_rest (&m->worker, error);
        if (status == TT_OK)
            status = alert_tell_legal (&m->worker, &p, records[i], error);
    }
    r->more = r->more && a->count > 0; /* a page of which nothing can be read would come again and again */
    if (status == TT_OK)
        status = attach (m, a, s->traceparent, error);
    for (size_t i = 0; i < r->event_count; i++)
        if (records[i])
            techtransfer__patent__v1__legal_event_recorded__free_unpacked (records[i], NULL);
    return status;
}

static tt_status
tell_published (matcher *m, subject *s, tt_error *error)
{
    alert_publication p = { .document = s->published->document,
                            .correction = s->published->correction,
                            .happened_unix_ms = s->happened_unix_ms,
                            .traceparent = s->traceparent };
    tt_status status = alert_tell_publication (&m->worker, &p, error);
    if (status == TT_OK && s->members)
        status = alert_tell_member (&m->worker, &p, s->members->documents, s->members->count, error);
    for (int i = 0; i < 2 && status == TT_OK; i++)
        if (s->places[i] && s->places[i]->event_count > 0)
            status = tell_orphans (m, s, s->places[i], error);
    return status;
}

static tt_status
tell_legal (matcher *m, subject *s, tt_error *error)
{
    if (s->lookup->document.size == 0 || s->lookup->corrected)
        return TT_OK;
    s->document = alert_archive_unpack (s->lookup->document, NULL);
    if (s->document == NULL || s->document->publication == NULL)
        return TT_OK;
    alert_publication p = { .document = s->document, .happened_unix_ms = s->happened_unix_ms, .traceparent = s->traceparent };
    return alert_tell_legal (&m->worker, &p, s->legal, error);
}

/* More legal events of one number waited than one page holds: the next ones. */
static tt_status
tell_more_orphans (matcher *m, subject *s, alert_registration *r, tt_error *error)
{
    tt_status status = TT_OK;
    while (r->more && status == TT_OK) {
        tt_batch_begin (m->checks, tt_clock_unix_ms ());
        tt_txn *txn = tt_batch_add (m->checks, &(tt_txn_spec){ .handle = alert_register, .request = r, .service = (void *)m->worker.service });
        status = alert_worker_run (m->checks, &txn, 1, error);
        if (status == TT_OK)
            status = tell_orphans (m, s, r, error);
    }
    return status;
}

/* -- what is void by now -- */

/* Of the document that a legal event was told of. */
static alert_voidness *
voidness_of (matcher *m, const PatentDocument *document)
{
    tt_buffer id = { 0 }, family = { 0 };
    alert_voidness *v = tt_arena_zero (m->arena, sizeof *v);
    alert_document_id (document, &id);
    alert_document_family (document, &family);
    v->id = keep (m, &id);
    v->family = keep (m, &family);
    v->revision = document->revision;
    return v;
}

/* A withdrawal may have been worked on before the alerts of what it withdraws were there: whoever comes later sees the other. */
static tt_status
check_void (matcher *m, tt_error *error)
{
    tt_txn *txns[2 * ENTRIES_MAX];
    size_t count = 0;
    tt_batch_begin (m->checks, tt_clock_unix_ms ());
    for (size_t i = 0; i < m->count; i++) {
        subject *s = &m->subjects[i];
        if (s->withdrawn || s->surge)
            continue;
        s->voidness = tt_arena_zero (m->arena, sizeof *s->voidness);
        s->voidness->family = s->published ? s->family : NULL;
        s->voidness->id = s->published ? s->id : s->legal->event->event_id;
        s->voidness->revision = s->published ? s->published->document->revision : 0;
        add_read (m, m->checks, txns, &count, alert_check_void, s->voidness, true);
        if (s->document == NULL)
            continue;
        s->gone = voidness_of (m, s->document);
        add_read (m, m->checks, txns, &count, alert_check_void, s->gone, true);
    }
    return alert_worker_run (m->checks, txns, count, error);
}

static tt_status
take_back (matcher *m, const subject *s, tt_error *error)
{
    alert_worker *w = &m->worker;
    tt_status status = TT_OK;
    if (s->voidness && s->voidness->is_void)
        status = alert_take_back (w, s->voidness->id, s->voidness->reason, s->traceparent, error);
    if (status == TT_OK && s->gone && s->gone->is_void)
        status = alert_take_back (w, s->gone->id, s->gone->reason, s->traceparent, error);
    if (status == TT_OK && s->withdrawn)
        status = alert_take_back (w, s->withdrawn->document_id,
                                  s->withdrawn->reason[0] ? s->withdrawn->reason : "publication withdrawn", s->traceparent, error);
    if (status == TT_OK && s->legal && s->legal->event->corrects[0]) {
        const char *reason = tt_arena_printf (m->arena, "corrected by legal event %s", s->legal->event->event_id);
        status = alert_take_back (w, s->legal->event->corrects, reason, s->traceparent, error);
    }
    return status;
}

/* -- operations -- */

static void
show_index (matcher *m)
{
    const alert_worker *w = &m->worker;
    if (w->service->counters == NULL)
        return;
    alert_watch_index *index = alert_index_copy_index (w->copy);
    tt_percolator_counts counts = alert_watch_index_counts (index);
    tt_count_set (w->service->counters, ALERT_COUNT_WATCHES, 0, (int64_t)alert_watch_index_size (index));
    tt_count_set (w->service->counters, ALERT_COUNT_SCANNED_WATCHES, 0, (int64_t)counts.scanned);
    tt_count_set (w->service->counters, ALERT_COUNT_CANDIDATES, 0, (int64_t)counts.candidates);
    tt_count_set (w->service->counters, ALERT_COUNT_INDEX_BYTES, 0, (int64_t)counts.bytes);
}

static void
close_matcher (void **state)
{
    matcher *m = *state;
    if (m == NULL)
        return;
    alert_index_copy_close (&m->worker.copy);
    alert_view_destroy (&m->worker.view);
    tt_arena_destroy (&m->worker.arena);
    tt_arena_destroy (&m->arena);
    tt_batch_destroy (&m->worker.reads);
    tt_batch_destroy (&m->lookups);
    tt_batch_destroy (&m->checks);
    free (m);
    *state = NULL;
}

static tt_status
open_matcher (tt_processor *processor, void *service, void **state, tt_error *error)
{
    matcher *m = tt_alloc_zero (1, sizeof *m);
    alert_worker *w = &m->worker;
    w->service = service;
    w->store = tt_processor_store (processor);
    w->batch = tt_processor_batch (processor);
    w->reads = tt_batch_new (w->store, "patent.proto");
    m->lookups = tt_batch_new (w->store, "patent.proto");
    m->checks = tt_batch_new (w->store, "patent.proto");
    uint8_t id[TT_UUID_SIZE];
    tt_uuid7_make (id);
    tt_uuid_format (id, w->name);
    w->view = alert_view_new ();
    w->arena = tt_arena_new (0);
    m->arena = tt_arena_new (0);
    tt_status status = alert_index_copy_open (&w->copy, w->store, service, error);
    *state = m;
    if (status == TT_OK)
        show_index (m);
    else
        close_matcher (state);
    return status;
}

static tt_status
work_on (matcher *m, tt_error *error)
{
    tt_status status = look_up (m, error);
    if (status == TT_OK)
        status = await_documents (m, error);
    for (size_t i = 0; i < m->count && status == TT_OK; i++) {
        subject *s = &m->subjects[i];
        status = alert_worker_rest (&m->worker, error);
        if (status == TT_OK && s->published)
            status = tell_published (m, s, error);
        else if (status == TT_OK && s->legal)
            status = tell_legal (m, s, error);
        else if (status == TT_OK && s->surge)
            status = alert_tell_surge (&m->worker, m->checks, s->surge, s->happened_unix_ms, s->traceparent, error);
    }
    if (status == TT_OK)
        status = alert_worker_commit (&m->worker, error);
    for (size_t i = 0; i < m->count && status == TT_OK; i++)
        for (int k = 0; k < 2 && status == TT_OK; k++)
            if (m->subjects[i].places[k])
                status = tell_more_orphans (m, &m->subjects[i], m->subjects[i].places[k], error);
    if (status == TT_OK)
        status = check_void (m, error);
    for (size_t i = 0; i < m->count && status == TT_OK; i++)
        status = take_back (m, &m->subjects[i], error);
    return status;
}

/* The entries are in hand before the heads of the logs are asked for: see README.md, "Why no watch is missed". */
static tt_status
work (tt_processor *processor, void *state, const tt_entry *entries, size_t count, tt_error *error)
{
    (void)processor;
    matcher *m = state;
    int64_t publications = 0;
    tt_status status = alert_index_copy_catch_up (m->worker.copy, error);
    tt_arena_reset (m->arena);
    alert_worker_begin (&m->worker);
    m->count = 0;
    for (size_t i = 0; i < count && i < ENTRIES_MAX && status == TT_OK; i++)
        take (m, &entries[i]);
    if (status == TT_OK)
        status = work_on (m, error);
    for (size_t i = 0; i < m->count; i++) {
        publications += m->subjects[i].published != NULL;
        release (&m->subjects[i]);
    }
    if (status == TT_OK)
        alert_count (m->worker.service, ALERT_COUNT_MATCHED, 0, publications);
    show_index (m);
    return status;
}

/* Keeps the copy close to the logs while no document comes, so that the next one need not wait; then a bounded piece of what goes by the
 * clock. */
static tt_status
tick (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error)
{
    matcher *m = state;
    alert_worker *w = &m->worker;
    (void)processor;
    uint32_t documents = w->service->backfill_rate * TICK_MS / 1000 + 1;
    tt_status status = alert_index_copy_catch_up (w->copy, error);
    if (status == TT_OK)
        status = alert_tick_digests (w, now_unix_ms, error);
    if (status == TT_OK)
        status = alert_tick_backfills (w, now_unix_ms, documents, error);
    if (status == TT_OK)
        status = alert_tick_due (w, now_unix_ms, documents, error);
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
