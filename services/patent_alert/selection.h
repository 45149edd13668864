/* The documents that a query selects, found out a portion at a time: by the columns where they decide, by the document itself where they do
 * not. Pure; owned by one thread. The columns are lent with each call, the same ones for the whole life. */
#ifndef ALERT_SELECTION_H
#define ALERT_SELECTION_H

#include "base/arena.h"
#include "columns.h"
#include "query/leaf.h"
#include "view.h"

typedef struct alert_selection alert_selection;

/* INVALID_ARGUMENT: the query cannot be read (the message begins with the byte), or has more than TT_LEAVES_MAX terms. */
TT_MUST_USE tt_status alert_selection_open (alert_selection **out, const char *query, tt_error *error);
void alert_selection_close (alert_selection **selection);

/* Looks at places from where it stood, at most so many, until `most` documents must be asked; their places into asked[most]. Each of them
 * must be answered before the next call. Returns how many. */
size_t alert_selection_step (alert_selection *selection, const alert_columns *columns, size_t places, size_t *asked, size_t most);
/* The document at an asked place, or NULL: it is gone. The view is filled with what the query needs. */
void alert_selection_answer (alert_selection *selection, size_t place, const PatentDocument *document, alert_view *view);

/* Every place there is has been looked at. */
bool alert_selection_done (const alert_selection *selection, const alert_columns *columns);
size_t alert_selection_examined (const alert_selection *selection); /* places */
bool alert_selection_has (const alert_selection *selection, size_t place);
size_t alert_selection_hits (const alert_selection *selection);  /* places that were found to match, also those that are empty by now */
size_t alert_selection_asked (const alert_selection *selection); /* documents that had to be asked so far */
size_t alert_selection_bytes (const alert_selection *selection);

#endif
