/* The janitor: trims journals and drops request ids, again and again, in a thread of its own; counts what went, says who lost events, and
 * knows how far each durable consumer is behind. Each replica has one; they take turns by chance, and twice does no harm. */
#ifndef TT_RUN_JANITOR_H
#define TT_RUN_JANITOR_H

#include "base/counters.h"
#include "store/retention.h"

typedef struct tt_janitor tt_janitor;

typedef struct {
    const tt_store_options *store; /* borrowed */
    tt_retention_options retention;
    uint32_t every_ms;      /* on average; a round begins after 0.75 to 1.25 of it */
    tt_counters *counters;  /* gets the janitor's table */
} tt_janitor_options;

/* Starts the thread; the first round begins at once. A store that is away is tried again at the next round. */
TT_MUST_USE tt_status tt_janitor_open (tt_janitor **out, const tt_janitor_options *options, tt_error *error);
/* Stops after the calls in hand; blocks until the thread is gone. */
void tt_janitor_close (tt_janitor **janitor);
/* Appends journal_consumer_lag_events and journal_consumer_lost_events_total of each consumer, as of the last round, in the text form of base/counters.h: their
 * number is bounded by that of the consumers. Any thread. */
void tt_janitor_metrics (tt_janitor *janitor, tt_buffer *out);

#endif
