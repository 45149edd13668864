/* PutSource, ListSources, GetSource. Registrations are few and lie together in one partition; they are read only where a record is
 * invalid. */
#include <string.h>

#include "commands.h"
#include "validate.h"

#define SOURCE_TYPE (&techtransfer__achievement__v1__source__descriptor)
#define PROGRESS_TYPE (&techtransfer__achievement__v1__source_progress__descriptor)
#define PAGE_DEFAULT 100
#define PAGE_MOST 1000

static ingest_source
normalised (const ingest_source *in)
{
    ingest_source s = *in;
    s.base.n_unknown_fields = 0;
    s.base.unknown_fields = NULL;
    if (s.mode == TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_MODE__SOURCE_MODE_UNSPECIFIED)
        s.mode = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_MODE__REJECT;
    return s;
}

static bool
same_registration (const ingest_source *a, const ingest_source *b)
{
    return strcmp (a->name, b->name) == 0 && strcmp (a->description, b->description) == 0 && strcmp (a->owner, b->owner) == 0
           && a->mode == b->mode;
}

static void
commit_source (tt_txn *txn, const ingest_source *in, const ingest_source *stored)
{
    ingest_source s = normalised (in);
    bool same = stored && same_registration (stored, &s);
    s.created_unix_ms = stored ? stored->created_unix_ms : tt_txn_now (txn);
    s.revision = stored ? stored->revision + !same : 1;
    if (!same) {
        tt_txn_put_message (txn, INGEST_TABLE_SOURCE, tt_bytes_of_text (s.source), &s.base);
        tt_txn_index_put (txn, INGEST_INDEX_SOURCES, tt_bytes_of_text (s.source), 0);
    }
    Techtransfer__Achievement__V1__PutSourceReply reply = TECHTRANSFER__ACHIEVEMENT__V1__PUT_SOURCE_REPLY__INIT;
    reply.source = &s;
    reply.created = !stored;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_put_source (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const ingest_source *in = ((const Techtransfer__Achievement__V1__PutSourceRequest *)request)->source;
    tt_txn_at (txn, tt_bytes_of_text (INGEST_AT_SOURCES));
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "source");
    if (in)
        ingest_validate_source (in, &v);
    else
        tt_violate (&v, NULL, "required");
    tt_violations_leave (&v, mark);
    if (ingest_refuse_invalid (txn, &v))
        return;
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_SOURCE, tt_bytes_of_text (in->source));
    const ingest_source *stored = ingest_read_row (txn, row, SOURCE_TYPE);
    if (row && !tt_txn_refused (txn))
        commit_source (txn, in, stored);
}

static void
reply_page (tt_txn *txn, const tt_rows *rows, uint32_t limit)
{
    Techtransfer__Achievement__V1__ListSourcesReply reply = TECHTRANSFER__ACHIEVEMENT__V1__LIST_SOURCES_REPLY__INIT;
    reply.sources = tt_arena_alloc (tt_txn_arena (txn), (rows->count + 1) * sizeof *reply.sources);
    for (size_t i = 0; i < rows->count && i < limit; i++) {
        ingest_source *source = ingest_read_row (txn, &rows->rows[i], SOURCE_TYPE);
        if (tt_txn_refused (txn))
            return;
        if (source)
            reply.sources[reply.n_sources++] = source;
    }
    if (rows->count > limit && reply.n_sources > 0)
        reply.next_after = reply.sources[reply.n_sources - 1]->source;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_list_sources (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__ListSourcesRequest *in = request;
    tt_txn_at (txn, tt_bytes_of_text (INGEST_AT_SOURCES));
    tt_violations v = { 0 };
    tt_check_range (&v, "limit", in->limit, 0, PAGE_MOST);
    if (in->after[0] != '\0')
        tt_check_identifier (&v, "after", in->after);
    if (ingest_refuse_invalid (txn, &v))
        return;
    uint32_t limit = in->limit == 0 ? PAGE_DEFAULT : in->limit;
    const tt_rows *rows
        = tt_txn_page (txn, INGEST_INDEX_SOURCES, tt_bytes_of_text (in->after), limit + 1, INGEST_TABLE_SOURCE);
    if (rows)
        reply_page (txn, rows, limit);
}

void
ingest_get_source (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    tt_bytes name = tt_bytes_of_text (((const Techtransfer__Achievement__V1__GetSourceRequest *)request)->source);
    tt_txn_at (txn, name);
    tt_violations v = { 0 };
    tt_check_identifier (&v, "source", (const char *)name.data);
    if (ingest_refuse_invalid (txn, &v))
        return;
    int64_t quarantined = 0;
    bool counted = tt_txn_number (txn, INGEST_TABLE_QUARANTINED, name, &quarantined);
    const tt_row *row = tt_txn_get_at (txn, tt_bytes_of_text (INGEST_AT_SOURCES), INGEST_TABLE_SOURCE, name);
    Techtransfer__Achievement__V1__GetSourceReply reply = TECHTRANSFER__ACHIEVEMENT__V1__GET_SOURCE_REPLY__INIT;
    reply.source = ingest_read_row (txn, row, SOURCE_TYPE);
    const tt_row *progress = tt_txn_get (txn, INGEST_TABLE_PROGRESS, name);
    reply.progress = ingest_read_row (txn, progress, PROGRESS_TYPE);
    if (!row || !progress || !counted || tt_txn_refused (txn))
        return;
    reply.quarantined = (uint64_t)quarantined;
    if (reply.source)
        tt_txn_reply (txn, &reply.base);
    else
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such source");
}
