/* Sharing the service's own journal among replicas, by a Redis consumer group. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/group_inner.h"
#include "store/keys.h"

tt_status
tt_group_open (tt_group **out, const tt_store_options *options, const tt_group_options *group_options, tt_error *error)
{
    *out = NULL;
    tt_store *store = NULL;
    tt_status status = tt_store_open (&store, options, error);
    if (status != TT_OK)
        return status;
    tt_group *group = tt_alloc_zero (1, sizeof *group);
    group->store = store;
    group->name = tt_strdup (group_options->name);
    group->consumer = tt_strdup (group_options->consumer);
    group->claim_idle_ms = group_options->claim_idle_ms ? group_options->claim_idle_ms : 5000;
    group->entries.parts = tt_entries_parts (TT_JOURNAL_EVENTS);
    group->entries.blocks = &group->blocks;
    group->claimed = tt_alloc_zero (options->partitions, sizeof *group->claimed);
    group->generation = tt_alloc_zero (options->partitions, sizeof *group->generation);
    group->epoch = tt_alloc_zero (options->partitions, sizeof *group->epoch);
    group->listen = tt_listen_new (store);
    tt_places_init (&group->places, options->service, TT_JOURNAL_EVENTS, options->partitions);
    group->held = tt_alloc_zero (options->partitions, sizeof *group->held);
    if (options->replicas)
        status = tt_store_open (&group->confirmer, options, error);
    if (status != TT_OK)
        tt_group_close (&group);
    *out = group;
    return status;
}

static void
forget_blocks (tt_group *group)
{
    if (group->blocks.count)
        group->density = (group->entries.count + group->blocks.count - 1) / group->blocks.count;
    for (uint32_t p = 0; p < tt_store_partitions (group->store); p++) {
        if (group->claimed[p])
            freeReplyObject (group->claimed[p]);
        group->claimed[p] = NULL;
    }
    group->entries.count = group->blocks.count = group->begin = group->end = group->acknowledged = 0;
}

void
tt_group_close (tt_group **reference)
{
    tt_group *group = *reference;
    if (group == NULL)
        return;
    forget_blocks (group);
    free (group->claimed);
    free (group->generation);
    free (group->epoch);
    tt_listen_destroy (&group->listen);
    tt_store_close (&group->store);
    tt_store_close (&group->confirmer);
    tt_places_free (&group->places);
    free (group->held);
    free (group->name);
    free (group->consumer);
    free (group->entries.list);
    free (group->blocks.list);
    tt_buffer_free (&group->request);
    tt_buffer_free (&group->key);
    free (group);
    *reference = NULL;
}

int
tt_group_fd (const tt_group *group)
{
    return tt_listen_fd (group->listen);
}

bool
tt_group_connected (const tt_group *group)
{
    for (size_t e = 0; e < group->ears; e++)
        if (group->held[e])
            return false;
    return tt_listen_connected (group->listen);
}

static bool
is_confirmed (const tt_group *group, size_t from)
{
    return group->confirmer == NULL || tt_confirm_entries (group->confirmer, &group->entries, from);
}

/* How many blocks of each partition are about `limit` entries. */
static size_t
share (const tt_group *group, uint32_t limit)
{
    size_t blocks = limit / tt_store_partitions (group->store) / (group->density ? group->density : 1);
    return blocks ? blocks : 1;
}

