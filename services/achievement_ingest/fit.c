#include "fit.h"

#include <string.h>
#include <xxhash.h>

#include "base/clock.h"

#define CHINA_OFFSET_MS (8 * INT64_C (3600000))
#define DAY_MS INT64_C (86400000)

/* 0 is kept for "not stated". */
static uint32_t
code_hash (const char *code)
{
    size_t size = strlen (code);
    uint32_t hash = (uint32_t)XXH3_64bits (code, size);
    return size == 0 ? 0 : hash == 0 ? 1 : hash;
}

static void
copy_industry (char out[4], const char *industry)
{
    memset (out, 0, 4);
    memcpy (out, industry, strnlen (industry, 3));
}

ingest_traits
ingest_traits_of (const ingest_record *r)
{
    ingest_traits t = {
        .district = code_hash (r->district), .stage = code_hash (r->stage), .form = code_hash (r->form), .price_fen = r->price_fen
    };
    copy_industry (t.industry, r->industry);
    for (size_t i = 0; i < r->n_specials; i++)
        if (r->specials[i] < 32)
            t.specials |= UINT32_C (1) << r->specials[i];
    return t;
}

static uint8_t
copy_codes (uint32_t *out, char *const *codes, size_t count)
{
    size_t n = count < INGEST_FIT_CODES ? count : INGEST_FIT_CODES;
    for (size_t i = 0; i < n; i++)
        out[i] = code_hash (codes[i]);
    return (uint8_t)n;
}

ingest_limits
ingest_limits_of (const ingest_demand *d)
{
    ingest_limits l = { .district = code_hash (d->district), .budget_fen = d->budget_fen, .deadline = INT32_MAX };
    copy_industry (l.industry, d->industry);
    l.stage_count = copy_codes (l.stages, d->stages, d->n_stages);
    l.form_count = copy_codes (l.forms, d->forms, d->n_forms);
    l.answers = d->answers;
    l.answer_count = d->n_answers;
    int32_t days;
    if (d->deadline[0] != '\0' && tt_date_parse (d->deadline, &days) == TT_OK)
        l.deadline = days;
    return l;
}

static bool
among (const uint32_t *codes, uint8_t count, uint32_t code)
{
    for (uint8_t i = 0; i < count; i++)
        if (codes[i] == code)
            return true;
    return count == 0 || code == 0;
}

/* A whole section fits each of its divisions, either way round: the coarser of the two leaves the division open. */
static bool
industry_fits (const char *wanted, const char *stated)
{
    size_t w = strlen (wanted), s = strlen (stated);
    return strncmp (wanted, stated, w < s ? w : s) == 0;
}

bool
ingest_fits (const ingest_limits *l, const ingest_traits *t)
{
    return industry_fits (l->industry, t->industry) && (l->district == 0 || t->district == 0 || l->district == t->district)
           && among (l->stages, l->stage_count, t->stage) && among (l->forms, l->form_count, t->form)
           && (l->budget_fen == 0 || t->price_fen <= l->budget_fen);
}

int32_t
ingest_day_of (int64_t unix_ms)
{
    int64_t local = unix_ms + CHINA_OFFSET_MS;
    return (int32_t)(local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS));
}
