#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/internal.h"

static const char *
find_directory (const char *directory, tt_error *error)
{
    const char *wanted = directory ? directory : getenv ("TT_CATALOG_DIR");
    if (wanted != NULL && (directory != NULL || *wanted != '\0'))
        return wanted;
    if (access (TT_CATALOG_INSTALLED, R_OK | X_OK) == 0)
        return TT_CATALOG_INSTALLED;
    if (access (TT_CATALOG_SOURCE, R_OK | X_OK) == 0)
        return TT_CATALOG_SOURCE;
    tt_fail (error, TT_NOT_FOUND, "no catalogue in %s nor in %s: install it, or set TT_CATALOG_DIR", TT_CATALOG_INSTALLED,
             TT_CATALOG_SOURCE);
    return NULL;
}

tt_status
tt_catalog_open (tt_catalog **out, const char *directory, tt_error *error)
{
    *out = NULL;
    const char *found = find_directory (directory, error);
    if (found == NULL)
        return TT_NOT_FOUND;
    tt_catalog *catalog = tt_alloc_zero (1, sizeof *catalog);
    catalog->directory = tt_strdup (found);
    catalog->arena = tt_arena_new (0);
    tt_status status = tt_catalog_load (catalog, error);
    if (status != TT_OK) {
        tt_catalog_close (&catalog);
        return tt_fail_prefix (error, "catalogue");
    }
    *out = catalog;
    return TT_OK;
}

void
tt_catalog_close (tt_catalog **self)
{
    tt_catalog *catalog = *self;
    if (catalog == NULL)
        return;
    free (catalog->entries);
    free (catalog->runs);
    free (catalog->districts);
    free (catalog->specials);
    free (catalog->departments);
    free (catalog->indicators);
    free (catalog->targets);
    free (catalog->platforms);
    free (catalog->term_rules);
    free (catalog->legal_codes);
    free (catalog->directory);
    tt_arena_destroy (&catalog->arena);
    free (catalog);
    *self = NULL;
}

const char *
tt_catalog_directory (const tt_catalog *catalog)
{
    return catalog->directory;
}

static int
compare_run (const void *name, const void *run)
{
    return strcmp (name, ((const tt_catalog_run *)run)->name);
}

const tt_catalog_entry *
tt_catalog_list (const tt_catalog *catalog, const char *list, size_t *count)
{
    const tt_catalog_run *run = bsearch (list, catalog->runs, catalog->run_count, sizeof *catalog->runs, compare_run);
    *count = run ? run->count : 0;
    return run ? catalog->entries + run->first : NULL;
}

const tt_catalog_entry *
tt_catalog_code (const tt_catalog *catalog, const char *list, const char *code)
{
    size_t count;
    const tt_catalog_entry *entries = tt_catalog_list (catalog, list, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp (entries[i].code, code) == 0)
            return &entries[i];
    return NULL;
}

const tt_catalog_entry *
tt_catalog_industry (const tt_catalog *catalog, const char *industry)
{
    size_t size = strlen (industry);
    char section[2] = { industry[0], '\0' };
    if (size != 1 && (size != 3 || strspn (industry + 1, "0123456789") != 2))
        return NULL;
    return tt_catalog_code (catalog, "gbt4754_section", section);
}

/* The tables have a few dozen rows at most: a scan is as fast as anything cleverer. */
#define FIND_TEXT(name, type, rows, member)                                                                                      \
    const type *name (const tt_catalog *catalog, const char *wanted)                                                             \
    {                                                                                                                            \
        for (size_t i = 0; i < catalog->rows##_count; i++)                                                                       \
            if (strcmp (catalog->rows##s[i].member, wanted) == 0)                                                                \
                return &catalog->rows##s[i];                                                                                     \
        return NULL;                                                                                                             \
    }
#define FIND_ID(name, type, rows)                                                                                                \
    const type *name (const tt_catalog *catalog, uint32_t id)                                                                    \
    {                                                                                                                            \
        for (size_t i = 0; i < catalog->rows##_count; i++)                                                                       \
            if (catalog->rows##s[i].id == id)                                                                                    \
                return &catalog->rows##s[i];                                                                                     \
        return NULL;                                                                                                             \
    }
#define ALL(name, type, rows)                                                                                                    \
    const type *name (const tt_catalog *catalog, size_t *count)                                                                  \
    {                                                                                                                            \
        *count = catalog->rows##_count;                                                                                          \
        return catalog->rows##s;                                                                                                 \
    }

FIND_TEXT (tt_catalog_district_by_key, tt_catalog_district, district, key)
FIND_TEXT (tt_catalog_department_by_code, tt_catalog_department, department, code)
FIND_TEXT (tt_catalog_indicator_by_key, tt_catalog_indicator, indicator, key)
FIND_TEXT (tt_catalog_target_by_id, tt_catalog_target, target, id)
FIND_ID (tt_catalog_district_by_id, tt_catalog_district, district)
FIND_ID (tt_catalog_special_by_id, tt_catalog_special, special)
FIND_ID (tt_catalog_indicator_by_id, tt_catalog_indicator, indicator)
FIND_ID (tt_catalog_platform_by_id, tt_catalog_platform, platform)
ALL (tt_catalog_districts, tt_catalog_district, district)
ALL (tt_catalog_specials, tt_catalog_special, special)
ALL (tt_catalog_departments, tt_catalog_department, department)
ALL (tt_catalog_indicators, tt_catalog_indicator, indicator)
ALL (tt_catalog_targets, tt_catalog_target, target)
ALL (tt_catalog_platforms, tt_catalog_platform, platform)
