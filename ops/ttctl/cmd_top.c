/* top: the whole suite live. Looks at all daemons once an interval and shows what changed in between. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl.h"
#include "text_width.h"
#include "top.h"
#include "top_poll.h"

#define HTTP_PORT 5713 /* of the first service; the next are 10 apart */
#define LIMIT_MIN_MS 500
#define LIMIT_MAX_MS 5000

typedef struct {
    char name[CTL_TOP_NAME_MAX + 8]; /* "patent", "patent/2" */
    char *address;
    ctl_top_look before, now;
    char reason[300]; /* of `now` */
} watched;

typedef struct {
    watched daemons[CTL_TOP_DAEMONS_MAX];
    size_t count;
    ctl_poll *poll;
    int64_t interval_us;
    json_t *report; /* the last; NULL before the first */
} top;

/* -- which daemons -- */

static bool
complain (const char *what, const char *which)
{
    fprintf (stderr, "ttctl: %s: \"%s\"\n", what, which);
    return false;
}

/* Replicas of one service have one name; from the second on they are told apart by a number. */
static bool
add_daemon (top *t, const char *name, size_t name_size, const char *address)
{
    size_t replicas = 1;
    if (name_size == 0 || name_size > CTL_TOP_NAME_MAX || memchr (name, '/', name_size))
        return complain ("expected NAME=HOST:PORT, a name being 1 to 40 bytes without /", name);
    if (!ctl_poll_address_valid (address))
        return complain ("expected HOST:PORT of a daemon's HTTP", address);
    if (t->count == CTL_TOP_DAEMONS_MAX)
        return complain ("too many daemons; there may be 64. One too many", address);
    for (size_t i = 0; i < t->count; i++)
        replicas += strcspn (t->daemons[i].name, "/") == name_size && memcmp (t->daemons[i].name, name, name_size) == 0;
    watched *w = &t->daemons[t->count++];
    w->address = tt_strdup (address);
    if (replicas == 1)
        snprintf (w->name, sizeof w->name, "%.*s", (int)name_size, name);
    else
        snprintf (w->name, sizeof w->name, "%.*s/%zu", (int)name_size, name, replicas);
    return true;
}

/* "host:port,host:port" */
static bool
add_replicas (top *t, const char *name, const char *list)
{
    bool good = true;
    while (good && *list) {
        size_t size = strcspn (list, ",");
        char *address = tt_strndup (list, size);
        good = add_daemon (t, name, strlen (name), address);
        free (address);
        list += size + (list[size] == ',');
    }
    return good;
}

/* TT_PATENT_HTTP and so on, or the usual port on this machine. */
static bool
add_usual (top *t)
{
    for (int s = 0; s < CTL_SERVICE_COUNT; s++) {
        char variable[48] = "TT_", usual[40];
        const char *name = ctl_service_name ((ctl_service)s);
        for (const char *c = name; *c; c++)
            strncat (variable, &(char){ (char)toupper ((unsigned char)*c) }, 1);
        strncat (variable, "_HTTP", sizeof variable - strlen (variable) - 1);
        snprintf (usual, sizeof usual, "127.0.0.1:%d", HTTP_PORT + 10 * s);
        const char *given = getenv (variable);
        if (!add_replicas (t, name, given && *given ? given : usual))
            return false;
    }
    return true;
}

static bool
choose_daemons (top *t, const ctl_args *args)
{
    size_t given = ctl_count (args, "daemon");
    bool good = given > 0 || add_usual (t);
    for (size_t i = 0; good && i < given; i++) {
        const char *text = ctl_value_at (args, "daemon", i), *equals = strchr (text, '=');
        good = equals ? add_daemon (t, text, (size_t)(equals - text), equals + 1) : complain ("expected NAME=HOST:PORT", text);
    }
    return good;
}

/* -- a round -- */

/* Why a daemon is not ready: its own words, or what kept us from hearing them. */
static void
say_why (watched *w, const ctl_answer *metrics, const ctl_answer *ready)
{
    const char *body = (const char *)ready->body.data;
    int size = body ? (int)(ready->body.size < 250 ? ready->body.size : 250) : 0;
    while (size > 0 && (body[size - 1] == '\n' || body[size - 1] == '\r'))
        size--;
    if (ready->code != 0)
        snprintf (w->reason, sizeof w->reason, "%.*s", w->now.ready ? 0 : size, body ? body : "");
    else
        snprintf (w->reason, sizeof w->reason, "%s", ready->error);
    if (w->reason[0] == '\0' && !w->now.ready)
        snprintf (w->reason, sizeof w->reason, "/readyz answers %ld", ready->code);
    if (w->now.ready && metrics->code != 200)
        snprintf (w->reason, sizeof w->reason, "/metrics: %s", metrics->error[0] ? metrics->error : "no such page");
}

