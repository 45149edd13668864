#include "matcher.h"

#include <string.h>

#include "document.h"
#include "inbox.h"

/* What is common to all alerts of one document. */
typedef struct {
    const alert_view *view;
    tt_arena *arena;
    char *document_id;
    char *family;
    char *title;
    char *date;
} subject;

static char *
keep (tt_arena *arena, tt_buffer *text)
{
    char *copy = tt_arena_strndup (arena, (const char *)text->data, text->size);
    tt_buffer_free (text);
    return copy;
}

static subject
describe (const PatentDocument *document, const alert_view *view, tt_arena *arena)
{
    tt_buffer id = { 0 }, family = { 0 };
    alert_document_id (document, &id);
    alert_document_family (document, &family);
    return (subject){
        .view = view,
        .arena = arena,
        .document_id = keep (arena, &id),
        .family = keep (arena, &family),
        .title = document->n_titles ? document->titles[0]->text : (char *)"",
        .date = document->publication->date,
    };
}

static MatchedTerm *
make_term (const subject *s, const tt_hit *hit)
{
    MatchedTerm *term = tt_arena_alloc (s->arena, sizeof *term);
    techtransfer__patent__v1__matched_term__init (term);
    tt_bytes text = alert_view_text (s->view, hit);
    term->field = (char *)tt_schema_patent ()->indexes[hit->index].name;
    term->ordinal = hit->ordinal;
    term->offset = hit->offset;
    term->length = hit->length;
    term->text = tt_arena_strndup (s->arena, (const char *)text.data, text.size);
    return term;
}

/* -- why: for all matches first, by several threads, for a million watches it takes far longer than finding them -- */

#define REASONS_ALONE 16 /* matches that are explained sooner than others are woken */
#define REASONS_PART 8   /* matches in one part of the work */

typedef struct {
    const tt_document *document;
    const alert_watch_entry *const *entries;
    size_t count;
    tt_hit *hits; /* ALERT_TERMS_MAX for each entry */
    size_t *hit_counts;
} reasons;

/* The query is parsed again rather than kept: few watches match, and a tree is much larger than its text. */
static size_t
explain (const reasons *r, size_t i)
{
    tt_cql *cql = NULL;
    const char *query = r->entries[i]->query;
    if (tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, NULL) != TT_OK)
        return 0; /* cannot be: the index has parsed it */
    size_t count = tt_cql_explain (cql, r->document, r->hits + i * ALERT_TERMS_MAX, ALERT_TERMS_MAX);
    tt_cql_free (&cql);
    return count;
}

static void
explain_part (void *context, size_t part)
{
    const reasons *r = context;
    for (size_t i = part * REASONS_PART; i < r->count && i < (part + 1) * REASONS_PART; i++)
        r->hit_counts[i] = explain (r, i);
}

static void
explain_all (reasons *r, tt_crew *crew)
{
    size_t parts = (r->count + REASONS_PART - 1) / REASONS_PART;
    if (crew && r->count > REASONS_ALONE)
        tt_crew_run (crew, explain_part, r, parts);
    else
        for (size_t i = 0; i < parts; i++)
            explain_part (r, i);
}

static WatchMatch *
make_match (const subject *s, const reasons *r, size_t i)
{
    const alert_watch_entry *entry = r->entries[i];
    WatchMatch *match = tt_arena_alloc (s->arena, sizeof *match);
    techtransfer__patent__v1__watch_match__init (match);
    match->watch_id = tt_arena_strndup (s->arena, entry->watch_id, strlen (entry->watch_id));
    match->label = tt_arena_strndup (s->arena, entry->label, strlen (entry->label));
    match->terms = tt_arena_alloc (s->arena, r->hit_counts[i] * sizeof *match->terms);
    for (; match->n_terms < r->hit_counts[i]; match->n_terms++)
        match->terms[match->n_terms] = make_term (s, &r->hits[i * ALERT_TERMS_MAX + match->n_terms]);
    return match;
}

/* For the run of entries that belong to one owner. */
static Alert *
make_alert (const subject *s, const reasons *r, size_t first, size_t count)
{
    const alert_watch_entry *const *entries = r->entries + first;
    Alert *alert = tt_arena_alloc (s->arena, sizeof *alert);
    techtransfer__patent__v1__alert__init (alert);
    alert->trigger = TECHTRANSFER__PATENT__V1__TRIGGER__PUBLICATION;
    alert->owner = tt_arena_strndup (s->arena, entries[0]->owner, strlen (entries[0]->owner));
    alert->document_id = s->document_id;
    alert->family_id = s->family;
    alert->title = s->title;
    alert->publication_date = s->date;
    alert->alert_id = tt_arena_alloc (s->arena, ALERT_ID_SIZE);
    alert_id (alert->owner, s->family, alert->trigger, alert->alert_id);
    alert->matches = tt_arena_alloc (s->arena, count * sizeof *alert->matches);
    for (size_t i = 0; i < count; i++) {
        alert->matches[alert->n_matches++] = make_match (s, r, first + i);
        alert->severity = alert_severity_max (alert->severity, entries[i]->severity);
    }
    return alert;
}

/* Those that asked already when the document was published, in the same order. */
static size_t
keep_older (const alert_watch_entry *const *entries, size_t count, int64_t published_unix_ms, const alert_watch_entry **out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (published_unix_ms == 0 || entries[i]->since_unix_ms <= published_unix_ms + ALERT_CLOCKS_MS)
            out[kept++] = entries[i];
    return kept;
}

Alert **
alert_match_publication (alert_watch_index *index, alert_view *view, const PatentDocument *document, int64_t published_unix_ms,
                         tt_arena *arena, size_t *count, size_t *skipped)
{
    size_t left_out = alert_view_fill (view, document);
    if (skipped)
        *skipped = left_out;
    const alert_watch_entry *const *all = NULL;
    size_t matched = alert_watch_index_match (index, alert_view_document (view), &all);
    const alert_watch_entry **entries = tt_arena_alloc (arena, (matched + 1) * sizeof *entries);
    matched = keep_older (all, matched, published_unix_ms, entries);
    Alert **alerts = tt_arena_alloc (arena, (matched + 1) * sizeof *alerts);
    *count = 0;
    if (matched == 0)
        return alerts;
    subject s = describe (document, view, arena);
    reasons r = { .document = alert_view_document (view),
                  .entries = entries,
                  .count = matched,
                  .hits = tt_alloc (matched * ALERT_TERMS_MAX * sizeof *r.hits),
                  .hit_counts = tt_alloc (matched * sizeof *r.hit_counts) };
    explain_all (&r, alert_watch_index_crew (index));
    for (size_t i = 0, end; i < matched; i = end) {
        for (end = i + 1; end < matched && strcmp (entries[end]->owner, entries[i]->owner) == 0;)
            end++;
        alerts[(*count)++] = make_alert (&s, &r, i, end - i);
    }
    free (r.hits);
    free (r.hit_counts);
    return alerts;
}
