#include "watch_index.h"

#include <string.h>
#include <xxhash.h>

#include "watch.h"

/* A filed watch; its texts lie behind it in the same allocation. A percolator knows it by its place in `slots`, which says, too, which
 * percolator: place modulo their number. */
typedef struct {
    alert_watch_entry entry;
    uint64_t hash;
    uint64_t order; /* the first bytes of the owner, comparable: most of a sort need not read the names */
    size_t next; /* of the same bucket: slot + 1, 0 = none */
} filed;

typedef struct {
    tt_percolator *percolator;
    const uint64_t *ids; /* the last answer */
    size_t count;
} part;

struct alert_watch_index {
    tt_crew *crew; /* borrowed, or NULL */
    part parts[TT_CREW_MAX];
    size_t part_count;
    const tt_document *document; /* that is being matched */
    filed **slots; /* NULL: free */
    size_t slot_count, slot_capacity;
    size_t *free_slots;
    size_t free_count, free_capacity;
    size_t *buckets; /* slot + 1; power of two */
    size_t bucket_count;
    size_t size;
    size_t listening[ALERT_TRIGGERS];
    uint32_t due_days;
    int64_t due_since;
    const filed **sorted; /* the last answer, and */
    const alert_watch_entry **matches;
    size_t match_capacity;
};

#define FIRST_BUCKETS 1024
#define ALONE_UP_TO 50000 /* watches that are asked sooner than others are woken */

alert_watch_index *
alert_watch_index_new (void)
{
    return alert_watch_index_new_with (NULL);
}

alert_watch_index *
alert_watch_index_new_with (tt_crew *crew)
{
    alert_watch_index *index = tt_alloc_zero (1, sizeof *index);
    index->crew = crew;
    index->part_count = crew ? tt_crew_size (crew) : 1;
    for (size_t i = 0; i < index->part_count; i++)
        index->parts[i].percolator = tt_percolator_new (tt_schema_patent ());
    index->bucket_count = FIRST_BUCKETS;
    index->buckets = tt_alloc_zero (FIRST_BUCKETS, sizeof *index->buckets);
    return index;
}

void
alert_watch_index_destroy (alert_watch_index **index)
{
    alert_watch_index *x = *index;
    if (x == NULL)
        return;
    for (size_t i = 0; i < x->slot_count; i++)
        free (x->slots[i]);
    for (size_t i = 0; i < x->part_count; i++)
        tt_percolator_destroy (&x->parts[i].percolator);
    free (x->slots);
    free (x->free_slots);
    free (x->buckets);
    free (x->matches);
    free (x->sorted);
    free (x);
    *index = NULL;
}

/* -- by name -- */

static uint64_t
hash_name (const char *owner, const char *watch_id)
{
    return XXH3_64bits_withSeed (watch_id, strlen (watch_id), XXH3_64bits (owner, strlen (owner)));
}

/* The place that holds the slot's number, or the end of its chain. */
static size_t *
find (alert_watch_index *index, uint64_t hash, const char *owner, const char *watch_id)
{
    size_t *link = &index->buckets[hash & (index->bucket_count - 1)];
    while (*link) {
        filed *f = index->slots[*link - 1];
        if (f->hash == hash && strcmp (f->entry.owner, owner) == 0 && strcmp (f->entry.watch_id, watch_id) == 0)
            break;
        link = &f->next;
    }
    return link;
}

static void
grow_buckets (alert_watch_index *index)
{
    free (index->buckets);
    index->bucket_count *= 2;
    index->buckets = tt_alloc_zero (index->bucket_count, sizeof *index->buckets);
    for (size_t i = 0; i < index->slot_count; i++) {
        filed *f = index->slots[i];
        if (f == NULL)
            continue;
        size_t *bucket = &index->buckets[f->hash & (index->bucket_count - 1)];
        f->next = *bucket;
        *bucket = i + 1;
    }
}

