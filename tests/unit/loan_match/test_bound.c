/* The checker's maximum flow against a linear programme solved by GLPK, on 200 markets; and what stability costs. */
#include <criterion/criterion.h>
#include <glpk.h>
#include <math.h>
#include <stdio.h>

#include "round.h"
#include "sample.h"
#include "stability.h"
#include "verify/verify.h"

#define MARKETS 200

/* -- the programme: a column for each pair, a row for each limit -- */

typedef struct {
    int *rows, *columns;
    double *ones;
    int count, capacity;
} entries;

static void
enter (entries *e, int row, int column)
{
    if (e->count + 1 >= e->capacity) {
        e->capacity = e->capacity ? 2 * e->capacity : 256;
        e->rows = tt_realloc (e->rows, (size_t)e->capacity * sizeof *e->rows);
        e->columns = tt_realloc (e->columns, (size_t)e->capacity * sizeof *e->columns);
        e->ones = tt_realloc (e->ones, (size_t)e->capacity * sizeof *e->ones);
    }
    e->count++; /* GLPK counts from 1 */
    e->rows[e->count] = row;
    e->columns[e->count] = column;
    e->ones[e->count] = 1;
}

static int64_t
most_lead (const match_instance *in, const match_leg *leg)
{
    int64_t lead = leg->confirmed_lead;
    bool may_come = false;
    if (leg->lead_leg == MATCH_NONE)
        return lead;
    const match_leg *equity = &in->legs[leg->lead_leg];
    for (uint32_t i = equity->first_pair; i < equity->first_pair + equity->pair_count; i++)
        may_come |= !in->pairs[i].needs_lead;
    return lead + (may_come ? equity->amount : 0);
}

static double
most_of_group (const match_instance *in, const match_group *g)
{
    if (g->percent == 0)
        return (double)g->capacity;
    int64_t most = most_lead (in, &in->legs[g->leg]) * g->percent / 100 - g->used;
    return most < 0 ? 0 : most < g->capacity ? (double)most : (double)g->capacity;
}

static void
add_row (glp_prob *lp, double most)
{
    int row = glp_add_rows (lp, 1);
    glp_set_row_bnds (lp, row, GLP_UP, 0, most);
}

/* Rows: legs, then groups, then nodes. */
static void
add_pair (glp_prob *lp, entries *e, const match_instance *in, uint32_t number)
{
    const match_pair *p = &in->pairs[number];
    const match_leg *leg = &in->legs[p->leg];
    bool open = !p->needs_lead || leg->followed || most_lead (in, leg) > 0;
    int column = glp_add_cols (lp, 1);
    glp_set_col_bnds (lp, column, open ? GLP_DB : GLP_FX, 0, open ? (double)p->limit : 0);
    glp_set_obj_coef (lp, column, 1);
    enter (e, 1 + (int)p->leg, column);
    for (uint32_t g = p->group; g != MATCH_NONE; g = in->groups[g].parent)
        enter (e, 1 + (int)(in->leg_count + g), column);
    for (uint32_t n = p->node; n != MATCH_NONE; n = in->nodes[n].parent)
        enter (e, 1 + (int)(in->leg_count + in->group_count + n), column);
}

static double
linear_bound (const match_instance *in)
{
    glp_prob *lp = glp_create_prob ();
    glp_smcp parameters;
    entries e = { 0 };
    glp_set_obj_dir (lp, GLP_MAX);
    for (uint32_t i = 0; i < in->leg_count; i++)
        add_row (lp, (double)in->legs[i].amount);
    for (uint32_t i = 0; i < in->group_count; i++)
        add_row (lp, most_of_group (in, &in->groups[i]));
    for (uint32_t i = 0; i < in->node_count; i++)
        add_row (lp, (double)in->nodes[i].capacity);
    for (uint32_t i = 0; i < in->pair_count; i++)
        add_pair (lp, &e, in, i);
    if (e.count)
        glp_load_matrix (lp, e.count, e.rows, e.columns, e.ones);
    glp_init_smcp (&parameters);
    parameters.msg_lev = GLP_MSG_OFF;
    cr_assert_eq (glp_simplex (lp, &parameters), 0);
    double bound = in->pair_count ? glp_get_obj_val (lp) : 0;
    glp_delete_prob (lp);
    free (e.rows);
    free (e.columns);
    free (e.ones);
    return bound;
}

/* -- the markets -- */

static void
check_round (match_snapshot *s, tt_arena *arena, verify_result *result)
{
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_bytes certificate;
    ProtobufCMessage *message = NULL;
    round.market = (char *)"ningbo";
    cr_assert_eq (match_round_run (s, NULL, arena, &round, &certificate, NULL), TT_OK);
    cr_assert_eq (verify_read (&techtransfer__finance__v1__certificate__descriptor, certificate, &message, NULL), TT_OK);
    verify_run ((const verify_certificate *)message, true, result);
    cr_assert (result->valid, "%s", tt_buffer_cstr (&result->violation));
    protobuf_c_message_free_unpacked (message, NULL);
}

static int
compare (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Takes away what the bound knows nothing of: minimums, and money that waits for other money. */
static void
only_caps (match_snapshot *s)
{
    for (size_t i = 0; i < s->provider_count; i++)
        if (s->providers[i]->kind == FINANCE (PROVIDER_KIND__GUIDING_FUND))
            ((finance_provider *)(uintptr_t)s->providers[i])->kind = FINANCE (PROVIDER_KIND__FUND);
    for (size_t i = 0; i < s->product_count; i++) {
        finance_product *p = (finance_product *)(uintptr_t)s->products[i];
        p->ticket_min_fen = 1;
        p->lead_percent = 0;
    }
    for (size_t i = 0; i < s->application_count; i++)
        for (size_t k = 0; k < s->applications[i]->n_legs; k++)
            s->applications[i]->legs[k]->minimum_fen = 0;
}

static double
price_of (match_snapshot *s, tt_arena *arena, int n)
{
    match_market market;
    verify_result result;
    check_round (s, arena, &result);
    cr_assert_eq (match_market_build (s, arena, &market, NULL), TT_OK);
    double bound = linear_bound (&market.instance);
    cr_assert (fabs (bound - (double)result.bound) < 0.01, "market %d: GLPK says %.3f, the flow %lld", n, bound,
               (long long)result.bound);
    match_market_free (&market);
    return result.bound ? 100 * (double)(result.bound - result.allocated) / (double)result.bound : 0;
}

static void
show (const char *what, double *prices)
{
    qsort (prices, MARKETS, sizeof *prices, compare);
    printf ("price of stability on %d markets, %s: median %.2f %%, worst %.2f %%\n", MARKETS, what, prices[MARKETS / 2],
            prices[MARKETS - 1]);
}

Test (bound, agrees_with_glpk)
{
    uint64_t seed = 71;
    double whole[MARKETS], caps_alone[MARKETS];
    for (int n = 0; n < MARKETS; n++) {
        tt_arena *arena = tt_arena_new (0);
        match_snapshot s = random_snapshot (arena, &seed, 6 + random_next (&seed, 6), 15 + random_next (&seed, 20),
                                            20 + random_next (&seed, 40));
        if (n % 2)
            add_random_caps (arena, &seed, &s);
        whole[n] = price_of (&s, arena, n);
        only_caps (&s);
        caps_alone[n] = price_of (&s, arena, n);
        tt_arena_destroy (&arena);
    }
    show ("with minimums and lead equity", whole);
    show ("caps alone", caps_alone);
    cr_assert_gt (whole[MARKETS - 1], 0);
    cr_assert_lt (caps_alone[MARKETS / 2], whole[MARKETS / 2]);
}
