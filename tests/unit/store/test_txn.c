/* Transactions against a real Redis: guards, bounds, request ids, steps, order. Reads of several rows are in test_reads.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

TestSuite (txn, .init = world_open, .fini = world_close, .timeout = 60);

Test (txn, put_get_and_versions)
{
    uint64_t version = 9;
    cr_assert_str_eq (row_text ("a", &version), "");
    cr_assert_eq (version, 0);
    cr_assert_eq (number_of (do_one (put_row, &(put_request){ "a", "one" }, NULL, NULL)), 1);
    cr_assert_str_eq (row_text ("a", &version), "one");
    cr_assert_neq (version, 0);
    uint64_t before = version;
    cr_assert_eq (number_of (do_one (put_row, &(put_request){ "a", "two" }, NULL, NULL)), 2);
    cr_assert_str_eq (row_text ("a", &version), "two");
    cr_assert_neq (version, before);
    cr_assert_eq (event_count (), 2);
}

static void
delete_row (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    tt_bytes key = tt_bytes_of_text (((const put_request *)message)->key);
    tt_txn_at (txn, key);
    if (tt_txn_get (txn, "t", key))
        tt_txn_delete (txn, "t", key);
}

Test (txn, deleted_row_is_absent_and_begins_anew)
{
    put_request request = { "a", "one" };
    do_one (put_row, &request, NULL, NULL);
    do_one (put_row, &request, NULL, NULL);
    do_one (delete_row, &request, NULL, NULL);
    uint64_t version = 9;
    cr_assert_str_eq (row_text ("a", &version), "");
    cr_assert_eq (version, 0);
    cr_assert_eq (number_of (do_one (put_row, &request, NULL, NULL)), 1);
}

/* -- order inside one batch -- */

Test (txn, one_batch_keeps_the_order_on_a_key)
{
    char values[60][2];
    put_request requests[60];
    tt_txn *txns[60];
    begin (world.batch);
    for (int i = 0; i < 60; i++) {
        values[i][0] = (char)('A' + i);
        values[i][1] = '\0';
        requests[i] = (put_request){ i % 2 ? "odd" : "even", values[i] };
        txns[i] = add (world.batch, append_row, &requests[i], NULL, NULL);
    }
    run (world.batch);
    for (int i = 0; i < 60; i++)
        cr_assert_eq (number_of (tt_txn_outcome (txns[i])), (uint32_t)i / 2 + 1, "transaction %d", i);
    cr_assert_eq (tt_batch_count (world.batch).conflicts, 0);
    cr_assert_str_eq (row_text ("even", NULL), "ACEGIKMOQSUWY[]_acegikmoqsuwy{");
}

/* Reads "b" only after "a" says so: the second read comes a round later than those of the transactions behind it. */
static void
append_after_looking (tt_txn *txn, const void *message, void *service)
{
    tt_bytes key = tt_bytes_of_text (((const put_request *)message)->key);
    tt_txn_at (txn, key);
    const tt_row *row = tt_txn_get (txn, "t", key);
    if (row == NULL || tt_txn_get (txn, "t", tt_bytes_of_text ("first-this")) == NULL)
        return;
    if (tt_txn_get (txn, "t", tt_bytes_of_text ("then-that")) == NULL)
        return;
    append_row (txn, message, service);
}

Test (txn, a_slow_reader_is_not_overtaken)
{
    put_request slow = { "k", "1" }, fast = { "k", "2" };
    begin (world.batch);
    tt_txn *first = add (world.batch, append_after_looking, &slow, NULL, NULL);
    tt_txn *second = add (world.batch, append_row, &fast, NULL, NULL);
    run (world.batch);
    cr_assert_str_eq (row_text ("k", NULL), "12");
    cr_assert_eq (number_of (tt_txn_outcome (first)), 1);
    cr_assert_eq (number_of (tt_txn_outcome (second)), 2);
}

/* -- conflicts between batches -- */

/* Runs another batch's put of `meddle` once, after the row was read and before this one's commit. */
struct meddler {
    tt_batch *other;
    put_request meddle;
    int calls, done;
};

