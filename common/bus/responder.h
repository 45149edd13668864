/* The responder: the command side of a daemon. Drains its ROUTER socket into a bounded queue, runs what waits there in batches (decode,
 * decide, one group commit), and replies only after Redis has accepted the commit. Two batches may be under way: one is prepared while Redis
 * works on the other.
 *
 * Each connection waits in a queue of its own, and a batch takes from them in turn (bus/fair_queue.h): who sends much delays himself. What has
 * no room, of the connection that has most waiting, is answered RESOURCE_EXHAUSTED at once, and everything while the daemon's memory is over its
 * bound. Nothing that a peer sends costs the daemon: each error has its code. Runs in a thread of its own; open and close belong to one
 * thread. */
#ifndef TT_BUS_RESPONDER_H
#define TT_BUS_RESPONDER_H

#include <stdatomic.h>

#include "base/counters.h"
#include "bus/service.h"

typedef struct tt_responder tt_responder;

typedef struct {
    const char *endpoint; /* to bind: "tcp://127.0.0.1:5710"; port "*" takes a free one */
    const tt_store_options *store; /* borrowed while the responder lives */
    const char *schema;   /* "patent.proto" */
    const tt_method *methods; /* borrowed */
    size_t method_count;
    void *service;        /* handed to the handlers */
    tt_counters *counters; /* gets the responder's table */
    uint32_t batch;       /* most commands in one group commit; 0 = 512 */
    uint32_t queue_count; /* most commands that wait; 0 = 8192 */
    uint64_t queue_bytes; /* and their bytes; 0 = 256 MiB */
    uint32_t body_max;    /* bytes of one body; 0 = 8 MiB */
    const atomic_bool *memory_over; /* while true every command is refused; borrowed; NULL: never */
} tt_responder_options;

/* Binds and starts. TT_UNAVAILABLE with the reason if the endpoint cannot be bound. */
TT_MUST_USE tt_status tt_responder_open (tt_responder **out, const tt_responder_options *options, tt_error *error);
/* Stops intake, finishes and answers what was accepted, closes. */
void tt_responder_close (tt_responder **responder);
/* Cuts off the connections that cost most memory just now: those that send faster than is read here, and those that do not read their replies. To
 * be called once a second while memory is over its bound; from any one thread. Returns how many, named in `names` (appended). */
size_t tt_responder_relieve (tt_responder *responder, tt_buffer *names);
/* How many peers are connected. To be called about once a second: it takes what their coming and going has left. Any thread. */
size_t tt_responder_connections (tt_responder *responder);
/* What was really bound: "tcp://127.0.0.1:40123". Borrowed. */
const char *tt_responder_endpoint (const tt_responder *responder);

#endif
