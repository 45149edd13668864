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

/* False if the group is not there under the name that is known: another replica has set it back meanwhile. */
static bool
delivered_of (tt_group *group, uint32_t partition, const redisReply *groups, uint64_t *delivered, tt_error *error)
{
    const redisReply *info = tt_group_info (group, partition, groups);
    *delivered = info ? sequence_of (tt_group_field (info, "last-delivered-id")) : 0;
    if (info == NULL) {
        group->created = false; /* names are looked at again */
        tt_fail (error, TT_UNAVAILABLE, "partition %u: the group %s was set back by another replica, or is gone", partition, group->name);
    }
    return info != NULL;
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
static tt_status
take_done (tt_group *group, uint32_t p, tt_position *done, tt_error *error)
{
    size_t at = 3 * (size_t)p;
    const redisReply *summary = tt_pipe_reply (group->store, at + 1), *epoch = tt_pipe_reply (group->store, at + 2);
    if (!delivered_of (group, p, tt_pipe_reply (group->store, at), &done->sequence, error))
        return TT_UNAVAILABLE;
    if (summary->type == REDIS_REPLY_ERROR) {
        group->created = false;
        return tt_redis_error_status (summary, error);
    }
    uint64_t pending = pending_of (summary);
    if (pending > 0 && pending - 1 < done->sequence)
        done->sequence = pending - 1;
    snprintf (done->epoch, sizeof done->epoch, "%s", tt_lineage_at (&group->places.lineage[p], done->sequence));
    snprintf (group->epoch[p], sizeof group->epoch[p], "%s", epoch->type == REDIS_REPLY_STRING ? epoch->str : "");
    return TT_OK;
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
        status = take_done (group, p, &done[p], error);
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

/* Groups of these generations, at `back` or lower where the last one has still something pending. What another replica has made is at its
 * place, not at ours: left at UINT32_MAX. */
static tt_status
create_later (tt_group *group, uint32_t *generations, const uint64_t *back, tt_error *error)
{
    tt_position *done = tt_alloc_zero (group->places.count, sizeof *done);
    tt_status status = tt_group_done (group, done, error);
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; status == TT_OK && p < group->places.count; p++) {
        char id[32];
        uint32_t known = group->generation[p];
        if (generations[p] <= known)
            continue;
        snprintf (id, sizeof id, "%llu-0", (unsigned long long)(back[p] < done[p].sequence ? back[p] : done[p].sequence));
        group->generation[p] = generations[p]; /* for the name */
        tt_group_add (group, p, (const char *const[]){ "XGROUP", "CREATE", NULL }, (const char *const[]){ TT_GROUP_SELF, id, NULL });
        group->generation[p] = known;
    }
    free (done);
    if (status == TT_OK)
        status = tt_pipe_run_together (group->store, error);
    for (uint32_t p = 0, i = 0; status == TT_OK && p < group->places.count; p++) {
        const redisReply *reply = generations[p] > group->generation[p] ? tt_pipe_reply (group->store, i++) : NULL;
        if (reply && reply->type == REDIS_REPLY_ERROR && strncmp (reply->str, "BUSYGROUP", 9) == 0)
            generations[p] = UINT32_MAX;
        else if (reply && reply->type == REDIS_REPLY_ERROR)
            status = tt_redis_error_status (reply, error);
    }
    return status;
}

/* The last groups go only when the later ones are there: a Redis without memory makes none, but removes. */
static tt_status
make_later (tt_group *group, uint32_t *generations, const uint64_t *back, bool *again, tt_error *error)
{
    tt_status status = create_later (group, generations, back, error);
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; status == TT_OK && p < group->places.count; p++) {
        *again = *again || generations[p] == UINT32_MAX;
        if (generations[p] == UINT32_MAX || generations[p] <= group->generation[p])
            continue;
        tt_group_add (group, p, (const char *const[]){ "XGROUP", "DESTROY", NULL }, (const char *const[]){ TT_GROUP_SELF, NULL });
        group->generation[p] = generations[p];
    }
    if (status == TT_OK && group->store->count > 0)
        status = tt_pipe_run (group->store, error);
    group->created = false; /* names are looked at again */
    tt_group_drop_ears (group);
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
    bool again = false; /* another replica does the same */
    tt_status status = make_later (group, generations, back, &again, error);
    free (generations);
    free (back);
    return status;
}

static tt_status
set_back_once (tt_group *group, const uint64_t *done, bool *again, tt_error *error)
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
        if (!delivered_of (group, p, tt_pipe_reply (group->store, p), &delivered[p], error))
            status = TT_UNAVAILABLE;
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        if (must_go_back (group, delivered, done, p)) {
            generations[p] = group->generation[p] + 1;
            any = true;
        }
    if (any)
        status = make_later (group, generations, done, again, error);
    free (delivered);
    free (generations);
    return status;
}

/* Where another replica was faster its place counts, which need not be as far back: then once more. Each time somebody is through, so
 * this ends. What is in hand is of the group that was, and is forgotten. */
tt_status
tt_group_set_back (tt_group *group, const uint64_t *done, tt_error *error)
{
    tt_status status = TT_OK;
    tt_group_forget (group);
    for (bool again = true; status == TT_OK && again;) {
        again = false;
        status = set_back_once (group, done, &again, error);
    }
    return status;
}
