#include "store/pipe.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "store/keys.h"
#include "store/metrics.h"
#include "store/route.h"

#define KEPT_BUFFER_SIZE ((size_t)4 << 20) /* of commands, between pipelines */

/* -- building -- */

static void
free_replies (tt_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        if (store->piped[i].reply)
            freeReplyObject (store->piped[i].reply);
        store->piped[i].reply = NULL;
    }
}

void
tt_pipe_begin (tt_store *store)
{
    free_replies (store);
    for (tt_node *node = store->nodes; node; node = node->next) {
        if (node->taken < node->queued) { /* sent, and given up before its replies came */
            tt_redis_drop (&node->redis);
            node->queued = node->taken = 0;
        }
    }
    store->count = 0;
    store->sent = store->confirm = false;
    store->fresh_count = 0;
    if (store->commands.capacity > KEPT_BUFFER_SIZE) /* one large batch is not kept for ever */
        tt_buffer_free (&store->commands);
    tt_buffer_clear (&store->commands);
}

tt_buffer *
tt_pipe_command (tt_store *store, uint32_t partition)
{
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? store->capacity * 2 : 64;
        store->piped = tt_realloc (store->piped, store->capacity * sizeof *store->piped);
    }
    store->piped[store->count] = (tt_piped){ .partition = partition, .begin = store->commands.size };
    return &store->commands;
}

size_t
tt_pipe_end (tt_store *store)
{
    store->piped[store->count].end = store->commands.size;
    return store->count++;
}

void
tt_pipe_key (tt_store *store, tt_buffer *out, uint32_t partition, char kind, const char *name)
{
    tt_key (&store->key, store->options.service, partition, kind, name);
    tt_resp_buffer (out, &store->key);
}

void
tt_pipe_fresh (tt_store *store, tt_buffer *out)
{
    static const char room[TT_UUID_TEXT_SIZE] = { 0 };
    if (store->fresh_count == store->fresh_capacity) {
        store->fresh_capacity = store->fresh_capacity ? store->fresh_capacity * 2 : 16;
        store->fresh = tt_realloc (store->fresh, store->fresh_capacity * sizeof *store->fresh);
    }
    tt_resp_argument (out, room, TT_UUID_TEXT_SIZE - 1);
    store->fresh[store->fresh_count++] = out->size - (TT_UUID_TEXT_SIZE - 1) - 2;
}

void
tt_pipe_confirm (tt_store *store)
{
    store->confirm = store->options.replicas > 0;
}

void
tt_pipe_touch (tt_store *store, tt_buffer *out, uint32_t partition)
{
    tt_resp_begin (out, 4);
    tt_resp_text (out, "HSET");
    tt_pipe_key (store, out, partition, 'm', "");
    tt_resp_text (out, "confirmed");
    tt_resp_text (out, "1");
}

const redisReply *
tt_pipe_reply (const tt_store *store, size_t i)
{
    return store->piped[i].reply;
}

redisReply *
tt_pipe_take (tt_store *store, size_t i)
{
    redisReply *reply = store->piped[i].reply;
    store->piped[i].reply = NULL;
    return reply;
}

bool
tt_pipe_confirmed (const tt_store *store, size_t i, uint32_t *copies)
{
    if (copies)
        *copies = store->piped[i].copies;
    return store->options.replicas == 0 || store->piped[i].copies >= store->options.replicas;
}

/* -- sending -- */

static tt_node *
target_of (const tt_store *store, const tt_piped *command)
{
    return command->ask ? command->ask : store->routes[command->partition];
}

/* Anew whenever they are sent: a command that is sent again may have been done, and undone by a fail-over. */
static void
fill_in_fresh (tt_store *store)
{
    uint8_t id[TT_UUID_SIZE];
    char text[TT_UUID_TEXT_SIZE];
    for (size_t i = 0; i < store->fresh_count; i++) {
        tt_uuid7_make (id);
        tt_uuid_format (id, text);
        memcpy (store->commands.data + store->fresh[i], text, TT_UUID_TEXT_SIZE - 1);
    }
}

