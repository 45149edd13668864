#include "service.h"

struct stats_service {
    tt_catalog *catalog;
    stats_page *page;
    stats_consumer *consumers[STATS_STREAMS]; /* as stats_streams */
    tt_counter_set *counters;
};

enum { EVENTS_ROW, REPLAY_ROW, COMMANDS_ROW, SOURCE_ROWS };

#define ENDPOINTS_ROW(name, initial, least, description)                                                                         \
    { name, TT_CONFIG_STRING, initial, least, 1024, NULL, "", description, false, false }
#define SOURCE(stream, port)                                                                                                     \
    ENDPOINTS_ROW ("statistics.sources." stream ".events", "tcp://127.0.0.1:" port "1", 1,                                       \
                   "endpoints that the stream " stream " is published on, with commas"),                                         \
        ENDPOINTS_ROW ("statistics.sources." stream ".replay", "tcp://127.0.0.1:" port "2", 1,                                   \
                       "endpoints that replay the stream " stream ", in the same order"),                                        \
        ENDPOINTS_ROW ("statistics.sources." stream ".commands", "tcp://127.0.0.1:" port "0", 0,                                 \
                       "endpoints where what was counted of " stream " is acknowledged; empty: its journal is not kept for us")

const tt_config_row stats_config[] = {
    SOURCE ("patent", "571"),
    SOURCE ("achievement", "572"),
    SOURCE ("finance", "573"),
    { "catalog.directory", TT_CONFIG_STRING, "", 0, 4096, NULL, "",
      "where the catalogue is; empty: TT_CATALOG_DIR, or as installed", false, false },
    { "page.directory", TT_CONFIG_STRING, "", 0, 4096, NULL, "", "where the files of the page are; empty: as installed", false,
      false },
    { "page.chart", TT_CONFIG_STRING, "/usr/share/javascript/chart.js/chart.min.js", 1, 4096, NULL, "",
      "Chart.js (libjs-chart.js)", false, false },
    { "statistics.undo", TT_CONFIG_INT, "10000", 0, 1000000, NULL, "events",
      "events of each source partition that can be taken out of the counts again when the source loses them", false, false },
};
const size_t stats_config_count = sizeof stats_config / sizeof *stats_config;

/* -- counters
 * ------------------------------------------------------------------------------------------------------------------------ */

enum {
    RECEIVED,
    APPLIED,
    SKIPPED,
    UNKNOWN,
    MALFORMED,
    LOSSES,
    LOST,
    UNDOS,
    UNDONE,
    DOUBTS,
    RESTARTS,
    LIVE,
    LAG,
    GAPS,
    DUPLICATES,
    REPLAYED,
    FAILOVERS,
    DOUBTFUL,
    COUNTS,
    METRICS
};

static const char *count_names[STATS_COUNT_NAMES]; /* filled before it is registered */

#define BY_STREAM .label = "stream", .values = stats_streams, .value_count = STATS_STREAMS

static const tt_metric_row metric_rows[METRICS] = {
    [RECEIVED] = { "consumer_events_total", "Events received from a source stream.", TT_METRIC_COUNTER, BY_STREAM },
    [APPLIED] = { "consumer_applied_total", "Events that this replica counted.", TT_METRIC_COUNTER, BY_STREAM },
    [SKIPPED] = { "consumer_skipped_total", "Events that had been counted before.", TT_METRIC_COUNTER, BY_STREAM },
    [UNKNOWN] = { "consumer_unknown_total", "Events of types that are not known here.", TT_METRIC_COUNTER, BY_STREAM },
    [MALFORMED] = { "consumer_malformed_total", "Events that could not be read.", TT_METRIC_COUNTER, BY_STREAM },
    [LOSSES]
    = { "consumer_losses_total", "Times that history was lost or trimmed before it was counted.", TT_METRIC_COUNTER, BY_STREAM },
    [LOST] = { "consumer_lost_events_total", "Events that were never seen, by their sequences.", TT_METRIC_COUNTER, BY_STREAM },
    [UNDOS] = { "consumer_undos_total", "Times that this replica took counts back because the source had lost events.",
                TT_METRIC_COUNTER, BY_STREAM },
    [UNDONE] = { "consumer_undone_events_total", "Events that were taken out of the counts; what survived is counted again.",
                 TT_METRIC_COUNTER, BY_STREAM },
    [DOUBTS] = { "consumer_doubts_total", "Times that not all that was lost could be taken back.", TT_METRIC_COUNTER, BY_STREAM },
    [RESTARTS]
    = { "consumer_restarts_total", "Subscriptions begun again from the stored positions.", TT_METRIC_COUNTER, BY_STREAM },
    [LIVE] = { "consumer_live", "1 while the source answers and was counted up to its head.", TT_METRIC_GAUGE, BY_STREAM },
    [LAG] = { "consumer_lag", "Events of a source stream that were not counted yet.", TT_METRIC_GAUGE, BY_STREAM },
    [GAPS] = { "consumer_gaps_total", "Holes in a source stream that were found and replayed.", TT_METRIC_COUNTER, BY_STREAM },
    [DUPLICATES] = { "consumer_duplicates_total", "Events received again and dropped.", TT_METRIC_COUNTER, BY_STREAM },
    [REPLAYED] = { "consumer_replayed_total", "Events that came by replay.", TT_METRIC_COUNTER, BY_STREAM },
    [FAILOVERS] = { "consumer_failovers_total", "Changes to another endpoint of a source.", TT_METRIC_COUNTER, BY_STREAM },
    [DOUBTFUL] = { "statistics_doubtful_partitions", "Source partitions whose counts may hold events that were lost.",
                   TT_METRIC_GAUGE, BY_STREAM },
    [COUNTS] = { "statistics_count", "Counts of the suite over all districts and specials.", TT_METRIC_GAUGE, .label = "name",
                 .values = count_names, .value_count = STATS_COUNT_NAMES },
};

