/* Inside http.c: a listening TCP socket from "host:port". */
#ifndef TT_RUN_LISTEN_H
#define TT_RUN_LISTEN_H

#include "base/status.h"

/* Statuses as tt_http_open. *fd is owned; *port is the real one. */
TT_MUST_USE tt_status tt_listen_open (const char *address, int *fd, unsigned *port, tt_error *error);

#endif
