/* Stream replies of Redis to journal entries. Private to store/. */
#ifndef TT_STORE_ENTRIES_H
#define TT_STORE_ENTRIES_H

#include "store/journal.h"
#include "store/redis.h"

/* A block that entries were taken from. */
typedef struct {
    uint32_t partition;
    uint64_t last; /* sequence of its last entry: its id */
    size_t end;    /* number of entries up to its end */
} tt_block_place;

typedef struct {
    tt_block_place *list;
    size_t count, capacity;
} tt_block_places;

typedef struct {
    tt_entry *list;
    size_t count, capacity;
    size_t parts;            /* of an entry: TT_BLOCK_PARTS, or 1 in a log */
    tt_block_places *blocks; /* where to note the blocks; may be NULL */
} tt_entries;

/* Parts of an entry of the journal of this name. */
size_t tt_entries_parts (const char *name);
/* Appends the entries of all blocks of one stream (the array that XRANGE gives), but those below `from`. They borrow the reply.
 * Blocks that were deleted are left out. TT_INTERNAL if a block is none (store/block.h): nothing is appended then. */
TT_MUST_USE tt_status tt_entries_take (tt_entries *entries, uint32_t partition, const redisReply *stream, uint64_t from,
                                       tt_error *error);
/* Appends all streams of an XREAD or XREADGROUP reply; keys are taken apart to find the partition. next[P], or NULL for
 * everything. */
TT_MUST_USE tt_status tt_entries_take_all (tt_entries *entries, uint32_t partitions, const redisReply *reply,
                                           const uint64_t *next, tt_error *error);

/* Back to the first `count` entries, at the end of a block. */
void tt_entries_cut (tt_entries *entries, size_t count);

#endif
