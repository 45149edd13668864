/* When the bound of memory begins to count, how often something is done about it, and when it ends. */
#include <criterion/criterion.h>

#include "run/memory.h"

#define SECOND 1000000
#define MAX 1000u

Test (memory, nothing_below_the_bound)
{
    tt_memory_state state = { 0 };
    cr_assert_eq (tt_memory_decide (&state, 0, MAX, 1), TT_MEMORY_NOTHING);
    cr_assert_eq (tt_memory_decide (&state, MAX, MAX, 2), TT_MEMORY_NOTHING);
    cr_assert_not (state.over);
}

Test (memory, an_episode_begins_once_and_something_is_done_once_a_second)
{
    tt_memory_state state = { 0 };
    int64_t now = 5000000;
    cr_assert_eq (tt_memory_decide (&state, MAX + 1, MAX, now), TT_MEMORY_BEGINS);
    for (int tick = 1; tick < 50; tick++) {
        now += 200000;
        cr_assert_eq (tt_memory_decide (&state, MAX + 1, MAX, now), tick % 5 ? TT_MEMORY_NOTHING : TT_MEMORY_LASTS, "%d", tick);
        cr_assert (state.over);
    }
}

Test (memory, an_episode_ends_a_tenth_below_the_bound)
{
    tt_memory_state state = { 0 };
    cr_assert_eq (tt_memory_decide (&state, 2 * MAX, MAX, 0), TT_MEMORY_BEGINS);
    cr_assert_eq (tt_memory_decide (&state, MAX - 99, MAX, 1), TT_MEMORY_NOTHING);
    cr_assert (state.over, "just below the bound it would begin again at once");
    cr_assert_eq (tt_memory_decide (&state, MAX - 100, MAX, 2), TT_MEMORY_ENDS);
    cr_assert_eq (tt_memory_decide (&state, MAX, MAX, 3), TT_MEMORY_NOTHING);
    cr_assert_eq (tt_memory_decide (&state, MAX + 1, MAX, 4), TT_MEMORY_BEGINS, "another episode is told again, however soon");
}

/* A daemon that kept buffers of nine tenths of its bound and more refused every command from its first episode on, until it was restarted. */
Test (memory, what_stays_close_below_the_bound_is_no_episode_for_ever)
{
    tt_memory_state state = { .over = false };
    cr_assert_eq (tt_memory_decide (&state, 2 * MAX, MAX, 10 * SECOND), TT_MEMORY_BEGINS);
    cr_assert_eq (tt_memory_decide (&state, MAX - 1, MAX, 11 * SECOND), TT_MEMORY_NOTHING, "nobody is cut off below the bound");
    cr_assert (state.over);
    cr_assert_eq (tt_memory_decide (&state, MAX + 1, MAX, 11 * SECOND + 1), TT_MEMORY_LASTS);
    cr_assert_eq (tt_memory_decide (&state, MAX - 1, MAX, 13 * SECOND), TT_MEMORY_NOTHING);
    cr_assert_eq (tt_memory_decide (&state, MAX - 1, MAX, 13 * SECOND + 1), TT_MEMORY_ENDS);
    cr_assert_eq (tt_memory_decide (&state, MAX - 1, MAX, 20 * SECOND), TT_MEMORY_NOTHING);
}
