/* Does an achievement lie within what a demand allows: industry, district, stages, forms, budget, deadline? What an achievement
 * does not state never keeps it out. Pure; values only. */
#ifndef INGEST_FIT_H
#define INGEST_FIT_H

#include "types.h"

#define INGEST_FIT_CODES 64

/* What counts of an achievement, 32 bytes: kept for each record in memory. Codes are hashes; 0 = not stated. */
typedef struct {
    char industry[4]; /* "C39", "C", "" */
    uint32_t district;
    uint32_t stage;
    uint32_t form;
    int64_t price_fen; /* 0 = open */
    uint32_t specials; /* bit n: special n, 1 to 31 */
} ingest_traits;

/* What a demand allows, and what its owner answered. Borrows the answers of the demand. */
typedef struct {
    char industry[4];
    uint32_t district;
    uint32_t stages[INGEST_FIT_CODES];
    uint32_t forms[INGEST_FIT_CODES];
    uint8_t stage_count; /* 0: any */
    uint8_t form_count;
    int64_t budget_fen; /* 0 = open */
    int32_t deadline;   /* last day on which something is pushed, days since 1970-01-01; INT32_MAX: none */
    Techtransfer__Achievement__V1__FieldAnswers *const *answers;
    size_t answer_count;
} ingest_limits;

/* Both messages are valid (validate.h); of longer lists only the first INGEST_FIT_CODES count. */
ingest_traits ingest_traits_of (const ingest_record *record);
ingest_limits ingest_limits_of (const ingest_demand *demand);
bool ingest_fits (const ingest_limits *limits, const ingest_traits *traits);

/* The calendar day in China (UTC+8) of an instant, in days since 1970-01-01: deadlines are counted by it. */
int32_t ingest_day_of (int64_t unix_ms);

#endif
