/* What a subscriber says about a loss, as data. The one place that knows how it says it. */
#ifndef STATS_LOSS_H
#define STATS_LOSS_H

#include "bus/subscriber.h"
#include "undo.h"

/* Fills partition, first, last and resume from what the last tt_subscriber_next reported with TT_DATA_LOSS and this error. False
 * if it does not say. */
bool stats_loss_read (const tt_subscriber *subscriber, const tt_error *error, stats_loss *loss);

#endif
