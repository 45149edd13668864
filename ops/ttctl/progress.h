/* Progress of an import on stderr: a bar on a terminal, else a line every ten seconds. One thread. */
#ifndef TTCTL_PROGRESS_H
#define TTCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *name; /* borrowed */
    bool terminal;
    int64_t started_us, shown_us;
} ctl_progress;

void ctl_progress_start (ctl_progress *progress, const char *name);
/* Shows where it stands, if it is time. position and size in bytes of the file; size 0: not known. */
void ctl_progress_show (ctl_progress *progress, uint64_t position, uint64_t size, uint64_t records, uint64_t rejected);
/* Takes the bar away. */
void ctl_progress_end (ctl_progress *progress);

#endif
