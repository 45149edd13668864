/* The subscriber. What an event or a heartbeat means is decided by the project's own common/wire/tracker.c; here is what is
 * around it: epochs, the questions to the replay server, held events, the checkpoint. The tracker's state is part of the model's
 * state: it is put into a real tracker before each step and read back after it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "wire/tracker.h"

typedef struct {
    char text[8];
} name;

static name
name_of (uint8_t number)
{
    name n = { "" };
    if (number)
        snprintf (n.text, sizeof n.text, "%u", number);
    return n;
}

static uint8_t
newest (const chain *epochs)
{
    return epochs->count ? epochs->line[epochs->count - 1].name : 0;
}

/* Epochs that have an event up to the position. */
static chain
cut_chain (const chain *epochs, uint8_t position)
{
    chain out = { 0 };
    for (uint8_t i = 0; i < epochs->count && epochs->line[i].first <= position; i++)
        out.line[out.count++] = epochs->line[i];
    return out;
}

/* -- the real tracker -- */

static tt_tracker *
load (const subscriber *s)
{
    static tt_tracker *tracker;
    if (tracker == NULL)
        tracker = tt_tracker_new ("m", 1, NULL, 0);
    tt_tracker_start (tracker, 0, s->at.next, name_of (s->at.last).text, name_of (newest (&s->at.epochs)).text);
    tt_track_head here = { .head = s->at.next - 1u };
    if (s->state == TT_TRACK_LIVE)
        tt_tracker_replayed (tracker, s->at.next, &here);
    return tracker;
}

static void
store (subscriber *s, tt_tracker *tracker)
{
    if (tt_tracker_state (tracker, 0) == TT_TRACK_LOST) /* the journal shall judge */
        tt_tracker_start (tracker, 0, s->at.next, name_of (s->at.last).text, "");
    s->state = (uint8_t)tt_tracker_state (tracker, 0);
    s->at.next = (uint8_t)tt_tracker_next (tracker, 0);
    s->at.last = (uint8_t)atoi (tt_tracker_last_id (tracker, 0));
}

static void
suspect (subscriber *s)
{
    tt_tracker *tracker = load (s);
    tt_tracker_suspect (tracker, 0);
    store (s, tracker);
    s->repeat = 1;
}

static void
doubt (subscriber *s)
{
    suspect (s);
    memset (&s->ask, 0, sizeof s->ask);
}

/* -- the application -- */

static void
record (state *all)
{
    subscriber *s = &all->reader;
    uint8_t top = s->seen_count ? s->seen[s->seen_count - 1] : 0;
    if (all->before[s->hand_uid] == 0)
        all->broken = BROKEN_NOT_IN_HISTORY;
    else if (s->hand_sequence != s->seen_count + 1)
        all->broken = BROKEN_ORDER;
    else if (all->before[s->hand_uid] != top + 1)
        all->broken = BROKEN_SPLICE;
    else
        s->seen[s->seen_count++] = s->hand_uid;
}

static void
empty_hand (subscriber *s)
{
    s->hand_sequence = s->hand_uid = s->half_saved = 0;
}

static void
save_both (state *all)
{
    record (all);
    all->reader.checkpoint = all->reader.at;
    empty_hand (&all->reader);
}

/* Where no crash can come in between, the application saves in the same step. */
static void
deliver (state *all, uint8_t sequence, uint8_t uid)
{
    all->reader.hand_sequence = sequence;
    all->reader.hand_uid = uid;
    if (all->reader_crashes == 0)
        save_both (all);
}

static void
save (walk *w)
{
    mutation without = w->model->without;
    state *s = walk_begin (w);
    if (s->reader.half_saved == 0 && (without == CHECKPOINT_FIRST || without == EFFECT_FIRST)) {
        if (without == EFFECT_FIRST)
            record (s);
        else
            s->reader.checkpoint = s->reader.at;
        s->reader.half_saved = 1;
        walk_end (w, DO_HALF_SAVE, 0, s->reader.hand_sequence, false);
        return;
    }
    uint8_t sequence = s->reader.hand_sequence;
    if (s->reader.half_saved && without == EFFECT_FIRST) {
        s->reader.checkpoint = s->reader.at;
        empty_hand (&s->reader);
    } else {
        save_both (s);
    }
    walk_end (w, DO_SAVE, 0, sequence, false);
}

