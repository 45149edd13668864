/* What may be trimmed of a journal, against a real Redis. Request ids: test_ids.c. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/journal.h"
#include "world.h"

TestSuite (retention, .init = world_open, .fini = world_close, .timeout = 120);

#define KEY "one-key" /* so all events of a test are in one partition */
#define NEVER INT64_C (1000000)
#define MINUTE 60000

static uint32_t
here (void)
{
    return tt_partition_of (tt_bytes_of_text (KEY), PARTITIONS);
}

/* -- what happens in a partition -- */

/* Each by itself, so that each is an entry of its own however events are packed. */
static void
append (int count)
{
    static const put_request request = { KEY, "x" };
    for (int i = 0; i < count; i++)
        (void)do_one (put_row, &request, NULL, NULL);
}

/* All in one commit: one entry. */
static void
append_block (int count)
{
    static const put_request request = { KEY, "x" };
    begin (world.batch);
    for (int i = 0; i < count; i++)
        add (world.batch, put_row, &request, NULL, NULL);
    run (world.batch);
}

typedef struct {
    const char *name;
    uint64_t sequence;
} position;

static void
stand_at (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const position *at = message;
    tt_bytes name = tt_bytes_of_text (at->name);
    Techtransfer__V1__ConsumerPartition row = TECHTRANSFER__V1__CONSUMER_PARTITION__INIT;
    tt_txn_at_partition (txn, here ());
    if (tt_txn_get (txn, TT_CONSUMERS, name) == NULL)
        return;
    row.acknowledged = at->sequence;
    tt_txn_put_message (txn, TT_CONSUMERS, name, &row.base);
    tt_txn_index_put (txn, TT_CONSUMERS, name, (int64_t)at->sequence);
}

static void
go_away (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    tt_bytes name = tt_bytes_of_text (message);
    tt_txn_at_partition (txn, here ());
    if (tt_txn_get (txn, TT_CONSUMERS, name) == NULL)
        return;
    tt_txn_delete (txn, TT_CONSUMERS, name);
    tt_txn_index_remove (txn, TT_CONSUMERS, name);
}

static void
acknowledge (const char *name, uint64_t sequence)
{
    position at = { name, sequence };
    cr_assert_eq (do_one (stand_at, &at, NULL, NULL).status, TT_OK);
}

static void
write_log (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    Techtransfer__V1__ProbeStored record = TECHTRANSFER__V1__PROBE_STORED__INIT;
    tt_txn_at_partition (txn, here ());
    tt_txn_log (txn, "changes", &record.base);
}

/* -- the janitor's work -- */

static struct {
    char who[8][64];
    uint64_t events[8];
    size_t count;
} lost;

static void
note_loss (void *context, uint32_t partition, tt_bytes who, uint64_t events)
{
    cr_assert_eq (partition, here ());
    cr_assert_lt (lost.count, 8);
    snprintf (lost.who[lost.count], sizeof lost.who[0], "%.*s", (int)who.size, (const char *)who.data);
    lost.events[lost.count++] = events;
    (void)context;
}

static tt_retention_counts
trim_at (int64_t now, int64_t keep_ms, uint64_t cap, uint64_t remember_max)
{
    tt_retention_options options = { .keep_ms = keep_ms, .cap = cap, .remember_max = remember_max };
    tt_retention_counts counts;
    tt_error error = { 0 };
    lost.count = 0;
    cr_assert_eq (tt_retention_run (world.store, &options, now, note_loss, NULL, &counts, &error), TT_OK, "%s", error.message);
    return counts;
}

/* With nothing that is too young and nothing that is too much. */
static tt_retention_counts
trim (void)
{
    return trim_at (tt_clock_unix_ms (), 0, (uint64_t)NEVER, (uint64_t)NEVER);
}

static uint64_t
earliest_of (const char *journal)
{
    tt_stand stands[PARTITIONS];
    tt_error error = { 0 };
    cr_assert_eq (tt_journal_stands (world.store, journal, stands, &error), TT_OK, "%s", error.message);
    return stands[here ()].earliest;
}

static uint64_t
earliest (void)
{
    return earliest_of (TT_JOURNAL_EVENTS);
}

