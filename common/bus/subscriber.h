/* The reliable subscriber: every event of a stream under the given filters, each once, in order within its partition, from a
 * checkpoint on.
 *
 * It subscribes first, replays from the checkpoint, then goes live; drops doubles by sequence; on a gap replays; on silence moves
 * to the next endpoint. Under narrow filters a lost event is found by the next heartbeat, so it is handed over up to a second
 * late, behind later ones of its partition. Pure bookkeeping is in wire/tracker.h. Owned by one thread. */
#ifndef TT_BUS_SUBSCRIBER_H
#define TT_BUS_SUBSCRIBER_H

#include <stdint.h>

#include "base/buffer.h"

typedef struct tt_subscriber tt_subscriber;

typedef struct {
    const char *stream;         /* required: "patent" */
    const char *events;         /* required: endpoints of the publishers, with commas: "tcp://127.0.0.1:5711" */
    const char *replay;         /* required: endpoints of the replay sockets, with commas, in the same order */
    const char *const *filters; /* topic prefixes, each empty or ending in "/"; none = the whole stream */
    size_t filter_count;
    const uint64_t *from;     /* first sequence wanted of each partition (position + 1); NULL = from 1, or live only */
    const char *const *from_epochs; /* epoch of the event before each `from` (tt_subscriber_epoch), "" or NULL inside: not known; NULL: none
                                     * is. With it, it is certain that a checkpoint is still in the journal's history */
    size_t from_count;        /* entries in both; partitions beyond start from 1 */
    bool live_only;           /* start at the present heads instead of 1 where `from` says nothing */
    uint32_t silence_ms;      /* without any heartbeat for so long: next endpoint; 0 = 3000 */
    uint32_t high_water_mark; /* events queued in the socket; 0 = 20,000; fewer if they are large: about 64 MiB */
    const char *consumer;     /* name of a durable consumer (consumer.h) that acknowledges what is handed over, or NULL */
    const char *commands;     /* with it: endpoints of the service's commands, with commas */
} tt_subscriber_options;

/* With a consumer and without `from` it asks where the consumer stands and starts there (if it is registered; else as the options say): then it
 * blocks for up to 10 s, and TT_DEADLINE_EXCEEDED or TT_UNAVAILABLE say that nobody answers. */
TT_MUST_USE tt_status tt_subscriber_open (tt_subscriber **out, const tt_subscriber_options *options, tt_error *error);
void tt_subscriber_close (tt_subscriber **subscriber);

/* An event, borrowed until the next tt_subscriber_next. */
typedef struct {
    const char *topic; /* NUL-terminated */
    uint32_t partition;
    uint64_t sequence;
    const char *id;
    const char *type; /* "techtransfer.patent.v1.AlertRaised" */
    const char *subject;
    const char *time;
    const char *traceparent;
    const char *epoch;
    tt_bytes header; /* the whole EventHeader, packed */
    tt_bytes body;
} tt_event;

/* The next event, waiting at most wait_ms (0: only what is there; -1: for ever). TT_DEADLINE_EXCEEDED: none came. TT_DATA_LOSS:
 * events that were handed over (or lie below the checkpoint) are not in the journal any more; tt_subscriber_lost and the error say which, and
 * the next calls go on with what took their place. TT_OUT_OF_RANGE: the checkpoint lies before what is kept; likewise, and the next call goes
 * on from the first sequence kept. TT_UNAVAILABLE: no endpoint answers (it goes on trying at the next call). */
TT_MUST_USE tt_status tt_subscriber_next (tt_subscriber *subscriber, int wait_ms, tt_event *event, tt_error *error);

/* What the last TT_DATA_LOSS or TT_OUT_OF_RANGE was about. Under narrow filters, which of these sequences were handed over the caller knows. */
typedef struct {
    uint32_t partition;
    uint64_t first, last; /* both included; first is 1 if nothing of what was seen is known to the journal */
    uint64_t resume;      /* first sequence that is handed over next: `first` where another history goes on (less under narrow filters, but what is
                             still there is not handed over twice), the first one kept after TT_OUT_OF_RANGE */
} tt_subscriber_loss;
const tt_subscriber_loss *tt_subscriber_lost (const tt_subscriber *subscriber);

/* How far each partition was handed over: positions[i] is the highest sequence up to which nothing is missing (0 = none). With
 * narrow filters it also moves when heartbeats show that nothing matched. *count is P, 0 before the first contact. Borrowed until
 * the next call. */
const uint64_t *tt_subscriber_positions (const tt_subscriber *subscriber, size_t *count);
/* Where each partition's journal stood when it was last heard of (replies, heartbeats): what lies above a position is still to come. The
 * same *count. Borrowed until the next call. */
const uint64_t *tt_subscriber_heads (const tt_subscriber *subscriber, size_t *count);
/* "I am done with everything that was handed over before": for a subscriber with a consumer, as tt_consumer_acknowledge, with the positions of
 * tt_subscriber_positions. To be called often; it sends once a second. wait_ms 0 does not block. Nothing before the first contact. */
TT_MUST_USE tt_status tt_subscriber_acknowledge (tt_subscriber *subscriber, int wait_ms, tt_error *error);
/* The epoch of the event at a partition's position: store it beside the position, in the same transaction. "" if it is not known. Borrowed until
 * the next call. */
const char *tt_subscriber_epoch (const tt_subscriber *subscriber, uint32_t partition);
/* True once every partition has been replayed up to its head at the time of asking. */
bool tt_subscriber_is_live (const tt_subscriber *subscriber);

typedef struct {
    uint64_t delivered, duplicates, gaps, replayed, failovers, lost;
    uint64_t narrowed; /* times that the socket was opened anew with a shorter queue, because events are large */
} tt_subscriber_counts;
tt_subscriber_counts tt_subscriber_count (const tt_subscriber *subscriber);

#endif
