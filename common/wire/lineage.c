#include "wire/lineage.h"

#include <string.h>

void
tt_lineage_free (tt_lineage *lineage)
{
    free (lineage->list);
    *lineage = (tt_lineage){ 0 };
}

void
tt_lineage_clear (tt_lineage *lineage)
{
    lineage->count = 0;
}

static void
make_room (tt_lineage *lineage, size_t count)
{
    if (count <= lineage->capacity)
        return;
    lineage->capacity = count < 4 ? 4 : count * 2;
    lineage->list = tt_realloc (lineage->list, lineage->capacity * sizeof *lineage->list);
}

static void
drop_oldest (tt_lineage *lineage)
{
    if (lineage->count < TT_EPOCHS_MAX)
        return;
    size_t gone = lineage->count - TT_EPOCHS_MAX + 1;
    lineage->count -= gone;
    memmove (lineage->list, lineage->list + gone, lineage->count * sizeof *lineage->list);
}

static tt_epoch
make_epoch (uint64_t first, tt_bytes text)
{
    tt_epoch epoch = { .first = first };
    size_t n = text.size < TT_EPOCH_SIZE ? text.size : TT_EPOCH_SIZE - 1;
    if (n)
        memcpy (epoch.epoch, text.data, n);
    return epoch;
}

void
tt_lineage_begin (tt_lineage *lineage, uint64_t first, tt_bytes epoch)
{
    while (lineage->count > 0 && lineage->list[lineage->count - 1].first >= first)
        lineage->count--;
    bool goes_on = lineage->count > 0 && strcmp (lineage->list[lineage->count - 1].epoch, make_epoch (0, epoch).epoch) == 0;
    if (epoch.size == 0 || goes_on)
        return;
    tt_lineage_add (lineage, first, epoch);
}

void
tt_lineage_add (tt_lineage *lineage, uint64_t first, tt_bytes epoch)
{
    tt_epoch made = make_epoch (first, epoch);
    drop_oldest (lineage);
    make_room (lineage, lineage->count + 1);
    lineage->list[lineage->count++] = made;
}

void
tt_lineage_copy (tt_lineage *lineage, const tt_epoch *epochs, size_t count)
{
    make_room (lineage, count);
    lineage->count = count;
    if (count > 0)
        memmove (lineage->list, epochs, count * sizeof *epochs);
}

/* Index of the epoch that a sequence belongs to, from 1; 0: not known. An epoch in which nothing was appended ends before it
 * begins. */
static size_t
place_of (const tt_epoch *epochs, size_t count, uint64_t sequence)
{
    while (count > 0 && epochs[count - 1].first > sequence)
        count--;
    return count;
}

const char *
tt_lineage_at (const tt_lineage *lineage, uint64_t sequence)
{
    size_t place = sequence ? place_of (lineage->list, lineage->count, sequence) : 0;
    return place ? lineage->list[place - 1].epoch : "";
}

bool
tt_lineage_agrees (const tt_lineage *lineage, uint64_t sequence, tt_bytes epoch)
{
    const char *held = tt_lineage_at (lineage, sequence);
    return held[0] == '\0' || epoch.size == 0 || strcmp (held, make_epoch (0, epoch).epoch) == 0;
}

static uint64_t
lesser (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Sequence at which the journal's part of this epoch ends; false if the journal does not have it. */
static bool
end_of_epoch (const char *epoch, const tt_epoch *epochs, size_t count, uint64_t head, uint64_t *end)
{
    *end = head;
    for (size_t i = count; i-- > 0; *end = lesser (*end, epochs[i].first - 1))
        if (strcmp (epochs[i].epoch, epoch) == 0)
            return true;
    return false;
}

uint64_t
tt_lineage_common (const tt_lineage *held, uint64_t seen, const tt_epoch *epochs, size_t count, uint64_t head)
{
    size_t place = place_of (held->list, held->count, seen);
    if (place == 0)
        return lesser (seen, head);
    uint64_t last = seen, end;
    for (; place > 0; last = held->list[--place].first - 1)
        if (end_of_epoch (held->list[place - 1].epoch, epochs, count, head, &end))
            return lesser (last, end);
    return 0;
}
