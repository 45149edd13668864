/* The two files of the catalogue about patents: term_rules.csv and legal_codes.csv. */
#include "catalog/internal.h"

#include <string.h>

#include "base/clock.h"
#include "catalog/table.h"
#include "catalog/term.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define MAX_MONTHS 1200
#define TERM(column, member, kind, required, words)                                                                              \
    {                                                                                                                            \
        column, offsetof (tt_term_rule, member), kind, required, words                                                           \
    }
#define LEGAL(column, member, required)                                                                                          \
    {                                                                                                                            \
        column, offsetof (tt_legal_code, member), TT_COLUMN_TEXT, required, NULL                                                 \
    }

static const tt_word from_words[] = { { "filing", TT_TERM_FROM_FILING },
                                      { "earliest filing", TT_TERM_FROM_EARLIEST_FILING },
                                      { "grant", TT_TERM_FROM_GRANT },
                                      { "priority", TT_TERM_FROM_PRIORITY },
                                      { NULL, 0 } };
static const tt_word when_words[]
    = { { "any", TT_TERM_WHEN_ANY }, { "pending", TT_TERM_WHEN_PENDING }, { "granted", TT_TERM_WHEN_GRANTED }, { NULL, 0 } };
static const tt_word grace_words[] = { { "due", 0 }, { "base", 1 }, { NULL, 0 } };

static const tt_column term_columns[] = {
    TERM ("id", id, TT_COLUMN_TEXT, true, NULL),
    TERM ("office", office, TT_COLUMN_TEXT, true, NULL),
    TERM ("kinds", kinds, TT_COLUMN_TEXT, true, NULL),
    TERM ("what", what, TT_COLUMN_TEXT, true, NULL),
    TERM ("from", from, TT_COLUMN_WORD, true, from_words),
    TERM ("when", when, TT_COLUMN_WORD, true, when_words),
    TERM ("filed_from", filed_from, TT_COLUMN_TEXT, false, NULL),
    TERM ("filed_before", filed_before, TT_COLUMN_TEXT, false, NULL),
    TERM ("first_month", first, TT_COLUMN_NUMBER, true, NULL),
    TERM ("step_months", step, TT_COLUMN_NUMBER, true, NULL),
    TERM ("last_month", last, TT_COLUMN_NUMBER, true, NULL),
    TERM ("month_end", month_end, TT_COLUMN_YES_NO, true, NULL),
    TERM ("opens_months", opens, TT_COLUMN_NUMBER, true, NULL),
    TERM ("grace_months", grace, TT_COLUMN_NUMBER, true, NULL),
    TERM ("grace_from", grace_from_base, TT_COLUMN_WORD, true, grace_words),
    TERM ("source", source, TT_COLUMN_TEXT, true, NULL),
};
static const tt_column legal_columns[] = {
    LEGAL ("office", office, true),   LEGAL ("code", code, true),        LEGAL ("category", category, true),
    LEGAL ("trigger", trigger, true), LEGAL ("name_zh", name_zh, false), LEGAL ("name_en", name_en, true),
    LEGAL ("source", source, true),
};

static tt_status
wrong (const tt_catalog *catalog, const char *file, uint32_t line, const char *what, const char *value, tt_error *error)
{
    return tt_fail (error, TT_INVALID_ARGUMENT, "%s/%s:%u: %s: \"%.60s\"", catalog->directory, file, line, what, value);
}

static bool
read_day (const char *text, int32_t *day)
{
    *day = TT_NO_DAY;
    return *text == '\0' || tt_date_parse (text, day) == TT_OK;
}

