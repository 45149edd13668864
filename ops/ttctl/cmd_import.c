/* import: files into the services. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl.h"
#include "progress.h"
#include "upload.h"

typedef struct {
    const ctl_args *args;
    tt_import_kind kind;
    ctl_service service;
    const char *path;
    char *rejects;
    tt_import *import;
    tt_ledger *ledger;
    tt_client *client;
    ctl_progress progress;
} job;

/* <name>.rejects.jsonl in the working directory, or in the folder, or the file, that --rejects names. */
static char *
reject_path (const ctl_args *args, const char *path)
{
    struct stat about;
    tt_buffer out = { 0 };
    const char *wanted = ctl_get (args, "rejects"), *slash = strrchr (path, '/');
    bool folder = wanted && (wanted[strlen (wanted) - 1] == '/' || (stat (wanted, &about) == 0 && S_ISDIR (about.st_mode)));
    if (wanted && !folder)
        return tt_strdup (wanted);
    tt_buffer_printf (&out, "%s%s%s.rejects.jsonl", wanted ? wanted : "", wanted && wanted[strlen (wanted) - 1] != '/' ? "/" : "",
                      strcmp (path, "-") == 0 ? "stdin"
                      : slash                 ? slash + 1
                                              : path);
    tt_buffer_cstr (&out);
    return (char *)out.data;
}

static void
show_progress (void *context, const tt_ledger_counts *counts)
{
    job *j = context;
    ctl_progress_show (&j->progress, tt_import_position (j->import), tt_import_size (j->import), counts->read, counts->rejected);
}

static void
show_result (const job *j, double seconds)
{
    const tt_ledger_counts *c = tt_ledger_count (j->ledger);
    FILE *out = ctl_has (j->args, "print") ? stderr : stdout;
    char kept[48] = "";
    if (c->quarantined > 0)
        snprintf (kept, sizeof kept, "%llu quarantined, ", (unsigned long long)c->quarantined);
    if (!ctl_has (j->args, "json") || out == stderr) {
        fprintf (out, "%s: %llu read, %llu accepted (%llu unchanged), %s%llu rejected, %llu with notes, %.1f s%s%s\n", j->path,
                (unsigned long long)c->read, (unsigned long long)c->accepted, (unsigned long long)c->unchanged, kept,
                (unsigned long long)c->rejected, (unsigned long long)c->notes, seconds, c->rejected ? "; rejects: " : "",
                c->rejected ? j->rejects : "");
        return;
    }
    json_t *line
        = json_pack ("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:f}", "file", j->path, "read", (json_int_t)c->read, "accepted",
                     (json_int_t)c->accepted, "unchanged", (json_int_t)c->unchanged, "quarantined",
                     (json_int_t)c->quarantined, "rejected", (json_int_t)c->rejected, "notes",
                     (json_int_t)c->notes, "rejects", c->rejected ? j->rejects : "", "seconds", seconds);
    ctl_print_json (line);
    json_decref (line);
}

static tt_status
open_job (job *j, tt_error *error)
{
    uint64_t number, end;
    tt_import_options options = { .kind = j->kind, .map = ctl_get (j->args, "map"), .encoding = ctl_get (j->args, "encoding"), .source = ctl_get (j->args, "source") };
    tt_status status = tt_import_open (&j->import, j->path, &options, error);
    if (status == TT_OK)
        status = tt_ledger_open (&j->ledger, j->path, tt_import_fingerprint (j->import), j->rejects, ctl_has (j->args, "resume"),
                                 error);
    if (status != TT_OK)
        return status;
    tt_ledger_resume_point (j->ledger, &number, &end);
    if (number > 0)
        status = tt_import_skip (j->import, number, end, error);
    return status;
}

static int
run_file (job *j)
{
    tt_error error = { 0 };
    int64_t begin = tt_clock_monotonic_us ();
    tt_status status = open_job (j, &error);
    if (status != TT_OK) {
        fprintf (stderr, "ttctl: %s\n", error.message);
        return CTL_REFUSED;
    }
    tt_upload upload = { .import = j->import,
                         .ledger = j->ledger,
                         .client = j->client,
                         .kind = j->kind,
                         .batch = ctl_number (j->args, "batch", 64),
                         .print = ctl_has (j->args, "print") ? stdout : NULL,
                         .progress = show_progress,
                         .context = j };
    ctl_progress_start (&j->progress, j->path);
    status = tt_upload_run (&upload, &error);
    ctl_progress_end (&j->progress);
    show_result (j, (double)(tt_clock_monotonic_us () - begin) / 1e6);
    if (status == TT_OK) {
        tt_ledger_finish (j->ledger);
        return tt_ledger_count (j->ledger)->rejected > 0 ? CTL_PARTLY : CTL_OK;
    }
    fprintf (stderr, "ttctl: %s: stopped: %s\nGo on with: --resume\n", j->path, error.message);
    return status == TT_UNAVAILABLE || status == TT_DEADLINE_EXCEEDED ? CTL_UNREACHABLE : CTL_REFUSED;
}

