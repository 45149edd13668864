/* The daemon's index of what is stored: built from the tables at start, kept by the log of records, by a thread of its own.
 *
 * Who searches asks for a snapshot that holds everything committed before he asked: the thread then asks the log for its heads,
 * reads up to them and publishes. Any thread may ask; several are served by one reading. */
#ifndef INGEST_SEARCH_COPY_H
#define INGEST_SEARCH_COPY_H

#include "base/counters.h"
#include "search_index.h"
#include "store/store.h"

typedef struct ingest_search_copy ingest_search_copy;

/* Starts the thread; blocks for nothing. store and counters are borrowed while it lives. */
ingest_search_copy *ingest_search_copy_open (const tt_store_options *store, tt_counters *counters);
void ingest_search_copy_close (ingest_search_copy **copy);

/* A snapshot, to be left; NULL while the tables are being read for the first time (*records says how far). *behind: it may lack
 * what was committed before the call, since the store could not be asked within wait_ms. */
ingest_snapshot *ingest_search_copy_take (ingest_search_copy *copy, uint32_t wait_ms, bool *behind, uint64_t *records);

#endif
