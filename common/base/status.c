#include "base/status.h"

#include <stdio.h>
#include <string.h>

static const char *const names[TT_STATUS_COUNT] = {
    "OK",                 "CANCELLED",           "UNKNOWN",   "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS",     "PERMISSION_DENIED",   "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED",      "INTERNAL",            "UNAVAILABLE", "DATA_LOSS",      "UNAUTHENTICATED",
};

const char *
tt_status_name (tt_status status)
{
    return (unsigned) status < TT_STATUS_COUNT ? names[status] : "UNKNOWN";
}

/* A message cut in the middle of a UTF-8 character would be refused by every strict reader after us. */
static void
cut_on_character (char *text, size_t capacity)
{
    size_t n = strnlen (text, capacity - 1);
    if (n + 1 < capacity)
        return;
    while (n > 0 && ((unsigned char) text[n - 1] & 0xC0) == 0x80)
        n--;
    if (n > 0 && ((unsigned char) text[n - 1] & 0xC0) == 0xC0)
        n--;
    text[n] = '\0';
}

tt_status
tt_fail (tt_error *error, tt_status code, const char *format, ...)
{
    if (error == NULL)
        return code;
    va_list args;
    va_start (args, format);
    error->code = code;
    vsnprintf (error->message, sizeof error->message, format, args);
    va_end (args);
    cut_on_character (error->message, sizeof error->message);
    return code;
}

tt_status
tt_fail_prefix (tt_error *error, const char *format, ...)
{
    if (error == NULL)
        return TT_INTERNAL;
    char old[sizeof error->message];
    char prefix[sizeof error->message];
    memcpy (old, error->message, sizeof old);
    va_list args;
    va_start (args, format);
    vsnprintf (prefix, sizeof prefix, format, args);
    va_end (args);
    size_t used = strlen (prefix);
    memcpy (error->message, prefix, used);
    snprintf (error->message + used, sizeof error->message - used, ": %s", old);
    cut_on_character (error->message, sizeof error->message);
    return error->code;
}
