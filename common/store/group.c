/* Sharing the service's own journal among replicas, by a Redis consumer group. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/confirm.h"
#include "store/keys.h"
#include "store/listen.h"

struct tt_group {
    tt_listen *listen;
    const redisReply **held; /* of each ear: what came and waits for the copies; borrowed from the listener */
    size_t ears;
    tt_store *store;     /* for acknowledging and claiming, while the listener waits */
    tt_store *confirmer; /* for the high watermark, while entries borrow from the store; NULL where no copies are wished */
    char *name, *consumer;
    uint32_t claim_idle_ms;
    int64_t next_claim_us;
    bool created;
    tt_entries entries;
    tt_buffer request, key;
};

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
    group->listen = tt_listen_new (store);
    group->held = tt_alloc_zero (options->partitions, sizeof *group->held);
    if (options->replicas)
        status = tt_store_open (&group->confirmer, options, error);
    if (status != TT_OK)
        tt_group_close (&group);
    *out = group;
    return status;
}

void
tt_group_close (tt_group **reference)
{
    tt_group *group = *reference;
    if (group == NULL)
        return;
    tt_listen_destroy (&group->listen);
    tt_store_close (&group->store);
    tt_store_close (&group->confirmer);
    free (group->held);
    free (group->name);
    free (group->consumer);
    free (group->entries.list);
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

/* One command about the group for each partition: words before the key, words behind it. */
static void
add_command (tt_group *group, uint32_t partition, const char *const *before, const char *const *behind)
{
    size_t count = 1;
    for (size_t i = 0; before[i]; i++)
        count++;
    for (size_t i = 0; behind[i]; i++)
        count++;
    tt_buffer *out = tt_pipe_command (group->store, partition);
    tt_resp_begin (out, count);
    for (size_t i = 0; before[i]; i++)
        tt_resp_text (out, before[i]);
    tt_pipe_key (group->store, out, partition, 'j', TT_JOURNAL_EVENTS);
    for (size_t i = 0; behind[i]; i++)
        tt_resp_text (out, behind[i]);
    tt_pipe_end (group->store);
}

static tt_status
run_for_all (tt_group *group, const char *const *before, const char *const *behind, tt_error *error)
{
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; p < tt_store_partitions (group->store); p++)
        add_command (group, p, before, behind);
    return tt_pipe_run (group->store, error);
}

static tt_status
create_groups (tt_group *group, tt_error *error)
{
    const char *const before[] = { "XGROUP", "CREATE", NULL };
    const char *const behind[] = { group->name, "0", "MKSTREAM", NULL };
    tt_status status = run_for_all (group, before, behind, error);
    for (uint32_t p = 0; status == TT_OK && p < tt_store_partitions (group->store); p++) {
        const redisReply *reply = tt_pipe_reply (group->store, p);
        if (reply->type == REDIS_REPLY_ERROR && strncmp (reply->str, "BUSYGROUP", 9) != 0)
            status = tt_redis_error_status (reply, error);
    }
    group->created = status == TT_OK;
    return status;
}

/* What others took and did not acknowledge for too long: they are dead, or this replica was. */
static tt_status
claim (tt_group *group, uint32_t limit, tt_error *error)
{
    char idle[16], count[16];
    snprintf (idle, sizeof idle, "%u", group->claim_idle_ms);
    snprintf (count, sizeof count, "%u", limit);
    const char *const before[] = { "XAUTOCLAIM", NULL };
    const char *const behind[] = { group->name, group->consumer, idle, "0-0", "COUNT", count, NULL };
    tt_status status = run_for_all (group, before, behind, error);
    for (uint32_t p = 0; status == TT_OK && p < tt_store_partitions (group->store); p++) {
        const redisReply *reply = tt_pipe_reply (group->store, p);
        if (reply->type == REDIS_REPLY_ERROR)
            status = tt_redis_error_status (reply, error);
        else if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2)
            status = tt_entries_take (&group->entries, p, reply->element[1], error);
    }
    if (!is_confirmed (group, 0))
        group->entries.count = 0; /* they stay pending, and are claimed again */
    return status;
}

