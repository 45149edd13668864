#include "bus/replay.h"

#include <czmq.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/bind.h"
#include "bus/peers.h"
#include "bus/request.h"
#include "envelope.pb-c.h"
#include "wire/topic.h"
#include "wire/validate.h"

#define BODY_MAX (1 << 20)
#define FILTERS_MAX 256 /* each is held against each event of a page */
#define LIMIT_DEFAULT 500
#define LIMIT_MAX 5000
#define READ_MIN 100 /* entries read at a time while they may be large */
#define REPLY_BYTES_MAX (4u << 20) /* a page ends here, whatever the limit */
#define REPLY_BYTES_SMALL (256u << 10) /* and here while the daemon's memory is over its bound: those that were cut off for it come to replay */
#define QUEUE_COUNT 4096 /* requests that wait; past it the connection with most of them is refused */
#define QUEUE_BYTES ((size_t)16 << 20)
#define RETRY_AFTER_MS 100
#define RECONNECT_EVERY_US 20000
#define REQUESTS_HWM 100 /* of one connection that libzmq holds, each way, beside those in our queue */
#define REPLAY_METHOD "techtransfer.v1.Journal/Replay"
#define HEADS_METHOD "techtransfer.v1.Journal/GetHeads"

struct tt_replay {
    zactor_t *thread;
    zsock_t *router;
    tt_peers *peers;
    tt_fair_queue *queue;
    char endpoint[TT_BOUND_SIZE];
    tt_replay_options options;
    tt_counter_set *counters;
    tt_store *store;
    tt_store *confirmer; /* for the high watermark, while entries borrow from the store; NULL where no copies are wished */
    tt_arena *arena;
    tt_buffer reply;
    uint32_t read_limit; /* entries that one page may read: follows their size */
    int64_t reconnected_us; /* when a loss was last looked at again; 0: never */
};

enum { REQUESTS, REFUSED, EVENTS, QUEUED, DISPLACED };
static const tt_metric_row rows[] = {
    { .name = "replay_requests_total", .help = "Requests for pages of the journal or its heads.", .kind = TT_METRIC_COUNTER },
    { .name = "replay_refused_total", .help = "Replay requests that were refused.", .kind = TT_METRIC_COUNTER },
    { .name = "events_replayed_total", .help = "Events handed out by replay.", .kind = TT_METRIC_COUNTER },
    { .name = "replay_requests_queued", .help = "Replay requests that wait for their turn.", .kind = TT_METRIC_GAUGE },
    { .name = "replay_displaced_total", .help = "Replay requests refused for want of room, of the connection with most in the queue.", .kind = TT_METRIC_COUNTER },
};

/* -- where a partition stands -- */

static char *
id_of (tt_replay *self, const tt_entry *entry)
{
    tt_event_header header;
    if (entry->header.size == 0 || tt_event_header_decode (entry->header, &header, NULL) != TT_OK)
        return (char *) "";
    return tt_arena_strndup (self->arena, (const char *) header.id.data, header.id.size);
}

static void
fill_head (tt_replay *self, const tt_stand *stand, Techtransfer__V1__PartitionHead *out)
{
    *out = (Techtransfer__V1__PartitionHead) TECHTRANSFER__V1__PARTITION_HEAD__INIT;
    out->partition = stand->partition;
    out->head = stand->head;
    out->earliest = stand->earliest;
    out->epoch = (char *) stand->epoch;
    out->n_epochs = stand->epoch_count;
    out->epochs = tt_arena_alloc (self->arena, stand->epoch_count * sizeof *out->epochs);
    Techtransfer__V1__JournalEpoch *epochs = tt_arena_alloc (self->arena, stand->epoch_count * sizeof *epochs);
    for (size_t i = 0; i < stand->epoch_count; i++) {
        epochs[i] = (Techtransfer__V1__JournalEpoch) TECHTRANSFER__V1__JOURNAL_EPOCH__INIT;
        epochs[i].epoch = (char *) stand->epochs[i].epoch;
        epochs[i].first_sequence = stand->epochs[i].first;
        out->epochs[i] = &epochs[i];
    }
}

