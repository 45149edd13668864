/* Journals, tails and consumer groups against a real Redis. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/journal.h"
#include "store/pipe.h"
#include "wire/envelope.h"
#include "world.h"

TestSuite (journal, .init = world_open, .fini = world_close, .timeout = 60);

#define KEY "one-key" /* so all events of a test are in one partition */

static uint32_t
here (void)
{
    return tt_partition_of (tt_bytes_of_text (KEY), PARTITIONS);
}

static void
append (int count)
{
    static const put_request request = { KEY, "x" };
    begin (world.batch);
    for (int i = 0; i < count; i++)
        add (world.batch, put_row, &request, NULL, NULL);
    run (world.batch);
}

static tt_status
read_from (uint64_t from, uint32_t limit, const tt_entry **entries, size_t *count, uint64_t *earliest)
{
    tt_error error = { 0 };
    return tt_journal_read (world.store, TT_JOURNAL_EVENTS, here (), from, limit, entries, count, earliest, &error);
}

Test (journal, is_dense_and_says_what_happened)
{
    append (30);
    append (12);
    const tt_entry *entries;
    size_t count;
    cr_assert_eq (read_from (1, 100, &entries, &count, NULL), TT_OK);
    cr_assert_eq (count, 42);
    for (size_t i = 0; i < count; i++) {
        tt_event_header header;
        cr_assert_eq (entries[i].sequence, i + 1);
        cr_assert_eq (entries[i].partition, here ());
        cr_assert_eq (tt_event_header_decode (entries[i].header, &header, NULL), TT_OK);
        cr_assert (tt_bytes_equal (header.type, tt_bytes_of_text ("techtransfer.v1.ProbeStored")));
        cr_assert (tt_bytes_equal (header.source, tt_bytes_of_text ("techtransfer/test")));
        cr_assert (tt_bytes_equal (header.partitionkey, tt_bytes_of_text (KEY)));
        cr_assert (tt_bytes_equal (entries[i].topic, tt_bytes_of_text ("test/stored/")));
    }
    cr_assert_eq (read_from (40, 2, &entries, &count, NULL), TT_OK);
    cr_assert_eq (count, 2);
    cr_assert_eq (read_from (43, 2, &entries, &count, NULL), TT_OK);
    cr_assert_eq (count, 0);
}

/* Any position and any limit, over blocks of all sizes: reading on from where the last reading ended meets each event once. */
Test (journal, is_read_in_pages_of_any_size)
{
    static const int sizes[] = { 1, 30, 2, 1, 100, 7, 260, 1 };
    static const uint32_t limits[] = { 1, 2, 3, 29, 64, 1000 };
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        append (sizes[i]);
        total += (uint64_t)sizes[i];
    }
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint64_t next = 1;
        for (size_t count = 1; count > 0;) {
            const tt_entry *entries;
            cr_assert_eq (read_from (next, limits[i], &entries, &count, NULL), TT_OK);
            cr_assert_leq (count, limits[i]);
            for (size_t e = 0; e < count; e++) {
                cr_assert_eq (entries[e].sequence, next++);
                cr_assert_eq (entries[e].epoch.size, TT_EPOCH_SIZE - 1);
            }
        }
        cr_assert_eq (next, total + 1, "limit %u", limits[i]);
    }
}

/* Appends to the stream past the commit functions. */
static void
add_by_hand (const char *id_and_fields)
{
    char command[256], answer[64];
    snprintf (command, sizeof command, "XADD 'tt:{test.%u}:j:events' %s", here (), id_and_fields);
    private_redis_ask (&world.redis, command, answer, sizeof answer);
    snprintf (command, sizeof command, "HSET 'tt:{test.%u}:meta' events 9", here ());
    private_redis_ask (&world.redis, command, answer, sizeof answer);
}

/* What is no block stops every reader: nobody hands on half of it, and nobody skips it. */
static void
check_refused (const char *id_and_fields)
{
    append (3);
    add_by_hand (id_and_fields);
    const tt_entry *entries;
    size_t count;
    tt_error error = { 0 };
    cr_assert_eq (read_from (4, 100, &entries, &count, NULL), TT_INTERNAL, "%s", id_and_fields);
    tt_position seen[PARTITIONS] = { 0 };
    seen[here ()].sequence = 3;
    tt_tail *tail = NULL;
    cr_assert_eq (tt_tail_open (&tail, &world.options, TT_JOURNAL_EVENTS, seen, &error), TT_OK);
    tt_status status = TT_OK;
    while (status == TT_OK || status == TT_UNAVAILABLE) {
        status = tt_tail_read (tail, &entries, &count, &error);
        cr_assert_eq (count, 0);
    }
    cr_assert_eq (status, TT_INTERNAL, "%s", id_and_fields);
    tt_tail_close (&tail);
    private_redis_number (&world.redis, "FLUSHALL");
    world.store->prepared = false;
}

