/* The queue in front of the workers: turns, bounds, who loses. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/fair_queue.h"

/* What is queued in these tests: whose it is, and which one. */
struct thing {
    tt_fair_item item;
    char whose;
    int number;
};

static tt_fair_item *
push (tt_fair_queue *queue, char whose, int number, size_t bytes)
{
    struct thing *thing = calloc (1, sizeof *thing);
    thing->whose = whose;
    thing->number = number;
    char name[8] = { whose };
    return tt_fair_queue_push (queue, (tt_bytes){ (const uint8_t *)name, whose == '-' ? 0 : 5 }, &thing->item, bytes);
}

/* "a1" of one, freed; "" of none. */
static const char *
text_of (tt_fair_item *item)
{
    static char out[16];
    struct thing *thing = (struct thing *)item;
    out[0] = '\0';
    if (thing)
        snprintf (out, sizeof out, "%c%d", thing->whose, thing->number);
    free (thing);
    return out;
}

static size_t
free_list (tt_fair_item *item)
{
    size_t count = 0;
    for (; item; count++) {
        tt_fair_item *next = item->next;
        free (item);
        item = next;
    }
    return count;
}

static void
expect (tt_fair_queue *queue, const char *const *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = text_of (tt_fair_queue_pop (queue));
        cr_assert_str_eq (got, order[i], "number %zu: %s, not %s", i, got, order[i]);
    }
}

#define EXPECT(queue, ...)                                                                                                       \
    expect (queue, (const char *const[]){ __VA_ARGS__ }, sizeof ((const char *const[]){ __VA_ARGS__ }) / sizeof (char *))

Test (fair_queue, empty_yields_nothing)
{
    tt_fair_queue *queue = tt_fair_queue_new (10, 1000, 100);
    cr_assert_null (tt_fair_queue_pop (queue));
    cr_assert_null (push (queue, 'a', 1, 10));
    EXPECT (queue, "a1", "");
    cr_assert_eq (tt_fair_queue_clients (queue), 0);
    tt_fair_queue_destroy (&queue);
    tt_fair_queue_destroy (&queue);
    cr_assert_null (queue);
}

Test (fair_queue, clients_take_turns_and_keep_their_order)
{
    tt_fair_queue *queue = tt_fair_queue_new (100, 100000, 100);
    for (int i = 1; i <= 5; i++)
        cr_assert_null (push (queue, 'a', i, 10));
    cr_assert_null (push (queue, 'b', 1, 10));
    cr_assert_null (push (queue, '-', 1, 10)); /* a name of no bytes is one too */
    cr_assert_null (push (queue, 'b', 2, 10));
    cr_assert_eq (tt_fair_queue_clients (queue), 3);
    cr_assert_eq (tt_fair_queue_bytes (queue), 80);
    EXPECT (queue, "a1", "b1", "-1", "a2", "b2", "a3");
    cr_assert_null (push (queue, 'c', 1, 10)); /* comes in before the next turn of a */
    cr_assert_eq (tt_fair_queue_count (queue), 3);
    EXPECT (queue, "a4", "c1", "a5", "");
    tt_fair_queue_destroy (&queue);
}

Test (fair_queue, a_client_of_large_items_gets_no_more_bytes)
{
    tt_fair_queue *queue = tt_fair_queue_new (10000, 1u << 30, 100);
    for (int i = 1; i <= 3; i++)
        cr_assert_null (push (queue, 'L', i, 1000));
    for (int i = 1; i <= 40; i++)
        cr_assert_null (push (queue, 's', i, 100));
    int small = 0;
    for (int large = 0; large < 3;) {
        const char *got = text_of (tt_fair_queue_pop (queue));
        if (got[0] == 's') {
            small++;
            continue;
        }
        large++;
        cr_assert (small >= 10 * large - 1 && small <= 10 * large, "%d small ones before large one %d", small, large);
    }
    cr_assert_eq (tt_fair_queue_count (queue), 40 - (size_t)small);
    while (tt_fair_queue_count (queue))
        (void)text_of (tt_fair_queue_pop (queue));
    tt_fair_queue_destroy (&queue);
}

Test (fair_queue, large_items_alone_do_not_wait)
{
    tt_fair_queue *queue = tt_fair_queue_new (10, SIZE_MAX / 2, 1);
    cr_assert_null (push (queue, 'a', 1, (size_t)8 << 30));
    cr_assert_null (push (queue, 'b', 1, (size_t)8 << 29)); /* the smaller one has saved enough first */
    cr_assert_null (push (queue, 'a', 2, 0));
    EXPECT (queue, "b1", "a1", "a2", "");
    tt_fair_queue_destroy (&queue);
}

Test (fair_queue, small_items_do_not_save_for_a_burst)
{
    tt_fair_queue *queue = tt_fair_queue_new (1000, 1u << 20, 100);
    for (int i = 1; i <= 20; i++)
        cr_assert_null (push (queue, 'a', i, 1));
    cr_assert_null (push (queue, 'a', 21, 1000));
    for (int i = 1; i <= 20; i++)
        (void)text_of (tt_fair_queue_pop (queue));
    for (int i = 1; i <= 20; i++)
        cr_assert_null (push (queue, 'b', i, 100));
    int before = 0;
    while (text_of (tt_fair_queue_pop (queue))[0] == 'b')
        before++;
    cr_assert_geq (before, 8, "the large one came after %d others: it had saved while it had small ones", before);
    while (tt_fair_queue_count (queue))
        (void)text_of (tt_fair_queue_pop (queue));
    tt_fair_queue_destroy (&queue);
}

