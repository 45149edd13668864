/* Where a page of a search ends, as text for who asks for the next one: the position behind which it goes on and the statistics
 * of the first page, so that scores stay what they were. Opaque to clients, but not secret: nothing is decided by it but order.
 * Values only; no thread rule. */
#ifndef INGEST_SEARCH_CURSOR_H
#define INGEST_SEARCH_CURSOR_H

#include "base/arena.h"
#include "search_run.h"

#define INGEST_CURSOR_MAX 16384 /* characters */

/* A URL-safe text in the arena. */
char *ingest_cursor_write (tt_arena *arena, const char *query, ingest_order_kind order,
                           const ingest_search_statistics *statistics, const ingest_search_position *position);
/* False if it is none, or one of another query or order. What it holds lives in the arena. */
bool ingest_cursor_read (tt_arena *arena, const char *text, const char *query, ingest_order_kind order,
                         ingest_search_statistics *statistics, ingest_search_position *position);

#endif
