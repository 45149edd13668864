/* achievement confirm: what an officer decides about a record's classes; and the export of these decisions as labelled texts. */
#include <achievement.pb-c.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "labelled.h"

static json_t *
verdict_of (const ctl_args *args)
{
    json_t *codes = json_array ();
    for (size_t i = 0; i < ctl_count (args, "code"); i++)
        json_array_append_new (codes, json_string (ctl_value_at (args, "code", i)));
    return json_pack ("{s:s, s:o, s:b}", "scheme", ctl_get (args, "scheme"), "codes", codes, "none", ctl_has (args, "none"));
}

static int
run_confirm (const ctl_args *args)
{
    json_t *reply = NULL, *fields = json_pack ("{s:s, s:s, s:s, s:s, s:[o]}", "source", ctl_get (args, "source"), "sourceId", ctl_get (args, "id"),
                                               "decidedBy", ctl_get (args, "by"), "note", ctl_get_or (args, "note", ""), "verdicts", verdict_of (args));
    int code = ctl_exchange (args, CTL_ACHIEVEMENT, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        ctl_print_record (json_object_get (reply, "achievement"));
    json_decref (fields);
    json_decref (reply);
    return code;
}

/* One label as a line that `achievement train` reads: the texts, and each scheme with its codes. */
static bool
write_label (FILE *file, const json_t *label)
{
    static const char *const texts[] = { "source", "sourceId", "title", "titleEn", "abstract", "keywords", "ipc", "trl" };
    json_t *line = json_object ();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (json_object_get (label, texts[i]))
            json_object_set (line, texts[i], json_object_get (label, texts[i]));
    size_t at;
    json_t *decision;
    json_array_foreach (json_object_get (label, "decided"), at, decision)
        if (json_object_get (decision, "codes"))
            json_object_set (line, json_string_value (json_object_get (decision, "scheme")), json_object_get (decision, "codes"));
    bool good = json_dumpf (line, file, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0 && fputc ('\n', file) != EOF;
    json_decref (line);
    return good;
}

static int
export_page (const ctl_args *args, FILE *file, json_t **where, size_t *written)
{
    json_t *reply = NULL, *label;
    int code = ctl_exchange (args, CTL_ACHIEVEMENT, *where, &reply);
    size_t at;
    json_array_foreach (json_object_get (reply, "labels"), at, label)
        if (code == CTL_OK && !write_label (file, label))
            code = CTL_REFUSED;
        else
            ++*written;
    json_decref (*where);
    *where = NULL;
    if (code == CTL_OK && json_is_true (json_object_get (reply, "more"))) {
        json_t *after = json_object_get (reply, "nextAfter"), *partition = json_object_get (reply, "nextPartition");
        *where = json_pack ("{s:i, s:O, s:O}", "limit", 100, "partition", partition, "after", after ? after : json_null ());
    }
    json_decref (reply);
    return code;
}

int
ctl_export_labels (const ctl_args *args, const char *path)
{
    FILE *file = fopen (path, "w");
    if (!file) {
        fprintf (stderr, "ttctl: %s: %s\n", path, strerror (errno));
        return CTL_REFUSED;
    }
    json_t *where = json_pack ("{s:i}", "limit", 100);
    size_t written = 0;
    int code = CTL_OK;
    while (where && code == CTL_OK)
        code = export_page (args, file, &where, &written);
    json_decref (where);
    if (fclose (file) != 0 && code == CTL_OK)
        code = CTL_REFUSED;
    if (code == CTL_OK)
        fprintf (stderr, "%zu labelled records\n", written);
    else
        fprintf (stderr, "ttctl: %s is not whole\n", path);
    return code;
}

static const ctl_option confirm_options[] = {
    { "source", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the record" },
    { "id", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "the source's own key of it" },
    { "scheme", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "special, industry, stage or form" },
    { "code", NULL, CTL_TEXT, CTL_REPEATED, "the right code; none given: the best that is proposed is right" },
    { "none", NULL, CTL_FLAG, 0, "no code of the scheme fits" },
    { "by", NULL, CTL_TEXT, CTL_REQUIRED, "who decides" },
    { "note", NULL, CTL_TEXT, 0, "why" },
    { 0 },
};

const ctl_command ctl_label_commands[] = {
    { .name = "achievement confirm",
      .summary = "Confirms or corrects the class of a record",
      .examples = "  ttctl achievement confirm univ-tto UN-2018-00062 special --by officer-3\n"
                  "  ttctl achievement confirm univ-tto UN-2018-00062 special --code 10 --by officer-3",
      .options = confirm_options,
      .run = run_confirm,
      .service = CTL_ACHIEVEMENT,
      .method = "techtransfer.achievement.v1.AchievementIngest/ConfirmClasses",
      .request = &techtransfer__achievement__v1__confirm_classes_request__descriptor,
      .reply = &techtransfer__achievement__v1__confirm_classes_reply__descriptor },
    { 0 },
};
