#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char program_name[64] = "techtransfer";
static _Atomic int least_level = TT_LOG_INFO;
static _Atomic int as_text = -1; /* -1: not decided yet */

static const char *const level_names[] = { "debug", "info", "warning", "error", "off" };

void
tt_log_configure (const char *program, tt_log_level level, tt_log_form form)
{
    pthread_mutex_lock (&lock);
    snprintf (program_name, sizeof program_name, "%s", program);
    pthread_mutex_unlock (&lock);
    atomic_store (&least_level, (int) level);
    atomic_store (&as_text, form == TT_LOG_TEXT || (form == TT_LOG_AUTO && isatty (STDERR_FILENO)));
}

bool
tt_log_level_parse (const char *text, tt_log_level *level)
{
    for (int i = 0; i <= TT_LOG_OFF; i++)
        if (strcmp (text, level_names[i]) == 0)
            return *level = (tt_log_level) i, true;
    return false;
}

bool
tt_log_wants (tt_log_level level)
{
    return (int) level >= atomic_load (&least_level);
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t used;
};

/* Keeps room for the closing quote, brace and newline whatever comes. */
static void
put (struct line *line, const char *text, size_t size)
{
    size_t room = sizeof line->text - 8 - line->used;
    size = size < room ? size : room;
    memcpy (line->text + line->used, text, size);
    line->used += size;
}

static void
put_text (struct line *line, const char *text)
{
    put (line, text, strlen (text));
}

/* Control characters are escaped in both forms, so that a hostile value cannot forge a line or drive a terminal. */
static void
put_escaped (struct line *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char) *text;
        char escaped[8];
        if (c == '"' || c == '\\')
            put (line, (char[]){ '\\', (char) c }, 2);
        else if (c < 0x20 || c == 0x7F)
            put (line, escaped, (size_t) snprintf (escaped, sizeof escaped, "\\u%04x", c));
        else
            put (line, text, 1);
    }
}

static void
begin (struct line *line, tt_log_level level, const char *event, bool text_form)
{
    char time[TT_TIME_TEXT_SIZE], program[sizeof program_name];
    tt_time_format (tt_clock_unix_ms (), time);
    pthread_mutex_lock (&lock);
    memcpy (program, program_name, sizeof program);
    pthread_mutex_unlock (&lock);
    if (text_form) {
        put_text (line, time + 11);
        put_text (line, " ");
        put_text (line, level_names[level]);
        put_text (line, " ");
        put_escaped (line, event);
        return;
    }
    put_text (line, "{\"time\":\"");
    put_text (line, time);
    put_text (line, "\",\"level\":\"");
    put_text (line, level_names[level]);
    put_text (line, "\",\"program\":\"");
    put_escaped (line, program);
    put_text (line, "\",\"event\":\"");
    put_escaped (line, event);
    put_text (line, "\"");
}

static void
pair (struct line *line, const char *name, const char *value, bool text_form)
{
    put_text (line, text_form ? " " : ",\"");
    put_escaped (line, name);
    put_text (line, text_form ? "=\"" : "\":\"");
    put_escaped (line, value ? value : "");
    put_text (line, "\"");
}

static void
end (struct line *line, bool text_form)
{
    size_t n = line->used;
    if (!text_form)
        line->text[n++] = '}';
    line->text[n++] = '\n';
    ssize_t ignored = write (STDERR_FILENO, line->text, n);
    (void) ignored; /* there is nowhere left to report to */
}

void
tt_log (tt_log_level level, const char *event, ...)
{
    if (!tt_log_wants (level))
        return;
    bool text_form = atomic_load (&as_text) > 0;
    struct line line = { .used = 0 };
    begin (&line, level, event, text_form);
    va_list args;
    va_start (args, event);
    for (const char *name = va_arg (args, const char *); name; name = va_arg (args, const char *))
        pair (&line, name, va_arg (args, const char *), text_form);
    va_end (args);
    end (&line, text_form);
}

void
tt_logf (tt_log_level level, const char *event, const char *format, ...)
{
    if (!tt_log_wants (level))
        return;
    bool text_form = atomic_load (&as_text) > 0;
    char message[2048];
    va_list args;
    va_start (args, format);
    vsnprintf (message, sizeof message, format, args);
    va_end (args);
    struct line line = { .used = 0 };
    begin (&line, level, event, text_form);
    pair (&line, "message", message, text_form);
    end (&line, text_form);
}
