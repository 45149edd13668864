/* Setting a consumer group back, and knowing how far it had come. */
#include <stdio.h>
#include <string.h>

#include "store/group_inner.h"
#include "store/pipe.h"

static uint64_t
sequence_of (const redisReply *id)
{
    return id && id->type == REDIS_REPLY_STRING ? strtoull (id->str, NULL, 10) : 0;
}

static uint64_t
delivered_of (const tt_group *group, uint32_t partition, const redisReply *groups)
{
    const redisReply *info = tt_group_info (group, partition, groups);
    return info ? sequence_of (tt_group_field (info, "last-delivered-id")) : 0;
}

/* The lowest block that was taken and not acknowledged, in the summary that XPENDING gives; 0: none. */
static uint64_t
pending_of (const redisReply *summary)
{
    return summary->type == REDIS_REPLY_ARRAY && summary->elements == 4 ? sequence_of (summary->element[1]) : 0;
}

static void
add_epoch (tt_group *group, uint32_t partition)
{
    tt_buffer *out = tt_pipe_command (group->store, partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_pipe_key (group->store, out, partition, 'm', "");
    tt_resp_text (out, "epoch");
    tt_pipe_end (group->store);
}

/* replies: XINFO GROUPS, XPENDING, HGET. */
static void
take_done (tt_group *group, uint32_t p, tt_position *done)
{
    size_t at = 3 * (size_t)p;
    const redisReply *epoch = tt_pipe_reply (group->store, at + 2);
    uint64_t pending = pending_of (tt_pipe_reply (group->store, at + 1));
    done->sequence = delivered_of (group, p, tt_pipe_reply (group->store, at));
    if (pending > 0 && pending - 1 < done->sequence)
        done->sequence = pending - 1;
    snprintf (done->epoch, sizeof done->epoch, "%s", tt_lineage_at (&group->places.lineage[p], done->sequence));
    snprintf (group->epoch[p], sizeof group->epoch[p], "%s", epoch->type == REDIS_REPLY_STRING ? epoch->str : "");
}

/* What is given out is read before what is pending: what is given out in between is above it. */
tt_status
tt_group_done (tt_group *group, tt_position *done, tt_error *error)
{
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; p < group->places.count; p++) {
        tt_group_add (group, p, (const char *const[]){ "XINFO", "GROUPS", NULL }, (const char *const[]){ NULL });
        tt_group_add (group, p, (const char *const[]){ "XPENDING", NULL }, (const char *const[]){ TT_GROUP_SELF, NULL });
        add_epoch (group, p);
    }
    tt_status status = tt_pipe_run (group->store, error);
    for (uint32_t p = 0; status == TT_OK && p < group->places.count; p++)
        take_done (group, p, &done[p]);
    return status;
}

const char *
tt_group_server (const tt_group *group, uint32_t partition)
{
    return group->places.server[partition];
}

uint64_t
tt_group_moves (const tt_group *group)
{
    return group->places.moves;
}

const char *
tt_group_epoch (const tt_group *group, uint32_t partition)
{
    return group->epoch[partition];
}

uint32_t
tt_group_generation (const tt_group *group, uint32_t partition)
{
    return group->generation[partition];
}

/* A later group, at where the last one is to go on again, and the last one's end. Another replica may have made it already. */
static void
add_later (tt_group *group, uint32_t partition, uint32_t generation, uint64_t to)
{
    char id[32], earlier[TT_GROUP_NAME_SIZE];
    snprintf (id, sizeof id, "%llu-0", (unsigned long long)to);
    tt_group_name (group, partition, earlier);
    group->generation[partition] = generation;
    tt_group_add (group, partition, (const char *const[]){ "XGROUP", "CREATE", NULL }, (const char *const[]){ TT_GROUP_SELF, id, NULL });
    tt_group_add (group, partition, (const char *const[]){ "XGROUP", "DESTROY", NULL }, (const char *const[]){ earlier, NULL });
}

static tt_status
check_later (const tt_group *group, tt_error *error)
{
    for (size_t i = 0; i < group->store->count; i++) {
        const redisReply *reply = tt_pipe_reply (group->store, i);
        if (reply->type == REDIS_REPLY_ERROR && strncmp (reply->str, "BUSYGROUP", 9) != 0)
            return tt_redis_error_status (reply, error);
    }
    return TT_OK;
}

/* On one Redis all partitions are read at once, under one name. */
static bool
must_go_back (const tt_group *group, const uint64_t *delivered, const uint64_t *done, uint32_t partition)
{
    if (group->store->cluster)
        return done[partition] < delivered[partition];
    for (uint32_t p = 0; p < group->places.count; p++)
        if (done[p] < delivered[p])
            return true;
    return false;
}

/* Makes a later group where `generations` asks for one: at `back`, or lower where the last one has still something pending. */
static tt_status
make_later (tt_group *group, const uint32_t *generations, const uint64_t *back, tt_error *error)
{
    tt_position *done = tt_alloc_zero (group->places.count, sizeof *done);
    tt_status status = tt_group_done (group, done, error);
    if (status == TT_OK) {
        tt_pipe_begin (group->store);
        for (uint32_t p = 0; p < group->places.count; p++)
            if (generations[p] > group->generation[p])
                add_later (group, p, generations[p], back[p] < done[p].sequence ? back[p] : done[p].sequence);
        status = group->store->count ? tt_pipe_run_together (group->store, error) : TT_OK;
    }
    if (status == TT_OK)
        status = check_later (group, error);
    group->created = false; /* names are looked at again */
    tt_group_drop_ears (group);
    free (done);
    return status;
}

tt_status
tt_group_level (tt_group *group, tt_error *error)
{
    uint32_t partitions = group->places.count, highest = 0, lowest = UINT32_MAX;
    for (uint32_t p = 0; p < partitions; p++) {
        highest = group->generation[p] > highest ? group->generation[p] : highest;
        lowest = group->generation[p] < lowest ? group->generation[p] : lowest;
    }
    if (group->store->cluster || lowest == highest)
        return TT_OK;
    uint32_t *generations = tt_alloc (partitions * sizeof *generations);
    uint64_t *back = tt_alloc (partitions * sizeof *back);
    for (uint32_t p = 0; p < partitions; p++) {
        generations[p] = highest;
        back[p] = UINT64_MAX;
    }
    tt_status status = make_later (group, generations, back, error);
    free (generations);
    free (back);
    return status;
}

tt_status
tt_group_set_back (tt_group *group, const uint64_t *done, tt_error *error)
{
    uint32_t partitions = group->places.count;
    uint64_t *delivered = tt_alloc (partitions * sizeof *delivered);
    uint32_t *generations = tt_alloc_zero (partitions, sizeof *generations);
    bool any = false;
    tt_status status = tt_group_find (group, error);
    if (status == TT_OK)
        status = tt_group_level (group, error);
    if (status == TT_OK)
        status = tt_group_for_all (group, (const char *const[]){ "XINFO", "GROUPS", NULL }, (const char *const[]){ NULL }, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        delivered[p] = delivered_of (group, p, tt_pipe_reply (group->store, p));
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        if (must_go_back (group, delivered, done, p)) {
            generations[p] = group->generation[p] + 1;
            any = true;
        }
    if (any)
        status = make_later (group, generations, done, error);
    free (delivered);
    free (generations);
    return status;
}
