/* A map: the documents of a selection counted by two axes, with the busiest keys of each, growth, and the top applicants. Pure. */
#ifndef ALERT_LANDSCAPE_H
#define ALERT_LANDSCAPE_H

#include "selection.h"

typedef Techtransfer__Patent__V1__MapPatentsRequest MapRequest;
typedef Techtransfer__Patent__V1__MapPatentsReply MapReply;
typedef Techtransfer__Patent__V1__MapLine MapLine;

#define ALERT_MAP_LINES_MAX 200
#define ALERT_MAP_LINES 20 /* where the request names no limit */
#define ALERT_MAP_TOP 10
#define ALERT_GROWTH_YEARS 6

/* The reply in the arena, complete; its texts borrow the columns until these change. selection NULL: all documents; else it must be done.
 * Limits of the request are taken as checked. */
MapReply *alert_landscape (const alert_columns *columns, const alert_selection *selection, const MapRequest *request, tt_arena *arena);

/* Growth of a series of whole years, oldest first, in percent with one decimal into out: in the last year against the one before; and a year
 * on average from the first year that has any. "" where there is no base. */
#define ALERT_GROWTH_SIZE 24
void alert_growth_last (const uint64_t counts[ALERT_GROWTH_YEARS], char out[ALERT_GROWTH_SIZE]);
void alert_growth_compound (const uint64_t counts[ALERT_GROWTH_YEARS], char out[ALERT_GROWTH_SIZE]);

#endif
