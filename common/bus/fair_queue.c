#include "bus/fair_queue.h"

#include <assert.h>
#include <string.h>
#include <uthash.h>

/* Exists while something of it waits. Clients form a ring; `turn` is whose turn it is. */
typedef struct tt_fair_client {
    UT_hash_handle hh;
    struct tt_fair_client *previous, *next;
    tt_fair_item *first, *last;
    size_t count, bytes;
    size_t saved; /* bytes that it may take */
    uint64_t turn;   /* rises along the ring */
    size_t place[2]; /* in the heaps */
    size_t name_size;
    uint8_t name[];
} client;

/* Clients by what they hold, the one with most first: binary, so that a flood from many costs little for each refusal. */
enum { BY_COUNT, BY_BYTES };
typedef struct {
    client **list; /* owned */
    size_t count, capacity;
    int by;
} heap;

struct tt_fair_queue {
    heap heaps[2];
    uint64_t turns; /* the last one's */
    client *table;
    client *turn;
    size_t count, bytes;
    size_t max_count, max_bytes, turn_bytes;
};

tt_fair_queue *
tt_fair_queue_new (size_t max_count, size_t max_bytes, size_t turn_bytes)
{
    assert (max_count && max_bytes && turn_bytes);
    tt_fair_queue *queue = tt_alloc_zero (1, sizeof *queue);
    queue->max_count = max_count;
    queue->max_bytes = max_bytes;
    queue->turn_bytes = turn_bytes;
    queue->heaps[BY_BYTES].by = BY_BYTES;
    return queue;
}

void
tt_fair_queue_destroy (tt_fair_queue **reference)
{
    if (*reference == NULL)
        return;
    assert ((*reference)->count == 0);
    free ((*reference)->heaps[BY_COUNT].list);
    free ((*reference)->heaps[BY_BYTES].list);
    free (*reference);
    *reference = NULL;
}

/* -- who holds most -- */

/* Of equals the one whose turn is later. */
static bool
holds_more (const heap *h, const client *a, const client *b)
{
    size_t x = h->by == BY_BYTES ? a->bytes : a->count, y = h->by == BY_BYTES ? b->bytes : b->count;
    return x != y ? x > y : a->turn > b->turn;
}

static void
set_place (heap *h, size_t place, client *at)
{
    h->list[place] = at;
    at->place[h->by] = place;
}