static void
meddle_once (struct meddler *m)
{
    m->calls++;
    if (m->done++)
        return;
    begin (m->other);
    add (m->other, append_row, &m->meddle, NULL, NULL);
    run (m->other);
}

static void
append_while_meddled (tt_txn *txn, const void *message, void *service)
{
    tt_bytes key = tt_bytes_of_text (((const put_request *)message)->key);
    tt_txn_at (txn, key);
    if (tt_txn_get (txn, "t", key) == NULL)
        return;
    meddle_once (service);
    append_row (txn, message, service);
}

Test (txn, conflict_of_two_batches_is_decided_again)
{
    tt_store *store = world_store ();
    struct meddler m = { .other = tt_batch_new (store, "envelope.proto"), .meddle = { "k", "theirs" } };
    tt_outcome outcome = do_one (append_while_meddled, &(put_request){ "k", "ours" }, &m, NULL);
    cr_assert_eq (outcome.status, TT_OK);
    cr_assert_eq (number_of (outcome), strlen ("theirsours"));
    cr_assert_eq (m.calls, 2);
    cr_assert_eq (tt_batch_count (world.batch).conflicts, 1);
    cr_assert_str_eq (row_text ("k", NULL), "theirsours");
    cr_assert_eq (event_count (), 2, "the try that conflicted left nothing");
    tt_batch_destroy (&m.other);
    tt_store_close (&store);
}

/* Puts "mine" depending on "guard", which it only reads. */
static void
put_by_guard (tt_txn *txn, const void *message, void *service)
{
    tt_txn_at (txn, tt_bytes_of_text ("guard"));
    const tt_row *guard = tt_txn_get (txn, "t", tt_bytes_of_text ("guard"));
    const tt_row *mine = tt_txn_get (txn, "t", tt_bytes_of_text ("mine"));
    if (tt_txn_pending (txn))
        return;
    (void)message, (void)mine;
    reply_number (txn, guard->present);
    tt_txn_put (txn, "t", tt_bytes_of_text ("mine"), tt_bytes_of_text ("x"));
    meddle_once (service);
}

Test (txn, what_was_only_read_guards_too)
{
    tt_store *store = world_store ();
    struct meddler m = { .other = tt_batch_new (store, "envelope.proto"), .meddle = { "guard", "!" } };
    tt_outcome outcome = do_one (put_by_guard, NULL, &m, NULL);
    cr_assert_eq (number_of (outcome), 1, "it must have been decided on the guard as it is");
    cr_assert_eq (m.calls, 2);
    tt_batch_destroy (&m.other);
    tt_store_close (&store);
}

/* Once another replica's put and ours bore the same version: what rested on ours passed its guard, and theirs was overwritten. */
Test (txn, what_rests_on_a_put_that_conflicted_conflicts_too)
{
    tt_store *store = world_store ();
    struct meddler m = { .other = tt_batch_new (store, "envelope.proto"), .meddle = { "k", "theirs" } };
    begin (world.batch);
    add (world.batch, append_while_meddled, &(put_request){ "k", "A" }, &m, NULL);
    add (world.batch, append_row, &(put_request){ "k", "B" }, NULL, NULL);
    run (world.batch);
    cr_assert_str_eq (row_text ("k", NULL), "theirsAB");
    cr_assert_eq (event_count (), 3);
    tt_batch_destroy (&m.other);
    tt_store_close (&store);
}

static void
replace_row (tt_txn *txn, const void *message, void *service)
{
    struct meddler *m = service;
    tt_bytes key = tt_bytes_of_text ("k");
    tt_txn_at (txn, key);
    const tt_row *row = tt_txn_get (txn, "t", key);
    if (row == NULL)
        return;
    char *text = tt_arena_printf (tt_txn_arena (txn), "%.*s+", (int)row->value.size, (const char *)row->value.data);
    tt_txn_put (txn, "t", key, tt_bytes_of_text (text));
    if (m->calls++)
        return;
    begin (m->other);
    add (m->other, delete_row, message, NULL, NULL);
    add (m->other, put_row, &m->meddle, NULL, NULL);
    run (m->other);
}

