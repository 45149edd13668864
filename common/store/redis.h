/* One connection to Redis, made again when it was lost. Private to store/. Owned by one thread. */
#ifndef TT_STORE_REDIS_H
#define TT_STORE_REDIS_H

#include <hiredis/hiredis.h>

#include "store/store.h"

typedef struct {
    char *endpoints; /* owned copies of the options */
    char *username;
    char *password_file;
    uint32_t timeout_ms;
    redisContext *context;  /* NULL: not connected */
    size_t endpoint;        /* which endpoint is tried next */
    int64_t next_try_us;    /* monotonic: not before */
    uint32_t backoff_ms;
    tt_counter_set *metrics; /* of the options */
} tt_redis;

void tt_redis_init (tt_redis *redis, const tt_store_options *options);
void tt_redis_free (tt_redis *redis);
/* Connects and authenticates if it is not connected. TT_UNAVAILABLE at once while the back-off of an earlier failure still runs. */
TT_MUST_USE tt_status tt_redis_connect (tt_redis *redis, tt_error *error);
/* Gives up the connection after an error: a context that failed is dead. */
void tt_redis_drop (tt_redis *redis);
/* What an error reply means: LOADING, READONLY, MISCONF, OOM, ... are UNAVAILABLE, the rest INTERNAL. */
tt_status tt_redis_error_status (const redisReply *reply, tt_error *error);

/* RESP: the head of a command of argc arguments, then each argument. */
void tt_resp_begin (tt_buffer *out, size_t argc);
void tt_resp_argument (tt_buffer *out, const void *data, size_t size);
static inline void
tt_resp_buffer (tt_buffer *out, const tt_buffer *argument)
{
    tt_resp_argument (out, argument->data, argument->size);
}
void tt_resp_text (tt_buffer *out, const char *text);
void tt_resp_number (tt_buffer *out, int64_t number);

#endif
