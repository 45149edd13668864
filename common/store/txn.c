/* The handler's side of a transaction: asking for rows, saying what is wanted. The executor is batch.c. */
#include "store/txn.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "envelope.pb-c.h"
#include "store/batch.h"
#include "store/block.h"
#include "store/journal.h"
#include "wire/trace.h"

#define TOUCHED_FEW 32
#define NUMBER_LIMIT (INT64_C (1) << 53) /* Redis's script engine counts in doubles: exact up to here */

void
tt_txn_at_partition (tt_txn *txn, uint32_t partition)
{
    txn->unit.partition = partition;
    txn->located = true;
}

void
tt_txn_at (tt_txn *txn, tt_bytes partition_key)
{
    txn->partition_key = tt_arena_copy (txn->batch->arena, partition_key);
    tt_txn_at_partition (txn, tt_partition_of (partition_key, tt_store_partitions (txn->batch->store)));
}

uint32_t
tt_txn_partition (const tt_txn *txn)
{
    return txn->unit.partition;
}

uint32_t
tt_txn_partitions (const tt_txn *txn)
{
    return tt_store_partitions (txn->batch->store);
}

const char *
tt_txn_stream (const tt_txn *txn)
{
    return tt_store_service (txn->batch->store);
}

int64_t
tt_txn_now (const tt_txn *txn)
{
    return txn->batch->now;
}

tt_arena *
tt_txn_arena (tt_txn *txn)
{
    return txn->batch->arena;
}

size_t
tt_txn_item (const tt_txn *txn)
{
    return txn->spec.item;
}

const char *
tt_txn_caller (const tt_txn *txn)
{
    return txn->spec.caller ? txn->spec.caller : "";
}

uint32_t
tt_txn_step (const tt_txn *txn)
{
    return txn->step;
}

void
tt_txn_then (tt_txn *txn)
{
    txn->then = true;
}

bool
tt_txn_pending (const tt_txn *txn)
{
    return txn->pending;
}

tt_bytes
tt_number_key (tt_txn *txn, uint64_t number)
{
    uint8_t *key = tt_arena_alloc (txn->batch->arena, 8);
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t) (number >> (56 - 8 * i));
    return (tt_bytes){ key, 8 };
}

/* -- reading -- */

/* The place of a row among the slots: its own, or the free one where it belongs. */
static struct touched **
touched_slot (const tt_txn *txn, const struct cached_row *row)
{
    size_t i = row->hash & (txn->touched_slot_count - 1);
    while (txn->touched_slots[i] && txn->touched_slots[i]->row != row)
        i = (i + 1) & (txn->touched_slot_count - 1);
    return &txn->touched_slots[i];
}

static struct touched *
find_touched (tt_txn *txn, const struct cached_row *row)
{
    if (txn->touched_slots)
        return *touched_slot (txn, row);
    struct touched *t = txn->touched;
    while (t && t->row != row)
        t = t->next;
    return t;
}

/* A transaction may read tens of thousands of rows: from TOUCHED_FEW on they are found by their hash. */
static void
file_touched (tt_txn *txn, struct touched *fresh)
{
    txn->touched_count++;
    if (txn->touched_count < TOUCHED_FEW)
        return;
    if (2 * txn->touched_count <= txn->touched_slot_count) {
        *touched_slot (txn, fresh->row) = fresh;
        return;
    }
    txn->touched_slot_count = 4 * txn->touched_count;
    while (txn->touched_slot_count & (txn->touched_slot_count - 1))
        txn->touched_slot_count &= txn->touched_slot_count - 1;
    txn->touched_slots = tt_arena_zero (txn->batch->arena, txn->touched_slot_count * sizeof (struct touched *));
    for (struct touched *t = txn->touched; t; t = t->next)
        *touched_slot (txn, t->row) = t;
}

static struct touched *
touch (tt_txn *txn, struct cached_row *row)
{
    struct touched *t = find_touched (txn, row);
    if (t == NULL) {
        t = tt_arena_zero (txn->batch->arena, sizeof *t);
        t->row = row;
        t->next = txn->touched;
        txn->touched = t;
        file_touched (txn, t);
    }
    return t;
}

