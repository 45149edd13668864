#include "store/commit_run.h"

#include <string.h>

/* What the operations of a run do to one key in one way: a list of items for the function. */
struct group {
    char letter;
    char kind; /* of the key */
    const char *name;
    size_t count;
    size_t bytes; /* 'e': of all events of the block */
};

struct groups {
    struct group *list;
    size_t count, capacity;
};

static size_t
group_number (struct groups *groups, char letter, char kind, const char *name)
{
    for (size_t i = groups->count; i-- > 0;) {
        struct group *group = &groups->list[i];
        if (group->letter == letter && group->kind == kind && (group->name == name || strcmp (group->name, name) == 0)) {
            group->count++;
            return i;
        }
    }
    if (groups->count == groups->capacity) {
        groups->capacity = groups->capacity ? groups->capacity * 2 : 16;
        groups->list = tt_realloc (groups->list, groups->capacity * sizeof *groups->list);
    }
    groups->list[groups->count] = (struct group){ .letter = letter, .kind = kind, .name = name, .count = 1 };
    return groups->count++;
}

static char
letter_of (const tt_op *op)
{
    return op->op == 'g' ? 'c' : op->op == 'z' || op->op == 'y' ? 'x' : op->op;
}

static bool
is_guarded (const tt_op *op)
{
    return op->op == 'g' || ((op->op == 'p' || op->op == 'd') && !(op->b.size == 1 && op->b.data[0] == '*'));
}

/* Request ids and versions are looked at before anything is written: their groups come first. */
static void
sort_into_groups (tt_unit *const *units, size_t count, struct groups *groups, char (*buckets)[24])
{
    const tt_unit *before = NULL; /* most ids of a call were made in the same moment */
    for (size_t i = 0; i < count; i++)
        if (units[i]->request_id.size) {
            bool same = before && before->id_unix_ms == units[i]->id_unix_ms;
            if (!same)
                tt_commit_bucket (units[i]->id_unix_ms, buckets[i]);
            units[i]->group = group_number (groups, 'r', 'r', same ? groups->list[before->group].name : buckets[i]);
            before = units[i];
        }
    for (size_t i = 0; i < count; i++)
        for (tt_op *op = units[i]->ops; op; op = op->next)
            if (is_guarded (op))
                op->check_group = group_number (groups, 'c', 't', op->name);
    for (size_t i = 0; i < count; i++)
        for (tt_op *op = units[i]->ops; op; op = op->next)
            if (op->op != 'g') {
                op->group = group_number (groups, letter_of (op), op->kind, op->name);
                groups->list[op->group].bytes += op->c.size;
            }
}

static void
add_item (tt_buffer *out, char letter, const tt_op *op)
{
    if (letter == 'x')
        tt_resp_argument (out, op->b.data, op->op == 'z' ? op->b.size : 0);
    tt_resp_argument (out, op->a.data, op->a.size);
    if (letter == 'c')
        tt_resp_argument (out, op->b.data, op->b.size);
    if (letter == 'p')
        tt_resp_argument (out, op->c.data, op->c.size);
}

static void
add_request_ids (tt_buffer *out, size_t number, tt_unit *const *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (units[i]->request_id.size == 0 || units[i]->group != number)
            continue;
        tt_resp_argument (out, units[i]->request_id.data, units[i]->request_id.size);
        tt_resp_argument (out, units[i]->outcome.data, units[i]->outcome.size);
    }
}

/* The journal's name, and the events of all units as one block. */
static void
add_block (tt_buffer *out, const struct group *group, size_t number, tt_unit *const *units, size_t count)
{
    tt_resp_text (out, group->name);
    tt_resp_open (out, group->bytes);
    for (size_t i = 0; i < count; i++)
        for (const tt_op *op = units[i]->ops; op; op = op->next)
            if (op->op == 'e' && op->group == number)
                tt_buffer_append (out, op->c.data, op->c.size);
    tt_resp_close (out);
}

/* Goes over all operations for each group: groups are few, and this way each byte is copied once. */
static void
add_group (tt_buffer *out, const struct groups *groups, size_t number, tt_unit *const *units, size_t count)
{
    const struct group *group = &groups->list[number];
    if (group->letter == 'r')
        add_request_ids (out, number, units, count);
    else if (group->letter == 'e')
        add_block (out, group, number, units, count);
    else if (group->letter == 'c')
        for (size_t i = 0; i < count; i++)
            for (const tt_op *op = units[i]->ops; op; op = op->next) {
                if (is_guarded (op) && op->check_group == number)
                    add_item (out, 'c', op);
            }
    else
        for (size_t i = 0; i < count; i++)
            for (const tt_op *op = units[i]->ops; op; op = op->next)
                if (op->op != 'g' && op->group == number)
                    add_item (out, group->letter, op);
}

static size_t
arguments_of (const struct groups *groups)
{
    size_t arguments = 0;
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = &groups->list[i];
        arguments += group->letter == 'e' ? 2 : group->letter == 'd' ? group->count : 2 * group->count;
    }
    return arguments;
}

static void
add_plan (tt_buffer *out, const struct groups *groups)
{
    tt_buffer plan = { 0 };
    for (size_t i = 0; i < groups->count; i++)
        tt_buffer_printf (&plan, "%c%zu", groups->list[i].letter, groups->list[i].count);
    tt_resp_buffer (out, &plan);
    tt_buffer_free (&plan);
}

size_t
tt_commit_run_add (tt_store *store, tt_unit *const *units, size_t count)
{
    uint32_t partition = units[0]->partition;
    struct groups groups = { 0 };
    char (*buckets)[24] = tt_alloc (count * sizeof *buckets);
    sort_into_groups (units, count, &groups, buckets);
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 3 + 1 + groups.count + 3 + arguments_of (&groups));
    tt_resp_text (out, "FCALL");
    tt_commit_function (out, "run");
    tt_resp_number (out, (int64_t)groups.count + 1);
    tt_pipe_key (store, out, partition, 'm', "");
    for (size_t i = 0; i < groups.count; i++)
        tt_pipe_key (store, out, partition, groups.list[i].kind, groups.list[i].name);
    tt_resp_number (out, tt_commit_remember_s (store));
    tt_pipe_fresh (store, out);
    add_plan (out, &groups);
    for (size_t i = 0; i < groups.count; i++)
        add_group (out, &groups, i, units, count);
    free (groups.list);
    free (buckets);
    return tt_pipe_end (store);
}

tt_status
tt_commit_run_result (tt_store *store, size_t i, tt_unit *const *units, size_t count, tt_error *error)
{
    const redisReply *reply = tt_pipe_reply (store, i);
    if (reply->type == REDIS_REPLY_ERROR)
        return tt_commit_refused (store, reply, error);
    if (reply->type != REDIS_REPLY_INTEGER)
        return tt_fail (error, TT_INTERNAL, "the commit function answered something else than agreed");
    for (size_t u = 0; u < count; u++)
        units[u]->result = reply->integer == 1 ? TT_UNIT_COMMITTED : TT_UNIT_AGAIN;
    return TT_OK;
}
