#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t
tt_clock_unix_ms (void)
{
    struct timespec t;
    clock_gettime (CLOCK_REALTIME, &t);
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
tt_clock_monotonic_us (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool
is_leap (int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in_month (int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap (year) ? 29 : days[month - 1];
}

/* Days before January 1st of the year, counted from 0001-01-01. */
static int32_t
days_before_year (int year)
{
    int32_t y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400;
}

#define DAYS_TO_1970 719162

bool
tt_date_days (int year, int month, int day, int32_t *days)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month (year, month))
        return false;
    int32_t n = days_before_year (year) + day - 1;
    for (int m = 1; m < month; m++)
        n += days_in_month (year, m);
    *days = n - DAYS_TO_1970;
    return true;
}

void
tt_date_civil (int32_t days, int *year, int *month, int *day)
{
    int32_t n = days + DAYS_TO_1970;
    int32_t last = days_before_year (10000) - 1;
    n = n < 0 ? 0 : n > last ? last : n;
    int y = (int) (n / 366) + 1; /* never too late: a year has at most 366 days */
    while (days_before_year (y + 1) <= n)
        y++;
    n -= days_before_year (y);
    int m = 1;
    while (n >= days_in_month (y, m))
        n -= days_in_month (y, m++);
    *year = y;
    *month = m;
    *day = (int) n + 1;
}

/* Exactly `count` ASCII digits at *text; moves past them. */
static bool
digits (const char **text, int count, int *value)
{
    int n = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        n = n * 10 + (**text - '0');
    }
    *value = n;
    return true;
}

static bool
skip (const char **text, char c)
{
    return **text == c ? (*text)++, true : false;
}

static bool
date_part (const char **text, int32_t *days)
{
    int y, m, d;
    return digits (text, 4, &y) && skip (text, '-') && digits (text, 2, &m) && skip (text, '-') && digits (text, 2, &d)
           && tt_date_days (y, m, d, days);
}

tt_status
tt_date_parse (const char *text, int32_t *days)
{
    return date_part (&text, days) && *text == '\0' ? TT_OK : TT_INVALID_ARGUMENT;
}

void
tt_date_format (int32_t days, char *out)
{
    int y, m, d;
    tt_date_civil (days, &y, &m, &d);
    snprintf (out, TT_DATE_TEXT_SIZE, "%04u-%02u-%02u", (unsigned) y % 10000u, (unsigned) m % 100u, (unsigned) d % 100u);
}

static bool
fraction_part (const char **text, int *ms)
{
    *ms = 0;
    if (!skip (text, '.'))
        return true;
    int n = 0;
    for (int unit = 100; **text >= '0' && **text <= '9'; (*text)++, unit /= 10, n++)
        *ms += (**text - '0') * unit;
    return n > 0;
}

static bool
zone_part (const char **text, int *minutes)
{
    *minutes = 0;
    if (skip (text, 'Z'))
        return true;
    int sign = **text == '-' ? -1 : **text == '+' ? 1 : 0, h, m;
    if (sign == 0)
        return false;
    (*text)++;
    if (!digits (text, 2, &h) || !skip (text, ':') || !digits (text, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

tt_status
tt_time_parse (const char *text, int64_t *unix_ms)
{
    int32_t days;
    int h, m, s, ms, zone;
    if (!date_part (&text, &days) || !skip (&text, 'T') || !digits (&text, 2, &h) || !skip (&text, ':')
        || !digits (&text, 2, &m) || !skip (&text, ':') || !digits (&text, 2, &s) || h > 23 || m > 59 || s > 59
        || !fraction_part (&text, &ms) || !zone_part (&text, &zone) || *text != '\0')
        return TT_INVALID_ARGUMENT;
    *unix_ms = (((int64_t) days * 24 + h) * 60 + m - zone) * 60000 + s * 1000 + ms;
    return TT_OK;
}

void
tt_time_format (int64_t unix_ms, char *out)
{
    int64_t day_ms = 86400000;
    int64_t days = unix_ms / day_ms, rest = unix_ms % day_ms;
    if (rest < 0) {
        rest += day_ms;
        days--;
    }
    char date[TT_DATE_TEXT_SIZE];
    tt_date_format ((int32_t) (days < -2000000 ? -2000000 : days > 4000000 ? 4000000 : days), date);
    unsigned ms = (unsigned) rest;
    snprintf (out, TT_TIME_TEXT_SIZE, "%sT%02u:%02u:%02u.%03uZ", date, ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60,
              ms % 1000);
}