/* Loaded and not in the hands of an earlier transaction that has still to decide on it; else it is asked for. */
static bool
available (tt_txn *txn, struct cached_row *row)
{
    if (!row->loaded)
        tt_batch_want (txn->batch, row);
    bool held = row->holder && row->holder != txn && row->holder->order < txn->order && row->holder->state == TXN_UNDECIDED;
    if (row->loaded && !held)
        return true;
    txn->pending = true;
    return false;
}

const tt_row *
tt_txn_get (tt_txn *txn, const char *table, tt_bytes key)
{
    assert (txn->located);
    struct cached_row *row = tt_batch_row (txn->batch, txn->unit.partition, 't', table, key);
    touch (txn, row);
    return available (txn, row) ? &row->row : NULL;
}

const tt_row *
tt_txn_get_at (tt_txn *txn, tt_bytes partition_key, const char *table, tt_bytes key)
{
    uint32_t partition = tt_partition_of (partition_key, tt_store_partitions (txn->batch->store));
    struct cached_row *row = tt_batch_row (txn->batch, partition, 't', table, key);
    if (!available (txn, row))
        return NULL;
    if (row->writer && row->writer != txn && row->writer->state == TXN_DECIDED) {
        txn->pending = true; /* no guard holds this read: it waits until the write is committed */
        return NULL;
    }
    return &row->row;
}

bool
tt_txn_number (tt_txn *txn, const char *table, tt_bytes key, int64_t *value)
{
    assert (txn->located);
    struct cached_row *row = tt_batch_row (txn->batch, txn->unit.partition, 'n', table, key);
    if (!available (txn, row))
        return false;
    *value = row->number;
    return true;
}

static bool
same_read (const struct multi_read *a, const struct multi_read *b)
{
    return a->kind == b->kind && a->partition == b->partition && a->number == b->number && a->count == b->count
           && strcmp (a->name, b->name) == 0 && tt_bytes_equal (a->after, b->after);
}

/* The same question asked again by a handler that was called again gets the answer that was read for it. */
static const struct multi_read *
ask (tt_txn *txn, struct multi_read question)
{
    struct multi_read **link = &txn->reads;
    while (*link && !same_read (*link, &question))
        link = &(*link)->next;
    if (*link == NULL) {
        tt_arena *arena = txn->batch->arena;
        *link = tt_arena_alloc (arena, sizeof question);
        question.name = tt_arena_strndup (arena, question.name, strlen (question.name));
        question.table = question.table ? tt_arena_strndup (arena, question.table, strlen (question.table)) : NULL;
        question.after = tt_arena_copy (arena, question.after);
        question.stage = question.count == 0 && question.kind != 't' && question.kind != 's' ? 2 : 0; /* nothing was asked for */
        **link = question;
    }
    if ((*link)->stage == 2)
        return *link;
    txn->pending = true;
    return NULL;
}

static const tt_rows *
multi (tt_txn *txn, struct multi_read question)
{
    assert (txn->located);
    question.partition = txn->unit.partition;
    const struct multi_read *read = ask (txn, question);
    return read ? &read->rows : NULL;
}

const tt_rows *
tt_txn_range (tt_txn *txn, const char *table, uint64_t from, uint32_t count)
{
    return multi (txn, (struct multi_read){ .kind = 'r', .name = table, .number = (int64_t)from, .count = count });
}

const tt_rows *
tt_txn_table (tt_txn *txn, const char *table)
{
    return multi (txn, (struct multi_read){ .kind = 't', .name = table });
}

const tt_rows *
tt_txn_page (tt_txn *txn, const char *index, tt_bytes after, uint32_t limit, const char *table)
{
    return multi (txn, (struct multi_read){ .kind = 'p', .name = index, .after = after, .count = limit, .table = table });
}

const tt_rows *
tt_txn_due (tt_txn *txn, const char *index, int64_t max_score, uint32_t limit, const char *table)
{
    return multi (txn, (struct multi_read){ .kind = 'd', .name = index, .number = max_score, .count = limit, .table = table });
}

