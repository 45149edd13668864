/* The command line, the requests that it makes, and the widths of tables. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "catalog/catalog.h"
#include "ctl.h"
#include "query/cql.h"
#include "text_width.h"
#include "wire/json.h"

#define MAX_WORDS 32

/* Parses a line cut at |. */
static bool
parse (const char *line, ctl_args *args, bool *done)
{
    static char text[1024];
    char program[] = "ttctl", *words[MAX_WORDS] = { program }, *rest = NULL;
    int n = 1;
    snprintf (text, sizeof text, "%s", line);
    for (char *word = strtok_r (text, "|", &rest); word && n < MAX_WORDS; word = strtok_r (NULL, "|", &rest))
        words[n++] = word;
    return ctl_parse (n, words, args, done);
}

static void
expect_request (const char *line, const char *expected)
{
    ctl_args args;
    bool done;
    cr_assert (parse (line, &args, &done), "%s", line);
    json_t *request = ctl_request (&args), *wanted = json_loads (expected, 0, NULL);
    char *shown = json_dumps (request, 0);
    cr_expect (json_equal (request, wanted), "%s", shown);
    ProtobufCMessage *message = NULL;
    tt_error error = { 0 };
    cr_expect_eq (tt_json_to_message (args.command->request, request, 0, NULL, &message, &error), TT_OK, "%s", error.message);
    if (message)
        protobuf_c_message_free_unpacked (message, NULL);
    free (shown);
    json_decref (request);
    json_decref (wanted);
    ctl_args_free (&args);
}

static void
expect_refused (const char *line)
{
    ctl_args args;
    bool done;
    cr_expect_not (parse (line, &args, &done), "%s", line);
    ctl_args_free (&args);
}

Test (args, requests)
{
    expect_request (
        "watch|put|ent-4|w1|ti=石墨烯|--severity|warning",
        "{\"watch\": {\"owner\": \"ent-4\", \"watch_id\": \"w1\", \"query\": \"ti=石墨烯\", \"severity\": \"WARNING\"}}");
    expect_request ("watch|put|--query=ti=a|--id|w1|ent-4",
                    "{\"watch\": {\"owner\": \"ent-4\", \"watch_id\": \"w1\", \"query\": \"ti=a\"}}");
    expect_request ("watch|put|ent-4|w1|--|--odd",
                    "{\"watch\": {\"owner\": \"ent-4\", \"watch_id\": \"w1\", \"query\": \"--odd\"}}");
    expect_request ("alerts|ack|ent-4|1|2|3", "{\"owner\": \"ent-4\", \"numbers\": [\"1\", \"2\", \"3\"]}");
    expect_request ("alerts|list|ent-4|--open|--json", "{\"owner\": \"ent-4\", \"unacknowledged_only\": true}");
    expect_request ("pushes|answer|ent-4|3|not-relevant",
                    "{\"owner\": \"ent-4\", \"number\": \"3\", \"answer\": \"NOT_RELEVANT\"}");
    expect_request (
        "apply|ningbo|a1|ent-4|--district|yinzhou|--industry|C39|--stage|seed|--equity|2000000:1000000|--loan|3,000.5:0:5.2:24",
        "{\"application\": {\"market\": \"ningbo\", \"application_id\": \"a1\", \"applicant\": \"ent-4\", \"district\": "
        "\"yinzhou\","
        " \"industry\": \"C39\", \"stage\": \"seed\", \"legs\": [{\"leg\": \"EQUITY\", \"amount_fen\": 200000000, "
        "\"minimum_fen\": 100000000},"
        " {\"leg\": \"LOAN\", \"amount_fen\": 300050, \"minimum_fen\": 0, \"price_limit\": \"5.2\", \"tenor_months\": "
        "\"24\"}]}}");
    expect_request ("product|put|ningbo|b1|p1|loan|--ticket-min|1|--ticket-max|2|--capacity|3|--special|4|--special|5",
                    "{\"product\": {\"market\": \"ningbo\", \"provider_id\": \"b1\", \"product_id\": \"p1\", \"leg\": \"LOAN\", "
                    "\"ticket_min_fen\": 100,"
                    " \"ticket_max_fen\": 200, \"capacity_fen\": 300, \"mandate\": {\"specials\": [\"4\", \"5\"]}}}");
}

Test (args, refused, .init = cr_redirect_stderr)
{
    expect_refused ("watch|put|ent-4|w1");
    expect_refused ("watch|put|a|b|c|d");
    expect_refused ("watch|list|ent-4|--colour");
    expect_refused ("watch|list|ent-4|--limit|many");
    expect_refused ("watch|list|ent-4|--limit|-1");
    expect_refused ("watch|list|ent-4|--limit");
    expect_refused ("watch|list|ent-4|--limit|1|--limit|2");
    expect_refused ("watch|list|ent-4|--json=yes");
    expect_refused ("provider|put|m|p|bank|n|--capacity|1.005");
    expect_refused ("apply|m|a|e|--district|d|--industry|C|--stage|s|--loan|lots");
    expect_refused ("wathc|put");
    expect_refused ("watch|lost");
}

