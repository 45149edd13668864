/* drive: numbered Probe commands through the C client, and the C subscriber as a durable consumer beside it. For bus_kill.py.
 *
 *     drive COMMANDS EVENTS REPLAY TOTAL [FILTER]
 *
 * Prints "acknowledged <n>" every 500, so that somebody else may kill things at the right time. Ends with 0 if every command was
 * acknowledged and each event was handed over exactly once and in order; else says what was not, with 1. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bus/client.h"
#include "bus/subscriber.h"
#include "envelope.pb-c.h"

#define WINDOW 512
#define KEYS 997
#define PARTITIONS_MAX 1024
#define LIFE 6000 /* events after which the consumer is begun anew from its checkpoint */
#define PATIENCE_MS 120000

struct consumer {
    tt_subscriber_options options;
    size_t total;
    uint8_t *seen; /* how often each number was handed over */
    size_t count;
    uint64_t next[PARTITIONS_MAX]; /* the checkpoint */
    bool dense;
    tt_subscriber_counts counts;
    unsigned lives;
    char failure[512];
};

static bool
fail (struct consumer *c, const char *what, const char *detail)
{
    snprintf (c->failure, sizeof c->failure, "subscriber: %s: %s", what, detail);
    return false;
}

static bool
take (struct consumer *c, const tt_event *event)
{
    Techtransfer__V1__ProbeStored *stored = techtransfer__v1__probe_stored__unpack (NULL, event->body.size, event->body.data);
    uint64_t number = UINT64_MAX;
    if (stored && stored->payload.len == sizeof number)
        memcpy (&number, stored->payload.data, sizeof number);
    if (stored)
        techtransfer__v1__probe_stored__free_unpacked (stored, NULL);
    if (number >= c->total)
        return fail (c, "not an event of this load", event->id);
    if (c->seen[number]++)
        return fail (c, "handed over twice", event->id);
    if (event->partition >= PARTITIONS_MAX || event->sequence < c->next[event->partition]
        || (c->dense && event->sequence != c->next[event->partition]))
        return fail (c, "not in order", event->id);
    c->next[event->partition] = event->sequence + 1;
    c->count++;
    return true;
}

static void
add_counts (tt_subscriber_counts *sum, tt_subscriber_counts more)
{
    sum->delivered += more.delivered;
    sum->duplicates += more.duplicates;
    sum->gaps += more.gaps;
    sum->replayed += more.replayed;
    sum->failovers += more.failovers;
    sum->lost += more.lost;
}

/* One life of the consumer: from its checkpoint until it has taken so many events, or all. */
static bool
live (struct consumer *c, int64_t until_ms)
{
    tt_subscriber *subscriber = NULL;
    tt_error error = { 0 };
    c->options.from = c->next;
    c->options.from_count = PARTITIONS_MAX;
    if (tt_subscriber_open (&subscriber, &c->options, &error) != TT_OK)
        return fail (c, "open", error.message);
    bool right = true;
    for (size_t end = c->count + LIFE; right && c->count < c->total && (c->count < end || !c->dense);) {
        tt_event event;
        tt_status status = tt_subscriber_next (subscriber, 500, &event, &error);
        if (status == TT_OK)
            right = take (c, &event);
        else if (status != TT_DEADLINE_EXCEEDED && status != TT_UNAVAILABLE)
            right = fail (c, tt_status_name (status), error.message);
        if (right && tt_clock_unix_ms () > until_ms)
            right = fail (c, "not all events came in time", "");
    }
    c->lives++;
    add_counts (&c->counts, tt_subscriber_count (subscriber));
    tt_subscriber_close (&subscriber);
    return right;
}

static void *
consume (void *argument)
{
    struct consumer *c = argument;
    int64_t until_ms = tt_clock_unix_ms () + PATIENCE_MS;
    while (c->count < c->total && live (c, until_ms))
        continue;
    return NULL;
}

static bool
send_put (tt_client *client, uint64_t number, tt_error *error)
{
    char key[32];
    uint8_t body[128];
    snprintf (key, sizeof key, "key-%llu", (unsigned long long)number % KEYS);
    Techtransfer__V1__ProbePutRequest request = TECHTRANSFER__V1__PROBE_PUT_REQUEST__INIT;
    request.key = key;
    request.payload = (ProtobufCBinaryData){ sizeof number, (uint8_t *)&number };
    size_t size = techtransfer__v1__probe_put_request__pack (&request, body);
    return tt_client_send (client, "techtransfer.v1.Probe/Put", (tt_bytes){ body, size }, NULL, error) == TT_OK;
}

static bool
produce (const char *endpoints, size_t total)
{
    tt_client *client = NULL;
    tt_error error = { 0 };
    tt_client_options options = { .endpoints = endpoints, .timeout_ms = PATIENCE_MS, .try_ms = 1000 };
    bool right = tt_client_open (&client, &options, &error) == TT_OK;
    size_t sent = 0, acknowledged = 0, replayed = 0;
    while (right && acknowledged < total) {
        while (right && sent < total && tt_client_in_flight (client) < WINDOW)
            right = send_put (client, sent++, &error);
        tt_client_reply reply = { .result = { .code = TT_UNKNOWN } };
        if (right && tt_client_receive (client, -1, &reply) == TT_OK && reply.result.code != TT_OK)
            right = tt_fail (&error, reply.result.code, "%s: %s", tt_status_name (reply.result.code), reply.result.message)
                    == TT_OK;
        acknowledged += right;
        replayed += right && reply.result.replayed;
        if (right && acknowledged % 500 == 0)
            printf ("acknowledged %zu\n", acknowledged);
    }
    if (!right)
        printf ("client: after %zu acknowledged: %s\n", acknowledged, error.message);
    if (client) {
        tt_client_counts counts = tt_client_count (client);
        printf ("client: %llu sends, %llu failovers, %zu answered from memory\n", (unsigned long long)counts.sends,
                (unsigned long long)counts.failovers, replayed);
    }
    tt_client_close (&client);
    return right;
}

int
main (int argc, char **argv)
{
    if (argc < 5 || atol (argv[4]) < 1) {
        fprintf (stderr, "usage: drive COMMANDS EVENTS REPLAY TOTAL [FILTER]\n");
        return 2;
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    static struct consumer c;
    const char *filter = argc > 5 ? argv[5] : "";
    c.total = (size_t)atol (argv[4]);
    c.seen = tt_alloc_zero (c.total, 1);
    c.dense = argc < 6;
    c.options = (tt_subscriber_options){
        .stream = "probe", .events = argv[2], .replay = argv[3], .filters = &filter, .filter_count = 1
    };
    for (size_t p = 0; p < PARTITIONS_MAX; p++)
        c.next[p] = 1;
    pthread_t thread;
    if (pthread_create (&thread, NULL, consume, &c) != 0)
        return 1;
    bool right = produce (argv[1], c.total);
    if (!right)
        return 1;
    pthread_join (thread, NULL);
    if (c.failure[0])
        printf ("%s (%zu of %zu)\n", c.failure, c.count, c.total);
    printf ("subscriber: %u lives, %llu delivered, %llu duplicates, %llu gaps, %llu replayed, %llu failovers, %llu lost\n",
            c.lives, (unsigned long long)c.counts.delivered, (unsigned long long)c.counts.duplicates,
            (unsigned long long)c.counts.gaps, (unsigned long long)c.counts.replayed, (unsigned long long)c.counts.failovers,
            (unsigned long long)c.counts.lost);
    free (c.seen);
    return c.failure[0] ? 1 : 0;
}
