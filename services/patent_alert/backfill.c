/* Back-fills: a watch against the documents that were there before it, a page at a time, on from its row. A lease keeps two replicas from
 * doing the same; if they do, the alerts' ids and the row's guard leave one. */
#include <string.h>

#include "base/clock.h"
#include "commands.h"
#include "pages.h"

#define RUNNING_MAX 8 /* of a partition that are looked at in a tick */
#define LEASE_MS 10000
#define LEGAL_TRIGGERS                                                                                                              \
    (1u << TRIGGER (GRANT) | 1u << TRIGGER (LAPSE) | 1u << TRIGGER (EXPIRY) | 1u << TRIGGER (TRANSFER) | 1u << TRIGGER (LICENCE)        \
     | 1u << TRIGGER (PLEDGE) | 1u << TRIGGER (PRESERVATION) | 1u << TRIGGER (INVALIDATION) | 1u << TRIGGER (RESTORATION)                \
     | 1u << TRIGGER (OPPOSITION) | 1u << TRIGGER (LITIGATION))
#define STATE(name) TECHTRANSFER__PATENT__V1__BACKFILL_STATE__BACKFILL_##name

/* -- the row -- */

/* From one stand of the row to the next; `from` is what it must still be. */
typedef struct {
    const BackfillRow *from, *to;
    bool done; /* out: it was so and is now */
} advance;

static void
put_row (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    advance *a = (advance *)request;
    a->done = false;
    tt_bytes key = alert_text (tt_arena_printf (tt_txn_arena (txn), "%s/%s", a->from->owner, a->from->watch_id));
    tt_txn_at (txn, alert_text (a->from->owner));
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_BACKFILLS, key);
    if (row == NULL || !row->present)
        return;
    size_t size = techtransfer__patent__v1__backfill_row__get_packed_size (a->from);
    uint8_t *packed = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    techtransfer__patent__v1__backfill_row__pack (a->from, packed);
    if (row->value.size != size || memcmp (row->value.data, packed, size) != 0)
        return; /* another replica took it, or it began anew */
    tt_txn_put_message (txn, ALERT_TABLE_BACKFILLS, key, &a->to->base);
    if (a->to->progress->state != STATE (RUNNING))
        tt_txn_index_remove (txn, ALERT_INDEX_BACKFILLS, key);
    a->done = true;
    tt_txn_reply (txn, &a->to->progress->base);
}