static tt_standing
standing (tt_arena *arena, const char *consumers)
{
    tt_standing *all = tt_arena_alloc (arena, PARTITIONS * sizeof *all);
    tt_error error = { 0 };
    cr_assert_eq (tt_standing_read (world.store, consumers, arena, all, &error), TT_OK, "%s", error.message);
    return all[here ()];
}

Test (retention, trims_below_the_slowest_consumer)
{
    append (30);
    acknowledge ("fast", 30);
    acknowledge ("slow", 10);
    tt_retention_counts counts = trim ();
    cr_expect_eq (counts.trimmed, 10);
    cr_expect_eq (counts.capped, 0);
    cr_expect_eq (counts.kept, 20);
    cr_expect_eq (earliest (), 11);
    cr_expect_eq (trim ().trimmed, 0, "twice does nothing more");
    acknowledge ("slow", 25);
    cr_expect_eq (trim ().trimmed, 15);
    cr_expect_eq (earliest (), 26);
}

Test (retention, without_a_consumer_only_the_cap_trims)
{
    append (30);
    cr_expect_eq (trim ().trimmed, 0);
    tt_retention_counts counts = trim_at (tt_clock_unix_ms (), 0, 12, (uint64_t)NEVER);
    cr_expect_eq (counts.trimmed, 18);
    cr_expect_eq (counts.capped, 0, "nobody lacks them");
    cr_expect_eq (earliest (), 19);
    cr_expect_eq (lost.count, 0);
}

Test (retention, the_event_at_the_head_stays)
{
    append (5);
    acknowledge ("all", 5);
    cr_expect_eq (trim ().trimmed, 4);
    cr_expect_eq (earliest (), 5);
    append (1);
    cr_expect_eq (event_count (), 6, "sequences go on");
}

Test (retention, who_is_removed_holds_nothing)
{
    append (20);
    acknowledge ("fast", 20);
    acknowledge ("dead", 0);
    cr_expect_eq (trim ().trimmed, 0);
    cr_assert_eq (do_one (go_away, "dead", NULL, NULL).status, TT_OK);
    cr_expect_eq (trim ().trimmed, 19);
}

Test (retention, the_cap_passes_a_consumer_and_counts_what_it_lost)
{
    append (30);
    acknowledge ("slow", 4);
    acknowledge ("slower", 0);
    acknowledge ("fast", 29);
    tt_retention_counts counts = trim_at (tt_clock_unix_ms (), 0, 20, (uint64_t)NEVER);
    cr_expect_eq (counts.trimmed, 10);
    cr_expect_eq (counts.capped, 10);
    cr_assert_eq (lost.count, 2);
    cr_expect_str_eq (lost.who[0], "slower");
    cr_expect_eq (lost.events[0], 10);
    cr_expect_str_eq (lost.who[1], "slow");
    cr_expect_eq (lost.events[1], 6);
    append (5);
    (void)trim_at (tt_clock_unix_ms (), 0, 20, (uint64_t)NEVER);
    tt_arena *arena = tt_arena_new (4096);
    tt_standing at = standing (arena, "*");
    cr_expect_eq (at.head, 35);
    cr_expect_eq (at.earliest, 16);
    cr_assert_eq (at.consumer_count, 3);
    cr_expect_eq (at.consumers[0].lost, 15);
    cr_expect_eq (at.consumers[1].lost, 11);
    cr_expect_eq (at.consumers[2].lost, 0);
    cr_assert_eq (do_one (go_away, "slower", NULL, NULL).status, TT_OK);
    (void)trim_at (tt_clock_unix_ms (), 0, 20, (uint64_t)NEVER);
    cr_expect_eq (private_redis_number (&world.redis, tt_arena_printf (arena, "HLEN 'tt:{test.%u}:n:consumers.lost'", here ())),
                  1, "the count of a consumer that is gone goes too");
    tt_arena_destroy (&arena);
}

