#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/health.h"
#include "run/http.h"

static bool is_ready;

static bool
ready (void *argument, tt_buffer *reason)
{
    (void) argument;
    if (!is_ready)
        tt_buffer_text (reason, "index is loading");
    return is_ready;
}

static void
metrics (void *argument, tt_buffer *out)
{
    tt_buffer_text (out, argument);
}

static void
page (void *argument, const tt_http_request *request, tt_http_response *response)
{
    const char *who = tt_http_query (request, "who");
    tt_buffer_printf (&response->body, "%s %s %s", (const char *) argument, request->path, who ? who : "nobody");
    strcpy (response->etag, "v1");
}

static void
echo (void *argument, const tt_http_request *request, tt_http_response *response)
{
    (void) argument;
    response->status = 201;
    tt_buffer_append (&response->body, request->body.data, request->body.size);
}

/* Requests that were postponed, the oldest first. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    tt_http_later *items[8];
    size_t count;
} postponed = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };

static void
later (void *argument, const tt_http_request *request, tt_http_response *response)
{
    (void) argument;
    (void) response;
    pthread_mutex_lock (&postponed.lock);
    postponed.items[postponed.count++] = tt_http_postpone (request);
    pthread_cond_signal (&postponed.came);
    pthread_mutex_unlock (&postponed.lock);
}

static char page_argument[] = "page", metrics_argument[] = "tt_up 1\n";
static const tt_http_route routes[] = {
    { "GET", "/", page, page_argument, "text/html; charset=utf-8" },
    { "GET", "/assets/*", page, page_argument, "text/css" },
    { "POST", "/echo", echo, NULL, "application/octet-stream" },
    { "GET", "/later", later, NULL, "text/x-later" },
};

static tt_http *server;

static void
set_up (void)
{
    tt_error error = { 0 };
    const tt_http_options options = { .bind = "127.0.0.1:0", .routes = routes, .route_count = 4, .body_max = 1000, .ready = ready,
                                      .metrics = metrics, .argument = metrics_argument, .timeout_s = 5 };
    cr_assert_eq (tt_http_open (&server, &options, &error), TT_OK, "%s", error.message);
    cr_assert_gt (tt_http_port (server), 0);
    is_ready = false;
}

static void
tear_down (void)
{
    tt_http_close (&server);
    cr_expect_null (server);
}

static void
wait_for_postponed (size_t count)
{
    pthread_mutex_lock (&postponed.lock);
    while (postponed.count < count)
        pthread_cond_wait (&postponed.came, &postponed.lock);
    pthread_mutex_unlock (&postponed.lock);
}

static void
finish_postponed (size_t i, const char *text)
{
    tt_http_response response = tt_http_response_of (postponed.items[i]);
    tt_buffer_text (&response.body, text);
    tt_http_finish (postponed.items[i], &response);
    cr_expect_null (response.body.data);
}

TestSuite (http, .init = set_up, .fini = tear_down);

static char answer[8192];

/* Sends the bytes and reads until the server closes. */
static void
exchange (const char *request, size_t size)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) tt_http_port (server)), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    cr_assert_eq (connect (fd, (struct sockaddr *) &to, sizeof to), 0);
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send (fd, request + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break; /* the server refused early: its answer tells */
        sent += (size_t) n;
    }
    size_t have = 0;
    ssize_t n;
    while (have < sizeof answer - 1 && (n = recv (fd, answer + have, sizeof answer - 1 - have, 0)) > 0)
        have += (size_t) n;
    answer[have] = '\0';
    close (fd);
}