static void
enqueue (tt_node *node, size_t command)
{
    if (node->queued == node->capacity) {
        node->capacity = node->capacity ? node->capacity * 2 : 64;
        node->queue = tt_realloc (node->queue, node->capacity * sizeof *node->queue);
    }
    node->queue[node->queued++] = command;
}

static tt_status
check_pin (tt_store *store, const tt_piped *command, tt_node *node, tt_error *error)
{
    const char *pin = store->pins && command->partition < store->options.partitions ? store->pins[command->partition] : "";
    if (pin[0] == '\0' || strcmp (pin, node->redis.run_id) == 0)
        return TT_OK;
    store->elsewhere = node->elsewhere = true;
    return tt_fail (error, TT_UNAVAILABLE, "Redis: another server answers for partition %u than the one that this is about",
                    command->partition);
}

/* Which connection each command without a final reply goes to; those that cannot be made have none. */
static tt_status
choose_nodes (tt_store *store, bool together, tt_error *error)
{
    tt_status status = TT_OK;
    store->elsewhere = false;
    for (tt_node *node = store->nodes; node; node = node->next) {
        node->queued = node->taken = 0;
        tt_gather_clear (&node->out);
        node->together = together;
        node->waits = node->aside_failed = false;
    }
    for (size_t i = 0; i < store->count; i++) {
        tt_piped *command = &store->piped[i];
        if (command->reply)
            continue;
        tt_node *node = target_of (store, command);
        command->at = NULL;
        tt_status connected
            = node ? tt_redis_connect (&node->redis, error) : tt_fail (error, TT_UNAVAILABLE, "a slot has no master");
        if (connected == TT_OK)
            connected = check_pin (store, command, node, error);
        if (connected == TT_OK) {
            command->at = node;
            node->lead = command->partition;
            node->lead_asked = command->ask != NULL;
        } else {
            status = connected;
            command->ask = NULL;
            tt_route_doubt (store);
        }
    }
    return status;
}

static void
append (tt_node *node, const char *data, size_t size)
{
    tt_gather_add (&node->out, data, size);
}

static void
append_text (tt_node *node, const char *text)
{
    append (node, text, strlen (text));
}

static void
add_asking (tt_node *node, tt_buffer *out)
{
    tt_resp_begin (out, 1);
    tt_resp_text (out, "ASKING");
    enqueue (node, TT_PIPE_ASIDE);
}

/* A write to a server that takes the slot over, key by key: of a key that never moves and is gone at once. Were it one that the other server still
 * has, that one could not be moved any more. */
static void
add_touch_ahead (tt_store *store, tt_node *node, tt_buffer *out)
{
    add_asking (node, out);
    tt_resp_begin (out, 5);
    tt_resp_text (out, "SET");
    tt_pipe_key (store, out, node->lead, 'w', "");
    tt_resp_text (out, "1");
    tt_resp_text (out, "PX");
    tt_resp_text (out, "1000");
    enqueue (node, TT_PIPE_ASIDE);
    add_asking (node, out);
    tt_resp_begin (out, 2);
    tt_resp_text (out, "DEL");
    tt_pipe_key (store, out, node->lead, 'w', "");
}

/* A write, so that WAIT has something of this connection to wait for also where the commands before it found their work done, and
 * WAIT. */
static void
append_wait (tt_store *store, tt_node *node)
{
    tt_buffer *out = &node->wait;
    tt_buffer_clear (out);
    if (node->lead_asked)
        add_touch_ahead (store, node, out);
    else
        tt_pipe_touch (store, out, node->lead);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "WAIT");
    tt_resp_number (out, store->options.replicas);
    tt_resp_number (out, store->options.replica_timeout_ms);
    append (node, (const char *)out->data, out->size);
    enqueue (node, TT_PIPE_ASIDE);
    node->waits = true;
}

