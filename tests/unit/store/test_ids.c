/* How long request ids are remembered, and what is said of those that are not, against a real Redis. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "store/retention.h"
#include "world.h"

TestSuite (ids, .init = world_open, .fini = world_close, .timeout = 600);

#define KEY "one-key" /* so all of a test are in one partition */
#define MINUTE 60000

static uint32_t
here (void)
{
    return tt_partition_of (tt_bytes_of_text (KEY), PARTITIONS);
}

/* The janitor's work, at a time and with so many ids at most. */
static tt_retention_counts
forget_at (int64_t now, uint64_t remember_max)
{
    tt_retention_options options = { .cap = 1000000, .remember_max = remember_max };
    tt_retention_counts counts;
    tt_error error = { 0 };
    cr_assert_eq (tt_retention_run (world.store, &options, now, NULL, NULL, &counts, &error), TT_OK, "%s", error.message);
    return counts;
}

static tt_retention_counts
forget (uint64_t remember_max)
{
    return forget_at (tt_clock_unix_ms (), remember_max);
}

/* An id that was made so long ago. */
static test_id
id_of_age (int64_t age_ms)
{
    test_id id = new_id ();
    uint64_t made = (uint64_t)(tt_clock_unix_ms () - age_ms);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(made >> (40 - 8 * i));
    return id;
}

static const put_request a_put = { KEY, "x" };

Test (ids, oldest_ids_are_forgotten_first_and_said_to_be)
{
    test_id old = id_of_age (30 * MINUTE), middle = id_of_age (20 * MINUTE), young = new_id ();
    cr_assert_eq (do_one (create_row, &a_put, NULL, &old).status, TT_OK);
    for (int i = 0; i < 9; i++) {
        test_id other = id_of_age (30 * MINUTE);
        cr_assert_eq (do_one (put_row, &a_put, NULL, &other).status, TT_OK);
    }
    cr_assert_eq (do_one (put_row, &a_put, NULL, &middle).status, TT_OK);
    cr_assert_eq (do_one (put_row, &a_put, NULL, &young).status, TT_OK);
    tt_retention_counts counts = forget (100);
    cr_expect_eq (counts.ids_kept, 12);
    cr_expect_eq (counts.ids_dropped, 0);
    counts = forget (5);
    cr_expect_eq (counts.ids_kept, 2);
    cr_expect (counts.ids_dropped >= 9 && counts.ids_dropped <= 10, "%" PRIu64, counts.ids_dropped);
    uint64_t before = event_count ();
    tt_outcome outcome = do_one (put_row, &a_put, NULL, &old); /* would have an effect */
    cr_expect_eq (outcome.status, TT_FAILED_PRECONDITION);
    cr_expect_not_null (strstr (outcome.message, "only for ids made since 20"), "%s", outcome.message);
    outcome = do_one (create_row, &a_put, NULL, &old); /* would have none: the row is there, but who made it? */
    cr_expect_eq (outcome.status, TT_FAILED_PRECONDITION, "%s", outcome.message);
    cr_expect_not_null (strstr (outcome.message, "cannot be said"), "%s", outcome.message);
    cr_expect_eq (event_count (), before, "nothing was done");
    cr_expect (do_one (put_row, &a_put, NULL, &middle).replayed);
    cr_expect (do_one (put_row, &a_put, NULL, &young).replayed);
    test_id fresh = new_id ();
    cr_expect_eq (do_one (create_row, &a_put, NULL, &fresh).status, TT_ALREADY_EXISTS);
}

/* One forgotten id must not spoil the commands beside it, and what it showed to them was never there. */
Test (ids, a_forgotten_id_in_a_batch_refuses_itself_alone)
{
    test_id old = id_of_age (30 * MINUTE), good = new_id ();
    static const put_request first = { KEY, "a" }, second = { KEY, "b" };
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        char command[96], answer[16];
        snprintf (command, sizeof command, "HSET 'tt:{test.%u}:meta' ids_from %lld", p,
                  (long long)tt_clock_unix_ms () / MINUTE - 5);
        private_redis_ask (&world.redis, command, answer, sizeof answer);
    }
    begin (world.batch);
    tt_txn *bad = add (world.batch, append_row, &first, NULL, &old);
    tt_txn *fine = add (world.batch, append_row, &second, NULL, &good);
    run (world.batch);
    cr_expect_eq (tt_txn_outcome (bad).status, TT_FAILED_PRECONDITION);
    cr_expect_eq (tt_txn_outcome (fine).status, TT_OK);
    cr_expect_str_eq (row_text (KEY, NULL), "b");
}

Test (ids, ids_of_the_last_minute_stay_however_many)
{
    test_id ids[50];
    for (int i = 0; i < 50; i++) {
        ids[i] = new_id ();
        cr_assert_eq (do_one (put_row, &a_put, NULL, &ids[i]).status, TT_OK);
    }
    cr_expect_eq (forget (10).ids_dropped, 0);
    for (int i = 0; i < 50; i++)
        cr_expect (do_one (put_row, &a_put, NULL, &ids[i]).replayed);
    cr_expect_eq (forget_at (tt_clock_unix_ms () + 4 * MINUTE, 10).ids_kept, 0);
}