static void
build_request (tt_group *group, uint32_t first, uint32_t partitions, uint32_t limit)
{
    tt_buffer *out = &group->request;
    tt_buffer_clear (out);
    tt_resp_begin (out, 9 + 2 * partitions);
    char name[TT_GROUP_NAME_SIZE];
    tt_group_name (group, first, name);
    const char *const words[] = { "XREADGROUP", "GROUP", name, group->consumer, "COUNT" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        tt_resp_text (out, words[i]);
    tt_resp_number (out, (int64_t)share (group, limit));
    tt_resp_text (out, "BLOCK");
    tt_resp_text (out, TT_LISTEN_BLOCK);
    tt_resp_text (out, "STREAMS");
    for (uint32_t p = first; p < first + partitions; p++) {
        tt_key (&group->key, tt_store_service (group->store), p, 'j', TT_JOURNAL_EVENTS);
        tt_resp_buffer (out, &group->key);
    }
    for (uint32_t p = 0; p < partitions; p++)
        tt_resp_text (out, ">");
}

/* Blocks are taken whole, but handed out in portions. */
static bool
hand_out (tt_group *group, uint32_t limit, const tt_entry **entries, size_t *count)
{
    group->begin = group->end;
    size_t left = group->entries.count - group->begin;
    *entries = group->entries.list + group->begin;
    *count = left < limit ? left : limit;
    group->end += *count;
    return *count > 0;
}

/* Of another epoch than what is known: the server itself says whether that follows what was taken. */
static tt_status
know (tt_group *group, size_t ear, size_t from, tt_error *error)
{
    if (tt_places_know (&group->places, group->entries.list + from, group->entries.count - from))
        return TT_OK;
    return tt_places_check (&group->places, group->listen, ear, error);
}

/* What one ear has heard. What the copies do not have yet is kept. */
static tt_status
take (tt_group *group, size_t ear, tt_error *error)
{
    size_t from = group->entries.count;
    const redisReply *reply = group->held[ear];
    tt_status status = reply ? TT_OK : tt_listen_hear (group->listen, ear, &reply, error);
    group->held[ear] = NULL;
    if (status == TT_OK && reply && reply->type == REDIS_REPLY_ARRAY)
        status = tt_entries_take_all (&group->entries, tt_store_partitions (group->store), reply, NULL, error);
    if (status == TT_OK)
        status = know (group, ear, from, error);
    if (status != TT_OK)
        tt_entries_cut (&group->entries, from); /* they stay pending, and are claimed again */
    if (status == TT_OK && group->entries.count > from && !is_confirmed (group, from)) {
        tt_entries_cut (&group->entries, from);
        if (group->confirmer->elsewhere)
            tt_listen_drop (group->listen, ear); /* they stay pending where they are */
        else
            group->held[ear] = reply;
    }
    return status;
}

/* A connection is read from once its server has been asked for the history. Acknowledgements and claims go to the same server
 * only: another may have given the same sequences to other events. */
static tt_status
attach (tt_group *group, size_t ear, tt_error *error)
{
    uint32_t first, partitions;
    tt_listen_span (group->listen, ear, &first, &partitions);
    tt_status status = tt_places_connect (&group->places, group->listen, ear, error);
    for (uint32_t p = first; p < first + partitions; p++) {
        tt_store_pin (group->store, p, tt_listen_server (group->listen, ear));
        if (group->confirmer) /* copies of another one's journal prove nothing */
            tt_store_pin (group->confirmer, p, tt_listen_server (group->listen, ear));
    }
    return status;
}

static tt_status
ask (tt_group *group, size_t ear, uint32_t limit, tt_error *error)
{
    uint32_t first, partitions;
    if (tt_listen_asked (group->listen, ear) || group->held[ear])
        return TT_OK;
    tt_listen_span (group->listen, ear, &first, &partitions);
    tt_status status = attach (group, ear, error);
    if (status != TT_OK)
        return status;
    build_request (group, first, partitions, limit);
    return tt_listen_ask (group->listen, ear, &group->request, error);
}

/* Trouble with one ear does not keep what another has heard, but lost data is told first. */
static void
worse (tt_status *status, tt_error *error, tt_status other, const tt_error *why)
{
    if (other == TT_OK || *status == TT_DATA_LOSS || (*status != TT_OK && other != TT_DATA_LOSS))
        return;
    *status = other;
    if (error)
        *error = *why;
}

/* -- claiming -- */

static void
add_claims (tt_group *group, size_t ear, uint32_t limit)
{
    char idle[16], count[16];
    uint32_t first, partitions;
    snprintf (idle, sizeof idle, "%u", group->claim_idle_ms);
    snprintf (count, sizeof count, "%zu", share (group, limit));
    tt_listen_span (group->listen, ear, &first, &partitions);
    for (uint32_t p = first; p < first + partitions; p++)
        tt_group_add (group, p, (const char *const[]){ "XAUTOCLAIM", NULL },
                      (const char *const[]){ TT_GROUP_SELF, group->consumer, idle, "0-0", "COUNT", count, NULL });
}

/* What a partition's claim gave. Entries of a history that is not known are left: the ear connects anew, and asks for it. */
static tt_status
take_claimed (tt_group *group, uint32_t partition, size_t ear, tt_error *error)
{
    size_t from = group->entries.count;
    const redisReply *reply = group->claimed[partition];
    if (reply->type == REDIS_REPLY_ERROR)
        return tt_redis_error_status (reply, error);
    tt_status status = TT_OK;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2)
        status = tt_entries_take (&group->entries, partition, reply->element[1], 0, error);
    if (status == TT_OK && !tt_places_know (&group->places, group->entries.list + from, group->entries.count - from)) {
        tt_entries_cut (&group->entries, from);
        tt_listen_drop (group->listen, ear);
    }
    return status;
}

