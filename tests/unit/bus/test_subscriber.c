/* The subscriber against a publisher that the test drives: joins, gaps, doubles, fail-over, filters, lost history. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "bus/subscriber.h"
#include "unit/bus/fake_stream.h"

#define PATIENCE_US 10000000
#define BEAT_US 30000

typedef struct {
    fake_stream *fakes[2];
    int count;
    bool beating;
    int64_t beat_us;
    tt_subscriber *subscriber;
    uint64_t next[FAKE_PARTITIONS]; /* expected */
    tt_error error;
} bench;

static fake_stream first, second;

static void
step (bench *b)
{
    int64_t now_us = tt_clock_monotonic_us ();
    bool beat = b->beating && now_us - b->beat_us > BEAT_US;
    for (int i = 0; i < b->count; i++) {
        fake_step (b->fakes[i]);
        if (beat && !b->fakes[i]->mute)
            fake_beat (b->fakes[i]);
    }
    if (beat)
        b->beat_us = now_us;
}

/* The next thing that is not "nothing came", within patience. */
static tt_status
next (bench *b, tt_event *event)
{
    int64_t until = tt_clock_monotonic_us () + PATIENCE_US;
    while (tt_clock_monotonic_us () < until) {
        step (b);
        tt_status status = tt_subscriber_next (b->subscriber, 1, event, &b->error);
        if (status != TT_DEADLINE_EXCEEDED)
            return status;
    }
    return TT_DEADLINE_EXCEEDED;
}

static void
expect (bench *b, int count)
{
    for (int i = 0; i < count; i++) {
        tt_event event;
        tt_status status = next (b, &event);
        cr_assert_eq (status, TT_OK, "event %d of %d: %s %s", i, count, tt_status_name (status), b->error.message);
        cr_assert_eq (event.sequence, b->next[event.partition], "partition %u: %" PRIu64 " for %" PRIu64, event.partition,
                      event.sequence, b->next[event.partition]);
        cr_assert_str_eq (event.type, "techtransfer.patent.v1.PatentPublished");
        cr_assert (tt_bytes_equal (event.body, tt_bytes_of_text ("body")));
        b->next[event.partition]++;
    }
}

static void
expect_nothing (bench *b, int beats)
{
    uint64_t until = b->fakes[0]->beats + (uint64_t)beats;
    while (b->fakes[0]->beats < until) {
        tt_event event;
        step (b);
        tt_status status = tt_subscriber_next (b->subscriber, 1, &event, &b->error);
        cr_assert_eq (status, TT_DEADLINE_EXCEEDED, "%s %s", tt_status_name (status), b->error.message);
    }
}

static void
become_live (bench *b)
{
    int64_t until = tt_clock_monotonic_us () + PATIENCE_US;
    while (!tt_subscriber_is_live (b->subscriber)) {
        tt_event event;
        step (b);
        tt_status status = tt_subscriber_next (b->subscriber, 1, &event, &b->error);
        cr_assert_eq (status, TT_DEADLINE_EXCEEDED, "%s %s", tt_status_name (status), b->error.message);
        cr_assert_lt (tt_clock_monotonic_us (), until);
    }
}

static bench
open_bench (int fakes, tt_subscriber_options *options)
{
    static char events[300], replay[300];
    bench b = { .fakes = { &first, &second }, .count = fakes, .beating = true, .next = { 1, 1 } };
    snprintf (events, sizeof events, "%s%s%s", first.events_at, fakes > 1 ? "," : "", fakes > 1 ? second.events_at : "");
    snprintf (replay, sizeof replay, "%s%s%s", first.replay_at, fakes > 1 ? "," : "", fakes > 1 ? second.replay_at : "");
    options->stream = "patent";
    options->events = events;
    options->replay = replay;
    cr_assert_eq (tt_subscriber_open (&b.subscriber, options, &b.error), TT_OK, "%s", b.error.message);
    return b;
}

static void
close_bench (bench *b)
{
    tt_subscriber_close (&b->subscriber);
    cr_assert_null (b->subscriber);
    for (int i = 0; i < b->count; i++)
        fake_close (b->fakes[i]);
}

