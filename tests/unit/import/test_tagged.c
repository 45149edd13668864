/* The US office's forms of tagged lines, and encodings: Green Book, BRS, Windows-1252 declared as UTF-8, GB18030, UTF-16, marks.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "import/decode.h"
#include "import/formats.h"
#include "import/import.h"
#include "import/tagged.h"

static char path[] = "/tmp/tt-tagged-XXXXXX";

static void
set_up (void)
{
    int fd = mkstemp (path);
    cr_assert_geq (fd, 0);
    close (fd);
}

static void
tear_down (void)
{
    unlink (path);
}

TestSuite (tagged, .init = set_up, .fini = tear_down);
TestSuite (encoding, .init = set_up, .fini = tear_down);

static tt_import *
open_bytes (const void *bytes, size_t size, tt_import_options options)
{
    tt_import *import = NULL;
    tt_error error = { 0 };
    int fd = open (path, O_WRONLY | O_TRUNC);
    cr_assert_eq (write (fd, bytes, size), (ssize_t)size);
    close (fd);
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK, "%s", error.message);
    return import;
}

static const tt_import_record *
next (tt_import *import)
{
    const tt_import_record *record;
    tt_error error = { 0 };
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK, "%s", error.message);
    return record;
}

static const tt_patent *
accepted (tt_import *import)
{
    const tt_import_record *record = next (import);
    cr_assert_not_null (record);
    cr_assert_null (record->reason, "%s", record->reason);
    return (const tt_patent *)record->message;
}

static const char greenbook[]
    = "HHHHHT   some header\r\nPATN\r\nWKU  038312345\r\nSRC  5\r\nAPN  2345678\r\nAPT  1\r\nAPD  19730307\r\nTTL  Machine for "
      "folding\r\n"
      "      wide paper\r\nISD  19740827\r\nINVT\r\nNAM  Doe; Jane Q.\r\nCTY  Tiburon\r\nSTA  CA\r\nINVT\r\nNAM  Mori; "
      "Ken\r\nCNT  JPX\r\n"
      "ASSG\r\nNAM  Folding Works\r\nCNT  DT\r\nPRIR\r\nCNT  JPX\r\nAPD  19720710\r\nAPN  47/84696\r\nCLAS\r\nOCL  179 90K\r\n"
      "ICL  B60R  900\r\nICL  nonsense\r\nUREF\r\nPNO  3518629\r\nISD  19700600\r\nNAM  Frankel\r\nFREF\r\nPNO  1,234,567\r\n"
      "ISD  19650102\r\nCNT  GBX\r\nABST\r\nPAL  It folds\r\n      paper.\r\nBSUM\r\nPAR  PATN is a tag.\r\nCLMS\r\nSTM  I "
      "claim:\r\nNUM  1.\r\n"
      "PAR  1. A machine:\r\nPA1  with a roller.\r\nNUM  2.\r\nPAR  2. As in 1.\r\n"
      "PATN\r\nWKU  D02345671\r\nAPN  4491556\r\nAPD  19740307\r\nTTL  Bottle\r\nISD  19750113\r\nCLAS\r\nICL  D0901\r\nDCLM\r\n"
      "PAR  The design of a bottle.\r\nPATN\r\nTTL  Without a number\r\nISD  19750113\r\n";

Test (tagged, greenbook)
{
    tt_import *import = open_bytes (greenbook, sizeof greenbook - 1, (tt_import_options){ .kind = TT_IMPORT_PATENTS });
    const tt_import_record *record = next (import);
    const tt_patent *p = (const tt_patent *)record->message;
    cr_assert_not_null (p, "%s", record->reason);
    cr_expect_eq (record->line, 2);
    cr_expect_str_eq (record->notes, "ICL: \"nonsense\" is no class symbol, left out\n");
    cr_expect_str_eq (p->publication->number, "3831234");
    cr_expect_str_eq (p->publication->kind, "A");
    cr_expect_str_eq (p->publication->date, "1974-08-27");
    cr_expect_str_eq (p->application->number, "05234567", "series code and six digits, without the check digit");
    cr_expect_str_eq (p->application->date, "1973-03-07");
    cr_expect_str_eq (p->titles[0]->text, "Machine for folding wide paper");
    cr_expect_str_eq (p->abstracts[0]->text, "It folds paper.");
    cr_assert_eq (p->n_inventors, 2);
    cr_expect_str_eq (p->inventors[0]->name, "Doe, Jane Q.");
    cr_expect_str_eq (p->inventors[0]->country, "US");
    cr_expect_str_eq (p->inventors[1]->country, "JP");
    cr_assert_eq (p->n_applicants, 1);
    cr_expect_str_eq (p->applicants[0]->country, "DE");
    cr_assert_eq (p->n_priorities, 1);
    cr_expect_str_eq (p->priorities[0]->number, "4784696");
    cr_expect_str_eq (p->ipc[0], "B60R9/00");
    cr_assert_eq (p->n_citations, 2);
    cr_expect_str_eq (p->citations[0]->country, "US");
    cr_expect_str_eq (p->citations[1]->country, "GB");
    cr_expect_str_eq (p->citations[1]->number, "1234567");
    cr_assert_eq (p->n_claims, 2);
    cr_expect_str_eq (p->claims[0]->text, "1. A machine: with a roller.");
    p = accepted (import);
    cr_expect_str_eq (p->publication->number, "D234567");
    cr_expect_str_eq (p->publication->kind, "S");
    cr_expect_str_eq (p->locarno[0], "09-01");
    cr_expect_eq (p->n_abstracts, 0);
    cr_expect_str_eq (p->claims[0]->text, "The design of a bottle.");
    record = next (import);
    cr_expect_str_eq (record->reason, "WKU: no document number");
    cr_expect_null (next (import));
    tt_import_close (&import);
}

static const char brs[]
    = "09204581\tB2\t20151201\n*** BRS DOCUMENT BOUNDARY ***\nWKU 09204581\nDID US 9204581 B2\nGISD 20151201\nAFD 20121114\n"
      "APNR 13676098\nPRCO KR\nPRAN 10-2011-0055402\nPRAD 20110609\nIPCG 20060101 A H05K H05K9/00 F I B US H 20151201\n"
      "CPOI H05K9/0066 20130101\nCPOA Y10T29/49121 20150115\nTTL A shield,\n      wide\nURPN 2003/0169838\n"
      "URGP US 2003/0169838 A1 20030900 Greenstreet et al. 375/376 cited by examiner\n"
      "FRGP JP 201045940 20100200 cited by applicant\nAANM Yu; Long\nAACO TW\nAANM MAKER INC.\nAACO TW\nINNM Yu; Long\nINCO TW\n"
      "INNM Deng; Kuo\nINCO N/A\nASNM MAKER INC.\nASCO TW\nABPR  First.\nABPR  Second.\nCLPR  1. A shield\nCLPV  of copper.\n"
      "CLPR  2. Another.\nDSRC US\n09204582\tB2\n*** BRS DOCUMENT BOUNDARY ***\nTTL Nothing\n";

Test (tagged, brs)
{
    tt_import *import = open_bytes (brs, sizeof brs - 1, (tt_import_options){ .kind = TT_IMPORT_PATENTS });
    const tt_patent *p = accepted (import);
    cr_expect_str_eq (p->publication->number, "9204581");
    cr_expect_str_eq (p->publication->kind, "B2");
    cr_expect_str_eq (p->publication->date, "2015-12-01");
    cr_expect_str_eq (p->application->number, "13676098");
    cr_expect_str_eq (p->priorities[0]->number, "1020110055402");
    cr_expect_str_eq (p->priorities[0]->country, "KR");
    cr_expect_str_eq (p->titles[0]->text, "A shield, wide");
    cr_expect_str_eq (p->abstracts[0]->text, "First. Second.");
    cr_expect_str_eq (p->ipc[0], "H05K9/00");
    cr_expect_eq (p->n_cpc, 2);
    cr_assert_eq (p->n_citations, 2);
    cr_expect_str_eq (p->citations[0]->kind, "A1");
    cr_expect_str_eq (p->citations[1]->kind, "", "the date is no kind");
    cr_assert_eq (p->n_applicants, 1, "with an assignee, those who only invented are none");
    cr_expect_str_eq (p->applicants[0]->name, "MAKER INC.");
    cr_assert_eq (p->n_inventors, 2);
    cr_expect_str_eq (p->inventors[1]->country, "");
    cr_assert_eq (p->n_claims, 2);
    cr_expect_str_eq (p->claims[0]->text, "1. A shield of copper.");
    const char *marks[] = { "ai H05K9/00", "cpci H05K9/0066", "cpca Y10T29/49121", "ex US20030169838A1", "rf JP201045940" };
    for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
        bool found = false;
        for (size_t i = 0; i < p->n_marks; i++)
            found = found || strcmp (p->marks[i], marks[m]) == 0;
        cr_expect (found, "%s", marks[m]);
    }
    cr_expect_str_eq (next (import)->reason, "DID: no document number");
    cr_expect_null (next (import));
    tt_import_close (&import);
}

Test (tagged, a_document_too_large_costs_only_itself)
{
    tt_import *import
        = open_bytes (greenbook, sizeof greenbook - 1, (tt_import_options){ .kind = TT_IMPORT_PATENTS, .max_record = 300 });
    cr_expect_str_eq (next (import)->reason, "the document is larger than the limit for a record");
    cr_expect_str_eq (accepted (import)->publication->number, "D234567");
    tt_import_close (&import);
    tt_error error = { 0 };
    tt_import_options options = { .kind = TT_IMPORT_LEGAL_EVENTS };
    cr_expect_eq (tt_import_open (&import, path, &options, &error), TT_INVALID_ARGUMENT);
}

#define GRANT(encoding, title)                                                                                                   \
    "<?xml version=\"1.0\" encoding=\"" encoding "\"?>\n<us-patent-grant lang=\"EN\"><us-bibliographic-data-grant>"              \
    "<publication-reference><document-id><country>US</country><doc-number>07000001</doc-number></document-id>"                   \
    "</publication-reference><invention-title>" title "</invention-title></us-bibliographic-data-grant></us-patent-grant>\n"

static void
expect_title (const void *bytes, size_t size, const char *encoding, const char *title, const char *notes)
{
    tt_import *import = open_bytes (bytes, size, (tt_import_options){ .kind = TT_IMPORT_PATENTS, .encoding = encoding });
    const tt_import_record *record = next (import);
    cr_assert_null (record->reason, "%s", record->reason);
    cr_expect_str_eq (((const tt_patent *)record->message)->titles[0]->text, title);
    cr_expect_str_eq (record->notes, notes);
    tt_import_close (&import);
}

Test (encoding, what_xml_declares)
{
    static const char gb[] = GRANT ("GB2312", "\xcd\xa8\xd0\xc5"), latin[] = GRANT ("iso-8859-1", "M\xfcller \x96 x"),
                      wrong[] = GRANT ("UTF-8", "M\xfcller \x93q\x94 石"), utf8[] = GRANT ("utf-8", "Müller");
    expect_title (gb, sizeof gb - 1, NULL, "通信", "");
    expect_title (latin, sizeof latin - 1, NULL, "Müller – x", "");
    expect_title (wrong, sizeof wrong - 1, NULL, "Müller “q” 石", "3 bytes are no UTF-8, read as Windows-1252\n");
    expect_title (utf8, sizeof utf8 - 1, NULL, "Müller", "");
}

Test (encoding, bytes_that_are_none_of_it_are_refused_alone)
{
    static const char text[] = GRANT ("GB18030", "\x81\x20") GRANT ("no-such-encoding", "x") GRANT ("UTF-8", "good");
    tt_import *import = open_bytes (text, sizeof text - 1, (tt_import_options){ .kind = TT_IMPORT_PATENTS });
    cr_expect_not_null (strstr (next (import)->reason, "is no GB18030, as which the text is declared"));
    cr_expect_str_eq (next (import)->reason, "the encoding \"no-such-encoding\" is not known");
    cr_expect_str_eq (accepted (import)->titles[0]->text, "good");
    tt_import_close (&import);
}

Test (encoding, elements_of_a_container_have_that_of_its_declaration)
{
    static const char text[] = "<?xml version=\"1.0\" encoding='GBK'?><exchange-documents><exchange-document country=\"CN\" "
                               "doc-number=\"1\" kind=\"A\"><bibliographic-data><invention-title lang=\"zh\">\xcd\xa8\xd0\xc5"
                               "</invention-title></bibliographic-data></exchange-document></exchange-documents>";
    expect_title (text, sizeof text - 1, NULL, "通信", "");
}

Test (encoding, utf_16_by_its_mark)
{
    static const char plain[] = GRANT ("UTF-16", "M\xfc");
    char wide[2 * sizeof plain];
    wide[0] = '\xff';
    wide[1] = '\xfe';
    for (size_t i = 0; i + 1 < sizeof plain; i++) {
        wide[2 + 2 * i] = plain[i];
        wide[3 + 2 * i] = '\0';
    }
    expect_title (wide, sizeof wide, NULL, "Mü", "");
}

Test (encoding, of_a_whole_file_as_the_user_says)
{
    static const char lines[] = "{\"pn\":\"CN1A\",\"ti\":\"\xcd\xa8\xd0\xc5\"}\n";
    expect_title (lines, sizeof lines - 1, "gbk", "通信", "");
    tt_import *import = open_bytes (lines, sizeof lines - 1, (tt_import_options){ .kind = TT_IMPORT_PATENTS });
    cr_expect_not_null (next (import)->reason, "JSON is UTF-8, and not guessed at");
    tt_import_close (&import);
    tt_error error = { 0 };
    tt_import_options options = { .kind = TT_IMPORT_PATENTS, .encoding = "martian" };
    cr_expect_eq (tt_import_open (&import, path, &options, &error), TT_INVALID_ARGUMENT);
    cr_expect_not_null (strstr (error.message, "the encoding \"martian\" is not known"));
}

/* Characters cut by the borders of what is read at once. */
Test (encoding, a_long_file_in_two_bytes_a_character)
{
    tt_buffer text = { 0 }, title = { 0 };
    tt_buffer_text (&text, "{\"pn\":\"CN1A\",\"ti\":\"x");
    tt_buffer_text (&title, "x");
    for (int i = 0; i < 100000; i++) {
        tt_buffer_append (&text, i % 7 ? "\xcd\xa8" : "\xcd\xa8y", i % 7 ? 2 : 3);
        tt_buffer_text (&title, i % 7 ? "通" : "通y");
    }
    tt_buffer_text (&text, "\"}\n");
    expect_title (text.data, text.size, "GB18030", tt_buffer_cstr (&title), "");
    tt_buffer_free (&text);
    tt_buffer_free (&title);
}

