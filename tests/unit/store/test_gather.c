/* Pieces written from where they stand, through a socket that takes only some of them at a time. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "store/gather.h"

#define PIECES 1000
#define SIZE 700

TestSuite (gather, .timeout = 60);

static uint8_t source[PIECES][SIZE], received[PIECES * SIZE + 1];

static void *
receive (void *argument)
{
    static size_t size;
    int fd = *(int *)argument;
    for (ssize_t got; (got = read (fd, received + size, 3000 < sizeof received - size ? 3000 : sizeof received - size)) > 0;)
        size += (size_t)got;
    return &size;
}

static void
open_pair (int *pair)
{
    cr_assert_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
    setsockopt (pair[0], SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof (int));
}

Test (gather, pieces_arrive_whole_and_in_order)
{
    int pair[2];
    pthread_t reader;
    void *size;
    tt_gather gather = { 0 };
    open_pair (pair);
    for (size_t i = 0; i < PIECES; i++)
        memset (source[i], (int)i, SIZE);
    pthread_create (&reader, NULL, receive, &pair[1]);
    for (size_t i = 0; i < PIECES; i++) { /* backwards, so that none follows the last in memory; each in two that do */
        tt_gather_add (&gather, source[PIECES - 1 - i], 100);
        tt_gather_add (&gather, source[PIECES - 1 - i] + 100, SIZE - 100);
    }
    cr_assert_eq (gather.count, PIECES, "neighbours become one piece");
    cr_assert (tt_gather_write (&gather, pair[0]));
    cr_assert_eq (gather.count, 0);
    close (pair[0]);
    pthread_join (reader, &size);
    cr_assert_eq (*(size_t *)size, PIECES * SIZE);
    for (size_t i = 0; i < PIECES; i++)
        cr_assert_eq (memcmp (received + i * SIZE, source[PIECES - 1 - i], SIZE), 0, "piece %zu", i);
    close (pair[1]);
    tt_gather_free (&gather);
}

Test (gather, a_peer_that_does_not_read_or_is_gone_is_told)
{
    int pair[2];
    tt_gather gather = { 0 };
    open_pair (pair);
    setsockopt (pair[0], SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_usec = 20000 }, sizeof (struct timeval));
    tt_gather_add (&gather, source, sizeof source);
    cr_assert_not (tt_gather_write (&gather, pair[0]));
    cr_assert_eq (errno, EAGAIN);
    close (pair[1]);
    tt_gather_add (&gather, source, sizeof source);
    cr_assert_not (tt_gather_write (&gather, pair[0]));
    cr_assert_eq (errno, EPIPE);
    close (pair[0]);
    tt_gather_free (&gather);
}
