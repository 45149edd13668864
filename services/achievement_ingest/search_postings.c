#include "search_postings.h"

#include <string.h>

#define SKIP_SIZE 10 /* bytes of an entry of the skip table */
#define WIDTH_BITS 5

void
ingest_postings_clear (ingest_posting_list *list)
{
    list->count = list->place_count = 0;
}

void
ingest_postings_free (ingest_posting_list *list)
{
    free (list->postings);
    free (list->places);
    *list = (ingest_posting_list){ 0 };
}

void
ingest_postings_add (ingest_posting_list *list, ingest_posting posting, const uint32_t *places)
{
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 256;
        list->postings = tt_realloc (list->postings, list->room * sizeof *list->postings);
    }
    list->postings[list->count++] = posting;
    while (list->place_count + posting.count > list->place_room) {
        list->place_room = list->place_room ? list->place_room * 2 : 512;
        list->places = tt_realloc (list->places, list->place_room * sizeof *list->places);
    }
    if (posting.count > 0)
        memcpy (list->places + list->place_count, places, posting.count * sizeof *places);
    list->place_count += posting.count;
}

/* Writing */

void
ingest_varint_write (tt_buffer *out, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    tt_buffer_append (out, bytes, n);
}

static unsigned
width_of (uint32_t value)
{
    return value == 0 ? 0 : 32 - (unsigned)__builtin_clz (value);
}

static void
pack (tt_buffer *out, const uint32_t *values, size_t count, unsigned width)
{
    uint64_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < count; i++) {
        held |= (uint64_t)values[i] << bits;
        for (bits += width; bits >= 8; bits -= 8) {
            tt_buffer_append (out, &(uint8_t){ (uint8_t)held }, 1);
            held >>= 8;
        }
    }
    if (bits > 0)
        tt_buffer_append (out, &(uint8_t){ (uint8_t)held }, 1);
}

static void
pack_block (const ingest_posting *postings, size_t count, uint32_t base, tt_buffer *out)
{
    uint32_t values[3][INGEST_BLOCK];
    uint32_t all[3] = { 0 };
    for (size_t i = 0; i < count; i++) {
        values[0][i] = postings[i].record - base;
        values[1][i] = postings[i].count - 1;
        values[2][i] = postings[i].heavy;
        base = postings[i].record + 1;
        for (size_t k = 0; k < 3; k++)
            all[k] |= values[k][i];
    }
    unsigned widths[3] = { width_of (all[0]), width_of (all[1]), width_of (all[2]) };
    uint16_t head = (uint16_t)(widths[0] | widths[1] << WIDTH_BITS | widths[2] << 2 * WIDTH_BITS);
    tt_buffer_append (out, &head, sizeof head);
    for (size_t k = 0; k < 3; k++)
        pack (out, values[k], count, widths[k]);
}

static void
write_places (const ingest_posting *postings, size_t count, const uint32_t *places, tt_buffer *out)
{
    for (size_t i = 0; i < count; places += postings[i++].count)
        for (uint32_t k = 0, before = 0; k < postings[i].count; before = places[k++])
            ingest_varint_write (out, places[k] - before);
}

