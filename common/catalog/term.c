#include "catalog/term.h"

#include <string.h>

#include "base/clock.h"
#include "catalog/internal.h"

int32_t
tt_term_add_months (int32_t day, uint32_t months, bool at_end)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, of_month;
    int32_t out;
    tt_date_civil (day, &year, &month, &of_month);
    uint32_t sum = (uint32_t)(month - 1) + months;
    year += (int)(sum / 12);
    month = (int)(sum % 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int last = lengths[month] + (month == 1 && leap);
    return tt_date_days (year, month + 1, at_end || of_month > last ? last : of_month, &out) ? out : TT_NO_DAY;
}

/* One word of a list of kinds: "B1", "B*" for all that begin so, "A?" for one that is no grant itself. */
static bool
kind_fits (const char *word, size_t size, const char *kind, bool granted)
{
    char last = word[size - 1];
    if (last == '?')
        return granted && strlen (kind) == size - 1 && memcmp (word, kind, size - 1) == 0;
    if (last == '*')
        return strncmp (word, kind, size - 1) == 0;
    return strlen (kind) == size && memcmp (word, kind, size) == 0;
}

static bool
is_among (const char *kinds, const char *kind, bool granted)
{
    for (size_t size; *kinds; kinds += size + (kinds[size] == ' ')) {
        size = strcspn (kinds, " ");
        if (size > 0 && kind_fits (kinds, size, kind, granted))
            return true;
    }
    return false;
}

/* A rule for what was filed since a day says nothing of a right whose filing day nobody knows. */
static bool
applies (const tt_term_rule *rule, const tt_term_right *right, bool granted)
{
    if (strcmp (rule->office, right->country) != 0 || !is_among (rule->kinds, right->kind, granted))
        return false;
    if (right->filing_day == TT_NO_DAY)
        return rule->filed_from_day == TT_NO_DAY && rule->filed_before_day == TT_NO_DAY;
    return (rule->filed_from_day == TT_NO_DAY || right->filing_day >= rule->filed_from_day)
           && (rule->filed_before_day == TT_NO_DAY || right->filing_day < rule->filed_before_day);
}

static int32_t
base_day (const tt_term_rule *rule, const tt_term_right *right)
{
    switch (rule->from) {
    case TT_TERM_FROM_FILING:
        return right->filing_day;
    case TT_TERM_FROM_EARLIEST_FILING:
        return right->parent_day != TT_NO_DAY && right->parent_day < right->filing_day ? right->parent_day : right->filing_day;
    case TT_TERM_FROM_GRANT:
        return right->grant_day;
    case TT_TERM_FROM_PRIORITY:
        return right->priority_day != TT_NO_DAY ? right->priority_day : right->filing_day;
    }
    return TT_NO_DAY;
}

static bool
is_term (const tt_term_rule *rule)
{
    return strcmp (rule->what, "term") == 0;
}

/* `granted` says whether kinds that are no grants count as one. */
static int32_t
term_end (const tt_catalog *catalog, const tt_term_right *right, bool granted)
{
    for (size_t i = 0; i < catalog->term_rule_count; i++) {
        const tt_term_rule *rule = &catalog->term_rules[i];
        int32_t base = is_term (rule) && applies (rule, right, granted) ? base_day (rule, right) : TT_NO_DAY;
        if (base != TT_NO_DAY)
            return tt_term_add_months (base, rule->first, rule->month_end);
    }
    return TT_NO_DAY;
}

int32_t
tt_term_end (const tt_catalog *catalog, const tt_term_right *right)
{
    return term_end (catalog, right, right->grant_day != TT_NO_DAY);
}

typedef struct {
    int32_t from;
    int32_t to;
    tt_term_due *out;
    size_t max;
    size_t count;
} list;

