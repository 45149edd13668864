#include "observation.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "measure.h"
#include "wire/decimal.h"

/* -- periods
 * ------------------------------------------------------------------------------------------------------------------------- */

static bool
read_digits (const char *text, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = 10 * *out + text[i] - '0';
    }
    return true;
}

bool
stats_period_parse (const char *text, stats_period *out)
{
    size_t size = strlen (text);
    int number;
    if (size < 4 || !read_digits (text, 4, &out->year) || out->year < STATS_YEAR_FIRST || out->year > STATS_YEAR_LAST)
        return false;
    out->first_month = 1;
    out->last_month = 12;
    if (size == 4)
        return true;
    if (size != 7 || text[4] != '-')
        return false;
    if (text[5] == 'Q') {
        if (!read_digits (text + 6, 1, &number) || number < 1 || number > 4)
            return false;
        out->first_month = 3 * number - 2;
        out->last_month = 3 * number;
        return true;
    }
    if (!read_digits (text + 5, 2, &number) || number < 1 || number > 12)
        return false;
    out->first_month = out->last_month = number;
    return true;
}

static int
month_of (stats_period period)
{
    return 12 * period.year + period.last_month;
}

int
stats_period_compare (stats_period a, stats_period b)
{
    int order = (month_of (a) > month_of (b)) - (month_of (a) < month_of (b));
    return order ? order : (a.first_month > b.first_month) - (a.first_month < b.first_month);
}

double
stats_period_years (stats_period from, stats_period to)
{
    return (month_of (to) - month_of (from)) / 12.0;
}

bool
stats_period_is_year (stats_period period)
{
    return period.last_month == 12;
}

/* -- checks
 * -------------------------------------------------------------------------------------------------------------------------- */

bool
stats_status_is_missing (const char *status)
{
    return status[0] != '\0' && status[1] == '\0' && strchr ("LMOQ", status[0]) != NULL;
}

static void
check_period (const stats_observation *o, int64_t now_unix_ms, tt_violations *v)
{
    stats_period period;
    if (!stats_period_parse (o->period, &period)) {
        tt_violate (v, "period", "expected \"2019\", \"2019-Q3\" or \"2019-07\", years %d to %d", STATS_YEAR_FIRST,
                    STATS_YEAR_LAST);
        return;
    }
    int32_t first_day;
    bool real = tt_date_days (period.year, period.first_month, 1, &first_day);
    bool forecast = strcmp (o->status, "F") == 0;
    if (real && !forecast && first_day * INT64_C (86400000) > now_unix_ms)
        tt_violate (v, "period", "it has not begun; only a forecast (status F) may lie ahead");
}

static void
check_codes (const tt_catalog *catalog, const tt_catalog_indicator *indicator, const stats_observation *o, tt_violations *v)
{
    if (o->district[0] && !tt_catalog_district_by_key (catalog, o->district))
        tt_violate (v, "district", "expected the key of a district, or nothing for the whole city");
    if (o->status[0] && !tt_catalog_code (catalog, "obs_status", o->status))
        tt_violate (v, "status", "expected a code of the list obs_status");
    if (!o->department[0])
        tt_violate (v, "department", "required");
    else if (!tt_catalog_department_by_code (catalog, o->department))
        tt_violate (v, "department", "expected a code of departments.csv");
    else if (indicator && !stats_measure_is_responsible (indicator, o->department))
        tt_violate (v, "department", "%s is reported by %s", indicator->key, indicator->responsible_code);
    tt_check_text (v, "source", o->source, 1, 256);
}

/* "0..100 percent", ">=0", ">=0 whole number", "not bounded by 100": no indicator is below zero. */
static void
check_limits (const char *limits, tt_decimal value, tt_violations *v)
{
    static const tt_decimal zero = { 0 }, hundred = { 100, 0 };
    bool percent = strncmp (limits, "0..100", 6) == 0;
    if (tt_decimal_compare (value, zero) < 0 || (percent && tt_decimal_compare (value, hundred) > 0))
        tt_violate (v, "value", percent ? "expected 0 to 100" : "expected 0 or more");
    tt_decimal whole;
    if (strstr (limits, "whole number")
        && (tt_decimal_round (value, 0, &whole) != TT_OK || tt_decimal_compare (value, whole) != 0))
        tt_violate (v, "value", "expected a whole number");
}

