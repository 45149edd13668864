#include "worker.h"

#include <string.h>

#include "base/clock.h"
#include "commands.h"

#define ARENA_MAX ((size_t)8 << 20) /* bytes of alerts that wait */

static void
begin_batch (alert_worker *w)
{
    tt_batch_begin (w->batch, tt_clock_unix_ms ());
    w->waiting_count = 0;
}

void
alert_worker_begin (alert_worker *w)
{
    tt_arena_reset (w->arena);
    begin_batch (w);
    w->raised = w->known = 0;
}

size_t
alert_worker_show (alert_worker *w, const PatentDocument *document, const LegalEvent *legal)
{
    const char *const *names = NULL;
    size_t skipped = alert_view_fill (w->view, document);
    size_t count = alert_portfolios_holding (alert_index_copy_portfolios (w->copy), document->publication,
                                             alert_view_document (w->view), &names);
    for (size_t i = 0; i < count; i++)
        alert_view_add_own (w->view, names[i]);
    if (legal)
        alert_view_add_legal (w->view, legal);
    return skipped;
}

tt_status
alert_worker_run (tt_batch *batch, tt_txn *const *txns, size_t count, tt_error *error)
{
    tt_status status = count > 0 ? tt_batch_run (batch, error) : TT_OK;
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        tt_outcome outcome = tt_txn_outcome (txns[i]);
        if (outcome.status != TT_OK)
            status = tt_fail (error, outcome.status, "%s", outcome.message);
    }
    return status;
}

tt_status
alert_worker_commit (alert_worker *w, tt_error *error)
{
    tt_status status = alert_worker_run (w->batch, w->waiting, w->waiting_count, error);
    for (size_t i = 0; i < w->waiting_count && status == TT_OK; i++) {
        bool raised = tt_txn_outcome (w->waiting[i]).reply.size > 0;
        w->raised += raised;
        w->known += !raised;
        alert_count (w->service, ALERT_COUNT_ALERTS, raised ? ALERT_EFFECT_RAISED : ALERT_EFFECT_KNOWN, 1);
    }
    begin_batch (w);
    return status;
}

tt_status
alert_worker_rest (alert_worker *w, tt_error *error)
{
    if (tt_arena_used (w->arena) < ARENA_MAX)
        return TT_OK;
    tt_status status = alert_worker_commit (w, error);
    tt_arena_reset (w->arena);
    return status;
}

tt_status
alert_worker_tell (alert_worker *w, const alert_watch_entry *const *entries, size_t matched, const alert_occasion *occasion,
                   const char *traceparent, tt_error *error)
{
    size_t count = 0;
    const alert_order *orders = alert_match (entries, matched, w->view, occasion,
                                             alert_watch_index_crew (alert_index_copy_index (w->copy)), w->arena, &count);
    return alert_worker_raise (w, orders, count, traceparent, error);
}

tt_status
alert_worker_raise (alert_worker *w, const alert_order *orders, size_t count, const char *traceparent, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        if (w->waiting_count == ALERT_COMMIT_MAX)
            status = alert_worker_commit (w, error);
        tt_txn_spec spec = { .handle = alert_raise, .request = &orders[i], .service = (void *)w->service, .traceparent = traceparent };
        if (status == TT_OK)
            w->waiting[w->waiting_count++] = tt_batch_add (w->batch, &spec);
    }
    return status;
}
