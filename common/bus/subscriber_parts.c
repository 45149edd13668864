#include "bus/subscriber_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define HOLD_EVENTS 100000
#define HOLD_BYTES ((size_t)64 << 20)
#define MAX_PARTITIONS 1024
#define RECENT_MAX ((size_t)1 << 20)

struct tt_part {
    bool repeat;        /* replay once more, whatever the present replay says */
    bool range_doubted; /* a replay from doubted_from was refused; the heads are asked for */
    uint64_t doubted_from;
    tt_status refusal;
    tt_status report;     /* TT_OK: nothing to tell */
    uint64_t first, last; /* DATA_LOSS: the range; OUT_OF_RANGE: what is no longer kept */
    uint64_t resume;
    uint64_t *recent; /* filtered mode: sequences handed on at or behind the position, ascending */
    size_t recent_count, recent_capacity;
};

void
tt_parts_init (tt_parts *parts, const char *stream, const char *const *filters, size_t filter_count)
{
    *parts = (tt_parts){ .stream = stream, .filters = filters, .filter_count = filter_count };
    tt_tracker *probe = tt_tracker_new (stream, 1, filters, filter_count);
    parts->dense = tt_tracker_dense (probe);
    tt_tracker_destroy (&probe);
}

void
tt_parts_free (tt_parts *parts)
{
    for (uint32_t i = 0; i < parts->count; i++)
        free (parts->items[i].recent);
    tt_tracker_destroy (&parts->tracker);
    tt_holdback_destroy (&parts->holdback);
    free (parts->items);
    free (parts->positions);
    free (parts->heads);
    *parts = (tt_parts){ 0 };
}

/* All of 0 to P-1, each once. */
static bool
heads_are_whole (const Techtransfer__V1__GetHeadsReply *heads)
{
    if (heads->partition_count == 0 || heads->partition_count > MAX_PARTITIONS || heads->n_partitions != heads->partition_count)
        return false;
    bool seen[MAX_PARTITIONS] = { false };
    for (size_t i = 0; i < heads->n_partitions; i++) {
        uint32_t p = heads->partitions[i]->partition;
        if (p >= heads->partition_count || seen[p])
            return false;
        seen[p] = true;
    }
    return true;
}

bool
tt_parts_begin (tt_parts *parts, const Techtransfer__V1__GetHeadsReply *heads, const tt_parts_start *from, size_t from_count,
                bool live_only)
{
    if (!heads_are_whole (heads))
        return false;
    parts->count = heads->partition_count;
    parts->tracker = tt_tracker_new (parts->stream, parts->count, parts->filters, parts->filter_count);
    parts->holdback = tt_holdback_new (parts->count, HOLD_EVENTS, HOLD_BYTES);
    parts->items = tt_alloc_zero (parts->count, sizeof *parts->items);
    parts->positions = tt_alloc_zero (parts->count, sizeof *parts->positions);
    parts->heads = tt_alloc_zero (parts->count, sizeof *parts->heads);
    for (size_t i = 0; i < heads->n_partitions; i++) {
        const Techtransfer__V1__PartitionHead *head = heads->partitions[i];
        uint32_t p = head->partition;
        parts->heads[p] = head->head;
        if (p < from_count)
            tt_tracker_start (parts->tracker, p, from[p].next ? from[p].next : 1, "", from[p].epoch);
        else if (live_only)
            tt_tracker_start (parts->tracker, p, head->head + 1, head->head_id, head->epoch);
        else
            tt_tracker_start (parts->tracker, p, 1, "", "");
    }
    return true;
}

/* -- what was handed on behind the position -- */

static void
prune_recent (tt_part *part, uint64_t next)
{
    size_t gone = 0;
    while (gone < part->recent_count && part->recent[gone] < next)
        gone++;
    part->recent_count -= gone;
    if (gone > 0)
        memmove (part->recent, part->recent + gone, part->recent_count * sizeof *part->recent);
}

