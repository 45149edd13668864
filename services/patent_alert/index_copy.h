/* The replica's copy of all watches and portfolios: built from a snapshot of the tables, kept by their logs of all partitions.
 * Owned by the processor's thread; reads the store, writes nothing. */
#ifndef ALERT_INDEX_COPY_H
#define ALERT_INDEX_COPY_H

#include "portfolio.h"
#include "service.h"
#include "store/journal.h"
#include "watch_index.h"

typedef struct alert_index_copy alert_index_copy;

/* Loads the snapshot. The store is borrowed. */
TT_MUST_USE tt_status alert_index_copy_open (alert_index_copy **out, tt_store *store, const alert_service *service,
                                             tt_error *error);
void alert_index_copy_close (alert_index_copy **copy);

/* The barrier: asks for the heads of the logs now and takes every record up to them. After TT_OK the index holds each watch whose
 * commit was acknowledged before this call. A log that was trimmed or cut meanwhile makes it load the snapshot again. */
TT_MUST_USE tt_status alert_index_copy_catch_up (alert_index_copy *copy, tt_error *error);

/* Likewise all portfolios. */
alert_portfolios *alert_index_copy_portfolios (alert_index_copy *copy);
/* Valid until the next catch-up changes it. */
alert_watch_index *alert_index_copy_index (alert_index_copy *copy);

#endif
