#include "measure.h"

#include <string.h>

/* CNY 100 million are 10^10 fen. */
#define HUNDRED_MILLION_IN_FEN "10000000000"

/* What the events of the suite say of the plan's numbers. Capital confirmed here is a part of what the departments count: the
 * difference is shown, never hidden. */
static const stats_feed feeds[] = {
    { "T20.1", "achievements_pushed", "1" },
    { "T23.2", "capital_confirmed_fen/equity", HUNDRED_MILLION_IN_FEN },
    { "T24.2", "capital_confirmed_fen/loan", HUNDRED_MILLION_IN_FEN },
};

const stats_feed *
stats_feed_of (const char *measure)
{
    for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++)
        if (strcmp (feeds[i].measure, measure) == 0)
            return &feeds[i];
    return NULL;
}

static void
see_as_indicator (const tt_catalog_target *target, tt_catalog_indicator *out)
{
    bool money = strcmp (target->unit_zh, "亿元") == 0;
    *out = (tt_catalog_indicator){
        .line = target->line,
        .key = target->id,
        .name_zh = target->metric_zh,
        .name_en = target->metric_en,
        .unit_zh = target->unit_zh,
        .unit_en = target->unit_en,
        .target = target->value,
        .target_year = STATS_TARGET_YEAR,
        .responsible_zh = "",
        .responsible_code = target->responsible_code,
        .measure = money ? TT_MEASURE_LEVEL : TT_MEASURE_COUNT,
        .time = TT_TIME_CUMULATIVE_STOCK,
        .formula = "count",
        .natural_limits = money ? ">=0" : ">=0 whole number",
        .baseline_value = "",
        .direction = 1,
        .strict = target->op == TT_TARGET_ABOVE,
    };
}

void
stats_measure_of_target (const tt_catalog *catalog, const tt_catalog_target *target, tt_catalog_indicator *out)
{
    const tt_catalog_indicator *same = target->indicator ? tt_catalog_indicator_by_id (catalog, target->indicator) : NULL;
    if (same)
        *out = *same;
    else
        see_as_indicator (target, out);
}

bool
stats_measure_of (const tt_catalog *catalog, const char *key, tt_catalog_indicator *out)
{
    const tt_catalog_indicator *indicator = tt_catalog_indicator_by_key (catalog, key);
    const tt_catalog_target *target = tt_catalog_target_by_id (catalog, key);
    if (indicator)
        *out = *indicator;
    else if (target && !target->indicator)
        see_as_indicator (target, out);
    return indicator || (target && !target->indicator);
}

bool
stats_measure_is_responsible (const tt_catalog_indicator *measure, const char *department)
{
    size_t size = strlen (department);
    for (const char *at = measure->responsible_code; size > 0 && *at;) {
        size_t length = strcspn (at, ";");
        if (length == size && memcmp (at, department, size) == 0)
            return true;
        at += length + (at[length] == ';');
    }
    return false;
}
