/* Observations: what a department reports of an indicator, and the series that they make. Pure.
 *
 * An observation is identified by indicator, period and district. A series holds the newest revision of each period of one
 * indicator in one district, ordered by period; older revisions are kept in rows of their own by who applies the change. Not for
 * judging where an indicator stands (indicator.h). Values only; no thread rule. */
#ifndef STATS_OBSERVATION_H
#define STATS_OBSERVATION_H

#include "base/arena.h"
#include "catalog/catalog.h"
#include "statistics.pb-c.h"
#include "wire/validate.h"

typedef Techtransfer__Statistics__V1__Observation stats_observation;

#define STATS_YEAR_FIRST 1990
#define STATS_YEAR_LAST 2100
#define STATS_REVISIONS_MAX 1000 /* of one observation */
#define STATS_RATIO_DIGITS 6     /* after the point, of a result computed from its parts */

/* A year, quarter or month. */
typedef struct {
    int year;
    int first_month; /* 1 to 12 */
    int last_month;  /* 1 to 12 */
} stats_period;

/* "2019", "2019-Q3" or "2019-07", years STATS_YEAR_FIRST to STATS_YEAR_LAST; false for anything else. */
bool stats_period_parse (const char *text, stats_period *out);
/* By end, then the longer first: 2019-Q1 < 2019-03 < 2019-04. */
int stats_period_compare (stats_period a, stats_period b);
/* Years from the end of one to the end of the other. */
double stats_period_years (stats_period from, stats_period to);
bool stats_period_is_year (stats_period period); /* ends with December: a flow of the year so far is complete */

/* An observation status that stands for a missing value (SDMX: L, M, O, Q). */
bool stats_status_is_missing (const char *status);

/* Checks an observation that came from outside against the catalogue and adds a violation for everything that is wrong; now
 * decides whether a period has begun. True if nothing was. */
bool stats_observation_check (const tt_catalog *catalog, const stats_observation *observation, int64_t now_unix_ms,
                              tt_violations *violations);
/* How a right one is kept: decimals in canonical form, the result computed from its parts, status "A" where there was none. Texts
 * are borrowed or the arena's; revision and time are not set. */
stats_observation *stats_observation_normal (const tt_catalog *catalog, const stats_observation *observation, tt_arena *arena);

/* The newest revision of each period, by period. */
typedef struct {
    stats_observation **items; /* borrowed or the arena's */
    size_t count;
} stats_series;

/* What is stored for this period, or NULL. */
const stats_observation *stats_series_find (const stats_series *series, const char *period);
/* Do both say the same, apart from revision and time? */
bool stats_observation_same (const stats_observation *a, const stats_observation *b);
/* The series with the observation in its place, in the arena; items are shared. */
stats_series stats_series_with (const stats_series *series, stats_observation *observation, tt_arena *arena);

#endif
