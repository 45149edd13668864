#include "run/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *suffix;
    int64_t factor;
} unit;

static const unit durations[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
                                  { NULL, 0 } };
static const unit sizes[] = { { "", 1 },         { "k", 1 << 10 },   { "KiB", 1 << 10 }, { "M", 1 << 20 },
                              { "MiB", 1 << 20 }, { "G", 1 << 30 },   { "GiB", 1 << 30 }, { NULL, 0 } };
static const unit plain[] = { { "", 1 }, { NULL, 0 } };

/* A whole number and one of the units behind it; no overflow. */
static bool
parse_number (const char *text, const unit *units, int64_t *number)
{
    char *end;
    if (!isdigit ((unsigned char) text[0]) && !(text[0] == '-' && isdigit ((unsigned char) text[1])))
        return false;
    errno = 0;
    long long value = strtoll (text, &end, 10);
    if (errno != 0)
        return false;
    for (; units->suffix; units++)
        if (strcmp (end, units->suffix) == 0)
            return !__builtin_mul_overflow ((int64_t) value, units->factor, number);
    return false;
}

static bool
parse_bool (const char *text, int64_t *number)
{
    static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
    for (size_t i = 0; i < 8; i++)
        if (strcasecmp (text, words[i]) == 0) {
            *number = i & 1;
            return true;
        }
    return false;
}

static bool
is_choice (const char *choices, const char *text)
{
    size_t n = strlen (text);
    if (strchr (text, '|'))
        return false; /* "debug|info" is two of them */
    for (const char *p = choices; p; p = strchr (p, '|')) {
        p += *p == '|';
        if (n > 0 && strncmp (p, text, n) == 0 && (p[n] == '|' || p[n] == '\0'))
            return true;
    }
    return false;
}

static bool
parse_string (const tt_config_row *row, const char *text)
{
    size_t n = strlen (text);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char) text[i] < 0x20)
            return false;
    return n >= (size_t) row->min && (row->max == 0 || n <= (size_t) row->max);
}

bool
config_parse (const tt_config_row *row, const char *text, int64_t *number)
{
    *number = 0;
    const unit *units = row->type == TT_CONFIG_DURATION ? durations : row->type == TT_CONFIG_BYTES ? sizes : plain;
    switch (row->type) {
    case TT_CONFIG_STRING:
        return parse_string (row, text);
    case TT_CONFIG_ENUM:
        return is_choice (row->choices, text);
    case TT_CONFIG_BOOL:
        return parse_bool (text, number);
    default:
        return parse_number (text, units, number) && *number >= row->min && *number <= row->max;
    }
}

void
config_allowed (const tt_config_row *row, tt_buffer *out)
{
    switch (row->type) {
    case TT_CONFIG_STRING:
        if (row->max > 0)
            tt_buffer_printf (out, "text of %" PRId64 " to %" PRId64 " bytes", row->min, row->max);
        else
            tt_buffer_text (out, row->min > 0 ? "text, not empty" : "text");
        break;
    case TT_CONFIG_INT:
        tt_buffer_printf (out, "a whole number from %" PRId64 " to %" PRId64, row->min, row->max);
        break;
    case TT_CONFIG_BOOL:
        tt_buffer_text (out, "true or false");
        break;
    case TT_CONFIG_DURATION:
        tt_buffer_printf (out, "a duration (ms, s, m, h, d) from %" PRId64 "ms to %" PRId64 "ms", row->min, row->max);
        break;
    case TT_CONFIG_BYTES:
        tt_buffer_printf (out, "a size (k, M, G) from %" PRId64 " to %" PRId64 " bytes", row->min, row->max);
        break;
    case TT_CONFIG_ENUM:
        tt_buffer_printf (out, "one of %s", row->choices);
        break;
    }
}

void
config_variable (const char *name, tt_buffer *out)
{
    tt_buffer_text (out, "TT_");
    for (; *name; name++) {
        char c = *name == '.' || *name == '-' ? '_' : (char) toupper ((unsigned char) *name);
        tt_buffer_append (out, &c, 1);
    }
}
