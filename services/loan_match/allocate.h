/* The stable allocation of amounts: who funds whom, with how much, so that no applicant's leg and product would both rather have
 * more of each other. M. Baïou and M. Balinski, "The stable allocation (or ordinal transportation) problem" (2002), with nested
 * caps on both sides, by deferred acceptance from the applicants' side: among all stable allocations this is the one that every
 * leg likes best. Nested caps with one order of all that lies under them choose as a substitutable side does, which is what
 * deferred acceptance needs (T. Fleiner, "A fixed-point approach to stable matchings and some applications", 2003).
 *
 * A pure computation on numbers: legs, pairs, nodes and groups are indices, and the caller fixes all orders. Not for eligibility
 * (mandate.h), not for where the caps come from (market.h), not for messages (round.h). Thread-safe: values only. */
#ifndef LOAN_MATCH_ALLOCATE_H
#define LOAN_MATCH_ALLOCATE_H

#include <stdint.h>

#include "base/buffer.h"

#define MATCH_NONE UINT32_MAX
#define MATCH_WAVES 2

/* What an applicant wants on one leg. Its pairs stand together, best first. */
typedef struct {
    int64_t amount;      /* fen, > 0 */
    int64_t minimum;     /* least acceptable over all its pairs, 0 to amount */
    uint32_t first_pair; /* in pairs[] */
    uint32_t pair_count;
    uint32_t lead_leg;      /* the leg whose amounts of wave 0 are lead equity for this one, or MATCH_NONE */
    int64_t confirmed_lead; /* lead equity confirmed before the round that counts for this leg */
    bool followed;          /* the applicant has confirmed lead equity, whatever it counts for */
} match_leg;

/* A leg and a product that could take each other. */
typedef struct {
    uint32_t leg;
    uint32_t product; /* index of the caller's; breaks ties between ranks */
    uint32_t node;    /* innermost cap on the providers' side */
    uint32_t group;   /* innermost cap on the leg's side, or MATCH_NONE */
    uint32_t rank;    /* place in the product's order of its pairs: 0 is best; unique within the product */
    uint8_t wave;     /* 0 or 1; all pairs of a product are of one wave */
    bool needs_lead;  /* closed to a leg without lead equity; of wave 1 */
    int64_t limit;    /* most, >= minimum */
    int64_t minimum;  /* least if anything at all, > 0 */
} match_pair;

/* A cap over all pairs whose node is this one or below it. Parents stand after their children. Short of capacity it keeps the
 * pair with the better rank; at equal rank that of the earlier product. */
typedef struct {
    int64_t capacity; /* >= 0 */
    uint32_t parent;  /* or MATCH_NONE */
} match_node;

/* A cap over pairs of one leg. Parents stand after their children. With a percentage it is also at most so much of the leg's lead
 * equity, less what was used of that before. */
typedef struct {
    int64_t capacity; /* >= 0 */
    uint32_t parent;  /* or MATCH_NONE: the leg */
    uint32_t leg;     /* whose pairs they are */
    uint32_t percent; /* 0: none */
    int64_t used;
} match_group;

/* Everything is borrowed. */
typedef struct {
    const match_leg *legs;
    const match_pair *pairs;
    const match_node *nodes;
    const match_group *groups;
    uint32_t leg_count, pair_count, node_count, group_count;
} match_instance;

/* What a closing takes out. */
typedef enum {
    MATCH_CLOSE_LEG,  /* the whole leg would get less than its minimum */
    MATCH_CLOSE_PAIR, /* one pair would get less than its minimum */
    MATCH_CLOSE_TAIL, /* likewise, because the leg has too little left; with it go all pairs further down its list, of the same
                         wave, that need more than `given` */
    MATCH_CLOSE_CUT   /* the pair stays, but the capacity of its node is cut to `capacity`: a rest too small for this pair is too
                         small for all that rank below it */
} match_closing_kind;

typedef struct {
    match_closing_kind kind;
    uint32_t leg;
    uint32_t pair;    /* MATCH_NONE with MATCH_CLOSE_LEG */
    int64_t given;    /* what the run before would have given; MATCH_CLOSE_TAIL: what the leg had left to give */
    int64_t needed;   /* its minimum */
    int64_t capacity; /* MATCH_CLOSE_CUT: what the node has from now on */
    uint32_t further; /* MATCH_CLOSE_TAIL: how many further pairs were closed */
} match_closing;

typedef enum {
    MATCH_PAIR_OPEN = 0,
    MATCH_PAIR_REJECTED, /* a cap on the providers' side took at least a part of what stood there back */
    MATCH_PAIR_CLOSED    /* taken out by a closing */
} match_pair_state;

/* Owned arrays; zero-initialise, release with match_result_free. */
typedef struct {
    int64_t *amount;         /* of each pair; 0, or minimum to limit */
    uint8_t *state;          /* match_pair_state of each pair */
    uint8_t *turned_down;    /* of each leg: bit w: the providers' side turned something down in wave w */
    int64_t *capacity;       /* of each node: what is left of it after cuts; the result is stable under these */
    int64_t *group_capacity; /* of each group: with what lead equity makes of it */
    match_closing *closings; /* in order */
    uint32_t closing_count;
    uint32_t closing_capacity;
    uint64_t work; /* offers, rejections and resets, over all runs */
    uint32_t runs;
} match_result;

/* How far a long allocation is. `failing`: legs and pairs below their minimum after the last run. */
typedef struct {
    uint32_t runs, closings, failing;
    uint64_t work;
} match_report;

typedef struct {
    uint64_t work_limit;                                        /* offers and rejections; 0 = 4,000,000,000 */
    void (*report) (void *context, const match_report *report); /* after each run, or NULL */
    void *context;
} match_options;

/* Fills *result (replacing what it held). options: NULL for the defaults.
 *
 * Wave 0 is settled before wave 1: what it takes of caps is gone, and the lead equity it gives opens groups and pairs of wave 1.
 * Within a wave the result is stable and the legs' best.
 *
 * Minimums make stability impossible in general, so they are met by closing: run; close; run again, until every minimum is met.
 * What comes out is stable for what was not closed. What is closed after a run of a wave:
 *   1. of each leg the first pair of the wave that is below its minimum though no provider turned anything down: the leg had too
 *      little left for it (MATCH_CLOSE_TAIL, or MATCH_CLOSE_PAIR if it is in a group, which may be what stops it).
 *   2. of all pairs of the wave and all legs below their minimum (a leg with pairs of wave 1: after wave 1) the one with the
 * smallest share of it (ties: lower leg, then the pair before the whole leg, then the earlier pair), and in the same pass each
 * further one, in that order, that shares neither leg nor node with one closed in this pass, under 1 or 2. A pair that was turned
 * down in part is not closed at once: its node is cut (MATCH_CLOSE_CUT) up to eight times. A leg that is closed after wave 1 and
 * had something in wave 0 lets wave 0 run again. Each run is near-linear in the offers it makes. TT_RESOURCE_EXHAUSTED if the
 * work limit is passed. */
TT_MUST_USE tt_status match_allocate (const match_instance *instance, const match_options *options, match_result *result,
                                      tt_error *error);
void match_result_free (match_result *result);

#endif
