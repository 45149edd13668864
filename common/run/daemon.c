#include "run/daemon.h"

#include <czmq.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/text.h"
#include "bus/processor.h"
#include "bus/publisher.h"
#include "bus/replay.h"
#include "bus/responder.h"
#include "run/consumers.h"
#include "run/health.h"
#include "run/janitor.h"
#include "run/memory.h"
#include "run/probe.h"
#include "run/process.h"
#include "run/settings.h"
#include "store/metrics.h"

#define PROBE_EVERY_MS 1000 /* how often the store is asked whether it is there */
#define HEALTH_WAIT_MS 2000 /* how long --check-health waits for an answer */
#define CONFIGS_MAX 64      /* reloads whose configurations are kept: somebody may still read them */

enum { REDIS_UP };
static const tt_metric_row metric_rows[]
    = { { .name = "redis_up", .help = "1 while Redis answers, asked once a second.", .kind = TT_METRIC_GAUGE } };

struct tt_daemon {
    const tt_daemon_spec *spec;
    tt_config *configs[CONFIGS_MAX]; /* the last one is in force */
    size_t config_count;
    tt_store_options store_options;
    char instance[96];
    int signals;
    tt_counters *counters;
    tt_counter_set *metrics; /* the daemon's own */
    tt_store *store; /* of the main thread: is Redis there? */
    tt_http *http;
    tt_http_route *routes;
    tt_method *methods;
    void *service;
    tt_responder *responder;
    tt_publisher *publisher;
    tt_replay *replay;
    tt_processor *processor;
    tt_memory *memory;
    atomic_bool memory_over;
    tt_janitor *janitor;
    pthread_mutex_t serving_lock; /* held while a probe asks the parts, so that none is closed under it */
    bool serving;
    atomic_bool store_reached;
};

const tt_config *
tt_daemon_config (const tt_daemon *self)
{
    return self->configs[self->config_count - 1];
}

const tt_store_options *
tt_daemon_store_options (const tt_daemon *self)
{
    return &self->store_options;
}

tt_counters *
tt_daemon_counters (const tt_daemon *self)
{
    return self->counters;
}

/* -- configuration -- */

static tt_status
load_config (tt_daemon *self, int argc, char **argv, tt_error *error)
{
    static tt_config_table tables[2];
    static tt_config_spec spec;
    tables[0] = tt_settings_table (self->spec->base_port);
    tables[1] = (tt_config_table){ self->spec->config, self->spec->config_count };
    spec = (tt_config_spec){ .program = self->spec->name,
                             .version = TT_VERSION,
                             .summary = self->spec->summary,
                             .tables = tables,
                             .table_count = self->spec->config_count ? 2 : 1 };
    tt_status status = tt_config_load (&self->configs[0], &spec, argc, argv, environ, error);
    self->config_count = status == TT_OK;
    return status;
}

static void
reload (tt_daemon *self)
{
    tt_error error = { 0 };
    tt_buffer pinned = { 0 }, changed = { 0 };
    tt_config *fresh = NULL;
    tt_status status = self->config_count < CONFIGS_MAX ? tt_config_reload (tt_daemon_config (self), &fresh, &pinned, &error)
                                                        : tt_fail (&error, TT_RESOURCE_EXHAUSTED, "reloaded too often: restart the daemon");
    if (status != TT_OK) {
        tt_log (TT_LOG_ERROR, "configuration kept", "reason", error.message, NULL);
    } else {
        tt_config_changed (tt_daemon_config (self), fresh, &changed);
        self->configs[self->config_count++] = fresh;
        tt_settings_log (fresh, self->spec->name);
        tt_log (TT_LOG_INFO, "configuration read again", "changed", tt_buffer_cstr (&changed), "needs a restart", tt_buffer_cstr (&pinned), NULL);
    }
    tt_buffer_free (&pinned);
    tt_buffer_free (&changed);
}

static void
name_instance (tt_daemon *self)
{
    const char *name = tt_config_text (tt_daemon_config (self), "instance");
    char host[65] = "host";
    gethostname (host, sizeof host - 1);
    if (name[0])
        snprintf (self->instance, sizeof self->instance, "%s", name);
    else
        snprintf (self->instance, sizeof self->instance, "%s-%d", host, (int) getpid ());
}

/* -- signals -- */

static tt_status
take_signals (tt_daemon *self, tt_error *error)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    pthread_sigmask (SIG_BLOCK, &set, NULL); /* before any thread: they inherit it */
    signal (SIGPIPE, SIG_IGN);
    self->signals = signalfd (-1, &set, SFD_CLOEXEC);
    return self->signals >= 0 ? TT_OK : tt_fail (error, TT_INTERNAL, "signalfd: %m");
}

