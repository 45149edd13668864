/* The table of scenarios and of guards that can be removed; runs them and says what was found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explore.h"

#define COUNT(list) (sizeof (list) / sizeof *(list))
/* Which commands, and how many replicas. */
#define TWO_DO(list) .commands = sizeof (list) - 1, .kinds = (list), .replicas = 2
#define ONE_DOES(list) .commands = sizeof (list) - 1, .kinds = (list), .replicas = 1
#define EVENTS_ONLY .at_once = true, .reading = true
#define WORK_ONLY .at_once = true, .processing = true
#define ELSEWHERE .elsewhere = true, .elsewhere_failovers = 2

/* Small enough for each build. */
static const scenario small[] = {
    { .name = "commands", TWO_DO ("rr"), .failovers = 1, .crashes = 1, .losses = 1, .doubles = 1 },
    { .name = "bound", TWO_DO ("nn"), .failovers = 1, .crashes = 1, .losses = 1, .doubles = 1 },
    { .name = "refused", TWO_DO ("nnf"), .doubles = 1 },
    { .name = "versions", TWO_DO ("rrr"), .failovers = 1 },
    { .name = "wait", TWO_DO ("rn"), .wait = true, .failovers = 2, .crashes = 1, .losses = 1, .doubles = 1 },
    { .name = "events", TWO_DO ("rn"), EVENTS_ONLY, .crashes = 1, .reader_crashes = 1, .losses = 1, .moves = 1 },
    { .name = "lost-tail", TWO_DO ("rrn"), EVENTS_ONLY, .failovers = 1, .moves = 1 },
    { .name = "two-fail-overs", ONE_DOES ("rrr"), EVENTS_ONLY, .failovers = 2 },
    { .name = "fail-back", ONE_DOES ("rrrr"), EVENTS_ONLY, .failovers = 2 },
    { .name = "former-master", TWO_DO ("rr"), EVENTS_ONLY, .stale = true, .failovers = 1, .moves = 1 },
    { .name = "watermark", TWO_DO ("rn"), EVENTS_ONLY, .wait = true, .failovers = 1, .moves = 1 },
    { .name = "work", TWO_DO ("rr"), WORK_ONLY, .failovers = 1, .crashes = 2, .moves = 1 },
    { .name = "work-elsewhere", TWO_DO ("rr"), WORK_ONLY, ELSEWHERE, .crashes = 1, .moves = 1 },
    { .name = "whole", TWO_DO ("r"), .reading = true, .processing = true, .crashes = 1 },
};

/* Minutes and gigabytes: ops/model --deep. */
static const scenario deep[] = {
    { .name = "commands", TWO_DO ("rrn"), .failovers = 1, .crashes = 1, .losses = 1, .doubles = 1 },
    { .name = "wait", TWO_DO ("rrn"), .wait = true, .failovers = 1, .crashes = 1, .doubles = 1 },
    { .name = "events", TWO_DO ("rnr"), EVENTS_ONLY, .crashes = 1, .reader_crashes = 1, .losses = 1, .moves = 1 },
    { .name = "lost-tail", TWO_DO ("rrr"), EVENTS_ONLY, .failovers = 1, .losses = 1, .reader_crashes = 1 },
    { .name = "two-fail-overs", TWO_DO ("rrr"), EVENTS_ONLY, .failovers = 2 },
    { .name = "fail-back", ONE_DOES ("rrrr"), EVENTS_ONLY, .failovers = 2, .losses = 1 },
    { .name = "former-master", TWO_DO ("rrr"), EVENTS_ONLY, .stale = true, .failovers = 1, .moves = 1 },
    { .name = "watermark", TWO_DO ("rn"), EVENTS_ONLY, .wait = true, .failovers = 1, .crashes = 1, .moves = 1 },
    { .name = "work", TWO_DO ("rrr"), WORK_ONLY, .failovers = 2, .crashes = 2, .moves = 1 },
    { .name = "work-elsewhere", TWO_DO ("rrr"), WORK_ONLY, ELSEWHERE, .crashes = 2, .moves = 1 },
    { .name = "whole", TWO_DO ("rn"), .reading = true, .processing = true, .crashes = 1 },
};

typedef struct {
    mutation without;
    const char *what, *scenario;
} removed_guard;

static const removed_guard guards[] = {
    { NO_REQUEST_ID, "the request id is not looked at", "commands" },
    { NO_VERSION_GUARD, "the row's version is not looked at", "commands" },
    { NO_BOUND, "the number's bound is not looked at", "bound" },
    { VERSION_IS_A_COUNTER, "a row's version counts up instead of being unique", "versions" },
    { REPLY_BEFORE_COMMIT, "the reply is sent before the commit", "commands" },
    { NO_WAIT_FOR_REMEMBERED, "a remembered outcome is told without another WAIT", "wait" },
    { PUBLISH_BEFORE_COMMIT, "an event is published before its commit", "events" },
    { NO_WATERMARK, "the high watermark is ignored", "watermark" },
    { NO_NEW_EPOCH, "a new server begins no new epoch", "fail-back" },
    { EPOCH_BY_RUN_ID, "a new server is known by its run_id (the same again when it comes back as master)", "fail-back" },
    { NO_EPOCH_CHECK, "nobody compares epochs", "lost-tail" },
    { ONE_EPOCH_HELD, "an observer holds only its newest epoch", "two-fail-overs" },
    { NO_PREVIOUS_ID, "previous_id and after_id are not looked at", "lost-tail" },
    { NO_HEARTBEAT, "there are no heartbeats", "events" },
    { LOW_HEARTBEAT_IGNORED, "a heartbeat below the position is taken for no loss", "lost-tail" },
    { STALE_JUDGE, "a replay server says DATA_LOSS over a connection whose Redis may be master no more", "former-master" },
    { CHECKPOINT_FIRST, "the checkpoint is saved before the effects", "events" },
    { EFFECT_FIRST, "the effects are saved before the checkpoint", "events" },
    { ACKNOWLEDGE_FIRST, "the group acknowledges before the effect", "work" },
    { NO_CLAIM, "a dead replica's entries are not claimed", "work" },
    { EFFECT_NOT_IDEMPOTENT, "effects are not idempotent", "work" },
    { HAND_KEPT, "a processor keeps what it has in hand over a fail-over", "work" },
    { NOT_DERIVED_AGAIN, "effects lost on another server are not derived again", "work-elsewhere" },
    { OLD_ACKNOWLEDGEMENT, "an acknowledgement from before the group was set back still counts", "work-elsewhere" },
};

