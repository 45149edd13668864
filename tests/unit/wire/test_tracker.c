#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/tracker.h"

static tt_bytes
view (const char *text)
{
    return tt_bytes_of_text (text);
}

/* Event s of a partition has id "e<s>" and follows "e<s-1>". */
static tt_wire_event
event (uint64_t sequence, const char *topic)
{
    static char ids[2][64][32];
    static size_t turn;
    char *id = ids[0][turn % 64], *previous = ids[1][turn % 64];
    turn++;
    snprintf (id, 32, "e%llu", (unsigned long long) sequence);
    snprintf (previous, 32, "e%llu", (unsigned long long) sequence - 1);
    tt_wire_event e = { .topic = view (topic) };
    e.header = (tt_event_header){ .id = view (id), .sequence = sequence, .previous_id = sequence > 1 ? view (previous) : TT_BYTES_NONE,
                                  .epoch = view ("one"), .stream = view ("patent") };
    return e;
}

static tt_track_result
offer (tt_tracker *t, uint64_t sequence, const char *topic)
{
    tt_wire_event e = event (sequence, topic);
    return tt_tracker_offer (t, &e);
}

static tt_track_result
live (tt_tracker *t, uint64_t sequence, const char *topic)
{
    tt_tracker_arrived (t, 0, view (topic));
    return offer (t, sequence, topic);
}

static tt_track_result
beat (tt_tracker *t, const char *filter, uint64_t head, uint64_t last_match, uint64_t count)
{
    tt_track_head h = { .head = head, .epoch = view ("one"), .last_match = last_match, .match_count = count };
    return tt_tracker_heartbeat (t, view (filter), view ("process-1"), &h);
}

static tt_track_result
replayed (tt_tracker *t, uint64_t next, uint64_t head)
{
    tt_track_head h = { .head = head, .epoch = view ("one") };
    return tt_tracker_replayed (t, next, &h);
}

static void
expect (tt_track_result r, tt_verdict verdict, uint64_t first, uint64_t last)
{
    cr_expect_eq (r.verdict, verdict, "verdict %d, expected %d", (int) r.verdict, (int) verdict);
    cr_expect_eq (r.first, first);
    cr_expect_eq (r.last, last);
}

static void
expect_state (const tt_tracker *t, tt_track_state state, uint64_t next)
{
    cr_expect_str_eq (tt_track_state_name (tt_tracker_state (t, 0)), tt_track_state_name (state));
    cr_expect_eq (tt_tracker_next (t, 0), next);
}

static tt_tracker *
dense (void)
{
    return tt_tracker_new ("patent", 2, NULL, 0);
}

static tt_tracker *
filtered (void)
{
    static const char *const filters[] = { "patent/a/", "patent/b/" };
    return tt_tracker_new ("patent", 1, filters, 2);
}

Test (tracker, mode_follows_from_the_filters)
{
    static const char *const whole[] = { "patent/a/", "patent/" }, *const longer[] = { "patents/" };
    tt_tracker *t = tt_tracker_new ("patent", 1, whole, 2);
    cr_expect (tt_tracker_dense (t));
    tt_tracker_destroy (&t);
    cr_expect_null (t);
    tt_tracker_destroy (&t);
    t = tt_tracker_new ("patent", 1, longer, 1);
    cr_expect_not (tt_tracker_dense (t));
    tt_tracker_destroy (&t);
    t = dense ();
    cr_expect (tt_tracker_dense (t));
    tt_tracker_destroy (&t);
}

Test (tracker, dense_events_in_order_are_delivered_and_again_are_duplicates)
{
    tt_tracker *t = dense ();
    expect (offer (t, 7, "x/"), TT_VERDICT_DELIVER, 0, 0);
    expect (offer (t, 8, "x/"), TT_VERDICT_DELIVER, 0, 0);
    expect (offer (t, 8, "x/"), TT_VERDICT_DUPLICATE, 0, 0);
    expect (offer (t, 7, "x/"), TT_VERDICT_DUPLICATE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 9);
    cr_expect_str_eq (tt_tracker_last_id (t, 0), "e8");
    cr_expect_str_eq (tt_tracker_epoch (t, 0), "one");
    cr_expect_eq (tt_tracker_state (t, 1), TT_TRACK_FRESH);
    tt_tracker_destroy (&t);
}

