#include "run/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { RESIDENT, VIRTUAL, CPU, START, OPEN_FDS, MAX_FDS };
static const tt_metric_row rows[] = {
    [RESIDENT] = { .name = "process_resident_memory_bytes", .help = "Resident memory.", .kind = TT_METRIC_GAUGE },
    [VIRTUAL] = { .name = "process_virtual_memory_bytes", .help = "Virtual memory.", .kind = TT_METRIC_GAUGE },
    [CPU] = { .name = "process_cpu_seconds_total", .help = "Processor time, user and system.", .kind = TT_METRIC_COUNTER },
    [START] = { .name = "process_start_time_seconds",
                .help = "When the process started, in seconds since 1970.",
                .kind = TT_METRIC_GAUGE },
    [OPEN_FDS] = { .name = "process_open_fds", .help = "Open file descriptors.", .kind = TT_METRIC_GAUGE },
    [MAX_FDS] = { .name = "process_max_fds", .help = "Limit of open file descriptors.", .kind = TT_METRIC_GAUGE },
};

/* Field `wanted` (proc(5) counts from 1; 3 or above) of /proc/self/stat: the name of the program before it may hold anything, so
 * the last ")" is looked for. */
static bool
stat_field (int wanted, unsigned long long *value)
{
    char text[2048];
    FILE *file = fopen ("/proc/self/stat", "re");
    size_t size = file ? fread (text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose (file);
    text[size] = '\0';
    char *at = strrchr (text, ')');
    for (int field = 2; at && field < wanted; field++)
        at = strchr (at + 1, ' ');
    return at && sscanf (at, " %llu", value) == 1;
}

/* Ticks since the machine's start, which the boot clock counts from too. */
static int64_t
start_unix_us (void)
{
    unsigned long long ticks;
    struct timespec since_boot;
    if (!stat_field (22, &ticks) || clock_gettime (CLOCK_BOOTTIME, &since_boot) != 0)
        return 0;
    int64_t boot_us = tt_clock_unix_ms () * 1000 - (since_boot.tv_sec * INT64_C (1000000) + since_boot.tv_nsec / 1000);
    return boot_us + (int64_t)(ticks * 1000000 / (unsigned long long)sysconf (_SC_CLK_TCK));
}

static int64_t
cpu_us (void)
{
    struct rusage usage;
    if (getrusage (RUSAGE_SELF, &usage) != 0)
        return 0;
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C (1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void
memory (unsigned long long *size, unsigned long long *resident)
{
    FILE *file = fopen ("/proc/self/statm", "re");
    unsigned long long page = (unsigned long long)sysconf (_SC_PAGESIZE);
    if (file == NULL || fscanf (file, "%llu %llu", size, resident) != 2)
        *size = *resident = 0;
    *size *= page;
    *resident *= page;
    if (file)
        fclose (file);
}

/* Without the one that reads the folder. */
static int64_t
open_fds (void)
{
    DIR *folder = opendir ("/proc/self/fd");
    int64_t count = -1;
    if (folder == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir (folder));)
        count += entry->d_name[0] != '.';
    closedir (folder);
    return count;
}

static void
collect (void *argument)
{
    tt_counter_set *set = argument;
    unsigned long long size = 0, resident = 0;
    struct rlimit limit;
    memory (&size, &resident);
    tt_count_set (set, RESIDENT, 0, (int64_t)resident);
    tt_count_set (set, VIRTUAL, 0, (int64_t)size);
    tt_count_set (set, CPU, 0, cpu_us ());
    tt_count_set (set, OPEN_FDS, 0, open_fds ());
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
        tt_count_set (set, MAX_FDS, 0, (int64_t)limit.rlim_cur);
}

void
tt_process_metrics (tt_counters *counters)
{
    tt_counter_set *set = tt_counters_register (counters, rows, sizeof rows / sizeof *rows);
    tt_count_set (set, START, 0, start_unix_us ());
    tt_counters_collect (counters, collect, set);
}