/* Guards that another one covers, as far as these bounds go: without one of them all must stay sound. */
static const removed_guard covered[] = {
    { SEQUENCE_BEFORE_EPOCH, "an event below the position is a double whatever its epoch", "lost-tail" },
    { SAME_INSTANCE, "a publisher keeps its instance although its tail was lost", "lost-tail" },
};

/* Limits that are known and stated (README.md): found as long as they are there. */
static const removed_guard known[] = {
    { REFUSAL_NOT_REMEMBERED, "a refusal is not remembered, and an earlier try is still under way", "refused" },
};

static double
now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const scenario *
find_scenario (const char *name)
{
    for (size_t i = 0; i < COUNT (small); i++)
        if (strcmp (small[i].name, name) == 0)
            return &small[i];
    return NULL;
}

static void
say (const char *kind, const char *name, double seconds, bool good, const outcome *o)
{
    printf ("%s %s.%s (%.1f s): %llu states, %llu steps, depth %u, %zu MB", good ? "ok  " : "FAIL", kind, name, seconds,
            (unsigned long long)o->states, (unsigned long long)o->steps, o->depth, o->bytes >> 20);
    if (o->broken != SOUND)
        printf (": %s, in %u steps", fault_names[o->broken], o->length);
    else
        printf (o->cut ? ": not finished" : ": sound");
    printf ("\n");
    fflush (stdout);
}

static bool
run_sound (const char *kind, const scenario *s, mutation without, uint32_t limit)
{
    model m = { s, without };
    double began = now ();
    outcome o = explore (&m, limit, stdout);
    bool good = o.broken == SOUND && !o.cut;
    say (kind, s->name, now () - began, good, &o);
    return good;
}

static bool
run_removed (const char *kind, const removed_guard *g, uint32_t limit)
{
    model m = { find_scenario (g->scenario), g->without };
    double began = now ();
    printf ("\nwithout: %s\n", g->what);
    outcome o = explore (&m, limit, stdout);
    bool caught = o.broken != SOUND && o.broken != BROKEN_BOUNDS_TOO_SMALL;
    say (kind, g->scenario, now () - began, caught, &o);
    return caught;
}

static const char usage[] = "model [--deep] [--only NAME] [--limit STATES]\n"
                            "  explores all states of each scenario, then finds the fault when each guard is removed; exits 1 if "
                            "one is not as it must be\n"
                            "  --deep    larger bounds, intact only: minutes and gigabytes\n"
                            "  --only    one scenario, and the guards that are removed in it\n"
                            "  --limit   most states of one exploration (default 30000000)\n";

typedef struct {
    bool deep;
    const char *only;
    uint32_t limit;
} options;

static bool
read_options (int argc, char **argv, options *out)
{
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp (argv[i], "--deep") == 0)
            out->deep = true;
        else if (strcmp (argv[i], "--only") == 0 && more)
            out->only = argv[++i];
        else if (strcmp (argv[i], "--limit") == 0 && more)
            out->limit = (uint32_t)strtoul (argv[++i], NULL, 10);
        else
            return false;
    }
    return out->limit > 0;
}

static bool
wanted (const options *o, const char *name)
{
    return o->only == NULL || strcmp (o->only, name) == 0;
}

int
main (int argc, char **argv)
{
    options o = { .limit = 30000000 };
    if (!read_options (argc, argv, &o)) {
        fputs (usage, stderr);
        return 2;
    }
    const scenario *list = o.deep ? deep : small;
    size_t count = o.deep ? COUNT (deep) : COUNT (small), ran = 0, good = 0;
    for (size_t i = 0; i < count; i++)
        if (wanted (&o, list[i].name) && ++ran)
            good += run_sound ("intact", &list[i], INTACT, o.limit);
    for (size_t i = 0; i < COUNT (covered) && !o.deep; i++)
        if (wanted (&o, covered[i].scenario) && ++ran)
            good += run_sound ("covered", find_scenario (covered[i].scenario), covered[i].without, o.limit);
    for (size_t i = 0; i < COUNT (guards) && !o.deep; i++)
        if (wanted (&o, guards[i].scenario) && ++ran)
            good += run_removed ("caught", &guards[i], o.limit);
    for (size_t i = 0; i < COUNT (known) && !o.deep; i++)
        if (wanted (&o, known[i].scenario) && ++ran)
            good += run_removed ("known", &known[i], o.limit);
    printf ("\n%zu explorations, %zu as they must be\n", ran, good);
    return ran > 0 && good == ran ? 0 : 1;
}
