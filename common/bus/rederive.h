/* What a processor's effects were is derived again after a master of a cluster was lost together with what it had not replicated. Private
 * to common/bus.
 *
 * The cause of an effect may be acknowledged on one master while the effect, on another, is gone. So the group is set back, on
 * every partition, to where it is certain that no effect was lost, and the entries from there on are worked on again: effects are
 * idempotent, what is still there stays as it is. On a single Redis there is no need: whatever loses an effect loses the acknowledgement
 * behind it too, and the entry comes again by itself. Nor with redis.replicas, where an effect has its copies before that.
 *
 * How far back: from time to time each replica puts a mark into every partition: on which server and in which epoch the partition is,
 * and how far the group had acknowledged everything in each of the partitions. Whatever follows from entries below a mark had been
 * written before it; so a mark that a successor has proves that it has those effects too. A mark that names another server or epoch
 * than the partition has now is the need, whoever finds it, and whenever: it is replaced only when the group was set back. Without a
 * mark: all that is kept.
 *
 * Owned by the processor's thread. */
#ifndef TT_BUS_REDERIVE_H
#define TT_BUS_REDERIVE_H

#include "store/journal.h"
#include "store/txn.h"

typedef struct tt_rederive tt_rederive;

/* All borrowed; the batch is free between calls. name: the group's. Never NULL. */
tt_rederive *tt_rederive_new (tt_store *store, tt_batch *batch, tt_group *group, const char *name);
void tt_rederive_destroy (tt_rederive **rederive);
/* Puts marks if it is time or partitions have moved, and sets the group back if marks ask for it: *done then says so. To be called often,
 * with nothing in hand. */
TT_MUST_USE tt_status tt_rederive_step (tt_rederive *rederive, int64_t now_unix_ms, bool *done, tt_error *error);

#endif
