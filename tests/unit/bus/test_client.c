/* The client against daemons that the test drives by hand: doubles, silence, fail-over, refusals, floods. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "bus/client.h"
#include "envelope.pb-c.h"
#include "wire/envelope.h"

#define METHOD "techtransfer.v1.Probe/Put"

typedef struct {
    void *context, *router;
    char at[128];
} fake;

typedef struct {
    uint8_t who[256];
    size_t who_size;
    uint8_t id[TT_UUID_SIZE];
    char body[64];
    int64_t deadline;
    char traceparent[64];
} command;

static void
fake_open (fake *f)
{
    int zero = 0;
    size_t size = sizeof f->at;
    f->context = zmq_ctx_new ();
    f->router = zmq_socket (f->context, ZMQ_ROUTER);
    zmq_setsockopt (f->router, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt (f->router, ZMQ_RCVHWM, &zero, sizeof zero);
    cr_assert_eq (zmq_bind (f->router, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt (f->router, ZMQ_LAST_ENDPOINT, f->at, &size);
}

static void
fake_close (fake *f)
{
    zmq_close (f->router);
    zmq_ctx_term (f->context);
}

/* The next command within wait_ms. */
static bool
take (fake *f, command *c, int wait_ms)
{
    uint8_t header[512];
    zmq_pollitem_t item = { .socket = f->router, .events = ZMQ_POLLIN };
    if (zmq_poll (&item, 1, wait_ms) <= 0)
        return false;
    memset (c, 0, sizeof *c);
    c->who_size = (size_t)zmq_recv (f->router, c->who, sizeof c->who, 0);
    int size = zmq_recv (f->router, header, sizeof header, 0);
    cr_assert_gt (zmq_recv (f->router, c->body, sizeof c->body - 1, 0), -1);
    tt_request_header fields;
    tt_error error = { 0 };
    cr_assert_eq (tt_request_header_decode ((tt_bytes){ header, (size_t)size }, &fields, &error), TT_OK, "%s", error.message);
    cr_assert (tt_bytes_equal (fields.method, tt_bytes_of_text (METHOD)));
    memcpy (c->id, fields.request_id.data, TT_UUID_SIZE);
    c->deadline = fields.deadline_unix_ms;
    snprintf (c->traceparent, sizeof c->traceparent, "%.*s", (int)fields.traceparent.size, (const char *)fields.traceparent.data);
    return true;
}

static void
answer (fake *f, const command *c, tt_reply_header reply, const void *body, size_t size)
{
    tt_buffer header = { 0 };
    reply.request_id = (tt_bytes){ c->id, TT_UUID_SIZE };
    tt_reply_header_encode (&reply, &header);
    zmq_send (f->router, c->who, c->who_size, ZMQ_SNDMORE);
    zmq_send (f->router, header.data, header.size, ZMQ_SNDMORE);
    zmq_send (f->router, body, size, 0);
    tt_buffer_free (&header);
}

static tt_client *
open_client (const char *endpoints, uint32_t timeout_ms, uint32_t try_ms)
{
    tt_client *client = NULL;
    tt_error error = { 0 };
    tt_client_options options = { .endpoints = endpoints, .timeout_ms = timeout_ms, .try_ms = try_ms };
    cr_assert_eq (tt_client_open (&client, &options, &error), TT_OK, "%s", error.message);
    return client;
}

static void
send_text (tt_client *client, const char *body, uint64_t *ticket)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_client_send (client, METHOD, tt_bytes_of_text (body), ticket, &error), TT_OK, "%s", error.message);
}

/* Gives the client time to send again until the fake has something. */
static void
take_after_pumping (tt_client *client, fake *f, command *c)
{
    tt_client_reply reply;
    int64_t until = tt_clock_monotonic_us () + 10000000;
    while (!take (f, c, 0)) {
        cr_assert_eq (tt_client_receive (client, 1, &reply), TT_DEADLINE_EXCEEDED);
        cr_assert_lt (tt_clock_monotonic_us (), until);
    }
}

