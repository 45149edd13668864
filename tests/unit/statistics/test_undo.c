/* Counts that are taken back are as if they had never been counted: random histories that lose their ends, against a second store
 * that only ever sees what survived. On a private redis-server. TT_TEST_SEED chooses another history. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "store/journal.h"
#include "support/private_redis.h"
#include "undo.h"

enum { PARTITION = 3, EVENTS_MAX = 20000, SLOTS = 40, ALL = 1000 };

typedef struct {
    char epoch[STATS_EPOCH_SIZE];
    stats_effects effects;
} past_event;

/* A journal: what is in it now. */
static struct {
    past_event events[EVENTS_MAX + 1]; /* by sequence, from 1 */
    uint64_t head;
    unsigned epochs;
    char epoch[STATS_EPOCH_SIZE];
} journal;

typedef struct {
    tt_store *store;
    tt_batch *batch;
    uint32_t slots;
    stats_position stand; /* as a consumer believes */
    uint64_t applied;     /* by the last apply */
} counter;

static private_redis redis;
static counter tried, plain; /* the one that is taken back, and the one that never sees what is lost */
static tt_arena *arena;
static uint64_t random_state;

static uint64_t
below (uint64_t limit)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % limit;
}

static uint64_t
seed_of (uint64_t number)
{
    const char *wanted = getenv ("TT_TEST_SEED");
    random_state = wanted ? strtoull (wanted, NULL, 10) : number;
    fprintf (stderr, "seed %llu\n", (unsigned long long)random_state);
    return random_state;
}

static counter
open_counter (const char *service, uint32_t slots)
{
    counter c = { .slots = slots };
    tt_error error = { 0 };
    tt_store_options options = { .endpoints = redis.endpoint, .service = service, .partitions = 2, .timeout_ms = 5000 };
    cr_assert_eq (tt_store_open (&c.store, &options, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_store_prepare (c.store, &error), TT_OK, "%s", error.message);
    c.batch = tt_batch_new (c.store, "statistics.proto");
    return c;
}

static void
close_counter (counter *c)
{
    tt_batch_destroy (&c->batch);
    tt_store_close (&c->store);
}

static void
setup (void)
{
    signal (SIGPIPE, SIG_IGN);
    tt_log_configure ("test", TT_LOG_ERROR, TT_LOG_TEXT);
    private_redis_open (&redis);
    arena = tt_arena_new (0);
    memset (&journal, 0, sizeof journal);
    snprintf (journal.epoch, sizeof journal.epoch, "epoch-0");
    tried = open_counter ("tried", SLOTS);
    plain = open_counter ("plain", 0);
}

static void
teardown (void)
{
    close_counter (&tried);
    close_counter (&plain);
    tt_arena_destroy (&arena);
    private_redis_close (&redis);
}

TestSuite (undo, .init = setup, .fini = teardown, .timeout = 300);

/* -- a source -- */

static const char *
some_district (void)
{
    static const char *const districts[] = { "", "haishu", "yinzhou", "cixi" };
    return districts[below (4)];
}

static stats_effect
some_effect (void)
{
    static const char *const countries[] = { "CN", "US", "JP" };
    stats_effect effect = { .count = STATS_PATENTS_PUBLISHED, .detail = "", .district = some_district (), .delta = 1 };
    switch (below (4)) {
    case 0:
        effect.detail = countries[below (3)];
        break;
    case 1:
        effect.count = STATS_WATCHES_ACTIVE;
        effect.member = tt_arena_printf (arena, "ent-%u/w-%u", (unsigned)below (2), (unsigned)below (12));
        effect.delta = below (3) ? 1 : -1;
        break;
    case 2:
        effect.count = STATS_CAPITAL_CONFIRMED_FEN;
        effect.detail = "loan";
        effect.delta = (int64_t)below (1000000000);
        break;
    default: {
        uint32_t *specials = tt_arena_alloc (arena, 2 * sizeof *specials);
        specials[0] = (uint32_t)(1 + below (6));
        specials[1] = 7 + specials[0];
        effect.count = STATS_ACHIEVEMENTS_REGISTERED;
        effect.specials = specials;
        effect.special_count = below (3);
        effect.delta = below (5) ? 1 : -1;
    }
    }
    return effect;
}

static void
append (uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        past_event *event = &journal.events[++journal.head];
        cr_assert_leq (journal.head, EVENTS_MAX);
        *event = (past_event){ .effects.count = below (STATS_EFFECTS_MAX + 1) };
        memcpy (event->epoch, journal.epoch, sizeof event->epoch);
        for (size_t k = 0; k < event->effects.count; k++)
            event->effects.items[k] = some_effect ();
    }
}

