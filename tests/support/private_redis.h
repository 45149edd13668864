/* A redis-server of the test's own, for tests in C: Unix socket in a temporary folder, append-only file synced at every write, no
 * snapshots. It ends with the test process. Failures end the test program with a message. */
#ifndef TT_TESTS_SUPPORT_PRIVATE_REDIS_H
#define TT_TESTS_SUPPORT_PRIVATE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct {
    char folder[64];
    char endpoint[128]; /* "unix:/...": for tt_store_options */
    pid_t pid;
} private_redis;

void private_redis_open (private_redis *redis);  /* makes the folder, starts */
void private_redis_start (private_redis *redis); /* again, on the same file */
void private_redis_kill (private_redis *redis);  /* SIGKILL */
void private_redis_close (private_redis *redis); /* kills and removes the folder */
/* What redis-cli prints for this command line; at most size-1 bytes. */
void private_redis_ask (const private_redis *redis, const char *command, char *out, size_t size);
long long private_redis_number (const private_redis *redis, const char *command);

#endif
