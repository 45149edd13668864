/* Paces and statuses; the two figures of the plan's baselines are the fixtures. */
#include <criterion/criterion.h>

#include "indicator.h"

#define STATUS(name) TECHTRANSFER__STATISTICS__V1__INDICATOR_STATUS__##name

static tt_catalog *catalog;
static stats_observation items[8];
static stats_observation *views[8];
static stats_series series;
static stats_standing standing;

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

TestSuite (indicator, .init = setup, .fini = teardown);

static void
report (const char *period, const char *value, const char *status)
{
    stats_observation *o = &items[series.count];
    techtransfer__statistics__v1__observation__init (o);
    o->period = (char *)period;
    o->value = (char *)value;
    o->status = (char *)status;
    views[series.count++] = o;
}

static stats_status
judge (uint32_t id)
{
    const tt_catalog_indicator *indicator = tt_catalog_indicator_by_id (catalog, id);
    cr_assert_not_null (indicator);
    stats_indicator_judge (indicator, &series, &standing);
    return standing.status;
}

Test (indicator, what_nobody_reported_is_not_reported)
{
    for (uint32_t id = 1; id <= 11; id++) {
        cr_expect_eq (judge (id), STATUS (NOT_REPORTED), "indicator %u", id);
        cr_expect_null (standing.newest);
        cr_expect_str_eq (standing.observed_pace, "");
    }
}

Test (indicator, required_paces_of_the_known_baselines)
{
    judge (5);
    cr_expect_str_eq (standing.baseline, "18.1");
    cr_expect_str_eq (standing.baseline_period, "2015");
    cr_expect (standing.compound);
    cr_expect_str_eq (standing.required_pace, "15.99");
    judge (1);
    cr_expect_str_eq (standing.required_pace, "5.92");
    judge (8); /* a count: 10,000 in 2017 to 12,000 in 2020 */
    cr_expect_not (standing.compound);
    cr_expect_str_eq (standing.required_pace, "666.67");
}

Test (indicator, status_follows_the_pace)
{
    cr_expect_eq (stats_status_of_pace (9.5, 10), STATUS (ON_TRACK));
    cr_expect_eq (stats_status_of_pace (9.49, 10), STATUS (ACCELERATE));
    cr_expect_eq (stats_status_of_pace (6, 10), STATUS (ACCELERATE));
    cr_expect_eq (stats_status_of_pace (5.99, 10), STATUS (LIMITED));
    cr_expect_eq (stats_status_of_pace (0, 10), STATUS (LIMITED));
    cr_expect_eq (stats_status_of_pace (-0.01, 10), STATUS (DETERIORATING));
}

Test (indicator, each_status_from_reported_values)
{
    report ("2017", "24.35", "A"); /* 15.99 % a year */
    cr_expect_eq (judge (5), STATUS (ON_TRACK));
    cr_expect_str_eq (standing.observed_pace, "15.99");
    items[0].value = "22.5";
    cr_expect_eq (judge (5), STATUS (ACCELERATE));
    items[0].value = "19";
    cr_expect_eq (judge (5), STATUS (LIMITED));
    items[0].value = "17.9";
    cr_expect_eq (judge (5), STATUS (DETERIORATING));
    items[0].value = "38";
    cr_expect_eq (judge (5), STATUS (ACHIEVED));
    items[0].value = "37.999999999999999999"; /* not in double, but exactly */
    cr_expect_neq (judge (5), STATUS (ACHIEVED));
}

Test (indicator, without_a_baseline_the_earliest_observation_is_one)
{
    report ("2016", "20", "A");
    cr_expect_eq (judge (6), STATUS (NO_BASELINE)); /* it cannot be its own baseline */
    cr_expect_str_eq (standing.observed_pace, "");
    report ("2018", "26", "A");
    cr_expect_eq (judge (6), STATUS (ON_TRACK));
    cr_expect_str_eq (standing.baseline, "20");
    cr_expect_str_eq (standing.required_pace, "10.67"); /* 20 to 30 in four years, compound */
    cr_expect_str_eq (standing.observed_pace, "14.02");
    cr_expect_str_eq (standing.projected, "33.80");
}

Test (indicator, forecasts_and_missing_values_judge_nothing)
{
    report ("2018", "", "M");
    report ("2019", "39", "F");
    cr_expect_eq (judge (5), STATUS (NOT_REPORTED));
    report ("2020-Q1", "20", "P");
    cr_expect_eq (judge (5), STATUS (LIMITED));
    cr_expect_str_eq (standing.newest->period, "2020-Q1");
}

Test (indicator, a_part_of_a_years_flow_is_not_compared_with_whole_years)
{
    report ("2015", "40", "A");
    report ("2016", "52", "A");
    report ("2017-05", "21", "A"); /* five months of indicator 10, a flow of the year to date */
    cr_expect_eq (judge (10), STATUS (ON_TRACK));
    cr_expect_not (standing.compound);
    cr_expect_str_eq (standing.required_pace, "12.00");
    cr_expect_str_eq (standing.observed_pace, "12.00");
    cr_expect_str_eq (standing.newest->period, "2017-05"); /* shown, but not judged by */
}

Test (indicator, a_base_of_zero_has_no_compound_pace)
{
    report ("2016", "0", "A");
    report ("2018", "15", "A");
    cr_expect_eq (judge (6), STATUS (ON_TRACK));
    cr_expect_not (standing.compound);
    cr_expect_str_eq (standing.observed_pace, "7.50");
}

Test (indicator, a_pace_that_explodes_is_left_out)
{
    report ("2016-01", "0.000000000000000001", "A");
    report ("2016-02", "29", "A");
    judge (6);
    cr_expect_str_eq (standing.observed_pace, "");
    cr_expect_str_eq (standing.projected, "");
}

Test (indicator, a_change_of_value_period_or_status_is_a_change)
{
    report ("2017", "22.5", "A");
    judge (5);
    stats_observation first = items[0];
    stats_standing before = standing;
    before.newest = &first;
    cr_expect_not (stats_standing_differs (&before, &standing));
    items[0].value = "22.6";
    judge (5);
    cr_expect_eq (standing.status, before.status);
    cr_expect (stats_standing_differs (&before, &standing));
    items[0].value = first.value;
    items[0].period = "2018";
    judge (5);
    cr_expect (stats_standing_differs (&before, &standing));
    standing.newest = NULL;
    cr_expect (stats_standing_differs (&before, &standing));
}
