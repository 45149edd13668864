/* A commit whose answer is lost on the way is sent again and done once. Between store and Redis stands a relay that cuts the connection
 * behind the first commit. */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "world.h"

TestSuite (resend, .init = world_open, .fini = world_close, .timeout = 60);

static struct {
    int listener;
    char path[128];
    bool cut; /* it has cut once */
} relay;

static struct sockaddr_un
address_of (const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf (address.sun_path, sizeof address.sun_path, "%.107s", path);
    return address;
}

/* What came from one side goes to the other; false at the end of the connection. */
static bool
pass (int from, int to, char *data, ssize_t *size)
{
    *size = recv (from, data, 65536, 0);
    return *size > 0 && send (to, data, (size_t)*size, MSG_NOSIGNAL) == *size;
}

static void
serve_one (int client, int server)
{
    static char data[65536];
    bool answer_is_lost = false;
    for (ssize_t size;;) {
        struct pollfd sides[2] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
        poll (sides, 2, -1);
        if (sides[1].revents && answer_is_lost)
            return; /* Redis has done it */
        if (sides[1].revents && !pass (server, client, data, &size))
            return;
        if (sides[0].revents && !pass (client, server, data, &size))
            return;
        if (sides[0].revents && !relay.cut && memmem (data, (size_t)size, "FCALL", 5))
            relay.cut = answer_is_lost = true;
    }
}

static void *
run_relay (void *unused)
{
    (void)unused;
    for (int client; (client = accept (relay.listener, NULL, NULL)) >= 0;) {
        int server = socket (AF_UNIX, SOCK_STREAM, 0);
        struct sockaddr_un address = address_of (world.redis.endpoint + 5);
        if (connect (server, (struct sockaddr *)&address, sizeof address) == 0)
            serve_one (client, server);
        close (client);
        close (server);
    }
    return NULL;
}

static void
count_one (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text ("k"));
    tt_txn_add (txn, "n", tt_bytes_of_text ("k"), 1, 0, 100);
    Techtransfer__V1__ProbeStored event = TECHTRANSFER__V1__PROBE_STORED__INIT;
    tt_txn_event (txn, "test/stored/", message, &event.base);
}

static void
read_count (tt_txn *txn, const void *message, void *service)
{
    (void)message;
    tt_txn_at (txn, tt_bytes_of_text ("k"));
    if (!tt_txn_number (txn, "n", tt_bytes_of_text ("k"), service))
        return;
}

Test (resend, what_nothing_guards_is_done_once)
{
    pthread_t thread;
    snprintf (relay.path, sizeof relay.path, "%.100s.relay", world.redis.endpoint + 5);
    struct sockaddr_un address = address_of (relay.path);
    relay.listener = socket (AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq (bind (relay.listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq (listen (relay.listener, 8), 0);
    cr_assert_eq (pthread_create (&thread, NULL, run_relay, NULL), 0);

    char endpoint[160];
    snprintf (endpoint, sizeof endpoint, "unix:%s", relay.path);
    tt_store_options options = world.options;
    options.endpoints = endpoint;
    tt_store *store = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_store_open (&store, &options, &error), TT_OK);
    tt_batch *batch = tt_batch_new (store, "envelope.proto");
    begin (batch);
    tt_txn *txn = add (batch, count_one, "k", NULL, NULL);
    run (batch);
    cr_assert (relay.cut);
    cr_assert_eq (tt_txn_outcome (txn).status, TT_OK);
    tt_batch_destroy (&batch);
    tt_store_close (&store);

    int64_t count = -1;
    do_one (read_count, NULL, &count, NULL);
    cr_assert_eq (count, 1, "added %lld times", (long long)count);
    cr_assert_eq (event_count (), 1);
    shutdown (relay.listener, SHUT_RDWR);
    pthread_join (thread, NULL);
    close (relay.listener);
    unlink (relay.path);
}