static tt_status
take_claims (tt_group *group, const bool *attached, tt_error *error)
{
    tt_status status = tt_pipe_run (group->store, error);
    for (size_t e = 0, i = 0; status == TT_OK && e < group->ears; e++) {
        uint32_t first, partitions;
        tt_listen_span (group->listen, e, &first, &partitions);
        for (uint32_t p = first; status == TT_OK && attached[e] && p < first + partitions; p++) {
            group->claimed[p] = tt_pipe_take (group->store, i++);
            status = take_claimed (group, p, e, error);
        }
    }
    return status;
}

/* An ear that listens would have heard that its connection broke; of another one it is not known before it is used. */
static tt_status
verify (tt_group *group, size_t ear, tt_error *error)
{
    if (tt_listen_asked (group->listen, ear) || group->held[ear])
        return TT_OK;
    tt_status status = attach (group, ear, error);
    return status == TT_OK ? tt_places_check (&group->places, group->listen, ear, error) : status;
}

/* What others took and did not acknowledge for too long: they are dead, or this replica was. Only on servers whose history was asked
 * for. */
static tt_status
claim (tt_group *group, uint32_t limit, tt_error *error)
{
    bool *attached = tt_alloc_zero (group->ears, sizeof *attached);
    tt_status status = TT_OK;
    for (size_t e = 0; e < group->ears; e++) {
        tt_error why = { 0 };
        tt_status verified = verify (group, e, &why);
        attached[e] = verified == TT_OK;
        worse (&status, error, verified == TT_DATA_LOSS ? TT_DATA_LOSS : TT_OK, &why);
    }
    tt_pipe_begin (group->store);
    for (size_t e = 0; e < group->ears; e++)
        if (attached[e])
            add_claims (group, e, limit);
    if (status == TT_OK && group->store->count > 0)
        status = take_claims (group, attached, error);
    free (attached);
    if (!is_confirmed (group, 0))
        tt_entries_cut (&group->entries, 0); /* they stay pending, and are claimed again */
    return status;
}

static tt_status
claim_if_due (tt_group *group, uint32_t limit, tt_error *error)
{
    if (tt_clock_monotonic_us () < group->next_claim_us)
        return TT_OK;
    tt_status status = claim (group, limit, error);
    if (status != TT_OK || group->entries.count == 0) /* else there may be more */
        group->next_claim_us = tt_clock_monotonic_us () + (int64_t)group->claim_idle_ms * 500;
    return status;
}

static tt_status
take_all (tt_group *group, tt_error *error)
{
    tt_status status = tt_listen_ears (group->listen, &group->ears, error);
    for (size_t e = 0; e < group->ears; e++) {
        tt_error why = { 0 };
        tt_status taken = take (group, e, &why);
        worse (&status, error, taken, &why);
    }
    return group->entries.count && status != TT_DATA_LOSS ? TT_OK : status;
}

static tt_status
ask_all (tt_group *group, uint32_t limit, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t e = 0; e < group->ears; e++) {
        tt_error why = { 0 };
        tt_status asked = ask (group, e, limit, &why);
        worse (&status, error, asked, &why);
    }
    return status;
}

static void
take_places (tt_group *group)
{
    for (size_t i = 0; i < group->entries.count; i++)
        tt_places_take (&group->places, &group->entries.list[i]);
}

/* Claims and acknowledgements that another server answered: the listeners follow there, and ask it. */
void
tt_group_drop_ears (tt_group *group)
{
    for (size_t e = 0; e < group->ears; e++) {
        group->held[e] = NULL;
        tt_listen_drop (group->listen, e);
    }
    for (uint32_t p = 0; p < group->places.count; p++) {
        tt_store_pin (group->store, p, NULL);
        if (group->confirmer)
            tt_store_pin (group->confirmer, p, NULL);
    }
}

static tt_status
find (tt_group *group, tt_error *error)
{
    tt_status status = tt_group_find (group, error);
    return status == TT_OK ? tt_group_level (group, error) : status;
}

