#include "bus/connection.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* not <netinet/tcp.h>, whose tcp_info ends before what we need */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* "127.0.0.1:5710", "[::1]:5710", a path, or "" */
static void
address_text (const struct sockaddr_storage *address, socklen_t size, char *out, size_t room)
{
    char host[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        snprintf (out, room, "%s:%u", inet_ntop (AF_INET, &in->sin_addr, host, sizeof host), ntohs (in->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;
        snprintf (out, room, "[%s]:%u", inet_ntop (AF_INET6, &in->sin6_addr, host, sizeof host), ntohs (in->sin6_port));
    } else if (address->ss_family == AF_UNIX && size > sizeof (sa_family_t)) {
        snprintf (out, room, "%s", ((const struct sockaddr_un *)address)->sun_path);
    }
}

bool
tt_connection_name (int fd, char name[TT_CONNECTION_NAME])
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    struct ucred credentials;
    socklen_t credentials_size = sizeof credentials;
    if (getpeername (fd, (struct sockaddr *)&address, &size) != 0)
        return false;
    address_text (&address, size, name, TT_CONNECTION_NAME);
    if (address.ss_family == AF_UNIX && getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &credentials_size) == 0)
        snprintf (name, TT_CONNECTION_NAME, "process %d", (int)credentials.pid);
    return name[0] != '\0';
}

bool
tt_connection_is_of (int fd, const char *endpoint)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof address;
    char local[128];
    if (getsockname (fd, (struct sockaddr *)&address, &size) != 0)
        return false;
    address_text (&address, size, local, sizeof local);
    const char *tail = address.ss_family == AF_UNIX ? local : strrchr (local, ':');
    size_t tail_size = tail ? strlen (tail) : 0, endpoint_size = strlen (endpoint);
    return tail_size > 0 && tail_size <= endpoint_size && strcmp (endpoint + endpoint_size - tail_size, tail) == 0;
}

uint64_t
tt_connection_unsent (int fd)
{
    int unsent = 0;
    return ioctl (fd, SIOCOUTQ, &unsent) == 0 && unsent > 0 ? (uint64_t)unsent : 0;
}

uint64_t
tt_connection_received (int fd)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof info;
    return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

bool
tt_connection_cut (int fd, const char *name)
{
    char now[TT_CONNECTION_NAME];
    return tt_connection_name (fd, now) && strcmp (name, now) == 0 && shutdown (fd, SHUT_RDWR) == 0;
}
