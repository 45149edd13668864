/* When and how an owner is told, and the brake. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "delivery.h"

static const alert_clockwork china = { .utc_offset_minutes = 480, .at_seconds = 8 * 3600 };

static int64_t
at (const char *text)
{
    int64_t unix_ms = 0;
    cr_assert_eq (tt_time_parse (text, &unix_ms), TT_OK);
    return unix_ms;
}

static void
expect_next (const alert_clockwork *clockwork, const char *from, bool weekly, const char *expected)
{
    char text[TT_TIME_TEXT_SIZE];
    tt_time_format (alert_delivery_next (clockwork, at (from), weekly), text);
    cr_expect_str_eq (text, expected, "from %s", from);
}

Test (delivery, digests_are_due_by_the_clock_of_the_zone)
{
    static const alert_clockwork west = { .utc_offset_minutes = -210, .at_seconds = 60 };
    expect_next (&china, "2026-11-25T07:59:59.999+08:00", false, "2026-11-25T00:00:00.000Z");
    expect_next (&china, "2026-11-25T08:00:00.000+08:00", false, "2026-11-26T00:00:00.000Z");
    expect_next (&china, "2026-11-25T23:00:00.000+08:00", false, "2026-11-26T00:00:00.000Z");
    expect_next (&china, "2026-11-25T08:00:00.000+08:00", true, "2026-11-30T00:00:00.000Z"); /* a Wednesday; to Monday */
    expect_next (&china, "2026-11-30T07:59:59.000+08:00", true, "2026-11-30T00:00:00.000Z");
    expect_next (&china, "2026-11-30T08:00:00.000+08:00", true, "2026-12-07T00:00:00.000Z");
    expect_next (&west, "2026-11-25T00:00:00.000-03:30", false, "2026-11-25T03:31:00.000Z");
    expect_next (&china, "1969-12-28T00:00:00.000Z", true, "1969-12-29T00:00:00.000Z"); /* days before 1970 are days too */
}

static alert_route
route (alert_terms terms, bool braked, int64_t now)
{
    return alert_delivery_route (&china, &terms, braked, now);
}

Test (delivery, at_once_or_in_which_digest)
{
    int64_t now = at ("2026-11-25T09:00:00+08:00"), tomorrow = at ("2026-11-26T08:00:00+08:00"), monday = at ("2026-11-30T08:00:00+08:00");
    alert_terms plain = { 0 }, daily = { .delivery = 1 }, weekly = { .delivery = 2 }, muted = { .mute_until_unix_ms = now + 5 },
                muted_daily = { .delivery = 1, .mute_until_unix_ms = tomorrow }, over = { .mute_until_unix_ms = now };
    cr_expect_eq (route (plain, false, now).due_unix_ms, 0);
    cr_expect_eq (route (over, false, now).due_unix_ms, 0);
    cr_expect_eq (route (plain, true, now).due_unix_ms, tomorrow);
    cr_expect_eq (route (daily, false, now).due_unix_ms, tomorrow);
    cr_expect_eq (route (weekly, true, now).due_unix_ms, monday);
    cr_expect_eq (route (muted, false, now).due_unix_ms, now + 5);
    cr_expect_str_eq (route (muted, false, now).period, "muted");
    cr_expect_eq (route (muted_daily, false, now).due_unix_ms, tomorrow, "a digest that is due when the mute ends tells it");
    alert_route sooner = alert_delivery_sooner (route (weekly, false, now), route (daily, false, now));
    cr_expect_eq (sooner.due_unix_ms, tomorrow);
    cr_expect_eq (alert_delivery_sooner (sooner, route (plain, false, now)).due_unix_ms, 0);
}

Test (delivery, the_brake_holds_until_a_quiet_day_is_over)
{
    RateRow rate = TECHTRANSFER__PATENT__V1__RATE_ROW__INIT;
    for (int i = 0; i < 3; i++)
        cr_expect_not (alert_rate_count (&rate, 10, 3));
    cr_expect (alert_rate_count (&rate, 10, 3));
    cr_expect (rate.braked);
    cr_expect_not (alert_rate_count (&rate, 10, 3));
    for (int i = 0; i < 3; i++)
        cr_expect_not (alert_rate_count (&rate, 11, 3), "the day before was loud");
    cr_expect (rate.braked);
    cr_expect (alert_rate_count (&rate, 12, 3), "the day before was quiet");
    cr_expect_not (rate.braked);
    for (int i = 0; i < 4; i++)
        (void)alert_rate_count (&rate, 12, 3);
    cr_expect (rate.braked);
    cr_expect (alert_rate_count (&rate, 20, 3), "days without any alert are quiet");
    for (int i = 0; i < 100; i++)
        cr_expect_not (alert_rate_count (&rate, 20, 0), "0 is no bound");
}

Test (delivery, a_watch_listens_to_its_triggers)
{
    Trigger triggers[] = { TRIGGER (LAPSE), TRIGGER (DUE), (Trigger)99 };
    Watch watch = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    alert_terms plain = alert_terms_of (&watch);
    cr_expect (alert_terms_ask (&plain, TRIGGER (PUBLICATION), "CN", 5));
    cr_expect_not (alert_terms_ask (&plain, TRIGGER (LAPSE), "CN", 5));
    cr_expect_eq (plain.due_within_days, 90);
    watch.triggers = triggers;
    watch.n_triggers = 3;
    watch.overseas = true;
    watch.expires_unix_ms = 10;
    alert_terms terms = alert_terms_of (&watch);
    cr_expect (alert_terms_ask (&terms, TRIGGER (LAPSE), "US", 9));
    cr_expect_not (alert_terms_ask (&terms, TRIGGER (LAPSE), "US", 10), "it has run out");
    cr_expect_not (alert_terms_ask (&terms, TRIGGER (LAPSE), "CN", 9));
    cr_expect_not (alert_terms_ask (&terms, TRIGGER (PUBLICATION), "US", 9));
    terms.paused = true;
    cr_expect_not (alert_terms_ask (&terms, TRIGGER (LAPSE), "US", 9));
}
