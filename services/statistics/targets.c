#include "targets.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "ledger.h"
#include "measure.h"
#include "series.h"
#include "wire/decimal.h"
#include "wire/topic.h"

typedef Techtransfer__Statistics__V1__Target target_message;

bool
stats_standing_read (tt_txn *txn, const tt_catalog_indicator *measure, int64_t as_of, stats_standing *out)
{
    stats_series series;
    if (!stats_series_as_of (txn, measure->key, "", as_of, &series))
        return false;
    stats_indicator_judge (measure, &series, out);
    return true;
}

/* -- derived
 * ------------------------------------------------------------------------------------------------------------------------- */

static char *
print (tt_txn *txn, tt_decimal value)
{
    char printed[TT_DECIMAL_TEXT_SIZE];
    tt_decimal_print (value, printed);
    return tt_arena_strndup (tt_txn_arena (txn), printed, strlen (printed));
}

static void
compare (tt_txn *txn, const stats_feed *feed, int64_t counted, const char *value, char **derived, char **difference)
{
    tt_decimal count, factor, result, reported;
    if (tt_decimal_of_int (counted, &count) != TT_OK || tt_decimal_parse (feed->factor, &factor) != TT_OK
        || tt_decimal_divide (count, factor, TT_DECIMAL_DIGITS, &result) != TT_OK)
        return; /* more than a figure holds: said as nothing, never as a wrong one */
    *derived = print (txn, result);
    if (value[0] && tt_decimal_parse (value, &reported) == TT_OK && tt_decimal_subtract (reported, result, &result) == TT_OK)
        *difference = print (txn, result);
}

/* The city's sum of a count, whose name may have a detail. False: not read yet, or refused. */
static bool
read_count (tt_txn *txn, const char *name, bool *seen, int64_t *value)
{
    char kind[64];
    stats_tally tally = { 0 };
    stats_position *positions;
    uint32_t partitions = 0;
    size_t size = strcspn (name, "/");
    snprintf (kind, sizeof kind, "%.*s", (int)size, name);
    *value = 0;
    *seen = false;
    if (!stats_ledger_counts (txn, kind, &tally))
        return false;
    for (int c = 0; c < STATS_COUNT_NAMES; c++)
        if (strcmp (stats_count_kind_of (c)->name, kind) == 0
            && !stats_ledger_positions (txn, stats_count_kind_of (c)->stream, &positions, &partitions))
            return false;
    *seen = partitions > 0;
    for (size_t i = 0; i < tally.count; i++)
        if (strcmp (tally.cells[i].name, name) == 0 && !tally.cells[i].district[0] && tally.cells[i].special == 0)
            *value = tally.cells[i].value;
    return true;
}

bool
stats_derived_read (tt_txn *txn, const char *measure, const char *value, char **derived, char **difference)
{
    const stats_feed *feed = stats_feed_of (measure);
    int64_t counted = 0;
    bool seen = false;
    *derived = *difference = (char *)"";
    if (!feed)
        return true;
    if (!read_count (txn, feed->count, &seen, &counted))
        return false;
    if (seen)
        compare (txn, feed, counted, value, derived, difference);
    return true;
}

/* -- as a message
 * -------------------------------------------------------------------------------------------------------------------- */

static void
describe (const tt_catalog_target *target, const tt_catalog_indicator *measure, target_message *out)
{
    static const Techtransfer__Statistics__V1__TargetOperator operators[] = {
        [TT_TARGET_EQUAL] = TECHTRANSFER__STATISTICS__V1__TARGET_OPERATOR__EQUAL,
        [TT_TARGET_AT_LEAST] = TECHTRANSFER__STATISTICS__V1__TARGET_OPERATOR__AT_LEAST,
        [TT_TARGET_ABOVE] = TECHTRANSFER__STATISTICS__V1__TARGET_OPERATOR__ABOVE,
        [TT_TARGET_RANGE] = TECHTRANSFER__STATISTICS__V1__TARGET_OPERATOR__RANGE,
    };
    techtransfer__statistics__v1__target__init (out);
    out->id = (char *)target->id;
    out->task = target->task;
    out->name_zh = (char *)target->metric_zh;
    out->name_en = (char *)target->metric_en;
    out->unit_zh = (char *)target->unit_zh;
    out->unit_en = (char *)target->unit_en;
    out->op = operators[target->op];
    out->target = (char *)target->value;
    out->target_max = (char *)target->value_max;
    out->target_year = measure->target_year;
    out->department = (char *)measure->responsible_code;
    out->indicator = (char *)(target->indicator ? measure->key : "");
}

