#include "store/block.h"

uint8_t *
tt_block_length (uint8_t *out, size_t length)
{
    for (; length >= 0x80; length >>= 7)
        *out++ = (uint8_t)(length | 0x80);
    *out++ = (uint8_t)length;
    return out;
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
