#include "store/journal.h"

#include <stdio.h>
#include <string.h>

#include "store/entries.h"
#include "store/epochs.h"
#include "store/pipe.h"

static void
add_meta_get (tt_store *store, uint32_t partition, const char *field)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_pipe_key (store, out, partition, 'm', "");
    tt_resp_text (out, field);
    tt_pipe_end (store);
}

/* The blocks that end at `from` to `to`; `to` 0: the first one that ends at `from` or later. */
static void
add_range (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint64_t to)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    char id[32];
    tt_resp_begin (out, to ? 4 : 6);
    tt_resp_text (out, "XRANGE");
    tt_pipe_key (store, out, partition, 'j', name);
    snprintf (id, sizeof id, "%llu-0", (unsigned long long)from);
    tt_resp_text (out, id);
    snprintf (id, sizeof id, "%llu-0", (unsigned long long)to);
    tt_resp_text (out, to ? id : "+");
    if (to == 0) {
        tt_resp_text (out, "COUNT");
        tt_resp_text (out, "1");
    }
    tt_pipe_end (store);
}

static tt_status
run_checked (tt_store *store, tt_error *error)
{
    tt_status status = tt_pipe_run (store, error);
    for (size_t i = 0; status == TT_OK && i < store->count; i++)
        if (tt_pipe_reply (store, i)->type == REDIS_REPLY_ERROR)
            status = tt_redis_error_status (tt_pipe_reply (store, i), error);
    return status;
}

static uint64_t
number_of (const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? strtoull (reply->str, NULL, 10) : 0;
}

tt_status
tt_journal_heads (tt_store *store, const char *name, uint64_t *heads, tt_error *error)
{
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < store->options.partitions; p++)
        add_meta_get (store, p, name);
    tt_status status = run_checked (store, error);
    for (uint32_t p = 0; status == TT_OK && p < store->options.partitions; p++)
        heads[p] = number_of (tt_pipe_reply (store, p));
    return status;
}

/* -- epochs -- */

static void
add_meta_fields (tt_store *store, uint32_t partition, const char *name, const char *epochs)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 4);
    tt_resp_text (out, "HMGET");
    tt_pipe_key (store, out, partition, 'm', "");
    tt_resp_text (out, name);
    tt_resp_text (out, epochs);
    tt_pipe_end (store);
}

tt_status
tt_journal_positions (tt_store *store, const char *name, tt_position *positions, tt_error *error)
{
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < store->options.partitions; p++)
        add_meta_fields (store, p, name, "epoch");
    tt_status status = run_checked (store, error);
    for (uint32_t p = 0; status == TT_OK && p < store->options.partitions; p++) {
        const redisReply *reply = tt_pipe_reply (store, p);
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
            return tt_fail (error, TT_INTERNAL, "Redis answered HMGET in a form that is not known");
        const redisReply *epoch = reply->element[1];
        positions[p].sequence = number_of (reply->element[0]);
        snprintf (positions[p].epoch, sizeof positions[p].epoch, "%s", epoch->type == REDIS_REPLY_STRING ? epoch->str : "");
    }
    return status;
}

/* One line "<epoch> <journal>=<first> ..."; a journal that is not named had nothing when the epoch began. */
static tt_epoch
read_epoch (const char *line, size_t size, const char *name)
{
    tt_epoch epoch = { .first = 1 };
    size_t id = strcspn (line, " \n"), length = strlen (name);
    snprintf (epoch.epoch, sizeof epoch.epoch, "%.*s", (int)(id < size ? id : size), line);
    for (const char *p = line + id; p < line + size && *p == ' '; p += strcspn (p, " \n")) {
        p++;
        if (strncmp (p, name, length) == 0 && p[length] == '=')
            epoch.first = strtoull (p + length + 1, NULL, 10);
    }
    return epoch;
}