Test (tracker, a_dense_gap_is_replayed_to_the_head)
{
    tt_tracker *t = dense ();
    offer (t, 1, "x/");
    expect (offer (t, 5, "x/"), TT_VERDICT_GAP, 2, 4);
    expect_state (t, TT_TRACK_REPLAYING, 2);
    expect (offer (t, 6, "x/"), TT_VERDICT_GAP, 2, 5);
    for (uint64_t s = 2; s <= 4; s++)
        expect (offer (t, s, "x/"), TT_VERDICT_DELIVER, 0, 0);
    expect (replayed (t, 5, 6), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_REPLAYING, 5);
    offer (t, 5, "x/");
    offer (t, 6, "x/");
    expect (replayed (t, 7, 6), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 7);
    tt_tracker_destroy (&t);
}

Test (tracker, a_checkpoint_is_replayed_first_and_the_end_is_live)
{
    tt_tracker *t = dense ();
    tt_tracker_start (t, 0, 4, "e3", "one");
    expect_state (t, TT_TRACK_REPLAYING, 4);
    expect (replayed (t, 4, 3), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 4);
    expect (offer (t, 4, "x/"), TT_VERDICT_DELIVER, 0, 0);
    tt_tracker_suspect (t, 0);
    expect_state (t, TT_TRACK_REPLAYING, 5);
    tt_tracker_destroy (&t);
}

Test (tracker, a_heartbeat_shows_a_lost_tail)
{
    tt_tracker *t = dense ();
    offer (t, 1, "x/");
    expect (beat (t, "", 1, 0, 0), TT_VERDICT_NONE, 0, 0);
    expect (beat (t, "", 3, 0, 0), TT_VERDICT_GAP, 2, 3);
    expect_state (t, TT_TRACK_REPLAYING, 2);
    tt_tracker_destroy (&t);
}

Test (tracker, a_fresh_partition_takes_its_place_from_a_heartbeat)
{
    tt_tracker *t = dense ();
    expect (beat (t, "", 9, 0, 0), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 10);
    expect (offer (t, 10, "x/"), TT_VERDICT_DELIVER, 0, 0);
    expect (offer (t, 12, "x/"), TT_VERDICT_GAP, 11, 11);
    tt_tracker_destroy (&t);
}

Test (tracker, a_head_that_cannot_be_is_ignored)
{
    tt_tracker *t = dense ();
    expect (beat (t, "", UINT64_MAX, 0, 0), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_FRESH, 0);
    tt_tracker_start (t, 0, 1, "", "");
    expect (replayed (t, 1, UINT64_MAX), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_REPLAYING, 1);
    tt_tracker_destroy (&t);
}

Test (tracker, behind_a_lagging_replica_the_journal_is_asked)
{
    tt_tracker *t = dense ();
    offer (t, 1, "x/");
    offer (t, 2, "x/");
    expect (beat (t, "", 1, 0, 0), TT_VERDICT_DOUBT, 3, 3);
    tt_track_head head = { .head = 2 };
    expect (tt_tracker_replayed (t, 3, &head), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 3);
    tt_tracker_destroy (&t);
}

/* What a journal of these epochs says of itself. */
static tt_track_result
judge (tt_tracker *t, uint64_t head, uint64_t vouched, const tt_epoch *epochs, size_t count)
{
    tt_track_head h = { .head = head, .epochs = epochs, .epoch_count = count };
    return tt_tracker_judge (t, &h, vouched);
}

