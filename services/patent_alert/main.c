/* patent-alertd: the table of operations, handed to the daemon's life. */
#include "base/crew.h"
#include <stdio.h>
#include <string.h>

#include "atlas.h"
#include "base/text.h"
#include "query/class_tree.h"
#include "run/daemon.h"
#include "service.h"

static const tt_config_row settings[] = {
    { .name = "query.ipc-scheme",
      .type = TT_CONFIG_STRING,
      .initial = "",
      .description
      = "file with the subgroups of IPC, for =/low and =/high of a subgroup (common/query/README.md); the same for all "
        "replicas" },
    { .name = "query.cpc-scheme", .type = TT_CONFIG_STRING, .initial = "", .description = "likewise of CPC" },
    { .name = "match.threads",
      .type = TT_CONFIG_INT,
      .initial = "0",
      .min = 0,
      .max = TT_CREW_MAX,
      .unit = "threads",
      .description = "threads that match one document together, each a part of the watches; 0: one for each processor, at most 4" },
    { .name = "digest.utc-offset",
      .type = TT_CONFIG_INT,
      .initial = "480",
      .min = -720,
      .max = 840,
      .unit = "minutes",
      .description = "zone in which days begin and digests are due; 480 is UTC+8" },
    { .name = "digest.at", .type = TT_CONFIG_STRING, .initial = "08:00", .max = 8,
      .description = "time of day there when digests are told, HH:MM or HH:MM:SS; weekly ones on Mondays" },
    { .name = "alerts.most-per-day",
      .type = TT_CONFIG_INT,
      .initial = "10000",
      .min = 0,
      .max = 1000000,
      .unit = "alerts",
      .description = "a day's alerts above which a watch that names no bound of its own is switched to the daily digest; 0: none" },
    { .name = "legal.orphans-max",
      .type = TT_CONFIG_INT,
      .initial = "1000000",
      .min = 1024,
      .max = 1000000000,
      .unit = "events",
      .description = "most legal events that are kept without a document of their number; more are refused" },
    { .name = "backfill.rate",
      .type = TT_CONFIG_INT,
      .initial = "1000",
      .min = 4,
      .max = 1024,
      .unit = "documents/s",
      .description = "stored documents that a replica looks at for back-fills, and as many for due dates, beside its live work" },
    { .name = "documents.keep-days",
      .type = TT_CONFIG_INT,
      .initial = "0",
      .min = 0,
      .max = 100000,
      .unit = "days",
      .description = "how long stored documents are kept; 0: for ever. Their alerts stay" },
    { .name = "documents.keep-by",
      .type = TT_CONFIG_ENUM,
      .initial = "publication",
      .choices = "publication|arrival",
      .description = "from when on: the publication date, or the day that the document or its last correction arrived" },
    { .name = "surge.every",
      .type = TT_CONFIG_DURATION,
      .initial = "1d",
      .min = 0,
      .max = INT64_C (366) * 86400000,
      .unit = "ms",
      .description = "time from one search for filing surges to the next, if there are documents of a later day; 0: none" },
    { .name = "surge.quiet",
      .type = TT_CONFIG_DURATION,
      .initial = "60s",
      .min = 0,
      .max = 86400000,
      .unit = "ms",
      .description = "it waits until no document has come for so long, or it is overdue by another surge.every" },
    { .name = "surge.window-days",
      .type = TT_CONFIG_INT,
      .initial = "90",
      .min = 1,
      .max = 3660,
      .unit = "days",
      .description = "publications of the last so many days are held against those before" },
    { .name = "surge.trailing",
      .type = TT_CONFIG_INT,
      .initial = "8",
      .min = 2,
      .max = TT_SURGE_WINDOWS_MAX,
      .unit = "windows",
      .description = "windows of as many days before" },
    { .name = "surge.false-discoveries",
      .type = TT_CONFIG_STRING,
      .initial = "0.05",
      .max = 16,
      .description = "bound on the share of false ones among the surges found, above 0 and at most 0.5" },
    { .name = "surge.least",
      .type = TT_CONFIG_INT,
      .initial = "3",
      .min = 1,
      .max = 1000000,
      .unit = "documents",
      .description = "documents of an applicant and a class in the window below which there is no surge" },
};

static tt_status
read_scheme (tt_daemon *daemon, tt_class_scheme scheme, const char *setting, tt_error *error)
{
    const char *path = tt_config_text (tt_daemon_config (daemon), setting);
    return path[0] ? tt_class_tree_read (scheme, path, error) : TT_OK;
}