const tt_standing *
tt_txn_standing (tt_txn *txn, uint32_t partition, const char *consumers)
{
    const struct multi_read *read = ask (txn, (struct multi_read){ .kind = 's', .partition = partition, .name = consumers });
    return read ? &read->standing : NULL;
}

/* -- writing -- */

static tt_op *
add_op (tt_txn *txn, char op, char kind, const char *name, tt_bytes a, tt_bytes b, tt_bytes c)
{
    tt_op *new = tt_arena_alloc (txn->batch->arena, sizeof *new);
    *new = (tt_op){ .op = op, .kind = kind, .name = name, .a = a, .b = b, .c = c };
    *(txn->last_op ? &txn->last_op->next : &txn->unit.ops) = new;
    txn->last_op = new;
    txn->unit.op_count++;
    txn->writes = true;
    return new;
}

static tt_bytes
version_bytes (tt_txn *txn, uint64_t version)
{
    return version ? tt_number_key (txn, version) : TT_BYTES_NONE;
}

/* A version that no other put gets. Counting would not do: what a transaction of this batch wants to put but cannot, and what another replica
 * puts instead, would bear the same number, and so would a row that was deleted and made anew. (splitmix64: each state once.) */
static uint64_t
new_version (tt_batch *batch)
{
    uint64_t z;
    do {
        z = batch->versions += UINT64_C (0x9E3779B97F4A7C15);
        z = (z ^ z >> 30) * UINT64_C (0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C (0x94D049BB133111EB);
        z ^= z >> 31;
    } while (z == 0);
    return z;
}

/* A put or delete of a row; a second one in the same transaction replaces the first. */
static void
write_row (tt_txn *txn, char op, const char *table, tt_bytes key, tt_bytes value, bool blind)
{
    assert (txn->located);
    tt_arena *arena = txn->batch->arena;
    struct cached_row *row = tt_batch_row (txn->batch, txn->unit.partition, 't', table, key);
    struct touched *t = touch (txn, row);
    assert (blind || row->loaded);
    uint64_t version = row->loaded ? row->row.version : 0;
    uint8_t *stored = tt_arena_alloc (arena, value.size + 8);
    tt_bytes next = version_bytes (txn, new_version (txn->batch));
    memcpy (stored, next.data, 8);
    if (value.size)
        memcpy (stored + 8, value.data, value.size);
    tt_bytes expected = blind ? tt_bytes_of_text ("*") : version_bytes (txn, version);
    tt_bytes stored_bytes = op == 'd' ? TT_BYTES_NONE : (tt_bytes){ stored, value.size + 8 };
    t->blind = blind;
    if (t->op)
        *t->op = (tt_op){
            .next = t->op->next, .op = op, .kind = 't', .name = row->table, .a = row->key, .b = expected, .c = stored_bytes
        };
    else
        t->op = add_op (txn, op, 't', row->table, row->key, expected, stored_bytes);
}

void
tt_txn_put (tt_txn *txn, const char *table, tt_bytes key, tt_bytes value)
{
    write_row (txn, 'p', table, key, value, false);
}

void
tt_txn_put_blind (tt_txn *txn, const char *table, tt_bytes key, tt_bytes value)
{
    write_row (txn, 'p', table, key, value, true);
}

void
tt_txn_delete (tt_txn *txn, const char *table, tt_bytes key)
{
    write_row (txn, 'd', table, key, TT_BYTES_NONE, false);
}

static tt_bytes
pack (tt_txn *txn, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    uint8_t *data = tt_arena_alloc (txn->batch->arena, size);
    protobuf_c_message_pack (message, data);
    return (tt_bytes){ data, size };
}

void
tt_txn_put_message (tt_txn *txn, const char *table, tt_bytes key, const ProtobufCMessage *message)
{
    tt_txn_put (txn, table, key, pack (txn, message));
}

static int64_t
parse_number (tt_bytes text)
{
    return strtoll ((const char *)text.data, NULL, 10); /* arena text: NUL-terminated */
}

static tt_bytes
number_text (tt_txn *txn, int64_t number)
{
    return tt_bytes_of_text (tt_arena_printf (txn->batch->arena, "%lld", (long long)number));
}

void
tt_txn_add (tt_txn *txn, const char *table, tt_bytes key, int64_t delta, int64_t min, int64_t max)
{
    assert (txn->located);
    assert (delta > -NUMBER_LIMIT && delta < NUMBER_LIMIT && min >= -NUMBER_LIMIT && max <= NUMBER_LIMIT);
    struct cached_row *row = tt_batch_row (txn->batch, txn->unit.partition, 'n', table, key);
    tt_bytes bounds = tt_bytes_of_text (tt_arena_printf (txn->batch->arena, "%lld:%lld", (long long)min, (long long)max));
    struct touched *t = touch (txn, row);
    if (t->op) { /* one operation a number: the function checks all bounds before it adds anything */
        t->op->b = number_text (txn, parse_number (t->op->b) + delta);
        t->op->c = bounds;
    } else {
        t->op = add_op (txn, 'n', 'n', row->table, row->key, number_text (txn, delta), bounds);
    }
    t->blind = true;
}

bool
tt_txn_bound_failed (const tt_txn *txn, const char *table, tt_bytes key)
{
    for (const struct bound *b = txn->bounds; b; b = b->next)
        if (strcmp (b->table, table) == 0 && tt_bytes_equal (b->key, key))
            return true;
    return false;
}

void
tt_txn_index_put (tt_txn *txn, const char *index, tt_bytes member, int64_t score)
{
    tt_arena *arena = txn->batch->arena;
    add_op (txn, 'z', 'x', tt_arena_strndup (arena, index, strlen (index)), tt_arena_copy (arena, member),
            number_text (txn, score), TT_BYTES_NONE);
}

void
tt_txn_index_remove (tt_txn *txn, const char *index, tt_bytes member)
{
    tt_arena *arena = txn->batch->arena;
    add_op (txn, 'y', 'x', tt_arena_strndup (arena, index, strlen (index)), tt_arena_copy (arena, member), TT_BYTES_NONE,
            TT_BYTES_NONE);
}

/* An event of a block (store/block.h), packed in place; a record of a log has neither topic nor header. */
static tt_bytes
pack_entry (tt_txn *txn, const char *topic, const ProtobufCMessage *header, const ProtobufCMessage *body)
{
    size_t topic_size = header ? strlen (topic) : 0, body_size = protobuf_c_message_get_packed_size (body);
    size_t header_size = header ? protobuf_c_message_get_packed_size (header) : 0;
    uint8_t *data = tt_arena_alloc (txn->batch->arena, topic_size + header_size + body_size + 3 * TT_BLOCK_LENGTH_MAX), *p = data;
    if (header) {
        p = tt_block_length (p, topic_size);
        memcpy (p, topic, topic_size);
        p = tt_block_length (p + topic_size, header_size);
        p += protobuf_c_message_pack (header, p);
    }
    p = tt_block_length (p, body_size);
    p += protobuf_c_message_pack (body, p);
    return (tt_bytes){ data, (size_t)(p - data) };
}

const char *
tt_txn_traceparent (const tt_txn *txn)
{
    return txn->spec.traceparent ? txn->spec.traceparent : "";
}

void
tt_txn_trace (tt_txn *txn, const char *traceparent)
{
    if (tt_txn_traceparent (txn)[0] == '\0')
        txn->spec.traceparent = tt_arena_strndup (txn->batch->arena, traceparent, strlen (traceparent));
}

/* The event is a step of its cause's trace, under a parent-id of its own. */
static void
follow_trace (const tt_txn *txn, const ProtobufCMessage *body, char out[TT_TRACE_TEXT_SIZE])
{
    tt_trace cause;
    tt_bytes given = tt_bytes_of_text (txn->spec.traceparent);
    if (given.size == 0 || !tt_trace_parse (given, &cause))
        return;
    tt_trace own = tt_trace_child (&cause);
    tt_trace_format (&own, out);
    tt_trace_log ("event decided", given, "type", tt_bytes_of_text (body->descriptor->name), out);
}

void
tt_txn_event (tt_txn *txn, const char *topic, const char *subject, const ProtobufCMessage *body)
{
    uint8_t id[TT_UUID_SIZE];
    char text[TT_UUID_TEXT_SIZE];
    tt_uuid7_make (id);
    tt_uuid_format (id, text);
    Techtransfer__V1__EventHeader header = TECHTRANSFER__V1__EVENT_HEADER__INIT;
    header.id = text;
    header.source = (char *)txn->batch->source;
    header.type = (char *)body->descriptor->name;
    header.subject = (char *)subject;
    header.time = txn->batch->time;
    header.dataschema = (char *)txn->batch->schema;
    header.partitionkey = txn->partition_key.size ? (char *)txn->partition_key.data : (char *)"";
    char traceparent[TT_TRACE_TEXT_SIZE] = "";
    follow_trace (txn, body, traceparent);
    header.traceparent = traceparent;
    add_op (txn, 'e', 'j', TT_JOURNAL_EVENTS, TT_BYTES_NONE, TT_BYTES_NONE, pack_entry (txn, topic, &header.base, body));
}

void
tt_txn_log (tt_txn *txn, const char *log, const ProtobufCMessage *body)
{
    const char *name = tt_arena_strndup (txn->batch->arena, log, strlen (log));
    add_op (txn, 'e', 'j', name, TT_BYTES_NONE, TT_BYTES_NONE, pack_entry (txn, NULL, NULL, body));
}

/* -- answering -- */

void
tt_txn_reply (tt_txn *txn, const ProtobufCMessage *reply)
{
    txn->reply = pack (txn, reply);
}

static void
drop_writes (tt_txn *txn)
{
    txn->unit.ops = NULL;
    txn->last_op = NULL;
    txn->unit.op_count = 0;
    txn->writes = false;
    txn->then = false;
    for (struct touched *t = txn->touched; t; t = t->next)
        t->op = NULL;
}

void
tt_txn_refuse (tt_txn *txn, tt_status code, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start (args, format);
    vsnprintf (message, sizeof message, format, args);
    va_end (args);
    drop_writes (txn);
    txn->status = code;
    txn->message = tt_arena_strndup (txn->batch->arena, message, strlen (message));
}

void
tt_txn_violation (tt_txn *txn, const char *path, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start (args, format);
    vsnprintf (reason, sizeof reason, format, args);
    va_end (args);
    tt_txn_refuse (txn, TT_INVALID_ARGUMENT, "the request is not valid: %s: %s", path, reason);
    if (txn->violation_count == TT_TXN_MAX_VIOLATIONS)
        return;
    tt_arena *arena = txn->batch->arena;
    txn->violation_paths[txn->violation_count] = tt_arena_strndup (arena, path, strlen (path));
    txn->violation_reasons[txn->violation_count++] = tt_arena_strndup (arena, reason, strlen (reason));
}

bool
tt_txn_refused (const tt_txn *txn)
{
    return txn->status != TT_OK;
}

void
tt_txn_restart (tt_txn *txn)
{
    drop_writes (txn);
    txn->touched = NULL;
    txn->touched_slots = NULL;
    txn->touched_slot_count = txn->touched_count = 0;
    txn->pending = txn->located = false;
    txn->status = TT_OK;
    txn->message = NULL;
    txn->reply = TT_BYTES_NONE;
    txn->violation_count = 0;
    txn->partition_key = TT_BYTES_NONE;
}

/* Rows that were only read guard the commit as well. */
void
tt_txn_seal (tt_txn *txn)
{
    for (struct touched *t = txn->touched; t; t = t->next)
        if (t->op == NULL && t->row->kind == 't' && t->row->loaded)
            add_op (txn, 'g', 't', t->row->table, t->row->key, version_bytes (txn, t->row->row.version), TT_BYTES_NONE);
}

tt_outcome
tt_txn_outcome (const tt_txn *txn)
{
    return (tt_outcome){ .status = txn->status,
                         .message = txn->message ? txn->message : "",
                         .reply = txn->reply,
                         .replayed = txn->replayed,
                         .violation_count = txn->violation_count,
                         .violation_paths = txn->violation_paths,
                         .violation_reasons = txn->violation_reasons };
}
