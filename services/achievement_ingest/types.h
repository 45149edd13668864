/* Short names of the generated messages, and where rows live. What every file of the service may include.
 * Values only; no thread rule. */
#ifndef INGEST_TYPES_H
#define INGEST_TYPES_H

#include "achievement.pb-c.h"

#include "base/arena.h"

typedef Techtransfer__Achievement__V1__Achievement ingest_record;
typedef Techtransfer__Achievement__V1__GetAchievementReply ingest_row; /* a record as it is stored */
typedef Techtransfer__Achievement__V1__Demand ingest_demand;
typedef Techtransfer__Achievement__V1__Source ingest_source;
typedef Techtransfer__Achievement__V1__QuarantinedRecord ingest_quarantined;
typedef Techtransfer__Achievement__V1__SourceProgress ingest_progress;
typedef Techtransfer__Achievement__V1__SequenceRange ingest_range;
typedef Techtransfer__Achievement__V1__Push ingest_push;
typedef Techtransfer__Achievement__V1__AchievementPushed ingest_pushed;

/* Tables, indexes and logs (README.md says what each holds). */
#define INGEST_TABLE_RECORD "achievement"
#define INGEST_TABLE_NUMBER "number"
#define INGEST_TABLE_FIRST "first-push"
#define INGEST_TABLE_DEMAND "demand"
#define INGEST_TABLE_PUSHED "pushed"
#define INGEST_TABLE_INBOX "inbox"
#define INGEST_TABLE_LABEL "label"
#define INGEST_TABLE_CONTRACT "contract"
#define INGEST_INDEX_LABELS "labels"
#define INGEST_INDEX_CONTRACTS "contracts"
#define INGEST_TABLE_SOURCE "source"
#define INGEST_INDEX_SOURCES "sources"
#define INGEST_AT_SOURCES "sources" /* partition key of all registrations */
#define INGEST_TABLE_PROGRESS "progress"
#define INGEST_TABLE_QUARANTINE "quarantine"
#define INGEST_TABLE_QUARANTINED "quarantined"
#define INGEST_LOG_RECORDS "achievements"
#define INGEST_LOG_DEMANDS "demands"

/* Unpacks into an arena (nothing to free). NULL if the bytes are no such message, or the text in them is no string. */
void *ingest_unpack (tt_arena *arena, const ProtobufCMessageDescriptor *type, tt_bytes bytes);

/* "<source>/<source_id>": partition key and row key of a record; "<owner>/<demand_id>": row key of a demand. In the arena. */
tt_bytes ingest_pair_key (tt_arena *arena, const char *first, const char *second);
/* "push:<owner>", "demand:<owner>", "quarantine:<source>": the table of an inbox, the index of an owner's demands, of what a
 * source has in quarantine. In the arena. */
const char *ingest_inbox_table (tt_arena *arena, const char *owner);
const char *ingest_demand_index_name (tt_arena *arena, const char *owner);
const char *ingest_quarantine_index_name (tt_arena *arena, const char *source);

#endif
