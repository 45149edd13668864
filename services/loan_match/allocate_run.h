/* What the two halves of the allocator share: a run of deferred acceptance (allocate.c) and what is closed after it (closing.c).
 * For these two files only. */
#ifndef LOAN_MATCH_ALLOCATE_RUN_H
#define LOAN_MATCH_ALLOCATE_RUN_H

#include "allocate.h"

/* A pair that a node holds. */
typedef struct {
    uint32_t rank, pair;
} match_held;

/* The pairs that a node itself holds: a binary heap with the worst on top. */
typedef struct {
    match_held *held; /* room for all its pairs */
    uint32_t count, room;
    bool alone; /* no node is below this one */
} match_worst;

/* How a pair stands, with what is needed of the pair itself: together in memory, because long rounds wait for memory and for
 * nothing else. */
typedef struct {
    int64_t amount;
    int64_t open; /* how much may stand there at most; falls to what is held when a part is rejected */
    uint32_t leg, node, group, rank;
    uint8_t wave;
    bool needs_lead;
    uint8_t state; /* match_pair_state */
    bool touched;  /* stands in touched_list */
} match_standing;

/* What is looked at first of a pair: its node (past the last one once it is closed) and rank. */
typedef struct {
    uint32_t node, rank;
} match_glance;

typedef struct {
    const match_instance *in;
    match_result *out;
    match_standing *at;     /* of each pair */
    uint32_t *touched_list; /* pairs that were offered something in this run */
    uint32_t touched_count;
    int64_t *placed;       /* of each leg */
    int64_t *led;          /* of each leg: what wave 0 gave it */
    int64_t *grouped;      /* of each group */
    int64_t *held;         /* of each node */
    match_glance *glances; /* of each pair */
    uint32_t *ceiling;  /* of each node: the first rank that it has no use for any more in this run; and one past the last node,
                           for what is closed */
    uint32_t *turns;    /* legs, in the order in which they first offer */
    uint32_t *cursor;   /* of each leg: the first of its pairs that may have room */
    uint8_t *waves;     /* of each leg: bit w: it has pairs of wave w */
    match_worst *worst; /* of each node, its own pairs alone */
    match_held *worst_room;
    uint32_t *place;  /* of each node: its place in a walk of the forest where a node stands after those below it */
    uint32_t *lowest; /* of each node: the first place below it */
    uint32_t *tops;   /* a tournament over places: the node with the worst pair on top */
    uint32_t tops_base;
    uint32_t *queue; /* ring of legs that have something to offer; a leg stands in it once at most */
    uint32_t queue_first, queue_count;
    uint8_t *queued;
    uint8_t *leg_closed;
    uint8_t *cuts;                       /* of each node: how often its capacity was cut */
    uint8_t *claimed_node, *claimed_leg; /* by a closing of this pass */
    match_closing *found;
    uint32_t failing; /* after the last run */
    uint8_t wave, last_wave;
} match_run;

/* One pass of closings after a run of r->wave. False: every minimum is met. *again: the wave to run again from. */
bool match_close_pass (match_run *r, uint8_t *again);

#endif