/* -- events -- */

static tt_verdict
offer (const model *m, subscriber *s, uint8_t sequence, uint8_t uid, uint8_t previous)
{
    tt_tracker *tracker = load (s);
    name id = name_of (uid), before = name_of (m->without == NO_PREVIOUS_ID ? 0 : previous);
    tt_wire_event event
        = { .header = { .sequence = sequence, .id = tt_bytes_of_text (id.text), .previous_id = tt_bytes_of_text (before.text) } };
    tt_track_result r = tt_tracker_offer (tracker, &event);
    store (s, tracker);
    return r.verdict;
}

/* Another epoch than the one held: only what plainly follows is taken, all else is for the journal to judge. True if it may be
 * offered. */
static bool
take_epoch (const model *m, subscriber *s, const message *e)
{
    uint8_t held = newest (&s->at.epochs);
    bool known = m->without == NO_PREVIOUS_ID || (e->previous && e->previous == s->at.last);
    if (m->without == NO_EPOCH_CHECK || e->epoch == 0 || (held && held == e->epoch))
        return true;
    if (m->without == SEQUENCE_BEFORE_EPOCH && e->sequence < s->at.next)
        return true;
    bool follows = e->sequence == s->at.next && (e->sequence == 1 || known) && s->at.epochs.count < LINES;
    if (follows) {
        s->at.epochs.line[s->at.epochs.count].name = e->epoch;
        s->at.epochs.line[s->at.epochs.count++].first = e->sequence;
    }
    if (!follows && (held || e->sequence < s->at.next))
        suspect (s);
    return follows || !held;
}

/* True if it was not taken because something before it is missing. */
static bool
take_live (const model *m, state *all, const message *e)
{
    subscriber *s = &all->reader;
    if (!take_epoch (m, s, e))
        return false;
    tt_verdict verdict = offer (m, s, e->sequence, e->uid, e->previous);
    if (verdict == TT_VERDICT_DELIVER)
        deliver (all, e->sequence, e->uid);
    if (verdict == TT_VERDICT_REWRITTEN)
        s->repeat = 1;
    return verdict == TT_VERDICT_GAP;
}

static void
hold (subscriber *s, const message *e)
{
    if (s->held_count == HELD) {
        s->held_count = 0;
        memset (s->held, 0, sizeof s->held);
        suspect (s);
        return;
    }
    s->held[s->held_count++] = *e;
}

static void
take_heartbeat (const model *m, subscriber *s, const message *beat)
{
    bool renamed = s->instance && s->instance != beat->instance;
    uint8_t held = newest (&s->at.epochs);
    bool live = s->state == TT_TRACK_LIVE;
    s->instance = beat->instance;
    if (renamed)
        doubt (s);
    if (m->without != NO_EPOCH_CHECK && held && beat->epoch && held != beat->epoch) {
        suspect (s);
        return;
    }
    if (beat->sequence + 1 < s->at.next && m->without == LOW_HEARTBEAT_IGNORED)
        return;
    tt_tracker *tracker = load (s);
    name id = name_of (m->without == NO_PREVIOUS_ID ? 0 : beat->uid);
    tt_track_head head = { .head = beat->sequence, .head_id = tt_bytes_of_text (id.text) };
    tt_verdict verdict = tt_tracker_heartbeat (tracker, TT_BYTES_NONE, tt_bytes_of_text ("i"), &head).verdict;
    store (s, tracker);
    if (verdict == TT_VERDICT_REWRITTEN || (verdict == TT_VERDICT_GAP && !live))
        s->repeat = 1;
}

static void
receive (walk *w)
{
    const subscriber *from = &w->from->reader;
    if (w->from->queue_count == 0 || from->hand_uid || from->ask.kind == ASK_OPEN)
        return;
    state *s = walk_begin (w);
    message m = s->queue[0];
    memmove (s->queue, s->queue + 1, (QUEUE - 1) * sizeof *s->queue);
    s->queue[QUEUE - 1] = (message){ 0 };
    s->queue_count--;
    if (m.kind == MESSAGE_WELCOME)
        doubt (&s->reader);
    else if (m.kind == MESSAGE_HEARTBEAT)
        take_heartbeat (w->model, &s->reader, &m);
    else if (from->state != TT_TRACK_LIVE || from->held_count || take_live (w->model, s, &m))
        hold (&s->reader, &m);
    walk_end (w, DO_RECEIVE, m.kind, m.sequence, false);
}

