/* The catalogue: the project's own files load and say what the plan says; files that are wrong are refused with the place. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "catalog/catalog.h"

#define DATA TT_SOURCE_DIR "/common/catalog/data"

static tt_catalog *
open_own (void)
{
    tt_catalog *catalog = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_catalog_open (&catalog, DATA, &error), TT_OK, "%s", error.message);
    return catalog;
}

Test (catalog, counts_of_the_plan)
{
    tt_catalog *catalog = open_own ();
    size_t n;
    cr_expect_str_eq (tt_catalog_directory (catalog), DATA);
    cr_expect ((tt_catalog_districts (catalog, &n), n) == 14);
    cr_expect ((tt_catalog_specials (catalog, &n), n) == 12);
    cr_expect ((tt_catalog_departments (catalog, &n), n) == 22);
    cr_expect ((tt_catalog_indicators (catalog, &n), n) == 11);
    cr_expect ((tt_catalog_targets (catalog, &n), n) == 34);
    cr_expect ((tt_catalog_platforms (catalog, &n), n) == 8);
    tt_catalog_close (&catalog);
    cr_expect_null (catalog);
    tt_catalog_close (&catalog);
}

Test (catalog, codes)
{
    tt_catalog *catalog = open_own ();
    size_t n;
    const tt_catalog_entry *entry = tt_catalog_code (catalog, "achievement_stage", "2");
    cr_assert_not_null (entry);
    cr_expect_str_eq (entry->name_zh, "中期阶段");
    cr_expect_str_eq (entry->name_en, "middle stage");
    cr_expect_null (tt_catalog_code (catalog, "achievement_stage", "4"));
    cr_expect_null (tt_catalog_code (catalog, "achievement_stage", ""));
    cr_expect_null (tt_catalog_code (catalog, "no_such_list", "1"));
    const tt_catalog_entry *forms = tt_catalog_list (catalog, "achievement_form_applied", &n);
    cr_assert_eq (n, 10);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq (atoi (forms[i].code), (int)i + 1, "the order of the file");
    cr_expect_null (tt_catalog_list (catalog, "no_such_list", &n));
    cr_expect_eq (n, 0);
    cr_expect_not_null (tt_catalog_code (catalog, "cn_legal_event", "CF01"));
    cr_expect ((tt_catalog_list (catalog, "epo_cql_index", &n), n) == 32);
    tt_catalog_close (&catalog);
}

Test (catalog, industries)
{
    tt_catalog *catalog = open_own ();
    cr_assert_not_null (tt_catalog_industry (catalog, "C39"));
    cr_expect_str_eq (tt_catalog_industry (catalog, "C39")->name_zh, "制造业");
    cr_expect_not_null (tt_catalog_industry (catalog, "M"));
    const char *bad[] = { "", "c", "Z", "C3", "C391", "39", "C3x", "Z39", "C-1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_null (tt_catalog_industry (catalog, bad[i]), "%s", bad[i]);
    tt_catalog_close (&catalog);
}

Test (catalog, rows_by_key_and_id)
{
    tt_catalog *catalog = open_own ();
    const tt_catalog_district *district = tt_catalog_district_by_key (catalog, "yinzhou");
    cr_assert_not_null (district);
    cr_expect_str_eq (district->name_zh, "鄞州区");
    cr_expect_eq (tt_catalog_district_by_id (catalog, district->id), district);
    cr_expect_null (tt_catalog_district_by_key (catalog, "Yinzhou"));
    cr_expect_null (tt_catalog_district_by_id (catalog, 15));
    const tt_catalog_special *special = tt_catalog_special_by_id (catalog, 6);
    cr_assert_not_null (special);
    cr_expect_str_eq (special->department_code, "EIC");
    cr_expect_not (special->named_in_task_1);
    cr_expect_null (tt_catalog_special_by_id (catalog, 0));
    cr_expect_not_null (tt_catalog_department_by_code (catalog, "STB"));
    cr_expect_null (tt_catalog_department_by_code (catalog, "XXX"));
    cr_expect_str_eq (tt_catalog_platform_by_id (catalog, 8)->responsible_code, "FTZ;XIANGSHAN");
    tt_catalog_close (&catalog);
}

Test (catalog, indicators_are_joined_with_their_definitions)
{
    tt_catalog *catalog = open_own ();
    const tt_catalog_indicator *patents = tt_catalog_indicator_by_key (catalog, "invention_patents_per_10k");
    cr_assert_not_null (patents);
    cr_expect_eq (patents, tt_catalog_indicator_by_id (catalog, 5));
    cr_expect_str_eq (patents->target, "38");
    cr_expect_str_eq (patents->baseline_value, "18.1");
    cr_expect_eq (patents->baseline_year, 2015);
    cr_expect_eq (patents->measure, TT_MEASURE_RATIO);
    cr_expect_eq (patents->time, TT_TIME_STOCK);
    cr_expect_str_eq (patents->formula, "10000*numerator/denominator");
    cr_expect_str_eq (patents->responsible_code, "STB");
    const tt_catalog_indicator *firms = tt_catalog_indicator_by_id (catalog, 7);
    cr_expect_eq (firms->measure, TT_MEASURE_COUNT);
    cr_expect_eq (firms->time, TT_TIME_CUMULATIVE_STOCK);
    cr_expect_eq (firms->baseline_year, 0);
    cr_expect_str_eq (firms->baseline_value, "");
    for (uint32_t id = 1; id <= 11; id++)
        cr_expect_eq (tt_catalog_indicator_by_id (catalog, id)->direction, 1, "all targets of the plan lie above");
    tt_catalog_close (&catalog);
}

Test (catalog, targets)
{
    tt_catalog *catalog = open_own ();
    const tt_catalog_target *pushes = tt_catalog_target_by_id (catalog, "T20.1");
    cr_assert_not_null (pushes);
    cr_expect_eq (pushes->op, TT_TARGET_AT_LEAST);
    cr_expect_str_eq (pushes->value, "3000");
    cr_expect_eq (tt_catalog_target_by_id (catalog, "T14.1")->indicator, 7);
    const tt_catalog_target *range = tt_catalog_target_by_id (catalog, "T28.1");
    cr_expect_eq (range->op, TT_TARGET_RANGE);
    cr_expect_str_eq (range->value_max, "8");
    tt_catalog_close (&catalog);
}

Test (catalog, environment_names_the_directory)
{
    tt_catalog *catalog = NULL;
    tt_error error = { 0 };
    setenv ("TT_CATALOG_DIR", "/nonexistent", 1);
    cr_expect_eq (tt_catalog_open (&catalog, NULL, &error), TT_NOT_FOUND);
    cr_expect_not_null (strstr (error.message, "/nonexistent/codelists.csv"), "%s", error.message);
    cr_expect_eq (tt_catalog_open (&catalog, DATA, &error), TT_OK, "an argument goes before the environment");
    tt_catalog_close (&catalog);
    setenv ("TT_CATALOG_DIR", DATA, 1);
    cr_assert_eq (tt_catalog_open (&catalog, NULL, &error), TT_OK);
    cr_expect_str_eq (tt_catalog_directory (catalog), DATA);
    tt_catalog_close (&catalog);
    setenv ("TT_CATALOG_DIR", "", 1);
    cr_expect_eq (tt_catalog_open (&catalog, NULL, &error), TT_OK, "%s", error.message);
    tt_catalog_close (&catalog);
}

/* A copy of the catalogue with one file replaced by `text` (NULL: left out), opened; it must fail with a message that has
 * `place`. */
