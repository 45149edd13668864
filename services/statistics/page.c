#include "page.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/log.h"
#include "service.h"
#include "targets.h"
#include "wire/json.h"

/* A body with its tag. */
typedef struct {
    tt_buffer body;
    char etag[24];
} document;

typedef enum {
    FILE_INDEX,
    FILE_STYLE,
    FILE_APP,
    FILE_DETAIL,
    FILE_CHART,
    DATA_CATALOG,
    DATA_INDICATORS,
    DATA_COUNTS,
    DATA_POSITIONS,
    DATA_TARGETS,
    DATA_SERIES,
    DOCUMENTS
} place;

struct stats_page {
    pthread_mutex_t mutex;
    document documents[DOCUMENTS];
    uint64_t newest; /* of the reported figures that DATA_SERIES was made of */
};

/* Takes the body over. */
static void
put (stats_page *page, place where, tt_buffer *body)
{
    document fresh = { .body = *body };
    *body = (tt_buffer){ 0 };
    snprintf (fresh.etag, sizeof fresh.etag, "%016llx", (unsigned long long)XXH3_64bits (fresh.body.data, fresh.body.size));
    pthread_mutex_lock (&page->mutex);
    document old = page->documents[where];
    page->documents[where] = fresh;
    pthread_mutex_unlock (&page->mutex);
    tt_buffer_free (&old.body);
}

/* -- files
 * --------------------------------------------------------------------------------------------------------------------------- */

static tt_status
read_file (const char *path, tt_buffer *out, tt_error *error)
{
    FILE *file = fopen (path, "re");
    if (!file)
        return tt_fail (error, errno == ENOENT ? TT_NOT_FOUND : TT_PERMISSION_DENIED, "%s: %s", path, strerror (errno));
    size_t got;
    do {
        got = fread (tt_buffer_reserve (out, 65536), 1, 65536, file);
        out->size += got;
    } while (got > 0);
    bool failed = ferror (file) != 0;
    fclose (file);
    return failed ? tt_fail (error, TT_INTERNAL, "%s cannot be read", path) : TT_OK;
}

static tt_status
put_file (stats_page *page, place where, const char *directory, const char *name, tt_error *error)
{
    tt_buffer path = { 0 }, body = { 0 };
    tt_buffer_printf (&path, "%s%s%s", directory, directory[0] ? "/" : "", name);
    tt_status status = read_file (tt_buffer_cstr (&path), &body, error);
    if (status == TT_OK)
        put (page, where, &body);
    tt_buffer_free (&path);
    tt_buffer_free (&body);
    return status;
}

static const char *
page_directory (const char *wanted)
{
    if (wanted[0])
        return wanted;
    return access (STATS_PAGE_INSTALLED "/index.html", R_OK) == 0 ? STATS_PAGE_INSTALLED : STATS_PAGE_SOURCE;
}

/* -- catalogue
 * ----------------------------------------------------------------------------------------------------------------------- */

static json_t *
districts_json (const tt_catalog *catalog)
{
    size_t count;
    const tt_catalog_district *d = tt_catalog_districts (catalog, &count);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list,
                               json_pack ("{s:s, s:s, s:s}", "key", d[i].key, "nameZh", d[i].name_zh, "nameEn", d[i].name_en));
    return list;
}

static json_t *
specials_json (const tt_catalog *catalog)
{
    size_t count;
    const tt_catalog_special *s = tt_catalog_specials (catalog, &count);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list,
                               json_pack ("{s:i, s:s, s:s}", "id", (int)s[i].id, "nameZh", s[i].name_zh, "nameEn", s[i].name_en));
    return list;
}

static json_t *
targets_json (const tt_catalog *catalog)
{
    size_t count;
    const tt_catalog_target *t = tt_catalog_targets (catalog, &count);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, json_pack ("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "id", t[i].id, "task",
                                                (int)t[i].task, "metricZh", t[i].metric_zh, "metricEn", t[i].metric_en, "value",
                                                t[i].value, "valueMax", t[i].value_max, "unitZh", t[i].unit_zh, "unitEn",
                                                t[i].unit_en, "indicator", (int)t[i].indicator, "op", (int)t[i].op));
    return list;
}

static json_t *
departments_json (const tt_catalog *catalog)
{
    size_t count;
    const tt_catalog_department *d = tt_catalog_departments (catalog, &count);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list,
                               json_pack ("{s:s, s:s, s:s}", "code", d[i].code, "nameZh", d[i].name_zh, "nameEn", d[i].name_en));
    return list;
}

