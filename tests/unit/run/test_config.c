#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/config.h"

static const tt_config_row common_rows[] = {
    { .name = "redis.endpoints", .type = TT_CONFIG_STRING, .initial = "127.0.0.1:6379", .min = 1, .max = 64, .description = "where Redis is" },
    { .name = "redis.password", .type = TT_CONFIG_STRING, .initial = "", .description = "the password", .secret = true, .reloadable = true },
    { .name = "redis.timeout", .type = TT_CONFIG_DURATION, .initial = "2s", .min = 1, .max = 60000, .unit = "ms", .description = "patience", .reloadable = true },
};
static const tt_config_row own_rows[] = {
    { .name = "log.level", .type = TT_CONFIG_ENUM, .initial = "info", .choices = "debug|info|warning", .description = "how much is said", .reloadable = true },
    { .name = "store.partitions", .type = TT_CONFIG_INT, .initial = "8", .min = 1, .max = 1024, .description = "how many" },
    { .name = "bus.memory", .type = TT_CONFIG_BYTES, .initial = "64MiB", .min = 1, .max = INT64_MAX, .description = "most kept" },
    { .name = "bus.curve", .type = TT_CONFIG_BOOL, .initial = "no", .description = "encrypt" },
};
static const tt_config_table tables[] = { { common_rows, 3 }, { own_rows, 4 } };
static const tt_config_spec spec = { "testd", "1.2", "a daemon for tests", tables, 2 };

static char *no_environment[] = { NULL };
static char path[64];

static void
write_file (const char *text)
{
    FILE *file = fopen (path, "w");
    cr_assert_not_null (file);
    fputs (text, file);
    fclose (file);
}

static void
set_up (void)
{
    strcpy (path, "/tmp/tt-config-XXXXXX");
    int fd = mkstemp (path);
    cr_assert_geq (fd, 0);
    close (fd);
}

static void
tear_down (void)
{
    unlink (path);
}

TestSuite (config, .init = set_up, .fini = tear_down);

static tt_status
load (tt_config **config, char **environment, tt_error *error, const char *a, const char *b, const char *c)
{
    static char *argv[5]; /* borrowed by the config */
    int argc = 1;
    argv[0] = (char *) "testd";
    for (int i = 0; i < 3; i++) {
        const char *flag = i == 0 ? a : i == 1 ? b : c;
        if (flag)
            argv[argc++] = (char *) flag;
    }
    return tt_config_load (config, &spec, argc, argv, environment, error);
}

static tt_config *
must_load (char **environment, const char *a, const char *b, const char *c)
{
    tt_config *config;
    tt_error error = { 0 };
    cr_assert_eq (load (&config, environment, &error, a, b, c), TT_OK, "%s", error.message);
    return config;
}

static void
expect_refused (char **environment, const char *a, const char *b, tt_status status, const char *message)
{
    tt_config *config;
    tt_error error = { 0 };
    cr_expect_eq (load (&config, environment, &error, a, b, NULL), status);
    cr_expect_null (config);
    cr_expect (strstr (error.message, message), "\"%s\" lacks \"%s\"", error.message, message);
}

static const char *
file_flag (void)
{
    static char flag[96];
    snprintf (flag, sizeof flag, "--config=%s", path);
    return flag;
}

Test (config, defaults)
{
    tt_config *c = must_load (no_environment, NULL, NULL, NULL);
    cr_expect_eq (tt_config_wanted (c), TT_CONFIG_RUN);
    cr_expect_str_eq (tt_config_text (c, "redis.endpoints"), "127.0.0.1:6379");
    cr_expect_eq (tt_config_int (c, "redis.timeout"), 2000);
    cr_expect_eq (tt_config_int (c, "bus.memory"), 64 << 20);
    cr_expect_eq (tt_config_int (c, "store.partitions"), 8);
    cr_expect_not (tt_config_bool (c, "bus.curve"));
    cr_expect_str_eq (tt_config_text (c, "log.level"), "info");
    tt_config_destroy (&c);
    cr_expect_null (c);
}

