/* The connection of one thread to Redis: partitions, keys, pipelines. The layer store/ is the only place that knows hiredis.
 *
 * All keys of partition 3 of the service "patent" begin with "tt:{patent.3}:", so that they share a slot of a Redis Cluster.
 * A store is owned by one thread. Every call blocks at most for the configured time limit. */
#ifndef TT_STORE_STORE_H
#define TT_STORE_STORE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/counters.h"

typedef struct tt_store tt_store;

typedef struct {
    const char *endpoints; /* "unix:/run/tt/redis.sock" or "host:port", several with commas: servers of which one is the master,
                              or some nodes of one cluster, or with `sentinel` the Sentinels */
    const char *sentinel;  /* name of the master that the Sentinels watch; "" or NULL: endpoints are Redis itself */
    const char *username;  /* "" or NULL: default user */
    const char *password_file; /* file with the password in its first line; "" or NULL: none */
    const char *service;       /* "patent": part of every key */
    uint32_t partitions;       /* P, 1 to 1024 */
    uint32_t timeout_ms;       /* for one round trip, with all attempts; 0 = 5000 */
    uint32_t remember_ms;      /* how long request ids are remembered; 0 = 3,600,000 */
    uint32_t replicas; /* copies beside the master's that must confirm a commit, and what is published; 0 = none, at most 8 */
    uint32_t replica_timeout_ms; /* how long they may take; 0 = 1000; less than timeout_ms */
    tt_counter_set *metrics;   /* of tt_store_metrics, shared by all stores of a process; NULL: nothing is counted */
} tt_store_options;

/* Opens without connecting: the first use connects, and a lost connection is made again with back-off. Strings are copied. */
TT_MUST_USE tt_status tt_store_open (tt_store **out, const tt_store_options *options, tt_error *error);
void tt_store_close (tt_store **store);

/* Connects, loads the function library on every master if it is missing or older, writes P once and checks it:
 * TT_FAILED_PRECONDITION if the service was set up with another P, or if what answers is no Redis >= 7. Called by every thread of
 * a daemon before its first use; idempotent. */
TT_MUST_USE tt_status tt_store_prepare (tt_store *store, tt_error *error);

/* From now on only the server with this run_id will do for commands about the partition: a call that reaches another one fails at once with
 * TT_UNAVAILABLE. NULL or "": any. */
void tt_store_pin (tt_store *store, uint32_t partition, const char *run_id);

/* The same with the servers that another store is connected to just now: what was read there is confirmed there. */
void tt_store_pin_as (tt_store *store, const tt_store *other);

/* Gives up the connections; the next call makes them again, with the masters of by then. A server that has been demoted may go on answering reads. */
void tt_store_reconnect (tt_store *store);

uint32_t tt_store_partitions (const tt_store *store);
/* True if what answers is a cluster: its partitions may be on several masters. Known once tt_store_prepare has succeeded. */
bool tt_store_spans_masters (const tt_store *store);
const char *tt_store_service (const tt_store *store);
/* Partition of a key: XXH3-64 of its bytes modulo P. Stable for ever (PROTOCOL.md). */
uint32_t tt_partition_of (tt_bytes key, uint32_t partitions);

#endif
