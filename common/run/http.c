#include "run/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "run/listen.h"

#define CONNECTIONS_DEFAULT 64
#define TIMEOUT_DEFAULT_S 10
#define BODY_DEFAULT (64 * 1024)
#define CONNECTION_MEMORY (32 * 1024) /* request line and headers */
#define PLAIN "text/plain; charset=utf-8"

struct tt_http {
    tt_http_options options;
    struct MHD_Daemon *daemon;
    unsigned port;
    _Atomic int64_t answered;
    _Atomic int64_t refused;
    pthread_mutex_t lock; /* over `postponed` */
    pthread_cond_t none;
    size_t postponed;
};

/* A request while its body comes in, or while its answer is made elsewhere. */
typedef struct tt_http_later {
    tt_buffer body;
    bool too_large;
    struct tt_http *http;
    struct MHD_Connection *connection;
    const char *content_type; /* of its route */
    bool postponed;
    atomic_bool finished;
    tt_http_response response; /* once it is finished */
} incoming;

/* What tt_http_request.internal points to. */
typedef struct {
    struct MHD_Connection *connection;
    incoming *in;
} inside;

static const char *const security_headers[][2] = {
    { "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                 "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
};

const char *
tt_http_query (const tt_http_request *request, const char *name)
{
    const char *value = NULL;
    size_t size = 0;
    enum MHD_Result found
        = MHD_lookup_connection_value_n (((inside *) request->internal)->connection, MHD_GET_ARGUMENT_KIND, name, strlen (name), &value, &size);
    return found == MHD_YES && value == NULL ? "" : value;
}

tt_http_later *
tt_http_postpone (const tt_http_request *request)
{
    incoming *in = ((inside *) request->internal)->in;
    pthread_mutex_lock (&in->http->lock);
    in->http->postponed++;
    pthread_mutex_unlock (&in->http->lock);
    in->postponed = true;
    MHD_suspend_connection (in->connection);
    return in;
}

tt_http_response
tt_http_response_of (const tt_http_later *later)
{
    return (tt_http_response){ .status = MHD_HTTP_OK, .content_type = later->content_type };
}

/* Nothing of the request is touched after the connection was resumed: the server may have answered it by then. */
void
tt_http_finish (tt_http_later *later, tt_http_response *response)
{
    struct tt_http *http = later->http;
    later->response = *response;
    *response = (tt_http_response){ 0 };
    atomic_store_explicit (&later->finished, true, memory_order_release);
    MHD_resume_connection (later->connection);
    pthread_mutex_lock (&http->lock);
    if (--http->postponed == 0)
        pthread_cond_signal (&http->none);
    pthread_mutex_unlock (&http->lock);
}

static void
answer_text (tt_http_response *response, unsigned status, const char *text)
{
    response->status = status;
    response->content_type = PLAIN;
    tt_buffer_clear (&response->body);
    tt_buffer_text (&response->body, text);
}

static void
probe (bool (*check) (void *, tt_buffer *), void *argument, tt_http_response *response)
{
    response->content_type = PLAIN;
    bool good = check == NULL || check (argument, &response->body);
    response->status = good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    if (good)
        tt_buffer_clear (&response->body);
    if (response->body.size == 0)
        tt_buffer_text (&response->body, good ? "ok" : "not ready");
    tt_buffer_text (&response->body, "\n");
}

/* The pages that every daemon has; false if the path is none of them. */
static bool
built_in (const tt_http_options *options, const char *path, tt_http_response *response)
{
    if (strcmp (path, "/healthz") == 0) {
        probe (options->healthy, options->argument, response);
    } else if (strcmp (path, "/readyz") == 0) {
        probe (options->ready, options->argument, response);
    } else if (strcmp (path, "/metrics") == 0 && options->metrics) {
        response->content_type = "text/plain; version=0.0.4; charset=utf-8";
        options->metrics (options->argument, &response->body);
    } else {
        return false;
    }
    return true;
}

static bool
path_fits (const char *pattern, const char *path)
{
    size_t n = strlen (pattern);
    if (n > 0 && pattern[n - 1] == '*')
        return strncmp (pattern, path, n - 1) == 0;
    return strcmp (pattern, path) == 0;
}

static const tt_http_route *
find_route (const tt_http_options *options, const char *method, const char *path)
{
    for (size_t i = 0; i < options->route_count; i++)
        if (path_fits (options->routes[i].path, path) && (method == NULL || strcmp (options->routes[i].method, method) == 0))
            return &options->routes[i];
    return NULL;
}

static void
answer (const tt_http *http, const tt_http_request *request, tt_http_response *response)
{
    const tt_http_route *route = find_route (&http->options, request->method, request->path);
    bool get = strcmp (request->method, "GET") == 0;
    if (route) {
        response->content_type = ((inside *) request->internal)->in->content_type = route->content_type;
        route->handler (route->argument, request, response);
    } else if (get && built_in (&http->options, request->path, response)) {
        return;
    } else {
        tt_http_response unused = { 0 };
        bool known = find_route (&http->options, NULL, request->path) || (!get && built_in (&http->options, request->path, &unused));
        tt_buffer_free (&unused.body);
        answer_text (response, known ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND,
                     known ? "method not allowed\n" : "no such page\n");
    }
}

/* RFC 9110: a 405 says which methods there are. */
static void
add_allow (const tt_http *http, const char *path, struct MHD_Response *message)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
    tt_buffer allow = { 0 };
    for (size_t i = 0; i < 4; i++)
        if (find_route (&http->options, methods[i], path))
            tt_buffer_printf (&allow, "%s%s", allow.size ? ", " : "", i == 0 ? "GET, HEAD" : methods[i]);
    MHD_add_response_header (message, MHD_HTTP_HEADER_ALLOW, allow.size ? tt_buffer_cstr (&allow) : "GET, HEAD");
    tt_buffer_free (&allow);
}

