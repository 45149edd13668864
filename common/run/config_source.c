#include "run/config_internal.h"

#include <czmq.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define FILE_SIZE_MAX (1 << 20)

/* ZPL: two things that the library does not tell are needed for a good message: why a file could not be read, and the line. */

static tt_status
read_whole (const char *path, tt_buffer *out, tt_error *error)
{
    FILE *file = fopen (path, "re");
    size_t n = 0;
    if (file) {
        uint8_t *room = tt_buffer_reserve (out, FILE_SIZE_MAX + 1);
        n = fread (room, 1, FILE_SIZE_MAX + 1, file);
        out->size = n;
    }
    int code = errno;
    bool failed = file == NULL || ferror (file);
    if (file)
        fclose (file);
    if (failed)
        return tt_fail (error, code == ENOENT ? TT_NOT_FOUND : code == EACCES ? TT_PERMISSION_DENIED : TT_UNAVAILABLE,
                        "configuration file %s: %s", path, strerror (code));
    if (n > FILE_SIZE_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "configuration file %s: larger than 1 MiB", path);
    if (memchr (out->data, '\0', n))
        return tt_fail (error, TT_INVALID_ARGUMENT, "configuration file %s: contains a NUL byte", path);
    return TT_OK;
}

/* One line of ZPL taken apart: indent in spaces and the name; false for blank lines and comments. */
static bool
line_name (const char *line, size_t *indent, const char **name, size_t *size)
{
    *indent = strspn (line, " ");
    *name = line + *indent;
    *size = strcspn (*name, " =#\t\r\n");
    return *size > 0;
}

static const char *
next_line (const char *line)
{
    const char *end = strchr (line, '\n');
    return end ? end + 1 : line + strlen (line);
}

/* The line on which the dotted name stands, counted from 1; 0 if it is not found. ZPL indents by four spaces a level. */
static size_t
find_line (const char *text, const char *wanted)
{
    enum { LEVELS = 8 };
    const char *names[LEVELS] = { 0 };
    size_t sizes[LEVELS] = { 0 };
    size_t number = 1;
    for (const char *line = text; *line; line = next_line (line), number++) {
        size_t indent, size;
        const char *name;
        if (!line_name (line, &indent, &name, &size) || indent / 4 >= LEVELS)
            continue;
        size_t level = indent / 4;
        names[level] = name;
        sizes[level] = size;
        tt_buffer path = { 0 };
        for (size_t i = 0; i <= level; i++) {
            tt_buffer_text (&path, i ? "." : "");
            tt_buffer_append (&path, names[i], sizes[i]);
        }
        bool here = strcmp (tt_buffer_cstr (&path), wanted) == 0;
        tt_buffer_free (&path);
        if (here)
            return number;
    }
    return 0;
}

typedef struct {
    tt_config *config;
    const char *path;
    const char *text; /* of the file */
    tt_error *error;
} file_reader;

static void
file_place (const file_reader *f, const char *name, char *out, size_t size)
{
    size_t line = find_line (f->text, name);
    if (line)
        snprintf (out, size, "%s:%zu", f->path, line);
    else
        snprintf (out, size, "%s", f->path);
}

static tt_status
apply_node (const file_reader *f, const char *name, const char *value)
{
    char place[PATH_MAX];
    config_value *v = config_find (f->config, name, strlen (name));
    file_place (f, name, place, sizeof place);
    if (v == NULL)
        return config_unknown (f->config, name, place, f->error);
    if (v->source == TT_SOURCE_FILE)
        return tt_fail (f->error, TT_INVALID_ARGUMENT, "%s: \"%s\" is given twice", place, name);
    return config_set (v, value, TT_SOURCE_FILE, place, f->error);
}

static tt_status
walk (const file_reader *f, zconfig_t *node, const char *prefix, unsigned depth)
{
    tt_status status = TT_OK;
    if (depth > 8)
        return tt_fail (f->error, TT_INVALID_ARGUMENT, "%s: \"%s\" is nested too deep", f->path, prefix);
    for (zconfig_t *child = zconfig_child (node); child && status == TT_OK; child = zconfig_next (child)) {
        tt_buffer name = { 0 };
        const char *value = zconfig_value (child);
        bool section = zconfig_child (child) != NULL;
        tt_buffer_printf (&name, "%s%s%s", prefix, prefix[0] ? "." : "", zconfig_name (child));
        if (!section || (value && value[0]))
            status = apply_node (f, tt_buffer_cstr (&name), value ? value : "");
        if (status == TT_OK && section)
            status = walk (f, child, tt_buffer_cstr (&name), depth + 1);
        tt_buffer_free (&name);
    }
    return status;
}

tt_status
config_read_file (tt_config *config, const char *path, tt_error *error)
{
    tt_buffer text = { 0 };
    tt_status status = read_whole (path, &text, error);
    zconfig_t *root = NULL;
    if (status == TT_OK) {
        root = zconfig_str_load (tt_buffer_cstr (&text));
        if (root == NULL)
            status = tt_fail (error, TT_INVALID_ARGUMENT, "configuration file %s: not ZPL (\"name = value\", four spaces a level)", path);
    }
    if (status == TT_OK) {
        file_reader f = { config, path, tt_buffer_cstr (&text), error };
        status = walk (&f, root, "", 0);
    }
    zconfig_destroy (&root);
    tt_buffer_free (&text);
    return status;
}

