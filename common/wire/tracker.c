#include "wire/tracker.h"

#include <assert.h>
#include <string.h>

#include "wire/topic.h"

#define ID_SIZE (TT_EVENT_ID_MAX + 1)

/* What is known of one filter in one partition (filtered mode). */
typedef struct {
    uint64_t confirmed; /* everything up to here that matches was delivered */
    uint64_t highest;   /* highest matching sequence delivered */
    uint64_t arrived;   /* matching live events since the last heartbeat */
    uint64_t counted;   /* match_count of the last heartbeat */
    bool told;          /* that heartbeat did tell its count */
    uint64_t instance;  /* hash of who sent it; 0 = no heartbeat yet */
} filter_state;

typedef struct {
    tt_track_state state;
    uint64_t next;
    char last_id[ID_SIZE];
    tt_lineage lineage; /* epochs of what was seen, and what the journal said of those above */
    filter_state *filters; /* owned, tracker->filter_count; NULL in dense mode */
} partition_state;

struct tt_tracker {
    bool dense;
    char **filters; /* owned */
    size_t filter_count;
    partition_state *partitions; /* owned */
    uint32_t partition_count;
};

/* allowed[from][to]: the diagram in the header. */
static const bool allowed[TT_TRACK_STATE_COUNT][TT_TRACK_STATE_COUNT] = {
    [TT_TRACK_FRESH] = { [TT_TRACK_LIVE] = true, [TT_TRACK_REPLAYING] = true },
    [TT_TRACK_LIVE] = { [TT_TRACK_LIVE] = true, [TT_TRACK_REPLAYING] = true, [TT_TRACK_LOST] = true },
    [TT_TRACK_REPLAYING] = { [TT_TRACK_LIVE] = true, [TT_TRACK_REPLAYING] = true, [TT_TRACK_LOST] = true },
    [TT_TRACK_LOST] = { [TT_TRACK_REPLAYING] = true, [TT_TRACK_LOST] = true },
};

static const char *const state_names[TT_TRACK_STATE_COUNT] = { "fresh", "live", "replaying", "lost" };

static void
enter (partition_state *p, tt_track_state state)
{
    assert (allowed[p->state][state]);
    p->state = state;
}

static uint64_t
lesser (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static partition_state *
find (const tt_tracker *tracker, uint32_t partition)
{
    assert (partition < tracker->partition_count);
    return &tracker->partitions[partition];
}

static void
copy_id (char *out, tt_bytes id)
{
    size_t n = id.size < ID_SIZE ? id.size : ID_SIZE - 1;
    if (n)
        memcpy (out, id.data, n);
    out[n] = '\0';
}

static bool
same_id (const char *held, tt_bytes id)
{
    return tt_bytes_equal (tt_bytes_of_text (held), id);
}

/* Unknown on either side contradicts nothing. */
static bool
differs (const char *held, tt_bytes id)
{
    return held[0] != '\0' && id.size != 0 && !same_id (held, id);
}

static tt_track_result
result (tt_verdict verdict, uint64_t first, uint64_t last)
{
    return (tt_track_result){ .verdict = verdict, .first = first, .last = last };
}

static tt_track_result
rewritten (partition_state *p, uint64_t first, uint64_t last)
{
    enter (p, TT_TRACK_LOST);
    return result (TT_VERDICT_REWRITTEN, first ? first : 1, last ? last : 1);
}

static tt_track_result
gap (partition_state *p, uint64_t last)
{
    enter (p, TT_TRACK_REPLAYING);
    return result (TT_VERDICT_GAP, p->next, last);
}

/* While replaying, what is offered comes from the journal, which was asked before: there is nobody else to ask. */
static tt_track_result
doubt (partition_state *p, uint64_t last)
{
    if (p->state == TT_TRACK_REPLAYING)
        return rewritten (p, p->next - 1, p->next - 1);
    enter (p, TT_TRACK_REPLAYING);
    return result (TT_VERDICT_DOUBT, p->next, last > p->next ? last : p->next);
}

tt_tracker *
tt_tracker_new (const char *stream, uint32_t partitions, const char *const *filters, size_t filter_count)
{
    static const char *const everything[] = { "" };
    if (filter_count == 0) {
        filters = everything;
        filter_count = 1;
    }
    tt_tracker *tracker = tt_alloc_zero (1, sizeof *tracker);
    tracker->filters = tt_alloc_zero (filter_count, sizeof *tracker->filters);
    tracker->filter_count = filter_count;
    size_t stream_size = strlen (stream);
    for (size_t i = 0; i < filter_count; i++) {
        const char *f = filters[i];
        tracker->filters[i] = tt_strdup (f);
        bool whole = strncmp (f, stream, stream_size) == 0 && strcmp (f + stream_size, "/") == 0;
        tracker->dense |= f[0] == '\0' || whole;
    }
    assert (tracker->dense || filter_count <= 64);
    tracker->partitions = tt_alloc_zero (partitions, sizeof *tracker->partitions);
    tracker->partition_count = partitions;
    for (uint32_t i = 0; i < partitions && !tracker->dense; i++)
        tracker->partitions[i].filters = tt_alloc_zero (filter_count, sizeof (filter_state));
    return tracker;
}

void
tt_tracker_destroy (tt_tracker **tracker)
{
    tt_tracker *t = *tracker;
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->partition_count; i++) {
        free (t->partitions[i].filters);
        tt_lineage_free (&t->partitions[i].lineage);
    }
    for (size_t i = 0; i < t->filter_count; i++)
        free (t->filters[i]);
    free (t->partitions);
    free (t->filters);
    free (t);
    *tracker = NULL;
}

