/* Sharing a journal: what is given out, acknowledged, claimed and set back, also when the journal loses its end. */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "played.h"
#include "world.h"

TestSuite (group, .init = world_open, .fini = world_close, .timeout = 60);

static tt_group *
open_group (const char *consumer)
{
    tt_group *group = NULL;
    tt_group_options options = { .name = "workers", .consumer = consumer, .claim_idle_ms = 200 };
    tt_error error = { 0 };
    cr_assert_eq (tt_group_open (&group, &world.options, &options, &error), TT_OK);
    return group;
}

/* Takes and acknowledges until `last` came. */
static tt_status
work_to (tt_group *group, uint64_t last)
{
    for (uint64_t highest = 0; highest < last;) {
        const tt_entry *entries;
        size_t count;
        tt_error error = { 0 };
        tt_status status = tt_group_read (group, 64, &entries, &count, &error);
        if (status != TT_OK && status != TT_UNAVAILABLE)
            return status;
        for (size_t i = 0; i < count; i++)
            highest = entries[i].sequence > highest ? entries[i].sequence : highest;
        if (count > 0)
            cr_assert_eq (tt_group_acknowledge (group, &error), TT_OK, "%s", error.message);
        else
            wait_on (tt_group_fd (group));
    }
    return TT_OK;
}

Test (group, a_group_tells_what_it_had_taken_and_goes_on)
{
    append (90);
    tt_group *group = open_group ("one");
    cr_assert_eq (work_to (group, 90), TT_OK);
    replicate ("b");
    append (10);
    cr_assert_eq (work_to (group, 100), TT_OK);
    promote ("b");
    append (20);
    cr_assert_eq (work_to (group, 110), TT_DATA_LOSS);
    size_t count;
    const tt_loss *losses = tt_group_losses (group, &count);
    cr_assert (count == 1 && losses->partition == here () && losses->first == 91 && losses->last == 100);
    cr_assert_eq (work_to (group, 110), TT_OK);
    tt_group_close (&group);
}

Test (group, a_group_is_set_back_to_where_everything_was_done_and_never_forward)
{
    append (10);
    append (10);
    tt_group *group = open_group ("one");
    tt_position done[PARTITIONS];
    tt_error error = { 0 };
    cr_assert_eq (work_to (group, 20), TT_OK);
    cr_assert_eq (tt_group_done (group, done, &error), TT_OK);
    cr_assert_eq (done[here ()].sequence, 20);
    append (10);
    const tt_entry *entries;
    size_t count = 0;
    while (count == 0) {
        wait_on (tt_group_fd (group));
        cr_assert_eq (tt_group_read (group, 64, &entries, &count, &error), TT_OK, "%s", error.message);
    }
    cr_assert_eq (tt_group_done (group, done, &error), TT_OK);
    cr_assert_geq (done[here ()].sequence, 20); /* the block is in hand; its number is its last sequence */
    cr_assert_lt (done[here ()].sequence, 30);
    cr_assert_eq (tt_group_acknowledge (group, &error), TT_OK);
    cr_assert_eq (tt_group_done (group, done, &error), TT_OK);
    cr_assert_eq (done[here ()].sequence, 30);
    uint64_t back[PARTITIONS] = { 1000, 1000, 1000, 1000 };
    cr_assert_eq (tt_group_set_back (group, back, &error), TT_OK);
    append (1);
    cr_assert_eq (work_to (group, 31), TT_OK, "nothing was skipped");
    back[here ()] = 10;
    cr_assert_eq (tt_group_set_back (group, back, &error), TT_OK);
    count = 0;
    while (count == 0) {
        wait_on (tt_group_fd (group));
        cr_assert_eq (tt_group_read (group, 64, &entries, &count, &error), TT_OK, "%s", error.message);
    }
    cr_assert_eq (entries[0].sequence, 11);
    tt_group_close (&group);
}

static size_t
read_some (tt_group *group, tt_status *status)
{
    const tt_entry *entries;
    size_t count = 0;
    tt_error error = { 0 };
    do {
        *status = tt_group_read (group, 64, &entries, &count, &error);
        if (count == 0 && *status == TT_OK)
            wait_on (tt_group_fd (group));
    } while (count == 0 && (*status == TT_OK || *status == TT_UNAVAILABLE));
    return count;
}