static void
append (fake_stream *fake, uint32_t partition, int count)
{
    for (int i = 0; i < count; i++)
        fake_append (fake, partition, "patent/published/CN/none/");
}

Test (subscriber, joins_with_replay_and_goes_live)
{
    fake_open (&first);
    append (&first, 0, 1000);
    append (&first, 1, 7);
    first.page = 64;
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 1007);
    become_live (&b);
    for (int i = 0; i < 20; i++)
        fake_publish (&first, (uint32_t)i % 2, "patent/alert/a/info/");
    expect (&b, 20);
    size_t count = 0;
    const uint64_t *positions = tt_subscriber_positions (b.subscriber, &count);
    cr_assert_eq (count, FAKE_PARTITIONS);
    cr_assert_eq (positions[0], 1010);
    cr_assert_eq (positions[1], 17);
    const uint64_t *heads = tt_subscriber_heads (b.subscriber, &count);
    cr_assert (count == FAKE_PARTITIONS && heads[0] == 1010 && heads[1] == 17);
    tt_subscriber_counts counts = tt_subscriber_count (b.subscriber);
    cr_assert_eq (counts.delivered, 1027);
    cr_assert_eq (counts.lost, 0);
    close_bench (&b);
}

Test (subscriber, knows_the_heads_before_it_has_the_events)
{
    fake_open (&first);
    append (&first, 0, 500);
    first.page = 10;
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    size_t count = 0;
    (void)tt_subscriber_heads (b.subscriber, &count);
    cr_assert_eq (count, 0, "before the first contact");
    expect (&b, 1);
    const uint64_t *heads = tt_subscriber_heads (b.subscriber, &count);
    cr_assert (count == FAKE_PARTITIONS && heads[0] == 500 && heads[1] == 0);
    cr_assert_lt (tt_subscriber_positions (b.subscriber, &count)[0], 500);
    expect (&b, 499);
    close_bench (&b);
}

Test (subscriber, events_that_come_live_during_the_replay_are_not_doubled)
{
    fake_open (&first);
    append (&first, 0, 300);
    first.page = 10;
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    for (int i = 0; i < 100; i++) {
        expect (&b, 3);
        fake_publish (&first, 0, "patent/x/");
    }
    expect (&b, 100);
    expect_nothing (&b, 6);
    close_bench (&b);
}

Test (subscriber, starts_at_a_checkpoint)
{
    fake_open (&first);
    append (&first, 0, 10);
    append (&first, 1, 10);
    const uint64_t from[] = { 8 };
    bench b = open_bench (1, &(tt_subscriber_options){ .from = from, .from_count = 1 });
    b.next[0] = 8;
    expect (&b, 3 + 10);
    close_bench (&b);
}

Test (subscriber, live_only_starts_at_the_heads)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ .live_only = true });
    become_live (&b);
    b.next[0] = 11;
    fake_publish (&first, 0, "patent/x/");
    expect (&b, 1);
    close_bench (&b);
}

Test (subscriber, a_dropped_message_is_replayed)
{
    fake_open (&first);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    become_live (&b);
    append (&first, 0, 3);
    fake_send (&first, 0, 1, false);
    fake_send (&first, 0, 2, true);
    fake_send (&first, 0, 3, false);
    expect (&b, 3);
    cr_assert_geq (tt_subscriber_count (b.subscriber).gaps, 1);
    close_bench (&b);
}

Test (subscriber, a_mark_that_large_events_would_fill_memory_under_is_lowered_without_loss)
{
    fake_open (&first);
    bench b = open_bench (1, &(tt_subscriber_options){ .high_water_mark = 20000000 });
    become_live (&b);
    for (int i = 0; i < 200; i++) {
        fake_publish (&first, i % 2, "patent/x/");
        expect (&b, 1);
    }
    cr_assert_eq (tt_subscriber_count (b.subscriber).narrowed, 1);
    cr_assert_eq (tt_subscriber_count (b.subscriber).lost, 0);
    close_bench (&b);
}

