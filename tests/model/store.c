/* The partition in Redis: commit, asynchronous copy, fail-over, and the judge of a position (SPEC of epochs:
 * proto/PROTOCOL.md 4.2). */
#include <string.h>

#include "state.h"

uint8_t
command_of (uint8_t uid)
{
    return (uint8_t)((uid - 1) % COMMANDS);
}

static void
set_bounds_broken (state *s)
{
    s->broken = BROKEN_BOUNDS_TOO_SMALL;
}

/* Who writes: the token of the server's function library, which a full synchronisation takes away; or the server's run_id, which
 * stays. */
static uint8_t
writer (const model *m, state *s)
{
    if (m->without == EPOCH_BY_RUN_ID)
        return (uint8_t)(100 + s->server);
    uint8_t *token = &s->token[s->server];
    const uint8_t used[] = { s->token[!s->server], s->master.written_by, s->copy.written_by };
    for (uint8_t name = 1; *token == 0; name++)
        if (memchr (used, name, sizeof used) == NULL)
            *token = name;
    return *token;
}

static void
begin_epoch (const model *m, state *s)
{
    partition *p = &s->master;
    uint8_t who = writer (m, s);
    if (p->written_by == who || (p->epochs.count && m->without == NO_NEW_EPOCH))
        return;
    p->written_by = who;
    if (p->epochs.count == LINES) {
        set_bounds_broken (s);
        return;
    }
    p->epochs.line[p->epochs.count].name = ++s->made;
    p->epochs.line[p->epochs.count++].first = (uint8_t)(p->head + 1);
}

static uint8_t
append (const model *m, state *s, uint8_t command)
{
    partition *p = &s->master;
    if (p->head == JOURNAL || s->lives[command] == LIVES) {
        set_bounds_broken (s);
        return REFUSED;
    }
    begin_epoch (m, s);
    uint8_t uid = (uint8_t)(1 + command + COMMANDS * s->lives[command]++);
    s->before[uid] = (uint8_t)(1 + (p->head ? p->journal[p->head - 1].uid : 0));
    p->journal[p->head].uid = uid;
    p->journal[p->head++].epoch = p->epochs.line[p->epochs.count - 1].name;
    return uid;
}

uint8_t
store_commit (const model *m, state *s, uint8_t command, uint8_t version, uint8_t value)
{
    partition *p = &s->master;
    bool row = m->scenario->kinds[command] == 'r';
    if (p->outcome[command] && m->without != NO_REQUEST_ID)
        return p->outcome[command];
    if (row && p->row_version != version && m->without != NO_VERSION_GUARD)
        return 0;
    bool frees = m->scenario->kinds[command] == 'f';
    if (!row && p->number == (frees ? 0 : BOUND) && m->without != NO_BOUND)
        return REFUSED;
    uint8_t uid = append (m, s, command);
    if (row) {
        p->row_value = (uint8_t)(value | 1u << command);
        p->row_version = m->without == VERSION_IS_A_COUNTER ? (uint8_t)(version + 1) : uid;
    } else {
        p->number = (uint8_t)(p->number + (frees ? -1 : 1));
    }
    p->outcome[command] = uid;
    return uid;
}

uint8_t
store_watermark (const model *m, const state *s, uint8_t replica)
{
    if (s->daemons[replica].stale)
        return s->old.head;
    bool held = m->scenario->wait && m->without != NO_WATERMARK && s->copy.head < s->master.head;
    return held ? s->copy.head : s->master.head;
}

const partition *
store_view (const state *s, uint8_t replica)
{
    return s->daemons[replica].stale ? &s->old : &s->master;
}

/* Last sequence of an epoch in a journal, 0 and false if it never had that epoch. */
static bool
find_end (const partition *p, uint8_t name, uint8_t *end)
{
    for (uint8_t i = 0; i < p->epochs.count; i++)
        if (p->epochs.line[i].name == name) {
            *end = i + 1 < p->epochs.count ? (uint8_t)(p->epochs.line[i + 1].first - 1) : p->head;
            return true;
        }
    return false;
}

/* The last sequence up to which the holder of these epochs and the journal have one history. */
static uint8_t
common_end (const model *m, const partition *p, uint8_t position, const chain *held)
{
    uint8_t theirs = position, end;
    for (uint8_t i = held->count; i-- > 0;) {
        if (find_end (p, held->line[i].name, &end))
            return end < theirs ? end : theirs;
        if (m->without == ONE_EPOCH_HELD)
            return 0;
        if (held->line[i].first <= theirs)
            theirs = (uint8_t)(held->line[i].first - 1);
    }
    return held->count ? 0 : position;
}

uint8_t
store_judge (const model *m, const partition *p, uint8_t position, uint8_t uid, const chain *held)
{
    uint8_t end = m->without == NO_EPOCH_CHECK ? position : common_end (m, p, position, held);
    end = p->head < end ? p->head : end;
    if (end < position)
        return (uint8_t)(end + 1);
    if (position && uid && p->journal[position - 1].uid != uid)
        return position;
    return 0;
}

/* -- steps -- */

static void
copy (walk *w)
{
    if (w->from->failovers == 0)
        return;
    state *s = walk_begin (w);
    s->copy = s->master;
    for (int r = 0; r < REPLICAS; r++)
        s->daemons[r].covered = s->daemons[r].phase == SLOT_COMMITTED;
    if (memcmp (s, w->from, sizeof *s) != 0)
        walk_end (w, DO_COPY, 0, 0, false);
}

/* The copy becomes master. The old master comes back as its copy: if it had more, by a full synchronisation, which loads
 * functions anew. */
static void
fail_over (walk *w)
{
    if (w->from->failovers == 0)
        return;
    state *s = walk_begin (w);
    bool lost = memcmp (&s->master, &s->copy, sizeof s->master) != 0;
    s->failovers--;
    s->lossy |= lost;
    if (lost)
        s->token[s->server] = 0;
    s->server = (uint8_t)!s->server;
    s->old = s->master;
    s->master = s->copy;
    for (int r = 0; r < REPLICAS; r++) {
        daemon *d = &s->daemons[r];
        if (d->phase == SLOT_COMMITTED) /* the client hears UNAVAILABLE; what was only read is committed on the new connection */
            d->phase = d->command = d->version = d->value = d->reply = d->covered = 0;
        d->stale = w->model->scenario->stale && d->up;
        if (!d->stale)
            publisher_cut (d);
        if (w->model->without != HAND_KEPT)
            d->work = d->work_sequence = d->work_uid = d->work_derived = 0;
    }
    walk_end (w, DO_FAIL_OVER, 0, 0, true);
}

void
walk_store (walk *w)
{
    copy (w);
    fail_over (w);
}
