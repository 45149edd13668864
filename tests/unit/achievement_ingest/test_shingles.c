#include <criterion/criterion.h>

#include "shingles.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (shingles, .init = open_text);

static size_t
count_of (const char *text, uint32_t width, uint32_t alone)
{
    ingest_shingles set = { 0 };
    ingest_shingles_add (&set, text, width, alone);
    ingest_shingles_close (&set);
    size_t count = set.count;
    ingest_shingles_free (&set);
    return count;
}

static ingest_overlap
overlap_of (const char *first, const char *second)
{
    ingest_shingles a = { 0 }, b = { 0 };
    ingest_shingles_add (&a, first, 3, 1);
    ingest_shingles_add (&b, second, 3, 1);
    ingest_shingles_close (&a);
    ingest_shingles_close (&b);
    ingest_overlap overlap = ingest_shingles_compare (&a, &b);
    ingest_shingles_free (&a);
    ingest_shingles_free (&b);
    return overlap;
}

Test (shingles, every_place_of_a_text_begins_one)
{
    cr_assert_eq (count_of ("abcdef", 3, 1), 4);
    cr_assert_eq (count_of ("ab cd", 3, 1), 3);
    cr_assert_eq (count_of ("石墨烯薄膜", 3, 1), 3);
    cr_assert_eq (count_of ("aaaaaa", 3, 1), 1);
}

Test (shingles, a_chinese_character_can_weigh_as_much_as_three_letters)
{
    cr_assert_eq (count_of ("石墨烯薄膜", 9, 3), 3);
    cr_assert_eq (count_of ("abcdefghij", 9, 3), 2);
}

Test (shingles, a_short_text_is_one_and_an_empty_one_none)
{
    cr_assert_eq (count_of ("ab", 3, 1), 1);
    cr_assert_eq (count_of ("石", 3, 1), 1);
    cr_assert_eq (count_of ("", 3, 1), 0);
    cr_assert_eq (count_of (" ,。", 3, 1), 0);
}

Test (shingles, script_width_case_and_punctuation_make_no_difference)
{
    cr_assert_float_eq (overlap_of ("石墨烯导电薄膜,ABC。", "石墨烯導電薄膜 ＡＢｃ").jaccard, 1.0, 1e-9);
}

Test (shingles, an_abridged_text_is_contained)
{
    ingest_overlap overlap = overlap_of ("abcdefghij", "abcdef");
    cr_assert_eq (overlap.shared, 4);
    cr_assert_float_eq (overlap.jaccard, 0.5, 1e-9);
    cr_assert_float_eq (overlap.containment, 1.0, 1e-9);
}

Test (shingles, nothing_has_nothing_in_common)
{
    cr_assert_float_eq (overlap_of ("", "").jaccard, 0.0, 1e-9);
    cr_assert_float_eq (overlap_of ("", "abc").containment, 0.0, 1e-9);
    cr_assert_float_eq (overlap_of ("abcdef", "uvwxyz").jaccard, 0.0, 1e-9);
}

Test (shingles, a_set_is_filled_again_after_it_was_emptied)
{
    ingest_shingles set = { 0 };
    ingest_shingles_add (&set, "abcdef", 3, 1);
    ingest_shingles_close (&set);
    ingest_shingles_clear (&set);
    ingest_shingles_add (&set, "xyz", 3, 1);
    ingest_shingles_close (&set);
    cr_assert_eq (set.count, 1);
    ingest_shingles_free (&set);
}
