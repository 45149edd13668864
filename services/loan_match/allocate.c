#include <string.h>

#include "allocate_run.h"

#define WORK_LIMIT UINT64_C (4000000000)

/* -- the worst pair of a node and of all below it -- */

/* A node's own pairs are of one product, so their ranks are all different. */
static void
heap_push (match_worst *heap, match_held entry)
{
    uint32_t i = heap->count++;
    while (i > 0 && entry.rank > heap->held[(i - 1) / 2].rank) {
        heap->held[i] = heap->held[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap->held[i] = entry;
}

static void
heap_pop (match_worst *heap)
{
    match_held last = heap->held[--heap->count];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->held[child + 1].rank > heap->held[child].rank)
            child++;
        if (heap->held[child].rank <= last.rank)
            break;
        heap->held[i] = heap->held[child];
        i = child;
    }
    heap->held[i] = last;
}

/* Of two nodes that hold something, or MATCH_NONE, the one with the worse pair on top. */
static uint32_t
worse_node (const match_run *r, uint32_t a, uint32_t b)
{
    if (a == MATCH_NONE || b == MATCH_NONE)
        return a == MATCH_NONE ? b : a;
    match_held x = r->worst[a].held[0], y = r->worst[b].held[0];
    if (x.rank != y.rank)
        return x.rank > y.rank ? a : b;
    return r->in->pairs[x.pair].product > r->in->pairs[y.pair].product ? a : b;
}

/* The tournament after the top of a node's heap has changed. */
static void
update_top (match_run *r, uint32_t node)
{
    uint32_t i = r->tops_base + r->place[node];
    r->tops[i] = r->worst[node].count ? node : MATCH_NONE;
    if (r->in->nodes[node].parent == MATCH_NONE && r->worst[node].alone)
        return; /* nobody asks for more than the node itself */
    for (i /= 2; i > 0; i /= 2)
        r->tops[i] = worse_node (r, r->tops[2 * i], r->tops[2 * i + 1]);
}

/* The worst pair that a node and those below it hold, or MATCH_NONE. */
static uint32_t
worst_below (const match_run *r, uint32_t node)
{
    uint32_t from = r->tops_base + r->lowest[node], to = r->tops_base + r->place[node] + 1, worst = MATCH_NONE;
    for (; from < to; from /= 2, to /= 2) {
        if (from & 1)
            worst = worse_node (r, worst, r->tops[from++]);
        if (to & 1)
            worst = worse_node (r, worst, r->tops[--to]);
    }
    return worst == MATCH_NONE ? MATCH_NONE : r->worst[worst].held[0].pair;
}

/* -- the queue -- */

static void
enqueue (match_run *r, uint32_t leg)
{
    if (r->queued[leg] || r->leg_closed[leg])
        return;
    uint32_t at = r->queue_first + r->queue_count++;
    r->queue[at < r->in->leg_count ? at : at - r->in->leg_count] = leg;
    r->queued[leg] = 1;
}

static uint32_t
dequeue (match_run *r)
{
    uint32_t leg = r->queue[r->queue_first++];
    if (r->queue_first == r->in->leg_count)
        r->queue_first = 0;
    r->queue_count--;
    r->queued[leg] = 0;
    return leg;
}

/* -- the run -- */

/* Adds to a pair and to all sums that it is part of. */
static void
move (match_run *r, uint32_t pair, int64_t amount)
{
    match_standing *p = &r->at[pair];
    p->amount += amount;
    r->placed[p->leg] += amount;
    for (uint32_t group = p->group; group != MATCH_NONE; group = r->in->groups[group].parent)
        r->grouped[group] += amount;
    for (uint32_t node = p->node; node != MATCH_NONE; node = r->in->nodes[node].parent)
        r->held[node] += amount;
}

/* One of the groups that a pair is in is full. */
static bool
in_full_group (const match_run *r, uint32_t pair)
{
    for (uint32_t group = r->at[pair].group; group != MATCH_NONE; group = r->in->groups[group].parent)
        if (r->grouped[group] >= r->out->group_capacity[group])
            return true;
    return false;
}

