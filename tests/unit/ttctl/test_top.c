/* What `ttctl top` makes of two looks at a daemon, and how it is shown. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text_width.h"
#include "top.h"
#include "top_poll.h"

#define BEFORE                                                                                                                   \
    "commands_received_total 100\ncommands_replied_total{code=\"OK\"} 90\ncommands_replied_total{code=\"NOT_FOUND\"} 10\n"       \
    "commands_replied_total{code=\"INTERNAL\"} 3\nprocess_cpu_seconds_total 1.5\n"
#define AFTER                                                                                                                    \
    "commands_received_total 300\ncommands_replied_total{code=\"OK\"} 270\ncommands_replied_total{code=\"NOT_FOUND\"} 30\n"      \
    "commands_replied_total{code=\"INTERNAL\"} 3\nprocess_cpu_seconds_total 2.5\nprocess_start_time_seconds 1000.5\n"            \
    "commands_queued 7\nprocessor_lag 12\nredis_up 1\nprocess_resident_memory_bytes 1048576\n"                                   \
    "consumer_lag{stream=\"patent\"} 40\nconsumer_lag{stream=\"finance\"} 2\nconsumer_live{stream=\"finance\"} 0\n"              \
    "consumer_live{stream=\"patent\"} 1\n"

static json_t *
figures_of (const char *name, const char *before, const char *after, const char *reason)
{
    ctl_top_look old = { .page = before ? ctl_prom_parse (tt_bytes_of_text (before)) : NULL, .at_us = 1000000 };
    ctl_top_look now = { .answered = after != NULL,
                         .ready = reason[0] == '\0',
                         .reason = reason,
                         .at_us = 3000000,
                         .page = after ? ctl_prom_parse (tt_bytes_of_text (after)) : NULL };
    json_t *out = ctl_top_figures (name, "host:1", &old, &now, 2000000);
    ctl_prom_free (&old.page);
    ctl_prom_free (&now.page);
    return out;
}

static double
number_at (const json_t *figures, const char *key)
{
    const json_t *value = json_object_get (figures, key);
    cr_assert_not_null (value, "%s", key);
    return json_is_number (value) ? json_number_value (value) : NAN;
}

Test (top, rates_are_of_the_interval)
{
    json_t *f = figures_of ("patent", BEFORE, AFTER, "");
    cr_expect_eq (number_at (f, "interval_s"), 2);
    cr_expect_eq (number_at (f, "received_per_s"), 100);
    cr_expect_eq (number_at (f, "ok_per_s"), 90);
    cr_expect_eq (number_at (f, "refused_per_s"), 10);
    cr_expect_eq (number_at (f, "cpu"), 0.5);
    cr_expect_eq (number_at (f, "queued"), 7);
    cr_expect_eq (number_at (f, "uptime_s"), 999.5);
    cr_expect_eq (number_at (f, "consumer_lag"), 42);
    cr_expect (isnan (number_at (f, "published_per_s")) && isnan (number_at (f, "batch_p99_s")));
    json_t *refused = json_object_get (f, "refused");
    cr_expect (json_object_size (refused) == 1 && number_at (refused, "NOT_FOUND") == 10);
    json_t *finance = json_object_get (json_object_get (f, "consumers"), "finance");
    cr_expect (number_at (finance, "lag") == 2 && json_is_false (json_object_get (finance, "live")));
    json_decref (f);
}

Test (top, one_look_has_no_rates_and_no_answer_has_nothing)
{
    json_t *f = figures_of ("patent", NULL, AFTER, "");
    cr_expect (isnan (number_at (f, "ok_per_s")) && isnan (number_at (f, "refused_per_s")) && number_at (f, "queued") == 7);
    json_decref (f);
    f = figures_of ("patent", BEFORE, NULL, "Connection refused");
    cr_expect_str_eq (json_string_value (json_object_get (f, "state")), "no answer");
    cr_expect (isnan (number_at (f, "ok_per_s")) && isnan (number_at (f, "queued")));
    json_decref (f);
}

Test (top, the_total_counts_what_replicas_say_alike_once)
{
    json_t *daemons = json_array ();
    json_array_append_new (daemons, figures_of ("patent", BEFORE, AFTER, ""));
    json_array_append_new (daemons, figures_of ("patent/2", BEFORE, AFTER, ""));
    json_array_append_new (
        daemons, figures_of ("pat", BEFORE, "processor_lag 5\nredis_up 0\ncommands_queued 1\n", "Redis cannot be reached"));
    json_t *total = ctl_top_total (daemons);
    cr_expect_eq (number_at (total, "ok_per_s"), 180);
    cr_expect_eq (number_at (total, "queued"), 15);
    cr_expect_eq (number_at (total, "lag"), 17);
    cr_expect_eq (number_at (total, "redis_up"), 0);
    cr_expect_eq (number_at (total, "ready"), 2);
    cr_expect_eq (number_at (total, "daemons"), 3);
    json_decref (total);
    json_decref (daemons);
}

static json_t *
report_of (const char *reason)
{
    json_t *daemons = json_array ();
    json_array_append_new (daemons, figures_of ("专利预警", BEFORE, AFTER, ""));
    json_array_append_new (daemons, figures_of ("achievement", BEFORE, NULL, reason));
    return json_pack ("{s:o, s:o}", "daemons", daemons, "total", ctl_top_total (daemons));
}

/* Shown in a form; columns of the widest line and number of lines. */
static const char *
shown (const json_t *report, size_t width, size_t height, bool colour, size_t *widest, size_t *lines)
{
    static tt_buffer out;
    ctl_top_form form = { width, height, colour, "title" };
    tt_buffer_clear (&out);
    ctl_top_show (report, &form, &out);
    const char *text = tt_buffer_cstr (&out);
    *widest = *lines = 0;
    for (const char *at = text; *at; at = strchr (at, '\n') + 1, ++*lines) {
        size_t columns = ctl_text_width_n (at, strcspn (at, "\n"));
        *widest = columns > *widest ? columns : *widest;
    }
    return text;
}