Test (tracker, another_previous_id_is_in_doubt_and_lost_if_the_journal_says_it_too)
{
    tt_tracker *t = dense ();
    tt_tracker_start (t, 0, 4, "other", "one");
    replayed (t, 4, 3);
    expect (offer (t, 4, "x/"), TT_VERDICT_DOUBT, 4, 4);
    expect_state (t, TT_TRACK_REPLAYING, 4);
    expect (offer (t, 4, "x/"), TT_VERDICT_REWRITTEN, 3, 3);
    expect_state (t, TT_TRACK_LOST, 4);
    expect (offer (t, 5, "x/"), TT_VERDICT_REWRITTEN, 3, 5);
    expect (beat (t, "", 9, 0, 0), TT_VERDICT_NONE, 0, 0);
    tt_tracker_resume (t, 0, 3);
    expect (offer (t, 3, "x/"), TT_VERDICT_DELIVER, 0, 0);
    tt_tracker_destroy (&t);
}

Test (tracker, the_last_sequence_with_another_id_is_in_doubt)
{
    tt_tracker *t = dense ();
    tt_tracker_start (t, 0, 4, "other", "");
    replayed (t, 4, 3);
    expect (offer (t, 3, "x/"), TT_VERDICT_DOUBT, 4, 4);
    tt_tracker_destroy (&t);
    t = dense ();
    offer (t, 3, "x/");
    tt_track_head head = { .head = 3, .head_id = view ("not-e3"), .epoch = view ("one") };
    expect (tt_tracker_heartbeat (t, view (""), view ("p"), &head), TT_VERDICT_DOUBT, 4, 4);
    tt_tracker_destroy (&t);
}

Test (tracker, another_epoch_is_in_doubt_until_the_journal_has_judged)
{
    static const tt_epoch one[] = { { "one", 1 } }, two[] = { { "one", 1 }, { "two", 7 } }, later[] = { { "one", 1 }, { "two", 10 } };
    for (int where = 0; where < 3; where++) {
        tt_tracker *t = dense ();
        for (uint64_t s = 6; s <= 9; s++)
            offer (t, s, "x/");
        tt_wire_event e = event (where == 0 ? 8 : 12, "x/");
        tt_track_head head = { .head = 8, .epoch = view ("two") };
        e.header.epoch = view ("two");
        expect (where < 2 ? tt_tracker_offer (t, &e) : tt_tracker_heartbeat (t, view (""), view ("p"), &head), TT_VERDICT_DOUBT, 10,
                where == 1 ? 12 : 10);
        expect_state (t, TT_TRACK_REPLAYING, 10);
        if (where == 0) {
            expect (judge (t, 20, 0, one, 1), TT_VERDICT_NONE, 0, 0);
        } else if (where == 1) {
            expect (judge (t, 20, 0, later, 2), TT_VERDICT_NONE, 0, 0);
            cr_expect_str_eq (tt_tracker_epoch (t, 0), "one");
            cr_expect_str_eq (tt_tracker_epoch_at (t, 0, 10), "two");
        } else {
            expect (judge (t, 20, 0, two, 2), TT_VERDICT_REWRITTEN, 7, 9);
            expect_state (t, TT_TRACK_LOST, 10);
        }
        tt_tracker_destroy (&t);
    }
}

