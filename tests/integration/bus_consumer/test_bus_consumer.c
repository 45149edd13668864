/* The durable consumer of the C library, alone and as part of a subscriber, against a daemon. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/client.h"
#include "bus/consumer.h"
#include "bus/subscriber.h"
#include "envelope.pb-c.h"
#include "support/rig.h"

#define PATIENCE_MS 60000
#define PARTITIONS 8

static rig world;
static char commands_at[512], events_at[512], replay_at[512];

static void
open_world (void)
{
    tt_log_configure ("test", TT_LOG_ERROR, TT_LOG_TEXT);
    rig_open (&world, "everysec");
    (void)rig_daemon_start (&world, "tests/support/probed");
    rig_endpoints (&world, 'c', commands_at, sizeof commands_at);
    rig_endpoints (&world, 'e', events_at, sizeof events_at);
    rig_endpoints (&world, 'r', replay_at, sizeof replay_at);
}

static void
close_world (void)
{
    rig_close (&world);
}

TestSuite (bus_consumer, .init = open_world, .fini = close_world, .timeout = 120);

static void
put (int count)
{
    tt_client *client = NULL;
    tt_error error = { 0 };
    tt_client_options options = { .endpoints = commands_at };
    cr_assert_eq (tt_client_open (&client, &options, &error), TT_OK, "%s", error.message);
    for (int i = 0; i < count; i++) {
        char key[16];
        Techtransfer__V1__ProbePutRequest request = TECHTRANSFER__V1__PROBE_PUT_REQUEST__INIT;
        tt_call_result result = { 0 };
        snprintf (key, sizeof key, "key-%d", i);
        request.key = key;
        cr_assert_eq (tt_client_call (client, "techtransfer.v1.Probe/Put", &request.base,
                                      &techtransfer__v1__probe_put_reply__descriptor, NULL, &result),
                      TT_OK, "%s", result.message);
    }
    tt_client_close (&client);
}

static tt_consumer *
consumer_open (const char *name, const char *endpoints)
{
    tt_consumer *consumer = NULL;
    tt_error error = { 0 };
    tt_consumer_options options = { .name = name, .commands = endpoints, .timeout_ms = 10000 };
    cr_assert_eq (tt_consumer_open (&consumer, &options, &error), TT_OK, "%s", error.message);
    return consumer;
}

static tt_subscriber *
subscriber_open (void)
{
    tt_subscriber *subscriber = NULL;
    tt_error error = { 0 };
    tt_subscriber_options options
        = { .stream = "probe", .events = events_at, .replay = replay_at, .consumer = "archive", .commands = commands_at };
    cr_assert_eq (tt_subscriber_open (&subscriber, &options, &error), TT_OK, "%s", error.message);
    return subscriber;
}

static void
take (tt_subscriber *subscriber, int count, uint64_t *next)
{
    for (int i = 0; i < count; i++) {
        tt_event event;
        tt_error error = { 0 };
        cr_assert_eq (tt_subscriber_next (subscriber, PATIENCE_MS, &event, &error), TT_OK, "event %d: %s", i, error.message);
        cr_assert_eq (event.sequence, next[event.partition]);
        next[event.partition]++;
    }
}

Test (bus_consumer, a_subscriber_goes_on_where_it_acknowledged)
{
    uint64_t next[PARTITIONS], acknowledged[PARTITIONS];
    tt_error error = { 0 };
    for (int p = 0; p < PARTITIONS; p++)
        next[p] = 1;
    put (60);
    tt_subscriber *subscriber = subscriber_open ();
    take (subscriber, 40, next);
    memcpy (acknowledged, next, sizeof next);
    cr_assert_eq (tt_subscriber_acknowledge (subscriber, -1, &error), TT_OK, "%s", error.message);
    take (subscriber, 20, next); /* and dies before it says so */
    tt_subscriber_close (&subscriber);

    tt_consumer_start start;
    tt_consumer *consumer = consumer_open ("archive", commands_at);
    cr_assert_eq (tt_consumer_positions (consumer, &start, &error), TT_OK, "%s", error.message);
    cr_assert_eq (start.count, PARTITIONS);
    for (int p = 0; p < PARTITIONS; p++) {
        cr_expect_eq (start.from[p], acknowledged[p], "partition %d", p);
        cr_expect_eq (start.epochs[p][0] == '\0', acknowledged[p] == 1, "partition %d: epoch %s", p, start.epochs[p]);
    }
    tt_consumer_close (&consumer);

    put (5);
    subscriber = subscriber_open ();
    take (subscriber, 25, acknowledged);
    cr_assert_eq (tt_subscriber_acknowledge (subscriber, -1, &error), TT_OK, "%s", error.message);
    tt_subscriber_close (&subscriber);
}

