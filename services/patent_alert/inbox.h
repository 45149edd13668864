/* Alerts: identity, severity, and the rules of an owner's inbox. Pure. */
#ifndef ALERT_INBOX_H
#define ALERT_INBOX_H

#include "patent.h"

#define ALERT_ID_SIZE 33 /* 32 hexadecimal digits and NUL */

/* The same owner, family, trigger and distinction give the same id, for ever: XXH3-128 of them, each followed by a NUL. The distinction is
 * what is told apart within a trigger (README.md, "Alerts"): an authority, a cited number, a due date, an event id, a surge id (of no family); "": nothing, and then it
 * does not count. */
void alert_id (const char *owner, const char *family, Trigger trigger, const char *distinction, char out[ALERT_ID_SIZE]);

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
