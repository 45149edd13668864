/* An achievement as the engines see it: a document for CQL, terms for similarity. Filled from a record, then asked; reusable.
 * Not thread-safe. */
#ifndef INGEST_SUBJECT_H
#define INGEST_SUBJECT_H

#include "query/document.h"
#include "terms.h"
#include "types.h"

/* Fills a document of tt_schema_achievement, after a reset. */
void ingest_subject_document (const ingest_record *record, tt_document *document);
/* The words of a query that are found in the record: distinct, as they stand there, at most `most` of them, in the arena. */
size_t ingest_subject_words (const ingest_record *record, const tt_document *document, const tt_cql *cql, tt_arena *arena,
                             char **words, size_t most);

/* The field of Achievement that a hit is in, by its name, and which value of it; static storage. */
const char *ingest_subject_field (const ingest_record *record, const tt_hit *hit, uint32_t *ordinal);

/* The terms of a record: title and keywords count twice. Replaces what was in *terms. */
void ingest_subject_terms (const ingest_record *record, ingest_terms *terms);
/* The terms of a demand's title and text. */
void ingest_subject_wishes (const ingest_demand *demand, ingest_terms *terms);

#endif
