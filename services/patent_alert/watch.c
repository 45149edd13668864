#include "watch.h"

#include <string.h>

#include "query/percolator.h"
#include "wire/topic.h"

#define LABEL_MAX 128
#define TRIGGERS_MAX 16
#define DUE_DAYS_MAX 3660
#define TIME_MAX UINT64_C (253402300799999) /* the end of the year 9999 */

/* "own" somewhere, in any case: what follows is parsed then. */
static bool
may_own (const char *query)
{
    for (const char *c = query; *c; c++)
        if ((c[0] | 32) == 'o' && (c[1] | 32) == 'w' && (c[2] | 32) == 'n')
            return true;
    return false;
}

const char *
alert_watch_owned (const Watch *watch, tt_buffer *room)
{
    tt_cql *cql = NULL;
    if (!may_own (watch->query) || tt_cql_parse (tt_schema_patent (), watch->query, strlen (watch->query), &cql, NULL) != TT_OK)
        return watch->query;
    tt_buffer plain = { 0 };
    tt_cql_print (cql, &plain);
    tt_cql_print_owned (cql, watch->owner, room);
    bool same = plain.size == room->size;
    tt_buffer_append (room, "", 1);
    tt_buffer_free (&plain);
    tt_cql_free (&cql);
    return same ? watch->query : (const char *)room->data;
}

static bool
check_owned (const Watch *watch, tt_violations *v)
{
    tt_buffer room = { 0 };
    bool fits = strlen (alert_watch_owned (watch, &room)) <= TT_CQL_MAX_BYTES;
    tt_buffer_free (&room);
    if (!fits)
        tt_violate (v, "query", "longer than %d bytes once the portfolios of \"own\" are written in full", TT_CQL_MAX_BYTES);
    return fits;
}

/* Negative ones must not be told as huge ones. */
static bool
check_time (tt_violations *v, const char *field, int64_t unix_ms)
{
    if (unix_ms < 0)
        tt_violate (v, field, "%lld, expected 0 to %lld", (long long)unix_ms, (long long)TIME_MAX);
    return unix_ms >= 0 && tt_check_range (v, field, (uint64_t)unix_ms, 0, TIME_MAX);
}

static bool
check_life (const Watch *watch, tt_violations *v)
{
    bool ok = tt_check_enum (v, "backfill", &techtransfer__patent__v1__backfill__descriptor, (int)watch->backfill, false);
    ok = tt_check_date (v, "backfill_since", watch->backfill_since, watch->backfill == TECHTRANSFER__PATENT__V1__BACKFILL__BACKFILL_SINCE) && ok;
    ok = tt_check_enum (v, "delivery", &techtransfer__patent__v1__delivery__descriptor, (int)watch->delivery, false) && ok;
    if (watch->due_within_days)
        ok = tt_check_range (v, "due_within_days", watch->due_within_days, 1, DUE_DAYS_MAX) && ok;
    ok = check_time (v, "mute_until_unix_ms", watch->mute_until_unix_ms) && ok;
    return check_time (v, "expires_unix_ms", watch->expires_unix_ms) && ok;
}

static bool
check_query (const char *query, tt_violations *v)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    if (query[0] == '\0') {
        tt_violate (v, "query", "required");
        return false;
    }
    tt_status status = tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, &error);
    tt_cql_free (&cql);
    if (status != TT_OK)
        tt_violate (v, "query", "%s", error.message);
    return status == TT_OK;
}

bool
alert_watch_check (const Watch *watch, tt_violations *v)
{
    bool ok = tt_check_identifier (v, "owner", watch->owner);
    ok = tt_check_identifier (v, "watch_id", watch->watch_id) && ok;
    ok = check_query (watch->query, v) && check_owned (watch, v) && ok;
    ok = check_life (watch, v) && ok;
    ok = tt_check_text (v, "label", watch->label, 0, LABEL_MAX) && ok;
    ok = tt_check_enum (v, "severity", &techtransfer__patent__v1__severity__descriptor, (int)watch->severity, false) && ok;
    ok = tt_check_count (v, "triggers", watch->n_triggers, 0, TRIGGERS_MAX) && ok;
    for (size_t i = 0; i < watch->n_triggers; i++)
        ok = tt_check_enum (v, "triggers", &techtransfer__patent__v1__trigger__descriptor, (int)watch->triggers[i], false) && ok;
    return ok;
}

