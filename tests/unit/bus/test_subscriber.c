/* The subscriber against a publisher that the test drives: joins, gaps, doubles, fail-over, filters. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "unit/bus/subscriber_bench.h"

#define PATIENCE_US 10000000

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
