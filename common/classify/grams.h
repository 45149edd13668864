/* A text as hashed counts of its character n-grams: 1 to 3 characters of Chinese, Japanese and Korean; words, and 3 to 5 characters of
 * words (with a mark for their ends), of everything else. What the linear model sees. Not for looking words up (query/). One thread at
 * a time for an object. */
#ifndef TT_CLASSIFY_GRAMS_H
#define TT_CLASSIFY_GRAMS_H

#include "base/buffer.h"

#define TT_GRAMS_BITS_MIN 8
#define TT_GRAMS_BITS_MAX 22
#define TT_GRAMS_LEAD 3

typedef struct {
    uint32_t bucket; /* below 2^bits */
    uint32_t count;
    uint32_t at, size; /* where it first stands in the text, in bytes */
} tt_gram;

typedef struct tt_grams tt_grams;

/* bits: TT_GRAMS_BITS_MIN to TT_GRAMS_BITS_MAX, else the nearest of them. Takes 4 * 2^bits bytes. */
tt_grams *tt_grams_new (uint32_t bits);
void tt_grams_destroy (tt_grams **grams);
/* Counts the n-grams of a normalised text (tt_text_normalise) in place of what was counted before; those that begin in its first `lead` bytes
 * (title and keywords) count TT_GRAMS_LEAD times. Borrowed until the next call. */
const tt_gram *tt_grams_count (tt_grams *grams, tt_bytes text, size_t lead, size_t *count);

#endif
