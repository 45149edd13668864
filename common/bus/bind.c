#include "bus/bind.h"

#define KEEPALIVE_IDLE_S 6
#define KEEPALIVE_EVERY_S 2
#define KEEPALIVE_COUNT 3
#define UNREAD_MS 15000

/* czmq would try the ports behind 49152 one after the other: the port of a daemon that was killed a moment ago would go to the next one
 * that asks, and its peers would talk to the wrong daemon. The system chooses at random. */
static void
leave_port_to_system (char *endpoint)
{
    size_t size = strlen (endpoint);
    if (size > 2 && strcmp (endpoint + size - 2, ":*") == 0)
        endpoint[size - 1] = '0';
}

/* Not by ZMTP heartbeats: libzmq 4.3.4 asserts (!_io_error), and ends the process, where a connection breaks whose queue is full when a heartbeat is
 * due. */
static void
notice_dead_peers (zsock_t *socket)
{
    zsock_set_tcp_keepalive (socket, 1);
    zsock_set_tcp_keepalive_idle (socket, KEEPALIVE_IDLE_S);
    zsock_set_tcp_keepalive_intvl (socket, KEEPALIVE_EVERY_S);
    zsock_set_tcp_keepalive_cnt (socket, KEEPALIVE_COUNT);
    zsock_set_tcp_maxrt (socket, UNREAD_MS);
}

tt_status
tt_bind (zsock_t *socket, const char *endpoint, char bound[TT_BOUND_SIZE], tt_error *error)
{
    snprintf (bound, TT_BOUND_SIZE, "%s", endpoint);
    leave_port_to_system (bound);
    notice_dead_peers (socket);
    if (zsock_bind (socket, "%s", bound) < 0)
        return tt_fail (error, TT_UNAVAILABLE, "cannot listen on %s: %s", endpoint, zmq_strerror (zmq_errno ()));
    char *last = zsock_last_endpoint (socket);
    snprintf (bound, TT_BOUND_SIZE, "%s", last);
    zstr_free (&last);
    return TT_OK;
}