static void
expect_refused (const char *file, const char *text, tt_status wanted, const char *place)
{
    char directory[] = "/tmp/tt-catalog-XXXXXX", path[512];
    cr_assert_not_null (mkdtemp (directory));
    DIR *own = opendir (DATA);
    for (struct dirent *e = readdir (own); e != NULL; e = readdir (own)) {
        char from[1024];
        if (e->d_name[0] == '.' || strcmp (e->d_name, file) == 0)
            continue;
        snprintf (from, sizeof from, "%s/%s", DATA, e->d_name);
        snprintf (path, sizeof path, "%s/%.200s", directory, e->d_name);
        cr_assert_eq (symlink (from, path), 0);
    }
    snprintf (path, sizeof path, "%s/%s", directory, file);
    if (text != NULL) {
        FILE *out = fopen (path, "w");
        fputs (text, out);
        fclose (out);
    }
    tt_catalog *catalog = NULL;
    tt_error error = { 0 };
    cr_expect_eq (tt_catalog_open (&catalog, directory, &error), wanted, "%s", file);
    cr_expect_null (catalog);
    cr_expect_not_null (strstr (error.message, place), "\"%s\" is not in \"%s\"", place, error.message);
    rewinddir (own);
    for (struct dirent *e = readdir (own); e != NULL; e = readdir (own)) {
        snprintf (path, sizeof path, "%s/%.200s", directory, e->d_name);
        if (e->d_name[0] != '.')
            unlink (path);
    }
    closedir (own);
    cr_assert_eq (rmdir (directory), 0);
}

Test (catalog, wrong_files_are_refused_with_the_place)
{
    const char *departments = "departments.csv";
    expect_refused (departments, NULL, TT_NOT_FOUND, "departments.csv: cannot open");
    expect_refused (departments, "", TT_INVALID_ARGUMENT, "departments.csv: the file is empty");
    expect_refused (departments, "code,name_zh\nSTB,x\n", TT_INVALID_ARGUMENT,
                    "departments.csv:1: the column \"name_en\" is missing");
    expect_refused (departments, "code,name_zh,name_en\nSTB,x\n", TT_INVALID_ARGUMENT,
                    "departments.csv:2: 2 fields where the header has 3");
    expect_refused (departments, "code,name_zh,name_en\nSTB,\xFF,y\n", TT_INVALID_ARGUMENT,
                    "departments.csv:2: name_zh is not UTF-8");
    expect_refused (departments, "code,name_zh,name_en\n,x,y\n", TT_INVALID_ARGUMENT, "departments.csv:2: code is empty");
    expect_refused (departments, "code,name_zh,name_en\nA,x,y\nA,x,y\n", TT_INVALID_ARGUMENT, "departments.csv:3: stands twice");
    expect_refused (departments, "code,name_zh,name_en\nA,\"x,y\n", TT_INVALID_ARGUMENT,
                    "departments.csv:2:3: the quote is never closed");
    expect_refused (departments, "code,name_zh,name_en\nA,x,y\n", TT_INVALID_ARGUMENT, "specials.csv:2: no such department");
}

