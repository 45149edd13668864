/* What the parts of the catalogue share. Not for anything outside common/catalog. */
#ifndef TT_CATALOG_INTERNAL_H
#define TT_CATALOG_INTERNAL_H

#include "base/arena.h"
#include "catalog/catalog.h"

/* The entries of one code list, a run of tt_catalog.entries. */
typedef struct {
    const char *name;
    size_t first;
    size_t count;
} tt_catalog_run;

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
};

/* Reads all files of catalog->directory into the catalogue and checks them against each other (load.c). */
TT_MUST_USE tt_status tt_catalog_load (tt_catalog *catalog, tt_error *error);

#endif
