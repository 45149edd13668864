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
#define KEYS_FORM "2" /* of what stands in Redis (PROTOCOL.md, 7): 1 had an entry of a journal for each event */

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

bool
tt_store_spans_masters (const tt_store *store)
{
    return store->cluster;
}

const char *
tt_store_service (const tt_store *store)
{
    return store->options.service;
}

static void
hash_get (tt_store *store, const char *key, const char *field)
{
    tt_buffer *out = tt_pipe_command (store, store->options.partitions);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_resp_text (out, key);
    tt_resp_text (out, field);
    tt_pipe_end (store);
}

/* P and the form of the keys are written once, together: a service that has the first without the second was set up before there were forms. */
static tt_status
check_setting_up (tt_store *store, tt_error *error)
{
    char key[128], number[16];
    snprintf (key, sizeof key, "tt:{%s}:service", store->options.service);
    snprintf (number, sizeof number, "%u", store->options.partitions);
    tt_pipe_begin (store);
    tt_buffer *out = tt_pipe_command (store, store->options.partitions);
    tt_resp_begin (out, 6);
    tt_resp_text (out, "EVAL");
    tt_resp_text (out, "if redis.call ('EXISTS', KEYS[1]) == 0 then redis.call ('HSET', KEYS[1], 'partitions', ARGV[1], 'form', ARGV[2]) end return 0");
    tt_resp_text (out, "1");
    tt_resp_text (out, key);
    tt_resp_text (out, number);
    tt_resp_text (out, KEYS_FORM);
    tt_pipe_end (store);
    hash_get (store, key, "partitions");
    hash_get (store, key, "form");
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
    reply = tt_pipe_reply (store, 2);
    if (reply->type != REDIS_REPLY_STRING || strcmp (reply->str, KEYS_FORM) != 0)
        return tt_fail (error, TT_FAILED_PRECONDITION, "the keys of service %s in Redis are of form %s, this daemon writes form %s: daemons of both "
                        "versions cannot share them", store->options.service, reply->type == REDIS_REPLY_STRING ? reply->str : "1", KEYS_FORM);
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
        status = check_setting_up (store, error);
    store->prepared = status == TT_OK;
    return status;
}