Test (encoding, marks_between_documents)
{
    static const char text[] = "\xef\xbb\xbf" GRANT ("UTF-8", "one") "\xef\xbb\xbf" GRANT ("UTF-8", "two");
    tt_import *import = open_bytes (text, sizeof text - 1, (tt_import_options){ .kind = TT_IMPORT_PATENTS });
    cr_expect_str_eq (accepted (import)->titles[0]->text, "one");
    cr_expect_str_eq (accepted (import)->titles[0]->text, "two");
    cr_expect_null (next (import));
    tt_import_close (&import);
}

Test (encoding, declarations)
{
    static const char *const cases[][2] = { { "<?xml version=\"1.0\" encoding=\"GBK\"?>", "GBK" },
                                            { "\xef\xbb\xbf<?xml version='1.0' encoding = 'x'?>", "x" },
                                            { "<?xml version=\"1.0\"?><a encoding=\"y\"/>", "" },
                                            { "<?xml encoding=\"never closed", "" },
                                            { "<a/>", "" },
                                            { "", "" } };
    char out[TT_ENCODING_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tt_decode_declared (tt_bytes_of_text (cases[i][0]), out);
        cr_expect_str_eq (out, cases[i][1], "%s", cases[i][0]);
    }
}

Test (tagged, lists_that_nobody_publishes_are_refused_in_bounded_time)
{
    tt_buffer text = { 0 };
    tt_buffer_text (&text, "PATN\nWKU  038312345\nTTL  Many\nISD  19740827\n");
    for (int i = 0; i < 50000; i++)
        tt_buffer_printf (&text, "INVT\nNAM  Doe; %d\n", i);
    tt_import *import = open_bytes (text.data, text.size, (tt_import_options){ .kind = TT_IMPORT_PATENTS });
    cr_expect_str_eq (next (import)->reason, "inventors: more than 10000");
    tt_import_close (&import);
    tt_buffer_free (&text);
}