/* Every command has what help promises, and its call's fields are fields of its request. */
Test (args, the_table_is_whole)
{
    const ctl_command *command;
    size_t n = 0;
    for (; (command = ctl_command_at (n)); n++) {
        cr_expect (command->summary && command->examples && command->run, "%s", command->name);
        for (const ctl_option *o = command->options; o->name; o++) {
            cr_expect (o->help != NULL, "%s --%s", command->name, o->name);
            if (o->field == NULL || command->run != ctl_call) /* who builds its request itself names what it likes */
                continue;
            const ProtobufCMessageDescriptor *type = command->request;
            char path[128], *rest = NULL;
            snprintf (path, sizeof path, "%.*s", (int)strcspn (o->field, "="), o->field); /* behind "=" is an enum's prefix */
            for (char *step = strtok_r (path, ".", &rest); step; step = strtok_r (NULL, ".", &rest)) {
                const ProtobufCFieldDescriptor *field
                    = type ? protobuf_c_message_descriptor_get_field_by_name (type, step) : NULL;
                cr_assert_not_null (field, "%s --%s: no field %s", command->name, o->name, o->field);
                type = field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
            }
        }
    }
    cr_expect_geq (n, 30);
}

/* -- the examples of --help, as a shell would cut them -- */

#define MAX_EXAMPLE 1024

/* Cuts one example into words, up to a | or > that belongs to the shell; a line that ends in \\ goes on. Returns where it ends.
 */
static const char *
cut_example (const char *at, char *text, char **words, int *count)
{
    char quote = 0;
    bool word = false, over = false;
    for (*count = 0; *at && (quote || *at != '\n'); at++) {
        if (at[0] == '\\' && at[1] == '\n') {
            at++;
            continue;
        }
        over = over || (!quote && (*at == '|' || *at == '>'));
        bool blank = !quote && (*at == ' ' || over);
        if (blank && word)
            *text++ = '\0';
        if (!blank && !word && *count < MAX_WORDS)
            words[(*count)++] = text;
        word = !blank;
        if (!blank && (*at == '\'' ? quote == 0 || quote == '\'' : false))
            quote = quote ? 0 : '\'';
        else if (!blank)
            *text++ = *at;
    }
    *text = '\0';
    return *at ? at + 1 : at;
}

static void
expect_query (const tt_schema *schema, const char *query)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    if (query)
        cr_expect_eq (tt_cql_parse (schema, query, strlen (query), &cql, &error), TT_OK, "%s: %s", query, error.message);
    tt_cql_free (&cql);
}

/* Keys in examples are keys of the catalogue. */
static void
expect_known (const tt_catalog *catalog, const ctl_args *args)
{
    const char *indicator = ctl_get (args, "indicator"), *key = ctl_get (args, "key"), *department = ctl_get (args, "department");
    if (args->command->service != CTL_STATISTICS)
        return;
    indicator = indicator ? indicator : key;
    cr_expect (indicator == NULL || tt_catalog_indicator_by_key (catalog, indicator), "%s", indicator);
    cr_expect (department == NULL || tt_catalog_department_by_code (catalog, department), "%s", department);
}

static void
expect_example (const tt_catalog *catalog, int count, char **words)
{
    ctl_args args;
    bool done;
    if (count == 0 || strcmp (words[0], "ttctl") != 0) /* another program's */
        return;
    cr_assert (ctl_parse (count, words, &args, &done), "%s %s %s", words[1], words[2], count > 3 ? words[3] : "");
    json_t *request = args.command->run == ctl_call ? ctl_request (&args) : NULL;
    ProtobufCMessage *message = NULL;
    tt_error error = { 0 };
    if (request)
        cr_expect_eq (tt_json_to_message (args.command->request, request, 0, NULL, &message, &error), TT_OK, "%s", error.message);
    if (message)
        protobuf_c_message_free_unpacked (message, NULL);
    bool patents = args.command->service == CTL_PATENT || args.command->service == CTL_NO_SERVICE;
    expect_query (patents ? tt_schema_patent () : tt_schema_achievement (), ctl_get (&args, "query"));
    expect_known (catalog, &args);
    json_decref (request);
    ctl_args_free (&args);
}