/* -- replay -- */

void
reader_settle (const model *m, state *all)
{
    subscriber *s = &all->reader;
    while (s->state == TT_TRACK_LIVE && s->held_count && s->hand_uid == 0 && all->broken == SOUND) {
        message first = s->held[0];
        memmove (s->held, s->held + 1, (HELD - 1) * sizeof *s->held);
        s->held[--s->held_count] = (message){ 0 };
        (void)take_live (m, all, &first); /* after a gap the replay brings it */
    }
    if (s->connected && s->state == TT_TRACK_REPLAYING && s->ask.kind == ASK_NOTHING && s->hand_uid == 0) {
        s->ask = (question){ .kind = ASK_ASKED, .from = s->at.next, .after = s->at.last, .asked = s->at.epochs };
        s->repeat = 0;
    }
}

/* The first sequence that is not the master's, for the check alone. */
static uint8_t
true_loss (const state *s)
{
    uint8_t n = 1;
    while (n <= s->reader.seen_count && n <= s->master.head && s->reader.seen[n - 1] == s->master.journal[n - 1].uid)
        n++;
    return n;
}

static void
fill_page (question *q, const partition *shown)
{
    q->kind = ASK_PAGE;
    q->truth = 0;
    q->head = shown->head;
    q->head_uid = shown->head ? shown->journal[shown->head - 1].uid : 0;
    q->previous = q->from > 1 ? shown->journal[q->from - 2].uid : 0;
    for (uint8_t n = q->from; n <= shown->head && q->count < PAGE; n++)
        q->events[q->count++] = shown->journal[n - 1];
}

static uint8_t
judge (const model *m, state *s, uint8_t r, partition *shown)
{
    const question *q = &s->reader.ask;
    *shown = *store_view (s, r);
    shown->head = store_watermark (m, s, r);
    return store_judge (m, shown, (uint8_t)(q->from - 1), m->without == NO_PREVIOUS_ID ? 0 : q->after, &q->asked);
}

/* The replay server of the connected replica judges the position, and answers with a page. That something was lost it says only
 * over a connection that was made anew for it: the server behind the old one may be master no more, and know less than the
 * subscriber. */
static void
answer (walk *w)
{
    uint8_t r = (uint8_t)(w->from->reader.connected - 1);
    if (w->from->reader.ask.kind != ASK_ASKED || w->from->reader.connected == 0 || !w->from->daemons[r].up)
        return;
    state *s = walk_begin (w);
    question *q = &s->reader.ask;
    partition shown;
    q->lost_first = judge (w->model, s, r, &shown);
    if (q->lost_first && s->daemons[r].stale && w->model->without != STALE_JUDGE) {
        s->daemons[r].stale = 0;
        publisher_cut (&s->daemons[r]);
        q->lost_first = judge (w->model, s, r, &shown);
    }
    q->kind = ASK_LOSS;
    q->epochs = shown.epochs;
    q->asked = (chain){ 0 };
    q->after = 0;
    q->truth = true_loss (s);
    if (q->lost_first == 0)
        fill_page (q, &shown);
    walk_end (w, DO_ANSWER, r, q->lost_first ? q->lost_first : q->from, false);
}

static void
report (const model *m, state *all)
{
    subscriber *s = &all->reader;
    question q = s->ask;
    if (m->scenario->wait)
        all->broken = BROKEN_WATERMARK;
    else if (q.lost_first > q.truth)
        all->broken = BROKEN_RANGE_SHORT;
    else if (q.lost_first < q.truth)
        all->broken = BROKEN_RANGE_LONG;
    for (uint8_t n = q.lost_first; n <= s->seen_count; n++)
        s->seen[n - 1] = 0;
    s->seen_count = (uint8_t)(q.lost_first - 1);
    s->at = (place){ .next = q.lost_first, .epochs = cut_chain (&q.epochs, (uint8_t)(q.lost_first - 1)) };
    s->state = TT_TRACK_REPLAYING;
    s->checkpoint = s->at;
    s->repeat = 1;
    s->ask = (question){ 0 };
}