/* A server that lacks the last `lost` events goes on under an epoch of its own. */
static void
fail_over (uint64_t lost)
{
    journal.head -= lost;
    snprintf (journal.epoch, sizeof journal.epoch, "epoch-%u", ++journal.epochs);
}

/* -- a consumer -- */

/* Counts the portion that begins behind where the counter stands; fewer where the epoch changes. */
static tt_status
apply (counter *c, uint64_t count)
{
    static stats_portion_event events[256];
    stats_portion portion
        = { .stream = "patent", .partition = PARTITION, .base = c->stand, .events = events, .undo_slots = c->slots };
    const past_event *first = &journal.events[c->stand.sequence + 1];
    memcpy (portion.epoch, first->epoch, sizeof portion.epoch);
    for (uint64_t s = c->stand.sequence + 1; portion.count < count && s <= journal.head; s++)
        if (strcmp (journal.events[s].epoch, portion.epoch) == 0)
            events[portion.count++] = (stats_portion_event){ s, journal.events[s].effects };
        else
            break;
    if (portion.count == 0)
        return TT_OK;
    tt_error error = { 0 };
    tt_batch_begin (c->batch, 1);
    tt_txn *txn = tt_batch_add (c->batch, &(tt_txn_spec){ .handle = stats_ledger_apply, .request = &portion });
    cr_assert_eq (tt_batch_run (c->batch, &error), TT_OK, "%s", error.message);
    c->applied = portion.applied;
    if (tt_txn_outcome (txn).status == TT_OK) {
        c->stand.sequence = events[portion.count - 1].sequence;
        memcpy (c->stand.epoch, portion.epoch, sizeof portion.epoch);
    }
    return tt_txn_outcome (txn).status;
}

static void
apply_up_to (counter *c, uint64_t sequence, uint64_t largest)
{
    while (c->stand.sequence < sequence) {
        uint64_t left = sequence - c->stand.sequence, cut = 1 + below (largest);
        cr_assert_eq (apply (c, cut < left ? cut : left), TT_OK);
    }
}

static stats_loss
loss_of (const counter *c, uint64_t first)
{
    stats_loss loss = {
        .stream = "patent", .partition = PARTITION, .first = first, .last = c->stand.sequence, .resume = first, .base = c->stand
    };
    memcpy (loss.epoch, c->stand.epoch, sizeof loss.epoch);
    return loss;
}

static tt_status
take_back (counter *c, stats_loss *loss)
{
    tt_error error = { 0 };
    tt_batch_begin (c->batch, 1);
    tt_txn *txn = tt_batch_add (c->batch, &(tt_txn_spec){ .handle = stats_undo_take_back, .request = loss });
    cr_assert_eq (tt_batch_run (c->batch, &error), TT_OK, "%s", error.message);
    if (tt_txn_outcome (txn).status == TT_OK)
        c->stand = loss->now;
    return tt_txn_outcome (txn).status;
}

/* -- what is stored -- */

static bool
print_row (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)version;
    tt_buffer *out = context;
    tt_buffer_printf (out, "%.*s=", (int)key.size, (const char *)key.data);
    for (size_t i = 0; i < value.size; i++)
        tt_buffer_printf (out, "%02x", value.data[i]);
    tt_buffer_text (out, "\n");
    return true;
}

