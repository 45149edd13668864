/* bench_floor ENDPOINT COUNT PREFIX MODE [cpu=NAME:PID]...: what the commit of a Probe's put costs Redis, without a bus around
 * it. Mode "commit": through the store's transactions. Mode "plain": the same reads and writes of the same sizes as plain
 * commands in MULTI, without guards, function or outcome: the floor that the machine and Redis set. Batches of 256 units over 8
 * partitions, one under way at a time. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "bench/bus/measure.h"
#include "envelope.pb-c.h"
#include "store/redis.h"
#include "store/store.h"
#include "store/txn.h"

#define UNITS 256
#define PARTITIONS 8
#define EVENT_SIZE 640 /* topic, header and body of a Probe's event, with their lengths */
#define ID_SIZE 24

static void
die (const char *what)
{
    fprintf (stderr, "bench_floor: %s\n", what);
    exit (1);
}

/* -- through the store -- */

struct put {
    char key[32];
    uint8_t payload[BENCH_PAYLOAD];
};

static void
handle (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const struct put *put = request;
    tt_bytes key = tt_bytes_of_text (put->key);
    Techtransfer__V1__ProbeStored stored = TECHTRANSFER__V1__PROBE_STORED__INIT;
    Techtransfer__V1__ProbePutReply reply = TECHTRANSFER__V1__PROBE_PUT_REPLY__INIT;
    tt_txn_at (txn, key);
    tt_txn_put_blind (txn, "probe", key, (tt_bytes){ put->payload, BENCH_PAYLOAD });
    stored.key = (char *)put->key;
    stored.payload = (ProtobufCBinaryData){ BENCH_PAYLOAD, (uint8_t *)put->payload };
    tt_txn_event (txn, "probe/stored/", put->key, &stored.base);
    reply.partition = tt_txn_partition (txn);
    tt_txn_reply (txn, &reply.base);
}

static void
commit_all (const char *endpoint, uint64_t count)
{
    static struct put puts[UNITS];
    static uint8_t ids[UNITS][TT_UUID_SIZE];
    tt_store *store = NULL;
    tt_error error = { 0 };
    tt_store_options options = { .endpoints = endpoint, .service = "probe", .partitions = PARTITIONS };
    if (tt_store_open (&store, &options, &error) != TT_OK || tt_store_prepare (store, &error) != TT_OK)
        die (error.message);
    tt_batch *batch = tt_batch_new (store, "envelope.proto");
    for (uint64_t done = 0; done < count; done += UNITS) {
        tt_batch_begin (batch, tt_clock_unix_ms ());
        for (size_t i = 0; i < UNITS; i++) {
            snprintf (puts[i].key, sizeof puts[i].key, "key-%llu", (unsigned long long)(done + i));
            bench_payload (puts[i].payload, done + i);
            tt_uuid7_make (ids[i]);
            tt_batch_add (batch, &(tt_txn_spec){ .handle = handle, .request = &puts[i], .request_id = { ids[i], TT_UUID_SIZE } });
        }
        if (tt_batch_run (batch, &error) != TT_OK)
            die (error.message);
    }
    tt_batch_destroy (&batch);
    tt_store_close (&store);
}

/* -- plain commands -- */

static void
begin (tt_buffer *out, const char *command, uint32_t partition, const char *key, size_t arguments)
{
    char name[64];
    snprintf (name, sizeof name, "tt:{plain.%u}:%s", partition, key);
    tt_resp_begin (out, 2 + arguments);
    tt_resp_text (out, command);
    tt_resp_text (out, name);
}

/* Request ids are looked up and written, rows written, one entry appended, the head kept. */
static size_t
add_partition (tt_buffer *out, uint32_t partition, uint64_t done, size_t units)
{
    static uint8_t ids[UNITS][ID_SIZE], block[UNITS * EVENT_SIZE];
    uint8_t row[8 + BENCH_PAYLOAD];
    char text[40];
    for (size_t i = 0; i < units; i++)
        tt_random_bytes (ids[i], ID_SIZE);
    begin (out, "HMGET", partition, "r", units);
    for (size_t i = 0; i < units; i++)
        tt_resp_argument (out, ids[i], ID_SIZE);
    begin (out, "HSET", partition, "r", 2 * units);
    for (size_t i = 0; i < units; i++) {
        tt_resp_argument (out, ids[i], ID_SIZE);
        tt_resp_argument (out, "\0\x08\x01", 3);
    }
    begin (out, "EXPIRE", partition, "r", 2);
    tt_resp_text (out, "4800");
    tt_resp_text (out, "NX");
    begin (out, "HSET", partition, "t", 2 * units);
    for (size_t i = 0; i < units; i++) {
        snprintf (text, sizeof text, "key-%u-%llu", partition, (unsigned long long)(done + i));
        tt_resp_text (out, text);
        bench_payload (row + 8, done + i);
        tt_resp_argument (out, row, sizeof row);
    }
    begin (out, "XADD", partition, "j", 7);
    snprintf (text, sizeof text, "%llu-0", (unsigned long long)(done + units));
    tt_resp_text (out, text);
    tt_resp_text (out, "n");
    tt_resp_number (out, (int64_t)units);
    tt_resp_text (out, "e");
    tt_resp_text (out, "0190b3a4-0000-7000-8000-000000000000");
    tt_resp_text (out, "b");
    tt_resp_argument (out, block, units * EVENT_SIZE);
    begin (out, "HSET", partition, "m", 2);
    tt_resp_text (out, "events");
    tt_resp_number (out, (int64_t)(done + units));
    return 6;
}

static void
plain_all (const char *endpoint, uint64_t count)
{
    redisContext *redis = redisConnectUnix (endpoint + strlen ("unix:"));
    if (redis == NULL || redis->err)
        die ("cannot connect");
    tt_buffer out = { 0 };
    for (uint64_t done = 0; done < count; done += UNITS) {
        size_t replies = 2;
        tt_buffer_clear (&out);
        tt_buffer_text (&out, "*1\r\n$5\r\nMULTI\r\n");
        for (uint32_t p = 0; p < PARTITIONS; p++)
            replies += add_partition (&out, p, done / PARTITIONS, UNITS / PARTITIONS);
        tt_buffer_text (&out, "*1\r\n$4\r\nEXEC\r\n");
        redisAppendFormattedCommand (redis, (const char *)out.data, out.size);
        for (size_t i = 0; i < replies; i++) {
            redisReply *reply = NULL;
            if (redisGetReply (redis, (void **)&reply) != REDIS_OK || reply->type == REDIS_REPLY_ERROR)
                die (reply ? reply->str : redis->errstr);
            freeReplyObject (reply);
        }
    }
    tt_buffer_free (&out);
    redisFree (redis);
}

int
main (int argc, char **argv)
{
    if (argc < 5 || strncmp (argv[1], "unix:", 5) != 0) {
        fprintf (stderr, "usage: bench_floor unix:PATH COUNT PREFIX commit|plain [cpu=NAME:PID]...\n");
        return 2;
    }
    for (int i = 5; i < argc; i++)
        bench_watch (argv[i] + (strncmp (argv[i], "cpu=", 4) == 0 ? 4 : 0));
    uint64_t count = strtoull (argv[2], NULL, 10) / UNITS * UNITS;
    bench_watch_begin ();
    double began = bench_seconds ();
    (strcmp (argv[4], "plain") == 0 ? plain_all : commit_all) (argv[1], count);
    bench_figure (argv[3], "commands_per_s", (double)count / (bench_seconds () - began), "commands/s");
    bench_watch_end (argv[3], (double)count);
    return 0;
}
