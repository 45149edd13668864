#include "run/config_internal.h"

#include <string.h>

/* A group is what stands before the first "."; its settings stand together in help, reference and file. */
static bool
same_group (const char *a, const char *b)
{
    size_t n = strcspn (a, ".");
    return n == strcspn (b, ".") && strncmp (a, b, n) == 0;
}

static void
help_row (const tt_config_row *row, tt_buffer *out)
{
    tt_buffer allowed = { 0 };
    config_allowed (row, &allowed);
    tt_buffer_printf (out, "  --%s=VALUE\n      %s\n      %s; default \"%s\"%s%s%s\n", row->name, row->description,
                      tt_buffer_cstr (&allowed), row->secret ? "" : row->initial, row->unit && row->unit[0] ? ", in " : "",
                      row->unit ? row->unit : "", row->reloadable ? "; read again on SIGHUP" : "");
    tt_buffer_free (&allowed);
}

void
tt_config_help (const tt_config_spec *spec, tt_buffer *out)
{
    tt_buffer_printf (out, "%s %s: %s\n\nUsage: %s [--config FILE] [--NAME=VALUE]...\n\n", spec->program, spec->version, spec->summary,
                      spec->program);
    tt_buffer_text (out, "  --config FILE        settings in ZPL\n"
                         "  --check-config       check all settings and exit\n"
                         "  --check-health       ask the daemon that runs here with these settings whether it is ready; exit 0 or 1\n"
                         "  --print-config       print the settings in force and where each comes from\n"
                         "  --config-reference   print all settings as a Markdown table\n"
                         "  --version            print the version\n"
                         "  --help, -h           print this\n\n"
                         "Settings: defaults, then the file, then the environment (TT_REDIS_ENDPOINTS for redis.endpoints), then flags.\n\n");
    for (size_t t = 0; t < spec->table_count; t++)
        for (size_t i = 0; i < spec->tables[t].count; i++)
            help_row (&spec->tables[t].rows[i], out);
}

/* "|" ends a cell of a Markdown table. */
static void
cell (const char *text, tt_buffer *out)
{
    for (; *text; text++)
        tt_buffer_text (out, *text == '|' ? "\\|" : (char[]){ *text, '\0' });
}

static void
reference_row (const tt_config_row *row, tt_buffer *out)
{
    tt_buffer text = { 0 };
    tt_buffer_printf (out, "| `%s` | `", row->name);
    config_variable (row->name, out);
    tt_buffer_text (out, "` | ");
    config_allowed (row, &text);
    cell (tt_buffer_cstr (&text), out);
    tt_buffer_printf (out, " | %s%s%s | ", row->initial[0] ? "`" : "", row->initial, row->initial[0] ? "`" : "");
    tt_buffer_printf (out, "%s | %s | ", row->unit ? row->unit : "", row->reloadable ? "yes" : "no");
    cell (row->description, out);
    tt_buffer_printf (out, "%s |\n", row->secret ? " Secret: never printed." : "");
    tt_buffer_free (&text);
}

void
tt_config_reference (const tt_config_spec *spec, tt_buffer *out)
{
    tt_buffer_text (out, "| setting | environment | allowed | default | unit | reload | meaning |\n|---|---|---|---|---|---|---|\n");
    for (size_t t = 0; t < spec->table_count; t++)
        for (size_t i = 0; i < spec->tables[t].count; i++)
            reference_row (&spec->tables[t].rows[i], out);
}

/* ZPL takes either quote, and has no escape: the one that does not occur is used. */
static void
print_value (const config_value *value, const char *name, const char *indent, tt_buffer *out)
{
    static const char *const sources[] = { "default", "file", "environment", "flag" };
    char quote = strchr (value->text, '"') ? '\'' : '"';
    tt_buffer_printf (out, "%s#   %s%s%s\n", indent, sources[value->source], value->place ? " " : "", value->place ? value->place : "");
    if (value->row->secret)
        tt_buffer_printf (out, "%s#   %s: secret, %s\n", indent, name, value->text[0] ? "set" : "empty");
    else
        tt_buffer_printf (out, "%s%s = %c%s%c\n", indent, name, quote, value->text, quote);
}

/* All settings of the group that begins at i, unless an earlier one had begun it. */
static void
print_group (const tt_config *config, size_t i, tt_buffer *out)
{
    const char *name = config->values[i].row->name;
    for (size_t k = 0; k < i; k++)
        if (same_group (config->values[k].row->name, name))
            return;
    int n = (int) strcspn (name, ".");
    if (name[n] == '\0') {
        print_value (&config->values[i], name, "", out);
        return;
    }
    tt_buffer_printf (out, "%.*s\n", n, name);
    for (size_t k = i; k < config->count; k++)
        if (same_group (config->values[k].row->name, name))
            print_value (&config->values[k], config->values[k].row->name + n + 1, "    ", out);
}

void
tt_config_print (const tt_config *config, tt_buffer *out)
{
    for (size_t i = 0; i < config->count; i++)
        print_group (config, i, out);
}

void
tt_config_perform (const tt_config *config, FILE *out)
{
    tt_buffer text = { 0 };
    const tt_config_spec *spec = config->spec;
    switch (config->action) {
    case TT_CONFIG_RUN:
    case TT_CONFIG_HEALTH:
        break;
    case TT_CONFIG_CHECK:
        tt_buffer_printf (&text, "%s: the configuration is right\n", spec->program);
        break;
    case TT_CONFIG_PRINT:
        tt_config_print (config, &text);
        break;
    case TT_CONFIG_HELP:
        tt_config_help (spec, &text);
        break;
    case TT_CONFIG_VERSION:
        tt_buffer_printf (&text, "%s %s\n", spec->program, spec->version);
        break;
    case TT_CONFIG_REFERENCE:
        tt_config_reference (spec, &text);
        break;
    }
    if (text.size > 0)
        fwrite (text.data, 1, text.size, out);
    tt_buffer_free (&text);
}
