/* A fail-over that loses a journal's end, played on one Redis (played.h). */
#include "played.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>

#include "world.h"

uint32_t
here (void)
{
    return tt_partition_of (tt_bytes_of_text (KEY), PARTITIONS);
}

void
append (int count)
{
    static const put_request request = { KEY, "x" };
    begin (world.batch);
    for (int i = 0; i < count; i++)
        add (world.batch, put_row, &request, NULL, NULL);
    run (world.batch);
}

/* Everything is copied under this name, as a replica would have it. */
void
replicate (const char *name)
{
    char command[512];
    snprintf (
        command, sizeof command,
        "EVAL \"for _, key in ipairs (redis.call ('KEYS', 'tt:*')) do redis.call ('COPY', key, ARGV[1] .. key, 'REPLACE') end "
        "return 1\" 0 %s:",
        name);
    cr_assert_eq (private_redis_number (&world.redis, command), 1);
}

/* Nobody who writes from now on is the one that wrote last (commit.lua, token). */
void
another_server (void)
{
    cr_assert_eq (
        private_redis_number (&world.redis,
                              "EVAL \"for _, key in ipairs (redis.call ('KEYS', 'tt:{*:meta')) do "
                              "for _, field in ipairs (redis.call ('HKEYS', key)) do if string.sub (field, 1, 4) == 'run.' then "
                              "redis.call ('HSET', key, field, 'another') end end end return 1\" 0"),
        1);
}

/* The replica becomes the master: every connection breaks, and who writes next is not who wrote last. */
void
promote (const char *name)
{
    char command[1024];
    snprintf (command, sizeof command,
              "EVAL \"for _, key in ipairs (redis.call ('KEYS', 'tt:*')) do redis.call ('DEL', key) end "
              "for _, key in ipairs (redis.call ('KEYS', ARGV[1] .. '*')) do local own = string.sub (key, #ARGV[1] + 1) "
              "redis.call ('COPY', key, own) end return 1\" 0 %s:",
              name);
    cr_assert_eq (private_redis_number (&world.redis, command), 1);
    another_server ();
    private_redis_number (&world.redis, "CLIENT KILL TYPE normal SKIPME yes");
}

/* -- a tail -- */

void
wait_on (int fd)
{
    struct pollfd item = { .fd = fd, .events = POLLIN };
    poll (&item, fd >= 0, 50);
}
