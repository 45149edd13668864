/* The text format of Prometheus (exposition format 0.0.4), read: what a daemon's /metrics says.
 *
 * Takes hostile bytes: everything is bounded, a line that cannot be read is passed over and counted. Not for OpenMetrics and not
 * for writing (base/counters.h). Values only; no thread rule. */
#ifndef TTCTL_PROM_H
#define TTCTL_PROM_H

#include "base/buffer.h"

#define CTL_PROM_SAMPLES_MAX 20000
#define CTL_PROM_LABELS_MAX 8
#define CTL_PROM_NAME_MAX 200   /* bytes of the name of a metric or label */
#define CTL_PROM_VALUE_MAX 1000 /* bytes of a label's value */

typedef struct {
    const char *name;
    const char *value; /* any bytes but NUL */
} ctl_prom_label;

typedef struct {
    const char *name;
    ctl_prom_label labels[CTL_PROM_LABELS_MAX];
    size_t label_count;
    double value; /* may be NaN or infinite */
} ctl_prom_sample;

typedef struct ctl_prom ctl_prom;

/* Never NULL; a page without one readable line has no samples. */
ctl_prom *ctl_prom_parse (tt_bytes page);
void ctl_prom_free (ctl_prom **page);

size_t ctl_prom_count (const ctl_prom *page);
const ctl_prom_sample *ctl_prom_at (const ctl_prom *page, size_t i); /* borrowed */
/* Lines that were passed over: malformed, or past a limit. */
size_t ctl_prom_refused (const ctl_prom *page);

/* The value of a label, or NULL. */
const char *ctl_prom_label_of (const ctl_prom_sample *sample, const char *name);
/* Sum of the finite samples of this name (with label NULL), or of those whose label has this value. False if there is none. */
bool ctl_prom_sum (const ctl_prom *page, const char *name, const char *label, const char *value, double *sum);
/* How much a counter grew from one page to a later one; one that fell was begun anew, and counts from 0. before may be NULL: 0.
 * False if the later page does not have it. */
bool ctl_prom_growth (const ctl_prom *before, const ctl_prom *after, const char *name, const char *label, const char *value,
                      double *growth);
/* The quantile q (0 to 1) of what a histogram (of all its series) took in between two pages, interpolated within its bucket as
 * Prometheus does it; past the last bound it is that bound. False if nothing came, or there is no such histogram. */
bool ctl_prom_quantile (const ctl_prom *before, const ctl_prom *after, const char *name, double q, double *result);

#endif
