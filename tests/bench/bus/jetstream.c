/* bench_jetstream URL COUNT [cpu=NAME:PID]...: the same work on NATS JetStream: 400-byte messages with message ids into a file-backed stream, 512 in flight,
 * a durable consumer that acknowledges each. Prints figures with the prefix "jetstream.". */
#include <nats.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bus/measure.h"

#define SUBJECT "probe.stored"

static void
check (natsStatus status, const char *what)
{
    if (status == NATS_OK)
        return;
    fprintf (stderr, "bench_jetstream: %s: %s\n", what, natsStatus_GetText (status));
    exit (1);
}

static jsCtx *
context (natsConnection *connection)
{
    jsCtx *js = NULL;
    jsOptions options;
    jsOptions_Init (&options);
    options.PublishAsync.MaxPending = BENCH_IN_FLIGHT;
    check (natsConnection_JetStream (&js, connection, &options), "context");
    return js;
}

static void
make_stream (jsCtx *js)
{
    jsStreamConfig config;
    jsStreamConfig_Init (&config);
    const char *subjects[] = { SUBJECT };
    config.Name = "PROBE";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    check (js_AddStream (NULL, js, &config, NULL, NULL), "stream");
}

struct consuming {
    const char *url;
    const char *durable;
    uint64_t wanted;
    pthread_barrier_t ready;
    double began, finished;
};

static void *
consume (void *argument)
{
    struct consuming *consuming = argument;
    natsConnection *connection = NULL;
    natsSubscription *subscription = NULL;
    check (natsConnection_ConnectTo (&connection, consuming->url), "connect");
    jsCtx *js = context (connection);
    jsSubOptions options;
    jsSubOptions_Init (&options);
    options.Config.MaxAckPending = 20000;
    check (js_PullSubscribe (&subscription, js, SUBJECT, consuming->durable, NULL, &options, NULL), "consumer");
    pthread_barrier_wait (&consuming->ready);
    consuming->began = bench_seconds ();
    for (uint64_t n = 0; n < consuming->wanted;) {
        natsMsgList list;
        check (natsSubscription_Fetch (&list, subscription, 500, 10000, NULL), "fetch");
        for (int i = 0; i < list.Count; i++)
            check (natsMsg_Ack (list.Msgs[i], NULL), "ack");
        n += (uint64_t) list.Count;
        natsMsgList_Destroy (&list);
    }
    consuming->finished = bench_seconds ();
    natsSubscription_Destroy (subscription);
    jsCtx_Destroy (js);
    natsConnection_Destroy (connection);
    return NULL;
}

static void
publish (jsCtx *js, uint64_t number, bool wait)
{
    uint8_t payload[BENCH_PAYLOAD];
    char id[40];
    bench_payload (payload, number);
    snprintf (id, sizeof id, "%020llu-%d", (unsigned long long) number, wait);
    jsPubOptions options;
    jsPubOptions_Init (&options);
    options.MsgId = id;
    if (wait)
        check (js_Publish (NULL, js, SUBJECT, payload, sizeof payload, &options, NULL), "publish");
    else
        check (js_PublishAsync (js, SUBJECT, payload, sizeof payload, &options), "publish");
}

static void
throughput (jsCtx *js, const char *url, uint64_t count)
{
    struct consuming consuming = { .url = url, .durable = "live", .wanted = count };
    pthread_barrier_init (&consuming.ready, NULL, 2);
    pthread_t thread;
    pthread_create (&thread, NULL, consume, &consuming);
    pthread_barrier_wait (&consuming.ready);
    bench_watch_begin ();
    double began = bench_seconds ();
    for (uint64_t n = 0; n < count; n++)
        publish (js, n, false);
    check (js_PublishAsyncComplete (js, NULL), "complete");
    double answered = bench_seconds ();
    pthread_join (thread, NULL);
    double ended = consuming.finished > answered ? consuming.finished : answered;
    bench_figure ("jetstream.", "commands_per_s", (double) count / (ended - began), "messages/s");
    bench_watch_end ("jetstream.", (double) count);
}

static void
replay (const char *url, uint64_t count)
{
    struct consuming consuming = { .url = url, .durable = "cold", .wanted = count };
    pthread_barrier_init (&consuming.ready, NULL, 2);
    pthread_t thread;
    pthread_create (&thread, NULL, consume, &consuming);
    pthread_barrier_wait (&consuming.ready);
    pthread_join (thread, NULL);
    bench_figure ("jetstream.", "replay_events_per_s", (double) count / (consuming.finished - consuming.began), "messages/s");
}

static void
latency (natsConnection *connection, jsCtx *js, size_t count)
{
    natsSubscription *subscription = NULL;
    jsSubOptions options;
    jsSubOptions_Init (&options);
    options.Config.DeliverPolicy = js_DeliverNew;
    options.Config.AckPolicy = js_AckNone;
    (void) connection;
    check (js_SubscribeSync (&subscription, js, SUBJECT, NULL, &options, NULL), "subscribe");
    double *values = malloc (count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        natsMsg *message = NULL;
        double began = bench_seconds ();
        publish (js, 1000000000u + i, true);
        check (natsSubscription_NextMsg (&message, subscription, 10000), "next");
        values[i] = (bench_seconds () - began) * 1e6;
        natsMsg_Destroy (message);
    }
    bench_figure ("jetstream.", "latency_p50_us", bench_quantile (values, count, 0.5), "us");
    bench_figure ("jetstream.", "latency_p99_us", bench_quantile (values, count, 0.99), "us");
    free (values);
    natsSubscription_Destroy (subscription);
}

int
main (int argc, char **argv)
{
    if (argc < 3) {
        fprintf (stderr, "usage: bench_jetstream URL COUNT [cpu=NAME:PID]...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++)
        bench_watch (argv[i] + (strncmp (argv[i], "cpu=", 4) == 0 ? 4 : 0));
    uint64_t count = strtoull (argv[2], NULL, 10);
    natsConnection *connection = NULL;
    check (natsConnection_ConnectTo (&connection, argv[1]), "connect");
    jsCtx *js = context (connection);
    make_stream (js);
    throughput (js, argv[1], count);
    replay (argv[1], count);
    latency (connection, js, 2000);
    jsCtx_Destroy (js);
    natsConnection_Destroy (connection);
    nats_Close ();
    return 0;
}
