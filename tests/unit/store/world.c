#include "world.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "store/journal.h"

test_world world;

tt_store *
world_store (void)
{
    tt_store *store = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_store_open (&store, &world.options, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_store_prepare (store, &error), TT_OK, "%s", error.message);
    return store;
}

void
world_open (void)
{
    signal (SIGPIPE, SIG_IGN); /* as a daemon does: hiredis writes to sockets whose peer may be dead */
    tt_log_configure ("test", TT_LOG_ERROR, TT_LOG_TEXT);
    private_redis_open (&world.redis);
    world.options = (tt_store_options){
        .endpoints = world.redis.endpoint, .service = "test", .partitions = PARTITIONS, .timeout_ms = 3000
    };
    world.store = world_store ();
    world.batch = tt_batch_new (world.store, "envelope.proto");
}

void
world_close (void)
{
    tt_batch_destroy (&world.batch);
    tt_store_close (&world.store);
    private_redis_close (&world.redis);
}

test_id
new_id (void)
{
    test_id id;
    tt_uuid7_make (id.bytes);
    return id;
}

void
begin (tt_batch *batch)
{
    tt_batch_begin (batch, tt_clock_unix_ms ());
}

tt_txn *
add (tt_batch *batch, tt_handler *handle, const void *request, void *service, const test_id *id)
{
    tt_txn_spec spec = { .handle = handle, .request = request, .service = service };
    if (id)
        spec.request_id = (tt_bytes){ id->bytes, sizeof id->bytes };
    return tt_batch_add (batch, &spec);
}

void
run (tt_batch *batch)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_batch_run (batch, &error), TT_OK, "%s", error.message);
}

tt_outcome
do_one (tt_handler *handle, const void *request, void *service, const test_id *id)
{
    begin (world.batch);
    tt_txn *txn = add (world.batch, handle, request, service, id);
    run (world.batch);
    return tt_txn_outcome (txn);
}

void
reply_number (tt_txn *txn, uint32_t number)
{
    Techtransfer__V1__ProbePutReply reply = TECHTRANSFER__V1__PROBE_PUT_REPLY__INIT;
    reply.partition = number;
    tt_txn_reply (txn, &reply.base);
}

uint32_t
number_of (tt_outcome outcome)
{
    Techtransfer__V1__ProbePutReply *reply
        = techtransfer__v1__probe_put_reply__unpack (NULL, outcome.reply.size, outcome.reply.data);
    cr_assert_not_null (reply);
    uint32_t number = reply->partition;
    techtransfer__v1__probe_put_reply__free_unpacked (reply, NULL);
    return number;
}

static void
say (tt_txn *txn, const char *key)
{
    Techtransfer__V1__ProbeStored event = TECHTRANSFER__V1__PROBE_STORED__INIT;
    event.key = (char *)key;
    tt_txn_event (txn, "test/stored/", key, &event.base);
}

void
put_row (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const put_request *request = message;
    tt_bytes key = tt_bytes_of_text (request->key);
    tt_txn_at (txn, key);
    const tt_row *row = tt_txn_get (txn, "t", key);
    if (row == NULL)
        return;
    tt_txn_put (txn, "t", key, tt_bytes_of_text (request->value));
    say (txn, request->key);
    reply_number (txn, row->present ? 2 : 1);
}

void
append_row (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const put_request *request = message;
    tt_bytes key = tt_bytes_of_text (request->key);
    tt_txn_at (txn, key);
    const tt_row *row = tt_txn_get (txn, "t", key);
    if (row == NULL)
        return;
    char *text = tt_arena_printf (tt_txn_arena (txn), "%.*s%s", (int)row->value.size,
                                  row->present ? (const char *)row->value.data : "", request->value);
    tt_txn_put (txn, "t", key, tt_bytes_of_text (text));
    say (txn, request->key);
    reply_number (txn, (uint32_t)strlen (text));
}

void
create_row (tt_txn *txn, const void *message, void *service)
{
    const put_request *request = message;
    tt_bytes key = tt_bytes_of_text (request->key);
    tt_txn_at (txn, key);
    const tt_row *row = tt_txn_get (txn, "t", key);
    if (row == NULL)
        return;
    if (row->present)
        tt_txn_refuse (txn, TT_ALREADY_EXISTS, "%s is there", request->key);
    else
        put_row (txn, message, service);
}

struct look {
    const char *key;
    char *out;
    uint64_t *version;
};

static void
look_at (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const struct look *look = message;
    tt_txn_at (txn, tt_bytes_of_text (look->key));
    const tt_row *row = tt_txn_get (txn, "t", tt_bytes_of_text (look->key));
    if (row == NULL)
        return;
    snprintf (look->out, 4096, "%.*s", (int)row->value.size, row->value.size ? (const char *)row->value.data : "");
    if (look->version)
        *look->version = row->version;
}

const char *
row_text (const char *key, uint64_t *version)
{
    static char text[4096];
    tt_batch *batch = tt_batch_new (world.store, "envelope.proto");
    begin (batch);
    struct look look = { key, text, version };
    add (batch, look_at, &look, NULL, NULL);
    run (batch);
    tt_batch_destroy (&batch);
    return text;
}

uint64_t
event_count (void)
{
    uint64_t heads[PARTITIONS], sum = 0;
    tt_error error = { 0 };
    cr_assert_eq (tt_journal_heads (world.store, TT_JOURNAL_EVENTS, heads, &error), TT_OK, "%s", error.message);
    for (int p = 0; p < PARTITIONS; p++)
        sum += heads[p];
    return sum;
}