/* With redis.replicas, nothing is shown that the copies do not have. A head that is merely lowered would look like a lost end to who saw more. */
static tt_status
await_copies (tt_replay *self, const tt_stand *stands, size_t count, tt_error *error)
{
    uint64_t *heads = tt_arena_alloc (self->arena, self->options.store->partitions * sizeof *heads);
    memset (heads, 0, self->options.store->partitions * sizeof *heads);
    for (size_t i = 0; i < count; i++)
        heads[stands[i].partition] = stands[i].head;
    if (self->confirmer == NULL)
        return TT_OK;
    tt_store_pin_as (self->confirmer, self->store);
    tt_status status = tt_journal_confirm (self->confirmer, heads, error);
    if (status == TT_UNAVAILABLE) { /* perhaps one of the two is still with a server that is no master any more */
        tt_store_reconnect (self->store);
        tt_store_reconnect (self->confirmer);
    }
    for (size_t i = 0; status == TT_OK && i < count; i++) {
        const tt_stand *stand = &stands[i];
        if (heads[stand->partition] < stand->head)
            return tt_fail (error, TT_UNAVAILABLE, "the copies do not have the journal of partition %u up to %llu yet", stand->partition,
                            (unsigned long long) stand->head);
    }
    return status;
}

static tt_status
get_heads (tt_replay *self, tt_error *error)
{
    uint32_t partitions = self->options.store->partitions;
    tt_stand *stands = tt_arena_alloc (self->arena, partitions * sizeof *stands);
    Techtransfer__V1__PartitionHead *items = tt_arena_alloc (self->arena, partitions * sizeof *items);
    Techtransfer__V1__PartitionHead **list = tt_arena_alloc (self->arena, partitions * sizeof *list);
    tt_status status = tt_journal_stands (self->store, TT_JOURNAL_EVENTS, stands, error);
    if (status == TT_OK)
        status = await_copies (self, stands, partitions, error);
    if (status != TT_OK)
        return status;
    for (uint32_t p = 0; p < partitions; p++) {
        list[p] = &items[p];
        fill_head (self, &stands[p], &items[p]);
        items[p].head_id = id_of (self, &stands[p].last);
    }
    Techtransfer__V1__GetHeadsReply reply = TECHTRANSFER__V1__GET_HEADS_REPLY__INIT;
    reply.partitions = list;
    reply.n_partitions = reply.partition_count = partitions;
    size_t size = techtransfer__v1__get_heads_reply__get_packed_size (&reply);
    techtransfer__v1__get_heads_reply__pack (&reply, tt_buffer_reserve (&self->reply, size));
    self->reply.size += size;
    return TT_OK;
}

/* -- what is asked for -- */

static tt_status
check_replay (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, tt_error *error)
{
    if (request->partition >= self->options.store->partitions)
        return tt_fail (error, TT_INVALID_ARGUMENT, "partition: %u is not from 0 to %u", request->partition, self->options.store->partitions - 1);
    if (request->from_sequence == 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "from_sequence: sequences begin at 1");
    if (request->limit > LIMIT_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "limit: %u is more than %u", request->limit, LIMIT_MAX);
    if (request->n_filters > FILTERS_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "filters: %zu, at most %d are allowed", request->n_filters, FILTERS_MAX);
    for (size_t i = 0; i < request->n_filters; i++)
        if (!tt_filter_valid (tt_bytes_of_text (request->filters[i])))
            return tt_fail (error, TT_INVALID_ARGUMENT, "filters[%zu]: a filter is empty or a path that ends in \"/\"", i);
    return TT_OK;
}

static bool
wanted (const Techtransfer__V1__ReplayRequest *request, tt_bytes topic)
{
    for (size_t i = 0; i < request->n_filters; i++)
        if (tt_topic_matches (tt_bytes_of_text (request->filters[i]), topic))
            return true;
    return request->n_filters == 0;
}

static size_t
page_bytes (const tt_replay *self)
{
    bool over = self->options.memory_over && atomic_load_explicit (self->options.memory_over, memory_order_relaxed);
    return over ? REPLY_BYTES_SMALL : REPLY_BYTES_MAX;
}

/* Adds entries with their place in the journal; the first one may be the one before the page, read only for its id. Returns the next
 * sequence to ask for; *id is that of the last entry looked at. */
