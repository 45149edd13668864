#include "store/listen.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/route.h"

typedef struct {
    tt_redis redis;
    char endpoint[TT_ENDPOINT_SIZE]; /* that redis was made for */
    uint32_t first, count;           /* partitions */
    bool made;                       /* redis is initialised */
    bool fresh;                      /* connected, nothing asked yet */
    bool asked;                      /* a request is under way */
    int64_t asked_us;                /* since when */
    redisReply *reply;               /* the last one, kept while its entries are lent out */
} ear;

struct tt_listen {
    tt_store *store;
    ear *ears;
    size_t count;
    int epoll;
};

tt_listen *
tt_listen_new (tt_store *store)
{
    tt_listen *listen = tt_alloc_zero (1, sizeof *listen);
    listen->store = store;
    listen->epoll = -1;
    return listen;
}

static void
forget_reply (ear *e)
{
    if (e->reply)
        freeReplyObject (e->reply);
    e->reply = NULL;
}

void
tt_listen_destroy (tt_listen **reference)
{
    tt_listen *listen = *reference;
    if (listen == NULL)
        return;
    for (size_t i = 0; i < listen->count; i++) {
        forget_reply (&listen->ears[i]);
        if (listen->ears[i].made)
            tt_redis_free (&listen->ears[i].redis);
    }
    if (listen->epoll >= 0)
        close (listen->epoll);
    free (listen->ears);
    free (listen);
    *reference = NULL;
}

int
tt_listen_fd (const tt_listen *listen)
{
    return listen->epoll;
}

bool
tt_listen_connected (const tt_listen *listen)
{
    for (size_t i = 0; i < listen->count; i++)
        if (!listen->ears[i].made || listen->ears[i].redis.context == NULL)
            return false;
    return listen->count > 0;
}

tt_status
tt_listen_ears (tt_listen *listen, size_t *count, tt_error *error)
{
    *count = listen->count;
    if (listen->count > 0)
        return TT_OK;
    tt_status status = tt_route_know (listen->store, error);
    if (status != TT_OK)
        return status;
    listen->epoll = epoll_create1 (EPOLL_CLOEXEC);
    if (listen->epoll < 0)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED, "epoll: %m");
    uint32_t partitions = listen->store->options.partitions;
    *count = listen->count = listen->store->cluster ? partitions : 1;
    listen->ears = tt_alloc_zero (listen->count, sizeof *listen->ears);
    for (uint32_t i = 0; i < listen->count; i++) {
        listen->ears[i].first = i;
        listen->ears[i].count = listen->store->cluster ? 1 : partitions;
    }
    return TT_OK;
}

void
tt_listen_span (const tt_listen *listen, size_t i, uint32_t *first, uint32_t *count)
{
    *first = listen->ears[i].first;
    *count = listen->ears[i].count;
}

/* A closed descriptor leaves the epoll set by itself. */
static void
drop (tt_listen *listen, ear *e)
{
    tt_redis_drop (&e->redis);
    e->asked = e->fresh = false;
    tt_route_doubt (listen->store);
}

static tt_status
lost (tt_listen *listen, ear *e, tt_error *error)
{
    (void)tt_redis_lost (&e->redis, error);
    drop (listen, e);
    return TT_UNAVAILABLE;
}

/* The connection object for where the ear's partition is now. */
static tt_status
aim (tt_listen *listen, ear *e, tt_error *error)
{
    tt_status status = tt_route_know (listen->store, error);
    if (status != TT_OK)
        return status;
    const tt_node *node = listen->store->routes[e->first];
    if (node == NULL)
        return tt_fail (error, TT_UNAVAILABLE, "partition %u has no master", e->first);
    if (e->made && strcmp (e->endpoint, node->endpoint) == 0)
        return TT_OK;
    if (e->made)
        tt_redis_free (&e->redis);
    snprintf (e->endpoint, sizeof e->endpoint, "%s", node->endpoint);
    tt_redis_init (&e->redis, &listen->store->options, node->endpoint[0] ? node->endpoint : NULL);
    e->made = true;
    return TT_OK;
}

