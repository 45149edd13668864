/* Legal events out of the EPO's answers: family members with legal events (INPADOC, OPS family with legal data) and documents of
 * the European Patent Register (events, procedural steps, states of the patent, lapses by country). One element in, its events
 * out. Not for what the codes mean: that is the catalogue's business (catalog/legal.h). Thread rule: as xml.h. */
#ifndef TT_IMPORT_LEGAL_H
#define TT_IMPORT_LEGAL_H

#include <patent.pb-c.h>

#include "import/xml.h"

typedef Techtransfer__Patent__V1__LegalEvent tt_legal_event;

typedef struct {
    tt_legal_event *event; /* NULL if refused */
    char *reason;          /* why; NULL: it was not */
} tt_legal_item;

typedef struct {
    tt_legal_item *items;
    size_t count;
} tt_legal_list;

tt_legal_event *tt_legal_new (void); /* empty, never NULL */
void tt_legal_free (tt_legal_event **event);
void tt_legal_list_free (tt_legal_list *list); /* zeroes */

/* The events of a family-member or register-document; none at all is fine. INVALID_ARGUMENT with the reason if it cannot be read,
 * or is another element; `line` as for tt_patent_of_xml. An event that lacks what the contract requires is an item with a reason.
 */
TT_MUST_USE tt_status tt_legal_of_xml (tt_bytes text, uint64_t line, tt_legal_list *list, tt_error *error);

/* An event as JSON or a table gives it, completed: numbers in one piece ("CN111504366B") are taken apart, the office is that of
 * the publication if none is given, dates become ISO dates. INVALID_ARGUMENT says what is missing or wrong. */
TT_MUST_USE tt_status tt_legal_complete (tt_legal_event *event, tt_error *error);

#endif
