/* Legal events out of the EPO's answers, JSON and tables. The samples are made up in the forms that OPS documents. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "import/import.h"
#include "import/legal.h"

static char path[] = "/tmp/tt-legal-XXXXXX";

static void
write_file (const char *text, size_t size)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_eq (write (fd, text, size), (ssize_t)size);
    close (fd);
}

static void
set_up (void)
{
    int fd = mkstemp (path);
    cr_assert_geq (fd, 0);
    close (fd);
    setenv ("TT_CATALOG_DIR", TT_SOURCE_DIR "/common/catalog/data", 1);
}

static void
tear_down (void)
{
    unlink (path);
}

TestSuite (legal, .init = set_up, .fini = tear_down);

static void
add_reference (tt_buffer *out, const Techtransfer__Patent__V1__DocumentReference *reference)
{
    if (reference)
        tt_buffer_printf (out, "%s%s%s", reference->country, reference->number, reference->kind);
}

/* Each record in one line: publication|application|family|office|code|effective|announced|text|parties, or its reason. */
static void
expect_events (const char *text, size_t size, const char *encoding, const char *wanted)
{
    tt_import *import = NULL;
    tt_error error = { 0 };
    const tt_import_record *record;
    tt_import_options options = { .kind = TT_IMPORT_LEGAL_EVENTS, .encoding = encoding };
    tt_buffer out = { 0 };
    uint64_t number = 0;
    write_file (text, size);
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK, "%s", error.message);
    for (;;) {
        cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
        if (record == NULL)
            break;
        const tt_legal_event *e = (const tt_legal_event *)record->message;
        cr_expect_eq (record->number, ++number);
        if (e == NULL) {
            tt_buffer_printf (&out, "!%s\n", record->reason);
            continue;
        }
        add_reference (&out, e->publication);
        tt_buffer_text (&out, "|");
        add_reference (&out, e->application);
        tt_buffer_printf (&out, "|%s|%s|%s|%s|%s|%s|", e->family_id, e->office, e->code, e->effective_date, e->announced_date,
                          e->text);
        for (size_t i = 0; i < e->n_parties; i++)
            tt_buffer_printf (&out, "%s%s", i ? "," : "", e->parties[i]->name);
        tt_buffer_printf (&out, "%s\n", strstr (record->notes, "not in the catalogue") ? " (unknown)" : "");
    }
    cr_expect_str_eq (tt_buffer_cstr (&out), wanted, "%s", tt_buffer_cstr (&out));
    tt_buffer_free (&out);
    tt_import_close (&import);
}

static void
expect (const char *text, const char *wanted)
{
    expect_events (text, strlen (text), NULL, wanted);
}

#define FAMILY(members)                                                                                                          \
    "<?xml version=\"1.0\"?>\n<ops:world-patent-data xmlns=\"http://www.epo.org/exchange\" xmlns:ops=\"http://ops.epo.org\">\n"  \
    "<ops:patent-family legal=\"true\">\n<ops:publication-reference><document-id><country>EP</country></document-id>"            \
    "</ops:publication-reference>\n" members "</ops:patent-family></ops:world-patent-data>\n"
#define MEMBER(events)                                                                                                           \
    "<ops:family-member family-id=\"777\"><publication-reference><document-id document-id-type=\"docdb\"><country>EP</country>"  \
    "<doc-number>1234567</doc-number><kind>B1</kind></document-id></publication-reference><application-reference>"               \
    "<document-id document-id-type=\"docdb\"><country>EP</country><doc-number>05111111</doc-number><kind>A</kind></document-id>" \
    "</application-reference>" events "</ops:family-member>\n"

