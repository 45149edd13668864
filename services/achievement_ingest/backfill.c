#include "backfill.h"

#include <string.h>

#include "base/log.h"
#include "identity.h"
#include "push.h"

typedef struct {
    ingest_standing standing;
    tt_cql *cql;
    const char *traceparent;
    ingest_backfilled *found; /* newest first */
    size_t count;
} question;

struct ingest_backfill {
    tt_arena *arena;
    tt_arena *row_arena; /* one row at a time */
    tt_document *document;
    question *questions;
    size_t count;
    size_t most;
};

ingest_backfill *
ingest_backfill_new (tt_arena *arena, size_t most)
{
    ingest_backfill *b = tt_alloc_zero (1, sizeof *b);
    b->arena = arena;
    b->most = most;
    b->row_arena = tt_arena_new (0);
    b->document = tt_document_new (tt_schema_achievement ());
    return b;
}

void
ingest_backfill_destroy (ingest_backfill **backfill)
{
    ingest_backfill *b = *backfill;
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++) {
        tt_cql_free (&b->questions[i].cql);
        free (b->questions[i].found);
    }
    free (b->questions);
    tt_document_destroy (&b->document);
    tt_arena_destroy (&b->row_arena);
    free (b);
    *backfill = NULL;
}

tt_status
ingest_backfill_add (ingest_backfill *b, const ingest_standing *standing, const char *traceparent, tt_error *error)
{
    question q = { .standing = *standing, .traceparent = traceparent };
    const char *query = standing->demand->query;
    tt_status status = tt_cql_parse (tt_schema_achievement (), query, strlen (query), &q.cql, error);
    if (status != TT_OK)
        return status;
    q.found = tt_alloc ((b->most + 1) * sizeof *q.found);
    b->questions = tt_realloc (b->questions, (b->count + 1) * sizeof *b->questions);
    b->questions[b->count++] = q;
    return TT_OK;
}

/* Newer first, then by source and source id: the same order on every replica. */
static int
order_of (const ingest_backfilled *a, const ingest_record *b)
{
    if (a->registered_unix_ms != b->registered_unix_ms)
        return a->registered_unix_ms > b->registered_unix_ms ? -1 : 1;
    int order = strcmp (a->source, b->source);
    return order != 0 ? order : strcmp (a->source_id, b->source_id);
}

static ingest_backfilled
describe (ingest_backfill *b, const question *q, const ingest_record *record)
{
    ingest_backfilled one
        = { .demand = q->standing.demand, .traceparent = q->traceparent, .revision = record->revision, .registered_unix_ms = record->registered_unix_ms };
    one.source = tt_arena_strndup (b->arena, record->source, strlen (record->source));
    one.source_id = tt_arena_strndup (b->arena, record->source_id, strlen (record->source_id));
    one.words = tt_arena_alloc (b->arena, INGEST_PUSH_TERMS * sizeof *one.words);
    one.word_count = ingest_subject_words (record, b->document, q->cql, b->arena, one.words, INGEST_PUSH_TERMS);
    return one;
}

static void
keep_newest (ingest_backfill *b, question *q, const ingest_record *record)
{
    size_t i = q->count;
    while (i > 0 && order_of (&q->found[i - 1], record) > 0)
        i--;
    if (i == b->most || (i > 0 && order_of (&q->found[i - 1], record) == 0)) /* too old, or visited twice */
        return;
    memmove (q->found + i + 1, q->found + i, (q->count - i) * sizeof *q->found);
    q->found[i] = describe (b, q, record);
    q->count = q->count < b->most ? q->count + 1 : q->count;
}

void
ingest_backfill_look (ingest_backfill *b, const ingest_row *row)
{
    if (!ingest_row_counts (row))
        return;
    ingest_traits traits = ingest_traits_of (row->achievement);
    bool filled = false;
    for (size_t i = 0; i < b->count; i++) {
        question *q = &b->questions[i];
        if (!ingest_fits (&q->standing.limits, &traits))
            continue;
        if (!filled)
            ingest_subject_document (row->achievement, b->document);
        filled = true;
        if (tt_cql_matches (q->cql, b->document))
            keep_newest (b, q, row->achievement);
    }
}

static bool
visit (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)key;
    (void)version;
    ingest_backfill *b = context;
    tt_arena_reset (b->row_arena);
    const ingest_row *row
        = ingest_unpack (b->row_arena, &techtransfer__achievement__v1__get_achievement_reply__descriptor, value);
    if (row)
        ingest_backfill_look (b, row);
    else
        tt_log (TT_LOG_ERROR, "a stored message cannot be read and is left out", "what", "achievement", NULL);
    return true;
}

tt_status
ingest_backfill_run (ingest_backfill *b, tt_store *store, tt_error *error)
{
    tt_status status = TT_OK;
    for (uint32_t p = 0; b->count > 0 && p < tt_store_partitions (store) && status == TT_OK; p++)
        status = tt_table_visit (store, p, INGEST_TABLE_RECORD, visit, b, error);
    return status;
}

const ingest_backfilled *
ingest_backfill_found (const ingest_backfill *b, size_t i, size_t *count)
{
    *count = i < b->count ? b->questions[i].count : 0;
    return i < b->count ? b->questions[i].found : NULL;
}
