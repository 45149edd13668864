/* When a right ends and what falls due for it until then, by office, out of data (data/term_rules.csv): the end of the term,
 * annuities with their grace periods, entry into the national phase. Each date names the rule that gave it, and the rule its law
 * and article. Pure: no clock, no I/O. Dates are the plain ones of the law: what a holiday moves, and what extends a term
 * (adjustments, certificates of protection, disclaimers), is not in a publication's own dates and not in them. Any thread may
 * call. */
#ifndef TT_CATALOG_TERM_H
#define TT_CATALOG_TERM_H

#include "catalog/catalog.h"

#define TT_NO_DAY INT32_MIN

typedef struct {
    const char *what; /* "term", "annuity", "grace" (the last day to pay an annuity late, or to enter late), "national phase" */
    int year;         /* of the annuity: the year of the right in which it falls due, or that it pays for; 0 else */
    int32_t due_day;  /* days since 1970-01-01: the last day */
    const char *rule; /* id in the catalogue, borrowed from it */
    int32_t open_day; /* first day on which an annuity can be paid, where the rule says one; TT_NO_DAY else */
} tt_term_due;

/* What a rule may count from. Days since 1970-01-01, or TT_NO_DAY for unknown: what counts from it is then left out. */
typedef struct {
    const char *country; /* ST.3 of the office */
    const char *kind;    /* of the document, ST.16 as the office writes it */
    int32_t filing_day;
    int32_t grant_day;    /* of grant (CN, US, EP: publication of the grant) or registration (JP, KR: not that of the gazette) */
    int32_t priority_day; /* earliest priority claimed; unknown: none is claimed, the filing day stands */
    int32_t parent_day;   /* earliest filing of an application that this one continues or divides (US); unknown: there is none */
} tt_term_right;

/* The due dates of a right in [from_day, to_day], ascending. country, kind of document; filing/grant days or TT_NO_DAY. Returns
 * the number, at most max: the earliest. A right to which no rule applies has none; tt_term_known tells that apart. */
size_t tt_term_due_between (const tt_catalog *catalog, const char *country, const char *kind, int32_t filing_day,
                            int32_t grant_day, int32_t from_day, int32_t to_day, tt_term_due *out, size_t max);
/* The same with all that a rule may count from. */
size_t tt_term_due_of (const tt_catalog *catalog, const tt_term_right *right, int32_t from_day, int32_t to_day, tt_term_due *out,
                       size_t max);
/* Whether any rule applies to the right, whatever the day; what has none is to be counted. */
bool tt_term_known (const tt_catalog *catalog, const tt_term_right *right);
/* The last day of the term, or TT_NO_DAY. */
int32_t tt_term_end (const tt_catalog *catalog, const tt_term_right *right);
/* Law and article of a rule by its id, borrowed; NULL if there is no such rule. */
const char *tt_term_source (const tt_catalog *catalog, const char *rule);

/* A day so many months later; where that month has no such day, its last one. At its end: always its last one. TT_NO_DAY past the
 * year 9999. */
int32_t tt_term_add_months (int32_t day, uint32_t months, bool at_end);

#endif
