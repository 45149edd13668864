/* SearchAchievements from a request to its reply: the index, the rows of the page, and where the query is met in them.
 *
 * Thread-safe: each search borrows what it needs (scratch memory, a connection to the store) and gives it back. Never on the
 * thread that commits, nor on the processor's. */
#ifndef INGEST_SEARCH_H
#define INGEST_SEARCH_H

#include "search_copy.h"
#include "types.h"

typedef Techtransfer__Achievement__V1__SearchAchievementsRequest ingest_search_request;
typedef Techtransfer__Achievement__V1__SearchAchievementsReply ingest_search_reply;

typedef struct ingest_search ingest_search;

typedef struct {
    uint32_t time_limit_ms; /* of one search */
    uint32_t fresh_wait_ms; /* that one waits for the newest records */
    uint32_t expansion;     /* words that a pattern may stand for, in a segment */
} ingest_search_settings;

/* Starts to read the index. store and counters are borrowed while it lives. */
ingest_search *ingest_search_open (const tt_store_options *store, tt_counters *counters, const ingest_search_settings *settings);
void ingest_search_close (ingest_search **search);

/* deadline_unix_ms: of who asks; 0: none. *reply is in the arena. INVALID_ARGUMENT: the request, with the byte where a query is
 * wrong. RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED: it would cost too much. UNAVAILABLE: the index is not read yet, or the store is
 * away. */
TT_MUST_USE tt_status ingest_search_answer (ingest_search *search, const ingest_search_request *request, int64_t deadline_unix_ms,
                                            tt_arena *arena, ingest_search_reply **reply, tt_error *error);

#endif
