#include "commands.h"

#include "types.h"
#include "wire/topic.h"

bool
ingest_refuse_invalid (tt_txn *txn, tt_violations *v)
{
    for (size_t i = 0; i < v->count; i++)
        tt_txn_violation (txn, v->items[i].path, "%s", v->items[i].reason);
    bool any = v->total > 0;
    tt_violations_free (v);
    return any;
}

void *
ingest_read_row (tt_txn *txn, const tt_row *row, const ProtobufCMessageDescriptor *type)
{
    if (!row || !row->present)
        return NULL;
    void *message = ingest_unpack (tt_txn_arena (txn), type, row->value);
    if (!message)
        tt_txn_refuse (txn, TT_DATA_LOSS, "a stored %s cannot be read", type->short_name);
    return message;
}

const char *
ingest_topic (tt_txn *txn, const char *what, const char *second, const char *third)
{
    tt_buffer topic = { 0 };
    tt_topic_build (&topic, "achievement", what, second, NULL);
    if (third)
        tt_topic_append (&topic, third);
    const char *out = tt_arena_strndup (tt_txn_arena (txn), tt_buffer_cstr (&topic), topic.size);
    tt_buffer_free (&topic);
    return out;
}

#define PAGE_DEFAULT 100
#define PAGE_MOST 500

const tt_rows *
ingest_page_of (tt_txn *txn, uint32_t partition, uint32_t *limit, const char *after, size_t after_most, const char *index, const char *table)
{
    tt_violations v = { 0 };
    bool there = tt_check_range (&v, "partition", partition, 0, tt_txn_partitions (txn) - 1);
    tt_txn_at_partition (txn, there ? partition : 0);
    tt_check_range (&v, "limit", *limit, 0, PAGE_MOST);
    tt_check_text (&v, "after", after, 0, after_most);
    if (ingest_refuse_invalid (txn, &v))
        return NULL;
    *limit = *limit == 0 ? PAGE_DEFAULT : *limit;
    return tt_txn_page (txn, index, tt_bytes_of_text (after), *limit + 1, table);
}

ingest_next
ingest_next_page (tt_txn *txn, const tt_rows *rows, uint32_t partition, uint32_t limit)
{
    if (rows->count <= limit)
        return (ingest_next){ partition + 1 < tt_txn_partitions (txn), partition + 1, (char *)"" };
    tt_bytes last = rows->keys[limit - 1];
    return (ingest_next){ true, partition, tt_arena_strndup (tt_txn_arena (txn), (const char *)last.data, last.size) };
}
