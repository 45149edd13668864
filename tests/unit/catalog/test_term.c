/* Due dates of rights against dates counted by hand from the laws; leap days, ends of months, borders of what a rule holds for.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "catalog/legal.h"
#include "catalog/term.h"

static tt_catalog *catalog;

static void
open_own (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_catalog_open (&catalog, TT_SOURCE_DIR "/common/catalog/data", &error), TT_OK, "%s", error.message);
}

static void
close_own (void)
{
    tt_catalog_close (&catalog);
}

TestSuite (term, .init = open_own, .fini = close_own);
TestSuite (legal, .init = open_own, .fini = close_own);

static int32_t
day (const char *date)
{
    int32_t days = TT_NO_DAY;
    if (*date)
        cr_assert_eq (tt_date_parse (date, &days), TT_OK, "%s", date);
    return days;
}

/* "annuity 3 2014-02-28 ep-renewal;..." of what is due between two days. */
static void
expect (const char *country, const char *kind, const char *filing, const char *grant, const char *from, const char *to,
        const char *wanted)
{
    tt_term_due due[128];
    char date[TT_DATE_TEXT_SIZE];
    tt_buffer out = { 0 };
    size_t n = tt_term_due_between (catalog, country, kind, day (filing), day (grant), day (from), day (to), due, 128);
    for (size_t i = 0; i < n; i++) {
        tt_date_format (due[i].due_day, date);
        tt_buffer_printf (&out, "%s %d %s;", due[i].what, due[i].year, date);
        cr_expect_not_null (tt_term_source (catalog, due[i].rule));
        cr_expect (i == 0 || due[i - 1].due_day <= due[i].due_day, "ascending");
    }
    cr_expect_str_eq (tt_buffer_cstr (&out), wanted, "%s %s %s %s: %s", country, kind, filing, grant, tt_buffer_cstr (&out));
    tt_buffer_free (&out);
}

