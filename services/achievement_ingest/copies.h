/* The processor's copies of what is stored: achievements (corpus.h) and demands (demand_index.h). Built from the tables, kept by
 * the logs of the partitions. Owned by the processor's thread. */
#ifndef INGEST_COPIES_H
#define INGEST_COPIES_H

#include "corpus.h"
#include "demand_index.h"
#include "store/reader.h"

typedef struct {
    ingest_corpus *corpus;
    ingest_demand_index *demands;
    ingest_settings settings;
    uint32_t partitions;
    tt_reader *record_log, *demand_log;
    ingest_terms terms; /* scratch */
    uint64_t reloads;   /* times that a log had been cut or lost its end */
} ingest_copies;

/* Reads everything. *out is the caller's. UNAVAILABLE if the store cannot be reached. */
TT_MUST_USE tt_status ingest_copies_open (ingest_copies **out, tt_store *store, const ingest_settings *settings, tt_error *error);
void ingest_copies_close (ingest_copies **copies);

/* The barrier: everything that was committed before this call is in the copies when it returns TT_OK. A log that does not hold
 * what is missing makes the copies be read anew. */
TT_MUST_USE tt_status ingest_copies_catch_up (ingest_copies *copies, tt_store *store, tt_error *error);

#endif
