/* The durable consumers of a daemon's stream: the methods of techtransfer.v1.Journal that acknowledge, move, remove and list them, and what is
 * said about all of them. Positions are rows written by the ordinary commit (store/retention.h). Not for trimming (janitor.h). */
#ifndef TT_RUN_CONSUMERS_H
#define TT_RUN_CONSUMERS_H

#include "bus/service.h"
#include "envelope.pb-c.h"

#define TT_CONSUMER_METHODS 4
extern const tt_method tt_consumer_methods[TT_CONSUMER_METHODS];

/* The consumers in the standings of all partitions, by name, each with the partitions where it is registered. *list lives in the arena and
 * borrows from the standings; returns how many. */
size_t tt_consumers_list (tt_arena *arena, const tt_standing *const *standings, uint32_t partitions, Techtransfer__V1__Consumer ***list);

#endif
