#include "catalog/legal.h"

#include <string.h>

#include "catalog/internal.h"

static const tt_legal_code *
find (const tt_catalog *catalog, const char *office, const char *code)
{
    size_t low = 0, high = catalog->legal_code_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const tt_legal_code *row = catalog->legal_codes + middle;
        int order = strcmp (office, row->office);
        order = order ? order : strcmp (code, row->code);
        if (order == 0)
            return row;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const tt_legal_code *
tt_catalog_legal_code (const tt_catalog *catalog, const char *office, const char *code)
{
    const tt_legal_code *own = find (catalog, office, code);
    return own ? own : find (catalog, "*", code);
}

const tt_legal_code *
tt_catalog_legal_codes (const tt_catalog *catalog, size_t *count)
{
    *count = catalog->legal_code_count;
    return catalog->legal_codes;
}
