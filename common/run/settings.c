#include "run/settings.h"

#include <stdio.h>

#include "base/log.h"

enum { COMMANDS_ROW, EVENTS_ROW, REPLAY_ROW, HTTP_ROW };

static char initial_text[4][40];

static tt_config_row rows[] = {
    [COMMANDS_ROW] = { "commands.endpoint", TT_CONFIG_STRING, "", 1, 255, NULL, "", "ZeroMQ endpoint that commands come in on", false, false },
    [EVENTS_ROW] = { "events.endpoint", TT_CONFIG_STRING, "", 1, 255, NULL, "", "ZeroMQ endpoint that events are published on", false, false },
    [REPLAY_ROW] = { "replay.endpoint", TT_CONFIG_STRING, "", 1, 255, NULL, "", "ZeroMQ endpoint that replays are asked for on", false, false },
    [HTTP_ROW] = { "http.bind", TT_CONFIG_STRING, "", 1, 255, NULL, "", "address and port of health, metrics and pages", false, false },
    { "redis.endpoints", TT_CONFIG_STRING, "127.0.0.1:6379", 1, 1024, NULL, "", "Redis: \"unix:/path\" or \"host:port\", several with commas: servers of which one is the master, some nodes of one cluster, or Sentinels", false, false },
    { "redis.sentinel", TT_CONFIG_STRING, "", 0, 128, NULL, "", "name of the master, if redis.endpoints are Sentinels; empty: they are Redis itself", false, false },
    { "redis.replicas", TT_CONFIG_INT, "0", 0, 8, NULL, "copies", "copies beside the master's that must confirm a command before its reply, and an event before it is published", false, false },
    { "redis.replica-timeout", TT_CONFIG_DURATION, "1s", 10, 30000, NULL, "ms", "longest wait for the copies; at most half of redis.timeout", false, false },
    { "redis.username", TT_CONFIG_STRING, "", 0, 128, NULL, "", "Redis user; empty is the default user", false, false },
    { "redis.password-file", TT_CONFIG_STRING, "", 0, 4096, NULL, "", "file whose first line is the Redis password; empty: none", false, false },
    { "redis.timeout", TT_CONFIG_DURATION, "5s", 100, 60000, NULL, "ms", "longest wait for one answer of Redis", false, false },
    { "store.partitions", TT_CONFIG_INT, "8", 1, 1024, NULL, "partitions", "P: written once for each service, must stay the same", false, false },
    { "store.remember", TT_CONFIG_DURATION, "1h", 60000, 604800000, NULL, "ms", "how long outcomes are remembered by request id", false, false },
    { "store.remember-max", TT_CONFIG_INT, "500000", 1000, 1000000000, NULL, "ids", "most request ids that a partition remembers; those of the last minute stay", false, false },
    { "journal.keep", TT_CONFIG_DURATION, "7d", 0, 315360000000, NULL, "ms", "events younger than that stay, also if all consumers have them", false, false },
    { "journal.cap", TT_CONFIG_INT, "10000000", 100, 1000000000000, NULL, "events", "most events of a partition; what is beyond goes, also if a consumer lacks it", false, false },
    { "journal.trim-every", TT_CONFIG_DURATION, "10s", 100, 3600000, NULL, "ms", "time between two rounds of trimming", false, false },
    { "commands.batch", TT_CONFIG_INT, "512", 1, 4096, NULL, "commands", "most commands in one group commit", false, false },
    { "commands.queue", TT_CONFIG_INT, "8192", 1, 1000000, NULL, "commands", "most commands that wait; past it they are refused", false, false },
    { "commands.queue-bytes", TT_CONFIG_BYTES, "256M", 1048576, 17179869184, NULL, "bytes", "most bytes of commands that wait", false, false },
    { "commands.body-max", TT_CONFIG_BYTES, "8M", 1024, 67108864, NULL, "bytes", "largest body of one command", false, false },
    { "events.heartbeat", TT_CONFIG_DURATION, "1s", 50, 60000, NULL, "ms", "time between heartbeats of the publisher", false, false },
    { "events.high-water-mark", TT_CONFIG_INT, "10000", 100, 10000000, NULL, "events", "events queued for one slow subscriber before it loses some", false, false },
    { "memory.max", TT_CONFIG_BYTES, "1G", 1048576, 1099511627776, NULL, "bytes", "most memory; over it commands are refused and the slowest peers disconnected", false, false },
    { "processor.stuck-after", TT_CONFIG_DURATION, "30s", 100, 86400000, NULL, "ms", "how long the processor may put its work off, not for want of Redis, before the daemon is no longer ready", false, false },
    { "log.level", TT_CONFIG_ENUM, "info", 0, 0, "debug|info|warning|error|off", "", "least level that is logged", true, false },
    { "log.form", TT_CONFIG_ENUM, "auto", 0, 0, "auto|json|text", "", "auto is text on a terminal and JSON elsewhere", true, false },
    { "instance", TT_CONFIG_STRING, "", 0, 64, NULL, "", "name of this replica; empty: host name and process id", false, false },
    { "endpoints.file", TT_CONFIG_STRING, "", 0, 4096, NULL, "", "file that the endpoints really bound are written to, as JSON; empty: none", false, false },
    { "probe.enabled", TT_CONFIG_BOOL, "false", 0, 0, NULL, "", "serve techtransfer.v1.Probe, for benchmarks and monitoring", false, false },
};

tt_config_table
tt_settings_table (int base_port)
{
    for (int i = COMMANDS_ROW; i <= HTTP_ROW; i++) {
        snprintf (initial_text[i], sizeof initial_text[i], i == HTTP_ROW ? "127.0.0.1:%d" : "tcp://127.0.0.1:%d", base_port + i);
        rows[i].initial = initial_text[i];
    }
    return (tt_config_table){ rows, sizeof rows / sizeof *rows };
}

tt_store_options
tt_settings_store (const tt_config *config, const char *service)
{
    return (tt_store_options){
        .endpoints = tt_config_text (config, "redis.endpoints"),
        .sentinel = tt_config_text (config, "redis.sentinel"),
        .replicas = (uint32_t) tt_config_int (config, "redis.replicas"),
        .replica_timeout_ms = (uint32_t) tt_config_int (config, "redis.replica-timeout"),
        .username = tt_config_text (config, "redis.username"),
        .password_file = tt_config_text (config, "redis.password-file"),
        .service = service,
        .partitions = (uint32_t) tt_config_int (config, "store.partitions"),
        .timeout_ms = (uint32_t) tt_config_int (config, "redis.timeout"),
        .remember_ms = (uint32_t) tt_config_int (config, "store.remember"),
    };
}

tt_janitor_options
tt_settings_janitor (const tt_config *config)
{
    return (tt_janitor_options){
        .retention = { .keep_ms = tt_config_int (config, "journal.keep"),
                       .cap = (uint64_t) tt_config_int (config, "journal.cap"),
                       .remember_max = (uint64_t) tt_config_int (config, "store.remember-max") },
        .every_ms = (uint32_t) tt_config_int (config, "journal.trim-every"),
    };
}

void
tt_settings_log (const tt_config *config, const char *program)
{
    tt_log_level level = TT_LOG_INFO;
    (void) tt_log_level_parse (tt_config_text (config, "log.level"), &level);
    const char *form = tt_config_text (config, "log.form");
    tt_log_configure (program, level, form[0] == 'j' ? TT_LOG_JSON : form[0] == 't' ? TT_LOG_TEXT : TT_LOG_AUTO);
}
