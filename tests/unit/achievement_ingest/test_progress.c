#include <criterion/criterion.h>

#include "progress.h"

static bool
missing_at (const ingest_progress *p, uint64_t number)
{
    for (size_t i = 0; i < p->n_gaps; i++)
        if (number >= p->gaps[i]->first && number <= p->gaps[i]->last)
            return true;
    return false;
}

Test (progress, gaps_open_and_are_filled)
{
    tt_arena *arena = tt_arena_new (0);
    ingest_progress p = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_PROGRESS__INIT;
    ingest_range missing;
    cr_assert (!ingest_progress_move (arena, &p, 1, 10, &missing));
    cr_assert (!ingest_progress_move (arena, &p, 1, 10, &missing), "the same again");
    cr_assert (!ingest_progress_move (arena, &p, 11, 11, &missing));
    cr_assert (ingest_progress_move (arena, &p, 21, 30, &missing));
    cr_assert (missing.first == 12 && missing.last == 20 && p.sequence == 30 && p.gaps_seen == 1);
    cr_assert (!ingest_progress_move (arena, &p, 15, 16, &missing), "late, within the gap");
    cr_assert (p.n_gaps == 2 && missing_at (&p, 14) && !missing_at (&p, 15) && missing_at (&p, 17));
    cr_assert (!ingest_progress_move (arena, &p, 1, 30, &missing));
    cr_assert (p.n_gaps == 0 && p.sequence == 30 && p.gaps_seen == 1);
    tt_arena_destroy (&arena);
}

Test (progress, agrees_with_a_set_of_numbers)
{
    tt_arena *arena = tt_arena_new (0);
    ingest_progress p = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_PROGRESS__INIT;
    ingest_range missing;
    bool come[128] = { false };
    uint64_t state = 7, highest = 0;
    for (int i = 0; i < 60; i++) {
        state = state * UINT64_C (6364136223846793005) + 1442695040888963407u;
        uint64_t first = 1 + (state >> 33) % 110, last = first + (state >> 50) % 8;
        bool gap = ingest_progress_move (arena, &p, first, last, &missing);
        cr_assert_eq (gap, first > highest + 1);
        highest = last > highest ? last : highest;
        for (uint64_t n = first; n <= last; n++)
            come[n] = true;
        for (uint64_t n = 1; n <= highest; n++)
            cr_assert_eq (missing_at (&p, n), !come[n], "number %d after %d moves", (int)n, i + 1);
        cr_assert_eq (p.sequence, highest);
    }
    tt_arena_destroy (&arena);
}

Test (progress, bounds)
{
    tt_arena *arena = tt_arena_new (0);
    ingest_progress p = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_PROGRESS__INIT;
    ingest_range missing;
    for (uint64_t n = 1; n <= 200; n++)
        ingest_progress_move (arena, &p, 2 * n, 2 * n, &missing);
    cr_assert (p.n_gaps == INGEST_GAPS_MAX && p.gaps_seen == 200);
    cr_assert (p.gaps[0]->first == 2 * (200 - INGEST_GAPS_MAX) + 1 && p.gaps[INGEST_GAPS_MAX - 1]->first == 399, "the oldest go");
    cr_assert (ingest_progress_move (arena, &p, UINT64_MAX, UINT64_MAX, &missing));
    cr_assert (missing.last == UINT64_MAX - 1 && p.sequence == UINT64_MAX);
    cr_assert (!ingest_progress_move (arena, &p, 1, UINT64_MAX, &missing));
    cr_assert_eq (p.n_gaps, 0);
    tt_arena_destroy (&arena);
}
