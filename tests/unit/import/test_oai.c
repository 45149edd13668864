/* Records and answers of OAI-PMH: what becomes of each field, what is refused and where, and records in records wherever the
 * input is cut into pieces. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "import/import.h"
#include "import/oai.h"
#include "import/oai_page.h"
#include "import/split.h"
#include "wire/json.h"

#define HEADER "<header><identifier>oai:Uni.org:1</identifier><datestamp>2026-01-02T03:04:05Z</datestamp></header>"
#define DC(values) "<record>" HEADER "<metadata><oai_dc:dc>" values "</oai_dc:dc></metadata></record>"
#define MARC(fields) "<record>" HEADER "<metadata><marc:record>" fields "</marc:record></metadata></record>"
#define FIELD(tag, subfields) "<datafield tag=\"" tag "\">" subfields "</datafield>"
#define SUB(code, text) "<subfield code=\"" code "\">" text "</subfield>"
#define TITLE "<dc:title>T</dc:title>"
#define BASE "\"source\": \"uni.org\", \"sourceId\": \"oai:Uni.org:1\", \"sourceVersion\": \"1767323045\", "

/* The record as JSON and its notes in one text, or the reason of its refusal. */
static void
expect_with (const tt_oai_options *options, const char *text, const char *wanted)
{
    ProtobufCMessage *message = NULL;
    tt_buffer notes = { 0 }, id = { 0 };
    tt_error error = { 0 };
    json_t *json = NULL;
    tt_status status = tt_achievement_of_oai (tt_bytes_of_text (text), 7, options, &message, &notes, &id, &error);
    if (status != TT_OK) {
        cr_assert_null (message);
        cr_expect_str_eq (error.message, wanted);
    } else {
        cr_assert_eq (tt_json_from_message (message, 0, &json, &error), TT_OK);
        char *shown = json_dumps (json, 0);
        tt_buffer out = { 0 };
        tt_buffer_printf (&out, "%s%s%s", shown, notes.size ? " " : "", tt_buffer_cstr (&notes));
        cr_expect_str_eq (tt_buffer_cstr (&out), wanted);
        tt_buffer_free (&out);
        free (shown);
        json_decref (json);
        protobuf_c_message_free_unpacked (message, NULL);
    }
    tt_buffer_free (&notes);
    tt_buffer_free (&id);
}

static void
expect (const char *text, const char *wanted)
{
    expect_with (&(tt_oai_options){ 0 }, text, wanted);
}

Test (oai, dublin_core)
{
    expect (DC ("<dc:title>石墨烯 的\n 制备</dc:title><dc:title xml:lang=\"en-GB\">Graphene &amp; oxide</dc:title><dc:creator>Li, Wei</dc:creator>"
                "<dc:creator>Li, Wei</dc:creator><dc:subject>a; b；c ;; a</dc:subject><dc:description>One</dc:description>"
                "<dc:description>Two</dc:description><dc:publisher>Uni</dc:publisher><dc:date>2020</dc:date><dc:date>2020-01-02T00:00:00Z</dc:date>"),
            "{" BASE "\"title\": \"石墨烯 的 制备\", \"titleEn\": \"Graphene & oxide\", \"abstract\": \"One\\nTwo\", \"keywords\": [\"a\", \"b\", \"c\"], "
            "\"owners\": [\"Uni\"], \"people\": [{\"name\": \"Li, Wei\"}], \"completedDate\": \"2020-01-02\"} date: \"2020\" is not a day, left out\n");
    expect (DC (TITLE "<dc:language>eng</dc:language><dc:creator>X</dc:creator>"),
            "{" BASE "\"title\": \"T\", \"titleEn\": \"T\", \"owners\": [\"X\"], \"people\": [{\"name\": \"X\"}]} owners: no publisher, the people are taken\n");
    expect (DC ("<dc:title>T</dc:title><dc:title>Second</dc:title><dc:publisher>P</dc:publisher>"),
            "{" BASE "\"title\": \"T\", \"owners\": [\"P\"]} title: a further one is left out\n");
    expect_with (&(tt_oai_options){ "given", "Repository", 0 }, DC (TITLE),
                 "{\"source\": \"given\", \"sourceId\": \"oai:Uni.org:1\", \"sourceVersion\": \"1767323045\", \"title\": \"T\", \"owners\": [\"Repository\"]} "
                 "owners: no publisher, the repository is taken\n");
}

