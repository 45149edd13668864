/* Sums of effects by name, district and special. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tally.h"

static tt_arena *arena;
static tt_error error;

static void
setup (void)
{
    arena = tt_arena_new (0);
}

static void
teardown (void)
{
    tt_arena_destroy (&arena);
}

TestSuite (tally, .init = setup, .fini = teardown);

static int64_t
value_of (const stats_tally *tally, const char *name, const char *district, uint32_t special)
{
    for (size_t i = 0; i < tally->count; i++)
        if (strcmp (tally->cells[i].name, name) == 0 && strcmp (tally->cells[i].district, district) == 0
            && tally->cells[i].special == special)
            return tally->cells[i].value;
    return 0;
}

Test (tally, an_effect_reaches_each_sum_that_it_belongs_to_once)
{
    uint32_t specials[] = { 2, 10 };
    stats_effect effect = { STATS_CAPITAL_CONFIRMED_FEN, "loan", "nhtz", specials, 2, 500, NULL };
    stats_tally tally = { 0 };
    stats_tally_effect (&tally, arena, &effect);
    cr_assert_eq (stats_tally_sum (&tally, &error), TT_OK);
    cr_expect_eq (tally.count, 12);
    cr_expect_eq (value_of (&tally, "capital_confirmed_fen", "", 0), 500);
    cr_expect_eq (value_of (&tally, "capital_confirmed_fen", "nhtz", 0), 500);
    cr_expect_eq (value_of (&tally, "capital_confirmed_fen", "", 10), 500);
    cr_expect_eq (value_of (&tally, "capital_confirmed_fen/loan", "nhtz", 2), 500);
    cr_expect_eq (value_of (&tally, "capital_confirmed_fen/loan", "", 0), 500);
}

Test (tally, what_is_taken_back_leaves_no_cell)
{
    uint32_t specials[] = { 1 };
    stats_effect there = { STATS_ACHIEVEMENTS_REGISTERED, "", "cixi", specials, 1, 1, NULL }, gone = there;
    gone.delta = -1;
    stats_tally tally = { 0 };
    stats_tally_effect (&tally, arena, &there);
    stats_tally_effect (&tally, arena, &gone);
    cr_assert_eq (stats_tally_sum (&tally, &error), TT_OK);
    cr_expect_eq (tally.count, 0);
}

static size_t
pack_row (const stats_tally *tally, uint8_t *out)
{
    Techtransfer__Statistics__V1__CountRow row = TECHTRANSFER__STATISTICS__V1__COUNT_ROW__INIT;
    row.n_counts = tally->count;
    row.counts = stats_tally_messages (tally, arena);
    return protobuf_c_message_pack (&row.base, out);
}

/* The same 300 effects, committed in runs of `run`: the stored bytes at the end. */
static size_t
count_in_runs (size_t run, uint8_t *stored)
{
    static const char *const districts[] = { "", "cixi", "nhtz", "yinzhou" };
    size_t size = 0;
    for (size_t i = 0; i < 300; i += run) {
        stats_tally tally = { 0 };
        cr_assert_eq (stats_tally_row (&tally, arena, (tt_bytes){ stored, size }, &error), TT_OK);
        for (size_t k = i; k < i + run && k < 300; k++) {
            uint32_t *special = tt_arena_alloc (arena, sizeof *special);
            *special = (uint32_t)(k % 5 + 1);
            stats_effect effect = { STATS_PUSHES_MADE, "", districts[k % 4], special, k % 3 ? 1 : 0, k % 7 == 3 ? -1 : 1, NULL };
            stats_tally_effect (&tally, arena, &effect);
        }
        cr_assert_eq (stats_tally_sum (&tally, &error), TT_OK);
        size = pack_row (&tally, stored);
    }
    return size;
}

Test (tally, the_stored_bytes_do_not_depend_on_how_events_were_cut_into_batches)
{
    static uint8_t one[8192], other[8192];
    size_t size = count_in_runs (300, one);
    cr_assert_gt (size, 100);
    static const size_t runs[] = { 1, 2, 7, 64, 299 };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        cr_assert_eq (count_in_runs (runs[i], other), size);
        cr_expect_eq (memcmp (one, other, size), 0, "runs of %zu", runs[i]);
    }
}

Test (tally, a_full_count_is_an_error_and_not_a_wrong_number)
{
    stats_tally tally = { 0 };
    stats_tally_cell (&tally, arena, (stats_cell){ "x", "", 0, STATS_VALUE_MAX });
    cr_assert_eq (stats_tally_sum (&tally, &error), TT_OK);
    stats_tally_cell (&tally, arena, (stats_cell){ "x", "", 0, 1 });
    cr_expect_eq (stats_tally_sum (&tally, &error), TT_OUT_OF_RANGE);
    cr_expect (strstr (error.message, "x"));
}

Test (tally, a_row_that_is_none_is_data_loss)
{
    stats_tally tally = { 0 };
    cr_expect_eq (stats_tally_row (&tally, arena, (tt_bytes){ (const uint8_t *)"\x0a\x7f", 2 }, &error), TT_DATA_LOSS);
}
