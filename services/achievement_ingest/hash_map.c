#include "hash_map.h"

#include <string.h>

#define FIRST_CAPACITY 64

static uint64_t
stored (uint64_t hash)
{
    return hash == 0 ? 1 : hash;
}

/* The place of the hash, or the empty one where it would go. */
static size_t
place_of (const ingest_hash_map *map, uint64_t hash)
{
    size_t i = hash & (map->capacity - 1);
    while (map->entries[i].hash != 0 && map->entries[i].hash != hash)
        i = (i + 1) & (map->capacity - 1);
    return i;
}

uint32_t *
ingest_hash_find (const ingest_hash_map *map, uint64_t hash)
{
    if (map->count == 0)
        return NULL;
    ingest_hash_entry *entry = &map->entries[place_of (map, stored (hash))];
    return entry->hash == 0 ? NULL : &entry->number;
}

static void
grow (ingest_hash_map *map)
{
    ingest_hash_map bigger = { .capacity = map->capacity == 0 ? FIRST_CAPACITY : 2 * map->capacity, .count = map->count };
    bigger.entries = tt_alloc_zero (bigger.capacity, sizeof *bigger.entries);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].hash != 0)
            bigger.entries[place_of (&bigger, map->entries[i].hash)] = map->entries[i];
    free (map->entries);
    *map = bigger;
}

void
ingest_hash_set (ingest_hash_map *map, uint64_t hash, uint32_t number)
{
    if (4 * (map->count + 1) > 3 * map->capacity)
        grow (map);
    ingest_hash_entry *entry = &map->entries[place_of (map, stored (hash))];
    if (entry->hash == 0)
        map->count++;
    *entry = (ingest_hash_entry){ .hash = stored (hash), .number = number };
}

bool
ingest_hash_remove (ingest_hash_map *map, uint64_t hash)
{
    if (map->count == 0)
        return false;
    size_t mask = map->capacity - 1, hole = place_of (map, stored (hash));
    if (map->entries[hole].hash == 0)
        return false;
    /* Entries behind the hole that could not be found across it move up into it. */
    for (size_t i = (hole + 1) & mask; map->entries[i].hash != 0; i = (i + 1) & mask) {
        size_t home = map->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole].hash = 0;
    map->count--;
    return true;
}

void
ingest_hash_clear (ingest_hash_map *map)
{
    if (map->entries)
        memset (map->entries, 0, map->capacity * sizeof *map->entries);
    map->count = 0;
}

void
ingest_hash_free (ingest_hash_map *map)
{
    free (map->entries);
    *map = (ingest_hash_map){ 0 };
}
