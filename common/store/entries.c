#include "store/entries.h"

#include <string.h>

static tt_bytes
bytes_of (const redisReply *reply)
{
    return (tt_bytes){ (const uint8_t *) reply->str, (size_t) reply->len };
}

static bool
take_fields (tt_entry *entry, const redisReply *fields)
{
    if (fields->type != REDIS_REPLY_ARRAY)
        return false; /* deleted, but still pending in a group */
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        tt_bytes value = bytes_of (fields->element[i + 1]);
        switch (fields->element[i]->str[0]) {
        case 't':
            entry->topic = value;
            break;
        case 'h':
            entry->header = value;
            break;
        case 'b':
            entry->body = value;
            break;
        default:
            break; /* a field of a later version */
        }
    }
    return true;
}

tt_status
tt_entries_take (tt_entries *entries, uint32_t partition, const redisReply *stream, tt_error *error)
{
    if (stream->type != REDIS_REPLY_ARRAY)
        return tt_fail (error, TT_INTERNAL, "Redis answered a read of a journal with something else than a list");
    if (entries->count + stream->elements > entries->capacity) {
        entries->capacity = (entries->count + stream->elements) * 2;
        entries->list = tt_realloc (entries->list, entries->capacity * sizeof *entries->list);
    }
    for (size_t i = 0; i < stream->elements; i++) {
        const redisReply *item = stream->element[i];
        if (item->type != REDIS_REPLY_ARRAY || item->elements < 2)
            continue;
        tt_entry *entry = &entries->list[entries->count];
        *entry = (tt_entry){ .partition = partition, .sequence = strtoull (item->element[0]->str, NULL, 10) };
        entries->count += take_fields (entry, item->element[1]);
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
    *partition = (uint32_t) strtoul (brace + 1, NULL, 10);
    return true;
}

tt_status
tt_entries_take_all (tt_entries *entries, const redisReply *reply, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t i = 0; status == TT_OK && i < reply->elements; i++) {
        const redisReply *stream = reply->element[i];
        uint32_t partition;
        if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 || !partition_of_key (stream->element[0], &partition))
            return tt_fail (error, TT_INTERNAL, "Redis answered a read of journals in a form that is not known");
        status = tt_entries_take (entries, partition, stream->element[1], error);
    }
    return status;
}
