#include <criterion/criterion.h>

#include <string.h>

#include "base/text.h"
#include "validate.h"

static tt_catalog *catalog;

static void
open_catalog (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_catalog_open (&catalog, TT_SOURCE_DIR "/common/catalog/data", &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

static void
close_catalog (void)
{
    tt_catalog_close (&catalog);
}

TestSuite (validate, .init = open_catalog, .fini = close_catalog);

static ingest_record
good_record (void)
{
    static char *owners[] = { (char *)"Institute" };
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    r.source = (char *)"lab";
    r.source_id = (char *)"1";
    r.title = (char *)"石墨烯";
    r.owners = owners;
    r.n_owners = 1;
    r.stage = (char *)"2";
    r.form = (char *)"P";
    r.industry = (char *)"C39";
    r.district = (char *)"yinzhou";
    r.secrecy = (char *)"public";
    return r;
}

static bool
names (const tt_violations *v, const char *path)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp (v->items[i].path, path) == 0)
            return true;
    return false;
}

Test (validate, good_record_passes)
{
    tt_violations v = { 0 };
    ingest_record r = good_record ();
    ingest_validate_record (&r, catalog, &v);
    cr_assert_eq (v.total, 0, "%s: %s", v.count ? v.items[0].path : "", v.count ? v.items[0].reason : "");
    tt_violations_free (&v);
}

Test (validate, classified_record_says_one_thing_and_nothing_of_itself)
{
    tt_violations v = { 0 };
    ingest_record r = good_record ();
    r.secrecy = (char *)"机密";
    r.title = (char *)"";
    r.source_id = (char *)"zebra";
    r.stage = (char *)"zebra";
    ingest_validate_record (&r, catalog, &v);
    cr_assert_eq (v.total, 1);
    cr_assert_str_eq (v.items[0].path, "secrecy");
    cr_assert_null (strstr (v.items[0].reason, "zebra"));
    cr_assert_null (strstr (v.items[0].reason, "机密"));
    tt_violations_free (&v);
}

Test (validate, every_wrong_field_is_named)
{
    static char *keywords[] = { (char *)"ok", (char *)"" };
    static uint32_t specials[] = { 1, 13 };
    tt_violations v = { 0 };
    ingest_record r = good_record ();
    r.source = (char *)"Lab";
    r.title = (char *)"";
    r.keywords = keywords;
    r.n_keywords = 2;
    r.specials = specials;
    r.n_specials = 2;
    r.n_owners = 0;
    r.stage = (char *)"9";
    r.form = (char *)"11";
    r.trl = 14;
    r.price_fen = -1;
    r.completed_date = (char *)"2017-02-29";
    r.registration_number = (char *)"a/b";
    ingest_validate_record (&r, catalog, &v);
    const char *paths[] = { "source", "title",     "keywords[1]",    "specials[1]",        "owners", "stage", "form",
                            "trl",    "price_fen", "completed_date", "registration_number" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        cr_assert (names (&v, paths[i]), "%s", paths[i]);
    cr_assert_eq (v.total, sizeof paths / sizeof *paths);
    tt_violations_free (&v);
}

/* How many violations; path of the first. */
static size_t
demand_violations (const ingest_demand *d, char path[64])
{
    tt_violations v = { 0 };
    tt_buffer warnings = { 0 };
    ingest_validate_demand (d, catalog, 20000, &v, &warnings);
    strncpy (path, v.total > 0 ? v.items[0].path : "", 63);
    path[63] = '\0';
    size_t total = v.total;
    tt_violations_free (&v);
    tt_buffer_free (&warnings);
    return total;
}

Test (validate, a_challenge_states_award_and_deadline)
{
    char path[64];
    ingest_demand d = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    d.owner = (char *)"ent-1";
    d.demand_id = (char *)"d";
    d.title = (char *)"t";
    d.award_fen = 5;
    cr_expect_eq (demand_violations (&d, path), 1);
    cr_expect_str_eq (path, "award_fen");
    d.kind = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_KIND__CHALLENGE;
    cr_expect_eq (demand_violations (&d, path), 1);
    cr_expect_str_eq (path, "deadline");
    d.deadline = (char *)"2099-12-31";
    cr_expect_eq (demand_violations (&d, path), 0);
    d.award_fen = 0;
    cr_expect_eq (demand_violations (&d, path), 1);
    cr_expect_str_eq (path, "award_fen");
}

Test (validate, demand_query_is_refused_with_its_place)
{
    tt_violations v = { 0 };
    tt_buffer warnings = { 0 };
    ingest_demand d = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    d.owner = (char *)"ent-1";
    d.demand_id = (char *)"d";
    d.title = (char *)"t";
    d.query = (char *)"ti=graphene and";
    d.deadline = (char *)"2017-01-31";
    ingest_validate_demand (&d, catalog, 20000, &v, &warnings);
    cr_assert_eq (v.total, 1);
    cr_assert_str_eq (v.items[0].path, "query");
    cr_assert_not_null (strstr (v.items[0].reason, "at byte "));
    cr_assert_not_null (strstr (tt_buffer_cstr (&warnings), "deadline"));
    tt_violations_free (&v);
    tt_buffer_free (&warnings);
}

Test (validate, reasons_do_not_repeat_what_was_sent)
{
    ingest_record r = good_record ();
    r.completed_date = (char *)"MARK";
    r.stage = r.form = r.industry = r.district = r.level = (char *)"MARK";
    tt_violations v = { 0 };
    ingest_validate_record (&r, catalog, &v);
    cr_assert_eq (v.total, 6);
    for (size_t i = 0; i < v.count; i++)
        cr_assert_not (strstr (v.items[i].reason, "MARK"), "%s", v.items[i].reason);
    tt_violations_free (&v);
}

Test (validate, registrations)
{
    ingest_source s = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE__INIT;
    tt_violations v = { 0 };
    ingest_validate_source (&s, &v);
    cr_assert_eq (v.total, 2, "source and name are required");
    tt_violations_clear (&v);
    s.source = s.name = (char *)"lab";
    ingest_validate_source (&s, &v);
    cr_assert_eq (v.total, 0);
    s.mode = (Techtransfer__Achievement__V1__SourceMode)9;
    ingest_validate_source (&s, &v);
    cr_assert_eq (v.total, 1);
    tt_violations_free (&v);
}
