/* The values that are no text: class symbols, document numbers and dates, from the ways people write them to one form.
 *
 * Internal to query/. Values only; no thread rule. */
#ifndef TT_QUERY_SYMBOL_H
#define TT_QUERY_SYMBOL_H

#include "base/buffer.h"

/* A class symbol of IPC or CPC: "H01F1/053" has section H, class H01, subclass H01F, main group H01F1 and subgroup. */
typedef enum {
    TT_LEVEL_NONE,
    TT_LEVEL_SECTION,
    TT_LEVEL_CLASS,
    TT_LEVEL_SUBCLASS,
    TT_LEVEL_GROUP,
    TT_LEVEL_SUBGROUP
} tt_symbol_level;

#define TT_SYMBOL_TEXT_SIZE 24
typedef struct {
    tt_symbol_level level;               /* how far it is given */
    char text[TT_SYMBOL_TEXT_SIZE];      /* "H01F1/053": capital letters, no spaces, no leading zeros in the group */
    uint8_t ends[TT_LEVEL_SUBGROUP + 1]; /* bytes of text up to each level; 0 past `level` */
} tt_symbol;

/* Reads "H01F1/053", "h01f 1/053", "H01F 1/053 (2006.01)", the two forms of ST.8, "H01F0001053000" and of 50 characters
 * "H01F   1/053       20060101AFI20051110RMJP" (its columns may have been squeezed together to single spaces), or a shorter
 * prefix. */
bool tt_symbol_parse (tt_bytes text, tt_symbol *symbol);
/* What the 50-character form says of its symbol, as the name of the index that such symbols stand in beside ic or cpc: of IPC
 * "ai" or "an" (level A), "ci" or "cn" (level C) by the values I (invention) and N (not); of CPC "cpci" or "cpca" by I and A.
 * NULL: nothing, or another form. WIPO ST.8. */
const char *tt_symbol_role (tt_bytes text, bool cpc);
/* The same of a level and a value, each one letter, 0 if not given (of IPC the level then is A, the only one since 2011). */
const char *tt_symbol_role_of (char level, char value, bool cpc);

/* A publication, application or priority number. */
#define TT_NUMBER_TEXT_SIZE 48
typedef struct {
    char country[3];                  /* "" if not given */
    char number[TT_NUMBER_TEXT_SIZE]; /* without leading zeros, letters in front kept ("D812345"); "" if only the country is given
                                       */
    char kind[3];                     /* "" if not given */
} tt_number;

/* Reads "CN111504366B", "CN 111504366 B", "CN.111504366.B", "US 2019/0123456 A1", "CN" or "1000000". The kind is a letter and at
 * most one digit behind the last digits. */
bool tt_number_parse (tt_bytes text, tt_number *number);

/* Days since 1970-01-01, both ends included, of a date with the precision given: yyyy, yyyyMM, yyyyMMdd, yyyy-MM, yyyy-MM-dd,
 * MM/yyyy, dd/MM/yyyy, MM.yyyy, dd.MM.yyyy. Years 1000 to 9999. */
bool tt_date_range (tt_bytes text, int32_t *first, int32_t *last);

#endif