Test (bus_consumer, without_waiting_it_says_so_once_in_a_while)
{
    uint64_t positions[PARTITIONS] = { 0 };
    tt_consumer_start start;
    tt_error error = { 0 };
    put (30);
    tt_consumer *consumer = consumer_open ("archive", commands_at), *other = consumer_open ("archive", commands_at);
    cr_expect_eq (tt_consumer_positions (other, &start, &error), TT_NOT_FOUND);
    tt_status status = TT_NOT_FOUND;
    for (int64_t until = tt_clock_monotonic_us () + 1000 * PATIENCE_MS;
         status == TT_NOT_FOUND && tt_clock_monotonic_us () < until;) {
        cr_assert_eq (tt_consumer_acknowledge (consumer, positions, NULL, PARTITIONS, 0, &error), TT_OK, "%s", error.message);
        status = tt_consumer_positions (other, &start, &error);
    }
    cr_assert_eq (status, TT_OK);
    tt_consumer_close (&other);
    tt_consumer_close (&consumer);
}

Test (bus_consumer, what_the_journal_does_not_have_is_data_loss_and_is_said_again)
{
    uint64_t positions[PARTITIONS] = { [3] = 1000 };
    tt_error error = { 0 };
    tt_consumer *consumer = consumer_open ("archive", commands_at);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq (tt_consumer_acknowledge (consumer, positions, NULL, PARTITIONS, -1, &error), TT_DATA_LOSS);
        cr_expect_not_null (strstr (error.message, "partition 3"), "%s", error.message);
    }
    positions[3] = 0;
    cr_expect_eq (tt_consumer_acknowledge (consumer, positions, NULL, PARTITIONS, -1, &error), TT_OK, "%s", error.message);
    tt_consumer_close (&consumer);
}

Test (bus_consumer, nobody_answers_and_then_somebody_does)
{
    uint64_t positions[PARTITIONS] = { 0 };
    tt_error error = { 0 };
    rig_daemon_kill (&world, 0);
    tt_consumer *consumer = consumer_open ("archive", commands_at);
    cr_expect_eq (tt_consumer_acknowledge (consumer, positions, NULL, PARTITIONS, 300, &error), TT_DEADLINE_EXCEEDED);
    rig_daemon_restart (&world, 0);
    tt_status status = TT_DEADLINE_EXCEEDED;
    for (int64_t until = tt_clock_monotonic_us () + 1000 * PATIENCE_MS; status != TT_OK && tt_clock_monotonic_us () < until;)
        status = tt_consumer_acknowledge (consumer, positions, NULL, PARTITIONS, 1000, &error);
    cr_expect_eq (status, TT_OK, "%s", error.message);
    tt_consumer_close (&consumer);
}

Test (bus_consumer, refuses_wrong_options)
{
    tt_consumer *consumer = NULL;
    tt_subscriber *subscriber = NULL;
    tt_error error = { 0 };
    cr_expect_eq (tt_consumer_open (&consumer, &(tt_consumer_options){ .name = "", .commands = commands_at }, &error),
                  TT_INVALID_ARGUMENT);
    cr_expect_eq (tt_consumer_open (&consumer, &(tt_consumer_options){ .name = "a", .commands = "nowhere" }, &error),
                  TT_INVALID_ARGUMENT);
    cr_expect_eq (tt_consumer_open (&consumer, &(tt_consumer_options){ .name = "a" }, &error), TT_INVALID_ARGUMENT);
    tt_subscriber_options options
        = { .stream = "probe", .events = events_at, .replay = replay_at, .consumer = "a", .commands = "nowhere" };
    cr_expect_eq (tt_subscriber_open (&subscriber, &options, &error), TT_INVALID_ARGUMENT);
    options.consumer = NULL;
    cr_assert_eq (tt_subscriber_open (&subscriber, &options, &error), TT_OK, "%s", error.message);
    cr_expect_eq (tt_subscriber_acknowledge (subscriber, 0, &error), TT_FAILED_PRECONDITION);
    tt_subscriber_close (&subscriber);
}
