/* Reading for a batch: everything that its handlers asked for, in one pipelined round trip. */
#include <string.h>

#include "store/batch.h"
#include "store/standing.h"

void
tt_batch_want (tt_batch *batch, struct cached_row *row)
{
    if (row->wanted)
        return;
    row->wanted = true;
    row->next_wanted = batch->wanted;
    batch->wanted = row;
}

static void
add_row_read (tt_store *store, const struct cached_row *row)
{
    tt_buffer *out = tt_pipe_command (store, row->partition);
    tt_resp_begin (out, 3);
    tt_resp_text (out, "HGET");
    tt_pipe_key (store, out, row->partition, row->kind, row->table);
    tt_resp_argument (out, row->key.data, row->key.size);
    tt_pipe_end (store);
}

static void
add_range_command (tt_store *store, uint32_t partition, const struct multi_read *read, tt_buffer *out)
{
    tt_resp_begin (out, 2 + read->count);
    tt_resp_text (out, "HMGET");
    tt_pipe_key (store, out, partition, 't', read->name);
    for (uint32_t i = 0; i < read->count; i++) {
        uint8_t key[8];
        for (int b = 0; b < 8; b++)
            key[b] = (uint8_t) (((uint64_t) read->number + i) >> (56 - 8 * b));
        tt_resp_argument (out, key, sizeof key);
    }
}

static void
add_index_command (tt_store *store, uint32_t partition, const struct multi_read *read, tt_buffer *out)
{
    tt_resp_begin (out, 7);
    tt_resp_text (out, read->kind == 'p' ? "ZRANGEBYLEX" : "ZRANGEBYSCORE");
    tt_pipe_key (store, out, partition, 'x', read->name);
    if (read->kind == 'd') {
        tt_resp_text (out, "-inf");
        tt_resp_number (out, read->number);
    } else {
        tt_buffer from = { 0 };
        tt_buffer_text (&from, read->after.size ? "(" : "-");
        tt_buffer_append (&from, read->after.data, read->after.size);
        tt_resp_buffer (out, &from);
        tt_resp_text (out, "+");
        tt_buffer_free (&from);
    }
    tt_resp_text (out, "LIMIT");
    tt_resp_number (out, 0);
    tt_resp_number (out, read->count);
}

static void
add_members_command (tt_store *store, uint32_t partition, const struct multi_read *read, tt_buffer *out)
{
    tt_resp_begin (out, 2 + read->rows.count);
    tt_resp_text (out, "HMGET");
    tt_pipe_key (store, out, partition, 't', read->table);
    for (size_t i = 0; i < read->rows.count; i++)
        tt_resp_argument (out, read->rows.keys[i].data, read->rows.keys[i].size);
}

static void
add_multi_read (tt_store *store, struct multi_read *read)
{
    uint32_t partition = read->partition;
    if (read->kind == 's') {
        read->reply = tt_standing_add (store, partition, read->name);
        return;
    }
    tt_buffer *out = tt_pipe_command (store, partition);
    if (read->stage == 1) {
        add_members_command (store, partition, read, out);
    } else if (read->kind == 'r') {
        add_range_command (store, partition, read, out);
    } else if (read->kind == 't') {
        tt_resp_begin (out, 2);
        tt_resp_text (out, "HGETALL");
        tt_pipe_key (store, out, partition, 't', read->name);
    } else {
        add_index_command (store, partition, read, out);
    }
    read->reply = tt_pipe_end (store);
}

static tt_status
row_of_reply (tt_batch *batch, const redisReply *reply, tt_row *row, tt_error *error)
{
    *row = (tt_row){ 0 };
    if (reply->type == REDIS_REPLY_NIL)
        return TT_OK;
    if (reply->type != REDIS_REPLY_STRING || reply->len < 8)
        return tt_fail (error, TT_INTERNAL, "a row in Redis is not in the form that this service writes");
    row->present = true;
    for (int i = 0; i < 8; i++)
        row->version = row->version << 8 | (uint8_t) reply->str[i];
    row->value = tt_arena_copy (batch->arena, (tt_bytes){ (const uint8_t *) reply->str + 8, (size_t) reply->len - 8 });
    return TT_OK;
}

static tt_status
take_row (tt_batch *batch, struct cached_row *row, const redisReply *reply, tt_error *error)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return tt_redis_error_status (reply, error);
    row->loaded = true;
    if (row->kind == 't')
        return row_of_reply (batch, reply, &row->row, error);
    row->number = reply->type == REDIS_REPLY_STRING ? strtoll (reply->str, NULL, 10) : 0;
    return TT_OK;
}

static void
allocate_rows (tt_batch *batch, struct multi_read *read, size_t count)
{
    read->row_array = tt_arena_zero (batch->arena, (count + 1) * sizeof (tt_row));
    read->key_array = tt_arena_zero (batch->arena, (count + 1) * sizeof (tt_bytes));
    read->rows = (tt_rows){ 0, read->key_array, read->row_array };
}

