/* Reads of several rows, sorted indexes, and reads in other partitions. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

TestSuite (reads, .init = world_open, .fini = world_close, .timeout = 60);

#define HERE "the-partition"

static void
fill (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    static const char *const names[] = { "cherry", "apple", "fig", "banana", "date" };
    tt_txn_at (txn, tt_bytes_of_text (HERE));
    for (uint64_t i = 0; i < 5; i++) {
        tt_bytes name = tt_bytes_of_text (names[i]);
        tt_txn_put_blind (txn, "numbered", tt_number_key (txn, 10 + 2 * i), name);
        tt_txn_put_blind (txn, "fruit", name, tt_bytes_of_text (tt_arena_printf (tt_txn_arena (txn), "<%s>", names[i])));
        tt_txn_index_put (txn, "names", name, 0);
        tt_txn_index_put (txn, "due", name, (int64_t)(1000 - 100 * i));
    }
    tt_txn_put_blind (txn, "fruit", tt_bytes_of_text ("unlisted"), tt_bytes_of_text ("<unlisted>"));
    tt_txn_index_put (txn, "names", tt_bytes_of_text ("coconut"), 0);
    tt_txn_index_remove (txn, "names", tt_bytes_of_text ("coconut"));
}

/* What a read gave, as "key=value key=value"; a numbered key by its number, an absent row by "-". */
struct question {
    char kind;
    uint64_t from;
    uint32_t count;
    const char *after;
    bool keys_only;
    char answer[512];
};

static void
ask (tt_txn *txn, const void *message, void *service)
{
    (void)message;
    struct question *q = service;
    tt_txn_at (txn, tt_bytes_of_text (HERE));
    const char *table = q->keys_only ? NULL : "fruit";
    const tt_rows *rows = q->kind == 'r'   ? tt_txn_range (txn, "numbered", q->from, q->count)
                          : q->kind == 't' ? tt_txn_table (txn, "fruit")
                          : q->kind == 'p' ? tt_txn_page (txn, "names", tt_bytes_of_text (q->after), q->count, table)
                                           : tt_txn_due (txn, "due", (int64_t)q->from, q->count, table);
    if (rows == NULL)
        return;
    tt_buffer out = { 0 };
    for (size_t i = 0; i < rows->count; i++) {
        tt_bytes key = rows->keys[i];
        tt_buffer_text (&out, i ? " " : "");
        if (q->kind == 'r')
            tt_buffer_printf (&out, "%d", key.data[7]);
        else
            tt_buffer_append (&out, key.data, key.size);
        if (rows->rows && !q->keys_only)
            tt_buffer_printf (&out, "=%.*s", (int)rows->rows[i].value.size,
                              rows->rows[i].present ? (const char *)rows->rows[i].value.data : "-");
    }
    snprintf (q->answer, sizeof q->answer, "%s", tt_buffer_cstr (&out));
    tt_buffer_free (&out);
}

static const char *
answer (struct question question)
{
    static struct question q;
    q = question;
    tt_outcome outcome = do_one (ask, NULL, &q, NULL);
    cr_assert_eq (outcome.status, TT_OK, "%s", outcome.message);
    return q.answer;
}

Test (reads, range)
{
    do_one (fill, NULL, NULL, NULL);
    cr_assert_str_eq (answer ((struct question){ .kind = 'r', .from = 10, .count = 5 }), "10=cherry 12=apple 14=fig");
    cr_assert_str_eq (answer ((struct question){ .kind = 'r', .from = 17, .count = 100 }), "18=date");
    cr_assert_str_eq (answer ((struct question){ .kind = 'r', .from = 19, .count = 3 }), "");
    cr_assert_str_eq (answer ((struct question){ .kind = 'r', .from = 10, .count = 0 }), "");
}

Test (reads, table_is_sorted_by_key)
{
    cr_assert_str_eq (answer ((struct question){ .kind = 't' }), "");
    do_one (fill, NULL, NULL, NULL);
    cr_assert_str_eq (answer ((struct question){ .kind = 't' }),
                      "apple=<apple> banana=<banana> cherry=<cherry> date=<date> fig=<fig> unlisted=<unlisted>");
}

Test (reads, page)
{
    do_one (fill, NULL, NULL, NULL);
    cr_assert_str_eq (answer ((struct question){ .kind = 'p', .after = "", .count = 2 }), "apple=<apple> banana=<banana>");
    cr_assert_str_eq (answer ((struct question){ .kind = 'p', .after = "banana", .count = 2 }), "cherry=<cherry> date=<date>");
    cr_assert_str_eq (answer ((struct question){ .kind = 'p', .after = "cat", .count = 9, .keys_only = true }),
                      "cherry date fig");
    cr_assert_str_eq (answer ((struct question){ .kind = 'p', .after = "fig", .count = 9 }), "");
}

