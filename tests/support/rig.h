/* What an integration test stands on: a directory of its own, a private redis-server on a Unix socket, daemons on ipc endpoints.
 *
 * Everything ends with the test's process, also if it crashes. Waits are on conditions with a limit; a condition that does not
 * come ends the process with a message. One thread. */
#ifndef TT_TESTS_RIG_H
#define TT_TESTS_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RIG_MAX_DAEMONS 8

typedef struct {
    char binary[512];
    char name[32];
    char commands[256], events[256], replay[256]; /* endpoints, the same after each start */
    pid_t pid;                                    /* 0: not running */
} rig_daemon;

typedef struct {
    char directory[128];
    char redis[256]; /* "unix:<directory>/redis.sock" */
    pid_t redis_pid;
    const char *fsync; /* "always", "everysec" */
    rig_daemon daemons[RIG_MAX_DAEMONS];
    int count;
} rig;

void rig_open (rig *r, const char *fsync);
void rig_close (rig *r);
/* Starts a daemon (its path below the build tree) and waits until it has bound its endpoints; its number. */
int rig_daemon_start (rig *r, const char *binary);
void rig_daemon_kill (rig *r, int daemon);    /* SIGKILL, waits for the end */
void rig_daemon_restart (rig *r, int daemon); /* after a kill: the same endpoints */
int rig_daemon_stop (rig *r, int daemon);     /* SIGTERM; the exit status */
void rig_redis_kill (rig *r);
void rig_redis_restart (rig *r);
/* Endpoints of all daemons, joined with ",". kind: 'c' commands, 'e' events, 'r' replay. */
void rig_endpoints (const rig *r, char kind, char *out, size_t size);

#endif
