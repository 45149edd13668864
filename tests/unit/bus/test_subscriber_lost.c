/* Lost and rewritten history: what the subscriber names, and what it hands over afterwards. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "unit/bus/subscriber_bench.h"

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

Test (subscriber_lost, a_lost_tail_is_named_and_what_replaced_it_is_delivered)
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

Test (subscriber_lost, a_live_event_of_the_other_history_is_not_spliced)
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

Test (subscriber_lost, a_new_epoch_that_lost_nothing_costs_nothing)
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

Test (subscriber_lost, two_fail_overs_in_a_row_are_told_from_where_the_histories_part)
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

Test (subscriber_lost, a_checkpoint_with_its_epoch_is_judged_at_the_first_contact)
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
Test (subscriber_lost, a_loss_below_what_is_kept_is_told_by_the_epochs)
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

/* An epoch that the journal has forgotten: the id proves the position; without it nothing does, and everything is said to be
 * lost. */
Test (subscriber_lost, an_epoch_that_was_forgotten_is_proved_by_the_id_or_lost)
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
Test (subscriber_lost, a_double_of_another_epoch_makes_it_ask_the_journal)
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
Test (subscriber_lost, a_filtered_subscriber_is_told_of_what_it_had_above_its_position)
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

Test (subscriber_lost, a_filtered_subscriber_is_told_by_heartbeats_alone)
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

/* The publisher notices that Redis lost the end of the journal, and takes another name. What came in its place was once dropped
 * as old. */
Test (subscriber_lost, a_cut_journal_is_data_loss_before_it_grows_again)
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

Test (subscriber_lost, another_previous_event_is_data_loss)
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

Test (subscriber_lost, a_checkpoint_before_what_is_kept_is_out_of_range)
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

Test (subscriber_lost, a_checkpoint_past_the_end_is_data_loss)
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