Test (legal, events_of_a_family_member)
{
    expect (FAMILY (MEMBER (
                "<ops:legal code=\"AS  \" desc=\"ASSIGNMENT\" infl=\" \"><ops:pre line=\"1\">as it was printed</ops:pre>"
                "<ops:L001EP desc=\"Country Code\">EP</ops:L001EP><ops:L002EP>F</ops:L002EP><ops:L003EP>  5111111</ops:L003EP>"
                "<ops:L007EP desc=\"Gazette DATE\">2014-04-04</ops:L007EP><ops:L008EP>AS</ops:L008EP><ops:L500EP>"
                "<ops:L509EP desc=\"OWNER\">New Owner &amp; Co</ops:L509EP>"
                "<ops:L510EP desc=\"Free Format Text\">REEL 1</ops:L510EP>"
                "<ops:L525EP desc=\"Effective DATE\">20130523</ops:L525EP></ops:L500EP></ops:legal>"
                "<ops:legal code=\"PG25\" desc=\"LAPSED IN A CONTRACTING STATE\"><ops:L001EP>EP</ops:L001EP>"
                "<ops:L007EP>2020-01-31</ops:L007EP><ops:L500EP><ops:L501EP>AT</ops:L501EP></ops:L500EP></ops:legal>"
                "<ops:legal code=\"REG\" desc=\"REFERENCE TO A NATIONAL CODE\"><ops:L001EP>EP</ops:L001EP>"
                "<ops:L007EP>2020-02-29</ops:L007EP><ops:L500EP><ops:L501EP>DE</ops:L501EP>"
                "<ops:L502EP desc=\"Ref Legal Event Code\">R119</ops:L502EP></ops:L500EP></ops:legal>"
                "<ops:legal code=\"XYZ9\" desc=\"NEVER HEARD OF\"><ops:L001EP>EP</ops:L001EP></ops:legal>"
                "<ops:legal code=\"\" desc=\"NAMELESS\"><ops:L001EP>EP</ops:L001EP></ops:legal>")),
            "EP1234567B1|EP05111111A|777|EP|AS|2013-05-23|2014-04-04|ASSIGNMENT; REEL 1|New Owner & Co (unknown)\n"
            "EP1234567B1|EP05111111A|777|AT|PG25||2020-01-31|LAPSED IN A CONTRACTING STATE|\n"
            "EP1234567B1|EP05111111A|777|DE|R119||2020-02-29|REFERENCE TO A NATIONAL CODE|\n"
            "EP1234567B1|EP05111111A|777|EP|XYZ9|||NEVER HEARD OF| (unknown)\n"
            "!code: missing\n");
}

Test (legal, what_the_event_says_of_the_right_where_the_member_does_not)
{
    expect (FAMILY ("<ops:family-member><ops:legal code=\"AS\"><ops:L001EP>US</ops:L001EP><ops:L002EP>F</ops:L002EP>"
                    "<ops:L003EP>    87951510</ops:L003EP><ops:L004EP>A </ops:L004EP></ops:legal><ops:legal code=\"FP\">"
                    "<ops:L001EP>US</ops:L001EP><ops:L002EP>P</ops:L002EP><ops:L003EP>7000001</ops:L003EP></ops:legal>"
                    "<ops:legal code=\"FP\"><ops:L001EP>US</ops:L001EP></ops:legal></ops:family-member>"),
            "|US87951510A||US|AS||||\nUS7000001|||US|FP||||\n!publication: missing, and application too\n");
}

Test (legal, members_without_events_are_passed_over_and_a_file_without_any_is_refused)
{
    expect (FAMILY (MEMBER ("") MEMBER ("<ops:legal code=\"26N\"/>") MEMBER ("")), "EP1234567B1|EP05111111A|777|EP|26N||||\n");
    expect (FAMILY (MEMBER ("") MEMBER ("")), "!no legal event in any element of the file\n");
    expect (FAMILY (""), "!no family member and no document of the register in this answer of the EPO\n");
    expect ("<?xml version=\"1.0\"?><a/>", "!root element <a> holds no legal events that are understood\n");
    expect (FAMILY (MEMBER ("<ops:legal code=\"26N\"/></oops>") MEMBER ("<ops:legal code=\"26N\"/>")),
            "!line 5: Opening and ending tag mismatch: family-member line 1 and oops\nEP1234567B1|EP05111111A|777|EP|26N||||\n");
}

Test (legal, documents_of_the_register)
{
    expect (
        "<?xml version=\"1.0\"?><o:world-patent-data xmlns:o=\"http://ops.epo.org\" xmlns:r=\"http://www.epo.org/register\">"
        "<o:register-search><r:register-documents><r:register-document><r:ep-patent-statuses>"
        "<r:ep-patent-status change-date=\"20191025\" status-code=\"8\">The patent has been granted</r:ep-patent-status>"
        "</r:ep-patent-statuses><r:bibliographic-data><r:publication-reference><r:document-id><r:country>EP</r:country>"
        "<r:doc-number>1234567</r:doc-number><r:kind>A1</r:kind><r:date>20111228</r:date></r:document-id>"
        "</r:publication-reference><r:term-of-grant change-date=\"20210101\"><r:lapsed-in-country><r:country>AL</r:country>"
        "<r:date>20100624</r:date></r:lapsed-in-country><r:lapsed-in-country><r:country>SE</r:country><r:date>20100101</r:date>"
        "</r:lapsed-in-country></r:term-of-grant><r:term-of-grant "
        "change-date=\"20220708\"><r:lapsed-in-country><r:country>HU</r:country>"
        "<r:date>20100624</r:date></r:lapsed-in-country><r:lapsed-in-country><r:country>AL</r:country><r:date>20100624</r:date>"
        "</r:lapsed-in-country></r:term-of-grant></r:bibliographic-data><r:events-data><r:dossier-event id=\"EVT_82\">"
        "<r:event-date><r:date>20000331</r:date></r:event-date><r:event-code>0009012</r:event-code>"
        "<r:event-text event-text-type=\"DESCRIPTION\">Publication</r:event-text><r:event-text>Detail</r:event-text>"
        "<r:gazette-reference><r:gazette-num>2000/20</r:gazette-num><r:date>20000517</r:date></r:gazette-reference>"
        "</r:dossier-event></r:events-data><r:procedural-data><r:procedural-step><r:procedural-step-code>ABEX"
        "</r:procedural-step-code><r:procedural-step-text>Amendments</r:procedural-step-text><r:procedural-step-date>"
        "<r:date>20140722</r:date></r:procedural-step-date></r:procedural-step></r:procedural-data></r:register-document>"
        "</r:register-documents></o:register-search></o:world-patent-data>",
        "EP1234567A1|||EP|status-8|2019-10-25||The patent has been granted|\n"
        "EP1234567A1|||EP|0009012|2000-03-31|2000-05-17|Publication; Detail|\n"
        "EP1234567A1|||EP|ABEX|2014-07-22||Amendments| (unknown)\n"
        "EP1234567A1|||HU|lapsed-in-country|2010-06-24|2022-07-08||\n"
        "EP1234567A1|||AL|lapsed-in-country|2010-06-24|2021-01-01||\n");
}

