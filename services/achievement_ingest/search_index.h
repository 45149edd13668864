/* The index of the records that count: segments, of which one is open for what comes, and snapshots of them for those who search.
 *
 * One thread writes (put, remove, publish). Any thread takes a snapshot, which never changes, and searches in it for as long as
 * it likes: nobody waits for anybody but for the moment in which a pointer is taken. What is replaced stays as a dead record of
 * its segment; small segments, and those with many dead ones, are merged when a snapshot is published. */
#ifndef INGEST_SEARCH_INDEX_H
#define INGEST_SEARCH_INDEX_H

#include "search_segment.h"

typedef struct ingest_index ingest_index;

/* Which records of a segment live; shared by snapshots until it changes. */
typedef struct {
    atomic_uint users;
    uint32_t count;  /* that live */
    uint64_t length; /* of these, together */
    uint64_t bits[]; /* one each */
} ingest_live;

typedef struct {
    ingest_segment *segment;
    ingest_live *live;
} ingest_part;

typedef struct {
    atomic_uint users;
    uint64_t records; /* that live */
    uint64_t length;  /* of these, together, as BM25 counts it */
    size_t count;
    ingest_part parts[];
} ingest_snapshot;

ingest_index *ingest_index_new (void); /* never NULL */
void ingest_index_destroy (ingest_index **index);

/* Puts a record under its key, in place of what is there. Seen by searches after the next publish. */
void ingest_index_put (ingest_index *index, const ingest_record *record);
void ingest_index_remove (ingest_index *index, tt_bytes key);
/* Revision of the record under a key; 0 if there is none. */
uint64_t ingest_index_revision (const ingest_index *index, tt_bytes key);
/* Makes all that was put and removed visible. */
void ingest_index_publish (ingest_index *index);

/* What was published last; any thread. To be left again. */
ingest_snapshot *ingest_index_take (ingest_index *index);
void ingest_snapshot_leave (ingest_snapshot **snapshot);

typedef struct {
    uint64_t records, dead, bytes, merges;
    size_t segments;
} ingest_index_figures;
/* By the writer. */
ingest_index_figures ingest_index_measure (const ingest_index *index);

#endif
