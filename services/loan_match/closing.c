/* Minimums: what is closed after a run, so that the next one meets them (allocate.h says in which order). */
#include <string.h>

#include "allocate_run.h"

#define MAX_CUTS 8 /* of one node; after that its pairs are closed one by one, so that it ends */

/* The smaller share of the minimum first; then lower leg, the pair before the whole leg, the earlier pair. */
static int
compare_closings (const void *left, const void *right)
{
    const match_closing *a = left, *b = right;
    __int128 x = (__int128)a->given * b->needed, y = (__int128)b->given * a->needed;
    if (x != y)
        return x < y ? -1 : 1;
    if (a->leg != b->leg)
        return a->leg < b->leg ? -1 : 1;
    return (a->pair > b->pair) - (a->pair < b->pair);
}

static void
record (match_run *r, const match_closing *closing)
{
    match_result *out = r->out;
    if (out->closing_count == out->closing_capacity) {
        out->closing_capacity = out->closing_capacity ? out->closing_capacity * 2 : 16;
        out->closings = tt_realloc (out->closings, out->closing_capacity * sizeof *out->closings);
    }
    out->closings[out->closing_count++] = *closing;
}

/* What was given there is free in the next run: nothing else of this pass is decided at that node. */
static void
close_pair (match_run *r, uint32_t pair)
{
    if (r->at[pair].amount > 0)
        r->claimed_node[r->at[pair].node] = 1;
    r->at[pair].state = MATCH_PAIR_CLOSED;
    r->at[pair].open = 0;
    r->glances[pair].node = r->in->node_count;
}

static bool
below_minimum (const match_run *r, uint32_t pair)
{
    return r->at[pair].amount > 0 && r->at[pair].wave == r->wave && r->at[pair].amount < r->in->pairs[pair].minimum;
}

/* Closes a pair that the leg has too little left for, and with it those further down that need even more than what is left. */
static void
close_tail (match_run *r, uint32_t leg_number, uint32_t pair, int64_t left)
{
    const match_leg *leg = &r->in->legs[leg_number];
    match_closing closing = { MATCH_CLOSE_TAIL, leg_number, pair, left, r->in->pairs[pair].minimum, 0, 0 };
    close_pair (r, pair);
    for (uint32_t i = pair + 1; i < leg->first_pair + leg->pair_count; i++)
        if (r->at[i].state != MATCH_PAIR_CLOSED && r->in->pairs[i].wave == r->wave && r->in->pairs[i].minimum > left) {
            close_pair (r, i);
            closing.further++;
        }
    record (r, &closing);
}

/* What the leg gave in the waves before this one. */
static int64_t
given_before (const match_run *r, uint32_t leg)
{
    return r->wave > 0 ? r->led[leg] : 0;
}

/* The first pair of a leg that is below its minimum though nothing was turned down there. */
static bool
close_own_shortfall (match_run *r, uint32_t number)
{
    const match_leg *leg = &r->in->legs[number];
    int64_t left = leg->amount - given_before (r, number);
    for (uint32_t pair = leg->first_pair; pair < leg->first_pair + leg->pair_count && left > 0; pair++) {
        if (r->in->pairs[pair].wave != r->wave)
            continue;
        if (!below_minimum (r, pair) || r->at[pair].state != MATCH_PAIR_OPEN) {
            left -= r->at[pair].amount;
            continue;
        }
        if (r->in->pairs[pair].group == MATCH_NONE) {
            close_tail (r, number, pair, left);
            return true;
        }
        match_closing closing = { MATCH_CLOSE_PAIR, number, pair, r->at[pair].amount, r->in->pairs[pair].minimum, 0, 0 };
        close_pair (r, pair);
        record (r, &closing);
        return true;
    }
    return false;
}

/* Marks the legs that have a pair below its minimum. */
static void
mark_failing (match_run *r)
{
    memset (r->claimed_leg, 0, r->in->leg_count);
    for (uint32_t i = 0; i < r->touched_count; i++)
        if (below_minimum (r, r->touched_list[i]))
            r->claimed_leg[r->at[r->touched_list[i]].leg] = 1;
}

