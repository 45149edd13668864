#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static char directory[] = "/tmp/tt-loan-match-XXXXXX";
static char redis_endpoint[128];
static pid_t children[16];
static size_t child_count;
static tt_call_result last;

static void
clean_up (void)
{
    for (size_t i = 0; i < child_count; i++)
        if (children[i] > 0) {
            kill (children[i], SIGKILL);
            waitpid (children[i], NULL, 0);
        }
    char command[256];
    snprintf (command, sizeof command, "rm -rf -- '%s'", directory);
    if (system (command) != 0)
        perror ("rm");
}

static pid_t
spawn (const char *const *arguments)
{
    pid_t pid = fork ();
    CHECK (pid >= 0, "%s", strerror (errno));
    if (pid == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        execvp (arguments[0], (char *const *)(uintptr_t)arguments);
        perror (arguments[0]);
        _exit (127);
    }
    size_t slot = 0;
    while (slot < child_count && children[slot] > 0)
        slot++;
    CHECK (slot < sizeof children / sizeof *children, "too many children");
    child_count += slot == child_count;
    return children[slot] = pid;
}

static void
forget (pid_t pid)
{
    for (size_t i = 0; i < child_count; i++)
        if (children[i] == pid)
            children[i] = 0;
}

bool
harness_wait (bool (*met) (void *context), void *context)
{
    int64_t until = tt_clock_monotonic_us () + 30000000;
    while (!met (context)) {
        if (tt_clock_monotonic_us () > until)
            return false;
        nanosleep (&(struct timespec){ 0, 5000000 }, NULL);
    }
    return true;
}

static bool
file_is_there (void *path)
{
    return access (path, R_OK) == 0;
}

static pid_t redis_pid;

static void
start_redis (void)
{
    char socket[64];
    const char *arguments[]
        = { "redis-server", "--port",        "0",        "--unixsocket", socket, "--dir",      directory, "--appendonly",
            "yes",          "--appendfsync", "everysec", "--save",       "",     "--loglevel", "warning", NULL };
    snprintf (socket, sizeof socket, "%s/redis.sock", directory);
    snprintf (redis_endpoint, sizeof redis_endpoint, "unix:%s", socket);
    unlink (socket);
    redis_pid = spawn (arguments);
    CHECK (harness_wait (file_is_there, socket), "redis-server does not come up");
}

void
harness_start_redis (void)
{
    CHECK (mkdtemp (directory), "%s", strerror (errno));
    atexit (clean_up);
    start_redis ();
}

pid_t
harness_redis (void)
{
    return redis_pid;
}

void
harness_restart_redis (void)
{
    kill (redis_pid, SIGKILL);
    waitpid (redis_pid, NULL, 0);
    forget (redis_pid);
    start_redis ();
}

replica
harness_start_daemon (const char *program, const char *name)
{
    char redis[192], file[128], endpoints[160], line[1024] = "";
    replica r = { 0 };
    snprintf (redis, sizeof redis, "--redis.endpoints=%s", redis_endpoint);
    snprintf (file, sizeof file, "%s/%s.json", directory, name);
    snprintf (endpoints, sizeof endpoints, "--endpoints.file=%s", file);
    const char *arguments[] = { program,
                                redis,
                                endpoints,
                                "--commands.endpoint=tcp://127.0.0.1:*",
                                "--events.endpoint=tcp://127.0.0.1:*",
                                "--replay.endpoint=tcp://127.0.0.1:*",
                                "--http.bind=127.0.0.1:0",
                                "--log.level=warning",
                                NULL };
    r.pid = spawn (arguments);
    CHECK (harness_wait (file_is_there, file), "%s does not come up", name);
    FILE *f = fopen (file, "r");
    CHECK (f && fgets (line, sizeof line, f), "%s", file);
    fclose (f);
    CHECK (sscanf (line, "{\"commands\":\"%255[^\"]\"", r.endpoint) == 1, "%s", line);
    return r;
}

void
harness_kill (replica *r)
{
    kill (r->pid, SIGKILL);
    waitpid (r->pid, NULL, 0);
    forget (r->pid);
}

void
harness_stop (replica *r)
{
    int status;
    kill (r->pid, SIGTERM);
    CHECK (waitpid (r->pid, &status, 0) == r->pid && WIFEXITED (status) && WEXITSTATUS (status) == 0, "exit status %d", status);
    forget (r->pid);
}

tt_store_options
harness_store (void)
{
    return (tt_store_options){ .endpoints = redis_endpoint, .service = "finance", .partitions = 8 };
}

tt_client *
harness_client (const char *endpoints)
{
    tt_client *client = NULL;
    tt_error error = { 0 };
    tt_client_options options = { .endpoints = endpoints };
    CHECK (tt_client_open (&client, &options, &error) == TT_OK, "%s", error.message);
    return client;
}

void *
harness_call (tt_client *client, const char *method, const ProtobufCMessage *request, const ProtobufCMessageDescriptor *type,
              tt_status code)
{
    char name[128];
    ProtobufCMessage *reply = NULL;
    snprintf (name, sizeof name, "techtransfer.finance.v1.LoanMatch/%s", method);
    tt_status status = tt_client_call (client, name, request, type, &reply, &last);
    CHECK (status == code, "%s: %s %s (%s: %s)", method, tt_status_name (status), last.message,
           last.violation_count ? last.violations[0].path : "", last.violation_count ? last.violations[0].reason : "");
    return reply;
}

const tt_call_result *
harness_last (void)
{
    return &last;
}
