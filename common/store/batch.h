/* What txn.c (the handler's side) and batch.c (the executor) share. Private to store/. */
#ifndef TT_STORE_BATCH_H
#define TT_STORE_BATCH_H

#include "store/commit.h"
#include "store/txn.h"

#define TT_UNIT_ID_SIZE 24 /* request id; then, unless both are 0, item (4 bytes) and step (4 bytes) */
#define TT_TXN_MAX_VIOLATIONS 32

/* A row that somebody in the batch asked for, shared by all. */
struct cached_row {
    struct cached_row *next_in_bucket;
    struct cached_row *next_wanted;
    uint64_t hash;
    uint32_t partition;
    char kind; /* 't' row, 'n' number */
    const char *table;
    tt_bytes key;
    bool loaded;
    bool wanted;    /* on the list of the next read */
    tt_txn *holder; /* the earliest undecided transaction that has read it: later ones wait for it */
    tt_txn *writer; /* whose write the row shows; true for good once that one is DONE */
    tt_row row;
    int64_t number;
    uint64_t call; /* number of the last commit call that writes it */
};

/* A read of several rows: not shared, belongs to one transaction. */
struct multi_read {
    struct multi_read *next;
    char kind; /* 'r' range, 't' table, 'p' lexical page, 'd' due, 's' standing of a journal (name: the consumers) */
    uint32_t partition;
    const char *name;
    const char *table;
    tt_bytes after;
    int64_t number;
    uint32_t count;
    uint8_t stage; /* 0 nothing read, 1 keys read, 2 all read */
    tt_rows rows;
    tt_standing standing;
    tt_row *row_array;
    tt_bytes *key_array;
    size_t reply; /* number of the command in the pipeline under way */
};

/* The life of a transaction:
 *
 *   UNDECIDED --handler decides--> DECIDED --commit--> DONE
 *       ^                             |
 *       +-- conflict, bound, then ----+ */
typedef enum { TXN_UNDECIDED, TXN_DECIDED, TXN_DONE } txn_state;

/* A row that the transaction read in its own partition (guarded), or wrote. */
struct touched {
    struct touched *next;
    struct cached_row *row;
    tt_op *op; /* put or delete of it, or NULL: only read */
    bool blind;
};

struct bound {
    struct bound *next;
    const char *table;
    tt_bytes key;
};

struct tt_txn {
    tt_batch *batch;
    tt_txn_spec spec;
    tt_txn *next; /* order of adding */
    uint64_t order;
    txn_state state;
    bool pending;
    bool located;
    bool writes;
    bool then;
    bool by_itself;    /* its run was refused: each unit is looked at by itself now */
    bool needs_lookup; /* no effect decided, but the request id may be known from an earlier try */
    uint32_t step;
    uint32_t attempts;
    tt_bytes partition_key;
    struct touched *touched;
    struct touched **touched_slots; /* of many: where to find one by its row; a power of two, NULL while there are few */
    size_t touched_slot_count, touched_count;
    struct multi_read *reads;
    bool stale_reads; /* reads were done before a write that its rows show already */
    struct bound *bounds;
    tt_unit unit;
    tt_op *last_op;
    uint8_t id[TT_UNIT_ID_SIZE];
    bool own_id; /* id begins with one that was made here, because the caller gave none */
    size_t command; /* number of the pipeline command that carries it */
    /* outcome */
    tt_status status;
    char *message;
    tt_bytes reply;
    bool replayed;
    size_t violation_count;
    const char *violation_paths[TT_TXN_MAX_VIOLATIONS];
    const char *violation_reasons[TT_TXN_MAX_VIOLATIONS];
};

struct tt_batch {
    tt_store *store;
    const char *schema;
    const char *source; /* "techtransfer/<service>" */
    char *names;        /* owns schema and source */
    tt_arena *arena;
    int64_t now;
    char time[32];
    tt_txn *first, *last;
    uint64_t count;
    struct cached_row **buckets; /* power of two */
    size_t bucket_count, row_count;
    struct cached_row *wanted;
    uint64_t calls; /* commit calls so far */
    uint64_t versions; /* state of the generator of row versions */
    /* the commit that is built or under way; in the arena */
    bool sent;
    int64_t sent_us; /* when */
    const tt_batch *ahead; /* in tt_batch_start: the batch that is still under way */
    tt_txn **writers; /* sorted by partition */
    tt_unit **units;  /* of the writers */
    size_t writer_count;
    struct call *commit;
    bool deferred; /* some writers wait for the next round */
    tt_batch_counts counts;
};

/* The shared entry of a row; made if it is new. */
struct cached_row *tt_batch_row (tt_batch *batch, uint32_t partition, char kind, const char *table, tt_bytes key);
/* Puts it on the list of the next read. */
void tt_batch_want (tt_batch *batch, struct cached_row *row);
/* Reads everything that was asked for, in one round trip. */
TT_MUST_USE tt_status tt_batch_read (tt_batch *batch, tt_error *error);
/* Builds the commit of everything that was decided, and takes its answers apart. */
void tt_batch_build_commit (tt_batch *batch);
TT_MUST_USE tt_status tt_batch_run_commit (tt_batch *batch, tt_error *error);
/* The next step of a transaction, undecided; and its end: with a status but TT_OK the reply is dropped. */
void tt_txn_next_step (tt_txn *txn);
void tt_txn_finish (tt_txn *txn, tt_status status, const char *message);
/* Forgets what an undecided transaction wanted to do, before its handler is called (again). */
void tt_txn_restart (tt_txn *txn);
/* Builds the guards and writes of a decided transaction into its unit. */
void tt_txn_seal (tt_txn *txn);

#endif
