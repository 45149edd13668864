/* A patent document as queries see it, and the way back from a hit to the text it stands in. Pure; owned by one thread, reusable.
 */
#ifndef ALERT_VIEW_H
#define ALERT_VIEW_H

#include "patent.h"
#include "query/document.h"

typedef struct alert_view alert_view;

alert_view *alert_view_new (void); /* never NULL */
void alert_view_destroy (alert_view **view);

/* Replaces what it showed. *document is borrowed until the next fill. Values that an index cannot read (a class symbol of no
 * known form) are left out of that index; returns how many. */
size_t alert_view_fill (alert_view *view, const PatentDocument *document);
/* Beside the document: code and category of a legal event (ls, st); a portfolio that it is in, as "owner/name" (own). Texts are borrowed. */
void alert_view_add_legal (alert_view *view, const LegalEvent *event);
void alert_view_add_own (alert_view *view, const char *portfolio);
/* The same with the stored indexes in `wanted` (one bit each) alone, for a query that looks at no others. */
size_t alert_view_fill_for (alert_view *view, const PatentDocument *document, uint64_t wanted);
const tt_document *alert_view_document (const alert_view *view);

/* The bytes of a hit, as the document writes them; borrowed until the next fill. None if there is no such place. */
tt_bytes alert_view_text (const alert_view *view, const tt_hit *hit);

#endif
