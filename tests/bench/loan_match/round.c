/* figures: rounds of 1,000 x 100, 10,000 x 1,000 and 100,000 x 2,000 applications and products, from snapshot to certificate, on one core: seconds,
 * acceptable pairs, memory, and how the time grows with the pairs. Each in a process of its own, so that its memory is its own. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "round.h"

static uint32_t
next (uint64_t *seed, uint32_t below)
{
    uint64_t x = *seed += UINT64_C (0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C (0x94d049bb133111eb);
    return (uint32_t)((x ^ (x >> 31)) % below);
}

static char *
one_of (uint64_t *seed, tt_arena *arena, const char *stem, uint32_t count)
{
    return tt_arena_printf (arena, "%s%u", stem, next (seed, count));
}

static char **
list_of (uint64_t *seed, tt_arena *arena, const char *stem, uint32_t count, size_t n)
{
    char **list = tt_arena_alloc (arena, n * sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = one_of (seed, arena, stem, count);
    return list;
}

static const finance_product *
product (uint64_t *seed, tt_arena *arena, uint32_t i, uint32_t providers)
{
    finance_product *p = tt_arena_alloc (arena, sizeof *p);
    finance_mandate *m = tt_arena_alloc (arena, sizeof *m);
    techtransfer__finance__v1__product__init (p);
    techtransfer__finance__v1__mandate__init (m);
    m->districts = list_of (seed, arena, "d", 14, m->n_districts = next (seed, 4) ? 4 : 0);
    m->stages = list_of (seed, arena, "s", 4, m->n_stages = next (seed, 3) ? 2 : 0);
    m->industries = list_of (seed, arena, "C3", 10, m->n_industries = next (seed, 2) ? 3 : 0);
    p->provider_id = tt_arena_printf (arena, "prov-%u", i % providers);
    p->product_id = tt_arena_printf (arena, "p-%u", i);
    p->leg = (Techtransfer__Finance__V1__Leg)(1 + next (seed, 3));
    p->mandate = m;
    p->ticket_min_fen = 10000000 + next (seed, 40000000);
    p->ticket_max_fen = p->ticket_min_fen * 10;
    p->capacity_fen = p->ticket_max_fen * (5 + next (seed, 20));
    p->price = tt_arena_printf (arena, "%u.%02u", 3 + next (seed, 4), next (seed, 100));
    p->ranking = (Techtransfer__Finance__V1__RankingPolicy)(1 + next (seed, 3));
    return p;
}

static const finance_application *
application (uint64_t *seed, tt_arena *arena, uint32_t i)
{
    finance_application *a = tt_arena_alloc (arena, sizeof *a);
    techtransfer__finance__v1__application__init (a);
    a->application_id = tt_arena_printf (arena, "app-%u", i);
    a->applicant = tt_arena_printf (arena, "ent-%u", i);
    a->district = one_of (seed, arena, "d", 14);
    a->stage = one_of (seed, arena, "s", 4);
    a->industry = one_of (seed, arena, "C3", 10);
    a->age_months = next (seed, 120);
    a->score = next (seed, 1001);
    a->n_legs = 1 + next (seed, 2);
    a->legs = tt_arena_alloc (arena, 2 * sizeof *a->legs);
    for (size_t k = 0; k < a->n_legs; k++) {
        finance_leg *leg = a->legs[k] = tt_arena_alloc (arena, sizeof *leg);
        techtransfer__finance__v1__wanted_leg__init (leg);
        leg->leg = (Techtransfer__Finance__V1__Leg)(1 + (i + k) % 3);
        leg->amount_fen = 20000000 + next (seed, 500000000);
        leg->minimum_fen = next (seed, 2) ? leg->amount_fen / 2 : 0;
    }
    return a;
}

static double
round_seconds (uint32_t applications, uint32_t products, finance_round *round)
{
    uint64_t seed = 42;
    tt_arena *arena = tt_arena_new (1 << 20);
    uint32_t providers = products / 4;
    match_snapshot s = { .provider_count = providers, .product_count = products, .application_count = applications };
    s.providers = tt_arena_alloc (arena, providers * sizeof *s.providers);
    s.products = tt_arena_alloc (arena, products * sizeof *s.products);
    s.applications = tt_arena_alloc (arena, applications * sizeof *s.applications);
    for (uint32_t i = 0; i < providers; i++) {
        finance_provider *p = tt_arena_alloc (arena, sizeof *p);
        techtransfer__finance__v1__provider__init (p);
        p->provider_id = tt_arena_printf (arena, "prov-%u", i);
        p->kind = FINANCE (PROVIDER_KIND__BANK);
        p->capacity_fen = INT64_C (20000000000) + next (&seed, 1000000000);
        p->exposure_limit_fen = i % 2 ? 400000000 : 0;
        s.providers[i] = p;
    }
    for (uint32_t i = 0; i < products; i++)
        s.products[i] = product (&seed, arena, i, providers);
    for (uint32_t i = 0; i < applications; i++)
        s.applications[i] = application (&seed, arena, i);
    techtransfer__finance__v1__round__init (round);
    tt_error error = { 0 };
    tt_bytes certificate;
    int64_t began = tt_clock_monotonic_us ();
    if (match_round_run (&s, NULL, arena, round, &certificate, &error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        exit (1);
    }
    double seconds = (double)(tt_clock_monotonic_us () - began) / 1e6;
    fprintf (stderr, "%u applications, %u products: %u pairs, %zu allocations, %zu closings, %u runs, %lld of %lld fen, %.3f s\n",
             applications, products, round->acceptable_pairs, round->n_allocations, round->n_closings, round->runs,
             (long long)round->allocated_fen, (long long)round->wanted_fen, seconds);
    tt_arena_destroy (&arena);
    return seconds;
}

typedef struct {
    double seconds, megabytes;
    uint32_t pairs;
} outcome;

/* In a child, which says what came out through a pipe. */
static outcome
measure (uint32_t applications, uint32_t products)
{
    outcome out = { 0 };
    int pipes[2], status = 1;
    struct rusage usage;
    if (pipe (pipes) != 0)
        return out;
    pid_t child = fork ();
    if (child == 0) {
        finance_round round;
        out.seconds = round_seconds (applications, products, &round);
        out.pairs = round.acceptable_pairs;
        _exit (write (pipes[1], &out, sizeof out) == sizeof out ? 0 : 1);
    }
    close (pipes[1]);
    ssize_t got = read (pipes[0], &out, sizeof out);
    close (pipes[0]);
    if (child < 0 || wait4 (child, &status, 0, &usage) != child || status != 0 || got != sizeof out) {
        fprintf (stderr, "bench_round: the round of %u x %u did not end well\n", applications, products);
        exit (1);
    }
    out.megabytes = (double)usage.ru_maxrss / 1024;
    printf ("figure round.seconds_%ux%u %.3f s\n", applications, products, out.seconds);
    printf ("figure round.pairs_%ux%u %u pairs\n", applications, products, out.pairs);
    printf ("figure round.memory_%ux%u %.0f MiB\n", applications, products, out.megabytes);
    fflush (stdout);
    return out;
}

int
main (int argc, char **argv)
{
    if (argc == 3) {
        measure ((uint32_t)strtoul (argv[1], NULL, 10), (uint32_t)strtoul (argv[2], NULL, 10));
        return 0;
    }
    outcome small = measure (1000, 100), middle = measure (10000, 1000), large = measure (100000, 2000);
    printf ("figure round.pairs_per_s %.0f 1/s\n", middle.pairs / middle.seconds);
    printf ("figure round.growth_exponent %.2f log seconds / log pairs, 10,000 to 100,000\n",
            log (large.seconds / middle.seconds) / log ((double)large.pairs / middle.pairs));
    printf ("figure round.growth_exponent_small %.2f log seconds / log pairs, 1,000 to 10,000\n",
            log (middle.seconds / small.seconds) / log ((double)middle.pairs / small.pairs));
    return 0;
}
