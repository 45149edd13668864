/* `ttctl top`, its parts: what two looks at a daemon's metrics say (top_figures.c), how that is shown (top_view.c), and the
 * terminal that it is shown on (top_screen.c). Figures are JSON, so that a table and --json say the same. One thread. */
#ifndef TTCTL_TOP_H
#define TTCTL_TOP_H

#include <jansson.h>
#include <poll.h>
#include <stdint.h>

#include "prom.h"

#define CTL_TOP_DAEMONS_MAX 64
#define CTL_TOP_NAME_MAX 40

/* -- figures -- */

/* One look at a daemon. */
typedef struct {
    bool answered; /* its metrics came */
    bool ready;
    const char *reason; /* why not, from anywhere: "" or text that may hold anything. Borrowed */
    ctl_prom *page;     /* NULL if not answered */
    int64_t at_us;      /* monotonic: when */
} ctl_top_look;

/* Figures of a daemon from two looks at it (before->page may be NULL: rates are null then), as an object whose keys README.md
 * lists. A figure that its metrics do not have is null. `name` is "patent" or "patent/2": of one service are those that are equal
 * up to the slash. Owned. */
json_t *ctl_top_figures (const char *name, const char *address, const ctl_top_look *before, const ctl_top_look *now,
                         int64_t unix_ms);
/* Sums over all, except: of times the worst; of what all replicas of a service say alike (lags) one for each service. Owned. */
json_t *ctl_top_total (const json_t *daemons);

/* -- the view -- */

typedef struct {
    size_t width, height; /* columns and lines; 0 = as many as it takes */
    bool colour;          /* ANSI attributes */
    const char *title;    /* of the first line, behind how many are ready */
} ctl_top_form;

/* Lines, each ended by a line break, appended. report: {"daemons": [...], "total": {...}}. No line is wider than the form; where
 * they are too many, tables are cut before the notes below them. */
void ctl_top_show (const json_t *report, const ctl_top_form *form, tt_buffer *out);

/* -- the terminal -- */

typedef struct ctl_screen ctl_screen;

typedef enum {
    CTL_SCREEN_NOTHING,
    CTL_SCREEN_RESIZED, /* also after a stop and SIGCONT: draw again */
    CTL_SCREEN_QUIT,    /* q, end of input, a terminal that is gone, or a signal that ends programs */
} ctl_screen_event;

/* Takes the terminal over: alternate screen, no cursor, no echo; signals are taken too. TT_FAILED_PRECONDITION if standard input
 * or output is no terminal. */
TT_MUST_USE tt_status ctl_screen_open (ctl_screen **out, tt_error *error);
/* Everything as it was. A signal that ended it is sent again, so that the caller's caller sees it. */
void ctl_screen_close (ctl_screen **screen);
void ctl_screen_size (const ctl_screen *screen, size_t *width, size_t *height);
/* What to wait for besides; then ctl_screen_take says what came. */
void ctl_screen_wait_for (const ctl_screen *screen, struct pollfd fds[2]);
ctl_screen_event ctl_screen_take (ctl_screen *screen);
/* Replaces what is shown; false if the terminal is gone. lines: at most as many as it has. */
bool ctl_screen_draw (ctl_screen *screen, tt_bytes lines);

#endif