static uint64_t
add_events (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, const tt_entry *entries, size_t count, const char **id)
{
    uint64_t next = request->from_sequence;
    const char *previous = "";
    tt_buffer header = { 0 };
    size_t room = page_bytes (self);
    for (size_t i = 0; i < count && self->reply.size < room; i++) {
        const tt_entry *entry = &entries[i];
        char *own = id_of (self, entry);
        if (entry->sequence >= request->from_sequence && wanted (request, entry->topic)) {
            tt_event_header position = { .stream = tt_bytes_of_text (self->options.store->service),
                                         .partition = entry->partition,
                                         .sequence = entry->sequence,
                                         .previous_id = tt_bytes_of_text (previous),
                                         .epoch = entry->epoch };
            tt_buffer_clear (&header);
            tt_buffer_append (&header, entry->header.data, entry->header.size);
            tt_event_header_patch (&position, &header);
            tt_replay_event_append (&self->reply, entry->topic, (tt_bytes){ header.data, header.size }, entry->body);
            tt_count (self->counters, EVENTS, 0);
        }
        previous = own;
        next = entry->sequence + 1;
    }
    tt_buffer_free (&header);
    *id = previous;
    return next;
}

/* -- is what the caller has seen still there? -- */

static tt_status
lost (uint32_t partition, uint64_t first, uint64_t last, const char *why, tt_error *error)
{
    return tt_fail (error, TT_DATA_LOSS, "partition %u: sequences %llu to %llu were lost: %s", partition, (unsigned long long) first,
                    (unsigned long long) last, why);
}

/* What the id of the event before the page says: it proves everything before it, whatever epochs are remembered. */
typedef enum { ID_UNKNOWN, ID_SAME, ID_ANOTHER } id_verdict;

static id_verdict
compare_id (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, const tt_entry *entries, size_t count)
{
    if (request->after_id[0] == '\0' || count == 0 || entries[0].sequence + 1 != request->from_sequence)
        return ID_UNKNOWN;
    return strcmp (id_of (self, &entries[0]), request->after_id) == 0 ? ID_SAME : ID_ANOTHER;
}

/* Epochs say exactly what was lost. The id is the second net: for callers without an epoch, and for a server that lost its data and came back as
 * itself. */
static tt_status
judge (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, const tt_stand *stand, const tt_entry *entries, size_t count,
       tt_error *error)
{
    uint64_t seen = request->from_sequence - 1;
    id_verdict verdict = compare_id (self, request, entries, count);
    if (verdict == ID_SAME || seen == 0)
        return TT_OK;
    tt_lineage held = { 0 };
    tt_lineage_begin (&held, 1, tt_bytes_of_text (request->epoch));
    uint64_t common = tt_lineage_common (&held, seen, stand->epochs, stand->epoch_count, stand->head);
    tt_lineage_free (&held);
    if (common < seen)
        return lost (request->partition, common + 1, seen,
                     common ? "the journal went on without them" : "the journal's history has nothing of this epoch", error);
    if (verdict == ID_ANOTHER)
        return lost (request->partition, seen, seen, "another event is there now, and it is not known what else was rewritten before it", error);
    return TT_OK;
}

static tt_status
check_kept (const Techtransfer__V1__ReplayRequest *request, const tt_stand *stand, size_t count, tt_error *error)
{
    if (count > 0 || request->from_sequence > stand->head)
        return TT_OK;
    return tt_fail (error, TT_OUT_OF_RANGE, "sequence %llu is no longer kept; the earliest is %llu", (unsigned long long) request->from_sequence,
                    (unsigned long long) stand->earliest);
}

/* -- a page -- */

/* A short request must not make Redis and this daemon load thousands of large entries that no page has room for: pages grow while they are
 * small, and shrink as soon as one is cut. Looks at what was read, also if a filter kept it out of the reply. */
static void
follow_size (tt_replay *self, const tt_entry *entries, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += entries[i].header.size + entries[i].body.size;
    if (bytes > REPLY_BYTES_MAX)
        self->read_limit = READ_MIN;
    else if (bytes < REPLY_BYTES_MAX / 2 && self->read_limit < LIMIT_MAX)
        self->read_limit *= 2;
}

