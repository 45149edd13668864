/* Legal events: identity, form, what an office's code means, and under which number rights are found. Pure.
 * Not for the offices' files (ops/import). */
#ifndef ALERT_LEGAL_H
#define ALERT_LEGAL_H

#include "catalog/catalog.h"
#include "patent.h"
#include "wire/validate.h"

/* Number keys: "p.CN111504366" of a publication, "a.CN202010123456" of an application; kinds do not count, and the check digit of a
 * Chinese application number (9 or 13 characters) is left out. Appended. They choose the partition of what is filed under them. */
void alert_publication_key (const DocumentReference *publication, tt_buffer *out);
void alert_application_key (const DocumentReference *application, tt_buffer *out);

/* Appends the id: number key, "-", 16 hexadecimal digits of office, code, date (effective, else announced) and the parties' names in
 * their order. A correcting event is filed under the number of what it corrects. The event must have the right form. */
void alert_legal_id (const LegalEvent *event, tt_buffer *out);
/* The number key in an event id; none if it is no id. */
tt_bytes alert_legal_key (const char *event_id);

/* Adds what is wrong with the form; true if nothing is. */
bool alert_legal_check (const LegalEvent *event, tt_violations *violations);

/* What the event sets off, by the office's code, or where that is not known by the category given; and its ST.27 category: as given, else by
 * the code. *category is "" and the result unspecified if neither is known; codes of known meaning may set off nothing as well, and category
 * Y never does. *category is borrowed from the event or the catalogue, which may be NULL: then no code is known. */
Trigger alert_legal_classify (const tt_catalog *catalog, const LegalEvent *event, const char **category);

/* "grant", "lapse" ... in lower case; "other" if unspecified. */
const char *alert_trigger_name (Trigger trigger);
/* Appends "patent/legal/lapse/CN/". */
void alert_legal_topic (const LegalEvent *event, Trigger trigger, tt_buffer *out);

/* Do both say the same? Source and revision do not count. */
bool alert_legal_same (const LegalEvent *a, const LegalEvent *b);

/* The day that counts for a back-fill: effective, else announced; "" if neither. */
const char *alert_legal_date (const LegalEvent *event);

#endif
