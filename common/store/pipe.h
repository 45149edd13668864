/* A pipeline: many commands, one round trip to each server, replies in order. Private to store/.
 *
 * Each command is about one partition, which says where it must go; commands are kept until their replies are in, so that a lost
 * connection is made again, a redirection is followed, and what has no final reply is sent again (every command of the suite may
 * be done twice: reads, and commits that are guarded or know their request ids). Where servers are and what they hold is
 * route.c's matter. */
#ifndef TT_STORE_PIPE_H
#define TT_STORE_PIPE_H

#include "store/cluster.h"
#include "store/gather.h"
#include "store/redis.h"

/* One server that commands go to: the only one, or a master of the cluster. */
typedef struct tt_node {
    struct tt_node *next;
    char endpoint[TT_ENDPOINT_SIZE]; /* "" : wherever the options say */
    tt_redis redis;
    size_t *queue; /* numbers of the commands on their way, in order; TT_PIPE_ASIDE: its reply is nobody's */
    size_t queued, taken, capacity;
    uint32_t lead;      /* a partition that it holds, as of this attempt */
    bool waits;         /* the last reply is that of WAIT */
    bool together;      /* on their way as one transaction */
    bool lead_asked;    /* it was asked there just this once */
    bool aside_failed;  /* a command that is nobody's was refused: WAIT has nothing to wait for */
    bool kept;          /* mark and sweep */
    bool elsewhere;     /* it is another server than one that a pin names */
    tt_gather out;      /* what flush sends */
    tt_buffer wait;     /* the end of it */
} tt_node;
#define TT_PIPE_ASIDE SIZE_MAX

/* A command of the pipeline. */
typedef struct {
    uint32_t partition;
    size_t begin, end; /* in commands */
    tt_node *ask;      /* where it is asked just this once, or NULL */
    tt_node *at;       /* where it went last */
    redisReply *reply; /* NULL: none that is final yet */
    uint32_t copies;   /* that have it, by WAIT on the connection that it was done on */
    char confirmed_on[TT_UUID_TEXT_SIZE]; /* that connection */
} tt_piped;

/* Up to which sequence the copies have a journal (confirm.h), and on which connection that was found. */
typedef struct {
    uint64_t sequence;
    char connection[TT_UUID_TEXT_SIZE];
} tt_watermark;

struct tt_store {
    tt_store_options options; /* strings are owned by strings[] */
    char *strings[5];
    /* route.c */
    tt_node *nodes;   /* owned */
    tt_node **routes; /* of each partition, and behind them of the service's own key; NULL: not known */
    bool cluster;     /* slots decide; else there is one node */
    bool known;       /* the two above are valid */
    bool stale;       /* the map should be read again */
    int64_t next_map_us;
    tt_watermark *watermarks; /* of each partition */
    /* the pipeline */
    tt_buffer commands; /* RESP, one after the other */
    tt_piped *piped;
    size_t count, capacity;
    size_t *fresh; /* offsets in commands of UUIDs that are new whenever they are sent */
    size_t fresh_count, fresh_capacity;
    char (*pins)[TT_RUN_ID_SIZE + 1]; /* of each partition: the only server that will do, or ""; NULL: none is pinned */
    bool elsewhere;                   /* a pinned partition is on another server */
    bool confirm;                     /* WAIT for copies behind the commands */
    bool sent;                        /* on its way: tt_pipe_run_together only waits */
    tt_buffer key;                    /* scratch */
    bool prepared;
    void *entries; /* of journal.c: what the last read lent out */
    size_t entries_capacity;
    void *lineages; /* of history.c: P of them, as they were read last */
};

/* Begins an empty pipeline; the replies of the last one are freed. */
void tt_pipe_begin (tt_store *store);
/* The buffer to write one command to (tt_resp_*), for this partition (P: the service's own key); tt_pipe_end closes it and
 * returns its number. */
tt_buffer *tt_pipe_command (tt_store *store, uint32_t partition);
size_t tt_pipe_end (tt_store *store);
/* Appends an argument to the command being built: the text of a UUID that is another one whenever the command is sent. */
void tt_pipe_fresh (tt_store *store, tt_buffer *out);
/* Asks for copies: behind the commands each server gets a small write and WAIT, as the options say. */
void tt_pipe_confirm (tt_store *store);
/* Sends all, waits for all replies; reconnects, follows redirections and sends again within the time limit. TT_UNAVAILABLE
 * otherwise. */
TT_MUST_USE tt_status tt_pipe_run (tt_store *store, tt_error *error);
/* The same as one transaction of Redis (MULTI ... EXEC): with `appendfsync always` Redis then syncs once for the whole pipeline
 * and not once for each command. In a cluster, whose slots cannot share a transaction, it is tt_pipe_run. */
TT_MUST_USE tt_status tt_pipe_run_together (tt_store *store, tt_error *error);
/* Sends the pipeline of a later tt_pipe_run_together without waiting for replies. If that fails, the later call does it all. */
void tt_pipe_send_together (tt_store *store);
/* A descriptor that becomes readable when the first replies to what was sent come in; -1 if nothing is on its way. */
int tt_pipe_fd (const tt_store *store);
/* The reply of command i: borrowed until the next begin. May be an error reply. */
const redisReply *tt_pipe_reply (const tt_store *store, size_t i);
/* The same, for the caller to keep and to free. */
redisReply *tt_pipe_take (tt_store *store, size_t i);
/* Writes a small write to a partition, for WAIT to be about. */
void tt_pipe_touch (tt_store *store, tt_buffer *out, uint32_t partition);
/* True if as many copies as wished have what command i did; always where none are wished. *copies: how many, may be NULL. */
bool tt_pipe_confirmed (const tt_store *store, size_t i, uint32_t *copies);
/* Writes the key of kind and name as one argument. */
void tt_pipe_key (tt_store *store, tt_buffer *out, uint32_t partition, char kind, const char *name);

#endif