/* True in *done if the row is as `to` says now. */
static tt_status
move (alert_worker *w, const BackfillRow *from, const BackfillRow *to, bool *done, tt_error *error)
{
    advance a = { .from = from, .to = to };
    tt_batch_begin (w->batch, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (w->batch, &(tt_txn_spec){ .handle = put_row, .request = &a });
    tt_status status = alert_worker_run (w->batch, &txn, 1, error);
    *done = status == TT_OK && a.done;
    return status;
}

/* -- a page -- */

static bool
is_wanted (const char *since, const char *date)
{
    return since[0] == '\0' || strcmp (date, since) >= 0;
}

static tt_status
look_at_legal (alert_worker *w, const alert_publication *p, const char *since, tt_batch *batch, tt_error *error)
{
    alert_legal_list list = { .document = p->document };
    tt_status status = alert_legal_list_read (w, batch, &list, error);
    for (size_t i = 0; i < list.count && status == TT_OK; i++) {
        const LegalEvent *event = list.records[i]->event;
        if (!is_wanted (since, event->effective_date[0] ? event->effective_date : event->announced_date))
            continue;
        status = alert_worker_rest (w, error);
        if (status == TT_OK)
            status = alert_tell_legal (w, p, list.records[i], error);
    }
    if (status == TT_OK)
        status = alert_worker_commit (w, error); /* the events live no longer */
    alert_legal_list_free (&list);
    return status;
}

static tt_status
look_at (alert_worker *w, const alert_watch_entry *entry, const char *since, const PatentDocument *document, tt_batch *batch, tt_error *error)
{
    alert_publication p = { .document = document, .backfilled = true, .only = entry };
    tt_status status = TT_OK;
    if (is_wanted (since, document->publication->date))
        status = alert_tell_publication (w, &p, error);
    if (status == TT_OK && (entry->terms.triggers & LEGAL_TRIGGERS))
        status = look_at_legal (w, &p, since, batch, error);
    if (status == TT_OK)
        status = alert_worker_commit (w, error);
    return status;
}

static tt_status
fill_page (alert_worker *w, const alert_watch_entry *entry, const char *since, const alert_page *page, tt_error *error)
{
    tt_status status = TT_OK;
    tt_batch *legal = tt_batch_new (w->store, "patent.proto");
    for (size_t i = 0; i < page->rows->count && status == TT_OK; i++) {
        PatentDocument *document = alert_page_document (w, page, i);
        if (document == NULL)
            continue;
        status = look_at (w, entry, since, document, legal, error);
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
    }
    tt_batch_destroy (&legal);
    alert_count (w->service, ALERT_COUNT_BACKFILLED, 0, (int64_t)page->rows->count);
    return status;
}

/* One page on, and the row behind it. */
static tt_status
go_on (alert_worker *w, const BackfillRow *row, const alert_watch_entry *entry, const char *since, uint32_t documents, tt_error *error)
{
    bool done;
    alert_page page = { .partition = row->progress->partitions_done, .after = row->after,
                        .limit = documents < ALERT_PAGE_DOCUMENTS ? documents : ALERT_PAGE_DOCUMENTS };
    tt_status status = alert_page_read (w, &page, error);
    alert_worker_begin (w);
    if (status == TT_OK)
        status = fill_page (w, entry, since, &page, error);
    if (status != TT_OK)
        return status;
    BackfillRow next = *row;
    Techtransfer__Patent__V1__GetBackfillReply progress = *row->progress;
    next.progress = &progress;
    next.lease_unix_ms = tt_clock_unix_ms () + LEASE_MS;
    next.after = (char *)"";
    progress.examined += page.rows->count;
    progress.raised += w->raised;
    progress.known += w->known;
    if (page.rows->count == page.limit)
        next.after = tt_arena_strndup (w->arena, (const char *)page.rows->keys[page.rows->count - 1].data,
                                       page.rows->keys[page.rows->count - 1].size);
    else if (++progress.partitions_done == progress.partitions)
        progress.state = STATE (DONE);
    progress.finished_unix_ms = progress.state == STATE (DONE) ? tt_clock_unix_ms () : 0;
    status = alert_page_check (w, &page, error);
    return status == TT_OK ? move (w, row, &next, &done, error) : status;
}

/* -- which one -- */

static tt_status
stop (alert_worker *w, const BackfillRow *row, tt_error *error)
{
    bool done;
    BackfillRow next = *row;
    Techtransfer__Patent__V1__GetBackfillReply progress = *row->progress;
    next.progress = &progress;
    progress.state = STATE (STOPPED);
    progress.finished_unix_ms = tt_clock_unix_ms ();
    return move (w, row, &next, &done, error);
}

static tt_status
claim (alert_worker *w, const BackfillRow *row, int64_t now_unix_ms, tt_error *error)
{
    bool done;
    BackfillRow next = *row;
    next.worker = (char *)w->name;
    next.lease_unix_ms = now_unix_ms + LEASE_MS;
    return move (w, row, &next, &done, error);
}

static tt_status
work_on (alert_worker *w, const BackfillRow *row, int64_t now_unix_ms, uint32_t documents, tt_error *error)
{
    const alert_watch_entry *entry = alert_watch_index_find (alert_index_copy_index (w->copy), row->owner, row->watch_id);
    bool expired = entry && entry->terms.expires_unix_ms && now_unix_ms >= entry->terms.expires_unix_ms;
    if (entry == NULL || entry->since_unix_ms != row->asked_unix_ms || entry->terms.paused || expired)
        return stop (w, row, error);
    if (strcmp (row->worker, w->name) != 0)
        return claim (w, row, now_unix_ms, error); /* the work begins with the next tick */
    return go_on (w, row, entry, row->since, documents, error);
}

typedef struct {
    uint32_t partition;
    const tt_rows *rows;
} running;

static void
find_running (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    running *r = (running *)request;
    tt_txn_at_partition (txn, r->partition);
    r->rows = tt_txn_due (txn, ALERT_INDEX_BACKFILLS, INT64_C (1) << 53, RUNNING_MAX, ALERT_TABLE_BACKFILLS);
}

/* The first one that is this replica's or nobody's, beginning with another partition each time. The caller's to free. */
static BackfillRow *
choose (alert_worker *w, const running *all, uint32_t partitions, int64_t now_unix_ms)
{
    uint32_t first = (uint32_t)(now_unix_ms / 250 % partitions);
    for (uint32_t k = 0; k < partitions; k++) {
        const tt_rows *rows = all[(first + k) % partitions].rows;
        for (size_t i = 0; rows && i < rows->count; i++) {
            tt_bytes value = rows->rows[i].value;
            BackfillRow *row = rows->rows[i].present ? techtransfer__patent__v1__backfill_row__unpack (NULL, value.size, value.data) : NULL;
            if (row && row->progress && (row->lease_unix_ms < now_unix_ms || strcmp (row->worker, w->name) == 0))
                return row;
            if (row)
                techtransfer__patent__v1__backfill_row__free_unpacked (row, NULL);
        }
    }
    return NULL;
}

tt_status
alert_tick_backfills (alert_worker *w, int64_t now_unix_ms, uint32_t documents, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (w->store);
    running *all = tt_alloc_zero (partitions, sizeof *all);
    tt_txn **txns = tt_alloc (partitions * sizeof *txns);
    tt_batch_begin (w->reads, now_unix_ms);
    for (uint32_t p = 0; p < partitions; p++) {
        all[p].partition = p;
        txns[p] = tt_batch_add (w->reads, &(tt_txn_spec){ .handle = find_running, .request = &all[p], .read_only = true });
    }
    tt_status status = alert_worker_run (w->reads, txns, partitions, error);
    BackfillRow *row = status == TT_OK ? choose (w, all, partitions, now_unix_ms) : NULL;
    if (row) { /* the watch was committed with the row: after this the index is no older than the row */
        status = alert_index_copy_catch_up (w->copy, error);
        if (status == TT_OK)
            status = work_on (w, row, now_unix_ms, documents, error);
        techtransfer__patent__v1__backfill_row__free_unpacked (row, NULL);
    }
    alert_worker_begin (w);
    free (txns);
    free (all);
    return status;
}
