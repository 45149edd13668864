#include <criterion/criterion.h>

#include "fit.h"

static bool
fits (const ingest_demand *demand, const ingest_record *record)
{
    ingest_limits limits = ingest_limits_of (demand);
    ingest_traits traits = ingest_traits_of (record);
    return ingest_fits (&limits, &traits);
}

Test (fit, what_is_not_stated_never_keeps_out)
{
    static char *stages[] = { (char *)"2", (char *)"3" };
    ingest_demand d = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    cr_assert (fits (&d, &r));
    d.industry = (char *)"C39";
    d.district = (char *)"yinzhou";
    d.stages = stages;
    d.n_stages = 2;
    d.budget_fen = 100;
    cr_assert (fits (&d, &r));
}

Test (fit, each_limit)
{
    static char *stages[] = { (char *)"2", (char *)"3" };
    ingest_demand d = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    d.industry = (char *)"C39";
    r.industry = (char *)"C";
    cr_assert (fits (&d, &r));
    r.industry = (char *)"C38";
    cr_assert_not (fits (&d, &r));
    r.industry = (char *)"C39";
    d.stages = stages;
    d.n_stages = 2;
    r.stage = (char *)"1";
    cr_assert_not (fits (&d, &r));
    r.stage = (char *)"3";
    d.budget_fen = 100;
    r.price_fen = 101;
    cr_assert_not (fits (&d, &r));
    r.price_fen = 100;
    d.district = (char *)"haishu";
    r.district = (char *)"yinzhou";
    cr_assert_not (fits (&d, &r));
    r.district = (char *)"haishu";
    cr_assert (fits (&d, &r));
}

Test (fit, days_are_chinese_days)
{
    cr_assert_eq (ingest_day_of (0), 0);
    cr_assert_eq (ingest_day_of (INT64_C (16) * 3600000 - 1), 0);
    cr_assert_eq (ingest_day_of (INT64_C (16) * 3600000), 1);
    cr_assert_eq (ingest_day_of (-INT64_C (8) * 3600000 - 1), -1);
    ingest_demand d = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT;
    cr_assert_eq (ingest_limits_of (&d).deadline, INT32_MAX);
    d.deadline = (char *)"1970-01-03";
    cr_assert_eq (ingest_limits_of (&d).deadline, 2);
}
