#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "unit/bus/subscriber_bench.h"

#define PATIENCE_US 10000000
#define BEAT_US 30000

fake_stream first, second;

void
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

tt_status
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

void
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

void
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

void
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

bench
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

void
close_bench (bench *b)
{
    tt_subscriber_close (&b->subscriber);
    cr_assert_null (b->subscriber);
    for (int i = 0; i < b->count; i++)
        fake_close (b->fakes[i]);
}

void
append (fake_stream *fake, uint32_t partition, int count)
{
    for (int i = 0; i < count; i++)
        fake_append (fake, partition, "patent/published/CN/none/");
}