bool
tt_tracker_dense (const tt_tracker *tracker)
{
    return tracker->dense;
}

/* All filters stand at `seen`; what arrived before does not count against the next heartbeat's difference. */
static void
reset_filters (const tt_tracker *tracker, partition_state *p, uint64_t seen)
{
    for (size_t i = 0; p->filters && i < tracker->filter_count; i++) {
        p->filters[i].confirmed = seen;
        p->filters[i].highest = seen;
    }
}

static void
adopt (const tt_tracker *tracker, partition_state *p, uint64_t next, tt_bytes last_id, tt_bytes epoch)
{
    p->next = next;
    copy_id (p->last_id, last_id);
    tt_lineage_clear (&p->lineage);
    tt_lineage_begin (&p->lineage, 1, epoch);
    reset_filters (tracker, p, next - 1);
}

void
tt_tracker_start (tt_tracker *tracker, uint32_t partition, uint64_t next, const char *last_id, const char *epoch)
{
    partition_state *p = find (tracker, partition);
    assert (next >= 1);
    enter (p, TT_TRACK_REPLAYING);
    adopt (tracker, p, next, tt_bytes_of_text (last_id), tt_bytes_of_text (epoch));
}

void
tt_tracker_suspect (tt_tracker *tracker, uint32_t partition)
{
    partition_state *p = find (tracker, partition);
    if (p->state == TT_TRACK_LIVE)
        enter (p, TT_TRACK_REPLAYING);
}

void
tt_tracker_resume (tt_tracker *tracker, uint32_t partition, uint64_t next)
{
    partition_state *p = find (tracker, partition);
    assert (next >= 1);
    enter (p, TT_TRACK_REPLAYING);
    p->next = next;
    p->last_id[0] = '\0';
    reset_filters (tracker, p, next - 1);
}

static bool
filter_takes (const tt_tracker *tracker, size_t i, tt_bytes topic)
{
    return tt_topic_matches (tt_bytes_of_text (tracker->filters[i]), topic);
}

void
tt_tracker_arrived (tt_tracker *tracker, uint32_t partition, tt_bytes topic)
{
    partition_state *p = find (tracker, partition);
    for (size_t i = 0; p->filters && i < tracker->filter_count; i++)
        p->filters[i].arrived += filter_takes (tracker, i, topic);
}

/* Filtered mode: one filter that takes the topic and already stands at or past the sequence proves that it was delivered. */
static bool
delivered_before (const tt_tracker *tracker, const partition_state *p, const tt_wire_event *event)
{
    uint64_t sequence = event->header.sequence;
    if (sequence < p->next)
        return true;
    for (size_t i = 0; i < tracker->filter_count; i++) {
        const filter_state *f = &p->filters[i];
        if ((sequence <= f->highest || sequence <= f->confirmed) && filter_takes (tracker, i, event->topic))
            return true;
    }
    return false;
}

/* Of the epoch that is known for its sequence; or it says itself that it comes right behind what was seen. */
static bool
continues (const partition_state *p, const tt_event_header *h)
{
    bool chained = h->sequence == p->next && p->last_id[0] != '\0' && same_id (p->last_id, h->previous_id);
    return chained || tt_lineage_agrees (&p->lineage, h->sequence, h->epoch);
}

static void
keep_epoch (partition_state *p, const tt_event_header *h)
{
    if (p->lineage.count == 0)
        tt_lineage_begin (&p->lineage, 1, h->epoch);
    else if (!tt_lineage_agrees (&p->lineage, h->sequence, h->epoch))
        tt_lineage_begin (&p->lineage, h->sequence, h->epoch);
}

