#include "projection.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wire/decimal.h"

#define METHOD(name) TECHTRANSFER__STATISTICS__V1__PROJECTION_METHOD__##name
#define YEARS (STATS_YEAR_LAST - STATS_YEAR_FIRST + 1)

/* Values at the ends of years, oldest first. */
typedef struct {
    int years[STATS_PROJECTION_POINTS];
    double values[STATS_PROJECTION_POINTS];
    int count;
    bool compound;
} points;

/* value at the target year, half the width of its interval (0: none); both in logarithms if compound. */
typedef struct {
    double value;
    double half;
} estimate;

typedef struct {
    double values[YEARS];
    bool known[YEARS];
} calendar;

static void
note_year (calendar *c, const char *value, int year)
{
    tt_decimal decimal;
    if (year < STATS_YEAR_FIRST || year > STATS_YEAR_LAST || tt_decimal_parse (value, &decimal) != TT_OK)
        return;
    c->values[year - STATS_YEAR_FIRST] = tt_decimal_to_double (decimal);
    c->known[year - STATS_YEAR_FIRST] = true;
}

/* A year reported as a whole stands before its last quarter or month, which must not replace it. */
static void
note_series (calendar *c, const stats_series *city)
{
    for (size_t i = 0; i < city->count; i++) {
        stats_period period;
        const stats_observation *o = city->items[i];
        if (strcmp (o->status, "F") != 0 && stats_period_parse (o->period, &period) && stats_period_is_year (period)
            && (period.first_month == 1 || !c->known[period.year - STATS_YEAR_FIRST]))
            note_year (c, o->value, period.year);
    }
}

static void
collect (const tt_catalog_indicator *indicator, const stats_series *city, points *out)
{
    calendar c = { .known = { false } };
    note_series (&c, city);
    if (indicator->baseline_year >= STATS_YEAR_FIRST && indicator->baseline_year <= STATS_YEAR_LAST
        && !c.known[indicator->baseline_year - STATS_YEAR_FIRST])
        note_year (&c, indicator->baseline_value, (int)indicator->baseline_year);
    int first = YEARS, found = 0, last = (int)indicator->target_year - STATS_YEAR_FIRST;
    for (int y = last < YEARS ? last : YEARS - 1; y >= 0 && found < STATS_PROJECTION_POINTS; y--)
        if (c.known[y]) {
            first = y;
            found++;
        }
    for (int y = first; y <= last && y < YEARS; y++)
        if (c.known[y]) {
            out->years[out->count] = STATS_YEAR_FIRST + y;
            out->values[out->count++] = c.values[y];
            out->compound = out->compound && c.values[y] > 0;
        }
}

static double
scaled (const points *p, int i)
{
    return p->compound ? log (p->values[i]) : p->values[i];
}

/* Student's t, 95 % below, for 2 to 4 degrees of freedom. */
static double
student (int freedom)
{
    static const double quantiles[] = { 0, 0, 2.919986, 2.353363, 2.131847 };
    return quantiles[freedom];
}

static estimate
regress (const points *p, int target)
{
    double mean_x = 0, mean_y = 0, sxx = 0, sxy = 0, rest = 0;
    int n = p->count;
    for (int i = 0; i < n; i++) {
        mean_x += (double)p->years[i] / n;
        mean_y += scaled (p, i) / n;
    }
    for (int i = 0; i < n; i++) {
        sxx += (p->years[i] - mean_x) * (p->years[i] - mean_x);
        sxy += (p->years[i] - mean_x) * (scaled (p, i) - mean_y);
    }
    double slope = sxy / sxx, far = target - mean_x;
    for (int i = 0; i < n; i++) {
        double off = scaled (p, i) - mean_y - slope * (p->years[i] - mean_x);
        rest += off * off;
    }
    return (estimate){ mean_y + slope * far, student (n - 2) * sqrt (rest / (n - 2) * (1 + 1.0 / n + far * far / sxx)) };
}

static estimate
go_on (const points *p, int target)
{
    int last = p->count - 1;
    double slope = (scaled (p, last) - scaled (p, 0)) / (p->years[last] - p->years[0]);
    return (estimate){ scaled (p, last) + slope * (target - p->years[last]), 0 };
}

/* What leaves the range of a readable number says nothing and is left empty. */
static double
print_figure (const tt_catalog_indicator *indicator, bool compound, double number, char out[STATS_FIGURE_SIZE])
{
    double value = compound ? exp (number) : number;
    bool percent = strncmp (indicator->natural_limits, "0..100", 6) == 0;
    out[0] = '\0';
    if (!isfinite (value) || value >= 1e15)
        return value;
    value = value < 0 ? 0 : percent && value > 100 ? 100 : value;
    snprintf (out, STATS_FIGURE_SIZE, "%.2f", value);
    return value;
}

static void
name_points (const points *p, stats_projection *out)
{
    out->points = (unsigned)p->count;
    snprintf (out->first_period, sizeof out->first_period, "%d", p->years[0]);
    snprintf (out->last_period, sizeof out->last_period, "%d", p->years[p->count - 1]);
}

static void
extrapolate (const tt_catalog_indicator *indicator, const points *p, stats_projection *out)
{
    int target = (int)indicator->target_year;
    bool interval = p->count >= STATS_PROJECTION_INTERVAL_POINTS;
    estimate e = interval ? regress (p, target) : go_on (p, target);
    if (interval)
        out->method = p->compound ? METHOD (REGRESSION_LOG) : METHOD (REGRESSION_LINEAR);
    else
        out->method = p->compound ? METHOD (PACE_COMPOUND) : METHOD (PACE_LINEAR);
    out->number = print_figure (indicator, p->compound, e.value, out->value);
    if (!interval)
        return;
    print_figure (indicator, p->compound, e.value - e.half, out->low);
    print_figure (indicator, p->compound, e.value + e.half, out->high);
}

void
stats_projection_make (const tt_catalog_indicator *indicator, const stats_series *city, bool compound, stats_projection *out)
{
    points p = { .compound = compound };
    *out = (stats_projection){ .method = METHOD (PROJECTION_METHOD_UNSPECIFIED) };
    collect (indicator, city, &p);
    if (p.count > 0 && p.years[p.count - 1] == (int)indicator->target_year) {
        out->method = METHOD (REPORTED);
        out->number = print_figure (indicator, false, p.values[p.count - 1], out->value);
        name_points (&p, out);
        return;
    }
    if (p.count < 2)
        return;
    extrapolate (indicator, &p, out);
    name_points (&p, out);
    if (!out->value[0])
        *out = (stats_projection){ .method = METHOD (PROJECTION_METHOD_UNSPECIFIED) };
}

Techtransfer__Statistics__V1__Projection *
stats_projection_message (const stats_projection *projection, tt_arena *arena)
{
    if (projection->method == METHOD (PROJECTION_METHOD_UNSPECIFIED))
        return NULL;
    Techtransfer__Statistics__V1__Projection *out = tt_arena_alloc (arena, sizeof *out);
    techtransfer__statistics__v1__projection__init (out);
    out->value = (char *)projection->value;
    out->low = (char *)projection->low;
    out->high = (char *)projection->high;
    out->method = projection->method;
    out->points = projection->points;
    out->first_period = (char *)projection->first_period;
    out->last_period = (char *)projection->last_period;
    out->status = projection->status;
    return out;
}
