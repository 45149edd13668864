#include "unit/bus/fake_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "envelope.pb-c.h"
#include "wire/envelope.h"
#include "wire/topic.h"

static void
bind_free (void *socket, char *out, size_t size)
{
    int zero = 0;
    zmq_setsockopt (socket, ZMQ_LINGER, &zero, sizeof zero);
    if (zmq_bind (socket, "tcp://127.0.0.1:*") != 0)
        abort ();
    zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, out, &size);
}

static void
begin_epoch (fake_journal *j, const char *epoch, uint64_t first)
{
    while (j->epoch_count > 0 && j->epochs[j->epoch_count - 1].first >= first)
        j->epoch_count--;
    snprintf (j->epoch, sizeof j->epoch, "%s", epoch);
    snprintf (j->epochs[j->epoch_count].epoch, sizeof j->epochs[0].epoch, "%s", epoch);
    j->epochs[j->epoch_count++].first = first;
}

void
fake_open (fake_stream *fake)
{
    memset (fake, 0, sizeof *fake);
    fake->context = zmq_ctx_new ();
    fake->xpub = zmq_socket (fake->context, ZMQ_XPUB);
    fake->router = zmq_socket (fake->context, ZMQ_ROUTER);
    const char *welcome = "heartbeat/patent/welcome";
    zmq_setsockopt (fake->xpub, ZMQ_XPUB_WELCOME_MSG, welcome, strlen (welcome));
    bind_free (fake->xpub, fake->events_at, sizeof fake->events_at);
    bind_free (fake->router, fake->replay_at, sizeof fake->replay_at);
    for (int p = 0; p < FAKE_PARTITIONS; p++) {
        fake->journals[p].earliest = 1;
        begin_epoch (&fake->journals[p], "one", 1);
    }
}

void
fake_close (fake_stream *fake)
{
    zmq_close (fake->xpub);
    zmq_close (fake->router);
    zmq_ctx_term (fake->context);
}

void
fake_append (fake_stream *fake, uint32_t partition, const char *topic)
{
    fake_journal *j = &fake->journals[partition];
    fake_event *e = &j->events[++j->head];
    snprintf (e->topic, sizeof e->topic, "%s", topic);
    memcpy (e->epoch, j->epoch, sizeof e->epoch);
    char id[64];
    snprintf (id, sizeof id, "%.15s.%u.%" PRIu64, j->epoch, partition, j->head);
    memcpy (e->id, id, sizeof e->id);
}

static void
encode_header (const fake_stream *fake, uint32_t partition, uint64_t sequence, tt_buffer *out)
{
    const fake_journal *j = &fake->journals[partition];
    tt_event_header header = {
        .id = tt_bytes_of_text (j->events[sequence].id),
        .source = tt_bytes_of_text ("techtransfer/patent"),
        .type = tt_bytes_of_text ("techtransfer.patent.v1.PatentPublished"),
        .subject = tt_bytes_of_text ("CN.1.A"),
        .time = tt_bytes_of_text ("2026-01-31T23:59:59.123Z"),
        .stream = tt_bytes_of_text ("patent"),
        .partition = partition,
        .sequence = sequence,
        .previous_id = tt_bytes_of_text (sequence > 1 ? j->events[sequence - 1].id : ""),
        .epoch = tt_bytes_of_text (j->events[sequence].epoch),
    };
    tt_event_header_encode (&header, out);
}

void
fake_send (fake_stream *fake, uint32_t partition, uint64_t sequence, bool lost)
{
    fake_event *e = &fake->journals[partition].events[sequence];
    for (int i = 0; i < fake->filter_count; i++) {
        fake_filter *f = &fake->filters[i];
        if (strncmp (e->topic, f->text, strlen (f->text)) == 0) {
            f->last[partition] = sequence;
            f->count[partition]++;
        }
    }
    if (lost)
        return;
    tt_buffer header = { 0 };
    encode_header (fake, partition, sequence, &header);
    zmq_send (fake->xpub, e->topic, strlen (e->topic), ZMQ_SNDMORE);
    zmq_send (fake->xpub, header.data, header.size, ZMQ_SNDMORE);
    zmq_send (fake->xpub, "body", 4, 0);
    tt_buffer_free (&header);
}

void
fake_publish (fake_stream *fake, uint32_t partition, const char *topic)
{
    fake_append (fake, partition, topic);
    fake_send (fake, partition, fake->journals[partition].head, false);
}

