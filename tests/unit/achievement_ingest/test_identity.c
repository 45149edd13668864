#include <criterion/criterion.h>

#include <string.h>

#include "base/text.h"
#include "identity.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (identity, .init = open_text);

static ingest_record
record (const char *id, const char *number, uint64_t version, uint64_t revision)
{
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    r.source = (char *)"lab";
    r.source_id = (char *)id;
    r.registration_number = (char *)number;
    r.source_version = version;
    r.revision = revision;
    return r;
}

static ingest_row
row_of (ingest_record *r, const char *duplicate_of)
{
    ingest_row row = TECHTRANSFER__ACHIEVEMENT__V1__GET_ACHIEVEMENT_REPLY__INIT;
    row.achievement = r;
    row.duplicate_of = (char *)duplicate_of;
    return row;
}

Test (identity, id_is_stable_and_separates_its_parts)
{
    char a[INGEST_ID_SIZE], b[INGEST_ID_SIZE];
    ingest_achievement_id ("nasa", "LAR-1", a);
    ingest_achievement_id ("nasaL", "AR-1", b);
    cr_assert_eq (strlen (a), 18);
    cr_assert_eq (strncmp (a, "a-", 2), 0);
    cr_assert_str_neq (a, b);
    ingest_achievement_id ("nasa", "LAR-1", b);
    cr_assert_str_eq (a, b);
}

Test (identity, numbers_are_normalised)
{
    tt_arena *arena = tt_arena_new (0);
    cr_assert_str_eq (ingest_normal_number (arena, " ３３－2017-y 0001"), "33-2017-Y0001");
    cr_assert_str_eq (ingest_normal_number (arena, ""), "");
    cr_assert_null (ingest_normal_number (arena, "33/2017"));
    cr_assert_null (ingest_normal_number (arena, "登记1"));
    cr_assert_null (ingest_normal_number (arena, "123456789012345678901234567890123"));
    tt_arena_destroy (&arena);
}

Test (identity, content_leaves_out_what_the_daemon_sets)
{
    ingest_record a = record ("1", "N", 1, 1), b = record ("1", "N", 9, 7);
    b.achievement_id = (char *)"a-x";
    b.withdrawn = true;
    cr_assert (ingest_same_content (&a, &b));
    b.title = (char *)"t";
    cr_assert_not (ingest_same_content (&a, &b));
}

Test (identity, sights)
{
    ingest_record stored = record ("1", "", 3, 1), in = record ("1", "", 3, 0);
    ingest_row row = row_of (&stored, "");
    cr_assert_eq (ingest_sight_of (NULL, &in), INGEST_NEW);
    cr_assert_eq (ingest_sight_of (&row, &in), INGEST_SAME);
    in.title = (char *)"other";
    cr_assert_eq (ingest_sight_of (&row, &in), INGEST_CONFLICT);
    in.source_version = 2;
    cr_assert_eq (ingest_sight_of (&row, &in), INGEST_OLDER);
    in.source_version = 4;
    cr_assert_eq (ingest_sight_of (&row, &in), INGEST_NEWER);
    stored.source_version = in.source_version = 0;
    cr_assert_eq (ingest_sight_of (&row, &in), INGEST_NEWER);
    stored.withdrawn = true;
    cr_assert_eq (ingest_sight_of (&row, &in), INGEST_TOMBSTONE);
    cr_assert_not_null (ingest_sight_refusal (INGEST_TOMBSTONE));
    cr_assert_null (ingest_sight_refusal (INGEST_NEWER));
}

Test (identity, a_claim_dies_when_its_record_has_gone_on_without_the_number)
{
    ingest_record me = record ("me", "N", 0, 0), other = record ("other", "N", 0, 4), claim = record ("other", "N", 0, 4);
    ingest_row holder = row_of (&other, "");
    cr_assert_eq (ingest_claim_judge (NULL, NULL, &me), INGEST_CLAIM_FREE);
    cr_assert_eq (ingest_claim_judge (&claim, &holder, &me), INGEST_CLAIM_HELD);
    other.revision = 3; /* its commit is still to come */
    other.registration_number = (char *)"M";
    cr_assert_eq (ingest_claim_judge (&claim, &holder, &me), INGEST_CLAIM_HELD);
    cr_assert_eq (ingest_claim_judge (&claim, NULL, &me), INGEST_CLAIM_HELD);
    other.revision = 4;
    cr_assert_eq (ingest_claim_judge (&claim, &holder, &me), INGEST_CLAIM_FREE);
    other.registration_number = (char *)"N";
    other.withdrawn = true;
    cr_assert_eq (ingest_claim_judge (&claim, &holder, &me), INGEST_CLAIM_FREE);
    other.withdrawn = false;
    holder.duplicate_of = (char *)"a-1";
    cr_assert_eq (ingest_claim_judge (&claim, &holder, &me), INGEST_CLAIM_FREE);
    claim.source_id = (char *)"me";
    cr_assert_eq (ingest_claim_judge (&claim, NULL, &me), INGEST_CLAIM_MINE);
}

