/* What a publication or a legal event sets off, trigger by trigger. */
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "base/clock.h"
#include "document.h"
#include "legal.h"
#include "worker.h"

/* -- who is asked -- */

static bool
listens (const alert_worker *w, Trigger trigger)
{
    return alert_watch_index_listening (alert_index_copy_index (w->copy), trigger) > 0;
}

/* The watches that match what the view shows; of a back-fill its own alone. */
static size_t
ask (alert_worker *w, const alert_watch_entry *const *only, const alert_watch_entry *const **entries)
{
    if (*only == NULL)
        return alert_watch_index_match (alert_index_copy_index (w->copy), alert_view_document (w->view), entries);
    tt_cql *cql = NULL;
    const char *query = (*only)->query;
    bool matches = tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, NULL) == TT_OK
                   && tt_cql_matches (cql, alert_view_document (w->view));
    tt_cql_free (&cql);
    *entries = only;
    return matches;
}

static alert_occasion
begin (const alert_publication *p, Trigger trigger)
{
    return (alert_occasion){ .trigger = trigger,
                             .document = p->document,
                             .happened_unix_ms = p->happened_unix_ms,
                             .now_unix_ms = tt_clock_unix_ms (),
                             .backfilled = p->backfilled };
}

/* -- publications -- */

/* The cited document stands in the view's place: `own` says which portfolios it is in, everything else is the citing one's. */
static tt_status
tell_citation (alert_worker *w, const alert_publication *p, const DocumentReference *cited, tt_error *error)
{
    const char *const *holders = NULL, **kept;
    size_t count = alert_portfolios_holding (alert_index_copy_portfolios (w->copy), cited, NULL, &holders);
    if (count == 0)
        return TT_OK;
    kept = tt_arena_alloc (w->arena, count * sizeof *kept); /* the list is the portfolios' own until they are asked again */
    memcpy (kept, holders, count * sizeof *kept);
    (void)alert_view_fill (w->view, p->document);
    for (size_t i = 0; i < count; i++)
        alert_view_add_own (w->view, kept[i]);
    const alert_watch_entry *const *entries = NULL;
    size_t matched = ask (w, &p->only, &entries);
    alert_occasion occasion = begin (p, TRIGGER (CITATION));
    occasion.cited = cited;
    occasion.holders = kept;
    occasion.holder_count = count;
    occasion.distinction = tt_arena_printf (w->arena, "%s%s", cited->country, cited->number);
    return alert_worker_tell (w, entries, matched, &occasion, p->traceparent, error);
}

static tt_status
tell_citations (alert_worker *w, const alert_publication *p, tt_error *error)
{
    tt_status status = TT_OK;
    if (!listens (w, TRIGGER (CITATION)) || alert_portfolios_count (alert_index_copy_portfolios (w->copy)) == 0)
        return TT_OK;
    for (size_t i = 0; i < p->document->n_citations && status == TT_OK; i++) {
        status = alert_worker_rest (w, error);
        if (status == TT_OK)
            status = tell_citation (w, p, p->document->citations[i], error);
    }
    return status;
}

tt_status
alert_tell_publication (alert_worker *w, const alert_publication *p, tt_error *error)
{
    int64_t start_us = tt_clock_monotonic_us ();
    const alert_watch_entry *const *entries = NULL;
    size_t skipped = alert_worker_show (w, p->document, NULL);
    size_t matched = ask (w, &p->only, &entries);
    if (w->service->counters && !p->backfilled)
        tt_count_latency (w->service->counters, ALERT_COUNT_MATCH_TIME, 0, tt_clock_monotonic_us () - start_us);
    alert_count (w->service, ALERT_COUNT_SKIPPED_VALUES, 0, p->backfilled ? 0 : (int64_t)skipped);
    alert_occasion occasion = begin (p, TRIGGER (PUBLICATION));
    tt_status status = alert_worker_tell (w, entries, matched, &occasion, p->traceparent, error);
    if (status == TT_OK && alert_document_is_grant (p->document)) {
        occasion.trigger = TRIGGER (GRANT);
        occasion.distinction = tt_arena_strndup (w->arena, p->document->publication->country, 2);
        status = alert_worker_tell (w, entries, matched, &occasion, p->traceparent, error);
    }
    return status == TT_OK ? tell_citations (w, p, error) : status;
}

/* -- family -- */

/* An authority other than CN that the family had not: there are members of others, and none of the same but itself. */
static bool
is_new_authority (const PatentDocument *document, PatentDocument *const *members, size_t count)
{
    const DocumentReference *own = document->publication;
    bool others = false;
    for (size_t i = 0; i < count; i++) {
        const DocumentReference *p = members[i] ? members[i]->publication : NULL;
        if (p == NULL)
            continue;
        if (strcmp (p->country, own->country) != 0)
            others = true;
        else if (strcmp (p->number, own->number) != 0 && strcmp (p->date, own->date) < 0)
            return false;
    }
    return others;
}

/* The watch matches the new document, or else one that was there. */
static tt_status
tell_new_authority (alert_worker *w, const alert_publication *p, PatentDocument *const *members, size_t count, tt_error *error)
{
    alert_occasion occasion = begin (p, TRIGGER (OVERSEAS_FAMILY));
    const alert_watch_entry *const *entries = NULL;
    char country[3];
    snprintf (country, sizeof country, "%s", p->document->publication->country);
    occasion.distinction = country;
    (void)alert_worker_show (w, p->document, NULL);
    size_t matched = ask (w, &p->only, &entries);
    tt_status status = alert_worker_tell (w, entries, matched, &occasion, p->traceparent, error);
    occasion.elsewhere = true;
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        if (members[i] == NULL || strcmp (members[i]->publication->country, country) == 0)
            continue;
        (void)alert_worker_show (w, members[i], NULL);
        matched = ask (w, &p->only, &entries);
        status = alert_worker_tell (w, entries, matched, &occasion, p->traceparent, error);
    }
    return status;
}

tt_status
alert_tell_member (alert_worker *w, const alert_publication *p, const tt_bytes *rows, size_t count, tt_error *error)
{
    PatentDocument **members = tt_alloc_zero (count + 1, sizeof *members);
    for (size_t i = 0; i < count; i++) {
        members[i] = alert_archive_unpack (rows[i], NULL);
        if (members[i] && members[i]->publication == NULL) {
            techtransfer__patent__v1__patent_document__free_unpacked (members[i], NULL);
            members[i] = NULL;
        }
    }
    tt_status status = is_new_authority (p->document, members, count) ? tell_new_authority (w, p, members, count, error) : TT_OK;
    for (size_t i = 0; i < count; i++)
        if (members[i])
            techtransfer__patent__v1__patent_document__free_unpacked (members[i], NULL);
    free (members);
    return status;
}

/* -- legal events -- */

tt_status
alert_tell_legal (alert_worker *w, const alert_publication *p, const LegalRecord *record, tt_error *error)
{
    if (record->trigger == TRIGGER (TRIGGER_UNSPECIFIED) || !listens (w, record->trigger))
        return TT_OK;
    const alert_watch_entry *const *entries = NULL;
    (void)alert_worker_show (w, p->document, record->event);
    size_t matched = ask (w, &p->only, &entries);
    alert_occasion occasion = begin (p, record->trigger);
    occasion.legal = record->event;
    occasion.distinction = record->trigger == TRIGGER (GRANT) ? p->document->publication->country : record->event->event_id;
    return alert_worker_tell (w, entries, matched, &occasion, p->traceparent, error);
}