/* Takes up to `excess` off a pair and returns how much it was. The providers' side never takes more of this pair again in this
 * run: what it keeps from now on is better. */
static int64_t
reject (match_run *r, uint32_t pair, int64_t excess)
{
    match_standing *p = &r->at[pair];
    int64_t taken = p->amount < excess ? p->amount : excess;
    /* Later pairs of a full group were passed over, and may have room now. */
    if (r->cursor[p->leg] > pair + 1 && in_full_group (r, pair))
        r->cursor[p->leg] = pair + 1;
    move (r, pair, -taken);
    p->state = MATCH_PAIR_REJECTED;
    r->out->turned_down[p->leg] |= (uint8_t)(1U << r->wave);
    p->open = p->amount;
    if (p->amount == 0) {
        heap_pop (&r->worst[p->node]);
        update_top (r, p->node);
    }
    enqueue (r, p->leg);
    r->out->work++;
    return taken;
}

/* The first rank that a full node has no use for. Within a run this only falls, so an old value is at most too generous. */
static void
lower_ceiling (match_run *r, uint32_t node)
{
    uint32_t worst = r->worst[node].alone && r->worst[node].count ? r->worst[node].held[0].pair : worst_below (r, node);
    uint32_t ceiling = worst == MATCH_NONE ? 0 : r->at[worst].rank + 1;
    if (ceiling < r->ceiling[node])
        r->ceiling[node] = ceiling;
}

/* From the inside out, each cap lets go of the worst until it holds. */
static void
settle (match_run *r, uint32_t innermost)
{
    for (uint32_t node = innermost; node != MATCH_NONE; node = r->in->nodes[node].parent) {
        int64_t excess = r->held[node] - r->out->capacity[node];
        while (excess > 0)
            excess -= reject (r, worst_below (r, node), excess);
        if (r->held[node] >= r->out->capacity[node])
            lower_ceiling (r, node);
    }
}

static bool
has_lead (const match_run *r, const match_leg *leg)
{
    return leg->followed || leg->confirmed_lead > 0 || (leg->lead_leg != MATCH_NONE && r->led[leg->lead_leg] > 0);
}

/* How much more the leg may put on a pair. */
static int64_t
room_at (const match_run *r, const match_leg *leg, uint32_t pair)
{
    const match_standing *p = &r->at[pair];
    int64_t room = p->open - p->amount;
    int64_t left = leg->amount - r->placed[p->leg];
    if (p->wave != r->wave || (p->needs_lead && !has_lead (r, leg)))
        return 0;
    if (left < room)
        room = left;
    for (uint32_t group = p->group; group != MATCH_NONE && room > 0; group = r->in->groups[group].parent)
        if (r->out->group_capacity[group] - r->grouped[group] < room)
            room = r->out->group_capacity[group] - r->grouped[group];
    return room;
}

/* The offer would be turned down whole: a cap over the pair is full, and of all that it holds this would be the worst. Most
 * offers of a long round end here, so it reads next to nothing; the pair itself is not marked, because a second offer would end
 * in the same way. What is closed is under a node of its own, which has no use for anything. */
static bool
is_hopeless (const match_run *r, uint32_t pair)
{
    match_glance glance = r->glances[pair];
    if (glance.rank >= r->ceiling[glance.node])
        return true;
    for (uint32_t node = r->in->nodes[glance.node].parent; node != MATCH_NONE; node = r->in->nodes[node].parent)
        if (glance.rank >= r->ceiling[node])
            return true;
    return false;
}

static void
offer (match_run *r, uint32_t pair, int64_t amount)
{
    match_standing *p = &r->at[pair];
    if (!p->touched) {
        p->touched = 1;
        r->touched_list[r->touched_count++] = pair;
    }
    if (p->amount == 0) {
        heap_push (&r->worst[p->node], (match_held){ p->rank, pair });
        if (r->worst[p->node].held[0].pair == pair)
            update_top (r, p->node);
    }
    move (r, pair, amount);
    settle (r, p->node);
}