/* The next signal within wait_ms, or 0. */
static int
next_signal (tt_daemon *self, int wait_ms)
{
    struct pollfd item = { .fd = self->signals, .events = POLLIN };
    struct signalfd_siginfo info;
    if (poll (&item, 1, wait_ms) <= 0 || read (self->signals, &info, sizeof info) != sizeof info)
        return 0;
    return (int) info.ssi_signo;
}

static void
exit_at_once (int signal_number)
{
    (void) signal_number;
    _exit (1);
}

/* From here on a second SIGTERM ends the process whatever it is waiting for. */
static void
arm_second_signal (void)
{
    struct sigaction action = { .sa_handler = exit_at_once };
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGINT, &action, NULL);
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

/* -- health -- */

static void
set_serving (tt_daemon *self, bool serving)
{
    pthread_mutex_lock (&self->serving_lock);
    self->serving = serving;
    pthread_mutex_unlock (&self->serving_lock);
}

/* The parts are there as long as it serves: before they are being opened, after they are being closed. */
static bool
parts_are_ready (tt_daemon *self, tt_buffer *reason)
{
    char why[480] = "";
    if (!self->serving)
        tt_buffer_text (reason, "starting");
    else if (!atomic_load (&self->store_reached))
        tt_buffer_text (reason, "Redis cannot be reached");
    else if (self->processor && !tt_processor_ready (self->processor, why))
        tt_buffer_printf (reason, "the processor is not ready: %s", why);
    else
        return true;
    return false;
}

static bool
ready (void *argument, tt_buffer *reason)
{
    tt_daemon *self = argument;
    pthread_mutex_lock (&self->serving_lock);
    bool good = parts_are_ready (self, reason);
    pthread_mutex_unlock (&self->serving_lock);
    return good;
}

static void
metrics (void *argument, tt_buffer *out)
{
    tt_daemon *self = argument;
    tt_counters_snapshot (self->counters, out);
    pthread_mutex_lock (&self->serving_lock);
    if (self->serving)
        tt_janitor_metrics (self->janitor, out);
    pthread_mutex_unlock (&self->serving_lock);
}

/* The service's routes, whose argument is the service unless they name another. */
static tt_status
open_http (tt_daemon *self, tt_error *error)
{
    const tt_daemon_spec *spec = self->spec;
    self->routes = tt_alloc_zero (spec->route_count, sizeof *self->routes);
    for (size_t i = 0; i < spec->route_count; i++) {
        self->routes[i] = spec->routes[i];
        if (self->routes[i].argument == NULL)
            self->routes[i].argument = self->service;
    }
    tt_http_options options = { .bind = tt_config_text (tt_daemon_config (self), "http.bind"),
                                .routes = self->routes,
                                .route_count = spec->route_count,
                                .ready = ready,
                                .metrics = metrics,
                                .argument = self };
    return tt_http_open (&self->http, &options, error);
}

/* -- starting and stopping -- */

/* Waits for Redis: it may well start after us. What is wrong for good (another P, no Redis) ends the daemon with the reason. */
static tt_status
wait_for_store (tt_daemon *self, tt_error *error)
{
    tt_status status = tt_store_open (&self->store, &self->store_options, error);
    for (bool told = false; status == TT_OK; told = true) {
        status = tt_store_prepare (self->store, error);
        if (status != TT_UNAVAILABLE)
            return status;
        if (!told)
            tt_log (TT_LOG_WARNING, "waiting for Redis", "reason", error->message, NULL);
        status = TT_OK;
        int signal_number = next_signal (self, 200);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return tt_fail (error, TT_CANCELLED, "stopped while waiting for Redis");
    }
    return status;
}

static tt_status
open_commands (tt_daemon *self, tt_error *error)
{
    const tt_daemon_spec *spec = self->spec;
    const tt_config *config = tt_daemon_config (self);
    size_t count = spec->method_count;
    self->methods = tt_alloc_zero (count + TT_CONSUMER_METHODS + 1, sizeof *self->methods);
    if (count)
        memcpy (self->methods, spec->methods, count * sizeof *self->methods);
    for (size_t i = 0; i < TT_CONSUMER_METHODS; i++)
        self->methods[count++] = tt_consumer_methods[i];
    if (tt_config_bool (config, "probe.enabled"))
        self->methods[count++] = tt_probe_method;
    tt_responder_options options = { .endpoint = tt_config_text (config, "commands.endpoint"),
                                     .store = &self->store_options,
                                     .schema = spec->schema,
                                     .methods = self->methods,
                                     .method_count = count,
                                     .service = self->service,
                                     .counters = self->counters,
                                     .batch = (uint32_t) tt_config_int (config, "commands.batch"),
                                     .queue_count = (uint32_t) tt_config_int (config, "commands.queue"),
                                     .queue_bytes = (uint64_t) tt_config_int (config, "commands.queue-bytes"),
                                     .body_max = (uint32_t) tt_config_int (config, "commands.body-max"),
                                     .memory_over = &self->memory_over };
    return tt_responder_open (&self->responder, &options, error);
}