/* 100 or 10000, as the formula says ("100*numerator/denominator"); 0: the indicator has no parts. */
static int
factor_of (const tt_catalog_indicator *indicator)
{
    int factor = 0, end = 0;
    if (sscanf (indicator->formula, "%d*numerator/denominator%n", &factor, &end) != 1 || end == 0)
        return 0;
    return factor;
}

/* factor * numerator / denominator. */
static tt_status
compute_ratio (int factor, tt_decimal numerator, tt_decimal denominator, tt_decimal *out)
{
    tt_decimal scale, scaled;
    tt_status status = tt_decimal_of_int (factor, &scale);
    if (status == TT_OK)
        status = tt_decimal_multiply (numerator, scale, TT_DECIMAL_DIGITS, &scaled);
    if (status == TT_OK)
        status = tt_decimal_divide (scaled, denominator, STATS_RATIO_DIGITS, out);
    return status;
}

/* The result may stand beside its parts, as in a file that was exported, but says nothing of its own. */
static void
check_result (const tt_catalog_indicator *indicator, const stats_observation *o, tt_decimal result, tt_violations *v)
{
    tt_decimal value;
    if (!o->value[0])
        check_limits (indicator->natural_limits, result, v);
    else if (tt_check_decimal (v, "value", o->value, true)
             && (tt_decimal_parse (o->value, &value) != TT_OK || tt_decimal_compare (value, result) != 0))
        tt_violate (v, "value", "must be empty beside numerator and denominator, or exactly their result");
    else
        check_limits (indicator->natural_limits, result, v);
}

static void
check_parts (const tt_catalog_indicator *indicator, const stats_observation *o, tt_violations *v)
{
    tt_decimal numerator, denominator, value;
    if (!tt_check_decimal (v, "numerator", o->numerator, true) | !tt_check_decimal (v, "denominator", o->denominator, true))
        return;
    if (factor_of (indicator) == 0) {
        tt_violate (v, "numerator", "%s is no ratio", indicator->key);
        return;
    }
    if (tt_decimal_parse (o->numerator, &numerator) != TT_OK || tt_decimal_parse (o->denominator, &denominator) != TT_OK)
        return;
    if (tt_decimal_compare (denominator, (tt_decimal){ 0 }) <= 0)
        tt_violate (v, "denominator", "expected more than 0");
    else if (compute_ratio (factor_of (indicator), numerator, denominator, &value) != TT_OK)
        tt_violate (v, "numerator", "the result has more than %d digits before the point", TT_DECIMAL_DIGITS);
    else
        check_result (indicator, o, value, v);
}

static void
check_value (const tt_catalog_indicator *indicator, const stats_observation *o, tt_violations *v)
{
    tt_decimal value;
    if (stats_status_is_missing (o->status)) {
        if (o->value[0] || o->numerator[0] || o->denominator[0])
            tt_violate (v, "value", "must be empty: status %s says that it is missing", o->status);
    } else if (o->numerator[0] || o->denominator[0]) {
        check_parts (indicator, o, v);
    } else if (tt_check_decimal (v, "value", o->value, true) && tt_decimal_parse (o->value, &value) == TT_OK) {
        check_limits (indicator->natural_limits, value, v);
    }
}

static void
check_unit (const tt_catalog_indicator *measure, const stats_observation *o, tt_violations *v)
{
    if (o->unit[0] && strcmp (o->unit, measure->unit_zh) != 0 && strcmp (o->unit, measure->unit_en) != 0)
        tt_violate (v, "unit", "%s is in %s (%s)", measure->key, measure->unit_zh, measure->unit_en);
}

static void
refuse_name (const tt_catalog *catalog, const stats_observation *o, tt_violations *v)
{
    const tt_catalog_target *target = tt_catalog_target_by_id (catalog, o->indicator);
    const tt_catalog_indicator *same = target ? tt_catalog_indicator_by_id (catalog, target->indicator) : NULL;
    if (same)
        tt_violate (v, "indicator", "%s is reported as %s", target->id, same->key);
    else
        tt_violate (v, "indicator", "expected a key of indicators.csv or an id of targets.csv");
}

