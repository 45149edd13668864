/* Due dates: once a day every stored document is held against the rules of the catalogue, partition by partition, a page at a time, on from
 * the partition's row; again when a watch begins to ask. A lease keeps two replicas from doing the same; if they do, alert ids leave one. */
#include "catalog/term.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "document.h"
#include "pages.h"

#define LEASE_MS 10000
#define DUES_MAX 32   /* of one document */
#define KEY "due"

/* -- one document -- */

static int32_t
day_of (const DocumentReference *reference)
{
    int32_t day;
    return reference && reference->date[0] && tt_date_parse (reference->date, &day) == TT_OK ? day : TT_NO_DAY;
}

static int32_t
earliest (DocumentReference *const *references, size_t count)
{
    int32_t first = TT_NO_DAY;
    for (size_t i = 0; i < count; i++) {
        int32_t day = day_of (references[i]);
        if (day != TT_NO_DAY && (first == TT_NO_DAY || day < first))
            first = day;
    }
    return first;
}

static size_t
dues_of (const alert_worker *w, const PatentDocument *d, int32_t from, int32_t to, tt_term_due *out)
{
    tt_term_right right = { .country = d->publication->country,
                            .kind = d->publication->kind,
                            .filing_day = day_of (d->application),
                            .grant_day = alert_document_is_grant (d) ? day_of (d->publication) : TT_NO_DAY,
                            .priority_day = earliest (d->priorities, d->n_priorities),
                            .parent_day = TT_NO_DAY };
    return tt_term_due_of (w->service->catalog, &right, from, to, out, DUES_MAX);
}

static tt_status
tell_due (alert_worker *w, const PatentDocument *document, const alert_watch_entry *const *entries, size_t matched, const tt_term_due *due,
          int32_t today, tt_error *error)
{
    char date[TT_DATE_TEXT_SIZE];
    tt_date_format (due->due_day, date);
    alert_occasion occasion = { .trigger = TRIGGER (DUE), .document = document, .now_unix_ms = tt_clock_unix_ms (),
                                .due_in_days = due->due_day - today };
    occasion.due_date = tt_arena_strndup (w->arena, date, strlen (date));
    occasion.due_rule = due->year ? tt_arena_printf (w->arena, "%s %d (%s)", due->what, due->year, due->rule)
                                  : tt_arena_printf (w->arena, "%s (%s)", due->what, due->rule);
    occasion.distinction = tt_arena_printf (w->arena, "%s %s %s", document->publication->country, date, occasion.due_rule);
    return alert_worker_tell (w, entries, matched, &occasion, NULL, error);
}

static tt_status
look_at (alert_worker *w, const PatentDocument *document, int32_t today, tt_error *error)
{
    tt_term_due dues[DUES_MAX];
    alert_watch_index *index = alert_index_copy_index (w->copy);
    size_t count = dues_of (w, document, today, today + (int32_t)alert_watch_index_due_days (index), dues);
    if (count == 0)
        return TT_OK;
    const alert_watch_entry *const *entries = NULL;
    tt_status status = TT_OK;
    (void)alert_worker_show (w, document, NULL);
    size_t matched = alert_watch_index_match (index, alert_view_document (w->view), &entries);
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        status = alert_worker_rest (w, error);
        if (status == TT_OK)
            status = tell_due (w, document, entries, matched, &dues[i], today, error);
    }
    return status;
}

/* -- the row -- */

typedef struct {
    uint32_t partition;
    SweepRow *stored; /* out: owned */
    uint64_t version;
    const SweepRow *next; /* to be put if the version is still this; NULL: only read */
} sweep;

static void
use_row (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    sweep *s = (sweep *)request;
    tt_txn_at_partition (txn, s->partition);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_SWEEP, alert_text (KEY));
    if (row == NULL)
        return;
    if (s->next) {
        if (row->version == s->version)
            tt_txn_put_message (txn, ALERT_TABLE_SWEEP, alert_text (KEY), &s->next->base);
        return;
    }
    s->version = row->version;
    if (row->present && s->stored == NULL)
        s->stored = techtransfer__patent__v1__sweep_row__unpack (NULL, row->value.size, row->value.data);
}

