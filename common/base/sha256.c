#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

static uint32_t
rotate (uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

/* The first 32 bits behind the point of the square roots (power 2) or cube roots (power 3) of the first primes: the standard's
 * constants. Found by integer search, so that no table of them has to be trusted. */
static uint32_t
root_fraction (uint32_t prime, int power)
{
    unsigned __int128 scaled = (unsigned __int128)prime << (32 * power - 32), wanted = scaled << 32;
    uint64_t low = 0, high = UINT64_C (1) << 36;
    while (low + 1 < high) {
        uint64_t middle = low + (high - low) / 2;
        unsigned __int128 raised = (unsigned __int128)middle * middle;
        bool above = raised > wanted || (power == 3 && raised > wanted / middle);
        if (above)
            high = middle;
        else
            low = middle;
    }
    return (uint32_t)low;
}

typedef struct {
    uint32_t start[8];
    uint32_t round[64];
} constants;

static bool
is_prime (uint32_t n)
{
    for (uint32_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return true;
}

static constants
make_constants (void)
{
    constants c;
    uint32_t prime = 2;
    for (int i = 0; i < 64; prime++) {
        if (!is_prime (prime))
            continue;
        if (i < 8)
            c.start[i] = root_fraction (prime, 2);
        c.round[i++] = root_fraction (prime, 3);
    }
    return c;
}

static void
block (const constants *c, uint32_t hash[8], const uint8_t *bytes)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 | (uint32_t)bytes[4 * i + 2] << 8
               | bytes[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate (a, 7) ^ rotate (a, 18) ^ a >> 3) + (rotate (b, 17) ^ rotate (b, 19) ^ b >> 10);
    }
    memcpy (s, hash, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t big1 = rotate (s[4], 6) ^ rotate (s[4], 11) ^ rotate (s[4], 25);
        uint32_t big0 = rotate (s[0], 2) ^ rotate (s[0], 13) ^ rotate (s[0], 22);
        uint32_t one = s[7] + big1 + ((s[4] & s[5]) ^ (~s[4] & s[6])) + c->round[i] + w[i];
        uint32_t two = big0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove (s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++)
        hash[i] += s[i];
}

void
tt_sha256 (tt_bytes bytes, uint8_t out[TT_SHA256_SIZE])
{
    constants c = make_constants ();
    uint8_t tail[128] = { 0 };
    size_t whole = bytes.size / 64 * 64, rest = bytes.size - whole, tail_size = rest < 56 ? 64 : 128;
    for (size_t i = 0; i < whole; i += 64)
        block (&c, c.start, bytes.data + i);
    if (rest)
        memcpy (tail, bytes.data + whole, rest);
    tail[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        tail[tail_size - 1 - (size_t)i] = (uint8_t)((uint64_t)bytes.size * 8 >> (8 * i));
    for (size_t i = 0; i < tail_size; i += 64)
        block (&c, c.start, tail + i);
    for (int i = 0; i < TT_SHA256_SIZE; i++)
        out[i] = (uint8_t)(c.start[i / 4] >> (24 - 8 * (i % 4)));
}

void
tt_sha256_text (tt_bytes bytes, char out[TT_SHA256_TEXT])
{
    uint8_t hash[TT_SHA256_SIZE];
    tt_sha256 (bytes, hash);
    for (int i = 0; i < TT_SHA256_SIZE; i++)
        snprintf (out + (size_t)2 * (size_t)i, 3, "%02x", hash[i]);
}