static void
append_commands (tt_store *store, bool together)
{
    for (size_t i = 0; i < store->count; i++) {
        tt_piped *command = &store->piped[i];
        if (command->reply || command->at == NULL)
            continue;
        if (together && command->at->queued == 0)
            append_text (command->at, "*1\r\n$5\r\nMULTI\r\n");
        if (command->ask) {
            append_text (command->at, "*1\r\n$6\r\nASKING\r\n");
            enqueue (command->at, TT_PIPE_ASIDE);
        }
        append (command->at, (const char *)store->commands.data + command->begin, command->end - command->begin);
        enqueue (command->at, i);
    }
}

static tt_status
flush (tt_store *store, tt_node *node, tt_error *error)
{
    if (node->together)
        append_text (node, "*1\r\n$4\r\nEXEC\r\n");
    if (store->confirm)
        append_wait (store, node);
    if (tt_gather_write (&node->out, node->redis.context->fd))
        return TT_OK;
    node->queued = node->taken = 0;
    tt_route_doubt (store);
    return tt_redis_lost (&node->redis, error);
}

/* Sends what has no final reply yet. What could not be sent has none afterwards either. */
static tt_status
send_all (tt_store *store, bool together, tt_error *error)
{
    tt_status status = tt_route_know (store, error);
    if (status != TT_OK)
        return status;
    together = together && !store->cluster && store->count > 1;
    status = choose_nodes (store, together, error);
    fill_in_fresh (store);
    append_commands (store, together);
    for (tt_node *node = store->nodes; node; node = node->next)
        if (node->queued > 0) {
            tt_status flushed = flush (store, node, error);
            status = flushed != TT_OK ? flushed : status;
        }
    return status;
}

/* -- receiving -- */

static tt_status
receive (tt_store *store, tt_node *node, redisReply **reply, tt_error *error)
{
    if (tt_redis_reply (&node->redis, reply))
        return TT_OK;
    node->queued = node->taken = 0;
    tt_route_doubt (store);
    return tt_redis_lost (&node->redis, error);
}

/* Takes a reply, or learns from it where or when to ask again. */
static tt_status
take_reply (tt_store *store, tt_node *node, tt_piped *command, redisReply *reply, tt_error *error)
{
    char endpoint[TT_ENDPOINT_SIZE];
    tt_reply_kind kind = tt_reply_kind_of (reply, node->endpoint, endpoint);
    command->ask = NULL;
    if (kind == TT_REPLY_FINAL) {
        command->reply = reply;
        return TT_OK;
    }
    tt_fail (error, TT_UNAVAILABLE, "Redis: %.300s", reply->str);
    freeReplyObject (reply);
    if (kind == TT_REPLY_MOVED && store->cluster)
        tt_route_moved (store, command->partition, endpoint);
    else if (kind == TT_REPLY_ASK && store->cluster)
        command->ask = tt_route_node (store, endpoint);
    else
        tt_route_doubt (store);
    if (kind == TT_REPLY_DROP) {
        node->redis.endpoint++; /* of several, another one is the master now */
        return TT_CANCELLED;    /* the connection goes when the other replies are in */
    }
    return TT_UNAVAILABLE;
}

/* What is written so that WAIT has something to wait for must have been written. */
static void
take_aside (tt_node *node, redisReply *reply)
{
    node->aside_failed = node->aside_failed || reply->type == REDIS_REPLY_ERROR;
    freeReplyObject (reply);
}