static uint16_t
at_most_u16 (uint32_t value)
{
    return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

static void
write_skip (uint8_t *entry, const ingest_posting *postings, size_t count, const uint16_t *lengths, uint32_t end)
{
    uint16_t last = (uint16_t)postings[count - 1].record, weight = 0, ratio = UINT16_MAX;
    for (size_t i = 0; i < count; i++) {
        uint32_t w = postings[i].count + postings[i].heavy;
        uint16_t r = (uint16_t)(lengths[postings[i].record] / w);
        weight = at_most_u16 (w) > weight ? at_most_u16 (w) : weight;
        ratio = r < ratio ? r : ratio;
    }
    memcpy (entry, &last, 2);
    memcpy (entry + 2, &end, 4);
    memcpy (entry + 6, &weight, 2);
    memcpy (entry + 8, &ratio, 2);
}

void
ingest_postings_write (const ingest_posting_list *list, const uint16_t *lengths, tt_buffer *out)
{
    ingest_varint_write (out, list->count);
    size_t blocks = (list->count + INGEST_BLOCK - 1) / INGEST_BLOCK;
    size_t table = out->size;
    size_t skips = blocks > 1 ? blocks * SKIP_SIZE : 0;
    tt_buffer_reserve (out, skips);
    out->size += skips;
    const uint32_t *places = list->places;
    uint32_t base = 0;
    for (size_t block = 0; block < blocks; block++) {
        const ingest_posting *postings = list->postings + block * INGEST_BLOCK;
        size_t count = block + 1 < blocks ? INGEST_BLOCK : list->count - block * INGEST_BLOCK;
        pack_block (postings, count, base, out);
        write_places (postings, count, places, out);
        for (size_t i = 0; i < count; i++)
            places += postings[i].count;
        base = postings[count - 1].record + 1;
        if (skips)
            write_skip (out->data + table + block * SKIP_SIZE, postings, count, lengths, (uint32_t)(out->size - table - skips));
    }
}

/* Reading */

static const uint8_t *
unpack (const uint8_t *from, unsigned width, uint32_t count, uint32_t *out)
{
    uint64_t mask = (UINT64_C (1) << width) - 1;
    if (width == 0) {
        memset (out, 0, count * sizeof *out);
        return from;
    }
    size_t bit = 0;
    for (uint32_t i = 0; i < count; i++, bit += width) {
        uint64_t word;
        memcpy (&word, from + (bit >> 3), sizeof word);
        out[i] = (uint32_t)(word >> (bit & 7) & mask);
    }
    return from + (bit + 7) / 8;
}

static const uint8_t *
skip_at (const ingest_cursor *c, uint32_t block)
{
    return c->data + (size_t)block * SKIP_SIZE;
}

static uint32_t
last_of (const ingest_cursor *c, uint32_t block)
{
    uint16_t last;
    memcpy (&last, skip_at (c, block), sizeof last);
    return last;
}

static const uint8_t *
block_begin (const ingest_cursor *c, uint32_t block)
{
    uint32_t end = 0;
    if (block > 0)
        memcpy (&end, skip_at (c, block - 1) + 2, sizeof end);
    return c->data + (c->blocks > 1 ? (size_t)c->blocks * SKIP_SIZE : 0) + end;
}

static void
unpack_block (ingest_cursor *c, uint32_t block)
{
    const uint8_t *from = block_begin (c, block);
    uint16_t head;
    memcpy (&head, from, sizeof head);
    unsigned mask = (1U << WIDTH_BITS) - 1;
    c->block = block;
    c->at = 0;
    c->placed = false;
    c->size = block + 1 < c->blocks ? INGEST_BLOCK : c->records - block * INGEST_BLOCK;
    from = unpack (from + sizeof head, head & mask, c->size, c->record);
    from = unpack (from, head >> WIDTH_BITS & mask, c->size, c->count);
    c->place_bytes = unpack (from, head >> 2 * WIDTH_BITS & mask, c->size, c->heavy);
    uint32_t base = block > 0 ? last_of (c, block - 1) + 1 : 0;
    for (uint32_t i = 0; i < c->size; i++) {
        c->record[i] += base;
        base = c->record[i] + 1;
        c->count[i]++;
    }
}

void
ingest_cursor_open (ingest_cursor *c, tt_bytes list)
{
    c->records = c->blocks = c->block = c->size = c->at = 0;
    if (list.size == 0)
        return;
    const uint8_t *at = list.data;
    c->records = ingest_varint_read (&at);
    c->data = at;
    c->blocks = (c->records + INGEST_BLOCK - 1) / INGEST_BLOCK;
    c->block = c->blocks;
}

void
ingest_cursor_free (ingest_cursor *c)
{
    free (c->places);
    c->places = NULL;
    c->place_room = 0;
}

/* The first block from `from` on that ends at or behind the record; c->blocks if none does. */
static uint32_t
find_block (const ingest_cursor *c, uint32_t from, uint32_t record)
{
    if (c->blocks <= 1)
        return from;
    uint32_t step = 1, low = from;
    while (low + step < c->blocks && last_of (c, low + step) < record) {
        low += step;
        step *= 2;
    }
    uint32_t high = low + step < c->blocks ? low + step + 1 : c->blocks;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (last_of (c, middle) < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool
ingest_cursor_seek (ingest_cursor *c, uint32_t record)
{
    bool open = c->block < c->blocks;
    if (!open && c->size > 0)
        return false; /* the end was reached */
    if (!open || c->record[c->size - 1] < record) {
        uint32_t block = open ? c->block + 1 : 0;
        block = block < c->blocks ? find_block (c, block, record) : c->blocks;
        if (block == c->blocks) {
            c->block = c->blocks;
            c->size = 1;
            return false;
        }
        unpack_block (c, block);
        if (c->record[c->size - 1] < record) { /* a single block has no table to look in */
            c->block = c->blocks;
            return false;
        }
    }
    while (c->record[c->at] < record)
        c->at++;
    return true;
}

static void
unpack_places (ingest_cursor *c)
{
    size_t total = 0;
    for (uint32_t i = 0; i < c->size; i++) {
        c->first_place[i] = (uint32_t)total;
        total += c->count[i];
    }
    if (total > c->place_room) {
        c->place_room = total + total / 2 + 64;
        c->places = tt_realloc (c->places, c->place_room * sizeof *c->places);
    }
    const uint8_t *from = c->place_bytes;
    uint32_t *out = c->places;
    for (uint32_t i = 0; i < c->size; i++) {
        uint32_t place = 0;
        for (uint32_t *end = out + c->count[i]; out < end; *out++ = place)
            place += *from < 0x80 ? *from++ : ingest_varint_read (&from); /* most gaps are one byte */
    }
    c->placed = true;
}

const uint32_t *
ingest_cursor_places (ingest_cursor *c, uint32_t *count)
{
    if (!c->placed)
        unpack_places (c);
    *count = c->count[c->at];
    return c->places + c->first_place[c->at];
}

bool
ingest_cursor_bound (const ingest_cursor *c, uint32_t first, uint32_t last, uint32_t *weight, uint32_t *ratio)
{
    *weight = UINT32_MAX;
    *ratio = 0;
    bool open = c->block < c->blocks;
    if (c->records == 0 || (!open && c->size > 0))
        return false;
    if (c->blocks == 1)
        return !open || c->record[c->size - 1] >= first;
    uint32_t block = find_block (c, open ? c->block : 0, first);
    if (block == c->blocks)
        return false;
    uint16_t most = 0, least = UINT16_MAX;
    for (bool more = true; more && block < c->blocks; block++) {
        uint16_t w, r;
        memcpy (&w, skip_at (c, block) + 6, sizeof w);
        memcpy (&r, skip_at (c, block) + 8, sizeof r);
        most = w > most ? w : most;
        least = r < least ? r : least;
        more = last_of (c, block) < last;
    }
    *weight = most == UINT16_MAX ? UINT32_MAX : most;
    *ratio = least;
    return true;
}
