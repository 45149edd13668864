#include "explore.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/buffer.h"

#define NOWHERE UINT32_MAX

typedef struct {
    uint32_t parent;
    step how;
} node;

typedef struct {
    uint32_t from, to;
} edge;

typedef struct {
    state *list;
    size_t count, capacity;
} generation;

typedef struct {
    const model *model;
    uint32_t limit;
    uint64_t *hashes;  /* open addressing, 0 = free */
    uint32_t *indices; /* beside it */
    size_t slots;
    node *nodes;
    bool *done;
    size_t count, capacity;
    edge *edges;
    size_t edge_count, edge_capacity;
    generation next;
    uint32_t current;
    uint32_t broken_at;
    fault_name broken;
    uint64_t steps;
} search;

static void *
grow (void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity ? *capacity * 2 : 1024;
    return tt_realloc (list, *capacity * size);
}

static uint64_t
hash_of (const state *s)
{
    uint64_t h = XXH3_64bits (s, sizeof *s);
    return h ? h : 1;
}

static void
rehash (search *f)
{
    size_t old = f->slots;
    uint64_t *hashes = f->hashes;
    uint32_t *indices = f->indices;
    f->slots = old ? old * 2 : 1 << 16;
    f->hashes = tt_alloc_zero (f->slots, sizeof *f->hashes);
    f->indices = tt_alloc_zero (f->slots, sizeof *f->indices);
    for (size_t i = 0; i < old; i++) {
        size_t at = hashes[i] & (f->slots - 1);
        while (hashes[i] && f->hashes[at])
            at = (at + 1) & (f->slots - 1);
        if (hashes[i]) {
            f->hashes[at] = hashes[i];
            f->indices[at] = indices[i];
        }
    }
    free (hashes);
    free (indices);
}

/* The index of the state; *fresh if it was not known. */
static uint32_t
intern (search *f, const state *s, bool *fresh)
{
    if (f->count * 3 >= f->slots * 2)
        rehash (f);
    uint64_t h = hash_of (s);
    size_t at = h & (f->slots - 1);
    while (f->hashes[at] && f->hashes[at] != h)
        at = (at + 1) & (f->slots - 1);
    *fresh = f->hashes[at] == 0;
    if (!*fresh)
        return f->indices[at];
    f->hashes[at] = h;
    f->indices[at] = (uint32_t)f->count;
    return (uint32_t)f->count;
}

static void
add_node (search *f, const state *s, step how)
{
    size_t capacity = f->capacity;
    f->nodes = grow (f->nodes, f->count, &f->capacity, sizeof *f->nodes);
    if (capacity != f->capacity)
        f->done = tt_realloc (f->done, f->capacity * sizeof *f->done);
    f->nodes[f->count] = (node){ f->current, how };
    f->done[f->count++] = state_is_done (f->model, s);
    f->next.list = grow (f->next.list, f->next.count, &f->next.capacity, sizeof *f->next.list);
    f->next.list[f->next.count++] = *s;
}

static void
take_state (void *context, const state *s, step how)
{
    search *f = context;
    if (f->broken != SOUND)
        return;
    f->steps++;
    bool fresh;
    uint32_t index = intern (f, s, &fresh);
    if (!how.fault && index != f->current) {
        f->edges = grow (f->edges, f->edge_count, &f->edge_capacity, sizeof *f->edges);
        f->edges[f->edge_count++] = (edge){ f->current, index };
    }
    if (!fresh)
        return;
    add_node (f, s, how);
    f->broken = state_check (f->model, s);
    if (f->broken != SOUND)
        f->broken_at = index;
}

/* Generation after generation; the number of generations. */
static uint32_t
spread (search *f)
{
    generation now = { 0 };
    uint32_t depth = 0, index = 0;
    walk w = { .model = f->model, .visit = take_state, .context = f };
    while (f->next.count && f->broken == SOUND && f->count < f->limit) {
        generation spare = now;
        now = f->next;
        f->next = (generation){ .list = spare.list, .capacity = spare.capacity };
        for (size_t i = 0; i < now.count && f->broken == SOUND; i++) {
            f->current = index++;
            w.from = &now.list[i];
            walk_all (&w);
        }
        depth++;
    }
    free (now.list);
    return depth;
}

