/* A demand past its deadline is expired, by whichever replica comes first: the row says so, the event is told once each time, no push
 * is made any more. A put with another deadline opens it again (commands_demands.c). */
#ifndef INGEST_EXPIRY_H
#define INGEST_EXPIRY_H

#include "store/txn.h"
#include "types.h"

/* Its deadline, by the calendar in China, lies before `today`. */
bool ingest_demand_past (const ingest_demand *demand, int32_t today);

/* tt_handler: request is an ingest_demand of which owner and demand_id are looked at. Replies with the Demand if this call expired it; with
 * nothing if there was nothing to do. */
void ingest_expire (tt_txn *txn, const void *request, void *service);

#endif
