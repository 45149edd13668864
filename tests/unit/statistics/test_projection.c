/* Projections: which points they rest on, what they say, and when they say nothing. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "indicator.h"
#include "measure.h"

#define STATUS(name) TECHTRANSFER__STATISTICS__V1__INDICATOR_STATUS__##name
#define METHOD(name) TECHTRANSFER__STATISTICS__V1__PROJECTION_METHOD__##name

static tt_catalog *catalog;
static stats_observation items[12];
static stats_observation *views[12];
static stats_series series;
static stats_standing standing;
static tt_catalog_indicator measure;

static void
setup (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_catalog_open (&catalog, TT_SOURCE_DIR "/common/catalog/data", &error), TT_OK, "%s", error.message);
    series = (stats_series){ views, 0 };
}

static void
teardown (void)
{
    tt_catalog_close (&catalog);
}

TestSuite (projection, .init = setup, .fini = teardown);

static void
report (const char *period, const char *value)
{
    stats_observation *o = &items[series.count];
    techtransfer__statistics__v1__observation__init (o);
    o->period = (char *)period;
    o->value = (char *)value;
    o->status = (char *)"A";
    views[series.count++] = o;
}

static const stats_projection *
project (const char *key)
{
    cr_assert (stats_measure_of (catalog, key, &measure));
    stats_indicator_judge (&measure, &series, &standing);
    return &standing.projection;
}

Test (projection, one_year_says_nothing)
{
    report ("2016", "1739");
    cr_expect_eq (project ("hightech_firms_cum")->method, METHOD (PROJECTION_METHOD_UNSPECIFIED));
}

Test (projection, few_years_give_a_pace_without_an_interval)
{
    report ("2016", "9010");
    report ("2017", "10548");
    const stats_projection *p = project ("startups_cum");
    cr_expect_eq (p->method, METHOD (PACE_LINEAR));
    cr_expect_str_eq (p->value, "15162.00");
    cr_expect_str_eq (p->low, "");
    cr_expect_eq (p->status, STATUS (ACHIEVED));
    cr_expect_eq (standing.status, STATUS (NO_BASELINE)); /* the current status is another thing */
}

Test (projection, the_catalogues_baseline_is_a_point)
{
    report ("2016", "23");
    const stats_projection *p = project ("invention_patents_per_10k"); /* 18.1 in 2015 */
    cr_expect_eq (p->method, METHOD (PACE_COMPOUND));
    cr_expect_eq (p->points, 2);
    cr_expect_str_eq (p->first_period, "2015");
    cr_expect_str_eq (p->value, "59.97");
}

Test (projection, four_years_give_an_interval)
{
    report ("2015", "120");
    report ("2016", "240");
    report ("2017", "410");
    report ("2018", "640");
    const stats_projection *p = project ("T16.1");
    cr_expect_eq (p->method, METHOD (REGRESSION_LINEAR));
    /* numpy: slope 173, 958 in 2020; s = 39.0512, x0 = 3.5 behind the mean, t(2, 95 %) = 2.919986 */
    cr_expect_str_eq (p->value, "958.00");
    cr_expect_str_eq (p->low, "739.38");
    cr_expect_str_eq (p->high, "1176.62");
    cr_expect_eq (p->status, STATUS (ON_TRACK)); /* 167.6 a year of the 176 that are needed */
}

Test (projection, an_exact_growth_has_no_width)
{
    report ("2015", "100");
    report ("2016", "110");
    report ("2017", "121");
    report ("2018", "133.1");
    const stats_projection *p = project ("T24.2"); /* money is a level: in logarithms */
    cr_expect_eq (p->method, METHOD (REGRESSION_LOG));
    cr_expect_str_eq (p->value, "161.05");
    cr_expect_str_eq (p->low, "161.05");
    cr_expect_str_eq (p->high, "161.05");
}

Test (projection, only_the_last_six_years_count_and_none_behind_the_target)
{
    static const char *const years[] = { "2010", "2012", "2013", "2014", "2015", "2016", "2017", "2021" };
    for (size_t i = 0; i < 8; i++)
        report (years[i], i == 0 ? "5000" : "40");
    const stats_projection *p = project ("T17.1");
    cr_expect_eq (p->points, 6);
    cr_expect_str_eq (p->first_period, "2012");
    cr_expect_str_eq (p->last_period, "2017");
    cr_expect_str_eq (p->value, "40.00");
}

Test (projection, a_reported_target_year_is_its_own)
{
    report ("2015", "2.41");
    report ("2020", "2.85");
    const stats_projection *p = project ("rd_gdp_share");
    cr_expect_eq (p->method, METHOD (REPORTED));
    cr_expect_str_eq (p->value, "2.85");
    cr_expect_eq (p->status, STATUS (LIMITED));
}

Test (projection, parts_of_a_year_are_no_points_and_forecasts_neither)
{
    report ("2015", "100");
    report ("2016-09", "1");
    report ("2017", "90");
    items[2].status = (char *)"F";
    cr_expect_eq (project ("T17.1")->method, METHOD (PROJECTION_METHOD_UNSPECIFIED));
}

Test (projection, natural_limits_cut_it)
{
    report ("2015", "40");
    report ("2016", "20");
    cr_expect_str_eq (project ("T17.1")->value, "0.00");
    series.count = 0;
    report ("2015", "40");
    report ("2016", "60");
    cr_expect_str_eq (project ("hightech_va_share")->value, "100.00");
}

Test (projection, progress_and_what_must_be_exceeded)
{
    report ("2018", "100000");
    project ("T16.6"); /* more than 100,000 */
    cr_expect_str_eq (standing.progress, "100");
    cr_expect_eq (standing.status, STATUS (NO_BASELINE));
    items[0].value = (char *)"100001";
    project ("T16.6");
    cr_expect_eq (standing.status, STATUS (ACHIEVED));
}

Test (projection, every_target_is_a_measure_or_an_indicator)
{
    size_t count, same = 0;
    const tt_catalog_target *targets = tt_catalog_targets (catalog, &count);
    cr_assert_eq (count, 34);
    for (size_t i = 0; i < count; i++) {
        bool own = stats_measure_of (catalog, targets[i].id, &measure);
        cr_expect_eq (own, targets[i].indicator == 0, "%s", targets[i].id);
        same += !own;
        stats_measure_of_target (catalog, &targets[i], &measure);
        cr_expect (measure.responsible_code[0] && measure.target[0], "%s", targets[i].id);
    }
    cr_expect_eq (same, 3);
    cr_assert (stats_measure_of (catalog, "T16.1", &measure));
    cr_expect (stats_measure_is_responsible (&measure, "TAL") && stats_measure_is_responsible (&measure, "EIC"));
    cr_expect_not (stats_measure_is_responsible (&measure, "TA") || stats_measure_is_responsible (&measure, "") || stats_measure_is_responsible (&measure, "TAL;HRS"));
}