static tt_status
open_events (tt_daemon *self, tt_error *error)
{
    const tt_config *config = tt_daemon_config (self);
    tt_publisher_options publisher = { .endpoint = tt_config_text (config, "events.endpoint"),
                                       .store = &self->store_options,
                                       .heartbeat_ms = (uint32_t) tt_config_int (config, "events.heartbeat"),
                                       .high_water_mark = (uint32_t) tt_config_int (config, "events.high-water-mark"),
                                       .counters = self->counters };
    tt_replay_options replay = { .endpoint = tt_config_text (config, "replay.endpoint"),
                                 .store = &self->store_options,
                                 .counters = self->counters,
                                 .memory_over = &self->memory_over };
    tt_status status = tt_replay_open (&self->replay, &replay, error);
    return status == TT_OK ? tt_publisher_open (&self->publisher, &publisher, error) : status;
}

static tt_status
open_processor (tt_daemon *self, tt_error *error)
{
    if (self->spec->processor == NULL)
        return TT_OK;
    tt_processor_options options = { .ops = self->spec->processor,
                                     .store = &self->store_options,
                                     .schema = self->spec->schema,
                                     .instance = self->instance,
                                     .service = self->service,
                                     .counters = self->counters,
                                     .stuck_ms = (uint32_t)tt_config_int (tt_daemon_config (self), "processor.stuck-after") };
    return tt_processor_open (&self->processor, &options, error);
}

static size_t
relieve (void *argument, tt_buffer *names)
{
    tt_daemon *self = argument;
    return tt_publisher_relieve (self->publisher, names) + tt_replay_relieve (self->replay, names) + tt_responder_relieve (self->responder, names);
}

/* Last of all: it asks the others to relieve. */
static tt_status
open_memory (tt_daemon *self, tt_error *error)
{
    tt_memory_options options = { .max = (uint64_t) tt_config_int (tt_daemon_config (self), "memory.max"),
                                  .over = &self->memory_over,
                                  .counters = self->counters,
                                  .relieve = relieve,
                                  .argument = self };
    return tt_memory_open (&self->memory, &options, error);
}

static tt_status
open_janitor (tt_daemon *self, tt_error *error)
{
    tt_janitor_options options = tt_settings_janitor (tt_daemon_config (self));
    options.store = &self->store_options;
    options.counters = self->counters;
    return tt_janitor_open (&self->janitor, &options, error);
}

/* Written beside and renamed, so that a reader never sees half of it. */
static tt_status
write_endpoints (tt_daemon *self, tt_error *error)
{
    const char *path = tt_config_text (tt_daemon_config (self), "endpoints.file");
    if (path[0] == '\0')
        return TT_OK;
    tt_buffer beside = { 0 };
    tt_buffer_printf (&beside, "%s.%d", path, (int) getpid ());
    FILE *file = fopen (tt_buffer_cstr (&beside), "we");
    tt_status status = TT_OK;
    if (file == NULL)
        status = tt_fail (error, TT_FAILED_PRECONDITION, "endpoints.file %s: %m", path);
    if (file) {
        fprintf (file, "{\"commands\":\"%s\",\"events\":\"%s\",\"replay\":\"%s\",\"http_port\":%u,\"pid\":%d}\n",
                 tt_responder_endpoint (self->responder), tt_publisher_endpoint (self->publisher), tt_replay_endpoint (self->replay),
                 tt_http_port (self->http), (int) getpid ());
        bool ok = fclose (file) == 0 && rename (tt_buffer_cstr (&beside), path) == 0;
        if (!ok) {
            status = tt_fail (error, TT_FAILED_PRECONDITION, "endpoints.file %s: %m", path);
            unlink (tt_buffer_cstr (&beside));
        }
    }
    tt_buffer_free (&beside);
    return status;
}

static tt_status
start (tt_daemon *self, tt_error *error)
{
    const tt_daemon_spec *spec = self->spec;
    tt_status status = take_signals (self, error);
    if (status == TT_OK)
        status = tt_text_open (error);
    if (status == TT_OK && spec->open)
        status = spec->open (self, &self->service, error);
    if (status == TT_OK)
        status = open_http (self, error); /* early, so that probes get answers while it waits */
    if (status == TT_OK)
        status = wait_for_store (self, error);
    if (status == TT_OK)
        status = open_events (self, error);
    if (status == TT_OK)
        status = open_processor (self, error);
    if (status == TT_OK)
        status = open_janitor (self, error);
    if (status == TT_OK)
        status = open_commands (self, error);
    if (status == TT_OK)
        status = open_memory (self, error);
    if (status == TT_OK)
        status = write_endpoints (self, error);
    return status;
}

