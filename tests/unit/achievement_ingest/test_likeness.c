#include <criterion/criterion.h>

#include "likeness.h"

#define TEXT                                                                                                                     \
    "A coating of thin oxide layers keeps turbine blades from wearing; it is sprayed cold, hardens within an hour and lasts "    \
    "for "                                                                                                                       \
    "four thousand hours of flight."
#define MORE " Measured in three engines against blades without it, the wear was a fifth."
static const ingest_like_settings usual = { .sure = 0.85, .doubtful = 0.5 };

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (likeness, .init = open_text);

static ingest_record
record_of (const char *title, const char *abstract, const char *number)
{
    ingest_record record = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    record.title = (char *)title;
    record.abstract = (char *)abstract;
    record.registration_number = (char *)number;
    return record;
}

static ingest_likeness
judge (ingest_record a, ingest_record b, const ingest_like_settings *settings)
{
    ingest_shingles x = { 0 }, y = { 0 };
    ingest_likeness_shingles (&a, &x);
    ingest_likeness_shingles (&b, &y);
    ingest_likeness there = ingest_likeness_judge (&a, &x, &b, &y, settings);
    ingest_likeness back = ingest_likeness_judge (&b, &y, &a, &x, settings);
    cr_assert_eq (there.like, back.like);
    cr_assert_float_eq (there.score, back.score, 1e-12);
    ingest_shingles_free (&x);
    ingest_shingles_free (&y);
    return there;
}

Test (likeness, the_same_text_is_sure_however_it_is_written)
{
    ingest_record a = record_of ("Blade coating", TEXT, ""), b = record_of ("ＢＬＡＤＥ coating.", TEXT, "N-1");
    ingest_likeness same = judge (a, b, &usual);
    cr_assert_eq (same.like, INGEST_LIKE_SURE);
    cr_assert_float_eq (same.score, 1.0, 1e-9);
    a = record_of ("石墨烯薄膜制备", "本项目研究石墨烯薄膜的低温制备方法,并用于柔性电极。", "");
    b = record_of ("石墨烯薄膜製備", "本項目研究石墨烯薄膜的低溫製備方法，並用於柔性電極。", "");
    cr_assert_eq (judge (a, b, &usual).like, INGEST_LIKE_SURE);
}

Test (likeness, a_text_that_the_other_holds_is_sure)
{
    ingest_likeness held = judge (record_of ("Blade coating", TEXT, ""), record_of ("Blade coating", TEXT MORE, ""), &usual);
    cr_assert_eq (held.like, INGEST_LIKE_SURE);
    cr_assert_lt (held.overlap.jaccard, usual.sure);
    cr_assert_str_eq (held.reason, "one text holds the other");
}

Test (likeness, a_title_alone_is_held_by_nothing)
{
    ingest_likeness title = judge (record_of ("Blade coating", "", ""), record_of ("Blade coating", TEXT, ""), &usual);
    cr_assert_float_eq (title.overlap.containment, 1.0, 1e-9);
    cr_assert_eq (title.like, INGEST_LIKE_DISTINCT);
}

Test (likeness, different_numbers_are_doubtful_at_most)
{
    ingest_record a = record_of ("Blade coating", TEXT, "N-1"), b = record_of ("Blade coating", TEXT, "N-2");
    cr_assert_eq (judge (a, b, &usual).like, INGEST_LIKE_DOUBTFUL);
    b.registration_number = a.registration_number;
    cr_assert_eq (judge (a, b, &usual).like, INGEST_LIKE_SURE);
}

Test (likeness, versions_are_doubtful_at_most)
{
    ingest_record a = record_of ("Blade coating 2.0", TEXT, ""), b = record_of ("Blade coating Version 3", TEXT, "");
    cr_assert_eq (judge (a, b, &usual).like, INGEST_LIKE_DOUBTFUL);
    cr_assert_eq (ingest_likeness_titles ("水稻机插技术(一期)", "水稻机插技术（二期）"), INGEST_TITLES_VERSIONS);
    cr_assert_eq (ingest_likeness_titles ("Code II", "Code III"), INGEST_TITLES_VERSIONS);
    cr_assert_eq (ingest_likeness_titles ("Code II", "code ii"), INGEST_TITLES_SAME);
    cr_assert_eq (ingest_likeness_titles ("Code II", "Codes II"), INGEST_TITLES_OTHER);
    cr_assert_eq (ingest_likeness_titles ("", ""), INGEST_TITLES_SAME);
}

Test (likeness, between_the_bands_it_is_doubtful_and_below_distinct)
{
    ingest_record a = record_of ("Blade coating", TEXT, ""), b = record_of ("Hull paint", TEXT MORE, "");
    ingest_likeness near = judge (a, b, &(ingest_like_settings){ .sure = 0.999, .doubtful = 0.5 });
    cr_assert_eq (near.like, INGEST_LIKE_DOUBTFUL);
    cr_assert_eq (judge (a, record_of ("Rice", MORE, ""), &usual).like, INGEST_LIKE_DISTINCT);
}

Test (likeness, it_can_be_switched_off_and_nothing_is_like_nothing)
{
    ingest_record a = record_of ("Blade coating", TEXT, ""), empty = record_of ("", "", "");
    cr_assert_eq (judge (a, a, &(ingest_like_settings){ .off = true, .sure = 0.85 }).like, INGEST_LIKE_DISTINCT);
    cr_assert_eq (judge (empty, empty, &(ingest_like_settings){ 0 }).like, INGEST_LIKE_DISTINCT);
}

Test (likeness, other_titles_are_doubtful_at_most)
{
    ingest_record a = record_of ("Blade coating for Windows", TEXT, ""), b = record_of ("Blade coating for UNIX", TEXT, "");
    ingest_likeness other = judge (a, b, &usual);
    cr_assert_eq (other.like, INGEST_LIKE_DOUBTFUL);
    cr_assert_geq (other.score, usual.sure);
    cr_assert_str_eq (other.reason, "the texts agree, the titles differ");
}
