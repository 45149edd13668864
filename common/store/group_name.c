/* Which group of Redis a consumer group is in each partition: its name says how often it was set back there. */
#include <stdio.h>
#include <string.h>

#include "store/group_inner.h"
#include "store/pipe.h"

static void
write_name (const tt_group *group, uint32_t generation, char out[TT_GROUP_NAME_SIZE])
{
    if (generation == 0)
        snprintf (out, TT_GROUP_NAME_SIZE, "%s", group->name);
    else
        snprintf (out, TT_GROUP_NAME_SIZE, "%s.%u", group->name, generation);
}

void
tt_group_name (const tt_group *group, uint32_t partition, char out[TT_GROUP_NAME_SIZE])
{
    write_name (group, group->generation[partition], out);
}

/* False if the name is another group's. */
static bool
generation_of (const tt_group *group, const redisReply *name, uint32_t *generation)
{
    char own[TT_GROUP_NAME_SIZE];
    size_t size = strlen (group->name);
    *generation = 0;
    if (name == NULL || name->type != REDIS_REPLY_STRING || strncmp (name->str, group->name, size) != 0)
        return false;
    if (name->str[size] == '.')
        *generation = (uint32_t)strtoul (name->str + size + 1, NULL, 10);
    write_name (group, *generation, own);
    return strcmp (own, name->str) == 0;
}

void
tt_group_add (tt_group *group, uint32_t partition, const char *const *before, const char *const *behind)
{
    char name[TT_GROUP_NAME_SIZE];
    size_t count = 1;
    for (size_t i = 0; before[i]; i++)
        count++;
    for (size_t i = 0; behind[i]; i++)
        count++;
    tt_group_name (group, partition, name);
    tt_buffer *out = tt_pipe_command (group->store, partition);
    tt_resp_begin (out, count);
    for (size_t i = 0; before[i]; i++)
        tt_resp_text (out, before[i]);
    tt_pipe_key (group->store, out, partition, 'j', TT_JOURNAL_EVENTS);
    for (size_t i = 0; behind[i]; i++)
        tt_resp_text (out, behind[i][0] ? behind[i] : name);
    tt_pipe_end (group->store);
}

tt_status
tt_group_for_all (tt_group *group, const char *const *before, const char *const *behind, tt_error *error)
{
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; p < tt_store_partitions (group->store); p++)
        tt_group_add (group, p, before, behind);
    return tt_pipe_run (group->store, error);
}

const redisReply *
tt_group_field (const redisReply *info, const char *field)
{
    for (size_t i = 0; i + 1 < info->elements; i += 2)
        if (info->element[i]->type == REDIS_REPLY_STRING && strcmp (info->element[i]->str, field) == 0)
            return info->element[i + 1];
    return NULL;
}

/* The name in one element of an XINFO GROUPS reply. */
static const redisReply *
name_in (const redisReply *reply, size_t i)
{
    const redisReply *info = reply->element[i];
    return info->type == REDIS_REPLY_ARRAY ? tt_group_field (info, "name") : NULL;
}

const redisReply *
tt_group_info (const tt_group *group, uint32_t partition, const redisReply *reply)
{
    uint32_t generation;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (generation_of (group, name_in (reply, i), &generation) && generation == group->generation[partition])
            return reply->element[i];
    return NULL; /* there is no journal yet, or the group was set back meanwhile */
}

/* The highest generation that a partition has; false if it has none. */
static bool
find_generation (tt_group *group, uint32_t partition, const redisReply *reply)
{
    bool found = false;
    uint32_t generation;
    group->generation[partition] = 0;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (generation_of (group, name_in (reply, i), &generation) && (!found || generation > group->generation[partition])) {
            group->generation[partition] = generation;
            found = true;
        }
    return found;
}

/* Who died while setting the group back has left the earlier one, which would hold the journal's end for ever. */
static void
add_removals (tt_group *group, uint32_t partition, const redisReply *reply)
{
    uint32_t generation;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const redisReply *name = name_in (reply, i);
        if (generation_of (group, name, &generation) && generation < group->generation[partition])
            tt_group_add (group, partition, (const char *const[]){ "XGROUP", "DESTROY", NULL }, (const char *const[]){ name->str, NULL });
    }
}

tt_status
tt_group_made (const tt_group *group, tt_error *error)
{
    for (size_t i = 0; i < group->store->count; i++) {
        const redisReply *reply = tt_pipe_reply (group->store, i);
        if (reply->type == REDIS_REPLY_ERROR && strncmp (reply->str, "BUSYGROUP", 9) != 0)
            return tt_redis_error_status (reply, error);
    }
    return TT_OK;
}

/* Names are learned from replies[P] of XINFO GROUPS. */
static tt_status
make_missing (tt_group *group, redisReply *const *replies, bool *made, tt_error *error)
{
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; p < group->places.count; p++) {
        if (find_generation (group, p, replies[p])) {
            add_removals (group, p, replies[p]);
            continue;
        }
        tt_group_add (group, p, (const char *const[]){ "XGROUP", "CREATE", NULL },
                      (const char *const[]){ TT_GROUP_SELF, "0", "MKSTREAM", NULL });
        *made = true;
    }
    if (group->store->count == 0)
        return TT_OK;
    tt_status status = tt_pipe_run (group->store, error);
    return status == TT_OK ? tt_group_made (group, error) : status;
}

/* Looks again after groups were made: the first one must not be made beside a later one. */
tt_status
tt_group_find (tt_group *group, tt_error *error)
{
    redisReply **replies = tt_alloc_zero (group->places.count, sizeof *replies);
    tt_status status = TT_OK;
    for (bool made = true; status == TT_OK && made;) {
        made = false;
        status = tt_group_for_all (group, (const char *const[]){ "XINFO", "GROUPS", NULL }, (const char *const[]){ NULL }, error);
        for (uint32_t p = 0; status == TT_OK && p < group->places.count; p++)
            replies[p] = tt_pipe_take (group->store, p);
        if (status == TT_OK)
            status = make_missing (group, replies, &made, error);
        for (uint32_t p = 0; p < group->places.count; p++) {
            if (replies[p])
                freeReplyObject (replies[p]);
            replies[p] = NULL;
        }
    }
    free (replies);
    return status;
}