static int
compare_lines (const void *left, const void *right)
{
    return strcmp (*(char *const *)left, *(char *const *)right);
}

/* All rows of a table, in order of their keys. */
static char *
rows_of (counter *c, const char *table)
{
    tt_buffer rows = { 0 };
    tt_error error = { 0 };
    for (uint32_t p = 0; p < 2; p++)
        cr_assert_eq (tt_table_visit (c->store, p, table, print_row, &rows, &error), TT_OK, "%s", error.message);
    char *lines[4096];
    size_t count = 0;
    for (char *line = strtok ((char *)tt_buffer_cstr (&rows), "\n"); line; line = strtok (NULL, "\n"))
        lines[count++] = line;
    if (count > 0)
        qsort (lines, count, sizeof *lines, compare_lines);
    tt_buffer sorted = { 0 };
    for (size_t i = 0; i < count; i++)
        tt_buffer_printf (&sorted, "%s\n", lines[i]);
    char *text = tt_arena_printf (arena, "%s", tt_buffer_cstr (&sorted));
    tt_buffer_free (&sorted);
    tt_buffer_free (&rows);
    return text;
}

static void
expect_same (uint64_t seed, const char *when)
{
    cr_assert_str_eq (rows_of (&tried, "counts"), rows_of (&plain, "counts"), "seed %llu, %s", (unsigned long long)seed, when);
    cr_assert_str_eq (rows_of (&tried, "member"), rows_of (&plain, "member"), "seed %llu, %s", (unsigned long long)seed, when);
    cr_assert_eq (tried.stand.sequence, plain.stand.sequence);
    cr_assert_str_eq (tried.stand.epoch, plain.stand.epoch);
}

/* -- tests -- */

/* The counter under test counts and takes back; the other one counts, from the start, only what is left in the end. */
static void
live_through (uint64_t seed, uint64_t largest)
{
    uint64_t took = 0;
    for (int round = 0; round < 12; round++) {
        append (1 + below (900));
        apply_up_to (&tried, journal.head, largest);
        uint64_t lost = below (journal.head < 1500 ? journal.head : 1500);
        fail_over (lost);
        stats_loss loss = loss_of (&tried, journal.head + 1);
        cr_assert_eq (take_back (&tried, &loss), TT_OK, "seed %llu", (unsigned long long)seed);
        cr_assert_eq (loss.result, lost ? STATS_UNDO_DONE : STATS_UNDO_NONE);
        cr_assert_geq (loss.events, lost);
        took += loss.events;
        if (below (2)) /* what survived of a half-lost portion, before anything new comes */
            apply_up_to (&tried, journal.head, largest);
        if (below (3) == 0)
            tried.slots = SLOTS + (uint32_t)below (40); /* the setting was changed */
    }
    apply_up_to (&tried, journal.head, largest);
    apply_up_to (&plain, journal.head, 256);
    cr_assert_gt (took, 0);
    cr_assert_eq (tried.stand.doubtful_first, 0);
    expect_same (seed, "all lived through");
}

Test (undo, what_is_lost_from_large_portions_was_never_counted)
{
    live_through (seed_of (1), 256);
}

Test (undo, what_is_lost_from_small_portions_was_never_counted)
{
    live_through (seed_of (2), 5);
}

Test (undo, what_is_lost_from_single_events_was_never_counted)
{
    live_through (seed_of (3), 1);
}

/* A server that does not know the last epoch at all (a replica that was cut off before it began) may know the one before. */
Test (undo, an_epoch_that_nobody_knows_is_taken_back_alone)
{
    seed_of (13);
    append (300);
    fail_over (0);
    append (200);
    fail_over (0);
    append (150);
    apply_up_to (&tried, 650, 40);
    stats_loss loss = loss_of (&tried, 1);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_DONE);
    cr_expect_str_eq (tried.stand.epoch, "epoch-1");
    uint64_t left = tried.stand.sequence;
    cr_expect (left <= 500 && left > 500 - STATS_UNDO_RUN, "%llu", (unsigned long long)left);
    loss = loss_of (&tried, 451); /* now it can say */
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    fail_over (200);
    apply_up_to (&tried, journal.head, 40);
    apply_up_to (&plain, journal.head, 256);
    expect_same (13, "in two steps");
}

