#include "store/retention.h"

#include <stdio.h>
#include <string.h>

#include "store/commit.h"
#include "store/journal_inner.h"
#include "store/standing.h"

#define STEP_DEFAULT 100000
#define MARKS 256 /* that are kept of one journal, so that age is known to a part in so many */

/* One call for a journal or for the request ids of a partition. */
struct call {
    size_t command;
    uint32_t partition;
    bool trims;
};

struct round {
    tt_store *store;
    const tt_retention_options *options;
    int64_t now;
    struct call *calls;
    size_t count, capacity;
};

static void
add_function (tt_buffer *out, const char *name, size_t keys, size_t arguments)
{
    tt_resp_begin (out, 3 + keys + arguments);
    tt_resp_text (out, "FCALL");
    tt_commit_function (out, name);
    tt_resp_number (out, (int64_t)keys);
}

static void
note_call (struct round *round, uint32_t partition, bool trims)
{
    if (round->count == round->capacity) {
        round->capacity = round->capacity ? round->capacity * 2 : 64;
        round->calls = tt_realloc (round->calls, round->capacity * sizeof *round->calls);
    }
    round->calls[round->count++] = (struct call){ tt_pipe_end (round->store), partition, trims };
}

static void
add_trim (struct round *round, uint32_t partition, const char *journal)
{
    const tt_retention_options *options = round->options;
    char marks[160];
    bool events = strcmp (journal, TT_JOURNAL_EVENTS) == 0;
    tt_buffer *out = tt_pipe_command (round->store, partition);
    snprintf (marks, sizeof marks, "marks.%.150s", journal);
    add_function (out, "trim", events ? 5 : 3, 6);
    tt_pipe_key (round->store, out, partition, 'm', "");
    tt_pipe_key (round->store, out, partition, 'j', journal);
    tt_pipe_key (round->store, out, partition, 'x', marks);
    if (events) {
        tt_pipe_key (round->store, out, partition, 'x', TT_CONSUMERS);
        tt_pipe_key (round->store, out, partition, 'n', TT_CONSUMERS_LOST);
    }
    tt_resp_text (out, journal);
    tt_resp_number (out, round->now);
    tt_resp_number (out, options->keep_ms);
    tt_resp_number (out, options->keep_ms / MARKS);
    tt_resp_number (out, (int64_t)options->cap);
    tt_resp_number (out, (int64_t)(options->step ? options->step : STEP_DEFAULT));
    note_call (round, partition, true);
}

/* buckets: their numbers, with spaces. */
static void
add_forget (struct round *round, uint32_t partition, const char *buckets)
{
    size_t count = 0;
    for (const char *p = buckets; *p; p += strspn (p, " "), count++)
        p += strcspn (p, " ");
    tt_buffer *out = tt_pipe_command (round->store, partition);
    tt_buffer numbers = { 0 };
    add_function (out, "forget", 1 + count, 2 + count);
    tt_pipe_key (round->store, out, partition, 'm', "");
    tt_resp_number (&numbers, (int64_t)round->options->remember_max);
    tt_resp_number (&numbers, round->now / TT_COMMIT_BUCKET_MS - 2); /* what a client may still be waiting for stays */
    for (const char *p = buckets; *p; p += strspn (p, " ")) {
        char name[24];
        size_t size = strcspn (p, " ");
        snprintf (name, sizeof name, "%.*s", (int)size, p);
        tt_pipe_key (round->store, out, partition, 'r', name);
        tt_resp_text (&numbers, name);
        p += size;
    }
    tt_buffer_append (out, numbers.data, numbers.size);
    tt_buffer_free (&numbers);
    note_call (round, partition, false);
}

/* The reply of a call to a function that answers with a list of at least so many. */
static tt_status
list_of (tt_store *store, size_t command, size_t least, const redisReply **list, tt_error *error)
{
    *list = tt_pipe_reply (store, command);
    if ((*list)->type == REDIS_REPLY_ERROR)
        return tt_commit_refused (store, *list, error);
    if ((*list)->type != REDIS_REPLY_ARRAY || (*list)->elements < least)
        return tt_fail (error, TT_INTERNAL, "a function of retention answered something else than agreed");
    return TT_OK;
}

/* Journals and buckets of each partition, as texts of their own: the next pipeline takes the replies away. */
struct inventory {
    char *buckets;
    char **journals;
    size_t count;
};

static void
free_inventories (struct inventory *list, uint32_t partitions)
{
    for (uint32_t p = 0; p < partitions; p++) {
        free (list[p].buckets);
        for (size_t i = 0; i < list[p].count; i++)
            free (list[p].journals[i]);
        free (list[p].journals);
    }
    free (list);
}

static tt_status
take_inventory (tt_store *store, uint32_t partition, struct inventory *out, tt_error *error)
{
    const redisReply *list;
    tt_status status = list_of (store, partition, 1, &list, error);
    if (status != TT_OK)
        return status;
    out->journals = tt_alloc_zero (list->elements, sizeof *out->journals);
    for (size_t i = 0; i < list->elements; i++) {
        if (list->element[i]->type != REDIS_REPLY_STRING)
            return tt_fail (error, TT_INTERNAL, "a function of retention answered something else than agreed");
        if (i == 0)
            out->buckets = tt_strdup (list->element[i]->str);
        else
            out->journals[out->count++] = tt_strdup (list->element[i]->str);
    }
    return TT_OK;
}

static tt_status
read_inventories (tt_store *store, struct inventory *inventories, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (store);
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < partitions; p++) {
        tt_buffer *out = tt_pipe_command (store, p);
        add_function (out, "inventory", 1, 0);
        tt_pipe_key (store, out, p, 'm', "");
        tt_pipe_end (store);
    }
    tt_status status = tt_pipe_run (store, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        status = take_inventory (store, p, &inventories[p], error);
    return status;
}

