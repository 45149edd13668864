/* One converter for each form in which patent offices publish: an XML element in, a PatentDocument out. What a form does not
 * carry stays empty. All return INVALID_ARGUMENT with the reason, and then nothing. Thread rule: as xml.h. */
#ifndef TT_IMPORT_FORMATS_H
#define TT_IMPORT_FORMATS_H

#include "import/build.h"
#include "import/xml.h"

/* Whatever the root element says it is. `line` is where `text` begins in its file: messages of the parser count from there. */
TT_MUST_USE tt_status tt_patent_of_xml (tt_bytes text, uint64_t line, tt_patent **out, tt_error *error);

/* us-patent-grant and us-patent-application of the US office, DTD v4.x (since 2004). Inventors and persons are "Last, First".
 * Applicants are the assignees and applicants; where a document names none but its inventors as applicants (before 2012), those.
 */
TT_MUST_USE tt_status tt_patent_of_us (const xmlNode *root, tt_patent *patent, tt_error *error);
/* PATDOC, the ST.32 form of US grants 2001 to 2004 (DTD v2.4, v2.5). */
TT_MUST_USE tt_status tt_patent_of_st32 (const xmlNode *root, tt_patent *patent, tt_error *error);
/* patent-application-publication, US applications 2001 to 2004 (pap v1.5, v1.6). */
TT_MUST_USE tt_status tt_patent_of_pap (const xmlNode *root, tt_patent *patent, tt_error *error);
/* exchange-document of the EPO: DOCDB deliveries and answers of Open Patent Services. Of the forms in which a number or name is
 * given, the first of docdb, epodoc, docdba and original is taken. */
TT_MUST_USE tt_status tt_patent_of_docdb (const xmlNode *root, tt_patent *patent, tt_error *error);

/* A document of tagged lines, Green Book or BRS (tagged.h). What was left out is said in *notes. */
TT_MUST_USE tt_status tt_patent_of_greenbook (tt_bytes text, tt_patent *patent, tt_buffer *notes, tt_error *error);
TT_MUST_USE tt_status tt_patent_of_brs (tt_bytes text, tt_patent *patent, tt_error *error);

/* Parses; errors name the line in the file, `line` being where `text` begins in it. */
TT_MUST_USE tt_status tt_form_parse (tt_bytes text, uint64_t line, xmlDoc **document, tt_error *error);
/* The best form (docdb first) of the references of this name below a node of the EPO's XML. */
bool tt_form_docdb_reference (const xmlNode *node, const char *name, tt_docnum *out);
/* Shared by them. A number in parts; false if there is none. date may be partial: then it is left out. */
bool tt_form_number (const char *country, const char *number, bool trim, const char *kind, const char *date, tt_docnum *out);
/* Publication date: INVALID_ARGUMENT if it is there and no real day. */
TT_MUST_USE tt_status tt_form_publication (tt_patent *patent, const tt_docnum *number, const char *date, tt_error *error);

#endif
