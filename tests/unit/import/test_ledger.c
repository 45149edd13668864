/* The account of an import: what is in the files after an interruption, and that a resumed one loses and doubles nothing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "import/import.h"
#include "import/ledger.h"

static char folder[64], input[128], rejects[128], state[160];

static void
set_up (void)
{
    strcpy (folder, "/tmp/tt-ledger-XXXXXX");
    cr_assert_not_null (mkdtemp (folder));
    snprintf (input, sizeof input, "%s/in.jsonl", folder);
    snprintf (rejects, sizeof rejects, "%s/r.jsonl", folder);
    snprintf (state, sizeof state, "%s.state", rejects);
}

static void
tear_down (void)
{
    unlink (input);
    unlink (rejects);
    unlink (state);
    rmdir (folder);
}

static void
write_file (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    cr_assert_not_null (file);
    fputs (text, file);
    fclose (file);
}

static char *
read_file (const char *path)
{
    static char text[8192];
    FILE *file = fopen (path, "r");
    size_t n = file ? fread (text, 1, sizeof text - 1, file) : 0;
    text[n] = '\0';
    if (file)
        fclose (file);
    return text;
}

TestSuite (ledger, .init = set_up, .fini = tear_down);

Test (ledger, rejections_behind_the_last_settled_record_are_written_once)
{
    tt_ledger *ledger;
    tt_error error = { 0 };
    uint64_t number, end;
    cr_assert_eq (tt_ledger_open (&ledger, "in", "f", rejects, false, &error), TT_OK);
    cr_assert_eq (tt_ledger_reject (ledger, 1, 1, "bad", tt_bytes_of_text ("one \xff"), &error), TT_OK);
    tt_ledger_count (ledger)->read = 5;
    cr_assert_eq (tt_ledger_settle (ledger, 5, 500, &error), TT_OK);
    cr_assert_eq (tt_ledger_reject (ledger, 7, 7, "worse", tt_bytes_of_text ("seven"), &error), TT_OK);
    tt_ledger_close (&ledger);

    cr_assert_eq (tt_ledger_open (&ledger, "in", "f", rejects, true, &error), TT_OK, "%s", error.message);
    tt_ledger_resume_point (ledger, &number, &end);
    cr_expect (number == 5 && end == 500);
    cr_expect (tt_ledger_count (ledger)->read == 5 && tt_ledger_count (ledger)->rejected == 1);
    cr_assert_eq (tt_ledger_reject (ledger, 7, 7, "worse", tt_bytes_of_text ("seven"), &error), TT_OK);
    tt_ledger_finish (ledger);
    tt_ledger_close (&ledger);
    cr_expect_str_eq (read_file (rejects), "{\"file\":\"in\",\"line\":1,\"record\":1,\"reason\":\"bad\",\"text\":\"one \"}\n"
                                           "{\"file\":\"in\",\"line\":7,\"record\":7,\"reason\":\"worse\",\"text\":\"seven\"}\n");
    cr_expect_neq (access (state, F_OK), 0, "the state goes when the import is complete");
}

Test (ledger, another_file_is_not_resumed)
{
    tt_ledger *ledger;
    tt_error error = { 0 };
    cr_assert_eq (tt_ledger_open (&ledger, "in", "f", rejects, false, &error), TT_OK);
    cr_assert_eq (tt_ledger_settle (ledger, 5, 500, &error), TT_OK);
    tt_ledger_close (&ledger);
    cr_expect_eq (tt_ledger_open (&ledger, "in", "g", rejects, true, &error), TT_FAILED_PRECONDITION);
    cr_expect_eq (tt_ledger_open (&ledger, "out", "f", rejects, true, &error), TT_FAILED_PRECONDITION);
    write_file (state, "rubbish");
    cr_expect_eq (tt_ledger_open (&ledger, "in", "f", rejects, true, &error), TT_FAILED_PRECONDITION);
    cr_expect_null (ledger);
}

Test (ledger, an_import_goes_on_where_it_stood)
{
    tt_import *import;
    tt_error error = { 0 };
    const tt_import_record *record;
    tt_import_options options = { .kind = TT_IMPORT_PATENTS };
    uint64_t end = 0;
    write_file (input, "{\"pn\": \"US1\", \"ti\": \"a\"}\n\n{\"pn\": \"US2\"}\n{\"pn\": \"US3\", \"ti\": \"c\"}\nrubbish\n");
    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK);
    for (int i = 1; i <= 2; i++) {
        cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
        cr_assert (record && record->number == (uint64_t)i);
        end = record->end;
    }
    cr_expect_str_eq (record->reason, "ti: missing");
    cr_expect_eq (record->line, 3);
    tt_import_close (&import);

    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK);
    cr_expect_eq (tt_import_skip (import, 2, end, &error), TT_OK);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect (record->number == 3 && record->message && strcmp (record->id, "US3") == 0);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect (record->reason && record->line == 5);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect_null (record);
    tt_import_close (&import);

    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK);
    cr_expect_eq (tt_import_skip (import, 2, end + 1, &error), TT_OUT_OF_RANGE);
    tt_import_close (&import);
    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK);
    cr_expect_eq (tt_import_skip (import, 9, 0, &error), TT_OUT_OF_RANGE);
    tt_import_close (&import);
}

Test (ledger, nothing_of_a_classified_record_is_kept)
{
    tt_import *import;
    tt_error error = { 0 };
    const tt_import_record *record;
    tt_import_options options = { .kind = TT_IMPORT_ACHIEVEMENTS };
    write_file (
        input,
        "{\"source\": \"s\", \"sourceId\": \"1\", \"title\": \"hidden thing\", \"owners\": [\"o\"], \"secrecy\": \"secret\"}\n"
        "{\"source\": \"s\", \"sourceId\": \"2\", \"title\": \"open thing\", \"owners\": [\"o\"], \"secrecy\": \"public\"}\n");
    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect (record->secret && record->message == NULL && record->text.size == 0);
    cr_expect_null (strstr (record->reason, "hidden"));
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect_not_null (record->message);
    tt_import_close (&import);
}

static void
expect_concealed (const char *content, const char *map)
{
    tt_import *import;
    tt_error error = { 0 };
    const tt_import_record *record;
    tt_import_options options = { .kind = TT_IMPORT_ACHIEVEMENTS, .map = map };
    write_file (input, content);
    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_assert_not_null (record, "%s", content);
    cr_expect (record->secret && record->message == NULL && record->text.size == 0, "%s", content);
    cr_expect (record->reason && strstr (record->reason, "hidden") == NULL, "%s", record->reason);
    cr_expect_null (strstr (record->notes, "hidden"));
    tt_import_close (&import);
}

/* What else is wrong with a classified record would be quoted, and its text kept beside it. */
Test (ledger, a_classified_record_with_other_faults_is_not_kept_either)
{
    static char columns[] = "/tmp/tt-map-XXXXXX";
    int file = mkstemp (columns);
    cr_assert (file >= 0);
    close (file);
    write_file (columns,
                "source = \"s\"\nsource_id = id\ntitle = name\nowners = name\nprice_fen = fen(price)\nsecrecy = level\n");
    expect_concealed ("{\"source\": \"s\", \"title\": \"hidden\", \"secrecy\": \"secret\", \"trl\": \"hidden\"}\n", NULL);
    expect_concealed ("{\"source\": \"s\", \"hidden\": 1, \"secrecy\": \"secret\"}\n", NULL);
    expect_concealed ("{\"source\": \"s\", \"title\": \"hidden\", \"secrecy\": [\"secret\"]}\n", NULL);
    expect_concealed ("{\"source\": \"s\", \"title\": \"hidden\", \"secrecy\": \"secret\", hidden\n", NULL);
    expect_concealed ("source,source_id,title,owners,secrecy,trl\ns,1,hidden,o,secret,hidden\n", NULL);
    expect_concealed ("source,source_id,title,owners,secrecy\ns,1,hidden,o,secret,hidden\n", NULL);
    expect_concealed ("id,name,price,level\n1,hidden,hidden,secret\n", columns);
    expect_concealed ("id,name,price,level\n1,hidden,1,secret,hidden\n", columns);
    unlink (columns);
}