/* Offers what the leg has left down its list, until all is placed or the list is at its end. */
static void
propose (match_run *r, uint32_t leg_number)
{
    const match_leg *leg = &r->in->legs[leg_number];
    uint32_t end = leg->first_pair + leg->pair_count;
    uint8_t *turned_down = &r->out->turned_down[leg_number], mark = (uint8_t)(1U << r->wave);
    while (r->placed[leg_number] < leg->amount && r->cursor[leg_number] < end) {
        uint32_t pair = r->cursor[leg_number];
        bool hopeless = is_hopeless (r, pair);
        /* Of the hopeless ones it only matters whether there was one that could have been offered something. */
        int64_t room = hopeless && *turned_down & mark ? 0 : room_at (r, leg, pair);
        r->out->work++;
        if (room > 0 && !hopeless) {
            offer (r, pair, room);
            continue;
        }
        if (room > 0)
            *turned_down |= mark;
        r->cursor[leg_number]++;
    }
}

/* -- the beginning of a run -- */

static void
forget (match_run *r, uint32_t pair)
{
    r->at[pair].amount = 0;
    if (r->at[pair].state != MATCH_PAIR_CLOSED) {
        r->at[pair].state = MATCH_PAIR_OPEN;
        r->at[pair].open = r->in->pairs[pair].limit;
    }
    r->at[pair].touched = 0;
}

/* What stands of earlier waves is kept, and is in no heap: it cannot be turned down any more. */
static void
keep_earlier_waves (match_run *r)
{
    uint32_t kept = 0;
    memset (r->placed, 0, r->in->leg_count * sizeof *r->placed);
    memset (r->grouped, 0, r->in->group_count * sizeof *r->grouped);
    memset (r->held, 0, r->in->node_count * sizeof *r->held);
    for (uint32_t i = 0; i < r->touched_count; i++) {
        uint32_t pair = r->touched_list[i];
        if (r->at[pair].wave >= r->wave) {
            forget (r, pair);
            continue;
        }
        int64_t amount = r->at[pair].amount;
        r->at[pair].amount = 0;
        move (r, pair, amount);
        r->touched_list[kept++] = pair;
    }
    r->out->work += r->touched_count;
    r->touched_count = kept;
}

/* What lead equity opens: all that the groups with a percentage may take. */
static void
follow_the_lead (match_run *r)
{
    memcpy (r->led, r->placed, r->in->leg_count * sizeof *r->led);
    for (uint32_t i = 0; i < r->in->group_count; i++) {
        const match_group *group = &r->in->groups[i];
        if (group->percent == 0)
            continue;
        const match_leg *leg = &r->in->legs[group->leg];
        int64_t lead = leg->confirmed_lead + (leg->lead_leg == MATCH_NONE ? 0 : r->led[leg->lead_leg]);
        __int128 most = (__int128)lead * group->percent / 100 - group->used;
        r->out->group_capacity[i] = most < 0 ? 0 : most < group->capacity ? (int64_t)most : group->capacity;
    }
}

static void
begin (match_run *r)
{
    const match_instance *in = r->in;
    keep_earlier_waves (r);
    if (r->wave == r->last_wave)
        follow_the_lead (r);
    for (uint32_t i = 0; i < in->node_count; i++) {
        r->worst[i].count = 0;
        r->ceiling[i] = r->held[i] >= r->out->capacity[i] ? 0 : UINT32_MAX;
    }
    memset (r->tops, 0xff, 2 * (size_t)r->tops_base * sizeof *r->tops);
    for (uint32_t i = 0; i < in->leg_count; i++) {
        uint32_t leg = r->turns[i];
        r->cursor[leg] = in->legs[leg].first_pair;
        r->out->turned_down[leg] &= (uint8_t)((1U << r->wave) - 1);
        if (r->waves[leg] >> r->wave & 1)
            enqueue (r, leg);
    }
    r->out->work += in->leg_count + in->node_count;
    r->out->runs++;
}

