/* A fail-over that loses a journal's end, played on one Redis: what was copied at some moment comes back, and another server
 * wrote last. What is found lost, and that nothing of the other history is handed out before it is told. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "store/reader.h"
#include "played.h"
#include "world.h"

TestSuite (history, .init = world_open, .fini = world_close, .timeout = 60);

static tt_position
position (void)
{
    tt_position positions[PARTITIONS];
    tt_error error = { 0 };
    cr_assert_eq (tt_journal_positions (world.store, TT_JOURNAL_EVENTS, positions, &error), TT_OK, "%s", error.message);
    return positions[here ()];
}

static void
expect_check (tt_position seen, uint64_t lost_first)
{
    tt_error error = { 0 };
    uint64_t first;
    tt_status status = tt_journal_check (world.store, TT_JOURNAL_EVENTS, here (), &seen, &first, &error);
    cr_expect_eq (status, lost_first ? TT_DATA_LOSS : TT_OK, "%s", error.message);
    cr_expect_eq (first, lost_first);
}

Test (history, positions_are_judged_by_epoch_and_not_by_the_head)
{
    append (90);
    replicate ("b");
    append (10);
    tt_position seen = position ();
    cr_assert_eq (seen.sequence, 100);
    cr_assert_eq (strlen (seen.epoch), 36);
    expect_check (seen, 0);
    promote ("b");
    expect_check (seen, 91);
    append (4);
    expect_check (seen, 91);
    append (26);
    expect_check (seen, 91); /* there is a sequence 100 again, and it is another one */
    tt_position now = position ();
    cr_assert_eq (now.sequence, 120);
    cr_assert_str_neq (now.epoch, seen.epoch);
    expect_check (now, 0);
    expect_check ((tt_position){ .sequence = 100 }, 0); /* without an epoch it cannot be told */
    expect_check ((tt_position){ .sequence = 121 }, 121);
    seen.sequence = 90;
    expect_check (seen, 0);
    snprintf (seen.epoch, sizeof seen.epoch, "unknown");
    expect_check (seen, 1);
    seen.sequence = 0;
    expect_check (seen, 0);
}

Test (history, a_server_that_was_restarted_begins_an_epoch_and_loses_nothing)
{
    append (10);
    tt_position seen = position ();
    private_redis_kill (&world.redis);
    private_redis_start (&world.redis);
    append (5);
    expect_check (seen, 0);
    tt_stand stands[PARTITIONS];
    tt_error error = { 0 };
    cr_assert_eq (tt_journal_stands (world.store, TT_JOURNAL_EVENTS, stands, &error), TT_OK);
    const tt_stand *stand = &stands[here ()];
    cr_assert_eq (stand->head, 15);
    cr_assert_eq (stand->earliest, 1);
    cr_assert_eq (stand->epoch_count, 2);
    cr_assert_eq (stand->epochs[0].first, 1);
    cr_assert_eq (stand->epochs[1].first, 11);
    cr_assert_str_eq (stand->epoch, stand->epochs[1].epoch);
    cr_assert_eq (stand->last.sequence, 15);
    cr_assert_eq (stands[(here () + 1) % PARTITIONS].head, 0);
    cr_assert_str_empty (stands[(here () + 1) % PARTITIONS].epoch);
}

/* The lists are bounded: what is older than 64 servers is not known any more, and said to be lost. */
Test (history, of_65_epochs_the_oldest_is_forgotten)
{
    append (2);
    tt_position oldest = position ();
    append (1);
    tt_position second = { 0 };
    for (int i = 0; i < 64; i++) {
        another_server ();
        private_redis_number (&world.redis,
                              "CLIENT KILL TYPE normal SKIPME yes"); /* each connection brings an epoch of its own */
        if (i == 0)
            expect_check (oldest, 0);
        append (1);
        if (i == 0)
            second = position ();
    }
    expect_check (oldest, 1);
    expect_check (second, 0);
    expect_check (position (), 0);
}

/* Reads until `last` came; what comes must follow. Returns the status of the first read that is neither OK nor UNAVAILABLE. */
static tt_status
follow (tt_tail *tail, uint64_t next, uint64_t last)
{
    while (next <= last) {
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        tt_status status = tt_tail_read (tail, &entries, &count, &error);
        for (size_t i = 0; i < count; i++)
            cr_assert_eq (entries[i].sequence, next++);
        if (status != TT_OK && status != TT_UNAVAILABLE)
            return status;
        if (count == 0)
            wait_on (tt_tail_fd (tail));
    }
    return TT_OK;
}

static void
expect_loss (tt_tail *tail, uint64_t first, uint64_t last)
{
    size_t count;
    const tt_loss *losses = tt_tail_losses (tail, &count);
    cr_assert_eq (count, 1);
    cr_expect_eq (losses[0].partition, here ());
    cr_expect_eq (losses[0].first, first);
    cr_expect_eq (losses[0].last, last);
}

static tt_tail *
open_tail (void)
{
    tt_position seen[PARTITIONS] = { 0 };
    tt_tail *tail = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_tail_open (&tail, &world.options, TT_JOURNAL_EVENTS, seen, &error), TT_OK);
    return tail;
}