Test (retention, young_events_stay)
{
    const int64_t start = INT64_C (1700000000000), keep = 100 * MINUTE;
    append (10);
    acknowledge ("all", 10);
    cr_expect_eq (trim_at (start, keep, NEVER, NEVER).trimmed, 0, "their age is not known yet");
    append (10);
    acknowledge ("all", 20);
    cr_expect_eq (trim_at (start + 50 * MINUTE, keep, NEVER, NEVER).trimmed, 0);
    append (10);
    acknowledge ("all", 30);
    cr_expect_eq (trim_at (start + 99 * MINUTE, keep, NEVER, NEVER).trimmed, 0);
    cr_expect_eq (trim_at (start + 100 * MINUTE, keep, NEVER, NEVER).trimmed, 10);
    cr_expect_eq (trim_at (start + 149 * MINUTE, keep, NEVER, NEVER).trimmed, 0);
    cr_expect_eq (trim_at (start + 150 * MINUTE, keep, NEVER, NEVER).trimmed, 10);
    cr_expect_eq (earliest (), 21);
}

Test (retention, marks_of_time_are_bounded)
{
    const int64_t start = INT64_C (1700000000000), keep = 1000 * MINUTE;
    char command[96];
    for (int i = 0; i < 1500; i++) {
        append (1);
        (void)trim_at (start + i * MINUTE, keep, NEVER, NEVER);
    }
    snprintf (command, sizeof command, "ZCARD 'tt:{test.%u}:x:marks.events'", here ());
    cr_expect_leq (private_redis_number (&world.redis, command), 258);
    acknowledge ("all", 1500);
    uint64_t trimmed = trim_at (start + 1500 * MINUTE, keep, NEVER, NEVER).trimmed;
    cr_expect (trimmed >= 490 && trimmed <= 501, "%" PRIu64, trimmed);
}

Test (retention, a_group_holds_what_it_has_not_acknowledged)
{
    append (20);
    acknowledge ("all", 20);
    tt_group *group = NULL;
    tt_error error = { 0 };
    tt_group_options options = { .name = "matcher", .consumer = "one" };
    cr_assert_eq (tt_group_open (&group, &world.options, &options, &error), TT_OK, "%s", error.message);
    const tt_entry *entries;
    size_t count = 0;
    cr_assert_eq (tt_group_read (group, 100, &entries, &count, &error), TT_OK);
    cr_expect_eq (trim ().trimmed, 0, "nothing was delivered");
    for (int64_t until = tt_clock_monotonic_us () + 30000000; count < 20 && tt_clock_monotonic_us () < until;)
        cr_assert_eq (tt_group_read (group, 100, &entries, &count, &error), TT_OK);
    cr_assert_eq (count, 20);
    cr_expect_eq (trim ().trimmed, 0, "delivered and not acknowledged");
    tt_retention_counts counts = trim_at (tt_clock_unix_ms (), 0, 15, NEVER);
    cr_expect_eq (counts.trimmed, 5);
    cr_assert_eq (lost.count, 1);
    cr_expect_str_eq (lost.who[0], "group matcher");
    cr_expect_eq (lost.events[0], 5);
    cr_assert_eq (tt_group_acknowledge (group, &error), TT_OK);
    cr_expect_eq (trim ().trimmed, 14);
    tt_group_close (&group);
}

Test (retention, logs_go_by_age_and_cap_whatever_consumers_say)
{
    const int64_t start = INT64_C (1700000000000);
    for (int i = 0; i < 10; i++)
        (void)do_one (write_log, NULL, NULL, NULL);
    acknowledge ("none", 0);
    (void)trim_at (start, 10 * MINUTE, NEVER, NEVER);
    for (int i = 0; i < 10; i++)
        (void)do_one (write_log, NULL, NULL, NULL);
    cr_expect_eq (trim_at (start + 10 * MINUTE, 10 * MINUTE, NEVER, NEVER).trimmed, 10);
    cr_expect_eq (earliest_of ("changes"), 11);
    cr_expect_eq (trim_at (start + 11 * MINUTE, 10 * MINUTE, 5, NEVER).trimmed, 5);
    cr_expect_eq (earliest_of ("changes"), 16);
}

