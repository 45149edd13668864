#include "bus/peers.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/connection.h"

#define NAMES_MAX 8 /* in one text */
#define HEAVY_BYTES (8u << 20)
#define RECENT_US 2500000 /* what was sent is compared with a look no longer ago */
#define CUT_PART 4        /* of those that could be cut, so many parts are left but one */
#define CAUGHT_UP_PART 4
#define FULL_PART 4

struct peer {
    UT_hash_handle hh;
    int fd;
    char name[TT_CONNECTION_NAME];
    uint64_t unsent;
    uint64_t received, received_before;
    bool suspect;
    uint64_t slow; /* unsent bytes when it was marked; 0: it is not */
};

struct tt_peers {
    pthread_mutex_t lock;
    zsock_t *socket; /* borrowed */
    zsock_t *events; /* PAIR: what the monitor tells */
    struct peer *table;
    tt_buffer gone; /* names of slow ones that have left since the last review */
    size_t gone_count;
    size_t slow;
    int64_t received_us; /* when it was last asked what they sent */
};

/* -- what the monitor tells -- */

static void
forget (tt_peers *peers, struct peer *peer)
{
    if (peer->slow) {
        peers->slow--;
        if (peers->gone_count++ < NAMES_MAX)
            tt_buffer_printf (&peers->gone, "%s%s", peers->gone.size ? ", " : "", peer->name);
    }
    HASH_DEL (peers->table, peer);
    free (peer);
}

static void
take_event (tt_peers *peers, uint16_t event, int fd, const char *endpoint)
{
    struct peer *peer;
    HASH_FIND_INT (peers->table, &fd, peer);
    if (peer)
        forget (peers, peer);
    char name[sizeof peer->name];
    if (event != ZMQ_EVENT_ACCEPTED || !tt_connection_is_of (fd, endpoint) || !tt_connection_name (fd, name))
        return;
    peer = tt_alloc_zero (1, sizeof *peer);
    peer->fd = fd;
    memcpy (peer->name, name, sizeof name);
    HASH_ADD_INT (peers->table, fd, peer);
}

/* Two frames each: event (2 bytes) and value (4 bytes, the descriptor); endpoint. */
static void
update (tt_peers *peers)
{
    if (peers->events == NULL)
        return;
    void *events = zsock_resolve (peers->events);
    zmq_msg_t head;
    zmq_msg_init (&head);
    while (zmq_msg_recv (&head, events, ZMQ_DONTWAIT) >= 0) {
        char endpoint[256] = "";
        uint16_t event = 0;
        int32_t value = -1;
        int size = zmq_msg_more (&head) ? zmq_recv (events, endpoint, sizeof endpoint - 1, 0) : 0;
        endpoint[size < 0 ? 0 : size < (int)sizeof endpoint ? size : (int)sizeof endpoint - 1] = '\0';
        if (zmq_msg_size (&head) < sizeof event + sizeof value)
            continue;
        memcpy (&event, zmq_msg_data (&head), sizeof event);
        memcpy (&value, (const uint8_t *)zmq_msg_data (&head) + sizeof event, sizeof value);
        take_event (peers, event, value, endpoint);
    }
    zmq_msg_close (&head);
}

tt_peers *
tt_peers_new (zsock_t *socket)
{
    tt_peers *peers = tt_alloc_zero (1, sizeof *peers);
    pthread_mutex_init (&peers->lock, NULL);
    peers->socket = socket;
    char address[64];
    snprintf (address, sizeof address, "inproc://peers-%p", (void *)peers);
    int monitored
        = zmq_socket_monitor (zsock_resolve (socket), address, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED);
    peers->events = zsock_new (ZMQ_PAIR);
    zsock_set_rcvhwm (peers->events, 0); /* the thread of libzmq that tells us must never wait until we listen */
    int connected = zsock_connect (peers->events, "%s", address);
    if (monitored != 0 || connected != 0) {
        tt_log (TT_LOG_ERROR, "peers are not known: slow ones are neither named nor cut off", "reason", zmq_strerror (zmq_errno ()), NULL);
        zmq_socket_monitor (zsock_resolve (socket), NULL, 0); /* or libzmq's thread waits for somebody to listen */
        zsock_destroy (&peers->events);
    }
    return peers;
}

void
tt_peers_destroy (tt_peers **reference)
{
    tt_peers *peers = *reference;
    if (peers == NULL)
        return;
    zmq_socket_monitor (zsock_resolve (peers->socket), NULL, 0);
    zsock_destroy (&peers->events);
    struct peer *peer, *next;
    HASH_ITER (hh, peers->table, peer, next)
    forget (peers, peer);
    tt_buffer_free (&peers->gone);
    pthread_mutex_destroy (&peers->lock);
    free (peers);
    *reference = NULL;
}

/* -- what each costs -- */

static void
add_name (tt_buffer *names, const struct peer *peer, size_t count)
{
    if (count <= NAMES_MAX)
        tt_buffer_printf (names, "%s%s", names->size ? ", " : "", peer->name);
    else if (count == NAMES_MAX + 1)
        tt_buffer_text (names, " and others");
}

