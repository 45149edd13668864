/* Configuration of a daemon: one table of settings drives parsing, --help, --print-config, reload and the reference in the docs.
 *
 * Sources, later wins: defaults, ZPL file (--config FILE), environment (redis.endpoints is TT_REDIS_ENDPOINTS), flags
 * (--redis.endpoints=VALUE or --redis.endpoints VALUE; of a bool also the bare flag). An unknown name is an error in the file and in a flag; in
 * the environment where it begins with a group that the daemon has (TT_REDIS_...), since TT_ is shared with other programs.
 * Not for state that changes while running. A loaded tt_config does not change: any thread may read it. */
#ifndef TT_RUN_CONFIG_H
#define TT_RUN_CONFIG_H

#include <stdio.h>

#include "base/buffer.h"

typedef enum {
    TT_CONFIG_STRING,   /* min to max bytes (max 0: no limit) */
    TT_CONFIG_INT,      /* min to max */
    TT_CONFIG_BOOL,     /* true false yes no on off 1 0 */
    TT_CONFIG_DURATION, /* milliseconds; "250ms" "5s" "10m" "2h" "7d"; a bare number is milliseconds; min to max */
    TT_CONFIG_BYTES,    /* "65536" "64k" "64KiB" "2M" "1G", powers of 1024; min to max */
    TT_CONFIG_ENUM      /* one of `choices` */
} tt_config_type;

typedef struct {
    const char *name; /* "redis.endpoints": groups and words of a-z 0-9 - _ joined with "." */
    tt_config_type type;
    const char *initial; /* default, as it would be written; valid */
    int64_t min;
    int64_t max;
    const char *choices; /* of an enum: "debug|info|warning"; else NULL */
    const char *unit;    /* for people: "ms", "connections"; NULL or "" = none */
    const char *description;
    bool reloadable; /* takes effect on SIGHUP */
    bool secret;     /* never printed */
} tt_config_row;

typedef struct {
    const tt_config_row *rows;
    size_t count;
} tt_config_table;

/* What a daemon accepts: its tables one after the other. All static; names are unique over all tables. */
typedef struct {
    const char *program;
    const char *version;
    const char *summary; /* one line */
    const tt_config_table *tables;
    size_t table_count;
} tt_config_spec;

typedef enum {
    TT_CONFIG_RUN,
    TT_CONFIG_CHECK,     /* --check-config: loaded and right, say so and exit */
    TT_CONFIG_HEALTH,    /* --check-health: is the daemon with these settings ready? The daemon's life does that, see run/health.h */
    TT_CONFIG_PRINT,     /* --print-config */
    TT_CONFIG_HELP,      /* --help, -h */
    TT_CONFIG_VERSION,   /* --version */
    TT_CONFIG_REFERENCE, /* --config-reference: Markdown */
} tt_config_action;

typedef struct tt_config tt_config;

/* Reads all sources. argv[0] is skipped; argv, environment ("NAME=value", NULL-terminated) and spec are borrowed for the life of *out,
 * for reloads. With HELP, VERSION and REFERENCE nothing but defaults is read, so that they work beside a broken file.
 * TT_INVALID_ARGUMENT: a wrong value or name; the message says source, place (file and line, variable, flag), value and what is
 * allowed, and the nearest known name. TT_NOT_FOUND, TT_PERMISSION_DENIED, TT_UNAVAILABLE: the file cannot be read. */
TT_MUST_USE tt_status tt_config_load (tt_config **out, const tt_config_spec *spec, int argc, char **argv, char **environment,
                                      tt_error *error);
void tt_config_destroy (tt_config **config);

tt_config_action tt_config_wanted (const tt_config *config);
/* Does what tt_config_wanted says, except RUN and HEALTH, to `out`. */
void tt_config_perform (const tt_config *config, FILE *out);

/* By name, which must be in the tables with a fitting type (asserted): a text is for STRING and ENUM, an int for INT, DURATION (ms) and
 * BYTES. Texts are borrowed from the config. */
const char *tt_config_text (const tt_config *config, const char *name);
int64_t tt_config_int (const tt_config *config, const char *name);
bool tt_config_bool (const tt_config *config, const char *name);

/* Reads all sources again into *out. Settings that are not reloadable keep the value they have in `current`; the names of those that
 * would have changed are appended to *pinned, joined with ", ". Errors as tt_config_load; then *out is NULL and `current` stays good. */
TT_MUST_USE tt_status tt_config_reload (const tt_config *current, tt_config **out, tt_buffer *pinned, tt_error *error);
/* Names of the settings that differ, appended to *names joined with ", "; returns how many. */
size_t tt_config_changed (const tt_config *a, const tt_config *b, tt_buffer *names);

/* Pieces of tt_config_perform, also for the docs and tests: all append. */
void tt_config_help (const tt_config_spec *spec, tt_buffer *out);
void tt_config_reference (const tt_config_spec *spec, tt_buffer *out);
void tt_config_print (const tt_config *config, tt_buffer *out); /* ZPL that reads back; secrets are left as comments */

#endif
