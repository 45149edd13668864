#include "query/records.h"

#define FIRST_SLOTS 1024

void
records_open (records *r)
{
    *r = (records){ .slot_count = FIRST_SLOTS };
    r->slots = tt_alloc_zero (FIRST_SLOTS, sizeof *r->slots);
}

void
records_close (records *r)
{
    free (r->ids);
    free (r->runs);
    free (r->unused);
    free (r->slots);
    *r = (records){ 0 };
}

static size_t
home_of (const records *r, uint64_t id)
{
    id *= UINT64_C (0x9E3779B97F4A7C15);
    return (id ^ id >> 32) & (r->slot_count - 1);
}

/* The slot of an id, or the empty one where it would go. */
static size_t
find_slot (const records *r, uint64_t id)
{
    size_t at = home_of (r, id);
    while (r->slots[at] && r->ids[r->slots[at] - 1] != id)
        at = (at + 1) & (r->slot_count - 1);
    return at;
}

uint32_t
records_find (const records *r, uint64_t id)
{
    return r->slots[find_slot (r, id)] - 1; /* 0 - 1 is RECORDS_NONE */
}

static void
widen_slots (records *r)
{
    free (r->slots);
    r->slot_count *= 2;
    r->slots = tt_alloc_zero (r->slot_count, sizeof *r->slots);
    for (size_t i = 0; i < r->count; i++)
        if (r->runs[i] != POOL_NONE)
            r->slots[find_slot (r, r->ids[i])] = (uint32_t)i + 1;
}

static uint32_t
free_record (records *r)
{
    if (r->unused_count > 0)
        return r->unused[--r->unused_count];
    if (r->count == r->room) {
        r->room = r->room + r->room / 4 + 64;
        r->ids = tt_realloc (r->ids, r->room * sizeof *r->ids);
        r->runs = tt_realloc (r->runs, r->room * sizeof *r->runs);
    }
    return (uint32_t)r->count++;
}

uint32_t
records_add (records *r, uint64_t id)
{
    if ((records_used (r) + 1) * 4 > r->slot_count * 3)
        widen_slots (r);
    uint32_t record = free_record (r);
    r->ids[record] = id;
    r->runs[record] = POOL_NONE;
    r->slots[find_slot (r, id)] = record + 1;
    return record;
}

/* Later ones of the chain move up, so that no tombstone stays. */
void
records_remove (records *r, uint32_t record)
{
    size_t mask = r->slot_count - 1;
    size_t hole = find_slot (r, r->ids[record]);
    for (size_t at = (hole + 1) & mask; r->slots[at]; at = (at + 1) & mask) {
        size_t home = home_of (r, r->ids[r->slots[at] - 1]);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            r->slots[hole] = r->slots[at];
            hole = at;
        }
    }
    r->slots[hole] = 0;
    r->runs[record] = POOL_NONE;
    if (r->unused_count == r->unused_room) {
        r->unused_room = r->unused_room ? r->unused_room * 2 : 64;
        r->unused = tt_realloc (r->unused, r->unused_room * sizeof *r->unused);
    }
    r->unused[r->unused_count++] = record;
}

size_t
records_bytes (const records *r)
{
    return r->room * (sizeof *r->ids + sizeof *r->runs) + r->unused_room * sizeof *r->unused + r->slot_count * sizeof *r->slots;
}