Test (catalog, files_must_fit_together)
{
    expect_refused ("codelists.csv", "list,code,name_zh,name_en,note,basis\na,1,,,,\na,1,,,,\n", TT_INVALID_ARGUMENT,
                    "codelists.csv:3: the code stands twice");
    expect_refused ("codelists.csv", "list,code,name_zh,name_en,note,basis\na,1,,,,\nb,1,,,,\na,2,,,,\n", TT_INVALID_ARGUMENT,
                    "codelists.csv:4: the list stands in two places");
    expect_refused ("districts.csv", "id,key,name_zh,name_en,type,focus_zh\nx,a,b,c,d,\n", TT_INVALID_ARGUMENT,
                    "districts.csv:2: id is not a whole number");
    expect_refused ("districts.csv", "id,key,name_zh,name_en,type,focus_zh\n1,a,b,c,d,\n1,e,f,g,h,\n", TT_INVALID_ARGUMENT,
                    "districts.csv:3: stands twice");
    expect_refused ("specials.csv", "id,name_zh,name_en,directions_zh,department_code,named_in_task_1\n1,a,b,c,STB,maybe\n",
                    TT_INVALID_ARGUMENT, "specials.csv:2: named_in_task_1 is neither yes nor no");
    const char *indicators = "id,key,name_zh,name_en,unit_zh,unit_en,target_2020,target_year,responsible_zh,responsible_code\n";
    char text[512];
    snprintf (text, sizeof text, "%s1,other,a,b,,,3.2,2020,,STB\n", indicators);
    expect_refused ("indicators.csv", text, TT_INVALID_ARGUMENT, "indicator_definitions.csv:2: no such id and key");
    snprintf (text, sizeof text, "%s1,rd_gdp_share,a,b,,,3.2.1,2020,,STB\n", indicators);
    expect_refused ("indicators.csv", text, TT_INVALID_ARGUMENT, "indicators.csv:2: target_2020 is not a decimal number");
}

Test (catalog, files_about_patents_are_checked)
{
    const char *rules = "id,office,kinds,what,from,when,filed_from,filed_before,first_month,step_months,last_month,month_end,"
                        "opens_months,grace_months,grace_from,source\n";
    char text[1024];
    const struct {
        const char *row, *place;
    } bad[] = { { "a,CN,A,term,birth,any,,,1,0,1,no,0,0,due,x", "term_rules.csv:2: from is none of the known words" },
                { "a,CN,A,terms,filing,any,,,1,0,1,no,0,0,due,x", "term_rules.csv:2: what is due is none of the known words" },
                { "a,CN,A,term,filing,any,2021-02-29,,1,0,1,no,0,0,due,x", "term_rules.csv:2: filed_from or filed_before is no date" },
                { "a,CN,A,term,filing,any,,,1,0,9,no,0,0,due,x", "term_rules.csv:2: months: " },
                { "a,CN,A,term,filing,any,,,9,1,12000,no,0,0,due,x", "term_rules.csv:2: months: " },
                { "a,CNN,A,term,filing,any,,,1,0,1,no,0,0,due,x", "term_rules.csv:2: the office is no code" },
                { "a,CN,A,term,filing,any,,,1,0,1,no,0,0,due,x\na,CN,A,term,filing,any,,,1,0,1,no,0,0,due,x",
                  "term_rules.csv:3: stands twice" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf (text, sizeof text, "%s%s\n", rules, bad[i].row);
        expect_refused ("term_rules.csv", text, TT_INVALID_ARGUMENT, bad[i].place);
    }
    const char *codes = "office,code,category,trigger,name_zh,name_en,source\n";
    snprintf (text, sizeof text, "%sCN,X1,H,sale,,x,y\n", codes);
    expect_refused ("legal_codes.csv", text, TT_INVALID_ARGUMENT, "legal_codes.csv:2: sets off nothing that is known");
    snprintf (text, sizeof text, "%sCN,X1,J,none,,x,y\n", codes);
    expect_refused ("legal_codes.csv", text, TT_INVALID_ARGUMENT, "legal_codes.csv:2: no such category");
    snprintf (text, sizeof text, "%sCN,X1,H,none,,x,y\nCN,A1,H,none,,x,y\nCN,X1,H,none,,x,y\n", codes);
    expect_refused ("legal_codes.csv", text, TT_INVALID_ARGUMENT, "the office's code stands twice");
}
