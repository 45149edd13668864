/* The life of a daemon, in one place:
 *
 *   args -> configuration -> log -> signals -> store -> bind -> open the service -> processor loads -> ready -> serve
 *   SIGTERM or SIGINT: stop intake, finish what was accepted, flush, close in reverse. A second one exits at once.
 *   SIGHUP: read the configuration again; keep the old one and say why if the new one is wrong. */
#ifndef TT_RUN_DAEMON_H
#define TT_RUN_DAEMON_H

#include "base/counters.h"
#include "bus/service.h"
#include "run/config.h"
#include "run/http.h"

typedef struct tt_daemon tt_daemon;

typedef struct {
    const char *name;               /* "patent-alertd" */
    const char *stream;             /* "patent": also the service name in the store */
    const char *schema;             /* "patent.proto" */
    const char *summary;            /* one line for --help */
    int base_port;                  /* commands; events on +1, replay on +2, HTTP on +3 */
    const tt_method *methods;
    size_t method_count;
    const tt_processor_ops *processor; /* or NULL */
    const tt_config_row *config;    /* rows of its own, may be NULL */
    size_t config_count;
    const tt_http_route *routes;    /* pages of its own, may be NULL; a row without an argument gets the service */
    size_t route_count;
    /* What handlers and processor share; may be NULL. Called before anything is bound. Thread-safe use is the service's own matter. */
    tt_status (*open) (tt_daemon *daemon, void **service, tt_error *error);
    void (*close) (void **service);
} tt_daemon_spec;

/* Runs until it is told to stop; returns the process's exit code (0 clean, 2 usage or configuration, 1 otherwise). */
int tt_daemon_main (const tt_daemon_spec *spec, int argc, char **argv);

const tt_config *tt_daemon_config (const tt_daemon *daemon);
const tt_store_options *tt_daemon_store_options (const tt_daemon *daemon); /* for threads of the service's own */
tt_counters *tt_daemon_counters (const tt_daemon *daemon); /* to register tables in open */

#endif