static void
take_look (watched *w, const ctl_answer *metrics, const ctl_answer *ready)
{
    if (w->now.page) { /* one that did not answer keeps the look before, so that its rates span the gap */
        ctl_prom_free (&w->before.page);
        w->before = w->now;
    }
    w->now = (ctl_top_look){
        .answered = metrics->code == 200, .ready = ready->code == 200, .reason = w->reason, .at_us = metrics->at_us
    };
    if (w->now.answered)
        w->now.page = ctl_prom_parse ((tt_bytes){ metrics->body.data, metrics->body.size });
    say_why (w, metrics, ready);
}

static void
finish_round (top *t)
{
    json_t *daemons = json_array ();
    int64_t now_ms = tt_clock_unix_ms ();
    char time[TT_TIME_TEXT_SIZE];
    tt_time_format (now_ms, time);
    for (size_t i = 0; i < t->count; i++) {
        watched *w = &t->daemons[i];
        take_look (w, ctl_poll_answer (t->poll, i, CTL_ASK_METRICS), ctl_poll_answer (t->poll, i, CTL_ASK_READY));
        json_array_append_new (daemons, ctl_top_figures (w->name, w->address, &w->before, &w->now, now_ms));
    }
    json_decref (t->report);
    t->report = json_pack ("{s:s, s:f, s:o, s:o}", "time", time, "every_s", (double)t->interval_us / 1e6, "daemons", daemons,
                           "total", ctl_top_total (daemons));
}

/* -- without a screen -- */

static void
wait_until (int64_t until_us)
{
    int64_t left = until_us - tt_clock_monotonic_us ();
    if (left > 0)
        nanosleep (&(struct timespec){ .tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000 }, NULL);
}

static bool
any_answered (const top *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->daemons[i].now.answered || t->daemons[i].now.ready)
            return true;
    return false;
}

static void
print_table (const top *t)
{
    tt_buffer lines = { 0 };
    ctl_top_form form = { .title = json_string_value (json_object_get (t->report, "time")) };
    ctl_top_show (t->report, &form, &lines);
    fwrite (lines.data, 1, lines.size, stdout);
    tt_buffer_free (&lines);
}

/* Rates need two looks: the first is not shown. */
static int
run_plain (top *t, bool json, bool once)
{
    for (uint64_t round = 0;; round++) {
        int64_t next_us = tt_clock_monotonic_us () + t->interval_us;
        ctl_poll_start (t->poll);
        while (!ctl_poll_step (t->poll, NULL, 0, 1000))
            ;
        finish_round (t);
        if (round > 0 && json)
            ctl_print_json (t->report);
        else if (round > 0)
            print_table (t);
        if (round > 0 && once)
            return any_answered (t) ? CTL_OK : CTL_UNREACHABLE;
        if (fflush (stdout) != 0)
            return CTL_REFUSED;
        wait_until (next_us);
    }
}

/* -- with a screen -- */

static bool
draw (top *t, ctl_screen *screen)
{
    char title[80], time[TT_TIME_TEXT_SIZE];
    tt_buffer lines = { 0 };
    ctl_top_form form = { .colour = getenv ("NO_COLOR") == NULL, .title = title };
    if (t->report == NULL)
        return true;
    tt_time_format (tt_clock_unix_ms (), time);
    snprintf (title, sizeof title, "%.8s UTC, every %lld s, q quits", time + 11, (long long)(t->interval_us / 1000000));
    ctl_screen_size (screen, &form.width, &form.height);
    ctl_top_show (t->report, &form, &lines);
    bool good = ctl_screen_draw (screen, (tt_bytes){ lines.data, lines.size });
    tt_buffer_free (&lines);
    return good;
}

/* Draws again if it must; false: the user wants to go, or the terminal has gone. */
static bool
react (top *t, ctl_screen *screen)
{
    ctl_screen_event event = ctl_screen_take (screen);
    return event != CTL_SCREEN_QUIT && (event != CTL_SCREEN_RESIZED || draw (t, screen));
}

