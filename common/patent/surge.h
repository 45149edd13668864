/* Filing surges: who suddenly files more in a class than before, and how sure that is.
 *
 * For each pair of an applicant and a class, the documents of a window are held against those of the windows before it. If nothing has
 * changed, each of the pair's documents falls into the window with the chance that any document of these times has (so that a file
 * that has more documents of late makes no surge): given their sum, the number in the window is binomial, whatever the pair's rate
 * is. This is the conditional test of two Poisson rates (Przyborowski and Wilenski 1940); the binomial is widened to a beta-binomial by
 * the dispersion that all pairs together show from window to window. Over all pairs of a round that could be found at all (Tarone
 * 1990, by their sums) the false discoveries are bounded by the procedure of Benjamini and Hochberg (1995). Pure; values only. */
#ifndef TT_PATENT_SURGE_H
#define TT_PATENT_SURGE_H

#include "base/buffer.h"

#define TT_SURGE_TEST "conditional beta-binomial, pooled dispersion; Tarone, Benjamini-Hochberg"
#define TT_SURGE_WINDOWS_MAX 64

/* counts[pair * (trailing + 1) + i]: documents of the pair in the window (i = 0) and in the i-th window before it. */
typedef struct {
    const uint32_t *counts; /* borrowed */
    size_t pairs;
    uint32_t trailing;                             /* windows before, 2 to TT_SURGE_WINDOWS_MAX */
    uint64_t documents[TT_SURGE_WINDOWS_MAX + 1]; /* of all pairs together, likewise; those of the window must not be 0 */
} tt_surge_table;

typedef struct {
    double chance;     /* of a document to be in the window */
    double dispersion; /* variance over mean from window to window; at least 1 */
    double window, before; /* documents of the window, of all windows before */
} tt_surge_model;

typedef struct {
    size_t pair;
    uint32_t count;  /* in the window */
    uint32_t earlier; /* in all windows before */
    double expected; /* in the window, at the rate of the windows before */
    double p;        /* chance of so many or more, given all of the pair's, if nothing has changed */
    double q;        /* least bound on false discoveries at which it is among them */
} tt_surge;

/* INVALID_ARGUMENT: trailing is out of its range, or there are no documents in the window or before. */
TT_MUST_USE tt_status tt_surge_fit (const tt_surge_table *table, tt_surge_model *model, tt_error *error);
/* The expected number and p of one pair. count 0: p is 1. */
tt_surge tt_surge_test (const tt_surge_table *table, const tt_surge_model *model, size_t pair);
/* The pairs of the round whose q is at most `bound` and whose count is at least `least`, by p; found[table->pairs]. Returns how many. */
size_t tt_surge_find (const tt_surge_table *table, const tt_surge_model *model, double bound, uint32_t least, tt_surge *found);

#endif