static tt_status
deferred_acceptance (match_run *r, uint64_t work_limit, tt_error *error)
{
    begin (r);
    while (r->queue_count > 0) {
        propose (r, dequeue (r));
        if (r->out->work > work_limit)
            return tt_fail (error, TT_RESOURCE_EXHAUSTED, "the allocation did not settle within %llu steps",
                            (unsigned long long)work_limit);
    }
    return TT_OK;
}

/* -- memory -- */

static void
open_heaps (match_run *r)
{
    const match_instance *in = r->in;
    r->worst = tt_alloc_zero (in->node_count, sizeof *r->worst);
    r->worst_room = tt_alloc_zero (in->pair_count, sizeof *r->worst_room);
    for (uint32_t i = 0; i < in->pair_count; i++)
        r->worst[in->pairs[i].node].room++;
    match_held *room = r->worst_room;
    for (uint32_t i = 0; i < in->node_count; i++) {
        r->worst[i].held = room;
        room += r->worst[i].room;
    }
}

static int
compare_turns (const void *left, const void *right, void *context)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const double *standing = context;
    if (standing[a] != standing[b])
        return standing[a] < standing[b] ? -1 : 1;
    return a < b ? -1 : 1;
}

/* The order in which legs first offer has no influence on what comes out. Those that rank well go first, because they are
 * displaced least. */
static void
open_turns (match_run *r)
{
    const match_instance *in = r->in;
    double *standing = tt_alloc_zero (in->leg_count, sizeof *standing);
    for (uint32_t i = 0; i < in->leg_count; i++) {
        const match_leg *leg = &in->legs[i];
        for (uint32_t k = leg->first_pair; k < leg->first_pair + leg->pair_count; k++)
            standing[i] += (double)in->pairs[k].rank / r->worst[in->pairs[k].node].room / leg->pair_count;
        r->turns[i] = i;
    }
    if (in->leg_count > 1)
        qsort_r (r->turns, in->leg_count, sizeof *r->turns, compare_turns, standing);
    free (standing);
}

/* Places of the nodes: all below a node stand next to each other, right before it. */
static void
open_tops (match_run *r)
{
    const match_node *nodes = r->in->nodes;
    uint32_t count = r->in->node_count, roots = 0;
    uint32_t *size = tt_alloc_zero (count, sizeof *size), *next = tt_alloc_zero (count, sizeof *next);
    r->place = tt_alloc_zero (count, sizeof *r->place);
    r->lowest = tt_alloc_zero (count, sizeof *r->lowest);
    for (uint32_t i = 0; i < count; i++) {
        size[i]++;
        if (nodes[i].parent != MATCH_NONE)
            size[nodes[i].parent] += size[i];
    }
    for (uint32_t i = count; i-- > 0;) {
        uint32_t *from = nodes[i].parent == MATCH_NONE ? &roots : &next[nodes[i].parent];
        r->lowest[i] = next[i] = *from;
        *from += size[i];
        r->place[i] = r->lowest[i] + size[i] - 1;
        r->worst[i].alone = size[i] == 1;
    }
    for (r->tops_base = 1; r->tops_base < count;)
        r->tops_base *= 2;
    r->tops = tt_alloc_zero (2 * (size_t)r->tops_base, sizeof *r->tops);
    free (next);
    free (size);
}

static void
open_result (const match_instance *in, match_result *out)
{
    match_result_free (out);
    out->amount = tt_alloc_zero (in->pair_count, sizeof *out->amount);
    out->state = tt_alloc_zero (in->pair_count, 1);
    out->turned_down = tt_alloc_zero (in->leg_count, 1);
    out->capacity = tt_alloc_zero (in->node_count, sizeof *out->capacity);
    out->group_capacity = tt_alloc_zero (in->group_count, sizeof *out->group_capacity);
    for (uint32_t i = 0; i < in->node_count; i++)
        out->capacity[i] = in->nodes[i].capacity;
    for (uint32_t i = 0; i < in->group_count; i++)
        out->group_capacity[i] = in->groups[i].capacity;
}

