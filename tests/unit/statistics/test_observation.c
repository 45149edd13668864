/* Periods, the checks of observations, and series. */
#include <criterion/criterion.h>
#include <string.h>

#include "observation.h"

#define NOW INT64_C (1577836800000) /* 2020-01-01 */

static tt_catalog *catalog;
static tt_arena *arena;
static tt_violations violations;

static void
setup (void)
{
    tt_error error = { 0 };
    arena = tt_arena_new (0);
    cr_assert_eq (tt_catalog_open (&catalog, TT_SOURCE_DIR "/common/catalog/data", &error), TT_OK, "%s", error.message);
}

static void
teardown (void)
{
    tt_violations_free (&violations);
    tt_catalog_close (&catalog);
    tt_arena_destroy (&arena);
}

TestSuite (observation, .init = setup, .fini = teardown);

static stats_observation
good (void)
{
    stats_observation o = TECHTRANSFER__STATISTICS__V1__OBSERVATION__INIT;
    o.indicator = "rd_gdp_share";
    o.period = "2018";
    o.value = "2.80";
    o.department = "STB";
    o.source = "R&D survey 2018, table 3";
    return o;
}

static bool
refused_at (const stats_observation *o, const char *path)
{
    tt_violations_clear (&violations);
    bool right = stats_observation_check (catalog, o, NOW, &violations);
    cr_expect_eq (right, violations.total == 0);
    for (size_t i = 0; i < violations.count; i++)
        if (strcmp (violations.items[i].path, path) == 0)
            return true;
    return false;
}