Test (undo, back_to_the_beginning_leaves_nothing)
{
    seed_of (4);
    append (700);
    apply_up_to (&tried, 700, 50);
    stats_loss loss = loss_of (&tried, 1);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_DONE);
    cr_expect_eq (loss.events, 700);
    cr_expect_str_empty (rows_of (&tried, "counts"));
    cr_expect_str_empty (rows_of (&tried, "member"));
    cr_expect_str_empty (rows_of (&tried, "undo"));
    cr_expect_eq (tried.stand.sequence, 0);
    cr_expect_eq (tried.stand.undone, 1);
}

Test (undo, records_hold_what_was_promised_and_no_more)
{
    seed_of (5);
    uint64_t promised = 500;
    tried.slots = stats_undo_slots_for (promised);
    cr_assert_eq (stats_undo_slots_for (0), 0);
    append (4000);
    apply_up_to (&tried, 4000, 3);
    char *records = rows_of (&tried, "undo");
    size_t count = 0;
    for (const char *p = records; (p = strchr (p, '\n')); p++)
        count++;
    cr_expect_leq (count, tried.slots);
    stats_loss loss = loss_of (&tried, 4000 - promised + 1);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_DONE);
    fail_over (promised);
    apply_up_to (&tried, journal.head, 3);
    apply_up_to (&plain, journal.head, 256);
    expect_same (5, "as far back as was promised");
}

Test (undo, what_the_records_do_not_reach_is_in_doubt_and_says_so)
{
    seed_of (6);
    tried.slots = stats_undo_slots_for (200);
    append (3000);
    apply_up_to (&tried, 3000, 20);
    stats_loss loss = loss_of (&tried, 1001);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_DOUBT);
    cr_expect_geq (loss.events, 200);
    cr_expect_eq (tried.stand.sequence, 1000, "it goes on where the history that survived does");
    cr_expect_eq (tried.stand.doubtful_first, 1001);
    cr_expect_eq (tried.stand.doubtful_last, 3000 - loss.events);
    apply_up_to (&plain, 3000 - loss.events, 256); /* as far as it could: the least error there is */
    cr_expect_str_eq (rows_of (&tried, "counts"), rows_of (&plain, "counts"));
    fail_over (2000);
    append (300);
    apply_up_to (&tried, journal.head, 20);
    cr_expect_eq (tried.stand.doubtful_first, 1001);
    loss = loss_of (&tried, 1201);
    cr_assert_eq (take_back (&tried, &loss), TT_OK, "a later loss, whole in the records, does not make it certain again");
    cr_expect_eq (loss.result, STATS_UNDO_DONE);
    cr_expect_eq (tried.stand.doubtful_first, 1001);
}

Test (undo, without_records_every_loss_is_in_doubt)
{
    seed_of (7);
    tried.slots = 0;
    append (100);
    apply_up_to (&tried, 100, 20);
    cr_expect_str_empty (rows_of (&tried, "undo"));
    stats_loss loss = loss_of (&tried, 91);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_DOUBT);
    cr_expect_eq (loss.events, 0);
    cr_expect_eq (tried.stand.doubtful_last, 100);
}

Test (undo, of_two_replicas_one_takes_back)
{
    seed_of (8);
    append (300);
    apply_up_to (&tried, 300, 30);
    counter other = open_counter ("tried", SLOTS);
    other.stand = tried.stand;
    stats_loss loss = loss_of (&tried, 251), late = loss_of (&other, 251);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (take_back (&other, &late), TT_ABORTED);
    fail_over (50);
    append (100);
    apply_up_to (&tried, journal.head, 30);
    cr_expect_eq (take_back (&other, &late), TT_ABORTED, "the new history is as long as the lost one: it is not taken back");
    apply_up_to (&plain, journal.head, 256);
    expect_same (8, "once");
    close_counter (&other);
}