/* True if the client holds this version: If-None-Match names the tag (or "*"). */
static bool
client_has (struct MHD_Connection *connection, const char *quoted)
{
    const char *held = MHD_lookup_connection_value (connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    return held && (strcmp (held, "*") == 0 || strstr (held, quoted) != NULL);
}

static void
add_headers (struct MHD_Response *message, const tt_http_response *response, const char *quoted)
{
    for (size_t i = 0; i < sizeof security_headers / sizeof security_headers[0]; i++)
        MHD_add_response_header (message, security_headers[i][0], security_headers[i][1]);
    MHD_add_response_header (message, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type ? response->content_type : PLAIN);
    MHD_add_response_header (message, MHD_HTTP_HEADER_CACHE_CONTROL, response->etag[0] ? "no-cache" : "no-store");
    if (response->etag[0])
        MHD_add_response_header (message, MHD_HTTP_HEADER_ETAG, quoted);
}

static enum MHD_Result
send_response (tt_http *http, struct MHD_Connection *connection, const char *path, tt_http_response *response)
{
    char quoted[sizeof response->etag + 3];
    snprintf (quoted, sizeof quoted, "\"%s\"", response->etag);
    if (response->etag[0] && response->status == MHD_HTTP_OK && client_has (connection, quoted)) {
        response->status = MHD_HTTP_NOT_MODIFIED;
        tt_buffer_clear (&response->body);
    }
    struct MHD_Response *message
        = MHD_create_response_from_buffer (response->body.size, response->body.data, MHD_RESPMEM_MUST_COPY);
    if (message == NULL)
        return MHD_NO;
    add_headers (message, response, quoted);
    if (response->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add_allow (http, path, message);
    enum MHD_Result queued = MHD_queue_response (connection, response->status, message);
    MHD_destroy_response (message);
    atomic_fetch_add_explicit (&http->answered, 1, memory_order_relaxed);
    if (response->status >= 400)
        atomic_fetch_add_explicit (&http->refused, 1, memory_order_relaxed);
    return queued;
}

/* A body past the limit is read and dropped, so that the client gets its 413 and not a reset. The connection's time limit bounds that. */
static void
take_body (const tt_http *http, incoming *in, const char *data, size_t size)
{
    in->too_large |= size > http->options.body_max - in->body.size;
    if (!in->too_large)
        tt_buffer_append (&in->body, data, size);
}

static enum MHD_Result
on_request (void *context, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
            const char *data, size_t *size, void **state)
{
    tt_http *http = context;
    (void) version;
    if (*state == NULL) { /* headers only so far */
        incoming *begun = tt_alloc_zero (1, sizeof *begun);
        begun->http = http;
        begun->connection = connection;
        *state = begun;
        return MHD_YES;
    }
    incoming *in = *state;
    if (in->postponed)
        return atomic_load_explicit (&in->finished, memory_order_acquire) ? send_response (http, connection, path, &in->response) : MHD_YES;
    if (*size > 0) {
        take_body (http, in, data, *size);
        *size = 0;
        return MHD_YES;
    }
    tt_http_request request = { .method = strcmp (method, "HEAD") == 0 ? "GET" : method,
                                .path = path,
                                .body = { in->body.data, in->body.size },
                                .internal = &(inside){ connection, in } };
    tt_http_response response = { .status = MHD_HTTP_OK };
    if (in->too_large)
        answer_text (&response, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large\n");
    else
        answer (http, &request, &response);
    enum MHD_Result result = in->postponed ? MHD_YES : send_response (http, connection, path, &response);
    tt_buffer_free (&response.body);
    return result;
}

static void
on_completed (void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode how)
{
    (void) context;
    (void) connection;
    (void) how;
    incoming *in = *state;
    if (in) {
        tt_buffer_free (&in->body);
        tt_buffer_free (&in->response.body);
    }
    free (in);
    *state = NULL;
}

static void
on_library_message (void *context, const char *format, va_list args)
{
    char text[256];
    (void) context;
    vsnprintf (text, sizeof text, format, args);
    text[strcspn (text, "\n")] = '\0';
    tt_log (TT_LOG_DEBUG, "http", "reason", text, NULL);
}

static void
set_limits (tt_http_options *options)
{
    options->connections_max = options->connections_max ? options->connections_max : CONNECTIONS_DEFAULT;
    options->timeout_s = options->timeout_s ? options->timeout_s : TIMEOUT_DEFAULT_S;
    options->body_max = options->body_max ? options->body_max : BODY_DEFAULT;
}

static void
free_server (tt_http *http)
{
    pthread_cond_destroy (&http->none);
    pthread_mutex_destroy (&http->lock);
    free (http);
}

tt_status
tt_http_open (tt_http **out, const tt_http_options *options, tt_error *error)
{
    int fd;
    unsigned port;
    *out = NULL;
    tt_status status = tt_listen_open (options->bind, &fd, &port, error);
    if (status != TT_OK)
        return status;
    tt_http *http = tt_alloc_zero (1, sizeof *http);
    http->options = *options;
    http->port = port;
    set_limits (&http->options);
    pthread_mutex_init (&http->lock, NULL);
    pthread_cond_init (&http->none, NULL);
    http->daemon = MHD_start_daemon (
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_message, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        NULL, MHD_OPTION_CONNECTION_LIMIT, http->options.connections_max, MHD_OPTION_CONNECTION_TIMEOUT, http->options.timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (http->daemon == NULL) {
        int code = errno;
        close (fd);
        free_server (http);
        return tt_fail (error, TT_UNAVAILABLE, "cannot serve HTTP on %s: %s", options->bind, strerror (code));
    }
    *out = http;
    return TT_OK;
}

void
tt_http_close (tt_http **http)
{
    if (*http == NULL)
        return;
    pthread_mutex_lock (&(*http)->lock);
    while ((*http)->postponed > 0)
        pthread_cond_wait (&(*http)->none, &(*http)->lock);
    pthread_mutex_unlock (&(*http)->lock);
    MHD_stop_daemon ((*http)->daemon); /* closes the listening socket too */
    free_server (*http);
    *http = NULL;
}

unsigned
tt_http_port (const tt_http *http)
{
    return http->port;
}

void
tt_http_counts (const tt_http *http, int64_t *answered, int64_t *refused)
{
    *answered = atomic_load_explicit (&http->answered, memory_order_relaxed);
    *refused = atomic_load_explicit (&http->refused, memory_order_relaxed);
}
