/* Help and shell completion, made from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static void
show_usage (const ctl_command *command)
{
    printf ("ttctl %s", command->name);
    for (const ctl_option *o = command->options; o && o->name; o++)
        if (o->flags & CTL_OPERAND) {
            bool required = o->flags & CTL_REQUIRED;
            printf (required ? " <%s>%s" : " [%s%s]", o->name, o->flags & CTL_REPEATED ? "..." : "");
        }
    printf (" [options]\n");
}

static void
show_options (const char *title, const ctl_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    printf ("\n%s\n", title);
    for (const ctl_option *o = options; o->name; o++) {
        static const char *const values[] = { " TEXT", " NAME", " TIME", " N", " YUAN", " AMOUNT[:MIN[:PRICE[:TENOR]]]", "" };
        char left[64];
        snprintf (left, sizeof left, "--%s%s", o->name, values[o->value]);
        printf ("  %-28s %s%s%s\n", left, o->help, o->flags & CTL_REQUIRED ? " (required)" : "",
                o->flags & CTL_REPEATED ? " (may be repeated)" : "");
    }
}

static void
show_commands (const char *prefix)
{
    const ctl_command *command;
    size_t size = strlen (prefix);
    for (size_t i = 0; (command = ctl_command_at (i)); i++)
        if (strncmp (command->name, prefix, size) == 0 && (size == 0 || command->name[size] == ' '))
            printf ("  %-24s %s\n", command->name, command->summary);
}

void
ctl_show_group (const char *group)
{
    printf ("Commands of \"%s\":\n", group);
    show_commands (group);
}

static void
show_overview (void)
{
    printf ("ttctl <command> [options]: talks to the four services of TechTransfer, and imports files into them.\n\n");
    show_commands ("");
    show_options ("Options of every command:", ctl_common_options);
    printf ("\nEnvironment:\n"
            "  TT_PATENT_ENDPOINTS, TT_ACHIEVEMENT_ENDPOINTS, TT_FINANCE_ENDPOINTS, TT_STATISTICS_ENDPOINTS   commands\n"
            "  TT_PATENT_EVENTS, TT_PATENT_REPLAY ... likewise                                                events, replay\n"
            "  TT_PATENT_HTTP ... likewise, HOST:PORT                                                         health, metrics (top)\n"
            "  Defaults: tcp://127.0.0.1:5710 patent commands, 5711 events, 5712 replay, 5713 HTTP; achievement 5720, finance 5730, "
            "statistics 5740.\n"
            "\nExit codes: 0 done, 1 refused by the service or file not usable, 2 wrong command line, 3 service not reached in "
            "time,\n"
            "4 done, but some records were rejected.\n"
            "\nAn argument shown as <name> may also be given as --name VALUE. Help on a command: ttctl <command> --help\n");
}

void
ctl_show_help (const ctl_command *command)
{
    if (command == NULL) {
        show_overview ();
        return;
    }
    show_usage (command);
    printf ("\n%s.\n", command->summary);
    if (command->details)
        printf ("%s\n", command->details);
    show_options ("Options:", command->options);
    show_options ("Options of every command:", ctl_common_options);
    if (command->examples)
        printf ("\nExamples:\n%s\n", command->examples);
}

/* The words that may follow the words of `prefix`, each once. */
static void
next_words (const char *prefix, tt_buffer *out)
{
    const ctl_command *command;
    size_t size = strlen (prefix);
    char last[64] = "";
    for (size_t i = 0; (command = ctl_command_at (i)); i++) {
        if (strncmp (command->name, prefix, size) != 0)
            continue;
        char word[64];
        snprintf (word, sizeof word, "%.*s", (int)strcspn (command->name + size, " "), command->name + size);
        if (strcmp (word, last) != 0)
            tt_buffer_printf (out, "%s ", word);
        memcpy (last, word, sizeof last);
    }
}

static void
option_words (const ctl_option *options, tt_buffer *out)
{
    for (const ctl_option *o = options; o && o->name; o++)
        tt_buffer_printf (out, "--%s ", o->name);
}

/* One case for each group ("watch": put delete list) and each command (its options). */
static void
completion_cases (void)
{
    const ctl_command *command;
    tt_buffer words = { 0 };
    char last[64] = "";
    for (size_t i = 0; (command = ctl_command_at (i)); i++) {
        char group[64];
        size_t size = strcspn (command->name, " ");
        snprintf (group, sizeof group, "%.*s ", (int)size, command->name);
        tt_buffer_clear (&words);
        if (command->name[size] && strcmp (group, last) != 0) {
            next_words (group, &words);
            printf ("    \"%.*s\") words=\"%s\" ;;\n", (int)size, group, tt_buffer_cstr (&words));
        }
        memcpy (last, group, sizeof last);
        tt_buffer_clear (&words);
        option_words (command->options, &words);
        option_words (ctl_common_options, &words);
        printf ("    \"%s\"|\"%s \"*) words=\"%s\" ;;\n", command->name, command->name, tt_buffer_cstr (&words));
    }
    tt_buffer_free (&words);
}

static void
show_completion (bool zsh)
{
    tt_buffer words = { 0 };
    next_words ("", &words);
    if (zsh)
        printf ("#compdef ttctl\nautoload -U +X bashcompinit && bashcompinit\n");
    printf ("# Completion of ttctl. Put it into effect with: source <(ttctl completion %s)\n", zsh ? "zsh" : "bash");
    printf ("_ttctl () {\n  local line=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\" words=\"\" current=\"${COMP_WORDS[COMP_CWORD]}\"\n");
    printf ("  case \"$line\" in\n    \"\") words=\"%s\" ;;\n", tt_buffer_cstr (&words));
    completion_cases ();
    printf ("  esac\n  case \"$current\" in\n    -*|\"\") COMPREPLY=( $(compgen -W \"$words\" -- \"$current\") ) ;;\n"
            "    *) COMPREPLY=( $(compgen -W \"$words\" -- \"$current\") $(compgen -f -- \"$current\") ) ;;\n  esac\n}\n"
            "complete -o filenames -F _ttctl ttctl\n");
    tt_buffer_free (&words);
}

static int
run_completion (const ctl_args *args)
{
    const char *shell = ctl_get (args, "shell");
    bool zsh = strcmp (shell, "zsh") == 0;
    if (!zsh && strcmp (shell, "bash") != 0) {
        fprintf (stderr, "ttctl: no completion for \"%s\"; there is one for bash and for zsh\n", shell);
        return CTL_USAGE;
    }
    show_completion (zsh);
    return CTL_OK;
}

static const ctl_option completion_options[] = {
    { "shell", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "bash or zsh" },
    { 0 },
};

const ctl_command ctl_help_commands[] = {
    { .name = "completion",
      .summary = "Shell completion, as a script on standard output",
      .examples = "  source <(ttctl completion bash)\n  ttctl completion zsh >~/.zsh/_ttctl",
      .options = completion_options,
      .run = run_completion,
      .service = CTL_NO_SERVICE },
    { 0 },
};
