/* What the system knows of a TCP or Unix connection that libzmq owns. Private to bus/; Linux.
 *
 * libzmq may close the descriptor at any time, and its number become another's: so nothing here changes a connection without
 * holding its names against those that are expected. Stateless; any thread. */
#ifndef TT_BUS_CONNECTION_H
#define TT_BUS_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#define TT_CONNECTION_NAME 64

/* The other end: "127.0.0.1:40123", "[::1]:40123", of a Unix socket "process 4711". False if it is not connected. */
bool tt_connection_name (int fd, char name[TT_CONNECTION_NAME]);
/* True if it was accepted by the socket bound to this endpoint: "tcp://127.0.0.1:5710", "ipc:///path". */
bool tt_connection_is_of (int fd, const char *endpoint);
/* Bytes that were handed to the system and have not been taken by the peer; 0 if that is not known. */
uint64_t tt_connection_unsent (int fd);
/* Bytes that the peer has sent in all; 0 if that is not known (Unix sockets). */
uint64_t tt_connection_received (int fd);
/* Ends it, if its other end still has this name. */
bool tt_connection_cut (int fd, const char *name);

#endif
