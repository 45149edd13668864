/* A small HTTP server: health, readiness, metrics, and pages of a service from a table of routes.
 *
 * One thread of its own answers all connections, so handlers run there, one at a time, and must not block: what takes long is postponed and
 * finished by another thread. What they share with other threads is their business. Bounded in connections, sizes and time. Not for streams of events and not for TLS: that is a
 * proxy's work. */
#ifndef TT_RUN_HTTP_H
#define TT_RUN_HTTP_H

#include "base/buffer.h"

typedef struct tt_http tt_http;

/* What a handler is told. All borrowed for the call. */
typedef struct {
    const char *method; /* "GET" also for HEAD */
    const char *path;   /* decoded, without the query */
    tt_bytes body;      /* of POST and PUT */
    void *internal;
} tt_http_request;

/* Value of a query argument (?name=value), decoded, or NULL; "" if it has none. Borrowed for the call. */
const char *tt_http_query (const tt_http_request *request, const char *name);

/* What a handler fills in; zeroed, but status 200 and the route's content type. */
typedef struct {
    unsigned status;          /* 100 to 599 */
    const char *content_type; /* static */
    tt_buffer body;           /* the server frees it */
    char etag[64];            /* without quotes; empty = none. With If-None-Match of the same: 304, body not sent */
} tt_http_response;

/* A handler that cannot answer at once: the connection waits, *response is left alone, and what the request lends is gone when the handler
 * returns. Each must be finished, once, by any thread, also when the server is being closed (tt_http_close waits for it). */
typedef struct tt_http_later tt_http_later;
tt_http_later *tt_http_postpone (const tt_http_request *request);
/* *response as a handler fills it in (begin with tt_http_response_of); its body is taken over. */
void tt_http_finish (tt_http_later *later, tt_http_response *response);
tt_http_response tt_http_response_of (const tt_http_later *later);

typedef void tt_http_handler (void *argument, const tt_http_request *request, tt_http_response *response);

typedef struct {
    const char *method; /* "GET" (answers HEAD too), "POST", "PUT" or "DELETE" */
    const char *path;   /* exact, or a prefix that ends in "*" ("/assets/" and a star); the first row that fits wins */
    tt_http_handler *handler;
    void *argument;
    const char *content_type;
} tt_http_route;

typedef struct {
    const char *bind;     /* "127.0.0.1:0", "[::]:9000", "localhost:8080"; port 0: any free one */
    const tt_http_route *routes; /* borrowed for the life of the server */
    size_t route_count;
    unsigned connections_max; /* 0 = 64; what is past it is closed at once */
    unsigned timeout_s;       /* 0 = 10: of a connection on which nothing moves */
    size_t body_max;          /* bytes of a request's body; 0 = 64 KiB; past it: 413 */
    /* /healthz and /readyz: 200 "ok", or 503 with the reason appended by the callback. NULL = always ok. */
    bool (*healthy) (void *argument, tt_buffer *reason);
    bool (*ready) (void *argument, tt_buffer *reason);
    void (*metrics) (void *argument, tt_buffer *out); /* /metrics; NULL: no such page */
    void *argument;
} tt_http_options;

/* Listens and answers. *options is copied, what it points to is borrowed.
 * TT_INVALID_ARGUMENT: bind is no address and port. TT_ALREADY_EXISTS: the port is in use. TT_PERMISSION_DENIED, TT_UNAVAILABLE: the
 * system refuses. */
TT_MUST_USE tt_status tt_http_open (tt_http **out, const tt_http_options *options, tt_error *error);
/* Ends after the answers that are being made; blocks until the thread is gone. */
void tt_http_close (tt_http **http);
unsigned tt_http_port (const tt_http *http);
/* Answers with a status of 400 or above, and all, since the start. */
void tt_http_counts (const tt_http *http, int64_t *answered, int64_t *refused);

#endif