/* One round, then what is left of the interval; keys and signals all the time. */
static bool
one_interval (top *t, ctl_screen *screen)
{
    struct pollfd fds[2];
    int64_t next_us = tt_clock_monotonic_us () + (t->report ? t->interval_us : t->interval_us / 4); /* the first figures soon */
    bool done = false, go_on = true;
    ctl_poll_start (t->poll);
    while (go_on && !done) {
        ctl_screen_wait_for (screen, fds);
        done = ctl_poll_step (t->poll, fds, 2, 1000);
        go_on = react (t, screen);
    }
    if (go_on) {
        finish_round (t);
        go_on = draw (t, screen);
    }
    for (int64_t left; go_on && (left = next_us - tt_clock_monotonic_us ()) > 0;) {
        ctl_screen_wait_for (screen, fds);
        poll (fds, 2, (int)(left / 1000) + 1);
        go_on = react (t, screen);
    }
    return go_on;
}

static int
run_screen (top *t, ctl_screen *screen)
{
    while (one_interval (t, screen))
        ;
    return CTL_OK;
}

static void
free_top (top *t)
{
    for (size_t i = 0; i < t->count; i++) {
        ctl_prom_free (&t->daemons[i].before.page);
        ctl_prom_free (&t->daemons[i].now.page);
        free (t->daemons[i].address);
    }
    ctl_poll_free (&t->poll);
    json_decref (t->report);
}

static int
watch (top *t, const ctl_args *args)
{
    const char *addresses[CTL_TOP_DAEMONS_MAX];
    bool json = ctl_has (args, "json"), once = ctl_has (args, "once");
    tt_error error = { 0 };
    ctl_screen *screen = NULL;
    if (!json && !once && ctl_screen_open (&screen, &error) != TT_OK) {
        fprintf (stderr, "ttctl: %s; --once shows one table, --json prints one line each interval\n", error.message);
        return CTL_USAGE;
    }
    int64_t limit_ms = t->interval_us / 1000 * 9 / 10;
    limit_ms = limit_ms < LIMIT_MIN_MS ? LIMIT_MIN_MS : limit_ms > LIMIT_MAX_MS ? LIMIT_MAX_MS : limit_ms;
    for (size_t i = 0; i < t->count; i++)
        addresses[i] = t->daemons[i].address;
    t->poll = ctl_poll_new (addresses, t->count, (int)limit_ms); /* after the signals are blocked: its threads inherit that */
    int code = screen ? run_screen (t, screen) : run_plain (t, json, once);
    ctl_screen_close (&screen);
    return code;
}

static int
run_top (const ctl_args *args)
{
    top *t = tt_alloc_zero (1, sizeof *t);
    uint64_t interval = ctl_number (args, "interval", 1);
    int code = CTL_USAGE;
    t->interval_us = (int64_t)interval * 1000000;
    if (interval < 1 || interval > 3600)
        complain ("--interval: expected 1 to 3600 seconds", ctl_get (args, "interval"));
    else if (choose_daemons (t, args))
        code = watch (t, args);
    free_top (t);
    free (t);
    return code;
}

static const ctl_option top_options[] = {
    { "daemon", NULL, CTL_TEXT, CTL_REPEATED, "NAME=HOST:PORT of a daemon's HTTP; replicas have the same name" },
    { "interval", NULL, CTL_NUMBER, 0, "seconds between looks (1)" },
    { "once", NULL, CTL_FLAG, 0, "one table, or with --json one line, after one interval" },
    { 0 },
};

const ctl_command ctl_top_commands[] = {
    { .name = "top",
      .summary = "The whole suite live: who is ready, rates, delays, lags, memory",
      .details
      = "Asks /metrics and /readyz of each daemon. Without --daemon: TT_PATENT_HTTP and so on (HOST:PORT, several with commas), "
        "or the usual\n"
        "ports on this machine. Rates and delays are of the last interval; slow and losses count since the start. q quits.",
      .examples = "  ttctl top\n"
                  "  ttctl top --daemon patent=10.0.0.1:5713 --daemon patent=10.0.0.2:5713 --interval 5\n"
                  "  ttctl top --once --json",
      .options = top_options,
      .run = run_top,
      .service = CTL_NO_SERVICE },
    { 0 },
};
