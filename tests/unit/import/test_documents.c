/* One document of each form, written for this test, against what a reader of it would say. */
#include <criterion/criterion.h>
#include <string.h>

#include "import/formats.h"
#include "import/short.h"
#include "wire/json.h"

static void
expect_json (tt_patent *patent, const char *expected)
{
    tt_buffer out = { 0 };
    cr_assert_eq (tt_json_print (&patent->base, 0, &out, NULL), TT_OK);
    json_t *got = json_loads (tt_buffer_cstr (&out), 0, NULL), *wanted = json_loads (expected, 0, NULL);
    cr_assert_not_null (wanted, "the expectation is JSON");
    cr_expect (json_equal (got, wanted), "%s", tt_buffer_cstr (&out));
    json_decref (got);
    json_decref (wanted);
    tt_buffer_free (&out);
    tt_patent_free (&patent);
}

static void
expect_xml (const char *xml, const char *expected)
{
    tt_patent *patent;
    tt_error error = { 0 };
    cr_assert_eq (tt_patent_of_xml (tt_bytes_of_text (xml), 1, &patent, &error), TT_OK, "%s", error.message);
    expect_json (patent, expected);
}

static void
refused (const char *xml, const char *reason)
{
    tt_patent *patent;
    tt_error error = { 0 };
    cr_expect_eq (tt_patent_of_xml (tt_bytes_of_text (xml), 11, &patent, &error), TT_INVALID_ARGUMENT);
    cr_expect_null (patent);
    cr_expect (strstr (error.message, reason) != NULL, "\"%s\" lacks \"%s\"", error.message, reason);
}

