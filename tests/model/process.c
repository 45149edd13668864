/* Processors: the journal shared by a consumer group; effects in the same partition, or in one on another server. */
#include <string.h>

#include "state.h"

static uint8_t *
effects (const model *m, state *s)
{
    return m->scenario->elsewhere ? s->effects_elsewhere : s->master.effect;
}

static void
begin_work (state *s, uint8_t r, uint8_t sequence)
{
    daemon *d = &s->daemons[r];
    s->master.owner[sequence - 1] = (uint8_t)(r + 1);
    d->work = PROCESSOR_TOOK;
    d->work_sequence = sequence;
    d->work_derived = s->derived;
    d->work_uid = s->master.journal[sequence - 1].uid;
}

static bool
is_in_hand (const state *s, uint8_t sequence)
{
    for (int r = 0; r < REPLICAS; r++)
        if (s->daemons[r].work && s->daemons[r].work_sequence == sequence)
            return true;
    return false;
}

/* A new entry, or one that was taken and not acknowledged: of a dead replica, or (a fault) of one that is only slow. */
static void
take (walk *w, uint8_t r)
{
    const partition *p = &w->from->master;
    if (!w->from->daemons[r].up || w->from->daemons[r].work)
        return;
    uint8_t limit = store_watermark (w->model, w->from, r);
    if (p->taken < limit) {
        state *s = walk_begin (w);
        begin_work (s, r, ++s->master.taken);
        walk_end (w, DO_TAKE, r, s->master.taken, false);
    }
    for (uint8_t n = 1; n <= limit && w->model->without != NO_CLAIM; n++) {
        bool slow = is_in_hand (w->from, n);
        if (p->owner[n - 1] == 0 || (slow && w->from->moves == 0))
            continue;
        state *s = walk_begin (w);
        s->moves = (uint8_t)(s->moves - slow);
        begin_work (s, r, n);
        walk_end (w, DO_CLAIM, r, n, slow);
    }
}

static void
apply (const model *m, state *s, uint8_t uid)
{
    uint8_t *done = &effects (m, s)[command_of (uid)];
    if (*done == 0 || (m->without == EFFECT_NOT_IDEMPOTENT && *done < 2))
        ++*done;
}

static void
acknowledge (state *s, uint8_t sequence)
{
    s->master.owner[sequence - 1] = 0;
}

static void
work (walk *w, uint8_t r)
{
    const daemon *from = &w->from->daemons[r];
    if (from->work == PROCESSOR_IDLE)
        return;
    bool acknowledges = (from->work == PROCESSOR_DID) != (w->model->without == ACKNOWLEDGE_FIRST);
    state *s = walk_begin (w);
    daemon *d = &s->daemons[r];
    uint8_t sequence = d->work_sequence;
    if (acknowledges && (d->work_derived == s->derived || w->model->without == OLD_ACKNOWLEDGEMENT))
        acknowledge (s, sequence);
    else if (!acknowledges)
        apply (w->model, s, d->work_uid);
    if (d->work == PROCESSOR_DID)
        d->work = d->work_sequence = d->work_uid = d->work_derived = 0;
    else
        d->work = PROCESSOR_DID;
    walk_end (w, acknowledges ? DO_ACKNOWLEDGE : DO_WORK, r, sequence, false);
}

/* The server of the effects fails over by itself; whoever notices has the group hand out everything again. */
static void
elsewhere (walk *w)
{
    if (memcmp (w->from->effects_elsewhere, w->from->effects_copy, COMMANDS) != 0) {
        state *s = walk_begin (w);
        memcpy (s->effects_copy, s->effects_elsewhere, COMMANDS);
        walk_end (w, DO_COPY_ELSEWHERE, 0, 0, false);
    }
    if (w->from->elsewhere_failovers) {
        state *s = walk_begin (w);
        s->elsewhere_failovers--;
        memcpy (s->effects_elsewhere, s->effects_copy, COMMANDS);
        s->elsewhere_cut = 1;
        walk_end (w, DO_FAIL_OVER_ELSEWHERE, 0, 0, true);
    }
    if (w->from->elsewhere_cut && w->model->without != NOT_DERIVED_AGAIN) {
        state *s = walk_begin (w);
        s->elsewhere_cut = 0;
        s->master.taken = 0;
        memset (s->master.owner, 0, sizeof s->master.owner);
        s->derived++;
        walk_end (w, DO_DERIVE_AGAIN, 0, 0, false);
    }
}

void
walk_processors (walk *w)
{
    if (!w->model->scenario->processing)
        return;
    for (uint8_t r = 0; r < w->model->scenario->replicas; r++) {
        take (w, r);
        work (w, r);
    }
    if (w->model->scenario->elsewhere)
        elsewhere (w);
}
