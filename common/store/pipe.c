#include "store/pipe.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/keys.h"

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
attempt (tt_store *store, tt_error *error)
{
    tt_status status = tt_redis_connect (&store->redis, error);
    if (status != TT_OK)
        return status;
    redisContext *context = store->redis.context;
    redisAppendFormattedCommand (context, (const char *) store->commands.data, store->commands.size);
    for (size_t i = 0; i < store->count; i++)
        if (redisGetReply (context, (void **) &store->replies[i]) != REDIS_OK) {
            status = tt_fail (error, TT_UNAVAILABLE, "Redis: %s", context->errstr[0] ? context->errstr : "connection lost");
            tt_redis_drop (&store->redis);
            return status;
        }
    return TT_OK;
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

tt_status
tt_pipe_run (tt_store *store, tt_error *error)
{
    if (store->count == 0)
        return TT_OK;
    int64_t until = tt_clock_monotonic_us () + (int64_t) store->redis.timeout_ms * 1000;
    for (bool told = false;; told = true) {
        tt_error why = { 0 };
        tt_status status = attempt (store, &why);
        if (status == TT_OK && all_final (store, &why))
            return TT_OK;
        if (!told)
            tt_log (TT_LOG_WARNING, "store unavailable", "reason", why.message, NULL);
        free_replies (store);
        if (tt_clock_monotonic_us () >= until)
            return tt_fail (error, TT_UNAVAILABLE, "%s", why.message);
        nanosleep (&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
    }
}