Test (subscriber, a_dropped_tail_is_noticed_by_the_heartbeat)
{
    fake_open (&first);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    become_live (&b);
    append (&first, 1, 2);
    fake_send (&first, 1, 1, true);
    fake_send (&first, 1, 2, true);
    expect (&b, 2);
    cr_assert_geq (tt_subscriber_count (b.subscriber).gaps, 1);
    close_bench (&b);
}

Test (subscriber, duplicates_are_dropped)
{
    fake_open (&first);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    become_live (&b);
    fake_publish (&first, 0, "patent/x/");
    fake_send (&first, 0, 1, false);
    fake_publish (&first, 0, "patent/x/");
    fake_send (&first, 0, 1, false);
    expect (&b, 2);
    expect_nothing (&b, 4);
    cr_assert_eq (tt_subscriber_count (b.subscriber).duplicates, 2);
    close_bench (&b);
}

Test (subscriber, silence_moves_to_the_next_endpoint_without_loss_or_double)
{
    fake_open (&first);
    fake_open (&second);
    bench b = open_bench (2, &(tt_subscriber_options){ .silence_ms = 300 });
    append (&first, 0, 5);
    append (&second, 0, 5);
    expect (&b, 5);
    become_live (&b);
    first.mute = true;
    append (&second, 0, 20); /* sent while nobody listened there */
    expect (&b, 20);
    fake_publish (&second, 0, "patent/x/");
    expect (&b, 1);
    cr_assert_geq (tt_subscriber_count (b.subscriber).failovers, 1);
    close_bench (&b);
}

Test (subscriber, a_publisher_that_came_back_is_replayed_from)
{
    fake_open (&first);
    bench b = open_bench (1, &(tt_subscriber_options){ .silence_ms = 5000 });
    fake_publish (&first, 0, "patent/x/");
    expect (&b, 1);
    become_live (&b);
    b.beating = false; /* so that only the welcome can tell */
    zmq_unbind (first.xpub, first.events_at);
    append (&first, 0, 4);
    for (int tries = 0; zmq_bind (first.xpub, first.events_at) != 0; tries++)
        cr_assert_lt (tries, 1000000);
    expect (&b, 4);
    close_bench (&b);
}

Test (subscriber, a_filtered_subscriber_that_lost_a_message_gets_it_and_nothing_twice)
{
    fake_open (&first);
    const char *filters[] = { "patent/alert/a/" };
    bench b = open_bench (1, &(tt_subscriber_options){ .filters = filters, .filter_count = 1 });
    become_live (&b);
    const char *topics[]
        = { "patent/alert/a/info/", "patent/alert/b/info/", "patent/alert/a/info/", "patent/x/", "patent/alert/a/info/" };
    fake_publish (&first, 0, topics[0]);
    fake_beat (&first);
    for (size_t i = 1; i < 5; i++)
        fake_append (&first, 0, topics[i]);
    for (uint64_t s = 2; s <= 5; s++)
        fake_send (&first, 0, s, s == 3); /* the middle one of three is lost: the last sequence alone would not show it */
    uint64_t seen[6] = { 0 };
    for (int i = 0; i < 3; i++) {
        tt_event event;
        cr_assert_eq (next (&b, &event), TT_OK, "%s", b.error.message);
        seen[event.sequence]++;
    }
    expect_nothing (&b, 6);
    cr_assert (seen[1] == 1 && seen[3] == 1 && seen[5] == 1);
    close_bench (&b);
}

Test (subscriber, a_filtered_subscriber_moves_on_where_nothing_matches)
{
    fake_open (&first);
    const char *filters[] = { "patent/alert/a/", "patent/legal/" };
    bench b = open_bench (1, &(tt_subscriber_options){ .filters = filters, .filter_count = 2 });
    become_live (&b);
    for (int i = 0; i < 50; i++)
        fake_publish (&first, 1, "patent/alert/b/info/");
    size_t count = 0;
    int64_t until = tt_clock_monotonic_us () + PATIENCE_US;
    while (tt_subscriber_positions (b.subscriber, &count)[1] < 50 && tt_clock_monotonic_us () < until)
        expect_nothing (&b, 1);
    cr_assert_eq (tt_subscriber_positions (b.subscriber, &count)[1], 50);
    close_bench (&b);
}

