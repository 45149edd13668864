#include "store/gather.h"

#include <errno.h>
#include <sys/socket.h>

#define PIECES_MAX 64 /* in one system call */

void
tt_gather_add (tt_gather *gather, const void *data, size_t size)
{
    struct iovec *last = gather->count ? &gather->pieces[gather->count - 1] : NULL;
    if (last && (const uint8_t *)last->iov_base + last->iov_len == data) {
        last->iov_len += size;
        return;
    }
    if (gather->count == gather->capacity) {
        gather->capacity = gather->capacity ? gather->capacity * 2 : 16;
        gather->pieces = tt_realloc (gather->pieces, gather->capacity * sizeof *gather->pieces);
    }
    gather->pieces[gather->count++] = (struct iovec){ (void *)data, size };
}

/* Takes what was written off the front. */
static struct iovec *
advance (struct iovec *at, const struct iovec *end, size_t written)
{
    while (at < end && written >= at->iov_len)
        written -= at++->iov_len;
    if (written > 0) {
        at->iov_base = (uint8_t *)at->iov_base + written;
        at->iov_len -= written;
    }
    return at;
}

bool
tt_gather_write (tt_gather *gather, int fd)
{
    struct iovec *at = gather->pieces, *end = at + gather->count;
    gather->count = 0;
    while (at < end) {
        size_t count = (size_t)(end - at);
        struct msghdr message = { .msg_iov = at, .msg_iovlen = count < PIECES_MAX ? count : PIECES_MAX };
        ssize_t written = sendmsg (fd, &message, MSG_NOSIGNAL);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            at = advance (at, end, (size_t)written);
    }
    return true;
}

void
tt_gather_clear (tt_gather *gather)
{
    gather->count = 0;
}

void
tt_gather_free (tt_gather *gather)
{
    free (gather->pieces);
    *gather = (tt_gather){ 0 };
}
