#include "indicator.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wire/decimal.h"

#define STATUS(name) TECHTRANSFER__STATISTICS__V1__INDICATOR_STATUS__##name

/* A value at the end of a period. */
typedef struct {
    const char *text;
    double value;
    stats_period period;
} point;

static bool
read_point (const char *value, const char *period, point *out)
{
    tt_decimal decimal;
    if (!value[0] || tt_decimal_parse (value, &decimal) != TT_OK || !stats_period_parse (period, &out->period))
        return false;
    out->text = value;
    out->value = tt_decimal_to_double (decimal);
    return true;
}

static bool
is_year_to_date_level (const tt_catalog_indicator *indicator)
{
    return indicator->measure == TT_MEASURE_LEVEL && indicator->time == TT_TIME_YEAR_TO_DATE;
}

/* A part of a year's amount says nothing beside a whole year's. */
static bool
comparable (const tt_catalog_indicator *indicator, stats_period period)
{
    bool flows = indicator->measure == TT_MEASURE_LEVEL
                 && (indicator->time == TT_TIME_YEAR_TO_DATE || indicator->time == TT_TIME_ANNUAL_FLOW);
    return !flows || stats_period_is_year (period);
}

static bool
is_observed (const stats_observation *o)
{
    return o->value[0] && strcmp (o->status, "F") != 0;
}

static const stats_observation *
find_newest (const stats_series *series)
{
    for (size_t i = series->count; i > 0; i--)
        if (is_observed (series->items[i - 1]))
            return series->items[i - 1];
    return NULL;
}

static bool
find_base (const tt_catalog_indicator *indicator, const stats_series *series, point *base, char period[12])
{
    if (indicator->baseline_year) {
        snprintf (period, 12, "%u", indicator->baseline_year);
        return read_point (indicator->baseline_value, period, base);
    }
    for (size_t i = 0; i < series->count; i++) {
        const stats_observation *o = series->items[i];
        if (is_observed (o) && read_point (o->value, o->period, base) && comparable (indicator, base->period)) {
            snprintf (period, 12, "%s", o->period);
            return true;
        }
    }
    return false;
}

/* The newest value that may be compared with the base. */
static bool
find_present (const tt_catalog_indicator *indicator, const stats_series *series, const point *base, point *present)
{
    for (size_t i = series->count; i > 0; i--) {
        const stats_observation *o = series->items[i - 1];
        if (is_observed (o) && read_point (o->value, o->period, present) && comparable (indicator, present->period))
            return stats_period_years (base->period, present->period) > 0;
    }
    return false;
}

double
stats_pace (double from, double to, double years, bool compound)
{
    return compound ? 100 * (pow (to / from, 1 / years) - 1) : (to - from) / years;
}

stats_status
stats_status_of_pace (double observed, double required)
{
    double part = required > 0 ? observed / required : observed < 0 ? -1 : 1;
    if (part >= 0.95)
        return STATUS (ON_TRACK);
    if (part >= 0.6)
        return STATUS (ACCELERATE);
    return part >= 0 ? STATUS (LIMITED) : STATUS (DETERIORATING);
}

static bool
reaches (const tt_catalog_indicator *indicator, const char *value)
{
    tt_decimal reached, target;
    if (tt_decimal_parse (value, &reached) != TT_OK || tt_decimal_parse (indicator->target, &target) != TT_OK)
        return false;
    int order = tt_decimal_compare (reached, target) * indicator->direction;
    return indicator->strict ? order > 0 : order >= 0;
}

/* Left empty where a pace over a short time explodes: such a number says nothing. */
static void
print_two_digits (char out[STATS_PACE_SIZE], double number)
{
    out[0] = '\0';
    if (!isfinite (number) || fabs (number) >= 1e15)
        return;
    snprintf (out, STATS_PACE_SIZE, "%.2f", number);
    if (strcmp (out, "-0.00") == 0)
        strcpy (out, "0.00");
}

static double
project (const point *base, double years, double pace, bool compound)
{
    return compound ? base->value * pow (1 + pace / 100, years) : base->value + pace * years;
}

