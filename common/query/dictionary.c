#include "query/dictionary.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_SLOTS 1024
#define COMPACT_LEAST 65536 /* dead bytes below which texts are left as they are */

void
dictionary_open (dictionary *d)
{
    *d = (dictionary){ .slot_count = FIRST_SLOTS };
    d->slots = tt_alloc_zero (FIRST_SLOTS, sizeof *d->slots);
}

void
dictionary_close (dictionary *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->terms[i].posting_room)
            free (d->terms[i].postings.many);
    free (d->terms);
    free (d->present);
    free (d->unused);
    free (d->slots);
    tt_buffer_free (&d->texts);
    *d = (dictionary){ 0 };
}

/* Slots */

uint64_t
dictionary_hash (tt_bytes text, uint8_t space)
{
    return XXH3_64bits_withSeed (text.data, text.size, space);
}

static uint64_t
slot_value (uint64_t hash, uint32_t number)
{
    return (hash & 0xFFFFFFFF00000000u) | (number + 1);
}

static uint32_t
slot_number (uint64_t slot)
{
    return (uint32_t)slot - 1;
}

uint32_t
dictionary_find (const dictionary *d, uint64_t hash, tt_bytes text, uint8_t space)
{
    size_t mask = d->slot_count - 1;
    for (size_t at = hash & mask; d->slots[at]; at = (at + 1) & mask) {
        if (((d->slots[at] ^ hash) >> 32) != 0)
            continue;
        uint32_t number = slot_number (d->slots[at]);
        const dictionary_term *term = &d->terms[number];
        if (term->hash == hash && term->space == space && tt_bytes_equal (dictionary_text (d, number), text))
            return number;
    }
    return DICTIONARY_NONE;
}

static void
put_slot (dictionary *d, uint64_t hash, uint32_t number)
{
    size_t mask = d->slot_count - 1;
    size_t at = hash & mask;
    while (d->slots[at])
        at = (at + 1) & mask;
    d->slots[at] = slot_value (hash, number);
}

static void
widen_slots (dictionary *d)
{
    free (d->slots);
    d->slot_count *= 2;
    d->slots = tt_alloc_zero (d->slot_count, sizeof *d->slots);
    for (size_t i = 0; i < d->count; i++)
        if (d->terms[i].references)
            put_slot (d, d->terms[i].hash, (uint32_t)i);
}

/* Empties the slot of a term and moves later ones of its chain up, so that no tombstone stays. */
static void
clear_slot (dictionary *d, uint32_t number)
{
    size_t mask = d->slot_count - 1;
    size_t hole = d->terms[number].hash & mask;
    while (slot_number (d->slots[hole]) != number)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; d->slots[at]; at = (at + 1) & mask) {
        size_t home = d->terms[slot_number (d->slots[at])].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            d->slots[hole] = d->slots[at];
            hole = at;
        }
    }
    d->slots[hole] = 0;
}

/* Terms */

static uint32_t
free_number (dictionary *d)
{
    if (d->unused_count > 0)
        return d->unused[--d->unused_count];
    if (d->count == d->room) {
        d->room = d->room ? d->room * 2 : 256;
        d->terms = tt_realloc (d->terms, d->room * sizeof *d->terms);
        d->present = tt_realloc (d->present, d->room * sizeof *d->present);
    }
    return (uint32_t)d->count++;
}

uint32_t
dictionary_take (dictionary *d, tt_bytes text, uint8_t space)
{
    uint64_t hash = dictionary_hash (text, space);
    uint32_t number = dictionary_find (d, hash, text, space);
    if (number != DICTIONARY_NONE) {
        d->terms[number].references++;
        return number;
    }
    number = free_number (d);
    d->terms[number] = (dictionary_term){
        .hash = hash, .text = (uint32_t)d->texts.size, .size = (uint32_t)text.size, .references = 1, .space = space
    };
    d->present[number] = 0;
    tt_buffer_append (&d->texts, text.data, text.size);
    d->prefixes += space == DICTIONARY_PREFIX;
    if (++d->slots_used * 2 > d->slot_count)
        widen_slots (d);
    else
        put_slot (d, hash, number);
    return number;
}

/* Drops the text of forgotten terms once it is more than half. */
static void
compact_texts (dictionary *d)
{
    if (d->dead < COMPACT_LEAST || d->dead * 2 < d->texts.size)
        return;
    tt_buffer kept = { 0 };
    for (size_t i = 0; i < d->count; i++) {
        dictionary_term *term = &d->terms[i];
        if (term->references == 0)
            continue;
        uint32_t at = (uint32_t)kept.size;
        tt_buffer_append (&kept, d->texts.data + term->text, term->size);
        term->text = at;
    }
    tt_buffer_free (&d->texts);
    d->texts = kept;
    d->dead = 0;
}

void
dictionary_drop (dictionary *d, uint32_t number)
{
    dictionary_term *term = &d->terms[number];
    assert (term->references > 0);
    if (--term->references > 0)
        return;
    assert (term->posting_count == 0);
    clear_slot (d, number);
    d->slots_used--;
    d->dead += term->size;
    d->prefixes -= term->space == DICTIONARY_PREFIX;
    if (term->posting_room) {
        free (term->postings.many);
        d->posting_bytes -= term->posting_room * sizeof (posting);
        term->posting_room = 0;
    }
    if (d->unused_count == d->unused_room) {
        d->unused_room = d->unused_room ? d->unused_room * 2 : 64;
        d->unused = tt_realloc (d->unused, d->unused_room * sizeof *d->unused);
    }
    d->unused[d->unused_count++] = number;
    compact_texts (d);
}

/* Postings: one lies in the term itself, more in a vector. */

static void
widen_postings (dictionary *d, dictionary_term *term)
{
    uint32_t room = term->posting_room ? term->posting_room + term->posting_room / 2 + 1 : 3;
    posting *many = term->posting_room ? term->postings.many : NULL;
    posting one = term->postings.one;
    many = tt_realloc (many, room * sizeof *many);
    if (term->posting_room == 0)
        many[0] = one;
    d->posting_bytes += (room - term->posting_room) * sizeof *many;
    term->postings.many = many;
    term->posting_room = room;
}

void
dictionary_post (dictionary *d, uint32_t number, posting p)
{
    dictionary_term *term = &d->terms[number];
    if (term->posting_room == 0 && term->posting_count == 0) {
        term->postings.one = p;
        term->posting_count = 1;
        return;
    }
    if (term->posting_count >= term->posting_room)
        widen_postings (d, term);
    term->postings.many[term->posting_count++] = p;
}

void
dictionary_unpost (dictionary *d, uint32_t number, uint32_t query)
{
    dictionary_term *term = &d->terms[number];
    posting *postings = term->posting_room ? term->postings.many : &term->postings.one;
    for (uint32_t i = 0; i < term->posting_count; i++) {
        if (postings[i].query == query) {
            postings[i] = postings[--term->posting_count];
            return;
        }
    }
    assert (false && "a query is filed under each of its anchors");
}

size_t
dictionary_bytes (const dictionary *d)
{
    return d->room * (sizeof *d->terms + sizeof *d->present) + d->unused_room * sizeof *d->unused
           + d->slot_count * sizeof *d->slots + d->texts.capacity + d->posting_bytes;
}