static tt_status
receive_each (tt_store *store, tt_node *node, tt_error *error)
{
    tt_status status = TT_OK;
    bool drop = false;
    while (node->taken < node->queued) {
        redisReply *reply;
        size_t number = node->queue[node->taken];
        if (receive (store, node, &reply, error) != TT_OK)
            return TT_UNAVAILABLE;
        node->taken++;
        if (number == TT_PIPE_ASIDE) {
            take_aside (node, reply);
            continue;
        }
        tt_status taken = take_reply (store, node, &store->piped[number], reply, error);
        drop = drop || taken == TT_CANCELLED;
        status = taken == TT_OK ? status : TT_UNAVAILABLE;
    }
    return drop ? TT_CANCELLED : status;
}

/* The results of a transaction, one for each command of the node. */
static tt_status
take_results (tt_store *store, tt_node *node, redisReply *results, tt_error *error)
{
    tt_status status = TT_OK;
    bool drop = false;
    for (size_t i = 0; i < results->elements; i++) {
        redisReply *reply = results->element[i];
        results->element[i] = NULL;
        tt_status taken = take_reply (store, node, &store->piped[node->queue[i]], reply, error);
        drop = drop || taken == TT_CANCELLED;
        status = taken == TT_OK ? status : TT_UNAVAILABLE;
    }
    if (status != TT_OK)
        free_replies (store); /* all is sent again, in its order */
    return drop ? TT_CANCELLED : status;
}

/* A transaction: OK, then QUEUED (or why not) for each command, then the list of results; behind it what a confirmation asks for.
 */
static tt_status
receive_together (tt_store *store, tt_node *node, tt_error *error)
{
    redisReply *reply = NULL;
    tt_status refused = TT_OK;
    for (size_t i = 0; i < store->count + 2; i++) {
        if (reply)
            freeReplyObject (reply);
        if (receive (store, node, &reply, error) != TT_OK)
            return TT_UNAVAILABLE;
        char ignored[TT_ENDPOINT_SIZE];
        if (reply->type == REDIS_REPLY_ERROR && refused == TT_OK) {
            refused = tt_redis_error_status (reply, error);
            if (tt_reply_kind_of (reply, node->endpoint, ignored) == TT_REPLY_DROP)
                refused = TT_CANCELLED;
        }
    }
    node->taken = store->count;
    if (refused == TT_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != store->count))
        refused = tt_fail (error, TT_INTERNAL, "Redis answered a transaction in a form that is not known");
    if (refused == TT_OK)
        refused = take_results (store, node, reply, error);
    freeReplyObject (reply);
    return refused;
}

/* How many copies have it: of the server that did it, as long as the connection stands. What another one confirms later is not about this. */
static tt_status
receive_wait (tt_store *store, tt_node *node, tt_error *error)
{
    redisReply *reply;
    size_t queued = node->queued;
    for (; node->taken < queued; node->taken++) { /* the small write's, behind a transaction */
        if (receive (store, node, &reply, error) != TT_OK)
            return TT_UNAVAILABLE;
        take_aside (node, reply);
    }
    if (receive (store, node, &reply, error) != TT_OK)
        return TT_UNAVAILABLE;
    bool counted = reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 && !node->aside_failed;
    for (size_t i = 0; counted && i < queued; i++)
        if (node->queue[i] != TT_PIPE_ASIDE) {
            tt_piped *command = &store->piped[node->queue[i]];
            command->copies = (uint32_t)reply->integer;
            memcpy (command->confirmed_on, node->redis.connection, sizeof command->confirmed_on);
        }
    freeReplyObject (reply);
    return TT_OK;
}

static tt_status
receive_from (tt_store *store, tt_node *node, tt_error *error)
{
    tt_status status = node->together ? receive_together (store, node, error) : receive_each (store, node, error);
    if (node->waits && node->redis.context && status != TT_INTERNAL) {
        tt_status waited = receive_wait (store, node, error);
        status = waited == TT_OK ? status : waited;
    }
    if (status == TT_CANCELLED || (status != TT_OK && status != TT_UNAVAILABLE))
        tt_redis_drop (&node->redis);
    node->queued = node->taken = 0;
    return status == TT_CANCELLED ? TT_UNAVAILABLE : status;
}

