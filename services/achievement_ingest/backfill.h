/* New or changed demands with a query against all stored achievements: one reading of the tables for all of them. CQL needs the
 * text, which only the tables have; a demand without a query is answered by the corpus and does not come here. Owned by the
 * processor's thread; one object for one batch of work. */
#ifndef INGEST_BACKFILL_H
#define INGEST_BACKFILL_H

#include "demand_index.h"
#include "store/journal.h"

typedef struct ingest_backfill ingest_backfill;

/* most: achievements that one demand gets, the newest. Texts of what is found go to the arena. */
ingest_backfill *ingest_backfill_new (tt_arena *arena, size_t most); /* never NULL */
void ingest_backfill_destroy (ingest_backfill **backfill);

/* Adds a demand; what it points to is borrowed until the run is over, as is the traceparent of the event that it comes from (NULL: none). INVALID_ARGUMENT if the query cannot be parsed. */
TT_MUST_USE tt_status ingest_backfill_add (ingest_backfill *backfill, const ingest_standing *standing, const char *traceparent,
                                           tt_error *error);
/* One achievement against all demands added; what does not count is passed over. */
void ingest_backfill_look (ingest_backfill *backfill, const ingest_row *row);
/* All stored achievements. */
TT_MUST_USE tt_status ingest_backfill_run (ingest_backfill *backfill, tt_store *store, tt_error *error);

typedef struct {
    const ingest_demand *demand; /* borrowed from the standing demand */
    const char *source, *source_id;
    uint64_t revision;
    int64_t registered_unix_ms;
    char **words;
    size_t word_count;
    const char *traceparent; /* as added */
} ingest_backfilled;
/* What was found for demand i (from 0, in order of adding), newest first; NULL past the last demand. */
const ingest_backfilled *ingest_backfill_found (const ingest_backfill *backfill, size_t i, size_t *count);

#endif
