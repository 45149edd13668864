/* The metadata formats that a record of OAI-PMH may hold, each taken into a draft. Thread rule: as xml.h. */
#ifndef TT_IMPORT_OAI_FORMS_H
#define TT_IMPORT_OAI_FORMS_H

#include "import/draft.h"
#include "import/xml.h"

/* A MARC record. Corporate bodies (110, 710) are the owners, else the publishers (260, 264). */
void tt_marc_take (const xmlNode *record, tt_draft *draft);
/* What the record is called: 001, else 024 a; "" if neither. Into *out. */
const char *tt_marc_number (const xmlNode *record, tt_buffer *out);
bool tt_marc_is_deleted (const xmlNode *record); /* "d" in the leader */

#endif