static tt_track_result
deliver_filtered (tt_tracker *tracker, partition_state *p, const tt_wire_event *event)
{
    uint64_t sequence = event->header.sequence;
    if (!continues (p, &event->header))
        return doubt (p, sequence);
    if (delivered_before (tracker, p, event))
        return result (TT_VERDICT_DUPLICATE, 0, 0);
    if (sequence == p->next && differs (p->last_id, event->header.previous_id))
        return doubt (p, sequence);
    keep_epoch (p, &event->header);
    for (size_t i = 0; i < tracker->filter_count; i++) {
        filter_state *f = &p->filters[i];
        if (filter_takes (tracker, i, event->topic) && sequence > f->highest)
            f->highest = sequence;
    }
    return result (TT_VERDICT_DELIVER, 0, 0);
}

static tt_track_result
deliver_dense (partition_state *p, const tt_event_header *h)
{
    if (!continues (p, h) || (h->sequence + 1 == p->next && differs (p->last_id, h->id)))
        return doubt (p, h->sequence);
    if (h->sequence < p->next)
        return result (TT_VERDICT_DUPLICATE, 0, 0);
    if (h->sequence > p->next)
        return gap (p, h->sequence - 1);
    if (differs (p->last_id, h->previous_id))
        return doubt (p, h->sequence);
    keep_epoch (p, h);
    p->next = h->sequence + 1;
    copy_id (p->last_id, h->id);
    return result (TT_VERDICT_DELIVER, 0, 0);
}

tt_track_result
tt_tracker_offer (tt_tracker *tracker, const tt_wire_event *event)
{
    const tt_event_header *h = &event->header;
    partition_state *p = find (tracker, h->partition);
    assert (h->sequence >= 1);
    if (p->state == TT_TRACK_LOST)
        return result (TT_VERDICT_REWRITTEN, p->next > 1 ? p->next - 1 : 1, h->sequence);
    if (p->state == TT_TRACK_FRESH) {
        enter (p, TT_TRACK_LIVE);
        adopt (tracker, p, h->sequence, h->previous_id, h->epoch);
    }
    return tracker->dense ? deliver_dense (p, h) : deliver_filtered (tracker, p, event);
}

/* FNV-1a: only tells one publisher process from another. Never 0. */
static uint64_t
hash_instance (tt_bytes instance)
{
    uint64_t h = 14695981039346656037U;
    for (size_t i = 0; i < instance.size; i++)
        h = (h ^ instance.data[i]) * 1099511628211U;
    return h ? h : 1;
}

/* True if fewer matching events came here than were sent between two heartbeats of the same process. A count of 0 beside a last_match
 * means that the process does not count. */
static bool
count_differs (filter_state *f, tt_bytes instance, const tt_track_head *head)
{
    uint64_t who = hash_instance (instance);
    bool told = head->match_count != 0 || head->last_match == 0;
    bool missing = told && f->told && f->instance == who && head->match_count - f->counted != f->arrived;
    f->instance = who;
    f->told = told;
    f->counted = head->match_count;
    f->arrived = 0;
    return missing;
}

/* The position follows the filter that is least far. The id before it is known only at the heartbeat's own head. */
static void
advance_filtered (const tt_tracker *tracker, partition_state *p, const tt_track_head *head)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < tracker->filter_count; i++)
        least = p->filters[i].confirmed < least ? p->filters[i].confirmed : least;
    if (least < p->next)
        return;
    p->next = least + 1;
    copy_id (p->last_id, least == head->head ? head->head_id : TT_BYTES_NONE);
}

/* Middle of the run missing: which of the events behind the position were delivered cannot be told any more. */
static tt_track_result
hole (const tt_tracker *tracker, partition_state *p, uint64_t last)
{
    reset_filters (tracker, p, p->next - 1);
    tt_track_result r = gap (p, last > p->next ? last : p->next);
    r.again = true;
    return r;
}

static tt_track_result
beat_filtered (tt_tracker *tracker, partition_state *p, size_t i, tt_bytes instance, const tt_track_head *head)
{
    filter_state *f = &p->filters[i];
    uint64_t seen = f->highest > f->confirmed ? f->highest : f->confirmed;
    bool missing = count_differs (f, instance, head);
    if (missing)
        return hole (tracker, p, head->last_match);
    if (head->last_match > seen)
        return gap (p, head->last_match);
    if (p->state == TT_TRACK_LIVE && head->head > f->confirmed) {
        f->confirmed = head->head;
        advance_filtered (tracker, p, head);
    }
    return result (TT_VERDICT_NONE, 0, 0);
}