static void
build_request (tt_group *group, uint32_t first, uint32_t partitions, uint32_t limit)
{
    uint32_t all = tt_store_partitions (group->store);
    tt_buffer *out = &group->request;
    tt_buffer_clear (out);
    tt_resp_begin (out, 9 + 2 * partitions);
    const char *const words[] = { "XREADGROUP", "GROUP", group->name, group->consumer, "COUNT" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        tt_resp_text (out, words[i]);
    tt_resp_number (out, limit / all ? limit / all : 1);
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

static tt_status
claim_if_due (tt_group *group, uint32_t limit, tt_error *error)
{
    if (tt_clock_monotonic_us () < group->next_claim_us)
        return TT_OK;
    group->next_claim_us = tt_clock_monotonic_us () + (int64_t)group->claim_idle_ms * 500;
    return claim (group, limit, error);
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
        status = tt_entries_take_all (&group->entries, reply, error);
    if (status == TT_OK && group->entries.count > from && !is_confirmed (group, from)) {
        group->held[ear] = reply;
        group->entries.count = from;
    }
    return status;
}

static tt_status
ask (tt_group *group, size_t ear, uint32_t limit, tt_error *error)
{
    bool fresh;
    uint32_t first, partitions;
    if (tt_listen_asked (group->listen, ear) || group->held[ear])
        return TT_OK;
    tt_listen_span (group->listen, ear, &first, &partitions);
    tt_status status = tt_listen_connect (group->listen, ear, &fresh, error);
    if (status != TT_OK)
        return status;
    build_request (group, first, partitions, limit);
    return tt_listen_ask (group->listen, ear, &group->request, error);
}

/* Hears all ears; trouble with one does not keep what another has heard. */
static tt_status
take_all (tt_group *group, tt_error *error)
{
    tt_status status = tt_listen_ears (group->listen, &group->ears, error);
    for (size_t e = 0; e < group->ears; e++) {
        tt_error why = { 0 };
        tt_status taken = take (group, e, &why);
        if (taken != TT_OK && status == TT_OK)
            status = tt_fail (error, taken, "%s", why.message);
    }
    return group->entries.count ? TT_OK : status;
}

static tt_status
ask_all (tt_group *group, uint32_t limit, tt_error *error)
{
    tt_status status = TT_OK;
    for (size_t e = 0; e < group->ears; e++) {
        tt_error why = { 0 };
        tt_status asked = ask (group, e, limit, &why);
        if (asked != TT_OK && status == TT_OK)
            status = tt_fail (error, asked, "%s", why.message);
    }
    return status;
}

tt_status
tt_group_read (tt_group *group, uint32_t limit, const tt_entry **entries, size_t *count, tt_error *error)
{
    *entries = NULL;
    *count = group->entries.count = 0;
    tt_status status = group->created ? TT_OK : create_groups (group, error);
    if (status == TT_OK)
        status = take_all (group, error);
    if (status == TT_OK && group->entries.count == 0)
        status = claim_if_due (group, limit, error);
    if (status == TT_UNAVAILABLE || status == TT_INTERNAL)
        group->created = false; /* a Redis that came back empty must get its groups again */
    if (status != TT_OK)
        return status;
    *entries = group->entries.count ? group->entries.list : NULL;
    *count = group->entries.count;
    return *count ? TT_OK : ask_all (group, limit, error);
}

static void
add_acknowledge (tt_group *group, size_t begin, size_t end)
{
    uint32_t partition = group->entries.list[begin].partition;
    tt_buffer *out = tt_pipe_command (group->store, partition);
    tt_resp_begin (out, 3 + end - begin);
    tt_resp_text (out, "XACK");
    tt_pipe_key (group->store, out, partition, 'j', TT_JOURNAL_EVENTS);
    tt_resp_text (out, group->name);
    for (size_t i = begin; i < end; i++) {
        char id[32];
        snprintf (id, sizeof id, "%llu-0", (unsigned long long)group->entries.list[i].sequence);
        tt_resp_text (out, id);
    }
    tt_pipe_end (group->store);
}

tt_status
tt_group_acknowledge (tt_group *group, tt_error *error)
{
    tt_pipe_begin (group->store);
    const tt_entry *list = group->entries.list;
    for (size_t begin = 0, end; begin < group->entries.count; begin = end) {
        for (end = begin; end < group->entries.count && list[end].partition == list[begin].partition;)
            end++;
        add_acknowledge (group, begin, end);
    }
    return tt_pipe_run (group->store, error);
}

/* The named number of one group in an XINFO GROUPS reply. */
static int64_t
group_field (const redisReply *info, const char *field)
{
    for (size_t i = 0; i + 1 < info->elements; i += 2)
        if (strcmp (info->element[i]->str, field) == 0)
            return info->element[i + 1]->type == REDIS_REPLY_INTEGER ? info->element[i + 1]->integer : 0;
    return 0;
}

tt_status
tt_group_lag (tt_group *group, uint64_t *lag, tt_error *error)
{
    *lag = 0;
    const char *const before[] = { "XINFO", "GROUPS", NULL };
    const char *const behind[] = { NULL };
    tt_status status = run_for_all (group, before, behind, error);
    for (uint32_t p = 0; status == TT_OK && p < tt_store_partitions (group->store); p++) {
        const redisReply *reply = tt_pipe_reply (group->store, p);
        if (reply->type != REDIS_REPLY_ARRAY)
            continue; /* no journal yet */
        for (size_t i = 0; i < reply->elements; i++)
            if (reply->element[i]->elements >= 2 && strcmp (reply->element[i]->element[1]->str, group->name) == 0)
                *lag += (uint64_t)(group_field (reply->element[i], "pending") + group_field (reply->element[i], "lag"));
    }
    return status;
}
