/* A fail-over that loses a journal's end, played on one Redis: what was copied at some moment comes back, and another server wrote
 * last. All events of a test are in one partition. */
#ifndef TT_TEST_PLAYED_H
#define TT_TEST_PLAYED_H

#include <stdint.h>

#define KEY "one-key"
uint32_t here (void); /* its partition */
void append (int count);
void replicate (const char *name); /* everything is copied under this name, as a replica would have it */
void promote (const char *name);   /* the replica becomes the master: every connection breaks, and who writes next is not who wrote last */
void another_server (void);         /* writes from now on, and has lost nothing */
void wait_on (int fd);             /* for something to read, or a little while */

#endif
