#include "store/block.h"

#include <string.h>

static size_t
length_size (size_t length)
{
    size_t size = 1;
    for (; length >= 0x80; length >>= 7)
        size++;
    return size;
}

size_t
tt_block_size (const tt_bytes *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += length_size (parts[i].size) + parts[i].size;
    return size;
}

void
tt_block_write (uint8_t *out, const tt_bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = parts[i].size;
        for (; length >= 0x80; length >>= 7)
            *out++ = (uint8_t)(length | 0x80);
        *out++ = (uint8_t)length;
        if (parts[i].size)
            memcpy (out, parts[i].data, parts[i].size);
        out += parts[i].size;
    }
}

bool
tt_block_take (tt_bytes *rest, tt_bytes *part)
{
    uint64_t length = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) { /* a part has less than 2^35 bytes */
        if (rest->size == 0)
            return false;
        uint8_t byte = *rest->data++;
        rest->size--;
        length |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (length > rest->size)
            return false;
        *part = (tt_bytes){ rest->data, (size_t)length };
        rest->data += length;
        rest->size -= (size_t)length;
        return true;
    }
    return false;
}