static void
fill_head (const fake_stream *fake, uint32_t p, Techtransfer__V1__PartitionHead *head)
{
    const fake_journal *j = &fake->journals[p];
    techtransfer__v1__partition_head__init (head);
    head->partition = p;
    head->head = j->head;
    head->earliest = j->head ? j->earliest : 0;
    head->head_id = (char *)(j->head ? j->events[j->head].id : "");
    head->epoch = (char *)(j->head ? j->events[j->head].epoch : "");
}

typedef struct {
    Techtransfer__V1__JournalEpoch items[FAKE_MAX_EPOCHS], *list[FAKE_MAX_EPOCHS];
} epoch_room;

static void
fill_epochs (const fake_journal *j, Techtransfer__V1__PartitionHead *head, epoch_room *room)
{
    for (size_t i = 0; i < j->epoch_count; i++) {
        techtransfer__v1__journal_epoch__init (&room->items[i]);
        room->items[i].epoch = (char *)j->epochs[i].epoch;
        room->items[i].first_sequence = j->epochs[i].first;
        room->list[i] = &room->items[i];
    }
    head->epochs = room->list;
    head->n_epochs = j->epoch_count;
}

/* As PROTOCOL.md 4.2 says it, step by step. */
static bool
has_seen_other (const fake_journal *j, const Techtransfer__V1__ReplayRequest *request)
{
    uint64_t seen = request->from_sequence - 1, end = j->head;
    if (seen == 0)
        return false;
    bool kept = seen >= j->earliest && seen <= j->head, known = request->epoch[0] == '\0';
    if (kept && request->after_id[0])
        return strcmp (j->events[seen].id, request->after_id) != 0;
    for (size_t i = 0; request->epoch[0] && i < j->epoch_count; i++)
        if (strcmp (j->epochs[i].epoch, request->epoch) == 0) {
            known = true;
            end = i + 1 < j->epoch_count ? j->epochs[i + 1].first - 1 : j->head;
        }
    return !known || seen > end;
}

static void
send_beat (fake_stream *fake, const char *topic, const fake_filter *filter)
{
    Techtransfer__V1__Heartbeat beat = TECHTRANSFER__V1__HEARTBEAT__INIT;
    Techtransfer__V1__PartitionHead heads[FAKE_PARTITIONS], *list[FAKE_PARTITIONS];
    for (uint32_t p = 0; p < FAKE_PARTITIONS; p++) {
        list[p] = &heads[p];
        fill_head (fake, p, &heads[p]);
        heads[p].last_match = filter ? filter->last[p] : 0;
        heads[p].match_count = filter ? filter->count[p] : 0;
    }
    beat.stream = (char *)"patent";
    beat.instance = fake->events_at;
    beat.filter = (char *)(filter ? filter->text : "");
    beat.n_partitions = beat.partition_count = FAKE_PARTITIONS;
    beat.partitions = list;
    beat.number = ++fake->beats;
    uint8_t packed[1024];
    size_t size = techtransfer__v1__heartbeat__pack (&beat, packed);
    zmq_send (fake->xpub, topic, strlen (topic), ZMQ_SNDMORE);
    zmq_send (fake->xpub, "", 0, ZMQ_SNDMORE);
    zmq_send (fake->xpub, packed, size, 0);
}

void
fake_beat (fake_stream *fake)
{
    send_beat (fake, "heartbeat/patent/", NULL);
    for (int i = 0; i < fake->filter_count; i++)
        send_beat (fake, fake->filters[i].text, &fake->filters[i]);
}

static void
take_subscription (fake_stream *fake)
{
    char bytes[64] = { 0 };
    while (zmq_recv (fake->xpub, bytes, sizeof bytes - 1, ZMQ_DONTWAIT) > 0) {
        bool heartbeat = strncmp (bytes + 1, "heartbeat/", 10) == 0;
        if (bytes[0] == 1 && !heartbeat && fake->filter_count < FAKE_MAX_FILTERS)
            strcpy (fake->filters[fake->filter_count++].text, bytes + 1);
        memset (bytes, 0, sizeof bytes);
    }
}

static bool
wanted (const Techtransfer__V1__ReplayRequest *request, const char *topic)
{
    for (size_t i = 0; i < request->n_filters; i++)
        if (strncmp (topic, request->filters[i], strlen (request->filters[i])) == 0)
            return true;
    return request->n_filters == 0;
}

