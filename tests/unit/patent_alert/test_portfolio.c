/* Portfolios in memory. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "portfolio.h"
#include "view.h"

static Portfolio
portfolio (const char *owner, const char *name, char **numbers, size_t count, const char *query)
{
    Portfolio p = TECHTRANSFER__PATENT__V1__PORTFOLIO__INIT;
    p.owner = (char *)owner;
    p.name = (char *)name;
    p.publications = numbers;
    p.n_publications = count;
    p.query = (char *)query;
    return p;
}

static size_t
holding (alert_portfolios *all, const char *country, const char *number, const tt_document *document, const char *const **names)
{
    DocumentReference r = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
    r.country = (char *)country;
    r.number = (char *)number;
    return alert_portfolios_holding (all, &r, document, names);
}

Test (portfolio, numbers_in_every_form)
{
    static const struct {
        const char *text, *number;
    } cases[] = { { "CN.111504366.B", "CN111504366" }, { "CN111504366B", "CN111504366" },   { "CN111504366", "CN111504366" },
                  { "US11222333B2", "US11222333" },    { "US.2020012345.A1", "US2020012345" }, { "USD812345S1", "USD812345" },
                  { "USD812345", "USD812345" },        { "CN", NULL },                        { "cn1", NULL },
                  { "CN..B", NULL },                   { "CN 1", NULL },                      { "CNB", "CNB" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tt_buffer number = { 0 };
        bool good = alert_portfolio_number (cases[i].text, &number);
        cr_expect_eq (good, cases[i].number != NULL, "%s", cases[i].text);
        if (good && cases[i].number)
            cr_expect_str_eq (tt_buffer_cstr (&number), cases[i].number);
        tt_buffer_free (&number);
    }
}

Test (portfolio, thousands_are_filed_replaced_and_taken_out)
{
    const char *const *names = NULL;
    alert_portfolios *all = alert_portfolios_new ();
    for (int i = 0; i < 600; i++) {
        char owner[16], texts[20][16], *numbers[20];
        snprintf (owner, sizeof owner, "o%d", i);
        for (int k = 0; k < 20; k++) {
            snprintf (texts[k], sizeof texts[k], "CN%dB", 1000 + i * 10 + k);
            numbers[k] = texts[k];
        }
        Portfolio p = portfolio (owner, "core", numbers, 20, "");
        cr_assert_eq (alert_portfolios_put (all, &p, NULL), TT_OK);
        cr_assert_eq (alert_portfolios_put (all, &p, NULL), TT_OK);
    }
    cr_expect_eq (alert_portfolios_count (all), 600);
    cr_expect_eq (holding (all, "CN", "1015", NULL, &names), 2, "o0 and o1");
    cr_expect_eq (holding (all, "US", "1015", NULL, &names), 0);
    alert_portfolios_remove (all, "o1", "core");
    alert_portfolios_remove (all, "o1", "core");
    cr_expect_eq (holding (all, "CN", "1015", NULL, &names), 1);
    cr_expect_str_eq (names[0], "o0/core");
    for (int i = 0; i < 600; i++) {
        char owner[16];
        snprintf (owner, sizeof owner, "o%d", i);
        alert_portfolios_remove (all, owner, "core");
    }
    cr_expect_eq (alert_portfolios_count (all), 0);
    cr_expect_eq (holding (all, "CN", "1015", NULL, &names), 0);
    alert_portfolios_destroy (&all);
}

Test (portfolio, by_query)
{
    const char *const *names = NULL;
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    alert_portfolios *all = alert_portfolios_new ();
    tt_document *document = tt_document_new (tt_schema_patent ());
    Portfolio one = portfolio ("o", "batteries", NULL, 0, "ti=battery"), two = portfolio ("o", "bad", NULL, 0, "ti="), own = portfolio ("o", "x", NULL, 0, "own=core");
    tt_violations v = { 0 };
    cr_expect (alert_portfolio_check (&one, &v));
    cr_expect_not (alert_portfolio_check (&two, &v));
    cr_expect_not (alert_portfolio_check (&own, &v), "no portfolio of portfolios");
    tt_violations_free (&v);
    cr_assert_eq (alert_portfolios_put (all, &one, NULL), TT_OK);
    cr_expect_neq (alert_portfolios_put (all, &two, NULL), TT_OK);
    (void)tt_document_add (document, tt_schema_find (tt_schema_patent (), "ti", 2), tt_bytes_of_text ("solid battery"));
    cr_expect_eq (holding (all, "CN", "5", document, &names), 1);
    cr_expect_eq (holding (all, "CN", "5", NULL, &names), 0);
    cr_expect_eq (alert_portfolios_count (all), 1);
    tt_document_destroy (&document);
    alert_portfolios_destroy (&all);
}
