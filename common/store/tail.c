/* Following journals as they grow. */
#include <stdio.h>

#include "store/confirm.h"
#include "store/keys.h"
#include "store/listen.h"
#include "store/places.h"

#define READ_COUNT "32" /* blocks of each partition: each has up to 256 units */
#define CONFIRM_MS 250  /* the thread that follows has other things to do than to wait for copies */

struct tt_tail {
    tt_listen *listen;
    tt_store *store; /* for routes and the watermark */
    tt_places places;
    const redisReply **held; /* of each ear: what came and waits for the copies; borrowed from the listener */
    size_t ears;
    tt_entries entries;
    tt_buffer request, key;
};

tt_status
tt_tail_open (tt_tail **out, const tt_store_options *options, const char *name, const tt_position *seen, tt_error *error)
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
    tail->entries.parts = tt_entries_parts (name);
    tt_places_init (&tail->places, options->service, name, options->partitions);
    for (uint32_t p = 0; p < options->partitions; p++)
        tt_places_set (&tail->places, p, &seen[p]);
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
    tt_places_free (&tail->places);
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

const tt_loss *
tt_tail_losses (const tt_tail *tail, size_t *count)
{
    *count = tail->places.loss_count;
    return tail->places.losses;
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
        tt_key (&tail->key, tail->places.service, p, 'j', tail->places.name);
        tt_resp_buffer (out, &tail->key);
    }
    for (uint32_t p = first; p < first + partitions; p++) {
        char id[32];
        snprintf (id, sizeof id, "%llu-0", (unsigned long long)tail->places.next[p] - 1);
        tt_resp_text (out, id);
    }
}

/* Moves the positions. A skipped sequence was taken out of the journal, or trimmed before it was read. */
static tt_status
advance (tt_tail *tail, size_t from, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t i = from; i < tail->entries.count; i++) {
        const tt_entry *entry = &tail->entries.list[i];
        uint64_t next = tail->places.next[entry->partition];
        if (entry->sequence > next)
            status
                = tt_places_lose (&tail->places, (tt_loss){ entry->partition, next, entry->sequence - 1 }, "skipped", error);
        tt_places_take (&tail->places, entry);
    }
    return status;
}

/* Another epoch than what is known: the server itself says whether it follows. */
static tt_status
know (tt_tail *tail, size_t ear, size_t from, tt_error *error)
{
    if (tt_places_know (&tail->places, tail->entries.list + from, tail->entries.count - from))
        return TT_OK;
    return tt_places_check (&tail->places, tail->listen, ear, error);
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
        status = tt_entries_take_all (&tail->entries, tail->places.count, reply, tail->places.next, error);
    if (status == TT_OK && tail->entries.count == from) /* idle: is the end still there? */
        return was_asked && !tt_listen_asked (tail->listen, ear) ? tt_places_check (&tail->places, tail->listen, ear, error)
                                                                 : TT_OK;
    if (status == TT_OK)
        status = know (tail, ear, from, error);
    if (status == TT_OK && tt_confirm_entries (tail->store, &tail->entries, from))
        return advance (tail, from, error);
    tail->entries.count = from;
    if (status == TT_OK && tail->store->elsewhere) /* what was heard is of a server that nobody else is asked at any more */
        tt_listen_drop (tail->listen, ear);
    else if (status == TT_OK)
        tail->held[ear] = reply;
    return status;
}

/* The next wait begins while what came is worked on. */
static tt_status
ask (tt_tail *tail, size_t ear, tt_error *error)
{
    if (tt_listen_asked (tail->listen, ear) || tail->held[ear])
        return TT_OK;
    uint32_t first, partitions;
    tt_listen_span (tail->listen, ear, &first, &partitions);
    tt_status status = tt_places_connect (&tail->places, tail->listen, ear, error); /* a new server must know what was seen */
    for (uint32_t p = first; p < first + partitions; p++)
        tt_store_pin (tail->store, p, tt_listen_server (tail->listen, ear)); /* copies of another one's journal prove nothing */
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
    tail->entries.count = tail->places.loss_count = 0;
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