Test (txn, a_row_that_was_deleted_and_made_anew_is_another_one)
{
    tt_store *store = world_store ();
    struct meddler m = { .other = tt_batch_new (store, "envelope.proto"), .meddle = { "k", "new" } };
    do_one (put_row, &(put_request){ "k", "old" }, NULL, NULL);
    do_one (replace_row, &(put_request){ "k", "" }, &m, NULL);
    cr_assert_str_eq (row_text ("k", NULL), "new+");
    tt_batch_destroy (&m.other);
    tt_store_close (&store);
}

static void
append_always_meddled (tt_txn *txn, const void *message, void *service)
{
    struct meddler *m = service;
    m->done = 0;
    append_while_meddled (txn, message, service);
}

Test (txn, endless_conflict_is_aborted)
{
    tt_store *store = world_store ();
    struct meddler m = { .other = tt_batch_new (store, "envelope.proto"), .meddle = { "k", "x" } };
    tt_outcome outcome = do_one (append_always_meddled, &(put_request){ "k", "ours" }, &m, NULL);
    cr_assert_eq (outcome.status, TT_ABORTED);
    cr_assert_eq (outcome.reply.size, 0);
    cr_assert_null (strstr (row_text ("k", NULL), "ours"));
    tt_batch_destroy (&m.other);
    tt_store_close (&store);
}

/* -- bounds -- */

static void
take_seven (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    tt_bytes key = tt_bytes_of_text ("capacity");
    tt_txn_at (txn, key);
    if (tt_txn_bound_failed (txn, "n", key))
        tt_txn_refuse (txn, TT_RESOURCE_EXHAUSTED, "nothing left");
    else
        tt_txn_add (txn, "n", key, 7, 0, 100);
}

static void
read_capacity (tt_txn *txn, const void *message, void *service)
{
    (void)message;
    tt_txn_at (txn, tt_bytes_of_text ("capacity"));
    if (tt_txn_number (txn, "n", tt_bytes_of_text ("capacity"), service))
        return;
}

Test (txn, bounds_hold_over_batches)
{
    int accepted = 0, refused = 0;
    for (int round = 0; round < 3; round++) {
        tt_txn *txns[10];
        begin (world.batch);
        for (int i = 0; i < 10; i++)
            txns[i] = add (world.batch, take_seven, NULL, NULL, NULL);
        run (world.batch);
        for (int i = 0; i < 10; i++) {
            tt_outcome outcome = tt_txn_outcome (txns[i]);
            accepted += outcome.status == TT_OK;
            refused += outcome.status == TT_RESOURCE_EXHAUSTED;
        }
    }
    cr_assert_eq (accepted, 14);
    cr_assert_eq (refused, 16);
    int64_t value = -1;
    do_one (read_capacity, NULL, &value, NULL);
    cr_assert_eq (value, 98);
}

static void
add_and_put (tt_txn *txn, const void *message, void *service)
{
    take_seven (txn, message, service);
    if (!tt_txn_refused (txn))
        tt_txn_put_blind (txn, "t", tt_bytes_of_text ("capacity"), tt_bytes_of_text ("done"));
}

static void
fill (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    tt_txn_at (txn, tt_bytes_of_text ("capacity"));
    tt_txn_add (txn, "n", tt_bytes_of_text ("capacity"), 99, 0, 100);
}

Test (txn, a_broken_bound_leaves_nothing)
{
    do_one (fill, NULL, NULL, NULL);
    cr_assert_eq (do_one (add_and_put, NULL, NULL, NULL).status, TT_RESOURCE_EXHAUSTED);
    cr_assert_str_eq (row_text ("capacity", NULL), "");
}

/* -- request ids -- */

Test (txn, same_id_in_two_batches)
{
    test_id id = new_id ();
    put_request request = { "k", "x" };
    tt_outcome first = do_one (append_row, &request, NULL, &id);
    cr_assert_eq (number_of (first), 1);
    cr_assert (!first.replayed);
    tt_outcome again = do_one (append_row, &request, NULL, &id);
    cr_assert_eq (number_of (again), 1);
    cr_assert (again.replayed);
    cr_assert_str_eq (row_text ("k", NULL), "x");
    cr_assert_eq (event_count (), 1);
}