Test (subscriber, an_event_sent_before_the_publisher_knew_the_filter_is_not_missed)
{
    fake_open (&first);
    const char *filters[] = { "patent/alert/a/" };
    bench b = open_bench (1, &(tt_subscriber_options){ .filters = filters, .filter_count = 1 });
    fake_filter *none = first.filters;
    b.beating = false;
    int requests = 0;
    while (requests < FAKE_PARTITIONS + 1) { /* heads and first replays, answered before the subscription counts */
        tt_event event;
        step (&b);
        first.filter_count = 0;
        memset (none, 0, sizeof *none);
        cr_assert_eq (tt_subscriber_next (b.subscriber, 1, &event, &b.error), TT_DEADLINE_EXCEEDED);
        requests = first.requests;
    }
    fake_append (&first, 0, "patent/alert/a/info/");
    fake_send (&first, 0, 1, true);
    strcpy (first.filters[0].text, filters[0]);
    first.filter_count = 1;
    b.beating = true;
    expect (&b, 1);
    close_bench (&b);
}

/* The next thing is a loss, exactly this one. */
static void
expect_loss (bench *b, uint64_t first_lost, uint64_t last_lost, uint64_t resume)
{
    tt_event event;
    tt_status status = next (b, &event);
    cr_assert_eq (status, TT_DATA_LOSS, "%s %s", tt_status_name (status), b->error.message);
    const tt_subscriber_loss *loss = tt_subscriber_lost (b->subscriber);
    cr_assert (loss->partition == 0 && loss->first == first_lost && loss->last == last_lost && loss->resume == resume,
               "partition %u: %" PRIu64 " to %" PRIu64 ", resumed at %" PRIu64, loss->partition, loss->first, loss->last,
               loss->resume);
    char range[80];
    snprintf (range, sizeof range, "partition 0: sequences %" PRIu64 " to %" PRIu64 " were lost", first_lost, last_lost);
    cr_assert (strstr (b->error.message, range), "%s", b->error.message);
    b->next[0] = resume;
}

Test (subscriber, a_lost_tail_is_named_and_what_replaced_it_is_delivered)
{
    static const uint64_t heads[] = { 5, 8, 10, 40 }; /* nothing written since; less than was lost; as much; more */
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        fake_open (&first);
        append (&first, 0, 10);
        bench b = open_bench (1, &(tt_subscriber_options){ 0 });
        expect (&b, 10);
        become_live (&b);
        fake_rewrite (&first, 0, 6, heads[i], "two");
        if (heads[i] == 5) /* there is no event of another epoch: the publisher says it with another name */
            snprintf (first.events_at, sizeof first.events_at, "another instance");
        expect_loss (&b, 6, 10, 6);
        expect (&b, (int)heads[i] - 5);
        fake_publish (&first, 0, "patent/x/");
        expect (&b, 1);
        cr_assert_eq (tt_subscriber_count (b.subscriber).lost, 5);
        cr_assert_str_eq (tt_subscriber_epoch (b.subscriber, 0), "two");
        close_bench (&b);
    }
}

Test (subscriber, a_live_event_of_the_other_history_is_not_spliced)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    b.beating = false;
    fake_rewrite (&first, 0, 6, 10, "two");
    fake_publish (&first, 0, "patent/x/"); /* 11: the sequence fits, the epoch and the id before it do not */
    expect_loss (&b, 6, 10, 6);
    expect (&b, 6);
    close_bench (&b);
}

