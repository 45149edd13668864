/* Retention: a pass over all places of the columns a minute, which takes out what was kept long enough (removal.h says what that is). Owned by the
 * thread of the atlas. */
#ifndef ALERT_SWEEP_H
#define ALERT_SWEEP_H

#include "columns.h"
#include "removal.h"
#include "service.h"

typedef struct {
    alert_retention rule;
    const alert_service *service; /* for the counters; borrowed */
    tt_store *store;              /* borrowed, as the others */
    tt_batch *batch;
    tt_arena *arena; /* empty between two calls */
    size_t place;    /* where the pass goes on; 0: it begins. To be set to 0 when the columns are others */
    int64_t swept_ms;
} alert_sweep;

/* A stretch of the pass, if one is due. *more: it is in the middle of one. */
TT_MUST_USE tt_status alert_sweep_step (alert_sweep *sweep, const alert_columns *columns, bool *more, tt_error *error);

#endif
