/* How far a harvest has come, in a file: it moves only when every record of a page was acknowledged, so that whatever ends the
 * program the harvest goes on at that page. Bound to repository, set, format and source. One process: the file is locked through
 * the page beside it. One thread. */
#ifndef TTCTL_OAI_STATE_H
#define TTCTL_OAI_STATE_H

#include <stdint.h>
#include <stdio.h>

#include "import/ledger.h"
#include "import/oai_page.h"

#define OAI_TIME_SIZE 24

typedef struct {
    const char *url, *set, *prefix, *source; /* what it is bound to; borrowed, set "" if none */
    bool in_list;              /* a list is under way */
    char from[OAI_TIME_SIZE];  /* of that list, "" if not bounded */
    char until[OAI_TIME_SIZE];
    char token[TT_OAI_TEXT];   /* of the next page; "": the first one */
    int64_t answered_ms;       /* when its first page was answered, by the repository's clock; 0: not yet */
    int64_t done_ms;           /* what changed before is harvested; 0: nothing yet */
    uint64_t pages;            /* of the list, done */
    uint64_t kept;             /* bytes of the reject file that belong to it */
    tt_ledger_counts counts;   /* of the list */
} oai_state;

/* Reads the file into *state, whose binding is set. No file: as it is. FAILED_PRECONDITION if it is bound to something else or is
 * no such file. */
TT_MUST_USE tt_status oai_state_load (oai_state *state, const char *path, tt_error *error);
/* A new file in place of the old one, on the disk when it returns. INTERNAL, PERMISSION_DENIED. */
TT_MUST_USE tt_status oai_state_save (const oai_state *state, const char *path, tt_error *error);

/* The file for the page in hand, "<path>.page", locked until it is closed. ABORTED if another process has it. */
TT_MUST_USE tt_status oai_state_lock (const char *path, FILE **page, tt_error *error);
void oai_state_unlock (const char *path, FILE **page); /* removes it; NULL inside is fine; nulls */

/* Where the next list begins: one granule before what is done, so that nothing falls between two harvests. "" for 0. */
void oai_state_next_from (int64_t done_ms, bool by_day, char out[OAI_TIME_SIZE]);
/* What is done once the list is complete: to its first answer or its `until`, whichever is earlier; never back, and not across a
 * gap between what was done before and its `from`. */
int64_t oai_state_done (const oai_state *state);
/* A bound as the user gave it, a day or a time in UTC, in the repository's granularity; end: the last moment of a day. False if it
 * is neither. */
bool oai_state_bound (const char *text, bool by_day, bool end, char out[OAI_TIME_SIZE]);

#endif
