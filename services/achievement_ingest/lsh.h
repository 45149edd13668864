/* Which texts may resemble this one, among millions? MinHash signatures of shingle sets in LSH bands: INGEST_LSH_BANDS bands of
 * INGEST_LSH_ROWS minima each. Two sets of Jaccard similarity J share at least one band with probability
 * 1 - (1 - J^rows)^bands: 0.99 at J = 0.51. What is found is only a candidate; likeness.h says what it is.
 *
 * 12 bytes for each band of a record (384 in all) and one more; no text is kept. Nothing is ever filed anew: one bucket of each
 * band is split at each put (the arrays double). Whoever floods a bucket makes older records of that bucket go unseen
 * (INGEST_LSH_CHAIN), not the search slow. Owned by one thread. */
#ifndef INGEST_LSH_H
#define INGEST_LSH_H

#include "shingles.h"

#define INGEST_LSH_BANDS 32
#define INGEST_LSH_ROWS 3
#define INGEST_LSH_CHAIN 256 /* entries of a bucket that are looked at, the youngest first */

typedef struct ingest_lsh ingest_lsh;

ingest_lsh *ingest_lsh_new (void); /* never NULL */
void ingest_lsh_destroy (ingest_lsh **lsh);

/* Files a closed set; its number, dense from 0. An empty set gets a number and is never found. */
uint32_t ingest_lsh_put (ingest_lsh *lsh, const ingest_shingles *set);
/* It is not found any more. Its memory stays. A number that was never given is ignored. */
void ingest_lsh_drop (ingest_lsh *lsh, uint32_t number);

typedef struct {
    uint32_t number;
    uint32_t bands; /* that it shares with what was asked for */
} ingest_lsh_found;

/* Candidates for a closed set, those that share most bands first, then the eldest; at most `most` into out. *cut (or NULL): some
 * were left out, by `most` or by the length of a chain. */
size_t ingest_lsh_find (ingest_lsh *lsh, const ingest_shingles *set, ingest_lsh_found *out, size_t most, bool *cut);

uint32_t ingest_lsh_count (const ingest_lsh *lsh); /* numbers given */
uint64_t ingest_lsh_bytes (const ingest_lsh *lsh); /* memory in use; at most twice that is reserved */

#endif