/* The environment. */

static config_value *
find_variable (const tt_config *config, const char *variable, size_t size)
{
    config_value *found = NULL;
    for (size_t i = 0; found == NULL && i < config->count; i++) {
        tt_buffer name = { 0 };
        config_variable (config->values[i].row->name, &name);
        if (name.size == size && memcmp (name.data, variable, size) == 0)
            found = &config->values[i];
        tt_buffer_free (&name);
    }
    return found;
}

/* Does the variable begin with a group of ours, "TT_REDIS_"? TT_CATALOG_DIR belongs to the catalogue, which other programs read too. */
static bool
in_our_group (const tt_config *config, const char *variable)
{
    if (strcmp (variable, "TT_CATALOG_DIR") == 0)
        return false;
    for (size_t i = 0; i < config->count; i++) {
        const char *name = config->values[i].row->name;
        size_t group = strcspn (name, ".");
        if (name[group] == '.' && strncasecmp (variable + 3, name, group) == 0 && variable[3 + group] == '_')
            return true;
    }
    return false;
}

static tt_status
apply_variable (tt_config *config, const char *entry, tt_error *error)
{
    size_t size = strcspn (entry, "=");
    if (strncmp (entry, "TT_", 3) != 0 || entry[size] != '=')
        return TT_OK;
    tt_status status = TT_OK;
    char *variable = tt_strndup (entry, size);
    config_value *value = find_variable (config, entry, size);
    if (value)
        status = config_set (value, entry + size + 1, TT_SOURCE_ENVIRONMENT, variable, error);
    else if (in_our_group (config, variable))
        status = config_unknown (config, variable, variable, error);
    free (variable);
    return status;
}

tt_status
config_read_environment (tt_config *config, tt_error *error)
{
    tt_status status = TT_OK;
    for (char **entry = config->environment; status == TT_OK && entry && *entry; entry++)
        status = apply_variable (config, *entry, error);
    return status;
}

/* Flags. */

static bool
action_flag (const char *flag, tt_config_action *action)
{
    static const struct {
        const char *flag;
        tt_config_action action;
    } flags[] = { { "--check-config", TT_CONFIG_CHECK }, { "--print-config", TT_CONFIG_PRINT },
                  { "--check-health", TT_CONFIG_HEALTH }, { "--help", TT_CONFIG_HELP },
                  { "-h", TT_CONFIG_HELP },               { "--version", TT_CONFIG_VERSION },
                  { "--config-reference", TT_CONFIG_REFERENCE } };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp (flag, flags[i].flag) == 0) {
            *action = flags[i].action;
            return true;
        }
    return false;
}

static tt_status
apply_flag (tt_config *config, const char *place, const char *name, const char *value, bool apply, tt_error *error)
{
    if (strcmp (name, "config") == 0) {
        free (config->file);
        config->file = tt_strdup (value);
        return TT_OK;
    }
    config_value *known = config_find (config, name, strlen (name));
    if (known == NULL)
        return config_unknown (config, name, place, error);
    return apply ? config_set (known, value, TT_SOURCE_FLAG, place, error) : TT_OK;
}

/* One argument, and the next where the value stands apart; *used says how many were taken. */
static tt_status
read_flag (tt_config *config, int at, bool apply, int *used, tt_error *error)
{
    const char *flag = config->argv[at];
    size_t size = strcspn (flag, "=");
    *used = 1;
    if (action_flag (flag, &config->action))
        return TT_OK;
    if (strncmp (flag, "--", 2) != 0 || size == 2)
        return tt_fail (error, TT_INVALID_ARGUMENT, "argument \"%.200s\": expected a flag; --help lists them", flag);
    char *place = tt_strndup (flag, size);
    const char *name = place + 2;
    const config_value *known = config_find (config, name, strlen (name));
    const char *value = flag[size] == '=' ? flag + size + 1 : NULL;
    tt_status status = TT_OK;
    if (value == NULL && known && known->row->type == TT_CONFIG_BOOL) {
        value = "true";
    } else if (value == NULL && (known || strcmp (name, "config") == 0) && at + 1 < config->argc) {
        value = config->argv[at + 1];
        *used = 2;
    } else if (value == NULL && (known || strcmp (name, "config") == 0)) {
        status = tt_fail (error, TT_INVALID_ARGUMENT, "flag %s: a value is missing", place);
    }
    if (status == TT_OK)
        status = apply_flag (config, place, name, value ? value : "", apply, error);
    free (place);
    return status;
}

tt_status
config_read_flags (tt_config *config, bool apply, tt_error *error)
{
    tt_status status = TT_OK;
    int used;
    for (int i = 1; status == TT_OK && i < config->argc; i += used)
        status = read_flag (config, i, apply, &used, error);
    return status;
}
