/* Time: wall clock for what is told to others, monotonic clock for waiting. Decisions never read either: they get `now`.
 * Thread-safe. */
#ifndef TT_BASE_CLOCK_H
#define TT_BASE_CLOCK_H

#include <stdint.h>

#include "base/status.h"

int64_t tt_clock_unix_ms (void);      /* milliseconds since 1970-01-01T00:00:00Z */
int64_t tt_clock_monotonic_us (void); /* microseconds since an arbitrary start */

#define TT_TIME_TEXT_SIZE 32
/* "2026-01-31T23:59:59.123Z" (RFC 3339, UTC) into out[TT_TIME_TEXT_SIZE]. Years 0001 to 9999; outside is clamped. */
void tt_time_format (int64_t unix_ms, char *out);
/* Reverse: RFC 3339 with "Z" or an offset. TT_INVALID_ARGUMENT if it is not one. */
TT_MUST_USE tt_status tt_time_parse (const char *text, int64_t *unix_ms);

#define TT_DATE_TEXT_SIZE 11
/* Days since 1970-01-01 (proleptic Gregorian) of a real calendar date; false if there is no such day (2019-02-29). Years 1 to 9999. */
bool tt_date_days (int year, int month, int day, int32_t *days);
void tt_date_civil (int32_t days, int *year, int *month, int *day);
/* "YYYY-MM-DD", strictly. */
TT_MUST_USE tt_status tt_date_parse (const char *text, int32_t *days);
void tt_date_format (int32_t days, char *out); /* out[TT_DATE_TEXT_SIZE] */

#endif
