/* statisticsd: counts the events of the other services, keeps what departments report, judges the indicators, shows the page. */
#include "service.h"

int
main (int argc, char **argv)
{
    tt_daemon_spec spec = {
        .name = "statisticsd",
        .stream = "statistics",
        .schema = "statistics.proto",
        .summary = "Statistics: indicators against their targets, counts of the suite, the page",
        .base_port = 5740,
        .methods = stats_methods,
        .method_count = STATS_METHODS,
        .processor = &stats_processor,
        .config = stats_config,
        .config_count = stats_config_count,
        .routes = stats_routes,
        .route_count = stats_route_count,
        .open = stats_service_open,
        .close = stats_service_close,
    };
    return tt_daemon_main (&spec, argc, argv);
}