static size_t
take_slot (alert_watch_index *index)
{
    if (index->free_count > 0)
        return index->free_slots[--index->free_count];
    if (index->slot_count == index->slot_capacity) {
        index->slot_capacity = index->slot_capacity ? index->slot_capacity * 2 : 64;
        index->slots = tt_realloc (index->slots, index->slot_capacity * sizeof *index->slots);
    }
    return index->slot_count++;
}

static void
give_slot (alert_watch_index *index, size_t slot)
{
    index->slots[slot] = NULL;
    if (index->free_count == index->free_capacity) {
        index->free_capacity = index->free_capacity ? index->free_capacity * 2 : 64;
        index->free_slots = tt_realloc (index->free_slots, index->free_capacity * sizeof *index->free_slots);
    }
    index->free_slots[index->free_count++] = slot;
}

static char *
place (char **at, const char *text)
{
    char *start = *at;
    size_t size = strlen (text) + 1;
    memcpy (start, text, size);
    *at += size;
    return start;
}

static uint64_t
order_of (const char *owner)
{
    uint64_t order = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        order = order << 8 | (uint8_t)*owner;
        owner += *owner != '\0';
    }
    return order;
}

static filed *
make (const Watch *watch, const char *query, uint64_t hash)
{
    size_t texts = strlen (watch->owner) + strlen (watch->watch_id) + strlen (watch->label) + strlen (query) + 4;
    filed *f = tt_alloc (sizeof *f + texts);
    char *at = (char *)(f + 1);
    *f = (filed){ .hash = hash, .order = order_of (watch->owner) };
    f->entry.owner = place (&at, watch->owner);
    f->entry.watch_id = place (&at, watch->watch_id);
    f->entry.label = place (&at, watch->label);
    f->entry.query = place (&at, query);
    f->entry.severity = watch->severity;
    f->entry.revision = watch->revision;
    f->entry.since_unix_ms = watch->since_unix_ms ? watch->since_unix_ms : watch->created_unix_ms;
    f->entry.terms = alert_terms_of (watch);
    return f;
}

static tt_percolator *
percolator_of (const alert_watch_index *index, size_t slot)
{
    return index->parts[slot % index->part_count].percolator;
}

/* Counts who listens to what. */
static void
listen (alert_watch_index *index, const alert_watch_entry *entry, bool begin)
{
    for (unsigned t = 0; t < ALERT_TRIGGERS; t++)
        if (entry->terms.triggers >> t & 1)
            index->listening[t] += begin ? 1 : (size_t)-1;
    if (!begin || !(entry->terms.triggers >> TRIGGER (DUE) & 1))
        return;
    if (entry->terms.due_within_days > index->due_days)
        index->due_days = entry->terms.due_within_days;
    if (entry->since_unix_ms > index->due_since)
        index->due_since = entry->since_unix_ms;
}

/* -- public -- */

bool
alert_watch_index_remove (alert_watch_index *index, const char *owner, const char *watch_id)
{
    size_t *link = find (index, hash_name (owner, watch_id), owner, watch_id);
    if (*link == 0)
        return false;
    size_t slot = *link - 1;
    filed *f = index->slots[slot];
    *link = f->next;
    (void)tt_percolator_remove (percolator_of (index, slot), slot);
    give_slot (index, slot);
    listen (index, &f->entry, false);
    free (f);
    index->size--;
    return true;
}

static tt_status
file (alert_watch_index *index, const Watch *watch, const char *query, tt_error *error)
{
    size_t slot = take_slot (index);
    tt_status status = tt_percolator_put (percolator_of (index, slot), slot, query, strlen (query), NULL, error);
    if (status != TT_OK) {
        give_slot (index, slot);
        return status;
    }
    if (index->size >= index->bucket_count) {
        index->slots[slot] = NULL; /* not in a chain yet */
        grow_buckets (index);
    }
    filed *f = make (watch, query, hash_name (watch->owner, watch->watch_id));
    size_t *bucket = &index->buckets[f->hash & (index->bucket_count - 1)];
    f->next = *bucket;
    *bucket = slot + 1;
    index->slots[slot] = f;
    index->size++;
    listen (index, &f->entry, true);
    return TT_OK;
}

