#include "query/answer.h"

#include <string.h>

#define RADIX_BITS 8
#define RADIX (1 << RADIX_BITS)
#define FEW 48 /* ids that are sorted by inserting */

void
answer_free (answer *a)
{
    free (a->bits);
    free (a->summary);
    free (a->ids);
    free (a->spare);
    *a = (answer){ 0 };
}

void
answer_reserve (answer *a, size_t count)
{
    size_t words = (count + 63) / 64;
    if (words <= a->words)
        return;
    words = (words + words / 4 + 63) & ~(size_t)63;
    a->bits = tt_realloc (a->bits, words * sizeof *a->bits);
    a->summary = tt_realloc (a->summary, words / 64 * sizeof *a->summary);
    memset (a->bits + a->words, 0, (words - a->words) * sizeof *a->bits);
    memset (a->summary + a->words / 64, 0, (words - a->words) / 64 * sizeof *a->summary);
    a->words = words;
}

/* Ids in the order of their records; *sorted: that is ascending. */
static size_t
read_bits (answer *a, const uint64_t *ids, bool *sorted)
{
    size_t count = 0;
    uint64_t before = 0;
    *sorted = true;
    for (size_t i = 0; i < a->words / 64; i++) {
        for (uint64_t some = a->summary[i]; some; some &= some - 1) {
            size_t word = i * 64 + (size_t)__builtin_ctzll (some);
            for (uint64_t bits = a->bits[word]; bits; bits &= bits - 1) {
                uint64_t id = ids[word * 64 + (size_t)__builtin_ctzll (bits)];
                *sorted &= id >= before;
                a->ids[count++] = before = id;
            }
            a->bits[word] = 0;
        }
        a->summary[i] = 0;
    }
    return count;
}

static void
sort_few (uint64_t *ids, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t id = ids[i];
        size_t at = i;
        for (; at > 0 && ids[at - 1] > id; at--)
            ids[at] = ids[at - 1];
        ids[at] = id;
    }
}

/* One pass of a radix sort by the byte at `shift`, from a->ids to a->spare, which then change their roles. */
static void
sort_byte (answer *a, size_t count, unsigned shift)
{
    size_t starts[RADIX] = { 0 };
    for (size_t i = 0; i < count; i++)
        starts[a->ids[i] >> shift & (RADIX - 1)]++;
    for (size_t i = 0, sum = 0; i < RADIX; i++) {
        size_t here = starts[i];
        starts[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        a->spare[starts[a->ids[i] >> shift & (RADIX - 1)]++] = a->ids[i];
    uint64_t *sorted = a->spare;
    a->spare = a->ids;
    a->ids = sorted;
}

static void
sort (answer *a, size_t count)
{
    uint64_t differs = 0;
    if (count <= FEW) {
        sort_few (a->ids, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        differs |= a->ids[i] ^ a->ids[0];
    for (unsigned shift = 0; shift < 64; shift += RADIX_BITS)
        if (differs >> shift & (RADIX - 1))
            sort_byte (a, count, shift);
}

size_t
answer_take (answer *a, const uint64_t *ids, size_t most)
{
    bool sorted = true;
    if (most > a->room) {
        a->room = most + most / 4 + 64;
        a->ids = tt_realloc (a->ids, a->room * sizeof *a->ids);
        a->spare = tt_realloc (a->spare, a->room * sizeof *a->spare);
    }
    size_t count = most ? read_bits (a, ids, &sorted) : 0;
    if (!sorted)
        sort (a, count);
    return count;
}

size_t
answer_bytes (const answer *a)
{
    return (a->words + a->words / 64 + 2 * a->room) * sizeof (uint64_t);
}
