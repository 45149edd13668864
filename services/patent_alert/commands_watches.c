#include "commands.h"

#include <string.h>

#include "service.h"
#include "watch.h"

#define WARNINGS_MAX 32

/* -- PutWatch -- */

static void
answer_put (tt_txn *txn, const Watch *watch, bool created)
{
    Techtransfer__Patent__V1__PutWatchReply reply = TECHTRANSFER__PATENT__V1__PUT_WATCH_REPLY__INIT;
    char *warnings[WARNINGS_MAX];
    tt_buffer texts = { 0 };
    size_t count = alert_watch_warnings (watch->query, &texts);
    const char *at = (const char *)texts.data;
    for (; reply.n_warnings < count && reply.n_warnings < WARNINGS_MAX; at += strlen (at) + 1)
        warnings[reply.n_warnings++] = (char *)at;
    reply.warnings = warnings;
    reply.watch = (Watch *)watch;
    reply.created = created;
    tt_txn_reply (txn, &reply.base);
    tt_buffer_free (&texts);
}

/* A back-fill begins with the watch's commit, so that it is done to its end whatever happens; what is raised live meanwhile has the same
 * alert ids. */
static void
begin_backfill (tt_txn *txn, const Watch *watch, tt_bytes key)
{
    BackfillRow row = TECHTRANSFER__PATENT__V1__BACKFILL_ROW__INIT;
    Techtransfer__Patent__V1__GetBackfillReply progress = TECHTRANSFER__PATENT__V1__GET_BACKFILL_REPLY__INIT;
    progress.state = TECHTRANSFER__PATENT__V1__BACKFILL_STATE__BACKFILL_RUNNING;
    progress.partitions = tt_txn_partitions (txn);
    progress.started_unix_ms = tt_txn_now (txn);
    row.progress = &progress;
    row.owner = watch->owner;
    row.watch_id = watch->watch_id;
    row.asked_unix_ms = watch->since_unix_ms;
    if (watch->backfill == TECHTRANSFER__PATENT__V1__BACKFILL__BACKFILL_SINCE)
        row.since = watch->backfill_since;
    tt_txn_put_message (txn, ALERT_TABLE_BACKFILLS, key, &row.base);
    tt_txn_index_put (txn, ALERT_INDEX_BACKFILLS, key, progress.started_unix_ms);
}

/* A change by its owner takes the brake off. */
static void
release_brake (tt_txn *txn, tt_bytes key, const tt_row *rate)
{
    if (rate->present)
        tt_txn_delete (txn, ALERT_TABLE_RATES, key);
}

static void
decide_put (tt_txn *txn, const alert_service *service, Watch *watch, tt_bytes key, const Watch *stored)
{
    const tt_row *rate = tt_txn_get (txn, ALERT_TABLE_RATES, key);
    const tt_row *backfill = tt_txn_get (txn, ALERT_TABLE_BACKFILLS, key);
    if (rate == NULL || backfill == NULL)
        return;
    watch->created_unix_ms = stored ? stored->created_unix_ms : tt_txn_now (txn);
    watch->revision = stored ? stored->revision : 0;
    watch->since_unix_ms = stored && alert_watch_asks_same (stored, watch) ? stored->since_unix_ms : tt_txn_now (txn);
    watch->scanned = alert_watch_scanned (watch->query);
    watch->braked = stored && stored->braked;
    if (stored == NULL || !alert_watch_same (stored, watch)) {
        watch->revision++;
        watch->braked = false;
        release_brake (txn, key, rate);
        tt_txn_put_message (txn, ALERT_TABLE_WATCHES, key, &watch->base);
        tt_txn_index_put (txn, alert_name_of (txn, ALERT_INDEX_WATCHES, watch->owner), key, 0);
        if (alert_watch_fills_back (stored, watch))
            begin_backfill (txn, watch, key);
        alert_watch_announce (txn, watch, false);
        alert_count (service, ALERT_COUNT_WATCH_CHANGES, 0, 1);
    }
    answer_put (txn, watch, stored == NULL);
}

/* A copy of the request's watch with the defaults, in the arena: the request is the caller's and the handler may be called again.
 */
static Watch *
copy_watch (tt_txn *txn, const Watch *given)
{
    Watch *watch = tt_arena_alloc (tt_txn_arena (txn), sizeof *watch);
    Techtransfer__Patent__V1__Trigger *triggers = tt_arena_alloc (tt_txn_arena (txn), (given->n_triggers + 1) * sizeof *triggers);
    *watch = *given;
    if (given->n_triggers > 0)
        memcpy (triggers + 1, given->triggers, given->n_triggers * sizeof *triggers);
    watch->triggers = triggers + 1;
    alert_watch_defaults (watch, triggers);
    return watch;
}

