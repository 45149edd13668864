/* One connection to a Redis server, made again when it was lost. Private to store/. Owned by one thread.
 *
 * The server is one of the endpoints given, the one that says that it is a master; or, with the name of a master, the one that
 * the Sentinels at the endpoints name; or just the one endpoint of a node of a cluster, whatever its role (it redirects). */
#ifndef TT_STORE_REDIS_H
#define TT_STORE_REDIS_H

#include <hiredis/hiredis.h>

#include "base/uuid.h"
#include "store/store.h"

#define TT_RUN_ID_SIZE 40 /* characters of a server's run_id */

typedef struct {
    char *endpoints; /* owned copies of the options */
    char *username;
    char *password_file;
    char *sentinel; /* name of the master, or "" */
    uint32_t timeout_ms;
    bool any_role;         /* a node of a cluster */
    redisContext *context; /* NULL: not connected */
    size_t endpoint;       /* which endpoint is tried next */
    int64_t next_try_us;   /* monotonic: not before */
    uint32_t backoff_ms;
    char run_id[TT_RUN_ID_SIZE + 1];     /* which server process answers */
    char connection[TT_UUID_TEXT_SIZE]; /* identity of the connection: another one with each */
    bool cluster; /* the server is a node of a cluster */
    tt_counter_set *metrics; /* of the options */
} tt_redis;

/* endpoint: a node of a cluster ("host:port"), or NULL: where the options say. */
void tt_redis_init (tt_redis *redis, const tt_store_options *options, const char *endpoint);
void tt_redis_free (tt_redis *redis);
/* Connects, authenticates and finds out who answers, if it is not connected. TT_UNAVAILABLE at once while the back-off of an
 * earlier failure still runs; also if a replica answers where a master is wanted. */
TT_MUST_USE tt_status tt_redis_connect (tt_redis *redis, tt_error *error);
/* Gives up the connection after an error: a context that failed is dead. */
void tt_redis_drop (tt_redis *redis);
/* The same, with the reason as TT_UNAVAILABLE; the next endpoint's turn if the server is no master any more. */
tt_status tt_redis_lost (tt_redis *redis, tt_error *error);
/* What an error reply means: LOADING, READONLY, MISCONF, OOM, ... are UNAVAILABLE, the rest INTERNAL. */
tt_status tt_redis_error_status (const redisReply *reply, tt_error *error);

/* Reads what has come, a large piece at a time, for redisGetReplyFromReader; with `wait` until something has, at most for the
 * connection's time limit. 1: something came, 0: nothing is there, -1: the connection is lost (tt_redis_lost). */
int tt_redis_read (tt_redis *redis, bool wait);
/* The next reply, waited for; owned by the caller. False: the connection is lost. */
TT_MUST_USE bool tt_redis_reply (tt_redis *redis, redisReply **reply);

/* RESP: the head of a command of argc arguments, then each argument. */
void tt_resp_begin (tt_buffer *out, size_t argc);
void tt_resp_argument (tt_buffer *out, const void *data, size_t size);
/* The same in pieces: open, append exactly `size` bytes, close. */
void tt_resp_open (tt_buffer *out, size_t size);
void tt_resp_close (tt_buffer *out);
static inline void
tt_resp_buffer (tt_buffer *out, const tt_buffer *argument)
{
    tt_resp_argument (out, argument->data, argument->size);
}
void tt_resp_text (tt_buffer *out, const char *text);
void tt_resp_number (tt_buffer *out, int64_t number);

#endif