Test (term, months_are_counted_as_laws_count_them)
{
    static const struct {
        const char *from;
        unsigned months;
        bool end;
        const char *to;
    } cases[] = { { "2000-02-29", 12, false, "2001-02-28" },   { "2000-02-29", 48, false, "2004-02-29" },
                  { "2000-02-29", 1200, false, "2100-02-28" }, { "2021-08-31", 6, false, "2022-02-28" },
                  { "2023-08-31", 6, false, "2024-02-29" },    { "2021-01-31", 1, false, "2021-02-28" },
                  { "2021-12-15", 1, false, "2022-01-15" },    { "2010-02-15", 24, true, "2012-02-29" },
                  { "2014-02-28", 6, true, "2014-08-31" },     { "2020-03-31", 30, false, "2022-09-30" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq (tt_term_add_months (day (cases[i].from), cases[i].months, cases[i].end), day (cases[i].to), "%s + %u",
                      cases[i].from, cases[i].months);
    cr_expect_eq (tt_term_add_months (day ("9999-12-01"), 1, false), TT_NO_DAY);
}

/* The example of China's examination guidelines: filed 1999-06-03, granted 2001-08-01, the fourth annuity by 2002-06-03. */
Test (term, china_inventions)
{
    expect ("CN", "B", "1999-06-03", "2001-08-01", "2001-08-01", "2003-01-01", "annuity 4 2002-06-03;grace 4 2002-12-03;");
    expect ("CN", "A", "1999-06-03", "2001-08-01", "2002-06-03", "2002-06-03", "annuity 4 2002-06-03;");
    expect ("CN", "B", "1999-06-03", "2001-08-01", "2018-01-01", "2030-01-01",
            "annuity 20 2018-06-03;grace 20 2018-12-03;term 0 2019-06-03;");
    expect ("CN", "A", "1999-06-03", "", "1990-01-01", "2090-01-01", "");
    expect ("CN", "B", "1992-12-31", "1995-01-01", "1990-01-01", "2090-01-01", "");
    expect ("CN", "B", "2004-02-29", "2007-01-01", "2007-02-28", "2008-03-01",
            "annuity 4 2007-02-28;grace 4 2007-08-28;annuity 5 2008-02-29;");
    expect ("CN", "U", "2013-07-09", "2014-01-01", "2022-01-10", "2030-01-01",
            "annuity 10 2022-07-09;grace 10 2023-01-09;term 0 2023-07-09;");
}

Test (term, china_designs_before_and_after_the_law_of_2021)
{
    expect ("CN", "S", "2021-05-31", "2021-12-01", "2030-12-01", "2040-01-01", "term 0 2031-05-31;");
    expect ("CN", "S", "2021-06-01", "2021-12-01", "2035-12-02", "2040-01-01", "term 0 2036-06-01;");
    expect ("CN", "S", "2021-06-01", "2021-12-01", "2035-06-01", "2035-12-31", "annuity 15 2035-06-01;grace 15 2035-12-01;");
    expect ("CN", "S", "", "2021-12-01", "1990-01-01", "2090-01-01", "");
}

Test (term, united_states)
{
    expect ("US", "B2", "2010-03-15", "2012-03-27", "2012-03-27", "2040-01-01",
            "annuity 4 2015-09-27;grace 4 2016-03-27;annuity 8 2019-09-27;grace 8 2020-03-27;annuity 12 2023-09-27;"
            "grace 12 2024-03-27;term 0 2030-03-15;");
    expect ("US", "B1", "2015-01-01", "2021-08-31", "2025-01-01", "2026-01-01", "annuity 4 2025-02-28;grace 4 2025-08-31;");
    expect ("US", "A1", "2010-03-15", "", "1990-01-01", "2090-01-01", "");
    expect ("US", "S", "2015-05-12", "2016-03-29", "2016-01-01", "2090-01-01", "term 0 2030-03-29;");
    expect ("US", "S1", "2015-05-13", "2016-03-29", "2016-01-01", "2090-01-01", "term 0 2031-03-29;");
    expect ("US", "E1", "2010-03-15", "2012-03-27", "1990-01-01", "2090-01-01", "");
    tt_term_right right = { "US", "B2", day ("2010-03-15"), day ("2012-03-27"), TT_NO_DAY, day ("2004-02-29") };
    cr_expect_eq (tt_term_end (catalog, &right), day ("2024-02-29"), "from the application that it continues");
    tt_term_due due[4];
    cr_assert_eq (tt_term_due_of (catalog, &right, day ("2015-01-01"), day ("2015-12-31"), due, 4), 1);
    cr_expect_eq (due[0].open_day, day ("2015-03-27"));
    cr_expect_str_eq (due[0].rule, "us-utility-maintenance");
}

Test (term, europe_ends_with_the_month_and_stops_at_grant)
{
    expect ("EP", "A1", "2010-02-15", "", "2010-01-01", "2013-06-01",
            "annuity 3 2012-02-29;grace 3 2012-08-31;annuity 4 2013-02-28;");
    expect ("EP", "B1", "2010-02-15", "2013-02-14", "2010-01-01", "2031-01-01",
            "annuity 3 2012-02-29;grace 3 2012-08-31;term 0 2030-02-15;");
    expect ("EP", "B1", "2010-02-15", "2013-02-20", "2013-01-01", "2029-01-01", "annuity 4 2013-02-28;grace 4 2013-08-31;");
    expect ("EP", "B1", "2010-02-15", "", "2010-01-01", "2029-01-01", "");
}

Test (term, international_applications_enter_by_priority)
{
    tt_term_right right = { "WO", "A1", day ("2020-08-31"), TT_NO_DAY, day ("2019-08-31"), TT_NO_DAY };
    tt_term_due due[8];
    cr_assert_eq (tt_term_due_of (catalog, &right, day ("2020-01-01"), day ("2030-01-01"), due, 8), 4);
    cr_expect_eq (due[0].due_day, day ("2022-02-28"));
    cr_expect_str_eq (due[0].what, "national phase");
    cr_expect_eq (due[2].due_day, day ("2022-03-31"), "31 months, not 30 and one more");
    cr_expect_str_eq (due[3].what, "grace");
    cr_expect_eq (due[3].due_day, day ("2022-04-30"), "32 months, China");
    right.priority_day = TT_NO_DAY;
    cr_assert_eq (tt_term_due_of (catalog, &right, day ("2023-02-28"), day ("2023-02-28"), due, 8), 2);
    cr_expect_eq (tt_term_end (catalog, &right), TT_NO_DAY);
}

Test (term, japan_korea_germany)
{
    expect ("JP", "B2", "2007-03-01", "2010-04-05", "2010-01-01", "2013-12-31", "annuity 4 2013-04-05;grace 4 2013-10-05;");
    expect ("JP", "B2", "2007-03-01", "2010-04-05", "2026-01-01", "2040-01-01",
            "annuity 17 2026-04-05;grace 17 2026-10-05;term 0 2027-03-01;");
    expect ("JP", "S", "2020-03-31", "2020-12-01", "2039-12-01", "2050-01-01",
            "annuity 20 2039-12-01;grace 20 2040-06-01;term 0 2040-12-01;");
    expect ("JP", "S", "2020-04-01", "2020-12-01", "2045-01-01", "2050-01-01", "term 0 2045-04-01;grace 25 2045-06-01;");
    expect ("KR", "B1", "2007-03-01", "2010-04-05", "2013-01-01", "2013-12-31", "annuity 4 2013-04-05;grace 4 2013-10-05;");
    expect ("DE", "A1", "2008-02-29", "", "2010-01-01", "2010-12-31", "annuity 3 2010-02-28;grace 3 2010-08-31;");
    expect ("DE", "B4", "2008-02-29", "2010-05-01", "2027-01-01", "2030-01-01",
            "annuity 20 2027-02-28;grace 20 2027-08-31;term 0 2028-02-29;");
    expect ("DE", "U1", "2011-01-15", "", "2011-01-15", "2030-01-01",
            "annuity 4 2014-01-31;grace 4 2014-07-31;annuity 7 2017-01-31;grace 7 2017-07-31;annuity 9 2019-01-31;"
            "grace 9 2019-07-31;term 0 2021-01-31;");
}

Test (term, what_no_rule_is_about_is_told_apart)
{
    tt_term_right none = { "BR", "B1", day ("2010-01-01"), day ("2012-01-01"), TT_NO_DAY, TT_NO_DAY };
    tt_term_due due[2];
    cr_expect_not (tt_term_known (catalog, &none));
    cr_expect_eq (tt_term_due_of (catalog, &none, INT32_MIN, INT32_MAX, due, 2), 0);
    none.country = "CN";
    none.kind = "B";
    cr_expect (tt_term_known (catalog, &none));
    none.filing_day = TT_NO_DAY;
    cr_expect_not (tt_term_known (catalog, &none), "a rule that nothing can be counted from gives nothing");
    none = (tt_term_right){ "", "", TT_NO_DAY, TT_NO_DAY, TT_NO_DAY, TT_NO_DAY };
    cr_expect_not (tt_term_known (catalog, &none));
    cr_expect_null (tt_term_source (catalog, "no-such-rule"));
}

Test (term, too_many_keep_the_earliest)
{
    tt_term_due due[3];
    cr_assert_eq (tt_term_due_between (catalog, "CN", "B", day ("2000-01-10"), day ("2002-01-01"), INT32_MIN, INT32_MAX, due, 3),
                  3);
    cr_expect_eq (due[0].due_day, day ("2002-01-10"));
    cr_expect_eq (due[1].due_day, day ("2002-07-10"));
    cr_expect_eq (due[2].due_day, day ("2003-01-10"));
    cr_expect_eq (tt_term_due_between (catalog, "CN", "B", day ("2000-01-10"), TT_NO_DAY, INT32_MIN, INT32_MAX, due, 0), 0);
}

Test (term, days_at_the_edge_of_the_calendar_end)
{
    tt_term_due due[64];
    cr_expect_eq (tt_term_due_between (catalog, "CN", "B", day ("9999-12-31"), TT_NO_DAY, INT32_MIN, INT32_MAX, due, 64), 0);
    cr_expect_lt (tt_term_due_between (catalog, "CN", "B", day ("9990-12-31"), TT_NO_DAY, INT32_MIN, INT32_MAX, due, 64), 64);
}

Test (legal, codes_of_offices)
{
    size_t count;
    const tt_legal_code *rows = tt_catalog_legal_codes (catalog, &count);
    cr_assert_gt (count, 100);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq (tt_catalog_legal_code (catalog, rows[i].office, rows[i].code), &rows[i]);
    const tt_legal_code *code = tt_catalog_legal_code (catalog, "CN", "CF01");
    cr_assert_not_null (code);
    cr_expect_str_eq (code->category, "H");
    cr_expect_str_eq (code->trigger, "lapse");
    cr_expect_str_eq (tt_catalog_legal_code (catalog, "CN", "CX01")->trigger, "expiry");
    cr_expect_str_eq (tt_catalog_legal_code (catalog, "CN", "CP01")->trigger, "none", "a new name is no new owner");
    cr_expect_str_eq (tt_catalog_legal_code (catalog, "EP", "PG25")->trigger, "lapse");
    cr_expect_str_eq (tt_catalog_legal_code (catalog, "IE", "MM4A")->trigger, "lapse", "a row of any office");
    cr_expect_null (tt_catalog_legal_code (catalog, "EP", "ZZ99"));
    cr_expect_null (tt_catalog_legal_code (catalog, "US", "CF01"));
    cr_expect_null (tt_catalog_legal_code (catalog, "", ""));
    size_t listed;
    const tt_catalog_entry *list = tt_catalog_list (catalog, "cn_legal_event", &listed);
    for (size_t i = 0; i < listed; i++)
        cr_expect_not_null (tt_catalog_legal_code (catalog, "CN", list[i].code), "%s", list[i].code);
}