/* Moves a client whose holding has changed to where it belongs. */
static void
settle (heap *h, client *moved)
{
    size_t place = moved->place[h->by];
    while (place > 0 && holds_more (h, moved, h->list[(place - 1) / 2])) {
        set_place (h, place, h->list[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (size_t below = 2 * place + 1; below < h->count; below = 2 * place + 1) {
        if (below + 1 < h->count && holds_more (h, h->list[below + 1], h->list[below]))
            below++;
        if (!holds_more (h, h->list[below], moved))
            break;
        set_place (h, place, h->list[below]);
        place = below;
    }
    set_place (h, place, moved);
}

static void
settle_both (tt_fair_queue *queue, client *moved)
{
    settle (&queue->heaps[BY_COUNT], moved);
    settle (&queue->heaps[BY_BYTES], moved);
}

static void
enter (heap *h, client *fresh)
{
    if (h->count == h->capacity) {
        h->capacity = h->capacity ? h->capacity * 2 : 64;
        h->list = tt_realloc (h->list, h->capacity * sizeof (client *));
    }
    set_place (h, h->count++, fresh);
    settle (h, fresh);
}

static void
leave (heap *h, const client *gone)
{
    client *last = h->list[--h->count];
    if (last == gone)
        return;
    set_place (h, gone->place[h->by], last);
    settle (h, last);
}

/* -- clients -- */

/* A new one comes last: the one whose turn it is was just found or served. */
static client *
find_or_add (tt_fair_queue *queue, tt_bytes name)
{
    client *found;
    HASH_FIND (hh, queue->table, name.data, name.size, found);
    if (found)
        return found;
    found = tt_alloc_zero (1, sizeof *found + name.size);
    found->name_size = name.size;
    if (name.size)
        memcpy (found->name, name.data, name.size);
    HASH_ADD_KEYPTR (hh, queue->table, found->name, found->name_size, found);
    found->turn = ++queue->turns;
    enter (&queue->heaps[BY_COUNT], found);
    enter (&queue->heaps[BY_BYTES], found);
    if (queue->turn == NULL)
        queue->turn = found->previous = found->next = found;
    found->next = queue->turn;
    found->previous = queue->turn->previous;
    found->previous->next = found->next->previous = found;
    return found;
}

static void
remove_client (tt_fair_queue *queue, client *gone)
{
    if (queue->turn == gone)
        queue->turn = gone->next != gone ? gone->next : NULL;
    gone->previous->next = gone->next;
    gone->next->previous = gone->previous;
    leave (&queue->heaps[BY_COUNT], gone);
    leave (&queue->heaps[BY_BYTES], gone);
    HASH_DEL (queue->table, gone);
    free (gone);
}

/* Takes an item out of its client's queue, and the client out of the ring with its last one. */
static void
detach (tt_fair_queue *queue, tt_fair_item *item)
{
    client *owner = item->client;
    *(item->previous ? &item->previous->next : &owner->first) = item->next;
    *(item->next ? &item->next->previous : &owner->last) = item->previous;
    item->previous = item->next = NULL;
    item->client = NULL;
    owner->count--;
    owner->bytes -= item->bytes;
    queue->count--;
    queue->bytes -= item->bytes;
    if (owner->count == 0)
        remove_client (queue, owner);
    else
        settle_both (queue, owner);
}

/* -- bounds -- */

/* Who holds most of what is short: bytes, or places. */
static client *
largest (const tt_fair_queue *queue)
{
    return queue->heaps[queue->bytes > queue->max_bytes ? BY_BYTES : BY_COUNT].list[0];
}

tt_fair_item *
tt_fair_queue_push (tt_fair_queue *queue, tt_bytes name, tt_fair_item *item, size_t bytes)
{
    item->previous = item->next = NULL;
    item->bytes = bytes;
    if (bytes > queue->max_bytes)
        return item;
    client *owner = find_or_add (queue, name);
    item->client = owner;
    item->previous = owner->last;
    *(owner->last ? &owner->last->next : &owner->first) = item;
    owner->last = item;
    owner->count++;
    owner->bytes += bytes;
    settle_both (queue, owner);
    queue->count++;
    queue->bytes += bytes;
    tt_fair_item *refused = NULL;
    while (queue->count > queue->max_count || queue->bytes > queue->max_bytes) {
        tt_fair_item *victim = largest (queue)->last;
        detach (queue, victim);
        victim->next = refused;
        refused = victim;
    }
    return refused;
}

/* -- turns -- */

/* So many turns go by without anybody having saved enough: all save them at once. */
static void
save_for_shortest (tt_fair_queue *queue)
{
    size_t turns = SIZE_MAX;
    client *at = queue->turn;
    do {
        size_t missing = at->first->bytes > at->saved ? at->first->bytes - at->saved : 0;
        size_t needed = (missing + queue->turn_bytes - 1) / queue->turn_bytes;
        turns = needed < turns ? needed : turns;
        at = at->next;
    } while (at != queue->turn);
    do {
        at->saved += turns * queue->turn_bytes;
        at = at->next;
    } while (at != queue->turn);
}

tt_fair_item *
tt_fair_queue_pop (tt_fair_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    size_t clients = HASH_COUNT (queue->table);
    for (size_t passed = 0;; passed++) {
        if (passed == clients)
            save_for_shortest (queue);
        client *at = queue->turn;
        if (passed < clients)
            at->saved += queue->turn_bytes;
        queue->turn = at->next; /* so its own comes last now */
        at->turn = ++queue->turns;
        settle_both (queue, at);
        tt_fair_item *item = at->first;
        if (item->bytes > at->saved)
            continue;
        at->saved = item->bytes > queue->turn_bytes ? at->saved - item->bytes : 0; /* small ones do not save */
        detach (queue, item);
        return item;
    }
}

size_t
tt_fair_queue_count (const tt_fair_queue *queue)
{
    return queue->count;
}

size_t
tt_fair_queue_bytes (const tt_fair_queue *queue)
{
    return queue->bytes;
}

size_t
tt_fair_queue_clients (const tt_fair_queue *queue)
{
    return HASH_COUNT (queue->table);
}
