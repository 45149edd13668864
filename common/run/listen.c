#include "run/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
tt_listen_split (const char *address, char host[TT_LISTEN_HOST_MAX], const char **port)
{
    const char *colon = strrchr (address, ':');
    if (colon == NULL || colon == address || (size_t) (colon - address) >= TT_LISTEN_HOST_MAX)
        return false;
    bool bracketed = address[0] == '[';
    const char *from = address + bracketed;
    size_t n = (size_t) (colon - from);
    if (bracketed && (n == 0 || from[--n] != ']'))
        return false;
    memcpy (host, from, n);
    host[n] = '\0';
    *port = colon + 1;
    size_t digits = strspn (*port, "0123456789");
    bool is_number = digits > 0 && digits <= 5 && (*port)[digits] == '\0' && atoi (*port) <= 65535;
    return is_number && n > 0 && (bracketed || strchr (host, ':') == NULL);
}

static tt_status
refuse (const char *address, int code, tt_error *error)
{
    if (code == EADDRINUSE)
        return tt_fail (error, TT_ALREADY_EXISTS, "cannot listen on %s: the port is in use by another program", address);
    return tt_fail (error, code == EACCES ? TT_PERMISSION_DENIED : TT_UNAVAILABLE, "cannot listen on %s: %s", address,
                    strerror (code));
}

/* An IPv6 wildcard takes IPv4 too, whatever the system's default is. */
static int
try_listen (const struct addrinfo *a, int *code)
{
    int on = 1, off = 0;
    int fd = socket (a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (ok && a->ai_family == AF_INET6)
        ok = setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    ok = ok && bind (fd, a->ai_addr, a->ai_addrlen) == 0 && listen (fd, 128) == 0;
    *code = errno;
    if (!ok && fd >= 0)
        close (fd);
    return ok ? fd : -1;
}

static unsigned
real_port (int fd)
{
    struct sockaddr_storage a = { 0 };
    socklen_t n = sizeof a;
    if (getsockname (fd, (struct sockaddr *) &a, &n) != 0)
        return 0;
    return ntohs (a.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *) &a)->sin6_port : ((const struct sockaddr_in *) &a)->sin_port);
}

tt_status
tt_listen_open (const char *address, int *fd, unsigned *port, tt_error *error)
{
    char host[TT_LISTEN_HOST_MAX];
    const char *service;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    if (!tt_listen_split (address, host, &service))
        return tt_fail (error, TT_INVALID_ARGUMENT, "\"%.200s\" is no address to listen on: expected \"127.0.0.1:9000\" or \"[::]:9000\"",
                        address);
    int failed = getaddrinfo (host, service, &hints, &found);
    if (failed)
        return tt_fail (error, TT_INVALID_ARGUMENT, "cannot listen on %s: %s", address, gai_strerror (failed));
    int code = 0;
    *fd = -1;
    for (const struct addrinfo *a = found; a && *fd < 0; a = a->ai_next)
        *fd = try_listen (a, &code);
    freeaddrinfo (found);
    if (*fd < 0)
        return refuse (address, code, error);
    *port = real_port (*fd);
    return TT_OK;
}
