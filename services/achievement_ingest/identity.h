/* Which record a submission is, and what becomes of it: source and source id, versions, registration numbers. Pure decisions; see
 * README.md for the protocol of claims. Not for texts that look alike.
 *
 * A registration number is held by a claim in the partition of the number. It names a record and the revision that the record
 * will have when it bears the number. The claim is dead, and free for the next, once its record has reached that revision and is
 * withdrawn, is a duplicate or bears another number. Nothing is ever released by hand. Values only; no thread rule. */
#ifndef INGEST_IDENTITY_H
#define INGEST_IDENTITY_H

#include "types.h"

#define INGEST_ID_SIZE 19 /* "a-", 16 hexadecimal digits, NUL */

/* achievement_id of a record: "a-" and XXH3-64 of source, NUL, source_id. */
void ingest_achievement_id (const char *source, const char *source_id, char out[INGEST_ID_SIZE]);

/* Registration number as it is compared: NFKC, without white space, capitals. NULL if something else than A-Z 0-9 - is left or it
 * has more than 32 characters; "" stays "". In the arena. */
const char *ingest_normal_number (tt_arena *arena, const char *number);

/* A record that counts: stored, neither withdrawn nor a duplicate. NULL is none. */
bool ingest_row_counts (const ingest_row *row);
/* Both records say the same, apart from what the daemon sets, source_version and provenance. */
bool ingest_same_content (const ingest_record *a, const ingest_record *b);

typedef enum {
    INGEST_CLAIM_FREE, /* nobody has it, or a dead claim */
    INGEST_CLAIM_MINE,
    INGEST_CLAIM_HELD /* another record has it or is about to */
} ingest_claim_state;

/* claim: as stored, or NULL. holder: row of the record that the claim names, or NULL if it has none. */
ingest_claim_state ingest_claim_judge (const ingest_record *claim, const ingest_row *holder, const ingest_record *me);
/* Must the record (stored as `mine`, or NULL) write its claim (again) before it may bear the number? */
bool ingest_claim_needed (const ingest_record *claim, ingest_claim_state state, const ingest_row *mine);

typedef enum {
    INGEST_NEW,      /* never seen */
    INGEST_NEWER,    /* a revision */
    INGEST_SAME,     /* nothing new */
    INGEST_OLDER,    /* refused: a higher version is stored */
    INGEST_CONFLICT, /* refused: the same version with other content */
    INGEST_TOMBSTONE /* refused: withdrawn at this version */
} ingest_sight;

/* What the submission is to the stored row (NULL: none). Version 0 on both sides with other content is a revision: the source
 * does not number its records. */
ingest_sight ingest_sight_of (const ingest_row *stored, const ingest_record *incoming);
/* Why a submission is refused, for its violation; NULL if it is not. Static storage. */
const char *ingest_sight_refusal (ingest_sight sight);

typedef enum { INGEST_TELL_NOTHING, INGEST_TELL_REGISTERED, INGEST_TELL_REVISED, INGEST_TELL_WITHDRAWN } ingest_telling;

typedef struct {
    bool again; /* claim the number first, then ask again */
    bool write;
    bool duplicate;         /* the number is held by another */
    ingest_telling telling; /* the event that keeps the counts exact */
    Techtransfer__Achievement__V1__IngestOutcome outcome;
    const char *rung; /* static storage */
} ingest_decision;

/* For a submission that is not refused. claim as read, state as judged; NULL and FREE where the record has no number. */
ingest_decision ingest_decide (ingest_sight sight, const ingest_row *stored, const ingest_record *incoming,
                               const ingest_record *claim, ingest_claim_state state);

#endif