/* Keeps the earliest; what falls on the same day stands in the order of the rules. */
static void
add (list *l, const tt_term_due *due)
{
    if (due->due_day == TT_NO_DAY || due->due_day < l->from || due->due_day > l->to)
        return;
    size_t at = l->count;
    while (at > 0 && l->out[at - 1].due_day > due->due_day)
        at--;
    if (at == l->max)
        return;
    size_t behind = l->count - at - (l->count == l->max);
    memmove (l->out + at + 1, l->out + at, behind * sizeof *l->out);
    l->out[at] = *due;
    l->count += l->count < l->max;
}

/* Whether the fee of this anniversary is the rule's business: before grant the application's, behind it the patent's. The fee for
 * the year in which the grant falls is still the application's. */
static bool
is_charged (const tt_term_rule *rule, const tt_term_right *right, int32_t anniversary)
{
    if (rule->when == TT_TERM_WHEN_ANY)
        return true;
    if (rule->when == TT_TERM_WHEN_PENDING)
        return right->grant_day == TT_NO_DAY ? right->kind[0] == 'A' : anniversary <= right->grant_day;
    return right->grant_day == TT_NO_DAY || anniversary > right->grant_day;
}

static void
add_dates (const tt_term_rule *rule, const tt_term_right *right, int32_t base, int32_t end, list *l)
{
    bool once = is_term (rule);
    for (uint32_t months = rule->first; months <= rule->last; months += rule->step ? rule->step : UINT16_MAX) {
        int32_t anniversary = tt_term_add_months (base, months, false);
        tt_term_due due = { .what = rule->what, .rule = rule->id, .open_day = TT_NO_DAY };
        due.due_day = tt_term_add_months (base, months, rule->month_end);
        if (due.due_day == TT_NO_DAY || (!once && end != TT_NO_DAY && due.due_day >= end))
            return;
        if (!is_charged (rule, right, anniversary))
            continue;
        if (strcmp (rule->what, "annuity") == 0)
            due.year = (int)(months / 12) + 1;
        if (rule->opens > 0)
            due.open_day = tt_term_add_months (base, months - rule->opens, false);
        add (l, &due);
        if (rule->grace == 0)
            continue;
        due.what = "grace";
        due.open_day = TT_NO_DAY;
        due.due_day = rule->grace_from_base ? tt_term_add_months (base, months + rule->grace, rule->month_end)
                                            : tt_term_add_months (due.due_day, rule->grace, rule->month_end);
        add (l, &due);
    }
}

size_t
tt_term_due_of (const tt_catalog *catalog, const tt_term_right *right, int32_t from_day, int32_t to_day, tt_term_due *out,
                size_t max)
{
    list l = { from_day, to_day, out, max, 0 };
    int32_t end = term_end (catalog, right, true);
    for (size_t i = 0; i < catalog->term_rule_count; i++) {
        const tt_term_rule *rule = &catalog->term_rules[i];
        int32_t base = applies (rule, right, right->grant_day != TT_NO_DAY) ? base_day (rule, right) : TT_NO_DAY;
        if (base != TT_NO_DAY)
            add_dates (rule, right, base, end, &l);
    }
    return l.count;
}

size_t
tt_term_due_between (const tt_catalog *catalog, const char *country, const char *kind, int32_t filing_day, int32_t grant_day,
                     int32_t from_day, int32_t to_day, tt_term_due *out, size_t max)
{
    tt_term_right right = { country, kind, filing_day, grant_day, TT_NO_DAY, TT_NO_DAY };
    return tt_term_due_of (catalog, &right, from_day, to_day, out, max);
}

bool
tt_term_known (const tt_catalog *catalog, const tt_term_right *right)
{
    for (size_t i = 0; i < catalog->term_rule_count; i++)
        if (applies (&catalog->term_rules[i], right, right->grant_day != TT_NO_DAY)
            && base_day (&catalog->term_rules[i], right) != TT_NO_DAY)
            return true;
    return false;
}

const char *
tt_term_source (const tt_catalog *catalog, const char *rule)
{
    for (size_t i = 0; i < catalog->term_rule_count; i++)
        if (strcmp (catalog->term_rules[i].id, rule) == 0)
            return catalog->term_rules[i].source;
    return NULL;
}
