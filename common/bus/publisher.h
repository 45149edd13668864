/* The publisher: follows the journals of its service and sends every event on XPUB, with a heartbeat each second.
 *
 * No event is sent before it is in the journal, and none depends on the process that committed it: every replica publishes the whole
 * stream. A slow subscriber loses messages at its own high-water mark, costs nobody else anything, and notices by the heartbeats; it is told
 * of once an episode (bus/outlet.h). Runs in a thread of its own. */
#ifndef TT_BUS_PUBLISHER_H
#define TT_BUS_PUBLISHER_H

#include "base/counters.h"
#include "store/journal.h"

typedef struct tt_publisher tt_publisher;

typedef struct {
    const char *endpoint; /* to bind */
    const tt_store_options *store; /* borrowed; its service is the stream */
    uint32_t heartbeat_ms; /* 0 = 1000 */
    uint32_t high_water_mark; /* messages queued for one subscriber; 0 = 10,000 */
    tt_counters *counters;
} tt_publisher_options;

TT_MUST_USE tt_status tt_publisher_open (tt_publisher **out, const tt_publisher_options *options, tt_error *error);
void tt_publisher_close (tt_publisher **publisher);
const char *tt_publisher_endpoint (const tt_publisher *publisher);
/* Cuts off the slowest subscribers, see tt_outlet_relieve. From any one thread. */
size_t tt_publisher_relieve (tt_publisher *publisher, tt_buffer *names);

#endif