Test (journal, what_is_no_block_stops_its_readers)
{
#define EPOCH "e 0190b3a4-0000-7000-8000-000000000000 "
    check_refused ("9-0 t topic/ h header b body"); /* an entry of an earlier version */
    check_refused ("9-0 n 1 " EPOCH "b abc");
    check_refused ("9-0 n 1 b '\001a\001b\001c'");
    check_refused ("9-0 n 6 " EPOCH "b \"\\x01a\\x01b\\x01c\"");
    check_refused ("9-0 n 0 " EPOCH "b ''");
    check_refused ("9-0 n 10 " EPOCH "b aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    check_refused ("9-0 n 99999999999999999999 " EPOCH "b aaaa");
    check_refused ("9-0 n -1 " EPOCH "b aaaa");
    check_refused ("9007199254740993-0 n 1 " EPOCH "b \"\\x01a\\x01b\\x01c\"");
}

Test (journal, trimmed_part_is_out_of_range)
{
    append (7);
    append (13);
    char command[128];
    snprintf (command, sizeof command, "XTRIM 'tt:{test.%u}:j:events' MINID 8-0", here ());
    cr_assert_eq (private_redis_number (&world.redis, command), 1, "entries of the stream are blocks");
    const tt_entry *entries;
    size_t count;
    uint64_t earliest = 0;
    tt_error error = { 0 };
    cr_assert_eq (read_from (7, 5, &entries, &count, &earliest), TT_OUT_OF_RANGE);
    cr_assert_eq (earliest, 8);
    cr_assert_eq (read_from (8, 100, &entries, &count, &earliest), TT_OK);
    cr_assert_eq (count, 13);
    cr_assert_eq (read_from (15, 100, &entries, &count, &earliest), TT_OK, "in the middle of a block");
    cr_assert_eq (count, 6);
    snprintf (command, sizeof command, "XTRIM 'tt:{test.%u}:j:events' MINID 15-0", here ());
    cr_assert_eq (private_redis_number (&world.redis, command), 0, "a block that anybody may need stays whole");
    tt_stand stands[PARTITIONS];
    cr_assert_eq (tt_journal_stands (world.store, TT_JOURNAL_EVENTS, stands, &error), TT_OK);
    cr_assert_eq (stands[here ()].earliest, 8);
    cr_assert_eq (strlen (stands[here ()].epoch), 36);
    snprintf (command, sizeof command, "XTRIM 'tt:{test.%u}:j:events' MAXLEN 0", here ());
    private_redis_number (&world.redis, command);
    cr_assert_eq (read_from (8, 100, &entries, &count, &earliest), TT_OUT_OF_RANGE);
    cr_assert_eq (earliest, 21);
    cr_assert_eq (read_from (21, 100, &entries, &count, &earliest), TT_OK);
    append (1);
    cr_assert_eq (read_from (21, 100, &entries, &count, &earliest), TT_OK);
    cr_assert_eq (count, 1, "sequences go on behind what was trimmed");
}

static void
log_it (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    Techtransfer__V1__ProbeStored body = TECHTRANSFER__V1__PROBE_STORED__INIT;
    body.key = (char *)KEY;
    tt_txn_at (txn, tt_bytes_of_text (KEY));
    tt_txn_log (txn, "index", &body.base);
    tt_txn_log (txn, "index", &body.base);
    tt_txn_event (txn, "test/stored/", KEY, &body.base);
}

Test (journal, logs_count_for_themselves)
{
    append (5);
    for (int i = 0; i < 3; i++)
        do_one (log_it, NULL, NULL, NULL);
    uint64_t heads[PARTITIONS];
    tt_error error = { 0 };
    cr_assert_eq (tt_journal_heads (world.store, "index", heads, &error), TT_OK);
    cr_assert_eq (heads[here ()], 6);
    cr_assert_eq (event_count (), 8);
    const tt_entry *entries;
    size_t count;
    cr_assert_eq (tt_journal_read (world.store, "index", here (), 1, 100, &entries, &count, NULL, &error), TT_OK);
    cr_assert_eq (count, 6);
    cr_assert_eq (entries[0].topic.size, 0);
    cr_assert_gt (entries[0].body.size, 0);
}

/* -- tail -- */

static tt_tail *
open_tail (uint64_t next_here)
{
    tt_position seen[PARTITIONS] = { 0 };
    seen[here ()].sequence = next_here - 1;
    tt_tail *tail = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_tail_open (&tail, &world.options, TT_JOURNAL_EVENTS, seen, &error), TT_OK);
    return tail;
}

