#include <criterion/criterion.h>

#include "similarity.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (similarity, .init = open_text);

Test (similarity, rare_terms_say_more)
{
    ingest_frequency rare = { .records = 2, .record_count = 2000 }, common = { .records = 1500, .record_count = 2000 };
    ingest_frequency tender_word = { .records = 2, .record_count = 2000, .demands = 140, .demand_count = 146 };
    cr_assert_gt (ingest_informative (&rare), ingest_informative (&common));
    cr_assert_gt (ingest_informative (&rare), ingest_informative (&tender_word));
    cr_assert_geq (ingest_informative (&common), 0);
}

Test (similarity, saturation_grows_and_stays_below_one)
{
    double one = ingest_saturation (1, 100, 100), many = ingest_saturation (15, 100, 100);
    cr_assert (one > 0 && one < many && many < 1);
    cr_assert_gt (ingest_saturation (1, 10, 100), ingest_saturation (1, 1000, 100));
}

static void
known (void *context, uint64_t hash, ingest_frequency *out)
{
    const ingest_terms *t = context;
    *out = (ingest_frequency){ .record_count = 2000, .records = 50 };
    for (size_t i = 0; i < t->count; i++)
        if (t->terms[i].hash == hash && ingest_term_word (t, i)[0] == 'z')
            out->records = 0; /* a word of nobody else */
}

Test (similarity, titles_come_first_and_noise_is_left_out)
{
    ingest_terms t = { 0 };
    ingest_settings settings = ingest_settings_default ();
    ingest_wanted wanted[INGEST_WANTED_MAX];
    ingest_terms_add (&t, "turbine zzyzx", true, 1);
    ingest_terms_add (&t, "blade blade blade", false, 1);
    size_t count = ingest_choose (&t, &settings, known, &t, wanted);
    cr_assert_eq (count, 2);
    cr_assert (wanted[0].title);
    cr_assert_geq (wanted[0].weight, wanted[1].weight);
    settings.terms = 1;
    cr_assert_eq (ingest_choose (&t, &settings, known, &t, wanted), 1);
    cr_assert (wanted[0].title);
    ingest_terms_free (&t);
}

Test (similarity, near_needs_three_terms_one_of_the_title_and_the_score)
{
    ingest_wanted w[4] = { { .title = true, .weight = 1 }, { .weight = 1 }, { .weight = 1 }, { .weight = 1 } };
    ingest_settings settings = ingest_settings_default ();
    cr_assert (ingest_near (w, 4, 7, settings.threshold, &settings));
    cr_assert_not (ingest_near (w, 4, 7, settings.threshold - 0.01, &settings));
    cr_assert_not (ingest_near (w, 4, 3, 1, &settings), "two terms");
    cr_assert_not (ingest_near (w, 4, 14, 1, &settings), "none of the title");
    cr_assert (ingest_near (w, 2, 3, 1, &settings), "a short demand");
    cr_assert_not (ingest_near (w, 0, 0, 1, &settings));
}