Test (documents, us_grant_v4)
{
    expect_xml (
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE us-patent-grant SYSTEM \"us-patent-grant-v45-2014-04-03.dtd\" [ "
        "]>\n"
        "<us-patent-grant lang=\"EN\" country=\"US\"><us-bibliographic-data-grant>\n"
        "<publication-reference><document-id><country>US</country><doc-number>08999901</doc-number><kind>B2</kind>"
        "<date>20150407</date></document-id></publication-reference>\n"
        "<application-reference appl-type=\"utility\"><document-id><country>US</country><doc-number>13999901</doc-number>"
        "<date>20130611</date></document-id></application-reference>\n"
        "<priority-claims><priority-claim sequence=\"01\" kind=\"national\"><country>CN</country><doc-number>2012 1 "
        "0199999</doc-number>"
        "<date>20120615</date></priority-claim></priority-claims>\n"
        "<classifications-ipcr><classification-ipcr><section>C</section><class>01</class><subclass>B</subclass><main-group>31</"
        "main-group>"
        "<subgroup>04</subgroup><classification-level>A</classification-level><classification-value>I</classification-value></"
        "classification-ipcr></classifications-ipcr>\n"
        "<classifications-cpc><main-cpc><classification-cpc><section>C</section><class>01</class><subclass>B</subclass>"
        "<main-group>32</main-group><subgroup>182</subgroup><classification-value>I</classification-value></classification-cpc></"
        "main-cpc><further-cpc><classification-cpc>"
        "<section>Y</section><class>10</class><subclass>S</subclass><main-group>977</main-group><subgroup>734</subgroup>"
        "<classification-value>A</classification-value></classification-cpc><combination-set><group-number>1</group-number>"
        "<combination-rank><rank-number>1</rank-number><classification-cpc><section>C</section><class>08</class><subclass>L</"
        "subclass>"
        "<main-group>23</main-group><subgroup>06</subgroup></classification-cpc></combination-rank></combination-set></"
        "further-cpc></classifications-cpc>\n"
        "<invention-title id=\"t\">Graphene on SiO<sub>2</sub>\n and <i>p</i>-type films</invention-title>\n"
        "<us-references-cited><us-citation><patcit "
        "num=\"1\"><document-id><country>US</country><doc-number>2007/0140112</doc-number>"
        "<kind>A1</kind><name>X</name><date>20070600</date></document-id></patcit><category>cited by "
        "examiner</category></us-citation><us-citation><nplcit num=\"2\">"
        "<othercit>A book</othercit></nplcit></us-citation></us-references-cited>\n"
        "<us-parties><us-applicants><us-applicant app-type=\"applicant-inventor\"><addressbook><last-name>Zhang</last-name>"
        "<first-name>Wei</first-name><address><country>CN</country></address></addressbook></us-applicant></us-applicants>"
        "<inventors><inventor><addressbook><last-name>Zhang</last-name><first-name>Wei</first-name><address><country>CN</"
        "country></address>"
        "</addressbook></inventor></inventors></us-parties>\n"
        "<assignees><assignee><addressbook><orgname>Ningbo Film &amp; Foil Co., "
        "Ltd.</orgname><address><country>CN</country></address>"
        "</addressbook></assignee></assignees></us-bibliographic-data-grant>\n"
        "<abstract id=\"abstract\"><p id=\"p1\">A film&#x2014;<b>thin</b>.</p><p>It is 5<sup>th</sup>.</p></abstract>\n"
        "<description><p>Long.</p></description>\n"
        "<claims id=\"claims\"><claim id=\"c1\"><claim-text>1. A film, comprising:\n<claim-text>graphene; and</claim-text>"
        "<claim-text>a layer.</claim-text></claim-text></claim><claim id=\"c2\"><claim-text>2. The film of <claim-ref "
        "idref=\"c1\">claim 1"
        "</claim-ref>, rolled.</claim-text></claim></claims></us-patent-grant>",
        "{\"publication\": {\"country\": \"US\", \"number\": \"8999901\", \"kind\": \"B2\", \"date\": \"2015-04-07\"},"
        " \"application\": {\"country\": \"US\", \"number\": \"13999901\", \"date\": \"2013-06-11\"},"
        " \"priorities\": [{\"country\": \"CN\", \"number\": \"201210199999\", \"date\": \"2012-06-15\"}],"
        " \"titles\": [{\"language\": \"en\", \"text\": \"Graphene on SiO2 and p-type films\"}],"
        " \"abstracts\": [{\"language\": \"en\", \"text\": \"A film—thin.\\nIt is 5th.\"}],"
        " \"claims\": [{\"language\": \"en\", \"text\": \"1. A film, comprising: graphene; and a layer.\"},"
        "  {\"language\": \"en\", \"text\": \"2. The film of claim 1, rolled.\"}],"
        " \"ipc\": [\"C01B31/04\"], \"cpc\": [\"C01B32/182\", \"Y10S977/734\"],"
        " \"applicants\": [{\"name\": \"Ningbo Film & Foil Co., Ltd.\", \"country\": \"CN\"}],"
        " \"inventors\": [{\"name\": \"Zhang, Wei\", \"country\": \"CN\"}],"
        " \"citations\": [{\"country\": \"US\", \"number\": \"20070140112\", \"kind\": \"A1\"}], \"source\": \"uspto\","
        " \"marks\": [\"ai C01B31/04\", \"cpci C01B32/182\", \"cpcc C08L23/06\", \"cpca Y10S977/734\", \"ex US20070140112A1\"]}");
}

Test (documents, design_has_locarno_and_no_abstract)
{
    expect_xml (
        "<us-patent-grant lang=\"EN\"><us-bibliographic-data-grant><publication-reference><document-id><country>US</country>"
        "<doc-number>D0699901</doc-number><kind>S1</kind><date>20140225</date></document-id></publication-reference>"
        "<classification-locarno><edition>10</edition><main-classification>1402</main-classification></classification-locarno>"
        "<invention-title>Drone</invention-title></us-bibliographic-data-grant></us-patent-grant>",
        "{\"publication\": {\"country\": \"US\", \"number\": \"D699901\", \"kind\": \"S1\", \"date\": \"2014-02-25\"},"
        " \"titles\": [{\"language\": \"en\", \"text\": \"Drone\"}], \"locarno\": [\"14-02\"], \"source\": \"uspto\"}");
}

