/* The commit: units of guards, writes and events, each applied all or none by a Redis function. Private to store/.
 *
 * The functions' names carry the hash of their source, so that daemons of two versions work side by side during an upgrade. */
#ifndef TT_STORE_COMMIT_H
#define TT_STORE_COMMIT_H

#include "base/arena.h"
#include "store/pipe.h"

/* One operation; see the table in commit.lua. */
typedef struct tt_op {
    struct tt_op *next;
    char op;
    char kind;        /* of the key: 't', 'n', 'x', 'j' */
    const char *name; /* of the key: table, index or journal */
    tt_bytes a, b, c;
    size_t group, check_group; /* commit_run.c's own */
} tt_op;

/* Request ids made in one span of time share a key, the bucket, and are forgotten together. */
#define TT_COMMIT_BUCKET_MS 60000

/* AGAIN: nothing was done, because something stands against some unit of its run (commit_run.h). FORGOTTEN: nothing was done now; outcomes
 * of ids as old as this one are no longer known (retention.h). */
typedef enum {
    TT_UNIT_COMMITTED,
    TT_UNIT_REPLAYED,
    TT_UNIT_CONFLICT,
    TT_UNIT_BOUND,
    TT_UNIT_AGAIN,
    TT_UNIT_FORGOTTEN
} tt_unit_result;

typedef struct {
    uint32_t partition;
    tt_bytes request_id; /* with its item and step; none: not remembered */
    int64_t id_unix_ms;  /* the time inside the request id: which bucket it belongs to */
    tt_bytes outcome;    /* what is remembered */
    tt_op *ops;          /* in order */
    size_t op_count;
    size_t group;        /* commit_run.c's own */
    /* filled by the commit: */
    tt_unit_result result;
    size_t failed_op;    /* CONFLICT, BOUND: number of the operation */
    tt_bytes remembered; /* REPLAYED: borrowed until the next pipeline */
    int64_t known_from_ms; /* FORGOTTEN: ids made from then on are known */
} tt_unit;

/* Loads the function library on every master where this version of it is not there. The route must be known. */
TT_MUST_USE tt_status tt_commit_load (tt_store *store, tt_error *error);
/* Adds the commit of units of ONE partition, in order, to the pipeline being built; returns the number of the command. */
size_t tt_commit_add (tt_store *store, tt_unit *const *units, size_t count);
/* Takes the answer of command i apart into the units. TT_UNAVAILABLE or TT_INTERNAL if Redis refused the whole call. */
TT_MUST_USE tt_status tt_commit_result (tt_store *store, size_t i, tt_unit *const *units, size_t count, tt_error *error);
/* Adds a look-up of a request id's outcome to the pipeline, as two commands; returns the number of the first. */
size_t tt_commit_lookup_add (tt_store *store, const tt_unit *unit);
/* Takes its answer into the unit's result: REPLAYED, FORGOTTEN, or COMMITTED: not known, so it never had an effect. */
TT_MUST_USE tt_status tt_commit_lookup_result (tt_store *store, size_t i, tt_unit *unit, tt_error *error);
/* Key name of the bucket of request ids made at this time. out[24]. */
void tt_commit_bucket (int64_t id_unix_ms, char out[24]);
/* Writes the name of a function of the library ("units", "run") as one argument. */
void tt_commit_function (tt_buffer *out, const char *name);
/* How long request ids are kept, in seconds. */
int64_t tt_commit_remember_s (const tt_store *store);
/* What an error reply to a call means. */
tt_status tt_commit_refused (tt_store *store, const redisReply *reply, tt_error *error);

#endif
