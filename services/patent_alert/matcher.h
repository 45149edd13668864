/* Document in, alerts out: one for each owner that has at least one matching watch, with the reason. Pure: whether an alert was
 * raised before is for the commit to say (commands of the processor). Owned by one thread. */
#ifndef ALERT_MATCHER_H
#define ALERT_MATCHER_H

#include "base/arena.h"
#include "view.h"
#include "watch_index.h"

#define ALERT_TERMS_MAX 32 /* matched terms told for each watch */

/* The alerts for a publication, in order of owner, made in the arena; their texts borrow the document and the index until the
 * index changes. number and raised_unix_ms are 0. *count of them; *skipped (may be NULL): values that no index could read. */
Alert **alert_match_publication (alert_watch_index *index, alert_view *view, const PatentDocument *document, tt_arena *arena,
                                 size_t *count, size_t *skipped);

#endif
