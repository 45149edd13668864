/* Runs of units that are committed together, what falls back to one by one, and two batches under way at a time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

#define MANY 40

TestSuite (run, .init = world_open, .fini = world_close, .timeout = 60);

static char keys[MANY][16];
static put_request requests[MANY];

/* MANY requests, each for a row of its own. */
static void
make_requests (const char *value)
{
    for (int i = 0; i < MANY; i++) {
        snprintf (keys[i], sizeof keys[i], "key-%d", i);
        requests[i] = (put_request){ keys[i], value };
    }
}

/* Adds all to a batch, under these ids. */
static void
add_all (tt_batch *batch, tt_handler *handle, tt_txn **txns, const test_id *ids)
{
    begin (batch);
    for (int i = 0; i < MANY; i++)
        txns[i] = add (batch, handle, &requests[i], NULL, &ids[i]);
}

static void
make_ids (test_id *ids)
{
    for (int i = 0; i < MANY; i++)
        ids[i] = new_id ();
}

Test (run, many_rows_at_once)
{
    tt_txn *txns[MANY];
    test_id ids[MANY];
    make_requests ("x");
    for (uint32_t round = 1; round <= 3; round++) {
        make_ids (ids);
        add_all (world.batch, append_row, txns, ids);
        run (world.batch);
        for (int i = 0; i < MANY; i++)
            cr_assert_eq (number_of (tt_txn_outcome (txns[i])), round, "row %d", i);
    }
    for (int i = 0; i < MANY; i++)
        cr_assert_str_eq (row_text (keys[i], NULL), "xxx");
    cr_assert_eq (event_count (), 3 * MANY);
    cr_assert_eq (tt_batch_count (world.batch).conflicts, 0);
}

Test (run, one_known_id_among_many)
{
    tt_txn *txns[MANY];
    test_id ids[MANY];
    make_requests ("x");
    make_ids (ids);
    cr_assert_eq (number_of (do_one (append_row, &requests[7], NULL, &ids[7])), 1);
    add_all (world.batch, append_row, txns, ids);
    run (world.batch);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq (number_of (tt_txn_outcome (txns[i])), 1, "row %d", i);
        cr_assert_eq (tt_txn_outcome (txns[i]).replayed, i == 7, "row %d", i);
        cr_assert_str_eq (row_text (keys[i], NULL), "x");
    }
    cr_assert_eq (event_count (), MANY);
}

/* Each partition remembers ids by itself; in each, one of the rows is done, and the others are told so. */
Test (run, one_id_for_all_rows)
{
    tt_txn *txns[MANY];
    test_id ids[MANY];
    int done = 0;
    make_requests ("x");
    ids[0] = new_id ();
    for (int i = 1; i < MANY; i++)
        ids[i] = ids[0];
    add_all (world.batch, append_row, txns, ids);
    run (world.batch);
    for (int i = 0; i < MANY; i++) {
        bool replayed = tt_txn_outcome (txns[i]).replayed;
        cr_assert_str_eq (row_text (keys[i], NULL), replayed ? "" : "x", "row %d", i);
        done += !replayed;
    }
    cr_assert_eq (done, PARTITIONS);
    cr_assert_eq (event_count (), PARTITIONS);
}

/* The batch was decided; then another replica changes one of the rows. */
Test (run, one_changed_row_among_many)
{
    tt_txn *txns[MANY];
    test_id ids[MANY];
    make_requests ("x");
    make_ids (ids);
    add_all (world.batch, append_row, txns, ids);
    tt_store *store = world_store ();
    tt_batch *other = tt_batch_new (store, "envelope.proto");
    begin (other);
    add (other, append_row, &(put_request){ keys[5], "other" }, NULL, NULL);
    tt_batch_start (other, NULL);
    tt_batch_start (world.batch, NULL); /* may read before or after: its guards hold either way */
    run (other);
    run (world.batch);
    for (int i = 0; i < MANY; i++)
        if (i != 5)
            cr_assert_str_eq (row_text (keys[i], NULL), "x");
    const char *both = row_text (keys[5], NULL);
    cr_assert (strcmp (both, "otherx") == 0 || strcmp (both, "xother") == 0, "%s", both);
    cr_assert_eq (event_count (), MANY + 1);
    tt_batch_destroy (&other);
    tt_store_close (&store);
}

/* Two batches take turns, as in the responder; every second command of each is about the same row. */
Test (run, commands_about_one_row_keep_their_order_over_two_batches)
{
    tt_store *stores[2] = { world_store (), world_store () };
    tt_batch *batches[2] = { tt_batch_new (stores[0], "envelope.proto"), tt_batch_new (stores[1], "envelope.proto") };
    static char digits[20][2], others[20][16];
    static put_request shared[20], apart[20];
    for (int i = 0; i < 20; i++) {
        snprintf (digits[i], sizeof digits[i], "%c", 'a' + i);
        snprintf (others[i], sizeof others[i], "other-%d", i);
        shared[i] = (put_request){ "one", digits[i] };
        apart[i] = (put_request){ others[i], "x" };
        tt_batch *batch = batches[i % 2], *ahead = i > 0 ? batches[(i + 1) % 2] : NULL;
        begin (batch);
        add (batch, append_row, &shared[i], NULL, NULL);
        add (batch, append_row, &apart[i], NULL, NULL);
        tt_batch_start (batch, ahead);
        if (ahead)
            run (ahead);
    }
    run (batches[1]);
    cr_assert_str_eq (row_text ("one", NULL), "abcdefghijklmnopqrst");
    cr_assert_eq (event_count (), 40);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq (tt_batch_count (batches[i]).conflicts, 0, "nothing was read while it was being written");
        tt_batch_destroy (&batches[i]);
        tt_store_close (&stores[i]);
    }
}