Test (oai, marc)
{
    expect (MARC ("<controlfield tag=\"001\">9</controlfield>" FIELD ("041", SUB ("a", "chi")) FIELD ("100", SUB ("a", "Li, Wei,") SUB ("u", "Lab"))
                      FIELD ("245", SUB ("a", "Title :") SUB ("b", "rest /") SUB ("c", "by Li")) FIELD ("242", SUB ("a", "English.") SUB ("y", "eng"))
                          FIELD ("264", SUB ("b", "Press,") SUB ("c", "c2019-05-06.")) FIELD ("520", SUB ("a", "What it is"))
                              FIELD ("650", SUB ("a", "Word.") SUB ("x", "aside")) FIELD ("653", SUB ("a", "one") SUB ("a", "two"))
                                  FIELD ("700", SUB ("a", "Wu"))),
            "{" BASE "\"title\": \"Title : rest\", \"titleEn\": \"English.\", \"abstract\": \"What it is\", \"keywords\": [\"Word\", \"one\", \"two\"], "
            "\"owners\": [\"Press\"], \"people\": [{\"name\": \"Li, Wei\", \"organisation\": \"Lab\"}, {\"name\": \"Wu\"}]} date: \"2019-05-06.\" is not a day, left out\n");
    expect (MARC (FIELD ("245", SUB ("a", "T")) FIELD ("110", SUB ("a", "Corp") SUB ("b", "Dept")) FIELD ("260", SUB ("b", "Press"))),
            "{" BASE "\"title\": \"T\", \"owners\": [\"Corp Dept\"]}");
    expect_with (&(tt_oai_options){ .source = "s" },
                 "<record><leader>00000cam</leader>" FIELD ("024", SUB ("a", "10.1/x")) FIELD ("245", SUB ("a", "T")) FIELD ("710", SUB ("a", "C")) "</record>",
                 "{\"source\": \"s\", \"sourceId\": \"10.1/x\", \"title\": \"T\", \"owners\": [\"C\"]}");
    expect_with (&(tt_oai_options){ .source = "s" }, "<record><leader>00000dam</leader><controlfield tag=\"001\">9</controlfield></record>",
                 "{\"source\": \"s\", \"sourceId\": \"9\", \"reason\": \"deleted by the repository\"}");
}

Test (oai, deleted_and_refused)
{
    expect ("<record><header status=\"deleted\"><identifier>oai:a:1</identifier><datestamp>2026-01-02</datestamp></header></record>",
            "{\"source\": \"a\", \"sourceId\": \"oai:a:1\", \"reason\": \"deleted by the repository\"}");
    expect ("<error code=\"badResumptionToken\">gone</error>", "badResumptionToken: gone");
    expect ("<error/>", "error: ");
    expect ("<thing/>", "root element <thing> is no record of OAI-PMH or MARC");
    expect ("<record/>", "neither a number (001, 024) nor a header of OAI-PMH");
    expect ("<record><header/></record>", "header.identifier: missing");
    expect ("<record><header><identifier>x</identifier></header></record>", "\"x\" names no repository: the source must be given");
    expect ("<record><header><identifier>oai:a:1</identifier><datestamp>2026-02-30</datestamp></header></record>",
            "header.datestamp: \"2026-02-30\" is no day and no time in UTC");
    expect ("<record>" HEADER "</record>", "metadata: missing");
    expect ("<record>" HEADER "<metadata><mets:mets/></metadata></record>", "metadata: <mets:mets> is neither oai_dc nor marc21");
    expect (DC ("<dc:publisher>P</dc:publisher>"), "title: missing");
    expect (DC (TITLE), "owners: neither a publisher nor a person is named");
    expect ("<record>\n<a></b></record>", "line 8: Opening and ending tag mismatch: a line 2 and b");
}

