/* A surge that was found -> one alert for each owner with watches that match one of its documents. The documents are shown newest first: the first
 * one that matches is the alert's, and says why; watches that match an older one alone are named without terms. */
#include <string.h>

#include "archive.h"
#include "base/clock.h"
#include "document.h"
#include "inbox.h"
#include "surge_round.h"
#include "worker.h"

typedef struct {
    const char *family, *id;
    tt_bytes row; /* none: it is gone */
} evidence;

static void
read_evidence (tt_txn *txn, const void *request, void *context)
{
    (void)request;
    evidence *e = context;
    tt_txn_at (txn, alert_text (e->family));
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, alert_text (e->id));
    if (row)
        e->row = row->present ? row->value : TT_BYTES_NONE;
}

/* Their rows, which live until `reads` begins anew. Returns how many. */
static tt_status
read_all (alert_worker *w, tt_batch *reads, const SurgeFound *found, evidence *list, size_t *count, tt_error *error)
{
    tt_txn *txns[ALERT_SURGE_DOCUMENTS];
    *count = 0;
    tt_batch_begin (reads, tt_clock_unix_ms ());
    for (size_t i = 0; i < found->n_documents && *count < ALERT_SURGE_DOCUMENTS; i++) {
        tt_buffer family = { 0 };
        if (!alert_document_family_of_id (found->documents[i]->document_id, found->documents[i]->family_id, &family))
            continue;
        evidence *e = &list[*count];
        *e = (evidence){ .family = tt_arena_strndup (w->arena, (const char *)family.data, family.size), .id = found->documents[i]->document_id };
        tt_buffer_free (&family);
        txns[(*count)++] = tt_batch_add (reads, &(tt_txn_spec){ .handle = read_evidence, .service = e, .read_only = true });
    }
    return alert_worker_run (reads, txns, *count, error);
}

/* -- orders of all documents together: by owner, and the matches of each by watch -- */

typedef struct {
    alert_order *list;
    size_t count;
} gathered;

static alert_order *
order_of (const gathered *g, const char *owner)
{
    size_t low = 0, high = g->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp (g->list[middle].alert->owner, owner);
        if (order == 0)
            return &g->list[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool
is_named (const alert_order *order, const char *watch_id)
{
    size_t low = 0, high = order->alert->n_matches;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int compared = strcmp (order->alert->matches[middle]->watch_id, watch_id);
        if (compared == 0)
            return true;
        if (compared < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* More watches of an owner that has an order. */
static void
join (alert_order *into, const alert_order *more, tt_arena *arena)
{
    Alert *a = into->alert, *b = more->alert;
    size_t total = a->n_matches + b->n_matches, i = 0, k = 0;
    WatchMatch **matches = tt_arena_alloc (arena, total * sizeof *matches);
    alert_terms *terms = tt_arena_alloc (arena, total * sizeof *terms);
    for (size_t n = 0; n < total; n++) {
        bool first = k == b->n_matches || (i < a->n_matches && strcmp (a->matches[i]->watch_id, b->matches[k]->watch_id) < 0);
        matches[n] = first ? a->matches[i] : b->matches[k];
        terms[n] = first ? into->terms[i] : more->terms[k];
        i += first;
        k += !first;
    }
    a->matches = matches;
    a->n_matches = total;
    a->severity = alert_severity_max (a->severity, b->severity);
    into->terms = terms;
}

/* Orders of new owners among the others. */
static void
add_owners (gathered *g, const alert_order *fresh, size_t count)
{
    g->list = tt_realloc (g->list, (g->count + count + 1) * sizeof *g->list);
    size_t i = g->count, k = count, to = g->count + count;
    while (k > 0) {
        bool moved = i > 0 && strcmp (g->list[i - 1].alert->owner, fresh[k - 1].alert->owner) > 0;
        g->list[--to] = moved ? g->list[i - 1] : fresh[k - 1];
        i -= moved;
        k -= !moved;
    }
    g->count += count;
}

/* -- one document -- */

/* Those that listen and are not named yet: of owners without an order first, then of the others. */
static size_t
divide (const gathered *g, const alert_watch_entry *const *entries, size_t matched, const alert_watch_entry **out, size_t *fresh)
{
    size_t count = 0;
    for (int known = 0; known < 2; known++) {
        for (size_t i = 0; i < matched; i++) {
            if (!(entries[i]->terms.triggers >> TRIGGER (SURGE) & 1))
                continue;
            const alert_order *order = order_of (g, entries[i]->owner);
            if ((order != NULL) == (known == 1) && (order == NULL || !is_named (order, entries[i]->watch_id)))
                out[count++] = entries[i];
        }
        if (known == 0)
            *fresh = count;
    }
    return count;
}

static void
ask_document (alert_worker *w, alert_occasion *occasion, gathered *g)
{
    alert_watch_index *index = alert_index_copy_index (w->copy);
    const alert_watch_entry *const *entries = NULL;
    size_t fresh = 0, orders = 0, more_orders = 0;
    (void)alert_worker_show (w, occasion->document, NULL);
    size_t matched = alert_watch_index_match (index, alert_view_document (w->view), &entries);
    const alert_watch_entry **asked = tt_alloc ((matched + 1) * sizeof *asked);
    size_t count = divide (g, entries, matched, asked, &fresh);
    occasion->elsewhere = false;
    const alert_order *first = alert_match (asked, fresh, w->view, occasion, alert_watch_index_crew (index), w->arena, &orders);
    occasion->elsewhere = true;
    const alert_order *more
        = alert_match (asked + fresh, count - fresh, w->view, occasion, alert_watch_index_crew (index), w->arena, &more_orders);
    for (size_t i = 0; i < more_orders; i++)
        join (order_of (g, more[i].alert->owner), &more[i], w->arena);
    if (orders > 0)
        add_owners (g, first, orders);
    free (asked);
}

static void
ask_evidence (alert_worker *w, const evidence *e, alert_occasion *occasion, gathered *g)
{
    PatentDocument *document = e->row.size > 0 ? alert_archive_unpack (e->row, NULL) : NULL;
    if (document && document->publication) {
        occasion->document = document;
        ask_document (w, occasion, g);
    } else if (e->row.size > 0) {
        alert_count (w->service, ALERT_COUNT_UNREADABLE, 0, 1);
    }
    if (document)
        techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
}

tt_status
alert_tell_surge (alert_worker *w, tt_batch *reads, const SurgeFound *found, int64_t happened_unix_ms, const char *traceparent,
                  tt_error *error)
{
    evidence list[ALERT_SURGE_DOCUMENTS];
    size_t count = 0;
    gathered g = { 0 };
    if (alert_watch_index_listening (alert_index_copy_index (w->copy), TRIGGER (SURGE)) == 0)
        return TT_OK;
    alert_occasion occasion = { .trigger = TRIGGER (SURGE),
                                .surge = found->surge,
                                .distinction = found->surge->surge_id,
                                .happened_unix_ms = happened_unix_ms,
                                .now_unix_ms = tt_clock_unix_ms () };
    tt_status status = read_all (w, reads, found, list, &count, error);
    for (size_t i = 0; i < count && status == TT_OK; i++)
        ask_evidence (w, &list[i], &occasion, &g);
    alert_order *orders = tt_arena_alloc (w->arena, (g.count + 1) * sizeof *orders); /* they wait there for the commit */
    memcpy (orders, g.list ? g.list : orders, g.count * sizeof *orders);
    if (status == TT_OK)
        status = alert_worker_raise (w, orders, g.count, traceparent, error);
    free (g.list);
    return status;
}