Test (tracker, an_epoch_that_plainly_continues_is_taken)
{
    tt_tracker *t = dense ();
    offer (t, 6, "x/");
    tt_wire_event e = event (7, "x/");
    e.header.epoch = view ("two");
    expect (tt_tracker_offer (t, &e), TT_VERDICT_DELIVER, 0, 0);
    cr_expect_str_eq (tt_tracker_epoch (t, 0), "two");
    expect (offer (t, 6, "x/"), TT_VERDICT_DUPLICATE, 0, 0);
    tt_track_head behind = { .head = 6, .epoch = view ("one") }, now = { .head = 7, .epoch = view ("two") };
    /* Below what was seen: behind, or something is lost. The journal is asked, at each such beat. */
    expect (tt_tracker_heartbeat (t, view (""), view ("p"), &behind), TT_VERDICT_DOUBT, 8, 8);
    expect (tt_tracker_replayed (t, 8, &now), TT_VERDICT_NONE, 0, 0);
    expect (tt_tracker_heartbeat (t, view (""), view ("p"), &behind), TT_VERDICT_DOUBT, 8, 8);
    expect (tt_tracker_replayed (t, 8, &now), TT_VERDICT_NONE, 0, 0);
    e = event (7, "x/");
    expect (tt_tracker_offer (t, &e), TT_VERDICT_DOUBT, 8, 8);
    tt_tracker_destroy (&t);
}

Test (tracker, what_the_journal_vouches_for_is_not_lost)
{
    static const tt_epoch other[] = { { "three", 8 } };
    tt_tracker *t = dense ();
    tt_tracker_start (t, 0, 10, "e9", "one");
    expect (judge (t, 20, 9, other, 1), TT_VERDICT_NONE, 0, 0);
    cr_expect_str_eq (tt_tracker_epoch (t, 0), "three");
    tt_tracker_start (t, 0, 10, "e9", "one");
    expect (judge (t, 20, 0, other, 1), TT_VERDICT_REWRITTEN, 1, 9);
    tt_tracker_start (t, 0, 10, "e9", "one");
    expect (judge (t, 20, 0, NULL, 0), TT_VERDICT_NONE, 0, 0); /* not told */
    expect (judge (t, 7, 0, NULL, 0), TT_VERDICT_REWRITTEN, 8, 9);
    tt_tracker_start (t, 0, 10, "e9", "one");
    expect (judge (t, 0, 0, NULL, 0), TT_VERDICT_REWRITTEN, 1, 9);
    tt_tracker_destroy (&t);
}

Test (tracker, a_dense_replay_that_skips_is_a_loss)
{
    tt_tracker *t = dense ();
    tt_tracker_start (t, 0, 4, "", "");
    expect (replayed (t, 9, 20), TT_VERDICT_REWRITTEN, 4, 8);
    tt_tracker_destroy (&t);
}

Test (tracker, an_id_that_is_not_known_contradicts_nothing)
{
    tt_tracker *t = dense ();
    tt_wire_event e = event (5, "x/");
    tt_tracker_start (t, 0, 5, "e4", "one");
    e.header.previous_id = TT_BYTES_NONE;
    e.header.epoch = TT_BYTES_NONE;
    expect (tt_tracker_offer (t, &e), TT_VERDICT_DELIVER, 0, 0);
    tt_tracker_destroy (&t);
}

static tt_tracker *
filtered_from_10 (void)
{
    tt_tracker *t = filtered ();
    tt_tracker_start (t, 0, 10, "", "one");
    cr_assert_eq (replayed (t, 10, 9).verdict, TT_VERDICT_NONE);
    cr_assert_eq (tt_tracker_state (t, 0), TT_TRACK_LIVE);
    return t;
}

Test (tracker, in_filtered_mode_what_was_delivered_above_the_position_is_judged_too)
{
    static const tt_epoch two[] = { { "one", 1 }, { "two", 14 } };
    tt_tracker *t = filtered_from_10 ();
    live (t, 12, "patent/a/");
    live (t, 15, "patent/b/");
    cr_expect_eq (tt_tracker_seen (t, 0), 15);
    tt_track_head head = { .head = 20, .epoch = view ("two"), .last_match = 12, .match_count = 1 };
    expect (tt_tracker_heartbeat (t, view ("patent/a/"), view ("process-1"), &head), TT_VERDICT_DOUBT, 10, 20);
    expect (judge (t, 20, 9, two, 2), TT_VERDICT_REWRITTEN, 14, 15);
    tt_tracker_resume (t, 0, 10);
    expect_state (t, TT_TRACK_REPLAYING, 10);
    cr_expect_eq (tt_tracker_seen (t, 0), 9);
    tt_tracker_destroy (&t);
}