Test (undo, two_replicas_at_the_same_moment)
{
    seed_of (9);
    append (300);
    apply_up_to (&tried, 300, 30);
    stats_loss loss[2] = { loss_of (&tried, 251), loss_of (&tried, 251) };
    counter other = open_counter ("tried", SLOTS);
    tt_error error = { 0 };
    tt_txn *txns[2];
    tt_batch *batches[2] = { tried.batch, other.batch };
    for (int i = 0; i < 2; i++) {
        tt_batch_begin (batches[i], 1);
        txns[i] = tt_batch_add (batches[i], &(tt_txn_spec){ .handle = stats_undo_take_back, .request = &loss[i] });
        tt_batch_start (batches[i], NULL); /* both have decided before either has committed */
    }
    for (int i = 0; i < 2; i++)
        cr_assert_eq (tt_batch_run (batches[i], &error), TT_OK, "%s", error.message);
    tt_status first = tt_txn_outcome (txns[0]).status, second = tt_txn_outcome (txns[1]).status;
    cr_expect ((first == TT_OK && second == TT_ABORTED) || (first == TT_ABORTED && second == TT_OK), "%d %d", first, second);
    fail_over (50);
    tried.stand = first == TT_OK ? loss[0].now : loss[1].now;
    apply_up_to (&tried, journal.head, 30);
    apply_up_to (&plain, journal.head, 256);
    expect_same (9, "once");
    close_counter (&other);
}

/* A replica that was stopped with lost events in hand wakes up after the others have taken them back and read on in the same
 * epoch. */
Test (undo, what_a_sleeper_has_in_hand_of_the_lost_history_is_refused)
{
    seed_of (10);
    append (110);
    apply_up_to (&tried, 100, 30);
    counter sleeper = open_counter ("tried", SLOTS);
    sleeper.stand = tried.stand;
    apply_up_to (&tried, 110, 30);
    stats_loss loss = loss_of (&tried, 106);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    while (tried.stand.sequence < 105)
        cr_assert_eq (apply (&tried, 105 - tried.stand.sequence), TT_OK);
    cr_expect_eq (apply (&sleeper, 10), TT_ABORTED);
    fail_over (5);
    apply_up_to (&plain, 105, 256);
    expect_same (10, "the sleeper's events stayed out");
    close_counter (&sleeper);
}

/* The same where the one that noticed the loss had not counted anything of it yet. */
Test (undo, what_a_sleeper_has_in_hand_is_refused_though_nothing_had_to_be_taken_back)
{
    seed_of (14);
    append (110);
    apply_up_to (&tried, 100, 30);
    counter sleeper = open_counter ("tried", SLOTS);
    sleeper.stand = tried.stand;
    stats_loss loss = loss_of (&tried, 106);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_NONE);
    apply_up_to (&tried, 105, 30);
    cr_expect_eq (apply (&sleeper, 10), TT_ABORTED);
    fail_over (5);
    apply_up_to (&plain, 105, 256);
    expect_same (14, "the sleeper's events stayed out");
    close_counter (&sleeper);
}

/* Another replica has counted further than the one that is told of the loss. */
Test (undo, what_another_replica_has_counted_is_taken_back_too)
{
    seed_of (11);
    append (200);
    apply_up_to (&tried, 100, 30);
    counter ahead = open_counter ("tried", SLOTS);
    ahead.stand = tried.stand;
    apply_up_to (&ahead, 200, 30);
    stats_loss loss = loss_of (&tried, 151);
    cr_assert_eq (take_back (&tried, &loss), TT_OK);
    cr_expect_eq (loss.result, STATS_UNDO_DONE);
    fail_over (50);
    apply_up_to (&tried, 150, 30);
    apply_up_to (&plain, 150, 256);
    expect_same (11, "both");
    close_counter (&ahead);
}