static tt_status
check_rule (const tt_catalog *catalog, tt_term_rule *rule, tt_error *error)
{
    static const char *const whats[] = { "term", "annuity", "national phase" };
    const char *what = NULL;
    for (size_t i = 0; i < COUNT (whats); i++)
        what = strcmp (whats[i], rule->what) == 0 ? whats[i] : what;
    bool within = rule->first > 0 && rule->first <= rule->last && rule->last <= MAX_MONTHS && rule->step <= MAX_MONTHS
                  && rule->opens <= rule->first && rule->grace <= MAX_MONTHS && (rule->step > 0 || rule->first == rule->last);
    const char *reason
        = what == NULL ? "what is due is none of the known words"
          : !read_day (rule->filed_from, &rule->filed_from_day) || !read_day (rule->filed_before, &rule->filed_before_day)
              ? "filed_from or filed_before is no date"
          : !within                    ? "months: 1 <= first <= last <= 1200, and first is last without a step"
          : strlen (rule->office) != 2 ? "the office is no code of two letters"
                                       : NULL;
    for (const tt_term_rule *other = catalog->term_rules; other < rule && reason == NULL; other++)
        reason = strcmp (other->id, rule->id) == 0 ? "stands twice in its file" : NULL;
    return reason ? wrong (catalog, "term_rules.csv", rule->line, reason, rule->id, error) : TT_OK;
}

static tt_status
check_code (const tt_catalog *catalog, const tt_legal_code *code, tt_error *error)
{
    static const char *const triggers[] = { "none",   "grant",        "lapse",        "expiry",      "transfer",   "licence",
                                            "pledge", "preservation", "invalidation", "restoration", "opposition", "litigation" };
    bool known = false;
    for (size_t i = 0; i < COUNT (triggers); i++)
        known = known || strcmp (triggers[i], code->trigger) == 0;
    const char *reason = !known ? "sets off nothing that is known"
                         : tt_catalog_code (catalog, "st27_category", code->category) == NULL
                             ? "no such category in st27_category"
                             : NULL;
    return reason ? wrong (catalog, "legal_codes.csv", code->line, reason, code->code, error) : TT_OK;
}

static int
compare_codes (const void *a, const void *b)
{
    const tt_legal_code *x = a, *y = b;
    int order = strcmp (x->office, y->office);
    return order ? order : strcmp (x->code, y->code);
}

static tt_status
load_rules (tt_catalog *catalog, tt_error *error)
{
    void *rows = NULL;
    tt_status status = tt_table_load (catalog->directory, "term_rules.csv", term_columns, COUNT (term_columns),
                                      sizeof (tt_term_rule), catalog->arena, &rows, &catalog->term_rule_count, error);
    catalog->term_rules = rows;
    for (size_t i = 0; status == TT_OK && i < catalog->term_rule_count; i++)
        status = check_rule (catalog, &catalog->term_rules[i], error);
    return status;
}

static tt_status
load_codes (tt_catalog *catalog, tt_error *error)
{
    void *rows = NULL;
    tt_status status = tt_table_load (catalog->directory, "legal_codes.csv", legal_columns, COUNT (legal_columns),
                                      sizeof (tt_legal_code), catalog->arena, &rows, &catalog->legal_code_count, error);
    catalog->legal_codes = rows;
    for (size_t i = 0; status == TT_OK && i < catalog->legal_code_count; i++)
        status = check_code (catalog, &catalog->legal_codes[i], error);
    if (status != TT_OK || catalog->legal_code_count == 0)
        return status;
    qsort (catalog->legal_codes, catalog->legal_code_count, sizeof *catalog->legal_codes, compare_codes);
    for (size_t i = 1; status == TT_OK && i < catalog->legal_code_count; i++)
        if (compare_codes (&catalog->legal_codes[i - 1], &catalog->legal_codes[i]) == 0)
            status = wrong (catalog, "legal_codes.csv", catalog->legal_codes[i].line, "the office's code stands twice",
                            catalog->legal_codes[i].code, error);
    return status;
}

tt_status
tt_catalog_load_patent (tt_catalog *catalog, tt_error *error)
{
    tt_status status = load_rules (catalog, error);
    return status == TT_OK ? load_codes (catalog, error) : status;
}