static void
put_json (stats_page *page, place where, json_t *json)
{
    char *printed = json_dumps (json, JSON_COMPACT);
    tt_buffer body = { 0 };
    tt_buffer_text (&body, printed);
    put (page, where, &body);
    free (printed);
    json_decref (json);
}

static void
put_catalog (stats_page *page, const tt_catalog *catalog)
{
    put_json (page, DATA_CATALOG,
              json_pack ("{s:o, s:o, s:o, s:o}", "districts", districts_json (catalog), "specials", specials_json (catalog),
                         "targets", targets_json (catalog), "departments", departments_json (catalog)));
}

/* -- data
 * ---------------------------------------------------------------------------------------------------------------------------- */

static tt_status
unpack_reply (const tt_txn *txn, const ProtobufCMessageDescriptor *type, ProtobufCMessage **out, tt_error *error)
{
    tt_outcome outcome = tt_txn_outcome (txn);
    if (outcome.status != TT_OK)
        return tt_fail (error, outcome.status, "%s", outcome.message);
    *out = protobuf_c_message_unpack (type, NULL, outcome.reply.size, outcome.reply.data);
    return *out ? TT_OK : tt_fail (error, TT_INTERNAL, "a reply of %s cannot be read", type->short_name);
}

static tt_status
put_message (stats_page *page, place where, const ProtobufCMessage *message, tt_error *error)
{
    tt_buffer body = { 0 };
    tt_status status = tt_json_print (message, TT_JSON_DEFAULTS, &body, error);
    if (status == TT_OK)
        put (page, where, &body);
    tt_buffer_free (&body);
    return status;
}

static json_t *
position_json (const Techtransfer__Statistics__V1__Position *p)
{
    return json_pack ("{s:i, s:I, s:s, s:I, s:I, s:I}", "partition", (int)p->partition, "sequence", (json_int_t)p->sequence,
                      "epoch", p->epoch, "undone", (json_int_t)p->undone, "doubtfulFirst", (json_int_t)p->doubtful_first,
                      "doubtfulLast", (json_int_t)p->doubtful_last);
}

static json_t *
positions_of (const Techtransfer__Statistics__V1__GetCountsReply *reply, const char *stream)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < reply->n_positions; i++)
        if (strcmp (reply->positions[i]->stream, stream) == 0)
            json_array_append_new (list, position_json (reply->positions[i]));
    return list;
}

static json_t *
stream_json (stats_consumer *consumer, const Techtransfer__Statistics__V1__GetCountsReply *reply)
{
    stats_consumer_status s = stats_consumer_status_of (consumer);
    const char *stream = stats_consumer_stream (consumer);
    json_t *json
        = json_pack ("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "stream", stream, "live", s.live,
                     "received", (json_int_t)s.received, "applied", (json_int_t)s.applied, "skipped", (json_int_t)s.skipped,
                     "unknown", (json_int_t)s.unknown, "malformed", (json_int_t)s.malformed, "losses", (json_int_t)s.losses,
                     "lost", (json_int_t)s.lost, "undos", (json_int_t)s.undos, "undone", (json_int_t)s.undone, "restarts",
                     (json_int_t)s.restarts, "positions", positions_of (reply, stream));
    /* These hold what peers wrote: text that is no UTF-8 is left out rather than breaking the whole. */
    json_object_set_new (json, "trouble", json_string (s.trouble));
    json_object_set_new (json, "lastLoss", json_string (s.last_loss));
    json_object_set_new (json, "lastEvent", json_string (s.last_event));
    return json;
}

static void
put_positions (stats_page *page, struct stats_service *service, const Techtransfer__Statistics__V1__GetCountsReply *reply)
{
    json_t *list = json_array ();
    for (int s = 0; s < STATS_STREAMS; s++)
        json_array_append_new (list, stream_json (stats_service_consumers (service)[s], reply));
    put_json (page, DATA_POSITIONS, json_pack ("{s:o}", "streams", list));
}

static void
tell_gauges (struct stats_service *service, const Techtransfer__Statistics__V1__GetCountsReply *reply)
{
    int64_t totals[STATS_COUNT_NAMES] = { 0 };
    for (size_t i = 0; i < reply->n_counts; i++)
        for (int c = 0; c < STATS_COUNT_NAMES; c++)
            if (!reply->counts[i]->district[0] && !reply->counts[i]->special
                && strcmp (reply->counts[i]->name, stats_count_kind_of (c)->name) == 0)
                totals[c] = reply->counts[i]->value;
    int64_t doubtful[STATS_STREAMS] = { 0 };
    for (size_t i = 0; i < reply->n_positions; i++)
        for (int s = 0; s < STATS_STREAMS; s++)
            doubtful[s] += reply->positions[i]->doubtful_first > 0 && strcmp (reply->positions[i]->stream, stats_streams[s]) == 0;
    stats_service_gauge (service, totals, doubtful);
}

