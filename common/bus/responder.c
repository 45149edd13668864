#include "bus/responder.h"

#include <czmq.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/command.h"
#include "bus/bind.h"
#include "bus/request.h"
#include "wire/trace.h"

#define RETRY_AFTER_MS 100
#define ROUTER_HWM 10000
#define BATCH_BYTES ((size_t)16 << 20) /* of bodies: what they become unpacked is several times as much */
#define SPLIT_FROM 64 /* a queue at least so long makes two batches */
#define FLUSH_MS 2000 /* how long replies may take to leave when the daemon stops */

/* A batch from decoding to its replies. There are two, so that one is prepared while Redis works on the other. */
typedef struct {
    tt_store *store;
    tt_batch *batch;
    tt_arena *arena;
    struct job *jobs; /* in the arena */
    size_t count;
    int64_t began_us;
    tt_batch_counts before;
} slot;

struct tt_responder {
    zactor_t *thread;
    zsock_t *router;
    char endpoint[TT_BOUND_SIZE];
    tt_responder_options options;
    tt_counter_set *counters;
    /* the thread's own */
    slot slots[2];
    slot *under_way; /* begun and not finished, or NULL */
    tt_request *first, *last; /* the queue */
    size_t count;
    size_t bytes;
    uint32_t remember_ms;
};

enum { RECEIVED, REPLIED, QUEUED, BATCHES, COMMITTED, CONFLICTS, BOUNDS, REPLAYED, LATENCY, WAITED, UNTRACED };
static const char *const code_names[] = {
    "OK",           "CANCELLED",        "UNKNOWN",        "INVALID_ARGUMENT",    "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",  "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL",        "UNAVAILABLE",    "DATA_LOSS",           "UNAUTHENTICATED",
};
static const tt_metric_row rows[] = {
    { .name = "commands_received_total", .help = "Commands taken from the socket.", .kind = TT_METRIC_COUNTER },
    { .name = "commands_replied_total", .help = "Replies by code.", .kind = TT_METRIC_COUNTER, .label = "code", .values = code_names, .value_count = TT_STATUS_COUNT },
    { .name = "commands_queued", .help = "Commands that wait for a batch.", .kind = TT_METRIC_GAUGE },
    { .name = "command_batches_total", .help = "Group commits run for commands.", .kind = TT_METRIC_COUNTER },
    { .name = "commits_total", .help = "Transactions committed for commands.", .kind = TT_METRIC_COUNTER },
    { .name = "commit_conflicts_total", .help = "Transactions decided again because a row had changed.", .kind = TT_METRIC_COUNTER },
    { .name = "commit_bounds_total", .help = "Transactions decided again because a bound would have been broken.", .kind = TT_METRIC_COUNTER },
    { .name = "commands_remembered_total", .help = "Commands answered with the outcome of an earlier try.", .kind = TT_METRIC_COUNTER },
    { .name = "command_batch_seconds", .help = "Time of one batch from decoding to its replies.", .kind = TT_METRIC_HISTOGRAM },
    { .name = "command_queue_seconds", .help = "Time of one command from the socket to its batch.", .kind = TT_METRIC_HISTOGRAM },
    { .name = "command_traceparent_invalid_total", .help = "Commands whose traceparent was none and was ignored.", .kind = TT_METRIC_COUNTER },
};

/* -- the queue -- */

static void
enqueue (tt_responder *self, tt_request *request)
{
    *(self->last ? &self->last->next : &self->first) = request;
    self->last = request;
    self->count++;
    self->bytes += tt_request_bytes (request);
}

static tt_request *
dequeue (tt_responder *self)
{
    tt_request *request = self->first;
    self->first = request->next;
    if (self->first == NULL)
        self->last = NULL;
    request->next = NULL;
    self->count--;
    self->bytes -= tt_request_bytes (request);
    return request;
}

static void
refuse (tt_responder *self, tt_request *request, tt_status code, const char *message, uint32_t retry_after_ms)
{
    tt_count (self->counters, REPLIED, code);
    tt_request_refuse (zsock_resolve (self->router), request, code, message, retry_after_ms);
}

/* Everything that has arrived, up to twice what the queue holds at a time: the rest waits in the sockets. */
static void
drain (tt_responder *self)
{
    void *router = zsock_resolve (self->router);
    for (size_t n = 0; n < 2 * (size_t) self->options.queue_count; n++) {
        tt_request *request = tt_request_receive (router);
        if (request == NULL)
            break;
        tt_count (self->counters, RECEIVED, 0);
        if (self->count < self->options.queue_count && self->bytes < self->options.queue_bytes) {
            enqueue (self, request);
            continue;
        }
        tt_error ignored; /* only to read the request id, so that the refusal carries it */
        (void) !tt_request_check (request, tt_clock_unix_ms (), self->remember_ms, self->options.body_max, &ignored);
        refuse (self, request, TT_RESOURCE_EXHAUSTED, "the queue of commands is full", RETRY_AFTER_MS);
        tt_request_free (request);
    }
    tt_count_set (self->counters, QUEUED, 0, (int64_t) self->count);
}

