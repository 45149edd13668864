/* Where the partitions are: one Redis, or the masters of a cluster by its slots. Private to store/. */
#ifndef TT_STORE_ROUTE_H
#define TT_STORE_ROUTE_H

#include "store/pipe.h"

/* Finds out what answers at the endpoints and, if it is a cluster, who holds which partition: at the first call, and again when
 * the map is stale (not more often than every 50 ms). TT_UNAVAILABLE if nobody answers. */
TT_MUST_USE tt_status tt_route_know (tt_store *store, tt_error *error);
/* A node by its endpoint; made if it is new. */
tt_node *tt_route_node (tt_store *store, const char *endpoint);
/* A slot moved: the partition is there from now on, and the others may have moved too. */
void tt_route_moved (tt_store *store, uint32_t partition, const char *endpoint);
/* The map is in doubt. */
static inline void
tt_route_doubt (tt_store *store)
{
    store->stale = store->cluster;
}
void tt_route_free (tt_store *store);

#endif