/* The last moment of the day, but of the day of the harvest the moment of the harvest. */
Test (oai, versions_of_days)
{
    static const struct {
        int64_t answered_ms;
        uint64_t version;
    } cases[] = { { 0, 1767398399 }, { 1767348000000, 1767348000 }, { 1767312000000, 1767312000 }, { 1767398400000, 1767398399 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ProtobufCMessage *message = NULL;
        tt_buffer notes = { 0 }, id = { 0 };
        const char *text = "<record><header><identifier>oai:a:1</identifier><datestamp>2026-01-02</datestamp></header><metadata><dc>" TITLE
                           "<dc:creator>C</dc:creator></dc></metadata></record>";
        tt_oai_options options = { .answered_ms = cases[i].answered_ms };
        cr_assert_eq (tt_achievement_of_oai (tt_bytes_of_text (text), 1, &options, &message, &notes, &id, NULL), TT_OK);
        cr_expect_eq (((tt_achievement *)message)->source_version, cases[i].version);
        protobuf_c_message_free_unpacked (message, NULL);
        tt_buffer_free (&notes);
        tt_buffer_free (&id);
    }
}

Test (oai, what_does_not_fit_is_cut_at_a_character)
{
    tt_buffer text = { 0 }, notes = { 0 }, id = { 0 };
    ProtobufCMessage *message = NULL;
    tt_buffer_text (&text, "<record>" HEADER "<metadata><dc><title>");
    for (int i = 0; i < 600; i++)
        tt_buffer_text (&text, "墨");
    tt_buffer_text (&text, "</title>");
    for (int i = 0; i < 70; i++)
        tt_buffer_printf (&text, "<creator>C%d</creator><subject>S%d</subject>", i, i);
    tt_buffer_text (&text, "</dc></metadata></record>");
    cr_assert_eq (tt_achievement_of_oai ((tt_bytes){ text.data, text.size }, 1, &(tt_oai_options){ 0 }, &message, &notes, &id, NULL), TT_OK);
    const tt_achievement *record = (tt_achievement *)message;
    cr_expect_eq (strlen (record->title), 512 * 3);
    cr_expect_eq (record->n_people, 64);
    cr_expect_eq (record->n_keywords, 64);
    cr_expect_not_null (strstr (tt_buffer_cstr (&notes), "title: cut to 512 characters\n"));
    cr_expect_not_null (strstr (tt_buffer_cstr (&notes), "people: more than 64, the rest is left out\n"));
    protobuf_c_message_free_unpacked (message, NULL);
    tt_buffer_free (&text);
    tt_buffer_free (&notes);
    tt_buffer_free (&id);
}

static tt_status
page_of (const char *text, tt_oai_page *page, tt_error *error)
{
    tt_source *source = tt_source_new_bytes (tt_bytes_of_text (text));
    tt_status status = tt_oai_page_read (source, page, error);
    tt_source_close (&source);
    return status;
}

#define ANSWER(inner) "<o:OAI-PMH><o:responseDate>2026-01-02T03:04:05Z</o:responseDate>" inner "</o:OAI-PMH>"

Test (oai, pages)
{
    static tt_oai_page page;
    tt_error error = { 0 };
    cr_assert_eq (page_of (ANSWER ("<o:ListRecords><o:record><a><resumptionToken>no</resumptionToken></a></o:record><record/>"
                                   "<o:resumptionToken completeListSize=\"70\" cursor=\"5\"> a&amp;b=<![CDATA[<c>]]> </o:resumptionToken></o:ListRecords>"),
                           &page, &error),
                  TT_OK, "%s", error.message);
    cr_expect_str_eq (page.token, "a&b=<c>");
    cr_expect (page.records == 2 && page.list_size == 70 && page.cursor == 5 && page.answered_ms == 1767323045000 && !page.identified);
    cr_assert_eq (page_of (ANSWER ("<error code=\"noRecordsMatch\">none</error><error code=\"other\">x</error>"), &page, &error), TT_OK);
    cr_expect_str_eq (page.error_code, "noRecordsMatch");
    cr_expect_str_eq (page.error_text, "none");
    cr_assert_eq (page_of (ANSWER ("<Identify><repositoryName>R</repositoryName><protocolVersion>2.0</protocolVersion><deletedRecord>no</deletedRecord>"
                                   "<granularity>YYYY-MM-DD</granularity><description><granularity>x</granularity></description></Identify>"),
                           &page, &error),
                  TT_OK);
    cr_expect (page.identified);
    cr_expect_str_eq (page.granularity, "YYYY-MM-DD");
    cr_expect_str_eq (page.repository, "R");
}

Test (oai, pages_that_are_refused)
{
    static const char *const cases[][2] = {
        { "", "line 1: Extra content at the end of the document" },
        { "<html/>", "line 1: the root element is not OAI-PMH" },
        { "<OAI-PMH/>", "no responseDate: no answer of OAI-PMH" },
        { "<OAI-PMH><responseDate>today</responseDate></OAI-PMH>", "line 1: responseDate is no time in UTC" },
        { "<!DOCTYPE a [<!ENTITY b \"c\">]>\n<OAI-PMH/>", "line 1: a DOCTYPE, which OAI-PMH does not have" },
        { "<OAI-PMH>\n<a>&b;</a></OAI-PMH>", "line 2: Entity 'b' not defined" },
    };
    static tt_oai_page page;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tt_error error = { 0 };
        cr_expect_eq (page_of (cases[i][0], &page, &error), TT_INVALID_ARGUMENT);
        cr_expect_str_eq (error.message, cases[i][1]);
    }
    /* cut off anywhere it is no answer */
    const char *whole = ANSWER ("<ListRecords><record/></ListRecords>");
    for (size_t size = 0; size < strlen (whole); size++) {
        char *part = tt_strndup (whole, size);
        cr_expect_eq (page_of (part, &page, NULL), TT_INVALID_ARGUMENT, "%zu", size);
        free (part);
    }
    tt_buffer text = { 0 };
    tt_buffer_text (&text, "<OAI-PMH><ListRecords><resumptionToken>");
    for (int i = 0; i < TT_OAI_TEXT; i++)
        tt_buffer_text (&text, "x");
    tt_buffer_text (&text, "</resumptionToken></ListRecords></OAI-PMH>");
    tt_error error = { 0 };
    cr_expect_eq (page_of (tt_buffer_cstr (&text), &page, &error), TT_INVALID_ARGUMENT);
    cr_expect_not_null (strstr (error.message, "more than 4,095 bytes"), "%s", error.message);
    tt_buffer_free (&text);
}

