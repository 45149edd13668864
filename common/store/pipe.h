/* A pipeline: many commands, one round trip, replies in order. Private to store/.
 *
 * Each command is about one partition, which says where it must go; commands are kept until their replies are in, so that a lost connection
 * is made again and the whole pipeline is sent again (every command of the suite may be done twice: reads, and commits that are guarded). */
#ifndef TT_STORE_PIPE_H
#define TT_STORE_PIPE_H

#include "store/redis.h"

struct tt_store {
    tt_redis redis;
    tt_store_options options; /* strings are owned by strings[] */
    char *strings[4];
    tt_buffer commands;       /* RESP of the pipeline being built */
    size_t *ends;             /* where each command ends in commands */
    redisReply **replies;
    size_t count, capacity;
    struct server_argument *servers; /* where the pipeline names the server that it goes to */
    size_t server_count, server_capacity;
    tt_buffer key;            /* scratch */
    bool prepared;
    bool sent;                /* the pipeline is on its way: tt_pipe_run_together only waits */
    void *entries;            /* of journal.c: what the last read lent out */
    size_t entries_capacity;
    void *epochs;             /* of journal.c, likewise */
};

/* Begins an empty pipeline; the replies of the last one are freed. */
void tt_pipe_begin (tt_store *store);
/* The buffer to write one command to (tt_resp_*), for this partition; tt_pipe_end closes it and returns its number. */
tt_buffer *tt_pipe_command (tt_store *store, uint32_t partition);
size_t tt_pipe_end (tt_store *store);
/* Appends two arguments to the command being built: the run_id of the server that it is sent to, and the epoch that begins if that is another
 * one than the last that wrote. Filled in when the command is sent, since only then it is known where. */
void tt_pipe_server (tt_store *store, tt_buffer *out);
/* Sends all, waits for all replies; reconnects and sends again within the time limit. TT_UNAVAILABLE otherwise. */
TT_MUST_USE tt_status tt_pipe_run (tt_store *store, tt_error *error);
/* The same as one transaction of Redis (MULTI ... EXEC): with `appendfsync always` Redis then syncs once for the whole pipeline and not
 * once for each command. Only for one Redis: the slots of a cluster cannot share a transaction. */
TT_MUST_USE tt_status tt_pipe_run_together (tt_store *store, tt_error *error);
/* Sends the pipeline of a later tt_pipe_run_together without waiting for replies. If that fails, the later call does it all. */
void tt_pipe_send_together (tt_store *store);
/* The reply of command i: borrowed until the next begin. May be an error reply. */
const redisReply *tt_pipe_reply (const tt_store *store, size_t i);
/* Writes the key of kind and name as one argument. */
void tt_pipe_key (tt_store *store, tt_buffer *out, uint32_t partition, char kind, const char *name);

#endif
