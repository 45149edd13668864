/* Patent records under the short keys of CQL: one JSON object, one document.
 *
 *   pn  publication number      apn  application number    country, kind   where pn has none
 *   pd  publication date        ad   filing date           pr, prd         priority numbers, priority date
 *   ti ab claims  text, list of texts, or {"zh": "...", "en": "..."}       lang   language of plain texts
 *   pa in   applicants, inventors        ic cpc loc   class symbols        ct    cited publications
 *   family  DOCDB simple family          source, revision
 * Every key but pn and ti may be missing; a single value may stand in place of a list. Other keys are passed over. Values only.
 */
#ifndef TT_IMPORT_SHORT_H
#define TT_IMPORT_SHORT_H

#include <jansson.h>

#include "import/build.h"

/* INVALID_ARGUMENT "<key>: <reason>" if pn, pd or ti cannot be used or a key has the wrong type. A number, class or date
 * elsewhere that cannot be read is left out, and a line that says so is appended to *notes. */
TT_MUST_USE tt_status tt_patent_of_short (const json_t *record, tt_patent **out, tt_buffer *notes, tt_error *error);

#endif
