/* Sharing the service's own journal among replicas, by a Redis consumer group. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/entries.h"
#include "store/keys.h"
#include "store/listen.h"
#include "store/pipe.h"

struct tt_group {
    tt_listen listen;
    tt_store *store; /* for acknowledging and claiming, while the listener waits */
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
    tt_listen_init (&group->listen, options);
    *out = group;
    return TT_OK;
}

void
tt_group_close (tt_group **reference)
{
    tt_group *group = *reference;
    if (group == NULL)
        return;
    tt_listen_free (&group->listen);
    tt_store_close (&group->store);
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
    return tt_listen_fd (&group->listen);
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
    return status;
}

static void
build_request (tt_group *group, uint32_t limit)
{
    uint32_t partitions = tt_store_partitions (group->store);
    tt_buffer *out = &group->request;
    tt_buffer_clear (out);
    tt_resp_begin (out, 9 + 2 * partitions);
    const char *const words[] = { "XREADGROUP", "GROUP", group->name, group->consumer, "COUNT" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        tt_resp_text (out, words[i]);
    tt_resp_number (out, limit / partitions ? limit / partitions : 1);
    tt_resp_text (out, "BLOCK");
    tt_resp_text (out, TT_LISTEN_BLOCK);
    tt_resp_text (out, "STREAMS");
    for (uint32_t p = 0; p < partitions; p++) {
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
    group->next_claim_us = tt_clock_monotonic_us () + (int64_t) group->claim_idle_ms * 500;
    return claim (group, limit, error);
}

tt_status
tt_group_read (tt_group *group, uint32_t limit, const tt_entry **entries, size_t *count, tt_error *error)
{
    *entries = NULL;
    *count = group->entries.count = 0;
    tt_status status = group->created ? TT_OK : create_groups (group, error);
    const redisReply *reply = NULL;
    if (status == TT_OK)
        status = tt_listen_hear (&group->listen, &reply, error);
    if (status == TT_OK && reply && reply->type == REDIS_REPLY_ARRAY)
        status = tt_entries_take_all (&group->entries, reply, error);
    if (status == TT_OK && group->entries.count == 0)
        status = claim_if_due (group, limit, error);
    if (status == TT_UNAVAILABLE || status == TT_INTERNAL)
        group->created = false; /* a Redis that came back empty must get its groups again */
    if (status != TT_OK)
        return status;
    if (group->entries.count) {
        *entries = group->entries.list;
        *count = group->entries.count;
        return TT_OK;
    }
    if (group->listen.asked)
        return TT_OK;
    build_request (group, limit);
    return tt_listen_ask (&group->listen, &group->request, error);
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
        snprintf (id, sizeof id, "%llu-0", (unsigned long long) group->entries.list[i].sequence);
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
                *lag += (uint64_t) (group_field (reply->element[i], "pending") + group_field (reply->element[i], "lag"));
    }
    return status;
}