Test (txn, same_id_in_one_batch)
{
    test_id id = new_id ();
    put_request request = { "k", "x" };
    tt_txn *txns[5];
    begin (world.batch);
    for (int i = 0; i < 5; i++)
        txns[i] = add (world.batch, append_row, &request, NULL, &id);
    tt_txn *stranger = add (world.batch, append_row, &(put_request){ "k", "y" }, NULL, NULL);
    run (world.batch);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq (number_of (tt_txn_outcome (txns[i])), 1, "copy %d", i);
        cr_assert_eq (tt_txn_outcome (txns[i]).replayed, i > 0, "copy %d", i);
    }
    cr_assert_eq (number_of (tt_txn_outcome (stranger)), 2);
    cr_assert_str_eq (row_text ("k", NULL), "xy");
    cr_assert_eq (event_count (), 2);
}

Test (txn, refusal_behind_an_effect_gives_the_first_outcome)
{
    test_id id = new_id (), other = new_id ();
    put_request request = { "k", "x" };
    cr_assert_eq (number_of (do_one (create_row, &request, NULL, &id)), 1);
    tt_outcome again = do_one (create_row, &request, NULL, &id);
    cr_assert_eq (again.status, TT_OK, "%s", again.message);
    cr_assert (again.replayed);
    cr_assert_eq (number_of (again), 1);
    cr_assert_eq (do_one (create_row, &request, NULL, &other).status, TT_ALREADY_EXISTS);
}

Test (txn, refusal_behind_an_effect_in_the_same_batch)
{
    test_id id = new_id (), other = new_id ();
    put_request request = { "k", "x" };
    begin (world.batch);
    tt_txn *first = add (world.batch, create_row, &request, NULL, &id);
    tt_txn *same = add (world.batch, create_row, &request, NULL, &id);
    tt_txn *stranger = add (world.batch, create_row, &request, NULL, &other);
    run (world.batch);
    cr_assert_eq (tt_txn_outcome (first).status, TT_OK);
    cr_assert_eq (tt_txn_outcome (same).status, TT_OK);
    cr_assert_eq (number_of (tt_txn_outcome (same)), 1);
    cr_assert_eq (tt_txn_outcome (stranger).status, TT_ALREADY_EXISTS);
    cr_assert_eq (event_count (), 1);
}

Test (txn, a_refusal_is_not_remembered)
{
    test_id id = new_id ();
    put_request request = { "k", "x" };
    do_one (put_row, &request, NULL, NULL);
    cr_assert_eq (do_one (create_row, &request, NULL, &id).status, TT_ALREADY_EXISTS);
    do_one (delete_row, &request, NULL, NULL);
    tt_outcome now = do_one (create_row, &request, NULL, &id);
    cr_assert_eq (now.status, TT_OK);
    cr_assert (!now.replayed);
}

Test (txn, items_of_one_id_are_remembered_apart)
{
    test_id id = new_id ();
    put_request requests[3] = { { "k", "a" }, { "k", "b" }, { "k", "c" } };
    for (int round = 0; round < 2; round++) {
        begin (world.batch);
        for (size_t i = 0; i < 3; i++) {
            tt_txn_spec spec = { .handle = append_row, .request = &requests[i], .request_id = { id.bytes, 16 }, .item = i };
            tt_batch_add (world.batch, &spec);
        }
        run (world.batch);
    }
    cr_assert_str_eq (row_text ("k", NULL), "abc");
}

Test (txn, outcomes_survive_a_killed_redis)
{
    test_id id = new_id ();
    put_request request = { "k", "x" };
    do_one (append_row, &request, NULL, &id);
    private_redis_kill (&world.redis);
    private_redis_start (&world.redis);
    cr_assert (do_one (append_row, &request, NULL, &id).replayed);
    cr_assert_str_eq (row_text ("k", NULL), "x");
}

