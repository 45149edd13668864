#include "portions.h"

#include <stdio.h>
#include <string.h>

void
stats_portions_init (stats_portions *portions, const char *stream, uint32_t undo_slots)
{
    *portions = (stats_portions){ .stream = stream, .arena = tt_arena_new (0), .undo_slots = undo_slots };
}

void
stats_portions_free (stats_portions *portions)
{
    for (uint32_t p = 0; p < portions->capacity; p++)
        free (portions->portions[p].events);
    free (portions->portions);
    free (portions->positions);
    tt_arena_destroy (&portions->arena);
    *portions = (stats_portions){ 0 };
}

static void
make_room (stats_portions *portions, uint32_t count)
{
    if (count <= portions->capacity)
        return;
    portions->positions = tt_realloc (portions->positions, count * sizeof *portions->positions);
    portions->portions = tt_realloc (portions->portions, count * sizeof *portions->portions);
    for (uint32_t p = portions->capacity; p < count; p++) {
        portions->positions[p] = (stats_position){ 0 };
        portions->portions[p] = (stats_portion){ .stream = portions->stream, .partition = p, .undo_slots = portions->undo_slots };
    }
    portions->capacity = count;
}

static void
empty_hands (stats_portions *portions)
{
    for (uint32_t p = 0; p < portions->capacity; p++)
        portions->portions[p].count = 0;
    portions->gathered = 0;
    tt_arena_reset (portions->arena);
}

void
stats_portions_restart (stats_portions *portions, const stats_position *positions, uint32_t count)
{
    empty_hands (portions);
    make_room (portions, count);
    for (uint32_t p = 0; p < portions->capacity; p++)
        portions->positions[p] = p < count ? positions[p] : (stats_position){ 0 };
}

/* How many sequences lie between; nothing can be said across epochs. */
static uint64_t
count_missing (const stats_position *last, uint64_t sequence, const char *epoch)
{
    bool comparable = last->sequence == 0 || strcmp (last->epoch, epoch) == 0;
    return comparable ? sequence - last->sequence - 1 : 0;
}

static stats_position
stand (const stats_portions *portions, uint32_t partition)
{
    const stats_portion *portion = &portions->portions[partition];
    stats_position last = portions->positions[partition];
    if (portion->count > 0) {
        last.sequence = portion->events[portion->count - 1].sequence;
        memcpy (last.epoch, portion->epoch, sizeof last.epoch);
    }
    return last;
}

stats_taking
stats_portions_take (stats_portions *portions, uint32_t partition, uint64_t sequence, const char *epoch,
                     const stats_effects *effects, uint64_t *lost)
{
    *lost = 0;
    if (partition >= STATS_SOURCE_PARTITIONS_MAX || sequence == 0 || strlen (epoch) >= STATS_EPOCH_SIZE)
        return STATS_REFUSED;
    make_room (portions, partition + 1);
    stats_portion *portion = &portions->portions[partition];
    stats_position last = stand (portions, partition);
    bool same_epoch = strcmp (last.epoch, epoch) == 0;
    if (same_epoch && sequence <= last.sequence)
        return STATS_DOUBLE;
    if (portions->gathered == STATS_GATHER_MAX || (portion->count > 0 && !same_epoch))
        return STATS_FULL;
    *lost = count_missing (&last, sequence, epoch);
    if (!portion->events)
        portion->events = tt_alloc (STATS_GATHER_MAX * sizeof *portion->events);
    if (portion->count == 0) {
        portion->base = portions->positions[partition];
        snprintf (portion->epoch, sizeof portion->epoch, "%s", epoch);
    }
    portion->events[portion->count++] = (stats_portion_event){ sequence, *effects };
    portions->gathered++;
    return STATS_TAKEN;
}

bool
stats_portions_lose (stats_portions *portions, uint32_t partition, uint64_t first, stats_position *base,
                     char epoch[STATS_EPOCH_SIZE])
{
    if (partition >= portions->capacity)
        return false;
    stats_portion *portion = &portions->portions[partition];
    memcpy (epoch, stand (portions, partition).epoch, STATS_EPOCH_SIZE);
    *base = portions->positions[partition];
    while (portion->count > 0 && portion->events[portion->count - 1].sequence >= first) {
        portion->count--;
        portions->gathered--;
    }
    return true;
}

void
stats_portions_survive (stats_portions *portions, uint32_t partition, uint64_t undone)
{
    portions->positions[partition].undone = undone;
    portions->portions[partition].base.undone = undone;
}

bool
stats_portions_went_back (const stats_portions *portions, const stats_position *stored, uint32_t count)
{
    for (uint32_t p = 0; p < portions->capacity; p++) {
        const stats_position *here = &portions->positions[p];
        stats_position there = p < count ? stored[p] : (stats_position){ 0 };
        if (there.undone != here->undone || there.sequence < here->sequence)
            return true;
    }
    return false;
}

void
stats_portions_done (stats_portions *portions)
{
    for (uint32_t p = 0; p < portions->capacity; p++)
        portions->positions[p] = stand (portions, p);
    empty_hands (portions);
}
