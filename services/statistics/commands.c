#include "commands.h"

#include <string.h>

#include "indicator.h"
#include "ledger.h"
#include "measure.h"
#include "series.h"
#include "stored.h"
#include "targets.h"
#include "wire/topic.h"

#define METHOD(Name, lower)                                                                                                      \
    .name = "techtransfer.statistics.v1.Statistics/" Name, .request = &techtransfer__statistics__v1__##lower##_request__descriptor

const tt_method stats_methods[STATS_METHODS] = {
    { METHOD ("PutObservation", put_observation), .handle = stats_put_observation },
    { METHOD ("GetIndicators", get_indicators), .read_only = true, .handle = stats_get_indicators },
    { METHOD ("GetCounts", get_counts), .read_only = true, .handle = stats_get_counts },
    { METHOD ("ListObservations", list_observations), .read_only = true, .handle = stats_list_observations },
    { METHOD ("CompareVintages", compare_vintages), .read_only = true, .handle = stats_compare_vintages },
    { METHOD ("GetTargets", get_targets), .read_only = true, .handle = stats_get_targets },
};

static tt_bytes
text (const char *string)
{
    return tt_bytes_of_text (string);
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
tell_indicator (tt_txn *txn, const stats_standing *old, const stats_standing *new)
{
    tt_buffer topic = { 0 };
    tt_topic_build (&topic, "statistics", "indicator", new->indicator->key, NULL);
    Techtransfer__Statistics__V1__Indicator message;
    stats_indicator_message (new, tt_txn_arena (txn), &message);
    Techtransfer__Statistics__V1__IndicatorChanged event = TECHTRANSFER__STATISTICS__V1__INDICATOR_CHANGED__INIT;
    event.indicator = &message;
    event.previous_status = old->status;
    tt_txn_event (txn, tt_buffer_cstr (&topic), new->indicator->key, &event.base);
    tt_buffer_free (&topic);
}

static void
tell_changed (tt_txn *txn, const tt_catalog *catalog, const char *key, const stats_series *before, const stats_series *after)
{
    tt_catalog_indicator measure;
    stats_standing old, new;
    if (!stats_measure_of (catalog, key, &measure))
        return;
    stats_indicator_judge (&measure, before, &old);
    stats_indicator_judge (&measure, after, &new);
    if (!stats_standing_differs (&old, &new))
        return;
    const tt_catalog_target *target = tt_catalog_target_by_id (catalog, key);
    if (target)
        stats_target_tell (txn, target, &old, &new);
    else
        tell_indicator (txn, &old, &new);
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
    stats_series_put (txn, key, &after);
    size_t size = protobuf_c_message_get_packed_size (&o->base);
    uint8_t *packed = tt_arena_alloc (tt_txn_arena (txn), size);
    protobuf_c_message_pack (&o->base, packed);
    tt_txn_put_blind (txn, "revision", stats_revision_key (txn, o, o->revision), (tt_bytes){ packed, size });
    tell_reported (txn, o);
    if (!o->district[0])
        tell_changed (txn, catalog, o->indicator, before, &after);
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
    tt_bytes key = stats_series_key (txn, o->indicator, o->district);
    const tt_row *row = tt_txn_get (txn, "series", key);
    stats_series before;
    if (!row || !stats_series_read (txn, row, &before))
        return;
    const stats_observation *old = stats_series_find (&before, o->period);
    if (old && stats_observation_same (old, o)) {
        reply_put (txn, old, false);
        return;
    }
    o->revision = old ? old->revision + 1 : 1;
    /* Later than the one before, also with a clock that went back or within a millisecond: each figure is that of some time. */
    o->reported_unix_ms = old && old->reported_unix_ms >= tt_txn_now (txn) ? old->reported_unix_ms + 1 : tt_txn_now (txn);
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

/* Says what is wrong with the name of a series; true if nothing is. */
static bool
check_series_name (tt_txn *txn, const tt_catalog *catalog, const char *indicator, const char *district)
{
    tt_catalog_indicator measure;
    if (!stats_measure_of (catalog, indicator, &measure))
        tt_txn_violation (txn, "indicator", "expected a key of indicators.csv, or an id of targets.csv that is reported under it");
    if (district[0] && !tt_catalog_district_by_key (catalog, district))
        tt_txn_violation (txn, "district", "expected the key of a district, or nothing for the whole city");
    return !tt_txn_refused (txn);
}

/* The part of the list that is one indicator's in one district. False: not read yet, or refused. */
static bool
list_series (tt_txn *txn, const Techtransfer__Statistics__V1__ListObservationsRequest *list, const char *indicator,
             const char *district, stats_series *all)
{
    stats_series series, part;
    bool complete = stats_series_as_of (txn, indicator, district, list->all_revisions ? 0 : list->as_of_unix_ms, &series);
    if (complete && list->all_revisions)
        complete = stats_series_revisions (txn, &series, list->as_of_unix_ms, &part);
    else
        part = series;
    if (!complete || part.count == 0)
        return complete;
    if (all->count + part.count > STATS_LIST_MAX) {
        tt_txn_refuse (txn, TT_RESOURCE_EXHAUSTED, "more than %d observations do not fit into a reply", STATS_LIST_MAX);
        return false;
    }
    stats_observation **items = tt_arena_alloc (tt_txn_arena (txn), (all->count + part.count) * sizeof *items);
    for (size_t i = 0; i < all->count + part.count; i++)
        items[i] = i < all->count ? all->items[i] : part.items[i - all->count];
    *all = (stats_series){ items, all->count + part.count };
    return true;
}

/* One indicator in the districts that are asked for. */
static bool
list_indicator (tt_txn *txn, const tt_catalog *catalog, const Techtransfer__Statistics__V1__ListObservationsRequest *list,
                const char *indicator, stats_series *all)
{
    size_t count;
    const tt_catalog_district *districts = tt_catalog_districts (catalog, &count);
    if (strcmp (list->district, "*") != 0)
        return list_series (txn, list, indicator, list->district, all);
    bool complete = list_series (txn, list, indicator, "", all);
    for (size_t d = 0; d < count && !tt_txn_refused (txn); d++)
        complete &= list_series (txn, list, indicator, districts[d].key, all);
    return complete;
}

/* Indicators by number, then targets in the order of the plan. */
static bool
list_all (tt_txn *txn, const tt_catalog *catalog, const Techtransfer__Statistics__V1__ListObservationsRequest *list,
          stats_series *all)
{
    size_t indicator_count, target_count;
    bool complete = true;
    const tt_catalog_indicator *indicators = tt_catalog_indicators (catalog, &indicator_count);
    const tt_catalog_target *targets = tt_catalog_targets (catalog, &target_count);
    for (size_t i = 0; i < indicator_count && !tt_txn_refused (txn); i++)
        complete &= list_indicator (txn, catalog, list, indicators[i].key, all);
    for (size_t i = 0; i < target_count && !tt_txn_refused (txn); i++)
        complete &= targets[i].indicator || list_indicator (txn, catalog, list, targets[i].id, all);
    return complete;
}

void
stats_list_observations (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Statistics__V1__ListObservationsRequest *list = request;
    const tt_catalog *catalog = stats_service_catalog (service);
    const char *indicator = list->indicator[0] ? list->indicator : tt_catalog_indicators (catalog, &(size_t){ 0 })->key;
    stats_series all = { 0 };
    tt_txn_at (txn, text (indicator));
    if (list->as_of_unix_ms < 0)
        tt_txn_violation (txn, "as_of_unix_ms", "expected 0 or more");
    if (!check_series_name (txn, catalog, indicator, strcmp (list->district, "*") == 0 ? "" : list->district))
        return;
    if (list->indicator[0] ? list_indicator (txn, catalog, list, indicator, &all) : list_all (txn, catalog, list, &all))
        reply_list (txn, all.items, all.count);
}

/* -- CompareVintages
 * ----------------------------------------------------------------------------------------------------------------- */

void
stats_compare_vintages (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Statistics__V1__CompareVintagesRequest *compare = request;
    Techtransfer__Statistics__V1__CompareVintagesReply reply = TECHTRANSFER__STATISTICS__V1__COMPARE_VINTAGES_REPLY__INIT;
    stats_series before, after;
    tt_txn_at (txn, text (compare->indicator));
    if (compare->before_unix_ms <= 0)
        tt_txn_violation (txn, "before_unix_ms", "required, more than 0");
    if (compare->after_unix_ms != 0 && compare->after_unix_ms < compare->before_unix_ms)
        tt_txn_violation (txn, "after_unix_ms", "expected 0, or not before before_unix_ms");
    if (!check_series_name (txn, stats_service_catalog (service), compare->indicator, compare->district))
        return;
    if (!stats_series_as_of (txn, compare->indicator, compare->district, compare->before_unix_ms, &before)
        || !stats_series_as_of (txn, compare->indicator, compare->district, compare->after_unix_ms, &after))
        return;
    reply.changes = stats_vintages_compare (&before, &after, tt_txn_arena (txn), &reply.n_changes);
    tt_txn_reply (txn, &reply.base);
}

/* -- GetIndicators
 * ------------------------------------------------------------------------------------------------------------------- */

/* The indicator's standing into *out; false: not read yet, or refused. */
static bool
judge_stored (tt_txn *txn, const tt_catalog_indicator *indicator, int64_t as_of, Techtransfer__Statistics__V1__Indicator **out)
{
    stats_standing *standing = tt_arena_alloc (tt_txn_arena (txn), sizeof *standing);
    if (!stats_standing_read (txn, indicator, as_of, standing))
        return false;
    *out = tt_arena_alloc (tt_txn_arena (txn), sizeof **out);
    stats_indicator_message (standing, tt_txn_arena (txn), *out);
    return as_of || stats_derived_read (txn, indicator->key, (*out)->value, &(*out)->derived, &(*out)->difference);
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
            complete &= judge_stored (txn, &all[i], get->as_of_unix_ms, &reply.indicators[found]);
            found++;
        }
    if (found == 0)
        tt_txn_violation (txn, "key", "expected a key of indicators.csv, or nothing for all");
    if (get->as_of_unix_ms < 0)
        tt_txn_violation (txn, "as_of_unix_ms", "expected 0 or more");
    reply.n_indicators = found;
    if (complete && !tt_txn_refused (txn))
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
