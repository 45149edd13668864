/* Following journals as they grow. */
#include <stdio.h>
#include <string.h>

#include "store/entries.h"
#include "store/keys.h"
#include "store/listen.h"
#include "store/pipe.h"

#define READ_COUNT "1000"

struct tt_tail {
    tt_listen listen;
    tt_store *store; /* for comparing heads */
    char *name;
    uint64_t *next; /* of each partition */
    tt_entries entries;
    tt_buffer request, key;
};

tt_status
tt_tail_open (tt_tail **out, const tt_store_options *options, const char *name, const uint64_t *next, tt_error *error)
{
    *out = NULL;
    tt_store *store = NULL;
    tt_status status = tt_store_open (&store, options, error);
    if (status != TT_OK)
        return status;
    tt_tail *tail = tt_alloc_zero (1, sizeof *tail);
    tail->store = store;
    tail->name = tt_strdup (name);
    tail->next = tt_alloc (options->partitions * sizeof *tail->next);
    memcpy (tail->next, next, options->partitions * sizeof *tail->next);
    tt_listen_init (&tail->listen, options);
    *out = tail;
    return TT_OK;
}

void
tt_tail_close (tt_tail **reference)
{
    tt_tail *tail = *reference;
    if (tail == NULL)
        return;
    tt_listen_free (&tail->listen);
    tt_store_close (&tail->store);
    free (tail->name);
    free (tail->next);
    free (tail->entries.list);
    tt_buffer_free (&tail->request);
    tt_buffer_free (&tail->key);
    free (tail);
    *reference = NULL;
}

int
tt_tail_fd (const tt_tail *tail)
{
    return tt_listen_fd (&tail->listen);
}

static void
build_request (tt_tail *tail)
{
    uint32_t partitions = tt_store_partitions (tail->store);
    tt_buffer *out = &tail->request;
    tt_buffer_clear (out);
    tt_resp_begin (out, 6 + 2 * partitions);
    const char *const words[] = { "XREAD", "COUNT", READ_COUNT, "BLOCK", TT_LISTEN_BLOCK, "STREAMS" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        tt_resp_text (out, words[i]);
    for (uint32_t p = 0; p < partitions; p++) {
        tt_key (&tail->key, tt_store_service (tail->store), p, 'j', tail->name);
        tt_resp_buffer (out, &tail->key);
    }
    for (uint32_t p = 0; p < partitions; p++) {
        char id[32];
        snprintf (id, sizeof id, "%llu-0", (unsigned long long) tail->next[p] - 1);
        tt_resp_text (out, id);
    }
}

/* A journal that ends before the position was cut: the store lost what it had acknowledged. */
static tt_status
compare_heads (tt_tail *tail, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (tail->store);
    uint64_t *heads = tt_alloc (partitions * sizeof *heads);
    tt_status status = tt_journal_heads (tail->store, tail->name, heads, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        if (heads[p] + 1 < tail->next[p]) {
            status = tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u ends at %llu, but %llu was seen: the tail was lost", tail->name,
                              p, (unsigned long long) heads[p], (unsigned long long) tail->next[p] - 1);
            tail->next[p] = heads[p] + 1;
        }
    free (heads);
    return status;
}

/* Moves the positions; a skipped sequence means that the history was cut under us. */
static tt_status
advance (tt_tail *tail, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t i = 0; i < tail->entries.count; i++) {
        const tt_entry *entry = &tail->entries.list[i];
        if (entry->sequence != tail->next[entry->partition] && status == TT_OK)
            status = tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u skips from %llu to %llu", tail->name, entry->partition,
                              (unsigned long long) tail->next[entry->partition] - 1, (unsigned long long) entry->sequence);
        tail->next[entry->partition] = entry->sequence + 1;
    }
    return status;
}

tt_status
tt_tail_read (tt_tail *tail, const tt_entry **entries, size_t *count, tt_error *error)
{
    *entries = NULL;
    *count = 0;
    tail->entries.count = 0;
    bool was_asked = tail->listen.asked;
    const redisReply *reply;
    tt_status status = tt_listen_hear (&tail->listen, &reply, error);
    if (status == TT_OK && reply && reply->type == REDIS_REPLY_ARRAY)
        status = tt_entries_take_all (&tail->entries, reply, error);
    if (status == TT_OK && tail->entries.count)
        status = advance (tail, error);
    else if (status == TT_OK && was_asked && !tail->listen.asked)
        status = compare_heads (tail, error);
    if (status != TT_OK && status != TT_DATA_LOSS)
        return status;
    *entries = tail->entries.list;
    *count = tail->entries.count;
    if (tail->listen.asked)
        return status;
    build_request (tail); /* the next wait begins while these are worked on */
    tt_error later = { 0 };
    tt_status asked = tt_listen_ask (&tail->listen, &tail->request, status == TT_OK ? error : &later);
    return status != TT_OK ? status : *count ? TT_OK : asked;
}
