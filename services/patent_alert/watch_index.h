/* All standing watches of all owners in memory, asked with a document. Pure: what it holds comes in by put and remove.
 * Owned by one thread. */
#ifndef ALERT_WATCH_INDEX_H
#define ALERT_WATCH_INDEX_H

#include "base/crew.h"
#include "delivery.h"
#include "patent.h"
#include "query/percolator.h"

typedef struct alert_watch_index alert_watch_index;

typedef struct {
    const char *owner;
    const char *watch_id;
    const char *label;
    const char *query; /* with its portfolios in full: own="<owner>/<name>" */
    Techtransfer__Patent__V1__Severity severity;
    uint64_t revision;
    int64_t since_unix_ms; /* since when it asks this */
    alert_terms terms;
} alert_watch_entry;

alert_watch_index *alert_watch_index_new (void); /* never NULL */
/* The same over several percolators, a part of the watches in each, that a crew asks at once. It answers like the other. The crew is
 * borrowed; NULL: none. */
alert_watch_index *alert_watch_index_new_with (tt_crew *crew);
void alert_watch_index_destroy (alert_watch_index **index);

/* Files or replaces a watch. INVALID_ARGUMENT if its query does not parse: then nothing is filed under its name any more. */
TT_MUST_USE tt_status alert_watch_index_put (alert_watch_index *index, const Watch *watch, tt_error *error);
/* False if there was none. */
bool alert_watch_index_remove (alert_watch_index *index, const char *owner, const char *watch_id);

/* How many watches listen to a trigger. */
size_t alert_watch_index_listening (const alert_watch_index *index, Trigger trigger);
/* Of those that listen to DUE: the longest time ahead, and when the latest of them began to. Never too low. */
uint32_t alert_watch_index_due_days (const alert_watch_index *index);
int64_t alert_watch_index_due_since (const alert_watch_index *index);
/* The watch of this name, or NULL; borrowed as above. */
const alert_watch_entry *alert_watch_index_find (alert_watch_index *index, const char *owner, const char *watch_id);

/* The watches that match, by owner, then watch id (memcmp). *entries is borrowed until the next call that is not const. */
size_t alert_watch_index_match (alert_watch_index *index, const tt_document *document, const alert_watch_entry *const **entries);

/* After many were put and before documents come: see tt_percolator_settle. */
void alert_watch_index_settle (alert_watch_index *index);
/* NULL: it has none. */
tt_crew *alert_watch_index_crew (const alert_watch_index *index);

size_t alert_watch_index_size (const alert_watch_index *index);
tt_percolator_counts alert_watch_index_counts (const alert_watch_index *index);

#endif
