#include "allocate.h"

#include <assert.h>
#include <string.h>

#define NO_PAIR UINT32_MAX
#define MAX_CUTS 8 /* of one product; after that its pairs are closed one by one, so that it ends */

/* The worst pair that a product holds stands on top: a binary heap of pair numbers by rank. */
typedef struct {
    uint32_t *pairs; /* room for all pairs of the product */
    uint32_t count;
} worst_heap;

typedef struct {
    const match_instance *in;
    match_result *out;
    int64_t *open;    /* of each pair: how much may still stand there at most; falls to what is held when a part is rejected */
    int64_t *placed;  /* of each leg */
    int64_t *grouped; /* of each group */
    int64_t *product_held;
    int64_t *provider_held;
    uint32_t *cursor;  /* of each leg: the first of its pairs that may have room */
    worst_heap *heaps; /* of each product */
    uint32_t *heap_room;
    uint32_t *queue; /* ring of legs that have something to offer; a leg stands in it once at most */
    uint32_t queue_first, queue_count;
    uint8_t *queued;
    uint8_t *leg_closed;
    uint8_t *cuts; /* of each product: how often its capacity was cut */
} run;

/* -- the heap -- */

static void
heap_push (const match_pair *pairs, worst_heap *heap, uint32_t pair)
{
    uint32_t i = heap->count++;
    while (i > 0 && pairs[heap->pairs[(i - 1) / 2]].rank < pairs[pair].rank) {
        heap->pairs[i] = heap->pairs[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap->pairs[i] = pair;
}

static void
heap_pop (const match_pair *pairs, worst_heap *heap)
{
    uint32_t last = heap->pairs[--heap->count], i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && pairs[heap->pairs[child + 1]].rank > pairs[heap->pairs[child]].rank)
            child++;
        if (pairs[heap->pairs[child]].rank <= pairs[last].rank)
            break;
        heap->pairs[i] = heap->pairs[child];
        i = child;
    }
    heap->pairs[i] = last;
}

/* -- the run -- */

static void
enqueue (run *r, uint32_t leg)
{
    if (r->queued[leg] || r->leg_closed[leg])
        return;
    uint32_t at = r->queue_first + r->queue_count++;
    r->queue[at < r->in->leg_count ? at : at - r->in->leg_count] = leg;
    r->queued[leg] = 1;
}

static uint32_t
dequeue (run *r)
{
    uint32_t leg = r->queue[r->queue_first++];
    if (r->queue_first == r->in->leg_count)
        r->queue_first = 0;
    r->queue_count--;
    r->queued[leg] = 0;
    return leg;
}

/* Takes up to `excess` off a pair and returns how much it was. The product never takes more of this pair again in this run: what
 * it keeps from now on is better. */
static int64_t
reject (run *r, uint32_t pair, int64_t excess)
{
    const match_pair *p = &r->in->pairs[pair];
    int64_t taken = r->out->amount[pair] < excess ? r->out->amount[pair] : excess;
    r->out->amount[pair] -= taken;
    r->out->state[pair] = MATCH_PAIR_REJECTED;
    r->open[pair] = r->out->amount[pair];
    r->product_held[p->product] -= taken;
    r->provider_held[r->in->products[p->product].provider] -= taken;
    r->placed[p->leg] -= taken;
    if (p->group != MATCH_NO_GROUP) {
        /* Later pairs of the group may have been passed over because the group was full. */
        r->grouped[p->group] -= taken;
        if (r->cursor[p->leg] > pair + 1)
            r->cursor[p->leg] = pair + 1;
    }
    if (r->out->amount[pair] == 0)
        heap_pop (r->in->pairs, &r->heaps[p->product]);
    enqueue (r, p->leg);
    r->out->work++;
    return taken;
}

static uint32_t
worst_of_product (const run *r, uint32_t product)
{
    return r->heaps[product].count ? r->heaps[product].pairs[0] : NO_PAIR;
}

static uint32_t
worst_of_provider (const run *r, const match_provider *provider)
{
    uint32_t worst = NO_PAIR;
    for (uint32_t i = 0; i < provider->product_count; i++) {
        uint32_t pair = worst_of_product (r, provider->first_product + i);
        if (pair != NO_PAIR && (worst == NO_PAIR || r->in->pairs[pair].rank >= r->in->pairs[worst].rank))
            worst = pair;
    }
    return worst;
}