struct page {
    tt_stand stand;
    const tt_entry *entries;
    size_t count;
};

static tt_status
read_page (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, struct page *page, tt_error *error)
{
    uint32_t limit = request->limit ? request->limit : LIMIT_DEFAULT;
    tt_status status = tt_journal_page (self->store, TT_JOURNAL_EVENTS, request->partition, request->from_sequence,
                                        limit < self->read_limit ? limit : self->read_limit, &page->entries, &page->count, &page->stand, error);
    return status == TT_OK ? judge (self, request, &page->stand, page->entries, page->count, error) : status;
}

/* A server that was a master, and does not know that it is none any more, would find what others have seen since unknown. So a loss is told only over
 * connections to the masters of now: made after the question came, or at most RECONNECT_EVERY_US before, since anybody may ask as often as it likes. */
static tt_status
read_page_surely (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, struct page *page, tt_error *error)
{
    tt_status status = read_page (self, request, page, error);
    if (status != TT_DATA_LOSS)
        return status;
    int64_t now_us = tt_clock_monotonic_us ();
    if (self->reconnected_us && now_us - self->reconnected_us < RECONNECT_EVERY_US)
        return status;
    self->reconnected_us = now_us;
    tt_store_reconnect (self->store);
    return read_page (self, request, page, error);
}

static tt_status
replay (tt_replay *self, const Techtransfer__V1__ReplayRequest *request, tt_error *error)
{
    struct page page = { .count = 0 };
    tt_status status = check_replay (self, request, error);
    if (status == TT_OK)
        status = read_page_surely (self, request, &page, error);
    if (status == TT_OK)
        status = check_kept (request, &page.stand, page.count, error);
    if (status == TT_OK)
        status = await_copies (self, &page.stand, 1, error);
    if (status != TT_OK)
        return status;
    while (page.count > 0 && page.entries[page.count - 1].sequence > page.stand.head)
        page.count--;
    Techtransfer__V1__PartitionHead head;
    fill_head (self, &page.stand, &head);
    const char *id;
    Techtransfer__V1__ReplayReply tail = TECHTRANSFER__V1__REPLAY_REPLY__INIT;
    tail.next_sequence = add_events (self, request, page.entries, page.count, &id);
    follow_size (self, page.entries, page.count);
    if (tail.next_sequence == head.head + 1)
        head.head_id = (char *) id;
    tail.head = &head;
    size_t size = techtransfer__v1__replay_reply__get_packed_size (&tail);
    techtransfer__v1__replay_reply__pack (&tail, tt_buffer_reserve (&self->reply, size));
    self->reply.size += size;
    return TT_OK;
}

/* -- the thread -- */

static tt_status
answer (tt_replay *self, tt_request *request, tt_error *error)
{
    tt_status status = tt_request_check (request, tt_clock_unix_ms (), UINT32_MAX, BODY_MAX, error);
    if (status == TT_OK)
        status = tt_store_prepare (self->store, error);
    if (status != TT_OK)
        return status;
    tt_bytes method = request->header.method;
    if (tt_bytes_equal (method, tt_bytes_of_text (HEADS_METHOD)))
        return get_heads (self, error);
    if (!tt_bytes_equal (method, tt_bytes_of_text (REPLAY_METHOD)))
        return tt_fail (error, TT_UNIMPLEMENTED, "method %.*s is not known here", (int) method.size, (const char *) method.data);
    const ProtobufCMessage *body = tt_unpack_in (self->arena, &techtransfer__v1__replay_request__descriptor, tt_request_body (request));
    tt_violations violations = { .count = 0 };
    bool valid = body && tt_validate_utf8 (body, &violations);
    tt_violations_free (&violations);
    if (!valid)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the body is no techtransfer.v1.ReplayRequest");
    return replay (self, (const Techtransfer__V1__ReplayRequest *) body, error);
}

