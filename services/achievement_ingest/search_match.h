/* Which records of a segment meet a plan, 1,024 records at a time: each node becomes a set of bits, and `and`, `or`, `not` are
 * operations on words of 64. What is scored is noted on the way.
 *
 * Exact: what tt_cql_matches says of each record. Owned by one thread; the segment must be kept by the caller meanwhile. */
#ifndef INGEST_SEARCH_MATCH_H
#define INGEST_SEARCH_MATCH_H

#include "search_plan.h"

#define INGEST_WINDOW 1024u
#define INGEST_WINDOW_WORDS (INGEST_WINDOW / 64)

/* What a search may cost. */
typedef struct {
    int64_t deadline_us;       /* monotonic; 0: none */
    uint32_t expansion_words;  /* words of one segment that one pattern may stand for */
    uint32_t expansion_places; /* and places of these words */
} ingest_search_limits;

typedef struct ingest_matcher ingest_matcher;

ingest_matcher *ingest_matcher_new (void); /* never NULL */
void ingest_matcher_destroy (ingest_matcher **matcher);
/* Begins a search; plan and limits are borrowed until the next. */
void ingest_matcher_begin (ingest_matcher *matcher, const ingest_plan *plan, const ingest_search_limits *limits);
/* Begins a segment, of whose records only those in live (a bit each) are asked for. RESOURCE_EXHAUSTED: a pattern stands for too
 * much; DEADLINE_EXCEEDED. */
TT_MUST_USE tt_status ingest_matcher_open (ingest_matcher *matcher, const ingest_segment *segment, const uint64_t *live,
                                           tt_error *error);
/* Scoring: weights[i] is what the words of node i (WORDS, scored) count, ingest_bm25 says how. */
typedef struct {
    const double *weights;
    double plain; /* k1 (1 - b) */
    double slope; /* k1 b / average length */
} ingest_scoring;
#define INGEST_K1 1.2
#define INGEST_B 0.75
static inline double
ingest_bm25 (const ingest_scoring *s, uint32_t weight, uint32_t length)
{
    return (INGEST_K1 + 1) * weight / (weight + s->plain + s->slope * length);
}
/* The living records that meet the plan in window `window` (from 0, ascending; some may be left out): a bit each, borrowed until
 * the next call. NULL: none. With least > 0 those that score less may be missing, where finding them would cost more than it
 * tells: *partly says so. */
const uint64_t *ingest_matcher_window (ingest_matcher *matcher, uint32_t window, const ingest_scoring *scoring, double least,
                                       bool *partly);
#define INGEST_ROUNDING 1e-9 /* bounds and scores are summed in another order: by so much of themselves they may differ */
/* The most that a record of a window can score; below 0: none can match. Before the window is asked for. */
double ingest_matcher_bound (ingest_matcher *matcher, const ingest_scoring *scoring, uint32_t window);
/* Scores of the records of the window that was asked for last, by their place in it; those whose bit is not set mean nothing.
 * Borrowed. A record's score is the sum over the scored words that made it match. */
const double *ingest_matcher_scores (ingest_matcher *matcher, const ingest_scoring *scoring);

/* Records in live that have the word, of the subject. */
uint32_t ingest_matcher_having (ingest_matcher *matcher, const ingest_segment *segment, const uint64_t *live, bool all_live,
                                tt_bytes word);

/* Bits */

static inline bool
ingest_bit (const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}
static inline void
ingest_set_bit (uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C (1) << i % 64;
}
/* The first bit that is set from `from` on; `end` if none is before it. */
static inline uint32_t
ingest_next_bit (const uint64_t *bits, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint64_t word = bits[from / 64] >> from % 64;
        if (word) {
            from += (uint32_t)__builtin_ctzll (word);
            return from < end ? from : end;
        }
        from = (from / 64 + 1) * 64;
    }
    return end;
}

#endif
