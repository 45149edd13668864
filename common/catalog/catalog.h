/* The facts of the plan that the suite works by: code lists, districts, major specials, departments, indicators, targets,
 * platforms. They are data, in CSV files (catalog/data), so that an operator can correct them without a build; what they mean is
 * in the columns. Not for anything that changes while a daemon runs. Immutable after tt_catalog_open: any thread may read. Every
 * text is UTF-8, never NULL ("" = empty field), and lives as long as the catalogue. */
#ifndef TT_CATALOG_CATALOG_H
#define TT_CATALOG_CATALOG_H

#include "base/status.h"

#include <stdint.h>

typedef struct tt_catalog tt_catalog;

/* An entry of a code list (codelists.csv). */
typedef struct {
    uint32_t line; /* in its file, as in all structs here */
    const char *list;
    const char *code;
    const char *name_zh;
    const char *name_en;
    const char *note;
    const char *basis; /* where the code comes from */
} tt_catalog_entry;

typedef struct {
    uint32_t line;
    uint32_t id;     /* 1 to 14 */
    const char *key; /* "yinzhou": how messages name it */
    const char *name_zh;
    const char *name_en;
    const char *type; /* "district", "county-level city", "county", "functional zone" */
    const char *focus_zh;
} tt_catalog_district;

/* A major special: one of the plan's research directions. */
typedef struct {
    uint32_t line;
    uint32_t id; /* 1 to 12 */
    const char *name_zh;
    const char *name_en;
    const char *directions_zh;
    const char *department_code;
    bool named_in_task_1;
} tt_catalog_special;

typedef struct {
    uint32_t line;
    const char *code; /* "STB" */
    const char *name_zh;
    const char *name_en;
} tt_catalog_department;

typedef enum { TT_MEASURE_RATIO, TT_MEASURE_LEVEL, TT_MEASURE_COUNT, TT_MEASURE_INDEX } tt_measure_kind;

/* What the figures of successive periods have to do with each other. */
typedef enum {
    TT_TIME_ANNUAL_FLOW,      /* one year's amount */
    TT_TIME_YEAR_TO_DATE,     /* grows from January on, and begins again */
    TT_TIME_STOCK,            /* what stands at the end of the period */
    TT_TIME_CUMULATIVE_STOCK, /* everything ever counted up to the end of the period */
    TT_TIME_ANNUAL_INDEX      /* published once a year as it is */
} tt_time_kind;

/* indicators.csv and indicator_definitions.csv, joined by id. Decimals are exact, as text. */
typedef struct {
    uint32_t line;
    uint32_t id;     /* 1 to 11 */
    const char *key; /* "rd_gdp_share": how messages name it */
    const char *name_zh;
    const char *name_en;
    const char *unit_zh;
    const char *unit_en;
    const char *target; /* decimal */
    uint32_t target_year;
    const char *responsible_zh;
    const char *responsible_code; /* a department */
    tt_measure_kind measure;
    tt_time_kind time;
    const char *formula; /* "100*numerator/denominator", ... */
    const char *numerator_zh;
    const char *numerator_en;
    const char *denominator_zh;
    const char *denominator_en;
    const char *frequency;
    const char *natural_limits; /* "0..100 percent", ">=0", ... */
    const char *feed_role;
    uint32_t baseline_year;     /* 0: no baseline is known */
    const char *baseline_value; /* decimal, or "" */
    const char *baseline_note;
    const char *baseline_source;
    int direction; /* 1: the target is reached from below, -1: from above (the target lies under the baseline) */
    bool strict;   /* the target must be exceeded; no indicator of annex 1 is so */
} tt_catalog_indicator;

typedef enum { TT_TARGET_EQUAL, TT_TARGET_AT_LEAST, TT_TARGET_ABOVE, TT_TARGET_RANGE } tt_target_op;

/* A number that a task of the plan sets. */
typedef struct {
    uint32_t line;
    const char *id; /* "T20.1" */
    uint32_t task;
    const char *kind; /* "task" or "reform" */
    const char *metric_zh;
    const char *metric_en;
    tt_target_op op;
    const char *value;     /* decimal */
    const char *value_max; /* decimal, with TT_TARGET_RANGE; else "" */
    const char *unit_zh;
    const char *unit_en;
    const char *qualifier_zh;
    bool deadline_2020_explicit;
    uint32_t indicator; /* id of the indicator that says the same, or 0 */
    const char *responsible_code; /* of its task in tasks.csv: departments, separated by ';' */
    const char *quote_zh;
} tt_catalog_target;

typedef struct {
    uint32_t line;
    uint32_t id;
    const char *name_zh;
    const char *name_en;
    const char *tasks_zh;
    const char *responsible_zh;
    const char *responsible_code; /* departments, separated by ';' */
} tt_catalog_platform;

/* Loads all files and checks that they fit together. The directory is `directory` if not NULL, else the environment variable
 * TT_CATALOG_DIR if set and not empty, else the installed one, else that of the source tree where the library was built. Only the
 * last two are tried in turn; a directory that was asked for is never replaced by another.
 * NOT_FOUND (no such directory or file) or INVALID_ARGUMENT ("<path>:<line>: ..."), *catalog = NULL. */
TT_MUST_USE tt_status tt_catalog_open (tt_catalog **catalog, const char *directory, tt_error *error);
void tt_catalog_close (tt_catalog **catalog); /* NULL inside is fine; nulls */
const char *tt_catalog_directory (const tt_catalog *catalog);

/* The entry of a list with this code, byte for byte, or NULL. */
const tt_catalog_entry *tt_catalog_code (const tt_catalog *catalog, const char *list, const char *code);
/* The entries of a list in the order of the file; *count = 0 and NULL for a list that is not there. */
const tt_catalog_entry *tt_catalog_list (const tt_catalog *catalog, const char *list, size_t *count);
/* The section entry of an industry as messages write it: a section letter ("C"), or letter and two digits ("C39"); NULL if it is
 * neither or the section is unknown. The division's digits are not held against a list. */
const tt_catalog_entry *tt_catalog_industry (const tt_catalog *catalog, const char *industry);

const tt_catalog_district *tt_catalog_district_by_key (const tt_catalog *catalog, const char *key);
const tt_catalog_district *tt_catalog_district_by_id (const tt_catalog *catalog, uint32_t id);
const tt_catalog_special *tt_catalog_special_by_id (const tt_catalog *catalog, uint32_t id);
const tt_catalog_department *tt_catalog_department_by_code (const tt_catalog *catalog, const char *code);
const tt_catalog_indicator *tt_catalog_indicator_by_key (const tt_catalog *catalog, const char *key);
const tt_catalog_indicator *tt_catalog_indicator_by_id (const tt_catalog *catalog, uint32_t id);
const tt_catalog_target *tt_catalog_target_by_id (const tt_catalog *catalog, const char *id);
const tt_catalog_platform *tt_catalog_platform_by_id (const tt_catalog *catalog, uint32_t id);

/* Whole tables in the order of their files, for iteration. */
const tt_catalog_district *tt_catalog_districts (const tt_catalog *catalog, size_t *count);
const tt_catalog_special *tt_catalog_specials (const tt_catalog *catalog, size_t *count);
const tt_catalog_department *tt_catalog_departments (const tt_catalog *catalog, size_t *count);
const tt_catalog_indicator *tt_catalog_indicators (const tt_catalog *catalog, size_t *count);
const tt_catalog_target *tt_catalog_targets (const tt_catalog *catalog, size_t *count);
const tt_catalog_platform *tt_catalog_platforms (const tt_catalog *catalog, size_t *count);

#endif
