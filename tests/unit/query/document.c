/* Documents asked by brute force: what each relation means, and where the terms stand. */
#include "query/document.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "unit/query/vocabulary.h"

TestSuite (document, .init = open_text);

static tt_cql *
parsed (const char *text)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    cr_assert (tt_cql_parse (tt_schema_patent (), text, strlen (text), &cql, &error) == TT_OK, "%s: %s", text, error.message);
    return cql;
}

static bool
matches (const tt_document *document, const char *text)
{
    tt_cql *cql = parsed (text);
    bool met = tt_cql_matches (cql, document);
    tt_cql_free (&cql);
    return met;
}

static void
expect_all (const tt_document *document, const char *const *queries, bool expected)
{
    for (; *queries; queries++)
        cr_expect (matches (document, *queries) == expected, "%s should %smatch", *queries, expected ? "" : "not ");
}

static tt_document *
example (void)
{
    tt_document *d = tt_document_new (tt_schema_patent ());
    add_value (d, "ti", "Graphene oxide thin-film");
    add_value (d, "ti", "氧化石墨烯薄膜的製備方法");
    add_value (d, "ab", "A method for films. The film is dried. Graphene is added.\nA second film layer.");
    add_value (d, "cl", "1. A sensor of steel.");
    add_value (d, "pa", "Huawei Technologies Co., Ltd.");
    add_value (d, "pa", "深圳大学");
    add_value (d, "in", "Smith, John");
    add_value (d, "ic", "H01F 1/053");
    add_value (d, "ic", "C01B0032198000");
    add_value (d, "cpc", "H01F10/00");
    add_value (d, "pn", "CN111504366B");
    add_value (d, "ap", "CN202010123456");
    add_value (d, "pr", "US2019123456");
    add_value (d, "ct", "US 08123456 B2");
    add_value (d, "pd", "2016-02-29");
    add_value (d, "famn", "68612345");
    add_value (d, "cc", "CN");
    return d;
}

Test (document, text_relations)
{
    static const char *const yes[] = { "ti=graphene",
                                       "ti=\"graphene oxide\"",
                                       "ti=\"thin film\"",
                                       "ti=thin-film",
                                       "ti=石墨烯",
                                       "ti=石墨烯薄膜",
                                       "ti=製備",
                                       "ti=制备",
                                       "ti any \"steel oxide\"",
                                       "ti all \"oxide film\"",
                                       "ti all oxide,film",
                                       "ta all \"dried oxide\"",
                                       "ti==\"graphene oxide thin film\"",
                                       "txt=huawei",
                                       "ia=smith",
                                       "smith",
                                       "cl=sensor",
                                       "claims=steel",
                                       "ti=graph*",
                                       "ti=*phene",
                                       "ti=fil#",
                                       "ti=films? or ti=film?",
                                       "ab=fil##",
                                       "ab=film?",
                                       "ti=\"gra* oxi*\"",
                                       "ti=石#烯",
                                       "ti=ＧＲＡＰＨＥＮＥ",
                                       "pa=深圳",
                                       NULL };
    static const char *const no[] = { "ti=graphen",
                                      "ti=\"oxide graphene\"",
                                      "ti=\"film 氧化\"",
                                      "ti=石烯",
                                      "ti any \"steel a\"",
                                      "ti all \"oxide steel\"",
                                      "ti==\"graphene oxide\"",
                                      "txt=sensor",
                                      "pa=\"ltd 深圳\"",
                                      "cl=graphene",
                                      "ti=fil##",
                                      "ti=graph#",
                                      "ti=\"gra* thin\"",
                                      NULL };
    tt_document *d = example ();
    expect_all (d, yes, true);
    expect_all (d, no, false);
    tt_document_destroy (&d);
}

