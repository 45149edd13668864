/* What the parts of the catalogue share. Not for anything outside common/catalog. */
#ifndef TT_CATALOG_INTERNAL_H
#define TT_CATALOG_INTERNAL_H

#include "base/arena.h"
#include "catalog/catalog.h"
#include "catalog/legal.h"

/* The entries of one code list, a run of tt_catalog.entries. */
typedef struct {
    const char *name;
    size_t first;
    size_t count;
} tt_catalog_run;

/* What a due date counts from. */
typedef enum { TT_TERM_FROM_FILING, TT_TERM_FROM_EARLIEST_FILING, TT_TERM_FROM_GRANT, TT_TERM_FROM_PRIORITY } tt_term_from;
/* Whether a fee is charged for an application, for a patent, or for both. */
typedef enum { TT_TERM_WHEN_ANY, TT_TERM_WHEN_PENDING, TT_TERM_WHEN_GRANTED } tt_term_when;

/* A rule of term_rules.csv. Its dates are `first`, `first + step` ... `last` months from its base day. */
typedef struct {
    uint32_t line;
    const char *id;
    const char *office;
    const char *kinds; /* "A? B1 C*": ? only if a grant day is known, * whatever follows */
    const char *what;
    int from; /* tt_term_from */
    int when; /* tt_term_when */
    const char *filed_from;
    const char *filed_before;
    int32_t filed_from_day; /* TT_NO_DAY: no bound */
    int32_t filed_before_day;
    uint32_t first;
    uint32_t step; /* 0: once */
    uint32_t last;
    bool month_end;      /* the last day of the month instead */
    uint32_t opens;      /* months before it is due that it may be paid; 0: not said */
    uint32_t grace;      /* months of grace; 0: none */
    int grace_from_base; /* 1: counted with the other months from the base day, 0: from the due day */
    const char *source;
} tt_term_rule;

struct tt_catalog {
    char *directory;
    tt_arena *arena; /* all texts */
    tt_catalog_entry *entries;
    size_t entry_count;
    tt_catalog_run *runs; /* sorted by name */
    size_t run_count;
    tt_catalog_district *districts;
    size_t district_count;
    tt_catalog_special *specials;
    size_t special_count;
    tt_catalog_department *departments;
    size_t department_count;
    tt_catalog_indicator *indicators;
    size_t indicator_count;
    tt_catalog_target *targets;
    size_t target_count;
    tt_catalog_platform *platforms;
    size_t platform_count;
    tt_term_rule *term_rules;
    size_t term_rule_count;
    tt_legal_code *legal_codes; /* sorted by office and code */
    size_t legal_code_count;
};

/* Reads all files of catalog->directory into the catalogue and checks them against each other (load.c). */
TT_MUST_USE tt_status tt_catalog_load (tt_catalog *catalog, tt_error *error);
/* term_rules.csv and legal_codes.csv; the code lists must be there (load_patent.c). */
TT_MUST_USE tt_status tt_catalog_load_patent (tt_catalog *catalog, tt_error *error);

#endif
