/* Numbers, dates, class symbols and running text, as sources write them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "import/docnum.h"
#include "import/normal.h"

static void
number (const char *text, const char *country, tt_docnum_kind what, const char *expected)
{
    tt_docnum out;
    tt_error error = { 0 };
    char got[80] = "-";
    if (tt_docnum_parse (text, country, what, &out, &error) == TT_OK)
        snprintf (got, sizeof got, "%s|%s|%s|%s", out.country, out.number, out.kind, out.date);
    cr_expect_str_eq (got, expected, "%s: %s, expected %s (%s)", text, got, expected, error.message);
}

Test (forms, publication_numbers)
{
    tt_docnum_kind p = TT_DOCNUM_PUBLICATION;
    number ("US3930788", "", p, "US|3930788||");
    number ("US-10549159-B2", "", p, "US|10549159|B2|");
    number ("AU 2016/219013 A1", "AU", p, "AU|2016219013|A1|");
    number ("CN111504366B", "CN", p, "CN|111504366|B|");
    number ("CN.111504366.B", "", p, "CN|111504366|B|");
    number ("EP1000000A1", "", p, "EP|1000000|A1|");
    number ("US-RE49889-E1", "US", p, "US|RE49889|E1|");
    number ("RE49889", "US", p, "US|RE49889||");
    number ("USD435854S1", "", p, "US|D435854|S1|");
    number ("US-T101601-I4", "US", p, "US|T101601|I4|");
    number ("US 2007/0140112 A1", "", p, "US|20070140112|A1|");
    number ("CN1379687", "", p, "CN|1379687||");
    number ("wo2022259205a1", "", p, "WO|2022259205|A1|");
    number ("10549159", "us", p, "US|10549159||");
    number ("10549159", "", p, "|10549159||");
    number ("", "US", p, "-");
    number ("no number", "US", p, "-");
    number ("US<script>1", "", p, "-");
    number ("US99999999999999999999999999999999999999999999", "", p, "-");
}

Test (forms, application_numbers)
{
    tt_docnum_kind a = TT_DOCNUM_APPLICATION;
    number ("CN202522104177.2", "CN", a, "CN|202522104177||");
    number ("CN202521914419.X", "", a, "CN|202521914419||");
    number ("15/458844", "US", a, "US|15458844||");
    number ("AU 2016/219013 A", "AU", a, "AU|2016219013|A|");
    number ("US 201562116216 P 20150213", "AU", a, "US|201562116216|P|2015-02-13");
    number ("AU 2015 901234 A 20150407", "", a, "AU|2015901234|A|2015-04-07");
    number ("PCT/US97/05183", "US", a, "US|9705183|W|");
    number ("PCT/IB2019/057948", "", a, "IB|2019057948|W|");
    number ("197 33 454", "DE", a, "DE|19733454||");
}

Test (forms, parts)
{
    char out[33];
    cr_expect (tt_docnum_clean ("08930553", true, out));
    cr_expect_str_eq (out, "8930553");
    cr_expect (tt_docnum_clean ("D0656296", true, out));
    cr_expect_str_eq (out, "D656296");
    cr_expect (tt_docnum_clean ("09342866", false, out));
    cr_expect_str_eq (out, "09342866");
    cr_expect_not (tt_docnum_clean ("--", true, out));
}

static void
date (const char *text, const char *expected)
{
    char out[11] = "-";
    if (!tt_normal_date (text, out))
        memcpy (out, "-", 2);
    cr_expect_str_eq (out, expected, "%s: %s", text, out);
}

Test (forms, dates)
{
    date ("20180619", "2018-06-19");
    date ("2018-06-19", "2018-06-19");
    date ("2018/6/9", "2018-06-09");
    date ("2018.06.19", "2018-06-19");
    date ("19/06/2018", "2018-06-19");
    date ("19.06.2018", "2018-06-19");
    date ("2018年6月19日", "2018-06-19");
    date ("2018-06-19T10:00:00Z", "2018-06-19");
    date ("20160229", "2016-02-29");
    date ("20150229", "-");
    date ("20101100", "-");
    date ("2018-06", "-");
    date ("2018-06-19x", "-");
    date ("", "-");
}

static void
symbol (const char *text, const char *expected)
{
    char out[TT_CLASS_SIZE];
    if (!tt_normal_class (text, out))
        strcpy (out, "-");
    cr_expect_str_eq (out, expected, "\"%s\": %s, expected %s", text, out, expected);
}

Test (forms, class_symbols)
{
    symbol ("A01B   1/20        20060101AFI20240409BHUS", "A01B1/20");
    symbol ("G06Q  30/0633      20130101 FI20240326BHUS", "G06Q30/0633");
    symbol ("A01B1/20", "A01B1/20");
    symbol ("A01B 1/20", "A01B1/20");
    symbol ("B08B003/00", "B08B3/00");
    symbol ("A61K031/522", "A61K31/522");
    symbol ("G06F 1516", "G06F15/16");
    symbol ("B60R  900", "B60R9/00");
    symbol ("A61K 31522", "A61K31/522");
    symbol (" 7A 61K   9/16   A", "A61K9/16");
    symbol ("H04W  84/    20            A I                    ", "H04W84/20");
    symbol ("H01F", "H01F");
    symbol ("h01f1/053", "H01F1/053");
    symbol ("A63B2039/003", "A63B2039/003");
    symbol ("Y10S", "Y10S");
    symbol ("A01B1", "A01B1");
    symbol ("Z01B1/20", "-");
    symbol ("A01", "-");
    symbol ("", "-");
    symbol ("0101", "-");
}

Test (forms, locarno)
{
    char out[6];
    cr_expect (tt_normal_locarno ("0101", out));
    cr_expect_str_eq (out, "01-01");
    cr_expect (tt_normal_locarno ("14-02", out));
    cr_expect_str_eq (out, "14-02");
    cr_expect (tt_normal_locarno ("6.1", out));
    cr_expect_str_eq (out, "06-01");
    cr_expect_not (tt_normal_locarno ("A01B", out));
    cr_expect_not (tt_normal_locarno ("", out));
}

static void
fold (const char *text, const char *expected)
{
    tt_buffer out = { 0 };
    tt_normal_fold (tt_bytes_of_text (text), true, &out);
    cr_expect_str_eq (tt_buffer_cstr (&out), expected);
    tt_buffer_free (&out);
}

Test (forms, running_text)
{
    fold ("  a\n\tb  ", "a b");
    fold ("Toyota Motor Engineering &amp; Manufacturing", "Toyota Motor Engineering & Manufacturing");
    fold ("&lt;&#x77f3;&#22696;&gt; &deg;C", "<石墨> °C");
    fold ("AT&T; R&D &unknown; &#0; &#xd800;", "AT&T; R&D &unknown; &#0; &#xd800;");
    fold ("石　墨\xc2\xa0烯\xe2\x80\x83", "石 墨 烯");
    fold ("", "");
}

Test (forms, money)
{
    int64_t fen;
    cr_expect (tt_normal_money ("1,250.50", 2, &fen) && fen == 125050);
    cr_expect (tt_normal_money ("3", 6, &fen) && fen == 3000000);
    cr_expect (tt_normal_money ("0.10", 2, &fen) && fen == 10);
    cr_expect (tt_normal_money ("0.100", 2, &fen) && fen == 10);
    cr_expect_not (tt_normal_money ("0.105", 2, &fen));
    cr_expect_not (tt_normal_money ("-1", 2, &fen));
    cr_expect_not (tt_normal_money ("", 2, &fen));
    cr_expect_not (tt_normal_money ("90071992547409.92", 2, &fen));
    cr_expect_not (tt_normal_money ("99999999999999999999999999", 2, &fen));
}
