/* Watches as people write them, made of the words of real documents, in equal parts: class and word; applicant and (word or
 * word); two or three words; phrase; class not word; words or with a range of dates. Seeded. */
#ifndef TT_BENCH_MIX_H
#define TT_BENCH_MIX_H

#include "bench/query/corpus.h"

typedef struct {
    const corpus *corpus;
    uint64_t random;
    uint32_t most;  /* documents that a word may stand in, to be taken */
    bool selective; /* every part of a watch comes from another document, and is more: next to none matches */
} mix;

uint32_t mix_random (mix *m, uint32_t n); /* 0 to n - 1 */
void mix_watch (mix *m, char *out, size_t room);

#endif