/* Place of the first sequence >= the wanted one. Almost always the end. */
static size_t
recent_place (const tt_part *part, uint64_t sequence)
{
    size_t low = 0, high = part->recent_count;
    if (high > 0 && part->recent[high - 1] < sequence)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (part->recent[middle] < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* -- reports -- */

/* Of what was handed on behind the position, that which is lost is forgotten: other events may come under these sequences. */
static void
note (tt_parts *parts, uint32_t partition, tt_status report, uint64_t first, uint64_t last, uint64_t resume)
{
    tt_part *part = &parts->items[partition];
    parts->reports += part->report == TT_OK;
    part->report = report;
    part->first = first;
    part->last = last;
    part->resume = resume;
    if (report == TT_DATA_LOSS)
        part->recent_count = recent_place (part, first);
    part->repeat = true; /* an answer under way speaks of the old position */
    tt_tracker_resume (parts->tracker, partition, resume);
}

void
tt_parts_lose (tt_parts *parts, uint32_t partition, uint64_t first, uint64_t last, uint64_t resume)
{
    note (parts, partition, TT_DATA_LOSS, first, last, resume ? resume : 1);
}

tt_status
tt_parts_report (tt_parts *parts, tt_subscriber_loss *loss, tt_error *error)
{
    uint32_t i = 0;
    while (parts->items[i].report == TT_OK)
        i++;
    assert (i < parts->count);
    tt_part *part = &parts->items[i];
    tt_status status = part->report;
    part->report = TT_OK;
    parts->reports--;
    *loss = (tt_subscriber_loss){ .partition = i, .first = part->first, .last = part->last, .resume = part->resume };
    if (status == TT_OUT_OF_RANGE)
        return tt_fail (error, status,
                        "%s partition %" PRIu32 ": sequences %" PRIu64 " to %" PRIu64
                        " are no longer kept, the first kept is %" PRIu64,
                        parts->stream, i, part->first, part->last, part->resume);
    return tt_fail (error, status,
                    "%s partition %" PRIu32 ": sequences %" PRIu64 " to %" PRIu64
                    " were lost; delivery goes on at %" PRIu64 " with what is there now",
                    parts->stream, i, part->first, part->last, part->resume);
}

void
tt_parts_doubt_range (tt_parts *parts, uint32_t partition, uint64_t from, tt_status refusal)
{
    tt_part *part = &parts->items[partition];
    part->range_doubted = true;
    part->doubted_from = from;
    part->refusal = refusal;
}

static uint64_t
lesser (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The journal's own word about what was handed on. In filtered mode the position may be below the loss already. */
static bool
judge (tt_parts *parts, const tt_track_head *head, uint64_t vouched)
{
    uint64_t next = tt_tracker_next (parts->tracker, head->partition);
    tt_track_result r = tt_tracker_judge (parts->tracker, head, vouched);
    if (r.verdict == TT_VERDICT_REWRITTEN)
        tt_parts_lose (parts, head->partition, r.first, r.last, lesser (r.first, next));
    return r.verdict != TT_VERDICT_REWRITTEN;
}

static bool
judge_head (tt_parts *parts, const Techtransfer__V1__PartitionHead *head)
{
    tt_lineage lineage = { 0 };
    for (size_t i = 0; i < head->n_epochs; i++)
        if (head->epochs[i]->first_sequence > 0)
            tt_lineage_add (&lineage, head->epochs[i]->first_sequence, tt_bytes_of_text (head->epochs[i]->epoch));
    tt_track_head track
        = { .partition = head->partition, .head = head->head, .epochs = lineage.list, .epoch_count = lineage.count };
    bool whole = judge (parts, &track, 0);
    tt_lineage_free (&lineage);
    return whole;
}

/* Below what is kept: it was trimmed. If the epochs contradict nothing, the event before is another one there: how much else is, nobody
 * knows. */
static void
settle_range (tt_parts *parts, const Techtransfer__V1__PartitionHead *head)
{
    tt_part *part = &parts->items[head->partition];
    uint64_t from = part->doubted_from;
    uint64_t earliest = head->earliest ? head->earliest : head->head + 1; /* 0: nothing is kept */
    part->range_doubted = false;
    if (tt_tracker_next (parts->tracker, head->partition) != from || !judge_head (parts, head))
        return;
    if (from < earliest)
        note (parts, head->partition, TT_OUT_OF_RANGE, from, earliest - 1, earliest);
    else if (part->refusal == TT_DATA_LOSS && from > 1)
        note (parts, head->partition, TT_DATA_LOSS, from - 1, from - 1, from - 1);
}

bool
tt_parts_take_heads (tt_parts *parts, const Techtransfer__V1__GetHeadsReply *heads)
{
    if (!heads_are_whole (heads) || heads->partition_count != parts->count)
        return false;
    for (size_t i = 0; i < heads->n_partitions; i++)
        if (parts->items[heads->partitions[i]->partition].range_doubted)
            settle_range (parts, heads->partitions[i]);
    return true;
}

/* -- events and heartbeats -- */

/* Filtered mode: a hole found by a heartbeat is replayed from the position on, and brings what was handed on behind it again.
 * True if the sequence is new; it is remembered. */
static bool
remember (tt_parts *parts, uint32_t partition, uint64_t sequence)
{
    tt_part *part = &parts->items[partition];
    size_t place = recent_place (part, sequence);
    if (place < part->recent_count && part->recent[place] == sequence)
        return false;
    if (part->recent_count == part->recent_capacity) {
        prune_recent (part, tt_tracker_next (parts->tracker, partition));
        place = recent_place (part, sequence);
        if (part->recent_count * 2 >= part->recent_capacity) {
            part->recent_capacity = part->recent_capacity ? part->recent_capacity * 2 : 64;
            part->recent = tt_realloc (part->recent, part->recent_capacity * sizeof *part->recent);
        }
    }
    memmove (part->recent + place + 1, part->recent + place, (part->recent_count - place) * sizeof *part->recent);
    part->recent[place] = sequence;
    part->recent_count++;
    if (part->recent_count >= RECENT_MAX) /* a replay moves the position up, so that these can be forgotten */
        tt_parts_replay_again (parts, partition);
    return true;
}

tt_parts_verdict
tt_parts_offer (tt_parts *parts, const tt_wire_event *event)
{
    uint32_t partition = event->header.partition;
    uint64_t sequence = event->header.sequence;
    parts->heads[partition] = sequence > parts->heads[partition] ? sequence : parts->heads[partition];
    tt_track_result r = tt_tracker_offer (parts->tracker, event);
    switch (r.verdict) {
    case TT_VERDICT_DELIVER:
        if (!parts->dense && !remember (parts, partition, sequence))
            return TT_PARTS_DUPLICATE;
        return TT_PARTS_DELIVER;
    case TT_VERDICT_GAP:
        return TT_PARTS_GAP;
    case TT_VERDICT_DOUBT:
        tt_parts_replay_again (parts, partition);
        return TT_PARTS_DOUBT;
    case TT_VERDICT_REWRITTEN: /* what is there now is not skipped */
        tt_parts_lose (parts, partition, r.first, r.last, r.first);
        return TT_PARTS_REPORT;
    default:
        return TT_PARTS_DUPLICATE;
    }
}

static tt_track_head
head_of (const Techtransfer__V1__PartitionHead *head)
{
    return (tt_track_head){
        .partition = head->partition,
        .head = head->head,
        .head_id = tt_bytes_of_text (head->head_id),
        .epoch = tt_bytes_of_text (head->epoch),
        .last_match = head->last_match,
        .match_count = head->match_count,
    };
}

size_t
tt_parts_heartbeat (tt_parts *parts, const Techtransfer__V1__Heartbeat *beat)
{
    size_t gaps = 0;
    for (size_t i = 0; i < beat->n_partitions; i++) {
        if (beat->partitions[i]->partition >= parts->count)
            continue;
        tt_track_head head = head_of (beat->partitions[i]);
        parts->heads[head.partition] = head.head;
        bool live = tt_tracker_state (parts->tracker, head.partition) == TT_TRACK_LIVE;
        tt_track_result r
            = tt_tracker_heartbeat (parts->tracker, tt_bytes_of_text (beat->filter), tt_bytes_of_text (beat->instance), &head);
        gaps += r.verdict == TT_VERDICT_GAP && live;
        if (r.verdict == TT_VERDICT_DOUBT || (r.verdict == TT_VERDICT_GAP && !live))
            parts->items[head.partition].repeat = true; /* the answer under way may be older than this heartbeat */
    }
    return gaps;
}

static tt_track_head
head_of_batch (const tt_replay_batch *batch)
{
    return (tt_track_head){
        .partition = batch->partition,
        .head = batch->head.head,
        .head_id = batch->head.head_id,
        .epoch = batch->head.epoch,
        .epochs = batch->head.lineage.list,
        .epoch_count = batch->head.lineage.count,
    };
}

bool
tt_parts_judge (tt_parts *parts, const tt_replay_batch *batch)
{
    tt_track_head head = head_of_batch (batch);
    return judge (parts, &head, tt_tracker_next (parts->tracker, head.partition) - 1);
}

void
tt_parts_replayed (tt_parts *parts, const tt_replay_batch *batch)
{
    tt_track_head head = head_of_batch (batch);
    parts->heads[head.partition] = head.head;
    tt_track_result r = tt_tracker_replayed (parts->tracker, batch->next_sequence, &head);
    if (r.verdict == TT_VERDICT_REWRITTEN) /* sequences are missing in the journal itself */
        tt_parts_lose (parts, head.partition, r.first, r.last, batch->next_sequence);
    if (tt_tracker_state (parts->tracker, head.partition) == TT_TRACK_LIVE && parts->items[head.partition].repeat)
        tt_tracker_suspect (parts->tracker, head.partition);
}

/* -- states -- */

bool
tt_parts_is_settled (const tt_parts *parts, uint32_t partition)
{
    return tt_tracker_state (parts->tracker, partition) == TT_TRACK_LIVE;
}

bool
tt_parts_is_live (const tt_parts *parts, uint32_t partition)
{
    return tt_parts_is_settled (parts, partition) && tt_holdback_empty (parts->holdback, partition);
}

bool
tt_parts_needs_replay (const tt_parts *parts, uint32_t partition)
{
    return tt_tracker_state (parts->tracker, partition) == TT_TRACK_REPLAYING && !parts->items[partition].range_doubted;
}

void
tt_parts_replay_again (tt_parts *parts, uint32_t partition)
{
    parts->items[partition].repeat = true;
    tt_tracker_suspect (parts->tracker, partition);
}

void
tt_parts_clear_repeat (tt_parts *parts, uint32_t partition)
{
    parts->items[partition].repeat = false;
}

void
tt_parts_hold (tt_parts *parts, uint32_t partition, tt_held **held)
{
    if (!tt_holdback_push (parts->holdback, partition, held))
        tt_parts_replay_again (parts, partition); /* what was dropped is in the journal */
}

const uint64_t *
tt_parts_positions (const tt_parts *parts)
{
    for (uint32_t i = 0; i < parts->count; i++)
        parts->positions[i] = tt_tracker_next (parts->tracker, i) - 1;
    return parts->positions;
}
