/* bench_bus ENDPOINT_COMMANDS ENDPOINT_EVENTS ENDPOINT_REPLAY COUNT PREFIX [throughput]: drives techtransfer.v1.Probe of a running daemon and prints
 * figures. Throughput counts until every command is answered and its event has reached the subscriber. */
#include <czmq.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "bench/bus/measure.h"
#include "bus/client.h"
#include "bus/subscriber.h"
#include "envelope.pb-c.h"

#define METHOD "techtransfer.v1.Probe/Put"

static const char *commands, *events, *replay, *prefix;

static void
die (const char *what, const tt_error *error)
{
    fprintf (stderr, "bench_bus: %s: %s\n", what, error->message);
    exit (1);
}

static tt_subscriber *
subscribe (bool live_only)
{
    tt_error error = { 0 };
    tt_subscriber *subscriber = NULL;
    tt_subscriber_options options = { .stream = "probe", .events = events, .replay = replay, .live_only = live_only };
    if (tt_subscriber_open (&subscriber, &options, &error) != TT_OK)
        die ("subscribe", &error);
    return subscriber;
}

/* The next event; anything but an event within 30 s ends the bench. */
static void
next_event (tt_subscriber *subscriber, tt_event *event)
{
    tt_error error = { 0 };
    if (tt_subscriber_next (subscriber, 30000, event, &error) != TT_OK)
        die ("event", &error);
}

static void
become_live (tt_subscriber *subscriber)
{
    tt_event event;
    tt_error error;
    while (!tt_subscriber_is_live (subscriber))
        (void) !tt_subscriber_next (subscriber, 20, &event, &error);
}

static size_t
pack_put (uint8_t *out, uint64_t number)
{
    uint8_t payload[BENCH_PAYLOAD];
    char key[32];
    bench_payload (payload, number);
    snprintf (key, sizeof key, "key-%llu", (unsigned long long) number);
    Techtransfer__V1__ProbePutRequest request = TECHTRANSFER__V1__PROBE_PUT_REQUEST__INIT;
    request.key = key;
    request.payload = (ProtobufCBinaryData){ BENCH_PAYLOAD, payload };
    return techtransfer__v1__probe_put_request__pack (&request, out);
}

/* -- throughput -- */

struct counting {
    uint64_t wanted;
    atomic_bool live;
    double finished;
};

static void *
count_events (void *argument)
{
    struct counting *counting = argument;
    tt_subscriber *subscriber = subscribe (true);
    become_live (subscriber);
    atomic_store (&counting->live, true);
    tt_event event;
    for (uint64_t n = 0; n < counting->wanted; n++)
        next_event (subscriber, &event);
    counting->finished = bench_seconds ();
    tt_subscriber_close (&subscriber);
    return NULL;
}

static void
drive (tt_client *client, uint64_t count)
{
    tt_error error = { 0 };
    tt_client_reply reply;
    uint8_t body[BENCH_PAYLOAD + 64];
    uint64_t sent = 0, answered = 0;
    while (answered < count) {
        for (; sent < count && tt_client_in_flight (client) < BENCH_IN_FLIGHT; sent++) {
            size_t size = pack_put (body, sent);
            if (tt_client_send (client, METHOD, (tt_bytes){ body, size }, NULL, &error) != TT_OK)
                die ("send", &error);
        }
        for (int wait = 30000; tt_client_receive (client, wait, &reply) == TT_OK; wait = 0) {
            if (reply.result.code != TT_OK)
                snprintf (error.message, sizeof error.message, "%s", reply.result.message), die ("reply", &error);
            answered++;
        }
    }
}

static void
throughput (tt_client *client, uint64_t count)
{
    struct counting counting = { .wanted = count };
    pthread_t thread;
    pthread_create (&thread, NULL, count_events, &counting);
    while (!atomic_load (&counting.live))
        zclock_sleep (1);
    double began = bench_seconds ();
    drive (client, count);
    double answered = bench_seconds ();
    pthread_join (thread, NULL);
    double ended = counting.finished > answered ? counting.finished : answered;
    bench_figure (prefix, "commands_per_s", (double) count / (ended - began), "commands/s");
}

/* -- latency -- */

static void
latency (tt_client *client, size_t count)
{
    tt_subscriber *subscriber = subscribe (true);
    become_live (subscriber);
    double *reply_us = tt_alloc (count * sizeof *reply_us), *event_us = tt_alloc (count * sizeof *event_us);
    uint8_t body[BENCH_PAYLOAD + 64];
    for (size_t i = 0; i < count; i++) {
        tt_client_reply reply;
        tt_event event;
        tt_error error = { 0 };
        size_t size = pack_put (body, i);
        double began = bench_seconds ();
        if (tt_client_send (client, METHOD, (tt_bytes){ body, size }, NULL, &error) != TT_OK
            || tt_client_receive (client, 30000, &reply) != TT_OK)
            die ("latency", &error);
        reply_us[i] = (bench_seconds () - began) * 1e6;
        next_event (subscriber, &event);
        event_us[i] = (bench_seconds () - began) * 1e6;
    }
    bench_figure (prefix, "reply_p50_us", bench_quantile (reply_us, count, 0.5), "us");
    bench_figure (prefix, "latency_p50_us", bench_quantile (event_us, count, 0.5), "us");
    bench_figure (prefix, "latency_p99_us", bench_quantile (event_us, count, 0.99), "us");
    free (reply_us);
    free (event_us);
    tt_subscriber_close (&subscriber);
}

/* -- replay -- */

static void
replay_all (uint64_t count)
{
    tt_event event;
    double began = bench_seconds ();
    tt_subscriber *subscriber = subscribe (false);
    for (uint64_t n = 0; n < count; n++)
        next_event (subscriber, &event);
    bench_figure (prefix, "replay_events_per_s", (double) count / (bench_seconds () - began), "events/s");
    tt_subscriber_close (&subscriber);
}

int
main (int argc, char **argv)
{
    if (argc != 6 && argc != 7) {
        fprintf (stderr, "usage: bench_bus COMMANDS EVENTS REPLAY COUNT PREFIX\n");
        return 2;
    }
    commands = argv[1], events = argv[2], replay = argv[3], prefix = argv[5];
    uint64_t count = strtoull (argv[4], NULL, 10);
    tt_log_configure ("bench_bus", TT_LOG_WARNING, TT_LOG_AUTO);
    zsys_handler_set (NULL);
    tt_error error = { 0 };
    tt_client *client = NULL;
    tt_client_options options = { .endpoints = commands, .timeout_ms = 60000, .try_ms = 20000 };
    if (tt_client_open (&client, &options, &error) != TT_OK)
        die ("client", &error);
    drive (client, 2000); /* warm */
    throughput (client, count);
    if (argc == 6) {
        latency (client, 2000);
        replay_all (count);
    }
    tt_client_close (&client);
    return 0;
}
