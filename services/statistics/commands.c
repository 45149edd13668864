#include "commands.h"

#include <string.h>

#include "indicator.h"
#include "ledger.h"
#include "stored.h"
#include "wire/topic.h"

#define METHOD(Name, lower)                                                                                                      \
    .name = "techtransfer.statistics.v1.Statistics/" Name, .request = &techtransfer__statistics__v1__##lower##_request__descriptor

const tt_method stats_methods[STATS_METHODS] = {
    { METHOD ("PutObservation", put_observation), .handle = stats_put_observation },
    { METHOD ("GetIndicators", get_indicators), .read_only = true, .handle = stats_get_indicators },
    { METHOD ("GetCounts", get_counts), .read_only = true, .handle = stats_get_counts },
    { METHOD ("ListObservations", list_observations), .read_only = true, .handle = stats_list_observations },
};

static tt_bytes
text (const char *string)
{
    return tt_bytes_of_text (string);
}

/* -- series
 * -------------------------------------------------------------------------------------------------------------------------- */

/* A series is one row, in the partition of its indicator: "series" "<indicator>/<district>". Each revision is a row of its own
 * beside it. */
static tt_bytes
series_key (tt_txn *txn, const char *indicator, const char *district)
{
    return text (tt_arena_printf (tt_txn_arena (txn), "%s/%s", indicator, district));
}

static tt_bytes
revision_key (tt_txn *txn, const stats_observation *o, uint64_t revision)
{
    return text (tt_arena_printf (tt_txn_arena (txn), "%s/%s/%s/%llu", o->indicator, o->district, o->period,
                                  (unsigned long long)revision));
}

/* A stored message, in the transaction's arena; NULL after refusing. */
static ProtobufCMessage *
read_message (tt_txn *txn, const ProtobufCMessageDescriptor *type, tt_bytes bytes)
{
    ProtobufCMessage *message = stats_unpack (type, bytes, tt_txn_arena (txn));
    if (!message)
        tt_txn_refuse (txn, TT_DATA_LOSS, "a stored %s cannot be read", type->short_name);
    return message;
}

static bool
read_series (tt_txn *txn, const tt_row *row, stats_series *out)
{
    *out = (stats_series){ 0 };
    if (!row->present)
        return true;
    Techtransfer__Statistics__V1__ListObservationsReply *stored
        = (void *)read_message (txn, &techtransfer__statistics__v1__list_observations_reply__descriptor, row->value);
    if (!stored)
        return false;
    *out = (stats_series){ stored->observations, stored->n_observations };
    return true;
}

static void
put_series (tt_txn *txn, tt_bytes key, const stats_series *series)
{
    Techtransfer__Statistics__V1__ListObservationsReply stored = TECHTRANSFER__STATISTICS__V1__LIST_OBSERVATIONS_REPLY__INIT;
    stored.n_observations = series->count;
    stored.observations = series->items;
    tt_txn_put_message (txn, "series", key, &stored.base);
}

/* -- PutObservation
 * ------------------------------------------------------------------------------------------------------------------ */

static bool
refuse_violations (tt_txn *txn, const tt_catalog *catalog, const stats_observation *observation)
{
    tt_violations violations = { 0 };
    if (!observation)
        tt_violate (&violations, "observation", "required");
    else
        (void)stats_observation_check (catalog, observation, tt_txn_now (txn), &violations);
    bool refused = violations.count > 0;
    for (size_t i = 0; i < violations.count; i++)
        tt_txn_violation (txn, violations.items[i].path, "%s", violations.items[i].reason);
    tt_violations_free (&violations);
    return refused;
}

static void
tell_reported (tt_txn *txn, stats_observation *observation)
{
    tt_buffer topic = { 0 };
    tt_topic_build (&topic, "statistics", "observation", observation->indicator, NULL);
    Techtransfer__Statistics__V1__ObservationReported event = TECHTRANSFER__STATISTICS__V1__OBSERVATION_REPORTED__INIT;
    event.observation = observation;
    tt_txn_event (txn, tt_buffer_cstr (&topic), observation->indicator, &event.base);
    tt_buffer_free (&topic);
}

static void
tell_changed (tt_txn *txn, const tt_catalog_indicator *indicator, const stats_series *before, const stats_series *after)
{
    stats_standing old, new;
    stats_indicator_judge (indicator, before, &old);
    stats_indicator_judge (indicator, after, &new);
    if (!stats_standing_differs (&old, &new))
        return;
    tt_buffer topic = { 0 };
    tt_topic_build (&topic, "statistics", "indicator", indicator->key, NULL);
    Techtransfer__Statistics__V1__Indicator message;
    stats_indicator_message (&new, &message);
    Techtransfer__Statistics__V1__IndicatorChanged event = TECHTRANSFER__STATISTICS__V1__INDICATOR_CHANGED__INIT;
    event.indicator = &message;
    event.previous_status = old.status;
    tt_txn_event (txn, tt_buffer_cstr (&topic), indicator->key, &event.base);
    tt_buffer_free (&topic);
}