size_t
tt_peers_count (tt_peers *peers)
{
    pthread_mutex_lock (&peers->lock);
    update (peers);
    size_t count = HASH_COUNT (peers->table);
    pthread_mutex_unlock (&peers->lock);
    return count;
}

size_t
tt_peers_slow (tt_peers *peers)
{
    pthread_mutex_lock (&peers->lock);
    size_t slow = peers->slow;
    pthread_mutex_unlock (&peers->lock);
    return slow;
}

/* -- episodes -- */

size_t
tt_peers_look (tt_peers *peers, bool first)
{
    size_t count = 0;
    pthread_mutex_lock (&peers->lock);
    update (peers);
    for (struct peer *peer = peers->table; peer; peer = peer->hh.next) {
        if (first || peer->suspect)
            peer->unsent = tt_connection_unsent (peer->fd);
        peer->suspect = (first || peer->suspect) && peer->unsent > 0;
        count += peer->suspect && !peer->slow;
    }
    pthread_mutex_unlock (&peers->lock);
    return count;
}

/* One that only had no turn of its processor meanwhile has a little unsent; of one that does not read the system's buffer is
 * full. */
static uint64_t
least_of_slow (const tt_peers *peers)
{
    uint64_t most = 0;
    for (const struct peer *peer = peers->table; peer; peer = peer->hh.next)
        if (peer->suspect && !peer->slow && peer->unsent > most)
            most = peer->unsent;
    return most / FULL_PART;
}

size_t
tt_peers_mark (tt_peers *peers, tt_buffer *names)
{
    size_t count = 0;
    pthread_mutex_lock (&peers->lock);
    uint64_t least = least_of_slow (peers);
    for (struct peer *peer = peers->table; peer; peer = peer->hh.next)
        if (peer->suspect && !peer->slow && peer->unsent >= least) {
            peer->slow = peer->unsent;
            peers->slow++;
            add_name (names, peer, ++count);
        }
    pthread_mutex_unlock (&peers->lock);
    return count;
}

/* While libzmq has anything for a peer that does not read, it keeps the system's buffer full: a small part of it means that
 * nothing waits. */
static bool
has_caught_up (struct peer *peer)
{
    peer->unsent = tt_connection_unsent (peer->fd);
    return peer->unsent < peer->slow / CAUGHT_UP_PART || peer->unsent == 0;
}

size_t
tt_peers_review (tt_peers *peers, tt_buffer *caught_up, tt_buffer *gone)
{
    size_t count = 0;
    pthread_mutex_lock (&peers->lock);
    update (peers);
    for (struct peer *peer = peers->table; peer; peer = peer->hh.next)
        if (peer->slow && has_caught_up (peer)) {
            peer->slow = 0;
            peers->slow--;
            add_name (caught_up, peer, ++count);
        }
    if (peers->gone.size)
        tt_buffer_append (gone, peers->gone.data, peers->gone.size);
    tt_buffer_clear (&peers->gone);
    peers->gone_count = 0;
    size_t slow = peers->slow;
    pthread_mutex_unlock (&peers->lock);
    return slow;
}

/* -- cutting off -- */

struct candidate {
    struct peer *peer;
    uint64_t cost;
};

static int
by_cost (const void *a, const void *b)
{
    uint64_t x = ((const struct candidate *)a)->cost, y = ((const struct candidate *)b)->cost;
    return x < y ? 1 : x > y ? -1 : 0;
}

static uint64_t
cost_of (struct peer *peer, tt_peers_rank rank, bool comparable)
{
    peer->unsent = tt_connection_unsent (peer->fd);
    peer->received_before = peer->received;
    peer->received = tt_connection_received (peer->fd);
    uint64_t poured = comparable ? peer->received - peer->received_before : 0;
    uint64_t cost = peer->unsent + (poured >= HEAVY_BYTES ? poured : 0);
    return rank == TT_PEERS_SLOWEST || cost >= HEAVY_BYTES ? cost : 0;
}

size_t
tt_peers_cut (tt_peers *peers, tt_peers_rank rank, tt_buffer *names)
{
    size_t found = 0, count = 0;
    pthread_mutex_lock (&peers->lock);
    update (peers);
    int64_t now = tt_clock_monotonic_us ();
    bool comparable = now - peers->received_us < RECENT_US;
    peers->received_us = now;
    struct candidate *list = tt_alloc_zero (HASH_COUNT (peers->table) + 1, sizeof *list);
    for (struct peer *peer = peers->table; peer; peer = peer->hh.next) {
        uint64_t cost = cost_of (peer, rank, comparable);
        if (cost > 0)
            list[found++] = (struct candidate){ peer, cost };
    }
    qsort (list, found, sizeof *list, by_cost);
    for (size_t i = 0; i < (found + CUT_PART - 1) / CUT_PART; i++)
        if (tt_connection_cut (list[i].peer->fd, list[i].peer->name))
            add_name (names, list[i].peer, ++count);
    free (list);
    pthread_mutex_unlock (&peers->lock);
    return count;
}