/* -- liveness -- */

static void
mark_backwards (search *f, const uint32_t *starts, const uint32_t *sources)
{
    uint32_t *stack = tt_alloc (f->count * sizeof *stack);
    size_t top = 0;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->done[i])
            stack[top++] = i;
    while (top) {
        uint32_t at = stack[--top];
        for (uint32_t i = starts[at]; i < starts[at + 1]; i++)
            if (!f->done[sources[i]]) {
                f->done[sources[i]] = true;
                stack[top++] = sources[i];
            }
    }
    free (stack);
}

/* Marks what has a way to a done state; the first that has none is broken. */
static void
find_stuck (search *f)
{
    uint32_t *starts = tt_alloc_zero (f->count + 2, sizeof *starts);
    uint32_t *sources = tt_alloc ((f->edge_count + 1) * sizeof *sources);
    for (size_t i = 0; i < f->edge_count; i++)
        starts[f->edges[i].to + 2]++;
    for (size_t i = 2; i < f->count + 2; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < f->edge_count; i++)
        sources[starts[f->edges[i].to + 1]++] = f->edges[i].from;
    mark_backwards (f, starts, sources);
    for (uint32_t i = 0; i < f->count && f->broken == SOUND; i++)
        if (!f->done[i]) {
            f->broken = BROKEN_STUCK;
            f->broken_at = i;
        }
    free (starts);
    free (sources);
}

/* -- traces -- */

struct again {
    step how;
    uint64_t hash;
    state to;
    bool found;
};

static void
take_if_same (void *context, const state *s, step how)
{
    struct again *again = context;
    if (!again->found && memcmp (&how, &again->how, sizeof how) == 0) {
        again->to = *s;
        again->found = true;
    }
}

static uint32_t
way_to (const search *f, uint32_t index, uint32_t *way)
{
    uint32_t length = 0;
    for (uint32_t at = index; at != 0; at = f->nodes[at].parent) {
        if (way)
            way[length] = at;
        length++;
    }
    return length;
}

static void
print_trace (const search *f, FILE *out)
{
    uint32_t length = way_to (f, f->broken_at, NULL);
    uint32_t *way = tt_alloc ((length + 1) * sizeof *way);
    way_to (f, f->broken_at, way);
    state from;
    state_init (f->model, &from);
    for (uint32_t i = length; i-- > 0;) {
        struct again again = { .how = f->nodes[way[i]].how };
        walk w = { .model = f->model, .from = &from, .visit = take_if_same, .context = &again };
        walk_all (&w);
        assert (again.found);
        fprintf (out, "  %2u  ", length - i);
        step_print (out, again.how, &from, &again.to);
        from = again.to;
    }
    fprintf (out, "      => %s\n", fault_names[f->broken]);
    free (way);
}

outcome
explore (const model *m, uint32_t limit, FILE *trace)
{
    search f = { .model = m, .limit = limit };
    state first;
    state_init (m, &first);
    bool fresh;
    intern (&f, &first, &fresh);
    add_node (&f, &first, (step){ 0 });
    outcome out = { .depth = spread (&f) };
    out.cut = f.broken == SOUND && f.next.count != 0;
    if (f.broken == SOUND && !out.cut)
        find_stuck (&f);
    if (f.broken != SOUND) {
        out.length = way_to (&f, f.broken_at, NULL);
        if (trace)
            print_trace (&f, trace);
    }
    out.broken = f.broken;
    out.states = f.count;
    out.steps = f.steps;
    out.bytes = f.slots * (sizeof *f.hashes + sizeof *f.indices) + f.capacity * (sizeof *f.nodes + 1)
                + f.edge_capacity * sizeof *f.edges + 2 * f.next.capacity * sizeof *f.next.list;
    free (f.hashes);
    free (f.indices);
    free (f.nodes);
    free (f.done);
    free (f.edges);
    free (f.next.list);
    return out;
}