/* MARC records bear the name of the record around them; the end of a piece may fall anywhere. */
Test (oai, records_in_records_at_every_cut)
{
    static const char *const wanted[] = { "record", "error", NULL };
    static const char record[] = "<record><m><record x='1'>a</record><record/></m></record>";
    for (size_t pad = 0; pad < 400; pad++) {
        tt_buffer text = { 0 };
        tt_buffer_text (&text, "<OAI-PMH><ListRecords>");
        while (text.size < 262144 - 350 + pad)
            tt_buffer_text (&text, " ");
        tt_buffer_printf (&text, "%s%s<record a='b'/>%s</ListRecords></OAI-PMH>", record, record, record);
        tt_source *source = tt_source_new_bytes ((tt_bytes){ text.data, text.size });
        tt_split *split = tt_split_new (source, 0);
        tt_split_want (split, wanted);
        tt_chunk chunk;
        bool more = true;
        for (size_t i = 0; i < 4; i++) {
            const char *expected = i == 2 ? "<record a='b'/>" : record;
            cr_assert_eq (tt_split_next (split, &chunk, &more, NULL), TT_OK);
            cr_assert (more && tt_bytes_equal (chunk.text, tt_bytes_of_text (expected)), "%zu %zu: %.*s", pad, i, (int)chunk.text.size,
                       (const char *)chunk.text.data);
        }
        cr_assert (tt_split_next (split, &chunk, &more, NULL) == TT_OK && !more);
        tt_split_close (&split);
        tt_source_close (&source);
        tt_buffer_free (&text);
    }
}
