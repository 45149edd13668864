/* What is to be known of a Redis Cluster: which slot a hash tag belongs to, which master holds a slot, where a redirection
 * points. Private to store/; pure: no connection here. Source: the Redis Cluster specification. */
#ifndef TT_STORE_CLUSTER_H
#define TT_STORE_CLUSTER_H

#include <hiredis/hiredis.h>

#include "base/buffer.h"

#define TT_CLUSTER_SLOTS 16384
#define TT_ENDPOINT_SIZE 272 /* "host:port" with its NUL */

/* Slot of a hash tag: CRC16 (XMODEM) of its bytes modulo 16384. */
uint32_t tt_cluster_slot (tt_bytes tag);
/* The master of a slot by a reply to CLUSTER SLOTS; false if the reply does not say. asked: the host that replied, which a node
 * without a name of its own stands for. */
bool tt_cluster_master (const redisReply *slots, uint32_t slot, const char *asked, char endpoint[TT_ENDPOINT_SIZE]);

typedef enum {
    TT_REPLY_FINAL, /* it stands as it is */
    TT_REPLY_MOVED, /* the slot belongs to the endpoint now */
    TT_REPLY_ASK,   /* this once, ask the endpoint: the slot is on its way there */
    TT_REPLY_LATER, /* not now: the slot is half moved, the cluster or the server is not ready */
    TT_REPLY_DROP   /* not from this server any more: it became a replica */
} tt_reply_kind;
/* What a reply asks for. With MOVED and ASK *endpoint says where ("" host: the one that replied, filled in from `asked`). */
tt_reply_kind tt_reply_kind_of (const redisReply *reply, const char *asked, char endpoint[TT_ENDPOINT_SIZE]);

#endif
