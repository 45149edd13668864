#include "bus/subscriber_inner.h"

#include <string.h>

#define ASK_PAUSE_US 20000 /* after a refusal that names no time */

static void
ask_events (tt_subscriber *s, uint32_t partition, uint64_t from, const char *after_id, int64_t now_us)
{
    tt_replay_query query = {
        .partition = partition,
        .from = from,
        .after_id = after_id,
        .epoch = tt_tracker_epoch_at (s->parts.tracker, partition, from - 1),
        .filters = (const char *const *)s->filters,
        .filter_count = s->parts.dense ? 0 : s->filter_count,
    };
    if (tt_replay_ask_events (&s->replay, &query, now_us))
        tt_parts_clear_repeat (&s->parts, partition);
    else
        s->ask_us = now_us + ASK_PAUSE_US;
}

void
tt_subscriber_ask (tt_subscriber *s, int64_t now_us)
{
    if (s->replay.asked != TT_REPLAY_NOTHING || now_us < s->ask_us)
        return;
    if (s->want_heads) {
        if (!tt_replay_ask_heads (&s->replay, now_us))
            s->ask_us = now_us + ASK_PAUSE_US;
        return;
    }
    if (s->batch.open && s->batch.next_sequence <= s->batch.head.head) {
        uint64_t last = 0;
        tt_bytes id = TT_BYTES_NONE;
        bool known = tt_replay_batch_last (&s->batch, &last, &id) && last + 1 == s->batch.next_sequence;
        char *after = tt_strndup (known ? (const char *)id.data : "", known ? id.size : 0);
        ask_events (s, s->batch.partition, s->batch.next_sequence, after, now_us);
        free (after);
        return;
    }
    for (uint32_t n = 0; n < s->parts.count; n++) {
        uint32_t i = (s->turn + n) % s->parts.count;
        bool in_hand = s->batch.open && s->batch.partition == i;
        if (!in_hand && tt_parts_needs_replay (&s->parts, i)) {
            s->turn = (i + 1) % s->parts.count;
            ask_events (s, i, tt_tracker_next (s->parts.tracker, i), tt_tracker_last_id (s->parts.tracker, i), now_us);
            return;
        }
    }
}

/* For the caller to know, once; asked again only after a while, since it would be answered the same. */
static void
refuse (tt_subscriber *s, tt_status code, const char *message, int64_t now_us)
{
    s->refusal = code;
    snprintf (s->refusal_text, sizeof s->refusal_text, "%.240s", message);
    s->ask_us = now_us + s->silence_us;
}

static void
take_heads (tt_subscriber *s, tt_bytes body, int64_t now_us)
{
    Techtransfer__V1__GetHeadsReply *heads = techtransfer__v1__get_heads_reply__unpack (NULL, body.size, body.data);
    bool first = s->parts.count == 0;
    s->want_heads = heads == NULL
                    || !(first ? tt_parts_begin (&s->parts, heads, s->from, s->from_count, s->live_only)
                               : tt_parts_take_heads (&s->parts, heads));
    if (s->want_heads)
        refuse (s, TT_INTERNAL, "the heads of the partitions cannot be read, or their number changed", now_us);
    else if (!first)
        s->ask_us = now_us + ASK_PAUSE_US;
    if (heads)
        techtransfer__v1__get_heads_reply__free_unpacked (heads, NULL);
}

static void
take_refusal (tt_subscriber *s, const tt_replay_reply *reply, int64_t now_us)
{
    s->ask_us = now_us + (reply->retry_after_ms ? (int64_t)reply->retry_after_ms * 1000 : ASK_PAUSE_US);
    switch (reply->code) {
    case TT_DATA_LOSS: /* the event before is another one there, or the journal ends before it: the heads tell */
    case TT_OUT_OF_RANGE:
        if (reply->kind == TT_REPLAY_EVENTS)
            tt_parts_doubt_range (&s->parts, reply->partition, reply->from, reply->code);
        s->want_heads = true;
        s->ask_us = now_us;
        break;
    case TT_UNAVAILABLE:
    case TT_RESOURCE_EXHAUSTED:
    case TT_ABORTED:
    case TT_DEADLINE_EXCEEDED:
        break;
    default:
        refuse (s, reply->code, reply->message, now_us);
    }
}

/* An answer to a question that was overtaken (another position by now) is dropped: it is asked again. */
static void
take_batch (tt_subscriber *s, tt_replay_reply *reply, int64_t now_us)
{
    uint32_t partition = reply->partition;
    if (partition >= s->parts.count || !tt_parts_needs_replay (&s->parts, partition)
        || tt_tracker_next (s->parts.tracker, partition) != reply->from)
        return;
    if (tt_replay_batch_open (&s->batch, &reply->body, partition) != TT_OK)
        refuse (s, TT_INTERNAL, "a reply cannot be read", now_us);
    else if (!tt_parts_judge (&s->parts, &s->batch))
        tt_replay_batch_close (&s->batch); /* it is asked for again from where what was seen ends */
}

bool
tt_subscriber_take_reply (tt_subscriber *s, int64_t now_us)
{
    tt_replay_reply reply = { 0 };
    zmq_msg_init (&reply.body);
    bool got = !s->batch.open && tt_replay_receive (&s->replay, &reply);
    if (got)
        tt_subscriber_alive (s, now_us);
    if (got && reply.code != TT_OK)
        take_refusal (s, &reply, now_us);
    else if (got && reply.kind == TT_REPLAY_HEADS)
        take_heads (s, (tt_bytes){ zmq_msg_data (&reply.body), zmq_msg_size (&reply.body) }, now_us);
    else if (got)
        take_batch (s, &reply, now_us);
    zmq_msg_close (&reply.body);
    return got;
}
