#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define BAR 30

void
ctl_progress_start (ctl_progress *progress, const char *name)
{
    int64_t now = tt_clock_monotonic_us ();
    *progress = (ctl_progress){ .name = name, .terminal = isatty (STDERR_FILENO), .started_us = now, .shown_us = now };
}

static void
show_bar (const ctl_progress *progress, double share, uint64_t records, uint64_t rejected, double rate)
{
    static const char marks[] = "##############################";
    int full = (int)(share * BAR);
    fprintf (stderr, "\r\033[K%.30s [%.*s%*s] %3d %%  %llu records, %llu rejected, %.0f/s", progress->name, full, marks,
             BAR - full, "", (int)(share * 100), (unsigned long long)records, (unsigned long long)rejected, rate);
}

void
ctl_progress_show (ctl_progress *progress, uint64_t position, uint64_t size, uint64_t records, uint64_t rejected)
{
    int64_t now = tt_clock_monotonic_us ();
    if (now - progress->shown_us < (progress->terminal ? 100000 : 10000000))
        return;
    progress->shown_us = now;
    double share = size ? (double)position / (double)size : 0,
           rate = (double)records * 1e6 / (double)(now - progress->started_us + 1);
    share = share > 1 ? 1 : share;
    if (progress->terminal)
        show_bar (progress, share, records, rejected, rate);
    else
        fprintf (stderr, "%s: %d %%, %llu records, %llu rejected, %.0f/s\n", progress->name, (int)(share * 100),
                 (unsigned long long)records, (unsigned long long)rejected, rate);
}

void
ctl_progress_end (ctl_progress *progress)
{
    if (progress->terminal)
        fprintf (stderr, "\r\033[K");
}