/* Reads head and epochs of a partition in one round trip. */
static tt_status
read_history (tt_store *store, const char *name, uint32_t partition, uint64_t *head, const tt_epoch **epochs, size_t *count,
              tt_error *error)
{
    *epochs = NULL;
    *count = 0;
    tt_pipe_begin (store);
    add_meta_fields (store, partition, name, "epochs");
    tt_status status = run_checked (store, error);
    if (status != TT_OK)
        return status;
    const redisReply *reply = tt_pipe_reply (store, 0);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return tt_fail (error, TT_INTERNAL, "Redis answered HMGET in a form that is not known");
    const char *text = reply->element[1]->type == REDIS_REPLY_STRING ? reply->element[1]->str : "";
    size_t lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    tt_epoch *list = store->epochs = tt_realloc (store->epochs, (lines + 1) * sizeof *list);
    for (const char *line = text; *line; line += strcspn (line, "\n") + 1)
        list[(*count)++] = read_epoch (line, strcspn (line, "\n"), name);
    *head = number_of (reply->element[0]);
    *epochs = list;
    return TT_OK;
}

tt_status
tt_journal_epochs (tt_store *store, const char *name, uint32_t partition, const tt_epoch **epochs, size_t *count, tt_error *error)
{
    uint64_t head;
    return read_history (store, name, partition, &head, epochs, count, error);
}

/* The last sequence of the journal that belongs to what the holder of the epoch has seen; false if the epoch is not known. */
static bool
end_of_epoch (const tt_epoch *epochs, size_t count, uint64_t head, const char *epoch, uint64_t *end)
{
    *end = head;
    if (epoch[0] == '\0')
        return true;
    for (size_t i = count; i-- > 0; *end = epochs[i].first - 1)
        if (strcmp (epochs[i].epoch, epoch) == 0)
            return true;
    return false;
}

bool
tt_epochs_end (const char *lines, const char *name, uint64_t head, const char *epoch, uint64_t *end)
{
    size_t count = 0;
    for (const char *p = lines; *p; p++)
        count += *p == '\n';
    tt_epoch *list = tt_alloc ((count + 1) * sizeof *list);
    count = 0;
    for (const char *line = lines; *line; line += strcspn (line, "\n") + 1)
        list[count++] = read_epoch (line, strcspn (line, "\n"), name);
    bool known = end_of_epoch (list, count, head, epoch, end);
    free (list);
    return known;
}

tt_status
tt_journal_check (tt_store *store, const char *name, uint32_t partition, const tt_position *position, uint64_t *lost_first,
                  tt_error *error)
{
    uint64_t head = 0, end;
    const tt_epoch *epochs;
    size_t count;
    *lost_first = 0;
    tt_status status = position->sequence ? read_history (store, name, partition, &head, &epochs, &count, error) : TT_OK;
    if (status != TT_OK || position->sequence == 0)
        return status;
    if (!end_of_epoch (epochs, count, head, position->epoch, &end))
        return tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u: the epoch %s of sequence %llu is not in its history",
                        name, partition, position->epoch, (unsigned long long)position->sequence);
    if (position->sequence <= end)
        return TT_OK;
    *lost_first = end + 1;
    return tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u: sequences %llu to %llu were lost", name, partition,
                    (unsigned long long)end + 1, (unsigned long long)position->sequence);
}

tt_status
tt_journal_extent (tt_store *store, const char *name, uint32_t partition, uint64_t *earliest, char epoch[40], tt_error *error)
{
    tt_pipe_begin (store);
    add_range (store, name, partition, 0, 0);
    add_meta_get (store, partition, "epoch");
    tt_status status = run_checked (store, error);
    if (status != TT_OK)
        return status;
    const redisReply *range = tt_pipe_reply (store, 0), *text = tt_pipe_reply (store, 1);
    tt_entries entries = { .parts = tt_entries_parts (name) };
    status = tt_entries_take (&entries, partition, range, 0, error);
    *earliest = entries.count ? entries.list[0].sequence : 0;
    free (entries.list);
    snprintf (epoch, 40, "%s", text->type == REDIS_REPLY_STRING ? text->str : "");
    return status;
}

/* Nothing at `from`: is it the end, or was it trimmed away? */
static tt_status
explain_absence (uint64_t from, uint64_t first, uint64_t head, uint64_t *earliest, tt_error *error)
{
    if (first == 0 && from > head)
        return TT_OK;
    uint64_t kept = first ? first : head + 1;
    if (earliest)
        *earliest = kept;
    return tt_fail (error, TT_OUT_OF_RANGE, "sequence %llu is no longer kept; the earliest is %llu", (unsigned long long)from,
                    (unsigned long long)kept);
}

