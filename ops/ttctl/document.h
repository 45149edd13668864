/* A patent as queries see it: the fields of a PatentDocument under the indexes of the patent schema. Values only. */
#ifndef TTCTL_DOCUMENT_H
#define TTCTL_DOCUMENT_H

#include "import/build.h"
#include "query/document.h"

/* Resets *document and fills it. The document must have been made for tt_schema_patent. */
void ctl_document_fill (tt_document *document, const tt_patent *patent);
/* Country, number and kind without separators, into *out (cleared first). */
const char *ctl_document_name (const tt_patent_reference *reference, tt_buffer *out);

#endif
