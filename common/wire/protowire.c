#include "wire/protowire.h"

#include <string.h>

#define FIELD_NUMBER_MAX ((1U << 29) - 1)

static bool
read_varint (tt_wire_reader *reader, uint64_t *value)
{
    uint64_t result = 0;
    if (reader->at != reader->end && *reader->at < 0x80) { /* nearly all keys and lengths */
        *value = *reader->at++;
        return true;
    }
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reader->at == reader->end)
            return false;
        uint8_t byte = *reader->at++;
        if (shift == 63 && byte > 1)
            return false;
        result |= (uint64_t) (byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = result;
            return true;
        }
    }
    return false;
}

/* Little-endian whatever the machine. */
static bool
read_fixed (tt_wire_reader *reader, size_t size, uint64_t *value)
{
    if ((size_t) (reader->end - reader->at) < size)
        return false;
    *value = 0;
    for (size_t i = 0; i < size; i++)
        *value |= (uint64_t) reader->at[i] << (8 * i);
    reader->at += size;
    return true;
}

static bool
read_bytes (tt_wire_reader *reader, tt_bytes *bytes)
{
    uint64_t size;
    if (!read_varint (reader, &size) || size > (uint64_t) (reader->end - reader->at))
        return false;
    *bytes = (tt_bytes){ reader->at, (size_t) size };
    reader->at += size;
    return true;
}

tt_wire_step
tt_wire_next (tt_wire_reader *reader, tt_wire_field *field)
{
    uint64_t key;
    if (reader->at == reader->end)
        return TT_WIRE_END;
    if (!read_varint (reader, &key) || (key >> 3) == 0 || (key >> 3) > FIELD_NUMBER_MAX)
        return TT_WIRE_MALFORMED;
    field->number = (uint32_t) (key >> 3);
    field->type = (tt_wire_type) (key & 7);
    field->value = 0;
    field->bytes = TT_BYTES_NONE;
    bool ok = false;
    switch (field->type) {
    case TT_WIRE_VARINT:
        ok = read_varint (reader, &field->value);
        break;
    case TT_WIRE_FIXED64:
        ok = read_fixed (reader, 8, &field->value);
        break;
    case TT_WIRE_FIXED32:
        ok = read_fixed (reader, 4, &field->value);
        break;
    case TT_WIRE_BYTES:
        ok = read_bytes (reader, &field->bytes);
        break;
    }
    return ok ? TT_WIRE_FIELD : TT_WIRE_MALFORMED;
}

static void
append_varint (tt_buffer *out, uint64_t value)
{
    uint8_t *at = tt_buffer_reserve (out, 10);
    size_t n = 0;
    while (value >= 0x80) {
        at[n++] = (uint8_t) (value | 0x80);
        value >>= 7;
    }
    at[n++] = (uint8_t) value;
    out->size += n;
}

void
tt_wire_put_varint (tt_buffer *out, uint32_t number, uint64_t value)
{
    append_varint (out, (uint64_t) number << 3 | TT_WIRE_VARINT);
    append_varint (out, value);
}

void
tt_wire_begin_bytes (tt_buffer *out, uint32_t number, size_t size)
{
    append_varint (out, (uint64_t) number << 3 | TT_WIRE_BYTES);
    append_varint (out, size);
}

void
tt_wire_put_bytes (tt_buffer *out, uint32_t number, tt_bytes bytes)
{
    tt_wire_begin_bytes (out, number, bytes.size);
    tt_buffer_append (out, bytes.data, bytes.size);
}

void
tt_wire_add_varint (tt_buffer *out, uint32_t number, uint64_t value)
{
    if (value != 0)
        tt_wire_put_varint (out, number, value);
}

void
tt_wire_add_bytes (tt_buffer *out, uint32_t number, tt_bytes bytes)
{
    if (bytes.size != 0)
        tt_wire_put_bytes (out, number, bytes);
}

size_t
tt_wire_varint_size (uint64_t value)
{
    size_t n = 1;
    for (; value >= 0x80; value >>= 7)
        n++;
    return n;
}

size_t
tt_wire_bytes_size (uint32_t number, size_t size)
{
    return tt_wire_varint_size ((uint64_t) number << 3) + tt_wire_varint_size (size) + size;
}