Test (client, replies_find_their_commands_in_any_order)
{
    fake f;
    fake_open (&f);
    tt_client *client = open_client (f.at, 0, 0);
    uint64_t one, two;
    command a, b;
    tt_client_reply reply;
    send_text (client, "one", &one);
    send_text (client, "two", &two);
    cr_assert (take (&f, &a, 5000) && take (&f, &b, 5000));
    cr_assert_str_eq (a.body, "one");
    cr_assert_gt (a.deadline, tt_clock_unix_ms ());
    cr_assert_eq (tt_client_in_flight (client), 2);
    tt_field_violation violation = { tt_bytes_of_text ("key"), tt_bytes_of_text ("required") };
    answer (&f, &b, (tt_reply_header){ .code = TT_INVALID_ARGUMENT, .violations = &violation, .violation_count = 1 }, "", 0);
    answer (&f, &a, (tt_reply_header){ .replayed = true }, "done", 4);
    cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
    cr_assert_eq (reply.ticket, two);
    cr_assert_eq (reply.result.code, TT_INVALID_ARGUMENT);
    cr_assert_eq (reply.result.violation_count, 1);
    cr_assert_str_eq (reply.result.violations[0].path, "key");
    cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
    cr_assert_eq (reply.ticket, one);
    cr_assert (reply.result.replayed && tt_bytes_equal (reply.body, tt_bytes_of_text ("done")));
    cr_assert_eq (tt_client_receive (client, 0, &reply), TT_NOT_FOUND);
    tt_client_close (&client);
    cr_assert_null (client);
    fake_close (&f);
}

Test (client, a_command_without_reply_goes_to_the_next_endpoint_under_the_same_id)
{
    fake dead, alive;
    fake_open (&dead);
    fake_open (&alive);
    char both[300];
    snprintf (both, sizeof both, "%s,%s", dead.at, alive.at);
    tt_client *client = open_client (both, 10000, 100);
    command first, again;
    tt_client_reply reply;
    send_text (client, "x", NULL);
    cr_assert (take (&dead, &first, 5000));
    take_after_pumping (client, &alive, &again);
    cr_assert_arr_eq (first.id, again.id, TT_UUID_SIZE);
    cr_assert_str_eq (again.body, "x");
    cr_assert_eq (first.deadline, again.deadline);
    answer (&alive, &again, (tt_reply_header){ 0 }, "", 0);
    answer (&alive, &again, (tt_reply_header){ 0 }, "", 0); /* a late double */
    cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
    send_text (client, "y", NULL);
    cr_assert (take (&alive, &again, 5000)); /* stays where it was answered */
    answer (&alive, &again, (tt_reply_header){ 0 }, "", 0);
    cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
    cr_assert_eq (tt_client_count (client).failovers, 1);
    cr_assert_eq (tt_client_count (client).dropped_replies, 1);
    tt_client_close (&client);
    fake_close (&dead);
    fake_close (&alive);
}

Test (client, a_single_lost_command_is_repeated_without_leaving_a_connection_that_works)
{
    fake f;
    fake_open (&f);
    tt_client *client = open_client (f.at, 20000, 1000);
    command lost, c;
    tt_client_reply reply;
    send_text (client, "lost", NULL);
    cr_assert (take (&f, &lost, 5000));
    int64_t until = tt_clock_monotonic_us () + 10000000;
    do { /* others are answered meanwhile */
        send_text (client, "other", NULL);
        cr_assert (take (&f, &c, 5000));
        if (strcmp (c.body, "other") == 0) {
            answer (&f, &c, (tt_reply_header){ 0 }, "", 0);
            cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
        }
        cr_assert_lt (tt_clock_monotonic_us (), until);
    } while (strcmp (c.body, "lost") != 0);
    cr_assert_arr_eq (lost.id, c.id, TT_UUID_SIZE);
    cr_assert_eq (tt_client_count (client).failovers, 0);
    tt_client_close (&client);
    fake_close (&f);
}

Test (client, a_refusal_for_now_is_tried_again_after_the_time_given)
{
    fake f;
    fake_open (&f);
    tt_client *client = open_client (f.at, 10000, 5000);
    command first, again;
    tt_client_reply reply;
    send_text (client, "x", NULL);
    cr_assert (take (&f, &first, 5000));
    int64_t before = tt_clock_monotonic_us ();
    answer (&f, &first, (tt_reply_header){ .code = TT_RESOURCE_EXHAUSTED, .retry_after_ms = 80 }, "", 0);
    take_after_pumping (client, &f, &again);
    cr_assert_geq (tt_clock_monotonic_us () - before, 80000);
    cr_assert_arr_eq (first.id, again.id, TT_UUID_SIZE);
    answer (&f, &again,
            (tt_reply_header){ .code = TT_UNAVAILABLE, .retry_after_ms = 60000, .message = tt_bytes_of_text ("no store") }, "",
            0);
    cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK); /* later than the deadline: told at once */
    cr_assert_eq (reply.result.code, TT_UNAVAILABLE);
    cr_assert_str_eq (reply.result.message, "no store");
    cr_assert_eq (reply.result.retry_after_ms, 60000);
    tt_client_close (&client);
    fake_close (&f);
}

