/* patent query explain, as text and as JSON; and applicants' names of the real data under their cores. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl.h"
#include "import/build.h"
#include "import/import.h"
#include "query/name.h"

static void
redirect (void)
{
    cr_redirect_stdout ();
    cr_redirect_stderr ();
}

static int
run (int count, const char **words)
{
    ctl_args args;
    bool done;
    cr_assert (ctl_parse (count, (char **)words, &args, &done));
    int code = args.command->run (&args);
    fflush (stdout);
    fflush (stderr);
    ctl_args_free (&args);
    return code;
}

static void
write_documents (char path[64])
{
    strcpy (path, "/tmp/tt-explain-XXXXXX");
    int file = mkstemp (path);
    static const char text[] = "{\"pn\": \"CN1A\", \"ti\": \"graphene film\"}\n{\"pn\": \"CN2A\", \"ti\": \"film\"}\n{\"pn\": "
                               "\"CN3A\", \"ti\": \"steel\"}\n"
                               "{\"pn\": \"CN4A\", \"ti\": \"steel film\"}\n";
    cr_assert_eq (write (file, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close (file);
}

Test (explain, as_text_from_the_default_table, .init = redirect)
{
    const char *words[] = { "ttctl", "patent", "query", "explain", "ti=graphene AND CN or pd>2015" };
    cr_expect_eq (run (5, words), CTL_OK);
    cr_expect_stdout_eq_str (
        "canonical\n  ti=graphene and CN or pd>2015\n"
        "warning\n  at byte 19: and, or, not have equal precedence and are taken from left to right; parentheses would make this "
        "mix "
        "clear\n"
        "tree, with the part of all documents that each selects\n"
        "    50.0112 %  or\n"
        "     0.0225 %    and\n"
        "     0.4500 %      ti=graphene   ti, title: [graphene]\n"
        "     5.0000 %      CN   pn, publication number; two letters alone: country: CN   index inferred: the code of a country\n"
        "    50.0000 %    pd>2015   pd, publication date: 2016-01-01 to any day\n"
        "anchors\n  none: the query is evaluated on every document\n"
        "selectivity\n  50.0112 %, estimated from the default table of shares (--documents FILE observes real ones)\n");
}

Test (explain, as_json_from_documents, .init = redirect)
{
    char path[64];
    write_documents (path);
    const char *words[] = { "ttctl", "query", "explain", "ti=film and ti=graph*", "--documents", path, "--json" };
    cr_expect_eq (run (7, words), CTL_OK);
    unlink (path);
    cr_expect_stdout_eq_str (
        "{\"canonical\":\"ti=film and "
        "ti=graph*\",\"warnings\":[],\"anchors\":[{\"term\":\"gra\",\"kind\":\"prefix\",\"indexes\":[\"ti\"],\"documents\":0}],"
        "\"scanned\":false,\"selectivity\":{\"share\":0.1875,\"from\":\"documents\",\"documents\":4,\"matched\":1},\"tree\":{"
        "\"operation\":\"and\","
        "\"share\":0.1875,\"matched\":1,\"parts\":[{\"operation\":\"clause\",\"clause\":\"ti=film\",\"index\":\"ti\",\"meaning\":"
        "\"title\",\"looked_for\":"
        "\"[film]\",\"byte\":3,\"share\":0.75,\"matched\":3},{\"operation\":\"clause\",\"clause\":\"ti=graph*\",\"index\":\"ti\","
        "\"meaning\":\"title\","
        "\"looked_for\":\"[graph*]\",\"byte\":15,\"share\":0.25,\"matched\":1}]}}\n");
}

Test (explain, a_prefix_that_ends_inside_a_character, .init = redirect)
{
    const char *words[] = { "ttctl", "patent", "query", "explain", "ti=aaéb*", "--json" };
    cr_expect_eq (run (6, words), CTL_OK);
    FILE *said = cr_get_redirected_stdout ();
    char text[2048];
    text[fread (text, 1, sizeof text - 1, said)] = '\0';
    cr_expect (strstr (text, "\"term\":\"aa\",\"kind\":\"prefix\"") != NULL, "%s", text);
}

Test (explain, a_bad_query_has_its_place, .init = redirect)
{
    const char *words[] = { "ttctl", "patent", "query", "explain", "ti=a and" };
    cr_expect_eq (run (5, words), CTL_REFUSED);
    cr_expect_stderr_eq_str ("ttctl: at byte 8: expected a term after \"and\", found the end\n");
}

Test (explain, a_scheme_gives_the_subgroups, .init = redirect)
{
    const char *words[] = { "ttctl",
                            "patent",
                            "query",
                            "explain",
                            "ic=/low H01F1/055",
                            "--ipc-scheme",
                            TT_SOURCE_DIR "/tests/data/classes/excerpt.txt" };
    cr_expect_eq (run (7, words), CTL_OK);
    FILE *said = cr_get_redirected_stdout ();
    char text[2048];
    text[fread (text, 1, sizeof text - 1, said)] = '\0';
    cr_expect (strstr (text, "ic, IPC symbol: H01F1/055 alone or H01F1/057 alone\n") != NULL, "%s", text);
}

/* Names */