/* The city's figures, newest or with every revision, packed; borrowed from the batch. */
static tt_status
list_city (struct stats_service *service, tt_batch *batch, int64_t now_unix_ms, bool revisions, tt_bytes *out, tt_error *error)
{
    Techtransfer__Statistics__V1__ListObservationsRequest list = TECHTRANSFER__STATISTICS__V1__LIST_OBSERVATIONS_REQUEST__INIT;
    list.all_revisions = revisions;
    tt_batch_begin (batch, now_unix_ms);
    const tt_txn *txn = tt_batch_add (
        batch, &(tt_txn_spec){ .handle = stats_list_observations, .request = &list, .service = service, .read_only = true });
    tt_status status = tt_batch_run (batch, error);
    if (status != TT_OK)
        return status;
    tt_outcome outcome = tt_txn_outcome (txn);
    *out = (tt_bytes){ outcome.reply.data, outcome.reply.size };
    return outcome.status == TT_OK ? TT_OK : tt_fail (error, outcome.status, "%s", outcome.message);
}

/* Revisions are read again only when a newest one is another: a figure that nobody touches costs one row a second. More
 * revisions than a reply holds: the page has the newest alone. */
static tt_status
refresh_series (stats_page *page, struct stats_service *service, tt_batch *batch, int64_t now_unix_ms, tt_error *error)
{
    tt_bytes packed;
    tt_status status = list_city (service, batch, now_unix_ms, false, &packed, error);
    uint64_t newest = status == TT_OK ? XXH3_64bits (packed.data, packed.size) + 1 : 0;
    if (status != TT_OK || newest == page->newest)
        return status;
    status = list_city (service, batch, now_unix_ms, true, &packed, error);
    if (status == TT_RESOURCE_EXHAUSTED)
        status = list_city (service, batch, now_unix_ms, false, &packed, error);
    if (status != TT_OK)
        return status;
    ProtobufCMessage *list = protobuf_c_message_unpack (&techtransfer__statistics__v1__list_observations_reply__descriptor, NULL,
                                                        packed.size, packed.data);
    status = list ? put_message (page, DATA_SERIES, list, error) : tt_fail (error, TT_INTERNAL, "the series cannot be read");
    page->newest = status == TT_OK ? newest : 0;
    protobuf_c_message_free_unpacked (list, NULL);
    return status;
}

tt_status
stats_page_refresh (stats_page *page, struct stats_service *service, tt_batch *batch, int64_t now_unix_ms, tt_error *error)
{
    Techtransfer__Statistics__V1__GetIndicatorsRequest indicators = TECHTRANSFER__STATISTICS__V1__GET_INDICATORS_REQUEST__INIT;
    Techtransfer__Statistics__V1__GetCountsRequest counts = TECHTRANSFER__STATISTICS__V1__GET_COUNTS_REQUEST__INIT;
    Techtransfer__Statistics__V1__GetTargetsRequest targets = TECHTRANSFER__STATISTICS__V1__GET_TARGETS_REQUEST__INIT;
    ProtobufCMessage *standing = NULL, *counted = NULL, *tasks = NULL;
    tt_batch_begin (batch, now_unix_ms);
    const tt_txn *first = tt_batch_add (
        batch, &(tt_txn_spec){ .handle = stats_get_indicators, .request = &indicators, .service = service, .read_only = true });
    const tt_txn *second = tt_batch_add (
        batch, &(tt_txn_spec){ .handle = stats_get_counts, .request = &counts, .service = service, .read_only = true });
    const tt_txn *third = tt_batch_add (
        batch, &(tt_txn_spec){ .handle = stats_get_targets, .request = &targets, .service = service, .read_only = true });
    tt_status status = tt_batch_run (batch, error);
    if (status == TT_OK)
        status = unpack_reply (first, &techtransfer__statistics__v1__get_indicators_reply__descriptor, &standing, error);
    if (status == TT_OK)
        status = unpack_reply (second, &techtransfer__statistics__v1__get_counts_reply__descriptor, &counted, error);
    if (status == TT_OK)
        status = unpack_reply (third, &techtransfer__statistics__v1__get_targets_reply__descriptor, &tasks, error);
    if (status == TT_OK)
        status = put_message (page, DATA_INDICATORS, standing, error);
    if (status == TT_OK)
        status = put_message (page, DATA_TARGETS, tasks, error);
    if (status == TT_OK)
        status = put_message (page, DATA_COUNTS, counted, error);
    if (status == TT_OK) {
        put_positions (page, service, (const void *)counted);
        tell_gauges (service, (const void *)counted);
    }
    protobuf_c_message_free_unpacked (standing, NULL);
    protobuf_c_message_free_unpacked (counted, NULL);
    protobuf_c_message_free_unpacked (tasks, NULL);
    return status == TT_OK ? refresh_series (page, service, batch, now_unix_ms, error) : status;
}