bool
alert_owner_check (const char *owner, tt_violations *v)
{
    return tt_check_identifier (v, "owner", owner);
}

void
alert_watch_defaults (Watch *watch, Techtransfer__Patent__V1__Trigger *only)
{
    if (watch->severity == TECHTRANSFER__PATENT__V1__SEVERITY__SEVERITY_UNSPECIFIED)
        watch->severity = TECHTRANSFER__PATENT__V1__SEVERITY__INFO;
    *only = TECHTRANSFER__PATENT__V1__TRIGGER__PUBLICATION;
    if (watch->n_triggers == 0) {
        watch->triggers = only;
        watch->n_triggers = 1;
    }
    for (size_t i = 0; i < watch->n_triggers; i++)
        if (watch->triggers[i] == TECHTRANSFER__PATENT__V1__TRIGGER__TRIGGER_UNSPECIFIED)
            watch->triggers[i] = TECHTRANSFER__PATENT__V1__TRIGGER__PUBLICATION;
}

bool
alert_watch_asks_same (const Watch *a, const Watch *b)
{
    return strcmp (a->query, b->query) == 0 && a->n_triggers == b->n_triggers && a->paused == b->paused && a->overseas == b->overseas
           && a->due_within_days == b->due_within_days
           && (a->n_triggers == 0 || memcmp (a->triggers, b->triggers, a->n_triggers * sizeof *a->triggers) == 0);
}

bool
alert_watch_same (const Watch *a, const Watch *b)
{
    return strcmp (a->label, b->label) == 0 && a->severity == b->severity && a->mute_until_unix_ms == b->mute_until_unix_ms
           && a->expires_unix_ms == b->expires_unix_ms && a->delivery == b->delivery && a->most_per_day == b->most_per_day
           && a->backfill == b->backfill && strcmp (a->backfill_since, b->backfill_since) == 0 && alert_watch_asks_same (a, b);
}

bool
alert_watch_fills_back (const Watch *stored, const Watch *watch)
{
    if (watch->backfill == TECHTRANSFER__PATENT__V1__BACKFILL__BACKFILL_NONE)
        return false;
    return stored == NULL || stored->backfill != watch->backfill || strcmp (stored->backfill_since, watch->backfill_since) != 0
           || strcmp (stored->query, watch->query) != 0;
}

bool
alert_watch_scanned (const char *query)
{
    tt_percolator *probe = tt_percolator_new (tt_schema_patent ());
    bool scan = false;
    bool parsed = tt_percolator_put (probe, 1, query, strlen (query), &scan, NULL) == TT_OK;
    tt_percolator_destroy (&probe);
    return parsed && scan;
}

size_t
alert_watch_warnings (const char *query, tt_buffer *out)
{
    static const char scanned[] = "no part of the query is required, so that it must be evaluated on every document";
    tt_cql *cql = NULL;
    size_t count = 0;
    if (tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, NULL) != TT_OK)
        return 0;
    for (const char *text; (text = tt_cql_warning (cql, count)); count++)
        tt_buffer_append (out, text, strlen (text) + 1);
    tt_cql_free (&cql);
    if (alert_watch_scanned (query)) {
        tt_buffer_append (out, scanned, sizeof scanned);
        count++;
    }
    return count;
}

void
alert_watch_key (const char *owner, const char *watch_id, tt_buffer *out)
{
    tt_buffer_printf (out, "%s/%s", owner, watch_id);
}

void
alert_watch_announce (tt_txn *txn, const Watch *watch, bool deleted)
{
    Techtransfer__Patent__V1__WatchChanged change = TECHTRANSFER__PATENT__V1__WATCH_CHANGED__INIT;
    tt_buffer topic = { 0 };
    change.watch = (Watch *)watch;
    change.deleted = deleted;
    tt_txn_log (txn, ALERT_LOG_WATCHES, &change.base);
    alert_watch_topic (watch->owner, &topic);
    tt_buffer_append (&topic, "", 1);
    const char *key = tt_arena_printf (tt_txn_arena (txn), "%s/%s", watch->owner, watch->watch_id);
    tt_txn_event (txn, tt_arena_strndup (tt_txn_arena (txn), (const char *)topic.data, topic.size), key, &change.base);
    tt_buffer_free (&topic);
}

void
alert_watch_topic (const char *owner, tt_buffer *out)
{
    tt_topic_build (out, "patent", "watch", owner, NULL);
}
