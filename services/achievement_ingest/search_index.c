#include "search_index.h"

#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/uuid.h"
#include "hash_map.h"
#include "search_builder.h"

#define SLOTS 65536u     /* segments at a time: a record's address is slot and number in 32 bits */
#define TIER_BASE 64u    /* living records of the smallest tier; each next one has eight times as many */
#define TIER_FULL 32768u /* from here on a segment is merged for its dead alone */
#define TIER_SEGMENTS 8u /* of one tier are merged */
#define TIDY_MOST 16384u  /* records written anew by one publish before no other worn segment is begun */
#define DEAD_PART 4u     /* a segment of which one in so many is dead is written anew */

/* A segment as the writer has it. */
typedef struct {
    ingest_segment *segment; /* NULL: free, or the one that is being built */
    ingest_live *live;
    bool shared; /* live belongs to a snapshot too: it is copied before it is changed */
} slot;

struct ingest_index {
    slot *slots;
    uint32_t slot_count;
    uint32_t building; /* slot of what is in the builder */
    ingest_builder *builder;
    uint64_t *built;        /* of the builder: which records live */
    uint64_t *revisions;    /* and their revisions */
    ingest_hash_map places; /* hash of a key to slot and number */
    uint64_t seed, merges;
    bool changed;
    pthread_mutex_t lock; /* over `snapshot` */
    ingest_snapshot *snapshot;
};

/* What is shared */

static ingest_live *
new_live (uint32_t records)
{
    ingest_live *live = tt_alloc_zero (1, sizeof *live + (records + 63) / 64 * sizeof *live->bits);
    atomic_init (&live->users, 1);
    return live;
}

static void
leave_live (ingest_live *live)
{
    if (live && atomic_fetch_sub_explicit (&live->users, 1, memory_order_acq_rel) == 1)
        free (live);
}