Test (documents, st32)
{
    expect_xml (
        "<!DOCTYPE PATDOC SYSTEM \"ST32-US-Grant-025xml.dtd\" [\n<!ENTITY F1 SYSTEM \"F1.TIF\" NDATA TIF>\n]>\n"
        "<PATDOC DTD=\"2.5\"><SDOBI><B100><B110><DNUM><PDAT>06999901</PDAT></DNUM></B110><B130><PDAT>B1</PDAT></B130>"
        "<B140><DATE><PDAT>20020108</PDAT></DATE></B140><B190><PDAT>US</PDAT></B190></B100>"
        "<B200><B210><DNUM><PDAT>09999901</PDAT></DNUM></B210><B220><DATE><PDAT>19991005</PDAT></DATE></B220></B200>"
        "<B500><B510><B511><PDAT>B60R  900</PDAT></B511></B510>"
        "<B540><STEXT><PDAT>Valve for H</PDAT><HIL><SB><PDAT>2</PDAT></SB></HIL><PDAT>O &ldquo;cold&rdquo;</PDAT></STEXT></B540>"
        "</B500><B700><B720><B721><PARTY-US><NAM><FNM><PDAT>Ann</PDAT></FNM><SNM><STEXT><PDAT>Lee</PDAT></STEXT></SNM></NAM>"
        "<ADR><STATE><PDAT>MA</PDAT></STATE></ADR></PARTY-US></B721></B720></B700></SDOBI></PATDOC>",
        "{\"publication\": {\"country\": \"US\", \"number\": \"6999901\", \"kind\": \"B1\", \"date\": \"2002-01-08\"},"
        " \"application\": {\"country\": \"US\", \"number\": \"09999901\", \"date\": \"1999-10-05\"},"
        " \"titles\": [{\"language\": \"en\", \"text\": \"Valve for H2O “cold”\"}], \"ipc\": [\"B60R9/00\"],"
        " \"inventors\": [{\"name\": \"Lee, Ann\", \"country\": \"US\"}], \"source\": \"uspto\"}");
}

Test (documents, docdb_with_prefixes_that_nobody_declared)
{
    expect_xml (
        "<exch:exchange-document country=\"WO\" doc-number=\"2022999901\" kind=\"A1\" date-publ=\"20221215\" "
        "family-id=\"82999901\">"
        "<exch:bibliographic-data><exch:classifications-ipcr><classification-ipcr><text>A61K   9/107       "
        "20060101AFI20220712BHEP</text>"
        "</classification-ipcr></exch:classifications-ipcr><exch:patent-classifications><patent-classification>"
        "<classification-scheme office=\"EP\" scheme=\"FTERM\"/><classification-symbol>4C076/AA17</classification-symbol>"
        "</patent-classification><patent-classification><classification-scheme office=\"EP\" scheme=\"CPCI\"/>"
        "<classification-symbol>A61K   9/1075      </classification-symbol></patent-classification></exch:patent-classifications>"
        "<exch:parties><exch:applicants><exch:applicant data-format=\"docdba\"><exch:applicant-name><name>Beira, U.</name>"
        "</exch:applicant-name></exch:applicant><exch:applicant data-format=\"docdb\"><exch:applicant-name><name>UNIV BEIRA "
        "[PT]</name>"
        "</exch:applicant-name></exch:applicant></exch:applicants></exch:parties>"
        "<exch:invention-title lang=\"EN\">Emulsion at 5 &deg;C</exch:invention-title></exch:bibliographic-data>"
        "<exch:abstract lang=\"en\"><exch:p>One.</exch:p><exch:p>Two.</exch:p></exch:abstract></exch:exchange-document>",
        "{\"publication\": {\"country\": \"WO\", \"number\": \"2022999901\", \"kind\": \"A1\", \"date\": \"2022-12-15\"},"
        " \"familyId\": \"82999901\", \"titles\": [{\"language\": \"en\", \"text\": \"Emulsion at 5 °C\"}],"
        " \"abstracts\": [{\"language\": \"en\", \"text\": \"One.\\nTwo.\"}], \"ipc\": [\"A61K9/107\"], \"cpc\": "
        "[\"A61K9/1075\"],"
        " \"applicants\": [{\"name\": \"UNIV BEIRA\", \"country\": \"PT\"}], \"source\": \"epo\","
        " \"marks\": [\"ai A61K9/107\"]}");
}

