/* Where phrases stand in a document, and whether two of them stand near each other.
 *
 * Internal to query/, shared by brute force and programs. A list belongs to one thread. */
#ifndef TT_QUERY_OCCURRENCE_H
#define TT_QUERY_OCCURRENCE_H

#include "query/document_inside.h"
#include "query/tree.h"

/* One occurrence: the places of its first and last token, in one value. */
typedef struct {
    uint32_t first, last;
} occurrence;

/* Ascending by first; all of one phrase, so all equally long. Zero-initialise: {0}. */
typedef struct {
    occurrence *items; /* owned */
    size_t count, room;
} occurrence_list;

void occurrence_add (occurrence_list *list, uint32_t first, uint32_t last);
void occurrence_free (occurrence_list *list);

/* Has `one` a partner in the other side's list that meets the prox? `is_left`: one is of the left side. Logarithmic in the list.
 */
bool occurrence_near (const tt_document *document, const cql_prox *prox, occurrence one, bool is_left,
                      const occurrence_list *others);
/* Has any of left a partner in right? */
bool occurrence_any_near (const tt_document *document, const cql_prox *prox, const occurrence_list *left,
                          const occurrence_list *right);

#endif
