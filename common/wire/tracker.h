/* The sequence tracker: what a subscriber has of each partition, and what an arriving event or heartbeat means.
 *
 * A live event or heartbeat never proves a loss: a publisher may be behind, or may not know yet that its history is over. Whatever does not
 * plainly continue what was seen (another epoch, another id) is in doubt, and a replay asks the journal, which judges (tt_tracker_judge).
 *
 * A pure state machine: no socket, no clock. It does not hold events back during a replay; the subscriber does. Dense mode (a
 * filter is "" or "<stream>/"): every sequence is seen, so a hole shows at once. Filtered mode: only some sequences are sent
 * here, so heartbeats judge, by last_match and match_count of each filter. Not thread-safe. */
#ifndef TT_WIRE_TRACKER_H
#define TT_WIRE_TRACKER_H

#include "wire/envelope.h"
#include "wire/lineage.h"

/* States of a partition, and how they follow each other:
 *
 *            first event or heartbeat                gap, doubt, tt_tracker_suspect
 *     FRESH ---------------------------> LIVE ------------------------------> REPLAYING
 *       |                                 ^ |                                   |  |  ^
 *       |                                 | |      replay reached the head      |  |  | tt_tracker_start
 *       |                                 +-|-----------------------------------+  |  |
 *       +---- tt_tracker_start -------------|--------------------------------------|--+
 *                                           +------> LOST <------------------------+  |
 *                                   rewritten |        +------------------------------+
 */
typedef enum {
    TT_TRACK_FRESH,     /* no position: the first thing that arrives sets it */
    TT_TRACK_LIVE,      /* everything below the position was seen */
    TT_TRACK_REPLAYING, /* from the position on, events come from the journal; live ones are held back */
    TT_TRACK_LOST,      /* the journal is not the one that was read: nothing more is delivered until tt_tracker_start */
    TT_TRACK_STATE_COUNT
} tt_track_state;

typedef enum {
    TT_VERDICT_DELIVER,   /* new and in order: hand it on; the position moved */
    TT_VERDICT_DUPLICATE, /* seen before: drop it */
    TT_VERDICT_GAP,       /* something before it is missing: replay [first, last]; the event was not taken */
    TT_VERDICT_DOUBT,     /* it is of another history than what was seen: replay from the position, drop it (what is true of it comes again) */
    TT_VERDICT_REWRITTEN, /* of what was seen, [first, last] is not in the journal: DATA_LOSS; LOST from now on */
    TT_VERDICT_NONE       /* heartbeat or replay: nothing is missing */
} tt_verdict;

typedef struct {
    tt_verdict verdict;
    uint64_t first; /* with GAP, DOUBT and REWRITTEN: the sequences it is about, both included */
    uint64_t last;
    bool again; /* GAP in filtered mode: some of the range was delivered already, it cannot be said which; the replay hands it on again */
} tt_track_result;

typedef struct tt_tracker tt_tracker;

/* For partitions 0 to partitions-1 of `stream`, subscribed with `filters` (copied, valid; none = ""). 1 to 64 filters in filtered
 * mode. Never NULL. */
tt_tracker *tt_tracker_new (const char *stream, uint32_t partitions, const char *const *filters, size_t filter_count);
void tt_tracker_destroy (tt_tracker **tracker);
bool tt_tracker_dense (const tt_tracker *tracker);

/* Sets the position: `next` (>= 1) is the first sequence wanted; `last_id` and `epoch` are those of the event before it, each empty
 * if not known. The partition is REPLAYING then. Allowed in every state: a checkpoint, or a fresh start
 * after LOST. */
void tt_tracker_start (tt_tracker *tracker, uint32_t partition, uint64_t next, const char *last_id, const char *epoch);
/* LIVE becomes REPLAYING: the connection was changed, so what came in between is not known. Other states stay. */
void tt_tracker_suspect (tt_tracker *tracker, uint32_t partition);
/* Goes back (or on) to `next` after a loss: what was seen below it stands, with its epochs. REPLAYING then. */
void tt_tracker_resume (tt_tracker *tracker, uint32_t partition, uint64_t next);

/* A live event came off the socket, whether it is offered at once or held back. Only counts, for match_count. */
void tt_tracker_arrived (tt_tracker *tracker, uint32_t partition, tt_bytes topic);
/* An event, live or replayed: may it be handed on? The caller has checked that the partition is one of the tracker's and the sequence
 * is not 0 (tt_event_decode): both are asserted, here and below. */
tt_track_result tt_tracker_offer (tt_tracker *tracker, const tt_wire_event *event);

/* Where the publisher or the journal stands (PartitionHead). */
typedef struct {
    uint32_t partition;
    uint64_t head;       /* 0 = nothing yet */
    tt_bytes head_id;    /* id of the event at head, or empty */
    tt_bytes epoch;      /* of that event, or empty: not known */
    const tt_epoch *epochs; /* replays: the journal's whole history, oldest first; none: not told */
    size_t epoch_count;
    uint64_t last_match; /* heartbeats: highest sequence sent under the filter; 0 = none */
    uint64_t match_count; /* heartbeats: number of events sent under the filter; 0 = none, or not told */
} tt_track_head;

/* A heartbeat for `filter` (that text must be one of the tracker's filters; others are ignored: NONE) from the publisher process
 * `instance`. In a dense tracker any filter will do. */
tt_track_result tt_tracker_heartbeat (tt_tracker *tracker, tt_bytes filter, tt_bytes instance, const tt_track_head *head);
/* The journal itself says where it stands (a replay reply before its events are offered, or heads that were asked for). `vouched`: it has
 * answered for everything up to there already. NONE: what was seen is in it, and its epochs are known from now on. REWRITTEN: [first, last] of
 * what was seen is not; delivery can go on at first (tt_tracker_resume), or at the position if that is lower. */
tt_track_result tt_tracker_judge (tt_tracker *tracker, const tt_track_head *head, uint64_t vouched);
/* The highest sequence that was delivered: next-1, or above it in filtered mode. */
uint64_t tt_tracker_seen (const tt_tracker *tracker, uint32_t partition);
/* A replay reply was offered event by event; it says that everything below `next` was looked at. LIVE again if next is past
 * head->head. REWRITTEN if a dense journal skipped something. */
tt_track_result tt_tracker_replayed (tt_tracker *tracker, uint64_t next, const tt_track_head *head);

tt_track_state tt_tracker_state (const tt_tracker *tracker, uint32_t partition);
/* The checkpoint: everything below was seen, or did not match. 0 while FRESH. */
uint64_t tt_tracker_next (const tt_tracker *tracker, uint32_t partition);
/* Borrowed until the next call that changes the tracker; "" if not known. Of the event at next-1. */
const char *tt_tracker_last_id (const tt_tracker *tracker, uint32_t partition);
const char *tt_tracker_epoch (const tt_tracker *tracker, uint32_t partition);
/* The same of any sequence, also of one above the position that the journal has told of. */
const char *tt_tracker_epoch_at (const tt_tracker *tracker, uint32_t partition, uint64_t sequence);
const char *tt_track_state_name (tt_track_state state);

#endif
