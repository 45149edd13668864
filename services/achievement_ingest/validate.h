/* A record or a demand against its schema and the code lists: every violation with its field path and reason.
 *
 * Reasons never repeat what was sent, so that a reply or a log line cannot carry content away. A classified record has exactly
 * one violation, whatever else is wrong with it, and callers must keep nothing of it. Pure; any thread. */
#ifndef INGEST_VALIDATE_H
#define INGEST_VALIDATE_H

#include "catalog/catalog.h"
#include "types.h"
#include "wire/validate.h"

/* True if the secrecy level is neither empty nor "public". */
bool ingest_classified (const ingest_record *record);

/* Adds what is wrong with a record below the present prefix (in a bulk command: none, paths are relative to the item). */
void ingest_validate_record (const ingest_record *record, const tt_catalog *catalog, tt_violations *v);

/* Adds what is wrong with a demand. Warnings (a query that mixes operators, a deadline that has passed) are appended to
 * `warnings` as lines ending in '\n'. today: days since 1970-01-01. */
void ingest_validate_demand (const ingest_demand *demand, const tt_catalog *catalog, int32_t today, tt_violations *v,
                             tt_buffer *warnings);

/* Source and source id, as WithdrawAchievement and GetAchievement take them. */
void ingest_validate_identity (const char *source, const char *source_id, tt_violations *v);

/* Adds what is wrong with a registration below the present prefix. */
void ingest_validate_source (const ingest_source *source, tt_violations *v);

#endif