/* The product, then its provider, let go of the worst until their caps hold. */
static void
settle (run *r, uint32_t product)
{
    int64_t excess = r->product_held[product] - r->out->capacity[product];
    while (excess > 0)
        excess -= reject (r, worst_of_product (r, product), excess);
    uint32_t provider = r->in->products[product].provider;
    excess = r->provider_held[provider] - r->in->providers[provider].capacity;
    while (excess > 0)
        excess -= reject (r, worst_of_provider (r, &r->in->providers[provider]), excess);
}

/* How much more the leg may put on a pair: its own cap, its group's, and what the leg has left. */
static int64_t
room_at (const run *r, const match_leg *leg, uint32_t pair)
{
    const match_pair *p = &r->in->pairs[pair];
    int64_t room = r->open[pair] - r->out->amount[pair];
    int64_t left = leg->amount - r->placed[p->leg];
    if (left < room)
        room = left;
    if (p->group != MATCH_NO_GROUP && r->in->groups[p->group] - r->grouped[p->group] < room)
        room = r->in->groups[p->group] - r->grouped[p->group];
    return room;
}

static void
offer (run *r, uint32_t pair, int64_t amount)
{
    const match_pair *p = &r->in->pairs[pair];
    if (r->out->amount[pair] == 0)
        heap_push (r->in->pairs, &r->heaps[p->product], pair);
    r->out->amount[pair] += amount;
    r->placed[p->leg] += amount;
    if (p->group != MATCH_NO_GROUP)
        r->grouped[p->group] += amount;
    r->product_held[p->product] += amount;
    r->provider_held[r->in->products[p->product].provider] += amount;
    settle (r, p->product);
}

/* Offers what the leg has left down its list, until all is placed or the list is at its end. */
static void
propose (run *r, uint32_t leg_number)
{
    const match_leg *leg = &r->in->legs[leg_number];
    uint32_t end = leg->first_pair + leg->pair_count;
    while (r->placed[leg_number] < leg->amount && r->cursor[leg_number] < end) {
        uint32_t pair = r->cursor[leg_number];
        int64_t room = room_at (r, leg, pair);
        r->out->work++;
        if (room > 0)
            offer (r, pair, room);
        else
            r->cursor[leg_number]++;
    }
}

static void
reset (run *r)
{
    const match_instance *in = r->in;
    for (uint32_t i = 0; i < in->pair_count; i++) {
        r->out->amount[i] = 0;
        if (r->out->state[i] != MATCH_PAIR_CLOSED)
            r->out->state[i] = MATCH_PAIR_OPEN;
        r->open[i] = r->out->state[i] == MATCH_PAIR_CLOSED ? 0 : in->pairs[i].limit;
    }
    memset (r->placed, 0, in->leg_count * sizeof *r->placed);
    memset (r->grouped, 0, in->group_count * sizeof *r->grouped);
    memset (r->product_held, 0, in->product_count * sizeof *r->product_held);
    memset (r->provider_held, 0, in->provider_count * sizeof *r->provider_held);
    for (uint32_t i = 0; i < in->product_count; i++)
        r->heaps[i].count = 0;
    for (uint32_t i = 0; i < in->leg_count; i++) {
        r->cursor[i] = in->legs[i].first_pair;
        enqueue (r, i);
    }
    r->out->work += in->pair_count + in->leg_count;
    r->out->runs++;
}

static tt_status
deferred_acceptance (run *r, uint64_t work_limit, tt_error *error)
{
    reset (r);
    while (r->queue_count > 0) {
        propose (r, dequeue (r));
        if (r->out->work > work_limit)
            return tt_fail (error, TT_RESOURCE_EXHAUSTED, "the allocation did not settle within %llu steps",
                            (unsigned long long)work_limit);
    }
    return TT_OK;
}

