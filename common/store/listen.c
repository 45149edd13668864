#include "store/listen.h"

#include <poll.h>

#include "base/clock.h"

void
tt_listen_init (tt_listen *listen, const tt_store_options *options)
{
    *listen = (tt_listen){ .asked = false };
    tt_redis_init (&listen->redis, options);
}

static void
forget_reply (tt_listen *listen)
{
    if (listen->reply)
        freeReplyObject (listen->reply);
    listen->reply = NULL;
}

void
tt_listen_free (tt_listen *listen)
{
    forget_reply (listen);
    tt_redis_free (&listen->redis);
}

int
tt_listen_fd (const tt_listen *listen)
{
    return listen->redis.context ? listen->redis.context->fd : -1;
}

static tt_status
lost (tt_listen *listen, tt_error *error)
{
    tt_fail (error, TT_UNAVAILABLE, "Redis: %s", listen->redis.context->errstr[0] ? listen->redis.context->errstr : "connection lost");
    tt_redis_drop (&listen->redis);
    listen->asked = false;
    return TT_UNAVAILABLE;
}

static bool
is_late (const tt_listen *listen)
{
    return tt_clock_monotonic_us () - listen->asked_us > ((int64_t) listen->redis.timeout_ms + TT_LISTEN_BLOCK_MS) * 1000;
}

tt_status
tt_listen_ask (tt_listen *listen, const tt_buffer *request, tt_error *error)
{
    if (listen->asked)
        return TT_OK;
    tt_status status = tt_redis_connect (&listen->redis, error);
    if (status != TT_OK)
        return status;
    redisAppendFormattedCommand (listen->redis.context, (const char *) request->data, request->size);
    for (int done = 0; !done;)
        if (redisBufferWrite (listen->redis.context, &done) != REDIS_OK)
            return lost (listen, error);
    listen->asked = true;
    listen->asked_us = tt_clock_monotonic_us ();
    return TT_OK;
}

tt_status
tt_listen_hear (tt_listen *listen, const redisReply **reply, tt_error *error)
{
    *reply = NULL;
    forget_reply (listen);
    redisContext *context = listen->redis.context;
    if (!listen->asked || context == NULL)
        return TT_OK;
    struct pollfd ready = { .fd = context->fd, .events = POLLIN };
    for (;;) {
        if (redisGetReplyFromReader (context, (void **) &listen->reply) != REDIS_OK)
            return lost (listen, error);
        if (listen->reply)
            break;
        if (poll (&ready, 1, 0) <= 0)
            return is_late (listen) ? lost (listen, error) : TT_OK;
        if (redisBufferRead (context) != REDIS_OK)
            return lost (listen, error);
    }
    listen->asked = false;
    if (listen->reply->type == REDIS_REPLY_ERROR) {
        tt_status status = tt_redis_error_status (listen->reply, error);
        tt_redis_drop (&listen->redis); /* a pause comes with the connection's back-off */
        return status;
    }
    *reply = listen->reply;
    return TT_OK;
}
