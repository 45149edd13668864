#include "nest.h"

#include <string.h>

typedef struct {
    size_t first_column; /* in columns and, times the words, in masks */
    uint32_t column_count;
    uint32_t cells;
    uint32_t parent;
    uint32_t place;
} nested_set;

struct match_nest {
    uint32_t columns, atoms, words;
    nested_set *sets;
    uint32_t count, capacity;
    tt_buffer covered;         /* of uint32_t: columns of all sets */
    tt_buffer masks;           /* of uint64_t */
    uint32_t *innermost, *top; /* of each cell */
    uint32_t *order;           /* sets by place */
};

match_nest *
match_nest_new (uint32_t columns, uint32_t atoms)
{
    match_nest *nest = tt_alloc_zero (1, sizeof *nest);
    nest->columns = columns;
    nest->atoms = atoms;
    nest->words = (atoms + 63) / 64;
    return nest;
}

void
match_nest_destroy (match_nest **nest)
{
    if (*nest == NULL)
        return;
    tt_buffer_free (&(*nest)->covered);
    tt_buffer_free (&(*nest)->masks);
    free ((*nest)->innermost);
    free ((*nest)->top);
    free ((*nest)->order);
    free ((*nest)->sets);
    free (*nest);
    *nest = NULL;
}

uint32_t
match_nest_words (const match_nest *nest)
{
    return nest->words;
}

uint32_t
match_nest_add (match_nest *nest)
{
    if (nest->count == nest->capacity) {
        nest->capacity = nest->capacity ? nest->capacity * 2 : 64;
        nest->sets = tt_realloc (nest->sets, nest->capacity * sizeof *nest->sets);
    }
    nest->sets[nest->count] = (nested_set){ nest->covered.size / sizeof (uint32_t), 0, 0, MATCH_NO_SET, 0 };
    return nest->count++;
}

void
match_nest_cover (match_nest *nest, uint32_t column, const uint64_t *atoms)
{
    nested_set *set = &nest->sets[nest->count - 1];
    uint32_t cells = 0;
    for (uint32_t i = 0; i < nest->words; i++)
        cells += (uint32_t)__builtin_popcountll (atoms[i]);
    if (cells == 0)
        return;
    tt_buffer_append (&nest->covered, &column, sizeof column);
    tt_buffer_append (&nest->masks, atoms, nest->words * sizeof *atoms);
    set->column_count++;
    set->cells += cells;
}

static int
compare_sets (const void *left, const void *right, void *context)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const nested_set *sets = context;
    if (sets[a].cells != sets[b].cells)
        return sets[a].cells < sets[b].cells ? -1 : 1;
    return a < b ? -1 : 1;
}

/* Puts a set on top of its cells, and counts for each set that was on top of some how many it took of it. */
static uint32_t
cover_cells (match_nest *nest, uint32_t number, uint32_t *taken, uint32_t *below)
{
    const nested_set *set = &nest->sets[number];
    const uint32_t *columns = (const uint32_t *)(const void *)nest->covered.data;
    const uint64_t *masks = (const uint64_t *)(const void *)nest->masks.data;
    uint32_t below_count = 0;
    for (size_t i = set->first_column; i < set->first_column + set->column_count; i++)
        for (uint32_t atom = 0; atom < nest->atoms; atom++) {
            if (!(masks[i * nest->words + atom / 64] >> (atom % 64) & 1))
                continue;
            size_t cell = (size_t)columns[i] * nest->atoms + atom;
            uint32_t top = nest->top[cell];
            nest->top[cell] = number;
            if (top == MATCH_NO_SET)
                nest->innermost[cell] = number;
            else if (taken[top]++ == 0)
                below[below_count++] = top;
        }
    return below_count;
}

/* Smaller sets go first, so what a set takes of another, it must take whole: else the two cross. */
static bool
nest_one (match_nest *nest, uint32_t number, uint32_t *taken, uint32_t *below, uint32_t *crossed)
{
    uint32_t count = cover_cells (nest, number, taken, below);
    *crossed = MATCH_NO_SET;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t child = below[i];
        if (taken[child] != nest->sets[child].cells && child < *crossed)
            *crossed = child;
        nest->sets[child].parent = number;
        taken[child] = 0;
    }
    return *crossed == MATCH_NO_SET;
}

bool
match_nest_solve (match_nest *nest, uint32_t *a, uint32_t *b)
{
    size_t cells = (size_t)nest->columns * nest->atoms;
    uint32_t *order = nest->order = tt_realloc (nest->order, (nest->count + 1) * sizeof *order);
    uint32_t *taken = tt_alloc_zero (nest->count + 1, sizeof *taken), *below = tt_alloc ((nest->count + 1) * sizeof *below);
    bool fits = true;
    nest->innermost = tt_realloc (nest->innermost, cells * sizeof *nest->innermost);
    nest->top = tt_realloc (nest->top, cells * sizeof *nest->top);
    memset (nest->innermost, 0xff, cells * sizeof *nest->innermost);
    memset (nest->top, 0xff, cells * sizeof *nest->top);
    for (uint32_t i = 0; i < nest->count; i++)
        order[i] = i;
    if (nest->count > 1)
        qsort_r (order, nest->count, sizeof *order, compare_sets, nest->sets);
    for (uint32_t i = 0; i < nest->count && fits; i++) {
        nest->sets[order[i]].place = i;
        fits = nest_one (nest, order[i], taken, below, a);
        *b = order[i];
    }
    free (below);
    free (taken);
    return fits;
}

uint32_t
match_nest_innermost (const match_nest *nest, uint32_t column, uint32_t atom)
{
    return nest->innermost[(size_t)column * nest->atoms + atom];
}

uint32_t
match_nest_parent (const match_nest *nest, uint32_t set)
{
    return nest->sets[set].parent;
}

uint32_t
match_nest_place (const match_nest *nest, uint32_t set)
{
    return nest->sets[set].place;
}

uint32_t
match_nest_at (const match_nest *nest, uint32_t place)
{
    return nest->order[place];
}
