#include "store/entries.h"

#include <string.h>

#include "store/block.h"

#define SEQUENCE_MAX ((uint64_t)1 << 53) /* what the commit functions can count to */

struct block {
    uint64_t first, count;
    tt_bytes epoch, events;
};

size_t
tt_entries_parts (const char *name)
{
    return strcmp (name, TT_JOURNAL_EVENTS) == 0 ? TT_BLOCK_PARTS : 1;
}

/* A field of a block; an empty one, whose data is NULL, if it has none of this name. */
static tt_bytes
field_of (const redisReply *fields, char name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *key = fields->element[i], *value = fields->element[i + 1];
        if (key->type == REDIS_REPLY_STRING && key->len == 1 && key->str[0] == name && value->type == REDIS_REPLY_STRING)
            return (tt_bytes){ (const uint8_t *)value->str, (size_t)value->len };
    }
    return TT_BYTES_NONE;
}

/* An event takes at least a byte for each part, so that the number of events cannot ask for more memory than a few times the
 * block. */
static bool
take_block (struct block *block, const redisReply *item, size_t parts)
{
    tt_bytes number = field_of (item->element[1], 'n');
    char *end;
    uint64_t last = strtoull (item->element[0]->str, &end, 10);
    *block = (struct block){ .epoch = field_of (item->element[1], 'e'), .events = field_of (item->element[1], 'b') };
    if (end == item->element[0]->str || *end != '-' || number.size == 0 || block->events.data == NULL)
        return false;
    block->count = strtoull ((const char *)number.data, &end, 10); /* hiredis ends every string with a NUL */
    block->first = last + 1 - block->count;
    return end == (const char *)number.data + number.size && block->count >= 1 && block->count <= last && last < SEQUENCE_MAX
           && block->count <= block->events.size / parts && block->epoch.size == TT_EPOCH_SIZE - 1;
}

static void
note_block (tt_block_places *blocks, tt_block_place place)
{
    if (blocks->count == blocks->capacity) {
        blocks->capacity = blocks->capacity ? blocks->capacity * 2 : 16;
        blocks->list = tt_realloc (blocks->list, blocks->capacity * sizeof *blocks->list);
    }
    blocks->list[blocks->count++] = place;
}

void
tt_entries_cut (tt_entries *entries, size_t count)
{
    entries->count = count;
    tt_block_places *blocks = entries->blocks;
    while (blocks && blocks->count > 0 && blocks->list[blocks->count - 1].end > count)
        blocks->count--;
}

static bool
take_events (tt_entries *entries, uint32_t partition, struct block *block, uint64_t from)
{
    size_t needed = entries->count + block->count;
    if (needed > entries->capacity) {
        entries->capacity = needed * 2;
        entries->list = tt_realloc (entries->list, entries->capacity * sizeof *entries->list);
    }
    for (uint64_t i = 0; i < block->count; i++) {
        tt_bytes part[TT_BLOCK_PARTS] = { 0 };
        for (size_t p = TT_BLOCK_PARTS - entries->parts; p < TT_BLOCK_PARTS; p++)
            if (!tt_block_take (&block->events, &part[p]))
                return false;
        if (block->first + i >= from)
            entries->list[entries->count++] = (tt_entry){ partition, block->first + i, block->epoch, part[0], part[1], part[2] };
    }
    if (entries->blocks)
        note_block (entries->blocks, (tt_block_place){ partition, block->first + block->count - 1, entries->count });
    return block->events.size == 0;
}

tt_status
tt_entries_take (tt_entries *entries, uint32_t partition, const redisReply *stream, uint64_t from, tt_error *error)
{
    if (stream->type != REDIS_REPLY_ARRAY)
        return tt_fail (error, TT_INTERNAL, "Redis answered a read of a journal with something else than a list");
    size_t before = entries->count;
    for (size_t i = 0; i < stream->elements; i++) {
        const redisReply *item = stream->element[i];
        struct block block;
        if (item->type != REDIS_REPLY_ARRAY || item->elements < 2 || item->element[0]->type != REDIS_REPLY_STRING
            || item->element[1]->type != REDIS_REPLY_ARRAY)
            continue; /* deleted, but still pending in a group */
        if (!take_block (&block, item, entries->parts) || !take_events (entries, partition, &block, from)) {
            tt_entries_cut (entries, before);
            return tt_fail (error, TT_INTERNAL, "entry %.40s of a journal of partition %u is no block of events",
                            item->element[0]->str, partition);
        }
    }
    return TT_OK;
}

/* "tt:{patent.3}:j:events" -> 3 */
static bool
partition_of_key (const redisReply *key, uint32_t *partition)
{
    const char *brace = key->type == REDIS_REPLY_STRING ? strchr (key->str, '}') : NULL;
    while (brace && brace > key->str && *brace != '.')
        brace--;
    if (brace == NULL || *brace != '.')
        return false;
    *partition = (uint32_t)strtoul (brace + 1, NULL, 10);
    return true;
}

tt_status
tt_entries_take_all (tt_entries *entries, uint32_t partitions, const redisReply *reply, const uint64_t *next, tt_error *error)
{
    tt_status status = TT_OK;
    size_t before = entries->count;
    for (size_t i = 0; status == TT_OK && i < reply->elements; i++) {
        const redisReply *stream = reply->element[i];
        uint32_t partition;
        if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 || !partition_of_key (stream->element[0], &partition)
            || partition >= partitions)
            status = tt_fail (error, TT_INTERNAL, "Redis answered a read of journals in a form that is not known");
        else
            status = tt_entries_take (entries, partition, stream->element[1], next ? next[partition] : 0, error);
    }
    if (status != TT_OK)
        tt_entries_cut (entries, before);
    return status;
}
