/* Breadth-first exploration of all states, with the shortest way to the first that is broken.
 *
 * Of a visited state only 64 bits of hash are kept (two different states with one hash: with ten million states a chance of 1 in
 * 370,000), and how it was reached; the states themselves live as long as their generation. A trace is made by going the same way
 * again. Liveness: every state must have a way to a done one without a fault; it is searched backwards over the edges that are no
 * faults. */
#ifndef TT_MODEL_EXPLORE_H
#define TT_MODEL_EXPLORE_H

#include <stdio.h>

#include "state.h"

typedef struct {
    fault_name broken; /* SOUND, or the first found */
    bool cut;          /* limit reached: nothing was proven */
    uint64_t states, steps;
    uint32_t depth;  /* longest shortest way */
    uint32_t length; /* of the counterexample */
    size_t bytes;    /* memory at the end */
} outcome;

/* Says the step and what it changed, in one line (trace.c). */
void step_print (FILE *out, step how, const state *from, const state *to);

/* At most `limit` states. A counterexample is written to `trace` if that is not NULL. */
outcome explore (const model *m, uint32_t limit, FILE *trace);

#endif
