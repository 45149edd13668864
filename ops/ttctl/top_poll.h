/* Asks many daemons at once over HTTP: /metrics and /readyz of each. libcurl does the talking; each round is bounded in time,
 * each answer in size. Owned by one thread. */
#ifndef TTCTL_TOP_POLL_H
#define TTCTL_TOP_POLL_H

#include <poll.h>
#include <stdint.h>

#include "base/buffer.h"

#define CTL_METRICS_BYTES_MAX ((size_t)4 << 20)
#define CTL_READY_BYTES_MAX ((size_t)4096)

typedef enum { CTL_ASK_METRICS, CTL_ASK_READY, CTL_ASKS } ctl_ask;

typedef struct {
    long code; /* of HTTP; 0: none came */
    tt_buffer body;
    char error[256]; /* why none came; may hold anything that the other side sent */
    int64_t at_us;   /* monotonic: when it was complete */
} ctl_answer;

typedef struct ctl_poll ctl_poll;

/* addresses[count]: "host:port", borrowed. Never NULL. */
ctl_poll *ctl_poll_new (const char *const *addresses, size_t count, int limit_ms);
void ctl_poll_free (ctl_poll **poll);
/* Is it "host:port", "[v6]:port", with a port from 1 to 65535? */
bool ctl_poll_address_valid (const char *address);

/* Begins a round: asks all. What the last round brought is gone. */
void ctl_poll_start (ctl_poll *poll);
/* Works on it, waiting at most wait_ms or until one of `others` (at most 4) has something; their revents are set. True once all
 * have answered or failed. */
bool ctl_poll_step (ctl_poll *poll, struct pollfd *others, size_t other_count, int wait_ms);
/* After a round. Borrowed until the next. */
const ctl_answer *ctl_poll_answer (const ctl_poll *poll, size_t daemon, ctl_ask ask);

#endif