static void
fill_message (tt_txn *txn, const tt_catalog_target *target, const stats_standing *standing, target_message *out)
{
    describe (target, standing->indicator, out);
    if (standing->newest) {
        out->value = standing->newest->value;
        out->period = standing->newest->period;
    }
    out->baseline = (char *)standing->baseline;
    out->baseline_period = (char *)standing->baseline_period;
    out->required_pace = (char *)standing->required_pace;
    out->observed_pace = (char *)standing->observed_pace;
    out->compound = standing->compound;
    out->status = standing->status;
    out->progress = (char *)standing->progress;
    out->projection = stats_projection_message (&standing->projection, tt_txn_arena (txn));
}

void
stats_target_tell (tt_txn *txn, const tt_catalog_target *target, const stats_standing *old, const stats_standing *new)
{
    tt_buffer topic = { 0 };
    target_message message;
    Techtransfer__Statistics__V1__TargetChanged event = TECHTRANSFER__STATISTICS__V1__TARGET_CHANGED__INIT;
    tt_topic_build (&topic, "statistics", "target", target->id, NULL);
    fill_message (txn, target, new, &message);
    event.target = &message;
    event.previous_status = old->status;
    tt_txn_event (txn, tt_buffer_cstr (&topic), target->id, &event.base);
    tt_buffer_free (&topic);
}

/* -- GetTargets
 * ---------------------------------------------------------------------------------------------------------------------- */

static bool
read_target (tt_txn *txn, const tt_catalog *catalog, const tt_catalog_target *target, int64_t as_of, target_message **out)
{
    stats_standing *standing = tt_arena_alloc (tt_txn_arena (txn), sizeof *standing);
    tt_catalog_indicator *measure = tt_arena_alloc (tt_txn_arena (txn), sizeof *measure);
    stats_measure_of_target (catalog, target, measure);
    if (!stats_standing_read (txn, measure, as_of, standing))
        return false;
    *out = tt_arena_alloc (tt_txn_arena (txn), sizeof **out);
    fill_message (txn, target, standing, *out);
    return as_of || stats_derived_read (txn, measure->key, (*out)->value, &(*out)->derived, &(*out)->difference);
}

void
stats_get_targets (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Statistics__V1__GetTargetsRequest *get = request;
    const tt_catalog *catalog = stats_service_catalog (service);
    Techtransfer__Statistics__V1__GetTargetsReply reply = TECHTRANSFER__STATISTICS__V1__GET_TARGETS_REPLY__INIT;
    size_t count;
    bool complete = true;
    const tt_catalog_target *all = tt_catalog_targets (catalog, &count);
    tt_txn_at (txn, tt_bytes_of_text (get->id));
    reply.targets = tt_arena_alloc (tt_txn_arena (txn), (count + 1) * sizeof *reply.targets);
    for (size_t i = 0; i < count; i++)
        if (!get->id[0] || strcmp (get->id, all[i].id) == 0)
            complete &= read_target (txn, catalog, &all[i], get->as_of_unix_ms, &reply.targets[reply.n_targets++]);
    if (reply.n_targets == 0)
        tt_txn_violation (txn, "id", "expected an id of targets.csv, or nothing for all");
    if (get->as_of_unix_ms < 0)
        tt_txn_violation (txn, "as_of_unix_ms", "expected 0 or more");
    if (complete && !tt_txn_refused (txn))
        tt_txn_reply (txn, &reply.base);
}