static void
stop (tt_daemon *self)
{
    set_serving (self, false);
    tt_memory_close (&self->memory);
    tt_responder_close (&self->responder);
    tt_janitor_close (&self->janitor);
    tt_processor_close (&self->processor);
    tt_publisher_close (&self->publisher);
    tt_replay_close (&self->replay);
    tt_http_close (&self->http);
    if (self->service && self->spec->close)
        self->spec->close (&self->service);
    tt_store_close (&self->store);
    tt_counters_destroy (&self->counters);
    free (self->routes);
    free (self->methods);
    if (self->signals >= 0)
        close (self->signals);
}

static void
check_store (tt_daemon *self)
{
    uint64_t *heads = tt_alloc (self->store_options.partitions * sizeof *heads);
    tt_error error = { 0 };
    bool reached = tt_journal_heads (self->store, TT_JOURNAL_EVENTS, heads, &error) == TT_OK;
    if (reached != atomic_exchange (&self->store_reached, reached))
        tt_log (reached ? TT_LOG_INFO : TT_LOG_ERROR, reached ? "Redis is there" : "Redis is gone", "reason", error.message, NULL);
    tt_count_set (self->metrics, REDIS_UP, 0, reached);
    free (heads);
}

static void
serve (tt_daemon *self)
{
    set_serving (self, true);
    char port[16];
    snprintf (port, sizeof port, "%u", tt_http_port (self->http));
    tt_log (TT_LOG_INFO, "serving", "version", TT_VERSION, "instance", self->instance, "commands", tt_responder_endpoint (self->responder),
            "events", tt_publisher_endpoint (self->publisher), "replay", tt_replay_endpoint (self->replay), "http_port", port, NULL);
    for (;;) {
        check_store (self);
        (void) tt_responder_connections (self->responder);
        (void) tt_replay_connections (self->replay);
        int signal_number = next_signal (self, PROBE_EVERY_MS);
        if (signal_number == SIGHUP)
            reload (self);
        else if (signal_number)
            break;
    }
    tt_log (TT_LOG_INFO, "stopping", NULL);
}

static int
run (tt_daemon *self)
{
    tt_error error = { 0 };
    zsys_init ();
    zsys_handler_set (NULL); /* czmq would take SIGINT and SIGTERM for itself */
    self->counters = tt_counters_new ();
    self->metrics = tt_counters_register (self->counters, metric_rows, sizeof metric_rows / sizeof *metric_rows);
    tt_process_metrics (self->counters);
    self->store_options = tt_settings_store (tt_daemon_config (self), self->spec->stream);
    self->store_options.metrics = tt_store_metrics (self->counters);
    name_instance (self);
    tt_status status = start (self, &error);
    if (status == TT_OK)
        serve (self);
    else if (status != TT_CANCELLED)
        tt_log (TT_LOG_ERROR, "cannot start", "reason", error.message, NULL);
    arm_second_signal ();
    stop (self);
    zsys_shutdown ();
    return status == TT_OK || status == TT_CANCELLED ? 0 : 1;
}

/* For the health check of a container: the daemon's own program, so that nothing else need be installed there. */
static int
check_health (const tt_daemon *self)
{
    tt_error error = { 0 };
    if (tt_health_check (tt_config_text (tt_daemon_config (self), "http.bind"), HEALTH_WAIT_MS, &error) == TT_OK)
        return 0;
    fprintf (stderr, "%s: %s\n", self->spec->name, error.message);
    return 1;
}

int
tt_daemon_main (const tt_daemon_spec *spec, int argc, char **argv)
{
    tt_daemon self = { .spec = spec, .signals = -1, .serving_lock = PTHREAD_MUTEX_INITIALIZER };
    tt_error error = { 0 };
    tt_log_configure (spec->name, TT_LOG_INFO, TT_LOG_AUTO);
    if (load_config (&self, argc, argv, &error) != TT_OK) {
        fprintf (stderr, "%s: %s\n", spec->name, error.message);
        return 2;
    }
    int code = 0;
    if (tt_config_wanted (self.configs[0]) == TT_CONFIG_RUN) {
        tt_settings_log (self.configs[0], spec->name);
        code = run (&self);
    } else if (tt_config_wanted (self.configs[0]) == TT_CONFIG_HEALTH) {
        code = check_health (&self);
    } else {
        tt_config_perform (self.configs[0], stdout);
    }
    for (size_t i = 0; i < self.config_count; i++)
        tt_config_destroy (&self.configs[i]);
    return code;
}
