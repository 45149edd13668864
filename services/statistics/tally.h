/* Counts by name, district and special: effects summed into cells, cells merged into stored rows. Pure.
 *
 * One effect changes a cell in each sum that it belongs to: over everything, its district, each of its specials, each special
 * inside the district; with a detail, the same again under "<name>/<detail>". A cell that comes to zero is left out, so that a
 * row depends only on the events that were counted and never on how they were cut into batches. Values only; no thread rule. */
#ifndef STATS_TALLY_H
#define STATS_TALLY_H

#include "effects.h"
#include "statistics.pb-c.h"

#define STATS_VALUE_MAX INT64_MAX /* of a cell, either sign: room for 1,024 confirmations of the highest amount there is */

typedef struct {
    const char *name;     /* with the detail */
    const char *district; /* "" = all */
    uint32_t special;     /* 0 = all */
    int64_t value;
} stats_cell;

/* Zero-initialise: {0}. The memory of cells and texts is the arena's that they are added with. */
typedef struct {
    stats_cell *cells;
    size_t count;
    size_t capacity;
} stats_tally;

/* Adds the cells of an effect (not of a member that did not change). Texts are borrowed from the effect. */
void stats_tally_effect (stats_tally *tally, tt_arena *arena, const stats_effect *effect);
/* Adds one cell as it is; texts are borrowed. */
void stats_tally_cell (stats_tally *tally, tt_arena *arena, stats_cell cell);
/* Adds what a stored row holds; texts are the arena's. TT_DATA_LOSS if it is none. */
TT_MUST_USE tt_status stats_tally_row (stats_tally *tally, tt_arena *arena, tt_bytes row, tt_error *error);
/* Sorts by name, district, special; sums what is the same; leaves out zeros. TT_OUT_OF_RANGE if a cell leaves +-STATS_VALUE_MAX.
 */
TT_MUST_USE tt_status stats_tally_sum (stats_tally *tally, tt_error *error);
/* Cells of a summed tally as messages, in the arena. */
Techtransfer__Statistics__V1__Count **stats_tally_messages (const stats_tally *tally, tt_arena *arena);

#endif
