/* All instances of up to 3 legs and 3 products with amounts of 1 and 2: what the allocator gives is among all stable allocations,
 * found by trying all that fit, and every leg likes it at least as much as any other of them. Without a provider's cap the first
 * leg's list is in the order of the products, which loses nothing. In CI every 97th instance; with TT_CAMPAIGN in the environment
 * all of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "allocate.h"

#define MOST 3
#define CELLS (MOST * MOST)

/* One instance, and the same as the allocator is given it. */
typedef struct {
    int legs, products;
    int wanted[MOST], capacity[MOST];
    int list[MOST][MOST];  /* of each leg: products, best first */
    int order[MOST][MOST]; /* of each product: the rank of each leg */
    int limit;             /* of each pair */
    int provider_cap;      /* over the first two products; 0: none */
} tiny;

typedef struct {
    signed char x[CELLS]; /* leg * MOST + product */
} table;

/* -- all tables that keep within the sums -- */

typedef struct {
    table *tables;
    size_t count, capacity;
} tables;

static void
add_tables (tables *out, const tiny *t, table *made, int cell, const int *row, const int *column)
{
    if (cell == t->legs * t->products) {
        if (out->count == out->capacity)
            out->tables
                = tt_realloc (out->tables, (out->capacity = out->capacity ? 2 * out->capacity : 64) * sizeof *out->tables);
        out->tables[out->count++] = *made;
        return;
    }
    int leg = cell / t->products, product = cell % t->products;
    for (int amount = 0; amount <= t->limit && amount <= row[leg] && amount <= column[product]; amount++) {
        int rows[MOST], columns[MOST];
        memcpy (rows, row, sizeof rows);
        memcpy (columns, column, sizeof columns);
        rows[leg] -= amount;
        columns[product] -= amount;
        made->x[leg * MOST + product] = (signed char)amount;
        add_tables (out, t, made, cell + 1, rows, columns);
    }
    made->x[leg * MOST + product] = 0;
}

/* -- the definition -- */

static int
in_provider (const table *a, const tiny *t)
{
    int sum = 0;
    for (int leg = 0; leg < t->legs; leg++)
        sum += a->x[leg * MOST] + (t->products > 1 ? a->x[leg * MOST + 1] : 0);
    return sum;
}

static bool
leg_wants (const table *a, const tiny *t, int leg, int product)
{
    int sum = 0, place = 0;
    for (int i = 0; i < t->products; i++)
        sum += a->x[leg * MOST + i];
    if (sum < t->wanted[leg])
        return true;
    while (t->list[leg][place] != product)
        place++;
    for (int i = place + 1; i < t->products; i++)
        if (a->x[leg * MOST + t->list[leg][i]] > 0)
            return true;
    return false;
}

static bool
product_wants (const table *a, const tiny *t, int leg, int product)
{
    int sum = 0, rank = t->order[product][leg];
    bool worse = false, worse_around = false;
    for (int i = 0; i < t->legs; i++) {
        sum += a->x[i * MOST + product];
        worse |= a->x[i * MOST + product] > 0 && t->order[product][i] > rank;
        for (int p = 0; p < 2 && p < t->products; p++)
            worse_around |= a->x[i * MOST + p] > 0 && (t->order[p][i] > rank || (t->order[p][i] == rank && p > product));
    }
    if (sum == t->capacity[product])
        return worse;
    return product > 1 || t->provider_cap == 0 || in_provider (a, t) < t->provider_cap || worse_around;
}

static bool
is_stable (const table *a, const tiny *t)
{
    if (t->provider_cap && in_provider (a, t) > t->provider_cap)
        return false;
    for (int leg = 0; leg < t->legs; leg++)
        for (int product = 0; product < t->products; product++)
            if (a->x[leg * MOST + product] < t->limit && leg_wants (a, t, leg, product) && product_wants (a, t, leg, product))
                return false;
    return true;
}

/* From all that either offers, each leg chooses `best`. */
static bool
legs_choose (const table *best, const table *other, const tiny *t)
{
    for (int leg = 0; leg < t->legs; leg++) {
        int left = t->wanted[leg];
        for (int i = 0; i < t->products; i++) {
            int cell = leg * MOST + t->list[leg][i];
            int most = best->x[cell] > other->x[cell] ? best->x[cell] : other->x[cell];
            most = most < left ? most : left;
            if (most != best->x[cell])
                return false;
            left -= most;
        }
    }
    return true;
}

/* -- the allocator -- */

