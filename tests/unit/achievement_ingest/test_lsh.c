#include <criterion/criterion.h>
#include <stdlib.h>

#include "lsh.h"

#define MANY 3000
#define WIDE 200 /* hashes of a set */

/* A counter, well mixed: neighbouring seeds have nothing in common. */
static uint64_t
next_random (uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Set `which`, of which the first `same` hashes of set `base` take the place of its own. */
static ingest_shingles
set_of (uint64_t which, uint64_t base, size_t same)
{
    ingest_shingles set = { .hashes = malloc (WIDE * sizeof (uint64_t)), .count = WIDE, .capacity = WIDE };
    uint64_t own = (which + 1) << 20, other = (base + 1) << 20;
    for (size_t i = 0; i < WIDE; i++) {
        uint64_t mine = next_random (&own), theirs = next_random (&other);
        set.hashes[i] = i < same ? theirs : mine;
    }
    ingest_shingles_close (&set);
    return set;
}

static void
fill (ingest_lsh *lsh, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ingest_shingles set = set_of (i, i, WIDE);
        cr_assert_eq (ingest_lsh_put (lsh, &set), i);
        ingest_shingles_free (&set);
    }
}

Test (lsh, every_set_finds_itself_in_all_bands_and_nobody_else_while_the_table_grows)
{
    ingest_lsh *lsh = ingest_lsh_new ();
    fill (lsh, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        ingest_shingles set = set_of (i, i, WIDE);
        ingest_lsh_found found[4];
        bool cut = true;
        cr_assert_eq (ingest_lsh_find (lsh, &set, found, 4, &cut), 1, "set %u", i);
        cr_assert_eq (found[0].number, i);
        cr_assert_eq (found[0].bands, INGEST_LSH_BANDS);
        cr_assert_not (cut);
        ingest_shingles_free (&set);
    }
    ingest_lsh_destroy (&lsh);
    cr_assert_null (lsh);
}

/* 160 of 200 are the same: Jaccard 2/3, a miss in 10,000. */
Test (lsh, a_set_that_shares_two_thirds_is_found)
{
    ingest_lsh *lsh = ingest_lsh_new ();
    fill (lsh, MANY);
    for (uint32_t i = 0; i < 200; i++) {
        ingest_shingles set = set_of (MANY + i, i, 160);
        ingest_lsh_found found[4];
        cr_assert_eq (ingest_lsh_find (lsh, &set, found, 4, NULL), 1, "set %u", i);
        cr_assert_eq (found[0].number, i);
        ingest_shingles_free (&set);
    }
    ingest_lsh_destroy (&lsh);
}

Test (lsh, the_nearest_comes_first_and_what_is_left_out_is_said)
{
    ingest_lsh *lsh = ingest_lsh_new ();
    ingest_shingles far = set_of (1, 0, 150), same = set_of (0, 0, WIDE);
    ingest_lsh_found found[2];
    bool cut = false;
    ingest_lsh_put (lsh, &far);
    ingest_lsh_put (lsh, &same);
    cr_assert_eq (ingest_lsh_find (lsh, &same, found, 2, &cut), 2);
    cr_assert_eq (found[0].number, 1);
    cr_assert_eq (found[1].number, 0);
    cr_assert_lt (found[1].bands, INGEST_LSH_BANDS);
    cr_assert_not (cut);
    cr_assert_eq (ingest_lsh_find (lsh, &same, found, 1, &cut), 1);
    cr_assert (cut);
    ingest_shingles_free (&far);
    ingest_shingles_free (&same);
    ingest_lsh_destroy (&lsh);
}

Test (lsh, a_flood_of_the_same_is_bounded_and_the_youngest_are_seen)
{
    ingest_lsh *lsh = ingest_lsh_new ();
    ingest_shingles set = set_of (5, 5, WIDE);
    static ingest_lsh_found found[2 * INGEST_LSH_CHAIN];
    bool cut = false;
    for (uint32_t i = 0; i < 4 * INGEST_LSH_CHAIN; i++)
        ingest_lsh_put (lsh, &set);
    cr_assert_eq (ingest_lsh_find (lsh, &set, found, 2 * INGEST_LSH_CHAIN, &cut), INGEST_LSH_CHAIN);
    cr_assert (cut);
    cr_assert_eq (found[0].number, 3 * INGEST_LSH_CHAIN);
    ingest_shingles_free (&set);
    ingest_lsh_destroy (&lsh);
}

Test (lsh, what_is_dropped_or_empty_is_not_found)
{
    ingest_lsh *lsh = ingest_lsh_new ();
    ingest_shingles set = set_of (5, 5, WIDE), empty = { 0 };
    ingest_lsh_found found[4];
    cr_assert_eq (ingest_lsh_put (lsh, &empty), 0);
    cr_assert_eq (ingest_lsh_put (lsh, &set), 1);
    cr_assert_eq (ingest_lsh_put (lsh, &set), 2);
    ingest_lsh_drop (lsh, 1);
    ingest_lsh_drop (lsh, 99);
    cr_assert_eq (ingest_lsh_find (lsh, &set, found, 4, NULL), 1);
    cr_assert_eq (found[0].number, 2);
    cr_assert_eq (ingest_lsh_find (lsh, &empty, found, 4, NULL), 0);
    ingest_shingles_free (&set);
    ingest_lsh_destroy (&lsh);
}

Test (lsh, memory_is_what_the_header_says)
{
    ingest_lsh *lsh = ingest_lsh_new ();
    uint64_t before = ingest_lsh_bytes (lsh);
    fill (lsh, 1000);
    cr_assert_eq (ingest_lsh_count (lsh), 1000);
    cr_assert_eq (ingest_lsh_bytes (lsh) - before, 1000 * 385);
    ingest_lsh_destroy (&lsh);
}
