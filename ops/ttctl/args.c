/* The command line after the table of commands. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/normal.h"
#include "ctl.h"

const ctl_option ctl_common_options[] = {
    { "json", NULL, CTL_FLAG, 0, "JSON in place of tables: one line" },
    { "timeout", NULL, CTL_NUMBER, 0, "seconds until a command is given up (30)" },
    { "endpoints", NULL, CTL_TEXT, 0, "where the service takes commands, several with commas" },
    { "traceparent", NULL, CTL_TEXT, 0, "W3C trace context that the command carries; new: begins one and says it" },
    { "help", NULL, CTL_FLAG, 0, "this help" },
    { 0 },
};

static const ctl_command *const groups[]
    = {
        ctl_import_commands,
        ctl_patent_commands,
        ctl_watch_commands,
        ctl_right_commands,
        ctl_map_commands,
        ctl_surge_commands,
        ctl_match_commands,
        ctl_explain_commands,
        ctl_achievement_commands,
        ctl_search_commands,
        ctl_classify_commands,
        ctl_label_commands,
        ctl_harvest_commands,
        ctl_contract_commands,
        ctl_intake_commands,
        ctl_finance_commands,
        ctl_round_commands,
        ctl_loan_commands,
        ctl_statistics_commands,
        ctl_event_commands,
        ctl_consumer_commands,
        ctl_top_commands,
        ctl_help_commands,
    };

const ctl_command *
ctl_command_at (size_t i)
{
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const ctl_command *c = groups[g]; c->name; c++)
            if (i-- == 0)
                return c;
    return NULL;
}

/* How many of the words make up the command's name; 0 if they are not it. */
static int
name_length (const ctl_command *command, int argc, char **argv)
{
    const char *at = command->name;
    for (int i = 0; i < argc; i++) {
        size_t size = strlen (argv[i]);
        if (strncmp (at, argv[i], size) != 0 || (at[size] != ' ' && at[size] != '\0'))
            return 0;
        if (at[size] == '\0')
            return i + 1;
        at += size + 1;
    }
    return 0;
}

static const ctl_command *
find_command (int argc, char **argv, int *used)
{
    const ctl_command *command;
    for (size_t i = 0; (command = ctl_command_at (i)); i++)
        if ((*used = name_length (command, argc, argv)) > 0)
            return command;
    if (argc > 1 && strcmp (argv[0], "patent") == 0) { /* "patent watch put" is "watch put" */
        command = find_command (argc - 1, argv + 1, used);
        *used += command != NULL;
        return command && command->service == CTL_PATENT ? command : NULL;
    }
    return NULL;
}

static bool
complain (const ctl_args *args, const char *what, const char *which)
{
    fprintf (stderr, "ttctl: %s%s\n", what, which);
    if (args->command)
        fprintf (stderr, "Try: ttctl %s --help\n", args->command->name);
    return false;
}

static const ctl_option *
find_in (const ctl_option *options, const char *name, size_t size)
{
    for (const ctl_option *o = options; o && o->name; o++)
        if (strlen (o->name) == size && memcmp (o->name, name, size) == 0)
            return o;
    return NULL;
}

static const ctl_option *
find_option (const ctl_command *command, const char *name, size_t size)
{
    const ctl_option *option = find_in (command->options, name, size);
    return option ? option : find_in (ctl_common_options, name, size);
}

/* Checks the form of a value; the message says what was expected. */
static const char *
wrong_value (const ctl_option *option, const char *text)
{
    int64_t money, moment;
    size_t digits = strspn (text, "0123456789");
    if (option->value == CTL_NUMBER && (digits == 0 || text[digits] || digits > 18))
        return "a whole number";
    if (option->value == CTL_MONEY && !tt_normal_money (text, 2, &money))
        return "an amount in yuan with at most two places behind the point";
    if (option->value == CTL_TIME && !ctl_time (text, &moment))
        return "a date, a time with its zone, +7d, +12h, +30m from now, or never";
    if (option->value == CTL_LEG) {
        char *amount = tt_strndup (text, strcspn (text, ":"));
        bool good = tt_normal_money (amount, 2, &money);
        free (amount);
        return good ? NULL : "AMOUNT[:MINIMUM[:PRICE[:TENOR]]]";
    }
    return NULL;
}

static bool
add_value (ctl_args *args, const ctl_option *option, const char *text)
{
    json_t *list = json_object_get (args->values, option->name);
    if (list && !(option->flags & CTL_REPEATED) && option->value != CTL_FLAG)
        return complain (args, "given twice: --", option->name);
    const char *wanted = text ? wrong_value (option, text) : NULL;
    if (wanted) {
        fprintf (stderr, "ttctl: --%s: \"%s\": expected %s\n", option->name, text, wanted);
        return complain (args, "cannot read the value of --", option->name);
    }
    if (list == NULL)
        json_object_set_new (args->values, option->name, list = json_array ());
    if (text && json_array_append_new (list, json_string (text)) != 0)
        return complain (args, "no UTF-8 text: --", option->name);
    return true;
}

