/* What an office's code of a legal event means: its ST.27 category and what it sets off, out of data (data/legal_codes.csv).
 * Offices publish hundreds of codes; those that are not in the file are unknown, and the caller keeps and counts them. Pure; any
 * thread. */
#ifndef TT_CATALOG_LEGAL_H
#define TT_CATALOG_LEGAL_H

#include "catalog/catalog.h"

typedef struct {
    uint32_t line;
    const char *office;   /* ST.3, or "*": of any office that has no row of its own for the code */
    const char *code;     /* as published */
    const char *category; /* ST.27 letter, an entry of the code list st27_category */
    const char *trigger;  /* "grant" "lapse" "expiry" "transfer" "licence" "pledge" "preservation" "invalidation" "restoration"
                             "opposition" "litigation"; "none": known, and sets off nothing */
    const char *name_zh;
    const char *name_en;
    const char *source;
} tt_legal_code;

/* The row of an office's code, byte for byte; NULL: unknown. */
const tt_legal_code *tt_catalog_legal_code (const tt_catalog *catalog, const char *office, const char *code);
const tt_legal_code *tt_catalog_legal_codes (const tt_catalog *catalog, size_t *count);

#endif
