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
