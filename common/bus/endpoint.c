#include "bus/endpoint.h"

#include <string.h>
#include <zmq.h>

#define KEEPALIVE_IDLE_S 3
#define KEEPALIVE_EVERY_S 1
#define KEEPALIVE_COUNT 3
#define CONNECT_TIMEOUT_MS 2000
#define RECONNECT_MS 20
#define RECONNECT_MAX_MS 1000
#define MAX_MESSAGE_BYTES (256LL << 20)

void
tt_socket_close (void **socket)
{
    if (*socket)
        zmq_close (*socket);
    *socket = NULL;
}

static bool
set_int (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value) == 0;
}

/* All of it before connect: libzmq takes these options for later connections only. No ZMTP heartbeats: libzmq 4.3.4 asserts (!_io_error), and
 * ends the process, where a connection breaks whose queue is full when one is due. Silence is noticed by the users of these sockets. */
static bool
apply_settings (void *socket, int high_water_mark)
{
    int64_t limit = MAX_MESSAGE_BYTES;
    return set_int (socket, ZMQ_LINGER, 0) && set_int (socket, ZMQ_RCVHWM, high_water_mark)
           && set_int (socket, ZMQ_SNDHWM, high_water_mark) && set_int (socket, ZMQ_TCP_KEEPALIVE, 1)
           && set_int (socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S)
           && set_int (socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_EVERY_S)
           && set_int (socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT)
           && set_int (socket, ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS) && set_int (socket, ZMQ_RECONNECT_IVL, RECONNECT_MS)
           && set_int (socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
           && zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit) == 0;
}

void *
tt_socket_connect (void *context, int type, const char *endpoint, int high_water_mark, tt_error *error)
{
    void *socket = zmq_socket (context, type);
    if (socket == NULL) {
        (void)tt_fail (error, TT_RESOURCE_EXHAUSTED, "cannot open a socket: %s", zmq_strerror (zmq_errno ()));
        return NULL;
    }
    if (!apply_settings (socket, high_water_mark))
        (void)tt_fail (error, TT_INTERNAL, "cannot set up a socket: %s", zmq_strerror (zmq_errno ()));
    else if (zmq_connect (socket, endpoint) != 0)
        (void)tt_fail (error, TT_INVALID_ARGUMENT, "cannot connect to \"%s\": %s", endpoint, zmq_strerror (zmq_errno ()));
    else
        return socket;
    tt_socket_close (&socket);
    return NULL;
}

/* Connecting is asynchronous, so this finds what is wrong with the text, not whether anybody is there. */
static tt_status
add_endpoint (tt_endpoints *out, void *context, const char *text, size_t size, const char *what, tt_error *error)
{
    char *endpoint = tt_strndup (text, size);
    out->items = tt_realloc (out->items, (out->count + 1) * sizeof *out->items);
    out->items[out->count++] = endpoint;
    void *probe = tt_socket_connect (context, ZMQ_DEALER, endpoint, 1, error);
    if (probe == NULL)
        return tt_fail_prefix (error, "%s", what);
    tt_socket_close (&probe);
    return TT_OK;
}

tt_status
tt_endpoints_parse (tt_endpoints *out, void *context, const char *list, const char *what, tt_error *error)
{
    tt_error local = { 0 };
    *out = (tt_endpoints){ 0 };
    tt_status status = TT_OK;
    for (const char *at = list ? list : ""; *at && status == TT_OK;) {
        at += strspn (at, ", \t");
        size_t size = strcspn (at, ", \t");
        if (size > 0)
            status = add_endpoint (out, context, at, size, what, error ? error : &local);
        at += size;
    }
    if (status == TT_OK && out->count == 0)
        status
            = tt_fail (error, TT_INVALID_ARGUMENT, "%s: no endpoint given, expected for example \"tcp://127.0.0.1:5710\"", what);
    if (status != TT_OK)
        tt_endpoints_free (out);
    return status;
}

void
tt_endpoints_free (tt_endpoints *endpoints)
{
    for (size_t i = 0; i < endpoints->count; i++)
        free (endpoints->items[i]);
    free (endpoints->items);
    *endpoints = (tt_endpoints){ 0 };
}
