/* The commands of a client: those under way by request id, and the queue of those that are finished but not fetched.
 *
 * Private to common/bus. Pure bookkeeping: no socket, no clock. Owned by one thread. */
#ifndef TT_BUS_PENDING_H
#define TT_BUS_PENDING_H

#include <zmq.h>

#include "base/buffer.h"
#include "base/uuid.h"
#include "wire/trace.h"

#define TT_PENDING_MAX 4096 /* under way at a time */
#define TT_PENDING_BYTES ((size_t) 64 << 20) /* of those; one more may begin below it */
#define TT_PENDING_BUCKETS 8192

/* A command from its first send until its reply is handed out. */
typedef struct tt_pending {
    struct tt_pending *chain; /* next in its bucket */
    struct tt_pending *next;  /* next in the queue of finished ones */
    uint8_t id[TT_UUID_SIZE];
    uint64_t ticket;
    char traceparent[TT_TRACE_TEXT_SIZE]; /* or "" */
    tt_buffer header; /* packed once: every try sends the same bytes */
    tt_buffer body;
    int64_t deadline_us;
    int64_t due_us;   /* when it is sent (again) unless a reply comes */
    size_t slot;      /* place in the table's under_way */
    bool on_the_wire; /* sent on the present connection */
    bool answered;    /* the two frames below are set */
    zmq_msg_t reply_header;
    zmq_msg_t reply_body;
} tt_pending;

typedef struct {
    tt_pending *buckets[TT_PENDING_BUCKETS];
    tt_pending *under_way[TT_PENDING_MAX];
    size_t under_way_count, under_way_bytes;
    tt_pending *finished; /* queue, oldest first */
    tt_pending **finished_tail;
    size_t finished_count, finished_bytes; /* bytes of their replies */
} tt_pending_table;

void tt_pending_init (tt_pending_table *table); /* of zeroes */
bool tt_pending_has_room (const tt_pending_table *table);
/* Puts it under way, header and body packed. There must be room, and its id must be new. */
void tt_pending_insert (tt_pending_table *table, tt_pending *command);
/* The one under way with this id, or NULL. */
tt_pending *tt_pending_find (const tt_pending_table *table, tt_bytes id);
/* From under way to the end of the queue; what was sent is freed. Another one may stand in its slot then. */
void tt_pending_finish (tt_pending_table *table, tt_pending *command);
/* Takes the finished one that *link points to out of the queue: now the caller's. link: &table->finished, or the `next` of
 * another one. */
tt_pending *tt_pending_take (tt_pending_table *table, tt_pending **link);
void tt_pending_destroy (tt_pending **command); /* nulls; NULL inside is fine */

#endif
