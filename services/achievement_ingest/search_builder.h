/* Makes segments: from records, one after the other, and from the living records of segments. Owned by one thread. */
#ifndef INGEST_SEARCH_BUILDER_H
#define INGEST_SEARCH_BUILDER_H

#include "search_segment.h"

typedef struct ingest_builder ingest_builder;

ingest_builder *ingest_builder_new (void); /* never NULL */
void ingest_builder_destroy (ingest_builder **builder);
uint32_t ingest_builder_count (const ingest_builder *builder);
/* Takes a record in; its number is the count before. There must be less than INGEST_SEGMENT_MOST. */
void ingest_builder_add (ingest_builder *builder, const ingest_record *record);
/* The key of a record that was taken in. */
tt_bytes ingest_builder_key (const ingest_builder *builder, uint32_t record);
/* The segment of what was taken in, the caller's; the builder is empty then. */
ingest_segment *ingest_builder_seal (ingest_builder *builder);

/* One segment of the records of several whose bit is set in live[i], in their order; at most INGEST_SEGMENT_MOST. */
ingest_segment *ingest_segment_merge (ingest_segment *const *segments, const uint64_t *const *live, size_t count);

#endif
