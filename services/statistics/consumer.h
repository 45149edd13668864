/* The consumer of one source stream: takes every event of it over ZeroMQ and counts it exactly once.
 *
 * A thread of its own, with its own subscriber and store. It starts from the stored positions, gathers events into portions and
 * commits them (ledger.h), and acknowledges what is committed as the durable consumer "statisticsd"; after any doubt (another replica
 * was faster, the store went back) it reads the positions and subscribes again. What the subscriber reports as lost is logged, counted
 * and shown; what was counted of it is taken back (undo.h), then consumption goes on in the history that survived. Not for what an event
 * means (effects.h). */
#ifndef STATS_CONSUMER_H
#define STATS_CONSUMER_H

#include "store/store.h"

typedef struct stats_consumer stats_consumer;

typedef struct {
    const char *stream;            /* "patent"; static */
    const char *events;            /* endpoints of the publishers, with commas; copied, as are the next */
    const char *replay;            /* endpoints of the replay sockets, in the same order */
    const char *commands;          /* endpoints where what was counted is acknowledged, so that the journal is kept for us (copied); empty: not */
    const tt_store_options *store; /* borrowed until the close */
    uint64_t undo;                 /* events of each source partition that can be taken back; 0 = none */
} stats_consumer_options;

/* Starts the thread. It goes on trying while source or store are away. */
TT_MUST_USE tt_status stats_consumer_open (stats_consumer **out, const stats_consumer_options *options, tt_error *error);
/* Stops after the portion in hand, blocks until the thread is gone. */
void stats_consumer_close (stats_consumer **consumer);

typedef struct {
    bool live;           /* contact, and everything up to the head at some moment was counted */
    int64_t received;    /* events handed over by the subscriber */
    int64_t applied;     /* events counted by this replica */
    int64_t skipped;     /* events that another replica or an earlier run had counted */
    int64_t unknown;     /* events of types that are not known here: passed over */
    int64_t malformed;   /* events that could not be read: passed over */
    int64_t losses;      /* times that history was reported lost, or a checkpoint lay before what is kept */
    int64_t lost;        /* events that these left out, as far as sequences tell */
    int64_t undos;       /* times that this replica took counts back */
    int64_t undone;      /* events that it took back; those that survived are counted again */
    int64_t doubts;      /* times that it could not take back all that was lost */
    int64_t restarts;    /* subscriptions begun again from the stored positions */
    int64_t lag;         /* events of the journals that were not counted yet, as far as the heads are known */
    int64_t gaps;        /* holes that the subscriber found and had replayed */
    int64_t duplicates;  /* events that it received again and dropped */
    int64_t replayed;    /* events that came by replay */
    int64_t failovers;   /* changes to another endpoint */
    char trouble[256];   /* the last thing that went wrong, "" = nothing since start; for a person */
    char last_loss[256]; /* the last loss; "" = none since start */
    char last_event[40]; /* time of the last event, RFC 3339; "" = none yet */
} stats_consumer_status;

/* Any thread. */
stats_consumer_status stats_consumer_status_of (stats_consumer *consumer);
const char *stats_consumer_stream (const stats_consumer *consumer);

#endif
