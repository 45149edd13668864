/* Stream replies of Redis to journal entries. Private to store/. */
#ifndef TT_STORE_ENTRIES_H
#define TT_STORE_ENTRIES_H

#include "store/journal.h"
#include "store/redis.h"

typedef struct {
    tt_entry *list;
    size_t count, capacity;
} tt_entries;

/* Appends the entries of one stream (the array that XRANGE gives). They borrow the reply. Entries that were deleted are left out. */
TT_MUST_USE tt_status tt_entries_take (tt_entries *entries, uint32_t partition, const redisReply *stream, tt_error *error);
/* Appends all streams of an XREAD or XREADGROUP reply; keys are taken apart to find the partition. */
TT_MUST_USE tt_status tt_entries_take_all (tt_entries *entries, const redisReply *reply, tt_error *error);

#endif