static tt_status
answer_replay (fake_stream *fake, tt_bytes body, tt_buffer *out)
{
    Techtransfer__V1__ReplayRequest *request = techtransfer__v1__replay_request__unpack (NULL, body.size, body.data);
    fake_journal *j = &fake->journals[request->partition];
    uint64_t from = request->from_sequence, at = from;
    tt_status status = has_seen_other (j, request) ? TT_DATA_LOSS : from < j->earliest ? TT_OUT_OF_RANGE : TT_OK;
    uint32_t limit = fake->page ? fake->page : 500;
    for (; status == TT_OK && at <= j->head && at < from + limit; at++) {
        tt_buffer header = { 0 };
        encode_header (fake, request->partition, at, &header);
        if (wanted (request, j->events[at].topic))
            tt_replay_event_append (out, tt_bytes_of_text (j->events[at].topic), (tt_bytes){ header.data, header.size },
                                    tt_bytes_of_text ("body"));
        tt_buffer_free (&header);
    }
    Techtransfer__V1__ReplayReply reply = TECHTRANSFER__V1__REPLAY_REPLY__INIT;
    Techtransfer__V1__PartitionHead head;
    epoch_room room;
    fill_head (fake, request->partition, &head);
    fill_epochs (j, &head, &room);
    reply.next_sequence = at;
    reply.head = &head;
    uint8_t packed[512];
    tt_buffer_append (out, packed, techtransfer__v1__replay_reply__pack (&reply, packed));
    techtransfer__v1__replay_request__free_unpacked (request, NULL);
    return status;
}

static void
answer_heads (fake_stream *fake, tt_buffer *out)
{
    Techtransfer__V1__GetHeadsReply reply = TECHTRANSFER__V1__GET_HEADS_REPLY__INIT;
    Techtransfer__V1__PartitionHead heads[FAKE_PARTITIONS], *list[FAKE_PARTITIONS];
    epoch_room rooms[FAKE_PARTITIONS];
    for (uint32_t p = 0; p < FAKE_PARTITIONS; p++) {
        list[p] = &heads[p];
        fill_head (fake, p, &heads[p]);
        fill_epochs (&fake->journals[p], &heads[p], &rooms[p]);
    }
    reply.n_partitions = reply.partition_count = FAKE_PARTITIONS;
    reply.partitions = list;
    uint8_t packed[1024];
    tt_buffer_append (out, packed, techtransfer__v1__get_heads_reply__pack (&reply, packed));
}

static void
answer (fake_stream *fake, const uint8_t *who, size_t who_size, tt_bytes header, tt_bytes body)
{
    tt_request_header request;
    if (tt_request_header_decode (header, &request, NULL) != TT_OK)
        abort ();
    tt_buffer out = { 0 }, reply_header = { 0 };
    bool replay = tt_bytes_equal (request.method, tt_bytes_of_text ("techtransfer.v1.Journal/Replay"));
    tt_reply_header reply = { .request_id = request.request_id };
    if (replay)
        reply.code = answer_replay (fake, body, &out);
    else
        answer_heads (fake, &out);
    tt_reply_header_encode (&reply, &reply_header);
    zmq_send (fake->router, who, who_size, ZMQ_SNDMORE);
    zmq_send (fake->router, reply_header.data, reply_header.size, ZMQ_SNDMORE);
    zmq_send (fake->router, out.data, reply.code == TT_OK ? out.size : 0, 0);
    tt_buffer_free (&out);
    tt_buffer_free (&reply_header);
    fake->requests++;
}

void
fake_step (fake_stream *fake)
{
    take_subscription (fake);
    uint8_t who[256], header[512], body[512];
    int a, b, c;
    while ((a = zmq_recv (fake->router, who, sizeof who, ZMQ_DONTWAIT)) >= 0) {
        b = zmq_recv (fake->router, header, sizeof header, 0);
        c = zmq_recv (fake->router, body, sizeof body, 0);
        if (!fake->mute)
            answer (fake, who, (size_t)a, (tt_bytes){ header, (size_t)b }, (tt_bytes){ body, (size_t)c });
    }
}

void
fake_rewrite (fake_stream *fake, uint32_t partition, uint64_t first, uint64_t head, const char *epoch)
{
    fake_journal *j = &fake->journals[partition];
    begin_epoch (j, epoch, first);
    j->head = first - 1;
    while (j->head < head)
        fake_append (fake, partition, "patent/new/");
}

void
fake_forget_epochs (fake_stream *fake, uint32_t partition, size_t n)
{
    fake_journal *j = &fake->journals[partition];
    j->epoch_count -= n;
    memmove (j->epochs, j->epochs + n, j->epoch_count * sizeof *j->epochs);
}
