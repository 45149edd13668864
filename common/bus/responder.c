#include "bus/responder.h"

#include <czmq.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/aside.h"
#include "bus/bind.h"
#include "bus/command.h"
#include "bus/peers.h"
#include "bus/request.h"
#include "wire/trace.h"

#define RETRY_AFTER_MS 100
#define RETRY_AFTER_MEMORY_MS 500
#define COMMANDS_HWM 1000 /* of one connection that libzmq holds beside those in our queue: more slow down who sends them */
#define REPLIES_HWM 10000 /* for one connection: more are lost, so a burst of refusals must fit */
#define TURN_BYTES 65536  /* a larger command waits a turn for each */
#define DRAIN_COUNT 1024  /* taken from the sockets between two looks at what there is to do */
#define DRAIN_BYTES ((size_t)32 << 20)
#define BATCH_BYTES ((size_t)16 << 20) /* of bodies: what they become unpacked is several times as much */
#define SPLIT_FROM 64 /* a queue at least so long makes two batches */
#define ASIDE_MAX 256 /* questions that wait for a thread of theirs */
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
    tt_peers *peers;
    char endpoint[TT_BOUND_SIZE];
    tt_responder_options options;
    tt_counter_set *counters;
    /* the thread's own */
    slot slots[2];
    slot *under_way; /* begun and not finished, or NULL */
    tt_fair_queue *queue;
    tt_aside *aside; /* NULL: no method is answered so */
    size_t peak_bytes;
    uint32_t remember_ms;
};

enum { RECEIVED, REPLIED, QUEUED, QUEUED_BYTES, PEAK_BYTES, CLIENTS, DISPLACED, BATCHES, COMMITTED, CONFLICTS, BOUNDS, REPLAYED, UNCONFIRMED, LATENCY, WAITED, UNTRACED, ASIDE_QUEUED, ASIDE_DISPLACED, ASIDE_LATENCY };
static const char *const code_names[] = {
    "OK",           "CANCELLED",        "UNKNOWN",        "INVALID_ARGUMENT",    "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",  "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL",        "UNAVAILABLE",    "DATA_LOSS",           "UNAUTHENTICATED",
};
static const tt_metric_row rows[] = {
    { .name = "commands_received_total", .help = "Commands taken from the socket.", .kind = TT_METRIC_COUNTER },
    { .name = "commands_replied_total", .help = "Replies by code.", .kind = TT_METRIC_COUNTER, .label = "code", .values = code_names, .value_count = TT_STATUS_COUNT },
    { .name = "commands_queued", .help = "Commands that wait for a batch.", .kind = TT_METRIC_GAUGE },
    { .name = "commands_queued_bytes", .help = "Bytes of the commands that wait for a batch.", .kind = TT_METRIC_GAUGE },
    { .name = "commands_queued_bytes_peak", .help = "Most bytes of commands that ever waited.", .kind = TT_METRIC_GAUGE },
    { .name = "command_clients_queued", .help = "Connections whose commands wait for a batch.", .kind = TT_METRIC_GAUGE },
    { .name = "commands_displaced_total", .help = "Commands refused for want of room in the queue, of the connection with most in it.", .kind = TT_METRIC_COUNTER },
    { .name = "command_batches_total", .help = "Group commits run for commands.", .kind = TT_METRIC_COUNTER },
    { .name = "commits_total", .help = "Transactions committed for commands.", .kind = TT_METRIC_COUNTER },
    { .name = "commit_conflicts_total", .help = "Transactions decided again because a row had changed.", .kind = TT_METRIC_COUNTER },
    { .name = "commit_bounds_total", .help = "Transactions decided again because a bound would have been broken.", .kind = TT_METRIC_COUNTER },
    { .name = "commands_remembered_total", .help = "Commands answered with the outcome of an earlier try.", .kind = TT_METRIC_COUNTER },
    { .name = "commits_unconfirmed_total", .help = "Transactions that were done, but that not enough copies confirmed in time.", .kind = TT_METRIC_COUNTER },
    { .name = "command_batch_seconds", .help = "Time of one batch from decoding to its replies.", .kind = TT_METRIC_HISTOGRAM },
    { .name = "command_queue_seconds", .help = "Time of one command from the socket to its batch.", .kind = TT_METRIC_HISTOGRAM },
    { .name = "command_traceparent_invalid_total", .help = "Commands whose traceparent was none and was ignored.", .kind = TT_METRIC_COUNTER },
    { .name = "questions_queued", .help = "Questions (methods answered beside the commands) that wait for a thread.", .kind = TT_METRIC_GAUGE },
    { .name = "questions_displaced_total", .help = "Questions refused because as many as may wait did.", .kind = TT_METRIC_COUNTER },
    { .name = "question_seconds", .help = "Time of one question from the socket to its reply.", .kind = TT_METRIC_HISTOGRAM },
};

