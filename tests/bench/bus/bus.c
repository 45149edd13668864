/* bench_bus COUNT PREFIX [replica=COMMANDS,EVENTS,REPLAY]... [cpu=NAME:PID]... [only=throughput]: drives techtransfer.v1.Probe of running daemons
 * and prints figures. Throughput counts until every command is answered and its event has reached the subscriber of each replica. */
#include <czmq.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "bench/bus/measure.h"
#include "bus/client.h"
#include "bus/subscriber.h"
#include "envelope.pb-c.h"

#define METHOD "techtransfer.v1.Probe/Put"

#define REPLICAS_MAX 8

typedef struct {
    char *commands, *events, *replay;
} replica;

static const char *prefix;
static replica replicas[REPLICAS_MAX];
static size_t replica_count;

static void
die (const char *what, const tt_error *error)
{
    fprintf (stderr, "bench_bus: %s: %s\n", what, error->message);
    exit (1);
}

static tt_subscriber *
subscribe (const replica *at, bool live_only)
{
    tt_error error = { 0 };
    tt_subscriber *subscriber = NULL;
    tt_subscriber_options options = { .stream = "probe", .events = at->events, .replay = at->replay, .live_only = live_only };
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
    const replica *at;
    uint64_t wanted;
    atomic_bool live;
    double finished;
};

static void *
count_events (void *argument)
{
    struct counting *counting = argument;
    tt_subscriber *subscriber = subscribe (counting->at, true);
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
drive (tt_client *client, uint64_t first, uint64_t count, size_t in_flight)
{
    tt_error error = { 0 };
    tt_client_reply reply;
    uint8_t body[BENCH_PAYLOAD + 64];
    uint64_t sent = 0, answered = 0;
    while (answered < count) {
        for (; sent < count && tt_client_in_flight (client) < in_flight; sent++) {
            size_t size = pack_put (body, first + sent);
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

struct driving {
    tt_client *client;
    uint64_t first, count;
};

static void *
drive_share (void *argument)
{
    struct driving *driving = argument;
    drive (driving->client, driving->first, driving->count, BENCH_IN_FLIGHT / replica_count);
    return NULL;
}

/* A client and a subscriber for each replica; the clients share the commands. */
static void
throughput (tt_client **clients, uint64_t count)
{
    struct counting counting[REPLICAS_MAX] = { 0 };
    struct driving driving[REPLICAS_MAX];
    pthread_t subscribers[REPLICAS_MAX], drivers[REPLICAS_MAX];
    uint64_t share = count / replica_count;
    for (size_t i = 0; i < replica_count; i++) {
        counting[i].at = &replicas[i];
        counting[i].wanted = share * replica_count;
        pthread_create (&subscribers[i], NULL, count_events, &counting[i]);
    }
    for (size_t i = 0; i < replica_count; i++)
        while (!atomic_load (&counting[i].live))
            zclock_sleep (1);
    bench_watch_begin ();
    double began = bench_seconds (), ended = 0;
    for (size_t i = 0; i < replica_count; i++) {
        driving[i] = (struct driving){ clients[i], i * share, share };
        pthread_create (&drivers[i], NULL, drive_share, &driving[i]);
    }
    for (size_t i = 0; i < replica_count; i++)
        pthread_join (drivers[i], NULL);
    double answered = bench_seconds ();
    for (size_t i = 0; i < replica_count; i++) {
        pthread_join (subscribers[i], NULL);
        ended = counting[i].finished > ended ? counting[i].finished : ended;
    }
    ended = answered > ended ? answered : ended;
    bench_figure (prefix, "commands_per_s", (double)(share * replica_count) / (ended - began), "commands/s");
    bench_watch_end (prefix, (double)(share * replica_count));
}

/* -- latency -- */

static void
latency (tt_client *client, size_t count)
{
    tt_subscriber *subscriber = subscribe (&replicas[0], true);
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
    bench_watch_begin ();
    double began = bench_seconds ();
    tt_subscriber *subscriber = subscribe (&replicas[0], false);
    for (uint64_t n = 0; n < count; n++)
        next_event (subscriber, &event);
    bench_figure (prefix, "replay_events_per_s", (double) count / (bench_seconds () - began), "events/s");
    char name[128];
    snprintf (name, sizeof name, "%sreplay_", prefix);
    bench_watch_end (name, (double) count);
    tt_subscriber_close (&subscriber);
}

/* "COMMANDS,EVENTS,REPLAY" */
static bool
add_replica (char *endpoints)
{
    replica *at = &replicas[replica_count];
    char *rest = NULL;
    if (replica_count == REPLICAS_MAX)
        return false;
    at->commands = strtok_r (endpoints, ",", &rest);
    at->events = strtok_r (NULL, ",", &rest);
    at->replay = strtok_r (NULL, ",", &rest);
    replica_count++;
    return at->replay != NULL;
}

static bool
take_options (int argc, char **argv, bool *whole)
{
    bool good = argc > 3;
    for (int i = 3; good && i < argc; i++) {
        if (strncmp (argv[i], "replica=", 8) == 0)
            good = add_replica (argv[i] + 8);
        else if (strncmp (argv[i], "cpu=", 4) == 0)
            bench_watch (argv[i] + 4);
        else if (strcmp (argv[i], "only=throughput") == 0)
            *whole = false;
        else
            good = false;
    }
    return good && replica_count > 0;
}

int
main (int argc, char **argv)
{
    bool whole = true;
    if (!take_options (argc, argv, &whole)) {
        fprintf (stderr, "usage: bench_bus COUNT PREFIX replica=COMMANDS,EVENTS,REPLAY... [cpu=NAME:PID]... [only=throughput]\n");
        return 2;
    }
    uint64_t count = strtoull (argv[1], NULL, 10);
    prefix = argv[2];
    tt_log_configure ("bench_bus", TT_LOG_WARNING, TT_LOG_AUTO);
    zsys_handler_set (NULL);
    tt_error error = { 0 };
    tt_client *clients[REPLICAS_MAX] = { 0 };
    for (size_t i = 0; i < replica_count; i++) {
        tt_client_options options = { .endpoints = replicas[i].commands, .timeout_ms = 60000, .try_ms = 20000 };
        if (tt_client_open (&clients[i], &options, &error) != TT_OK)
            die ("client", &error);
        drive (clients[i], 0, 2000, BENCH_IN_FLIGHT); /* warm */
    }
    throughput (clients, count);
    if (whole) {
        latency (clients[0], 2000);
        replay_all (count);
    }
    for (size_t i = 0; i < replica_count; i++)
        tt_client_close (&clients[i]);
    return 0;
}
