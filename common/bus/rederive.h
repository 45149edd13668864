/* What a processor's effects were is derived again after a server was lost together with what it had not replicated. Private to
 * common/bus.
 *
 * The cause of an effect may be acknowledged in one partition while the effect, in another, is gone. So the group is set back, on
 * every partition, to where it is certain that no effect was lost, and the entries from there on are worked on again: effects are
 * idempotent, what is still there stays as it is.
 *
 * How far back: from time to time each replica puts a mark into every partition: how far the group had acknowledged everything in
 * each of the partitions, filed under the server that it is written to. Whatever follows from entries below a mark had been
 * written before it; so a mark of the lost server that its successor has, proves that it has those effects too. Without a mark:
 * all that is kept.
 *
 * One replica does it for all (a row in partition 0, under the lost server's name); if it dies, another one takes over. Owned by
 * the processor's thread. */
#ifndef TT_BUS_REDERIVE_H
#define TT_BUS_REDERIVE_H

#include "store/journal.h"
#include "store/txn.h"

typedef struct tt_rederive tt_rederive;

/* All borrowed; the batch is free between calls. Never NULL. */
tt_rederive *tt_rederive_new (tt_store *store, tt_batch *batch, tt_group *group, const char *name, const char *instance);
void tt_rederive_destroy (tt_rederive **rederive);
/* Something was lost with this server (tt_loss.server; "": not known which, or it is the one that still answers). */
void tt_rederive_need (tt_rederive *rederive, const char *server);
/* Puts marks if it is time, and sets the group back if there is need and it is this replica's turn: *done then says so. To be
 * called often. */
TT_MUST_USE tt_status tt_rederive_step (tt_rederive *rederive, int64_t now_unix_ms, bool *done, tt_error *error);

#endif