Test (fair_queue, full_by_count_the_largest_loses_its_newest)
{
    tt_fair_queue *queue = tt_fair_queue_new (4, 1000000, 100);
    cr_assert_null (push (queue, 'b', 1, 900)); /* most bytes, but it is places that are short */
    for (int i = 1; i <= 3; i++)
        cr_assert_null (push (queue, 'a', i, 1));
    cr_assert_str_eq (text_of (push (queue, 'a', 4, 1)), "a4");
    cr_assert_str_eq (text_of (push (queue, 'c', 1, 1)), "a3");
    cr_assert_str_eq (text_of (push (queue, 'c', 2, 1)), "c2"); /* of equals the later */
    cr_assert_eq (tt_fair_queue_count (queue), 4);
    EXPECT (queue, "a1", "c1", "a2", "b1", "");
    tt_fair_queue_destroy (&queue);
}

Test (fair_queue, full_by_bytes_the_largest_loses_as_many_as_it_takes)
{
    tt_fair_queue *queue = tt_fair_queue_new (100, 1000, 1000);
    for (int i = 1; i <= 9; i++)
        cr_assert_null (push (queue, 'a', i, 100));
    for (int i = 1; i <= 10; i++)
        cr_assert_null (push (queue, 'b', i, 1)); /* most places, but it is bytes that are short */
    cr_assert_eq (free_list (push (queue, 'c', 1, 350)), 3);
    cr_assert_eq (tt_fair_queue_bytes (queue), 600 + 10 + 350);
    cr_assert_str_eq (text_of (push (queue, 'c', 2, 1001)), "c2"); /* never has room */
    cr_assert_eq (tt_fair_queue_bytes (queue), 960);
    EXPECT (queue, "a1", "b1", "c1", "a2");
    while (tt_fair_queue_count (queue))
        (void)text_of (tt_fair_queue_pop (queue));
    tt_fair_queue_destroy (&queue);
}

/* Whatever comes: the bounds hold, each client's items come out in the order in which they came in, and while several wait nobody
 * is served twice before another. */
Test (fair_queue, promises_hold_under_random_use)
{
    tt_fair_queue *queue = tt_fair_queue_new (64, 4096, 4096);
    int next[8] = { 0 }, last[8] = { 0 };
    size_t inside = 0, refused = 0;
    uint32_t state = 12345;
    for (int step = 0; step < 200000; step++) {
        state = state * 1664525u + 1013904223u;
        uint32_t draw = state >> 8;
        if (draw % 5 < 3) {
            int who = (int)(draw / 5 % 8) & (int)(draw / 64 % 8); /* some far more often */
            size_t lost = free_list (push (queue, (char)('a' + who), ++next[who], draw / 512 % 300));
            refused += lost;
            inside += 1 - lost;
        } else {
            struct thing *thing = (struct thing *)tt_fair_queue_pop (queue);
            cr_assert_eq (thing != NULL, inside > 0);
            if (thing == NULL)
                continue;
            inside--;
            cr_assert_gt (thing->number, last[thing->whose - 'a']);
            last[thing->whose - 'a'] = thing->number;
            free (thing);
        }
        cr_assert (tt_fair_queue_count (queue) == inside && inside <= 64 && tt_fair_queue_bytes (queue) <= 4096);
    }
    cr_assert_gt (refused, 1000);
    while (tt_fair_queue_count (queue))
        (void)text_of (tt_fair_queue_pop (queue));
    tt_fair_queue_destroy (&queue);
}

Test (fair_queue, of_many_that_hold_the_same_the_last_in_turn_loses)
{
    enum { CLIENTS = 20000 };
    tt_fair_queue *queue = tt_fair_queue_new (CLIENTS, 1 << 30, 100);
    for (int i = 0; i < CLIENTS; i++) {
        struct thing *thing = calloc (1, sizeof *thing);
        thing->number = i;
        cr_assert_null (tt_fair_queue_push (queue, (tt_bytes){ (const uint8_t *)&i, sizeof i }, &thing->item, 1));
    }
    for (int i = 0; i < CLIENTS; i++) { /* each of these is a newcomer, whose turn comes last */
        int name = CLIENTS + i;
        struct thing *thing = calloc (1, sizeof *thing);
        tt_fair_item *refused = tt_fair_queue_push (queue, (tt_bytes){ (const uint8_t *)&name, sizeof name }, &thing->item, 1);
        cr_assert_eq (refused, &thing->item);
        cr_assert_eq (free_list (refused), 1);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct thing *thing = (struct thing *)tt_fair_queue_pop (queue);
        cr_assert_eq (thing->number, i);
        free (thing);
    }
    tt_fair_queue_destroy (&queue);
}
