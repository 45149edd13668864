/* The standing-query index against brute force: random queries and documents, queries put and removed between documents, every
 * answer compared. What differs is told on stderr. */
#ifndef TT_TEST_DIFFERENTIAL_H
#define TT_TEST_DIFFERENTIAL_H

#include <stddef.h>
#include <stdint.h>

#define DIFFERENTIAL_OPERATORS 32

typedef struct {
    uint64_t seed;
    uint64_t pairs; /* of a query and a document, at least */
    size_t queries; /* stored at a time, about */
    size_t changes; /* between two documents */
} differential_options;

typedef struct {
    uint64_t seed, pairs, documents, changes, matched, differences;
    uint64_t of_operator[DIFFERENTIAL_OPERATORS]; /* pairs that matched by a query with it */
} differential_result;

differential_result differential_run (const differential_options *options);
void differential_print (const differential_result *result);
/* The first operator whose queries matched fewer times; NULL: there is none. */
const char *differential_uncovered (const differential_result *result, uint64_t least);

#endif
