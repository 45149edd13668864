#include "plan.h"

#include <string.h>

#include "wire/protowire.h"

enum { ITEM = 1, APPLICATION_REVISION = 1, PRODUCT_REVISION = 2, PROPOSAL = 3 };
enum { DONE = 1, ROWS, ROW, OFFSET, TOTAL, TAKEN, MADE, DEADLINE, FITS, TRACEPARENT };

const char *
match_fit_text (match_fit fit)
{
    static const char *const texts[MATCH_FIT_COUNT]
        = { "", "application changed meanwhile", "product changed meanwhile", "capacity", "exposure limit", "no lead investment",
            "minimum not met" };
    return fit < MATCH_FIT_COUNT ? texts[fit] : "";
}

static void *
take (void *arena, size_t size)
{
    return tt_arena_alloc (arena, size);
}

static void
leave (void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

void *
match_unpack (tt_arena *arena, const ProtobufCMessageDescriptor *type, tt_bytes bytes)
{
    ProtobufCAllocator allocator = { take, leave, arena };
    return protobuf_c_message_unpack (type, &allocator, bytes.size, bytes.data);
}

/* -- the plan -- */

void
match_plan_encode (const match_plan_item *items, size_t count, tt_buffer *out)
{
    tt_buffer proposal = { 0 }, item = { 0 };
    for (size_t i = 0; i < count; i++) {
        tt_buffer_clear (&proposal);
        tt_buffer_clear (&item);
        size_t size = protobuf_c_message_get_packed_size (&items[i].proposal->base);
        protobuf_c_message_pack (&items[i].proposal->base, tt_buffer_reserve (&proposal, size));
        tt_wire_put_varint (&item, APPLICATION_REVISION, items[i].application_revision);
        tt_wire_put_varint (&item, PRODUCT_REVISION, items[i].product_revision);
        tt_wire_put_bytes (&item, PROPOSAL, (tt_bytes){ proposal.data, size });
        tt_wire_put_bytes (out, ITEM, (tt_bytes){ item.data, item.size });
    }
    tt_buffer_free (&item);
    tt_buffer_free (&proposal);
}

static bool
decode_item (tt_bytes bytes, tt_arena *arena, match_plan_item *item)
{
    tt_wire_reader reader = tt_wire_read (bytes);
    tt_wire_field field;
    tt_wire_step step;
    while ((step = tt_wire_next (&reader, &field)) == TT_WIRE_FIELD) {
        if (field.number == APPLICATION_REVISION)
            item->application_revision = field.value;
        else if (field.number == PRODUCT_REVISION)
            item->product_revision = field.value;
        else if (field.number == PROPOSAL && field.type == TT_WIRE_BYTES)
            item->proposal = match_unpack (arena, &techtransfer__finance__v1__proposal__descriptor, field.bytes);
    }
    return step == TT_WIRE_END && item->proposal != NULL;
}

tt_status
match_plan_decode (tt_bytes bytes, tt_arena *arena, match_plan_item **items, size_t *count, tt_error *error)
{
    tt_wire_field field;
    tt_wire_step step;
    *count = 0;
    tt_wire_reader reader = tt_wire_read (bytes);
    while ((step = tt_wire_next (&reader, &field)) == TT_WIRE_FIELD)
        ++*count;
    *items = tt_arena_zero (arena, *count * sizeof **items);
    reader = tt_wire_read (bytes);
    for (size_t i = 0; step == TT_WIRE_END && i < *count; i++)
        if (tt_wire_next (&reader, &field) != TT_WIRE_FIELD || field.type != TT_WIRE_BYTES
            || !decode_item (field.bytes, arena, &(*items)[i]))
            step = TT_WIRE_MALFORMED;
    return step == TT_WIRE_END ? TT_OK : tt_fail (error, TT_DATA_LOSS, "the stored plan of a round cannot be read");
}

static bool
same_application (const match_plan_item *a, const match_plan_item *b)
{
    return strcmp (a->proposal->application_id, b->proposal->application_id) == 0;
}

size_t
match_plan_slice (const match_plan_item *items, size_t count, size_t from, size_t most)
{
    size_t end = from;
    while (end < count) {
        size_t next = end + 1;
        while (next < count && same_application (&items[end], &items[next]))
            next++;
        if (end > from && next - from > most)
            break;
        end = next;
    }
    return end - from;
}

/* -- the progress -- */

void
match_progress_encode (const match_progress *p, tt_buffer *out)
{
    tt_wire_put_varint (out, DONE, p->done);
    tt_wire_put_varint (out, ROWS, p->rows);
    tt_wire_put_varint (out, ROW, p->row);
    tt_wire_put_varint (out, OFFSET, p->offset);
    tt_wire_put_varint (out, TOTAL, p->total);
    tt_wire_put_varint (out, TAKEN, p->taken);
    tt_wire_put_varint (out, MADE, p->made);
    tt_wire_put_varint (out, DEADLINE, (uint64_t)p->deadline_unix_ms);
    tt_wire_add_bytes (out, TRACEPARENT, tt_bytes_of_text (p->traceparent));
    tt_wire_put_bytes (out, FITS, (tt_bytes){ p->fits, p->total });
}

static void
take_number (match_progress *p, const tt_wire_field *field)
{
    uint32_t *const places[] = {
        [ROWS] = &p->rows, [ROW] = &p->row, [OFFSET] = &p->offset, [TOTAL] = &p->total, [TAKEN] = &p->taken, [MADE] = &p->made
    };
    if (field->number == DONE)
        p->done = field->value != 0;
    else if (field->number == DEADLINE)
        p->deadline_unix_ms = (int64_t)field->value;
    else if (field->number < sizeof places / sizeof *places && places[field->number])
        *places[field->number] = (uint32_t)field->value;
}

tt_status
match_progress_decode (tt_bytes bytes, tt_arena *arena, match_progress *progress, tt_error *error)
{
    tt_wire_reader reader = tt_wire_read (bytes);
    tt_wire_field field;
    tt_wire_step step;
    tt_bytes fits = TT_BYTES_NONE;
    bool whole = false; /* the last field is there */
    *progress = (match_progress){ 0 };
    while ((step = tt_wire_next (&reader, &field)) == TT_WIRE_FIELD) {
        if (field.number == FITS && field.type == TT_WIRE_BYTES) {
            fits = field.bytes;
            whole = true;
        } else if (field.number == TRACEPARENT && field.type == TT_WIRE_BYTES) {
            progress->traceparent = tt_arena_strndup (arena, (const char *)field.bytes.data, field.bytes.size);
        } else if (field.type == TT_WIRE_VARINT) {
            take_number (progress, &field);
        }
    }
    if (step != TT_WIRE_END || !whole || fits.size != progress->total || progress->taken > progress->total)
        return tt_fail (error, TT_DATA_LOSS, "the stored progress of a round cannot be read");
    progress->fits = tt_arena_zero (arena, progress->total);
    if (fits.size)
        memcpy (progress->fits, fits.data, fits.size);
    return TT_OK;
}