Test (group, what_an_earlier_group_gave_out_is_acknowledged_in_vain)
{
    tt_error error = { 0 };
    tt_status status;
    uint64_t back[PARTITIONS] = { 0 };
    tt_position done[PARTITIONS];
    append (10);
    tt_group *late = open_group ("late"), *next = open_group ("next");
    cr_assert_eq (read_some (late, &status), 10);
    cr_assert_eq (tt_group_set_back (next, back, &error), TT_OK, "%s", error.message);
    cr_assert_eq (read_some (next, &status), 10, "given out again");
    cr_assert_eq (tt_group_acknowledge (late, &error), TT_OK);
    cr_assert_eq (tt_group_done (next, done, &error), TT_OK);
    cr_assert_lt (done[here ()].sequence, 10, "whoever has it now is not through");
    cr_assert_eq (tt_group_acknowledge (next, &error), TT_OK);
    cr_assert_eq (tt_group_done (next, done, &error), TT_OK);
    cr_assert_eq (done[here ()].sequence, 10);
    append (5);
    cr_assert_eq (work_to (late, 15), TT_OK, "it goes on in the group of now");
    tt_group_close (&late);
    tt_group_close (&next);
}

Test (group, a_set_back_that_was_cut_short_is_finished_by_the_next_who_looks)
{
    tt_error error = { 0 };
    char command[160];
    append (10);
    tt_group *group = open_group ("one");
    cr_assert_eq (work_to (group, 10), TT_OK);
    snprintf (command, sizeof command, "XGROUP CREATE tt:{test.%u}:j:events workers.1 0", here ());
    private_redis_number (&world.redis, command); /* and died before it removed the other */
    tt_group *other = open_group ("two");
    uint64_t back[PARTITIONS] = { 0 };
    cr_assert_eq (tt_group_set_back (other, back, &error), TT_OK, "%s", error.message);
    snprintf (command, sizeof command, "EVAL \"return #redis.call ('XINFO', 'GROUPS', 'tt:{test.%u}:j:events')\" 0", here ());
    cr_assert_eq (private_redis_number (&world.redis, command), 1, "one group is left");
    cr_assert_eq (work_to (other, 10), TT_OK);
    tt_group_close (&group);
    tt_group_close (&other);
}

Test (group, nothing_is_claimed_before_the_history_was_asked_for)
{
    tt_status status;
    append (10);
    tt_group *dead = open_group ("dead"), *group = open_group ("one");
    cr_assert_eq (read_some (dead, &status), 10);
    replicate ("b"); /* the copy has them as taken by the dead one */
    append (10);
    cr_assert_eq (work_to (group, 20), TT_OK);
    promote ("b");
    char command[160];
    snprintf (command, sizeof command, "EVAL \"return #redis.call ('XPENDING', 'tt:{test.%u}:j:events', 'workers', 'IDLE', 300, '-', '+', 1)\" 0", here ());
    while (private_redis_number (&world.redis, command) == 0) /* until somebody may claim them */
        poll (NULL, 0, 10);
    cr_assert_eq (read_some (group, &status), 0);
    cr_assert_eq (status, TT_DATA_LOSS, "that 11 to 20 are gone is told first");
    cr_assert_eq (work_to (group, 10), TT_OK, "then they are claimed");
    tt_group_close (&dead);
    tt_group_close (&group);
}

static size_t
read_up_to (tt_group *group, uint32_t limit)
{
    const tt_entry *entries;
    size_t count = 0;
    tt_error error = { 0 };
    tt_status status;
    do {
        status = tt_group_read (group, limit, &entries, &count, &error);
        if (count == 0 && status == TT_OK)
            wait_on (tt_group_fd (group));
    } while (count == 0 && (status == TT_OK || status == TT_UNAVAILABLE));
    return count;
}

Test (group, who_sets_back_forgets_the_rest_of_a_block_in_hand)
{
    tt_error error = { 0 };
    tt_status status;
    const tt_entry *entries;
    size_t count;
    uint64_t back[PARTITIONS] = { 0 };
    tt_position done[PARTITIONS];
    append (10);
    tt_group *one = open_group ("one"), *two = open_group ("two");
    cr_assert_eq (read_up_to (one, 4), 4);
    cr_assert_eq (tt_group_acknowledge (one, &error), TT_OK);
    cr_assert_eq (tt_group_set_back (one, back, &error), TT_OK, "%s", error.message);
    cr_assert_eq (read_some (two, &status), 10, "given out again");
    (void)!tt_group_read (one, 64, &entries, &count, &error);
    cr_expect_eq (count, 0);
    cr_assert_eq (tt_group_acknowledge (one, &error), TT_OK);
    cr_assert_eq (tt_group_done (two, done, &error), TT_OK);
    cr_expect_lt (done[here ()].sequence, 10);
    tt_group_close (&one);
    tt_group_close (&two);
}

Test (group, how_far_a_group_is_that_another_one_has_set_back_is_not_known)
{
    tt_error error = { 0 };
    uint64_t back[PARTITIONS] = { 0 };
    tt_position done[PARTITIONS];
    append (10);
    tt_group *late = open_group ("late"), *next = open_group ("next");
    cr_assert_eq (work_to (late, 10), TT_OK);
    back[here ()] = 5;
    cr_assert_eq (tt_group_set_back (next, back, &error), TT_OK);
    cr_expect_eq (tt_group_done (late, done, &error), TT_UNAVAILABLE, "0 would be a place");
    cr_assert_eq (work_to (late, 10), TT_OK);
    cr_expect_eq (tt_group_done (late, done, &error), TT_OK);
    cr_expect_eq (done[here ()].sequence, 10);
    tt_group_close (&late);
    tt_group_close (&next);
}