static tt_status
attempt (tt_store *store, bool together, tt_error *error)
{
    tt_status status = store->sent ? TT_OK : send_all (store, together, error);
    store->sent = false;
    for (tt_node *node = store->nodes; node; node = node->next)
        if (node->queued > 0) {
            tt_status received = receive_from (store, node, error);
            status = received == TT_OK || (status != TT_OK && status != TT_UNAVAILABLE) ? status : received;
        }
    return status;
}

/* What stands behind a command of its partition that has to be sent again is asked again too: its reply may be older than that
 * one's effect. */
static void
forget_overtaking (tt_store *store, size_t first)
{
    for (size_t i = first + 1; i < store->count; i++)
        if (store->piped[i].reply && store->piped[i].partition == store->piped[first].partition) {
            freeReplyObject (store->piped[i].reply);
            store->piped[i].reply = NULL;
        }
}

static bool
all_final (tt_store *store)
{
    bool final = true;
    for (size_t i = 0; i < store->count; i++)
        if (store->piped[i].reply == NULL) {
            final = false;
            forget_overtaking (store, i);
        }
    return final;
}

/* A redirection is followed at once; what is not ready gets time, longer each time, with jitter so that not all come back in
 * step. */
static void
pause_before (uint32_t attempts)
{
    uint8_t random;
    tt_random_bytes (&random, sizeof random);
    uint32_t ms = attempts < 2 ? 0 : attempts < 6 ? 4u << (attempts - 2) : 64;
    if (ms)
        nanosleep (&(struct timespec){ .tv_nsec = (long)(ms * (500 + random * 2)) * 1000 }, NULL);
}

/* That the server of a connection is gone shows when it is used, which a pin forbids: it is given up, and the next attempt finds
 * who answers now. */
static void
leave_elsewhere (tt_store *store)
{
    for (tt_node *node = store->nodes; node; node = node->next) {
        if (node->elsewhere)
            tt_redis_drop (&node->redis);
        node->elsewhere = false;
    }
}

static tt_status
run (tt_store *store, bool together, tt_error *error)
{
    if (store->count == 0)
        return TT_OK;
    int64_t until = tt_clock_monotonic_us () + (int64_t)store->options.timeout_ms * 1000;
    for (uint32_t attempts = 1;; attempts++) {
        tt_error why = { 0 };
        tt_status status = attempt (store, together, &why);
        if ((status == TT_OK || status == TT_UNAVAILABLE) && all_final (store))
            return TT_OK;
        if (status != TT_OK && status != TT_UNAVAILABLE)
            return tt_fail (error, status, "%s", why.message);
        if (attempts == 3)
            tt_log (TT_LOG_WARNING, "store unavailable", "reason", why.message, NULL);
        bool over = tt_clock_monotonic_us () >= until || store->elsewhere;
        leave_elsewhere (store);
        tt_store_count (store->options.metrics, over ? TT_STORE_FAILURES : TT_STORE_RETRIES);
        if (over)
            return tt_fail (error, TT_UNAVAILABLE, "%s", why.message);
        pause_before (attempts);
    }
}

tt_status
tt_pipe_run (tt_store *store, tt_error *error)
{
    return run (store, false, error);
}

tt_status
tt_pipe_run_together (tt_store *store, tt_error *error)
{
    return run (store, true, error);
}

void
tt_pipe_send_together (tt_store *store)
{
    tt_error ignored = { 0 };
    if (store->count == 0)
        return;
    (void)!send_all (store, true, &ignored); /* what could not be sent is by tt_pipe_run_together */
    for (const tt_node *node = store->nodes; node; node = node->next)
        store->sent = store->sent || node->queued > 0;
}

int
tt_pipe_fd (const tt_store *store)
{
    for (const tt_node *node = store->sent ? store->nodes : NULL; node; node = node->next)
        if (node->queued > 0)
            return node->redis.context->fd;
    return -1;
}