static void
wait_on (int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN };
    poll (&item, fd >= 0, 100);
}

/* Reads until sequence `last` came; each must be the next one. Statuses that pass are waited over. */
static void
follow (tt_tail *tail, uint64_t first, uint64_t last)
{
    for (uint64_t next = first; next <= last;) {
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        tt_status status = tt_tail_read (tail, &entries, &count, &error);
        cr_assert (status == TT_OK || status == TT_UNAVAILABLE, "%s", error.message);
        for (size_t i = 0; i < count; i++)
            cr_assert_eq (entries[i].sequence, next++);
        if (count == 0)
            wait_on (tt_tail_fd (tail));
    }
}

Test (journal, tail_follows)
{
    append (10);
    tt_tail *tail = open_tail (4);
    follow (tail, 4, 10);
    append (300);
    append (1000);
    follow (tail, 11, 1310);
    private_redis_kill (&world.redis);
    private_redis_start (&world.redis);
    append (5);
    follow (tail, 1311, 1315);
    tt_tail_close (&tail);
}

/* A Redis that vanished without a word: the tail once waited for it for ever, and looked connected. */
Test (journal, tail_gives_up_a_silent_connection)
{
    append (3);
    world.options.timeout_ms = 200;
    tt_tail *tail = open_tail (1);
    follow (tail, 1, 3);
    kill (world.redis.pid, SIGSTOP);
    tt_status status = TT_OK;
    while (status == TT_OK) {
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        wait_on (tt_tail_fd (tail));
        status = tt_tail_read (tail, &entries, &count, &error);
    }
    cr_assert_eq (status, TT_UNAVAILABLE);
    cr_assert_not (tt_tail_connected (tail));
    kill (world.redis.pid, SIGCONT);
    append (2);
    follow (tail, 4, 5);
    tt_tail_close (&tail);
}

Test (journal, tail_tells_a_lost_end)
{
    append (10);
    tt_tail *tail = open_tail (1);
    follow (tail, 1, 10);
    private_redis_number (&world.redis, "FLUSHALL");
    tt_status status = TT_OK;
    while (status == TT_OK) {
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        wait_on (tt_tail_fd (tail));
        status = tt_tail_read (tail, &entries, &count, &error);
        cr_assert_eq (count, 0);
    }
    cr_assert_eq (status, TT_DATA_LOSS);
    size_t losses;
    const tt_loss *loss = tt_tail_losses (tail, &losses);
    cr_assert (losses == 1 && loss->partition == here () && loss->first == 1 && loss->last == 10);
    tt_tail_close (&tail);
}

/* -- group -- */

static tt_group *
open_group (const char *consumer, uint32_t claim_idle_ms)
{
    tt_group *group = NULL;
    tt_group_options options = { .name = "workers", .consumer = consumer, .claim_idle_ms = claim_idle_ms };
    tt_error error = { 0 };
    cr_assert_eq (tt_group_open (&group, &world.options, &options, &error), TT_OK);
    return group;
}

/* One read that gives something; seen[sequence] counts. Returns how many. */
static size_t
take (tt_group *group, int *seen)
{
    for (;;) {
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        tt_status status = tt_group_read (group, 64, &entries, &count, &error);
        cr_assert (status == TT_OK || status == TT_UNAVAILABLE, "%s", error.message);
        for (size_t i = 0; i < count; i++) {
            seen[entries[i].sequence]++;
            cr_assert (tt_bytes_equal (entries[i].topic, tt_bytes_of_text ("test/stored/")));
        }
        if (count)
            return count;
        wait_on (tt_group_fd (group));
    }
}

static void
acknowledge (tt_group *group)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_group_acknowledge (group, &error), TT_OK, "%s", error.message);
}