/* -- minimums -- */

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
record (run *r, match_closing closing)
{
    match_result *out = r->out;
    if (out->closing_count == out->closing_capacity) {
        out->closing_capacity = out->closing_capacity ? out->closing_capacity * 2 : 16;
        out->closings = tt_realloc (out->closings, out->closing_capacity * sizeof *out->closings);
    }
    out->closings[out->closing_count++] = closing;
}

static bool
below_minimum (const run *r, uint32_t pair)
{
    return r->out->amount[pair] > 0 && r->out->amount[pair] < r->in->pairs[pair].minimum;
}

/* Closes a pair that the leg has too little left for, and with it those further down that need even more than what is left. */
static void
close_tail (run *r, uint32_t leg_number, uint32_t pair, int64_t left)
{
    const match_leg *leg = &r->in->legs[leg_number];
    match_closing closing = { leg_number, pair, left, r->in->pairs[pair].minimum, 0 };
    r->out->state[pair] = MATCH_PAIR_CLOSED;
    for (uint32_t i = pair + 1; i < leg->first_pair + leg->pair_count; i++)
        if (r->out->state[i] != MATCH_PAIR_CLOSED && r->in->pairs[i].minimum > left) {
            r->out->state[i] = MATCH_PAIR_CLOSED;
            closing.further++;
        }
    record (r, closing);
}

/* The first pair of each leg that is below its minimum though nothing was turned down there: the leg itself had no more to offer.
 */
static bool
close_own_shortfalls (run *r)
{
    bool any = false;
    for (uint32_t i = 0; i < r->in->leg_count; i++) {
        const match_leg *leg = &r->in->legs[i];
        int64_t left = leg->amount;
        for (uint32_t pair = leg->first_pair; pair < leg->first_pair + leg->pair_count; pair++) {
            if (below_minimum (r, pair) && r->out->state[pair] == MATCH_PAIR_OPEN) {
                bool grouped = r->in->pairs[pair].group != MATCH_NO_GROUP;
                if (grouped) { /* the group may be what stops it, so nothing follows for others */
                    r->out->state[pair] = MATCH_PAIR_CLOSED;
                    record (r, (match_closing){ i, pair, r->out->amount[pair], r->in->pairs[pair].minimum, 0 });
                } else {
                    close_tail (r, i, pair, left);
                }
                any = true;
                break;
            }
            left -= r->out->amount[pair];
        }
    }
    return any;
}

/* All legs and pairs that were given something, but less than their minimum; sorted, worst first. */
static uint32_t
under_funded (const run *r, match_closing *found)
{
    const match_instance *in = r->in;
    uint32_t count = 0;
    for (uint32_t i = 0; i < in->pair_count; i++)
        if (below_minimum (r, i))
            found[count++] = (match_closing){ in->pairs[i].leg, i, r->out->amount[i], in->pairs[i].minimum, 0 };
    for (uint32_t i = 0; i < in->leg_count; i++)
        if (r->placed[i] > 0 && r->placed[i] < in->legs[i].minimum)
            found[count++] = (match_closing){ i, NO_PAIR, r->placed[i], in->legs[i].minimum, 0 };
    qsort (found, count, sizeof *found, compare_closings);
    return count;
}

/* Marks the products that a closing touches; false, with nothing marked, if one of them is marked already. */
static bool
claim_products (const run *r, const match_closing *closing, uint8_t *claimed)
{
    const match_leg *leg = &r->in->legs[closing->leg];
    uint32_t first = closing->pair == NO_PAIR ? leg->first_pair : closing->pair;
    uint32_t end = closing->pair == NO_PAIR ? leg->first_pair + leg->pair_count : closing->pair + 1;
    for (uint32_t i = first; i < end; i++)
        if (r->out->amount[i] > 0 && claimed[r->in->pairs[i].product])
            return false;
    for (uint32_t i = first; i < end; i++)
        if (r->out->amount[i] > 0)
            claimed[r->in->pairs[i].product] = 1;
    return true;
}

/* A product's rest that is too small for the pair at its margin is too small for all that rank below it as well, so the product
 * goes without the rest: should better ones leave, there is room again for those below. */