static void
reply_put (tt_txn *txn, const stats_observation *observation, bool changed)
{
    Techtransfer__Statistics__V1__PutObservationReply reply = TECHTRANSFER__STATISTICS__V1__PUT_OBSERVATION_REPLY__INIT;
    reply.observation = (stats_observation *)observation;
    reply.changed = changed;
    tt_txn_reply (txn, &reply.base);
}

static void
store_observation (tt_txn *txn, const tt_catalog *catalog, stats_observation *o, const stats_series *before, tt_bytes key)
{
    stats_series after = stats_series_with (before, o, tt_txn_arena (txn));
    put_series (txn, key, &after);
    size_t size = protobuf_c_message_get_packed_size (&o->base);
    uint8_t *packed = tt_arena_alloc (tt_txn_arena (txn), size);
    protobuf_c_message_pack (&o->base, packed);
    tt_txn_put_blind (txn, "revision", revision_key (txn, o, o->revision), (tt_bytes){ packed, size });
    tell_reported (txn, o);
    if (!o->district[0])
        tell_changed (txn, tt_catalog_indicator_by_key (catalog, o->indicator), before, &after);
    reply_put (txn, o, true);
}

void
stats_put_observation (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Statistics__V1__PutObservationRequest *put = request;
    const tt_catalog *catalog = stats_service_catalog (service);
    tt_txn_at (txn, text (put->observation ? put->observation->indicator : ""));
    if (refuse_violations (txn, catalog, put->observation))
        return;
    stats_observation *o = stats_observation_normal (catalog, put->observation, tt_txn_arena (txn));
    tt_bytes key = series_key (txn, o->indicator, o->district);
    const tt_row *row = tt_txn_get (txn, "series", key);
    stats_series before;
    if (!row || !read_series (txn, row, &before))
        return;
    const stats_observation *old = stats_series_find (&before, o->period);
    if (old && stats_observation_same (old, o)) {
        reply_put (txn, old, false);
        return;
    }
    o->revision = old ? old->revision + 1 : 1;
    o->reported_unix_ms = tt_txn_now (txn);
    if (o->revision > STATS_REVISIONS_MAX)
        tt_txn_refuse (txn, TT_RESOURCE_EXHAUSTED, "%s of %s has been revised %d times", o->indicator, o->period,
                       STATS_REVISIONS_MAX);
    else
        store_observation (txn, catalog, o, &before, key);
}

/* -- ListObservations
 * ---------------------------------------------------------------------------------------------------------------- */

static void
reply_list (tt_txn *txn, stats_observation **items, size_t count)
{
    Techtransfer__Statistics__V1__ListObservationsReply reply = TECHTRANSFER__STATISTICS__V1__LIST_OBSERVATIONS_REPLY__INIT;
    reply.n_observations = count;
    reply.observations = items;
    tt_txn_reply (txn, &reply.base);
}

static void
list_revisions (tt_txn *txn, const stats_series *series)
{
    size_t total = 0, count = 0;
    for (size_t i = 0; i < series->count; i++)
        total += series->items[i]->revision;
    if (total > STATS_LIST_MAX) {
        tt_txn_refuse (txn, TT_RESOURCE_EXHAUSTED, "%zu revisions are more than fit into a reply", total);
        return;
    }
    stats_observation **items = tt_arena_alloc (tt_txn_arena (txn), (total + 1) * sizeof *items);
    for (size_t i = 0; i < series->count; i++)
        for (uint64_t r = 1; r <= series->items[i]->revision; r++) {
            const tt_row *row = tt_txn_get (txn, "revision", revision_key (txn, series->items[i], r));
            if (!row)
                continue;
            if (!row->present)
                return tt_txn_refuse (txn, TT_DATA_LOSS, "revision %llu of %s is missing", (unsigned long long)r,
                                      series->items[i]->period);
            items[count] = (void *)read_message (txn, &techtransfer__statistics__v1__observation__descriptor, row->value);
            if (!items[count++])
                return;
        }
    if (!tt_txn_pending (txn))
        reply_list (txn, items, count);
}

