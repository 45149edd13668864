#include "bus/bind.h"

/* czmq would try the ports behind 49152 one after the other: the port of a daemon that was killed a moment ago would go to the next one
 * that asks, and its peers would talk to the wrong daemon. The system chooses at random. */
static void
leave_port_to_system (char *endpoint)
{
    size_t size = strlen (endpoint);
    if (size > 2 && strcmp (endpoint + size - 2, ":*") == 0)
        endpoint[size - 1] = '0';
}

tt_status
tt_bind (zsock_t *socket, const char *endpoint, char bound[TT_BOUND_SIZE], tt_error *error)
{
    snprintf (bound, TT_BOUND_SIZE, "%s", endpoint);
    leave_port_to_system (bound);
    if (zsock_bind (socket, "%s", bound) < 0)
        return tt_fail (error, TT_UNAVAILABLE, "cannot listen on %s: %s", endpoint, zmq_strerror (zmq_errno ()));
    char *last = zsock_last_endpoint (socket);
    snprintf (bound, TT_BOUND_SIZE, "%s", last);
    zstr_free (&last);
    return TT_OK;
}
