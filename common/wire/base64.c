#include "wire/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
tt_base64_encode (tt_bytes bytes, tt_buffer *out)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t n = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = (uint32_t) bytes.data[i] << 16;
        if (n > 1)
            group |= (uint32_t) bytes.data[i + 1] << 8;
        if (n > 2)
            group |= bytes.data[i + 2];
        char text[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63], n > 1 ? alphabet[group >> 6 & 63] : '=',
                         n > 2 ? alphabet[group & 63] : '=' };
        tt_buffer_append (out, text, sizeof text);
    }
}

static int
digit (uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Size without padding, or -1 where the padding is not the right one. */
static ptrdiff_t
unpadded (tt_bytes text)
{
    size_t n = text.size;
    while (n > 0 && text.size - n < 2 && text.data[n - 1] == '=')
        n--;
    if (n % 4 == 1 || (n != text.size && text.size % 4 != 0))
        return -1;
    return (ptrdiff_t) n;
}

bool
tt_base64_decode (tt_bytes text, tt_buffer *out)
{
    size_t start = out->size;
    uint32_t bits = 0;
    unsigned held = 0;
    ptrdiff_t n = unpadded (text);
    bool right = n >= 0;
    for (ptrdiff_t i = 0; right && i < n; i++) {
        int value = digit (text.data[i]);
        right = value >= 0;
        bits = (bits << 6 | (uint32_t) value) & 0xFFFFFF;
        held += 6;
        if (right && held >= 8) {
            held -= 8;
            uint8_t byte = (uint8_t) (bits >> held);
            tt_buffer_append (out, &byte, 1);
        }
    }
    right = right && (bits & ((1U << held) - 1)) == 0;
    if (!right)
        out->size = start;
    return right;
}