/* What offices say of symbols and citations, in the forms of EPO and USPTO. */
Test (documents, marks_of_symbols_and_citations)
{
    expect_xml (
        "<exchange-document country=\"EP\" doc-number=\"1\" kind=\"B1\" date-publ=\"20221215\"><bibliographic-data>"
        "<classifications-ipcr><classification-ipcr><text>A61K   9/107       20060101CLN20220712BHEP</text></classification-ipcr>"
        "</classifications-ipcr><patent-classifications><patent-classification><classification-scheme scheme=\"CPCI\"/>"
        "<classification-symbol>A61K   9/10 </classification-symbol><classification-value>A</classification-value>"
        "</patent-classification></patent-classifications><references-cited><citation cited-phase=\"EXA\"><patcit><document-id>"
        "<country>US</country><doc-number>77</doc-number><kind>A</kind></document-id></patcit></citation>"
        "<citation "
        "cited-phase=\"SEA\"><patcit><document-id><country>US</country><doc-number>78</doc-number></document-id></patcit>"
        "</citation></references-cited><invention-title>x</invention-title></bibliographic-data></exchange-document>",
        "{\"publication\": {\"country\": \"EP\", \"number\": \"1\", \"kind\": \"B1\", \"date\": \"2022-12-15\"},"
        " \"titles\": [{\"text\": \"x\"}], \"ipc\": [\"A61K9/107\"], \"cpc\": [\"A61K9/10\"], \"source\": \"epo\","
        " \"citations\": [{\"country\": \"US\", \"number\": \"77\", \"kind\": \"A\"}, {\"country\": \"US\", \"number\": \"78\"}],"
        " \"marks\": [\"cn A61K9/107\", \"cpca A61K9/10\", \"ex US77A\"]}");
    tt_patent *patent = tt_patent_new ();
    cr_expect (tt_build_cpc (patent, "G06Q  30/0633      20130101 FI20240326BHUS"));
    cr_expect (tt_build_ipc (patent, "G06Q  30/0633      20130101AFI20240326BHUS"));
    tt_build_role (patent, false, "G06Q30/06", "A", "N");
    tt_build_role (patent, false, "G06Q30/06", "", "?");
    cr_assert_eq (patent->n_marks, 3);
    cr_expect_str_eq (patent->marks[0], "cpci G06Q30/0633");
    cr_expect_str_eq (patent->marks[1], "ai G06Q30/0633");
    cr_expect_str_eq (patent->marks[2], "an G06Q30/06");
    tt_patent_free (&patent);
}

Test (documents, provisionals_are_priorities)
{
    expect_xml ("<us-patent-grant lang=\"EN\"><us-bibliographic-data-grant><publication-reference><document-id><country>US</country>"
                "<doc-number>07000001</doc-number><kind>B2</kind></document-id></publication-reference><invention-title>T"
                "</invention-title><us-related-documents><us-provisional-application><document-id><country>US</country>"
                "<doc-number>60713478</doc-number><kind>00</kind><date>20050831</date></document-id>"
                "</us-provisional-application></us-related-documents></us-bibliographic-data-grant></us-patent-grant>",
                "{\"publication\": {\"country\": \"US\", \"number\": \"7000001\", \"kind\": \"B2\"},"
                " \"priorities\": [{\"country\": \"US\", \"number\": \"60713478\", \"kind\": \"P\", \"date\": \"2005-08-31\"}],"
                " \"titles\": [{\"language\": \"en\", \"text\": \"T\"}], \"source\": \"uspto\"}");
}