tt_status
tt_listen_connect (tt_listen *listen, size_t i, bool *fresh, tt_error *error)
{
    ear *e = &listen->ears[i];
    *fresh = e->fresh;
    if (e->made && e->redis.context)
        return TT_OK;
    tt_status status = aim (listen, e, error);
    if (status == TT_OK)
        status = tt_redis_connect (&e->redis, error);
    if (status != TT_OK) {
        tt_route_doubt (listen->store);
        return status;
    }
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };
    if (epoll_ctl (listen->epoll, EPOLL_CTL_ADD, e->redis.context->fd, &event) != 0) {
        drop (listen, e);
        return tt_fail (error, TT_UNAVAILABLE, "epoll: %m");
    }
    *fresh = e->fresh = true;
    return TT_OK;
}

static tt_status
send_request (tt_listen *listen, ear *e, const tt_buffer *request, tt_error *error)
{
    redisAppendFormattedCommand (e->redis.context, (const char *)request->data, request->size);
    for (int done = 0; !done;)
        if (redisBufferWrite (e->redis.context, &done) != REDIS_OK)
            return lost (listen, e, error);
    return TT_OK;
}

static void
forget_replies (redisReply **replies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (replies[i]) {
            freeReplyObject (replies[i]);
            replies[i] = NULL;
        }
}

tt_status
tt_listen_call (tt_listen *listen, size_t i, const tt_buffer *commands, size_t count, redisReply **replies, tt_error *error)
{
    ear *e = &listen->ears[i];
    memset (replies, 0, count * sizeof *replies);
    tt_status status = send_request (listen, e, commands, error);
    for (size_t r = 0; status == TT_OK && r < count; r++) {
        if (redisGetReply (e->redis.context, (void **)&replies[r]) != REDIS_OK)
            status = lost (listen, e, error);
        else if (replies[r]->type == REDIS_REPLY_ERROR)
            status = tt_redis_error_status (replies[r], error);
    }
    if (status == TT_OK)
        return TT_OK;
    forget_replies (replies, count);
    if (e->redis.context)
        drop (listen, e); /* there may be replies left */
    return status;
}

void
tt_listen_drop (tt_listen *listen, size_t i)
{
    if (listen->ears[i].made)
        drop (listen, &listen->ears[i]);
}

const char *
tt_listen_server (const tt_listen *listen, size_t i)
{
    return listen->ears[i].made && listen->ears[i].redis.context ? listen->ears[i].redis.run_id : "";
}

tt_status
tt_listen_ask (tt_listen *listen, size_t i, const tt_buffer *request, tt_error *error)
{
    ear *e = &listen->ears[i];
    tt_status status = send_request (listen, e, request, error);
    if (status != TT_OK)
        return status;
    e->asked = true;
    e->fresh = false;
    e->asked_us = tt_clock_monotonic_us ();
    return TT_OK;
}

bool
tt_listen_asked (const tt_listen *listen, size_t i)
{
    return listen->ears[i].asked;
}

static bool
is_late (const ear *e)
{
    return tt_clock_monotonic_us () - e->asked_us > ((int64_t)e->redis.timeout_ms / 2 + TT_LISTEN_BLOCK_MS) * 1000;
}

/* An error: who was asked is not who can answer, or not now. The connection goes, and its back-off makes a pause. */
static tt_status
take_error (tt_listen *listen, ear *e, tt_error *error)
{
    char endpoint[TT_ENDPOINT_SIZE];
    tt_status status = tt_redis_error_status (e->reply, error);
    tt_reply_kind kind = tt_reply_kind_of (e->reply, e->endpoint, endpoint);
    if (kind == TT_REPLY_MOVED && listen->store->cluster)
        tt_route_moved (listen->store, e->first, endpoint);
    if (kind == TT_REPLY_DROP)
        e->redis.endpoint++;
    drop (listen, e);
    return status;
}

tt_status
tt_listen_hear (tt_listen *listen, size_t i, const redisReply **reply, tt_error *error)
{
    ear *e = &listen->ears[i];
    *reply = NULL;
    forget_reply (e);
    if (!e->asked)
        return TT_OK;
    for (;;) {
        if (redisGetReplyFromReader (e->redis.context, (void **)&e->reply) != REDIS_OK)
            return lost (listen, e, error);
        if (e->reply)
            break;
        int got = tt_redis_read (&e->redis, false);
        if (got < 0 || (got == 0 && is_late (e)))
            return lost (listen, e, error);
        if (got == 0)
            return TT_OK;
    }
    e->asked = false;
    if (e->reply->type == REDIS_REPLY_ERROR)
        return take_error (listen, e, error);
    *reply = e->reply;
    return TT_OK;
}
