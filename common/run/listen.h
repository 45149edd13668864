/* Inside http.c and health.c: addresses "host:port" and listening TCP sockets. */
#ifndef TT_RUN_LISTEN_H
#define TT_RUN_LISTEN_H

#include "base/status.h"

#define TT_LISTEN_HOST_MAX 256

/* "host:port" or "[v6]:port" into its parts; *port is borrowed from address. False if it is neither. */
bool tt_listen_split (const char *address, char host[TT_LISTEN_HOST_MAX], const char **port);
/* Statuses as tt_http_open. *fd is owned; *port is the real one. */
TT_MUST_USE tt_status tt_listen_open (const char *address, int *fd, unsigned *port, tt_error *error);

#endif
