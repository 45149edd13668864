/* Binding the sockets of a daemon, in one place. Private to bus/. */
#ifndef TT_BUS_BIND_H
#define TT_BUS_BIND_H

#include <czmq.h>

#include "base/status.h"

#define TT_BOUND_SIZE 256

/* Binds to "tcp://127.0.0.1:5710" and the like; port "*" or 0 takes a free one of the system's choice. `bound` says what it became.
 * A peer that is gone is noticed after some 12 s (TCP keepalive), one that has not taken a byte of what was sent after 15 s.
 * TT_UNAVAILABLE with the reason. */
TT_MUST_USE tt_status tt_bind (zsock_t *socket, const char *endpoint, char bound[TT_BOUND_SIZE], tt_error *error);

#endif
