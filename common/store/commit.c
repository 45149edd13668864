#include "store/commit.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "commit_lua.h"
#include "commit_run_lua.h"
#include "trim_lua.h"

#define BUCKET_MS TT_COMMIT_BUCKET_MS
#define AHEAD_MS 900000  /* ids may be made ten minutes ahead of our clock (bus/request.c), and a commit may come some time after the check */

/* The library's source: commit.lua, then what uses its locals. */
static tt_bytes
source (void)
{
    static _Thread_local char text[sizeof commit_lua + sizeof commit_run_lua + sizeof trim_lua];
    memcpy (text, commit_lua, sizeof commit_lua);
    memcpy (text + sizeof commit_lua, commit_run_lua, sizeof commit_run_lua);
    memcpy (text + sizeof commit_lua + sizeof commit_run_lua, trim_lua, sizeof trim_lua);
    return (tt_bytes){ (const uint8_t *) text, sizeof text };
}

/* "16 hexadecimal digits" of the source: library and functions are named by it. */
static const char *
source_tag (void)
{
    static _Thread_local char tag[17];
    if (tag[0] == '\0')
        snprintf (tag, sizeof tag, "%016llx", (unsigned long long) XXH3_64bits (source ().data, source ().size));
    return tag;
}

/* What frees memory must run when there is none left. */
static const struct {
    const char *name, *callback, *flags;
} functions[] = {
    { "units", "commit", "" },
    { "run", "commit_run", "" },
    { "trim", "trim", "'allow-oom'" },
    { "forget", "forget", "'allow-oom'" },
    { "standing", "standing", "'no-writes'" },
    { "inventory", "inventory", "'no-writes'" },
};

static void
add_load_command (tt_store *store, uint32_t partition)
{
    tt_buffer code = { 0 };
    tt_buffer_printf (&code, "#!lua name=techtransfer_%s\n", source_tag ());
    tt_buffer_append (&code, source ().data, source ().size);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        tt_buffer_printf (&code, "\nredis.register_function { function_name = 'tt_%s_%s', callback = %s, flags = { %s } }\n",
                          functions[i].name, source_tag (), functions[i].callback, functions[i].flags);
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "FUNCTION");
    tt_resp_text (out, "LOAD");
    tt_resp_buffer (out, &code);
    tt_pipe_end (store);
    tt_buffer_free (&code);
}

void
tt_commit_function (tt_buffer *out, const char *name)
{
    char function[40];
    snprintf (function, sizeof function, "tt_%s_%s", name, source_tag ());
    tt_resp_text (out, function);
}

int64_t
tt_commit_remember_s (const tt_store *store)
{
    return ((int64_t) store->options.remember_ms + BUCKET_MS + AHEAD_MS) / 1000;
}

/* The first partition of each master. */
static bool
leads (const tt_store *store, uint32_t partition)
{
    for (uint32_t p = 0; p < partition; p++)
        if (store->routes[p] == store->routes[partition])
            return false;
    return true;
}

tt_status
tt_commit_load (tt_store *store, tt_error *error)
{
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < store->options.partitions; p++)
        if (leads (store, p))
            add_load_command (store, p);
    tt_status status = tt_pipe_run (store, error);
    for (size_t i = 0; status == TT_OK && i < store->count; i++) {
        const redisReply *reply = tt_pipe_reply (store, i);
        if (reply->type == REDIS_REPLY_ERROR && strstr (reply->str, "already exists") == NULL)
            status = tt_redis_error_status (reply, error);
    }
    return status;
}

void
tt_commit_bucket (int64_t id_unix_ms, char out[24])
{
    snprintf (out, 24, "%lld", (long long) (id_unix_ms / BUCKET_MS));
}

/* The distinct keys of a run of units: few, so a linear search beats a table. */
struct key {
    char kind;
    const char *name;
};
struct keys {
    struct key *list;
    size_t count, capacity;
};

static size_t
key_number (struct keys *keys, char kind, const char *name)
{
    for (size_t i = keys->count; i-- > 0;)
        if (keys->list[i].kind == kind && (keys->list[i].name == name || strcmp (keys->list[i].name, name) == 0))
            return i + 2; /* Lua counts from 1, and 1 is the meta key */
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity ? keys->capacity * 2 : 16;
        keys->list = tt_realloc (keys->list, keys->capacity * sizeof *keys->list);
    }
    keys->list[keys->count++] = (struct key){ kind, name };
    return keys->count + 1;
}

static void
add_unit (tt_buffer *out, const tt_unit *unit, struct keys *keys, char (*bucket)[24])
{
    size_t number = 0;
    if (unit->request_id.size) {
        tt_commit_bucket (unit->id_unix_ms, *bucket);
        number = key_number (keys, 'r', *bucket);
    }
    tt_resp_number (out, (int64_t) number);
    tt_resp_argument (out, unit->request_id.data, unit->request_id.size);
    tt_resp_argument (out, unit->outcome.data, unit->outcome.size);
    tt_resp_number (out, (int64_t) unit->op_count);
    for (const tt_op *op = unit->ops; op; op = op->next) {
        tt_bytes a = op->op == 'e' ? tt_bytes_of_text (op->name) : op->a;
        tt_resp_argument (out, &op->op, 1);
        tt_resp_number (out, (int64_t) key_number (keys, op->kind, op->name));
        tt_resp_argument (out, a.data, a.size);
        tt_resp_argument (out, op->b.data, op->b.size);
        tt_resp_argument (out, op->c.data, op->c.size);
    }
}

