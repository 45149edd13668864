/* The replay server: hands out the journal of its service, page by page, and says where it stands (service Journal in envelope.proto).
 * Runs in a thread of its own, so that a long replay never delays commands or live events. */
#ifndef TT_BUS_REPLAY_H
#define TT_BUS_REPLAY_H

#include "base/counters.h"
#include "store/journal.h"

typedef struct tt_replay tt_replay;

typedef struct {
    const char *endpoint; /* to bind */
    const tt_store_options *store; /* borrowed */
    tt_counters *counters;
} tt_replay_options;

TT_MUST_USE tt_status tt_replay_open (tt_replay **out, const tt_replay_options *options, tt_error *error);
void tt_replay_close (tt_replay **replay);
const char *tt_replay_endpoint (const tt_replay *replay);

#endif
