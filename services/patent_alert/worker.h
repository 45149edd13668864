/* What the parts of the processor share: the copy of the watches, a view, and alerts on their way into the store. Owned by the processor's
 * thread. Not for commands. */
#ifndef ALERT_WORKER_H
#define ALERT_WORKER_H

#include "base/uuid.h"
#include "index_copy.h"
#include "matcher.h"
#include "service.h"

#define ALERT_COMMIT_MAX 256 /* alerts in one store batch: a commit blocks the server while it runs */

typedef struct {
    const alert_service *service;
    tt_store *store;
    char name[TT_UUID_TEXT_SIZE]; /* of this replica, for leases: another one with every start */
    uint32_t next_partition;      /* where the look for due dates begins */
    alert_index_copy *copy;
    alert_view *view;
    tt_arena *arena;  /* of the alerts that wait for their commit */
    tt_batch *batch;
    tt_batch *reads;  /* owned: what is looked up; its answers live while others are committed */
    tt_txn *waiting[ALERT_COMMIT_MAX];
    size_t waiting_count;
    uint64_t raised, known; /* since alert_worker_begin */
} alert_worker;

/* Starts anew: nothing waits, the arena is empty. */
void alert_worker_begin (alert_worker *w);

/* Shows the document in the view, with the portfolios that hold it, and the legal event if it is not NULL. Returns the number of values
 * that no index could read. */
size_t alert_worker_show (alert_worker *w, const PatentDocument *document, const LegalEvent *legal);

/* Raises what the view's matches are told of this occasion; entries: as alert_watch_index_match gave them. Order and texts wait in the arena
 * until the commit, which comes when there is enough. */
TT_MUST_USE tt_status alert_worker_tell (alert_worker *w, const alert_watch_entry *const *entries, size_t matched,
                                         const alert_occasion *occasion, const char *traceparent, tt_error *error);

/* The same for orders that were made already; they and what they point at must live until the commit. */
TT_MUST_USE tt_status alert_worker_raise (alert_worker *w, const alert_order *orders, size_t count, const char *traceparent, tt_error *error);

/* Between two documents or events: commits and empties the arena if much is waiting there. */
TT_MUST_USE tt_status alert_worker_rest (alert_worker *w, tt_error *error);

/* Commits all that waits. */
TT_MUST_USE tt_status alert_worker_commit (alert_worker *w, tt_error *error);

/* Runs the batch `reads`, which the caller has filled, and fails if one of its transactions did. */
TT_MUST_USE tt_status alert_worker_run (tt_batch *batch, tt_txn *const *txns, size_t count, tt_error *error);

/* -- the parts -- */

/* occasions.c: a publication, with citations and family; a legal event of a stored document. `traceparent` borrowed until the commit. */
typedef struct {
    const PatentDocument *document;
    bool correction;
    int64_t happened_unix_ms;
    const char *traceparent;
    bool backfilled;
    const alert_watch_entry *only; /* of a back-fill: nobody else */
} alert_publication;
tt_status alert_tell_publication (alert_worker *w, const alert_publication *p, tt_error *error);
tt_status alert_tell_member (alert_worker *w, const alert_publication *p, const tt_bytes *members, size_t count, tt_error *error);
tt_status alert_tell_legal (alert_worker *w, const alert_publication *p, const LegalRecord *record, tt_error *error);

/* surge_alerts.c: a surge, whose documents are read by `reads` (not the worker's own: that one's answers are still needed). The event and
 * `traceparent` are borrowed until the commit. */
tt_status alert_tell_surge (alert_worker *w, tt_batch *reads, const SurgeFound *found, int64_t happened_unix_ms, const char *traceparent,
                            tt_error *error);

/* retraction.c: takes back every alert of a cause, of whatever owner. */
tt_status alert_take_back (alert_worker *w, const char *cause, const char *reason, const char *traceparent, tt_error *error);

/* Bounded work of a tick: digests.c, backfill.c, due.c. */
tt_status alert_tick_digests (alert_worker *w, int64_t now_unix_ms, tt_error *error);
tt_status alert_tick_backfills (alert_worker *w, int64_t now_unix_ms, uint32_t documents, tt_error *error);
tt_status alert_tick_due (alert_worker *w, int64_t now_unix_ms, uint32_t documents, tt_error *error);

#endif
