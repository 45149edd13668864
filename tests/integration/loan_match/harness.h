/* A private redis-server on a Unix socket, daemons on free ports, and clients. Everything is ended and removed when the program
 * ends. */
#ifndef TEST_LOAN_MATCH_HARNESS_H
#define TEST_LOAN_MATCH_HARNESS_H

#include <stdio.h>
#include <sys/types.h>

#include "bus/client.h"
#include "finance.h"
#include "store/journal.h"

#define CHECK(condition, ...)                                                                                                    \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            fprintf (stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                                     \
            fprintf (stderr, __VA_ARGS__);                                                                                       \
            fputc ('\n', stderr);                                                                                                \
            exit (1);                                                                                                            \
        }                                                                                                                        \
    } while (0)

typedef struct {
    pid_t pid;
    char endpoint[256]; /* of commands */
} replica;

/* Redis must run before the daemons. program: path of loan-matchd. */
void harness_start_redis (void);
pid_t harness_redis (void);
void harness_restart_redis (void); /* kill -9, then again over what it had written */
replica harness_start_daemon (const char *program, const char *name);
void harness_kill (replica *r); /* kill -9 */
void harness_stop (replica *r); /* SIGTERM; checks that it exits with 0 */
tt_store_options harness_store (void);

tt_client *harness_client (const char *endpoints);
/* One command; checks that it is answered with `code`. The reply (or NULL) is to be freed by the caller. */
void *harness_call (tt_client *client, const char *method, const ProtobufCMessage *request,
                    const ProtobufCMessageDescriptor *reply, tt_status code);
/* The message and violations of the last call, for checks. */
const tt_call_result *harness_last (void);

/* True once `met` returns true; false after 30 seconds. */
bool harness_wait (bool (*met) (void *context), void *context);

#endif
