/* Asks a daemon on this machine whether it is ready: the other end of /readyz, for the health checks of containers and scripts.
 *
 * Not an HTTP client: one request to a server of run/http.h. Blocks; any thread. */
#ifndef TT_RUN_HEALTH_H
#define TT_RUN_HEALTH_H

#include "base/status.h"

/* address is what the daemon was told as http.bind; an address for all interfaces stands for this machine. Waits at most wait_ms for
 * each of connecting, sending and receiving.
 * TT_OK: ready. TT_UNAVAILABLE: nothing answers, or it is not ready; the message has the daemon's reason.
 * TT_INVALID_ARGUMENT: no address, or port 0, which could be any. */
TT_MUST_USE tt_status tt_health_check (const char *address, int wait_ms, tt_error *error);

#endif