Test (args, the_examples_work_as_they_are_typed)
{
    tt_catalog *catalog = NULL;
    tt_error error = { 0 };
    const ctl_command *command;
    cr_assert_eq (tt_text_open (&error), TT_OK);
    cr_assert_eq (tt_catalog_open (&catalog, NULL, &error), TT_OK, "%s", error.message);
    for (size_t n = 0; (command = ctl_command_at (n)); n++)
        for (const char *at = command->examples; *at;) {
            char text[MAX_EXAMPLE], *words[MAX_WORDS];
            int count;
            at = cut_example (at, text, words, &count);
            expect_example (catalog, count, words);
        }
    tt_catalog_close (&catalog);
}

Test (args, rejects_spare_what_is_read, .init = cr_redirect_stderr)
{
    char folder[] = "/tmp/tt-args-XXXXXX", line[512], a[64], b[64];
    ctl_args args;
    bool done;
    cr_assert_not_null (mkdtemp (folder));
    snprintf (a, sizeof a, "%s/a.jsonl", folder);
    snprintf (b, sizeof b, "%s/a.jsonl.state", folder);
    fclose (fopen (a, "w"));
    fclose (fopen (b, "w"));
    const struct {
        const char *form, *x, *y;
    } cases[] = { { "import|patents|%s|--rejects|%s", a, a },
                  { "import|patents|%s|--rejects|%s", b, a },
                  { "import|patents|x/p.xml|y/p.xml|--rejects|%s", folder, "" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf (line, sizeof line, cases[i].form, cases[i].x, cases[i].y);
        cr_assert (parse (line, &args, &done), "%s", line);
        cr_expect_eq (args.command->run (&args), CTL_USAGE, "%s", line);
        ctl_args_free (&args);
        cr_expect (access (a, F_OK) == 0 && access (b, F_OK) == 0, "%s", line);
    }
    unlink (a);
    unlink (b);
    rmdir (folder);
}

Test (args, endpoints)
{
    ctl_args args;
    bool done;
    cr_assert (parse ("counts", &args, &done));
    unsetenv ("TT_STATISTICS_ENDPOINTS");
    cr_expect_str_eq (ctl_endpoints (&args, CTL_STATISTICS, 0), "tcp://127.0.0.1:5740");
    cr_expect_str_eq (ctl_endpoints (&args, CTL_PATENT, 2), "tcp://127.0.0.1:5712");
    setenv ("TT_STATISTICS_ENDPOINTS", "tcp://a:1,tcp://b:1", 1);
    cr_expect_str_eq (ctl_endpoints (&args, CTL_STATISTICS, 0), "tcp://a:1,tcp://b:1");
    ctl_args_free (&args);
    cr_assert (parse ("counts|--endpoints|tcp://c:1", &args, &done));
    cr_expect_str_eq (ctl_endpoints (&args, CTL_STATISTICS, 0), "tcp://c:1");
    ctl_args_free (&args);
}

Test (table, chinese_takes_two_columns)
{
    cr_expect_eq (ctl_text_width ("abc"), 3);
    cr_expect_eq (ctl_text_width ("石墨烯"), 6);
    cr_expect_eq (ctl_text_width ("e\xcc\x81"), 1);
    cr_expect_eq (ctl_text_width ("\xff"), 1);
    cr_expect_eq (ctl_text_fit ("石墨烯", 5), 6);
    cr_expect_eq (ctl_text_fit ("石墨烯", 6), 9);
    cr_expect_eq (ctl_text_fit ("", 3), 0);
}

Test (table, columns_line_up, .init = cr_redirect_stdout)
{
    static const ctl_column columns[]
        = { { "NAME", "name", false, false }, { "YUAN", "fen", true, true }, { "X", "list.0.x", false, false }, { 0 } };
    json_t *rows = json_loads ("[{\"name\": \"甬江\\n天使\", \"fen\": \"123456789\", \"list\": [{\"x\": \"one\"}]}, {\"name\": "
                               "\"bank\", \"fen\": \"5\"}]",
                               0, NULL);
    ctl_print_table (rows, columns);
    fflush (stdout);
    cr_expect_stdout_eq_str ("NAME               YUAN  X\n"
                             "甬江 天使  1,234,567.89  one\n"
                             "bank               0.05\n");
    json_decref (rows);
}

Test (table, a_record_says_its_units, .init = cr_redirect_stdout)
{
    json_t *record = json_loads ("{\"capacityFen\": \"3000000050\", \"putUnixMs\": \"0\", \"name\": \"a\\u009bb\"}", 0, NULL);
    ctl_print_record (record);
    fflush (stdout);
    cr_expect_stdout_eq_str ("capacity                          30,000,000.50 yuan\n"
                             "put                               1970-01-01T00:00:00.000Z\n"
                             "name                              a  b\n");
    json_decref (record);
}