struct setter {
    tt_group *group;
    uint64_t to;
    tt_status status;
    pthread_barrier_t *barrier;
};

static void *
set_back_together (void *argument)
{
    struct setter *s = argument;
    uint64_t back[PARTITIONS] = { 1000000, 1000000, 1000000, 1000000 };
    tt_error error = { 0 };
    back[here ()] = s->to;
    pthread_barrier_wait (s->barrier);
    do
        s->status = tt_group_set_back (s->group, back, &error);
    while (s->status == TT_UNAVAILABLE); /* the other one was in between: its caller tries again */
    return NULL;
}

Test (group, of_two_set_backs_at_a_time_the_deeper_one_counts)
{
    append (5);
    append (5);
    tt_group *worker = open_group ("worker"), *a = open_group ("a"), *b = open_group ("b");
    cr_assert_eq (work_to (worker, 10), TT_OK);
    for (int i = 0; i < 100; i++) {
        pthread_barrier_t barrier;
        pthread_t threads[2];
        const tt_entry *entries;
        size_t count = 0;
        tt_error error = { 0 };
        pthread_barrier_init (&barrier, NULL, 2);
        struct setter both[2] = { { a, 5, TT_OK, &barrier }, { b, 0, TT_OK, &barrier } };
        for (int t = 0; t < 2; t++)
            pthread_create (&threads[t], NULL, set_back_together, &both[t]);
        for (int t = 0; t < 2; t++)
            pthread_join (threads[t], NULL);
        pthread_barrier_destroy (&barrier);
        cr_assert (both[0].status == TT_OK && both[1].status == TT_OK);
        while (count == 0) {
            tt_status status = tt_group_read (worker, 64, &entries, &count, &error);
            cr_assert (status == TT_OK || status == TT_UNAVAILABLE);
            if (count == 0)
                wait_on (tt_group_fd (worker));
        }
        cr_assert_eq (entries[0].sequence, 1, "round %d goes on at %llu", i, (unsigned long long)entries[0].sequence);
        uint64_t last = entries[count - 1].sequence;
        cr_assert_eq (tt_group_acknowledge (worker, &error), TT_OK);
        if (last < 10)
            cr_assert_eq (work_to (worker, 10), TT_OK);
    }
    tt_group_close (&worker);
    tt_group_close (&a);
    tt_group_close (&b);
}

/* What follows from entries of one server must not be written to another, where they may be unknown. */
Test (group, a_pinned_store_refuses_another_server)
{
    append (1);
    tt_group *group = open_group ("one");
    cr_assert_eq (work_to (group, 1), TT_OK);
    tt_group_pin (group, world.store);
    append (1);
    private_redis_kill (&world.redis);
    private_redis_start (&world.redis);
    static const put_request request = { KEY, "x" };
    tt_error error = { 0 };
    begin (world.batch);
    add (world.batch, put_row, &request, NULL, NULL);
    cr_assert_eq (tt_batch_run (world.batch, &error), TT_UNAVAILABLE);
    cr_assert (strstr (error.message, "another server"), "%s", error.message);
    tt_status status = TT_UNAVAILABLE;
    while (status == TT_UNAVAILABLE)
        status = tt_group_renew (group, &error);
    cr_assert_eq (status, TT_OK);
    tt_group_pin (group, world.store);
    append (1);
    tt_group_close (&group);
}

/* The group found the new server first: the store still has its connection to the old one, on which nothing may be sent any more.
 */
Test (group, a_pinned_store_leaves_a_server_that_is_gone)
{
    append (1);
    tt_group *group = open_group ("one");
    cr_assert_eq (work_to (group, 1), TT_OK);
    private_redis_kill (&world.redis);
    private_redis_start (&world.redis);
    tt_error error = { 0 };
    tt_status status = TT_UNAVAILABLE;
    while (status == TT_UNAVAILABLE)
        status = tt_group_renew (group, &error);
    cr_assert_eq (status, TT_OK, "%s", error.message);
    tt_group_pin (group, world.store);
    static const put_request request = { KEY, "x" };
    status = TT_UNAVAILABLE;
    for (int tries = 0; tries < 3 && status == TT_UNAVAILABLE; tries++) {
        begin (world.batch);
        add (world.batch, put_row, &request, NULL, NULL);
        status = tt_batch_run (world.batch, &error);
    }
    cr_assert_eq (status, TT_OK, "%s", error.message);
    tt_group_close (&group);
}