tt_status
tt_group_read (tt_group *group, uint32_t limit, const tt_entry **entries, size_t *count, tt_error *error)
{
    if (hand_out (group, limit, entries, count))
        return TT_OK;
    forget_blocks (group);
    group->places.loss_count = 0;
    tt_status status = group->created ? TT_OK : find (group, error);
    group->created = status == TT_OK;
    if (status == TT_OK)
        status = take_all (group, error);
    if (status == TT_OK && group->entries.count == 0)
        status = claim_if_due (group, limit, error);
    if (status == TT_UNAVAILABLE || status == TT_INTERNAL)
        group->created = false; /* a Redis that came back empty must get its groups again */
    if (status != TT_OK) {
        forget_blocks (group); /* claimed again later */
        if (group->store->elsewhere)
            tt_group_drop_ears (group);
        return status;
    }
    take_places (group);
    if (hand_out (group, limit, entries, count))
        return TT_OK;
    return ask_all (group, limit, error);
}

tt_status
tt_group_renew (tt_group *group, tt_error *error)
{
    tt_group_drop_ears (group);
    group->places.loss_count = 0;
    tt_status status = TT_OK;
    for (size_t e = 0; e < group->ears; e++) {
        tt_error why = { 0 };
        tt_status attached = attach (group, e, &why);
        worse (&status, error, attached, &why);
    }
    return status;
}

void
tt_group_forget (tt_group *group)
{
    forget_blocks (group);
}

void
tt_group_pin (const tt_group *group, tt_store *store)
{
    for (size_t e = 0; e < group->ears; e++) {
        uint32_t first, count;
        tt_listen_span (group->listen, e, &first, &count);
        for (uint32_t p = first; p < first + count; p++)
            tt_store_pin (store, p, tt_listen_server (group->listen, e));
    }
}

const tt_loss *
tt_group_losses (const tt_group *group, size_t *count)
{
    *count = group->places.loss_count;
    return group->places.losses;
}

static void
add_acknowledge (tt_group *group, size_t begin, size_t end)
{
    const tt_block_place *blocks = group->blocks.list;
    char name[TT_GROUP_NAME_SIZE];
    tt_group_name (group, blocks[begin].partition, name);
    tt_buffer *out = tt_pipe_command (group->store, blocks[begin].partition);
    tt_resp_begin (out, 3 + end - begin);
    tt_resp_text (out, "XACK");
    tt_pipe_key (group->store, out, blocks[begin].partition, 'j', TT_JOURNAL_EVENTS);
    tt_resp_text (out, name);
    for (size_t i = begin; i < end; i++) {
        char id[32];
        snprintf (id, sizeof id, "%llu-0", (unsigned long long)blocks[i].last);
        tt_resp_text (out, id);
    }
    tt_pipe_end (group->store);
}

/* Of the blocks that were handed out to their end. */
tt_status
tt_group_acknowledge (tt_group *group, tt_error *error)
{
    const tt_block_place *blocks = group->blocks.list;
    size_t done = group->acknowledged;
    tt_pipe_begin (group->store);
    for (size_t end = done; done < group->blocks.count && blocks[done].end <= group->end; done = end) {
        while (end < group->blocks.count && blocks[end].end <= group->end && blocks[end].partition == blocks[done].partition)
            end++;
        add_acknowledge (group, done, end);
    }
    tt_status status = tt_pipe_run (group->store, error);
    if (status == TT_OK)
        group->acknowledged = done;
    return status;
}

/* A block's id is the sequence of its last event, so what nobody has taken is counted in events; of what was taken only the
 * number of blocks is known. */
static uint64_t
lag_of (const redisReply *info, uint64_t head)
{
    const redisReply *delivered = tt_group_field (info, "last-delivered-id"), *pending = tt_group_field (info, "pending");
    uint64_t last = delivered && delivered->type == REDIS_REPLY_STRING ? strtoull (delivered->str, NULL, 10) : 0;
    uint64_t taken = pending && pending->type == REDIS_REPLY_INTEGER ? (uint64_t)pending->integer : 0;
    return taken + (head > last ? head - last : 0);
}

tt_status
tt_group_lag (tt_group *group, uint64_t *lag, tt_error *error)
{
    *lag = 0;
    uint32_t partitions = tt_store_partitions (group->store);
    uint64_t *heads = tt_alloc (partitions * sizeof *heads);
    const char *const before[] = { "XINFO", "GROUPS", NULL };
    const char *const behind[] = { NULL };
    tt_status status = tt_journal_heads (group->store, TT_JOURNAL_EVENTS, heads, error);
    if (status == TT_OK)
        status = tt_group_for_all (group, before, behind, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++) {
        const redisReply *info = tt_group_info (group, p, tt_pipe_reply (group->store, p));
        *lag += info ? lag_of (info, heads[p]) : 0;
    }
    free (heads);
    return status;
}
