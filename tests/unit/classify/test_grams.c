#include <criterion/criterion.h>
#include <string.h>

#include "classify/grams.h"

static size_t
count_of (const char *text)
{
    tt_grams *g = tt_grams_new (20);
    size_t count;
    tt_grams_count (g, tt_bytes_of_text (text), 0, &count);
    tt_grams_destroy (&g);
    return count;
}

Test (grams, chinese_is_cut_in_one_to_three_characters)
{
    cr_assert_eq (count_of ("石墨烯"), 6); /* 3 + 2 + 1 */
    cr_assert_eq (count_of ("石 墨"), 2);
}

Test (grams, words_are_whole_and_in_three_to_five_characters_with_their_ends)
{
    cr_assert_eq (count_of ("abc"), 1 + 3 + 2 + 1); /* <abc>: the word, <ab abc bc>, <abc abc>, <abc> */
    cr_assert_eq (count_of ("a"), 2);               /* the word, and <a> */
}

Test (grams, counts_and_places_are_of_the_text)
{
    tt_grams *g = tt_grams_new (20);
    size_t count;
    const char *text = "磁性,磁性";
    const tt_gram *grams = tt_grams_count (g, tt_bytes_of_text (text), 0, &count);
    cr_assert_eq (count, 3);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq (grams[i].count, 2);
        cr_assert_lt (grams[i].at + grams[i].size, strlen (text));
    }
    grams = tt_grams_count (g, tt_bytes_of_text ("磁"), 0, &count);
    cr_assert_eq (count, 1);
    cr_assert_eq (grams[0].count, 1, "what was counted before is gone");
    grams = tt_grams_count (g, tt_bytes_of_text ("磁"), 1, &count);
    cr_assert_eq (grams[0].count, TT_GRAMS_LEAD, "a title counts more");
    tt_grams_destroy (&g);
}

Test (grams, broken_bytes_are_taken_without_reading_past_the_end)
{
    char *tail = tt_strndup ("a\xE7\x9F", 3);
    cr_assert_gt (count_of (tail), 0);
    free (tail);
}
