#include "store/route.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define MAP_PAUSE_US 50000

tt_node *
tt_route_node (tt_store *store, const char *endpoint)
{
    for (tt_node *node = store->nodes; node; node = node->next)
        if (strcmp (node->endpoint, endpoint) == 0)
            return node;
    tt_node *node = tt_alloc_zero (1, sizeof *node);
    snprintf (node->endpoint, sizeof node->endpoint, "%s", endpoint);
    tt_redis_init (&node->redis, &store->options, endpoint[0] ? endpoint : NULL);
    node->next = store->nodes;
    return store->nodes = node;
}

static void
free_node (tt_node *node)
{
    tt_redis_free (&node->redis);
    free (node->queue);
    tt_gather_free (&node->out);
    tt_buffer_free (&node->wait);
    free (node);
}

void
tt_route_free (tt_store *store)
{
    for (tt_node *node = store->nodes, *next; node; node = next) {
        next = node->next;
        free_node (node);
    }
    store->nodes = NULL;
    free (store->routes);
    store->routes = NULL;
}

/* Masters that hold nothing of ours any more, and have nothing on its way. */
static void
sweep (tt_store *store)
{
    for (tt_node *node = store->nodes; node; node = node->next)
        node->kept = node->endpoint[0] == '\0' || node->taken < node->queued;
    for (uint32_t p = 0; p <= store->options.partitions; p++)
        if (store->routes[p])
            store->routes[p]->kept = true;
    for (size_t i = 0; i < store->count; i++)
        if (store->piped[i].ask)
            store->piped[i].ask->kept = true;
    for (tt_node **link = &store->nodes; *link;) {
        tt_node *node = *link;
        if (node->kept) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        for (size_t i = 0; i < store->count; i++)
            if (store->piped[i].at == node)
                store->piped[i].at = NULL;
        free_node (node);
    }
}

static uint32_t
slot_of (tt_store *store, uint32_t partition)
{
    tt_buffer tag = { 0 };
    tt_buffer_text (&tag, store->options.service);
    if (partition < store->options.partitions)
        tt_buffer_printf (&tag, ".%u", partition);
    uint32_t slot = tt_cluster_slot ((tt_bytes){ tag.data, tag.size });
    tt_buffer_free (&tag);
    return slot;
}

/* True if every partition has a master. */
static bool
take_map (tt_store *store, const redisReply *slots, const char *asked)
{
    bool whole = true;
    char endpoint[TT_ENDPOINT_SIZE];
    for (uint32_t p = 0; p <= store->options.partitions; p++) {
        if (tt_cluster_master (slots, slot_of (store, p), asked, endpoint))
            store->routes[p] = tt_route_node (store, endpoint);
        else
            whole = false;
    }
    if (whole)
        sweep (store); /* else the caller asks other nodes, which must live */
    return whole;
}

/* Who a connection really went to: the host that stands for nodes without a name. */
static const char *
host_of (const tt_node *node)
{
    const redisContext *context = node->redis.context;
    if (node->endpoint[0])
        return node->endpoint;
    return context && context->connection_type == REDIS_CONN_TCP && context->tcp.host ? context->tcp.host : "127.0.0.1";
}

static bool
read_map_from (tt_store *store, tt_node *node, tt_error *error)
{
    if (tt_redis_connect (&node->redis, error) != TT_OK)
        return false;
    redisReply *reply = redisCommand (node->redis.context, "CLUSTER SLOTS");
    if (reply == NULL) {
        (void)tt_redis_lost (&node->redis, error);
        return false;
    }
    bool whole = reply->type == REDIS_REPLY_ARRAY && take_map (store, reply, host_of (node));
    if (!whole)
        tt_fail (error, TT_UNAVAILABLE, "the cluster at %s does not hold all slots: %.200s", store->options.endpoints,
                 reply->type == REDIS_REPLY_ERROR ? reply->str : "some have no master");
    freeReplyObject (reply);
    return whole;
}

/* Asks those that are connected first, the endpoints of the options last. */
static tt_status
read_map (tt_store *store, tt_error *error)
{
    tt_node *asked[8];
    size_t count = 0;
    for (tt_node *node = store->nodes; node && count < 7; node = node->next)
        if (node->endpoint[0] && node->redis.context && node->taken == node->queued)
            asked[count++] = node;
    asked[count++] = tt_route_node (store, "");
    for (size_t i = 0; i < count; i++)
        if (read_map_from (store, asked[i], error)) {
            store->stale = false;
            return TT_OK;
        }
    return TT_UNAVAILABLE;
}

static tt_status
learn_kind (tt_store *store, tt_error *error)
{
    tt_node *seed = tt_route_node (store, "");
    tt_status status = tt_redis_connect (&seed->redis, error);
    if (status != TT_OK)
        return status;
    if (store->routes == NULL)
        store->routes = tt_alloc_zero (store->options.partitions + 1, sizeof (tt_node *));
    store->cluster = seed->redis.cluster;
    store->stale = store->cluster;
    for (uint32_t p = 0; !store->cluster && p <= store->options.partitions; p++)
        store->routes[p] = seed;
    store->known = true;
    return TT_OK;
}

tt_status
tt_route_know (tt_store *store, tt_error *error)
{
    tt_status status = store->known ? TT_OK : learn_kind (store, error);
    if (status != TT_OK || !store->stale)
        return status;
    int64_t now = tt_clock_monotonic_us ();
    if (now < store->next_map_us)
        return TT_OK; /* what is known of it may do */
    store->next_map_us = now + MAP_PAUSE_US;
    tt_error why = { 0 };
    status = read_map (store, &why);
    for (uint32_t p = 0; status != TT_OK && p <= store->options.partitions; p++)
        if (store->routes[p] == NULL)
            return tt_fail (error, status, "%s", why.message);
    return TT_OK; /* an old map is better than none: it is tried, and stays in doubt */
}

void
tt_route_moved (tt_store *store, uint32_t partition, const char *endpoint)
{
    store->routes[partition] = tt_route_node (store, endpoint);
    store->stale = true;
}