/* -- one batch -- */

struct job {
    tt_request *request;
    tt_command command;
};

static void
refuse_with_violations (tt_responder *self, tt_request *request, const tt_error *error, const tt_violations *violations)
{
    tt_field_violation room[TT_VIOLATIONS_MAX];
    tt_reply_header header = { .code = error->code, .message = tt_bytes_of_text (error->message), .violations = room };
    header.violation_count = tt_violations_view (violations, room, TT_VIOLATIONS_MAX);
    tt_count (self->counters, REPLIED, error->code);
    tt_request_reply (zsock_resolve (self->router), request, &header, TT_BYTES_NONE);
}

/* Decodes one request into the batch; false if it was refused (and answered). */
static bool
begin_job (tt_responder *self, slot *at, struct job *job, int64_t now)
{
    tt_error error = { 0 };
    tt_violations violations = { .count = 0 };
    const tt_responder_options *options = &self->options;
    tt_count_latency (self->counters, WAITED, 0, at->began_us - job->request->received_us);
    tt_status status = tt_request_check (job->request, now, self->remember_ms, options->body_max, &error);
    const tt_method *method = NULL;
    if (status == TT_OK) {
        tt_bytes name = job->request->header.method;
        method = tt_method_find (options->methods, options->method_count, name);
        if (method == NULL)
            status = tt_fail (&error, TT_UNIMPLEMENTED, "method %.*s is not known here", (int) name.size, (const char *) name.data);
    }
    if (status == TT_OK)
        status = tt_command_begin (&job->command, method, &job->request->header, tt_request_body (job->request), at->batch, at->arena,
                                   options->service, &violations, &error);
    if (status == TT_OK && job->command.bad_traceparent)
        tt_count (self->counters, UNTRACED, 0);
    if (status != TT_OK)
        refuse_with_violations (self, job->request, &error, &violations);
    tt_violations_free (&violations);
    return status == TT_OK;
}

static void
finish_job (tt_responder *self, slot *at, struct job *job)
{
    tt_reply_header header;
    tt_bytes body;
    tt_command_finish (&job->command, at->arena, &header, &body);
    tt_count (self->counters, REPLIED, header.code);
    tt_trace_log (header.replayed ? "command remembered" : header.code == TT_OK ? "command done" : "command refused",
                  job->request->header.traceparent, "method", job->request->header.method, NULL);
    tt_request_reply (zsock_resolve (self->router), job->request, &header, body);
}

static void
count_batch (tt_responder *self, const slot *at)
{
    tt_batch_counts now = tt_batch_count (at->batch);
    const tt_batch_counts *before = &at->before;
    tt_count (self->counters, BATCHES, 0);
    tt_count_add (self->counters, COMMITTED, 0, (int64_t) (now.committed - before->committed));
    tt_count_add (self->counters, CONFLICTS, 0, (int64_t) (now.conflicts - before->conflicts));
    tt_count_add (self->counters, BOUNDS, 0, (int64_t) (now.bounds - before->bounds));
    tt_count_add (self->counters, REPLAYED, 0, (int64_t) (now.replayed - before->replayed));
    tt_count_latency (self->counters, LATENCY, 0, tt_clock_monotonic_us () - at->began_us);
}

/* Half of a long queue: then the other half can be prepared while Redis works on the first. */
static size_t
batch_size (const tt_responder *self)
{
    size_t wanted = self->count >= SPLIT_FROM && self->under_way == NULL ? (self->count + 1) / 2 : self->count;
    return wanted < self->options.batch ? wanted : self->options.batch;
}

/* Decodes, decides and sends the commit, unless it has to wait for the batch that is under way. */
static void
begin_batch (tt_responder *self, slot *at)
{
    int64_t now = tt_clock_unix_ms ();
    size_t limit = batch_size (self), queued = self->bytes;
    at->began_us = tt_clock_monotonic_us ();
    at->before = tt_batch_count (at->batch);
    at->jobs = tt_arena_zero (at->arena, limit * sizeof *at->jobs);
    at->count = 0;
    tt_batch_begin (at->batch, now);
    for (size_t i = 0; i < limit && queued - self->bytes < BATCH_BYTES; i++) {
        struct job *job = &at->jobs[at->count];
        job->request = dequeue (self);
        if (begin_job (self, at, job, now))
            at->count++;
        else
            tt_request_free (job->request);
    }
    if (at->count)
        tt_batch_start (at->batch, self->under_way ? self->under_way->batch : NULL);
}

