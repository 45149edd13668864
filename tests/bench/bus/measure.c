#include "bench/bus/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* -- processor time -- */

#define WATCHED_MAX 32

static struct watched {
    char name[32];
    long pid;
    double began;
} watched[WATCHED_MAX];
static size_t watched_count;

/* User and system time of all threads, in seconds; 0 if the process is gone. */
static double
cpu_seconds (long pid)
{
    char path[64], text[1024] = "";
    if (pid)
        snprintf (path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen (pid ? path : "/proc/self/stat", "r");
    if (file == NULL)
        return 0;
    size_t size = fread (text, 1, sizeof text - 1, file);
    fclose (file);
    text[size] = '\0';
    const char *rest = strrchr (text, ')'); /* a name may hold anything */
    unsigned long long user = 0, system = 0;
    if (rest == NULL || sscanf (rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        return 0;
    return (double) (user + system) / (double) sysconf (_SC_CLK_TCK);
}

void
bench_watch (const char *name_and_pid)
{
    struct watched *w = &watched[watched_count];
    if (watched_count == WATCHED_MAX || sscanf (name_and_pid, "%31[^:]:%ld", w->name, &w->pid) != 2) {
        fprintf (stderr, "bench: cannot watch %s\n", name_and_pid);
        exit (2);
    }
    watched_count++;
}

void
bench_watch_begin (void)
{
    for (size_t i = 0; i < watched_count; i++)
        watched[i].began = cpu_seconds (watched[i].pid);
}

void
bench_watch_end (const char *prefix, double count)
{
    double used[WATCHED_MAX], all = 0;
    char name[sizeof watched[0].name + 16];
    for (size_t i = 0; i < watched_count; i++) {
        used[i] = (cpu_seconds (watched[i].pid) - watched[i].began) / count * 1e6;
        all += used[i];
    }
    for (size_t i = 0; i < watched_count; i++) {
        for (size_t k = i + 1; k < watched_count; k++)
            if (strcmp (watched[k].name, watched[i].name) == 0) {
                used[i] += used[k];
                watched[k].name[0] = '\0';
            }
        snprintf (name, sizeof name, "cpu_%.31s_us", watched[i].name);
        if (watched[i].name[0])
            bench_figure (prefix, name, used[i], "us");
    }
    bench_figure (prefix, "cpu_all_us", all, "us");
}