static int
by_key (const void *a, const void *b)
{
    const struct {
        tt_bytes key;
        tt_row row;
    } *x = a, *y = b;
    size_t n = x->key.size < y->key.size ? x->key.size : y->key.size;
    int order = memcmp (x->key.data, y->key.data, n);
    return order ? order : (x->key.size > y->key.size) - (x->key.size < y->key.size);
}

static void
sort_rows (tt_batch *batch, struct multi_read *read)
{
    struct pair {
        tt_bytes key;
        tt_row row;
    } *pairs = tt_arena_alloc (batch->arena, (read->rows.count + 1) * sizeof *pairs);
    for (size_t i = 0; i < read->rows.count; i++)
        pairs[i] = (struct pair){ read->key_array[i], read->row_array[i] };
    qsort (pairs, read->rows.count, sizeof *pairs, by_key);
    for (size_t i = 0; i < read->rows.count; i++) {
        read->key_array[i] = pairs[i].key;
        read->row_array[i] = pairs[i].row;
    }
}

static tt_bytes
copy_string (tt_batch *batch, const redisReply *reply)
{
    return tt_arena_copy (batch->arena, (tt_bytes){ (const uint8_t *) reply->str, (size_t) reply->len });
}

static tt_status
take_table (tt_batch *batch, struct multi_read *read, const redisReply *reply, tt_error *error)
{
    allocate_rows (batch, read, reply->elements / 2);
    tt_status status = TT_OK;
    for (size_t i = 0; status == TT_OK && i + 1 < reply->elements; i += 2) {
        size_t n = read->rows.count++;
        read->key_array[n] = copy_string (batch, reply->element[i]);
        status = row_of_reply (batch, reply->element[i + 1], &read->row_array[n], error);
    }
    sort_rows (batch, read);
    return status;
}

static tt_status
take_range (tt_batch *batch, struct multi_read *read, const redisReply *reply, tt_error *error)
{
    allocate_rows (batch, read, reply->elements);
    tt_status status = TT_OK;
    for (size_t i = 0; status == TT_OK && i < reply->elements; i++) {
        tt_row *row = &read->row_array[read->rows.count];
        status = row_of_reply (batch, reply->element[i], row, error);
        if (!row->present)
            continue;
        uint8_t key[8];
        for (int b = 0; b < 8; b++)
            key[b] = (uint8_t) (((uint64_t) read->number + i) >> (56 - 8 * b));
        read->key_array[read->rows.count++] = tt_arena_copy (batch->arena, (tt_bytes){ key, 8 });
    }
    return status;
}

static tt_status
take_members (tt_batch *batch, struct multi_read *read, const redisReply *reply, tt_error *error)
{
    tt_status status = TT_OK;
    if (read->stage == 0) {
        allocate_rows (batch, read, reply->elements);
        for (size_t i = 0; i < reply->elements; i++)
            read->key_array[read->rows.count++] = copy_string (batch, reply->element[i]);
        read->stage = read->table && read->rows.count ? 1 : 2;
        return TT_OK;
    }
    for (size_t i = 0; status == TT_OK && i < reply->elements; i++)
        status = row_of_reply (batch, reply->element[i], &read->row_array[i], error);
    read->stage = 2;
    return status;
}

static tt_status
take_multi (tt_batch *batch, struct multi_read *read, tt_error *error)
{
    const redisReply *reply = tt_pipe_reply (batch->store, read->reply);
    if (read->kind == 's') {
        read->stage = 2;
        return tt_standing_take (batch->store, read->reply, batch->arena, &read->standing, error);
    }
    if (reply->type == REDIS_REPLY_ERROR)
        return tt_redis_error_status (reply, error);
    if (reply->type != REDIS_REPLY_ARRAY)
        return tt_fail (error, TT_INTERNAL, "Redis answered a read of several rows with something else than a list");
    if (read->kind == 'p' || read->kind == 'd')
        return take_members (batch, read, reply, error);
    read->stage = 2;
    return read->kind == 't' ? take_table (batch, read, reply, error) : take_range (batch, read, reply, error);
}

tt_status
tt_batch_read (tt_batch *batch, tt_error *error)
{
    tt_pipe_begin (batch->store);
    struct cached_row *wanted = batch->wanted;
    batch->wanted = NULL;
    for (struct cached_row *row = wanted; row; row = row->next_wanted)
        add_row_read (batch->store, row);
    for (tt_txn *txn = batch->first; txn; txn = txn->next)
        for (struct multi_read *read = txn->reads; txn->state == TXN_UNDECIDED && read; read = read->next)
            if (read->stage < 2)
                add_multi_read (batch->store, read);
    if (batch->store->count)
        batch->counts.reads++;
    tt_status status = tt_pipe_run (batch->store, error);
    size_t i = 0;
    for (struct cached_row *row = wanted, *next; row; row = next) {
        next = row->next_wanted;
        row->wanted = false;
        if (status == TT_OK)
            status = take_row (batch, row, tt_pipe_reply (batch->store, i++), error);
    }
    for (tt_txn *txn = batch->first; txn; txn = txn->next)
        for (struct multi_read *read = txn->reads; txn->state == TXN_UNDECIDED && read; read = read->next)
            if (status == TT_OK && read->stage < 2)
                status = take_multi (batch, read, error);
    return status;
}
