#include "run/health.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "run/listen.h"

#define ANSWER_MAX 2048 /* more than /readyz ever says */

/* Both time limits before connecting: Linux bounds connect by the one for sending. */
static bool
reach (const struct addrinfo *a, int wait_ms, int *fd)
{
    struct timeval limit = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
    *fd = socket (a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && setsockopt (*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0
        && setsockopt (*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 && connect (*fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    int code = errno;
    if (*fd >= 0)
        close (*fd);
    errno = code;
    return false;
}

/* 0.0.0.0 and [::] need no translation: connecting to them reaches this machine. */
static tt_status
open_connection (const char *address, int wait_ms, int *fd, tt_error *error)
{
    char host[TT_LISTEN_HOST_MAX];
    const char *port;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    if (!tt_listen_split (address, host, &port) || atoi (port) == 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "cannot ask \"%.200s\": it is no address with a port", address);
    int failed = getaddrinfo (host, port, &hints, &found);
    if (failed)
        return tt_fail (error, TT_UNAVAILABLE, "cannot ask %s: %s", address, gai_strerror (failed));
    bool reached = false;
    for (const struct addrinfo *a = found; a && !reached; a = a->ai_next)
        reached = reach (a, wait_ms, fd);
    int code = errno;
    freeaddrinfo (found);
    return reached ? TT_OK : tt_fail (error, TT_UNAVAILABLE, "nothing answers on %s: %s", address, strerror (code));
}

/* All that comes until the server closes, cut at ANSWER_MAX; false if it does not come in time. */
static bool
receive (int fd, char answer[ANSWER_MAX])
{
    size_t size = 0;
    ssize_t n = 0;
    while (size < ANSWER_MAX - 1 && (n = recv (fd, answer + size, ANSWER_MAX - 1 - size, 0)) > 0)
        size += (size_t) n;
    answer[size] = '\0';
    return n >= 0;
}

static tt_status
judge (const char *address, char *answer, tt_error *error)
{
    if (strncmp (answer, "HTTP/1.1 200 ", 13) == 0)
        return TT_OK;
    if (strncmp (answer, "HTTP/1.1 ", 9) != 0)
        return tt_fail (error, TT_UNAVAILABLE, "what answers on %s is none of our daemons", address);
    char *body = strstr (answer, "\r\n\r\n");
    body = body ? body + 4 : answer + 9;
    return tt_fail (error, TT_UNAVAILABLE, "not ready: %.*s", (int) strcspn (body, "\r\n"), body);
}

tt_status
tt_health_check (const char *address, int wait_ms, tt_error *error)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[ANSWER_MAX];
    int fd = -1;
    tt_status status = open_connection (address, wait_ms, &fd, error);
    if (status != TT_OK)
        return status;
    if (send (fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t) (sizeof request - 1) || !receive (fd, answer))
        status = tt_fail (error, TT_UNAVAILABLE, "no answer from %s: %m", address);
    else
        status = judge (address, answer, error);
    close (fd);
    return status;
}