tt_status
alert_watch_index_put (alert_watch_index *index, const Watch *watch, tt_error *error)
{
    tt_buffer owned = { 0 };
    (void)alert_watch_index_remove (index, watch->owner, watch->watch_id);
    tt_status status = file (index, watch, alert_watch_owned (watch, &owned), error);
    tt_buffer_free (&owned);
    return status;
}

const alert_watch_entry *
alert_watch_index_find (alert_watch_index *index, const char *owner, const char *watch_id)
{
    size_t *link = find (index, hash_name (owner, watch_id), owner, watch_id);
    return *link ? &index->slots[*link - 1]->entry : NULL;
}

size_t
alert_watch_index_listening (const alert_watch_index *index, Trigger trigger)
{
    return (unsigned)trigger < ALERT_TRIGGERS ? index->listening[trigger] : 0;
}

uint32_t
alert_watch_index_due_days (const alert_watch_index *index)
{
    return index->due_days;
}

int64_t
alert_watch_index_due_since (const alert_watch_index *index)
{
    return index->due_since;
}

static int
by_name (const void *a, const void *b)
{
    const filed *x = *(const filed *const *)a, *y = *(const filed *const *)b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    int order = strcmp (x->entry.owner, y->entry.owner);
    return order ? order : strcmp (x->entry.watch_id, y->entry.watch_id);
}

/* Calls for each part: by the crew if it is worth waking. */
static void
for_each_part (alert_watch_index *index, void (*work) (void *context, size_t i))
{
    if (index->crew && index->size > ALONE_UP_TO)
        tt_crew_run (index->crew, work, index, index->part_count);
    else
        for (size_t i = 0; i < index->part_count; i++)
            work (index, i);
}

static void
match_part (void *context, size_t i)
{
    alert_watch_index *index = context;
    part *p = &index->parts[i];
    p->count = tt_percolator_match (p->percolator, index->document, &p->ids);
}

size_t
alert_watch_index_match (alert_watch_index *index, const tt_document *document, const alert_watch_entry *const **entries)
{
    size_t count = 0;
    index->document = document;
    for_each_part (index, match_part);
    for (size_t i = 0; i < index->part_count; i++)
        count += index->parts[i].count;
    if (count > index->match_capacity) {
        index->match_capacity = count * 2;
        index->matches = tt_realloc (index->matches, index->match_capacity * sizeof *index->matches);
        index->sorted = tt_realloc (index->sorted, index->match_capacity * sizeof *index->sorted);
    }
    count = 0;
    for (size_t i = 0; i < index->part_count; i++)
        for (size_t k = 0; k < index->parts[i].count; k++)
            index->sorted[count++] = index->slots[index->parts[i].ids[k]];
    if (count > 1)
        qsort (index->sorted, count, sizeof *index->sorted, by_name);
    for (size_t i = 0; i < count; i++)
        index->matches[i] = &index->sorted[i]->entry;
    *entries = index->matches;
    return count;
}

static void
settle_part (void *context, size_t i)
{
    tt_percolator_settle (((alert_watch_index *)context)->parts[i].percolator);
}

void
alert_watch_index_settle (alert_watch_index *index)
{
    for_each_part (index, settle_part);
}

tt_crew *
alert_watch_index_crew (const alert_watch_index *index)
{
    return index->crew;
}

size_t
alert_watch_index_size (const alert_watch_index *index)
{
    return index->size;
}

tt_percolator_counts
alert_watch_index_counts (const alert_watch_index *index)
{
    tt_percolator_counts sum = { 0 };
    for (size_t i = 0; i < index->part_count; i++) {
        tt_percolator_counts one = tt_percolator_count (index->parts[i].percolator);
        sum.queries += one.queries;
        sum.scanned += one.scanned;
        sum.documents = one.documents; /* each part sees each document */
        sum.candidates += one.candidates;
        sum.evaluated += one.evaluated;
        sum.bytes += one.bytes;
    }
    return sum;
}
