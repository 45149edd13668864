/* The asking side of a replay: one request under way at a time, and the events of a reply read where they lie.
 *
 * Private to common/bus; the subscriber decides what to ask. Owned by one thread. */
#ifndef TT_BUS_REPLAY_CLIENT_H
#define TT_BUS_REPLAY_CLIENT_H

#include <zmq.h>

#include "base/uuid.h"
#include "wire/lineage.h"
#include "wire/protowire.h"

typedef enum { TT_REPLAY_NOTHING, TT_REPLAY_EVENTS, TT_REPLAY_HEADS } tt_replay_kind;

typedef struct {
    void *socket;         /* owned DEALER, or NULL */
    tt_replay_kind asked; /* what is under way */
    uint32_t partition;   /* EVENTS: of which partition, and from where */
    uint64_t from;
    int64_t sent_us; /* monotonic */
    uint8_t id[TT_UUID_SIZE];
    tt_buffer scratch;
} tt_replay;

typedef struct {
    uint32_t partition;
    uint64_t from;        /* >= 1 */
    const char *after_id; /* id of the event at from-1, or "" */
    const char *epoch;    /* of that event, or "" */
    const char *const *filters;
    size_t filter_count;
} tt_replay_query;

/* Both take the place of what was under way: a reply to that is ignored. False if the socket is full or missing: ask later. */
bool tt_replay_ask_events (tt_replay *replay, const tt_replay_query *query, int64_t now_us);
bool tt_replay_ask_heads (tt_replay *replay, int64_t now_us);
void tt_replay_cancel (tt_replay *replay);
void tt_replay_client_close (tt_replay *replay);

typedef struct {
    tt_replay_kind kind;
    uint32_t partition;
    uint64_t from;
    tt_status code;
    uint32_t retry_after_ms;
    char message[256];
    zmq_msg_t body; /* initialised by the caller; filled if code is TT_OK */
} tt_replay_reply;

/* The reply to what is under way, without waiting; false if it is not there. Other replies are dropped. */
bool tt_replay_receive (tt_replay *replay, tt_replay_reply *reply);

/* Where a partition stands (PartitionHead). Views into the frame. */
typedef struct {
    uint32_t partition;
    uint64_t head;
    uint64_t earliest;
    tt_bytes head_id;
    tt_bytes epoch;
    tt_lineage lineage; /* owned by the batch: the journal's whole history */
} tt_replay_head;

/* The events of a ReplayReply, one after the other. Zero-initialise. */
typedef struct {
    bool open;
    zmq_msg_t frame; /* owned while open */
    tt_wire_reader reader;
    uint32_t partition;
    uint64_t next_sequence;
    tt_replay_head head;
} tt_replay_batch;

/* Takes the frame's content. TT_DATA_LOSS if it is no ReplayReply. Events themselves are checked as they are taken. */
TT_MUST_USE tt_status tt_replay_batch_open (tt_replay_batch *batch, zmq_msg_t *frame, uint32_t partition);
/* Topic, header and body of the next event, borrowed while the batch is open; false at the end. What is missing is empty. */
bool tt_replay_batch_next (tt_replay_batch *batch, tt_bytes *topic, tt_bytes *header, tt_bytes *body);
/* Sequence and id of the last event, found without taking any; false if there is none or it cannot be read. */
bool tt_replay_batch_last (const tt_replay_batch *batch, uint64_t *sequence, tt_bytes *id);
void tt_replay_batch_close (tt_replay_batch *batch);

#endif
