#include "watch.h"

#include <string.h>

#include "query/percolator.h"
#include "wire/topic.h"

#define LABEL_MAX 128
#define TRIGGERS_MAX 16

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
    ok = check_query (watch->query, v) && ok;
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
    return strcmp (a->query, b->query) == 0 && a->n_triggers == b->n_triggers
           && (a->n_triggers == 0 || memcmp (a->triggers, b->triggers, a->n_triggers * sizeof *a->triggers) == 0);
}

bool
alert_watch_same (const Watch *a, const Watch *b)
{
    return strcmp (a->label, b->label) == 0 && a->severity == b->severity && alert_watch_asks_same (a, b);
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
    tt_percolator *probe = tt_percolator_new (tt_schema_patent ());
    bool scan = false;
    if (tt_percolator_put (probe, 1, query, strlen (query), &scan, NULL) == TT_OK && scan) {
        tt_buffer_append (out, scanned, sizeof scanned);
        count++;
    }
    tt_percolator_destroy (&probe);
    return count;
}

void
alert_watch_key (const char *owner, const char *watch_id, tt_buffer *out)
{
    tt_buffer_printf (out, "%s/%s", owner, watch_id);
}

void
alert_watch_topic (const char *owner, tt_buffer *out)
{
    tt_topic_build (out, "patent", "watch", owner, NULL);
}
