/* Names of applicants: what is left out of them, and that the words and the core both find them. */
#include "query/name.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "query/document.h"
#include "unit/query/vocabulary.h"

TestSuite (name, .init = open_text);

/* The core as text, a space between its tokens. */
static const char *
core (const char *text)
{
    static tt_buffer out;
    uint32_t kept[TT_NAME_MAX_TOKENS];
    tt_tokens tokens = { 0 };
    tt_text_tokenise (tt_bytes_of_text (text), &tokens);
    size_t count = tt_name_core (tt_bytes_of_text (text), &tokens, kept);
    tt_buffer_clear (&out);
    for (size_t i = 0; i < count; i++) {
        tt_bytes token = tt_token_text (&tokens, count < tokens.count ? kept[i] : i);
        tt_buffer_printf (&out, "%s%.*s", i ? " " : "", (int)token.size, (const char *)token.data);
    }
    tt_tokens_free (&tokens);
    return tt_buffer_cstr (&out);
}

Test (name, core_of_forms)
{
    static const char *const cases[][2] = {
        { "Apple Inc.", "apple" },
        { "APPLE INC [US]", "apple" },
        { "Huawei Technologies Co., Ltd.", "huawei technologies" },
        { "The Procter & Gamble Company", "procter gamble" },
        { "Procter and Gamble Co", "procter gamble" },
        { "Hewlett-Packard Development Company, L.P.", "hewlett packard development" },
        { "Rolls-Royce plc", "rolls royce" },
        { "Siemens Aktiengesellschaft", "siemens" },
        { "Robert Bosch GmbH", "robert bosch" },
        { "Beispiel GmbH & Co. KG", "beispiel" },
        { "Beispiel mbH & Co KG", "beispiel" },
        { "Beispiel Gesellschaft m.b.H.", "beispiel" },
        { "Beispiel Gesellschaft mit beschränkter Haftung", "beispiel" },
        { "Merck Patent KGaA", "merck patent" },
        { "Koninklijke Philips N.V.", "koninklijke philips" },
        { "Telefonaktiebolaget LM Ericsson (publ)", "telefonaktiebolaget lm ericsson" },
        { "Fiat S.p.A.", "fiat" },
        { "Škoda spol. s r.o.", "škoda" },
        { "Toyota Jidosha Kabushiki Kaisha", "toyota jidosha" },
        { "KABUSHIKI KAISHA TOSHIBA", "toshiba" },
        { "株式会社日立製作所", "日 立 制 作 所" },
        { "日立製作所株式會社", "日 立 制 作 所" },
        { "(株)日立製作所", "日 立 制 作 所" },
        { "㈱日立製作所", "日 立 制 作 所" },
        { "日立製作所（株）", "日 立 制 作 所" },
        { "華為技術有限公司", "华 为 技 术" },
        { "华为技术有限责任公司", "华 为 技 术" },
        { "中兴通讯股份有限公司", "中 兴 通 讯" },
        { "海尔集团公司", "海 尔" },
        { "海尔集团", "海 尔" },
        { "海尔集团股份有限公司", "海 尔" },
        { "주식회사 포스코", "포 스 코" },
        { "宁波工程学院", "宁 波 工 程 学 院" },
        { "Smith, John", "smith john" },
        { "Dr. Smith", "smith" },
        { "Company", "company" },
        { "The Company", "the" },
        { "有限公司", "有 限" },
        { "ING Bank", "ing bank" },
        { "Johnson and Johnson", "johnson johnson" },
        { "And", "and" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq (core (cases[i][0]), cases[i][1], "%s -> %s, expected %s", cases[i][0], core (cases[i][0]), cases[i][1]);
}

Test (name, table_is_normalised)
{
    const char *where = NULL;
    const char *words = NULL;
    size_t i = 0;
    for (; (words = tt_name_form (i, &where)); i++) {
        tt_buffer folded = { 0 };
        tt_text_normalise (tt_bytes_of_text (words), &folded);
        cr_expect_str_eq (tt_buffer_cstr (&folded), words, "%s is no normalised text", words);
        cr_expect (where && *where);
        tt_buffer_free (&folded);
    }
    cr_expect (i > 130, "%zu forms", i);
}

/* Every form behind a name is found there: the search by the last word misses none. */
Test (name, every_form_is_found)
{
    static const char *const in_front_alone[] = { "the", "dr", "prof", "dipl ing", "firma", "aktiebolaget", "pt" };
    const char *where = NULL;
    const char *words = NULL;
    for (size_t i = 0; (words = tt_name_form (i, &where)); i++) {
        char name[160];
        bool front = false;
        for (size_t k = 0; k < sizeof in_front_alone / sizeof in_front_alone[0]; k++)
            front |= strcmp (words, in_front_alone[k]) == 0;
        bool bracketed = strcmp (words, "株") == 0 || strcmp (words, "有") == 0 || strcmp (words, "주") == 0;
        snprintf (name, sizeof name, front ? "%s zyx" : bracketed ? "zyx (%s)" : "zyx %s", words);
        cr_expect_str_eq (core (name), "zyx", "%s -> %s", name, core (name));
    }
}

static bool
found (const char *query, const char *name)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    tt_document *d = tt_document_new (tt_schema_patent ());
    add_value (d, "pa", name);
    cr_assert (tt_cql_parse (tt_schema_patent (), query, strlen (query), &cql, &error) == TT_OK, "%s: %s", query, error.message);
    bool met = tt_cql_matches (cql, d);
    tt_cql_free (&cql);
    tt_document_destroy (&d);
    return met;
}

Test (name, the_words_and_the_core_both_match)
{
    static const char *const yes[][2] = {
        { "pa=\"Apple Inc\"", "APPLE INC" },
        { "pa=\"Apple Inc\"", "Apple Incorporated" },
        { "pa=\"Apple Incorporated\"", "Apple Inc. [US]" },
        { "pa=\"Apple Inc\"", "Apple" },
        { "pa=\"Apple Inc\"", "Big Apple Inc. of New York" },
        { "pa=Apple", "Apple Inc." },
        { "pa=inc", "Apple Inc." },
        { "pa==Apple", "Apple Inc." },
        { "pa==\"Apple Inc\"", "Apple Corporation" },
        { "pa=\"华为技术有限责任公司\"", "華為技術有限公司" },
        { "pa=\"Procter and Gamble\"", "The Procter & Gamble Company" },
        { "pa=\"procter gamble\"", "Procter and Gamble Co" },
        { "ia=\"Beispiel GmbH\"", "Beispiel GmbH & Co. KG" },
        { "pa all \"apple inc\"", "Apple Inc." },
    };
    static const char *const no[][2] = {
        { "pa=\"Apple Inc\"", "Apple Orchard Inc" }, { "pa=\"Apple Inc\"", "Big Apple Corp" },
        { "pa==Apple", "Apple Records Inc" },        { "pa=incorporated", "Apple Inc." },
        { "ti=\"Apple Inc\"", "Apple Inc" },         { "pa=\"Appl? Inc\"", "Apple Corp" },
    };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        cr_expect (found (yes[i][0], yes[i][1]), "%s should match %s", yes[i][0], yes[i][1]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        cr_expect (!found (no[i][0], no[i][1]), "%s should not match %s", no[i][0], no[i][1]);
}

/* A match by the core is explained by the name as it is written. */
Test (name, places_are_those_of_the_name_as_written)
{
    static const char name[] = "The Procter & Gamble Company";
    tt_document *d = tt_document_new (tt_schema_patent ());
    tt_cql *cql = NULL;
    tt_hit hits[4];
    add_value (d, "pa", "Other Ltd");
    add_value (d, "pa", name);
    cr_assert (tt_cql_parse (tt_schema_patent (), "pa==\"Procter & Gamble\"", 22, &cql, NULL) == TT_OK);
    cr_assert (tt_cql_explain (cql, d, hits, 4) == 1);
    cr_expect (hits[0].ordinal == 1 && hits[0].offset == 4 && hits[0].length == 16, "%u@%u+%u", hits[0].ordinal, hits[0].offset,
               hits[0].length);
    tt_cql_free (&cql);
    tt_document_destroy (&d);
}
