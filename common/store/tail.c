/* Following journals as they grow. */
#include <stdio.h>
#include <string.h>

#include "store/confirm.h"
#include "store/keys.h"
#include "store/listen.h"

#define READ_COUNT "32" /* blocks of each partition: each has up to 256 units */
#define CONFIRM_MS 250 /* the thread that follows has other things to do than to wait for copies */

struct tt_tail {
    tt_listen *listen;
    tt_store *store; /* for routes, heads and the watermark */
    char *name;
    uint64_t *next;          /* of each partition */
    const redisReply **held; /* of each ear: what came and waits for the copies; borrowed from the listener */
    size_t ears;
    tt_entries entries;
    tt_buffer request, key;
};

tt_status
tt_tail_open (tt_tail **out, const tt_store_options *options, const char *name, const uint64_t *next, tt_error *error)
{
    *out = NULL;
    tt_store *store = NULL;
    tt_store_options own = *options;
    own.replica_timeout_ms = own.replica_timeout_ms && own.replica_timeout_ms < CONFIRM_MS ? own.replica_timeout_ms : CONFIRM_MS;
    if (own.timeout_ms && own.replica_timeout_ms > own.timeout_ms / 2)
        own.replica_timeout_ms = own.timeout_ms / 2;
    tt_status status = tt_store_open (&store, &own, error);
    if (status != TT_OK)
        return status;
    tt_tail *tail = tt_alloc_zero (1, sizeof *tail);
    tail->store = store;
    tail->name = tt_strdup (name);
    tail->entries.parts = tt_entries_parts (name);
    tail->next = tt_alloc (options->partitions * sizeof *tail->next);
    memcpy (tail->next, next, options->partitions * sizeof *tail->next);
    tail->held = tt_alloc_zero (options->partitions, sizeof *tail->held);
    tail->listen = tt_listen_new (store);
    *out = tail;
    return TT_OK;
}

void
tt_tail_close (tt_tail **reference)
{
    tt_tail *tail = *reference;
    if (tail == NULL)
        return;
    tt_listen_destroy (&tail->listen);
    tt_store_close (&tail->store);
    free (tail->name);
    free (tail->next);
    free (tail->held);
    free (tail->entries.list);
    tt_buffer_free (&tail->request);
    tt_buffer_free (&tail->key);
    free (tail);
    *reference = NULL;
}

int
tt_tail_fd (const tt_tail *tail)
{
    return tt_listen_fd (tail->listen);
}

bool
tt_tail_connected (const tt_tail *tail)
{
    for (size_t e = 0; e < tail->ears; e++)
        if (tail->held[e])
            return false;
    return tt_listen_connected (tail->listen);
}

static void
build_request (tt_tail *tail, uint32_t first, uint32_t partitions)
{
    tt_buffer *out = &tail->request;
    tt_buffer_clear (out);
    tt_resp_begin (out, 6 + 2 * partitions);
    const char *const words[] = { "XREAD", "COUNT", READ_COUNT, "BLOCK", TT_LISTEN_BLOCK, "STREAMS" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        tt_resp_text (out, words[i]);
    for (uint32_t p = first; p < first + partitions; p++) {
        tt_key (&tail->key, tt_store_service (tail->store), p, 'j', tail->name);
        tt_resp_buffer (out, &tail->key);
    }
    for (uint32_t p = first; p < first + partitions; p++) {
        char id[32];
        snprintf (id, sizeof id, "%llu-0", (unsigned long long)tail->next[p] - 1);
        tt_resp_text (out, id);
    }
}

/* A journal that ends before the position was cut: the store lost what it had acknowledged. */
static tt_status
compare_head (tt_tail *tail, uint32_t p, uint64_t head, tt_error *error)
{
    if (head + 1 >= tail->next[p])
        return TT_OK;
    tt_status status
        = tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u ends at %llu, but %llu was seen: the tail was lost",
                   tail->name, p, (unsigned long long)head, (unsigned long long)tail->next[p] - 1);
    tail->next[p] = head + 1;
    return status;
}

