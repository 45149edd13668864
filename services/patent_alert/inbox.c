#include "inbox.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "wire/topic.h"

void
alert_id (const char *owner, const char *family, Trigger trigger, const char *distinction, char out[ALERT_ID_SIZE])
{
    tt_buffer key = { 0 };
    tt_buffer_append (&key, owner, strlen (owner) + 1);
    tt_buffer_append (&key, family, strlen (family) + 1);
    tt_buffer_printf (&key, "%d", (int)trigger);
    tt_buffer_append (&key, "", 1);
    if (distinction[0])
        tt_buffer_append (&key, distinction, strlen (distinction) + 1);
    XXH128_hash_t hash = XXH3_128bits (key.data, key.size);
    snprintf (out, ALERT_ID_SIZE, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
    tt_buffer_free (&key);
}

Techtransfer__Patent__V1__Severity
alert_severity_max (Techtransfer__Patent__V1__Severity a, Techtransfer__Patent__V1__Severity b)
{
    Techtransfer__Patent__V1__Severity higher = a > b ? a : b;
    return higher ? higher : TECHTRANSFER__PATENT__V1__SEVERITY__INFO;
}

const char *
alert_severity_name (Techtransfer__Patent__V1__Severity severity)
{
    static const char *const names[] = { "info", "info", "notice", "warning", "critical" };
    return (unsigned)severity < sizeof names / sizeof *names ? names[severity] : "info";
}

void
alert_topic (const char *owner, Techtransfer__Patent__V1__Severity severity, tt_buffer *out)
{
    tt_topic_build (out, "patent", "alert", owner, alert_severity_name (severity), NULL);
}

void
alert_acknowledged_topic (const char *owner, tt_buffer *out)
{
    tt_topic_build (out, "patent", "alert-acknowledged", owner, NULL);
}

uint64_t
alert_number_read (tt_bytes row)
{
    uint64_t number = 0;
    for (size_t i = 0; row.size == 8 && i < 8; i++)
        number = number << 8 | row.data[i];
    return number;
}
