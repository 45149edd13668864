#include "surges.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "commands.h"
#include "rows.h"
#include "wire/topic.h"

#define LEASE_MS 20000
#define LOOK_MS 1000    /* from one look at the row to the next */
#define COMMIT_MAX 32   /* finds in one store batch */
#define ROUND_KEY "round"

struct alert_surges {
    alert_surges_options options;
    const alert_service *service;
    tt_store *store;
    tt_batch *batch;
    tt_arena *arena;
    char name[TT_UUID_TEXT_SIZE]; /* for the lease: another one with every start */
    int64_t loaded_ms, changed_ms, look_ms;
    bool stale; /* last_day has to be looked for again */
    int32_t last_day, looked_on;
};

alert_surges *
alert_surges_new (const alert_surges_options *options, const alert_service *service, tt_store *store, tt_batch *batch)
{
    uint8_t id[TT_UUID_SIZE];
    alert_surges *s = tt_alloc_zero (1, sizeof *s);
    s->options = *options;
    s->service = service;
    s->store = store;
    s->batch = batch;
    s->arena = tt_arena_new (0);
    s->stale = true;
    tt_uuid7_make (id);
    tt_uuid_format (id, s->name);
    return s;
}

void
alert_surges_destroy (alert_surges **surges)
{
    if (*surges == NULL)
        return;
    tt_arena_destroy (&(*surges)->arena);
    free (*surges);
    *surges = NULL;
}

void
alert_surges_loaded (alert_surges *s, int64_t now_unix_ms)
{
    s->loaded_ms = now_unix_ms;
    alert_surges_changed (s, now_unix_ms);
}

void
alert_surges_changed (alert_surges *s, int64_t now_unix_ms)
{
    s->changed_ms = now_unix_ms;
    s->stale = true;
}

void
alert_surge_key (const char *applicant, const char *subclass, tt_buffer *out)
{
    tt_buffer_printf (out, "%s\t%s", applicant, subclass);
}

void
alert_surge_id (const char *applicant, const char *subclass, const char *last_date, char out[ALERT_SURGE_ID_SIZE])
{
    tt_buffer key = { 0 };
    alert_surge_key (applicant, subclass, &key);
    tt_buffer_printf (&key, "\t%s", last_date);
    XXH128_hash_t hash = XXH3_128bits (key.data, key.size);
    snprintf (out, ALERT_SURGE_ID_SIZE, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
    tt_buffer_free (&key);
}

/* -- finds -- */

typedef struct {
    tt_bytes key;
    SurgeFound event;
    tt_txn *txn;
} finding;

static char *
keep (tt_arena *arena, const char *text)
{
    return tt_arena_strndup (arena, text, strlen (text));
}

static Surge *
describe (alert_surges *s, const alert_surge_round *round, const alert_surge_find *find)
{
    Surge *surge = tt_arena_alloc (s->arena, sizeof *surge);
    char first[TT_DATE_TEXT_SIZE], last[TT_DATE_TEXT_SIZE], id[ALERT_SURGE_ID_SIZE];
    techtransfer__patent__v1__surge__init (surge);
    tt_date_format (round->first_day, first);
    tt_date_format (round->last_day, last);
    alert_surge_id (find->applicant, find->subclass, last, id);
    surge->surge_id = keep (s->arena, id);
    surge->applicant = (char *)find->label;
    surge->applicant_key = (char *)find->applicant;
    surge->subclass = (char *)find->subclass;
    surge->first_date = keep (s->arena, first);
    surge->last_date = keep (s->arena, last);
    surge->count = find->surge.count;
    surge->earlier = find->surge.earlier;
    surge->expected = find->surge.expected;
    surge->p = find->surge.p;
    surge->q = find->surge.q;
    surge->test = (char *)TT_SURGE_TEST;
    surge->window_days = (uint32_t)s->options.rule.window_days;
    surge->trailing = s->options.rule.trailing;
    surge->bound = s->options.rule.bound;
    surge->pairs = round->pairs;
    surge->dispersion = round->dispersion;
    return surge;
}

/* The row says in which family the document is known; one that is gone meanwhile is no evidence. */
static void
add_document (alert_surges *s, SurgeFound *event, const char *id, const tt_row *row)
{
    PatentDocument *stored = row->present ? alert_archive_unpack (row->value, NULL) : NULL;
    if (stored == NULL)
        return;
    SurgeDocument *document = tt_arena_alloc (s->arena, sizeof *document);
    techtransfer__patent__v1__surge_document__init (document);
    document->document_id = keep (s->arena, id);
    document->family_id = keep (s->arena, stored->family_id);
    event->documents[event->n_documents++] = document;
    techtransfer__patent__v1__patent_document__free_unpacked (stored, NULL);
}

static tt_status
make_finding (alert_surges *s, const alert_columns *columns, const alert_surge_round *round, const alert_surge_find *find, finding *out,
              tt_error *error)
{
    alert_row_place list[ALERT_SURGE_DOCUMENTS];
    const tt_row *rows[ALERT_SURGE_DOCUMENTS];
    tt_buffer key = { 0 };
    alert_place place;
    for (size_t i = 0; i < find->place_count; i++) {
        (void)alert_columns_at (columns, find->places[i], &place);
        list[i] = (alert_row_place){ place.partition, (char *)place.id };
    }
    tt_status status = alert_rows_fetch (s->store, s->batch, s->arena, list, find->place_count, rows, error);
    if (status != TT_OK)
        return status;
    alert_surge_key (find->applicant, find->subclass, &key);
    out->key = (tt_bytes){ (uint8_t *)tt_arena_strndup (s->arena, (const char *)key.data, key.size), key.size };
    tt_buffer_free (&key);
    techtransfer__patent__v1__surge_found__init (&out->event);
    out->event.surge = describe (s, round, find);
    out->event.documents = tt_arena_alloc (s->arena, (find->place_count + 1) * sizeof *out->event.documents);
    for (size_t i = 0; i < find->place_count; i++)
        add_document (s, &out->event, list[i].id, rows[i]);
    return TT_OK;
}

static bool
is_same_surge (const Surge *a, const Surge *b)
{
    int32_t days[4];
    return tt_date_parse (a->first_date, &days[0]) == TT_OK && tt_date_parse (a->last_date, &days[1]) == TT_OK
           && tt_date_parse (b->first_date, &days[2]) == TT_OK && tt_date_parse (b->last_date, &days[3]) == TT_OK
           && alert_surge_overlaps (days[0], days[1], days[2], days[3]);
}

/* The reply says that it was new. */
static void
commit_finding (tt_txn *txn, const void *request, void *context)
{
    const finding *f = request;
    const Surge *surge = f->event.surge;
    tt_buffer topic = { 0 };
    tt_txn_at (txn, f->key);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_SURGES, f->key);
    if (row == NULL)
        return;
    SurgeFound *stored
        = row->present ? techtransfer__patent__v1__surge_found__unpack (NULL, row->value.size, row->value.data) : NULL;
    bool known = stored && stored->surge && is_same_surge (stored->surge, surge);
    if (stored)
        techtransfer__patent__v1__surge_found__free_unpacked (stored, NULL);
    else if (row->present)
        alert_count (context, ALERT_COUNT_UNREADABLE, 0, 1); /* it is written anew */
    if (known)
        return;
    tt_topic_build (&topic, "patent", "surge", surge->subclass, NULL);
    tt_txn_put_message (txn, ALERT_TABLE_SURGES, f->key, &f->event.base);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, surge->surge_id, &f->event.base);
    tt_txn_reply (txn, &surge->base);
}