/* Reads the blocks of a range and the journal's head. */
static tt_status
read_blocks (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint64_t to, tt_entries *taken, uint64_t *head,
             tt_error *error)
{
    tt_pipe_begin (store);
    add_range (store, name, partition, from, to);
    add_meta_get (store, partition, name);
    tt_status status = run_checked (store, error);
    if (status != TT_OK)
        return status;
    *taken = (tt_entries){ .list = store->entries, .capacity = store->entries_capacity, .parts = tt_entries_parts (name) };
    status = tt_entries_take (taken, partition, tt_pipe_reply (store, 0), from, error);
    store->entries = taken->list;
    store->entries_capacity = taken->capacity;
    *head = number_of (tt_pipe_reply (store, 1));
    return status;
}

/* Entries up to the first hole (of entries that somebody deleted): the next read will meet it. */
static size_t
dense (const tt_entries *entries, uint64_t from, uint32_t limit)
{
    size_t count = 0;
    while (count < entries->count && count < limit && entries->list[count].sequence == from + count)
        count++;
    return count;
}

/* A block has at most as many entries as its id says, so a range of ids is a bound for what comes. Only if the block that `from`
 * is in ends behind that range, that one is read. */
tt_status
tt_journal_read (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint32_t limit, const tt_entry **entries,
                 size_t *count, uint64_t *earliest, tt_error *error)
{
    *entries = NULL;
    *count = 0;
    tt_entries taken;
    uint64_t head;
    tt_status status = read_blocks (store, name, partition, from, limit > 1 ? from + limit - 1 : 0, &taken, &head, error);
    if (status == TT_OK && taken.count == 0 && limit > 1 && from <= head)
        status = read_blocks (store, name, partition, from, 0, &taken, &head, error);
    if (status != TT_OK)
        return status;
    uint64_t first = taken.count ? taken.list[0].sequence : 0;
    if (first != from)
        return explain_absence (from, first, head, earliest, error);
    *entries = taken.list;
    *count = dense (&taken, from, limit);
    return TT_OK;
}

/* -- tables, page by page -- */

static void
add_scan (tt_store *store, uint32_t partition, const char *table, const char *cursor)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 5);
    tt_resp_text (out, "HSCAN");
    tt_pipe_key (store, out, partition, 't', table);
    tt_resp_text (out, cursor);
    tt_resp_text (out, "COUNT");
    tt_resp_text (out, "1000");
    tt_pipe_end (store);
}

static bool
visit_rows (const redisReply *rows, tt_row_visitor *visit, void *context)
{
    for (size_t i = 0; i + 1 < rows->elements; i += 2) {
        const redisReply *key = rows->element[i], *value = rows->element[i + 1];
        if (value->len < 8)
            continue;
        uint64_t version = 0;
        for (int b = 0; b < 8; b++)
            version = version << 8 | (uint8_t)value->str[b];
        tt_bytes key_bytes = { (const uint8_t *)key->str, (size_t)key->len };
        tt_bytes value_bytes = { (const uint8_t *)value->str + 8, (size_t)value->len - 8 };
        if (!visit (context, key_bytes, version, value_bytes))
            return false;
    }
    return true;
}

tt_status
tt_table_visit (tt_store *store, uint32_t partition, const char *table, tt_row_visitor *visit, void *context, tt_error *error)
{
    char cursor[32] = "0";
    do {
        tt_pipe_begin (store);
        add_scan (store, partition, table, cursor);
        tt_status status = run_checked (store, error);
        if (status != TT_OK)
            return status;
        const redisReply *reply = tt_pipe_reply (store, 0);
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
            return tt_fail (error, TT_INTERNAL, "Redis answered a scan in a form that is not known");
        snprintf (cursor, sizeof cursor, "%s", reply->element[0]->str);
        if (!visit_rows (reply->element[1], visit, context))
            return TT_OK;
    } while (strcmp (cursor, "0") != 0);
    return TT_OK;
}