/* Paces, projection and the status that follows from them; the target is not reached. */
static void
judge_pace (const stats_series *city, const point *base, stats_standing *out)
{
    const tt_catalog_indicator *indicator = out->indicator;
    stats_period end = { (int)indicator->target_year, 1, 12 };
    double years = stats_period_years (base->period, end), required = 0;
    double target = strtod (indicator->target, NULL);
    out->compound = base->value > 0 && indicator->measure != TT_MEASURE_COUNT && !is_year_to_date_level (indicator);
    if (years > 0) {
        required = stats_pace (base->value, target, years, out->compound);
        print_two_digits (out->required_pace, required);
    }
    point present;
    if (!find_present (indicator, city, base, &present))
        return;
    double observed = stats_pace (base->value, present.value, stats_period_years (base->period, present.period), out->compound);
    print_two_digits (out->observed_pace, observed);
    if (years <= 0)
        return;
    print_two_digits (out->projected, project (base, years, observed, out->compound));
    out->status = stats_status_of_pace (observed * indicator->direction, required * indicator->direction);
}

static void
judge_projection (const stats_series *city, const point *base, stats_standing *out)
{
    const tt_catalog_indicator *indicator = out->indicator;
    stats_projection *projection = &out->projection;
    stats_period end = { (int)indicator->target_year, 1, 12 };
    stats_projection_make (indicator, city, out->compound, projection);
    if (projection->method == TECHTRANSFER__STATISTICS__V1__PROJECTION_METHOD__PROJECTION_METHOD_UNSPECIFIED)
        return;
    projection->status = STATUS (NO_BASELINE);
    double years = stats_period_years (base->period, end);
    if (years > 0)
        projection->status = stats_status_of_pace (
            stats_pace (base->value, projection->number, years, out->compound) * indicator->direction,
            stats_pace (base->value, strtod (indicator->target, NULL), years, out->compound) * indicator->direction);
    if (reaches (indicator, projection->value))
        projection->status = STATUS (ACHIEVED);
}

static void
tell_progress (stats_standing *out)
{
    tt_decimal value, target, part;
    static const tt_decimal hundred = { 100, 0 };
    char printed[TT_DECIMAL_TEXT_SIZE];
    if (!out->newest || tt_decimal_parse (out->newest->value, &value) != TT_OK
        || tt_decimal_parse (out->indicator->target, &target) != TT_OK
        || tt_decimal_multiply (value, hundred, TT_DECIMAL_DIGITS, &part) != TT_OK
        || tt_decimal_divide (part, target, 2, &part) != TT_OK)
        return;
    tt_decimal_print (part, printed);
    snprintf (out->progress, sizeof out->progress, "%s", printed);
}

void
stats_indicator_judge (const tt_catalog_indicator *indicator, const stats_series *city, stats_standing *out)
{
    point base;
    *out = (stats_standing){ .indicator = indicator, .baseline = "", .newest = find_newest (city) };
    out->status = out->newest ? STATUS (NO_BASELINE) : STATUS (NOT_REPORTED);
    if (find_base (indicator, city, &base, out->baseline_period)) {
        out->baseline = base.text;
        judge_pace (city, &base, out);
        judge_projection (city, &base, out);
    } else {
        out->baseline_period[0] = '\0';
    }
    tell_progress (out);
    if (out->newest && reaches (indicator, out->newest->value))
        out->status = STATUS (ACHIEVED);
}

void
stats_indicator_message (const stats_standing *standing, tt_arena *arena, Techtransfer__Statistics__V1__Indicator *out)
{
    const tt_catalog_indicator *indicator = standing->indicator;
    techtransfer__statistics__v1__indicator__init (out);
    out->id = indicator->id;
    out->key = (char *)indicator->key;
    out->name_zh = (char *)indicator->name_zh;
    out->name_en = (char *)indicator->name_en;
    out->unit_zh = (char *)indicator->unit_zh;
    out->unit_en = (char *)indicator->unit_en;
    out->target = (char *)indicator->target;
    out->target_year = indicator->target_year;
    out->department = (char *)indicator->responsible_code;
    if (standing->newest) {
        out->value = standing->newest->value;
        out->period = standing->newest->period;
    }
    out->baseline = (char *)standing->baseline;
    out->baseline_period = (char *)standing->baseline_period;
    out->required_pace = (char *)standing->required_pace;
    out->observed_pace = (char *)standing->observed_pace;
    out->projected = (char *)standing->projected;
    out->compound = standing->compound;
    out->progress = (char *)standing->progress;
    out->projection = stats_projection_message (&standing->projection, arena);
    out->status = standing->status;
}

bool
stats_standing_differs (const stats_standing *a, const stats_standing *b)
{
    if (a->status != b->status || !a->newest != !b->newest)
        return true;
    return a->newest && (strcmp (a->newest->value, b->newest->value) != 0 || strcmp (a->newest->period, b->newest->period) != 0);
}
