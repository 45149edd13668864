/* achievement harvest: a repository's records by OAI-PMH. */
#include <string.h>

#include "base/clock.h"
#include "ctl.h"
#include "harvest.h"

static bool
is_source (const char *text)
{
    size_t size = strlen (text);
    return size > 0 && size <= 64 && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == size;
}

static char *
named (const char *given, const char *source, const char *ending)
{
    tt_buffer out = { 0 };
    tt_buffer_printf (&out, "%s%s", given ? given : source, given ? "" : ending);
    tt_buffer_cstr (&out);
    return (char *)out.data;
}

static int
code_of (tt_status status, const harvest_result *result)
{
    switch (status) {
    case TT_OK:
        return result->state.counts.rejected ? CTL_PARTLY : CTL_OK;
    case TT_CANCELLED:
        return CTL_STOPPED;
    case TT_UNAVAILABLE:
    case TT_DEADLINE_EXCEEDED:
        return CTL_UNREACHABLE;
    default:
        return CTL_REFUSED;
    }
}

static void
show_result (const ctl_args *args, const harvest_options *o, const harvest_result *r, double seconds)
{
    const tt_ledger_counts *c = &r->state.counts;
    const char *rejects = c->rejected ? o->rejects : "";
    if (ctl_has (args, "json")) {
        json_t *line = json_pack (
            "{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:f}", "url", o->url, "complete", !r->state.in_list,
            "pages", (json_int_t)r->state.pages, "read", (json_int_t)c->read, "accepted", (json_int_t)c->accepted, "unchanged",
            (json_int_t)c->unchanged, "withdrawn", (json_int_t)c->withdrawn, "quarantined", (json_int_t)c->quarantined, "rejected", (json_int_t)c->rejected, "notes",
            (json_int_t)c->notes, "requests", (json_int_t)r->requests, "restarts", (json_int_t)r->restarts, "rejects", rejects,
            "seconds", seconds);
        ctl_print_json (line);
        json_decref (line);
        return;
    }
    printf ("%s: %llu pages, %llu read, %llu accepted (%llu unchanged, %llu withdrawn), %llu quarantined, %llu rejected, %llu with notes, %llu "
            "requests, %.1f s%s%s\n",
            o->url, (unsigned long long)r->state.pages, (unsigned long long)c->read, (unsigned long long)c->accepted,
            (unsigned long long)c->unchanged, (unsigned long long)c->withdrawn, (unsigned long long)c->quarantined, (unsigned long long)c->rejected,
            (unsigned long long)c->notes, (unsigned long long)r->requests, seconds, *rejects ? "; rejects: " : "", rejects);
}

static int
harvest_with (const ctl_args *args, tt_client *client)
{
    tt_error error = { 0 };
    harvest_result result;
    int64_t begin = tt_clock_monotonic_us ();
    const char *source = ctl_get (args, "source");
    char *state = named (ctl_get (args, "state"), source, ".harvest.json");
    char *rejects = named (ctl_get (args, "rejects"), source,
                           client ? ".harvest.rejects.jsonl" : ".harvest.dry-run.rejects.jsonl");
    harvest_options options = { .url = ctl_get (args, "url"),
                                .set = ctl_get_or (args, "set", ""),
                                .prefix = ctl_get_or (args, "prefix", "oai_dc"),
                                .source = source,
                                .from = ctl_get (args, "from"),
                                .until = ctl_get (args, "until"),
                                .state = state,
                                .rejects = rejects,
                                .client = client,
                                .batch = ctl_number (args, "batch", 64),
                                .retries = (uint32_t)(ctl_number (args, "retries", 8) % 1000),
                                .silent_s = (uint32_t)(ctl_number (args, "silence", 60) % 3600 + (ctl_number (args, "silence", 60) % 3600 == 0)),
                                .longest_s = (uint32_t)(ctl_number (args, "longest-wait", 3600) % 604801),
                                .page_bytes = (ctl_number (args, "page-limit", 256) % 65537) << 20,
                                .pages = ctl_number (args, "pages", 1000000) };
    tt_status status = harvest_run (&options, &result, &error);
    show_result (args, &options, &result, (double)(tt_clock_monotonic_us () - begin) / 1e6);
    if (status != TT_OK)
        fprintf (stderr, "ttctl: %s: %s\n%s", options.url, error.message,
                 result.state.in_list && client ? "Go on with the same command.\n" : "");
    free (state);
    free (rejects);
    return code_of (status, &result);
}

