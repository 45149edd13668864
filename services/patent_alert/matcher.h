/* Document in, alerts out: one for each owner that has at least one matching watch, with the reason. Pure: whether an alert was
 * raised before is for the commit to say (commands of the processor). Owned by one thread. */
#ifndef ALERT_MATCHER_H
#define ALERT_MATCHER_H

#include "base/arena.h"
#include "view.h"
#include "watch_index.h"

/* A watch that asks for something only since later than this behind a document's publication does not get it. The two times come
 * from the clocks of two replicas, which may differ by so much. */
#define ALERT_CLOCKS_MS 10000
#define ALERT_TERMS_MAX 32 /* matched terms told for each watch */

/* The alerts for a publication, in order of owner, made in the arena; their texts borrow the document and the index until the
 * index changes. number and raised_unix_ms are 0. *count of them; *skipped (may be NULL): values that no index could read.
 * Entries of the journal may be worked on long after they were written, and again: published_unix_ms (0: not known) keeps those
 * watches out that are younger than the document. */
Alert **alert_match_publication (alert_watch_index *index, alert_view *view, const PatentDocument *document,
                                 int64_t published_unix_ms, tt_arena *arena, size_t *count, size_t *skipped);

#endif
