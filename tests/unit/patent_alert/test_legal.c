/* Legal events: identity, numbers, what codes mean. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "legal.h"

static DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;

static LegalEvent
event (const char *office, const char *number, const char *code, const char *category)
{
    LegalEvent e = TECHTRANSFER__PATENT__V1__LEGAL_EVENT__INIT;
    publication.country = (char *)office;
    publication.number = (char *)number;
    e.publication = &publication;
    e.office = (char *)office;
    e.code = (char *)code;
    e.category = (char *)category;
    return e;
}

static const char *
id_of (const LegalEvent *e)
{
    static tt_buffer text;
    tt_buffer_clear (&text);
    alert_legal_id (e, &text);
    return tt_buffer_cstr (&text);
}

Test (legal, the_same_event_has_the_same_id)
{
    Techtransfer__Patent__V1__PatentParty one = TECHTRANSFER__PATENT__V1__PATENT_PARTY__INIT, *parties[] = { &one };
    char first[128];
    LegalEvent e = event ("CN", "111504366", "EE01", "");
    snprintf (first, sizeof first, "%s", id_of (&e));
    cr_expect_eq (strncmp (first, "p.CN111504366-", 14), 0);
    tt_bytes key = alert_legal_key (first);
    cr_expect (tt_bytes_equal (key, tt_bytes_of_text ("p.CN111504366")));
    e.text = (char *)"another text";
    e.revision = 3;
    e.source = (char *)"elsewhere";
    cr_expect_str_eq (id_of (&e), first, "text, revision and source do not count");
    one.name = (char *)"licensee";
    e.parties = parties;
    e.n_parties = 1;
    cr_expect_str_neq (id_of (&e), first, "two licences of one day are two");
    LegalEvent correction = event ("CN", "999", "CF01", "Y");
    correction.corrects = first;
    cr_expect_eq (strncmp (id_of (&correction), "p.CN111504366-", 14), 0, "it is filed where what it corrects is");
    cr_expect_eq (alert_legal_key ("p.CN111504366").size, 0);
    cr_expect_eq (alert_legal_key ("x.CN111504366-0123456789abcdef").size, 0);
    cr_expect_eq (alert_legal_key ("p.CN1-0123456789abcdeX").size, 0);
}

Test (legal, chinese_application_numbers_lose_their_check_digit)
{
    static const struct {
        const char *country, *number, *key;
    } cases[] = { { "CN", "2020101234567", "a.CN202010123456" }, { "CN", "202010123456", "a.CN202010123456" },
                  { "CN", "981012343", "a.CN98101234" },         { "CN", "98101234", "a.CN98101234" },
                  { "US", "2020101234567", "a.US2020101234567" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        DocumentReference r = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
        tt_buffer key = { 0 };
        r.country = (char *)cases[i].country;
        r.number = (char *)cases[i].number;
        alert_application_key (&r, &key);
        cr_expect_str_eq (tt_buffer_cstr (&key), cases[i].key);
        tt_buffer_free (&key);
    }
}

Test (legal, codes_and_categories_set_off_triggers)
{
    static const struct {
        const char *office, *code, *given, *category;
        Trigger trigger;
    } cases[] = {
        { "CN", "CF01", "", "H", TRIGGER (LAPSE) },
        { "CN", "CX01", "", "H", TRIGGER (EXPIRY) },
        { "CN", "TR01", "", "R", TRIGGER (TRANSFER) },
        { "CN", "CP02", "", "R", TRIGGER (TRIGGER_UNSPECIFIED) }, /* a new address is no new owner */
        { "CN", "PE01", "", "S", TRIGGER (PLEDGE) },
        { "CN", "EE01", "", "S", TRIGGER (LICENCE) },
        { "CN", "PP01", "", "W", TRIGGER (PRESERVATION) },
        { "CN", "IW01", "", "H", TRIGGER (INVALIDATION) },
        { "CN", "RR01", "", "K", TRIGGER (RESTORATION) },
        { "CN", "GR01", "", "F", TRIGGER (GRANT) },
        { "XX", "ZZ", "", "", TRIGGER (TRIGGER_UNSPECIFIED) },
        { "XX", "ZZ", "L", "L", TRIGGER (OPPOSITION) },
        { "XX", "ZZ", "V", "V", TRIGGER (LITIGATION) },
        { "XX", "ZZ", "M", "M", TRIGGER (INVALIDATION) },
        { "XX", "ZZ", "U", "U", TRIGGER (TRIGGER_UNSPECIFIED) },
        { "CN", "CF01", "Y", "Y", TRIGGER (TRIGGER_UNSPECIFIED) }, /* it takes a lapse back */
    };
    tt_catalog *catalog = NULL;
    cr_assert_eq (tt_catalog_open (&catalog, NULL, NULL), TT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        LegalEvent e = event (cases[i].office, "1", cases[i].code, cases[i].given);
        const char *category = NULL;
        cr_expect_eq (alert_legal_classify (catalog, &e, &category), cases[i].trigger, "%s", cases[i].code);
        cr_expect_str_eq (category, cases[i].category, "%s", cases[i].code);
    }
    LegalEvent e = event ("CN", "1", "CF01", "");
    const char *category = NULL;
    cr_expect_eq (alert_legal_classify (NULL, &e, &category), TRIGGER (TRIGGER_UNSPECIFIED));
    tt_catalog_close (&catalog);
}

Test (legal, what_is_the_same_and_what_is_wrong)
{
    LegalEvent a = event ("CN", "1", "CF01", ""), b = a;
    b.source = (char *)"other";
    b.revision = 9;
    cr_expect (alert_legal_same (&a, &b));
    b.effective_date = (char *)"2024-01-01";
    cr_expect_not (alert_legal_same (&a, &b));
    tt_violations v = { 0 };
    cr_expect (alert_legal_check (&a, &v));
    LegalEvent bad = event ("CN", "1", "CF 01", "hh");
    bad.office = (char *)"China";
    bad.corrects = (char *)"nothing";
    bad.effective_date = (char *)"2024-02-30";
    bad.publication = NULL;
    cr_expect_not (alert_legal_check (&bad, &v));
    cr_expect_eq (v.count, 6);
    tt_violations_free (&v);
}