Test (subscriber, a_new_epoch_that_lost_nothing_costs_nothing)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    int requests = first.requests;
    fake_rewrite (&first, 0, 11, 10, "two");
    expect_nothing (&b, 3);
    for (int i = 0; i < 5; i++)
        fake_publish (&first, 0, "patent/x/");
    expect (&b, 5);
    expect_nothing (&b, 3);
    cr_assert_eq (first.requests, requests, "no replay");
    cr_assert_str_eq (tt_subscriber_epoch (b.subscriber, 0), "two");
    fake_rewrite (&first, 0, 16, 15, "three");
    append (&first, 0, 1);
    fake_send (&first, 0, 16, true); /* lost on the way: only its successor shows the new epoch */
    fake_publish (&first, 0, "patent/x/");
    expect (&b, 2);
    cr_assert_eq (tt_subscriber_count (b.subscriber).lost, 0);
    close_bench (&b);
}

Test (subscriber, two_fail_overs_in_a_row_are_told_from_where_the_histories_part)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    fake_rewrite (&first, 0, 8, 12, "two");
    expect_loss (&b, 8, 10, 8);
    expect (&b, 5);
    become_live (&b);
    fake_rewrite (&first, 0, 6, 20, "three"); /* had not even what the second one had taken over; "two" is in no list */
    expect_loss (&b, 6, 12, 6);
    expect (&b, 15);
    close_bench (&b);
    fake_open (&first);
    append (&first, 0, 10);
    b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    first.mute = true;
    fake_rewrite (&first, 0, 8, 12, "two"); /* both while nobody could be asked */
    fake_rewrite (&first, 0, 11, 20, "three");
    first.mute = false;
    expect_loss (&b, 8, 10, 8);
    expect (&b, 13);
    close_bench (&b);
}

Test (subscriber, a_checkpoint_with_its_epoch_is_judged_at_the_first_contact)
{
    static const uint64_t from[] = { 11 };
    static const char *const one[] = { "one" }, *const none[] = { "" };
    fake_open (&first);
    append (&first, 0, 10);
    fake_rewrite (&first, 0, 6, 30, "two");
    bench b = open_bench (1, &(tt_subscriber_options){ .from = from, .from_count = 1, .from_epochs = one });
    expect_loss (&b, 6, 10, 6);
    expect (&b, 25);
    close_bench (&b);
    fake_open (&first); /* without an epoch nothing can be told of a journal that is long enough */
    append (&first, 0, 10);
    fake_rewrite (&first, 0, 6, 30, "two");
    b = open_bench (1, &(tt_subscriber_options){ .from = from, .from_count = 1, .from_epochs = none });
    b.next[0] = 11;
    expect (&b, 20);
    close_bench (&b);
}

/* The ids cannot be compared where the last event seen was trimmed. */
Test (subscriber, a_loss_below_what_is_kept_is_told_by_the_epochs)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    fake_rewrite (&first, 0, 6, 30, "two");
    first.journals[0].earliest = 21;
    expect_loss (&b, 6, 10, 6);
    tt_event event;
    cr_assert_eq (next (&b, &event), TT_OUT_OF_RANGE);
    const tt_subscriber_loss *loss = tt_subscriber_lost (b.subscriber);
    cr_assert (loss->first == 6 && loss->last == 20 && loss->resume == 21);
    b.next[0] = 21;
    expect (&b, 10);
    close_bench (&b);
}

/* An epoch that the journal has forgotten: the id proves the position; without it nothing does, and everything is said to be lost. */
Test (subscriber, an_epoch_that_was_forgotten_is_proved_by_the_id_or_lost)
{
    for (int trimmed = 0; trimmed < 2; trimmed++) {
        fake_open (&first);
        append (&first, 0, 10);
        bench b = open_bench (1, &(tt_subscriber_options){ 0 });
        expect (&b, 10);
        become_live (&b);
        first.mute = true;
        fake_rewrite (&first, 0, 11, 12, "two");
        fake_rewrite (&first, 0, 13, 20, "three");
        fake_forget_epochs (&first, 0, 2);
        first.journals[0].earliest = trimmed ? 11 : 1;
        first.mute = false;
        if (trimmed) {
            expect_loss (&b, 1, 10, 1);
            tt_event event;
            cr_assert_eq (next (&b, &event), TT_OUT_OF_RANGE);
            b.next[0] = 11;
        }
        expect (&b, 10);
        expect_nothing (&b, 3);
        close_bench (&b);
    }
}

