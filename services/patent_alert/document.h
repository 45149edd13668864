/* Patent documents: identity, form, and what a further submission of the same one means. Pure.
 * Not for matching (matching.h). */
#ifndef ALERT_DOCUMENT_H
#define ALERT_DOCUMENT_H

#include "patent.h"
#include "wire/validate.h"

/* Appends "CN.111504366.B"; without a kind "CN.111504366". The publication must be set. */
void alert_document_id (const PatentDocument *document, tt_buffer *out);
/* Appends the family, which is also the partition key: family_id, or country and number without kind ("CN111504366"), so that the
 * A and B publications of one application are one family. */
void alert_document_family (const PatentDocument *document, tt_buffer *out);
/* The family of the document with this id that was submitted with family_id (or empty). False if the id is not of the form above.
 */
bool alert_document_family_of_id (const char *document_id, const char *family_id, tt_buffer *out);

/* Adds what is wrong with the form; true if nothing is. */
bool alert_document_check (const PatentDocument *document, tt_violations *violations);

/* Parts of it that legal events have too: two capital letters under "country"; country, number, kind and date. */
bool alert_country_check (const char *country, bool required, tt_violations *violations);
bool alert_reference_check (const DocumentReference *reference, tt_violations *violations);

/* Is it the publication of a grant: of kind B, or C in China's earlier numbering? */
bool alert_document_is_grant (const PatentDocument *document);

/* Two documents with the same hash say the same: everything counts but where the record came from and its revision. 16 bytes. */
void alert_document_hash (const PatentDocument *document, uint8_t out[16]);

typedef enum {
    ALERT_DOCUMENT_NEW,
    ALERT_DOCUMENT_REVISED,    /* other content under a higher revision */
    ALERT_DOCUMENT_UNCHANGED,  /* the same content, whatever the revision */
    ALERT_DOCUMENT_OLDER,      /* other content under a lower revision */
    ALERT_DOCUMENT_CONFLICTING /* other content under the same revision */
} alert_document_relation;
/* stored: NULL if there is none. */
alert_document_relation alert_document_compare (const PatentDocument *stored, const PatentDocument *submitted);

/* Appends "patent/published/CN/H01F/": the subclass of the first IPC symbol that names one, or "none". */
void alert_document_topic (const PatentDocument *document, tt_buffer *out);

#endif
