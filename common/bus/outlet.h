/* The sending end of a publisher: XPUB, where a subscriber that does not read costs nobody else anything. Private to bus/.
 *
 * libzmq keeps a queue for each subscriber, of at most the high-water mark. When one is full the event is lost to that subscriber
 * alone, who finds out by the heartbeats and replays. Here that is noticed (ZMQ_XPUB_NODROP makes libzmq refuse the event), told
 * once an episode with the names of the peers, and counted; then the event is sent all the same, and only the full queues go
 * without. A queue may also be full because our own sending is behind, while every subscriber reads: then it is waited for, a
 * little, since that loses nothing. */
#ifndef TT_BUS_OUTLET_H
#define TT_BUS_OUTLET_H

#include "base/counters.h"
#include "bus/peers.h"

typedef struct tt_outlet tt_outlet;

/* Before the socket is bound. high_water_mark: events that libzmq keeps for one subscriber. Socket and counters are borrowed.
 * Never NULL. */
tt_outlet *tt_outlet_new (zsock_t *xpub, uint32_t high_water_mark, tt_counters *counters);
void tt_outlet_destroy (tt_outlet **outlet); /* before the socket is closed */

/* From the thread of the socket. May take some milliseconds where an episode begins, and as long as 100 where our own sending is
 * behind. */
void tt_outlet_send (tt_outlet *outlet, tt_bytes topic, tt_bytes header, tt_bytes body);
/* Ends episodes, at most once a second: to be called several times a second. */
void tt_outlet_review (tt_outlet *outlet, int64_t now_us);

/* Cuts off the slowest subscribers: for a daemon whose memory is over its bound, once a second, from any one thread. They connect
 * again and replay. Returns how many, named in `names` (appended). */
size_t tt_outlet_relieve (tt_outlet *outlet, tt_buffer *names);

#endif
