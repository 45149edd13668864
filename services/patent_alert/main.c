/* patent-alertd: the table of operations, handed to the daemon's life. */
#include "base/crew.h"
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
};

static tt_status
read_scheme (tt_daemon *daemon, tt_class_scheme scheme, const char *setting, tt_error *error)
{
    const char *path = tt_config_text (tt_daemon_config (daemon), setting);
    return path[0] ? tt_class_tree_read (scheme, path, error) : TT_OK;
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
    return TT_OK;
}

static void
close_service (void **service)
{
    free (*service);
    *service = NULL;
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