static uint64_t
lag (tt_group *group)
{
    uint64_t value = 99;
    tt_error error = { 0 };
    cr_assert_eq (tt_group_lag (group, &value, &error), TT_OK, "%s", error.message);
    return value;
}

Test (journal, group_claims_what_a_dead_consumer_had_taken)
{
    int first_seen[128] = { 0 }, second_seen[128] = { 0 };
    for (int i = 0; i < 40; i++)
        append (3);
    tt_group *first = open_group ("first", 100);
    size_t taken = take (first, first_seen);
    cr_assert_eq (taken, 48, "a share of 16 blocks");
    acknowledge (first);
    size_t lost = take (first, first_seen); /* and it dies before it has done them */
    cr_assert_gt (lost, 0);
    tt_group_close (&first);
    tt_group *second = open_group ("second", 100);
    cr_assert_eq (lag (second), lost / 3 + 120 - taken - lost, "blocks that were taken, and events that were not");
    size_t all = 0;
    while (all < 120 - taken) {
        all += take (second, second_seen);
        acknowledge (second);
    }
    cr_assert_eq (all, 120 - taken);
    for (size_t s = 1; s <= 120; s++)
        cr_assert_eq (second_seen[s], s > taken, "sequence %zu, of which %zu were done and %zu lost", s, taken, lost);
    cr_assert_eq (lag (second), 0);
    tt_group_close (&second);
}

/* A block that is larger than what is asked for comes in portions, and is done when the last portion is. */
Test (journal, group_claims_a_block_of_which_only_a_part_was_done)
{
    int first_seen[128] = { 0 }, second_seen[128] = { 0 };
    append (100);
    append (1);
    tt_group *first = open_group ("first", 100);
    cr_assert_eq (take (first, first_seen), 64);
    acknowledge (first);
    tt_group_close (&first);
    tt_group *second = open_group ("second", 100);
    cr_assert_eq (lag (second), 2);
    for (size_t all = 0; all < 101; acknowledge (second))
        all += take (second, second_seen);
    for (size_t s = 1; s <= 101; s++)
        cr_assert_eq (second_seen[s], 1, "sequence %zu", s);
    cr_assert_eq (lag (second), 0);
    tt_group_close (&second);
}

Test (journal, group_shares_among_the_living)
{
    int seen[2048] = { 0 };
    tt_group *groups[2] = { open_group ("first", 0), open_group ("second", 0) };
    size_t done = 0;
    for (int turn = 0; done < 1500; turn++) {
        if (turn < 3)
            append (500);
        tt_group *group = groups[turn % 2];
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        cr_assert_eq (tt_group_read (group, 64, &entries, &count, &error), TT_OK, "%s", error.message);
        for (size_t i = 0; i < count; i++)
            seen[entries[i].sequence]++;
        done += count;
        if (count)
            acknowledge (group);
        else
            wait_on (tt_group_fd (group));
    }
    for (int s = 1; s <= 1500; s++)
        cr_assert_eq (seen[s], 1, "sequence %d was given out %d times", s, seen[s]);
    tt_group_close (&groups[0]);
    tt_group_close (&groups[1]);
}

/* -- tables -- */

static bool
count_row (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    int *count = context;
    cr_assert_neq (version, 0);
    cr_assert (tt_bytes_equal (value, tt_bytes_of_text ("x")));
    cr_assert_eq (key.size, 8);
    return ++*count != 1000;
}

static void
put_many (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    uint64_t first = *(const uint64_t *)message;
    tt_txn_at (txn, tt_bytes_of_text (KEY));
    for (uint64_t i = 0; i < 500; i++)
        tt_txn_put_blind (txn, "many", tt_number_key (txn, first + i), tt_bytes_of_text ("x"));
}

Test (journal, table_is_visited_whole_or_until_stopped)
{
    uint64_t first = 0;
    int count = 1000; /* past the number at which the visitor stops */
    tt_error error = { 0 };
    for (; first < 4000; first += 500)
        do_one (put_many, &first, NULL, NULL);
    cr_assert_eq (tt_table_visit (world.store, here (), "many", count_row, &count, &error), TT_OK);
    cr_assert_eq (count, 5000);
    count = 0;
    cr_assert_eq (tt_table_visit (world.store, here (), "many", count_row, &count, &error), TT_OK);
    cr_assert_eq (count, 1000);
}
