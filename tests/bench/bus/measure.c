#include "bench/bus/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void
bench_figure (const char *prefix, const char *name, double value, const char *unit)
{
    printf ("figure %s%s %.1f %s\n", prefix, name, value, unit);
    fflush (stdout);
}

static int
ascending (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

double
bench_quantile (double *values, size_t count, double q)
{
    qsort (values, count, sizeof *values, ascending);
    return count ? values[(size_t) (q * (double) (count - 1))] : 0;
}

double
bench_seconds (void)
{
    return (double) tt_clock_monotonic_us () / 1e6;
}

void
bench_payload (uint8_t payload[BENCH_PAYLOAD], uint64_t number)
{
    memset (payload, 'x', BENCH_PAYLOAD);
    memcpy (payload, &number, sizeof number);
}
