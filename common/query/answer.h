/* The records that match a document, collected in any order and any number of times, read in the order of their ids.
 *
 * Internal to query/. A bit for each record, and one for each 64 of these bits: with thousands of matches cheaper than sorting,
 * with none next to nothing. Owned by one thread. */
#ifndef TT_QUERY_ANSWER_H
#define TT_QUERY_ANSWER_H

#include "base/buffer.h"

/* Zero-initialise: {0}. */
typedef struct {
    uint64_t *bits; /* owned, as all below; all 0 between documents */
    uint64_t *summary;
    size_t words; /* of bits */
    uint64_t *ids, *spare;
    size_t room;
} answer;

void answer_free (answer *a);
/* Makes room for records up to `count`. */
void answer_reserve (answer *a, size_t count);

static inline void
answer_add (answer *a, uint32_t record)
{
    a->bits[record >> 6] |= UINT64_C (1) << (record & 63);
    a->summary[record >> 12] |= UINT64_C (1) << (record >> 6 & 63);
}

static inline bool
answer_has (const answer *a, uint32_t record)
{
    return a->bits[record >> 6] >> (record & 63) & 1;
}

/* The ids of the records added, ascending, in a->ids; forgets the records. At most `most` were added. */
size_t answer_take (answer *a, const uint64_t *ids, size_t most);
size_t answer_bytes (const answer *a);

#endif