/* -- the queue -- */

static bool
memory_is_over (const tt_responder *self)
{
    return self->options.memory_over && atomic_load_explicit (self->options.memory_over, memory_order_relaxed);
}

/* Puts it where it waits, or refuses it. Returns how many were refused: it may take the place of others. */
static size_t
take_in (tt_responder *self, tt_request *request, bool over)
{
    void *router = zsock_resolve (self->router);
    if (over) {
        tt_request_turn_away (router, request, "the daemon's memory is over its bound", RETRY_AFTER_MEMORY_MS);
        return 1;
    }
    size_t displaced = tt_request_wait (request, self->queue, router, RETRY_AFTER_MS);
    tt_count_add (self->counters, DISPLACED, 0, (int64_t) displaced);
    return displaced;
}

static void
count_queue (tt_responder *self)
{
    size_t bytes = tt_fair_queue_bytes (self->queue);
    self->peak_bytes = bytes > self->peak_bytes ? bytes : self->peak_bytes;
    tt_count_set (self->counters, QUEUED, 0, (int64_t) tt_fair_queue_count (self->queue));
    tt_count_set (self->counters, QUEUED_BYTES, 0, (int64_t) bytes);
    tt_count_set (self->counters, PEAK_BYTES, 0, (int64_t) self->peak_bytes);
    tt_count_set (self->counters, CLIENTS, 0, (int64_t) tt_fair_queue_clients (self->queue));
}

/* A part of what has arrived, so that a flood does not keep us from working: libzmq takes from one connection after the other, and the rest
 * waits in the sockets, where it slows down who sends it. */
