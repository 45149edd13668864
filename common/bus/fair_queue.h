/* What waits to be worked on, fairly between those who sent it: a queue for each client, taken from in turn. Private to bus/;
 * pure.
 *
 * A turn yields one item. An item larger than `turn_bytes` has to save for it, a turn for each `turn_bytes`: so nobody gets more
 * than one item, and in the long run nobody more bytes, than each other one who has something waiting. Items of one client keep
 * their order. All queues together are bounded by count and by bytes; past that the client that holds most of what is short loses
 * its newest. Owned by one thread. */
#ifndef TT_BUS_FAIR_QUEUE_H
#define TT_BUS_FAIR_QUEUE_H

#include "base/buffer.h"

typedef struct tt_fair_queue tt_fair_queue;

/* Embedded in what is queued; the queue's while it waits there. */
typedef struct tt_fair_item {
    struct tt_fair_item *previous, *next; /* of its client; in the list that a push returns only `next` */
    struct tt_fair_client *client;
    size_t bytes;
} tt_fair_item;

tt_fair_queue *tt_fair_queue_new (size_t max_count, size_t max_bytes, size_t turn_bytes); /* never NULL; none of them 0 */
void tt_fair_queue_destroy (tt_fair_queue **queue);                                       /* must be empty */

/* Takes the item, of so many bytes, for the client with this name (copied). Returns what has to be refused so that the bounds
 * hold, linked by `next`, or NULL: it may be the item itself, or items of others, and is the caller's again. An item larger than
 * the bound is refused. */
TT_MUST_USE tt_fair_item *tt_fair_queue_push (tt_fair_queue *queue, tt_bytes client, tt_fair_item *item, size_t bytes);
/* The next in turn, now the caller's; NULL if nothing waits. */
tt_fair_item *tt_fair_queue_pop (tt_fair_queue *queue);

size_t tt_fair_queue_count (const tt_fair_queue *queue);
size_t tt_fair_queue_bytes (const tt_fair_queue *queue);
size_t tt_fair_queue_clients (const tt_fair_queue *queue); /* that have something waiting */

#endif
