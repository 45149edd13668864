/* What can be reported and judged: an indicator of annex 1, or a task target of targets.csv under its id ("T20.1"). Pure.
 *
 * A target is seen as an indicator of its own: a count that grows (a whole number), or an amount of money that is a level; its
 * baseline is its earliest observation. A target that says the same as an indicator is reported by that and is none here. Values
 * only; no thread rule. */
#ifndef STATS_MEASURE_H
#define STATS_MEASURE_H

#include "catalog/catalog.h"

#define STATS_TARGET_YEAR 2020

/* Texts are the catalogue's. False: there is nothing of this name that can be reported. */
bool stats_measure_of (const tt_catalog *catalog, const char *key, tt_catalog_indicator *out);
/* The target as such; of one that is an indicator, the indicator. */
void stats_measure_of_target (const tt_catalog *catalog, const tt_catalog_target *target, tt_catalog_indicator *out);
/* Is it one of those who answer for it ("STB;EIC")? */
bool stats_measure_is_responsible (const tt_catalog_indicator *measure, const char *department);

/* The count of the suite that feeds a measure beside what is reported. */
typedef struct {
    const char *measure;
    const char *count;  /* with its detail: "capital_confirmed_fen/loan" */
    const char *factor; /* decimal: value = count / factor */
} stats_feed;

/* NULL: none does. */
const stats_feed *stats_feed_of (const char *measure);

#endif
