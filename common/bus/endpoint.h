/* Endpoint lists and the settings that every connecting socket of the suite shares: keepalive, bounded queues, no linger.
 *
 * Private to common/bus. A list is immutable after parsing; sockets belong to the thread that opened them. */
#ifndef TT_BUS_ENDPOINT_H
#define TT_BUS_ENDPOINT_H

#include "base/buffer.h"

typedef struct {
    char **items; /* owned, NUL-terminated */
    size_t count;
} tt_endpoints;

/* "tcp://a:1, tcp://b:2": blanks around commas are dropped. TT_INVALID_ARGUMENT names the entry that libzmq cannot connect to, or
 * says that there is none. `what` names the option in messages. */
TT_MUST_USE tt_status tt_endpoints_parse (tt_endpoints *out, void *context, const char *list, const char *what, tt_error *error);
void tt_endpoints_free (tt_endpoints *endpoints);

/* A socket of `type` with the shared settings, connected to endpoint. NULL, with *error filled, if that fails.
 * high_water_mark: messages queued in each direction. Closed by tt_socket_close. */
void *tt_socket_connect (void *context, int type, const char *endpoint, int high_water_mark, tt_error *error);
void tt_socket_close (void **socket);

#endif