Test (legal, json_lines)
{
    expect ("{\"publication\":{\"number\":\"CN111504366B\"},\"code\":\"CF01\",\"effectiveDate\":\"20240102\"}\n"
            "{\"application\":{\"country\":\"CN\",\"number\":\"202010123456\"},\"office\":\"CN\",\"code\":\"TR01\","
            "\"parties\":[{\"name\":\"宁波甲公司\"}]}\n"
            "{\"publication\":{\"number\":\"CN111504366B\"},\"code\":\"CF01\",\"effectiveDate\":\"soon\"}\n"
            "{\"publication\":{\"number\":\"111504366\"},\"code\":\"CF01\"}\n"
            "{\"publication\":{\"number\":\"CN1B\"},\"office\":\"CN\"}\n{\"code\":\"CF01\"}\n"
            "{\"publication\":{\"number\":\"111504366B\"},\"office\":\"CN\",\"code\":\"CF01\"}\n",
            "CN111504366B|||CN|CF01|2024-01-02|||\n|CN202010123456||CN|TR01||||宁波甲公司\n"
            "!effective_date: \"soon\" is not a day\n!publication.country: missing\n!code: missing\n"
            "!publication: missing, and application too\nCN111504366B|||CN|CF01||||\n");
}

Test (legal, tables_by_built_in_maps)
{
    expect ("pn,code,date,party\nCN111504366B,TR01,2024-01-02,New Owner\nCN111504366B,,2024-01-02,\n",
            "CN111504366B|||CN|TR01|2024-01-02|||New Owner\n!code: missing\n");
    expect (
        "申请号,公开公告号,法律状态代码,法律状态公告日,法律状态信息\nCN202010123456.7,CN111504366B,CF01,2024.01.02,未缴年费\n",
        "CN111504366B|CN202010123456||CN|CF01||2024-01-02|未缴年费|\n");
}

Test (legal, a_table_in_gb18030)
{
    static const char text[] = "pn,code,date,party\nCN111504366B,TR01,2024-01-02,\xc4\xfe\xb2\xa8\n";
    expect_events (text, sizeof text - 1, "GBK", "CN111504366B|||CN|TR01|2024-01-02|||宁波\n");
}

Test (legal, an_import_is_taken_up_between_events_of_one_element)
{
    const char *text = FAMILY (MEMBER ("<ops:legal code=\"26N\"/><ops:legal code=\"PG25\"/><ops:legal code=\"AK\"/>"));
    tt_import *import = NULL;
    const tt_import_record *record;
    tt_error error = { 0 };
    tt_import_options options = { .kind = TT_IMPORT_LEGAL_EVENTS };
    write_file (text, strlen (text));
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK);
    for (int i = 0; i < 2; i++)
        cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    uint64_t number = record->number, end = record->end;
    tt_import_close (&import);
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK);
    cr_assert_eq (tt_import_skip (import, number, end, &error), TT_OK);
    cr_assert_eq (tt_import_next (import, &record, &error), TT_OK);
    cr_expect_str_eq (((const tt_legal_event *)record->message)->code, "AK");
    cr_expect_eq (record->number, 3);
    tt_import_close (&import);
    cr_assert_eq (tt_import_open (&import, path, &options, &error), TT_OK);
    cr_expect_eq (tt_import_skip (import, number, end + 1, &error), TT_OUT_OF_RANGE);
    tt_import_close (&import);
}
