/* How an alert is told: at once or in which digest, and the brake of a watch that says too much. Pure; times in milliseconds since 1970. */
#ifndef ALERT_DELIVERY_H
#define ALERT_DELIVERY_H

#include "patent.h"

/* The operator's clock for digests and days. */
typedef struct {
    int32_t utc_offset_minutes; /* of the zone: 480 is China's */
    int32_t at_seconds;         /* of the day there, when digests are due */
    uint32_t most_per_day;      /* of watches that name none; 0: no brake */
} alert_clockwork;

/* What of a watch decides how it is told. */
typedef struct {
    uint32_t triggers; /* bit t: trigger t */
    int64_t expires_unix_ms, mute_until_unix_ms;
    uint32_t most_per_day, due_within_days;
    uint8_t delivery;
    bool paused, overseas;
} alert_terms;

alert_terms alert_terms_of (const Watch *watch);

/* Does it listen to this trigger now, and to documents of this authority? */
bool alert_terms_ask (const alert_terms *terms, Trigger trigger, const char *country, int64_t now_unix_ms);

/* Days since 1970-01-01 in the zone. */
int32_t alert_delivery_day (const alert_clockwork *clockwork, int64_t now_unix_ms);
/* When the next digest after `from` is due; a weekly one on a Monday. */
int64_t alert_delivery_next (const alert_clockwork *clockwork, int64_t from_unix_ms, bool weekly);

/* Where a watch's share of an alert goes: due_unix_ms 0 is at once. */
typedef struct {
    int64_t due_unix_ms;
    const char *period; /* "daily", "weekly", "muted"; static */
} alert_route;
alert_route alert_delivery_route (const alert_clockwork *clockwork, const alert_terms *terms, bool braked, int64_t now_unix_ms);
/* The sooner one. */
alert_route alert_delivery_sooner (alert_route a, alert_route b);

/* One more alert of a watch today. Over `most` a day it is braked: told by the daily digest, from this alert on, until the first alert that
 * comes after a day with no more than `most` is over. True if `braked` changed. */
bool alert_rate_count (RateRow *rate, int32_t today, uint32_t most);

#endif
