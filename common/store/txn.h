/* A transaction: what one command, one item of a bulk command or one event does to the state of a partition.
 *
 * A handler is a pure decision that is called until it has what it needs: it asks for rows (tt_txn_get ...); what is not loaded yet comes
 * back as NULL, the handler returns, the batch reads everything that was asked for in one pipelined round trip and calls it again from the
 * start. When it has all rows it says what it wants (puts, adds, events, reply) and returns. All rows that a writing handler has read in its
 * own partition guard its commit by their versions: if one changed meanwhile, the rows are read again and the handler is called again.
 * So a handler must have no effect outside the transaction, and must not read a clock (tt_txn_now).
 *
 * Transactions of one batch run in order and see what the earlier ones wrote. A batch belongs to one thread. */
#ifndef TT_STORE_TXN_H
#define TT_STORE_TXN_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "store/retention.h"
#include "store/store.h"

typedef struct tt_txn tt_txn;

/* A row as it was read. The bytes live until the batch ends. */
typedef struct {
    bool present;
    uint64_t version; /* another one with each put, in no order; 0 if absent */
    tt_bytes value;
} tt_row;

/* Several rows, in the order of the read that asked for them. */
typedef struct {
    size_t count;
    const tt_bytes *keys;
    const tt_row *rows;
} tt_rows;

/* -- where ---------------------------------------------------------------------------------------------------------------------------- */

/* Names the entity that the transaction is about: its hash chooses the partition. First call of every handler (bytes are copied). */
void tt_txn_at (tt_txn *txn, tt_bytes partition_key);
/* The same with the partition given by number, for processors and statistics. */
void tt_txn_at_partition (tt_txn *txn, uint32_t partition);
uint32_t tt_txn_partition (const tt_txn *txn);
uint32_t tt_txn_partitions (const tt_txn *txn); /* P */
const char *tt_txn_stream (const tt_txn *txn); /* name of the service, first segment of its topics; borrowed */
int64_t tt_txn_now (const tt_txn *txn);     /* milliseconds since 1970: when the batch began */
tt_arena *tt_txn_arena (tt_txn *txn);       /* lives until the batch ends */
size_t tt_txn_item (const tt_txn *txn);     /* which item of a bulk command, from 0 */
const char *tt_txn_caller (const tt_txn *txn); /* the "owner" of the caller's certificate, or "" without CURVE; borrowed */

/* The traceparent of what the transaction follows from, or ""; borrowed. What must be carried on later keeps it with its row, and names it again
 * with tt_txn_trace (copied), which has no effect where there is one. */
const char *tt_txn_traceparent (const tt_txn *txn);
void tt_txn_trace (tt_txn *txn, const char *traceparent);

/* -- reading -------------------------------------------------------------------------------------------------------------------------- */

/* The row of a table of this partition, or NULL: not read yet (return and be called again). */
const tt_row *tt_txn_get (tt_txn *txn, const char *table, tt_bytes key);
/* The same in the partition of another key. It is a plain read: it does not guard the commit. */
const tt_row *tt_txn_get_at (tt_txn *txn, tt_bytes partition_key, const char *table, tt_bytes key);
/* Rows whose keys are the 8-byte numbers from, from+1, ... from+count-1 (tt_number_key); absent ones are left out. Not a guard. */
const tt_rows *tt_txn_range (tt_txn *txn, const char *table, uint64_t from, uint32_t count);
/* All rows of a table of this partition, by key (memcmp). For tables that are small by design. Not a guard. */
const tt_rows *tt_txn_table (tt_txn *txn, const char *table);
/* Up to `limit` members of a lexical index after `after` (exclusive; none = from the start), with the rows of `table` under these keys
 * (table NULL: keys only). Not a guard. */
const tt_rows *tt_txn_page (tt_txn *txn, const char *index, tt_bytes after, uint32_t limit, const char *table);
/* Up to `limit` members of a scored index with score <= max_score, lowest first; as above. */
const tt_rows *tt_txn_due (tt_txn *txn, const char *index, int64_t max_score, uint32_t limit, const char *table);
/* A number kept by tt_txn_add: true and *value (0 if never added), or false: not read yet. Not a guard. */
bool tt_txn_number (tt_txn *txn, const char *table, tt_bytes key, int64_t *value);
/* Where the journal of events of any partition stands, and consumers of it ("" none, "*" all, or one name); NULL: not read yet. Not a guard. */
const tt_standing *tt_txn_standing (tt_txn *txn, uint32_t partition, const char *consumers);
/* True if something that was asked for is not read yet: return and be called again. Lets a handler ask for several things at once. */
bool tt_txn_pending (const tt_txn *txn);

/* -- writing -------------------------------------------------------------------------------------------------------------------------- */

/* Puts a row (bytes are copied). The row must have been read by tt_txn_get before, so that its version guards the put. */
void tt_txn_put (tt_txn *txn, const char *table, tt_bytes key, tt_bytes value);
void tt_txn_put_message (tt_txn *txn, const char *table, tt_bytes key, const ProtobufCMessage *message);
/* Puts without looking: last writer wins. For rows whose key is unique to this transaction. */
void tt_txn_put_blind (tt_txn *txn, const char *table, tt_bytes key, tt_bytes value);
void tt_txn_delete (tt_txn *txn, const char *table, tt_bytes key);
/* Adds to a number and refuses the whole transaction if the sum would leave [min, max]: then the handler is called again with
 * tt_txn_bound_failed true for this table and key. All three within +-2^53. */
