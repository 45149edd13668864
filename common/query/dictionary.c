#include "query/dictionary.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_SLOTS 1024
#define FIRST_ROOM 256
#define COMPACT_LEAST 65536 /* dead bytes below which texts are left as they are */
#define POSTING_WORDS (sizeof (posting) / sizeof (uint32_t))

static size_t
bit_words (size_t room)
{
    return (DICTIONARY_KEY_BIT + room + 31) / 32;
}

static void
make_room (dictionary *d, size_t room)
{
    size_t before = d->room ? bit_words (d->room) : 0;
    d->keys = tt_realloc (d->keys, room * sizeof *d->keys);
    d->places = tt_realloc (d->places, room * sizeof *d->places);
    d->bits = tt_realloc (d->bits, bit_words (room) * sizeof *d->bits);
    memset (d->bits + before, 0, (bit_words (room) - before) * sizeof *d->bits);
    d->room = room;
}

void
dictionary_open (dictionary *d)
{
    *d = (dictionary){ .slot_count = FIRST_SLOTS };
    d->slots = tt_alloc_zero (FIRST_SLOTS, sizeof *d->slots);
    pool_open (&d->postings);
    make_room (d, FIRST_ROOM);
    dictionary_set (d, DICTIONARY_SET_BIT);
}

void
dictionary_close (dictionary *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->keys[i].posting_room > DICTIONARY_SMALL)
            free (d->keys[i].at.many);
    free (d->keys);
    free (d->places);
    free (d->bits);
    free (d->unused);
    free (d->slots);
    tt_buffer_free (&d->texts);
    pool_close (&d->postings);
    *d = (dictionary){ 0 };
}

/* Slots. Keys of one text with different indexes lie in one chain. */

uint64_t
dictionary_hash (tt_bytes text, uint8_t space)
{
    return XXH3_64bits_withSeed (text.data, text.size, space);
}

static uint32_t
slot_number (uint64_t slot)
{
    return (uint32_t)slot - 1;
}

uint32_t
dictionary_next (const dictionary *d, size_t *at, uint64_t hash, tt_bytes text, uint8_t space)
{
    size_t mask = d->slot_count - 1;
    while (d->slots[*at]) {
        uint64_t slot = d->slots[*at];
        *at = (*at + 1) & mask;
        if ((slot ^ hash) >> 32 != 0)
            continue;
        const dictionary_key *key = &d->keys[slot_number (slot)];
        if (key->space == space && key->size == text.size && memcmp (d->texts.data + key->text, text.data, text.size) == 0)
            return slot_number (slot);
    }
    return DICTIONARY_NONE;
}

static void
put_slot (dictionary *d, uint32_t tag, uint32_t number)
{
    size_t mask = d->slot_count - 1;
    size_t at = tag & mask;
    while (d->slots[at])
        at = (at + 1) & mask;
    d->slots[at] = (uint64_t)tag << 32 | (number + 1);
}

static void
widen_slots (dictionary *d)
{
    free (d->slots);
    d->slot_count *= 2;
    d->slots = tt_alloc_zero (d->slot_count, sizeof *d->slots);
    for (size_t i = 0; i < d->count; i++)
        if (d->keys[i].references)
            put_slot (d, d->keys[i].tag, (uint32_t)i);
}

/* Empties the slot of a key and moves later ones of its chain up, so that no tombstone stays. */
static void
clear_slot (dictionary *d, uint32_t number)
{
    size_t mask = d->slot_count - 1;
    size_t hole = d->keys[number].tag & mask;
    while (slot_number (d->slots[hole]) != number)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; d->slots[at]; at = (at + 1) & mask) {
        size_t home = d->slots[at] >> 32 & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            d->slots[hole] = d->slots[at];
            hole = at;
        }
    }
    d->slots[hole] = 0;
}

/* Keys */

static uint32_t
free_number (dictionary *d)
{
    if (d->unused_count > 0)
        return d->unused[--d->unused_count];
    if (d->count == d->room)
        make_room (d, d->room + d->room / 4);
    return (uint32_t)d->count++;
}

uint32_t
dictionary_take (dictionary *d, tt_bytes text, uint8_t space, uint32_t stored)
{
    uint64_t hash = dictionary_hash (text, space);
    uint32_t number = DICTIONARY_NONE;
    for (size_t at = dictionary_slot (d, hash); (number = dictionary_next (d, &at, hash, text, space)) != DICTIONARY_NONE;) {
        if (d->keys[number].stored == stored) {
            d->keys[number].references++;
            return number;
        }
    }
    number = free_number (d);
    d->keys[number] = (dictionary_key){ .text = (uint32_t)d->texts.size,
                                        .size = (uint32_t)text.size & 0xFFFFFF,
                                        .space = space,
                                        .references = 1,
                                        .tag = (uint32_t)(hash >> 32),
                                        .stored = stored };
    d->places[number] = 0;
    tt_buffer_append (&d->texts, text.data, text.size);
    if (++d->slots_used * 4 > d->slot_count * 3)
        widen_slots (d);
    else
        put_slot (d, d->keys[number].tag, number);
    return number;
}

