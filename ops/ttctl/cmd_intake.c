/* achievement source, achievement quarantine: who sends achievements, and what of theirs is invalid and kept to be mended. */
#include <achievement.pb-c.h>
#include <string.h>

#include "ctl.h"

#define SERVICE "techtransfer.achievement.v1.AchievementIngest/"
#define MESSAGE(name) &techtransfer__achievement__v1__##name##__descriptor
#define CALL(Method, message)                                                                                                \
    .run = ctl_call, .service = CTL_ACHIEVEMENT, .method = SERVICE Method, .request = MESSAGE (message##_request),            \
    .reply = MESSAGE (message##_reply)

static const ctl_option put_options[] = {
    { "source", "source.source", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "as its records name it: a-z 0-9 - _ ." },
    { "name", "source.name", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "for people" },
    { "mode", "source.mode", CTL_ENUM, 0, "what becomes of invalid records: reject (as without) or quarantine" },
    { "description", "source.description", CTL_TEXT, 0, "what it holds" },
    { "owner", "source.owner", CTL_TEXT, 0, "who answers for it" },
    { 0 },
};
static const ctl_option sources_options[] = {
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 1000 (100)" },
    { "after", "after", CTL_TEXT, 0, "source after which the page begins" },
    { 0 },
};
static const ctl_option show_source_options[] = {
    { "source", "source", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "which" },
    { 0 },
};
static const ctl_option quarantine_options[] = {
    { "source", "source", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose records" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 100 (100)" },
    { "after", "after", CTL_TEXT, 0, "key after which the page begins" },
    { 0 },
};
static const ctl_option place_options[] = {
    { "source", "source", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose record" },
    { "key", "key", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the record in quarantine" },
    { 0 },
};
static const ctl_option mend_options[] = {
    { "source", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose record" },
    { "key", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the record in quarantine" },
    { "file", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "the record to take instead, as JSON; - is standard input" },
    { 0 },
};
static const ctl_column source_columns[] = {
    { "SOURCE", "source", false, false },
    { "MODE", "mode", false, false },
    { "NAME", "name", false, false },
    { "OWNER", "owner", false, false },
    { 0 },
};
static const ctl_column quarantine_columns[] = {
    { "KEY", "key", false, false },
    { "ID", "achievement.sourceId", false, false },
    { "VIOLATIONS", "violations", false, false },
    { "TITLE", "achievement.title", false, false },
    { 0 },
};

static const json_t *
find_key (const json_t *rows, const char *key)
{
    size_t i;
    const json_t *row;
    json_array_foreach (rows, i, row)
        if (strcmp (json_string_value (json_object_get (row, "key")), key) == 0)
            return row;
    return NULL;
}

/* Keys are lower-case hexadecimal: the page that begins just before the wanted one, behind the key with one taken off. */
static int
run_show (const ctl_args *args)
{
    const char *key = ctl_get (args, "key");
    json_t *reply = NULL, *fields = json_object ();
    json_object_set_new (fields, "source", json_string (ctl_get (args, "source")));
    json_object_set_new (fields, "limit", json_integer (1));
    json_object_set_new (fields, "after", json_stringn (key, key[0] ? strlen (key) - 1 : 0));
    int code = ctl_exchange (args, CTL_ACHIEVEMENT, fields, &reply);
    const json_t *row = find_key (json_object_get (reply, "records"), key);
    if (code == CTL_OK && !row) {
        fprintf (stderr, "ttctl: no such record in quarantine\n");
        code = CTL_REFUSED;
    } else if (code == CTL_OK && ctl_has (args, "json")) {
        ctl_print_json (row);
    } else if (code == CTL_OK) {
        ctl_print_record (row);
    }
    json_decref (fields);
    json_decref (reply);
    return code;
}

static int
run_mend (const ctl_args *args)
{
    const char *path = ctl_get (args, "file");
    json_error_t wrong;
    json_t *record = strcmp (path, "-") == 0 ? json_loadf (stdin, 0, &wrong) : json_load_file (path, 0, &wrong);
    if (!json_is_object (record)) {
        fprintf (stderr, "ttctl: %s: %s\n", path, record ? "expected one record" : wrong.text);
        json_decref (record);
        return CTL_REFUSED;
    }
    json_t *reply = NULL, *fields = json_pack ("{s:s, s:s, s:o}", "source", ctl_get (args, "source"), "key",
                                               ctl_get (args, "key"), "achievement", record);
    int code = ctl_exchange (args, CTL_ACHIEVEMENT, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        ctl_print_record (json_object_get (reply, "achievement"));
    json_decref (fields);
    json_decref (reply);
    return code;
}

const ctl_command ctl_intake_commands[] = {
    { .name = "achievement source put",
      .summary = "Registers a source of achievements, or changes it",
      .examples = "  ttctl achievement source put univ-tto 'University office' --mode quarantine --owner 'Liu Yan'",
      .options = put_options,
      CALL ("PutSource", put_source) },
    { .name = "achievement source list",
      .summary = "Lists the sources that are registered",
      .examples = "  ttctl achievement source list",
      .options = sources_options,
      .rows = "sources",
      .columns = source_columns,
      CALL ("ListSources", list_sources) },
    { .name = "achievement source show",
      .summary = "Shows a source, and how much it has in quarantine",
      .examples = "  ttctl achievement source show univ-tto",
      .options = show_source_options,
      CALL ("GetSource", get_source) },
    { .name = "achievement quarantine list",
      .summary = "Lists a source's invalid records with what is wrong with them",
      .examples = "  ttctl achievement quarantine list univ-tto",
      .options = quarantine_options,
      .rows = "records",
      .columns = quarantine_columns,
      CALL ("ListQuarantine", list_quarantine) },
    { .name = "achievement quarantine show",
      .summary = "Shows a record in quarantine; with --json as `mend` wants it, in `achievement`",
      .examples = "  ttctl achievement quarantine show univ-tto 6f1d3c52a90b4e7788c1d2e3f4a5b6c7 --json",
      .options = place_options,
      .run = run_show,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "ListQuarantine",
      .request = MESSAGE (list_quarantine_request),
      .reply = MESSAGE (list_quarantine_reply) },
    { .name = "achievement quarantine mend",
      .summary = "Submits another record in place of one in quarantine",
      .examples = "  ttctl achievement quarantine mend univ-tto 6f1d3c52a90b4e7788c1d2e3f4a5b6c7 mended.json",
      .options = mend_options,
      .run = run_mend,
      .service = CTL_ACHIEVEMENT,
      .method = SERVICE "MendQuarantined",
      .request = MESSAGE (mend_quarantined_request),
      .reply = MESSAGE (mend_quarantined_reply) },
    { .name = "achievement quarantine release",
      .summary = "Submits a record in quarantine as it is, judged anew",
      .examples = "  ttctl achievement quarantine release univ-tto 6f1d3c52a90b4e7788c1d2e3f4a5b6c7",
      .options = place_options,
      CALL ("ReleaseQuarantined", release_quarantined) },
    { .name = "achievement quarantine discard",
      .summary = "Throws a record in quarantine away",
      .examples = "  ttctl achievement quarantine discard univ-tto 6f1d3c52a90b4e7788c1d2e3f4a5b6c7",
      .options = place_options,
      CALL ("DiscardQuarantined", discard_quarantined) },
    { 0 },
};