Test (ledger, tables_and_what_is_no_table)
{
    tt_import *import;
    tt_error error = { 0 };
    const tt_import_record *record;
    tt_import_options options = { .kind = TT_IMPORT_PROVIDERS };
    write_file (
        input,
        "market;provider_id;kind;name;capacity_fen\nningbo;p1;ANGEL;甬江天使;300\nningbo;p2;WHAT;x;1\nningbo;p3;BANK;y;1;6\n");
    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect (record->message != NULL, "%s", record->reason);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect (record->reason && strstr (record->reason, "kind"), "%s", record->reason);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect_str_eq (record->reason, "more fields than the header has columns");
    tt_import_close (&import);
    write_file (input, "market,colour\nningbo,red\n");
    cr_expect_eq (tt_import_open (&import, input, &options, &error), TT_INVALID_ARGUMENT);
    cr_expect (strstr (error.message, "colour") && strstr (error.message, "--map"), "%s", error.message);
    write_file (input, "PATN\nWKU  039327094\n");
    cr_expect_eq (tt_import_open (&import, input, &options, &error), TT_INVALID_ARGUMENT);
    write_file (input, "[{\"a\": 1}]");
    cr_expect_eq (tt_import_open (&import, input, &options, &error), TT_INVALID_ARGUMENT);
    write_file (input, "");
    cr_assert_eq (tt_import_open (&import, input, &options, &error), TT_OK);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect_null (record);
    tt_import_close (&import);
}
