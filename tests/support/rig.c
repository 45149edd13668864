#include "support/rig.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_US 30000000

static void
give_up (const char *what)
{
    fprintf (stderr, "rig: %s\n", what);
    abort ();
}

/* Looks every 2 ms. */
static void
wait_for (bool (*condition) (void *), void *argument, const char *what)
{
    int64_t until = tt_clock_monotonic_us () + PATIENCE_US;
    while (!condition (argument)) {
        if (tt_clock_monotonic_us () > until)
            give_up (what);
        nanosleep (&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    }
}

static pid_t
start (const char *const argv[], const char *log)
{
    pid_t parent = getpid (), pid = fork ();
    if (pid != 0)
        return pid;
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (getppid () != parent)
        _exit (126);
    int file = open (log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2 (file, 1);
    dup2 (file, 2);
    execvp (argv[0], (char *const *)argv); /* it does not write to them */
    _exit (127);
}

static int
reap (pid_t *pid, int signal_number)
{
    int status = 0;
    if (*pid <= 0)
        return -1;
    kill (*pid, signal_number);
    waitpid (*pid, &status, 0);
    *pid = 0;
    return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

/* -- redis -- */

/* Answers PING: it is not only there, but has loaded what it had. */
static bool
redis_answers (void *argument)
{
    const rig *r = argument;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy (address.sun_path, r->redis + strlen ("unix:"), sizeof address.sun_path - 1);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[8] = "";
    bool ok = connect (fd, (struct sockaddr *)&address, sizeof address) == 0 && write (fd, "PING\r\n", 6) == 6
              && read (fd, answer, 5) == 5 && strcmp (answer, "+PONG") == 0;
    close (fd);
    return ok;
}

void
rig_redis_restart (rig *r)
{
    char socket_path[200], log[200];
    snprintf (socket_path, sizeof socket_path, "%s/redis.sock", r->directory);
    snprintf (log, sizeof log, "%s/redis.log", r->directory);
    const char *argv[] = { "redis-server", "--port", "0", "--unixsocket", socket_path, "--dir",
                           r->directory,   "--save", "",  "--appendonly", "yes",       "--appendfsync",
                           r->fsync,       NULL };
    r->redis_pid = start (argv, log);
    wait_for (redis_answers, r, "redis-server does not answer");
}

void
rig_redis_kill (rig *r)
{
    (void)reap (&r->redis_pid, SIGKILL);
}

void
rig_open (rig *r, const char *fsync)
{
    memset (r, 0, sizeof *r);
    r->fsync = fsync;
    strcpy (r->directory, "/tmp/tt-rig-XXXXXX");
    if (mkdtemp (r->directory) == NULL)
        give_up ("no directory");
    snprintf (r->redis, sizeof r->redis, "unix:%s/redis.sock", r->directory);
    rig_redis_restart (r);
}

/* -- daemons -- */

static bool
file_exists (void *argument)
{
    return access (argument, R_OK) == 0;
}

void
rig_daemon_restart (rig *r, int number)
{
    rig_daemon *d = &r->daemons[number];
    char file[256], log[256], values[7][600];
    snprintf (file, sizeof file, "%s/%s.json", r->directory, d->name);
    snprintf (log, sizeof log, "%s/%s.log", r->directory, d->name);
    unlink (file);
    snprintf (values[0], sizeof values[0], "--redis.endpoints=%s", r->redis);
    snprintf (values[1], sizeof values[1], "--commands.endpoint=%s", d->commands);
    snprintf (values[2], sizeof values[2], "--events.endpoint=%s", d->events);
    snprintf (values[3], sizeof values[3], "--replay.endpoint=%s", d->replay);
    snprintf (values[4], sizeof values[4], "--endpoints.file=%s", file);
    snprintf (values[5], sizeof values[5], "--instance=%s", d->name);
    snprintf (values[6], sizeof values[6], "--events.heartbeat=100ms");
    const char *argv[]
        = { d->binary, values[0], values[1], values[2], values[3], values[4], values[5], values[6], "--http.bind=127.0.0.1:0",
            NULL };
    d->pid = start (argv, log);
    wait_for (file_exists, file, "a daemon does not come up");
}

static void
name_endpoint (const rig *r, char kind, char *out, size_t size)
{
    char endpoint[256];
    snprintf (endpoint, sizeof endpoint, "ipc://%s/replica-%d.%c", r->directory, r->count, kind);
    memcpy (out, endpoint, size < sizeof endpoint ? size : sizeof endpoint);
}

int
rig_daemon_start (rig *r, const char *binary)
{
    if (r->count == RIG_MAX_DAEMONS)
        give_up ("too many daemons");
    rig_daemon *d = &r->daemons[r->count];
    snprintf (d->binary, sizeof d->binary, "%s/%s", TT_BINARY_DIR, binary);
    snprintf (d->name, sizeof d->name, "replica-%d", r->count);
    name_endpoint (r, 'c', d->commands, sizeof d->commands);
    name_endpoint (r, 'e', d->events, sizeof d->events);
    name_endpoint (r, 'r', d->replay, sizeof d->replay);
    rig_daemon_restart (r, r->count);
    return r->count++;
}

void
rig_daemon_kill (rig *r, int daemon)
{
    (void)reap (&r->daemons[daemon].pid, SIGKILL);
}

int
rig_daemon_stop (rig *r, int daemon)
{
    return reap (&r->daemons[daemon].pid, SIGTERM);
}

static int
remove_one (const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove (path);
}

void
rig_close (rig *r)
{
    for (int i = 0; i < r->count; i++)
        rig_daemon_kill (r, i);
    rig_redis_kill (r);
    if (getenv ("TT_KEEP_RIG") == NULL)
        nftw (r->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
rig_endpoints (const rig *r, char kind, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < r->count && used < size; i++) {
        const rig_daemon *d = &r->daemons[i];
        const char *endpoint = kind == 'c' ? d->commands : kind == 'e' ? d->events : d->replay;
        used += (size_t)snprintf (out + used, size - used, "%s%s", i ? "," : "", endpoint);
    }
}
