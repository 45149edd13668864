/* What both sides of the comparison share: sizes of the work, percentiles, and how a figure is printed. */
#ifndef TT_BENCH_MEASURE_H
#define TT_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_PAYLOAD 400  /* bytes of one command */
#define BENCH_IN_FLIGHT 512

/* "figure <name> <value> <unit>" on stdout. */
void bench_figure (const char *prefix, const char *name, double value, const char *unit);
/* The value below which the part q (0 to 1) lies; sorts in place. */
double bench_quantile (double *values, size_t count, double q);
double bench_seconds (void); /* monotonic */
void bench_payload (uint8_t payload[BENCH_PAYLOAD], uint64_t number);

/* Processes whose processor time is measured: "redis:123" adds one, several may share a name; "self:0" is this one. */
void bench_watch (const char *name_and_pid);
/* Between these two: prints "<prefix>cpu_<name>_us", processor time of each name for each of `count` things that were done. */
void bench_watch_begin (void);
void bench_watch_end (const char *prefix, double count);

#endif