Test (documents, st32_says_who_cited)
{
    expect_xml ("<PATDOC><SDOBI><B100><B110><DNUM><PDAT>06999901</PDAT></DNUM></B110></B100><B500><B540>T</B540><B560><B561><PCIT>"
                "<DOC><DNUM><PDAT>D202976</PDAT></DNUM><KIND><PDAT>S</PDAT></KIND></DOC></PCIT><CITED-BY-EXAMINER/></B561><B561>"
                "<PCIT><DOC><DNUM><PDAT>96/25012</PDAT></DNUM><CTRY><PDAT>WO</PDAT></CTRY></DOC></PCIT><CITED-BY-OTHER/></B561>"
                "</B560></B500></SDOBI></PATDOC>",
                "{\"publication\": {\"country\": \"US\", \"number\": \"6999901\"},"
                " \"titles\": [{\"language\": \"en\", \"text\": \"T\"}],"
                " \"citations\": [{\"country\": \"US\", \"number\": \"D202976\", \"kind\": \"S\"},"
                "  {\"country\": \"WO\", \"number\": \"9625012\"}], \"source\": \"uspto\","
                " \"marks\": [\"ex USD202976S\", \"oc WO9625012\"]}");
}

Test (documents, assignees_of_pap_have_countries_and_may_be_persons)
{
    expect_xml ("<patent-application-publication><subdoc-bibliographic-information><document-id><doc-number>20010009014</doc-number>"
                "<kind-code>A1</kind-code></document-id><technical-information><title-of-invention>T</title-of-invention>"
                "</technical-information><assignee><organization-name>Maker</organization-name><address><country><country-code>JP"
                "</country-code></country></address></assignee><assignee><name><given-name>Ann</given-name><family-name>Lee"
                "</family-name></name></assignee></subdoc-bibliographic-information></patent-application-publication>",
                "{\"publication\": {\"country\": \"US\", \"number\": \"20010009014\", \"kind\": \"A1\"},"
                " \"titles\": [{\"language\": \"en\", \"text\": \"T\"}],"
                " \"applicants\": [{\"name\": \"Maker\", \"country\": \"JP\"}, {\"name\": \"Lee, Ann\"}], \"source\": \"uspto\"}");
}

Test (documents, refused_with_the_place)
{
    refused ("<a>\n<b></a>", "line 12: Opening and ending tag mismatch");
    refused ("<html/>", "<html>");
    refused ("<us-patent-grant/>", "no bibliographic data");
    refused ("<us-patent-grant><us-bibliographic-data-grant/></us-patent-grant>", "publication-reference");
    refused ("<exchange-document country=\"EP\" doc-number=\"1\" kind=\"A\"/>", "titles: missing");
    refused ("<exchange-document country=\"EP\" doc-number=\"1\" kind=\"A\" date-publ=\"20201301\"/>", "is not a day");
    refused ("", "");
}

/* Entities that refer to files or to each other bring nothing in and grow to nothing. */
Test (documents, hostile_entities)
{
    expect_xml (
        "<!DOCTYPE a [<!ENTITY secret SYSTEM \"file:///etc/hostname\"><!ENTITY l \"lol\"><!ENTITY l2 \"&l;&l;&l;\"><!ENTITY ok "
        "\"fine\">]>"
        "<exchange-document country=\"EP\" doc-number=\"7\" kind=\"A\"><bibliographic-data><invention-title>&secret;|&l2;|&ok;"
        "</invention-title></bibliographic-data></exchange-document>",
        "{\"publication\": {\"country\": \"EP\", \"number\": \"7\", \"kind\": \"A\"},"
        " \"titles\": [{\"text\": \"&secret;|&l2;|fine\"}], \"source\": \"epo\"}");
}

