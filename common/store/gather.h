/* What goes out on a connection, piece by piece, without a copy: the pieces stay where they are until they are written.
 * Private to store/. */
#ifndef TT_STORE_GATHER_H
#define TT_STORE_GATHER_H

#include <sys/uio.h>

#include "base/buffer.h"

typedef struct {
    struct iovec *pieces; /* owned; what they point to is not */
    size_t count, capacity;
} tt_gather; /* zero-initialise */

/* Adds a piece; one that follows the last in memory lengthens it. */
void tt_gather_add (tt_gather *gather, const void *data, size_t size);
/* Writes everything to a blocking socket and is empty then. False with errno if that fails or the socket's time limit passes. */
TT_MUST_USE bool tt_gather_write (tt_gather *gather, int fd);
void tt_gather_clear (tt_gather *gather);
void tt_gather_free (tt_gather *gather);

#endif
