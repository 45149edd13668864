#include "support/private_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
die (const char *what)
{
    fprintf (stderr, "private_redis: %s: %s\n", what, strerror (errno));
    abort ();
}

static bool
answers (const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char reply[8] = "";
    bool right = connect (fd, (struct sockaddr *)&address, sizeof address) == 0 && write (fd, "PING\r\n", 6) == 6
                 && read (fd, reply, 7) >= 5 && strncmp (reply, "+PONG", 5) == 0;
    close (fd);
    return right;
}

static void
execute (const private_redis *redis)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    int null = open ("/dev/null", O_RDWR);
    dup2 (null, 0);
    dup2 (null, 1);
    dup2 (null, 2);
    execlp ("redis-server", "redis-server", "--port", "0", "--unixsocket", redis->endpoint + 5, "--dir", redis->folder, "--save",
            "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no", (char *)NULL);
    _exit (127);
}

void
private_redis_start (private_redis *redis)
{
    unlink (redis->endpoint + 5);
    redis->pid = fork ();
    if (redis->pid < 0)
        die ("fork");
    if (redis->pid == 0)
        execute (redis);
    for (int i = 0; i < 6000; i++) { /* 30 s at most, as it is ready after some milliseconds */
        if (answers (redis->endpoint + 5))
            return;
        if (waitpid (redis->pid, NULL, WNOHANG) == redis->pid)
            die ("redis-server ended");
        nanosleep (&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    die ("redis-server does not answer");
}

void
private_redis_open (private_redis *redis)
{
    snprintf (redis->folder, sizeof redis->folder, "%s/tt-redis-XXXXXX", access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp (redis->folder) == NULL)
        die ("mkdtemp");
    snprintf (redis->endpoint, sizeof redis->endpoint, "unix:%s/redis.sock", redis->folder);
    private_redis_start (redis);
}

void
private_redis_kill (private_redis *redis)
{
    if (redis->pid <= 0)
        return;
    kill (redis->pid, SIGKILL);
    waitpid (redis->pid, NULL, 0);
    redis->pid = 0;
}

void
private_redis_close (private_redis *redis)
{
    private_redis_kill (redis);
    char command[128];
    snprintf (command, sizeof command, "rm -rf '%s'", redis->folder);
    if (system (command) != 0)
        die (command);
}

void
private_redis_ask (const private_redis *redis, const char *command, char *out, size_t size)
{
    char line[1024];
    snprintf (line, sizeof line, "redis-cli -s '%s' %s", redis->endpoint + 5, command);
    FILE *pipe = popen (line, "re");
    if (pipe == NULL)
        die (line);
    size_t n = fread (out, 1, size - 1, pipe);
    out[n] = '\0';
    if (pclose (pipe) != 0)
        die (line);
}

long long
private_redis_number (const private_redis *redis, const char *command)
{
    char text[256];
    private_redis_ask (redis, command, text, sizeof text);
    return atoll (text);
}