static void
ask (const char *line, const char *headers)
{
    char request[1024];
    snprintf (request, sizeof request, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", line, headers);
    exchange (request, strlen (request));
}

static void
expect_status (int status)
{
    char start[32];
    snprintf (start, sizeof start, "HTTP/1.1 %d ", status);
    cr_expect (strncmp (answer, start, strlen (start)) == 0, "%s instead of %s", answer, start);
}

static void
expect_part (const char *part)
{
    cr_expect (strstr (answer, part), "no \"%s\" in %s", part, answer);
}

Test (http, health_ready_and_metrics)
{
    ask ("GET /healthz", "");
    expect_status (200);
    expect_part ("\r\n\r\nok\n");
    ask ("GET /readyz", "");
    expect_status (503);
    expect_part ("index is loading\n");
    is_ready = true;
    ask ("GET /readyz", "");
    expect_status (200);
    ask ("GET /metrics", "");
    expect_status (200);
    expect_part ("version=0.0.4");
    expect_part ("tt_up 1\n");
}

Test (http, every_answer_has_the_security_headers)
{
    static const char *const lines[] = { "GET /", "GET /none", "GET /healthz", "POST /" };
    for (size_t i = 0; i < 4; i++) {
        ask (lines[i], "");
        expect_part ("frame-ancestors 'none'");
        expect_part ("X-Content-Type-Options: nosniff");
        expect_part ("Referrer-Policy: no-referrer");
    }
}

Test (http, routes_exact_and_by_prefix_with_a_query)
{
    ask ("GET /?who=%E7%A1%85", "");
    expect_status (200);
    expect_part ("text/html");
    expect_part ("page / 硅");
    ask ("GET /assets/a/b.css", "");
    expect_part ("page /assets/a/b.css nobody");
    ask ("GET /assets", "");
    expect_status (404);
    ask ("HEAD /", "");
    expect_status (200);
    cr_expect_null (strstr (answer, "page /"));
}

Test (http, other_methods_are_refused_with_what_is_allowed)
{
    ask ("POST /", "Content-Length: 0\r\n");
    expect_status (405);
    expect_part ("Allow: GET, HEAD\r\n");
    ask ("DELETE /healthz", "");
    expect_status (405);
    ask ("GET /echo", "");
    expect_status (405);
    expect_part ("Allow: POST\r\n");
    ask ("POST /none", "Content-Length: 0\r\n");
    expect_status (404);
}

Test (http, a_version_that_the_client_holds_is_not_sent_again)
{
    ask ("GET /", "");
    expect_part ("ETag: \"v1\"");
    ask ("GET /", "If-None-Match: \"v0\", \"v1\"\r\n");
    expect_status (304);
    ask ("GET /", "If-None-Match: \"v2\"\r\n");
    expect_status (200);
}

Test (http, bodies_are_taken_up_to_the_limit)
{
    char request[2048], body[1002] = { 0 };
    for (size_t n = 1000; n <= 1001; n++) {
        memset (body, 'b', n);
        snprintf (request, sizeof request, "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%.*s", n, (int) n, body);
        exchange (request, strlen (request));
        expect_status (n == 1000 ? 201 : 413);
    }
}

Test (http, garbage_and_oversized_headers_do_not_stop_the_server)
{
    static char huge[100000];
    memset (huge, 'a', sizeof huge);
    memcpy (huge, "GET /", 5);
    exchange (huge, sizeof huge);
    exchange ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 11);
    exchange ("GET / HTTP/9.9\r\n\r\n", 18);
    ask ("GET /healthz", "");
    expect_status (200);
    int64_t answered, refused;
    ask ("GET /none", "");
    tt_http_counts (server, &answered, &refused);
    cr_expect_geq (answered, 2);
    cr_expect_geq (refused, 1);
}

Test (http, a_port_in_use_is_said_so)
{
    char bind[64];
    tt_http *second;
    tt_error error = { 0 };
    snprintf (bind, sizeof bind, "127.0.0.1:%u", tt_http_port (server));
    const tt_http_options options = { .bind = bind };
    cr_expect_eq (tt_http_open (&second, &options, &error), TT_ALREADY_EXISTS);
    cr_expect_null (second);
    cr_expect (strstr (error.message, "in use") && strstr (error.message, bind), "%s", error.message);
}