Test (client, without_any_reply_the_deadline_ends_it)
{
    fake f;
    fake_open (&f);
    tt_client *client = open_client (f.at, 200, 50);
    tt_client_reply reply;
    uint64_t ticket;
    send_text (client, "x", &ticket);
    cr_assert_eq (tt_client_receive (client, 1, &reply), TT_DEADLINE_EXCEEDED);
    cr_assert_eq (tt_client_in_flight (client), 1);
    cr_assert_eq (tt_client_receive (client, -1, &reply), TT_OK);
    cr_assert_eq (reply.ticket, ticket);
    cr_assert_eq (reply.result.code, TT_DEADLINE_EXCEEDED);
    cr_assert_geq (tt_client_count (client).sends, 2);
    tt_client_close (&client);
    fake_close (&f);
}

/* 64 MiB under way are a bound, as 4096 commands are: the next one waits until another is over. */
Test (client, large_commands_are_bounded_by_bytes)
{
    static uint8_t body[1 << 20];
    fake f;
    fake_open (&f);
    tt_client *client = open_client (f.at, 3000, 60000);
    tt_client_reply reply;
    tt_error error = { 0 };
    for (int i = 0; i < 64; i++)
        cr_assert_eq (tt_client_send (client, METHOD, (tt_bytes){ body, sizeof body }, NULL, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_client_receive (client, 0, &reply), TT_DEADLINE_EXCEEDED, "none is over yet");
    cr_assert_eq (tt_client_send (client, METHOD, (tt_bytes){ body, 1 }, NULL, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_client_receive (client, 0, &reply), TT_OK, "it was sent beside all the others");
    cr_assert_eq (reply.result.code, TT_DEADLINE_EXCEEDED);
    tt_client_close (&client);
    fake_close (&f);
}

Test (client, unreadable_replies_are_dropped_and_counted)
{
    fake f;
    fake_open (&f);
    tt_client *client = open_client (f.at, 10000, 5000);
    command c;
    tt_client_reply reply;
    send_text (client, "x", NULL);
    cr_assert (take (&f, &c, 5000));
    zmq_send (f.router, c.who, c.who_size, ZMQ_SNDMORE);
    zmq_send (f.router, "\xff\xff", 2, 0);
    zmq_send (f.router, c.who, c.who_size, ZMQ_SNDMORE);
    zmq_send (f.router, "\xff\xff", 2, ZMQ_SNDMORE);
    zmq_send (f.router, "", 0, 0);
    zmq_send (f.router, c.who, c.who_size, ZMQ_SNDMORE);
    for (int i = 0; i < 5; i++)
        zmq_send (f.router, "a", 1, i < 4 ? ZMQ_SNDMORE : 0);
    answer (&f, &c, (tt_reply_header){ 0 }, "", 0);
    cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
    cr_assert_eq (tt_client_count (client).dropped_replies, 3);
    tt_client_close (&client);
    fake_close (&f);
}

typedef struct {
    fake fake;
    atomic_int left;
    int drop_every; /* takes it, never answers the first time */
} echo;

static void *
serve (void *argument)
{
    echo *e = argument;
    Techtransfer__V1__ProbePutReply body = TECHTRANSFER__V1__PROBE_PUT_REPLY__INIT;
    uint8_t packed[16];
    body.partition = 7;
    size_t size = techtransfer__v1__probe_put_reply__pack (&body, packed);
    for (int n = 1; atomic_load (&e->left) > 0; n++) {
        command c;
        if (take (&e->fake, &c, 20) && (e->drop_every == 0 || n % e->drop_every != 0)) {
            answer (&e->fake, &c, (tt_reply_header){ 0 }, packed, size);
            atomic_fetch_sub (&e->left, 1);
        }
    }
    return NULL;
}

Test (client, a_call_unpacks_its_reply_and_leaves_others_alone)
{
    echo e = { .left = 2 };
    pthread_t thread;
    fake_open (&e.fake);
    tt_client *client = open_client (e.fake.at, 10000, 0);
    uint64_t ticket;
    send_text (client, "sent before", &ticket);
    pthread_create (&thread, NULL, serve, &e);
    Techtransfer__V1__ProbePutRequest request = TECHTRANSFER__V1__PROBE_PUT_REQUEST__INIT;
    request.key = (char *)"k";
    ProtobufCMessage *reply = NULL;
    tt_call_result result;
    cr_assert_eq (tt_client_call (client, METHOD, &request.base, &techtransfer__v1__probe_put_reply__descriptor, &reply, &result),
                  TT_OK);
    cr_assert_eq (((Techtransfer__V1__ProbePutReply *)reply)->partition, 7);
    protobuf_c_message_free_unpacked (reply, NULL);
    tt_client_reply other;
    cr_assert_eq (tt_client_receive (client, 5000, &other), TT_OK);
    cr_assert_eq (other.ticket, ticket);
    pthread_join (thread, NULL);
    cr_assert_eq (tt_client_call (client, "", &request.base, NULL, NULL, &result), TT_INVALID_ARGUMENT);
    tt_client_close (&client);
    fake_close (&e.fake);
}

Test (client, more_than_fit_under_way_and_one_in_nine_lost)
{
    enum { COUNT = 20000 };
    echo e = { .left = 100 * COUNT, .drop_every = 9 }; /* some are answered twice */
    pthread_t thread;
    fake_open (&e.fake);
    pthread_create (&thread, NULL, serve, &e);
    tt_client *client = open_client (e.fake.at, 600000, 100); /* valgrind needs minutes */
    static uint8_t seen[COUNT + 1];
    int received = 0;
    tt_client_reply reply;
    for (int i = 0; i < COUNT; i++)
        send_text (client, "x", NULL);
    while (tt_client_receive (client, -1, &reply) == TT_OK) {
        cr_assert_eq (reply.result.code, TT_OK);
        cr_assert (reply.ticket >= 1 && reply.ticket <= COUNT && !seen[reply.ticket]);
        seen[reply.ticket] = 1;
        received++;
    }
    cr_assert_eq (received, COUNT);
    atomic_store (&e.left, 0);
    pthread_join (thread, NULL);
    tt_client_close (&client);
    fake_close (&e.fake);
}

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Test (client, traces_as_it_is_told)
{
    fake f;
    fake_open (&f);
    static const struct {
        const char *given;
        bool trace;
    } cases[] = { { NULL, false }, { TRACE, false }, { TRACE, true }, { NULL, true } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tt_client *client = NULL;
        tt_client_options options = { .endpoints = f.at, .traceparent = cases[i].given, .trace = cases[i].trace };
        cr_assert_eq (tt_client_open (&client, &options, NULL), TT_OK);
        command c[2];
        tt_client_reply reply;
        for (int k = 0; k < 2; k++) {
            send_text (client, "x", NULL);
            cr_assert (take (&f, &c[k], 5000));
            answer (&f, &c[k], (tt_reply_header){ 0 }, "", 0);
            cr_assert_eq (tt_client_receive (client, 5000, &reply), TT_OK);
            cr_assert_str_eq (reply.result.traceparent, c[k].traceparent);
            if (cases[i].given || !cases[i].trace)
                cr_assert_str_eq (c[k].traceparent, cases[i].given ? TRACE : "");
        }
        if (!cases[i].given && cases[i].trace)
            cr_assert (strlen (c[0].traceparent) == 55 && strncmp (c[0].traceparent, c[1].traceparent, 35) != 0, "each a trace of its own");
        tt_client_close (&client);
    }
    tt_client *client = NULL;
    tt_client_options wrong = { .endpoints = f.at, .traceparent = "00-x" };
    cr_assert_eq (tt_client_open (&client, &wrong, NULL), TT_INVALID_ARGUMENT);
    cr_assert_null (client);
    fake_close (&f);
}

Test (client, refuses_wrong_endpoints)
{
    tt_client *client = NULL;
    tt_error error = { 0 };
    const char *wrong[] = { NULL, "", " , ", "nonsense", "tcp://127.0.0.1:5710,nothing://x" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq (tt_client_open (&client, &(tt_client_options){ .endpoints = wrong[i] }, &error), TT_INVALID_ARGUMENT);
        cr_assert_null (client);
        cr_assert (strstr (error.message, "endpoints"));
    }
}
