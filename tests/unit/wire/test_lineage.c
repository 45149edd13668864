/* Where what was seen and what the journal has part: every shape of one and two fail-overs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "wire/lineage.h"

/* "A1 B100": epoch A from 1 on, B from 100 on. */
static tt_lineage
lineage (const char *text)
{
    tt_lineage made = { 0 };
    for (const char *p = text; *p; p += strcspn (p, " "), p += *p == ' ')
        tt_lineage_begin (&made, strtoull (p + 1, NULL, 10), (tt_bytes){ (const uint8_t *)p, 1 });
    return made;
}

static void
expect_common (const char *held, uint64_t seen, const char *journal, uint64_t head, uint64_t common)
{
    tt_lineage mine = lineage (held), theirs = lineage (journal);
    uint64_t got = tt_lineage_common (&mine, seen, theirs.list, theirs.count, head);
    cr_expect_eq (got, common, "held %s to %llu, journal %s to %llu: %llu, expected %llu", held, (unsigned long long)seen,
                  journal, (unsigned long long)head, (unsigned long long)got, (unsigned long long)common);
    tt_lineage_free (&mine);
    tt_lineage_free (&theirs);
}

Test (lineage, nothing_lost)
{
    expect_common ("A1", 100, "A1", 100, 100);
    expect_common ("A1", 100, "A1", 250, 100);
    expect_common ("A1", 100, "A1 B101", 150, 100);
    expect_common ("A1", 90, "A1 B101", 150, 90);
    expect_common ("A1 B101", 120, "A1 B101 C121", 130, 120);
    expect_common ("A1", 0, "", 0, 0);
}

Test (lineage, one_fail_over)
{
    expect_common ("A1", 100, "A1", 95, 95);      /* nothing written since */
    expect_common ("A1", 100, "A1 B96", 97, 95);  /* less was written than lost */
    expect_common ("A1", 100, "A1 B96", 100, 95); /* as much */
    expect_common ("A1", 100, "A1 B96", 300, 95); /* more */
    expect_common ("A1", 100, "A1 B1", 7, 0);     /* all of it */
    expect_common ("A1", 100, "", 0, 0);          /* wiped */
    expect_common ("A1", 100, "X1", 500, 0);      /* another journal */
}

Test (lineage, two_fail_overs_in_a_row)
{
    expect_common ("A1", 100, "A1 B96 C99", 400, 95);     /* saw only the first */
    expect_common ("A1 B96", 100, "A1 B96 C99", 400, 98); /* saw the second */
    expect_common ("A1 B96", 100, "A1 C96", 400, 95);     /* the second server's part is gone, and no more */
    expect_common ("A1 B96", 100, "A1 C91", 400, 90);     /* the third had less than the second had taken over */
    expect_common ("A1 B96", 100, "A1 C99", 400, 95);     /* it had more of A: what B wrote is another thing all the same */
    expect_common ("A1 B96 C98", 120, "A1 D98", 400, 95);
    expect_common ("A1 B96", 95, "A1 C91", 400, 90); /* epochs above what was seen do not count */
}

Test (lineage, an_epoch_in_which_nothing_of_this_journal_was_appended)
{
    expect_common ("A1", 100, "A1 B101 C101", 120, 100);
    tt_lineage mine = lineage ("A1");
    const tt_epoch theirs[] = { { "A", 1 }, { "B", 96 }, { "C", 96 } };
    cr_expect_eq (tt_lineage_common (&mine, 100, theirs, 3, 120), 95);
    tt_lineage_begin (&mine, 96, tt_bytes_of_text ("B"));
    cr_expect_eq (tt_lineage_common (&mine, 100, theirs, 3, 120), 95, "B had its own 96 to 100, which are gone");
    tt_lineage_copy (&mine, theirs, 3);
    cr_expect_str_eq (tt_lineage_at (&mine, 96), "C");
    cr_expect_str_eq (tt_lineage_at (&mine, 95), "A");
    tt_lineage_free (&mine);
}

Test (lineage, without_epochs_only_the_end_counts)
{
    expect_common ("", 100, "A1 B96", 300, 100);
    expect_common ("", 100, "A1", 95, 95);
    expect_common ("A1", 100, "", 300, 0);
}

Test (lineage, tells_the_epoch_of_a_sequence)
{
    tt_lineage l = lineage ("A5 B10");
    cr_expect_str_eq (tt_lineage_at (&l, 4), "");
    cr_expect_str_eq (tt_lineage_at (&l, 0), "");
    cr_expect_str_eq (tt_lineage_at (&l, 9), "A");
    cr_expect_str_eq (tt_lineage_at (&l, 10), "B");
    cr_expect (tt_lineage_agrees (&l, 10, tt_bytes_of_text ("B")));
    cr_expect_not (tt_lineage_agrees (&l, 9, tt_bytes_of_text ("B")));
    cr_expect (tt_lineage_agrees (&l, 9, TT_BYTES_NONE));
    cr_expect (tt_lineage_agrees (&l, 4, tt_bytes_of_text ("Z")));
    tt_lineage_free (&l);
}

Test (lineage, a_new_history_replaces_the_old_one)
{
    tt_lineage l = lineage ("A1 B10 C20");
    tt_lineage_begin (&l, 15, tt_bytes_of_text ("D"));
    cr_assert_eq (l.count, 3);
    cr_expect_str_eq (tt_lineage_at (&l, 30), "D");
    tt_lineage_begin (&l, 40, tt_bytes_of_text ("D"));
    cr_expect_eq (l.count, 3, "the same epoch goes on");
    tt_lineage_begin (&l, 12, TT_BYTES_NONE);
    cr_expect_eq (l.count, 2);
    tt_lineage_clear (&l);
    cr_expect_str_eq (tt_lineage_at (&l, 30), "");
    tt_lineage_free (&l);
}

Test (lineage, of_more_than_64_epochs_the_oldest_is_forgotten)
{
    tt_lineage l = { 0 };
    char name[60];
    for (unsigned i = 1; i <= 70; i++) {
        snprintf (name, sizeof name, "%u-an-epoch-that-is-longer-than-a-uuid-in-text", i);
        tt_lineage_begin (&l, i * 10, tt_bytes_of_text (name));
    }
    cr_assert_eq (l.count, TT_EPOCHS_MAX);
    cr_expect_eq (l.list[0].first, 70);
    cr_expect_eq (strlen (l.list[0].epoch), TT_EPOCH_SIZE - 1);
    cr_expect (tt_lineage_agrees (&l, 700, tt_bytes_of_text (name)));
    tt_lineage_free (&l);
}