void
stats_list_observations (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Statistics__V1__ListObservationsRequest *list = request;
    tt_txn_at (txn, text (list->indicator));
    if (!tt_catalog_indicator_by_key (stats_service_catalog (service), list->indicator))
        tt_txn_violation (txn, "indicator", "expected a key of indicators.csv");
    if (list->district[0] && !tt_catalog_district_by_key (stats_service_catalog (service), list->district))
        tt_txn_violation (txn, "district", "expected the key of a district, or nothing for the whole city");
    if (tt_txn_refused (txn))
        return;
    const tt_row *row = tt_txn_get (txn, "series", series_key (txn, list->indicator, list->district));
    stats_series series;
    if (!row || !read_series (txn, row, &series))
        return;
    if (list->all_revisions)
        list_revisions (txn, &series);
    else
        reply_list (txn, series.items, series.count);
}

/* -- GetIndicators
 * ------------------------------------------------------------------------------------------------------------------- */

/* The indicator's standing into *out; false: not read yet, or refused. */
static bool
judge_stored (tt_txn *txn, const tt_catalog_indicator *indicator, Techtransfer__Statistics__V1__Indicator **out)
{
    const tt_row *row = tt_txn_get_at (txn, text (indicator->key), "series", series_key (txn, indicator->key, ""));
    stats_series series;
    if (!row || !read_series (txn, row, &series))
        return false;
    stats_standing *standing = tt_arena_alloc (tt_txn_arena (txn), sizeof *standing);
    stats_indicator_judge (indicator, &series, standing);
    *out = tt_arena_alloc (tt_txn_arena (txn), sizeof **out);
    stats_indicator_message (standing, *out);
    return true;
}

void
stats_get_indicators (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Statistics__V1__GetIndicatorsRequest *get = request;
    size_t count, found = 0;
    bool complete = true;
    const tt_catalog_indicator *all = tt_catalog_indicators (stats_service_catalog (service), &count);
    Techtransfer__Statistics__V1__GetIndicatorsReply reply = TECHTRANSFER__STATISTICS__V1__GET_INDICATORS_REPLY__INIT;
    tt_txn_at (txn, text (get->key));
    reply.indicators = tt_arena_alloc (tt_txn_arena (txn), (count + 1) * sizeof *reply.indicators);
    for (size_t i = 0; i < count; i++)
        if (!get->key[0] || strcmp (get->key, all[i].key) == 0) {
            complete &= judge_stored (txn, &all[i], &reply.indicators[found]);
            found++;
        }
    if (found == 0)
        tt_txn_violation (txn, "key", "expected a key of indicators.csv, or nothing for all");
    reply.n_indicators = found;
    if (complete && found > 0)
        tt_txn_reply (txn, &reply.base);
}

/* -- GetCounts
 * ----------------------------------------------------------------------------------------------------------------------- */

static bool
is_count_name (const char *name)
{
    for (int c = 0; c < STATS_COUNT_NAMES; c++)
        if (strcmp (name, stats_count_kind_of (c)->name) == 0)
            return true;
    return false;
}

static Techtransfer__Statistics__V1__Position **
position_messages (tt_txn *txn, const char *stream, const stats_position *positions, uint32_t count,
                   Techtransfer__Statistics__V1__Position **out)
{
    for (uint32_t p = 0; p < count; p++) {
        Techtransfer__Statistics__V1__Position *m = *out++ = tt_arena_alloc (tt_txn_arena (txn), sizeof *m);
        stats_position_message (&positions[p], m);
        m->stream = (char *)stream;
        m->partition = p;
    }
    return out;
}

void
stats_get_counts (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Statistics__V1__GetCountsRequest *get = request;
    Techtransfer__Statistics__V1__GetCountsReply reply = TECHTRANSFER__STATISTICS__V1__GET_COUNTS_REPLY__INIT;
    stats_position *positions[STATS_STREAMS];
    uint32_t counts[STATS_STREAMS], total = 0;
    stats_tally tally = { 0 };
    tt_txn_at (txn, text (get->name));
    if (get->name[0] && !is_count_name (get->name)) {
        tt_txn_violation (txn, "name", "there is no such count");
        return;
    }
    bool complete = stats_ledger_counts (txn, get->name, &tally);
    for (int s = 0; s < STATS_STREAMS; s++) {
        complete &= stats_ledger_positions (txn, stats_streams[s], &positions[s], &counts[s]);
        total += complete ? counts[s] : 0;
    }
    if (!complete)
        return;
    Techtransfer__Statistics__V1__Position **next = reply.positions
        = tt_arena_alloc (tt_txn_arena (txn), (total + 1) * sizeof *next);
    for (int s = 0; s < STATS_STREAMS; s++)
        next = position_messages (txn, stats_streams[s], positions[s], counts[s], next);
    reply.n_positions = total;
    reply.n_counts = tally.count;
    reply.counts = stats_tally_messages (&tally, tt_txn_arena (txn));
    tt_txn_reply (txn, &reply.base);
}