static int
run_files (const ctl_args *args, tt_import_kind kind, ctl_service service, tt_client *client)
{
    int code = CTL_OK;
    for (size_t i = 0; i < ctl_count (args, "file"); i++) {
        job j = { .args = args, .kind = kind, .service = service, .path = ctl_value_at (args, "file", i), .client = client };
        j.rejects = reject_path (args, j.path);
        int one = run_file (&j);
        tt_ledger_close (&j.ledger);
        tt_import_close (&j.import);
        free (j.rejects);
        code = one == CTL_OK || code == CTL_UNREACHABLE || code == CTL_REFUSED ? code : one;
        if (one == CTL_UNREACHABLE)
            return one;
    }
    return code;
}

static bool
is_same_file (const char *a, const char *b)
{
    struct stat x, y;
    return strcmp (a, b) == 0 || (stat (a, &x) == 0 && stat (b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* An import begins by removing the reject file and the state of the one before: neither may be what is to be read. */
static bool
spares_inputs (const ctl_args *args, const char *rejects)
{
    static const char *const endings[] = { "", ".state", ".state.new" };
    const char *map = ctl_get (args, "map");
    bool spared = true;
    for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
        tt_buffer path = { 0 };
        tt_buffer_printf (&path, "%s%s", rejects, endings[e]);
        for (size_t i = 0; i <= ctl_count (args, "file"); i++) {
            const char *input = i < ctl_count (args, "file") ? ctl_value_at (args, "file", i) : map;
            if (!spared || input == NULL || !is_same_file (tt_buffer_cstr (&path), input))
                continue;
            fprintf (stderr, "ttctl: %s is to be read, and would be overwritten with what is rejected: choose with --rejects\n",
                     input);
            spared = false;
        }
        tt_buffer_free (&path);
    }
    return spared;
}

/* Files that share one reject file would lose each other's rejections. */
static bool
is_own (const ctl_args *args, size_t file, const char *rejects)
{
    bool own = true;
    for (size_t i = 0; i < file && own; i++) {
        char *other = reject_path (args, ctl_value_at (args, "file", i));
        own = !is_same_file (rejects, other);
        if (!own)
            fprintf (stderr, "ttctl: %s and %s would share the reject file %s: import them one by one, with --rejects\n",
                     ctl_value_at (args, "file", i), ctl_value_at (args, "file", file), rejects);
        free (other);
    }
    return own;
}

static bool
rejects_are_clear (const ctl_args *args)
{
    const char *wanted = ctl_get (args, "rejects");
    bool clear = wanted == NULL || *wanted;
    if (!clear)
        fprintf (stderr, "ttctl: --rejects: a file or a folder is expected\n");
    for (size_t i = 0; i < ctl_count (args, "file") && clear; i++) {
        char *rejects = reject_path (args, ctl_value_at (args, "file", i));
        clear = is_own (args, i, rejects) && spares_inputs (args, rejects);
        free (rejects);
    }
    return clear;
}

static tt_import_kind
kind_of (const ctl_args *args)
{
    const char *name = strchr (args->command->name, ' ') + 1;
    int kind = 0;
    if (args->command->service == CTL_STATISTICS)
        return TT_IMPORT_OBSERVATIONS;
    while (strcmp (tt_import_kind_name ((tt_import_kind)kind), name) != 0)
        kind++;
    return (tt_import_kind)kind;
}

static int
run_import (const ctl_args *args)
{
    tt_error error = { 0 };
    tt_client *client = NULL;
    uint64_t batch = ctl_number (args, "batch", 64);
    if (batch < 1 || batch > 512) {
        fprintf (stderr, "ttctl: --batch: 1 to 512 is expected\n");
        return CTL_USAGE;
    }
    if (!rejects_are_clear (args))
        return CTL_USAGE;
    const char *trace = ctl_get (args, "traceparent");
    bool new_trace = trace && strcmp (trace, "new") == 0; /* of each command */
    tt_client_options options = { .endpoints = ctl_endpoints (args, args->command->service, 0),
                                  .traceparent = new_trace ? NULL : trace,
                                  .trace = new_trace,
                                  .timeout_ms = (uint32_t)(ctl_number (args, "timeout", 30) % 86400 * 1000) };
    if (!ctl_has (args, "dry-run") && tt_client_open (&client, &options, &error) != TT_OK) {
        fprintf (stderr, "ttctl: %s: %s\n", options.endpoints, error.message);
        return CTL_USAGE;
    }
    int code = run_files (args, kind_of (args), args->command->service, client);
    tt_client_close (&client);
    return code;
}

static const ctl_option import_options[] = {
    { "file", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED | CTL_REPEATED, "plain or gzip; - is standard input" },
    { "map", NULL, CTL_TEXT, 0, "column map: a file, or the name of a built-in one; without it one that fits is taken" },
    { "encoding", NULL, CTL_TEXT, 0, "of the file, e.g. GB18030; without it what it declares itself, else UTF-8, GB18030 or Big5 as its bytes look" },
    { "source", NULL, CTL_TEXT, 0, "of achievements in XML; without it the repository that their identifiers name" },
    { "rejects", NULL, CTL_TEXT, 0, "where rejected records go: a file, or a folder (<file>.rejects.jsonl here)" },
    { "resume", NULL, CTL_FLAG, 0, "go on where an import that was interrupted stood" },
    { "batch", NULL, CTL_NUMBER, 0, "records in a command, where it takes several, 1 to 512 (64)" },
    { "dry-run", NULL, CTL_FLAG, 0, "read, convert and account for everything, send nothing" },
    { "print", NULL, CTL_FLAG, 0, "write each record as it was converted, JSON Lines on standard output; the account goes to standard error" },
    { 0 },
};

#define FORMS                                                                                                                    \
    "Each record is accounted for: read = accepted + quarantined + rejected. The reject file is JSON Lines: file, line, record, reason, " \
    "text.\n"                                                                                                                    \
    "Forms: JSON Lines (proto3 JSON, or by a column map), tables (CSV, TSV) whose columns are called like the fields or are "    \
    "named by a map."
#define PATENT_FORMS                                                                                                             \
    "Each document is accounted for: read = accepted + rejected. The reject file is JSON Lines: file, line, record, reason, "    \
    "text.\n"                                                                                                                    \
    "Forms: XML of the US office (grants, applications; v4.x, ST.32, pap), Green Book, BRS, EPO DOCDB and OPS, many documents in " \
    "one file;\n"                                                                                                                \
    "JSON Lines (proto3 JSON or short keys pn ti ab pa in ic cpc pd ...); tables (CSV, TSV) by a column map."
#define LEGAL_FORMS                                                                                                              \
    "Each event is accounted for: read = accepted + rejected. The reject file is JSON Lines: file, line, record, reason, text.\n" \
    "Forms: EPO OPS family answers with legal data (INPADOC) and register answers; JSON Lines (proto3 JSON of LegalEvent); "     \
    "tables (CSV, TSV)\n"                                                                                                        \
    "whose columns are called like the fields, or pn apn code date ... , or by a column map. Codes that the catalogue does not " \
    "know are kept, and\ncounted with the notes."

#define IMPORT(what, of, says, example)                                                                                          \
    {                                                                                                                            \
        .name = "import " what, .summary = "Imports " what " from files", .details = says, .examples = example,                  \
        .options = import_options, .run = run_import, .service = of                                                              \
    }

const ctl_command ctl_import_commands[] = {
    IMPORT ("patents", CTL_PATENT, PATENT_FORMS,
            "  ttctl import patents ipg180619.xml.gz --rejects rejects/\n"
            "  ttctl import patents ipg180619.xml.gz --resume\n"
            "  ttctl import patents export.csv --map columns.map --json"),
    IMPORT ("achievements", CTL_ACHIEVEMENT, FORMS "\nXML: answers of OAI-PMH (oai_dc, marc21) and collections of MARCXML; what they say is deleted is withdrawn.",
            "  ttctl import achievements nasa_t2_technologies.jsonl.gz\n"
            "  ttctl import achievements results.csv --map results.map\n"
            "  ttctl import achievements listrecords.xml --source uni-repository"),
    IMPORT ("demands", CTL_ACHIEVEMENT, FORMS,
            "  ttctl import demands sbir_topics_2015_1.jsonl.gz\n  ttctl import demands demands.jsonl"),
    IMPORT ("applications", CTL_FINANCE, FORMS, "  ttctl import applications applications.jsonl"),
    IMPORT ("providers", CTL_FINANCE, FORMS, "  ttctl import providers providers.jsonl"),
    IMPORT ("products", CTL_FINANCE, FORMS, "  ttctl import products products.jsonl"),
    IMPORT ("watches", CTL_PATENT, FORMS, "  ttctl import watches watches.jsonl"),
    IMPORT ("legal-events", CTL_PATENT, LEGAL_FORMS,
            "  ttctl import legal-events family.xml\n"
            "  ttctl import legal-events cn_gazette.csv --encoding GB18030 --dry-run"),
    IMPORT ("observations", CTL_STATISTICS, FORMS, "  ttctl import observations observations.jsonl"),
    { .name = "statistics import",
      .summary = "Imports reported figures: CSV, SDMX-CSV, JSON Lines",
      .details = FORMS "\nA CSV or SDMX-CSV that `statistics export` wrote is taken as it is.",
      .examples = "  ttctl statistics import observations.csv --rejects rejects/\n  ttctl statistics import series.csv --map sti_series --dry-run",
      .options = import_options,
      .run = run_import,
      .service = CTL_STATISTICS },
    { 0 },
};
