/* Offline matching: watches from a file against documents, and what a bad line costs. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl.h"
#include "watches.h"

static char watches[64], documents[64];

static void
write_temporary (char path[64], const char *text)
{
    strcpy (path, "/tmp/tt-match-XXXXXX");
    int descriptor = mkstemp (path);
    cr_assert_geq (descriptor, 0);
    cr_assert_eq (write (descriptor, text, strlen (text)), (ssize_t)strlen (text));
    close (descriptor);
}

static int
run (const char *more)
{
    ctl_args args;
    bool done;
    const char *words[] = { "ttctl", "match", "--watches", watches, "--documents", documents, "--json", more };
    cr_assert (ctl_parse (more ? 8 : 7, (char **)words, &args, &done));
    int code = args.command->run (&args);
    fflush (stdout);
    ctl_args_free (&args);
    unlink (watches);
    unlink (documents);
    return code;
}

static void
redirect (void)
{
    cr_redirect_stdout ();
    cr_redirect_stderr ();
}

Test (match, every_document_in_order_with_its_watches_sorted, .init = redirect)
{
    write_temporary (watches,
                     "{\"id\": \"zz\", \"query\": \"ti=石墨烯\"}\n{\"id\": \"aa\", \"query\": \"cc=CN\", \"label\": \"x\"}\n"
                     "{\"id\": \"magnets\", \"query\": \"ic=H01F and pd>2018\"}\n");
    write_temporary (documents,
                     "{\"pn\": \"CN 111111366 B\", \"ti\": \"氧化石墨烯薄膜\"}\n"
                     "{\"publication\": {\"country\": \"EP\", \"number\": \"77\", \"kind\": \"A1\", \"date\": \"2019-01-02\"},"
                     " \"titles\": [{\"text\": \"Magnet\"}], \"ipc\": [\"H01F1/053\"]}\n"
                     "{\"pn\": \"US-1-A\", \"ti\": \"none\"}\n");
    cr_expect_eq (run (NULL), CTL_OK);
    cr_expect_stdout_eq_str ("{\"document\": \"CN 111111366 B\", \"watches\": [\"aa\", \"zz\"]}\n"
                             "{\"document\": \"EP77A1\", \"watches\": [\"magnets\"]}\n"
                             "{\"document\": \"US-1-A\", \"watches\": []}\n");
}

Test (match, a_bad_query_is_said_with_its_place_and_the_rest_done, .init = redirect)
{
    write_temporary (watches, "{\"id\": \"bad\", \"query\": \"ti=a and\"}\n{\"id\": \"good\", \"query\": \"ti=b\"}\nrubbish\n"
                              "{\"id\": \"good\", \"query\": \"ti=c\"}\n{\"query\": \"ti=c\"}\n");
    write_temporary (documents, "{\"pn\": \"US1\", \"ti\": \"b\"}\n");
    cr_expect_eq (run (NULL), CTL_REFUSED);
    cr_expect_stdout_eq_str ("{\"document\": \"US1\", \"watches\": [\"good\"]}\n");
}

Test (match, a_rejected_document_shows_in_the_exit_code, .init = redirect)
{
    write_temporary (watches, "{\"id\": \"good\", \"query\": \"ti=b\"}\n");
    write_temporary (documents, "{\"pn\": \"US1\"}\n{\"pn\": \"US2\", \"ti\": \"b\"}\n");
    cr_expect_eq (run (NULL), CTL_PARTLY);
    cr_expect_stdout_eq_str ("{\"document\": \"US2\", \"watches\": [\"good\"]}\n");
}

/* The same watches over one document in each form that import knows. */
Test (match, documents_in_any_form, .init = redirect)
{
    static const char *const forms[] = {
        "pn,pd,ti,pa,ic\r\nEP77A1,2019-01-02,Sintered magnet,Beispiel GmbH,H01F1/053\r\n",
        "pn\tpd\tti\tpa\tic\nEP77A1\t2019-01-02\tSintered magnet\tBeispiel GmbH\tH01F1/053\n",
        "{\"pn\": \"EP77A1\", \"pd\": \"20190102\", \"ti\": {\"en\": \"Sintered magnet\"}, \"pa\": \"Beispiel GmbH\", \"ic\": "
        "\"H01F   1/053       "
        "20060101AFI20190102BHEP\"}\n",
        "{\"publication\":{\"country\":\"EP\",\"number\":\"77\",\"kind\":\"A1\",\"date\":\"2019-01-02\"},\"titles\":[{\"text\":"
        "\"Sintered magnet\"}],"
        "\"applicants\":[{\"name\":\"Beispiel GmbH\"}],\"ipc\":[\"H01F1/053\"],\"marks\":[\"ai H01F1/053\"]}\n",
        "<?xml version=\"1.0\"?>\n<exchange-documents><exchange-document country=\"EP\" doc-number=\"77\" kind=\"A1\" "
        "date-publ=\"20190102\">"
        "<bibliographic-data><classifications-ipcr><classification-ipcr><text>H01F   1/053       20060101AFI20190102BHEP        "
        "</text>"
        "</classification-ipcr></classifications-ipcr><parties><applicants><applicant data-format=\"docdb\"><applicant-name>"
        "<name>BEISPIEL GMBH [DE]</name></applicant-name></applicant></applicants></parties>"
        "<invention-title lang=\"en\">Sintered "
        "magnet</invention-title></bibliographic-data></exchange-document></exchange-documents>\n",
    };
    const size_t count = sizeof forms / sizeof forms[0];
    tt_buffer expected = { 0 };
    for (size_t i = 0; i < count; i++) {
        write_temporary (
            watches,
            "{\"id\": \"applicant\", \"query\": \"pa==\\\"Beispiel AG\\\"\"}\r\n{\"id\": \"class\", \"query\": "
            "\"ic=H01F1/053 and pd=2019 and pn=EP\"}\r\n{\"id\": \"role\", \"query\": \"ai=H01F\"}\n\n{\"id\": \"words\", "
            "\"query\": \"ti=\\\"sintered magnet*\\\" not ti=steel\"}");
        write_temporary (documents, forms[i]);
        cr_expect_eq (run (NULL), CTL_OK, "form %zu", i);
        tt_buffer_printf (&expected, "{\"document\": \"EP77A1\", \"watches\": [\"applicant\", \"class\", %s\"words\"]}\n",
                          i < 2 ? "" : "\"role\", ");
    }
    cr_expect_stdout_eq_str (tt_buffer_cstr (&expected));
    tt_buffer_free (&expected);
}

