/* Reading one XML document of a patent office: parsing that cannot reach outside, and text without mark-up.
 *
 * No network, no external entity, no DTD is loaded. Names are compared without their prefix. Character entities that only the DTD
 * declares
 * (&ldquo; &deg;) are known by name; an entity that the document declares is expanded if its text holds no further mark-up or
 * reference, so that nothing grows. One thread at a time for a document. */
#ifndef TT_IMPORT_XML_H
#define TT_IMPORT_XML_H

#include <libxml/tree.h>

#include "base/buffer.h"

/* Parses text that is UTF-8, whatever it declares (decode.h). INVALID_ARGUMENT "line <n>: <what the parser says>" (lines count from the start of `text`). To be freed by xmlFreeDoc.
 */
TT_MUST_USE tt_status tt_xml_parse (tt_bytes text, xmlDoc **out, tt_error *error);

bool tt_xml_is (const xmlNode *node, const char *name);
/* First element below `node` along a path of local names ("publication-reference/document-id"); NULL if there is none or node is
 * NULL. */
xmlNode *tt_xml_find (const xmlNode *node, const char *path);
/* The next sibling of `node` with this name, node itself not counted; tt_xml_find and then this walk over repeated elements. */
xmlNode *tt_xml_next (const xmlNode *node, const char *name);

/* The text of an element, its mark-up gone: inline elements (b, sub, i, PDAT ...) leave no gap, others a space, paragraphs a line
 * break; white space folded. Appended to *out and NUL-terminated; returns the text, "" for NULL. *out is cleared first. */
const char *tt_xml_text (const xmlNode *node, tt_buffer *out);
/* The same for the element at a path. */
const char *tt_xml_path_text (const xmlNode *node, const char *path, tt_buffer *out);
/* An attribute, by local name, copied into *out (cleared first); "" if there is none. */
const char *tt_xml_attribute (const xmlNode *node, const char *name, tt_buffer *out);

#endif
