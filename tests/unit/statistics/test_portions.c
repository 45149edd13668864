/* How events are gathered, and what is noticed about their sequences. */
#include <criterion/criterion.h>

#include "portions.h"

static stats_portions portions;
static const stats_effects nothing;
static uint64_t lost;

static void
setup (void)
{
    stats_portions_init (&portions, "patent", 0);
}

static void
teardown (void)
{
    stats_portions_free (&portions);
}

TestSuite (portions, .init = setup, .fini = teardown);

static stats_taking
take (uint32_t partition, uint64_t sequence, const char *epoch)
{
    return stats_portions_take (&portions, partition, sequence, epoch, &nothing, &lost);
}

Test (portions, a_run_of_events_stands_on_the_position_before_it)
{
    stats_position at[] = { { .sequence = 0 }, { .sequence = 7, .epoch = "e" } };
    stats_portions_restart (&portions, at, 2);
    cr_assert_eq (take (1, 8, "e"), STATS_TAKEN);
    cr_assert_eq (take (1, 9, "e"), STATS_TAKEN);
    cr_expect_eq (lost, 0);
    cr_expect_eq (portions.portions[1].base.sequence, 7);
    cr_expect_eq (portions.portions[1].count, 2);
    stats_portions_done (&portions);
    cr_expect_eq (portions.positions[1].sequence, 9);
    cr_expect_eq (portions.gathered, 0);
    cr_expect_eq (take (1, 9, "e"), STATS_DOUBLE);
    cr_expect_eq (take (5, 1, "e"), STATS_TAKEN); /* a partition that was not known yet */
}

Test (portions, a_hole_is_measured)
{
    cr_assert_eq (take (0, 151, "e"), STATS_TAKEN);
    cr_expect_eq (lost, 150);
    cr_assert_eq (take (0, 154, "e"), STATS_TAKEN);
    cr_expect_eq (lost, 2);
}

Test (portions, a_new_epoch_begins_a_new_portion_even_at_a_lower_sequence)
{
    cr_assert_eq (take (0, 1, "a"), STATS_TAKEN);
    cr_assert_eq (take (0, 2, "a"), STATS_TAKEN);
    cr_assert_eq (take (0, 2, "b"), STATS_FULL);
    stats_portions_done (&portions);
    cr_assert_eq (take (0, 2, "b"), STATS_TAKEN);
    cr_expect_eq (lost, 0);
    cr_expect_str_eq (portions.portions[0].base.epoch, "a");
    cr_expect_str_eq (portions.portions[0].epoch, "b");
}

Test (portions, hands_are_bounded_and_impossible_places_refused)
{
    for (uint64_t s = 1; s <= STATS_GATHER_MAX; s++)
        cr_assert_eq (take (s % 2, (s + 1) / 2, "e"), STATS_TAKEN);
    cr_expect_eq (take (0, 1000, "e"), STATS_FULL);
    cr_expect_eq (take (STATS_SOURCE_PARTITIONS_MAX, 1, "e"), STATS_REFUSED);
    cr_expect_eq (take (0, 0, "e"), STATS_REFUSED);
    cr_expect_eq (take (3, 1, "an epoch that is longer than any that a journal has"), STATS_REFUSED);
}

Test (portions, what_the_source_has_lost_is_dropped_from_the_hands)
{
    stats_position at[] = { { .sequence = 7, .epoch = "a", .undone = 2 } }, base;
    char epoch[STATS_EPOCH_SIZE];
    stats_portions_restart (&portions, at, 1);
    for (uint64_t s = 8; s <= 12; s++)
        cr_assert_eq (take (0, s, "b"), STATS_TAKEN);
    cr_assert (stats_portions_lose (&portions, 0, 10, &base, epoch));
    cr_expect_str_eq (epoch, "b", "the epoch of what was handed over last");
    cr_expect_eq (base.sequence, 7);
    cr_expect_str_eq (base.epoch, "a");
    cr_expect_eq (base.undone, 2);
    cr_expect_eq (portions.portions[0].count, 2);
    cr_expect_eq (portions.gathered, 2);
    cr_expect_eq (take (0, 10, "b"), STATS_TAKEN);
    stats_portions_survive (&portions, 0, 3);
    cr_expect_eq (portions.portions[0].base.undone, 3, "what is left in hand survived");
    cr_expect_not (stats_portions_lose (&portions, 1, 1, &base, epoch), "a partition that nothing is known of");
}

Test (portions, a_store_that_went_back_is_noticed)
{
    stats_position at[] = { { .sequence = 7, .epoch = "a" }, { .sequence = 9, .epoch = "a" } };
    stats_portions_restart (&portions, at, 2);
    cr_expect_not (stats_portions_went_back (&portions, at, 2));
    at[1].sequence = 12;
    cr_expect_not (stats_portions_went_back (&portions, at, 2), "another replica was faster");
    at[0].sequence = 6;
    cr_expect (stats_portions_went_back (&portions, at, 2));
    cr_expect (stats_portions_went_back (&portions, at, 0), "nothing is stored any more");
    at[0] = (stats_position){ .sequence = 8, .undone = 1 };
    cr_expect (stats_portions_went_back (&portions, at, 2), "a loss that is not known here");
}