/* Classes, dates, numbers and countries of the example, and what it does not have. */
static const char *const values_found[] = {
    "ic=H01F",
    "ic=H01F1",
    "ic=H01F1/053",
    "ipc=\"h01f 1/053\"",
    "ic=C01B32/198",
    "ic=H",
    "cl=H01F",
    "cl=H01F10/00",
    "H01F",
    "class=C01B",
    "ic==H01F1/053",
    "ic=/same H01F1/053",
    "ic=/low H01F1/00",
    "cpc=/high H01F10/00",
    "cpc=/low H01F10",
    "ic any \"G06T C01B\"",
    "ic all \"H01F 1/053 C01B\"",
    "ic=H01F1/0*",
    "pd=2016",
    "pd=201602",
    "pd=20160229",
    "pd=29/02/2016",
    "pd=2016-02",
    "pd>2015",
    "pd>=2016",
    "pd<=2016",
    "pd<201603",
    "pd within \"20150101 20171231\"",
    "pd within 2015,2017",
    "pd within \"2016, 2016\"",
    "pd any \"2014 2016\"",
    "2016",
    "pn=CN",
    "CN",
    "pn=CN111504366",
    "pn=CN111504366B",
    "pn=\"CN 111504366 B\"",
    "pn=111504366",
    "CN111504366",
    "pn=CN1115*",
    "pn=CN11150436#",
    "num=US2019123456",
    "ct=US8123456",
    "ct=US8123456B2",
    "pn any \"EP1 CN111504366\"",
    "ap=CN202010123456",
    "famn=68612345",
    "cc=cn",
    "cc any \"US,CN\"",
    NULL,
};
static const char *const values_not_found[] = {
    "ic=H01F10",
    "ic=H01F1/05",
    "cpc=H01F1/053",
    "ic==H01F",
    "ic=/same H01F",
    "ic=/high H01F1/00",
    "cpc=/same H01F10",
    "ic=H01F2*",
    "pd=2015",
    "pd>2016",
    "pd<2016",
    "pd>=201603",
    "pd=20160228",
    "pd within \"2017 2018\"",
    "pn=US",
    "pn=CN111504366A",
    "pn=CN11150436",
    "ct=US8123456B1",
    "num=EP1000000",
    "cc=US",
    "famn=6861234",
    "pn=CN11150436##A",
    "pn=0CN",
    "pn any \"00CN 1\"",
    NULL,
};

Test (document, values_that_are_no_text)
{
    tt_document *d = example ();
    expect_all (d, values_found, true);
    expect_all (d, values_not_found, false);
    tt_document_destroy (&d);
}

Test (document, operators_and_prox)
{
    static const char *const yes[] = { "ti=graphene and pd=2016",
                                       "ti=steel or pd=2016",
                                       "ti=graphene not ti=steel",
                                       "ti=graphene and not ti=steel",
                                       "ti=steel and ti=oxide or ti=film",
                                       "ti=film or ti=oxide and ti=graphene",
                                       "ti=graphene prox ti=oxide",
                                       "ti=oxide prox ti=graphene",
                                       "ti=graphene prox/distance<=3 ti=film",
                                       "ti=graphene prox/distance=3 ti=film",
                                       "ti=graphene prox/distance<4/ordered=true ti=film",
                                       "ab=film prox/unit=sentence ab=dried",
                                       "ab=dried prox/unit=sentence/distance<=1 ab=graphene",
                                       "ab=graphene prox/unit=paragraph ab=dried",
                                       "ab=layer prox/unit=paragraph/distance=1 ab=dried",
                                       "ti=石墨烯 prox/distance<=1 ti=薄膜",
                                       "ti=\"graphene oxide\" prox ti=\"thin film\"",
                                       NULL };
    static const char *const no[] = { "ti=graphene not pd=2016",
                                      "ti=steel and pd=2016",
                                      "ti=film or ti=oxide and ti=steel",
                                      "ti=graphene prox ti=film",
                                      "ti=film prox/distance<=9/ordered=true ti=graphene",
                                      "ti=graphene prox/distance=2 ti=film",
                                      "ti=oxide prox ti=氧化",
                                      "ab=dried prox/unit=sentence ab=graphene",
                                      "ab=layer prox/unit=paragraph ab=dried",
                                      "ti=graphene prox ti=graphene",
                                      NULL };
    tt_document *d = example ();
    expect_all (d, yes, true);
    expect_all (d, no, false);
    tt_document_destroy (&d);
}

Test (document, skips_what_an_index_cannot_read)
{
    tt_document *d = tt_document_new (tt_schema_patent ());
    cr_expect (add_value (d, "ic", "steel") == 1);
    cr_expect (add_value (d, "ic", "") == 1);
    cr_expect (add_value (d, "pd", "2016") == 1);
    cr_expect (add_value (d, "pd", "2015-02-29") == 1);
    cr_expect (add_value (d, "pn", "石墨") == 1);
    cr_expect (add_value (d, "pn", "12345") == 1);
    cr_expect (add_value (d, "cc", " ") == 1);
    cr_expect (add_value (d, "txt", "a group holds no values") == 1);
    cr_expect (add_value (d, "class", "H01F") == 1);
    cr_expect (add_value (d, "ti", "") == 0);
    cr_expect (add_value (d, "ic", "H01F") == 0);
    tt_hit hits[4];
    tt_cql *cql = parsed ("ic=H01F");
    cr_expect (tt_cql_explain (cql, d, hits, 4) == 1);
    cr_expect (hits[0].ordinal == 2); /* the ones that were skipped count */
    tt_cql_free (&cql);
    tt_document_destroy (&d);
}

