/* Filling a PatentDocument piece by piece. Everything is allocated one by one, as protobuf-c's unpack does it, so that
 * protobuf_c_message_free_unpacked frees it. Not for checking against the contract: the daemon does that. Values only. */
#ifndef TT_IMPORT_BUILD_H
#define TT_IMPORT_BUILD_H

#include <patent.pb-c.h>

#include "base/buffer.h"
#include "import/docnum.h"

typedef Techtransfer__Patent__V1__PatentDocument tt_patent;
typedef Techtransfer__Patent__V1__DocumentReference tt_patent_reference;
typedef Techtransfer__Patent__V1__PatentParty tt_patent_party;
typedef Techtransfer__Patent__V1__LocalizedText tt_patent_text;

tt_patent *tt_patent_new (void); /* empty, never NULL */
void tt_patent_free (tt_patent **patent);

/* Values that a list takes: more than any office publishes, few enough to be compared with each other. One more is taken, so that
 * tt_patent_complete sees that there were too many. */
#define TT_BUILD_MOST 10000

/* Sets a string field, freeing what it held. */
void tt_build_set (char **field, const char *value);
/* Appends a copy of value to a repeated string field, unless it is there already. */
void tt_build_add_unique (char ***list, size_t *count, const char *value);
/* Appends a message (taken) to a repeated field. */
void tt_build_add (void ***list, size_t *count, void *message);

tt_patent_reference *tt_build_reference (const tt_docnum *number);
/* Appends a party; an empty name, or name and country that are there already, add nothing. country may be "". */
void tt_build_party (tt_patent_party ***list, size_t *count, const char *name, const char *country);
/* Appends a text; an empty one adds nothing. language in any case, at most 8 characters, may be "". */
void tt_build_text (tt_patent_text ***list, size_t *count, const char *language, const char *text);
/* What an office says of a symbol or a citation: index is that of CQL ("ai"), NULL adds nothing. */
void tt_build_mark (tt_patent *patent, const char *index, const char *value);
/* A cited document, with the index that says who cited it, or NULL. */
void tt_build_citation (tt_patent *patent, const tt_docnum *number, const char *index);
/* Class symbols, normalised; false if the text is none. What the 50-character form of ST.8 says of one becomes a mark. */
bool tt_build_ipc (tt_patent *patent, const char *symbol);
bool tt_build_cpc (tt_patent *patent, const char *symbol);
/* What one letter each says of a symbol that was taken, as a mark: its level (IPC alone; NULL or "" if not given) and value. */
void tt_build_role (tt_patent *patent, bool cpc, const char *symbol, const char *level, const char *value);
bool tt_build_locarno (tt_patent *patent, const char *symbol);

/* What every document must have: publication with country and number, a title, and no list
 * longer than TT_BUILD_MOST. INVALID_ARGUMENT says what is missing. */
TT_MUST_USE tt_status tt_patent_complete (const tt_patent *patent, tt_error *error);

#endif
