#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "top.h"

/* Alternate screen, cursor hidden, no wrapping; and back. xterm's sequences, which all terminals in use know. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

struct ctl_screen {
    struct termios before;
    sigset_t blocked_before;
    int signals;  /* signalfd */
    int ended_by; /* signal, or 0 */
    bool entered;
};

static bool
write_all (const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = write (STDOUT_FILENO, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* ISIG stays: the keys of the terminal make their signals. */
static bool
enter (const ctl_screen *screen)
{
    struct termios raw = screen->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr (STDIN_FILENO, TCSADRAIN, &raw) == 0 && write_all (ENTER, sizeof ENTER - 1);
}

static void
leave (const ctl_screen *screen)
{
    (void)write_all (LEAVE, sizeof LEAVE - 1);
    tcsetattr (STDIN_FILENO, TCSADRAIN, &screen->before);
}

static sigset_t
taken_signals (void)
{
    static const int numbers[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGPIPE };
    sigset_t set;
    sigemptyset (&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset (&set, numbers[i]);
    return set;
}

tt_status
ctl_screen_open (ctl_screen **out, tt_error *error)
{
    sigset_t set = taken_signals ();
    *out = NULL;
    if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO))
        return tt_fail (error, TT_FAILED_PRECONDITION, "standard input and output are no terminal");
    ctl_screen *screen = tt_alloc_zero (1, sizeof *screen);
    sigprocmask (SIG_BLOCK, &set, &screen->blocked_before);
    screen->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    screen->entered = tcgetattr (STDIN_FILENO, &screen->before) == 0;
    if (screen->signals < 0 || !screen->entered || !enter (screen)) {
        tt_status status = tt_fail (error, TT_FAILED_PRECONDITION, "the terminal cannot be set up: %m");
        ctl_screen_close (&screen);
        return status;
    }
    *out = screen;
    return TT_OK;
}

void
ctl_screen_close (ctl_screen **reference)
{
    ctl_screen *screen = *reference;
    if (screen == NULL)
        return;
    if (screen->entered)
        leave (screen);
    if (screen->signals >= 0)
        close (screen->signals);
    sigprocmask (SIG_SETMASK, &screen->blocked_before, NULL);
    if (screen->ended_by)
        raise (screen->ended_by);
    free (screen);
    *reference = NULL;
}

void
ctl_screen_size (const ctl_screen *screen, size_t *width, size_t *height)
{
    struct winsize size = { 0 };
    (void)screen;
    bool known = ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *width = known ? size.ws_col : 80;
    *height = known ? size.ws_row : 24;
}

void
ctl_screen_wait_for (const ctl_screen *screen, struct pollfd fds[2])
{
    fds[0] = (struct pollfd){ .fd = screen->signals, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
}

/* ^Z: the shell gets its terminal back; when it lets us go on, we take it again. */
static ctl_screen_event
stop (ctl_screen *screen)
{
    leave (screen);
    kill (getpid (), SIGSTOP);
    return enter (screen) ? CTL_SCREEN_RESIZED : CTL_SCREEN_QUIT;
}

static ctl_screen_event
take_signal (ctl_screen *screen, int number)
{
    if (number == SIGWINCH || number == SIGCONT)
        return CTL_SCREEN_RESIZED;
    if (number == SIGTSTP)
        return stop (screen);
    screen->ended_by = number == SIGPIPE ? 0 : number;
    return CTL_SCREEN_QUIT;
}

static ctl_screen_event
take_keys (void)
{
    char keys[64];
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    if (poll (&input, 1, 0) <= 0)
        return CTL_SCREEN_NOTHING;
    ssize_t n = read (STDIN_FILENO, keys, sizeof keys);
    if (n <= 0)
        return n < 0 && (errno == EINTR || errno == EAGAIN) ? CTL_SCREEN_NOTHING : CTL_SCREEN_QUIT;
    for (ssize_t i = 0; i < n; i++)
        if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == 4 /* ^D */)
            return CTL_SCREEN_QUIT;
    return CTL_SCREEN_NOTHING;
}

ctl_screen_event
ctl_screen_take (ctl_screen *screen)
{
    struct signalfd_siginfo info;
    ctl_screen_event event = take_keys ();
    while (event != CTL_SCREEN_QUIT && read (screen->signals, &info, sizeof info) == sizeof info) {
        ctl_screen_event next = take_signal (screen, (int)info.ssi_signo);
        event = next > event ? next : event;
    }
    return event;
}

/* Over what stands there, in one write, so that nothing flickers. A line is erased before it is written: behind one that is as
 * wide as the terminal the cursor stands on its last character. */
bool
ctl_screen_draw (ctl_screen *screen, tt_bytes lines)
{
    tt_buffer out = { 0 };
    size_t width, height, line = 1;
    ctl_screen_size (screen, &width, &height);
    tt_buffer_text (&out, "\033[H\033[K");
    for (size_t i = 0; i < lines.size; i++) {
        if (lines.data[i] != '\n')
            tt_buffer_append (&out, lines.data + i, 1);
        else if (i + 1 < lines.size && line++ < height)
            tt_buffer_text (&out, "\r\n\033[K");
    }
    for (; line < height; line++)
        tt_buffer_text (&out, "\r\n\033[K");
    bool good = write_all (out.data, out.size);
    tt_buffer_free (&out);
    return good;
}