/* Drops the text of forgotten keys once it is more than half. */
static void
compact_texts (dictionary *d)
{
    if (d->dead < COMPACT_LEAST || d->dead * 2 < d->texts.size)
        return;
    tt_buffer kept = { 0 };
    for (size_t i = 0; i < d->count; i++) {
        dictionary_key *key = &d->keys[i];
        if (key->references == 0)
            continue;
        uint32_t at = (uint32_t)kept.size;
        tt_buffer_append (&kept, d->texts.data + key->text, key->size);
        key->text = at;
    }
    tt_buffer_free (&d->texts);
    d->texts = kept;
    d->dead = 0;
}

static void
free_postings (dictionary *d, dictionary_key *key)
{
    if (key->posting_room > DICTIONARY_SMALL) {
        free (key->at.many);
        d->posting_bytes -= key->posting_room * sizeof (posting);
    } else if (key->posting_room > 0) {
        pool_give (&d->postings, key->at.run, key->posting_room * POSTING_WORDS);
    }
    key->posting_room = 0;
}

void
dictionary_drop (dictionary *d, uint32_t number)
{
    dictionary_key *key = &d->keys[number];
    assert (key->references > 0);
    if (--key->references > 0)
        return;
    assert (key->posting_count == 0);
    clear_slot (d, number);
    d->slots_used--;
    d->dead += key->size;
    free_postings (d, key);
    if (d->unused_count == d->unused_room) {
        d->unused_room = d->unused_room ? d->unused_room * 2 : 64;
        d->unused = tt_realloc (d->unused, d->unused_room * sizeof *d->unused);
    }
    d->unused[d->unused_count++] = number;
    compact_texts (d);
}

/* Postings: few of them lie in the pool, more in memory of their own, which grows without leaving holes. */

static uint32_t
more_room (uint32_t room)
{
    return room < 4 ? room + 1 : room + room / 2 - (room > DICTIONARY_SMALL ? room / 4 : 0);
}

static void
move_postings (dictionary *d, dictionary_key *key, uint32_t room)
{
    if (key->posting_room > DICTIONARY_SMALL && room > DICTIONARY_SMALL) {
        key->at.many = tt_realloc (key->at.many, room * sizeof (posting));
        d->posting_bytes += room * sizeof (posting) - key->posting_room * sizeof (posting);
        key->posting_room = room;
        return;
    }
    dictionary_key moved = *key;
    moved.posting_room = room;
    if (room > DICTIONARY_SMALL) {
        moved.at.many = tt_alloc (room * sizeof (posting));
        d->posting_bytes += room * sizeof (posting);
    } else {
        moved.at.run = pool_take (&d->postings, room * POSTING_WORDS);
    }
    if (key->posting_count > 0)
        memcpy (dictionary_postings (d, &moved), dictionary_postings (d, key), key->posting_count * sizeof (posting));
    free_postings (d, key);
    *key = moved;
}

uint32_t
dictionary_post (dictionary *d, uint32_t number, posting p)
{
    dictionary_key *key = &d->keys[number];
    if (key->posting_count == key->posting_room)
        move_postings (d, key, more_room (key->posting_room));
    dictionary_postings (d, key)[key->posting_count] = p;
    return key->posting_count++;
}

/* Room is given back at a quarter, so that taking out and putting in by turns does not move the rest each time. */
uint32_t
dictionary_unpost (dictionary *d, uint32_t number, uint32_t place)
{
    dictionary_key *key = &d->keys[number];
    posting *postings = dictionary_postings (d, key);
    uint32_t last = --key->posting_count;
    uint32_t moved = place == last ? DICTIONARY_NONE : postings[last].query;
    postings[place] = postings[last];
    if (last == 0)
        free_postings (d, key);
    else if (last < key->posting_room / 4)
        move_postings (d, key, last + last / 4 + 1);
    return moved;
}

size_t
dictionary_bytes (const dictionary *d)
{
    return sizeof *d + d->room * (sizeof *d->keys + sizeof *d->places) + bit_words (d->room) * sizeof *d->bits
           + d->unused_room * sizeof *d->unused + d->slot_count * sizeof *d->slots + d->texts.capacity
           + d->postings.room * sizeof *d->postings.words + d->posting_bytes;
}