/* "08:00" or "08:00:30" as seconds of the day. */
static tt_status
read_time_of_day (const char *text, int32_t *seconds, tt_error *error)
{
    unsigned hour = 24, minute = 60, second = 0;
    int used = 0;
    if (sscanf (text, "%2u:%2u%n", &hour, &minute, &used) == 2 && text[used] == ':')
        used = sscanf (text, "%2u:%2u:%2u%n", &hour, &minute, &second, &used) == 3 ? used : 0;
    if (hour > 23 || minute > 59 || second > 59 || used == 0 || text[used] != '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "digest.at: expected HH:MM or HH:MM:SS, got \"%s\"", text);
    *seconds = (int32_t)(hour * 3600 + minute * 60 + second);
    return TT_OK;
}

static tt_status
read_settings (const tt_config *config, alert_service *s, tt_error *error)
{
    s->clockwork.utc_offset_minutes = (int32_t)tt_config_int (config, "digest.utc-offset");
    s->clockwork.most_per_day = (uint32_t)tt_config_int (config, "alerts.most-per-day");
    s->orphans_max = tt_config_int (config, "legal.orphans-max");
    s->backfill_rate = (uint32_t)tt_config_int (config, "backfill.rate");
    return read_time_of_day (tt_config_text (config, "digest.at"), &s->clockwork.at_seconds, error);
}

static tt_status
read_surges (const tt_config *config, alert_surges_options *o, tt_error *error)
{
    const char *text = tt_config_text (config, "surge.false-discoveries");
    char *end = NULL;
    o->rule.bound = strtod (text, &end);
    o->rule.window_days = (int32_t)tt_config_int (config, "surge.window-days");
    o->rule.trailing = (uint32_t)tt_config_int (config, "surge.trailing");
    o->rule.least = (uint32_t)tt_config_int (config, "surge.least");
    o->pace.every_ms = tt_config_int (config, "surge.every");
    o->pace.quiet_ms = tt_config_int (config, "surge.quiet");
    if (end == text || *end != '\0' || !(o->rule.bound > 0 && o->rule.bound <= 0.5))
        return tt_fail (error, TT_INVALID_ARGUMENT, "surge.false-discoveries: expected a number above 0 and at most 0.5, got \"%s\"", text);
    return TT_OK;
}

static tt_status
open_atlas (tt_daemon *daemon, alert_service *service, tt_error *error)
{
    const tt_config *config = tt_daemon_config (daemon);
    alert_atlas_options options
        = { .store = tt_daemon_store_options (daemon),
            .service = service,
            .retention = { .keep_days = (int32_t)tt_config_int (config, "documents.keep-days"),
                           .by_arrival = strcmp (tt_config_text (config, "documents.keep-by"), "arrival") == 0 } };
    tt_status status = read_surges (config, &options.surges, error);
    return status == TT_OK ? alert_atlas_open (&service->atlas, &options, error) : status;
}

static void
close_service (void **service)
{
    alert_service *s = *service;
    if (s == NULL)
        return;
    alert_atlas_close (&s->atlas);
    tt_catalog_close (&s->catalog);
    free (s);
    *service = NULL;
}

static tt_status
open_service (tt_daemon *daemon, void **service, tt_error *error)
{
    tt_status status = tt_text_open (error);
    if (status == TT_OK)
        status = read_scheme (daemon, TT_CLASS_IPC, "query.ipc-scheme", error);
    if (status == TT_OK)
        status = read_scheme (daemon, TT_CLASS_CPC, "query.cpc-scheme", error);
    if (status != TT_OK)
        return status;
    alert_service *s = tt_alloc_zero (1, sizeof *s);
    s->match_threads = (unsigned)tt_config_int (tt_daemon_config (daemon), "match.threads");
    s->counters = tt_counters_register (tt_daemon_counters (daemon), alert_metrics, ALERT_COUNT_ROWS);
    *service = s;
    status = read_settings (tt_daemon_config (daemon), s, error);
    if (status == TT_OK)
        status = tt_catalog_open (&s->catalog, NULL, error);
    if (status == TT_OK)
        status = open_atlas (daemon, s, error);
    if (status != TT_OK)
        close_service (service);
    return status;
}

int
main (int argc, char **argv)
{
    const tt_daemon_spec spec = {
        .name = "patent-alertd",
        .stream = "patent",
        .schema = "patent.proto",
        .summary = "patent alerts: every incoming document against all standing watches",
        .base_port = 5710,
        .methods = alert_methods,
        .method_count = ALERT_METHODS,
        .processor = &alert_processor,
        .config = settings,
        .config_count = sizeof settings / sizeof *settings,
        .open = open_service,
        .close = close_service,
    };
    return tt_daemon_main (&spec, argc, argv);
}