static table
allocate (const tiny *t, match_result *result)
{
    match_leg legs[MOST];
    match_pair pairs[CELLS];
    match_node nodes[MOST + 1];
    table out = { { 0 } };
    uint32_t count = 0;
    for (int leg = 0; leg < t->legs; leg++) {
        legs[leg] = (match_leg){
            .amount = t->wanted[leg], .first_pair = count, .pair_count = (uint32_t)t->products, .lead_leg = MATCH_NONE
        };
        for (int i = 0; i < t->products; i++) {
            uint32_t product = (uint32_t)t->list[leg][i];
            pairs[count++] = (match_pair){ .leg = (uint32_t)leg,
                                           .product = product,
                                           .node = product,
                                           .group = MATCH_NONE,
                                           .rank = (uint32_t)t->order[product][leg],
                                           .limit = t->limit < t->wanted[leg] ? t->limit : t->wanted[leg],
                                           .minimum = 1 };
        }
    }
    for (int i = 0; i < t->products; i++)
        nodes[i] = (match_node){ t->capacity[i], t->provider_cap && i < 2 ? (uint32_t)t->products : MATCH_NONE };
    nodes[t->products] = (match_node){ t->provider_cap, MATCH_NONE };
    match_instance in = { legs, pairs, nodes, NULL, (uint32_t)t->legs, count, (uint32_t)t->products + 1, 0 };
    cr_assert_eq (match_allocate (&in, NULL, result, NULL), TT_OK);
    for (uint32_t i = 0; i < count; i++)
        out.x[pairs[i].leg * MOST + pairs[i].product] = (signed char)result->amount[i];
    return out;
}

/* -- all instances -- */

typedef struct {
    uint64_t met, done, stable, several;
    uint64_t stride;
    match_result result;
} tally;

static void
check (const tiny *t, const tables *all, tally *n)
{
    if (n->met++ % n->stride)
        return;
    table made = allocate (t, &n->result);
    uint64_t stable = 0;
    bool found = false;
    for (size_t i = 0; i < all->count; i++) {
        if (!is_stable (&all->tables[i], t))
            continue;
        stable++;
        found |= memcmp (&all->tables[i], &made, sizeof made) == 0;
        cr_assert (legs_choose (&made, &all->tables[i], t), "instance %llu: a leg likes another stable allocation better",
                   (unsigned long long)n->met);
    }
    cr_assert (found, "instance %llu: not among the %llu stable allocations", (unsigned long long)n->met,
               (unsigned long long)stable);
    n->done++;
    n->stable += stable;
    n->several += stable > 1;
}

/* Permutation number `code` of `count` things; how many there are if code is out of range. */
static int
permutation (int code, int count, int *out)
{
    static const int all[6][MOST] = { { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    static const int how_many[] = { 1, 1, 2, 6 };
    if (out)
        memcpy (out, all[code], sizeof all[code]);
    return how_many[count];
}

static void
all_orders (tiny *t, const tables *all, int which, tally *n)
{
    if (which == t->legs + t->products) {
        check (t, all, n);
        return;
    }
    bool leg = which < t->legs;
    int length = leg ? t->products : t->legs, choices = which == 0 && t->provider_cap == 0 ? 1 : permutation (0, length, NULL);
    for (int code = 0; code < choices; code++) {
        permutation (code, length, leg ? t->list[which] : t->order[which - t->legs]);
        all_orders (t, all, which + 1, n);
    }
}

static void
all_amounts (int legs, int products, int limit, int provider_cap, tally *n)
{
    for (int code = 0; code < 1 << (legs + products); code++) {
        tiny t = { .legs = legs, .products = products, .limit = limit, .provider_cap = provider_cap };
        tables all = { 0 };
        table made = { { 0 } };
        for (int i = 0; i < legs; i++)
            t.wanted[i] = 1 + (code >> i & 1);
        for (int i = 0; i < products; i++)
            t.capacity[i] = 1 + (code >> (legs + i) & 1);
        add_tables (&all, &t, &made, 0, t.wanted, t.capacity);
        all_orders (&t, &all, 0, n);
        free (all.tables);
    }
}

Test (exhaustive, all_instances_up_to_three_by_three, .timeout = 36000)
{
    tally n = { .stride = getenv ("TT_CAMPAIGN") ? 1 : 97 };
    for (int legs = 1; legs <= MOST; legs++)
        for (int products = 1; products <= MOST; products++)
            for (int limit = 1; limit <= 2; limit++)
                for (int provider_cap = 0; provider_cap <= 3; provider_cap++)
                    all_amounts (legs, products, limit, provider_cap, &n);
    match_result_free (&n.result);
    printf ("exhaustive: %llu of %llu instances, %llu stable allocations, several in %llu instances\n",
            (unsigned long long)n.done, (unsigned long long)n.met, (unsigned long long)n.stable, (unsigned long long)n.several);
    cr_assert_gt (n.several, n.done / 50);
}