/* What is to be done in the partition: false if nothing is, or another replica does it. *next: where it goes on. */
static bool
wants (alert_worker *w, const sweep *s, int32_t today, int64_t now_unix_ms, SweepRow *next)
{
    int64_t since = alert_watch_index_due_since (alert_index_copy_index (w->copy));
    const SweepRow *row = s->stored;
    techtransfer__patent__v1__sweep_row__init (next);
    next->worker = (char *)w->name;
    next->lease_unix_ms = now_unix_ms + LEASE_MS;
    next->day = today;
    next->started_unix_ms = now_unix_ms;
    if (row == NULL)
        return true;
    if (row->lease_unix_ms > now_unix_ms && strcmp (row->worker, w->name) != 0)
        return false;
    /* Clocks of two replicas differ: a pass right away, and one more when every index surely has the watch. */
    bool asked = row->started_unix_ms <= since + ALERT_CLOCKS_MS && (row->started_unix_ms <= since || now_unix_ms > since + ALERT_CLOCKS_MS);
    if (row->day != today || (asked && row->done))
        return true;
    next->started_unix_ms = row->started_unix_ms;
    next->after = row->after;
    next->done = row->done;
    return !row->done;
}

static tt_status
use (alert_worker *w, sweep *s, tt_error *error)
{
    tt_batch_begin (w->batch, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (w->batch, &(tt_txn_spec){ .handle = use_row, .request = s });
    return alert_worker_run (w->batch, &txn, 1, error);
}

/* One page on, and the row behind it. */
static tt_status
go_on (alert_worker *w, sweep *s, SweepRow *next, int32_t today, uint32_t documents, tt_error *error)
{
    alert_page page = { .partition = s->partition, .after = next->after,
                        .limit = documents < ALERT_PAGE_DOCUMENTS ? documents : ALERT_PAGE_DOCUMENTS };
    tt_status status = alert_page_read (w, &page, error);
    alert_worker_begin (w);
    for (size_t i = 0; status == TT_OK && i < page.rows->count; i++) {
        PatentDocument *document = alert_page_document (w, &page, i);
        if (document == NULL)
            continue;
        status = look_at (w, document, today, error);
        if (status == TT_OK)
            status = alert_worker_commit (w, error);
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
    }
    if (status != TT_OK)
        return status;
    alert_count (w->service, ALERT_COUNT_SWEPT, 0, (int64_t)page.rows->count);
    next->done = page.rows->count < page.limit;
    next->lease_unix_ms = next->done ? 0 : tt_clock_unix_ms () + LEASE_MS;
    if (page.rows->count > 0)
        next->after = tt_arena_strndup (w->arena, (const char *)page.rows->keys[page.rows->count - 1].data,
                                        page.rows->keys[page.rows->count - 1].size);
    s->next = next;
    status = alert_page_check (w, &page, error);
    return status == TT_OK ? use (w, s, error) : status;
}

tt_status
alert_tick_due (alert_worker *w, int64_t now_unix_ms, uint32_t documents, tt_error *error)
{
    int32_t today = alert_delivery_day (&w->service->clockwork, now_unix_ms);
    uint32_t partitions = tt_store_partitions (w->store);
    tt_status status = TT_OK;
    bool worked = alert_watch_index_listening (alert_index_copy_index (w->copy), TRIGGER (DUE)) == 0 || w->service->catalog == NULL;
    for (uint32_t p = 0; p < partitions && !worked && status == TT_OK; p++) {
        sweep s = { .partition = (p + w->next_partition) % partitions };
        SweepRow next;
        status = use (w, &s, error);
        if (status == TT_OK && wants (w, &s, today, now_unix_ms, &next)) {
            status = go_on (w, &s, &next, today, documents, error);
            worked = true;
        }
        if (s.stored)
            techtransfer__patent__v1__sweep_row__free_unpacked (s.stored, NULL);
    }
    w->next_partition++;
    alert_worker_begin (w);
    return status;
}
