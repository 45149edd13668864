/* achievement search: what is stored, by CQL. */
#include <achievement.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const ctl_option options[] = {
    { "query", "query", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "CQL over ti ab kw ow pe di sp st fo ca ind so pd txt" },
    { "sort", "order", CTL_ENUM, 0, "relevance (as without it), completion or registration" },
    { "facets", "facets", CTL_TEXT, CTL_REPEATED,
      "counts by district, special, stage, form, category, industry, source, year; with commas or repeated" },
    { "limit", "limit", CTL_NUMBER, 0, "hits on a page, 1 to 100 (20)" },
    { "cursor", "cursor", CTL_TEXT, 0, "where the page before ended" },
    { "count", "count", CTL_FLAG, 0, "the exact number of matches" },
    { 0 },
};
static const ctl_column columns[] = {
    { "SCORE", "score", false, true },
    { "SOURCE", "achievement.source", false, false },
    { "ID", "achievement.sourceId", false, false },
    { "COMPLETED", "achievement.completedDate", false, false },
    { "DISTRICT", "achievement.district", false, false },
    { "TITLE", "achievement.title", false, false },
    { 0 },
};

/* "a,b" among the facets is two of them. */
static void
split_facets (json_t *fields)
{
    json_t *split = json_array (), *value;
    size_t i;
    json_array_foreach (json_object_get (fields, "facets"), i, value)
    {
        for (const char *at = json_string_value (value); *at;) {
            size_t n = strcspn (at, ",");
            json_array_append_new (split, json_stringn (at, n));
            at += n + (at[n] == ',');
        }
    }
    json_object_set_new (fields, "facets", split);
}

static void
print_facets (const json_t *reply)
{
    const json_t *facet, *value;
    size_t i, k;
    json_array_foreach (json_object_get (reply, "facets"), i, facet)
    {
        printf ("\n%s\n", json_string_value (json_object_get (facet, "facet")));
        json_array_foreach (json_object_get (facet, "values"), k, value)
            printf ("  %8s  %s\n", json_string_value (json_object_get (value, "count")),
                    json_string_value (json_object_get (value, "value")));
    }
}

/* Scores with three places: more say nothing to a person. */
static void
round_scores (const json_t *reply)
{
    json_t *hit;
    size_t i;
    json_array_foreach (json_object_get (reply, "hits"), i, hit)
    {
        char text[32];
        snprintf (text, sizeof text, "%.3f", json_number_value (json_object_get (hit, "score")));
        json_object_set_new (hit, "score", json_string (text));
    }
}

static void
show (const json_t *reply)
{
    const char *total = json_string_value (json_object_get (reply, "total"));
    const char *next = json_string_value (json_object_get (reply, "nextCursor"));
    const json_t *warning;
    size_t i;
    printf ("%s found%s in %s records%s\n", total ? total : "0",
            json_is_true (json_object_get (reply, "totalIsLowerBound")) ? " or more" : "",
            json_string_value (json_object_get (reply, "records")) ? json_string_value (json_object_get (reply, "records")) : "0",
            json_is_true (json_object_get (reply, "behind")) ? " (the latest may be missing)" : "");
    round_scores (reply);
    ctl_print_table (json_object_get (reply, "hits"), columns);
    print_facets (reply);
    json_array_foreach (json_object_get (reply, "warnings"), i, warning)
        fprintf (stderr, "warning: %s\n", json_string_value (warning));
    if (next && *next)
        fprintf (stderr, "more: --cursor %s\n", next);
}

static int
run (const ctl_args *args)
{
    json_t *fields = ctl_request (args), *reply = NULL;
    if (fields == NULL)
        return CTL_USAGE;
    split_facets (fields);
    int code = ctl_exchange (args, args->command->service, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        show (reply);
    json_decref (fields);
    json_decref (reply);
    return code;
}

const ctl_command ctl_search_commands[] = {
    { .name = "achievement search",
      .summary = "Finds stored achievements by CQL, the best first",
      .details = "What was accepted before is found. Pages go on with --cursor and stay right while records come and go.",
      .examples = "  ttctl achievement search '石墨烯 and ind=C39' --facets industry,year\n"
                  "  ttctl achievement search 'ti=\"thin film\" not pd<2018' --sort completion --limit 50 --json",
      .options = options,
      .run = run,
      .service = CTL_ACHIEVEMENT,
      .method = "techtransfer.achievement.v1.AchievementIngest/SearchAchievements",
      .request = &techtransfer__achievement__v1__search_achievements_request__descriptor,
      .reply = &techtransfer__achievement__v1__search_achievements_reply__descriptor },
    { 0 },
};