/* The page is at its end: live, or another page. */
static void
close_page (subscriber *s)
{
    name id = name_of (s->ask.head_uid);
    tt_track_head head = { .head = s->ask.head, .head_id = tt_bytes_of_text (id.text) };
    tt_tracker *tracker = load (s);
    tt_tracker_replayed (tracker, s->at.next, &head);
    if (s->repeat)
        tt_tracker_suspect (tracker, 0);
    store (s, tracker);
    s->at.epochs = cut_chain (&s->ask.epochs, (uint8_t)(s->at.next - 1));
    s->ask = (question){ 0 };
}

static void
next_of_page (const model *m, state *all)
{
    subscriber *s = &all->reader;
    if (s->ask.count) {
        entry e = s->ask.events[0];
        uint8_t sequence = s->ask.from++, previous = s->ask.previous;
        memmove (s->ask.events, s->ask.events + 1, (PAGE - 1) * sizeof *s->ask.events);
        s->ask.events[--s->ask.count] = (entry){ 0 };
        s->ask.previous = e.uid;
        if (offer (m, s, sequence, e.uid, previous) != TT_VERDICT_DELIVER) {
            s->ask = (question){ 0 }; /* the journal changed under the question: asked again */
            return;
        }
        s->at.epochs = cut_chain (&s->ask.epochs, sequence);
        deliver (all, sequence, e.uid);
    }
    if (s->ask.count == 0 && s->hand_uid == 0 && all->broken == SOUND)
        close_page (s);
}

static void
take_answer (walk *w)
{
    const subscriber *from = &w->from->reader;
    if (from->ask.kind < ASK_PAGE || from->hand_uid)
        return;
    state *s = walk_begin (w);
    bool stale = from->ask.kind != ASK_OPEN && (from->at.next != from->ask.from || from->state != TT_TRACK_REPLAYING);
    uint8_t first = from->ask.kind == ASK_LOSS ? from->ask.lost_first : 0;
    if (stale) {
        s->reader.ask = (question){ 0 };
    } else if (first) {
        report (w->model, s);
    } else {
        s->reader.ask.kind = ASK_OPEN;
        next_of_page (w->model, s);
    }
    walk_end (w, DO_TAKE_ANSWER, first, s->reader.at.next, false);
}

/* -- connections and crashes -- */

static void
connect_to (walk *w, uint8_t r)
{
    const state *from = w->from;
    bool orphaned = from->reader.connected == 0 || !from->daemons[from->reader.connected - 1].up;
    if (!from->daemons[r].up || from->reader.connected == r + 1 || (!orphaned && from->moves == 0))
        return;
    state *s = walk_begin (w);
    s->moves = (uint8_t)(s->moves - !orphaned);
    s->reader.connected = (uint8_t)(r + 1);
    s->reader.instance = 0;
    s->queue_count = 0;
    memset (s->queue, 0, sizeof s->queue);
    doubt (&s->reader);
    walk_end (w, orphaned ? DO_CONNECT : DO_MOVE, r, 0, !orphaned);
}

static void
reader_start (state *s)
{
    s->reader.up = 1;
    s->reader.at = s->reader.checkpoint;
    s->reader.state = TT_TRACK_REPLAYING;
}

static void
reader_crash (walk *w)
{
    if (w->from->reader_crashes == 0)
        return;
    state *s = walk_begin (w);
    subscriber durable = { .checkpoint = s->reader.checkpoint, .seen_count = s->reader.seen_count };
    memcpy (durable.seen, s->reader.seen, sizeof durable.seen);
    s->reader = durable;
    s->reader_crashes--;
    s->queue_count = 0;
    memset (s->queue, 0, sizeof s->queue);
    walk_end (w, DO_READER_CRASH, 0, 0, true);
}

void
walk_reader (walk *w)
{
    if (!w->model->scenario->reading)
        return;
    if (!w->from->reader.up) {
        reader_start (walk_begin (w));
        walk_end (w, DO_READER_START, 0, w->to.reader.at.next, false);
        return;
    }
    if (w->from->reader.hand_uid)
        save (w);
    receive (w);
    answer (w);
    take_answer (w);
    for (uint8_t r = 0; r < w->model->scenario->replicas; r++)
        connect_to (w, r);
    reader_crash (w);
}
