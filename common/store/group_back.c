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
delivered_of (const tt_group *group, const redisReply *groups)
{
    const redisReply *info = tt_group_info (group, groups);
    return info ? sequence_of (tt_group_field (info, "last-delivered-id")) : 0;
}

/* The lowest block that was taken and not acknowledged, in the summary that XPENDING gives; 0: none. */
static uint64_t
pending_of (const redisReply *summary)
{
    return summary->type == REDIS_REPLY_ARRAY && summary->elements == 4 ? sequence_of (summary->element[1]) : 0;
}

static void
add_words (tt_group *group, uint32_t partition, const char *word, const char *verb, const char *last)
{
    tt_buffer *out = tt_pipe_command (group->store, partition);
    tt_resp_begin (out, (size_t)2 + (verb != NULL) + (last != NULL));
    tt_resp_text (out, word);
    if (verb)
        tt_resp_text (out, verb);
    tt_pipe_key (group->store, out, partition, 'j', TT_JOURNAL_EVENTS);
    if (last)
        tt_resp_text (out, last);
    tt_pipe_end (group->store);
}

/* What is given out is read before what is pending: what is given out in between is above it. */
tt_status
tt_group_done (tt_group *group, tt_position *done, tt_error *error)
{
    tt_pipe_begin (group->store);
    for (uint32_t p = 0; p < group->places.count; p++) {
        add_words (group, p, "XINFO", "GROUPS", NULL);
        add_words (group, p, "XPENDING", NULL, group->name);
    }
    tt_status status = tt_pipe_run (group->store, error);
    for (uint32_t p = 0; status == TT_OK && p < group->places.count; p++) {
        uint64_t pending = pending_of (tt_pipe_reply (group->store, 2 * p + 1));
        done[p].sequence = delivered_of (group, tt_pipe_reply (group->store, 2 * p));
        if (pending > 0 && pending - 1 < done[p].sequence)
            done[p].sequence = pending - 1;
        snprintf (done[p].epoch, sizeof done[p].epoch, "%s", tt_lineage_at (&group->places.lineage[p], done[p].sequence));
    }
    return status;
}

bool
tt_group_was_on (const tt_group *group, uint32_t partition, const char *server)
{
    return strcmp (group->places.server[partition], server) == 0 || strcmp (group->places.previous[partition], server) == 0;
}

const char *
tt_group_server (const tt_group *group, uint32_t partition)
{
    return group->places.server[partition];
}

static void
add_set_back (tt_group *group, uint32_t partition, uint64_t to)
{
    char id[32];
    snprintf (id, sizeof id, "%llu-0", (unsigned long long)to);
    tt_buffer *out = tt_pipe_command (group->store, partition);
    tt_resp_begin (out, 5);
    tt_resp_text (out, "XGROUP");
    tt_resp_text (out, "SETID");
    tt_pipe_key (group->store, out, partition, 'j', TT_JOURNAL_EVENTS);
    tt_resp_text (out, group->name);
    tt_resp_text (out, id);
    tt_pipe_end (group->store);
}

tt_status
tt_group_set_back (tt_group *group, const uint64_t *done, tt_error *error)
{
    const char *const before[] = { "XINFO", "GROUPS", NULL };
    const char *const behind[] = { NULL };
    uint64_t *delivered = tt_alloc (group->places.count * sizeof *delivered);
    tt_status status = tt_group_for_all (group, before, behind, error);
    for (uint32_t p = 0; status == TT_OK && p < group->places.count; p++)
        delivered[p] = delivered_of (group, tt_pipe_reply (group->store, p));
    if (status == TT_OK) {
        tt_pipe_begin (group->store);
        for (uint32_t p = 0; p < group->places.count; p++)
            if (done[p] < delivered[p])
                add_set_back (group, p, done[p]);
        status = tt_pipe_run (group->store, error);
        for (size_t i = 0; status == TT_OK && i < group->store->count; i++)
            if (tt_pipe_reply (group->store, i)->type == REDIS_REPLY_ERROR)
                status = tt_redis_error_status (tt_pipe_reply (group->store, i), error);
    }
    free (delivered);
    return status;
}