Test (identity, a_number_is_claimed_for_the_revision_to_come)
{
    ingest_record mine = record ("me", "N", 0, 4), claim = record ("me", "N", 0, 2);
    ingest_row row = row_of (&mine, "");
    cr_assert_not (ingest_claim_needed (&claim, INGEST_CLAIM_MINE, &row)); /* borne since revision 2 */
    mine.registration_number = (char *)"M";
    cr_assert (ingest_claim_needed (&claim, INGEST_CLAIM_MINE, &row)); /* may be taken by now */
    claim.revision = 5;
    cr_assert_not (ingest_claim_needed (&claim, INGEST_CLAIM_MINE, &row));
    cr_assert (ingest_claim_needed (NULL, INGEST_CLAIM_FREE, NULL));
    cr_assert_not (ingest_claim_needed (&claim, INGEST_CLAIM_HELD, &row));
}

typedef struct {
    const char *name;
    ingest_sight sight;
    bool stored, withdrawn, duplicate; /* the stored row */
    ingest_claim_state state;
    int outcome;
    ingest_telling telling;
    bool write, now_duplicate;
} decision_case;

Test (identity, decisions)
{
    static const decision_case cases[] = {
        { "first sight", INGEST_NEW, false, false, false, INGEST_CLAIM_MINE, 1, INGEST_TELL_REGISTERED, true, false },
        { "first sight, number held", INGEST_NEW, false, false, false, INGEST_CLAIM_HELD, 4, INGEST_TELL_NOTHING, true, true },
        { "revision", INGEST_NEWER, true, false, false, INGEST_CLAIM_MINE, 2, INGEST_TELL_REVISED, true, false },
        { "same", INGEST_SAME, true, false, false, INGEST_CLAIM_MINE, 3, INGEST_TELL_NOTHING, false, false },
        { "revision takes a held number", INGEST_NEWER, true, false, false, INGEST_CLAIM_HELD, 4, INGEST_TELL_WITHDRAWN, true,
          true },
        { "revived", INGEST_NEWER, true, true, false, INGEST_CLAIM_MINE, 1, INGEST_TELL_REGISTERED, true, false },
        { "duplicate again", INGEST_SAME, true, false, true, INGEST_CLAIM_HELD, 4, INGEST_TELL_NOTHING, false, true },
        { "duplicate set free", INGEST_SAME, true, false, true, INGEST_CLAIM_MINE, 1, INGEST_TELL_REGISTERED, true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const decision_case *c = &cases[i];
        ingest_record old = record ("me", "N", 0, 1), in = record ("me", "N", 0, 0), claim = record ("me", "N", 0, 2);
        old.withdrawn = c->withdrawn;
        claim.revision = c->stored ? 2 : 1;
        ingest_row row = row_of (&old, c->duplicate ? "a-1" : "");
        ingest_decision d = ingest_decide (c->sight, c->stored ? &row : NULL, &in, &claim, c->state);
        cr_assert_not (d.again, "%s", c->name);
        cr_assert_eq ((int)d.outcome, c->outcome, "%s", c->name);
        cr_assert_eq (d.telling, c->telling, "%s", c->name);
        cr_assert_eq (d.write, c->write, "%s", c->name);
        cr_assert_eq (d.duplicate, c->now_duplicate, "%s", c->name);
    }
}

Test (identity, where_it_came_from_is_no_content)
{
    ingest_record a = record ("1", "", 0, 1), b = record ("1", "", 0, 2);
    Techtransfer__Achievement__V1__Provenance p = TECHTRANSFER__ACHIEVEMENT__V1__PROVENANCE__INIT;
    p.importer = (char *)"csv";
    p.received_unix_ms = 7;
    b.provenance = &p;
    cr_assert (ingest_same_content (&a, &b));
    b.title = (char *)"another";
    cr_assert (!ingest_same_content (&a, &b));
}
