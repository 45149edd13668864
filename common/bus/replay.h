/* The replay server: hands out the journal of its service, page by page, and says where it stands (service Journal in envelope.proto).
 * Runs in a thread of its own, so that a long replay never delays commands or live events. One page for each connection in turn: who asks for many
 * delays himself. */
#ifndef TT_BUS_REPLAY_H
#define TT_BUS_REPLAY_H

#include <stdatomic.h>

#include "base/counters.h"
#include "store/journal.h"

typedef struct tt_replay tt_replay;

typedef struct {
    const char *endpoint; /* to bind */
    const tt_store_options *store; /* borrowed */
    tt_counters *counters;
    const atomic_bool *memory_over; /* while true, pages are small; borrowed; NULL: never */
} tt_replay_options;

TT_MUST_USE tt_status tt_replay_open (tt_replay **out, const tt_replay_options *options, tt_error *error);
void tt_replay_close (tt_replay **replay);
/* As tt_responder_connections. */
size_t tt_replay_connections (tt_replay *replay);
const char *tt_replay_endpoint (const tt_replay *replay);
/* Cuts off those that do not read their pages; as tt_responder_relieve. From any one thread. */
size_t tt_replay_relieve (tt_replay *replay, tt_buffer *names);

#endif
