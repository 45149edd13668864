#include "run/config_internal.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

config_value *
config_find (const tt_config *config, const char *name, size_t size)
{
    for (size_t i = 0; i < config->count; i++)
        if (strncmp (config->values[i].row->name, name, size) == 0 && config->values[i].row->name[size] == '\0')
            return &config->values[i];
    return NULL;
}

tt_status
config_set (config_value *value, const char *text, config_source source, const char *place, tt_error *error)
{
    int64_t number;
    if (!config_parse (value->row, text, &number)) {
        tt_buffer allowed = { 0 };
        config_allowed (value->row, &allowed);
        tt_fail (error, TT_INVALID_ARGUMENT, "%s: %s is \"%.120s\", expected %s", place, value->row->name,
                 value->row->secret ? "(secret)" : text, tt_buffer_cstr (&allowed));
        tt_buffer_free (&allowed);
        return TT_INVALID_ARGUMENT;
    }
    char *copy = tt_strdup (text); /* may be the value's own text: copied before that goes */
    char *where = place ? tt_strdup (place) : NULL;
    free (value->text);
    free (value->place);
    *value = (config_value){ value->row, copy, number, source, where };
    return TT_OK;
}

static size_t
least (size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Number of single-character edits between two names, letters of either case alike and "_" like "."; names past 64 are cut. */
static size_t
distance (const char *a, const char *b)
{
    size_t row[65];
    size_t n = strnlen (b, 64), m = strnlen (a, 64);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];
            size_t change = diagonal + (strncasecmp (a + i - 1, b + j - 1, 1) != 0);
            row[j] = least (change, least (above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[n];
}

tt_status
config_unknown (const tt_config *config, const char *name, const char *place, tt_error *error)
{
    bool variable = strncmp (name, "TT_", 3) == 0;
    tt_buffer nearest = { 0 }, candidate = { 0 };
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < config->count; i++) {
        tt_buffer_clear (&candidate);
        if (variable)
            config_variable (config->values[i].row->name, &candidate);
        else
            tt_buffer_text (&candidate, config->values[i].row->name);
        size_t d = distance (name, tt_buffer_cstr (&candidate));
        if (d < best) {
            best = d;
            tt_buffer_clear (&nearest);
            tt_buffer_append (&nearest, candidate.data, candidate.size);
        }
    }
    tt_fail (error, TT_INVALID_ARGUMENT, "%s: unknown setting \"%.100s\"%s%s%s", place, name, best != SIZE_MAX ? "; did you mean \"" : "",
             best != SIZE_MAX ? tt_buffer_cstr (&nearest) : "", best != SIZE_MAX ? "\"?" : "");
    tt_buffer_free (&nearest);
    tt_buffer_free (&candidate);
    return TT_INVALID_ARGUMENT;
}

/* A default that its own row refuses is a bug of the table. */
static void
set_defaults (tt_config *config)
{
    for (size_t t = 0; t < config->spec->table_count; t++)
        config->count += config->spec->tables[t].count;
    config->values = tt_alloc_zero (config->count, sizeof *config->values);
    size_t n = 0;
    for (size_t t = 0; t < config->spec->table_count; t++)
        for (size_t i = 0; i < config->spec->tables[t].count; i++) {
            config_value *value = &config->values[n++];
            value->row = &config->spec->tables[t].rows[i];
            tt_status status = config_set (value, value->row->initial, TT_SOURCE_DEFAULT, NULL, NULL);
            assert (status == TT_OK);
            (void) status;
        }
}

static tt_status
read_sources (tt_config *config, tt_error *error)
{
    tt_status status = config_read_flags (config, false, error);
    bool only_text = config->action == TT_CONFIG_HELP || config->action == TT_CONFIG_VERSION || config->action == TT_CONFIG_REFERENCE;
    if (only_text)
        return TT_OK;
    if (status == TT_OK && config->file)
        status = config_read_file (config, config->file, error);
    if (status == TT_OK)
        status = config_read_environment (config, error);
    if (status == TT_OK)
        status = config_read_flags (config, true, error);
    return status;
}

tt_status
tt_config_load (tt_config **out, const tt_config_spec *spec, int argc, char **argv, char **environment, tt_error *error)
{
    tt_config *config = tt_alloc_zero (1, sizeof *config);
    *config = (tt_config){ .spec = spec, .argc = argc, .argv = argv, .environment = environment };
    set_defaults (config);
    tt_status status = read_sources (config, error);
    if (status != TT_OK)
        tt_config_destroy (&config);
    *out = config;
    return status;
}

void
tt_config_destroy (tt_config **config)
{
    if (*config == NULL)
        return;
    for (size_t i = 0; i < (*config)->count; i++) {
        free ((*config)->values[i].text);
        free ((*config)->values[i].place);
    }
    free ((*config)->values);
    free ((*config)->file);
    free (*config);
    *config = NULL;
}

tt_config_action
tt_config_wanted (const tt_config *config)
{
    return config->action;
}

static const config_value *
must_find (const tt_config *config, const char *name)
{
    const config_value *value = config_find (config, name, strlen (name));
    assert (value != NULL);
    return value;
}

const char *
tt_config_text (const tt_config *config, const char *name)
{
    const config_value *value = must_find (config, name);
    assert (value->row->type == TT_CONFIG_STRING || value->row->type == TT_CONFIG_ENUM);
    return value->text;
}

int64_t
tt_config_int (const tt_config *config, const char *name)
{
    const config_value *value = must_find (config, name);
    assert (value->row->type == TT_CONFIG_INT || value->row->type == TT_CONFIG_DURATION || value->row->type == TT_CONFIG_BYTES);
    return value->number;
}

bool
tt_config_bool (const tt_config *config, const char *name)
{
    const config_value *value = must_find (config, name);
    assert (value->row->type == TT_CONFIG_BOOL);
    return value->number != 0;
}

/* "5s" and "5000" are the same. */
static bool
same_value (const config_value *a, const config_value *b)
{
    bool text = a->row->type == TT_CONFIG_STRING || a->row->type == TT_CONFIG_ENUM;
    return text ? strcmp (a->text, b->text) == 0 : a->number == b->number;
}

static void
append_name (tt_buffer *names, const char *name)
{
    if (names == NULL)
        return;
    if (names->size > 0)
        tt_buffer_text (names, ", ");
    tt_buffer_text (names, name);
}

tt_status
tt_config_reload (const tt_config *current, tt_config **out, tt_buffer *pinned, tt_error *error)
{
    tt_status status = tt_config_load (out, current->spec, current->argc, current->argv, current->environment, error);
    if (status != TT_OK)
        return status;
    for (size_t i = 0; i < current->count; i++) {
        const config_value *held = &current->values[i];
        config_value *fresh = &(*out)->values[i];
        if (held->row->reloadable || same_value (held, fresh))
            continue;
        append_name (pinned, held->row->name);
        status = config_set (fresh, held->text, held->source, held->place, NULL);
        assert (status == TT_OK); /* it was checked when it was loaded */
    }
    return TT_OK;
}

size_t
tt_config_changed (const tt_config *a, const tt_config *b, tt_buffer *names)
{
    size_t n = 0;
    assert (a->spec == b->spec);
    for (size_t i = 0; i < a->count; i++)
        if (!same_value (&a->values[i], &b->values[i])) {
            append_name (names, a->values[i].row->name);
            n++;
        }
    return n;
}