void
ingest_snapshot_leave (ingest_snapshot **snapshot)
{
    ingest_snapshot *s = *snapshot;
    *snapshot = NULL;
    if (s == NULL || atomic_fetch_sub_explicit (&s->users, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < s->count; i++) {
        ingest_segment_leave (&s->parts[i].segment);
        leave_live (s->parts[i].live);
    }
    free (s);
}

ingest_snapshot *
ingest_index_take (ingest_index *index)
{
    pthread_mutex_lock (&index->lock);
    ingest_snapshot *s = index->snapshot;
    atomic_fetch_add_explicit (&s->users, 1, memory_order_relaxed);
    pthread_mutex_unlock (&index->lock);
    return s;
}

/* The writer's slots */

static bool
bit (const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static uint32_t
free_slot (ingest_index *x)
{
    for (uint32_t i = 0; i < x->slot_count; i++)
        if (x->slots[i].segment == NULL && i != x->building)
            return i;
    x->slots = tt_realloc (x->slots, (x->slot_count + 1) * sizeof *x->slots);
    x->slots[x->slot_count] = (slot){ 0 };
    return x->slot_count++;
}

static uint64_t
hash_of (const ingest_index *x, tt_bytes key)
{
    return XXH3_64bits_withSeed (key.data, key.size, x->seed);
}

static void
swap_snapshot (ingest_index *x, ingest_snapshot *fresh)
{
    pthread_mutex_lock (&x->lock);
    ingest_snapshot *old = x->snapshot;
    x->snapshot = fresh;
    pthread_mutex_unlock (&x->lock);
    ingest_snapshot_leave (&old);
}

static ingest_snapshot *
new_snapshot (size_t parts)
{
    ingest_snapshot *s = tt_alloc_zero (1, sizeof *s + parts * sizeof *s->parts);
    atomic_init (&s->users, 1);
    return s;
}

ingest_index *
ingest_index_new (void)
{
    ingest_index *x = tt_alloc_zero (1, sizeof *x);
    pthread_mutex_init (&x->lock, NULL);
    tt_random_bytes (&x->seed, sizeof x->seed);
    x->builder = ingest_builder_new ();
    x->built = tt_alloc_zero (INGEST_SEGMENT_WORDS, sizeof *x->built);
    x->revisions = tt_alloc (INGEST_SEGMENT_MOST * sizeof *x->revisions);
    x->building = SLOTS;
    x->building = free_slot (x);
    x->snapshot = new_snapshot (0);
    return x;
}

void
ingest_index_destroy (ingest_index **index)
{
    ingest_index *x = *index;
    if (x == NULL)
        return;
    for (uint32_t i = 0; i < x->slot_count; i++) {
        ingest_segment_leave (&x->slots[i].segment);
        leave_live (x->slots[i].live);
    }
    ingest_snapshot_leave (&x->snapshot);
    ingest_builder_destroy (&x->builder);
    ingest_hash_free (&x->places);
    pthread_mutex_destroy (&x->lock);
    free (x->slots);
    free (x->built);
    free (x->revisions);
    free (x);
    *index = NULL;
}

/* Records */

static void
own_live (slot *s)
{
    if (!s->shared)
        return;
    size_t size = sizeof *s->live + (s->segment->count + 63) / 64 * sizeof *s->live->bits;
    ingest_live *copy = tt_alloc (size);
    copy->count = s->live->count;
    copy->length = s->live->length;
    memcpy (copy->bits, s->live->bits, size - sizeof *copy);
    atomic_init (&copy->users, 1);
    leave_live (s->live);
    s->live = copy;
    s->shared = false;
}

static void
kill_record (ingest_index *x, uint32_t place)
{
    uint32_t which = place >> 16, record = place & 0xFFFF;
    uint64_t *bits = x->built;
    if (which != x->building) {
        slot *s = &x->slots[which];
        own_live (s);
        s->live->count--;
        s->live->length -= s->segment->length[record];
        bits = s->live->bits;
    }
    bits[record / 64] &= ~(UINT64_C (1) << record % 64);
    x->changed = true;
}

void
ingest_index_remove (ingest_index *x, tt_bytes key)
{
    uint64_t hash = hash_of (x, key);
    const uint32_t *place = ingest_hash_find (&x->places, hash);
    if (place == NULL)
        return;
    kill_record (x, *place);
    ingest_hash_remove (&x->places, hash);
}

uint64_t
ingest_index_revision (const ingest_index *x, tt_bytes key)
{
    const uint32_t *place = ingest_hash_find (&x->places, hash_of (x, key));
    if (place == NULL)
        return 0;
    uint32_t which = *place >> 16, record = *place & 0xFFFF;
    return which == x->building ? x->revisions[record] : x->slots[which].segment->revision[record];
}

/* What was built becomes a segment of its slot. */
static void
seal (ingest_index *x)
{
    uint32_t count = ingest_builder_count (x->builder);
    if (count == 0)
        return;
    slot *s = &x->slots[x->building];
    s->segment = ingest_builder_seal (x->builder);
    s->live = new_live (count);
    s->shared = false;
    memcpy (s->live->bits, x->built, (count + 63) / 64 * sizeof *s->live->bits);
    for (uint32_t i = 0; i < count; i++) {
        s->live->count += bit (x->built, i);
        s->live->length += bit (x->built, i) ? s->segment->length[i] : 0;
    }
    memset (x->built, 0, INGEST_SEGMENT_WORDS * sizeof *x->built);
    x->building = free_slot (x);
}

void
ingest_index_put (ingest_index *x, const ingest_record *record)
{
    if (ingest_builder_count (x->builder) == INGEST_SEGMENT_MOST)
        seal (x);
    uint32_t number = ingest_builder_count (x->builder);
    ingest_builder_add (x->builder, record);
    tt_bytes key = ingest_builder_key (x->builder, number);
    ingest_index_remove (x, key);
    ingest_hash_set (&x->places, hash_of (x, key), x->building << 16 | number);
    x->built[number / 64] |= UINT64_C (1) << number % 64;
    x->revisions[number] = record->revision;
    x->changed = true;
}

/* Merging */

static void
give_up (slot *s)
{
    ingest_segment_leave (&s->segment);
    leave_live (s->live);
    *s = (slot){ 0 };
}

/* Several slots into one. */
static void
merge (ingest_index *x, const uint32_t *which, size_t count)
{
    ingest_segment *segments[TIER_SEGMENTS] = { NULL };
    const uint64_t *live[TIER_SEGMENTS] = { NULL };
    for (size_t i = 0; i < count; i++) {
        segments[i] = x->slots[which[i]].segment;
        live[i] = x->slots[which[i]].live->bits;
    }
    ingest_segment *merged = ingest_segment_merge (segments, live, count);
    for (size_t i = 0; i < count; i++)
        give_up (&x->slots[which[i]]);
    x->merges++;
    if (merged->count == 0) {
        ingest_segment_leave (&merged);
        return;
    }
    uint32_t to = free_slot (x);
    slot *s = &x->slots[to];
    *s = (slot){ .segment = merged, .live = new_live (merged->count) };
    s->live->count = merged->count;
    for (uint32_t i = 0; i < merged->count; i++) {
        s->live->bits[i / 64] |= UINT64_C (1) << i % 64;
        s->live->length += merged->length[i];
        ingest_hash_set (&x->places, hash_of (x, ingest_segment_key (merged, i)), to << 16 | i);
    }
}

static bool
is_worn (const slot *s)
{
    uint32_t dead = s->segment->count - s->live->count;
    return s->live->count == 0 || (dead >= TIER_BASE && dead > s->segment->count / DEAD_PART);
}

/* The slots of a tier: living records from `least` to below `most`. At most TIER_SEGMENTS that fit in one segment. */
static size_t
find_tier (const ingest_index *x, uint32_t least, uint32_t most, uint32_t *which)
{
    size_t count = 0, all = 0;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < x->slot_count; i++) {
        const slot *s = &x->slots[i];
        if (s->segment == NULL || s->live->count < least || s->live->count >= most)
            continue;
        all++;
        if (count < TIER_SEGMENTS && sum + s->live->count <= INGEST_SEGMENT_MOST) {
            sum += s->live->count;
            which[count++] = i;
        }
    }
    return all >= TIER_SEGMENTS && count > 1 ? count : 0;
}

/* Returns how many records were written anew. */
static uint32_t
tidy_tiers (ingest_index *x)
{
    uint32_t written = 0;
    for (uint32_t least = 0, most = TIER_BASE; least < TIER_FULL; least = most, most = most * 8 < TIER_FULL ? most * 8 : TIER_FULL) {
        uint32_t which[TIER_SEGMENTS];
        size_t count = find_tier (x, least, most, which);
        for (size_t i = 0; i < count; i++)
            written += x->slots[which[i]].live->count;
        if (count > 0)
            merge (x, which, count);
    }
    return written;
}

/* Not too much at once: somebody may wait for the snapshot. What is left over is done the next time. */
static void
tidy (ingest_index *x)
{
    uint32_t written = tidy_tiers (x);
    for (uint32_t i = 0; i < x->slot_count && written < TIDY_MOST; i++) {
        if (x->slots[i].segment == NULL || !is_worn (&x->slots[i]))
            continue;
        written += x->slots[i].live->count;
        merge (x, &i, 1);
    }
}

void
ingest_index_publish (ingest_index *x)
{
    if (!x->changed)
        return;
    seal (x);
    tidy (x);
    ingest_snapshot *fresh = new_snapshot (x->slot_count);
    for (uint32_t i = 0; i < x->slot_count; i++) {
        slot *s = &x->slots[i];
        if (s->segment == NULL)
            continue;
        atomic_fetch_add_explicit (&s->live->users, 1, memory_order_relaxed);
        s->shared = true;
        fresh->parts[fresh->count++] = (ingest_part){ ingest_segment_keep (s->segment), s->live };
        fresh->records += s->live->count;
        fresh->length += s->live->length;
    }
    x->changed = false;
    swap_snapshot (x, fresh);
}

ingest_index_figures
ingest_index_measure (const ingest_index *x)
{
    ingest_index_figures f = { .merges = x->merges, .bytes = x->places.capacity * sizeof *x->places.entries };
    f.bytes += INGEST_SEGMENT_WORDS * sizeof *x->built + INGEST_SEGMENT_MOST * sizeof *x->revisions;
    for (uint32_t i = 0; i < x->slot_count; i++) {
        const slot *s = &x->slots[i];
        if (s->segment == NULL)
            continue;
        f.segments++;
        f.records += s->live->count;
        f.dead += s->segment->count - s->live->count;
        f.bytes += ingest_segment_bytes (s->segment) + sizeof *s->live + s->segment->count / 8;
    }
    return f;
}
