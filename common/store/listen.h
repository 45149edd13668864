/* Blocking stream reads on connections of their own, polled by one descriptor: what tail and group share. Private to store/.
 *
 * One Redis answers for all partitions at once, so one connection does; in a cluster a read may not span slots, so each partition
 * has its own. Each of these is an ear. Owned by one thread. */
#ifndef TT_STORE_LISTEN_H
#define TT_STORE_LISTEN_H

#include "store/pipe.h"

typedef struct tt_listen tt_listen;

/* store: borrowed; says where the partitions are. Never NULL. */
tt_listen *tt_listen_new (tt_store *store);
void tt_listen_destroy (tt_listen **listen);
/* Readable when any ear has something; -1 before there are ears. */
int tt_listen_fd (const tt_listen *listen);
/* True if every ear is connected: else what some of them would hear is waited for in vain. */
bool tt_listen_connected (const tt_listen *listen);
/* How many ears there are; asks the route at the first call. TT_UNAVAILABLE: not known yet. */
TT_MUST_USE tt_status tt_listen_ears (tt_listen *listen, size_t *count, tt_error *error);
/* The partitions that an ear is for: *first, and how many. */
void tt_listen_span (const tt_listen *listen, size_t ear, uint32_t *first, uint32_t *count);

/* Connects the ear if need be. *fresh: it was, and nothing has been asked since: what was known of this server's journals may not
 * hold. */
TT_MUST_USE tt_status tt_listen_connect (tt_listen *listen, size_t ear, bool *fresh, tt_error *error);
/* Commands on the connection of an ear that has nothing under way, waited for: replies[count] are owned (freeReplyObject), none is an
 * error. If it fails there are none, and the connection is given up. */
TT_MUST_USE tt_status tt_listen_call (tt_listen *listen, size_t ear, const tt_buffer *commands, size_t count, redisReply **replies,
                                      tt_error *error);
/* Gives up the connection. */
void tt_listen_drop (tt_listen *listen, size_t ear);
/* The server behind the connection (run_id); "" if there is none. Borrowed until the next call. */
const char *tt_listen_server (const tt_listen *listen, size_t ear);
/* Sends a request on a connected ear; none may be under way. A request may let Redis wait for at most TT_LISTEN_BLOCK_MS: what is
 * silent for longer than that and the time limit of the connection is given up as lost (TT_UNAVAILABLE), since a peer that
 * vanished says nothing. */
#define TT_LISTEN_BLOCK_MS 500
#define TT_LISTEN_BLOCK "500" /* the same, as an argument of BLOCK */
TT_MUST_USE tt_status tt_listen_ask (tt_listen *listen, size_t ear, const tt_buffer *request, tt_error *error);
bool tt_listen_asked (const tt_listen *listen, size_t ear);
/* The reply if it has come, without waiting: *reply is borrowed until the ear is heard again, NULL while there is none. Error
 * replies become a status, and the connection is made anew (redirections are followed). */
TT_MUST_USE tt_status tt_listen_hear (tt_listen *listen, size_t ear, const redisReply **reply, tt_error *error);

#endif
