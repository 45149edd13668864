/* Contracts: what is wrong with one, and what becomes of a registration, a correction, a cancellation. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "contract.h"
#include "identity.h"

#define TYPE(name) TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_TYPE__##name

typedef Techtransfer__Achievement__V1__ContractAchievement contract_achievement;

static tt_catalog *catalog;
static tt_arena *arena;
static Techtransfer__Achievement__V1__ContractParty buyer, seller;
static contract_achievement about[3], *abouts[3];

static void
setup (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_catalog_open (&catalog, TT_SOURCE_DIR "/common/catalog/data", &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
    arena = tt_arena_new (0);
}

static void
teardown (void)
{
    tt_arena_destroy (&arena);
    tt_catalog_close (&catalog);
}

TestSuite (contract, .init = setup, .fini = teardown);

static ingest_contract
good_contract (void)
{
    ingest_contract c = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT__INIT;
    techtransfer__achievement__v1__contract_party__init (&buyer);
    techtransfer__achievement__v1__contract_party__init (&seller);
    for (size_t i = 0; i < 3; i++) {
        techtransfer__achievement__v1__contract_achievement__init (&about[i]);
        abouts[i] = &about[i];
    }
    about[0].source = (char *)"lab";
    about[0].source_id = (char *)"1";
    about[1].achievement_id = (char *)"a-0123456789abcdef";
    buyer.name = (char *)"Ent 4";
    seller.name = (char *)"Institute";
    seller.district = (char *)"yinzhou";
    c.contract_number = (char *)"2018-330200 000123";
    c.type = TYPE (DEVELOPMENT);
    c.title = (char *)"硅碳负极";
    c.buyer = &buyer;
    c.seller = &seller;
    c.amount_fen = 1000;
    c.technology_amount_fen = 600;
    c.achievements = abouts;
    c.n_achievements = 2;
    c.date = (char *)"2018-03-05";
    c.hightech_field = (char *)"";
    return c;
}

/* Path and reason of the only violation; "" if there is none. */
static const char *
violation_of (const ingest_contract *c)
{
    tt_violations v = { 0 };
    ingest_validate_contract (c, catalog, &v);
    cr_assert_leq (v.total, 1, "%s, %s", v.items[0].path, v.items[1].path);
    const char *path = v.total == 0 ? "" : tt_arena_strndup (arena, v.items[0].path, strlen (v.items[0].path));
    tt_violations_free (&v);
    return path;
}

Test (contract, types_are_the_codes_of_the_list)
{
    const ProtobufCEnumDescriptor *types = &techtransfer__achievement__v1__contract_type__descriptor;
    char code[12];
    for (unsigned i = 0; i < types->n_values; i++) {
        snprintf (code, sizeof code, "%d", types->values[i].value);
        cr_expect_eq (tt_catalog_code (catalog, "technology_contract_type", code) != NULL, types->values[i].value != 0, "%s", types->values[i].name);
    }
    snprintf (code, sizeof code, "%u", types->n_values);
    cr_expect_null (tt_catalog_code (catalog, "technology_contract_type", code));
}

Test (contract, each_violation_has_its_path)
{
    ingest_contract c = good_contract ();
    cr_expect_str_eq (violation_of (&c), "");
    c.contract_number = (char *)"  ";
    cr_expect_str_eq (violation_of (&c), "contract_number");
    c = good_contract ();
    c.type = 0;
    cr_expect_str_eq (violation_of (&c), "type");
    c = good_contract ();
    c.buyer = NULL;
    cr_expect_str_eq (violation_of (&c), "buyer");
    c = good_contract ();
    seller.district = (char *)"atlantis";
    cr_expect_str_eq (violation_of (&c), "seller.district");
    c = good_contract ();
    c.technology_amount_fen = 1001;
    cr_expect_str_eq (violation_of (&c), "technology_amount_fen");
    c = good_contract ();
    c.amount_fen = INGEST_CONTRACT_MOST_FEN + 1;
    cr_expect_str_eq (violation_of (&c), "amount_fen");
    c = good_contract ();
    c.date = (char *)"2018-02-30";
    cr_expect_str_eq (violation_of (&c), "date");
    c = good_contract ();
    c.hightech_field = (char *)"nothing";
    cr_expect_str_eq (violation_of (&c), "hightech_field");
}

