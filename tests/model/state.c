/* The first state, all successors of a state, and what must hold in each. */
#include "state.h"

#include <string.h>

#include "wire/tracker.h"

const char *const fault_names[BROKEN_COUNT] = {
    [SOUND] = "nothing",
    [BROKEN_TWICE] = "one request id took effect twice",
    [BROKEN_LOST_UPDATE] = "lost update: the row is not what the journal's events make",
    [BROKEN_BOUND] = "the number left its bound, or is not what the journal's events make",
    [BROKEN_ACKNOWLEDGED] = "acknowledged, but not in the journal",
    [BROKEN_OTHER_REPLY] = "one request id got two different replies",
    [BROKEN_SPLICE] = "two histories were spliced: the event does not follow the one delivered before",
    [BROKEN_ORDER] = "an event was skipped or delivered twice",
    [BROKEN_NOT_IN_HISTORY] = "an event was delivered that no journal ever had",
    [BROKEN_RANGE_SHORT] = "DATA_LOSS does not name all that was lost",
    [BROKEN_RANGE_LONG] = "DATA_LOSS names what was not lost",
    [BROKEN_WATERMARK] = "something published was lost although WAIT is configured",
    [BROKEN_EFFECT_TWICE] = "an effect happened twice",
    [BROKEN_EFFECT_WITHOUT_CAUSE] = "an effect without its event",
    [BROKEN_REFUSED] = "the client was told that the command was refused, and it has an effect",
    [BROKEN_STUCK] = "stuck: from here on, without further faults, not everything can be answered, delivered and worked on",
    [BROKEN_BOUNDS_TOO_SMALL] = "the model's own bounds are too small",
};

state *
walk_begin (walk *w)
{
    w->to = *w->from;
    return &w->to;
}

/* What can make no difference any more is made equal, so that fewer states are told apart. */
static void
normalise (const model *m, state *s)
{
    if (s->failovers == 0 && m->scenario->wait)
        s->copy = s->master;
    else if (s->failovers == 0)
        memset (&s->copy, 0, sizeof s->copy);
    for (int r = 0; r < REPLICAS && s->failovers == 0; r++)
        s->daemons[r].covered = s->daemons[r].phase == SLOT_COMMITTED;
    if (!s->daemons[0].stale && !s->daemons[1].stale)
        memset (&s->old, 0, sizeof s->old);
    if (s->elsewhere_failovers == 0)
        memset (s->effects_copy, 0, sizeof s->effects_copy);
}

void
walk_end (walk *w, action what, uint8_t who, uint8_t about, bool fault)
{
    reader_settle (w->model, &w->to);
    normalise (w->model, &w->to);
    w->visit (w->context, &w->to, (step){ (uint8_t)what, who, about, fault });
}

void
state_init (const model *m, state *s)
{
    const scenario *b = m->scenario;
    memset (s, 0, sizeof *s);
    for (uint8_t r = 0; r < b->replicas; r++) {
        s->daemons[r].up = 1;
        s->daemons[r].publisher = b->reading ? PUBLISHER_UP : PUBLISHER_DOWN;
        s->daemons[r].instance = b->reading ? (uint8_t)(r + 1) : 0;
    }
    s->reader.checkpoint.next = 1;
    if (b->reading) {
        s->reader.up = s->reader.connected = s->reader.at.next = 1;
        s->reader.state = TT_TRACK_REPLAYING;
    }
    s->failovers = b->failovers;
    s->crashes = b->crashes;
    s->reader_crashes = b->reader_crashes;
    s->losses = b->losses;
    s->moves = b->moves;
    s->doubles = b->doubles;
    s->elsewhere_failovers = b->elsewhere_failovers;
    reader_settle (m, s);
    normalise (m, s);
}

void
walk_all (walk *w)
{
    walk_commands (w);
    walk_store (w);
    walk_publishers (w);
    walk_reader (w);
    walk_processors (w);
}

static uint8_t
count_in_journal (const partition *p, uint8_t command, uint8_t *uid)
{
    uint8_t n = 0;
    for (uint8_t i = 0; i < p->head; i++)
        if (command_of (p->journal[i].uid) == command) {
            n++;
            *uid = p->journal[i].uid;
        }
    return n;
}

static fault_name
check_effect (const model *m, const state *s, uint8_t command, bool in_journal)
{
    uint8_t effect = m->scenario->elsewhere ? s->effects_elsewhere[command] : s->master.effect[command];
    if (effect > 1)
        return BROKEN_EFFECT_TWICE;
    return effect && !in_journal ? BROKEN_EFFECT_WITHOUT_CAUSE : SOUND;
}

fault_name
state_check (const model *m, const state *s)
{
    uint8_t row = 0, number = 0;
    for (uint8_t c = 0; c < m->scenario->commands; c++) {
        uint8_t uid = 0, n = count_in_journal (&s->master, c, &uid);
        if (n > 1)
            return BROKEN_TWICE;
        if (m->scenario->kinds[c] == 'r')
            row = (uint8_t)(row | n << c);
        else
            number = (uint8_t)(number + (m->scenario->kinds[c] == 'f' ? -n : n));
        bool told = s->reply[c] && s->reply[c] != REFUSED && (m->scenario->wait || !s->lossy);
        if (told && s->reply[c] != uid)
            return BROKEN_ACKNOWLEDGED;
        if (m->without == REFUSAL_NOT_REMEMBERED && s->reply[c] == REFUSED && n > 0)
            return BROKEN_REFUSED;
        fault_name effect = check_effect (m, s, c, n > 0);
        if (effect != SOUND)
            return effect;
    }
    if (row != s->master.row_value)
        return BROKEN_LOST_UPDATE;
    if (number != s->master.number || number > BOUND)
        return BROKEN_BOUND;
    return (fault_name)s->broken;
}

static bool
is_delivered (const state *s)
{
    if (s->reader.hand_uid || s->reader.seen_count != s->master.head)
        return false;
    for (uint8_t i = 0; i < s->master.head; i++)
        if (s->reader.seen[i] != s->master.journal[i].uid)
            return false;
    return true;
}

static bool
is_worked_on (const model *m, const state *s)
{
    const uint8_t *effect = m->scenario->elsewhere ? s->effects_elsewhere : s->master.effect;
    for (uint8_t i = 0; i < s->master.head; i++)
        if (s->master.owner[i] || effect[command_of (s->master.journal[i].uid)] != 1)
            return false;
    return s->master.taken == s->master.head;
}

bool
state_is_done (const model *m, const state *s)
{
    for (uint8_t c = 0; c < m->scenario->commands; c++)
        if (s->reply[c] == 0)
            return false;
    return (!m->scenario->reading || is_delivered (s)) && (!m->scenario->processing || is_worked_on (m, s));
}
