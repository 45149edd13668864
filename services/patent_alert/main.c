/* patent-alertd: the table of operations, handed to the daemon's life. */
#include "base/text.h"
#include "run/daemon.h"
#include "service.h"

static tt_status
open_service (tt_daemon *daemon, void **service, tt_error *error)
{
    tt_status status = tt_text_open (error);
    if (status != TT_OK)
        return status;
    alert_service *s = tt_alloc_zero (1, sizeof *s);
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
        .open = open_service,
        .close = close_service,
    };
    return tt_daemon_main (&spec, argc, argv);
}
