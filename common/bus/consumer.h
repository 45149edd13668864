/* A durable consumer of a stream, as a program outside sees itself: a name under which the journal is kept for it until it has said that it is
 * done (PROTOCOL.md, Retention). Where it stands is remembered by the service.
 *
 *     tt_consumer *consumer = NULL;
 *     tt_consumer_options options = { .name = "archive", .commands = "tcp://127.0.0.1:5710" };
 *     status = tt_consumer_open (&consumer, &options, &error);
 *     ... take events, and make their effects durable; positions[i]: up to where that is so in partition i ...
 *     status = tt_consumer_acknowledge (consumer, positions, NULL, count, 0, &error);
 *     tt_consumer_close (&consumer);
 *
 * A subscriber can do this by itself: subscriber.h, `consumer`. Not for taking events. Owned by one thread. */
#ifndef TT_BUS_CONSUMER_H
#define TT_BUS_CONSUMER_H

#include <stdint.h>

#include "base/buffer.h"

typedef struct tt_consumer tt_consumer;

typedef struct {
    const char *name;     /* required: 1 to 64 of a-z 0-9 - _ . ; two programs must not share it, replicas of one may */
    const char *commands; /* required: endpoints of the service's commands, with commas */
    uint32_t timeout_ms;  /* of one command; 0 = 10,000 */
    uint32_t every_ms;    /* at most one acknowledgement in that time, unless it is waited for; 0 = 1000 */
} tt_consumer_options;

TT_MUST_USE tt_status tt_consumer_open (tt_consumer **out, const tt_consumer_options *options, tt_error *error);
/* Sends nothing more: acknowledge with a wait before. */
void tt_consumer_close (tt_consumer **consumer);

/* Where the service says that it stands, to begin from: as `from`, `from_epochs` and `from_count` of tt_subscriber_options, for all P partitions (1
 * where it is not registered). Borrowed until the next call. TT_NOT_FOUND if it is registered nowhere. Blocks until the reply. Else as
 * tt_client_call. */
typedef struct {
    const uint64_t *from;
    const char *const *epochs;
    size_t count;
} tt_consumer_start;
TT_MUST_USE tt_status tt_consumer_positions (tt_consumer *consumer, tt_consumer_start *start, tt_error *error);

/* "Everything up to positions[i] is done with", for partitions 0 to count - 1 (at most 1024); epochs[i] is the epoch of that event, "" or epochs
 * NULL: not known. The first one registers. What did not move is sent again every minute as a sign of life. wait_ms 0: sends without waiting, and
 * returns what came of the one before; else waits so long for its own answer, -1 for the time limit of the command.
 * TT_DATA_LOSS: what was seen is not in the journal any more, the error says from where on. TT_FAILED_PRECONDITION: there are too many consumers.
 * TT_DEADLINE_EXCEEDED, TT_UNAVAILABLE: nobody answers. Whatever it is, the next call says it again. */
TT_MUST_USE tt_status tt_consumer_acknowledge (tt_consumer *consumer, const uint64_t *positions, const char *const *epochs, size_t count,
                                               int wait_ms, tt_error *error);

#endif
