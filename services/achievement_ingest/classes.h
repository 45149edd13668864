/* Classes of a record: schemes and their fields, proposals, decisions and what becomes of them when the source speaks again. Pure; what
 * is made lives in the arena. Not for finding classes in a text (classify/). */
#ifndef INGEST_CLASSES_H
#define INGEST_CLASSES_H

#include "catalog/catalog.h"
#include "classify/classifier.h"
#include "types.h"

typedef Techtransfer__Achievement__V1__ClassProposal ingest_proposal;
typedef Techtransfer__Achievement__V1__ClassDecision ingest_class_decision;
typedef Techtransfer__Achievement__V1__ClassVerdict ingest_verdict;

#define INGEST_SCHEMES 4

/* "special", "industry", "stage", "form"; NULL past the last. Static storage. */
const char *ingest_scheme_at (size_t i);
bool ingest_scheme_known (const char *scheme);
/* Is this a code of the scheme? */
bool ingest_class_known (const tt_catalog *catalog, const char *scheme, const char *code);

/* The record's codes of a scheme, as texts. */
char **ingest_class_codes (tt_arena *arena, const ingest_record *record, const char *scheme, size_t *count);
/* Sets them; the record is the caller's own shallow copy. */
void ingest_class_set (tt_arena *arena, ingest_record *record, const char *scheme, char *const *codes, size_t count);

/* Takes out what only the daemon sets. */
void ingest_classes_clear (ingest_record *record);
/* The codes of a stored record as its source declared them, without what the daemon sets. */
void ingest_classes_declared (tt_arena *arena, ingest_record *record);
/* Decisions of the stored record hold on where the source still declares what it did. */
void ingest_classes_carry (tt_arena *arena, const ingest_record *stored, ingest_record *record);

typedef struct {
    double threshold; /* least score of a proposal */
    uint32_t most;    /* of a scheme, at most INGEST_PROPOSALS_MAX */
} ingest_class_settings;
#define INGEST_PROPOSALS_MAX 8

/* Proposals for the schemes without a code or a decision, and the technology fields of its IPC. */
void ingest_classes_propose (tt_classifier *classifier, const tt_fields *fields, const ingest_class_settings *settings, tt_arena *arena,
                             ingest_record *record);

/* Applies a verdict to the caller's own copy of a record; the decision, or NULL: it confirms what was not proposed. */
ingest_class_decision *ingest_classes_decide (tt_arena *arena, ingest_record *record, const ingest_verdict *verdict);

#endif
