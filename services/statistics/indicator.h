/* Where an indicator stands against its target: newest value, baseline, required and observed pace, status. Pure.
 *
 * Rules. The baseline is that of the catalogue, else the earliest observation. The pace is compound (percent a year) for ratios,
 * levels and indices whose base is above zero, linear (units a year) for counts and for flows of the year to date. Required is
 * what leads from the baseline to the target in the target year, observed what led from the baseline to the newest value; of a
 * level that flows, only complete years are compared. Forecasts and missing values judge nothing. Values are compared as exact
 * decimals; paces are computed in double and shown with two digits. The status says where it stands now; that of the projection where
 * it would stand in the target year, by the pace that leads from the baseline to the projected value. Not for validation (observation.h). Values only; no thread
 * rule. */
#ifndef STATS_INDICATOR_H
#define STATS_INDICATOR_H

#include "projection.h"

typedef Techtransfer__Statistics__V1__IndicatorStatus stats_status;

#define STATS_PACE_SIZE 40

typedef struct {
    const tt_catalog_indicator *indicator;
    const stats_observation *newest; /* or NULL; borrowed from the series */
    const char *baseline;            /* exact decimal, "" = none; borrowed from series or catalogue */
    char baseline_period[12];
    char required_pace[STATS_PACE_SIZE]; /* "" = it cannot be said */
    char observed_pace[STATS_PACE_SIZE];
    char projected[STATS_PACE_SIZE];
    bool compound;
    char progress[STATS_PACE_SIZE]; /* percent of the target, "" = not reported */
    stats_projection projection;
    stats_status status;
} stats_standing;

/* Judges by the city's series. */
void stats_indicator_judge (const tt_catalog_indicator *indicator, const stats_series *city, stats_standing *out);
/* As a message; texts are borrowed from the standing, the projection is the arena's. */
void stats_indicator_message (const stats_standing *standing, tt_arena *arena, Techtransfer__Statistics__V1__Indicator *out);
/* Has value, its period or the status changed? */
bool stats_standing_differs (const stats_standing *a, const stats_standing *b);

/* Pace a year that leads from one value to another: percent if compound, else units. */
double stats_pace (double from, double to, double years, bool compound);
/* By observed over required: 0.95 and more on track, 0.6 accelerate, 0 limited, below deteriorating. */
stats_status stats_status_of_pace (double observed, double required);

#endif
