#include "pages.h"

#include <string.h>

#include "archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "document.h"
#include "legal.h"
#include "places.h"

#define LEGAL_MAX 256 /* legal events of one number */

static void
find_page (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    alert_page *page = (alert_page *)request;
    tt_txn_at_partition (txn, page->partition);
    tt_bytes after = page->after[0] ? alert_text (page->after) : TT_BYTES_NONE;
    page->rows = tt_txn_page (txn, ALERT_INDEX_DOCUMENTS, after, page->limit, ALERT_TABLE_DOCUMENTS);
}

tt_status
alert_page_read (alert_worker *w, alert_page *page, tt_error *error)
{
    tt_batch_begin (w->reads, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (w->reads, &(tt_txn_spec){ .handle = find_page, .request = page, .read_only = true });
    return alert_worker_run (w->reads, &txn, 1, error);
}

PatentDocument *
alert_page_document (alert_worker *w, const alert_page *page, size_t i)
{
    const tt_row *row = &page->rows->rows[i];
    if (!row->present)
        return NULL;
    PatentDocument *document = alert_archive_unpack (row->value, NULL);
    if (document && document->publication)
        return document;
    tt_log (TT_LOG_ERROR, "stored document cannot be read", NULL);
    alert_count (w->service, ALERT_COUNT_UNREADABLE, 0, 1);
    if (document)
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
    return NULL;
}

static alert_voidness *
voidness_of (alert_worker *w, const PatentDocument *document)
{
    tt_buffer id = { 0 }, family = { 0 };
    alert_voidness *v = tt_arena_zero (w->arena, sizeof *v);
    alert_document_id (document, &id);
    alert_document_family (document, &family);
    v->id = tt_arena_strndup (w->arena, (const char *)id.data, id.size);
    v->family = tt_arena_strndup (w->arena, (const char *)family.data, family.size);
    v->revision = document->revision;
    tt_buffer_free (&id);
    tt_buffer_free (&family);
    return v;
}

tt_status
alert_page_check (alert_worker *w, const alert_page *page, tt_error *error)
{
    size_t count = 0;
    if (w->raised == 0)
        return TT_OK;
    tt_batch *batch = tt_batch_new (w->store, "patent.proto");
    tt_txn **txns = tt_arena_alloc (w->arena, (page->rows->count + 1) * sizeof *txns);
    alert_voidness **checks = tt_arena_alloc (w->arena, (page->rows->count + 1) * sizeof *checks);
    tt_batch_begin (batch, tt_clock_unix_ms ());
    for (size_t i = 0; i < page->rows->count; i++) {
        PatentDocument *document = alert_page_document (w, page, i);
        if (document == NULL)
            continue;
        checks[count] = voidness_of (w, document);
        txns[count] = tt_batch_add (batch, &(tt_txn_spec){ .handle = alert_check_void, .request = checks[count], .read_only = true });
        count++;
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
    }
    tt_status status = alert_worker_run (batch, txns, count, error);
    for (size_t i = 0; i < count && status == TT_OK; i++)
        if (checks[i]->is_void)
            status = alert_take_back (w, checks[i]->id, checks[i]->reason, NULL, error);
    tt_batch_destroy (&batch);
    return status;
}

/* -- legal events -- */

typedef struct {
    const char *key;
    alert_legal_list *list;
} legal_read;

static void
find_legal (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    const legal_read *r = request;
    tt_bytes prefix = alert_text (tt_arena_printf (tt_txn_arena (txn), "%s-", r->key));
    tt_txn_at (txn, alert_text (r->key));
    const tt_rows *rows = tt_txn_page (txn, ALERT_INDEX_LEGAL, prefix, LEGAL_MAX, ALERT_TABLE_LEGAL);
    for (size_t i = 0; rows && i < rows->count; i++)
        if (rows->keys[i].size > prefix.size && memcmp (rows->keys[i].data, prefix.data, prefix.size) == 0)
            (void)tt_txn_get (txn, ALERT_TABLE_CORRECTED, rows->keys[i]);
    if (rows == NULL || tt_txn_pending (txn))
        return;
    for (size_t i = 0; i < rows->count; i++) {
        bool own = rows->keys[i].size > prefix.size && memcmp (rows->keys[i].data, prefix.data, prefix.size) == 0;
        if (!own || !rows->rows[i].present || tt_txn_get (txn, ALERT_TABLE_CORRECTED, rows->keys[i])->present)
            continue;
        tt_bytes value = rows->rows[i].value;
        LegalRecord *record = techtransfer__patent__v1__legal_event_recorded__unpack (NULL, value.size, value.data);
        if (record && record->event)
            r->list->records[r->list->count++] = record;
        else if (record)
            techtransfer__patent__v1__legal_event_recorded__free_unpacked (record, NULL);
    }
}

tt_status
alert_legal_list_read (alert_worker *w, tt_batch *batch, alert_legal_list *list, tt_error *error)
{
    tt_buffer keys[2] = { { 0 }, { 0 } };
    legal_read reads[2];
    tt_txn *txns[2];
    size_t count = 0;
    (void)w;
    list->records = tt_alloc_zero (2 * LEGAL_MAX, sizeof *list->records);
    alert_publication_key (list->document->publication, &keys[0]);
    if (list->document->application)
        alert_application_key (list->document->application, &keys[1]);
    tt_batch_begin (batch, tt_clock_unix_ms ());
    for (int i = 0; i < 2; i++) {
        if (keys[i].size == 0)
            continue;
        tt_buffer_append (&keys[i], "", 1);
        reads[count] = (legal_read){ (const char *)keys[i].data, list };
        txns[count] = tt_batch_add (batch, &(tt_txn_spec){ .handle = find_legal, .request = &reads[count], .read_only = true });
        count++;
    }
    tt_status status = alert_worker_run (batch, txns, count, error);
    tt_buffer_free (&keys[0]);
    tt_buffer_free (&keys[1]);
    return status;
}

void
alert_legal_list_free (alert_legal_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        techtransfer__patent__v1__legal_event_recorded__free_unpacked (list->records[i], NULL);
    free (list->records);
    *list = (alert_legal_list){ 0 };
}
