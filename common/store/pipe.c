#include "store/pipe.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/keys.h"
#include "store/metrics.h"

static void
free_replies (tt_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        if (store->replies[i])
            freeReplyObject (store->replies[i]);
        store->replies[i] = NULL;
    }
}

void
tt_pipe_begin (tt_store *store)
{
    free_replies (store);
    store->count = 0;
    store->sent = false;
    tt_buffer_clear (&store->commands);
}

tt_buffer *
tt_pipe_command (tt_store *store, uint32_t partition)
{
    (void) partition; /* one Redis holds all partitions here; a cluster map would choose the connection by it */
    return &store->commands;
}

size_t
tt_pipe_end (tt_store *store)
{
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? store->capacity * 2 : 64;
        store->ends = tt_realloc (store->ends, store->capacity * sizeof *store->ends);
        store->replies = tt_realloc (store->replies, store->capacity * sizeof (redisReply *));
    }
    store->replies[store->count] = NULL;
    store->ends[store->count] = store->commands.size;
    return store->count++;
}

void
tt_pipe_key (tt_store *store, tt_buffer *out, uint32_t partition, char kind, const char *name)
{
    tt_key (&store->key, store->options.service, partition, kind, name);
    tt_resp_buffer (out, &store->key);
}

const redisReply *
tt_pipe_reply (const tt_store *store, size_t i)
{
    return store->replies[i];
}

static tt_status
connection_lost (tt_store *store, tt_error *error)
{
    const char *reason = store->redis.context->errstr;
    tt_status status = tt_fail (error, TT_UNAVAILABLE, "Redis: %s", reason[0] ? reason : "connection lost");
    tt_redis_drop (&store->redis);
    return status;
}

static tt_status
receive_each (tt_store *store, tt_error *error)
{
    for (size_t i = 0; i < store->count; i++)
        if (redisGetReply (store->redis.context, (void **) &store->replies[i]) != REDIS_OK)
            return connection_lost (store, error);
    return TT_OK;
}

/* The replies of a transaction: OK, then QUEUED (or why not) for each command, then the list of results. */
static tt_status
receive_together (tt_store *store, tt_error *error)
{
    redisReply *reply = NULL;
    tt_status refused = TT_OK;
    for (size_t i = 0; i < store->count + 2; i++) {
        if (reply)
            freeReplyObject (reply);
        if (redisGetReply (store->redis.context, (void **) &reply) != REDIS_OK)
            return connection_lost (store, error);
        if (reply->type == REDIS_REPLY_ERROR && refused == TT_OK)
            refused = tt_redis_error_status (reply, error);
    }
    if (refused == TT_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != store->count))
        refused = tt_fail (error, TT_INTERNAL, "Redis answered a transaction in a form that is not known");
    for (size_t i = 0; refused == TT_OK && i < store->count; i++) {
        store->replies[i] = reply->element[i];
        reply->element[i] = NULL;
    }
    freeReplyObject (reply);
    return refused;
}

static tt_status
send_all (tt_store *store, bool together, tt_error *error)
{
    tt_status status = tt_redis_connect (&store->redis, error);
    if (status != TT_OK)
        return status;
    redisContext *context = store->redis.context;
    if (together)
        redisAppendFormattedCommand (context, "*1\r\n$5\r\nMULTI\r\n", 15);
    redisAppendFormattedCommand (context, (const char *) store->commands.data, store->commands.size);
    if (together)
        redisAppendFormattedCommand (context, "*1\r\n$4\r\nEXEC\r\n", 14);
    for (int done = 0; !done;)
        if (redisBufferWrite (context, &done) != REDIS_OK)
            return connection_lost (store, error);
    return TT_OK;
}

static tt_status
attempt (tt_store *store, bool together, tt_error *error)
{
    tt_status status = store->sent ? TT_OK : send_all (store, together, error);
    store->sent = false;
    if (status != TT_OK)
        return status;
    return together ? receive_together (store, error) : receive_each (store, error);
}

/* A reply that says "not now" (loading after a restart, a read-only replica): worth waiting for. */
static bool
all_final (const tt_store *store, tt_error *error)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->replies[i]->type == REDIS_REPLY_ERROR && tt_redis_error_status (store->replies[i], error) == TT_UNAVAILABLE)
            return false;
    return true;
}

static tt_status
run (tt_store *store, bool together, tt_error *error)
{
    if (store->count == 0)
        return TT_OK;
    int64_t until = tt_clock_monotonic_us () + (int64_t) store->redis.timeout_ms * 1000;
    for (bool told = false;; told = true) {
        tt_error why = { 0 };
        tt_status status = attempt (store, together, &why);
        if (status == TT_OK && all_final (store, &why))
            return TT_OK;
        if (status != TT_OK && status != TT_UNAVAILABLE)
            return tt_fail (error, status, "%s", why.message);
        if (!told)
            tt_log (TT_LOG_WARNING, "store unavailable", "reason", why.message, NULL);
        free_replies (store);
        bool over = tt_clock_monotonic_us () >= until;
        tt_store_count (store->options.metrics, over ? TT_STORE_FAILURES : TT_STORE_RETRIES);
        if (over)
            return tt_fail (error, TT_UNAVAILABLE, "%s", why.message);
        nanosleep (&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
    }
}

tt_status
tt_pipe_run (tt_store *store, tt_error *error)
{
    return run (store, false, error);
}

tt_status
tt_pipe_run_together (tt_store *store, tt_error *error)
{
    return run (store, store->count > 1, error);
}

void
tt_pipe_send_together (tt_store *store)
{
    tt_error ignored = { 0 };
    if (store->count > 0)
        store->sent = send_all (store, store->count > 1, &ignored) == TT_OK;
}
