#include "matcher.h"

#include <string.h>

#include "document.h"
#include "inbox.h"

/* What is common to all alerts of one document. */
typedef struct {
    const alert_occasion *occasion;
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
describe (const alert_occasion *occasion, const alert_view *view, tt_arena *arena)
{
    const PatentDocument *document = occasion->document;
    const char *title = document->n_titles ? document->titles[0]->text : "", *date = document->publication->date;
    tt_buffer id = { 0 }, family = { 0 };
    alert_document_id (document, &id);
    alert_document_family (document, &family);
    return (subject){
        .occasion = occasion,
        .view = view,
        .arena = arena,
        .document_id = keep (arena, &id),
        .family = keep (arena, &family),
        .title = tt_arena_strndup (arena, title, strlen (title)),
        .date = tt_arena_strndup (arena, date, strlen (date)),
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
    if (s->occasion->elsewhere)
        return match;
    match->terms = tt_arena_alloc (s->arena, r->hit_counts[i] * sizeof *match->terms);
    for (; match->n_terms < r->hit_counts[i]; match->n_terms++)
        match->terms[match->n_terms] = make_term (s, &r->hits[i * ALERT_TERMS_MAX + match->n_terms]);
    return match;
}

static char *
text_or_none (const char *text)
{
    return (char *)(text ? text : "");
}

/* For the run of entries that belong to one owner. */
static alert_order
make_order (const subject *s, const reasons *r, size_t first, size_t count)
{
    const alert_watch_entry *const *entries = r->entries + first;
    const alert_occasion *o = s->occasion;
    Alert *alert = tt_arena_alloc (s->arena, sizeof *alert);
    techtransfer__patent__v1__alert__init (alert);
    alert->trigger = o->trigger;
    alert->owner = tt_arena_strndup (s->arena, entries[0]->owner, strlen (entries[0]->owner));
    alert->document_id = s->document_id;
    alert->family_id = s->family;
    alert->title = s->title;
    alert->publication_date = s->date;
    alert->due_date = text_or_none (o->due_date);
    alert->due_rule = text_or_none (o->due_rule);
    alert->legal_event = (LegalEvent *)o->legal;
    alert->cited = (DocumentReference *)o->cited;
    alert->surge = (Surge *)o->surge;
    alert->backfilled = o->backfilled;
    alert->alert_id = tt_arena_alloc (s->arena, ALERT_ID_SIZE);
    alert_id (alert->owner, o->surge ? "" : s->family, alert->trigger, text_or_none (o->distinction), alert->alert_id);
    alert->matches = tt_arena_alloc (s->arena, count * sizeof *alert->matches);
    alert_terms *terms = tt_arena_alloc (s->arena, count * sizeof *terms);
    for (size_t i = 0; i < count; i++) {
        terms[i] = entries[i]->terms;
        alert->matches[alert->n_matches++] = make_match (s, r, first + i);
        alert->severity = alert_severity_max (alert->severity, entries[i]->severity);
    }
    return (alert_order){ alert, terms };
}

static bool
holds (const alert_occasion *o, const char *owner)
{
    size_t size = strlen (owner);
    for (size_t i = 0; i < o->holder_count; i++)
        if (strncmp (o->holders[i], owner, size) == 0 && o->holders[i][size] == '/')
            return true;
    return o->holders == NULL;
}

/* Does the watch listen to it, did it ask already when it happened, and is it its owner's business? */
static bool
concerns (const alert_watch_entry *entry, const alert_occasion *o)
{
    return alert_terms_ask (&entry->terms, o->trigger, o->document->publication->country, o->now_unix_ms)
           && (o->happened_unix_ms == 0 || entry->since_unix_ms <= o->happened_unix_ms + ALERT_CLOCKS_MS)
           && (o->trigger != TRIGGER (DUE) || o->due_in_days <= (int32_t)entry->terms.due_within_days) && holds (o, entry->owner);
}

alert_order *
alert_match (const alert_watch_entry *const *all, size_t matched, const alert_view *view, const alert_occasion *occasion, tt_crew *crew,
             tt_arena *arena, size_t *count)
{
    *count = 0;
    const alert_watch_entry **entries = tt_arena_alloc (arena, (matched + 1) * sizeof *entries);
    size_t kept = 0;
    for (size_t i = 0; i < matched; i++)
        if (concerns (all[i], occasion))
            entries[kept++] = all[i];
    if (kept == 0)
        return NULL;
    alert_order *orders = tt_arena_alloc (arena, kept * sizeof *orders);
    subject s = describe (occasion, view, arena);
    reasons r = { .document = alert_view_document (view),
                  .entries = entries,
                  .count = kept,
                  .hits = tt_alloc (kept * ALERT_TERMS_MAX * sizeof *r.hits),
                  .hit_counts = tt_alloc_zero (kept, sizeof *r.hit_counts) };
    if (!occasion->elsewhere)
        explain_all (&r, crew);
    for (size_t i = 0, end; i < kept; i = end) {
        for (end = i + 1; end < kept && strcmp (entries[end]->owner, entries[i]->owner) == 0;)
            end++;
        orders[(*count)++] = make_order (&s, &r, i, end - i);
    }
    free (r.hits);
    free (r.hit_counts);
    return orders;
}
