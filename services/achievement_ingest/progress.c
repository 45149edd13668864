#include "progress.h"

static const ingest_range no_range = TECHTRANSFER__ACHIEVEMENT__V1__SEQUENCE_RANGE__INIT;

static ingest_range *
range_of (tt_arena *arena, uint64_t first, uint64_t last)
{
    ingest_range *range = tt_arena_alloc (arena, sizeof *range);
    *range = no_range;
    range->first = first;
    range->last = last;
    return range;
}

/* What is left of the gaps once first to last have come; room for one more gap. A range within a gap leaves two of it. */
static void
fill_gaps (tt_arena *arena, ingest_progress *p, uint64_t first, uint64_t last)
{
    ingest_range **left = tt_arena_alloc (arena, (2 * p->n_gaps + 1) * sizeof *left);
    size_t count = 0;
    for (size_t i = 0; i < p->n_gaps; i++) {
        const ingest_range *gap = p->gaps[i];
        if (gap->last < first || gap->first > last) {
            left[count++] = p->gaps[i];
            continue;
        }
        if (gap->first < first)
            left[count++] = range_of (arena, gap->first, first - 1);
        if (gap->last > last)
            left[count++] = range_of (arena, last + 1, gap->last);
    }
    p->gaps = left;
    p->n_gaps = count;
}

bool
ingest_progress_move (tt_arena *arena, ingest_progress *p, uint64_t first, uint64_t last, ingest_range *missing)
{
    fill_gaps (arena, p, first, last);
    bool gap = first - 1 > p->sequence;
    if (gap) {
        *missing = no_range;
        missing->first = p->sequence + 1;
        missing->last = first - 1;
        p->gaps[p->n_gaps++] = range_of (arena, missing->first, missing->last);
        p->gaps_seen++;
    }
    if (p->n_gaps > INGEST_GAPS_MAX) {
        p->gaps += p->n_gaps - INGEST_GAPS_MAX;
        p->n_gaps = INGEST_GAPS_MAX;
    }
    p->sequence = last > p->sequence ? last : p->sequence;
    return gap;
}