/* An id made by a clock ten minutes ahead is accepted ten minutes longer: it was once forgotten before. */
Test (txn, outcomes_are_kept_as_long_as_ids_are_accepted)
{
    test_id id = new_id ();
    do_one (append_row, &(put_request){ "k", "x" }, NULL, &id);
    char keys[512];
    private_redis_ask (&world.redis, "--raw keys 'tt:{test.*}:r:*'", keys, sizeof keys);
    keys[strcspn (keys, "\n")] = '\0';
    char command[600];
    snprintf (command, sizeof command, "--raw ttl '%s'", keys);
    long long seconds = private_redis_number (&world.redis, command);
    cr_assert_geq (seconds, 3600 + 600 + 300, "%s expires in %lld s", keys, seconds);
}

/* -- steps -- */

static void
two_steps (tt_txn *txn, const void *message, void *service)
{
    const bool *crash = service;
    if (tt_txn_step (txn) == 0) {
        append_row (txn, &(put_request){ "step-0", "x" }, NULL);
        tt_txn_then (txn);
    } else if (*crash) {
        tt_txn_refuse (txn, TT_UNAVAILABLE, "the daemon died here");
    } else {
        append_row (txn, &(put_request){ ((const put_request *)message)->key, "y" }, NULL);
    }
}

Test (txn, steps_go_on_after_a_crash_between_them)
{
    test_id id = new_id ();
    bool crash = true;
    put_request request = { "step-1", "" };
    cr_assert_eq (do_one (two_steps, &request, &crash, &id).status, TT_UNAVAILABLE);
    cr_assert_str_eq (row_text ("step-0", NULL), "x");
    cr_assert_str_eq (row_text ("step-1", NULL), "");
    crash = false;
    tt_outcome outcome = do_one (two_steps, &request, &crash, &id);
    cr_assert_eq (outcome.status, TT_OK);
    cr_assert_str_eq (row_text ("step-0", NULL), "x", "the first step was done twice");
    cr_assert_str_eq (row_text ("step-1", NULL), "y");
    outcome = do_one (two_steps, &request, &crash, &id);
    cr_assert (outcome.replayed);
    cr_assert_eq (number_of (outcome), 1);
    cr_assert_str_eq (row_text ("step-1", NULL), "y");
    cr_assert_eq (event_count (), 2);
}

/* Ends in step 3, or by way of a step with an effect in step 1. */
static void
two_ways (tt_txn *txn, const void *message, void *service)
{
    const bool *shorter = service;
    uint32_t last = *shorter ? 1 : 3;
    tt_txn_at (txn, tt_bytes_of_text (((const put_request *)message)->key));
    if (*shorter && tt_txn_step (txn) == 0)
        append_row (txn, &(put_request){ "claim", "x" }, NULL);
    if (tt_txn_step (txn) < last)
        tt_txn_then (txn);
    else
        append_row (txn, message, NULL);
}

/* Found by ops/chaos: a record was first a duplicate of one that held its number, and on the retry, after that one had let go of it, it was registered
 * as well. */
Test (txn, a_retry_that_takes_another_way_does_not_end_twice)
{
    test_id id = new_id ();
    bool shorter = false;
    put_request request = { "end", "y" };
    cr_assert_eq (do_one (two_ways, &request, &shorter, &id).status, TT_OK);
    shorter = true;
    tt_outcome outcome = do_one (two_ways, &request, &shorter, &id);
    cr_assert_eq (outcome.status, TT_OK);
    cr_assert (outcome.replayed);
    cr_assert_str_eq (row_text ("end", NULL), "y", "the command ended twice");
}

Test (txn, steps_of_many_in_one_batch)
{
    bool crash = false;
    put_request requests[20];
    test_id ids[20];
    begin (world.batch);
    for (int i = 0; i < 20; i++) {
        requests[i] = (put_request){ i % 2 ? "step-1" : "step-2", "" };
        ids[i] = new_id ();
        add (world.batch, two_steps, &requests[i], &crash, &ids[i]);
    }
    run (world.batch);
    cr_assert_eq (strlen (row_text ("step-0", NULL)), 20);
    cr_assert_eq (strlen (row_text ("step-1", NULL)), 10);
    cr_assert_eq (strlen (row_text ("step-2", NULL)), 10);
}

/* -- Redis -- */

