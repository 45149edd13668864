#include "store/journal.h"

#include <stdio.h>
#include <string.h>

#include "store/journal_inner.h"
#include "store/pipe.h"

static void
add_head (tt_store *store, uint32_t partition, const char *name)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_pipe_key (store, out, partition, 'm', "");
    tt_resp_text (out, name);
    tt_pipe_end (store);
}

void
tt_journal_add_range (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint64_t to, uint32_t blocks)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    char id[32];
    tt_resp_begin (out, to ? 4 : 6);
    tt_resp_text (out, "XRANGE");
    tt_pipe_key (store, out, partition, 'j', name);
    snprintf (id, sizeof id, "%llu-0", (unsigned long long)from);
    tt_resp_text (out, id);
    snprintf (id, sizeof id, "%llu-0", (unsigned long long)to);
    tt_resp_text (out, to ? id : "+");
    if (to == 0) {
        tt_resp_text (out, "COUNT");
        tt_resp_number (out, blocks);
    }
    tt_pipe_end (store);
}

tt_status
tt_journal_run (tt_store *store, tt_error *error)
{
    tt_status status = tt_pipe_run (store, error);
    for (size_t i = 0; status == TT_OK && i < store->count; i++)
        if (tt_pipe_reply (store, i)->type == REDIS_REPLY_ERROR)
            status = tt_redis_error_status (tt_pipe_reply (store, i), error);
    return status;
}

uint64_t
tt_journal_number (const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? strtoull (reply->str, NULL, 10) : 0;
}

tt_status
tt_journal_heads (tt_store *store, const char *name, uint64_t *heads, tt_error *error)
{
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < store->options.partitions; p++)
        add_head (store, p, name);
    tt_status status = tt_journal_run (store, error);
    for (uint32_t p = 0; status == TT_OK && p < store->options.partitions; p++)
        heads[p] = tt_journal_number (tt_pipe_reply (store, p));
    return status;
}

/* Nothing at `from`: is it the end, or was it trimmed away? */
static tt_status
explain_absence (uint64_t from, uint64_t first, uint64_t head, uint64_t *earliest, tt_error *error)
{
    if (first == 0 && from > head)
        return TT_OK;
    uint64_t kept = first ? first : head + 1;
    if (earliest)
        *earliest = kept;
    return tt_fail (error, TT_OUT_OF_RANGE, "sequence %llu is no longer kept; the earliest is %llu", (unsigned long long)from,
                    (unsigned long long)kept);
}

/* Reads the blocks of a range and the journal's head. */
static tt_status
read_blocks (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint64_t to, tt_entries *taken, uint64_t *head,
             tt_error *error)
{
    tt_pipe_begin (store);
    tt_journal_add_range (store, name, partition, from, to, 1);
    add_head (store, partition, name);
    tt_status status = tt_journal_run (store, error);
    if (status != TT_OK)
        return status;
    *taken = (tt_entries){ .list = store->entries, .capacity = store->entries_capacity, .parts = tt_entries_parts (name) };
    status = tt_entries_take (taken, partition, tt_pipe_reply (store, 0), from, error);
    store->entries = taken->list;
    store->entries_capacity = taken->capacity;
    *head = tt_journal_number (tt_pipe_reply (store, 1));
    return status;
}

size_t
tt_journal_dense (const tt_entries *entries, uint64_t from, uint32_t limit)
{
    size_t count = 0;
    while (count < entries->count && count < limit && entries->list[count].sequence == from + count)
        count++;
    return count;
}

/* A block has at most as many entries as its id says, so a range of ids is a bound for what comes. Only if the block that `from`
 * is in ends behind that range, that one is read. */
tt_status
tt_journal_read (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint32_t limit, const tt_entry **entries,
                 size_t *count, uint64_t *earliest, tt_error *error)
{
    *entries = NULL;
    *count = 0;
    tt_entries taken;
    uint64_t head;
    tt_status status = read_blocks (store, name, partition, from, limit > 1 ? from + limit - 1 : 0, &taken, &head, error);
    if (status == TT_OK && taken.count == 0 && limit > 1 && from <= head)
        status = read_blocks (store, name, partition, from, 0, &taken, &head, error);
    if (status != TT_OK)
        return status;
    uint64_t first = taken.count ? taken.list[0].sequence : 0;
    if (first != from)
        return explain_absence (from, first, head, earliest, error);
    *entries = taken.list;
    *count = tt_journal_dense (&taken, from, limit);
    return TT_OK;
}

/* -- tables, page by page -- */

static void
add_scan (tt_store *store, uint32_t partition, const char *table, const char *cursor)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 5);
    tt_resp_text (out, "HSCAN");
    tt_pipe_key (store, out, partition, 't', table);
    tt_resp_text (out, cursor);
    tt_resp_text (out, "COUNT");
    tt_resp_text (out, "1000");
    tt_pipe_end (store);
}

static bool
visit_rows (const redisReply *rows, tt_row_visitor *visit, void *context)
{
    for (size_t i = 0; i + 1 < rows->elements; i += 2) {
        const redisReply *key = rows->element[i], *value = rows->element[i + 1];
        if (value->len < 8)
            continue;
        uint64_t version = 0;
        for (int b = 0; b < 8; b++)
            version = version << 8 | (uint8_t)value->str[b];
        tt_bytes key_bytes = { (const uint8_t *)key->str, (size_t)key->len };
        tt_bytes value_bytes = { (const uint8_t *)value->str + 8, (size_t)value->len - 8 };
        if (!visit (context, key_bytes, version, value_bytes))
            return false;
    }
    return true;
}

tt_status
tt_table_visit (tt_store *store, uint32_t partition, const char *table, tt_row_visitor *visit, void *context, tt_error *error)
{
    char cursor[32] = "0";
    do {
        tt_pipe_begin (store);
        add_scan (store, partition, table, cursor);
        tt_status status = tt_journal_run (store, error);
        if (status != TT_OK)
            return status;
        const redisReply *reply = tt_pipe_reply (store, 0);
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
            return tt_fail (error, TT_INTERNAL, "Redis answered a scan in a form that is not known");
        snprintf (cursor, sizeof cursor, "%s", reply->element[0]->str);
        if (!visit_rows (reply->element[1], visit, context))
            return TT_OK;
    } while (strcmp (cursor, "0") != 0);
    return TT_OK;
}