static void
expect_short (const char *record, const char *expected, const char *expected_notes)
{
    tt_patent *patent;
    tt_error error = { 0 };
    tt_buffer notes = { 0 };
    json_t *json = json_loads (record, 0, NULL);
    cr_assert_eq (tt_patent_of_short (json, &patent, &notes, &error), TT_OK, "%s", error.message);
    cr_expect_str_eq (tt_buffer_cstr (&notes), expected_notes);
    json_decref (json);
    tt_buffer_free (&notes);
    expect_json (patent, expected);
}

Test (documents, short_keys)
{
    expect_short (
        "{\"pn\": \"AU 2016/999013 A1\", \"country\": \"AU\", \"kind\": \"A1\", \"pd\": \"2017-10-05\", \"apn\": \"AU "
        "2016/999013 A\","
        " \"ad\": \"2016-02-12\", \"pr\": [\"US 201562999216 P 20150213\"], \"ti\": \" Monitoring  &amp; Products \", \"pa\": "
        "\"ESCO CORP\","
        " \"in\": [\"A B\", \"C D\", \"A B\"], \"ic\": [\"E02F3/00\", \"nonsense\"], \"cpc\": \"E02F   9/26        20130101\","
        " \"family_size\": 3, \"lens_id\": \"x\"}",
        "{\"publication\": {\"country\": \"AU\", \"number\": \"2016999013\", \"kind\": \"A1\", \"date\": \"2017-10-05\"},"
        " \"application\": {\"country\": \"AU\", \"number\": \"2016999013\", \"kind\": \"A\", \"date\": \"2016-02-12\"},"
        " \"priorities\": [{\"country\": \"US\", \"number\": \"201562999216\", \"kind\": \"P\", \"date\": \"2015-02-13\"}],"
        " \"titles\": [{\"text\": \"Monitoring & Products\"}], \"applicants\": [{\"name\": \"ESCO CORP\"}],"
        " \"inventors\": [{\"name\": \"A B\"}, {\"name\": \"C D\"}], \"ipc\": [\"E02F3/00\"], \"cpc\": [\"E02F9/26\"]}",
        "ic: \"nonsense\" is no class symbol, left out\n");
    expect_short ("{\"pn\": \"CN111999366B\", \"ti\": {\"zh\": \"石墨烯\", \"EN\": \"Graphene\"}, \"claims\": [\"一\", \"二\"], "
                  "\"lang\": \"zh\"}",
                  "{\"publication\": {\"country\": \"CN\", \"number\": \"111999366\", \"kind\": \"B\"},"
                  " \"titles\": [{\"language\": \"zh\", \"text\": \"石墨烯\"}, {\"language\": \"en\", \"text\": \"Graphene\"}],"
                  " \"claims\": [{\"language\": \"zh\", \"text\": \"一\"}, {\"language\": \"zh\", \"text\": \"二\"}]}",
                  "");
}

static void
short_refused (const char *record, const char *reason)
{
    tt_patent *patent;
    tt_error error = { 0 };
    tt_buffer notes = { 0 };
    json_t *json = json_loads (record, 0, NULL);
    cr_expect_eq (tt_patent_of_short (json, &patent, &notes, &error), TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, reason);
    json_decref (json);
    tt_buffer_free (&notes);
}

Test (documents, short_keys_refused)
{
    short_refused ("{\"ti\": \"x\"}", "pn: missing");
    short_refused ("{\"pn\": \"US1\"}", "ti: missing");
    short_refused ("{\"pn\": \"US1\", \"ti\": \"\"}", "ti: missing");
    short_refused ("{\"pn\": \"123\", \"ti\": \"x\"}", "pn: \"123\" names no country, and there is no key \"country\"");
    short_refused ("{\"pn\": \"US1\", \"ti\": \"x\", \"pd\": \"soon\"}", "pd: \"soon\" is not a day");
    short_refused ("{\"pn\": \"US1\", \"ti\": \"x\", \"pa\": [[\"y\"]]}", "pa: expected text or a list of texts");
    short_refused ("{\"pn\": [\"US1\", \"US2\"], \"ti\": \"x\"}", "pn: expected one text");
}
