/* Metrics of the process, held against what this process knows of itself. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/process.h"

static int64_t
read_metric (tt_counters *counters, const char *name)
{
    tt_buffer page = { 0 };
    int64_t number = -1;
    tt_counters_snapshot (counters, &page); /* runs the collector */
    cr_assert (tt_counter_find (counters, name, &number), "%s", name);
    tt_buffer_free (&page);
    return number;
}

Test (process, says_what_the_process_is)
{
    tt_counters *counters = tt_counters_new ();
    int64_t now_us = tt_clock_unix_ms () * 1000;
    tt_process_metrics (counters);
    int64_t start_us = read_metric (counters, "process_start_time_seconds");
    cr_assert (start_us > now_us - INT64_C (600000000) && start_us <= now_us + 20000, "%lld us ago",
               (long long)(now_us - start_us));
    int64_t resident = read_metric (counters, "process_resident_memory_bytes");
    cr_assert (resident > 100000 && resident <= read_metric (counters, "process_virtual_memory_bytes"));

    int64_t files = read_metric (counters, "process_open_fds");
    int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    cr_assert_eq (read_metric (counters, "process_open_fds"), files + 1);
    close (fd);
    cr_assert_eq (read_metric (counters, "process_open_fds"), files);
    cr_assert_geq (read_metric (counters, "process_max_fds"), files);

    size_t much = 64u << 20;
    volatile char *memory = tt_alloc (much);
    memset ((char *)memory, 1, much);
    cr_assert_geq (read_metric (counters, "process_resident_memory_bytes"), resident + (int64_t)much / 2);
    free ((char *)memory);

    int64_t before = read_metric (counters, "process_cpu_seconds_total"), until = tt_clock_monotonic_us () + 30000000;
    while (read_metric (counters, "process_cpu_seconds_total") < before + 10000)
        cr_assert_lt (tt_clock_monotonic_us (), until, "working takes processor time");
    tt_counters_destroy (&counters);
}
