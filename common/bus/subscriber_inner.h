/* The inside of a subscriber, shared by subscriber.c (sockets, order of delivery) and subscriber_replay.c (what is asked of the
 * journal). Private to common/bus. */
#ifndef TT_BUS_SUBSCRIBER_INNER_H
#define TT_BUS_SUBSCRIBER_INNER_H

#include "bus/consumer.h"
#include "bus/endpoint.h"
#include "bus/subscriber.h"
#include "bus/subscriber_parts.h"

struct tt_subscriber {
    tt_parts parts; /* what is known of each partition; count 0 before the first contact */
    char *stream;
    char *heartbeats; /* "heartbeat/<stream>/" */
    char **filters;
    size_t filter_count;
    bool *filter_seen; /* its heartbeat came on this connection: the publisher has the subscription */
    bool confirmed;    /* all of them */
    tt_parts_start *from;
    size_t from_count;
    bool live_only;
    int64_t silence_us;
    int high_water_mark;
    uint64_t measured, measured_bytes; /* live events and their bytes, the last some hundreds */

    void *context;
    tt_endpoints events, replays; /* in pairs */
    size_t endpoint;              /* the pair in use */
    void *socket;                 /* SUB, NULL if it could not be opened */
    tt_replay replay;
    tt_replay_batch batch;   /* being handed over */
    char instance[64];       /* publisher whose heartbeats come; "" before the first on this connection */
    int64_t heard_us;        /* connected, or the last sign of life */
    int64_t ask_us;          /* no replay request before */
    size_t silent_endpoints; /* tried in a row without any sign of life */
    bool want_heads;         /* to learn P, or where a journal begins */
    uint32_t turn;           /* partition that is replayed next */

    tt_held *current;  /* the live event that the caller borrows */
    tt_buffer texts;   /* NUL-terminated copies for the caller */
    tt_status refusal; /* of the replay side, to be told once */
    char refusal_text[256];
    tt_subscriber_counts counts;
    tt_consumer *consumer; /* or NULL */
    tt_subscriber_loss loss; /* told last */
};

/* The next request, unless one is under way. While a batch is being handed over, what follows it in its partition is asked for
 * already. */
void tt_subscriber_ask (tt_subscriber *subscriber, int64_t now_us);
/* Takes a reply if there is one; false if not. Only while no batch is in hand, so that at most two are kept: one in hand, one in
 * the socket. */
bool tt_subscriber_take_reply (tt_subscriber *subscriber, int64_t now_us);
/* Takes from the options where to start, or from the durable consumer that they name. */
TT_MUST_USE tt_status tt_subscriber_register (tt_subscriber *subscriber, const tt_subscriber_options *options, tt_error *error);
/* There was a sign of life. */
void tt_subscriber_alive (tt_subscriber *subscriber, int64_t now_us);

#endif
