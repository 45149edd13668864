/* Answers change the score of later achievements of the same field: the formula, its bounds, and taking an answer back. */
#include <criterion/criterion.h>

#include <math.h>
#include <string.h>

#include "leaning.h"

#define ANSWER(name) TECHTRANSFER__ACHIEVEMENT__V1__PUSH_ANSWER__##name
#define NONE ANSWER (PUSH_ANSWER_UNSPECIFIED)

static tt_arena *arena;
static ingest_demand demand;

static void
setup (void)
{
    arena = tt_arena_new (0);
    techtransfer__achievement__v1__demand__init (&demand);
}

static void
teardown (void)
{
    tt_arena_destroy (&arena);
}

TestSuite (leaning, .init = setup, .fini = teardown);

static bool
answer (const char *industry, uint32_t special, ingest_answer from, ingest_answer to)
{
    ingest_push push = TECHTRANSFER__ACHIEVEMENT__V1__PUSH__INIT;
    push.industry = (char *)industry;
    push.specials = &special;
    push.n_specials = special > 0;
    return ingest_leaning_note (arena, &demand, &push, from, to);
}

static double
score (const char *industry, uint32_t special, double plain)
{
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    r.industry = (char *)industry;
    r.specials = &special;
    r.n_specials = special > 0;
    ingest_traits traits = ingest_traits_of (&r);
    ingest_limits limits = ingest_limits_of (&demand);
    return ingest_leaning_score (&limits, &traits, plain);
}

static bool
near (double a, double b)
{
    return fabs (a - b) < 1e-12;
}

Test (leaning, the_same_field_falls_and_others_stay)
{
    cr_assert (answer ("C39", 5, NONE, ANSWER (NOT_RELEVANT)));
    cr_expect (near (score ("C39", 5, 0.4), 0.4 * 0.85));
    cr_expect (near (score ("C39", 0, 0.4), 0.4 * 0.85));
    cr_expect (near (score ("C39", 6, 0.4), 0.4 * 0.925), "one of two fields");
    cr_expect (near (score ("C38", 6, 0.4), 0.4));
    cr_expect (near (score ("", 0, 0.4), 0.4), "what states no field is not touched");
    cr_assert (answer ("C38", 6, NONE, ANSWER (INTERESTED)));
    cr_expect (near (score ("C38", 6, 0.4), 0.4 * 1.05));
    cr_expect_eq (demand.n_answers, 4);
    for (size_t i = 1; i < demand.n_answers; i++)
        cr_expect_lt (strcmp (demand.answers[i - 1]->field, demand.answers[i]->field), 0);
}

Test (leaning, a_changed_answer_takes_the_former_back)
{
    cr_assert (answer ("C39", 5, NONE, ANSWER (NOT_RELEVANT)));
    cr_assert_not (answer ("C39", 5, ANSWER (NOT_RELEVANT), ANSWER (NOT_RELEVANT)));
    cr_assert (answer ("C39", 5, ANSWER (NOT_RELEVANT), ANSWER (INTERESTED)));
    cr_expect (near (score ("C39", 5, 0.4), 0.4 * 1.05));
    cr_assert (answer ("C39", 5, ANSWER (INTERESTED), ANSWER (CONTRACTED)));
    cr_expect_eq (demand.n_answers, 0);
    cr_expect (near (score ("C39", 5, 0.4), 0.4));
    cr_assert_not (answer ("C39", 5, ANSWER (NOT_RELEVANT), ANSWER (CONTRACTED)), "taken back from a demand that was put anew");
    cr_assert_not (answer ("C39", 5, NONE, ANSWER (CONTRACTED)));
}

Test (leaning, bounds)
{
    for (int i = 0; i < 50; i++)
        cr_assert (answer ("C39", 0, NONE, ANSWER (NOT_RELEVANT)));
    cr_expect (near (score ("C39", 0, 0.4), 0.2));
    for (int i = 0; i < 50; i++)
        cr_assert (answer ("C26", 0, NONE, ANSWER (INTERESTED)));
    cr_expect (near (score ("C26", 0, 0.4), 0.48));
    cr_expect (near (score ("C26", 0, 0.9), 1.0));
    for (uint32_t special = 1; special <= 400; special++)
        answer ("", special, NONE, ANSWER (INTERESTED));
    cr_expect_eq (demand.n_answers, INGEST_FIELDS_MOST);
}