size_t
tt_commit_add (tt_store *store, tt_unit *const *units, size_t count)
{
    uint32_t partition = units[0]->partition;
    struct keys keys = { 0 };
    tt_buffer arguments = { 0 };
    char (*buckets)[24] = tt_alloc (count * sizeof *buckets);
    size_t argument_count = 4;
    tt_resp_number (&arguments, (int64_t) count);
    for (size_t i = 0; i < count; i++) {
        add_unit (&arguments, units[i], &keys, &buckets[i]);
        argument_count += 4 + 5 * units[i]->op_count;
    }
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 3 + 1 + keys.count + argument_count);
    tt_resp_text (out, "FCALL");
    tt_commit_function (out, "units");
    tt_resp_number (out, (int64_t) keys.count + 1);
    tt_pipe_key (store, out, partition, 'm', "");
    for (size_t i = 0; i < keys.count; i++)
        tt_pipe_key (store, out, partition, keys.list[i].kind, keys.list[i].name);
    tt_resp_number (out, tt_commit_remember_s (store));
    tt_pipe_server (store, out);
    tt_buffer_append (out, arguments.data, arguments.size);
    tt_buffer_free (&arguments);
    free (keys.list);
    free (buckets);
    return tt_pipe_end (store);
}

static tt_status
unit_result (tt_unit *unit, const redisReply *reply, tt_error *error)
{
    if (reply->type == REDIS_REPLY_INTEGER) {
        unit->result = TT_UNIT_COMMITTED;
        return TT_OK;
    }
    if (reply->type != REDIS_REPLY_STRING || reply->len < 1)
        return tt_fail (error, TT_INTERNAL, "the commit function answered something else than agreed");
    unit->result = reply->str[0] == 'r' ? TT_UNIT_REPLAYED
                   : reply->str[0] == 'o' ? TT_UNIT_FORGOTTEN
                   : reply->str[0] == 'c' ? TT_UNIT_CONFLICT
                                          : TT_UNIT_BOUND;
    if (unit->result == TT_UNIT_REPLAYED)
        unit->remembered = (tt_bytes){ (const uint8_t *) reply->str + 1, (size_t) reply->len - 1 };
    else if (unit->result == TT_UNIT_FORGOTTEN)
        unit->known_from_ms = atoll (reply->str + 1) * BUCKET_MS;
    else
        unit->failed_op = (size_t) atoi (reply->str + 1);
    return TT_OK;
}

tt_status
tt_commit_refused (tt_store *store, const redisReply *reply, tt_error *error)
{
    if (strstr (reply->str, "Function not found")) { /* a flushed or replaced server: load again, the caller tries again */
        store->prepared = false;
        return tt_fail (error, TT_UNAVAILABLE, "the commit function is gone from Redis; loading it again");
    }
    return tt_redis_error_status (reply, error);
}

tt_status
tt_commit_result (tt_store *store, size_t i, tt_unit *const *units, size_t count, tt_error *error)
{
    const redisReply *reply = tt_pipe_reply (store, i);
    if (reply->type == REDIS_REPLY_ERROR)
        return tt_commit_refused (store, reply, error);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
        return tt_fail (error, TT_INTERNAL, "the commit function answered %zu results for %zu units", reply->elements, count);
    tt_status status = TT_OK;
    for (size_t u = 0; status == TT_OK && u < count; u++)
        status = unit_result (units[u], reply->element[u], error);
    return status;
}

/* The bucket first: if it is dropped in between, the second answer says so. */
size_t
tt_commit_lookup_add (tt_store *store, const tt_unit *unit)
{
    char bucket[24];
    tt_commit_bucket (unit->id_unix_ms, bucket);
    tt_buffer *out = tt_pipe_command (store, unit->partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_pipe_key (store, out, unit->partition, 'r', bucket);
    tt_resp_argument (out, unit->request_id.data, unit->request_id.size);
    size_t command = tt_pipe_end (store);
    out = tt_pipe_command (store, unit->partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_pipe_key (store, out, unit->partition, 'm', "");
    tt_resp_text (out, "ids_from");
    tt_pipe_end (store);
    return command;
}

tt_status
tt_commit_lookup_result (tt_store *store, size_t i, tt_unit *unit, tt_error *error)
{
    const redisReply *outcome = tt_pipe_reply (store, i), *from = tt_pipe_reply (store, i + 1);
    unit->result = TT_UNIT_COMMITTED;
    if (outcome->type == REDIS_REPLY_ERROR || from->type == REDIS_REPLY_ERROR)
        return tt_redis_error_status (outcome->type == REDIS_REPLY_ERROR ? outcome : from, error);
    if (outcome->type == REDIS_REPLY_STRING) {
        unit->result = TT_UNIT_REPLAYED;
        unit->remembered = (tt_bytes){ (const uint8_t *) outcome->str, (size_t) outcome->len };
    } else if (from->type == REDIS_REPLY_STRING && unit->id_unix_ms / BUCKET_MS < atoll (from->str)) {
        unit->result = TT_UNIT_FORGOTTEN;
        unit->known_from_ms = atoll (from->str) * BUCKET_MS;
    }
    return TT_OK;
}