/* Of the marked legs those stay claimed in which something was closed. */
static bool
close_own_shortfalls (match_run *r)
{
    bool any = false;
    for (uint32_t i = 0; i < r->in->leg_count; i++)
        if (r->claimed_leg[i]) {
            r->claimed_leg[i] = close_own_shortfall (r, i);
            any |= r->claimed_leg[i];
        }
    return any;
}

/* A leg is whole only when the last wave that it has pairs of has run. */
static bool
leg_fails (const match_run *r, uint32_t leg)
{
    return r->placed[leg] > 0 && r->placed[leg] < r->in->legs[leg].minimum && r->waves[leg] >> (r->wave + 1) == 0;
}

/* All legs and pairs that were given something, but less than their minimum; sorted, worst first. */
static uint32_t
under_funded (match_run *r)
{
    const match_instance *in = r->in;
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->touched_count; i++) {
        uint32_t pair = r->touched_list[i];
        if (below_minimum (r, pair))
            r->found[count++] = (match_closing){
                MATCH_CLOSE_PAIR, in->pairs[pair].leg, pair, r->at[pair].amount, in->pairs[pair].minimum, 0, 0
            };
    }
    for (uint32_t i = 0; i < in->leg_count; i++)
        if (leg_fails (r, i))
            r->found[count++] = (match_closing){ MATCH_CLOSE_LEG, i, MATCH_NONE, r->placed[i], in->legs[i].minimum, 0, 0 };
    if (count > 1)
        qsort (r->found, count, sizeof *r->found, compare_closings);
    return count;
}

/* Marks the nodes that a closing touches; false, with nothing marked, if one of them is marked already. */
static bool
claim (match_run *r, const match_closing *closing)
{
    const match_leg *leg = &r->in->legs[closing->leg];
    uint32_t first = closing->pair == MATCH_NONE ? leg->first_pair : closing->pair;
    uint32_t end = closing->pair == MATCH_NONE ? leg->first_pair + leg->pair_count : closing->pair + 1;
    if (r->claimed_leg[closing->leg])
        return false;
    for (uint32_t i = first; i < end; i++)
        if (r->at[i].amount > 0 && r->claimed_node[r->at[i].node])
            return false;
    for (uint32_t i = first; i < end; i++)
        if (r->at[i].amount > 0)
            r->claimed_node[r->at[i].node] = 1;
    r->claimed_leg[closing->leg] = 1;
    return true;
}

static void
close_leg (match_run *r, const match_closing *closing, uint8_t *again)
{
    const match_leg *leg = &r->in->legs[closing->leg];
    for (uint32_t i = leg->first_pair; i < leg->first_pair + leg->pair_count; i++)
        close_pair (r, i);
    r->leg_closed[closing->leg] = 1;
    if (given_before (r, closing->leg) > 0)
        *again = 0;
}

/* A node's rest that is too small for the pair at its margin is too small for all that rank below it as well, so the node goes
 * without the rest: should better ones leave, there is room again for those below. */
static void
close_one (match_run *r, match_closing *closing, uint8_t *again)
{
    if (closing->kind == MATCH_CLOSE_LEG) {
        close_leg (r, closing, again);
    } else {
        uint32_t node = r->in->pairs[closing->pair].node;
        if (r->cuts[node] < MAX_CUTS && r->at[closing->pair].state == MATCH_PAIR_REJECTED) {
            closing->kind = MATCH_CLOSE_CUT;
            closing->capacity = r->out->capacity[node] = r->held[node] - closing->given;
            r->cuts[node]++;
        } else {
            close_pair (r, closing->pair);
        }
    }
    record (r, closing);
}

bool
match_close_pass (match_run *r, uint8_t *again)
{
    *again = r->wave;
    memset (r->claimed_node, 0, r->in->node_count);
    mark_failing (r);
    bool any = close_own_shortfalls (r);
    uint32_t count = r->failing = under_funded (r);
    for (uint32_t i = 0; i < count; i++)
        if (claim (r, &r->found[i]))
            close_one (r, &r->found[i], again);
    return any || count > 0;
}