/* Of one partition, on the ear's own connection: other masters may not answer just now. */
static tt_status
compare_own_head (tt_tail *tail, size_t ear, uint32_t partition, tt_error *error)
{
    tt_buffer *out = &tail->request;
    tt_buffer_clear (out);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_key (&tail->key, tt_store_service (tail->store), partition, 'm', "");
    tt_resp_buffer (out, &tail->key);
    tt_resp_text (out, tail->name);
    redisReply *reply;
    tt_status status = tt_listen_call (tail->listen, ear, out, &reply, error);
    if (status != TT_OK)
        return status;
    status = compare_head (tail, partition, reply->type == REDIS_REPLY_STRING ? strtoull (reply->str, NULL, 10) : 0, error);
    freeReplyObject (reply);
    return status;
}

static tt_status
compare_heads (tt_tail *tail, size_t ear, tt_error *error)
{
    uint32_t first, partitions;
    tt_listen_span (tail->listen, ear, &first, &partitions);
    if (partitions == 1)
        return compare_own_head (tail, ear, first, error);
    uint64_t *heads = tt_alloc (partitions * sizeof *heads);
    tt_status status = tt_journal_heads (tail->store, tail->name, heads, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        status = compare_head (tail, p, heads[p], error);
    free (heads);
    return status;
}

/* Moves the positions; a skipped sequence means that the history was cut under us. */
static tt_status
advance (tt_tail *tail, size_t from, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t i = from; i < tail->entries.count; i++) {
        const tt_entry *entry = &tail->entries.list[i];
        if (entry->sequence != tail->next[entry->partition] && status == TT_OK)
            status = tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u skips from %llu to %llu", tail->name,
                              entry->partition, (unsigned long long)tail->next[entry->partition] - 1,
                              (unsigned long long)entry->sequence);
        tail->next[entry->partition] = entry->sequence + 1;
    }
    return status;
}

/* What one ear has heard. What the copies do not have yet is kept. */
static tt_status
take (tt_tail *tail, size_t ear, tt_error *error)
{
    size_t from = tail->entries.count;
    const redisReply *reply = tail->held[ear];
    bool was_asked = tt_listen_asked (tail->listen, ear);
    tt_status status = reply ? TT_OK : tt_listen_hear (tail->listen, ear, &reply, error);
    tail->held[ear] = NULL;
    if (status == TT_OK && reply && reply->type == REDIS_REPLY_ARRAY)
        status = tt_entries_take_all (&tail->entries, tt_store_partitions (tail->store), reply, tail->next, error);
    if (status != TT_OK)
        return status;
    if (tail->entries.count == from)
        return was_asked && !tt_listen_asked (tail->listen, ear) ? compare_heads (tail, ear, error) : TT_OK;
    if (tt_confirm_entries (tail->store, &tail->entries, from))
        return advance (tail, from, error);
    tail->held[ear] = reply;
    tail->entries.count = from;
    return TT_OK;
}

/* The next wait begins while what came is worked on. */
static tt_status
ask (tt_tail *tail, size_t ear, tt_error *error)
{
    if (tt_listen_asked (tail->listen, ear) || tail->held[ear])
        return TT_OK;
    bool fresh;
    uint32_t first, partitions;
    tt_listen_span (tail->listen, ear, &first, &partitions);
    tt_status status = tt_listen_connect (tail->listen, ear, &fresh, error);
    if (status == TT_OK && fresh)
        status = compare_heads (tail, ear, error);
    if (status != TT_OK)
        return status;
    build_request (tail, first, partitions);
    return tt_listen_ask (tail->listen, ear, &tail->request, error);
}

/* Lost data is told before anything else, trouble only if nothing was heard. */
static void
worse (tt_status *status, tt_error *error, tt_status other, const tt_error *why)
{
    if (other == TT_OK || *status == TT_DATA_LOSS || (*status != TT_OK && other != TT_DATA_LOSS))
        return;
    *status = other;
    if (error)
        *error = *why;
}

tt_status
tt_tail_read (tt_tail *tail, const tt_entry **entries, size_t *count, tt_error *error)
{
    tt_error why = { 0 };
    *entries = NULL;
    *count = 0;
    tail->entries.count = 0;
    tt_status status = tt_listen_ears (tail->listen, &tail->ears, error);
    for (size_t e = 0; e < tail->ears; e++) {
        tt_status taken = take (tail, e, &why);
        worse (&status, error, taken, &why);
    }
    for (size_t e = 0; e < tail->ears; e++) {
        tt_status asked = ask (tail, e, &why);
        worse (&status, error, asked, &why);
    }
    *entries = tail->entries.list;
    *count = tail->entries.count;
    return status == TT_DATA_LOSS || *count == 0 ? status : TT_OK;
}