Test (txn, unreachable_redis_is_unavailable)
{
    private_redis_kill (&world.redis);
    tt_error error = { 0 };
    begin (world.batch);
    tt_txn *txn = add (world.batch, put_row, &(put_request){ "a", "b" }, NULL, NULL);
    cr_assert_eq (tt_batch_run (world.batch, &error), TT_UNAVAILABLE);
    cr_assert_eq (tt_txn_outcome (txn).status, TT_UNAVAILABLE);
    cr_assert_neq (tt_txn_outcome (txn).message[0], '\0');
    private_redis_start (&world.redis);
    cr_assert_eq (number_of (do_one (put_row, &(put_request){ "a", "b" }, NULL, NULL)), 1);
}

Test (txn, other_partition_count_is_refused)
{
    tt_store_options options = world.options;
    options.partitions = PARTITIONS + 1;
    tt_store *store = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_store_open (&store, &options, &error), TT_OK);
    cr_assert_eq (tt_store_prepare (store, &error), TT_FAILED_PRECONDITION);
    cr_assert_not_null (strstr (error.message, "4 partitions"), "%s", error.message);
    tt_store_close (&store);
}

#define MANY 500

/* Counts every other row up, and every number; replies with the sum of what it found. */
static void
count_many_up (tt_txn *txn, const void *message, void *service)
{
    (void)message;
    (void)service;
    const tt_row *rows[MANY];
    tt_bytes keys[MANY];
    uint32_t sum = 0;
    tt_txn_at (txn, tt_bytes_of_text ("many"));
    for (size_t i = 0; i < MANY; i++)
        rows[i] = tt_txn_get (txn, "t", keys[i] = tt_number_key (txn, i));
    if (tt_txn_pending (txn))
        return;
    for (size_t i = 0; i < MANY; i++) {
        cr_assert_eq (rows[i], tt_txn_get (txn, "t", keys[i]));
        uint8_t *value = tt_arena_alloc (tt_txn_arena (txn), 1);
        *value = (uint8_t)(rows[i]->present ? rows[i]->value.data[0] + 1 : 1);
        sum += rows[i]->present ? rows[i]->value.data[0] : 0u;
        if (i % 2 == 0)
            tt_txn_put (txn, "t", keys[i], (tt_bytes){ value, 1 });
        tt_txn_add (txn, "n", keys[i], 1, 0, 3);
        tt_txn_add (txn, "n", keys[i], -1, 0, 3);
    }
    reply_number (txn, sum);
}

/* From a few dozen on, rows are found by their hash: each must still be read, guarded and written once. */
Test (txn, each_of_many_rows_is_touched_once)
{
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq (number_of (do_one (count_many_up, NULL, NULL, NULL)), i * MANY / 2, "run %u", i);
}

/* -- one that comes after others -- */

/* Writes in two steps: it is not done after its first commit. */
static void
put_in_two_steps (tt_txn *txn, const void *message, void *service)
{
    put_row (txn, message, service);
    if (tt_txn_step (txn) == 0)
        tt_txn_then (txn);
}

static void
refuse_it (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (((const put_request *)message)->key));
    tt_txn_refuse (txn, TT_ABORTED, "not this one");
}

static tt_outcome
after_two (tt_handler *second)
{
    static put_request first = { "first", "1" }, other = { "other", "2" }, last = { "last", "3" };
    begin (world.batch);
    tt_txn *items[2] = { add (world.batch, put_in_two_steps, &first, NULL, NULL), add (world.batch, second, &other, NULL, NULL) };
    tt_txn_spec spec = { .handle = put_row, .request = &last, .after = items, .after_count = 2 };
    tt_txn *closing = tt_batch_add (world.batch, &spec);
    run (world.batch);
    return tt_txn_outcome (closing);
}

Test (txn, what_comes_after_others_is_done_last_and_only_if_they_are)
{
    cr_assert_eq (after_two (refuse_it).status, TT_ABORTED);
    cr_assert_str_eq (row_text ("last", NULL), "", "nothing of it was done");
    cr_assert_eq (after_two (put_in_two_steps).status, TT_OK);
    cr_assert_str_eq (row_text ("last", NULL), "3");
}
