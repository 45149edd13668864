/* What a service is to the bus: its methods, and what happens when an event of its own journal is worked on.
 * Tables in static storage; the daemon's life (run/daemon.h) takes them. */
#ifndef TT_BUS_SERVICE_H
#define TT_BUS_SERVICE_H

#include "store/journal.h"
#include "store/txn.h"

/* A question that is answered from the service's own memory, on one of a few threads beside the one that commits: however long it takes,
 * no command waits for it. Nothing is remembered under its request id. */
typedef struct {
    tt_arena *arena;          /* lives until the reply is sent */
    int64_t deadline_unix_ms; /* of who asks; 0: none */
    const ProtobufCMessage *request;
    /* what tt_answer_reply and tt_answer_refuse set */
    tt_status status;
    const char *message;
    uint32_t retry_after_ms;
    tt_bytes reply;
} tt_answer;
typedef void tt_answerer (tt_answer *answer, void *service);
void tt_answer_reply (tt_answer *answer, const ProtobufCMessage *reply); /* packed here */
void tt_answer_refuse (tt_answer *answer, tt_status status, const char *format, ...) TT_PRINTF (3, 4);

typedef struct {
    const char *name;                            /* "techtransfer.patent.v1.PatentAlert/PutWatch" */
    const ProtobufCMessageDescriptor *request;
    const char *items;                           /* bulk: name of the repeated message field of the request; the handler is called for each
                                                    item, with `request` the ITEM's message. The reply is one message whose field 1 repeats
                                                    the item results. NULL: one transaction for the command, `request` is the command's. */
    uint32_t max_items;                          /* bulk: more is refused; an empty list too */
    bool read_only;
    tt_handler *handle;
    /* Bulk, may be NULL: one more transaction of the command, its item number the count of items, with the command's request. It is called once every
     * item's transaction is done, and not at all where one of them was refused. Its reply is appended to the item results: fields of the
     * reply but field 1. */
    tt_handler *close;
    bool (*closes) (const ProtobufCMessage *request); /* with `close`: whether this command is to have one */
    tt_answerer *answer;                         /* in place of `handle`; no items. Called on several threads at once */
} tt_method;

/* Work that follows from events. One thread of its own; all callbacks run in it. */
typedef struct tt_processor tt_processor;
typedef struct {
    const char *group;      /* consumer group */
    uint32_t batch;         /* most entries at a time */
    /* Loads what it needs (indexes). *state is the processor's own. */
    tt_status (*open) (tt_processor *processor, void *service, void **state, tt_error *error);
    void (*close) (void **state);
    /* Works on entries of the service's journal, shared among replicas; returns only when every effect is committed. Any status but TT_OK:
     * nothing is acknowledged, it is called again with the same entries after a pause. NULL: no journal is consumed. */
    tt_status (*work) (tt_processor *processor, void *state, const tt_entry *entries, size_t count, tt_error *error);
    /* Called about every `tick_ms`; may be NULL. For sweepers. */
    tt_status (*tick) (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error);
    uint32_t tick_ms;
    /* A fail-over lost the end of the service's journal: [first, last] of the partition was worked on here and is gone. May be NULL. Called before
     * anything of the history that took its place; the group is set back besides, so that effects that were lost in any partition are derived
     * again: work is called again with entries that it knows. */
    void (*lost) (tt_processor *processor, void *state, uint32_t partition, uint64_t first, uint64_t last);
} tt_processor_ops;

/* For the callbacks, all owned by the processor's thread. */
tt_store *tt_processor_store (tt_processor *processor);
tt_batch *tt_processor_batch (tt_processor *processor);
const tt_store_options *tt_processor_store_options (const tt_processor *processor);

#endif