static tt_status
commit_findings (alert_surges *s, finding *list, size_t count, tt_error *error)
{
    tt_batch_begin (s->batch, tt_clock_unix_ms ());
    for (size_t i = 0; i < count; i++)
        list[i].txn = tt_batch_add (s->batch, &(tt_txn_spec){ .handle = commit_finding, .request = &list[i], .service = (void *)s->service });
    tt_status status = tt_batch_run (s->batch, error);
    for (size_t i = 0; i < count && status == TT_OK; i++) {
        tt_outcome outcome = tt_txn_outcome (list[i].txn);
        if (outcome.status != TT_OK)
            status = tt_fail (error, outcome.status, "a surge cannot be kept: %s", outcome.message);
        else
            alert_count (s->service, outcome.reply.size > 0 ? ALERT_COUNT_SURGES_FOUND : ALERT_COUNT_SURGES_KNOWN, 0, 1);
    }
    return status;
}

static tt_status
commit_round (alert_surges *s, const alert_columns *columns, const alert_surge_round *round, tt_error *error)
{
    finding list[COMMIT_MAX];
    tt_status status = TT_OK;
    for (size_t from = 0; from < round->count && status == TT_OK; from += COMMIT_MAX) {
        size_t count = round->count - from < COMMIT_MAX ? round->count - from : COMMIT_MAX;
        for (size_t i = 0; i < count && status == TT_OK; i++)
            status = make_finding (s, columns, round, &round->finds[from + i], &list[i], error);
        if (status == TT_OK)
            status = commit_findings (s, list, count, error);
        tt_arena_reset (s->arena);
    }
    return status;
}

/* -- the row of the rounds -- */

typedef struct {
    SurgeRoundRow row; /* read; of texts only the worker, in the arena */
    uint64_t version;
    const SurgeRoundRow *next; /* to be put if the version is still this; NULL: only read */
    bool put;
    tt_arena *arena;
} round_row;