Test (reads, due)
{
    do_one (fill, NULL, NULL, NULL);
    cr_assert_str_eq (answer ((struct question){ .kind = 'd', .from = 800, .count = 9, .keys_only = true }), "date banana fig");
    cr_assert_str_eq (answer ((struct question){ .kind = 'd', .from = 1000, .count = 2 }), "date=<date> banana=<banana>");
    cr_assert_str_eq (answer ((struct question){ .kind = 'd', .from = 599, .count = 9 }), "");
}

/* -- another partition -- */

struct glance {
    const char *key;
    tt_batch *other; /* puts the glanced row once more, once, while this one decides */
    int calls;
    char seen[64];
};

static void
glance (tt_txn *txn, const void *message, void *service)
{
    (void)message;
    struct glance *g = service;
    tt_txn_at (txn, tt_bytes_of_text ("home"));
    tt_bytes key = tt_bytes_of_text (g->key);
    const tt_row *row = tt_txn_get_at (txn, key, "t", key);
    if (row == NULL)
        return;
    snprintf (g->seen, sizeof g->seen, "%.*s", (int)row->value.size, (const char *)row->value.data);
    tt_txn_put_blind (txn, "t", tt_bytes_of_text ("home"), row->value);
    if (g->calls++)
        return;
    begin (g->other);
    put_request again = { g->key, "second" };
    add (g->other, put_row, &again, NULL, NULL);
    run (g->other);
}

Test (reads, a_row_elsewhere_is_read_but_guards_nothing)
{
    tt_store *store = world_store ();
    for (int i = 0; i < 8; i++) { /* some of these keys lie in other partitions than "home" */
        char key[16];
        snprintf (key, sizeof key, "away-%d", i);
        do_one (put_row, &(put_request){ key, "first" }, NULL, NULL);
        struct glance g = { .key = key, .other = tt_batch_new (store, "envelope.proto") };
        bool elsewhere
            = tt_partition_of (tt_bytes_of_text (key), PARTITIONS) != tt_partition_of (tt_bytes_of_text ("home"), PARTITIONS);
        cr_assert_eq (do_one (glance, NULL, &g, NULL).status, TT_OK);
        cr_assert_str_eq (g.seen, "first");
        cr_assert_eq (g.calls, 1, "called again although %s", elsewhere ? "the row lies elsewhere" : "it was a plain read");
        cr_assert_str_eq (row_text ("home", NULL), "first");
        tt_batch_destroy (&g.other);
    }
    tt_store_close (&store);
}

Test (reads, partitions_are_stable)
{
    /* XXH3-64 of these bytes, modulo: computed with the reference implementation's command line tool (xxhsum -H3). */
    cr_assert_eq (tt_partition_of (tt_bytes_of_text (""), 8), 0x2d06800538d394c2 % 8);
    cr_assert_eq (tt_partition_of (tt_bytes_of_text ("a"), 1000), 0xe6c632b61e964e1f % 1000);
    cr_assert_eq (tt_partition_of (tt_bytes_of_text ("abc"), 1000), 0x78af5f94892f3950 % 1000);
}

static void
put_and_index (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    tt_bytes key = tt_bytes_of_text ("guard");
    tt_txn_at (txn, key);
    if (tt_txn_get (txn, "t", key) == NULL)
        return;
    tt_txn_put (txn, "t", key, tt_bytes_of_text ("x"));
    tt_txn_index_put (txn, "members", tt_bytes_of_text ("m"), 0);
}

static void
count_members (tt_txn *txn, const void *message, void *service)
{
    (void)message, (void)service;
    tt_bytes key = tt_bytes_of_text ("guard");
    tt_txn_at (txn, key);
    const tt_row *guard = tt_txn_get (txn, "t", key);
    const tt_rows *members = tt_txn_page (txn, "members", TT_BYTES_NONE, 10, NULL);
    if (tt_txn_pending (txn))
        return;
    reply_number (txn, (uint32_t)(guard->present * 10 + members->count));
    tt_txn_put (txn, "t", key, tt_bytes_of_text ("counted"));
}

/* The page was once the one from before the first transaction, under a guard from behind it. */
Test (reads, a_page_is_not_older_than_the_row_that_guards_it)
{
    begin (world.batch);
    add (world.batch, put_and_index, NULL, NULL, NULL);
    tt_txn *counts = add (world.batch, count_members, NULL, NULL, NULL);
    run (world.batch);
    cr_assert_eq (number_of (tt_txn_outcome (counts)), 11);
}
