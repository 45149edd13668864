/* The list of one term: which records have it, how often, and where. Written once, in compressed blocks of 128 records with a
 * table to skip by; read by a cursor.
 *
 *   varint records
 *   of more than one block, for each: last record u16, end of its bytes u32, highest weight u16, least length for each unit of
 * weight u16 each block: widths u16 (5 bits each), then bit-packed gaps between records, occurrences - 1, heavy ones; then varint
 * gaps between places, in the order of the records
 *
 * Records are numbers from 0 to 65,535 (of a segment). A *heavy* occurrence is one in a title or among keywords; the weight of a
 * term in a record is its occurrences and the heavy ones again. What is read was written by this process: it is trusted. A list
 * and a cursor belong to one thread. */
#ifndef INGEST_SEARCH_POSTINGS_H
#define INGEST_SEARCH_POSTINGS_H

#include "base/buffer.h"

#define INGEST_BLOCK 128
#define INGEST_POSTINGS_PAD 8 /* bytes behind the last list that may be read and mean nothing */

typedef struct {
    uint32_t record;
    uint32_t count; /* places */
    uint32_t heavy; /* of them */
} ingest_posting;

/* A list before it is written. Zero-initialise: {0}. */
typedef struct {
    ingest_posting *postings; /* owned; ascending by record */
    size_t count, room;
    uint32_t *places; /* owned; ascending within a record */
    size_t place_count, place_room;
} ingest_posting_list;

void ingest_postings_clear (ingest_posting_list *list);
void ingest_postings_free (ingest_posting_list *list);
void ingest_postings_add (ingest_posting_list *list, ingest_posting posting, const uint32_t *places);
/* Appends the list to *out. lengths: of each record, for the bounds of blocks. */
void ingest_postings_write (const ingest_posting_list *list, const uint16_t *lengths, tt_buffer *out);

void ingest_varint_write (tt_buffer *out, uint64_t value);
static inline uint32_t
ingest_varint_read (const uint8_t **at)
{
    uint32_t value = **at & 0x7F;
    for (unsigned shift = 7; *(*at)++ & 0x80; shift += 7)
        value |= (uint32_t)(**at & 0x7F) << shift;
    return value;
}

/* Reads a list from front to back, one block at a time. */
typedef struct {
    const uint8_t *data; /* borrowed: behind the number of records */
    uint32_t records;
    uint32_t blocks;
    uint32_t block; /* that is unpacked; == blocks: none is, or the end */
    uint32_t size;  /* records in it */
    uint32_t at;    /* in the block */
    bool placed;    /* its places are unpacked */
    const uint8_t *place_bytes;
    uint32_t record[INGEST_BLOCK], count[INGEST_BLOCK], heavy[INGEST_BLOCK];
    uint32_t first_place[INGEST_BLOCK];
    uint32_t *places; /* owned */
    size_t place_room;
} ingest_cursor;

/* Opens a list, or none (empty bytes); an opened cursor may be opened again and keeps its memory. The first time from {0}. */
void ingest_cursor_open (ingest_cursor *cursor, tt_bytes list);
void ingest_cursor_free (ingest_cursor *cursor);
/* Goes forward to the first posting of `record` or behind it. False at the end. */
bool ingest_cursor_seek (ingest_cursor *cursor, uint32_t record);
/* Where the cursor stands; a seek must have been true. */
static inline uint32_t
ingest_cursor_record (const ingest_cursor *cursor)
{
    return cursor->record[cursor->at];
}
static inline uint32_t
ingest_cursor_weight (const ingest_cursor *cursor)
{
    return cursor->count[cursor->at] + cursor->heavy[cursor->at];
}
/* The places at the record, borrowed until the cursor moves; *count of them. */
const uint32_t *ingest_cursor_places (ingest_cursor *cursor, uint32_t *count);
/* Could there be a posting from `first` to `last`, at or behind where the cursor stands? Then the most that any weighs and the
 * least that any record's length is, without unpacking. */
bool ingest_cursor_bound (const ingest_cursor *cursor, uint32_t first, uint32_t last, uint32_t *weight, uint32_t *ratio);

#endif