static bool
is_clear (const ctl_args *args)
{
    const char *prefix = ctl_get_or (args, "prefix", "oai_dc"), *state = ctl_get (args, "state"), *rejects = ctl_get (args, "rejects");
    const char *wrong = !is_source (ctl_get (args, "source"))                                ? "--source: 1 to 64 of a-z 0-9 - _ ."
                        : strcmp (prefix, "oai_dc") != 0 && strcmp (prefix, "marc21") != 0 ? "--prefix: oai_dc or marc21"
                        : (state && !*state) || (rejects && !*rejects)                     ? "--state, --rejects: a file is expected"
                        : state && rejects && strcmp (state, rejects) == 0                 ? "--state and --rejects are one file"
                                                                                           : NULL;
    if (wrong)
        fprintf (stderr, "ttctl: %s\n", wrong);
    return wrong == NULL;
}

static int
run_harvest (const ctl_args *args)
{
    tt_error error = { 0 };
    tt_client *client = NULL;
    const char *trace = ctl_get (args, "traceparent");
    bool new_trace = trace && strcmp (trace, "new") == 0;
    tt_client_options options = { .endpoints = ctl_endpoints (args, CTL_ACHIEVEMENT, 0),
                                  .traceparent = new_trace ? NULL : trace,
                                  .trace = new_trace,
                                  .timeout_ms = (uint32_t)(ctl_number (args, "timeout", 30) % 86400 * 1000) };
    if (!is_clear (args))
        return CTL_USAGE;
    if (!ctl_has (args, "dry-run") && tt_client_open (&client, &options, &error) != TT_OK) {
        fprintf (stderr, "ttctl: %s: %s\n", options.endpoints, error.message);
        return CTL_USAGE;
    }
    int code = harvest_with (args, client);
    tt_client_close (&client);
    return code;
}

static const ctl_option harvest_command_options[] = {
    { "url", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "base URL of the repository, http or https" },
    { "source", NULL, CTL_TEXT, CTL_REQUIRED, "of the achievements: 1 to 64 of a-z 0-9 - _ ." },
    { "set", NULL, CTL_TEXT, 0, "a set of the repository; without it everything" },
    { "from", NULL, CTL_TEXT, 0, "changed on or after this day, or time in UTC (where the last harvest ended)" },
    { "until", NULL, CTL_TEXT, 0, "changed on or before this day, or time in UTC" },
    { "prefix", NULL, CTL_TEXT, 0, "form of the records: oai_dc, marc21 (oai_dc)" },
    { "state", NULL, CTL_TEXT, 0, "file that says how far it has come (SOURCE.harvest.json)" },
    { "rejects", NULL, CTL_TEXT, 0, "file of what is rejected (SOURCE.harvest.rejects.jsonl)" },
    { "dry-run", NULL, CTL_FLAG, 0, "fetch, convert and account for everything; send nothing, leave the state as it is" },
    { "batch", NULL, CTL_NUMBER, 0, "records in a command, 1 to 512 (64)" },
    { "retries", NULL, CTL_NUMBER, 0, "attempts for an answer, after the first (8)" },
    { "silence", NULL, CTL_NUMBER, 0, "seconds in which nothing comes before an attempt is given up (60)" },
    { "longest-wait", NULL, CTL_NUMBER, 0, "seconds that Retry-After may ask for (3600)" },
    { "page-limit", NULL, CTL_NUMBER, 0, "MiB of one answer (256)" },
    { "pages", NULL, CTL_NUMBER, 0, "pages of one list (1000000)" },
    { 0 },
};

const ctl_command ctl_harvest_commands[] = {
    { .name = "achievement harvest",
      .summary = "Harvests a repository by OAI-PMH into achievements; called again, it goes on where it stood",
      .details = "Titles, descriptions, creators, publishers, subjects and dates are taken from oai_dc or marc21; what the repository says is\n"
                 "deleted is withdrawn. The state moves when all records of a page are acknowledged; SIGINT and SIGTERM stop behind the page\n"
                 "in hand. Exit codes: 0 complete; 1 refused; 3 no answer; 4 complete, some records rejected; 5 stopped by a signal.",
      .examples = "  ttctl achievement harvest https://repository.example.edu/oai --source example-edu\n"
                  "  ttctl achievement harvest https://repository.example.edu/oai --source example-edu --set theses --from 2026-01-01 --dry-run",
      .options = harvest_command_options,
      .run = run_harvest },
    { 0 },
};
