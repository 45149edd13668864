#include "tally.h"

#include <string.h>

void
stats_tally_cell (stats_tally *tally, tt_arena *arena, stats_cell cell)
{
    if (tally->count == tally->capacity) {
        size_t capacity = tally->capacity ? 2 * tally->capacity : 64;
        stats_cell *cells = tt_arena_alloc (arena, capacity * sizeof *cells);
        if (tally->count > 0)
            memcpy (cells, tally->cells, tally->count * sizeof *cells);
        tally->cells = cells;
        tally->capacity = capacity;
    }
    tally->cells[tally->count++] = cell;
}

static void
add_places (stats_tally *tally, tt_arena *arena, const char *name, const stats_effect *effect)
{
    bool placed = effect->district[0] != '\0';
    stats_tally_cell (tally, arena, (stats_cell){ name, "", 0, effect->delta });
    if (placed)
        stats_tally_cell (tally, arena, (stats_cell){ name, effect->district, 0, effect->delta });
    for (size_t i = 0; i < effect->special_count; i++) {
        stats_tally_cell (tally, arena, (stats_cell){ name, "", effect->specials[i], effect->delta });
        if (placed)
            stats_tally_cell (tally, arena, (stats_cell){ name, effect->district, effect->specials[i], effect->delta });
    }
}

void
stats_tally_effect (stats_tally *tally, tt_arena *arena, const stats_effect *effect)
{
    const char *name = stats_count_kind_of (effect->count)->name;
    add_places (tally, arena, name, effect);
    if (effect->detail[0])
        add_places (tally, arena, tt_arena_printf (arena, "%s/%s", name, effect->detail), effect);
}

static const char *
copy_text (tt_arena *arena, const char *text)
{
    return tt_arena_strndup (arena, text, strlen (text));
}

tt_status
stats_tally_row (stats_tally *tally, tt_arena *arena, tt_bytes row, tt_error *error)
{
    Techtransfer__Statistics__V1__CountRow *stored = techtransfer__statistics__v1__count_row__unpack (NULL, row.size, row.data);
    if (!stored)
        return tt_fail (error, TT_DATA_LOSS, "a stored row of counts cannot be read");
    for (size_t i = 0; i < stored->n_counts; i++) {
        const Techtransfer__Statistics__V1__Count *c = stored->counts[i];
        stats_tally_cell (tally, arena,
                          (stats_cell){ copy_text (arena, c->name), copy_text (arena, c->district), c->special, c->value });
    }
    techtransfer__statistics__v1__count_row__free_unpacked (stored, NULL);
    return TT_OK;
}

static int
compare_cells (const void *left, const void *right)
{
    const stats_cell *a = left, *b = right;
    int order = strcmp (a->name, b->name);
    if (order == 0)
        order = strcmp (a->district, b->district);
    return order ? order : (a->special > b->special) - (a->special < b->special);
}

tt_status
stats_tally_sum (stats_tally *tally, tt_error *error)
{
    if (tally->count > 0)
        qsort (tally->cells, tally->count, sizeof *tally->cells, compare_cells);
    size_t kept = 0;
    for (size_t i = 0; i < tally->count;) {
        stats_cell sum = tally->cells[i];
        for (i++; i < tally->count && compare_cells (&sum, &tally->cells[i]) == 0; i++)
            if (__builtin_add_overflow (sum.value, tally->cells[i].value, &sum.value))
                return tt_fail (error, TT_OUT_OF_RANGE, "%s has left the range of a count", sum.name);
        if (sum.value > STATS_VALUE_MAX || sum.value < -STATS_VALUE_MAX)
            return tt_fail (error, TT_OUT_OF_RANGE, "%s has left the range of a count", sum.name);
        if (sum.value != 0)
            tally->cells[kept++] = sum;
    }
    tally->count = kept;
    return TT_OK;
}

Techtransfer__Statistics__V1__Count **
stats_tally_messages (const stats_tally *tally, tt_arena *arena)
{
    Techtransfer__Statistics__V1__Count **messages = tt_arena_alloc (arena, (tally->count + 1) * sizeof *messages);
    for (size_t i = 0; i < tally->count; i++) {
        const stats_cell *cell = &tally->cells[i];
        messages[i] = tt_arena_alloc (arena, sizeof *messages[i]);
        techtransfer__statistics__v1__count__init (messages[i]);
        messages[i]->name = (char *)cell->name;
        messages[i]->district = (char *)cell->district;
        messages[i]->special = cell->special;
        messages[i]->value = cell->value;
    }
    return messages;
}