Test (match, not_strict, .init = redirect)
{
    write_temporary (watches, "{\"id\": \"bad\", \"query\": \"\"}\n");
    write_temporary (documents, "{\"pn\": \"US1\", \"ti\": \"b\"}\n");
    cr_expect_eq (run ("--strict=no"), CTL_OK);
    cr_expect_stdout_eq_str ("{\"document\": \"US1\", \"watches\": []}\n");
}

Test (match, the_place_of_a_bad_line, .init = redirect)
{
    ctl_watches loaded;
    tt_error error = { 0 };
    char expected[256];
    cr_assert_eq (tt_text_open (&error), TT_OK);
    write_temporary (watches, "\n{\"id\": \"bad\", \"query\": \"ti=a and\"}\n");
    cr_assert_eq (ctl_watches_load (&loaded, watches, &error), TT_OK);
    fflush (stderr);
    cr_expect_eq (loaded.bad, 1);
    snprintf (expected, sizeof expected, "%s:2: bad: at byte 8: ", watches);
    FILE *said = cr_get_redirected_stderr ();
    char text[512];
    size_t n = fread (text, 1, sizeof text - 1, said);
    text[n] = '\0';
    cr_expect (strncmp (text, expected, strlen (expected)) == 0, "%s", text);
    ctl_watches_free (&loaded);
    unlink (watches);
}
