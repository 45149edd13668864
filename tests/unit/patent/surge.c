/* The test for filing surges, against figures computed by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "patent/surge.h"

#define NEAR(got, want) cr_expect_lt (fabs ((got) - (want)), 1e-9 + 1e-9 * fabs (want), "%.12g, expected %.12g", got, (double)(want))

static tt_surge_model
fit (const tt_surge_table *table)
{
    tt_surge_model model;
    tt_error error = { 0 };
    cr_assert_eq (tt_surge_fit (table, &model, &error), TT_OK, "%s", error.message);
    return model;
}

Test (surge, of_a_steady_time_the_tail_is_binomial)
{
    static const uint32_t counts[] = { 5, 0, 0, /**/ 4, 1, 1, /**/ 0, 3, 3, /**/ 1, 1, 1 };
    tt_surge_table table = { .counts = counts, .pairs = 4, .trailing = 2, .documents = { 100, 100, 100 } };
    tt_surge_model model = fit (&table);
    NEAR (model.chance, 1.0 / 3);
    NEAR (model.dispersion, 1.0);
    NEAR (tt_surge_test (&table, &model, 0).p, 1.0 / 243); /* all five in one of three */
    NEAR (tt_surge_test (&table, &model, 1).p, 73.0 / 729); /* 4, 5 or 6 of 6: 15*4 + 6*2 + 1 */
    NEAR (tt_surge_test (&table, &model, 1).expected, 1.0);
    NEAR (tt_surge_test (&table, &model, 2).p, 1.0); /* a fall is no surge */
    NEAR (tt_surge_test (&table, &model, 3).p, 1.0); /* nor is what was expected */
}

Test (surge, more_documents_of_all_make_none)
{
    static const uint32_t counts[] = { 9, 1, 1 };
    tt_surge_table table = { .counts = counts, .pairs = 1, .trailing = 2, .documents = { 900, 100, 100 } };
    tt_surge_model model = fit (&table);
    NEAR (tt_surge_test (&table, &model, 0).expected, 9.0);
    NEAR (tt_surge_test (&table, &model, 0).p, 1.0);
}

Test (surge, times_that_vary_widen_the_tail)
{
    static const uint32_t counts[] = { 8, 0, 8, /**/ 0, 8, 0, /**/ 10, 0, 0 };
    tt_surge_table table = { .counts = counts, .pairs = 3, .trailing = 2, .documents = { 100, 100, 100 } };
    tt_surge_model model = fit (&table);
    NEAR (model.dispersion, 8.0); /* four times 4 * 4 / 4, for two degrees of freedom */
    tt_surge_model steady = model;
    steady.dispersion = 1;
    NEAR (tt_surge_test (&table, &steady, 2).p, pow (1.0 / 3, 10));
    cr_expect_gt (tt_surge_test (&table, &model, 2).p, 1000 * tt_surge_test (&table, &steady, 2).p);
}

Test (surge, the_false_discoveries_are_bounded_over_the_pairs_that_can_be_found)
{
    enum { PAIRS = 1002, WIDTH = 3 };
    static uint32_t counts[PAIRS * WIDTH];
    static tt_surge found[PAIRS];
    for (size_t pair = 0; pair < 1000; pair++) /* one document each: no test of these can ever find something */
        counts[pair * WIDTH + pair % WIDTH] = 1;
    counts[1000 * WIDTH] = 6;
    counts[1001 * WIDTH] = 2;
    counts[1001 * WIDTH + 1] = counts[1001 * WIDTH + 2] = 2;
    tt_surge_table table = { .counts = counts, .pairs = PAIRS, .trailing = 2, .documents = { 400, 400, 400 } };
    tt_surge_model model = fit (&table);
    model.dispersion = 1;
    cr_assert_eq (tt_surge_find (&table, &model, 0.05, 3, found), 1);
    cr_expect_eq (found[0].pair, 1000);
    NEAR (found[0].p, 1.0 / 729);
    NEAR (found[0].q, 2.0 / 729); /* two tests, not 1002 */
    cr_expect_eq (tt_surge_find (&table, &model, 0.05, 7, found), 0, "fewer than the least number");
    cr_expect_eq (tt_surge_find (&table, &model, 0.001, 3, found), 0);
}

Test (surge, without_documents_nothing_can_be_said)
{
    static const uint32_t counts[] = { 0, 1, 1 };
    tt_surge_table table = { .counts = counts, .pairs = 1, .trailing = 2, .documents = { 0, 1, 1 } };
    tt_surge_model model;
    tt_error error = { 0 };
    cr_expect_eq (tt_surge_fit (&table, &model, &error), TT_INVALID_ARGUMENT);
    table.documents[0] = 1;
    table.trailing = 1;
    cr_expect_eq (tt_surge_fit (&table, &model, &error), TT_INVALID_ARGUMENT);
    table.trailing = TT_SURGE_WINDOWS_MAX + 1;
    cr_expect_eq (tt_surge_fit (&table, &model, &error), TT_INVALID_ARGUMENT);
}
