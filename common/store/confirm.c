#include "store/confirm.h"

#include <string.h>

/* A watermark holds for the connection it was found on: another server may have less. */
static uint64_t
known_watermark (const tt_store *store, uint32_t partition)
{
    const tt_watermark *mark = &store->watermarks[partition];
    const tt_node *node = store->routes ? store->routes[partition] : NULL;
    return node && node->redis.context && strcmp (mark->connection, node->redis.connection) == 0 ? mark->sequence : 0;
}

static void
raise_watermark (tt_store *store, const tt_piped *write, uint64_t sequence)
{
    tt_watermark *mark = &store->watermarks[write->partition];
    mark->sequence = sequence;
    memcpy (mark->connection, write->confirmed_on, sizeof mark->connection);
}

/* What was read before this write is before it on every copy that confirms it. */
static void
add_write (tt_store *store, uint32_t partition)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_pipe_touch (store, out, partition);
    tt_pipe_end (store);
}

tt_status
tt_journal_confirm (tt_store *store, uint64_t *heads, tt_error *error)
{
    uint32_t partitions = store->options.partitions;
    if (store->options.replicas == 0)
        return TT_OK;
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < partitions; p++)
        if (heads[p] > known_watermark (store, p))
            add_write (store, p);
    if (store->count == 0)
        return TT_OK;
    tt_pipe_confirm (store);
    tt_status status = tt_pipe_run (store, error);
    for (size_t i = 0; status == TT_OK && i < store->count; i++) {
        if (tt_pipe_reply (store, i)->type != REDIS_REPLY_ERROR && tt_pipe_confirmed (store, i, NULL))
            raise_watermark (store, &store->piped[i], heads[store->piped[i].partition]);
    }
    for (uint32_t p = 0; p < partitions; p++) {
        uint64_t mark = known_watermark (store, p);
        heads[p] = heads[p] > mark ? mark : heads[p];
    }
    return status;
}

bool
tt_confirm_entries (tt_store *store, const tt_entries *entries, size_t from)
{
    if (store->options.replicas == 0 || from == entries->count)
        return true;
    uint64_t *heads = tt_alloc_zero (store->options.partitions, sizeof *heads);
    for (size_t i = from; i < entries->count; i++)
        if (entries->list[i].sequence > heads[entries->list[i].partition])
            heads[entries->list[i].partition] = entries->list[i].sequence;
    tt_error ignored = { 0 };
    (void)!tt_journal_confirm (store, heads, &ignored); /* what is not confirmed is asked for again */
    bool all = true;
    for (size_t i = from; all && i < entries->count; i++)
        all = entries->list[i].sequence <= heads[entries->list[i].partition];
    free (heads);
    return all;
}