/* The journal is longer than what was seen when the tail comes back: a splice, were it not asked. */
Test (history, a_tail_tells_a_rewritten_end_before_it_hands_out_what_replaced_it)
{
    append (90);
    replicate ("b");
    append (10);
    tt_tail *tail = open_tail ();
    cr_assert_eq (follow (tail, 1, 100), TT_OK);
    promote ("b");
    append (40);
    cr_assert_eq (follow (tail, 101, 102), TT_DATA_LOSS);
    expect_loss (tail, 91, 100);
    cr_assert_eq (follow (tail, 91, 130), TT_OK, "it goes on with what is there now");
    tt_tail_close (&tail);
}

Test (history, a_tail_tells_a_lost_end_though_nothing_was_written_since)
{
    append (90);
    replicate ("b");
    append (10);
    tt_tail *tail = open_tail ();
    cr_assert_eq (follow (tail, 1, 100), TT_OK);
    promote ("b");
    cr_assert_eq (follow (tail, 101, 102), TT_DATA_LOSS);
    expect_loss (tail, 91, 100);
    tt_tail_close (&tail);
}

/* The second server's part is lost whole: its epoch is in no list, but what it had taken over is. */
Test (history, a_tail_names_the_range_after_two_fail_overs)
{
    append (80);
    replicate ("c");
    append (10);
    replicate ("b");
    append (10);
    tt_tail *tail = open_tail ();
    cr_assert_eq (follow (tail, 1, 100), TT_OK);
    promote ("b");
    append (30);
    cr_assert_eq (follow (tail, 101, 102), TT_DATA_LOSS);
    expect_loss (tail, 91, 100);
    cr_assert_eq (follow (tail, 91, 120), TT_OK);
    promote ("c");
    append (60);
    cr_assert_eq (follow (tail, 121, 122), TT_DATA_LOSS);
    expect_loss (tail, 81, 120);
    cr_assert_eq (follow (tail, 81, 140), TT_OK);
    tt_tail_close (&tail);
}

Test (history, a_tail_takes_a_new_epoch_that_lost_nothing_as_it_comes)
{
    append (10);
    tt_tail *tail = open_tail ();
    cr_assert_eq (follow (tail, 1, 10), TT_OK);
    replicate ("b");
    promote ("b");
    append (10);
    cr_assert_eq (follow (tail, 11, 20), TT_OK);
    tt_tail_close (&tail);
}

/* -- a reader of a log -- */

static void
log_it (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    Techtransfer__V1__ProbeStored body = TECHTRANSFER__V1__PROBE_STORED__INIT;
    body.key = (char *)KEY;
    tt_txn_at (txn, tt_bytes_of_text (KEY));
    tt_txn_log (txn, "index", &body.base);
}

static void
append_log (int count)
{
    begin (world.batch);
    for (int i = 0; i < count; i++)
        add (world.batch, log_it, NULL, NULL, NULL);
    run (world.batch);
}

static tt_status
count_entry (void *context, const tt_entry *entry, tt_error *error)
{
    (void)error;
    uint64_t *last = context;
    cr_assert_eq (entry->sequence, *last + 1);
    *last = entry->sequence;
    return TT_OK;
}

static void
expect_catch_up (tt_reader *reader, uint64_t *last, tt_status expected, uint64_t up_to)
{
    tt_error error = { 0 };
    tt_status status = TT_UNAVAILABLE;
    while (status == TT_UNAVAILABLE)
        status = tt_reader_catch_up (reader, count_entry, last, &error);
    cr_assert_eq (status, expected, "%s: %s", tt_status_name (status), error.message);
    cr_assert_eq (*last, up_to);
}

Test (history, a_reader_takes_each_entry_once_and_must_begin_again_only_after_a_loss)
{
    append_log (20);
    tt_reader *reader = tt_reader_new (world.store, "index");
    uint64_t last = 0;
    expect_catch_up (reader, &last, TT_OK, 20);
    append_log (5);
    replicate ("b");
    promote ("b"); /* loses nothing */
    expect_catch_up (reader, &last, TT_OK, 25);
    append_log (1500);
    append (3); /* of another journal: the epoch is the partition's */
    expect_catch_up (reader, &last, TT_OK, 1525);
    replicate ("c");
    append_log (10);
    expect_catch_up (reader, &last, TT_OK, 1535);
    promote ("c");
    append_log (10); /* as many, but others: the end is where it was */
    expect_catch_up (reader, &last, TT_DATA_LOSS, 1535);
    tt_error error = { 0 };
    cr_assert_eq (tt_reader_start (reader, &error), TT_OK);
    expect_catch_up (reader, &last, TT_OK, 1535);
    append_log (1);
    expect_catch_up (reader, &last, TT_OK, 1536);
    tt_reader_destroy (&reader);
}

Test (history, a_reader_tells_what_was_trimmed_before_it_came)
{
    append_log (20);
    tt_reader *reader = tt_reader_new (world.store, "index");
    char command[128];
    snprintf (command, sizeof command, "XTRIM 'tt:{test.%u}:j:index' MAXLEN 0", here ());
    private_redis_number (&world.redis, command);
    uint64_t last = 0;
    expect_catch_up (reader, &last, TT_OUT_OF_RANGE, 0);
    tt_reader_destroy (&reader);
}
