/* match: the engine of the patent service, without the service. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl.h"
#include "document.h"
#include "import/import.h"
#include "watches.h"

typedef struct {
    ctl_watches watches;
    tt_document *document;
    const char *map;
    bool json;
    uint64_t read, matched, rejected;
} matcher;

static void
show_match (const matcher *m, const char *name, json_t *watches)
{
    if (m->json) {
        json_t *line = json_pack ("{s:s, s:O}", "document", name, "watches", watches);
        json_dumpf (line, stdout, 0);
        putchar ('\n');
        json_decref (line);
        return;
    }
    printf ("%s\t", name);
    for (size_t i = 0; i < json_array_size (watches); i++)
        printf ("%s%s", i ? " " : "", json_string_value (json_array_get (watches, i)));
    putchar ('\n');
}

static void
match_record (matcher *m, const char *path, const tt_import_record *record)
{
    tt_buffer name = { 0 };
    m->read++;
    if (record->reason) {
        m->rejected++;
        fprintf (stderr, "%s:%llu: rejected: %s\n", path, (unsigned long long)record->line, record->reason);
        return;
    }
    const tt_patent *patent = (const tt_patent *)record->message;
    ctl_document_fill (m->document, patent);
    json_t *watches = ctl_watches_match (&m->watches, m->document);
    m->matched += json_array_size (watches) > 0;
    show_match (m, record->id ? record->id : ctl_document_name (patent->publication, &name), watches);
    json_decref (watches);
    tt_buffer_free (&name);
}

static tt_status
match_file (matcher *m, const char *path, tt_error *error)
{
    tt_import *import = NULL;
    const tt_import_record *record;
    tt_import_options options = { .kind = TT_IMPORT_PATENTS, .map = m->map };
    tt_status status = tt_import_open (&import, path, &options, error);
    while (status == TT_OK) {
        status = tt_import_next (import, &record, error);
        if (status != TT_OK || record == NULL)
            break;
        match_record (m, path, record);
    }
    tt_import_close (&import);
    return status;
}

static bool
is_lenient (const ctl_args *args)
{
    return strcmp (ctl_get_or (args, "strict", "yes"), "no") == 0;
}

static int
run_match (const ctl_args *args)
{
    tt_error error = { 0 };
    matcher m = { .json = ctl_has (args, "json"), .map = ctl_get (args, "map") };
    tt_status status = tt_text_open (&error);
    if (status == TT_OK)
        status = ctl_read_schemes (args, &error);
    if (status == TT_OK)
        status = ctl_watches_load (&m.watches, ctl_get (args, "watches"), &error);
    m.document = tt_document_new (tt_schema_patent ());
    for (size_t i = 0; status == TT_OK && i < ctl_count (args, "documents"); i++)
        status = match_file (&m, ctl_value_at (args, "documents", i), &error);
    if (status != TT_OK)
        fprintf (stderr, "ttctl: %s\n", error.message);
    else if (!m.json)
        fprintf (stderr, "%zu watches, %llu documents, %llu with a match, %llu rejected\n", m.watches.count,
                 (unsigned long long)m.read, (unsigned long long)m.matched, (unsigned long long)m.rejected);
    size_t bad = m.watches.bad;
    tt_document_destroy (&m.document);
    ctl_watches_free (&m.watches);
    if (status != TT_OK || (bad > 0 && !is_lenient (args)))
        return CTL_REFUSED;
    return m.rejected > 0 && !is_lenient (args) ? CTL_PARTLY : CTL_OK;
}

static const ctl_option match_options[] = {
    { "watches", NULL, CTL_TEXT, CTL_REQUIRED, "JSON Lines {\"id\", \"query\"}" },
    { "documents", NULL, CTL_TEXT, CTL_REQUIRED | CTL_REPEATED,
      "a file of patents, in any form that import knows; - is standard input" },
    { "map", NULL, CTL_TEXT, 0, "column map for the documents: a file, or a built-in one" },
    { "ipc-scheme", NULL, CTL_TEXT, 0, "the subgroups of IPC, for /low and /high (common/query/README.md)" },
    { "cpc-scheme", NULL, CTL_TEXT, 0, "likewise of CPC" },
    { "strict", NULL, CTL_TEXT, 0, "no: bad queries and rejected documents do not count in the exit code" },
    { 0 },
};

const ctl_command ctl_match_commands[] = {
    { .name = "match",
      .summary = "Matches documents in files against watches in a file, without any service",
      .details = "For each document, in the order of the files, one line: its number as the file gives it (else country, number "
                 "and kind), and the watches\n"
                 "that match, sorted. With --json: {\"document\": \"...\", \"watches\": [\"...\"]}. A query that cannot be read "
                 "is reported with line and byte, the rest\n"
                 "is done, and the exit code is 1.",
      .examples = "  ttctl match --watches watches.jsonl --documents ipg180619.xml.gz\n"
                  "  ttctl match --watches w.jsonl --documents a.jsonl --documents b.xml --json | jq -c 'select(.watches != [])'",
      .options = match_options,
      .run = run_match,
      .service = CTL_NO_SERVICE },
    { 0 },
};
