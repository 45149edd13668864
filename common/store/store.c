#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/uuid.h"
#include "store/commit.h"
#include "store/journal_inner.h"
#include "store/keys.h"
#include "store/route.h"

#define REPLICAS_MAX 8

uint32_t
tt_partition_of (tt_bytes key, uint32_t partitions)
{
    return (uint32_t)(XXH3_64bits (key.data, key.size) % partitions);
}

static const char *
keep (tt_store *store, size_t i, const char *text)
{
    return store->strings[i] = tt_strdup (text ? text : "");
}

tt_status
tt_store_open (tt_store **out, const tt_store_options *options, tt_error *error)
{
    *out = NULL;
    if (options->endpoints == NULL || options->endpoints[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "redis.endpoints is empty");
    if (options->service == NULL || options->service[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "the store needs a service name");
    if (options->partitions < 1 || options->partitions > 1024)
        return tt_fail (error, TT_INVALID_ARGUMENT, "partitions: %u is not from 1 to 1024", options->partitions);
    if (options->replicas > REPLICAS_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "redis.replicas: %u is more than %d", options->replicas, REPLICAS_MAX);
    uint32_t timeout_ms = options->timeout_ms ? options->timeout_ms : 5000;
    uint32_t replica_timeout_ms = options->replica_timeout_ms ? options->replica_timeout_ms : 1000;
    if (options->replicas && replica_timeout_ms > timeout_ms / 2)
        return tt_fail (error, TT_INVALID_ARGUMENT, "redis.replica-timeout: %u ms is more than half of redis.timeout, %u ms",
                        replica_timeout_ms, timeout_ms);
    tt_store *store = tt_alloc_zero (1, sizeof *store);
    store->options = *options;
    store->options.endpoints = keep (store, 0, options->endpoints);
    store->options.username = keep (store, 1, options->username);
    store->options.password_file = keep (store, 2, options->password_file);
    store->options.service = keep (store, 3, options->service);
    store->options.sentinel = keep (store, 4, options->sentinel);
    store->options.timeout_ms = timeout_ms;
    store->options.replica_timeout_ms = replica_timeout_ms;
    store->watermarks = tt_alloc_zero (options->partitions, sizeof *store->watermarks);
    if (store->options.remember_ms == 0)
        store->options.remember_ms = 3600000;
    *out = store;
    return TT_OK;
}

void
tt_store_close (tt_store **reference)
{
    tt_store *store = *reference;
    if (store == NULL)
        return;
    tt_pipe_begin (store);
    tt_route_free (store);
    for (size_t i = 0; i < sizeof store->strings / sizeof *store->strings; i++)
        free (store->strings[i]);
    free (store->entries);
    free (store->piped);
    free (store->watermarks);
    free (store->fresh);
    tt_history_free (store);
    free (store->pins);
    tt_buffer_free (&store->commands);
    tt_buffer_free (&store->key);
    free (store);
    *reference = NULL;
}

void
tt_store_pin (tt_store *store, uint32_t partition, const char *run_id)
{
    if (store->pins == NULL)
        store->pins = tt_alloc_zero (store->options.partitions, sizeof *store->pins);
    snprintf (store->pins[partition], sizeof store->pins[partition], "%s", run_id ? run_id : "");
}

void
tt_store_pin_as (tt_store *store, const tt_store *other)
{
    for (uint32_t p = 0; p < store->options.partitions; p++) {
        const tt_node *node = other->routes ? other->routes[p] : NULL;
        tt_store_pin (store, p, node && node->redis.context ? node->redis.run_id : NULL);
    }
}

void
tt_store_reconnect (tt_store *store)
{
    tt_pipe_begin (store);
    for (tt_node *node = store->nodes; node; node = node->next)
        tt_redis_drop (&node->redis);
    tt_route_doubt (store);
}

uint32_t
tt_store_partitions (const tt_store *store)
{
    return store->options.partitions;
}

const char *
tt_store_service (const tt_store *store)
{
    return store->options.service;
}

static void
hash_set_absent (tt_store *store, const char *key, const char *field, const char *value)
{
    tt_buffer *out = tt_pipe_command (store, store->options.partitions);
    tt_resp_begin (out, 4);
    tt_resp_text (out, "HSETNX");
    tt_resp_text (out, key);
    tt_resp_text (out, field);
    tt_resp_text (out, value);
    tt_pipe_end (store);
}

/* P is written once. */
static tt_status
check_partitions (tt_store *store, tt_error *error)
{
    char key[128], number[16];
    snprintf (key, sizeof key, "tt:{%s}:service", store->options.service);
    snprintf (number, sizeof number, "%u", store->options.partitions);
    tt_pipe_begin (store);
    hash_set_absent (store, key, "partitions", number);
    tt_buffer *out = tt_pipe_command (store, store->options.partitions);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_resp_text (out, key);
    tt_resp_text (out, "partitions");
    tt_pipe_end (store);
    tt_status status = tt_pipe_run (store, error);
    if (status != TT_OK)
        return status;
    const redisReply *reply = tt_pipe_reply (store, 1);
    if (reply->type == REDIS_REPLY_ERROR)
        return tt_redis_error_status (reply, error);
    if (reply->type != REDIS_REPLY_STRING || strcmp (reply->str, number) != 0)
        return tt_fail (error, TT_FAILED_PRECONDITION,
                        "service %s was set up with %s partitions, this daemon is configured with %s", store->options.service,
                        reply->str ? reply->str : "?", number);
    return TT_OK;
}

tt_status
tt_store_prepare (tt_store *store, tt_error *error)
{
    if (store->prepared)
        return TT_OK;
    tt_status status = tt_route_know (store, error);
    if (status == TT_OK)
        status = tt_commit_load (store, error);
    if (status == TT_OK)
        status = check_partitions (store, error);
    store->prepared = status == TT_OK;
    return status;
}