void
alert_put_watch (tt_txn *txn, const void *message, void *context)
{
    const Techtransfer__Patent__V1__PutWatchRequest *request = message;
    tt_violations violations = { 0 };
    if (request->watch) {
        size_t mark = tt_violations_enter (&violations, "watch");
        (void)alert_watch_check (request->watch, &violations);
        tt_violations_leave (&violations, mark);
    } else {
        tt_violate (&violations, "watch", "required");
    }
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (tt_txn_refused (txn))
        return;
    tt_txn_at (txn, alert_text (request->watch->owner));
    tt_bytes key = alert_key_of (txn, request->watch->owner, request->watch->watch_id);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_WATCHES, key);
    if (row == NULL)
        return;
    Watch *stored = row->present ? techtransfer__patent__v1__watch__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (row->present && stored == NULL)
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored watch %s cannot be read", (const char *)key.data);
    else
        decide_put (txn, context, copy_watch (txn, request->watch), key, stored);
    if (stored)
        techtransfer__patent__v1__watch__free_unpacked (stored, NULL);
}

/* -- DeleteWatch -- */

void
alert_delete_watch (tt_txn *txn, const void *message, void *context)
{
    const Techtransfer__Patent__V1__DeleteWatchRequest *request = message;
    if (!alert_goes_to (txn, request->owner, "watch_id", request->watch_id))
        return;
    tt_bytes key = alert_key_of (txn, request->owner, request->watch_id);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_WATCHES, key), *rate = tt_txn_get (txn, ALERT_TABLE_RATES, key);
    if (row == NULL || rate == NULL)
        return;
    if (!row->present) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "owner %s has no watch %s", request->owner, request->watch_id);
        return;
    }
    Watch gone = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    gone.owner = request->owner;
    gone.watch_id = request->watch_id;
    tt_txn_delete (txn, ALERT_TABLE_WATCHES, key);
    release_brake (txn, key, rate);
    tt_txn_index_remove (txn, alert_name_of (txn, ALERT_INDEX_WATCHES, request->owner), key);
    alert_watch_announce (txn, &gone, true);
    alert_count (context, ALERT_COUNT_WATCH_CHANGES, 0, 1);
    Techtransfer__Patent__V1__DeleteWatchReply reply = TECHTRANSFER__PATENT__V1__DELETE_WATCH_REPLY__INIT;
    tt_txn_reply (txn, &reply.base);
}

/* -- GetBackfill -- */

void
alert_get_backfill (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__GetBackfillRequest *request = message;
    if (!alert_goes_to (txn, request->owner, "watch_id", request->watch_id))
        return;
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_BACKFILLS, alert_key_of (txn, request->owner, request->watch_id));
    if (row == NULL)
        return;
    BackfillRow *stored = row->present ? techtransfer__patent__v1__backfill_row__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (stored && stored->progress)
        tt_txn_reply (txn, &stored->progress->base);
    else
        tt_txn_refuse (txn, row->present ? TT_DATA_LOSS : TT_NOT_FOUND, "owner %s has no back-fill of a watch %s", request->owner, request->watch_id);
    if (stored)
        techtransfer__patent__v1__backfill_row__free_unpacked (stored, NULL);
}

/* -- ListWatches -- */

static void
answer_list (tt_txn *txn, const tt_rows *rows, uint32_t limit)
{
    Techtransfer__Patent__V1__ListWatchesReply reply = TECHTRANSFER__PATENT__V1__LIST_WATCHES_REPLY__INIT;
    reply.watches = tt_arena_alloc (tt_txn_arena (txn), (rows->count + 1) * sizeof *reply.watches);
    for (size_t i = 0; i < rows->count && i < limit; i++) {
        tt_bytes value = rows->rows[i].value;
        Watch *watch = rows->rows[i].present ? techtransfer__patent__v1__watch__unpack (NULL, value.size, value.data) : NULL;
        if (watch)
            reply.watches[reply.n_watches++] = watch;
    }
    if (rows->count > limit && reply.n_watches > 0)
        reply.next_after = reply.watches[reply.n_watches - 1]->watch_id;
    tt_txn_reply (txn, &reply.base);
    for (size_t i = 0; i < reply.n_watches; i++)
        techtransfer__patent__v1__watch__free_unpacked (reply.watches[i], NULL);
}

void
alert_list_watches (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__ListWatchesRequest *request = message;
    tt_violations violations = { 0 };
    (void)alert_check_limit (request->limit, &violations);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    uint32_t limit = request->limit ? request->limit : ALERT_PAGE_DEFAULT;
    const tt_rows *rows = alert_page_of (txn, request->owner, request->after, limit, ALERT_INDEX_WATCHES, ALERT_TABLE_WATCHES);
    if (rows)
        answer_list (txn, rows, limit);
}
