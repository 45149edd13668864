/* Publishers: each replica follows the journal and sends what is new; heartbeats; what happens when its Redis is another one. */
#include <string.h>

#include "state.h"

void
queue_push (state *s, message m)
{
    s->queue[s->queue_count++] = m;
}

void
publisher_cut (daemon *d)
{
    if (d->publisher == PUBLISHER_UP)
        d->publisher = PUBLISHER_CUT;
}

/* Another name than any that the subscriber could still compare it with. */
static uint8_t
fresh_instance (const state *s)
{
    for (uint8_t name = 1;; name++) {
        bool used = s->reader.instance == name;
        for (int r = 0; r < REPLICAS; r++)
            used |= s->daemons[r].instance == name;
        for (int i = 0; i < s->queue_count; i++)
            used |= s->queue[i].instance == name;
        if (!used)
            return name;
    }
}

static uint8_t
present_epoch (const partition *p)
{
    return p->epochs.count ? p->epochs.line[p->epochs.count - 1].name : 0;
}

/* Begins at the present head. */
static void
start_at_head (const model *m, state *s, uint8_t r)
{
    daemon *d = &s->daemons[r];
    const partition *p = store_view (s, r);
    d->position = store_watermark (m, s, r);
    d->position_uid = d->position ? p->journal[d->position - 1].uid : 0;
    d->position_epoch = present_epoch (p);
}

/* The former master is gone, or says that it is none. */
static void
notice (walk *w, uint8_t r)
{
    if (!w->from->daemons[r].stale)
        return;
    state *s = walk_begin (w);
    s->daemons[r].stale = 0;
    publisher_cut (&s->daemons[r]);
    walk_end (w, DO_NOTICE, r, 0, false);
}

/* A new connection to Redis: is what was sent still in its history? */
static void
follow (walk *w, uint8_t r)
{
    const daemon *from = &w->from->daemons[r];
    if (!from->up || from->publisher == PUBLISHER_UP)
        return;
    state *s = walk_begin (w);
    daemon *d = &s->daemons[r];
    chain held = { 0 };
    if (d->position_epoch) {
        held.count = 1;
        held.line[0].name = d->position_epoch;
        held.line[0].first = 1;
    }
    bool again = from->publisher == PUBLISHER_CUT;
    bool lost = again && store_judge (w->model, &s->master, d->position, d->position_uid, &held) != 0;
    if (!again || lost)
        start_at_head (w->model, s, r);
    if (!again || (lost && w->model->without != SAME_INSTANCE))
        d->instance = fresh_instance (s);
    d->publisher = PUBLISHER_UP;
    walk_end (w, DO_FOLLOW, r, lost, false);
}

static void
publish (walk *w, uint8_t r)
{
    const daemon *from = &w->from->daemons[r];
    if (from->publisher != PUBLISHER_UP || from->position >= store_watermark (w->model, w->from, r))
        return;
    bool heard = w->from->reader.connected == r + 1;
    for (int drop = 0; drop <= heard; drop++) {
        if (drop ? w->from->losses == 0 : heard && w->from->queue_count == QUEUE)
            continue;
        state *s = walk_begin (w);
        daemon *d = &s->daemons[r];
        entry e = store_view (s, r)->journal[d->position];
        message m = { MESSAGE_EVENT, (uint8_t)(d->position + 1), e.uid, d->position_uid, e.epoch, 0 };
        d->position++;
        d->position_uid = e.uid;
        d->position_epoch = e.epoch;
        s->losses = (uint8_t)(s->losses - drop);
        if (heard && !drop)
            queue_push (s, m);
        walk_end (w, drop ? DO_DROP : DO_PUBLISH, r, d->position, drop);
    }
}

/* Only when nothing waits before it: sent earlier, it would say less. */
static void
heartbeat (walk *w, uint8_t r)
{
    const daemon *from = &w->from->daemons[r];
    if (from->publisher != PUBLISHER_UP || w->from->reader.connected != r + 1 || w->from->queue_count
        || w->model->without == NO_HEARTBEAT)
        return;
    state *s = walk_begin (w);
    queue_push (s, (message){ MESSAGE_HEARTBEAT, from->position, from->position_uid, 0, from->position_epoch, from->instance });
    walk_end (w, DO_HEARTBEAT, r, from->position, false);
}

void
walk_publishers (walk *w)
{
    for (uint8_t r = 0; r < w->model->scenario->replicas && w->model->scenario->reading; r++) {
        notice (w, r);
        follow (w, r);
        publish (w, r);
        heartbeat (w, r);
    }
}
