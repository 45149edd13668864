/* A blocking stream read on a connection of its own, polled by its descriptor: what tail and group share. Private to store/. */
#ifndef TT_STORE_LISTEN_H
#define TT_STORE_LISTEN_H

#include "store/redis.h"

typedef struct {
    tt_redis redis;
    bool asked;        /* a request is under way */
    int64_t asked_us;  /* since when */
    redisReply *reply; /* the last one, kept while its entries are lent out */
} tt_listen;

void tt_listen_init (tt_listen *listen, const tt_store_options *options);
void tt_listen_free (tt_listen *listen);
int tt_listen_fd (const tt_listen *listen);
/* Sends a request if none is under way (connecting first). */
TT_MUST_USE tt_status tt_listen_ask (tt_listen *listen, const tt_buffer *request, tt_error *error);
/* A request may let Redis wait for at most TT_LISTEN_BLOCK_MS: what is silent for longer than that and the time limit of the connection is
 * given up as lost (TT_UNAVAILABLE), since a peer that vanished says nothing. */
#define TT_LISTEN_BLOCK_MS 500
#define TT_LISTEN_BLOCK "500" /* the same, as an argument of BLOCK */
/* The reply if it has come: *reply is borrowed until the next call, NULL while there is none. Error replies become a status. */
TT_MUST_USE tt_status tt_listen_hear (tt_listen *listen, const redisReply **reply, tt_error *error);

#endif
