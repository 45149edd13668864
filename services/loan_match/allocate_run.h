/* What the two halves of the allocator share: a run of deferred acceptance (allocate.c) and what is closed after it (closing.c).
 * For these two files only. */
#ifndef LOAN_MATCH_ALLOCATE_RUN_H
#define LOAN_MATCH_ALLOCATE_RUN_H

#include "allocate.h"

/* The worst pair that a node holds stands on top: a binary heap of pair numbers, by rank and product. */
typedef struct {
    uint32_t *pairs; /* room for all pairs of the node */
    uint32_t count;
    uint32_t rank, product; /* of the top, if there is one */
} match_worst;

typedef struct {
    const match_instance *in;
    match_result *out;
    int64_t *open;     /* of each pair: how much may still stand there at most; falls to what is held when a part is rejected */
    uint8_t *touched;  /* of each pair: stands in touched_list */
    uint32_t *touched_list;
    uint32_t touched_count;
    int64_t *placed;   /* of each leg */
    int64_t *led;      /* of each leg: what wave 0 gave it */
    int64_t *grouped;  /* of each group */
    int64_t *held;     /* of each node */
    uint32_t *cursor;  /* of each leg: the first of its pairs that may have room */
    uint8_t *waves;    /* of each leg: bit w: it has pairs of wave w */
    match_worst *worst; /* of each node, its own pairs alone */
    uint32_t *worst_room;
    uint32_t *place;   /* of each node: its place in a walk of the forest where a node stands after those below it */
    uint32_t *lowest;  /* of each node: the first place below it */
    uint32_t *tops;    /* a tournament over places: the worst pair of each */
    uint32_t tops_base;
    uint32_t *queue; /* ring of legs that have something to offer; a leg stands in it once at most */
    uint32_t queue_first, queue_count;
    uint8_t *queued;
    uint8_t *leg_closed;
    uint8_t *cuts; /* of each node: how often its capacity was cut */
    uint8_t *claimed_node, *claimed_leg; /* by a closing of this pass */
    match_closing *found;
    uint32_t failing; /* after the last run */
    uint8_t wave, last_wave;
} match_run;

/* One pass of closings after a run of r->wave. False: every minimum is met. *again: the wave to run again from. */
bool match_close_pass (match_run *r, uint8_t *again);

#endif