Test (config, later_sources_win)
{
    char *environment[] = { (char *) "TT_REDIS_TIMEOUT=4s", (char *) "TT_STORE_PARTITIONS=5", (char *) "HOME=/", (char *) "TT_OTHER_PROGRAM=1", NULL };
    write_file ("redis\n    timeout = 3000\n    endpoints = \"a:1,b:2\"\nstore\n    partitions = 4\nlog\n    level = debug\n");
    tt_config *c = must_load (environment, file_flag (), "--store.partitions", "6");
    cr_expect_str_eq (tt_config_text (c, "redis.endpoints"), "a:1,b:2");
    cr_expect_str_eq (tt_config_text (c, "log.level"), "debug");
    cr_expect_eq (tt_config_int (c, "redis.timeout"), 4000);
    cr_expect_eq (tt_config_int (c, "store.partitions"), 6);
    tt_config_destroy (&c);
    c = must_load (no_environment, "--bus.curve", "--bus.memory=1k", "--redis.endpoints=x=y");
    cr_expect (tt_config_bool (c, "bus.curve"));
    cr_expect_eq (tt_config_int (c, "bus.memory"), 1024);
    cr_expect_str_eq (tt_config_text (c, "redis.endpoints"), "x=y");
    tt_config_destroy (&c);
}

Test (config, wrong_values_name_place_value_and_what_is_allowed)
{
    char *environment[] = { (char *) "TT_BUS_CURVE=maybe", NULL };
    char place[256];
    write_file ("redis\n    endpoints = x\n\n# a comment\nstore\n    partitions = 0\n");
    snprintf (place, sizeof place, "%s:6: store.partitions is \"0\", expected a whole number from 1 to 1024", path);
    expect_refused (no_environment, file_flag (), NULL, TT_INVALID_ARGUMENT, place);
    expect_refused (environment, NULL, NULL, TT_INVALID_ARGUMENT, "TT_BUS_CURVE: bus.curve is \"maybe\", expected true or false");
    expect_refused (no_environment, "--log.level=loud", NULL, TT_INVALID_ARGUMENT, "--log.level: log.level is \"loud\", expected one of debug|info|warning");
    expect_refused (no_environment, "--log.level=debug|info", NULL, TT_INVALID_ARGUMENT, "expected one of");
    expect_refused (no_environment, "--log.level=", NULL, TT_INVALID_ARGUMENT, "expected one of");
    expect_refused (no_environment, "--redis.timeout=61s", NULL, TT_INVALID_ARGUMENT, "from 1ms to 60000ms");
    expect_refused (no_environment, "--redis.timeout=1 s", NULL, TT_INVALID_ARGUMENT, "a duration");
    expect_refused (no_environment, "--bus.memory=99999999999G", NULL, TT_INVALID_ARGUMENT, "a size");
    expect_refused (no_environment, "--store.partitions=8x", NULL, TT_INVALID_ARGUMENT, "a whole number");
    expect_refused (no_environment, "--store.partitions=99999999999999999999", NULL, TT_INVALID_ARGUMENT, "a whole number");
    expect_refused (no_environment, "--redis.endpoints=", NULL, TT_INVALID_ARGUMENT, "text of 1 to 64 bytes");
    expect_refused (no_environment, "--redis.endpoints", NULL, TT_INVALID_ARGUMENT, "a value is missing");
    expect_refused (no_environment, "stray", NULL, TT_INVALID_ARGUMENT, "expected a flag");
}

Test (config, unknown_names_are_refused_with_the_nearest)
{
    char *environment[] = { (char *) "TT_REDIS_ENDPONTS=x", NULL };
    char place[256];
    write_file ("redis\n    endpoint = x\n");
    snprintf (place, sizeof place, "%s:2: unknown setting \"redis.endpoint\"; did you mean \"redis.endpoints\"?", path);
    expect_refused (no_environment, file_flag (), NULL, TT_INVALID_ARGUMENT, place);
    expect_refused (environment, NULL, NULL, TT_INVALID_ARGUMENT, "did you mean \"TT_REDIS_ENDPOINTS\"?");
    expect_refused (no_environment, "--log.levl", "debug", TT_INVALID_ARGUMENT, "--log.levl: unknown setting \"log.levl\"; did you mean \"log.level\"?");
}

Test (config, a_file_that_cannot_be_read_or_is_no_zpl)
{
    expect_refused (no_environment, "--config", "/nowhere/at/all.zpl", TT_NOT_FOUND, "/nowhere/at/all.zpl: No such file");
    expect_refused (no_environment, "--config", "/", TT_UNAVAILABLE, "directory");
    write_file ("redis\n  endpoints = x\n");
    expect_refused (no_environment, file_flag (), NULL, TT_INVALID_ARGUMENT, "ZPL");
    write_file ("store\n    partitions = 4\nstore\n    partitions = 5\n");
    expect_refused (no_environment, file_flag (), NULL, TT_INVALID_ARGUMENT, "given twice");
}