/* The hits as text: "ti.0@9+5 ...". */
static const char *
explained (const tt_document *document, const char *query, size_t max)
{
    static char out[2048];
    tt_hit hits[32];
    tt_cql *cql = parsed (query);
    size_t n = tt_cql_explain (cql, document, hits, max);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf (out + at, sizeof out - at, "%s%s.%u@%u+%u", i ? " " : "",
                                tt_schema_patent ()->indexes[hits[i].index].name, hits[i].ordinal, hits[i].offset,
                                hits[i].length);
    tt_cql_free (&cql);
    return out;
}

Test (document, explains_with_exact_places)
{
    tt_document *d = example ();
    cr_expect_str_eq (explained (d, "ti=石墨烯", 32), "ti.1@6+9");
    cr_expect_str_eq (explained (d, "ti=制备", 32), "ti.1@24+6");
    cr_expect_str_eq (explained (d, "ta=film", 32), "ti.0@20+4 ab.0@24+4 ab.0@67+4");
    cr_expect_str_eq (explained (d, "ti=\"thin film\" and pd=2016", 32), "ti.0@15+9 pd.0@0+10");
    cr_expect_str_eq (explained (d, "ti=oxide or ti=steel", 32), "ti.0@9+5");
    cr_expect_str_eq (explained (d, "ti=oxide not ti=steel", 32), "ti.0@9+5");
    cr_expect_str_eq (explained (d, "ti=oxide and ti=steel", 32), "");
    cr_expect_str_eq (explained (d, "ti=oxide or (ti=graphene and ti=steel)", 32), "ti.0@9+5");
    cr_expect_str_eq (explained (d, "ti=oxide or ti=oxide", 32), "ti.0@9+5");
    cr_expect_str_eq (explained (d, "ab=film prox/unit=sentence ab=dried", 32), "ab.0@24+4 ab.0@32+5");
    cr_expect_str_eq (explained (d, "ti=gra* and cl=H01F1", 32), "ti.0@0+8 ic.0@0+10");
    cr_expect_str_eq (explained (d, "ta=film", 2), "ti.0@20+4 ab.0@24+4");
    tt_document_destroy (&d);
}

Test (document, is_new_after_reset)
{
    tt_document *d = example ();
    for (int i = 0; i < 3; i++) {
        tt_document_reset (d);
        cr_expect (matches (d, "ti=graphene or pd>1000 or ic=H") == false);
        add_value (d, "ti", "steel");
        cr_expect (matches (d, "ti=steel"));
    }
    tt_document_destroy (&d);
}

/* prox by search in sorted lists, against every pair of places. */
Test (document, prox_equals_every_pair)
{
    random_source random = { 42 };
    tt_document *d = tt_document_new (tt_schema_patent ());
    size_t met = 0;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        size_t n = 1 + random_below (&random, 14);
        for (size_t k = 0; k < n; k++) {
            text[2 * k] = "abxy"[random_below (&random, 4)];
            text[2 * k + 1] = ' ';
        }
        text[2 * n] = '\0';
        tt_document_reset (d);
        add_value (d, "ab", text);
        size_t distance = 1 + random_below (&random, 5);
        bool ordered = random_below (&random, 2);
        bool equal = random_below (&random, 2);
        char query[96];
        snprintf (query, sizeof query, "ab=a prox/distance%s%zu/ordered=%s ab=b", equal ? "=" : "<=", distance,
                  ordered ? "true" : "false");
        bool expected = false;
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++) {
                size_t apart = a < b ? b - a : a - b;
                bool near = equal ? apart == distance : apart <= distance;
                expected |= text[2 * a] == 'a' && text[2 * b] == 'b' && near && (a < b || !ordered);
            }
        cr_assert (matches (d, query) == expected, "%s in \"%s\"", query, text);
        met += expected;
    }
    cr_expect (met > 2000 && met < 18000);
    tt_document_destroy (&d);
}
