/* Harvesting a repository by OAI-PMH 2.0: pages of records, politely, into the service, so that after any interruption nothing is
 * missing or twice. One thread; blocks until the list is complete or something stops it. */
#ifndef TTCTL_HARVEST_H
#define TTCTL_HARVEST_H

#include "bus/client.h"
#include "oai_state.h"

typedef struct {
    const char *url, *set, *prefix, *source; /* set "" if none */
    const char *from, *until;                /* as the user gave them, or NULL */
    const char *state;                       /* path */
    const char *rejects;                     /* path */
    tt_client *client;                       /* NULL: a dry run; the state is read and never written */
    size_t batch;
    uint32_t retries;     /* attempts that fail one after the other before it is given up */
    uint32_t silent_s;    /* oai_http.h */
    uint32_t longest_s;   /* most that Retry-After may ask for */
    uint64_t page_bytes;  /* most of one answer */
    uint64_t pages;       /* most of one list */
} harvest_options;

typedef struct {
    oai_state state;   /* as it stands at the end */
    uint64_t pages;    /* in this run */
    uint64_t requests; /* in this run, repeated ones included */
    uint64_t restarts; /* lists begun again because a token had expired */
} harvest_result;

/* CANCELLED: a signal (SIGINT, SIGTERM, which are blocked while it runs) stopped it behind a page; a second one gives up the page.
 * UNAVAILABLE, DEADLINE_EXCEEDED: repository or service do not answer. Others: refused, with the reason. */
TT_MUST_USE tt_status harvest_run (const harvest_options *options, harvest_result *result, tt_error *error);

/* How long to wait before attempt number `failures` + 1: what was asked for (-1: nothing), else half a second doubled each time up
 * to a minute, of which `chance` (any number) takes away up to half so that harvesters do not come back all at once. */
int64_t harvest_delay (uint32_t failures, int64_t asked_ms, uint64_t chance);

#endif