static void
collect (void *argument)
{
    stats_service *service = argument;
    for (size_t s = 0; s < STATS_STREAMS; s++) {
        if (!service->consumers[s])
            continue;
        stats_consumer_status status = stats_consumer_status_of (service->consumers[s]);
        tt_count_set (service->counters, RECEIVED, s, status.received);
        tt_count_set (service->counters, APPLIED, s, status.applied);
        tt_count_set (service->counters, SKIPPED, s, status.skipped);
        tt_count_set (service->counters, UNKNOWN, s, status.unknown);
        tt_count_set (service->counters, MALFORMED, s, status.malformed);
        tt_count_set (service->counters, LOSSES, s, status.losses);
        tt_count_set (service->counters, LOST, s, status.lost);
        tt_count_set (service->counters, UNDOS, s, status.undos);
        tt_count_set (service->counters, UNDONE, s, status.undone);
        tt_count_set (service->counters, DOUBTS, s, status.doubts);
        tt_count_set (service->counters, RESTARTS, s, status.restarts);
        tt_count_set (service->counters, LIVE, s, status.live);
        tt_count_set (service->counters, LAG, s, status.lag);
        tt_count_set (service->counters, GAPS, s, status.gaps);
        tt_count_set (service->counters, DUPLICATES, s, status.duplicates);
        tt_count_set (service->counters, REPLAYED, s, status.replayed);
        tt_count_set (service->counters, FAILOVERS, s, status.failovers);
    }
}

void
stats_service_gauge (stats_service *service, const int64_t totals[STATS_COUNT_NAMES], const int64_t doubtful[STATS_STREAMS])
{
    for (size_t s = 0; s < STATS_STREAMS; s++)
        tt_count_set (service->counters, DOUBTFUL, s, doubtful[s]);
    for (size_t c = 0; c < STATS_COUNT_NAMES; c++)
        tt_count_set (service->counters, COUNTS, c, totals[c]);
}

/* -- life
 * ---------------------------------------------------------------------------------------------------------------------------- */

static tt_status
open_consumers (stats_service *service, tt_daemon *daemon, tt_error *error)
{
    const tt_config *config = tt_daemon_config (daemon);
    tt_status status = TT_OK;
    for (int s = 0; s < STATS_STREAMS && status == TT_OK;
         s++) { /* in the order of stats_streams, as the rows of the configuration */
        stats_consumer_options options = { .stream = stats_streams[s],
                                           .events = tt_config_text (config, stats_config[SOURCE_ROWS * s + EVENTS_ROW].name),
                                           .replay = tt_config_text (config, stats_config[SOURCE_ROWS * s + REPLAY_ROW].name),
                                           .commands = tt_config_text (config, stats_config[SOURCE_ROWS * s + COMMANDS_ROW].name),
                                           .store = tt_daemon_store_options (daemon),
                                           .undo = (uint64_t)tt_config_int (config, "statistics.undo") };
        status = stats_consumer_open (&service->consumers[s], &options, error);
    }
    return status;
}

tt_status
stats_service_open (tt_daemon *daemon, void **out, tt_error *error)
{
    const tt_config *config = tt_daemon_config (daemon);
    const char *catalog = tt_config_text (config, "catalog.directory");
    stats_service *service = tt_alloc_zero (1, sizeof *service);
    for (int c = 0; c < STATS_COUNT_NAMES; c++)
        count_names[c] = stats_count_kind_of (c)->name;
    service->counters = tt_counters_register (tt_daemon_counters (daemon), metric_rows, METRICS);
    tt_counters_collect (tt_daemon_counters (daemon), collect, service);
    tt_status status = tt_catalog_open (&service->catalog, catalog[0] ? catalog : NULL, error);
    if (status == TT_OK)
        status = stats_page_open (&service->page, service->catalog, tt_config_text (config, "page.directory"),
                                  tt_config_text (config, "page.chart"), error);
    if (status == TT_OK)
        status = open_consumers (service, daemon, error);
    *out = service;
    if (status != TT_OK)
        stats_service_close (out);
    return status;
}

void
stats_service_close (void **out)
{
    stats_service *service = *out;
    if (!service)
        return;
    *out = NULL;
    for (int s = 0; s < STATS_STREAMS; s++)
        stats_consumer_close (&service->consumers[s]);
    stats_page_close (&service->page);
    tt_catalog_close (&service->catalog);
    free (service);
}

const tt_catalog *
stats_service_catalog (const stats_service *service)
{
    return service->catalog;
}

stats_page *
stats_service_page (stats_service *service)
{
    return service->page;
}

stats_consumer *const *
stats_service_consumers (stats_service *service)
{
    return service->consumers;
}

/* -- the sweep
 * ----------------------------------------------------------------------------------------------------------------------- */

static tt_status
open_sweep (tt_processor *processor, void *service, void **state, tt_error *error)
{
    *state = service;
    return stats_page_refresh (stats_service_page (service), service, tt_processor_batch (processor), 0, error);
}

static void
close_sweep (void **state)
{
    *state = NULL; /* it is the service, which is closed elsewhere */
}

static tt_status
sweep (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error)
{
    return stats_page_refresh (stats_service_page (state), state, tt_processor_batch (processor), now_unix_ms, error);
}

const tt_processor_ops stats_processor
    = { .group = "page", .batch = 1, .open = open_sweep, .close = close_sweep, .tick = sweep, .tick_ms = 1000 };