static void
use_row (tt_txn *txn, const void *request, void *context)
{
    (void)request;
    round_row *r = context;
    tt_bytes key = alert_text (ROUND_KEY);
    tt_txn_at_partition (txn, 0);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_SURGES, key);
    if (row == NULL)
        return;
    if (r->next) {
        r->put = row->version == r->version;
        if (r->put)
            tt_txn_put_message (txn, ALERT_TABLE_SURGES, key, &r->next->base);
        return;
    }
    r->version = row->version;
    SurgeRoundRow *stored
        = row->present ? techtransfer__patent__v1__surge_round_row__unpack (NULL, row->value.size, row->value.data) : NULL;
    techtransfer__patent__v1__surge_round_row__init (&r->row);
    if (stored == NULL)
        return;
    r->row = *stored;
    r->row.worker = keep (r->arena, stored->worker);
    techtransfer__patent__v1__surge_round_row__free_unpacked (stored, NULL);
}

static tt_status
use (alert_surges *s, round_row *r, tt_error *error)
{
    tt_batch_begin (s->batch, tt_clock_unix_ms ());
    tt_txn *txn = tt_batch_add (s->batch, &(tt_txn_spec){ .handle = use_row, .service = r, .read_only = r->next == NULL });
    tt_status status = tt_batch_run (s->batch, error);
    if (status == TT_OK && tt_txn_outcome (txn).status != TT_OK)
        status = tt_fail (error, tt_txn_outcome (txn).status, "the row of the rounds: %s", tt_txn_outcome (txn).message);
    return status;
}

static tt_status
put_row (alert_surges *s, round_row *r, const SurgeRoundRow *next, tt_error *error)
{
    r->next = next;
    r->put = false;
    return use (s, r, error);
}

/* -- a round -- */

static bool
wants (const alert_surges *s, const SurgeRoundRow *row, int64_t now_ms)
{
    alert_surge_times times
        = { .now_ms = now_ms, .done_ms = row->done_unix_ms, .loaded_ms = s->loaded_ms, .changed_ms = s->changed_ms };
    bool others = row->lease_unix_ms > now_ms && row->lease_unix_ms <= now_ms + LEASE_MS && strcmp (row->worker, s->name) != 0;
    return !others && alert_surge_due (&s->options.pace, &times);
}

/* Is there a later day than that of the last round? Looked for only when the time has come: it takes a pass over all places. */
static bool
has_later_day (alert_surges *s, const alert_columns *columns, const SurgeRoundRow *row, int64_t now_ms)
{
    int32_t today = alert_delivery_day (&s->service->clockwork, now_ms);
    if (s->stale || s->looked_on != today)
        s->last_day = alert_surge_last_day (columns, today);
    s->looked_on = today;
    s->stale = false;
    return s->last_day != ALERT_NO_DAY && (row->done_unix_ms == 0 || s->last_day > row->last_day);
}

static tt_status
make_round (alert_surges *s, const alert_columns *columns, SurgeRoundRow *row, tt_error *error)
{
    alert_surge_round round;
    int64_t start_us = tt_clock_monotonic_us ();
    alert_surge_round_make (columns, &s->options.rule, s->last_day, &round);
    int64_t counted_us = tt_clock_monotonic_us () - start_us;
    tt_arena_reset (s->arena);
    tt_status status = commit_round (s, columns, &round, error);
    if (status == TT_OK && s->service->counters)
        tt_count_latency (s->service->counters, ALERT_COUNT_SURGE_TIME, 0, counted_us);
    row->last_day = s->last_day;
    alert_surge_round_free (&round);
    return status;
}

/* The row is put behind all finds: a crash before that repeats the round, which leaves alone what is there. */
static tt_status
look (alert_surges *s, const alert_columns *columns, int64_t now_ms, tt_error *error)
{
    round_row r = { .arena = s->arena };
    tt_status status = use (s, &r, error);
    if (status != TT_OK || !wants (s, &r.row, now_ms) || !has_later_day (s, columns, &r.row, now_ms))
        return status;
    SurgeRoundRow next = r.row;
    next.worker = s->name;
    next.lease_unix_ms = now_ms + LEASE_MS;
    status = put_row (s, &r, &next, error);
    if (status != TT_OK || !r.put)
        return status;
    status = make_round (s, columns, &next, error);
    if (status != TT_OK)
        return status;
    r.next = NULL;
    status = use (s, &r, error); /* its version, now that the lease is in it */
    if (status != TT_OK || strcmp (r.row.worker, s->name) != 0)
        return status; /* it took longer than the lease: another one is at it, and finds what is there */
    next.done_unix_ms = now_ms;
    next.lease_unix_ms = 0;
    status = put_row (s, &r, &next, error);
    alert_count (s->service, ALERT_COUNT_SURGE_ROUNDS, 0, status == TT_OK && r.put);
    return status;
}

void
alert_surges_tick (alert_surges *s, const alert_columns *columns, int64_t now_ms)
{
    tt_error error = { 0 };
    if (s->options.pace.every_ms == 0 || (now_ms < s->look_ms && s->look_ms <= now_ms + LOOK_MS))
        return;
    s->look_ms = now_ms + LOOK_MS;
    if (look (s, columns, now_ms, &error) != TT_OK)
        tt_log (TT_LOG_WARNING, "the round for filing surges is tried again", "reason", error.message, NULL);
    tt_arena_reset (s->arena);
}