static bool
find_filter (const tt_tracker *tracker, tt_bytes filter, size_t *index)
{
    for (size_t i = 0; i < tracker->filter_count; i++)
        if (same_id (tracker->filters[i], filter)) {
            *index = i;
            return true;
        }
    return false;
}

tt_track_result
tt_tracker_heartbeat (tt_tracker *tracker, tt_bytes filter, tt_bytes instance, const tt_track_head *head)
{
    partition_state *p = find (tracker, head->partition);
    size_t i = 0;
    if (p->state == TT_TRACK_LOST || head->head > INT64_MAX || (!tracker->dense && !find_filter (tracker, filter, &i)))
        return result (TT_VERDICT_NONE, 0, 0);
    if (p->state == TT_TRACK_FRESH) {
        enter (p, TT_TRACK_LIVE);
        adopt (tracker, p, head->head + 1, head->head_id, head->epoch);
    }
    if (tracker->dense && head->head >= p->next)
        return gap (p, head->head);
    bool same = tt_lineage_agrees (&p->lineage, head->head, head->epoch), behind = head->head + 1 < p->next;
    if (behind || !same || (head->head + 1 == p->next && differs (p->last_id, head->head_id)))
        return p->state == TT_TRACK_LIVE ? doubt (p, head->head) : result (TT_VERDICT_GAP, p->next, head->head);
    return tracker->dense ? result (TT_VERDICT_NONE, 0, 0) : beat_filtered (tracker, p, i, instance, head);
}

uint64_t
tt_tracker_seen (const tt_tracker *tracker, uint32_t partition)
{
    const partition_state *p = find (tracker, partition);
    uint64_t seen = p->next ? p->next - 1 : 0;
    for (size_t i = 0; p->filters && i < tracker->filter_count; i++)
        seen = p->filters[i].highest > seen ? p->filters[i].highest : seen;
    return seen;
}

tt_track_result
tt_tracker_judge (tt_tracker *tracker, const tt_track_head *head, uint64_t vouched)
{
    partition_state *p = find (tracker, head->partition);
    uint64_t seen = tt_tracker_seen (tracker, head->partition);
    if (p->state == TT_TRACK_FRESH || p->state == TT_TRACK_LOST || head->head > INT64_MAX)
        return result (TT_VERDICT_NONE, 0, 0);
    bool told = head->epoch_count > 0 || head->head == 0;
    uint64_t common = told ? tt_lineage_common (&p->lineage, seen, head->epochs, head->epoch_count, head->head)
                           : lesser (seen, head->head);
    if (common < vouched)
        common = lesser (vouched, seen);
    if (told)
        tt_lineage_copy (&p->lineage, head->epochs, head->epoch_count);
    return common < seen ? rewritten (p, common + 1, seen) : result (TT_VERDICT_NONE, 0, 0);
}

tt_track_result
tt_tracker_replayed (tt_tracker *tracker, uint64_t next, const tt_track_head *head)
{
    partition_state *p = find (tracker, head->partition);
    if (p->state != TT_TRACK_REPLAYING || head->head > INT64_MAX)
        return result (TT_VERDICT_NONE, 0, 0);
    if (tracker->dense && next > p->next)
        return rewritten (p, p->next, next - 1);
    if (!tracker->dense && next > p->next) {
        p->next = next;
        copy_id (p->last_id, next == head->head + 1 ? head->head_id : TT_BYTES_NONE);
        for (size_t i = 0; i < tracker->filter_count; i++)
            if (p->filters[i].confirmed < next - 1)
                p->filters[i].confirmed = next - 1;
    }
    if (p->next > head->head)
        enter (p, TT_TRACK_LIVE);
    return result (TT_VERDICT_NONE, 0, 0);
}

tt_track_state
tt_tracker_state (const tt_tracker *tracker, uint32_t partition)
{
    return find (tracker, partition)->state;
}

uint64_t
tt_tracker_next (const tt_tracker *tracker, uint32_t partition)
{
    return find (tracker, partition)->next;
}

const char *
tt_tracker_last_id (const tt_tracker *tracker, uint32_t partition)
{
    return find (tracker, partition)->last_id;
}

const char *
tt_tracker_epoch (const tt_tracker *tracker, uint32_t partition)
{
    const partition_state *p = find (tracker, partition);
    return tt_lineage_at (&p->lineage, p->next ? p->next - 1 : 0);
}

const char *
tt_tracker_epoch_at (const tt_tracker *tracker, uint32_t partition, uint64_t sequence)
{
    return tt_lineage_at (&find (tracker, partition)->lineage, sequence);
}

const char *
tt_track_state_name (tt_track_state state)
{
    assert (state < TT_TRACK_STATE_COUNT);
    return state_names[state];
}