/* A double of another epoch is no double: it once was dropped without a word. */
Test (subscriber, a_double_of_another_epoch_makes_it_ask_the_journal)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    b.beating = false;
    int requests = first.requests;
    fake_send (&first, 0, 7, false);
    fake_publish (&first, 0, "patent/x/");
    expect (&b, 1);
    cr_assert_eq (first.requests, requests);
    fake_rewrite (&first, 0, 6, 8, "two");
    fake_send (&first, 0, 7, false);
    expect_loss (&b, 6, 11, 6);
    expect (&b, 3);
    close_bench (&b);
}

/* What is handed over under narrow filters may be far above the position. */
Test (subscriber, a_filtered_subscriber_is_told_of_what_it_had_above_its_position)
{
    fake_open (&first);
    const char *filters[] = { "patent/alert/a/" };
    bench b = open_bench (1, &(tt_subscriber_options){ .filters = filters, .filter_count = 1 });
    become_live (&b);
    b.beating = false;
    for (int i = 1; i <= 20; i++)
        fake_publish (&first, 0, i == 4 || i == 18 ? "patent/alert/a/info/" : "patent/x/");
    tt_event event;
    for (int i = 0; i < 2; i++)
        cr_assert_eq (next (&b, &event), TT_OK, "%s", b.error.message);
    cr_assert_eq (event.sequence, 18);
    size_t count;
    cr_assert_eq (tt_subscriber_positions (b.subscriber, &count)[0], 0, "the position waits for a heartbeat");
    fake_rewrite (&first, 0, 16, 17, "two");
    fake_append (&first, 0, "patent/alert/a/info/"); /* 18 again */
    b.beating = true;
    expect_loss (&b, 16, 18, 1);
    cr_assert_eq (next (&b, &event), TT_OK, "%s", b.error.message);
    cr_assert_eq (event.sequence, 18, "4 is still there and does not come twice");
    cr_assert_str_eq (event.epoch, "two");
    expect_nothing (&b, 6);
    close_bench (&b);
}

Test (subscriber, a_filtered_subscriber_is_told_by_heartbeats_alone)
{
    fake_open (&first);
    const char *filters[] = { "patent/alert/a/" };
    bench b = open_bench (1, &(tt_subscriber_options){ .filters = filters, .filter_count = 1 });
    become_live (&b);
    for (int i = 0; i < 20; i++)
        fake_publish (&first, 0, "patent/x/");
    size_t count;
    while (tt_subscriber_positions (b.subscriber, &count)[0] < 20)
        expect_nothing (&b, 1);
    fake_rewrite (&first, 0, 16, 30, "two");
    expect_loss (&b, 16, 20, 16);
    expect_nothing (&b, 3);
    close_bench (&b);
}

/* The publisher notices that Redis lost the end of the journal, and takes another name. What came in its place was once dropped as old. */
Test (subscriber, a_cut_journal_is_data_loss_before_it_grows_again)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    b.beating = true;
    expect_nothing (&b, 2);
    first.journals[0].head = 6;
    fake_publish (&first, 0, "patent/x/");
    snprintf (first.events_at, sizeof first.events_at, "another instance");
    tt_event event;
    cr_assert_eq (next (&b, &event), TT_DATA_LOSS);
    cr_assert (strstr (b.error.message, "sequences 8 to 10"), "%s", b.error.message);
    b.next[0] = 8;
    fake_publish (&first, 0, "patent/x/");
    expect (&b, 1);
    close_bench (&b);
}

Test (subscriber, another_previous_event_is_data_loss)
{
    fake_open (&first);
    append (&first, 0, 10);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    expect (&b, 10);
    become_live (&b);
    b.beating = false;
    strcpy (first.journals[0].events[10].id, "another");
    fake_publish (&first, 0, "patent/x/");
    tt_event event;
    cr_assert_eq (next (&b, &event), TT_DATA_LOSS);
    const tt_subscriber_loss *loss = tt_subscriber_lost (b.subscriber);
    cr_assert (loss->first == 10 && loss->last == 10, "more than that cannot be said");
    b.next[0] = 10;
    expect (&b, 2);
    close_bench (&b);
}

