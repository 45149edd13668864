/* Alerts: identity, severity, and the rules of an owner's inbox. Pure. */
#ifndef ALERT_INBOX_H
#define ALERT_INBOX_H

#include "patent.h"

#define ALERT_ID_SIZE 33 /* 32 hexadecimal digits and NUL */

/* The same owner, family and trigger give the same id, for ever: XXH3-128 of the three, each followed by a NUL. */
void alert_id (const char *owner, const char *family, Techtransfer__Patent__V1__Trigger trigger, char out[ALERT_ID_SIZE]);

/* The higher one; unspecified counts as INFO. */
Techtransfer__Patent__V1__Severity alert_severity_max (Techtransfer__Patent__V1__Severity a,
                                                       Techtransfer__Patent__V1__Severity b);
/* "info", "notice", "warning", "critical" */
const char *alert_severity_name (Techtransfer__Patent__V1__Severity severity);

/* Appends "patent/alert/ent-4/warning/". */
void alert_topic (const char *owner, Techtransfer__Patent__V1__Severity severity, tt_buffer *out);
/* Appends "patent/alert-acknowledged/ent-4/". */
void alert_acknowledged_topic (const char *owner, tt_buffer *out);

/* A number as rows keep it: 8 bytes, big-endian. 0 if the bytes are none. */
uint64_t alert_number_read (tt_bytes row);

#endif
