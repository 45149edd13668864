#include "patent/surge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t *
counts_of (const tt_surge_table *table, size_t pair)
{
    return table->counts + pair * (table->trailing + 1);
}

static uint32_t
earlier_of (const tt_surge_table *table, size_t pair)
{
    const uint32_t *counts = counts_of (table, pair);
    uint32_t sum = 0;
    for (uint32_t i = 1; i <= table->trailing; i++)
        sum += counts[i];
    return sum;
}

/* Pearson's: squared deviations from what a steady rate would give, over that, for each degree of freedom. */
static double
find_dispersion (const tt_surge_table *table, const tt_surge_model *model)
{
    double sum = 0, freedom = 0;
    for (size_t pair = 0; pair < table->pairs; pair++) {
        double rate = earlier_of (table, pair) / model->before;
        for (uint32_t i = 1; rate > 0 && i <= table->trailing; i++) {
            double expected = rate * (double)table->documents[i], off = counts_of (table, pair)[i] - expected;
            if (expected > 0)
                sum += off * off / expected;
        }
        freedom += rate > 0 ? table->trailing - 1 : 0;
    }
    return freedom > 0 && sum > freedom ? sum / freedom : 1;
}

tt_status
tt_surge_fit (const tt_surge_table *table, tt_surge_model *model, tt_error *error)
{
    *model = (tt_surge_model){ 0 };
    if (table->trailing < 2 || table->trailing > TT_SURGE_WINDOWS_MAX)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%u windows before: 2 to %d are possible", table->trailing, TT_SURGE_WINDOWS_MAX);
    model->window = (double)table->documents[0];
    for (uint32_t i = 1; i <= table->trailing; i++)
        model->before += (double)table->documents[i];
    if (model->window <= 0 || model->before <= 0 || table->pairs == 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "no documents %s", model->window <= 0 ? "in the window" : "in the windows before it");
    model->chance = model->window / (model->window + model->before);
    model->dispersion = find_dispersion (table, model);
    return TT_OK;
}

/* Log of the chance of x of n: binomial, or with its chance spread as a beta distribution of these two. */
static double
log_chance (uint32_t x, uint32_t n, double chance, double spread)
{
    double ways = lgamma (n + 1.0) - lgamma (x + 1.0) - lgamma (n - x + 1.0);
    if (spread == 0)
        return ways + x * log (chance) + (n - x) * log1p (-chance);
    double a = chance * (1 / spread - 1), b = (1 - chance) * (1 / spread - 1);
    return ways + lgamma (x + a) + lgamma (n - x + b) - lgamma (n + a + b) - lgamma (a) - lgamma (b) + lgamma (a + b);
}

/* P(X >= count) of n whose variance is `dispersion` times that of a binomial, as far as n lets it be. */
static double
tail (uint32_t count, uint32_t n, double chance, double dispersion)
{
    double spread = n > 1 ? (dispersion - 1) / (n - 1) : 0, sum = 0;
    if (spread > 0.99)
        spread = 0.99;
    for (uint32_t x = n + 1; x-- > count;)
        sum += exp (log_chance (x, n, chance, spread));
    return sum < 1 ? sum : 1;
}

tt_surge
tt_surge_test (const tt_surge_table *table, const tt_surge_model *model, size_t pair)
{
    tt_surge s = { .pair = pair, .count = counts_of (table, pair)[0], .earlier = earlier_of (table, pair), .p = 1, .q = 1 };
    s.expected = model->window * s.earlier / model->before;
    if (s.count > s.expected) /* a fall is none, and p is not wanted exactly there */
        s.p = tail (s.count, s.count + s.earlier, model->chance, model->dispersion);
    return s;
}

static int
by_p (const void *a, const void *b)
{
    const tt_surge *x = a, *y = b;
    return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->pair > y->pair) - (x->pair < y->pair);
}

/* The least p that a pair could have had, with all its documents in the window. Depends on their sum alone, so that leaving pairs out by it spoils
 * nothing. */
static double
least_p (const tt_surge_table *table, const tt_surge_model *model, size_t pair)
{
    uint32_t n = counts_of (table, pair)[0] + earlier_of (table, pair);
    return tail (n, n, model->chance, model->dispersion);
}

static int
by_value (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Tarone's bound: pairs that could not be found whatever happened are no tests. The largest least p of one that is; 0: none is. */
static double
find_testable (const tt_surge_table *table, const tt_surge_model *model, double bound)
{
    double *least = tt_alloc ((table->pairs + 1) * sizeof *least), limit = 0;
    for (size_t pair = 0; pair < table->pairs; pair++)
        least[pair] = least_p (table, model, pair);
    qsort (least, table->pairs, sizeof *least, by_value);
    size_t tests = 1, below = 0;
    for (;; tests++) { /* as many tests as there are pairs that could pass a bound for so many */
        while (below < table->pairs && least[below] <= bound / (double)tests)
            below++;
        while (below > 0 && least[below - 1] > bound / (double)tests)
            below--;
        if (below <= tests)
            break;
    }
    limit = below > 0 ? bound / (double)tests : 0;
    free (least);
    return limit;
}

/* The least bound at which each is found, by the rank of its p among the tests. */
static void
adjust (tt_surge *found, size_t tests)
{
    double lowest = 1;
    for (size_t i = tests; i-- > 0;) {
        double q = found[i].p * (double)tests / (double)(i + 1);
        lowest = q < lowest ? q : lowest;
        found[i].q = lowest;
    }
}

size_t
tt_surge_find (const tt_surge_table *table, const tt_surge_model *model, double bound, uint32_t least, tt_surge *found)
{
    double limit = find_testable (table, model, bound);
    size_t tests = 0, count = 0;
    for (size_t pair = 0; pair < table->pairs; pair++)
        if (least_p (table, model, pair) <= limit)
            found[tests++] = tt_surge_test (table, model, pair);
    qsort (found, tests, sizeof *found, by_p);
    adjust (found, tests);
    for (size_t i = 0; i < tests; i++)
        if (found[i].q <= bound && found[i].count >= least)
            found[count++] = found[i];
    return count;
}