static void
core_of (const char *name, tt_buffer *out)
{
    uint32_t kept[TT_NAME_MAX_TOKENS];
    static tt_tokens tokens;
    tt_text_tokenise (tt_bytes_of_text (name), &tokens);
    size_t count = tt_name_core (tt_bytes_of_text (name), &tokens, kept);
    tt_buffer_clear (out);
    for (size_t i = 0; i < count; i++) {
        tt_bytes token = tt_token_text (&tokens, count < tokens.count ? kept[i] : i);
        tt_buffer_printf (out, "%s%.*s", i ? " " : "", (int)token.size, (const char *)token.data);
    }
}

/* Each spelling to its core, and each core to how many spellings it has. */
static void
take_names (const char *path, json_t *cores, json_t *spellings)
{
    tt_import *import = NULL;
    const tt_import_record *record;
    tt_error error = { 0 };
    tt_buffer core = { 0 };
    cr_assert_eq (tt_import_open (&import, path, &(tt_import_options){ .kind = TT_IMPORT_PATENTS }, &error), TT_OK, "%s",
                  error.message);
    while (tt_import_next (import, &record, &error) == TT_OK && record) {
        const tt_patent *patent = (const tt_patent *)record->message;
        for (size_t i = 0; patent && i < patent->n_applicants; i++) {
            const char *name = patent->applicants[i]->name;
            if (json_object_get (cores, name))
                continue;
            core_of (name, &core);
            json_object_set_new (cores, name, json_string (tt_buffer_cstr (&core)));
            json_int_t before = json_integer_value (json_object_get (spellings, tt_buffer_cstr (&core)));
            json_object_set_new (spellings, tt_buffer_cstr (&core), json_integer (before + 1));
        }
    }
    tt_buffer_free (&core);
    tt_import_close (&import);
}

Test (names, of_the_real_data)
{
    static const char *const files[]
        = { "lens_drones_biblio.jsonl.gz", "us_grants_1976_2025_biblio.jsonl.gz", "cn_patents_full_record_tiny_sample.jsonl" };
    static const char *const pairs[][2] = { { "BOSE CORP", "Bose Corporation" },
                                            { "SIEMENS AG", "Siemens Aktiengesellschaft" },
                                            { "PROCTER & GAMBLE", "The Procter & Gamble Company" },
                                            { "OLYMPUS OPTICAL CO", "Olympus Optical Co., Ltd." },
                                            { "VERIZON PATENT & LICENSING INC", "Verizon Patent and Licensing Inc." },
                                            { "FUJITSU LTD", "FUJITSU LIMITED" },
                                            { "ZAHNRADFABRIK FRIEDRICHSHAFEN", "Zahnradfabrik Friedrichshafen AG" },
                                            { "CIBA GEIGY AG", "Ciba-Geigy" } };
    const char *data = getenv ("TT_REAL_DATA");
    tt_error error = { 0 };
    json_t *cores = json_object ();
    json_t *spellings = json_object ();
    cr_assert_eq (tt_text_open (&error), TT_OK);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[1024];
        snprintf (path, sizeof path, "%s/patents/%s", data ? data : TT_SOURCE_DIR "/../shared/data", files[i]);
        if (access (path, R_OK) != 0)
            cr_skip_test ("skipped: no %s", path);
        take_names (path, cores, spellings);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *one = json_string_value (json_object_get (cores, pairs[i][0]));
        const char *other = json_string_value (json_object_get (cores, pairs[i][1]));
        cr_assert (one && other, "%s or %s is not in the data", pairs[i][0], pairs[i][1]);
        cr_expect_str_eq (one, other, "%s, %s", pairs[i][0], pairs[i][1]);
    }
    size_t shared = 0;
    const char *core;
    json_t *count;
    json_object_foreach (spellings, core, count)
    {
        cr_expect (*core);
        shared += json_integer_value (count) > 1;
    }
    printf ("%zu spellings, %zu cores, %zu with more than one spelling\n", json_object_size (cores), json_object_size (spellings),
            shared);
    cr_expect (json_object_size (cores) > 9000 && shared > 200);
    json_decref (cores);
    json_decref (spellings);
}
