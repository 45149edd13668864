/* What the daemon's parts share: catalogue, consumers, counters and the page. Opened by the daemon before anything is bound. */
#ifndef STATS_SERVICE_H
#define STATS_SERVICE_H

#include "commands.h"
#include "consumer.h"
#include "ledger.h"
#include "page.h"
#include "run/daemon.h"

/* For tt_daemon_spec. */
extern const tt_config_row stats_config[];
extern const size_t stats_config_count;
tt_status stats_service_open (tt_daemon *daemon, void **service, tt_error *error);
void stats_service_close (void **service);

/* The page's data is made anew every second: the processor's sweep, which consumes no journal. */
extern const tt_processor_ops stats_processor;

/* Borrowed; live as long as the service. consumers: STATS_STREAMS of them. */
stats_page *stats_service_page (stats_service *service);
stats_consumer *const *stats_service_consumers (stats_service *service);
/* Tells the metrics how much of each count there is, by stats_count. */
void stats_service_gauge (stats_service *service, const int64_t totals[STATS_COUNT_NAMES], const int64_t doubtful[STATS_STREAMS]);

#endif
