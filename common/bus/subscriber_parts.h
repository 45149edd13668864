/* What a subscriber knows of each partition: the tracker, events held back, what must be told to the caller. No sockets, no
 * clock.
 *
 * Private to common/bus. Owned by one thread. */
#ifndef TT_BUS_SUBSCRIBER_PARTS_H
#define TT_BUS_SUBSCRIBER_PARTS_H

#include "bus/holdback.h"
#include "bus/replay_client.h"
#include "bus/subscriber.h"
#include "envelope.pb-c.h"
#include "wire/tracker.h"

typedef struct tt_part tt_part;

typedef struct {
    const char *stream; /* borrowed, as the filters */
    const char *const *filters;
    size_t filter_count;
    bool dense;     /* every sequence is seen: tt_tracker_dense */
    uint32_t count; /* P; 0 and no tracker before the first contact */
    tt_tracker *tracker;
    tt_holdback *holdback;
    tt_part *items;
    uint64_t *positions;
    uint64_t *heads; /* of the journals, as last heard */
    size_t reports; /* partitions that have something to tell */
} tt_parts;

void tt_parts_init (tt_parts *parts, const char *stream, const char *const *filters, size_t filter_count);
void tt_parts_free (tt_parts *parts);

/* Where a partition starts. */
typedef struct {
    uint64_t next;
    char epoch[TT_EPOCH_SIZE]; /* of the event before it, or "" */
} tt_parts_start;

/* First contact: P and where each partition starts (from[i], else its head with live_only, else 1). False if the heads make no
 * sense. */
bool tt_parts_begin (tt_parts *parts, const Techtransfer__V1__GetHeadsReply *heads, const tt_parts_start *from, size_t from_count,
                     bool live_only);

typedef enum { TT_PARTS_DELIVER, TT_PARTS_DUPLICATE, TT_PARTS_GAP, TT_PARTS_DOUBT, TT_PARTS_REPORT } tt_parts_verdict;
/* tt_tracker_offer, and what follows: a lost history becomes a report, an event that was handed on before is a duplicate, one that is
 * in doubt is dropped and the journal asked. */
tt_parts_verdict tt_parts_offer (tt_parts *parts, const tt_wire_event *event);
/* tt_tracker_heartbeat for all partitions; how many gaps it showed. */
size_t tt_parts_heartbeat (tt_parts *parts, const Techtransfer__V1__Heartbeat *beat);
/* The batch was opened: is what was handed on in the journal that it comes from? False: it is not; that became a report. */
bool tt_parts_judge (tt_parts *parts, const tt_replay_batch *batch);
/* The batch was offered event by event. */
void tt_parts_replayed (tt_parts *parts, const tt_replay_batch *batch);

/* Live, and nothing is held back: an event may be offered at once. */
bool tt_parts_is_live (const tt_parts *parts, uint32_t partition);
/* Live, so that what is held back may be offered. */
bool tt_parts_is_settled (const tt_parts *parts, uint32_t partition);
bool tt_parts_needs_replay (const tt_parts *parts, uint32_t partition);
/* It is replayed from its position, also if a replay is being answered just now: that answer may be older than the reason. */
void tt_parts_replay_again (tt_parts *parts, uint32_t partition);
void tt_parts_clear_repeat (tt_parts *parts, uint32_t partition); /* an answer that was asked for later has come */
void tt_parts_hold (tt_parts *parts, uint32_t partition, tt_held **held);

/* The journal refused a replay from `from` with OUT_OF_RANGE or DATA_LOSS; tt_parts_take_heads then says what it means. True if the heads
 * make sense. */
void tt_parts_doubt_range (tt_parts *parts, uint32_t partition, uint64_t from, tt_status refusal);
bool tt_parts_take_heads (tt_parts *parts, const Techtransfer__V1__GetHeadsReply *heads);
/* [first, last] was lost; delivery goes on at `resume`. */
void tt_parts_lose (tt_parts *parts, uint32_t partition, uint64_t first, uint64_t last, uint64_t resume);

static inline size_t
tt_parts_reports (const tt_parts *parts)
{
    return parts->reports;
}
/* Tells one: fills the loss and the error, returns TT_DATA_LOSS or TT_OUT_OF_RANGE. There must be one. */
tt_status tt_parts_report (tt_parts *parts, tt_subscriber_loss *loss, tt_error *error);

/* positions[i]: highest sequence up to which nothing is missing. Borrowed. */
const uint64_t *tt_parts_positions (const tt_parts *parts);

#endif