static match_run
run_open (const match_instance *in, match_result *out)
{
    open_result (in, out);
    match_run r = { .in = in, .out = out };
    r.at = tt_alloc_zero (in->pair_count, sizeof *r.at);
    r.touched_list = tt_alloc_zero (in->pair_count, sizeof *r.touched_list);
    r.placed = tt_alloc_zero (in->leg_count, sizeof *r.placed);
    r.led = tt_alloc_zero (in->leg_count, sizeof *r.led);
    r.grouped = tt_alloc_zero (in->group_count, sizeof *r.grouped);
    r.held = tt_alloc_zero (in->node_count, sizeof *r.held);
    r.cursor = tt_alloc_zero (in->leg_count, sizeof *r.cursor);
    r.ceiling = tt_alloc_zero ((size_t)in->node_count + 1, sizeof *r.ceiling); /* the last one is of what is closed: 0 */
    r.turns = tt_alloc_zero (in->leg_count, sizeof *r.turns);
    r.glances = tt_alloc_zero (in->pair_count, sizeof *r.glances);
    r.waves = tt_alloc_zero (in->leg_count, 1);
    r.queue = tt_alloc_zero (in->leg_count, sizeof *r.queue);
    r.queued = tt_alloc_zero (in->leg_count, 1);
    r.leg_closed = tt_alloc_zero (in->leg_count, 1);
    r.cuts = tt_alloc_zero (in->node_count, 1);
    r.claimed_node = tt_alloc_zero (in->node_count, 1);
    r.claimed_leg = tt_alloc_zero (in->leg_count, 1);
    r.found = tt_alloc_zero ((size_t)in->pair_count + in->leg_count, sizeof *r.found);
    for (uint32_t i = 0; i < in->pair_count; i++) {
        const match_pair *p = &in->pairs[i];
        r.at[i]
            = (match_standing){ 0, p->limit, p->leg, p->node, p->group, p->rank, p->wave, p->needs_lead, MATCH_PAIR_OPEN, false };
        r.glances[i] = (match_glance){ in->pairs[i].node, in->pairs[i].rank };
        r.waves[in->pairs[i].leg] |= (uint8_t)(1U << in->pairs[i].wave);
        if (in->pairs[i].wave > r.last_wave)
            r.last_wave = in->pairs[i].wave;
    }
    open_heaps (&r);
    open_tops (&r);
    open_turns (&r);
    return r;
}

static void
run_close (match_run *r)
{
    void *owned[] = { r->at,    r->touched_list, r->placed,      r->led,          r->grouped, r->held,    r->cursor, r->waves,
                      r->worst, r->worst_room,   r->place,       r->lowest,       r->tops,    r->queue,   r->queued, r->cuts,
                      r->found, r->leg_closed,   r->claimed_leg, r->claimed_node, r->turns,   r->glances, r->ceiling };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free (owned[i]);
}

static void
tell (const match_run *r, const match_options *options)
{
    if (options && options->report) {
        match_report report = { r->out->runs, r->out->closing_count, r->failing, r->out->work };
        options->report (options->context, &report);
    }
}

tt_status
match_allocate (const match_instance *instance, const match_options *options, match_result *result, tt_error *error)
{
    match_run r = run_open (instance, result);
    uint64_t limit = options && options->work_limit ? options->work_limit : WORK_LIMIT;
    tt_status status = TT_OK;
    while (status == TT_OK && r.wave <= r.last_wave) {
        uint8_t again = r.wave;
        status = deferred_acceptance (&r, limit, error);
        r.wave = status == TT_OK && match_close_pass (&r, &again) ? again : (uint8_t)(r.wave + 1);
        tell (&r, options);
    }
    for (uint32_t i = 0; i < instance->pair_count; i++) {
        result->amount[i] = r.at[i].amount;
        result->state[i] = r.at[i].state;
    }
    run_close (&r);
    return status;
}

void
match_result_free (match_result *result)
{
    free (result->amount);
    free (result->state);
    free (result->turned_down);
    free (result->capacity);
    free (result->group_capacity);
    free (result->closings);
    *result = (match_result){ 0 };
}