static uint64_t
number_at (const redisReply *list, size_t i)
{
    const redisReply *reply = list->element[i];
    return reply->type == REDIS_REPLY_INTEGER ? (uint64_t)reply->integer
           : reply->type == REDIS_REPLY_STRING ? strtoull (reply->str, NULL, 10)
                                               : 0;
}

static tt_bytes
bytes_at (const redisReply *list, size_t i)
{
    const redisReply *reply = list->element[i];
    return reply->type == REDIS_REPLY_STRING ? (tt_bytes){ (const uint8_t *)reply->str, (size_t)reply->len } : TT_BYTES_NONE;
}

static tt_status
take_answer (const struct round *round, const struct call *call, tt_loss_visitor *visit, void *context, tt_retention_counts *counts,
             tt_error *error)
{
    const redisReply *list;
    tt_status status = list_of (round->store, call->command, call->trims ? 4 : 2, &list, error);
    if (status != TT_OK)
        return status;
    if (!call->trims) {
        counts->ids_kept += number_at (list, 0);
        counts->ids_dropped += number_at (list, 1);
        return TT_OK;
    }
    counts->trimmed += number_at (list, 0);
    counts->capped += number_at (list, 1);
    counts->kept += number_at (list, 2);
    counts->more = counts->more || number_at (list, 3) == 1;
    for (size_t i = 4; visit && i + 1 < list->elements; i += 2)
        visit (context, call->partition, bytes_at (list, i), number_at (list, i + 1));
    return TT_OK;
}

tt_status
tt_retention_run (tt_store *store, const tt_retention_options *options, int64_t now_unix_ms, tt_loss_visitor *visit, void *context,
                  tt_retention_counts *counts, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (store);
    struct round round = { .store = store, .options = options, .now = now_unix_ms };
    struct inventory *inventories = tt_alloc_zero (partitions, sizeof *inventories);
    *counts = (tt_retention_counts){ 0 };
    tt_status status = tt_store_prepare (store, error);
    if (status == TT_OK)
        status = read_inventories (store, inventories, error);
    if (status == TT_OK) {
        tt_pipe_begin (store);
        for (uint32_t p = 0; p < partitions; p++) {
            for (size_t i = 0; i < inventories[p].count; i++)
                add_trim (&round, p, inventories[p].journals[i]);
            add_forget (&round, p, inventories[p].buckets);
        }
        status = tt_pipe_run (store, error);
    }
    for (size_t i = 0; status == TT_OK && i < round.count; i++)
        status = take_answer (&round, &round.calls[i], visit, context, counts, error);
    free (round.calls);
    free_inventories (inventories, partitions);
    return status;
}

/* -- where things stand -- */

size_t
tt_standing_add (tt_store *store, uint32_t partition, const char *consumers)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    add_function (out, "standing", 5, 1);
    tt_pipe_key (store, out, partition, 'm', "");
    tt_pipe_key (store, out, partition, 'j', TT_JOURNAL_EVENTS);
    tt_pipe_key (store, out, partition, 'x', TT_CONSUMERS);
    tt_pipe_key (store, out, partition, 't', TT_CONSUMERS);
    tt_pipe_key (store, out, partition, 'n', TT_CONSUMERS_LOST);
    tt_resp_text (out, consumers);
    return tt_pipe_end (store);
}

static const char *
text_at (tt_arena *arena, const redisReply *list, size_t i)
{
    tt_bytes bytes = bytes_at (list, i);
    return tt_arena_strndup (arena, (const char *)bytes.data, bytes.size);
}

tt_status
tt_standing_take (tt_store *store, size_t command, tt_arena *arena, tt_standing *standing, tt_error *error)
{
    const redisReply *list;
    tt_status status = list_of (store, command, 4, &list, error);
    if (status != TT_OK)
        return status;
    *standing = (tt_standing){ .head = number_at (list, 0),
                               .earliest = number_at (list, 1),
                               .epoch = text_at (arena, list, 2),
                               .epochs = text_at (arena, list, 3) };
    tt_consumer_standing *consumers = tt_arena_alloc (arena, list->elements / 3 * sizeof *consumers);
    for (size_t i = 4; i + 2 < list->elements; i += 3) {
        tt_bytes row = bytes_at (list, i + 1);
        if (row.size < 8)
            return tt_fail (error, TT_INTERNAL, "the row of a consumer in Redis is not in the form that this service writes");
        consumers[standing->consumer_count++]
            = (tt_consumer_standing){ .name = tt_arena_copy (arena, bytes_at (list, i)),
                             .row = tt_arena_copy (arena, (tt_bytes){ row.data + 8, row.size - 8 }),
                             .lost = number_at (list, i + 2) };
    }
    standing->consumers = consumers;
    return TT_OK;
}

tt_status
tt_standing_read (tt_store *store, const char *consumers, tt_arena *arena, tt_standing *standings, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (store);
    tt_status status = tt_store_prepare (store, error);
    if (status != TT_OK)
        return status;
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < partitions; p++)
        tt_standing_add (store, p, consumers);
    status = tt_pipe_run (store, error);
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++)
        status = tt_standing_take (store, p, arena, &standings[p], error);
    return status;
}

bool
tt_standing_has (const tt_standing *standing, uint64_t sequence, const char *epoch, uint64_t *end)
{
    bool known = tt_history_end (standing->epochs, TT_JOURNAL_EVENTS, standing->head, epoch, end);
    return sequence <= *end && (known || sequence == 0);
}
