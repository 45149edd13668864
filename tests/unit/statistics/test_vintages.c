/* Differences between two vintages of a series. */
#include <criterion/criterion.h>

#include "series.h"

#define KIND(name) TECHTRANSFER__STATISTICS__V1__VINTAGE_CHANGE_KIND__##name

static stats_observation
figure (const char *period, const char *value, const char *status, uint64_t revision)
{
    stats_observation o = TECHTRANSFER__STATISTICS__V1__OBSERVATION__INIT;
    o.period = (char *)period;
    o.value = (char *)value;
    o.status = (char *)status;
    o.revision = revision;
    return o;
}

Test (vintages, added_removed_and_revised_are_told_apart)
{
    stats_observation same = figure ("2014", "1", "A", 1), old = figure ("2015", "2.4", "E", 1), new = figure ("2015", "2.41", "A", 2),
                      there = figure ("2016", "3", "A", 1), gone = figure ("2016", "", "M", 2), fresh = figure ("2017", "4", "A", 1),
                      missing = figure ("2018", "", "O", 1), found = figure ("2018", "5", "A", 2);
    stats_observation *first[] = { &same, &old, &there, &missing }, *second[] = { &same, &new, &gone, &fresh, &found };
    stats_series before = { first, 4 }, after = { second, 5 };
    tt_arena *arena = tt_arena_new (0);
    size_t count;
    Techtransfer__Statistics__V1__VintageChange **changes = stats_vintages_compare (&before, &after, arena, &count);
    cr_assert_eq (count, 4);
    cr_expect_eq (changes[0]->kind, KIND (REVISED));
    cr_expect_str_eq (changes[0]->before->value, "2.4");
    cr_expect_str_eq (changes[0]->after->value, "2.41");
    cr_expect_eq (changes[1]->kind, KIND (REMOVED));
    cr_expect_eq (changes[2]->kind, KIND (ADDED));
    cr_expect_null (changes[2]->before);
    cr_expect_eq (changes[3]->kind, KIND (ADDED)); /* a value where it was said that there was none */
    stats_vintages_compare (&after, &after, arena, &count);
    cr_expect_eq (count, 0);
    tt_arena_destroy (&arena);
}

Test (vintages, a_first_report_of_nothing_is_an_addition_without_value)
{
    stats_observation missing = figure ("2018", "", "O", 1), *items[] = { &missing };
    stats_series none = { 0 }, after = { items, 1 };
    tt_arena *arena = tt_arena_new (0);
    size_t count;
    Techtransfer__Statistics__V1__VintageChange **changes = stats_vintages_compare (&none, &after, arena, &count);
    cr_assert_eq (count, 1);
    cr_expect_eq (changes[0]->kind, KIND (ADDED));
    tt_arena_destroy (&arena);
}