Test (observation, periods_are_read_strictly)
{
    stats_period p;
    static const char *const wrong[] = { "",        "19",     "1989",   "2101",     "2019-",      "2019-Q0", "2019-Q5", "2019-13",
                                         "2019-00", "2019-7", "2019Q1", "2019-Q11", "2019-07-01", "2O19",    "+019" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_not (stats_period_parse (wrong[i], &p), "%s", wrong[i]);
    cr_assert (stats_period_parse ("2019-Q3", &p));
    cr_expect_eq (p.first_month, 7);
    cr_expect_eq (p.last_month, 9);
}

Test (observation, periods_are_ordered_by_their_end)
{
    static const char *const ordered[] = { "2018", "2018-Q4", "2018-12", "2019-02", "2019-Q1", "2019-03", "2019" };
    for (size_t i = 1; i < sizeof ordered / sizeof *ordered; i++) {
        stats_period a, b;
        cr_assert (stats_period_parse (ordered[i - 1], &a) && stats_period_parse (ordered[i], &b));
        cr_expect_lt (stats_period_compare (a, b), 0, "%s before %s", ordered[i - 1], ordered[i]);
    }
    stats_period from, to;
    cr_assert (stats_period_parse ("2015", &from) && stats_period_parse ("2018-Q3", &to));
    cr_expect_float_eq (stats_period_years (from, to), 2.75, 1e-12);
}

Test (observation, a_right_one_passes)
{
    stats_observation o = good ();
    tt_violations_clear (&violations);
    cr_expect (stats_observation_check (catalog, &o, NOW, &violations));
    o.district = "yinzhou";
    o.status = "P";
    cr_expect (stats_observation_check (catalog, &o, NOW, &violations));
}

Test (observation, each_wrong_field_is_named)
{
    stats_observation o = good ();
    o.indicator = "happiness";
    cr_expect (refused_at (&o, "observation.indicator"));
    o = good (), o.period = "2018-Q7";
    cr_expect (refused_at (&o, "observation.period"));
    o = good (), o.period = "2021";
    cr_expect (refused_at (&o, "observation.period"));
    o.status = "F";
    cr_expect_not (refused_at (&o, "observation.period"));
    o = good (), o.district = "atlantis";
    cr_expect (refused_at (&o, "observation.district"));
    o = good (), o.department = "EIC"; /* not the responsible one */
    cr_expect (refused_at (&o, "observation.department"));
    o = good (), o.department = "";
    cr_expect (refused_at (&o, "observation.department"));
    o = good (), o.source = "";
    cr_expect (refused_at (&o, "observation.source"));
    o = good (), o.status = "Z";
    cr_expect (refused_at (&o, "observation.status"));
    o = good (), o.source = "\xff\xfe";
    cr_expect (refused_at (&o, "observation.source"));
}

Test (observation, values_are_exact_decimals_inside_natural_limits)
{
    static const char *const wrong[] = { "", "-0.1", "100.000000000000000001", "1e3", "abc", "1.", "NaN", "2,8" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        stats_observation o = good ();
        o.value = (char *)wrong[i];
        cr_expect (refused_at (&o, "observation.value"), "%s", wrong[i]);
    }
    stats_observation firms = good ();
    firms.indicator = "hightech_firms_cum";
    firms.value = "2101.5";
    cr_expect (refused_at (&firms, "observation.value"));
    firms.value = "2101";
    cr_expect_not (refused_at (&firms, "observation.value"));
}

Test (observation, a_ratio_may_come_in_its_parts)
{
    stats_observation o = good ();
    o.numerator = "265.64";
    o.denominator = "10745.46";
    cr_expect (refused_at (&o, "observation.value")); /* beside its parts */
    o.value = "";
    cr_expect_not (refused_at (&o, "observation.value"));
    cr_expect_eq (violations.total, 0);
    cr_expect_str_eq (stats_observation_normal (catalog, &o, arena)->value, "2.472114");
    o.denominator = "0";
    cr_expect (refused_at (&o, "observation.denominator"));
    o.denominator = "";
    cr_expect (refused_at (&o, "observation.denominator"));
    o.denominator = "100"; /* 265.64 percent */
    cr_expect (refused_at (&o, "observation.value"));
    o = good (), o.indicator = "sei_value_added", o.department = "DRC", o.value = "", o.numerator = "1", o.denominator = "2";
    cr_expect (refused_at (&o, "observation.numerator")); /* no ratio */
}

Test (observation, the_factor_of_the_formula_is_used)
{
    stats_observation o = good ();
    o.indicator = "invention_patents_per_10k";
    o.value = "";
    o.numerator = "15000";
    o.denominator = "8000000";
    cr_expect_str_eq (stats_observation_normal (catalog, &o, arena)->value, "18.75");
}

Test (observation, a_missing_value_is_empty_and_never_zero)
{
    stats_observation o = good ();
    o.status = "M";
    cr_expect (refused_at (&o, "observation.value"));
    o.value = "";
    cr_expect_not (refused_at (&o, "observation.value"));
    cr_expect_str_eq (stats_observation_normal (catalog, &o, arena)->value, "");
}

Test (observation, what_is_kept_is_canonical)
{
    stats_observation o = good ();
    stats_observation *kept = stats_observation_normal (catalog, &o, arena);
    cr_expect_str_eq (kept->value, "2.8");
    cr_expect_str_eq (kept->status, "A");
    o.value = "2.8";
    o.status = "A";
    cr_expect (stats_observation_same (kept, stats_observation_normal (catalog, &o, arena)));
    o.source = "another table";
    cr_expect_not (stats_observation_same (kept, stats_observation_normal (catalog, &o, arena)));
}

Test (observation, a_series_keeps_one_of_each_period_in_order)
{
    static char *const periods[] = { "2018", "2016", "2019-Q1", "2017", "2016" };
    stats_observation items[5];
    stats_series series = { 0 };
    for (size_t i = 0; i < 5; i++) {
        items[i] = good ();
        items[i].period = periods[i];
        series = stats_series_with (&series, &items[i], arena);
    }
    cr_assert_eq (series.count, 4);
    cr_expect_eq (series.items[0], &items[4]); /* the later 2016 replaced the earlier */
    cr_expect_str_eq (series.items[1]->period, "2017");
    cr_expect_str_eq (series.items[3]->period, "2019-Q1");
    cr_expect_eq (stats_series_find (&series, "2018"), &items[0]);
    cr_expect_null (stats_series_find (&series, "2020"));
}