static void
serve_one (tt_replay *self, tt_request *request)
{
    tt_error error = { 0 };
    tt_buffer_clear (&self->reply);
    tt_status status = answer (self, request, &error);
    void *router = zsock_resolve (self->router);
    if (status == TT_OK) {
        tt_reply_header header = { .code = TT_OK };
        tt_request_reply (router, request, &header, (tt_bytes){ self->reply.data, self->reply.size });
    } else {
        tt_count (self->counters, REFUSED, 0);
        tt_request_refuse (router, request, status, error.message, status == TT_UNAVAILABLE ? 100 : 0);
    }
    tt_request_free (request);
    tt_arena_reset (self->arena);
}

/* What has arrived, up to a bound, to where it waits for its turn. */
static void
take_in (tt_replay *self)
{
    void *router = zsock_resolve (self->router);
    tt_request *request;
    for (int n = 0; n < 64 && (request = tt_request_receive (router)); n++) {
        size_t displaced = tt_request_wait (request, self->queue, router, RETRY_AFTER_MS);
        tt_count (self->counters, REQUESTS, 0);
        tt_count_add (self->counters, REFUSED, 0, (int64_t) displaced);
        tt_count_add (self->counters, DISPLACED, 0, (int64_t) displaced);
    }
    tt_count_set (self->counters, QUEUED, 0, (int64_t) tt_fair_queue_count (self->queue));
}

static void
run (zsock_t *pipe, void *arguments)
{
    tt_replay *self = arguments;
    self->arena = tt_arena_new (1 << 18);
    zsock_signal (pipe, 0);
    zmq_pollitem_t items[] = { { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 }, { zsock_resolve (self->router), 0, ZMQ_POLLIN, 0 } };
    while (zmq_poll (items, 2, tt_fair_queue_count (self->queue) ? 0 : -1) >= 0 || zmq_errno () == EINTR) {
        if (items[0].revents & ZMQ_POLLIN)
            break; /* the only word that comes is $TERM */
        take_in (self);
        tt_request *request = tt_request_next (self->queue);
        if (request)
            serve_one (self, request);
    }
    for (tt_request *request; (request = tt_request_next (self->queue));)
        tt_request_free (request); /* it is asked again elsewhere */
    tt_arena_destroy (&self->arena);
}

tt_status
tt_replay_open (tt_replay **out, const tt_replay_options *options, tt_error *error)
{
    *out = NULL;
    tt_replay *self = tt_alloc_zero (1, sizeof *self);
    self->options = *options;
    self->read_limit = READ_MIN;
    tt_status status = tt_store_open (&self->store, options->store, error);
    if (status == TT_OK && options->store->replicas > 0)
        status = tt_store_open (&self->confirmer, options->store, error);
    if (status == TT_OK) {
        self->router = zsock_new (ZMQ_ROUTER);
        zsock_set_rcvhwm (self->router, REQUESTS_HWM);
        zsock_set_sndhwm (self->router, REQUESTS_HWM);
        zsock_set_linger (self->router, 500);
        zsock_set_maxmsgsize (self->router, 2 * BODY_MAX);
        self->peers = tt_peers_new (self->router);
        status = tt_bind (self->router, options->endpoint, self->endpoint, error);
    }
    if (status != TT_OK) {
        tt_replay_close (&self);
        return status;
    }
    self->queue = tt_fair_queue_new (QUEUE_COUNT, QUEUE_BYTES, 2 * BODY_MAX);
    self->counters = tt_counters_register (options->counters, rows, sizeof rows / sizeof *rows);
    self->thread = zactor_new (run, self);
    *out = self;
    return TT_OK;
}

void
tt_replay_close (tt_replay **reference)
{
    tt_replay *self = *reference;
    if (self == NULL)
        return;
    zactor_destroy (&self->thread);
    tt_peers_destroy (&self->peers);
    tt_fair_queue_destroy (&self->queue);
    zsock_destroy (&self->router);
    tt_store_close (&self->store);
    tt_store_close (&self->confirmer);
    tt_buffer_free (&self->reply);
    free (self);
    *reference = NULL;
}

const char *
tt_replay_endpoint (const tt_replay *self)
{
    return self->endpoint;
}

size_t
tt_replay_relieve (tt_replay *self, tt_buffer *names)
{
    return tt_peers_cut (self->peers, TT_PEERS_SLOWEST, names);
}

size_t
tt_replay_connections (tt_replay *self)
{
    return tt_peers_count (self->peers);
}
