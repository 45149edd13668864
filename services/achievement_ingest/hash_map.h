/* A map from 64-bit hashes to 32-bit numbers, 16 bytes an entry, open addressing. The hash is the identity: who puts texts from
 * outside in hashes them with a secret seed. Not thread-safe. Zero-initialise: {0}. */
#ifndef INGEST_HASH_MAP_H
#define INGEST_HASH_MAP_H

#include "base/buffer.h"

typedef struct {
    uint64_t hash; /* 0: empty place (a hash of 0 is stored as 1) */
    uint32_t number;
} ingest_hash_entry;

typedef struct {
    ingest_hash_entry *entries; /* owned */
    size_t capacity;            /* a power of two, or 0 */
    size_t count;
} ingest_hash_map;

/* The number under this hash, or NULL; borrowed until the next set or remove. */
uint32_t *ingest_hash_find (const ingest_hash_map *map, uint64_t hash);
void ingest_hash_set (ingest_hash_map *map, uint64_t hash, uint32_t number);
bool ingest_hash_remove (ingest_hash_map *map, uint64_t hash);
void ingest_hash_clear (ingest_hash_map *map); /* empty, memory kept */
void ingest_hash_free (ingest_hash_map *map);

#endif