/* -- life
 * ---------------------------------------------------------------------------------------------------------------------------- */

tt_status
stats_page_open (stats_page **out, const tt_catalog *catalog, const char *directory, const char *chart, tt_error *error)
{
    static const char *const names[] = { [FILE_INDEX] = "index.html", [FILE_STYLE] = "style.css", [FILE_APP] = "app.js",
                                         [FILE_DETAIL] = "detail.js" };
    stats_page *page = tt_alloc_zero (1, sizeof *page);
    tt_error missing = { 0 };
    tt_status status = TT_OK;
    pthread_mutex_init (&page->mutex, NULL);
    for (int f = FILE_INDEX; f <= FILE_DETAIL && status == TT_OK; f++)
        status = put_file (page, f, page_directory (directory), names[f], error);
    if (status != TT_OK) {
        stats_page_close (&page);
        return tt_fail_prefix (error, "page.directory");
    }
    if (put_file (page, FILE_CHART, "", chart, &missing) != TT_OK)
        tt_log (TT_LOG_WARNING, "the page has no charts, only tables", "setting", "page.chart", "reason", missing.message, NULL);
    put_catalog (page, catalog);
    *out = page;
    return TT_OK;
}

void
stats_page_close (stats_page **page)
{
    if (!*page)
        return;
    for (int d = 0; d < DOCUMENTS; d++)
        tt_buffer_free (&(*page)->documents[d].body);
    pthread_mutex_destroy (&(*page)->mutex);
    free (*page);
    *page = NULL;
}

/* -- HTTP
 * ---------------------------------------------------------------------------------------------------------------------------- */

static void
answer (stats_page *page, place where, tt_http_response *response)
{
    pthread_mutex_lock (&page->mutex);
    const document *d = &page->documents[where];
    bool there = d->body.size > 0;
    if (there) {
        tt_buffer_append (&response->body, d->body.data, d->body.size);
        snprintf (response->etag, sizeof response->etag, "%s", d->etag);
    }
    pthread_mutex_unlock (&page->mutex);
    if (there)
        return;
    response->status = where == FILE_CHART ? 404 : 503;
    response->content_type = "text/plain; charset=utf-8";
    tt_buffer_text (&response->body, where == FILE_CHART ? "not installed\n" : "not read yet\n");
}

#define ROUTE(function, where)                                                                                                   \
    static void function (void *service, const tt_http_request *request, tt_http_response *response)                             \
    {                                                                                                                            \
        (void)request;                                                                                                           \
        answer (stats_service_page (service), where, response);                                                                  \
    }
ROUTE (answer_index, FILE_INDEX)
ROUTE (answer_style, FILE_STYLE)
ROUTE (answer_app, FILE_APP)
ROUTE (answer_detail, FILE_DETAIL)
ROUTE (answer_chart, FILE_CHART)
ROUTE (answer_catalog, DATA_CATALOG)
ROUTE (answer_indicators, DATA_INDICATORS)
ROUTE (answer_counts, DATA_COUNTS)
ROUTE (answer_positions, DATA_POSITIONS)
ROUTE (answer_targets, DATA_TARGETS)
ROUTE (answer_series, DATA_SERIES)

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JAVASCRIPT "text/javascript; charset=utf-8"
#define JSON "application/json"

const tt_http_route stats_routes[] = {
    { "GET", "/", answer_index, NULL, HTML },
    { "GET", "/style.css", answer_style, NULL, CSS },
    { "GET", "/app.js", answer_app, NULL, JAVASCRIPT },
    { "GET", "/detail.js", answer_detail, NULL, JAVASCRIPT },
    { "GET", "/chart.js", answer_chart, NULL, JAVASCRIPT },
    { "GET", "/api/catalog", answer_catalog, NULL, JSON },
    { "GET", "/api/indicators", answer_indicators, NULL, JSON },
    { "GET", "/api/counts", answer_counts, NULL, JSON },
    { "GET", "/api/positions", answer_positions, NULL, JSON },
    { "GET", "/api/targets", answer_targets, NULL, JSON },
    { "GET", "/api/series", answer_series, NULL, JSON },
};
const size_t stats_route_count = sizeof stats_routes / sizeof *stats_routes;
