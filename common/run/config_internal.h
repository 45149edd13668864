/* Inside config*.c only: the loaded values and how the sources put them there. */
#ifndef TT_RUN_CONFIG_INTERNAL_H
#define TT_RUN_CONFIG_INTERNAL_H

#include "run/config.h"

typedef enum { TT_SOURCE_DEFAULT, TT_SOURCE_FILE, TT_SOURCE_ENVIRONMENT, TT_SOURCE_FLAG } config_source;

typedef struct {
    const tt_config_row *row;
    char *text;     /* owned: as given */
    int64_t number; /* of INT, DURATION, BYTES and BOOL */
    config_source source;
    char *place; /* owned: "file.zpl:12", "TT_REDIS_ENDPOINTS", "--redis.endpoints"; NULL for a default */
} config_value;

struct tt_config {
    const tt_config_spec *spec;
    int argc;
    char **argv;
    char **environment;
    char *file; /* owned, or NULL */
    tt_config_action action;
    config_value *values; /* owned: the rows of all tables in order */
    size_t count;
};

/* The value named name[0..size), or NULL. */
config_value *config_find (const tt_config *config, const char *name, size_t size);
/* Checks and stores. TT_INVALID_ARGUMENT with place, value and what is allowed. */
tt_status config_set (config_value *value, const char *text, config_source source, const char *place, tt_error *error);
/* TT_INVALID_ARGUMENT: "<place>: unknown setting "x"; did you mean "y"?" */
tt_status config_unknown (const tt_config *config, const char *name, const char *place, tt_error *error);

/* config_source.c: each reads one source into the values. */
tt_status config_read_file (tt_config *config, const char *path, tt_error *error);
tt_status config_read_environment (tt_config *config, tt_error *error);
/* Also notes action and file; apply false: values are not looked at. */
tt_status config_read_flags (tt_config *config, bool apply, tt_error *error);

/* config_value.c */
bool config_parse (const tt_config_row *row, const char *text, int64_t *number);
/* "a whole number from 1 to 65535": appended. */
void config_allowed (const tt_config_row *row, tt_buffer *out);
/* TT_REDIS_ENDPOINTS: appended. */
void config_variable (const char *name, tt_buffer *out);

#endif
