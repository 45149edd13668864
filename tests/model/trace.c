/* Steps in words. An event is called by its command and how often that was appended: A1, B1, A2. */
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "wire/tracker.h"

static const char *
event_text (uint8_t uid)
{
    static char texts[8][8];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    if (uid == 0)
        return "-";
    snprintf (text, sizeof texts[0], "%c%d", 'A' + command_of (uid), 1 + (uid - 1) / COMMANDS);
    return text;
}

static const char *
reply_text (uint8_t reply)
{
    return reply == REFUSED ? "refused" : event_text (reply);
}

static void
print_journal (FILE *out, const char *name, const partition *p)
{
    fprintf (out, "  %s [", name);
    for (uint8_t i = 0; i < p->head; i++)
        fprintf (out, "%s%s(e%u)", i ? " " : "", event_text (p->journal[i].uid), p->journal[i].epoch);
    fprintf (out, "]");
}

static void
print_reader (FILE *out, const subscriber *s)
{
    fprintf (out, "  subscriber %s next %u, has [", tt_track_state_name ((tt_track_state)s->state), s->at.next);
    for (uint8_t i = 0; i < s->seen_count; i++)
        fprintf (out, "%s%s", i ? " " : "", event_text (s->seen[i]));
    fprintf (out, "], epochs [");
    for (uint8_t i = 0; i < s->at.epochs.count; i++)
        fprintf (out, "%se%u from %u", i ? ", " : "", s->at.epochs.line[i].name, s->at.epochs.line[i].first);
    fprintf (out, "]");
}

static void
print_changes (FILE *out, const state *from, const state *to)
{
    if (memcmp (&from->master, &to->master, sizeof to->master) != 0) {
        print_journal (out, "journal", &to->master);
        if (to->master.row_version)
            fprintf (out, " row %u", to->master.row_value);
        if (to->master.number)
            fprintf (out, " number %u", to->master.number);
    }
    for (int c = 0; c < COMMANDS; c++)
        if (from->reply[c] != to->reply[c])
            fprintf (out, "  client: %c -> %s", 'A' + c, reply_text (to->reply[c]));
    if (memcmp (&from->reader, &to->reader, sizeof to->reader) != 0)
        print_reader (out, &to->reader);
    fprintf (out, "\n");
}

static const char *const words[DO_COUNT] = {
    [DO_SEND] = "replica %u takes command %c and reads its row",
    [DO_COMMIT] = "replica %u commits command %c",
    [DO_REPLY] = "replica %u answers command %c",
    [DO_LOSE_REPLY] = "replica %u: the answer to command %c is lost or UNAVAILABLE",
    [DO_AT_ONCE] = "a replica takes and commits command %c",
    [DO_COPY] = "the copy catches up with the master",
    [DO_FAIL_OVER] = "FAIL-OVER: the copy becomes master",
    [DO_CRASH] = "CRASH of replica %u",
    [DO_START] = "replica %u starts",
    [DO_NOTICE] = "replica %u notices that its Redis is master no more",
    [DO_FOLLOW] = "publisher %u connects to Redis and checks its position",
    [DO_PUBLISH] = "publisher %u sends sequence %3$u",
    [DO_DROP] = "publisher %u sends sequence %3$u: LOST on the way",
    [DO_HEARTBEAT] = "publisher %u sends a heartbeat, head %3$u",
    [DO_CONNECT] = "subscriber connects to replica %u",
    [DO_MOVE] = "subscriber changes to replica %u",
    [DO_RECEIVE] = "subscriber receives a message, sequence %3$u",
    [DO_ANSWER] = "replay of replica %u judges the question and reads a page (from or lost from %3$u)",
    [DO_TAKE_ANSWER] = "subscriber takes the replay's answer",
    [DO_SAVE] = "application saves sequence %3$u and the checkpoint",
    [DO_HALF_SAVE] = "application saves the first half of sequence %3$u",
    [DO_READER_CRASH] = "CRASH of the subscriber",
    [DO_READER_START] = "subscriber starts from its checkpoint",
    [DO_TAKE] = "processor %u takes sequence %3$u",
    [DO_CLAIM] = "processor %u claims sequence %3$u",
    [DO_WORK] = "processor %u: effect of sequence %3$u",
    [DO_ACKNOWLEDGE] = "processor %u acknowledges sequence %3$u",
    [DO_COPY_ELSEWHERE] = "the copy of the effects' server catches up",
    [DO_FAIL_OVER_ELSEWHERE] = "FAIL-OVER of the effects' server",
    [DO_DERIVE_AGAIN] = "the group is set back",
};

/* The words with their numbers: %u is who, %c the command, %3$u what it is about. */
static void
print_words (FILE *out, const char *text, step how)
{
    for (; *text; text++) {
        if (*text != '%') {
            fputc (*text, out);
            continue;
        }
        bool about = strncmp (text, "%3$u", 4) == 0;
        if (about)
            fprintf (out, "%u", how.about);
        else if (text[1] == 'u')
            fprintf (out, "%u", how.who + 1u);
        else
            fputc ('A' + how.about, out);
        text += about ? 3 : 1;
    }
}

void
step_print (FILE *out, step how, const state *from, const state *to)
{
    print_words (out, words[how.what], how);
    if (how.what == DO_RECEIVE) {
        const message *m = &from->queue[0];
        const char *const kinds[] = { "", "event", "heartbeat", "welcome" };
        fprintf (out, " (%s %s, epoch e%u, after %s)", kinds[m->kind], event_text (m->uid), m->epoch, event_text (m->previous));
    }
    if (how.what == DO_TAKE_ANSWER && how.who)
        fprintf (out, ": DATA_LOSS from %u on", how.who);
    print_changes (out, from, to);
}