Test (tracker, filtered_events_with_holes_are_delivered_and_heartbeats_move_the_position)
{
    tt_tracker *t = filtered_from_10 ();
    expect (live (t, 12, "patent/a/"), TT_VERDICT_DELIVER, 0, 0);
    expect (live (t, 15, "patent/b/"), TT_VERDICT_DELIVER, 0, 0);
    expect (live (t, 12, "patent/a/"), TT_VERDICT_DUPLICATE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 10);
    expect (beat (t, "patent/a/", 20, 12, 1), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 10); /* the other filter has not spoken */
    expect (beat (t, "patent/b/", 18, 15, 1), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 19);
    tt_tracker_destroy (&t);
}

Test (tracker, one_filter_cannot_hide_what_the_other_lost)
{
    tt_tracker *t = filtered_from_10 ();
    expect (live (t, 15, "patent/b/"), TT_VERDICT_DELIVER, 0, 0);
    expect (beat (t, "patent/b/", 20, 15, 0), TT_VERDICT_NONE, 0, 0);
    expect (beat (t, "patent/a/", 20, 13, 0), TT_VERDICT_GAP, 10, 13);
    expect_state (t, TT_TRACK_REPLAYING, 10);
    expect (offer (t, 13, "patent/a/"), TT_VERDICT_DELIVER, 0, 0);
    expect (offer (t, 15, "patent/b/"), TT_VERDICT_DUPLICATE, 0, 0);
    expect (replayed (t, 21, 20), TT_VERDICT_NONE, 0, 0);
    expect_state (t, TT_TRACK_LIVE, 21);
    tt_tracker_destroy (&t);
}

Test (tracker, a_hole_in_the_middle_shows_in_the_count)
{
    tt_tracker *t = filtered_from_10 ();
    live (t, 11, "patent/a/");
    expect (beat (t, "patent/a/", 11, 11, 100), TT_VERDICT_NONE, 0, 0);
    live (t, 12, "patent/a/");
    live (t, 14, "patent/a/"); /* 13 was lost on the way */
    tt_track_result r = beat (t, "patent/a/", 14, 14, 103);
    expect (r, TT_VERDICT_GAP, 10, 14);
    cr_expect (r.again);
    expect (offer (t, 13, "patent/a/"), TT_VERDICT_DELIVER, 0, 0);
    tt_tracker_destroy (&t);
}

Test (tracker, counts_of_another_process_or_none_are_not_compared)
{
    tt_tracker *t = filtered_from_10 ();
    tt_track_head other = { .head = 12, .epoch = view ("one"), .last_match = 0, .match_count = 7 };
    expect (beat (t, "patent/a/", 11, 0, 100), TT_VERDICT_NONE, 0, 0);
    expect (tt_tracker_heartbeat (t, view ("patent/a/"), view ("process-2"), &other), TT_VERDICT_NONE, 0, 0);
    expect (beat (t, "patent/a/", 13, 0, 0), TT_VERDICT_NONE, 0, 0);
    expect (beat (t, "patent/zzz/", 99, 99, 9), TT_VERDICT_NONE, 0, 0);
    tt_tracker_destroy (&t);
}

/* A publisher that loses and repeats, a journal that does not, and a subscriber that does what the verdicts say. */
#define EVENTS 400

typedef struct {
    tt_tracker *tracker;
    const char *topics[EVENTS + 1];
    uint64_t head;
    int delivered[EVENTS + 1];
    bool again; /* some verdict allowed a second delivery */
    uint64_t last;
    bool ordered;
} simulation;

static void
deliver (simulation *s, uint64_t sequence)
{
    tt_track_result r = offer (s->tracker, sequence, s->topics[sequence]);
    if (r.verdict == TT_VERDICT_DELIVER) {
        s->delivered[sequence]++;
        s->ordered &= sequence > s->last;
        s->last = sequence;
    }
}