void tt_txn_add (tt_txn *txn, const char *table, tt_bytes key, int64_t delta, int64_t min, int64_t max);
bool tt_txn_bound_failed (const tt_txn *txn, const char *table, tt_bytes key);
/* Sorted indexes: a member with a score (deadlines), or score 0 for lexical paging. */
void tt_txn_index_put (tt_txn *txn, const char *index, tt_bytes member, int64_t score);
void tt_txn_index_remove (tt_txn *txn, const char *index, tt_bytes member);

/* An event into the partition's journal: topic, key of the entity, body. The header is made here. */
void tt_txn_event (tt_txn *txn, const char *topic, const char *subject, const ProtobufCMessage *body);
/* A record into a log of the partition that only the service's own replicas read (copies of indexes are kept by it). */
void tt_txn_log (tt_txn *txn, const char *log, const ProtobufCMessage *body);

/* -- answering ------------------------------------------------------------------------------------------------------------------------ */

/* The reply (for an item of a bulk command: the item's result). Packed here; remembered under the request id if anything is written. */
void tt_txn_reply (tt_txn *txn, const ProtobufCMessage *reply);
/* No effect, and this code to the caller. What was put before in this call is dropped. For bulk items reply with a result instead. */
void tt_txn_refuse (tt_txn *txn, tt_status code, const char *format, ...) TT_PRINTF (3, 4);
/* Adds a violation and refuses with INVALID_ARGUMENT. */
void tt_txn_violation (tt_txn *txn, const char *path, const char *format, ...) TT_PRINTF (3, 4);
bool tt_txn_refused (const tt_txn *txn);

/* A command that must change more than one partition does it in steps: each step is a transaction of its own, in order, idempotent under
 * the same request id. tt_txn_then says: after this step's commit call me again; tt_txn_step counts from 0. A crash between steps leaves
 * the earlier ones done: order them so that this is harmless, and a retry goes on (earlier steps return as done). */
void tt_txn_then (tt_txn *txn);
uint32_t tt_txn_step (const tt_txn *txn);

/* An 8-byte big-endian key for a number, in the transaction's arena. */
tt_bytes tt_number_key (tt_txn *txn, uint64_t number);

/* -- running them --------------------------------------------------------------------------------------------------------------------- */

typedef void tt_handler (tt_txn *txn, const void *request, void *service);

typedef struct tt_batch tt_batch;

/* A batch executor over a store (borrowed). schema: "patent.proto", for event headers. */
tt_batch *tt_batch_new (tt_store *store, const char *schema);
void tt_batch_destroy (tt_batch **batch);
/* Starts an empty batch; what the last one handed out is invalid. now: milliseconds since 1970. */
void tt_batch_begin (tt_batch *batch, int64_t now_unix_ms);

typedef struct {
    tt_handler *handle;
    const void *request;     /* borrowed until the batch ends; passed to the handler */
    void *service;           /* passed to the handler */
    tt_bytes request_id;     /* 16 bytes, or none: then the handler's own guards make it idempotent */
    size_t item;
    bool read_only;
    const char *traceparent; /* of the command or event that is the cause: events get its trace-id; borrowed, or NULL */
    const char *caller;      /* borrowed, or NULL */
    tt_txn *const *after;    /* of this batch, borrowed: the handler is called when all of these are done; where one was refused it is not, and
                                the outcome is that one's. NULL: none */
    size_t after_count;
} tt_txn_spec;
/* Adds one; returns it so that the outcome can be read after the run. Owned by the batch. */
tt_txn *tt_batch_add (tt_batch *batch, const tt_txn_spec *spec);

/* Begins what tt_batch_run (which must follow) would do: decides and sends the commit without waiting for it, so that the caller can prepare
 * or finish another batch meanwhile. `ahead`: the batch of another store that was started before and not run yet, or NULL. Where this batch
 * touches a row that one touches too, or reads several rows, it waits for its tt_batch_run, which then must come after the other's: commands
 * about one entity keep their order. */
void tt_batch_start (tt_batch *batch, const tt_batch *ahead);
/* Descriptor that is readable once the answer to a started commit comes in; -1 if nothing was sent, and tt_batch_run has it all to do. */
int tt_batch_fd (const tt_batch *batch);
/* Runs all: reads, decides, commits, until each has an outcome. TT_UNAVAILABLE with the reason if the store could not be reached: then
 * transactions without an outcome have the status UNAVAILABLE and may or may not have been committed; the same request id tells. With
 * redis.replicas a transaction that was done, but not confirmed by so many copies in time, has the outcome UNAVAILABLE as well. */
tt_status tt_batch_run (tt_batch *batch, tt_error *error);

/* What has happened since tt_batch_new. */
typedef struct {
    uint64_t committed, conflicts, bounds, replayed, reads, commits;
    uint64_t unconfirmed; /* done, but not on as many copies as wished */
} tt_batch_counts;
tt_batch_counts tt_batch_count (const tt_batch *batch);

typedef struct {
    tt_status status;
    const char *message;          /* "" if OK */
    tt_bytes reply;               /* packed reply or item result */
    bool replayed;                /* remembered from an earlier try */
    size_t violation_count;
    const char *const *violation_paths;
    const char *const *violation_reasons;
} tt_outcome;
tt_outcome tt_txn_outcome (const tt_txn *txn); /* borrowed until the batch ends */

#endif