static void
close_one (run *r, const match_closing *closing)
{
    record (r, *closing);
    if (closing->pair != NO_PAIR) {
        uint32_t product = r->in->pairs[closing->pair].product;
        if (r->cuts[product] < MAX_CUTS && r->out->state[closing->pair] == MATCH_PAIR_REJECTED) {
            r->out->capacity[product] = r->product_held[product] - closing->given;
            r->cuts[product]++;
        } else {
            r->out->state[closing->pair] = MATCH_PAIR_CLOSED;
        }
        return;
    }
    const match_leg *leg = &r->in->legs[closing->leg];
    memset (r->out->state + leg->first_pair, MATCH_PAIR_CLOSED, leg->pair_count);
    r->leg_closed[closing->leg] = 1;
}

/* One pass of closings; false if every minimum is met. */
static bool
close_worst (run *r, match_closing *found)
{
    if (close_own_shortfalls (r))
        return true;
    uint32_t count = under_funded (r, found);
    uint8_t *claimed = tt_alloc_zero (r->in->product_count + r->in->leg_count, 1);
    uint8_t *legs = claimed + r->in->product_count;
    for (uint32_t i = 0; i < count; i++)
        if (!legs[found[i].leg] && claim_products (r, &found[i], claimed)) {
            legs[found[i].leg] = 1;
            close_one (r, &found[i]);
        }
    free (claimed);
    return count > 0;
}

/* -- memory -- */

static void
open_heaps (run *r)
{
    const match_instance *in = r->in;
    r->heaps = tt_alloc_zero (in->product_count, sizeof *r->heaps);
    r->heap_room = tt_alloc_zero (in->pair_count, sizeof *r->heap_room);
    for (uint32_t i = 0; i < in->pair_count; i++)
        r->heaps[in->pairs[i].product].count++;
    uint32_t *room = r->heap_room;
    for (uint32_t i = 0; i < in->product_count; i++) {
        r->heaps[i].pairs = room;
        room += r->heaps[i].count;
    }
}

static run
run_open (const match_instance *in, match_result *out)
{
    match_result_free (out);
    out->amount = tt_alloc_zero (in->pair_count, sizeof *out->amount);
    out->state = tt_alloc_zero (in->pair_count, 1);
    out->capacity = tt_alloc_zero (in->product_count, sizeof *out->capacity);
    for (uint32_t i = 0; i < in->product_count; i++)
        out->capacity[i] = in->products[i].capacity;
    run r = { .in = in, .out = out };
    r.open = tt_alloc_zero (in->pair_count, sizeof *r.open);
    r.placed = tt_alloc_zero (in->leg_count, sizeof *r.placed);
    r.grouped = tt_alloc_zero (in->group_count, sizeof *r.grouped);
    r.product_held = tt_alloc_zero (in->product_count, sizeof *r.product_held);
    r.provider_held = tt_alloc_zero (in->provider_count, sizeof *r.provider_held);
    r.cursor = tt_alloc_zero (in->leg_count, sizeof *r.cursor);
    r.queue = tt_alloc_zero (in->leg_count, sizeof *r.queue);
    r.queued = tt_alloc_zero (in->leg_count, 1);
    r.leg_closed = tt_alloc_zero (in->leg_count, 1);
    r.cuts = tt_alloc_zero (in->product_count, 1);
    open_heaps (&r);
    return r;
}

static void
run_close (run *r)
{
    void *owned[] = { r->open,  r->placed,    r->grouped, r->product_held, r->provider_held, r->cursor,
                      r->heaps, r->heap_room, r->queue,   r->queued,       r->leg_closed,    r->cuts };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free (owned[i]);
}

tt_status
match_allocate (const match_instance *instance, uint64_t work_limit, match_result *result, tt_error *error)
{
    run r = run_open (instance, result);
    match_closing *found = tt_alloc_zero (instance->pair_count + instance->leg_count, sizeof *found);
    tt_status status;
    do
        status = deferred_acceptance (&r, work_limit ? work_limit : UINT64_C (1000000000), error);
    while (status == TT_OK && close_worst (&r, found));
    free (found);
    run_close (&r);
    return status;
}

void
match_result_free (match_result *result)
{
    free (result->amount);
    free (result->state);
    free (result->capacity);
    free (result->closings);
    *result = (match_result){ 0 };
}
