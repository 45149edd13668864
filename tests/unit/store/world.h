/* What the tests of store/ share: a private Redis, stores and batches on it, small handlers. One world for each test process. */
#ifndef TT_TESTS_STORE_WORLD_H
#define TT_TESTS_STORE_WORLD_H

#include "envelope.pb-c.h"
#include "store/txn.h"
#include "support/private_redis.h"

#define PARTITIONS 4

typedef struct {
    private_redis redis;
    tt_store_options options;
    tt_store *store;
    tt_batch *batch;
} test_world;

extern test_world world;

void world_open (void);
void world_close (void);
tt_store *world_store (void); /* another one, prepared */

typedef struct {
    uint8_t bytes[16];
} test_id;
test_id new_id (void);

/* A put into the row `key` of the table "t", as one command says it. */
typedef struct {
    const char *key;
    const char *value;
} put_request;

/* Begins a batch now. */
void begin (tt_batch *batch);
tt_txn *add (tt_batch *batch, tt_handler *handle, const void *request, void *service, const test_id *id);
/* Runs and expects TT_OK. */
void run (tt_batch *batch);
/* begin, add, run. */
tt_outcome do_one (tt_handler *handle, const void *request, void *service, const test_id *id);

/* Replies with a number in ProbePutReply.partition; reads it. */
void reply_number (tt_txn *txn, uint32_t number);
uint32_t number_of (tt_outcome outcome);

/* Handlers. put_row: sets the row and writes one event; replies with 1 if it was absent, else 2. */
void put_row (tt_txn *txn, const void *request, void *service);
/* Appends the request's value to the row; replies with the new length. */
void append_row (tt_txn *txn, const void *request, void *service);
/* Refuses with ALREADY_EXISTS if the row is there, else makes it. */
void create_row (tt_txn *txn, const void *request, void *service);
/* The row as text, in a batch of its own; "" if absent. Static storage. */
const char *row_text (const char *key, uint64_t *version);

/* All events of the journals. */
uint64_t event_count (void);

#endif