/* -- cost -- */

/* Processor time of this process and of Redis. */
static double
cpu_us (void)
{
    char info[4096];
    double user = 0, sys = 0;
    private_redis_ask (&redis, "INFO cpu", info, sizeof info);
    const char *at = strstr (info, "used_cpu_sys:"), *then = strstr (info, "used_cpu_user:");
    cr_assert (at && then && sscanf (at, "used_cpu_sys:%lf", &sys) == 1 && sscanf (then, "used_cpu_user:%lf", &user) == 1);
    return (double)clock () * 1e6 / CLOCKS_PER_SEC + 1e6 * (user + sys);
}

/* Bytes of records and processor time, for the log: never a pass or fail on time. */
Test (undo, what_records_cost)
{
    seed_of (12);
    static const uint64_t sizes[] = { 1, 8, 32, 256 };
    append (12000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        counter with = open_counter (tt_arena_printf (arena, "with%zu", i), stats_undo_slots_for (10000));
        counter without = open_counter (tt_arena_printf (arena, "without%zu", i), 0);
        double at_us[3];
        uint64_t up_to = sizes[i] == 1 ? 3000 : 12000;
        counter *both[] = { &without, &with };
        for (int k = 0; k < 2; k++) {
            at_us[k] = cpu_us ();
            while (both[k]->stand.sequence < up_to)
                cr_assert_eq (apply (both[k], sizes[i]), TT_OK);
        }
        at_us[2] = cpu_us ();
        double us[2], portions = (double)up_to / (double)sizes[i];
        for (int k = 0; k < 2; k++)
            us[k] = (at_us[k + 1] - at_us[k]) / portions;
        size_t bytes = strlen (rows_of (&with, "undo")) / 2;
        fprintf (stderr, "portions of %llu: %.0f us of processor without, %.0f with; records of %llu events hold %zu bytes\n",
                 (unsigned long long)sizes[i], us[0], us[1], (unsigned long long)(up_to < 10000 ? up_to : 10000), bytes);
        cr_expect_leq (bytes, 2000000);
        close_counter (&with);
        close_counter (&without);
    }
}

/* -- what the source had trimmed -- */

/* Sequence 25 is counted behind 10; where the position stands then is told by a loss that concerns nothing. */
static stats_position
count_behind_a_hole (void)
{
    append (10);
    apply_up_to (&tried, 10, 5);
    fail_over (0);
    stats_portion_event event = { .sequence = 25 };
    stats_portion portion = { .stream = "patent", .partition = PARTITION, .base = tried.stand, .events = &event, .count = 1, .undo_slots = tried.slots };
    memcpy (portion.epoch, journal.epoch, sizeof portion.epoch);
    tt_error error = { 0 };
    tt_batch_begin (tried.batch, 1);
    tt_txn *txn = tt_batch_add (tried.batch, &(tt_txn_spec){ .handle = stats_ledger_apply, .request = &portion });
    cr_assert (tt_batch_run (tried.batch, &error) == TT_OK && tt_txn_outcome (txn).status == TT_OK && portion.applied == 1);
    stats_loss probe = loss_of (&tried, 1000);
    probe.base.sequence = 25;
    memcpy (probe.base.epoch, journal.epoch, sizeof probe.base.epoch);
    memcpy (probe.epoch, journal.epoch, sizeof probe.epoch);
    cr_assert_eq (take_back (&tried, &probe), TT_OK);
    return probe.now;
}

Test (undo, what_was_trimmed_before_it_was_counted_is_marked_also_behind_an_epochs_end)
{
    stats_position p = count_behind_a_hole ();
    cr_expect (p.doubtful_first == 11 && p.doubtful_last == 24, "%llu to %llu", (unsigned long long)p.doubtful_first, (unsigned long long)p.doubtful_last);
}
