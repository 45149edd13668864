/* Records of OAI-PMH 2.0 (Open Archives Initiative Protocol for Metadata Harvesting) as achievements: oai_dc (Dublin Core) and
 * marc21 (MARCXML), and MARCXML collections without a protocol around them. What goes where: README.md. Thread rule: as xml.h. */
#ifndef TT_IMPORT_OAI_H
#define TT_IMPORT_OAI_H

#include "import/draft.h"

typedef struct {
    const char *source;  /* of the records; NULL: the repository in the identifier, oai:REPOSITORY:... */
    const char *owner;   /* of records that name no publisher; NULL: their people */
    int64_t answered_ms; /* when the list was begun, by the repository's clock; 0: not known */
} tt_oai_options;

/* One <record>, of the protocol or of MARC, or an <error> of the protocol. *out: an Achievement, or a WithdrawAchievementRequest
 * for a deleted record; free_unpacked frees it. source_id is the identifier; source_version the datestamp in seconds, so that a
 * copy from before never replaces a later one. A datestamp of a day says nothing of the hour: it is taken for the day's end, and
 * on that very day for answered_ms, so that what changes after the harvest is newer. *id: the identifier, as far as it could be
 * read. Notes say what was cut or left out. INVALID_ARGUMENT with the reason, and the line where the form is wrong; an <error>
 * always: "badResumptionToken: ...". */
TT_MUST_USE tt_status tt_achievement_of_oai (tt_bytes text, uint64_t line, const tt_oai_options *options, ProtobufCMessage **out,
                                             tt_buffer *notes, tt_buffer *id, tt_error *error);

/* "2026-11-25" or "2026-11-25T08:00:00Z" in milliseconds since 1970; *day: it was a day. False if it is neither. */
bool tt_oai_time (const char *text, int64_t *unix_ms, bool *day);

#endif