static void
drain (tt_responder *self)
{
    bool over = memory_is_over (self);
    size_t bytes = 0;
    for (size_t n = 0; n < DRAIN_COUNT && bytes < DRAIN_BYTES; n++) {
        tt_request *request = tt_request_receive (zsock_resolve (self->router));
        if (request == NULL)
            break;
        tt_count (self->counters, RECEIVED, 0);
        bytes += tt_request_body (request).size;
        tt_count_add (self->counters, REPLIED, TT_RESOURCE_EXHAUSTED, (int64_t) take_in (self, request, over));
    }
    count_queue (self);
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

/* Hands a question to the threads beside; false if it was refused (and answered). */
static bool
ask_aside (tt_responder *self, tt_request *request, const tt_method *method)
{
    bool taken = tt_aside_take (self->aside, request, method);
    if (taken)
        return true;
    tt_count (self->counters, ASIDE_DISPLACED, 0);
    tt_count (self->counters, REPLIED, TT_RESOURCE_EXHAUSTED);
    tt_request_refuse (zsock_resolve (self->router), request, TT_RESOURCE_EXHAUSTED, "too many questions wait already", RETRY_AFTER_MS);
    return false;
}

/* Sends the replies to questions that have come. */
static void
send_aside (tt_responder *self, bool wait)
{
    if (self->aside == NULL)
        return;
    for (tt_aside_job *job; (job = tt_aside_next (self->aside, wait)) != NULL; tt_aside_job_free (job)) {
        const tt_answer *answer = &job->answer;
        tt_field_violation room[TT_VIOLATIONS_MAX];
        tt_reply_header header = { .code = answer->status, .retry_after_ms = answer->retry_after_ms, .violations = room };
        header.message = answer->status == TT_OK ? TT_BYTES_NONE : tt_bytes_of_text (answer->message);
        header.violation_count = tt_violations_view (&job->violations, room, TT_VIOLATIONS_MAX);
        tt_count (self->counters, REPLIED, header.code);
        tt_count_latency (self->counters, ASIDE_LATENCY, 0, tt_clock_monotonic_us () - job->request->received_us);
        tt_trace_log (header.code == TT_OK ? "question answered" : "question refused", job->request->header.traceparent, "method",
                      job->request->header.method, NULL);
        tt_request_reply (zsock_resolve (self->router), job->request, &header, answer->reply);
    }
    tt_count_set (self->counters, ASIDE_QUEUED, 0, (int64_t) tt_aside_waiting (self->aside));
}

/* Decodes one request into the batch; false if there is nothing more to do with it here. What is not NULL then is to be freed. */
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
    if (status == TT_OK && method->answer) {
        job->request = ask_aside (self, job->request, method) ? NULL : job->request;
        return false;
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
    tt_count_add (self->counters, UNCONFIRMED, 0, (int64_t) (now.unconfirmed - before->unconfirmed));
    tt_count_latency (self->counters, LATENCY, 0, tt_clock_monotonic_us () - at->began_us);
}

/* Half of a long queue: then the other half can be prepared while Redis works on the first. */
static size_t
batch_size (const tt_responder *self)
{
    size_t count = tt_fair_queue_count (self->queue);
    size_t wanted = count >= SPLIT_FROM && self->under_way == NULL ? (count + 1) / 2 : count;
    return wanted < self->options.batch ? wanted : self->options.batch;
}

/* Decodes, decides and sends the commit, unless it has to wait for the batch that is under way. */
static void
begin_batch (tt_responder *self, slot *at)
{
    int64_t now = tt_clock_unix_ms ();
    size_t limit = batch_size (self), queued = tt_fair_queue_bytes (self->queue);
    at->began_us = tt_clock_monotonic_us ();
    at->before = tt_batch_count (at->batch);
    at->jobs = tt_arena_zero (at->arena, limit * sizeof *at->jobs);
    at->count = 0;
    tt_batch_begin (at->batch, now);
    for (size_t i = 0; i < limit && queued - tt_fair_queue_bytes (self->queue) < BATCH_BYTES; i++) {
        struct job *job = &at->jobs[at->count];
        job->request = tt_request_next (self->queue);
        if (begin_job (self, at, job, now))
            at->count++;
        else if (job->request)
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
    bool begins = tt_fair_queue_count (self->queue) > 0;
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
    int fd = self->under_way ? tt_batch_fd (self->under_way->batch) : -1, count = 2;
    zmq_pollitem_t items[4] = { { zsock_resolve (self->router), 0, ZMQ_POLLIN, 0 }, { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 } };
    if (self->under_way == NULL && tt_fair_queue_count (self->queue) > 0)
        return false;
    if (self->under_way && fd < 0)
        return true;
    if (fd >= 0)
        items[count++] = (zmq_pollitem_t){ NULL, fd, ZMQ_POLLIN, 0 };
    if (self->aside)
        items[count++] = (zmq_pollitem_t){ NULL, tt_aside_fd (self->aside), ZMQ_POLLIN, 0 };
    zmq_poll (items, count, -1);
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
        send_aside (self, false);
        drain (self);
        if (answered || self->under_way == NULL || tt_fair_queue_count (self->queue) >= SPLIT_FROM)
            work (self);
    }
    /* What was accepted is finished; what still waits in the sockets is asked again elsewhere. Nothing is unbound before: libzmq would cut the
     * connections with it, and with them the replies. */
    while (tt_fair_queue_count (self->queue) || self->under_way)
        work (self);
    send_aside (self, true);
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
    uint64_t largest = 2 * (uint64_t) options->body_max + TURN_BYTES; /* that libzmq lets in: it must have room, to be told what is wrong */
    options->queue_bytes = options->queue_bytes > largest ? options->queue_bytes : largest;
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
        zsock_set_rcvhwm (self->router, COMMANDS_HWM);
        zsock_set_sndhwm (self->router, REPLIES_HWM);
        zsock_set_linger (self->router, FLUSH_MS);
        zsock_set_maxmsgsize (self->router, (int)(2 * (int64_t)self->options.body_max < INT32_MAX ? 2 * self->options.body_max : INT32_MAX));
        self->peers = tt_peers_new (self->router);
        status = tt_bind (self->router, options->endpoint, self->endpoint, error);
    }
    if (status != TT_OK) {
        tt_responder_close (&self);
        return status;
    }
    self->queue = tt_fair_queue_new (self->options.queue_count, self->options.queue_bytes, TURN_BYTES);
    self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < options->method_count && self->aside == NULL; i++)
        if (options->methods[i].answer)
            self->aside = tt_aside_new (0, ASIDE_MAX, options->service);
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
    tt_aside_destroy (&self->aside);
    tt_peers_destroy (&self->peers);
    zsock_destroy (&self->router);
    tt_fair_queue_destroy (&self->queue);
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

size_t
tt_responder_relieve (tt_responder *self, tt_buffer *names)
{
    return tt_peers_cut (self->peers, TT_PEERS_HEAVIEST, names);
}

size_t
tt_responder_connections (tt_responder *self)
{
    return tt_peers_count (self->peers);
}
