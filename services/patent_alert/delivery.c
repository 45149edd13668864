#include "delivery.h"

#include <string.h>

#define MINUTE_MS INT64_C (60000)
#define DAY_MS INT64_C (86400000)
#define MONDAY 4 /* 1970-01-05, counted from 1970-01-01 */

alert_terms
alert_terms_of (const Watch *watch)
{
    alert_terms terms = { .expires_unix_ms = watch->expires_unix_ms,
                          .mute_until_unix_ms = watch->mute_until_unix_ms,
                          .most_per_day = watch->most_per_day,
                          .due_within_days = watch->due_within_days ? watch->due_within_days : 90,
                          .delivery = (uint8_t)watch->delivery,
                          .paused = watch->paused,
                          .overseas = watch->overseas };
    for (size_t i = 0; i < watch->n_triggers; i++) {
        unsigned trigger = (unsigned)watch->triggers[i];
        terms.triggers |= trigger < ALERT_TRIGGERS ? 1u << (trigger ? trigger : TRIGGER (PUBLICATION)) : 0;
    }
    if (watch->n_triggers == 0)
        terms.triggers = 1u << TRIGGER (PUBLICATION);
    return terms;
}

bool
alert_terms_ask (const alert_terms *terms, Trigger trigger, const char *country, int64_t now_unix_ms)
{
    if (terms->paused || (terms->expires_unix_ms && now_unix_ms >= terms->expires_unix_ms))
        return false;
    if (terms->overseas && strcmp (country, "CN") == 0)
        return false;
    return terms->triggers >> trigger & 1;
}

/* -- time -- */

static int64_t
floor_div (int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int32_t
alert_delivery_day (const alert_clockwork *clockwork, int64_t now_unix_ms)
{
    return (int32_t)floor_div (now_unix_ms + clockwork->utc_offset_minutes * MINUTE_MS, DAY_MS);
}

int64_t
alert_delivery_next (const alert_clockwork *clockwork, int64_t from_unix_ms, bool weekly)
{
    int64_t shift = clockwork->utc_offset_minutes * MINUTE_MS - clockwork->at_seconds * INT64_C (1000);
    int64_t day = floor_div (from_unix_ms + shift, DAY_MS) + 1;
    if (weekly) {
        int64_t past = (day - MONDAY) % 7;
        day += past == 0 ? 0 : past < 0 ? -past : 7 - past;
    }
    return day * DAY_MS - shift;
}

alert_route
alert_delivery_route (const alert_clockwork *clockwork, const alert_terms *terms, bool braked, int64_t now_unix_ms)
{
    bool muted = terms->mute_until_unix_ms > now_unix_ms;
    int64_t from = muted ? terms->mute_until_unix_ms : now_unix_ms;
    if (terms->delivery == DELIVERY (WEEKLY))
        return (alert_route){ alert_delivery_next (clockwork, from - muted, true), "weekly" };
    if (terms->delivery == DELIVERY (DAILY) || braked)
        return (alert_route){ alert_delivery_next (clockwork, from - muted, false), "daily" };
    return muted ? (alert_route){ from, "muted" } : (alert_route){ 0, "" };
}

alert_route
alert_delivery_sooner (alert_route a, alert_route b)
{
    return b.due_unix_ms < a.due_unix_ms ? b : a;
}

/* -- brake -- */

bool
alert_rate_count (RateRow *rate, int32_t today, uint32_t most)
{
    bool before = rate->braked;
    if (rate->day != today) {
        bool quiet = rate->count <= most || rate->day + 1 < today;
        rate->braked = rate->braked && !quiet;
        rate->day = today;
        rate->count = 0;
    }
    rate->count++;
    if (most == 0 || rate->count <= most)
        rate->braked = rate->braked && most != 0;
    else
        rate->braked = true;
    return rate->braked != before;
}
