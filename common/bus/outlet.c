#include "bus/outlet.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define LOOKS 5     /* a millisecond apart: who has unsent bytes at each of them does not read */
#define WAIT_MS 100 /* for our own sending */
#define REVIEW_US 1000000

struct tt_outlet {
    zsock_t *xpub;
    tt_peers *peers;
    tt_counter_set *counters;
    uint32_t high_water_mark;
    uint64_t sent;
    /* A queue that was found full must half empty before it can be found full again: in a window of half the mark each slow
     * subscriber can account for one such finding, and what is above that is another's. */
    uint64_t window_began;
    size_t found_full;
    size_t slow;        /* subscribers known to be */
    bool behind;        /* told that our own sending is */
    uint64_t waited_at; /* `sent` when it was last waited for */
    int64_t next_review_us;
};

enum { SUBSCRIBERS, SLOW, EPISODES, FULL, WHILE_SLOW, WAITS, CUT };
static const tt_metric_row rows[] = {
    { .name = "subscribers", .help = "Connections to the publisher socket.", .kind = TT_METRIC_GAUGE },
    { .name = "subscribers_slow",
      .help = "Subscribers that are slow now: a queue was full and has not been emptied since.",
      .kind = TT_METRIC_GAUGE },
    { .name = "subscriber_slow_episodes_total", .help = "Times that a subscriber became slow.", .kind = TT_METRIC_COUNTER },
    { .name = "subscriber_queue_full_total",
      .help = "Events that met a full queue and were lost to its subscriber: the first of each run of losses.",
      .kind = TT_METRIC_COUNTER },
    { .name = "events_published_while_slow_total",
      .help = "Events and heartbeats sent while a subscriber was slow: at most so many were lost to at least one.",
      .kind = TT_METRIC_COUNTER },
    { .name = "publisher_waits_total", .help = "Events that waited for the daemon's own sending.", .kind = TT_METRIC_COUNTER },
    { .name = "subscribers_cut_total",
      .help = "Slow subscribers disconnected because memory was over its bound.",
      .kind = TT_METRIC_COUNTER },
};

static void
refuse_when_full (tt_outlet *self, bool refuse)
{
    zsock_set_xpub_nodrop (self->xpub, refuse);
}

tt_outlet *
tt_outlet_new (zsock_t *xpub, uint32_t high_water_mark, tt_counters *counters)
{
    tt_outlet *self = tt_alloc_zero (1, sizeof *self);
    self->xpub = xpub;
    self->high_water_mark = high_water_mark;
    self->peers = tt_peers_new (xpub);
    self->counters = tt_counters_register (counters, rows, sizeof rows / sizeof *rows);
    zsock_set_sndhwm (xpub, (int)high_water_mark);
    refuse_when_full (self, true);
    return self;
}

void
tt_outlet_destroy (tt_outlet **reference)
{
    if (*reference == NULL)
        return;
    tt_peers_destroy (&(*reference)->peers);
    free (*reference);
    *reference = NULL;
}

/* -- a full queue -- */

static void
pause_ms (void)
{
    nanosleep (&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static bool
send_topic (tt_outlet *self, tt_bytes topic)
{
    const void *data = topic.data ? (const void *)topic.data : "";
    return zmq_send (zsock_resolve (self->xpub), data, topic.size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
}

/* Marks and tells those who do not read. */
static void
begin_episodes (tt_outlet *self)
{
    tt_buffer names = { 0 };
    size_t begun = tt_peers_mark (self->peers, &names);
    self->slow += begun;
    tt_count_add (self->counters, EPISODES, 0, (int64_t)begun);
    tt_count_set (self->counters, SLOW, 0, (int64_t)self->slow);
    if (begun)
        tt_log (TT_LOG_WARNING, "slow subscriber", "peers", tt_buffer_cstr (&names), "effect",
                "events are lost to it alone; it finds out by the heartbeats and replays", NULL);
    tt_buffer_free (&names);
}

/* Nobody is to blame: our own sending is behind. */
static void
tell_behind (tt_outlet *self)
{
    if (!self->behind)
        tt_log (TT_LOG_WARNING, "sending is behind", "effect",
                "events are lost to some subscribers; they find out by the heartbeats and replay", NULL);
    self->behind = true;
}

/* Tries until there is room, or it is known who has none. True if the topic was sent. */
static bool
wait_for_room (tt_outlet *self, tt_bytes topic)
{
    tt_count (self->counters, WAITS, 0);
    self->waited_at = self->sent;
    size_t stuck = tt_peers_look (self->peers, true);
    for (int tries = 1; tries <= WAIT_MS; tries++) {
        pause_ms ();
        if (send_topic (self, topic))
            return true;
        if (tries < LOOKS)
            stuck = tt_peers_look (self->peers, false);
        else if (stuck)
            break;
    }
    if (stuck)
        begin_episodes (self);
    else
        tell_behind (self);
    return false;
}

/* By then at most the slow ones have no room: libzmq skips them until their queues are half empty. */
static bool
send_lossily (tt_outlet *self, tt_bytes topic)
{
    tt_count (self->counters, FULL, 0);
    refuse_when_full (self, false);
    bool sent = send_topic (self, topic);
    refuse_when_full (self, true);
    return sent;
}

static bool
overflow (tt_outlet *self, tt_bytes topic)
{
    if (self->sent - self->window_began >= self->high_water_mark / 2) {
        self->window_began = self->sent;
        self->found_full = 0;
    }
    if (++self->found_full > self->slow && wait_for_room (self, topic))
        return true;
    return send_lossily (self, topic);
}

void
tt_outlet_send (tt_outlet *self, tt_bytes topic, tt_bytes header, tt_bytes body)
{
    void *xpub = zsock_resolve (self->xpub);
    self->sent++;
    if (self->slow)
        tt_count (self->counters, WHILE_SLOW, 0);
    if (!send_topic (self, topic) && (zmq_errno () != EAGAIN || !overflow (self, topic)))
        return;
    if (zmq_send (xpub, header.data ? (const void *)header.data : "", header.size, ZMQ_SNDMORE) >= 0)
        zmq_send (xpub, body.data ? (const void *)body.data : "", body.size, 0);
}

/* -- the end of an episode -- */

void
tt_outlet_review (tt_outlet *self, int64_t now_us)
{
    if (now_us < self->next_review_us)
        return;
    self->next_review_us = now_us + REVIEW_US;
    tt_buffer caught_up = { 0 }, gone = { 0 };
    tt_count_set (self->counters, SUBSCRIBERS, 0, (int64_t)tt_peers_count (self->peers));
    self->slow = self->slow ? tt_peers_review (self->peers, &caught_up, &gone) : 0;
    tt_count_set (self->counters, SLOW, 0, (int64_t)self->slow);
    if (caught_up.size)
        tt_log (TT_LOG_INFO, "slow subscriber has caught up", "peers", tt_buffer_cstr (&caught_up), NULL);
    if (gone.size)
        tt_log (TT_LOG_INFO, "slow subscriber is gone", "peers", tt_buffer_cstr (&gone), NULL);
    if (self->behind && self->sent - self->waited_at > self->high_water_mark / 2)
        self->behind = false;
    tt_buffer_free (&caught_up);
    tt_buffer_free (&gone);
}

size_t
tt_outlet_relieve (tt_outlet *self, tt_buffer *names)
{
    size_t count = tt_peers_cut (self->peers, TT_PEERS_SLOWEST, names);
    tt_count_add (self->counters, CUT, 0, (int64_t)count);
    return count;
}
