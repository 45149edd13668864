#include <criterion/criterion.h>

#include <string.h>

#include "terms.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (terms, .init = open_text);

static uint32_t
count_of (const ingest_terms *t, const char *word)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp (ingest_term_word (t, i), word) == 0)
            return t->terms[i].count;
    return 0;
}

Test (terms, words_without_stop_words_and_plural)
{
    ingest_terms t = { 0 };
    ingest_terms_add (&t, "The BATTERIES and a battery; sensors, axes, glass, radius, analysis, 2017", false, 1);
    cr_assert_eq (count_of (&t, "battery"), 2);
    cr_assert_eq (count_of (&t, "sensor"), 1);
    cr_assert_eq (count_of (&t, "axe"), 1);
    cr_assert_eq (count_of (&t, "glass"), 1);
    cr_assert_eq (count_of (&t, "radius"), 1);
    cr_assert_eq (count_of (&t, "analysis"), 1);
    cr_assert_eq (count_of (&t, "2017"), 0);
    cr_assert_eq (count_of (&t, "the"), 0);
    cr_assert_eq (t.length, 7);
    ingest_terms_free (&t);
}

Test (terms, chinese_is_pairs_of_neighbours)
{
    ingest_terms t = { 0 };
    ingest_terms_add (&t, "石墨烯,研究", true, 2);
    cr_assert_eq (count_of (&t, "石墨"), 2);
    cr_assert_eq (count_of (&t, "墨烯"), 2);
    cr_assert_eq (t.count, 2, "no pair across the comma, and a stop word");
    cr_assert (t.terms[0].title);
    ingest_terms_clear (&t);
    cr_assert_eq (t.count, 0);
    ingest_terms_free (&t);
}

/* The list is looked up by bisection: one word out of order would hide others. */
Test (terms, stop_words_are_found)
{
    const char *words[] = { "about", "and", "the", "your", "using", "一种", "方法", "项目", "系统", "需求" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        cr_assert (ingest_stop_word (tt_bytes_of_text (words[i])), "%s", words[i]);
    cr_assert_not (ingest_stop_word (tt_bytes_of_text ("them2")));
    cr_assert_not (ingest_stop_word (tt_bytes_of_text ("th")));
}