Test (contract, an_achievement_is_named_once_and_in_one_way)
{
    ingest_contract c = good_contract ();
    about[1].achievement_id = (char *)"a-0123";
    cr_expect_str_eq (violation_of (&c), "achievements[1].achievement_id");
    c = good_contract ();
    about[0].achievement_id = (char *)"a-0123456789abcdef";
    cr_expect_str_eq (violation_of (&c), "achievements[0].achievement_id");
    c = good_contract ();
    char id[INGEST_ID_SIZE];
    ingest_achievement_id ("lab", "1", id);
    about[2].achievement_id = id;
    c.n_achievements = 3;
    cr_expect_str_eq (violation_of (&c), "achievements[2]");
    c = good_contract ();
    cr_expect_str_eq (ingest_contract_normalised (arena, &c)->achievements[0]->achievement_id, id);
    cr_expect_str_eq (ingest_contract_normalised (arena, &c)->contract_number, "2018-330200000123");
}

Test (contract, the_same_again_is_unchanged_and_other_content_refused)
{
    ingest_contract c = good_contract (), *now = ingest_contract_normalised (arena, &c), stored = *now;
    cr_expect_eq (ingest_judge_registration (NULL, now).step, INGEST_CONTRACT_WRITE);
    stored.revision = 1;
    stored.registered_unix_ms = 5;
    cr_expect_eq (ingest_judge_registration (&stored, now).step, INGEST_CONTRACT_UNCHANGED);
    now->amount_fen++;
    cr_expect_eq (ingest_judge_registration (&stored, now).code, TT_ALREADY_EXISTS);
    stored.cancelled = true;
    cr_expect_eq (ingest_judge_registration (&stored, now).code, TT_FAILED_PRECONDITION);
}

Test (contract, a_correction_is_of_the_revision_that_it_names)
{
    ingest_contract c = good_contract (), *now = ingest_contract_normalised (arena, &c), stored = *now;
    stored.revision = 3;
    cr_expect_eq (ingest_judge_correction (NULL, now, 3).code, TT_NOT_FOUND);
    cr_expect_eq (ingest_judge_correction (&stored, now, 3).step, INGEST_CONTRACT_UNCHANGED);
    cr_expect_eq (ingest_judge_correction (&stored, now, 2).step, INGEST_CONTRACT_UNCHANGED, "this very correction was made");
    cr_expect_eq (ingest_judge_correction (&stored, now, 1).code, TT_FAILED_PRECONDITION);
    now->type = TYPE (LICENCE);
    cr_expect_eq (ingest_judge_correction (&stored, now, 3).step, INGEST_CONTRACT_WRITE);
    cr_expect_eq (ingest_judge_correction (&stored, now, 2).code, TT_FAILED_PRECONDITION);
    cr_expect_eq (ingest_judge_correction (&stored, now, 4).code, TT_FAILED_PRECONDITION);
    stored.cancelled = true;
    cr_expect_eq (ingest_judge_correction (&stored, now, 3).code, TT_FAILED_PRECONDITION);
}

Test (contract, a_cancellation_is_final_and_may_come_twice)
{
    ingest_contract stored = good_contract ();
    stored.revision = 2;
    cr_expect_eq (ingest_judge_cancellation (NULL, 0).code, TT_NOT_FOUND);
    cr_expect_eq (ingest_judge_cancellation (&stored, 0).step, INGEST_CONTRACT_WRITE);
    cr_expect_eq (ingest_judge_cancellation (&stored, 2).step, INGEST_CONTRACT_WRITE);
    cr_expect_eq (ingest_judge_cancellation (&stored, 1).code, TT_FAILED_PRECONDITION);
    stored.cancelled = true;
    cr_expect_eq (ingest_judge_cancellation (&stored, 2).step, INGEST_CONTRACT_UNCHANGED);
}
