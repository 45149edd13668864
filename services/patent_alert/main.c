/* patent-alertd: the table of operations, handed to the daemon's life. */
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
};

static tt_status
read_scheme (tt_daemon *daemon, tt_class_scheme scheme, const char *setting, tt_error *error)
{
    const char *path = tt_config_text (tt_daemon_config (daemon), setting);
    return path[0] ? tt_class_tree_read (scheme, path, error) : TT_OK;
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
    return alert_atlas_open (&service->atlas, &options, error);
}

static void
close_service (void **service)
{
    alert_service *s = *service;
    if (s == NULL)
        return;
    alert_atlas_close (&s->atlas);
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
    s->counters = tt_counters_register (tt_daemon_counters (daemon), alert_metrics, ALERT_COUNT_ROWS);
    *service = s;
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
