#include "wire/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/uuid.h"

#define TEXT_LENGTH (TT_TRACE_TEXT_SIZE - 1)
#define SAMPLED 1

/* Two lower-case hexadecimal digits; -1 if they are none. */
static int
octet (const uint8_t *text)
{
    int value = 0;
    for (int i = 0; i < 2; i++) {
        int digit = text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : text[i] >= 'a' && text[i] <= 'f' ? text[i] - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* False if they are no digits, or all zero. */
static bool
read_id (const uint8_t *text, uint8_t *out, size_t size)
{
    int any = 0;
    for (size_t i = 0; i < size; i++) {
        int value = octet (text + 2 * i);
        if (value < 0)
            return false;
        out[i] = (uint8_t)value;
        any |= value;
    }
    return any != 0;
}

bool
tt_trace_parse (tt_bytes text, tt_trace *out)
{
    const uint8_t *p = text.data;
    tt_trace trace;
    if (text.size < TEXT_LENGTH || p[2] != '-' || p[35] != '-' || p[52] != '-')
        return false;
    int version = octet (p), flags = octet (p + 53);
    if (version < 0 || version == 0xff || flags < 0)
        return false;
    if (text.size > TEXT_LENGTH && (version == 0 || p[TEXT_LENGTH] != '-'))
        return false;
    if (!read_id (p + 3, trace.trace_id, sizeof trace.trace_id) || !read_id (p + 36, trace.parent_id, sizeof trace.parent_id))
        return false;
    trace.sampled = (flags & SAMPLED) != 0;
    *out = trace;
    return true;
}

static char *
write_octets (char *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    return out;
}

void
tt_trace_format (const tt_trace *trace, char out[TT_TRACE_TEXT_SIZE])
{
    uint8_t version = 0, flags = trace->sampled ? SAMPLED : 0;
    out = write_octets (out, &version, 1);
    *out++ = '-';
    out = write_octets (out, trace->trace_id, sizeof trace->trace_id);
    *out++ = '-';
    out = write_octets (out, trace->parent_id, sizeof trace->parent_id);
    *out++ = '-';
    out = write_octets (out, &flags, 1);
    *out = '\0';
}

/* Random ids for every event must not cost a system call each: splitmix64 (Steele, Lea and Flood, 2014) from a random seed of
 * each thread. Unique, not secret. */
static uint64_t
random_number (void)
{
    static _Thread_local uint64_t state;
    if (state == 0)
        tt_random_bytes (&state, sizeof state);
    uint64_t z = state += UINT64_C (0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void
make_id (uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i += sizeof (uint64_t)) {
        uint64_t number = random_number ();
        number = number ? number : 1;
        memcpy (out + i, &number, sizeof number);
    }
}

tt_trace
tt_trace_begin (void)
{
    tt_trace trace = { .sampled = false };
    make_id (trace.trace_id, sizeof trace.trace_id);
    make_id (trace.parent_id, sizeof trace.parent_id);
    return trace;
}

tt_trace
tt_trace_child (const tt_trace *cause)
{
    tt_trace trace = *cause;
    make_id (trace.parent_id, sizeof trace.parent_id);
    return trace;
}

void
tt_trace_log (const char *step, tt_bytes cause, const char *name, tt_bytes value, const char *own)
{
    tt_trace trace;
    if (!tt_log_wants (TT_LOG_DEBUG) || !tt_trace_parse (cause, &trace))
        return;
    char text[TT_TRACE_TEXT_SIZE], span[17] = "", shown[256];
    tt_trace_format (&trace, text);
    text[35] = text[52] = '\0';
    if (own && strlen (own) == TEXT_LENGTH)
        snprintf (span, sizeof span, "%.16s", own + 36);
    snprintf (shown, sizeof shown, "%.*s", (int)(value.size < sizeof shown ? value.size : sizeof shown - 1),
              value.data ? (const char *)value.data : "");
    tt_log (TT_LOG_DEBUG, step, "trace_id", text + 3, "parent_id", text + 36, name, shown, span[0] ? "span_id" : NULL, span,
            NULL);
}