Test (retention, much_is_trimmed_in_steps)
{
    append (100);
    tt_retention_options options = { .cap = 10, .remember_max = NEVER, .step = 40 };
    tt_retention_counts counts = { .more = true };
    tt_error error = { 0 };
    uint64_t trimmed[4] = { 0 };
    for (int i = 0; i < 4 && counts.more; i++) {
        cr_assert_eq (tt_retention_run (world.store, &options, tt_clock_unix_ms (), NULL, NULL, &counts, &error), TT_OK);
        trimmed[i] = counts.trimmed;
    }
    cr_expect (trimmed[0] == 40 && trimmed[1] == 40 && trimmed[2] == 10 && trimmed[3] == 0);
}

static void *
trim_often (void *store)
{
    tt_retention_options options = { .cap = 50, .remember_max = NEVER };
    uint64_t *trimmed = tt_alloc_zero (2, sizeof *trimmed);
    for (int i = 0; i < 200; i++) {
        tt_retention_counts counts;
        tt_error error = { 0 };
        cr_assert_eq (tt_retention_run (store, &options, tt_clock_unix_ms (), NULL, NULL, &counts, &error), TT_OK, "%s",
                      error.message);
        trimmed[0] += counts.trimmed;
        trimmed[1] += counts.capped;
    }
    return trimmed;
}

Test (retention, two_replicas_trim_at_once_and_nothing_is_counted_twice)
{
    pthread_t threads[2];
    tt_store *stores[2] = { world_store (), world_store () };
    uint64_t trimmed = 0, capped = 0;
    acknowledge ("slow", 0);
    for (int i = 0; i < 2; i++)
        pthread_create (&threads[i], NULL, trim_often, stores[i]);
    append (400);
    for (int i = 0; i < 2; i++) {
        void *counted;
        pthread_join (threads[i], &counted);
        trimmed += ((uint64_t *)counted)[0];
        capped += ((uint64_t *)counted)[1];
        free (counted);
        tt_store_close (&stores[i]);
    }
    tt_retention_counts last = trim_at (tt_clock_unix_ms (), 0, 50, NEVER);
    cr_expect_eq (trimmed + last.trimmed, 350);
    cr_expect_eq (capped + last.capped, 350);
    tt_arena *arena = tt_arena_new (4096);
    tt_standing at = standing (arena, "slow");
    cr_assert_eq (at.consumer_count, 1);
    cr_expect_eq (at.consumers[0].lost, 350);
    cr_expect_eq (at.earliest, 351);
    tt_arena_destroy (&arena);
}

Test (retention, an_entry_of_many_events_goes_only_as_a_whole)
{
    append_block (10);
    append_block (10);
    append_block (10);
    acknowledge ("slow", 15);
    cr_expect_eq (trim ().trimmed, 10);
    cr_expect_eq (earliest (), 11);
    cr_expect_eq (trim_at (tt_clock_unix_ms (), 0, 12, NEVER).trimmed, 0, "19 is within the cap");
    tt_retention_counts counts = trim_at (tt_clock_unix_ms (), 0, 10, NEVER);
    cr_expect_eq (counts.trimmed, 10);
    cr_expect_eq (counts.capped, 5);
    cr_assert_eq (lost.count, 1);
    cr_expect_eq (lost.events[0], 5);
    acknowledge ("slow", 30);
    cr_expect_eq (trim ().trimmed, 0, "the head's entry stays");
}

Test (retention, a_group_loses_whole_entries)
{
    append_block (10);
    append_block (10);
    tt_group *group = NULL;
    tt_error error = { 0 };
    tt_group_options options = { .name = "matcher", .consumer = "one" };
    cr_assert_eq (tt_group_open (&group, &world.options, &options, &error), TT_OK, "%s", error.message);
    const tt_entry *entries;
    size_t count = 0;
    for (int64_t until = tt_clock_monotonic_us () + 30000000; count < 20 && tt_clock_monotonic_us () < until;)
        cr_assert_eq (tt_group_read (group, 100, &entries, &count, &error), TT_OK);
    cr_assert_eq (count, 20);
    (void)trim_at (tt_clock_unix_ms (), 0, 10, NEVER);
    cr_assert_eq (lost.count, 1);
    cr_expect_eq (lost.events[0], 10);
    cr_expect_eq (earliest (), 11);
    tt_group_close (&group);
}