Test (top, every_size_of_terminal_is_kept_to)
{
    json_t *report = report_of ("no route");
    size_t widest, lines, all;
    (void)shown (report, 0, 0, false, &widest, &all);
    cr_assert (all > 12 && widest > 80);
    for (size_t width = 1; width < 160; width++)
        for (size_t height = 1; height < 30; height++) {
            (void)shown (report, width, height, false, &widest, &lines);
            cr_assert (widest <= width && lines <= height && lines >= 1, "%zu x %zu: %zu x %zu", width, height, widest, lines);
        }
    json_decref (report);
}

Test (top, says_what_matters)
{
    json_t *report = report_of ("no route to it");
    size_t widest, lines;
    const char *text = shown (report, 0, 0, false, &widest, &lines);
    static const char *const wanted[] = { "1 of 2 ready",
                                          "专利预警",
                                          "no answer",
                                          "refuses 10/s NOT_FOUND",
                                          "patent 40 behind",
                                          "finance is not live, 2 behind",
                                          "achievement: no route to it",
                                          "1.0M",
                                          "50%" };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_expect_not_null (strstr (text, wanted[i]), "%s\n%s", wanted[i], text);
    cr_expect_null (strchr (text, '\033'), "no attributes unless wanted");
    cr_expect_not_null (strchr (shown (report, 80, 24, true, &widest, &lines), '\033'));
    text = shown (report, 80, 12, false, &widest, &lines);
    cr_expect_not_null (strstr (text, "no route to it"), "notes are not cut before tables:\n%s", text);
    json_decref (report);
}

Test (top, what_a_daemon_says_never_reaches_the_terminal_as_a_command)
{
    json_t *f = figures_of ("a\033b", BEFORE, "commands_replied_total{code=\"\033[2J\xff\xc2\x9b\"} 5\n",
                            "\033]0;title\a\r\n\x7f\xc2\x85\xe2\x80\xae");
    json_t *daemons = json_pack ("[O]", f),
           *report = json_pack ("{s:O, s:o}", "daemons", daemons, "total", ctl_top_total (daemons));
    size_t widest, lines;
    char *json = json_dumps (report, 0);
    const char *text = shown (report, 0, 0, false, &widest, &lines);
    cr_expect (strchr (text, '\033') == NULL && strchr (text, '\a') == NULL && strchr (text, '\r') == NULL, "%s", text);
    cr_expect_null (strstr (text, "\xc2\x9b"));
    cr_expect_null (strstr (text, "\xe2\x80\xae"));
    cr_expect_not_null (json);
    free (json);
    json_decref (report);
    json_decref (daemons);
    json_decref (f);
}

Test (top, addresses)
{
    static const char *const good[] = { "127.0.0.1:5713", "localhost:1", "[::1]:65535", "a-b.c_d:80" };
    static const char *const bad[] = { "",       "host",      ":80",          "host:",    "host:0",  "host:65536", "host:123456",
                                       "::1:80", "host:80/x", "user@host:80", "host: 80", "host:8 ", "http://h:1" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect (ctl_poll_address_valid (good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect (!ctl_poll_address_valid (bad[i]), "%s", bad[i]);
}
