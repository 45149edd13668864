/* indicators, observation, counts: the figures of the suite. */
#include <statistics.pb-c.h>

#include "ctl.h"

#define SERVICE "techtransfer.statistics.v1.Statistics/"
#define MESSAGE(name) &techtransfer__statistics__v1__##name##__descriptor

static const ctl_option indicators_options[] = {
    { "key", "key", CTL_TEXT, CTL_OPERAND, "one indicator; without it all" },
    { 0 },
};
static const ctl_option observation_options[] = {
    { "indicator", "observation.indicator", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "key" },
    { "period", "observation.period", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "2019, 2019-Q3 or 2019-07" },
    { "value", "observation.value", CTL_TEXT, CTL_OPERAND, "decimal; or give numerator and denominator" },
    { "numerator", "observation.numerator", CTL_TEXT, 0, "decimal" },
    { "denominator", "observation.denominator", CTL_TEXT, 0, "decimal" },
    { "district", "observation.district", CTL_TEXT, 0, "key; without it the whole city" },
    { "status", "observation.status", CTL_TEXT, 0, "SDMX observation status (A)" },
    { "department", "observation.department", CTL_TEXT, CTL_REQUIRED, "code of the responsible department" },
    { "source", "observation.source", CTL_TEXT, CTL_REQUIRED, "document, table or address" },
    { 0 },
};
static const ctl_option list_options[] = {
    { "indicator", "indicator", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "key" },
    { "district", "district", CTL_TEXT, 0, "key; without it the whole city" },
    { "all", "all_revisions", CTL_FLAG, 0, "every revision, not only the newest" },
    { 0 },
};
static const ctl_option counts_options[] = {
    { "name", "name", CTL_TEXT, CTL_OPERAND, "one count; without it all" },
    { 0 },
};
static const ctl_column indicator_columns[] = {
    { "ID", "id", false, true },
    { "KEY", "key", false, false },
    { "INDICATOR", "nameZh", false, false },
    { "VALUE", "value", false, true },
    { "PERIOD", "period", false, false },
    { "TARGET", "target", false, true },
    { "NEEDED", "requiredPace", false, true },
    { "SEEN", "observedPace", false, true },
    { "DERIVED", "derived", false, true },
    { "STATUS", "status", false, false },
    { 0 },
};
static const ctl_column observation_columns[] = {
    { "PERIOD", "period", false, false },
    { "REV", "revision", false, true },
    { "VALUE", "value", false, true },
    { "STATUS", "status", false, false },
    { "DEPARTMENT", "department", false, false },
    { "SOURCE", "source", false, false },
    { 0 },
};
static const ctl_column count_columns[] = {
    { "COUNT", "name", false, false },
    { "DISTRICT", "district", false, false },
    { "SPECIAL", "special", false, true },
    { "VALUE", "value", false, true },
    { 0 },
};

const ctl_command ctl_statistics_commands[] = {
    { .name = "indicators",
      .summary = "The indicators against their targets",
      .examples = "  ttctl indicators\n  ttctl indicators rd_gdp_share --json",
      .options = indicators_options,
      .run = ctl_call,
      .service = CTL_STATISTICS,
      .method = SERVICE "GetIndicators",
      .request = MESSAGE (get_indicators_request),
      .reply = MESSAGE (get_indicators_reply),
      .rows = "indicators",
      .columns = indicator_columns },
    { .name = "observation put",
      .summary = "Reports a figure",
      .examples = "  ttctl observation put rd_gdp_share 2018 2.6 --department STB --source 'yearbook 2019, table 3'",
      .options = observation_options,
      .run = ctl_call,
      .service = CTL_STATISTICS,
      .method = SERVICE "PutObservation",
      .request = MESSAGE (put_observation_request),
      .reply = MESSAGE (put_observation_reply) },
    { .name = "observation list",
      .summary = "Lists the reported figures of an indicator",
      .examples = "  ttctl observation list rd_gdp_share --all",
      .options = list_options,
      .run = ctl_call,
      .service = CTL_STATISTICS,
      .method = SERVICE "ListObservations",
      .request = MESSAGE (list_observations_request),
      .reply = MESSAGE (list_observations_reply),
      .rows = "observations",
      .columns = observation_columns },
    { .name = "counts",
      .summary = "The counts of the suite, by district and special",
      .examples = "  ttctl counts\n  ttctl counts pushes_made --json",
      .options = counts_options,
      .run = ctl_call,
      .service = CTL_STATISTICS,
      .method = SERVICE "GetCounts",
      .request = MESSAGE (get_counts_request),
      .reply = MESSAGE (get_counts_reply),
      .rows = "counts",
      .columns = count_columns },
    { 0 },
};
