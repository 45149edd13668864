/* A crew does every part once, and what the parts did is seen by who asked. */
#include "base/crew.h"

#include <criterion/criterion.h>
#include <string.h>

#define PARTS 1000
#define ROUNDS 500

typedef struct {
    uint32_t done[PARTS]; /* not atomic: each part has its own */
} work;

static void
do_part (void *context, size_t i)
{
    ((work *)context)->done[i]++;
}

static void
run (unsigned size)
{
    static work w;
    tt_crew *crew = tt_crew_new (size);
    memset (&w, 0, sizeof w);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        size_t parts = round % 7 ? round : PARTS;
        tt_crew_run (crew, do_part, &w, parts);
        for (size_t i = 0; i < parts; i++)
            cr_assert_neq (w.done[i], 0);
        cr_assert (parts == PARTS || w.done[parts] == w.done[PARTS - 1], "a part too many was done");
    }
    cr_assert_eq (w.done[0], ROUNDS);
    tt_crew_run (crew, do_part, &w, 0);
    cr_assert_eq (w.done[0], ROUNDS);
    tt_crew_destroy (&crew);
    cr_assert_null (crew);
    tt_crew_destroy (&crew);
}

Test (crew, does_each_part_once)
{
    run (1);
    run (2);
    run (5);
}

Test (crew, has_the_size_that_was_asked_for)
{
    tt_crew *crew = tt_crew_new (3);
    cr_assert_eq (tt_crew_size (crew), 3);
    tt_crew_destroy (&crew);
    crew = tt_crew_new (0);
    cr_assert (tt_crew_size (crew) >= 1 && tt_crew_size (crew) <= 4);
    tt_crew_destroy (&crew);
}
