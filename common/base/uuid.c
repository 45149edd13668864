#include "base/uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define CLOCK_BACK_MS 60000 /* set back by more, the clock was wrong before: ids made on in that time would be refused as of the future */

void
tt_random_bytes (void *out, size_t size)
{
    uint8_t *bytes = out;
    while (size > 0) {
        ssize_t n = getrandom (bytes, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort (); /* without randomness two clients would share request ids */
        bytes += n;
        size -= (size_t) n;
    }
}

/* Random bytes are drawn a page at a time: a system call for each id would cost more than the id. */
static void
pooled_random (uint8_t *out, size_t size)
{
    static _Thread_local uint8_t pool[512];
    static _Thread_local size_t left;
    if (left < size) {
        tt_random_bytes (pool, sizeof pool);
        left = sizeof pool;
    }
    memcpy (out, pool + sizeof pool - left, size);
    left -= size;
}

void
tt_uuid7_make (uint8_t out[TT_UUID_SIZE])
{
    static _Thread_local int64_t last_ms;
    static _Thread_local uint32_t counter; /* 26 bits: rand_a and the top of rand_b (RFC 9562, method 1) */
    int64_t now = tt_clock_unix_ms ();
    if (now > last_ms || last_ms - now > CLOCK_BACK_MS) {
        uint8_t seed[4];
        pooled_random (seed, sizeof seed);
        last_ms = now;
        counter = (uint32_t) (seed[0] | seed[1] << 8 | (seed[2] & 0x3F) << 16);
    } else if (++counter >= 1u << 26) {
        last_ms++;
        counter = 0;
    }
    for (int i = 0; i < 6; i++)
        out[i] = (uint8_t) (last_ms >> (40 - 8 * i));
    pooled_random (out + 8, 8);
    out[6] = (uint8_t) (0x70 | (counter >> 22));
    out[7] = (uint8_t) (counter >> 14);
    out[8] = (uint8_t) (0x80 | ((counter >> 8) & 0x3F));
    out[9] = (uint8_t) counter;
}

int64_t
tt_uuid7_unix_ms (const uint8_t uuid[TT_UUID_SIZE])
{
    if (uuid[6] >> 4 != 7 || uuid[8] >> 6 != 2)
        return -1;
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | uuid[i];
    return ms;
}

void
tt_uuid_format (const uint8_t uuid[TT_UUID_SIZE], char out[TT_UUID_TEXT_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;
    for (int i = 0; i < TT_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[uuid[i] >> 4];
        *p++ = hex[uuid[i] & 15];
    }
    *p = '\0';
}

static int
hex_value (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

tt_status
tt_uuid_parse (const char *text, uint8_t out[TT_UUID_SIZE])
{
    for (int i = 0; i < TT_UUID_SIZE; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return TT_INVALID_ARGUMENT;
        int high = hex_value (text[0]), low = high < 0 ? -1 : hex_value (text[1]);
        if (low < 0)
            return TT_INVALID_ARGUMENT;
        out[i] = (uint8_t) (high << 4 | low);
        text += 2;
    }
    return *text == '\0' ? TT_OK : TT_INVALID_ARGUMENT;
}
