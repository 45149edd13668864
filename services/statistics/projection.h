/* What the last years say of the target year. Pure.
 *
 * Points are the values of whole years (at a year's end), the last 6 up to the target year, with the catalogue's baseline where
 * its year was not reported. Four or more: least squares over time, of the logarithms where the pace is compound, with the
 * prediction interval of 90 % for one new year (Student's t with n - 2 degrees of freedom). Two or three: the pace between first
 * and last goes on, and there is no interval, because what so few points scatter says nothing. Fewer: no projection. If the
 * target year itself is reported, that is it. Natural limits cut all three figures. It supposes that years are independent
 * and that nothing changes the trend: it is a warning, not a forecast. Values only; no thread rule. */
#ifndef STATS_PROJECTION_H
#define STATS_PROJECTION_H

#include "observation.h"

#define STATS_PROJECTION_POINTS 6
#define STATS_PROJECTION_INTERVAL_POINTS 4
#define STATS_FIGURE_SIZE 40

typedef struct {
    Techtransfer__Statistics__V1__ProjectionMethod method; /* unspecified: nothing can be said */
    double number;
    char value[STATS_FIGURE_SIZE]; /* two digits */
    char low[STATS_FIGURE_SIZE];   /* "" = no interval */
    char high[STATS_FIGURE_SIZE];
    unsigned points;
    char first_period[12];
    char last_period[12];
    Techtransfer__Statistics__V1__IndicatorStatus status; /* set by who judges (indicator.h) */
} stats_projection;

void stats_projection_make (const tt_catalog_indicator *indicator, const stats_series *city, bool compound, stats_projection *out);
/* In the arena; NULL if nothing can be said. Texts are borrowed from the projection. */
Techtransfer__Statistics__V1__Projection *stats_projection_message (const stats_projection *projection, tt_arena *arena);

#endif