static void
finish_batch (tt_responder *self, slot *at)
{
    tt_error error = { 0 };
    if (at->count && tt_batch_run (at->batch, &error) != TT_OK)
        tt_log (TT_LOG_WARNING, "batch failed", "reason", error.message, NULL);
    for (size_t i = 0; i < at->count; i++) {
        finish_job (self, at, &at->jobs[i]);
        tt_request_free (at->jobs[i].request);
    }
    count_batch (self, at);
    tt_arena_reset (at->arena);
}

/* One step: begins a batch of what waits, then finishes the one that was begun before it. */
static void
work (tt_responder *self)
{
    slot *finishing = self->under_way, *free_slot = finishing == &self->slots[0] ? &self->slots[1] : &self->slots[0];
    bool begins = self->count > 0;
    if (begins)
        begin_batch (self, free_slot);
    if (finishing)
        finish_batch (self, finishing);
    self->under_way = begins ? free_slot : NULL;
}

/* -- the thread -- */

static bool
told_to_stop (zsock_t *pipe)
{
    char *word = zstr_recv_nowait (pipe);
    bool stop = word && streq (word, "$TERM");
    zstr_free (&word);
    return stop;
}

/* Waits for commands, or for Redis if a batch is under way. True if that one can be finished: until then a few commands do not make a batch
 * of their own, more will come. */
static bool
wait_for_input (tt_responder *self, zsock_t *pipe)
{
    int fd = self->under_way ? tt_batch_fd (self->under_way->batch) : -1;
    zmq_pollitem_t items[] = { { zsock_resolve (self->router), 0, ZMQ_POLLIN, 0 },
                               { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 },
                               { NULL, fd, ZMQ_POLLIN, 0 } };
    if (self->under_way == NULL && self->count > 0)
        return false;
    if (self->under_way && fd < 0)
        return true;
    zmq_poll (items, fd >= 0 ? 3 : 2, -1);
    return fd >= 0 && items[2].revents != 0;
}

static void
run (zsock_t *pipe, void *arguments)
{
    tt_responder *self = arguments;
    for (int i = 0; i < 2; i++) {
        self->slots[i].batch = tt_batch_new (self->slots[i].store, self->options.schema);
        self->slots[i].arena = tt_arena_new (1 << 18);
    }
    zsock_signal (pipe, 0);
    for (bool stop = false; !stop;) {
        bool answered = wait_for_input (self, pipe);
        stop = told_to_stop (pipe);
        drain (self);
        if (answered || self->under_way == NULL || self->count >= SPLIT_FROM)
            work (self);
    }
    /* What was accepted is finished; what still waits in the sockets is asked again elsewhere. Nothing is unbound before: libzmq would cut the
     * connections with it, and with them the replies. */
    while (self->count || self->under_way)
        work (self);
    for (int i = 0; i < 2; i++) {
        tt_batch_destroy (&self->slots[i].batch);
        tt_arena_destroy (&self->slots[i].arena);
    }
}

static void
set_defaults (tt_responder_options *options)
{
    options->batch = options->batch ? options->batch : 512;
    options->queue_count = options->queue_count ? options->queue_count : 8192;
    options->queue_bytes = options->queue_bytes ? options->queue_bytes : UINT64_C (256) << 20;
    options->body_max = options->body_max ? options->body_max : 8u << 20;
}

tt_status
tt_responder_open (tt_responder **out, const tt_responder_options *options, tt_error *error)
{
    *out = NULL;
    tt_responder *self = tt_alloc_zero (1, sizeof *self);
    self->options = *options;
    set_defaults (&self->options);
    self->remember_ms = options->store->remember_ms ? options->store->remember_ms : 3600000;
    tt_status status = tt_store_open (&self->slots[0].store, options->store, error);
    if (status == TT_OK)
        status = tt_store_open (&self->slots[1].store, options->store, error);
    if (status == TT_OK) {
        self->router = zsock_new (ZMQ_ROUTER);
        zsock_set_rcvhwm (self->router, ROUTER_HWM);
        zsock_set_sndhwm (self->router, ROUTER_HWM);
        zsock_set_linger (self->router, FLUSH_MS);
        zsock_set_maxmsgsize (self->router, (int)(2 * (int64_t)self->options.body_max < INT32_MAX ? 2 * self->options.body_max : INT32_MAX));
        zsock_set_heartbeat_ivl (self->router, 2000);
        zsock_set_heartbeat_timeout (self->router, 6000);
        status = tt_bind (self->router, options->endpoint, self->endpoint, error);
    }
    if (status != TT_OK) {
        tt_responder_close (&self);
        return status;
    }
    self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    self->thread = zactor_new (run, self);
    *out = self;
    return TT_OK;
}

void
tt_responder_close (tt_responder **reference)
{
    tt_responder *self = *reference;
    if (self == NULL)
        return;
    zactor_destroy (&self->thread);
    zsock_destroy (&self->router);
    for (int i = 0; i < 2; i++)
        tt_store_close (&self->slots[i].store);
    free (self);
    *reference = NULL;
}

const char *
tt_responder_endpoint (const tt_responder *self)
{
    return self->endpoint;
}
