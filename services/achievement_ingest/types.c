#include "types.h"

#include <string.h>

static void *
arena_take (void *context, size_t size)
{
    return tt_arena_alloc (context, size);
}

static void
arena_leave (void *context, void *memory)
{
    (void)context;
    (void)memory;
}

void *
ingest_unpack (tt_arena *arena, const ProtobufCMessageDescriptor *type, tt_bytes bytes)
{
    ProtobufCAllocator allocator = { .alloc = arena_take, .free = arena_leave, .allocator_data = arena };
    return protobuf_c_message_unpack (type, &allocator, bytes.size, bytes.data);
}

tt_bytes
ingest_pair_key (tt_arena *arena, const char *first, const char *second)
{
    return tt_bytes_of_text (tt_arena_printf (arena, "%s/%s", first, second));
}

const char *
ingest_inbox_table (tt_arena *arena, const char *owner)
{
    return tt_arena_printf (arena, "push:%s", owner);
}

const char *
ingest_demand_index_name (tt_arena *arena, const char *owner)
{
    return tt_arena_printf (arena, "demand:%s", owner);
}

const char *
ingest_quarantine_index_name (tt_arena *arena, const char *source)
{
    return tt_arena_printf (arena, "quarantine:%s", source);
}