/* --name VALUE, --name=VALUE, or a flag. */
static bool
take_option (ctl_args *args, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *equals = strchr (name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen (name);
    const ctl_option *option = find_option (args->command, name, size);
    if (option == NULL)
        return complain (args, "no such option: ", argv[*i]);
    if (option->value == CTL_FLAG)
        return equals ? complain (args, "takes no value: --", option->name) : add_value (args, option, NULL);
    if (equals)
        return add_value (args, option, equals + 1);
    if (*i + 1 >= argc)
        return complain (args, "a value is missing: --", option->name);
    return add_value (args, option, argv[++*i]);
}

/* The next operand that has no value yet; a repeated one takes all that is left. */
static bool
take_operand (ctl_args *args, const char *text)
{
    for (const ctl_option *o = args->command->options; o && o->name; o++)
        if ((o->flags & CTL_OPERAND) && ((o->flags & CTL_REPEATED) || !ctl_has (args, o->name)))
            return add_value (args, o, text);
    return complain (args, "one argument too many: ", text);
}

static bool
check_required (const ctl_args *args)
{
    for (const ctl_option *o = args->command->options; o && o->name; o++)
        if ((o->flags & CTL_REQUIRED) && !ctl_has (args, o->name))
            return complain (args, "missing: --", o->name);
    return true;
}

/* No command: an overview of all, or of the group that the words name. */
static bool
no_command (int argc, char **argv, ctl_args *args, bool *done)
{
    bool help = argc == 0 || strcmp (argv[0], "--help") == 0 || strcmp (argv[0], "help") == 0;
    if (help) {
        *done = true;
        ctl_show_help (NULL);
        return argc > 0;
    }
    if (strcmp (argv[0], "--version") == 0) {
        *done = true;
        printf ("ttctl %s\n", TT_VERSION);
        return true;
    }
    const ctl_command *command;
    for (size_t i = 0; (command = ctl_command_at (i)); i++)
        if (strncmp (command->name, argv[0], strlen (argv[0])) == 0 && command->name[strlen (argv[0])] == ' ') {
            *done = argc > 1 && strcmp (argv[1], "--help") == 0;
            ctl_show_group (argv[0]);
            return *done;
        }
    return complain (args, "no such command: ", argv[0]);
}

bool
ctl_parse (int argc, char **argv, ctl_args *args, bool *done)
{
    int used = 0;
    bool operands_only = false;
    *args = (ctl_args){ .values = json_object () };
    *done = false;
    argc--;
    argv++;
    args->command = find_command (argc, argv, &used);
    if (args->command == NULL)
        return no_command (argc, argv, args, done);
    for (int i = used; i < argc; i++) {
        bool good;
        if (!operands_only && strcmp (argv[i], "--") == 0) {
            operands_only = true;
            continue;
        }
        if (!operands_only && strcmp (argv[i], "-h") == 0)
            good = add_value (args, find_in (ctl_common_options, "help", 4), NULL);
        else if (!operands_only && strncmp (argv[i], "--", 2) == 0)
            good = take_option (args, argc, argv, &i);
        else
            good = take_operand (args, argv[i]);
        if (!good)
            return false;
    }
    if (ctl_has (args, "help")) {
        *done = true;
        ctl_show_help (args->command);
        return true;
    }
    return check_required (args);
}

void
ctl_args_free (ctl_args *args)
{
    json_decref (args->values);
    *args = (ctl_args){ 0 };
}

size_t
ctl_count (const ctl_args *args, const char *name)
{
    return json_array_size (json_object_get (args->values, name));
}

const char *
ctl_value_at (const ctl_args *args, const char *name, size_t i)
{
    return json_string_value (json_array_get (json_object_get (args->values, name), i));
}

const char *
ctl_get (const ctl_args *args, const char *name)
{
    return ctl_value_at (args, name, 0);
}

const char *
ctl_get_or (const ctl_args *args, const char *name, const char *otherwise)
{
    const char *value = ctl_get (args, name);
    return value ? value : otherwise;
}

bool
ctl_has (const ctl_args *args, const char *name)
{
    return json_object_get (args->values, name) != NULL;
}

uint64_t
ctl_number (const ctl_args *args, const char *name, uint64_t otherwise)
{
    const char *value = ctl_get (args, name);
    return value ? strtoull (value, NULL, 10) : otherwise;
}
