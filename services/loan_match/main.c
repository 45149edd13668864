/* loan-matchd: matches financing applications with equity, loan and lease capacity. */
#include "commands.h"
#include "processor.h"
#include "run/daemon.h"

static tt_status
open_service (tt_daemon *daemon, void **service, tt_error *error)
{
    (void)daemon;
    match_service *match = tt_alloc_zero (1, sizeof *match);
    tt_status status = tt_catalog_open (&match->catalog, NULL, error);
    if (status != TT_OK) {
        free (match);
        return status;
    }
    *service = match;
    return TT_OK;
}

static void
close_service (void **service)
{
    match_service *match = *service;
    if (match == NULL)
        return;
    tt_catalog_close (&match->catalog);
    free (match);
    *service = NULL;
}

int
main (int argc, char **argv)
{
    const tt_daemon_spec spec = {
        .name = "loan-matchd",
        .stream = "finance",
        .schema = "finance.proto",
        .summary = "matches financing applications with equity, loan and lease capacity",
        .base_port = 5730,
        .methods = match_methods,
        .method_count = match_method_count,
        .processor = &match_processor,
        .open = open_service,
        .close = close_service,
    };
    return tt_daemon_main (&spec, argc, argv);
}