bool
stats_observation_check (const tt_catalog *catalog, const stats_observation *observation, int64_t now_unix_ms,
                         tt_violations *violations)
{
    size_t before = violations->total;
    size_t mark = tt_violations_enter (violations, "observation");
    if (tt_validate_utf8 (&observation->base, violations)) {
        tt_catalog_indicator measure;
        bool known = stats_measure_of (catalog, observation->indicator, &measure);
        if (known) {
            check_value (&measure, observation, violations);
            check_unit (&measure, observation, violations);
        } else {
            refuse_name (catalog, observation, violations);
        }
        check_period (observation, now_unix_ms, violations);
        check_codes (catalog, known ? &measure : NULL, observation, violations);
    }
    tt_violations_leave (violations, mark);
    return violations->total == before;
}

/* -- what is kept
 * -------------------------------------------------------------------------------------------------------------------- */

static char *
canonical (const char *text, tt_arena *arena)
{
    tt_decimal value;
    char printed[TT_DECIMAL_TEXT_SIZE] = "";
    if (tt_decimal_parse (text, &value) == TT_OK)
        tt_decimal_print (value, printed);
    return tt_arena_strndup (arena, printed, strlen (printed));
}

static char *
result_of (const tt_catalog_indicator *indicator, const stats_observation *o, tt_arena *arena)
{
    tt_decimal numerator, denominator, value;
    char printed[TT_DECIMAL_TEXT_SIZE] = "";
    if (tt_decimal_parse (o->numerator, &numerator) == TT_OK && tt_decimal_parse (o->denominator, &denominator) == TT_OK
        && compute_ratio (factor_of (indicator), numerator, denominator, &value) == TT_OK)
        tt_decimal_print (value, printed);
    return tt_arena_strndup (arena, printed, strlen (printed));
}

stats_observation *
stats_observation_normal (const tt_catalog *catalog, const stats_observation *observation, tt_arena *arena)
{
    stats_observation *o = tt_arena_alloc (arena, sizeof *o);
    *o = *observation;
    o->revision = 0;
    o->reported_unix_ms = 0;
    o->unit = (char *)""; /* the catalogue has it */
    o->base.n_unknown_fields = 0;
    o->base.unknown_fields = NULL;
    if (!o->status[0])
        o->status = (char *)"A";
    if (o->numerator[0])
        o->value = result_of (tt_catalog_indicator_by_key (catalog, o->indicator), observation, arena);
    else if (o->value[0])
        o->value = canonical (o->value, arena);
    if (o->numerator[0]) {
        o->numerator = canonical (o->numerator, arena);
        o->denominator = canonical (o->denominator, arena);
    }
    return o;
}

const stats_observation *
stats_series_find (const stats_series *series, const char *period)
{
    for (size_t i = 0; i < series->count; i++)
        if (strcmp (series->items[i]->period, period) == 0)
            return series->items[i];
    return NULL;
}

bool
stats_observation_same (const stats_observation *a, const stats_observation *b)
{
    return strcmp (a->indicator, b->indicator) == 0 && strcmp (a->period, b->period) == 0
           && strcmp (a->district, b->district) == 0 && strcmp (a->value, b->value) == 0
           && strcmp (a->numerator, b->numerator) == 0 && strcmp (a->denominator, b->denominator) == 0
           && strcmp (a->status, b->status) == 0 && strcmp (a->department, b->department) == 0
           && strcmp (a->source, b->source) == 0;
}

static int
compare_periods (const stats_observation *a, const stats_observation *b)
{
    stats_period left, right;
    if (stats_period_parse (a->period, &left) && stats_period_parse (b->period, &right))
        return stats_period_compare (left, right);
    return strcmp (a->period, b->period);
}

stats_series
stats_series_with (const stats_series *series, stats_observation *observation, tt_arena *arena)
{
    stats_series with = { tt_arena_alloc (arena, (series->count + 1) * sizeof *with.items), 0 };
    bool placed = false;
    for (size_t i = 0; i < series->count; i++) {
        int order = compare_periods (series->items[i], observation);
        if (order >= 0 && !placed) {
            with.items[with.count++] = observation;
            placed = true;
        }
        if (order != 0)
            with.items[with.count++] = series->items[i];
    }
    if (!placed)
        with.items[with.count++] = observation;
    return with;
}
