/* Who is connected to a socket of a daemon, and what each of them costs: bytes that the system holds because the peer does not
 * read them, and bytes that it sent. libzmq does not tell; its monitor tells the descriptors, and the system (SIOCOUTQ, TCP_INFO)
 * tells the rest. Private to bus/.
 *
 * A peer that is slow is marked as such until it has caught up or is gone, so that each such episode is told once. Cutting a peer
 * off is shutdown (2) of its connection: libzmq then forgets the peer and all that it kept for it, and the peer connects again
 * and asks for what it lacks. Thread-safe, but for new and destroy; new is to be called before the socket is bound, destroy
 * before it is closed. */
#ifndef TT_BUS_PEERS_H
#define TT_BUS_PEERS_H

#include <czmq.h>

#include "base/buffer.h"

typedef struct tt_peers tt_peers;

tt_peers *tt_peers_new (zsock_t *socket); /* never NULL */
void tt_peers_destroy (tt_peers **peers);

size_t tt_peers_count (tt_peers *peers);

/* Looks for peers that do not read: those that have unsent bytes now and, unless `first`, had some at every look since the first.
 * Returns how many of them are not marked as slow. */
size_t tt_peers_look (tt_peers *peers, bool first);
/* Marks as slow those of them that have most unsent bytes; their names are appended to `names`. Returns how many: one at least,
 * if there was any. */
size_t tt_peers_mark (tt_peers *peers, tt_buffer *names);
/* Takes the mark from those that have caught up or are gone, whose names are appended. Returns how many are slow still. */
size_t tt_peers_review (tt_peers *peers, tt_buffer *caught_up, tt_buffer *gone);
size_t tt_peers_slow (tt_peers *peers); /* marked ones */

typedef enum {
    TT_PEERS_SLOWEST, /* most unsent bytes */
    TT_PEERS_HEAVIEST /* most unsent bytes and bytes sent to us since the last time; nobody who costs less than some MiB */
} tt_peers_rank;
/* Cuts off a quarter of the peers that have unsent bytes (or are heavy), the worst, at least one if there are any; names
 * appended; how many. */
size_t tt_peers_cut (tt_peers *peers, tt_peers_rank rank, tt_buffer *names);

#endif
