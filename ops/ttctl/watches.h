/* A file of watches for offline matching: JSON Lines {"id": "...", "query": "..."}, filed in the same standing-query index that
 * the service uses. One thread at a time. */
#ifndef TTCTL_WATCHES_H
#define TTCTL_WATCHES_H

#include <jansson.h>

#include "query/percolator.h"

typedef struct {
    tt_percolator *index;
    char **ids; /* number in the index to id; owned */
    size_t count;
    size_t bad; /* lines that could not be taken, each said on stderr */
} ctl_watches;

/* Reads the file. A line that cannot be used is reported "<path>:<line>: <id>: at byte <n>: <reason>" on stderr and counted in
 * bad. Statuses of opening and reading the file. */
TT_MUST_USE tt_status ctl_watches_load (ctl_watches *watches, const char *path, tt_error *error);
void ctl_watches_free (ctl_watches *watches);
/* The ids of the watches that match, sorted by bytes, as a JSON list (owned). */
json_t *ctl_watches_match (ctl_watches *watches, const tt_document *document);

#endif
