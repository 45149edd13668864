/* The client that tries again under the same request id, and the command side of two replicas: read, decide, commit, reply;
 * crash. */
#include <string.h>

#include "state.h"

static bool
in_hand (const state *s, uint8_t command)
{
    for (int r = 0; r < REPLICAS; r++)
        if (s->daemons[r].phase != SLOT_IDLE && s->daemons[r].command == command)
            return true;
    return false;
}

static void
clear_slot (daemon *d)
{
    d->phase = d->command = d->version = d->value = d->reply = d->covered = 0;
}

static void
tell (const model *m, state *s, uint8_t command, uint8_t reply)
{
    bool kept = m->scenario->wait || !s->lossy;
    if (reply != REFUSED && s->reply[command] && s->reply[command] != REFUSED && s->reply[command] != reply && kept)
        s->broken = BROKEN_OTHER_REPLY;
    if (s->reply[command] == 0)
        s->reply[command] = reply;
}

/* A replica takes the command and reads its row. A second try while the first is under way costs a fault. */
static void
send_command (walk *w, uint8_t r, uint8_t command)
{
    const state *from = w->from;
    bool twice = in_hand (from, command);
    if (!from->daemons[r].up || from->daemons[r].phase != SLOT_IDLE || from->reply[command] || (twice && from->doubles == 0))
        return;
    state *s = walk_begin (w);
    daemon *d = &s->daemons[r];
    s->doubles = (uint8_t)(s->doubles - twice);
    d->phase = SLOT_READ;
    d->command = command;
    d->version = s->master.row_version;
    d->value = s->master.row_value;
    if (w->model->without == REPLY_BEFORE_COMMIT)
        tell (w->model, s, command, (uint8_t)(1 + command + COMMANDS * s->lives[command]));
    walk_end (w, DO_SEND, r, command, twice);
}

static void
commit (walk *w, uint8_t r)
{
    if (w->from->daemons[r].phase != SLOT_READ)
        return;
    state *s = walk_begin (w);
    daemon *d = &s->daemons[r];
    bool known = s->master.outcome[d->command] != 0;
    d->reply = store_commit (w->model, s, d->command, d->version, d->value);
    if (d->reply == 0) { /* a guard failed: read and decide again */
        d->version = s->master.row_version;
        d->value = s->master.row_value;
    } else {
        d->phase = SLOT_COMMITTED;
        d->version = d->value = 0;
        d->covered = !w->model->scenario->wait || d->reply == REFUSED || (known && w->model->without == NO_WAIT_FOR_REMEMBERED);
    }
    walk_end (w, DO_COMMIT, r, d->command, false);
}

static void
reply (walk *w, uint8_t r)
{
    const daemon *d = &w->from->daemons[r];
    if (d->phase != SLOT_COMMITTED)
        return;
    uint8_t command = d->command;
    if (d->covered) {
        state *s = walk_begin (w);
        tell (w->model, s, command, d->reply);
        clear_slot (&s->daemons[r]);
        walk_end (w, DO_REPLY, r, command, false);
    }
    if (w->from->losses == 0 && d->covered)
        return;
    state *s = walk_begin (w); /* the reply is lost, or it says UNAVAILABLE because the copy did not confirm in time */
    s->losses = (uint8_t)(s->losses - d->covered);
    clear_slot (&s->daemons[r]);
    walk_end (w, DO_LOSE_REPLY, r, command, true);
}

/* All of it in one step, for scenarios about what comes after. The commands first come in one order: they differ by nothing
 * there. */
static void
at_once (walk *w, uint8_t command)
{
    if (w->from->reply[command] || (command && w->from->lives[command - 1] == 0 && w->from->reply[command - 1] == 0))
        return;
    state *s = walk_begin (w);
    if (w->model->without == PUBLISH_BEFORE_COMMIT && s->reader.connected) {
        uint8_t top = s->master.head ? s->master.journal[s->master.head - 1].uid : 0;
        uint8_t uid = (uint8_t)(1 + command + COMMANDS * s->lives[command]++);
        message m = { .kind = MESSAGE_EVENT, .sequence = (uint8_t)(s->master.head + 1), .uid = uid, .previous = top };
        m.epoch = s->master.epochs.count ? s->master.epochs.line[s->master.epochs.count - 1].name : 0;
        if (s->crashes && s->queue_count < QUEUE) { /* and then the daemon dies */
            s->crashes--;
            queue_push (s, m);
            walk_end (w, DO_AT_ONCE, 0, command, true);
        }
        s = walk_begin (w);
    }
    uint8_t outcome = store_commit (w->model, s, command, s->master.row_version, s->master.row_value);
    s->reply[command] = w->model->scenario->wait ? 0 : outcome;
    if (w->model->scenario->wait && w->from->master.outcome[command]) {
        if (w->from->copy.outcome[command] != outcome)
            return; /* WAIT has not been reached */
        s->reply[command] = outcome;
    }
    walk_end (w, DO_AT_ONCE, 0, command, false);
}

static void
crash (walk *w, uint8_t r)
{
    if (w->from->daemons[r].up && w->from->crashes) {
        state *s = walk_begin (w);
        s->crashes--;
        memset (&s->daemons[r], 0, sizeof s->daemons[r]);
        walk_end (w, DO_CRASH, r, 0, true);
    } else if (!w->from->daemons[r].up) {
        state *s = walk_begin (w);
        s->daemons[r].up = 1;
        if (s->reader.connected == r + 1 && s->queue_count < QUEUE) /* the socket connects again by itself */
            queue_push (s, (message){ .kind = MESSAGE_WELCOME });
        walk_end (w, DO_START, r, 0, false);
    }
}

void
walk_commands (walk *w)
{
    const scenario *bounds = w->model->scenario;
    for (uint8_t c = 0; c < bounds->commands; c++) {
        if (bounds->at_once)
            at_once (w, c);
        for (uint8_t r = 0; r < bounds->replicas && !bounds->at_once; r++)
            send_command (w, r, c);
    }
    for (uint8_t r = 0; r < bounds->replicas; r++) {
        commit (w, r);
        reply (w, r);
        crash (w, r);
    }
}
