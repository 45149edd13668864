/* An Achievement in the making, out of a library's record: what does not fit the contract is cut or left out, and a note says so.
 * Not for records that name the contract's fields themselves (map.h). Values only; one thread at a time for a draft. */
#ifndef TT_IMPORT_DRAFT_H
#define TT_IMPORT_DRAFT_H

#include <achievement.pb-c.h>

#include "base/buffer.h"

typedef Techtransfer__Achievement__V1__Achievement tt_achievement;

typedef struct {
    tt_achievement *record; /* owned by whoever made the draft */
    tt_buffer *notes;       /* borrowed */
    bool english;           /* the record says that its language is English */
    bool abstract_cut;
} tt_draft;

/* The first title is the title; one in English after it (language "en", "eng", "en-GB") is title_en. */
void tt_draft_title (tt_draft *draft, const char *text, const char *language);
/* Appended to the abstract, each on lines of its own. */
void tt_draft_abstract (tt_draft *draft, const char *text);
/* Names in one text are not taken apart. Empty ones and those that are there already add nothing. */
void tt_draft_person (tt_draft *draft, const char *name, const char *organisation);
void tt_draft_owner (tt_draft *draft, const char *name);
/* One or several, between ";" of any width. */
void tt_draft_keywords (tt_draft *draft, const char *text);
/* A real day becomes completed_date, the first one counts; a year alone is left out with a note. */
void tt_draft_date (tt_draft *draft, const char *text);
void tt_draft_language (tt_draft *draft, const char *code);
/* What can only be said at the end: the owner where none is named (`owner`, else the people), the English title. */
void tt_draft_finish (tt_draft *draft, const char *owner);

#endif