static void
replay (simulation *s, tt_track_result r)
{
    s->again |= r.again;
    if (r.verdict != TT_VERDICT_GAP)
        return;
    for (uint64_t q = tt_tracker_next (s->tracker, 0); q <= s->head; q++)
        if (tt_tracker_dense (s->tracker) || strcmp (s->topics[q], "patent/c/") != 0)
            deliver (s, q);
    cr_assert_eq (replayed (s->tracker, s->head + 1, s->head).verdict, TT_VERDICT_NONE);
    cr_assert_eq (tt_tracker_state (s->tracker, 0), TT_TRACK_LIVE);
}

static void
beat_all (simulation *s)
{
    static const char *const filters[] = { "patent/a/", "patent/b/" };
    for (int f = 0; f < 2; f++) {
        uint64_t last = 0, count = 0;
        for (uint64_t q = 1; q <= s->head; q++)
            if (strcmp (s->topics[q], filters[f]) == 0) {
                last = q;
                count++;
            }
        replay (s, beat (s->tracker, filters[f], s->head, last, count));
    }
}

static void
simulate (simulation *s, int loss_percent)
{
    static const char *const topics[] = { "patent/a/", "patent/b/", "patent/c/" };
    tt_tracker_start (s->tracker, 0, 1, "", "one");
    cr_assert_eq (replayed (s->tracker, 1, 0).verdict, TT_VERDICT_NONE);
    beat_all (s);
    s->ordered = true;
    for (uint64_t q = 1; q <= EVENTS; q++) {
        s->topics[q] = topics[random () % 3];
        s->head = q;
        bool sent_here = tt_tracker_dense (s->tracker) || strcmp (s->topics[q], "patent/c/") != 0;
        if (sent_here && random () % 100 >= loss_percent) {
            tt_tracker_arrived (s->tracker, 0, view (s->topics[q]));
            tt_wire_event e = event (q, s->topics[q]);
            tt_track_result r = tt_tracker_offer (s->tracker, &e);
            s->delivered[q] += r.verdict == TT_VERDICT_DELIVER;
            s->last = r.verdict == TT_VERDICT_DELIVER ? q : s->last;
            replay (s, r);
        }
        if (random () % 12 == 0 || q == EVENTS)
            beat_all (s);
    }
}

Test (tracker, dense_delivery_is_exactly_once_and_in_order_whatever_is_lost)
{
    for (int round = 0; round < 200; round++) {
        srandom ((unsigned) round);
        simulation s = { .tracker = dense () };
        simulate (&s, round % 60);
        for (int q = 1; q <= EVENTS; q++)
            cr_assert_eq (s.delivered[q], 1, "round %d, event %d", round, q);
        cr_assert (s.ordered && !s.again);
        cr_assert_eq (tt_tracker_next (s.tracker, 0), EVENTS + 1);
        tt_tracker_destroy (&s.tracker);
    }
}

Test (tracker, filtered_delivery_misses_nothing_and_repeats_only_where_it_said_so)
{
    int said = 0;
    for (int round = 0; round < 200; round++) {
        srandom ((unsigned) round);
        simulation s = { .tracker = filtered () };
        simulate (&s, round % 60);
        for (int q = 1; q <= EVENTS; q++) {
            bool wanted = strcmp (s.topics[q], "patent/c/") != 0;
            cr_assert_eq (s.delivered[q] > 0, wanted, "round %d, event %d", round, q);
            cr_assert (s.again || s.delivered[q] <= 1, "round %d, event %d", round, q);
        }
        cr_assert_eq (tt_tracker_next (s.tracker, 0), EVENTS + 1);
        said += s.again;
        tt_tracker_destroy (&s.tracker);
    }
    cr_expect (said > 0 && said < 200); /* loss of 0 percent needs no second delivery */
}
