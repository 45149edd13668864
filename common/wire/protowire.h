/* The protobuf wire format, read and written by hand: varints, fixed words, length-delimited fields.
 *
 * For the few messages that travel with every command and event (envelope.c); everything else uses the generated code.
 * Groups are not supported. No thread rule: values only; views borrow the input. */
#ifndef TT_WIRE_PROTOWIRE_H
#define TT_WIRE_PROTOWIRE_H

#include "base/buffer.h"

typedef enum { TT_WIRE_VARINT = 0, TT_WIRE_FIXED64 = 1, TT_WIRE_BYTES = 2, TT_WIRE_FIXED32 = 5 } tt_wire_type;

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} tt_wire_reader;

typedef struct {
    uint32_t number; /* field number, 1 to 2^29-1 */
    tt_wire_type type;
    uint64_t value; /* of a varint or fixed field */
    tt_bytes bytes; /* of a length-delimited field; borrowed */
} tt_wire_field;

typedef enum { TT_WIRE_END, TT_WIRE_FIELD, TT_WIRE_MALFORMED } tt_wire_step;

static inline tt_wire_reader
tt_wire_read (tt_bytes bytes)
{
    return (tt_wire_reader){ bytes.data, bytes.data ? bytes.data + bytes.size : NULL };
}

/* The next field into *field. TT_WIRE_MALFORMED: truncated, a varint over 64 bits, field number 0 or past 2^29-1, or a group;
 * the reader is then useless. */
tt_wire_step tt_wire_next (tt_wire_reader *reader, tt_wire_field *field);

/* Appends a field, whatever its value (also 0 and empty). */
void tt_wire_put_varint (tt_buffer *out, uint32_t number, uint64_t value);
void tt_wire_put_bytes (tt_buffer *out, uint32_t number, tt_bytes bytes);
/* As proto3 writes them: a default value is left out. */
void tt_wire_add_varint (tt_buffer *out, uint32_t number, uint64_t value);
void tt_wire_add_bytes (tt_buffer *out, uint32_t number, tt_bytes bytes);
/* Bytes that `value` takes as a varint: 1 to 10. */
size_t tt_wire_varint_size (uint64_t value);
/* Bytes that tt_wire_put_bytes appends. */
size_t tt_wire_bytes_size (uint32_t number, size_t size);
/* Appends key and length of a length-delimited field; the caller appends exactly `size` bytes behind it. */
void tt_wire_begin_bytes (tt_buffer *out, uint32_t number, size_t size);

#endif