static long long
used_memory (void)
{
    return private_redis_number (
        &world.redis, "EVAL 'return tonumber (string.match (redis.call (\"INFO\", \"memory\"), \"used_memory:(%d+)\"))' 0");
}

static void
put_key (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    tt_bytes key = tt_bytes_of_text (message);
    tt_txn_at (txn, key);
    tt_txn_put_blind (txn, "t", key, tt_bytes_of_text ("x"));
    reply_number (txn, 1);
}

/* TT_TEST_COMMANDS (60,000) commands whose ids go through half an hour, up to where they may be forgotten, while the janitor
 * works: what is remembered stays below what three minutes of it come to, and no command is refused. */
Test (ids, memory_of_ids_is_bounded)
{
    const char *wish = getenv ("TT_TEST_COMMANDS");
    const int commands = wish ? atoi (wish) : 60000, group = 256;
    const uint64_t limit = (uint64_t)commands / 30 / PARTITIONS * 3;
    static test_id ids[256];
    static char keys[256][16];
    static tt_txn *txns[256];
    uint64_t most = 0, dropped = 0;
    long long before = used_memory (), peak = 0;
    for (int done = 0; done < commands; done += group) {
        begin (world.batch);
        for (int i = 0; i < group; i++) {
            ids[i] = id_of_age (33 * MINUTE - (int64_t)30 * MINUTE * (done + i) / (commands + group));
            snprintf (keys[i], sizeof keys[i], "key-%d", i);
            txns[i] = add (world.batch, put_key, keys[i], NULL, &ids[i]);
        }
        run (world.batch);
        for (int i = 0; i < group; i++)
            cr_assert_eq (tt_txn_outcome (txns[i]).status, TT_OK, "%s", tt_txn_outcome (txns[i]).message);
        if (done / group % 20 != 19)
            continue;
        tt_retention_counts counts = forget (limit);
        most = counts.ids_kept > most ? counts.ids_kept : most;
        dropped += counts.ids_dropped;
        long long used = used_memory ();
        peak = used > peak ? used : peak;
    }
    cr_expect_leq (most, limit * PARTITIONS);
    cr_expect_gt (dropped, (uint64_t)commands / 2);
    cr_expect_lt (peak - before, (long long)limit * PARTITIONS * 100 + (2 << 20), "%lld bytes", peak - before);
    if (wish)
        fprintf (stderr,
                 "%d commands: at most %" PRIu64 " of %" PRIu64 " ids kept, %" PRIu64
                 " dropped, Redis grew by at most %lld bytes\n",
                 commands, most, limit * PARTITIONS, dropped, peak - before);
}

/* PROTOCOL.md, Retention, says how much. */
Test (ids, a_remembered_id_costs_so_much)
{
    const int count = 20000;
    char command[256];
    begin (world.batch);
    test_id *ids = tt_alloc ((size_t)count * sizeof *ids);
    for (int i = 0; i < count; i++) {
        ids[i] = id_of_age (5 * MINUTE);
        add (world.batch, put_key, KEY, NULL, &ids[i]);
    }
    run (world.batch);
    long long bytes = 0, known = 0;
    for (int64_t bucket = tt_clock_unix_ms () / MINUTE - 6; bucket <= tt_clock_unix_ms () / MINUTE; bucket++) {
        snprintf (command, sizeof command, "MEMORY USAGE 'tt:{test.%u}:r:%lld' SAMPLES 0", here (), (long long)bucket);
        bytes += private_redis_number (&world.redis, command);
        snprintf (command, sizeof command, "HLEN 'tt:{test.%u}:r:%lld'", here (), (long long)bucket);
        known += private_redis_number (&world.redis, command);
    }
    cr_expect_eq (known, count);
    cr_expect (bytes / known > 60 && bytes / known < 200, "%lld bytes an id", bytes / known);
    if (getenv ("TT_TEST_COMMANDS"))
        fprintf (stderr, "a remembered id with an outcome of 3 bytes: %lld bytes\n", bytes / known);
    free (ids);
}

Test (ids, buckets_that_have_ended_are_not_listed_for_ever)
{
    test_id old = id_of_age (30 * MINUTE);
    char command[128], answer[256];
    cr_assert_eq (do_one (put_row, &a_put, NULL, &old).status, TT_OK);
    snprintf (command, sizeof command, "DEL 'tt:{test.%u}:r:%lld'", here (), (long long)tt_uuid7_unix_ms (old.bytes) / MINUTE);
    cr_assert_eq (private_redis_number (&world.redis, command), 1);
    cr_expect_eq (forget (1000).ids_kept, 0);
    snprintf (command, sizeof command, "HGET 'tt:{test.%u}:meta' buckets", here ());
    private_redis_ask (&world.redis, command, answer, sizeof answer);
    cr_expect_eq (answer[0] == '\0' || answer[0] == '\n', true, "%s", answer);
}