Test (http, addresses_that_are_none)
{
    static const char *const wrong[] = { "", "9000", ":9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "[::1:80", "[]:80", "no.such.host.invalid:80" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tt_http *http;
        tt_error error = { 0 };
        const tt_http_options options = { .bind = wrong[i] };
        cr_expect_eq (tt_http_open (&http, &options, &error), TT_INVALID_ARGUMENT, "%s", wrong[i]);
        cr_expect_neq (error.message[0], '\0');
    }
}

static void
expect_health (const char *address, tt_status expected, const char *part)
{
    tt_error error = { 0 };
    cr_expect_eq (tt_health_check (address, 2000, &error), expected, "%s: %s", address, error.message);
    cr_expect (strstr (error.message, part), "no \"%s\" in %s", part, error.message);
}

Test (http, the_health_check_says_what_readyz_says)
{
    char everywhere[40], here[40];
    snprintf (everywhere, sizeof everywhere, "0.0.0.0:%u", tt_http_port (server));
    snprintf (here, sizeof here, "localhost:%u", tt_http_port (server));
    expect_health (everywhere, TT_UNAVAILABLE, "not ready: index is loading");
    is_ready = true;
    expect_health (everywhere, TT_OK, "");
    expect_health (here, TT_OK, "");
    tt_http_close (&server);
    expect_health (everywhere, TT_UNAVAILABLE, "nothing answers on 0.0.0.0:");
    expect_health ("127.0.0.1:0", TT_INVALID_ARGUMENT, "no address with a port");
    expect_health ("5713", TT_INVALID_ARGUMENT, "no address with a port");
}

Test (http, the_health_check_does_not_wait_for_a_silent_one)
{
    char address[40];
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    cr_assert (bind (fd, (struct sockaddr *) &a, size) == 0 && listen (fd, 4) == 0 && getsockname (fd, (struct sockaddr *) &a, &size) == 0);
    snprintf (address, sizeof address, "127.0.0.1:%u", ntohs (a.sin_port));
    tt_error error = { 0 };
    cr_expect_eq (tt_health_check (address, 50, &error), TT_UNAVAILABLE); /* connected by the kernel, never answered */
    cr_expect (strstr (error.message, "no answer from 127.0.0.1:"), "%s", error.message);
    close (fd);
}

/* Connects and asks, without waiting for the answer. */
static int
begin_request (const char *path)
{
    char request[128];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) tt_http_port (server)), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    cr_assert_eq (connect (fd, (struct sockaddr *) &to, sizeof to), 0);
    int size = snprintf (request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    cr_assert_eq (send (fd, request, (size_t) size, MSG_NOSIGNAL), size);
    return fd;
}

static void
read_answer (int fd)
{
    size_t have = 0;
    for (ssize_t n; have < sizeof answer - 1 && (n = recv (fd, answer + have, sizeof answer - 1 - have, 0)) > 0;)
        have += (size_t) n;
    answer[have] = '\0';
    close (fd);
}

Test (http, others_are_answered_while_one_is_postponed)
{
    int first = begin_request ("/later"), second = begin_request ("/later");
    wait_for_postponed (2);
    ask ("GET /healthz", "");
    expect_status (200);
    finish_postponed (1, "one");
    finish_postponed (0, "two");
    read_answer (first);
    expect_status (200);
    expect_part ("Content-Type: text/x-later\r\n");
    cr_expect ((strstr (answer, "\r\n\r\none") != NULL) != (strstr (answer, "\r\n\r\ntwo") != NULL));
    read_answer (second);
    expect_status (200);
}

static void *
finish_soon (void *argument)
{
    (void) argument;
    finish_postponed (0, "late");
    return NULL;
}

Test (http, the_server_waits_for_what_is_postponed)
{
    pthread_t thread;
    int fd = begin_request ("/later");
    wait_for_postponed (1);
    cr_assert_eq (pthread_create (&thread, NULL, finish_soon, NULL), 0);
    tt_http_close (&server);
    pthread_join (thread, NULL);
    close (fd);
}

Test (http, a_client_that_left_costs_nothing)
{
    close (begin_request ("/later"));
    wait_for_postponed (1);
    finish_postponed (0, "nobody reads this");
    ask ("GET /healthz", "");
    expect_status (200);
}
