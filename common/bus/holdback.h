/* Live events that wait while their partition is replayed: a queue for each partition, bounded together.
 *
 * Private to common/bus. When the bound is reached the partition's queue is emptied and marked: what was dropped is in the
 * journal, so the subscriber replays once more. Owned by one thread. */
#ifndef TT_BUS_HOLDBACK_H
#define TT_BUS_HOLDBACK_H

#include <zmq.h>

#include "base/buffer.h"

typedef struct tt_held {
    struct tt_held *next;
    zmq_msg_t topic, header, body;
} tt_held;

typedef struct tt_holdback tt_holdback;

tt_holdback *tt_holdback_new (uint32_t partitions, size_t max_events, size_t max_bytes); /* never NULL */
void tt_holdback_destroy (tt_holdback **holdback);

tt_held *tt_held_new (void);           /* with three empty frames */
void tt_held_destroy (tt_held **held); /* nulls; NULL inside is fine */

/* Takes *held. False: the bound was reached, the partition's queue is empty now and *held is gone. */
bool tt_holdback_push (tt_holdback *holdback, uint32_t partition, tt_held **held);
/* The oldest, now the caller's; NULL if there is none. */
tt_held *tt_holdback_pop (tt_holdback *holdback, uint32_t partition);
bool tt_holdback_empty (const tt_holdback *holdback, uint32_t partition);
size_t tt_holdback_count (const tt_holdback *holdback);
void tt_holdback_clear (tt_holdback *holdback);

#endif
