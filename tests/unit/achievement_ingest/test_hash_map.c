#include <criterion/criterion.h>

#include "hash_map.h"

/* Against an array, with hashes that collide in their low bits. */
Test (hash_map, agrees_with_an_array_under_collisions)
{
    enum { KEYS = 512, ROUNDS = 200000 };
    static uint32_t expected[KEYS]; /* 0: absent */
    ingest_hash_map map = { 0 };
    uint64_t dice = 12345;
    size_t count = 0;
    for (int i = 0; i < ROUNDS; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        uint32_t key = (uint32_t)(dice >> 33) % KEYS;
        uint64_t hash = (uint64_t)(key / 8 + 2) | (uint64_t)(key % 8) << 40;
        if (dice >> 60 < 9) {
            count += expected[key] == 0;
            expected[key] = (uint32_t)i + 1;
            ingest_hash_set (&map, hash, expected[key]);
        } else {
            cr_assert_eq (ingest_hash_remove (&map, hash), expected[key] != 0);
            count -= expected[key] != 0;
            expected[key] = 0;
        }
        cr_assert_eq (map.count, count);
    }
    for (uint32_t key = 0; key < KEYS; key++) {
        uint32_t *found = ingest_hash_find (&map, (uint64_t)(key / 8 + 2) | (uint64_t)(key % 8) << 40);
        cr_assert_eq (found ? *found : 0, expected[key]);
    }
    ingest_hash_free (&map);
}
