/* The methods of the service: decode -> decide -> commit. The same handlers answer the bus and fill the page.
 * Called by the bus in its own thread; see store/txn.h for what a handler may do. */
#ifndef STATS_COMMANDS_H
#define STATS_COMMANDS_H

#include "bus/service.h"
#include "catalog/catalog.h"

/* What the handlers need: their `service`. The catalogue is borrowed and does not change. */
typedef struct stats_service stats_service;
const tt_catalog *stats_service_catalog (const stats_service *service);

tt_handler stats_put_observation;
tt_handler stats_list_observations;
tt_handler stats_get_indicators;
tt_handler stats_get_counts;
tt_handler stats_compare_vintages;

#define STATS_METHODS 6
extern const tt_method stats_methods[STATS_METHODS];

#endif