Test (subscriber, a_checkpoint_before_what_is_kept_is_out_of_range)
{
    fake_open (&first);
    append (&first, 0, 100);
    first.journals[0].earliest = 51;
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    tt_event event;
    cr_assert_eq (next (&b, &event), TT_OUT_OF_RANGE);
    cr_assert (strstr (b.error.message, "sequences 1 to 50 are no longer kept, the first kept is 51"), "%s", b.error.message);
    b.next[0] = 51;
    expect (&b, 50);
    cr_assert_eq (tt_subscriber_count (b.subscriber).lost, 50);
    close_bench (&b);
}

Test (subscriber, a_checkpoint_past_the_end_is_data_loss)
{
    fake_open (&first);
    append (&first, 0, 10);
    const uint64_t from[] = { 21 };
    bench b = open_bench (1, &(tt_subscriber_options){ .from = from, .from_count = 1 });
    tt_event event;
    cr_assert_eq (next (&b, &event), TT_DATA_LOSS);
    cr_assert (strstr (b.error.message, "sequences 11 to 20"), "%s", b.error.message);
    fake_publish (&first, 0, "patent/x/");
    b.next[0] = 11;
    expect (&b, 1);
    close_bench (&b);
}

Test (subscriber, says_that_nobody_answers_and_recovers)
{
    fake_open (&first);
    fake_open (&second);
    append (&second, 0, 1);
    first.mute = second.mute = true;
    bench b = open_bench (2, &(tt_subscriber_options){ .silence_ms = 100 });
    b.beating = false;
    first.mute = second.mute = true;
    tt_event event;
    cr_assert_eq (next (&b, &event), TT_UNAVAILABLE);
    append (&first, 0, 1);
    first.mute = second.mute = false;
    b.beating = true;
    expect (&b, 1);
    close_bench (&b);
}

Test (subscriber, garbage_on_the_socket_is_dropped)
{
    fake_open (&first);
    bench b = open_bench (1, &(tt_subscriber_options){ 0 });
    become_live (&b);
    zmq_send (first.xpub, "patent/x/", 9, 0);
    zmq_send (first.xpub, "patent/x/", 9, ZMQ_SNDMORE);
    zmq_send (first.xpub, "\xff\xff\xff", 3, ZMQ_SNDMORE);
    zmq_send (first.xpub, "", 0, 0);
    zmq_send (first.xpub, "patent/x/", 9, ZMQ_SNDMORE);
    zmq_send (first.xpub, "", 0, ZMQ_SNDMORE);
    zmq_send (first.xpub, "\x0a\xff", 2, 0);
    for (int i = 0; i < 5; i++)
        zmq_send (first.xpub, "a", 1, i < 4 ? ZMQ_SNDMORE : 0);
    fake_publish (&first, 0, "patent/x/");
    expect (&b, 1);
    close_bench (&b);
}

Test (subscriber, refuses_wrong_options)
{
    tt_subscriber *s = NULL;
    tt_error error = { 0 };
    const char *bad[] = { "patent/alert" };
    tt_subscriber_options options = { .stream = "patent", .events = "tcp://127.0.0.1:1", .replay = "tcp://127.0.0.1:2" };
    options.filters = bad;
    options.filter_count = 1;
    cr_assert_eq (tt_subscriber_open (&s, &options, &error), TT_INVALID_ARGUMENT);
    cr_assert (strstr (error.message, "filters[0]"));
    options.filter_count = 0;
    options.replay = "tcp://127.0.0.1:2,tcp://127.0.0.1:3";
    cr_assert_eq (tt_subscriber_open (&s, &options, &error), TT_INVALID_ARGUMENT);
    options.replay = "nonsense";
    cr_assert_eq (tt_subscriber_open (&s, &options, &error), TT_INVALID_ARGUMENT);
    cr_assert (strstr (error.message, "nonsense"));
    options.stream = NULL;
    cr_assert_eq (tt_subscriber_open (&s, &options, &error), TT_INVALID_ARGUMENT);
    cr_assert_null (s);
}