Test (config, actions_work_beside_a_broken_file)
{
    tt_config *c = must_load (no_environment, "--config=/nowhere", "--help", NULL);
    cr_expect_eq (tt_config_wanted (c), TT_CONFIG_HELP);
    tt_config_destroy (&c);
    c = must_load (no_environment, "--check-config", NULL, NULL);
    cr_expect_eq (tt_config_wanted (c), TT_CONFIG_CHECK);
    tt_config_destroy (&c);
    c = must_load (no_environment, "--check-health", NULL, NULL);
    cr_expect_eq (tt_config_wanted (c), TT_CONFIG_HEALTH);
    tt_config_destroy (&c);
    c = must_load (no_environment, "--version", NULL, NULL);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    tt_config_perform (c, out);
    fclose (out);
    cr_expect_str_eq (text, "testd 1.2\n");
    free (text);
    tt_config_destroy (&c);
}

Test (config, what_is_printed_reads_back_and_hides_secrets)
{
    tt_buffer text = { 0 }, changed = { 0 };
    tt_config *c = must_load (no_environment, "--redis.endpoints=\"q\":1", "--redis.timeout=9s", "--log.level=warning");
    tt_config_print (c, &text);
    cr_expect (strstr (tt_buffer_cstr (&text), "#   flag --redis.timeout\n    timeout = \"9s\"\n"), "%s", text.data);
    write_file (tt_buffer_cstr (&text));
    tt_config *back = must_load (no_environment, file_flag (), NULL, NULL);
    cr_expect_eq (tt_config_changed (c, back, &changed), 0, "%s", tt_buffer_cstr (&changed));
    tt_config_destroy (&back);
    tt_config_destroy (&c);
    tt_buffer_clear (&text);
    c = must_load (no_environment, "--redis.password=hunter2", NULL, NULL);
    tt_config_print (c, &text);
    cr_expect_null (strstr (tt_buffer_cstr (&text), "hunter2"));
    tt_config_destroy (&c);
    tt_buffer_free (&text);
    tt_buffer_free (&changed);
}

Test (config, a_refused_secret_is_not_in_the_message)
{
    expect_refused (no_environment, "--redis.password=\x01hunter2", NULL, TT_INVALID_ARGUMENT, "redis.password is \"(secret)\"");
}

Test (config, help_and_reference_name_every_setting)
{
    tt_buffer help = { 0 }, reference = { 0 };
    tt_config_help (&spec, &help);
    tt_config_reference (&spec, &reference);
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            cr_expect (strstr (tt_buffer_cstr (&help), tables[t].rows[i].name));
            cr_expect (strstr (tt_buffer_cstr (&reference), tables[t].rows[i].name));
        }
    cr_expect (strstr (tt_buffer_cstr (&reference), "| `log.level` | `TT_LOG_LEVEL` | one of debug\\|info\\|warning | `info` |  | yes | how much is said |\n"));
    tt_buffer_free (&help);
    tt_buffer_free (&reference);
}

Test (config, a_reload_takes_what_may_change_and_names_what_may_not)
{
    tt_buffer pinned = { 0 }, changed = { 0 };
    tt_error error = { 0 };
    tt_config *next;
    write_file ("redis\n    timeout = 1s\n");
    tt_config *c = must_load (no_environment, file_flag (), NULL, NULL);
    write_file ("redis\n    timeout = 5s\n    endpoints = new:1\nlog\n    level = debug\nstore\n    partitions = 8\n");
    cr_assert_eq (tt_config_reload (c, &next, &pinned, &error), TT_OK, "%s", error.message);
    cr_expect_str_eq (tt_buffer_cstr (&pinned), "redis.endpoints");
    cr_expect_eq (tt_config_changed (c, next, &changed), 2);
    cr_expect_str_eq (tt_buffer_cstr (&changed), "redis.timeout, log.level");
    cr_expect_str_eq (tt_config_text (next, "redis.endpoints"), "127.0.0.1:6379");
    tt_config_destroy (&next);
    write_file ("redis\n    timeout = never\n");
    cr_expect_eq (tt_config_reload (c, &next, &pinned, &error), TT_INVALID_ARGUMENT);
    cr_expect_null (next);
    cr_expect_eq (tt_config_int (c, "redis.timeout"), 1000);
    tt_config_destroy (&c);
    tt_buffer_free (&pinned);
    tt_buffer_free (&changed);
}
