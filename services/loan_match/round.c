#include "round.h"

#include <string.h>

#include "certificate.h"

static tt_status
sum_wanted (const match_instance *in, int64_t *sum, tt_error *error)
{
    *sum = 0;
    for (uint32_t i = 0; i < in->leg_count; i++)
        if (__builtin_add_overflow (*sum, in->legs[i].amount, sum))
            return tt_fail (error, TT_OUT_OF_RANGE, "the amounts wanted in this market sum to more than %lld fen",
                            (long long)INT64_MAX);
    return TT_OK;
}

/* -- allocations -- */

static int
compare_allocations (const void *left, const void *right)
{
    const finance_allocation *a = *(finance_allocation *const *)left, *b = *(finance_allocation *const *)right;
    int order = strcmp (a->application_id, b->application_id);
    if (order == 0)
        order = (int)a->leg - (int)b->leg;
    if (order == 0)
        order = strcmp (a->provider_id, b->provider_id);
    return order ? order : strcmp (a->product_id, b->product_id);
}

static finance_allocation *
allocation_of (const match_market *market, uint32_t pair, int64_t amount, tt_arena *arena)
{
    const match_pair *p = &market->instance.pairs[pair];
    finance_allocation *a = match_new_message (arena, &techtransfer__finance__v1__allocation__descriptor);
    a->application_id = market->wants[p->leg].application->application_id;
    a->leg = market->wants[p->leg].leg->leg;
    a->provider_id = market->offers[p->product].product->provider_id;
    a->product_id = market->offers[p->product].product->product_id;
    a->amount_fen = amount;
    return a;
}

static void
add_allocations (const match_market *market, const match_result *result, tt_arena *arena, finance_round *round)
{
    size_t count = 0;
    for (uint32_t i = 0; i < market->instance.pair_count; i++)
        count += result->amount[i] > 0;
    round->allocations = tt_arena_alloc (arena, count * sizeof *round->allocations);
    for (uint32_t i = 0; i < market->instance.pair_count; i++)
        if (result->amount[i] > 0) {
            round->allocations[round->n_allocations++] = allocation_of (market, i, result->amount[i], arena);
            round->allocated_fen += result->amount[i];
        }
    if (round->n_allocations > 1)
        qsort (round->allocations, round->n_allocations, sizeof *round->allocations, compare_allocations);
}

/* -- unmatched legs -- */

static int64_t
given_in_wave (const match_instance *in, const match_result *result, uint32_t leg, uint8_t wave)
{
    int64_t given = 0;
    for (uint32_t i = in->legs[leg].first_pair; i < in->legs[leg].first_pair + in->legs[leg].pair_count; i++)
        given += in->pairs[i].wave == wave ? result->amount[i] : 0;
    return given;
}

static bool
has_lead (const match_instance *in, const match_result *result, uint32_t leg)
{
    const match_leg *l = &in->legs[leg];
    return l->followed || (l->lead_leg != MATCH_NONE && given_in_wave (in, result, l->lead_leg, 0) > 0);
}

/* Why a leg with acceptable products has not got all it wanted. */
static const char *
shortfall (const match_instance *in, const match_result *result, uint32_t number)
{
    const match_leg *leg = &in->legs[number];
    bool closed = false, grouped = false, follows = false, only_follows = true;
    for (uint32_t i = leg->first_pair; i < leg->first_pair + leg->pair_count; i++) {
        closed |= result->state[i] == MATCH_PAIR_CLOSED;
        grouped |= in->pairs[i].group != MATCH_NONE;
        follows |= in->pairs[i].needs_lead;
        only_follows &= in->pairs[i].needs_lead;
    }
    if (follows && only_follows && !has_lead (in, result, number))
        return match_reason_text (MATCH_NO_LEAD);
    if (result->turned_down[number])
        return match_reason_text (MATCH_CAPACITY);
    if (closed)
        return "minimum not met";
    if (follows && !has_lead (in, result, number))
        return match_reason_text (MATCH_NO_LEAD);
    return match_reason_text (grouped ? MATCH_EXPOSURE : MATCH_TICKET);
}

static int
compare_unmatched (const void *left, const void *right)
{
    const finance_unmatched *a = *(finance_unmatched *const *)left, *b = *(finance_unmatched *const *)right;
    int order = strcmp (a->application_id, b->application_id);
    return order ? order : (int)a->leg - (int)b->leg;
}

static finance_unmatched *
new_unmatched (tt_arena *arena, const char *application_id, Techtransfer__Finance__V1__Leg leg, int64_t missing,
               const char *reason)
{
    finance_unmatched *u = match_new_message (arena, &techtransfer__finance__v1__unmatched__descriptor);
    u->application_id = (char *)application_id;
    u->leg = leg;
    u->missing_fen = missing;
    u->reason = (char *)reason;
    return u;
}

static int64_t
given_to (const match_leg *leg, const match_result *result)
{
    int64_t given = 0;
    for (uint32_t i = leg->first_pair; i < leg->first_pair + leg->pair_count; i++)
        given += result->amount[i];
    return given;
}

static void
add_unmatched (const match_market *market, const match_result *result, tt_arena *arena, finance_round *round)
{
    const match_instance *in = &market->instance;
    round->unmatched = tt_arena_alloc (arena, in->leg_count * sizeof *round->unmatched);
    for (uint32_t i = 0; i < in->leg_count; i++) {
        int64_t missing = in->legs[i].amount - given_to (&in->legs[i], result);
        if (missing == 0)
            continue;
        const char *reason = in->legs[i].pair_count ? shortfall (in, result, i) : match_reason_text (market->reasons[i]);
        const match_want *want = &market->wants[i];
        round->unmatched[round->n_unmatched++]
            = new_unmatched (arena, want->application->application_id, want->leg->leg, missing, reason);
    }
    if (round->n_unmatched > 1)
        qsort (round->unmatched, round->n_unmatched, sizeof *round->unmatched, compare_unmatched);
}

/* -- closings -- */

static char *
closing_text (const match_market *market, const match_closing *closing, tt_arena *arena)
{
    const match_want *want = &market->wants[closing->leg];
    const char *application_id = want->application->application_id;
    const char *leg
        = protobuf_c_enum_descriptor_get_value (&techtransfer__finance__v1__leg__descriptor, (int)want->leg->leg)->name;
    if (closing->kind == MATCH_CLOSE_LEG)
        return tt_arena_printf (arena, "%s %s: %lld fen in all is below its minimum of %lld fen", application_id, leg,
                                (long long)closing->given, (long long)closing->needed);
    const finance_product *product = market->offers[market->instance.pairs[closing->pair].product].product;
    char *text
        = tt_arena_printf (arena, "%s %s at %s/%s: %lld fen is below the least ticket of %lld fen", application_id, leg,
                           product->provider_id, product->product_id, (long long)closing->given, (long long)closing->needed);
    if (closing->kind == MATCH_CLOSE_CUT)
        return tt_arena_printf (arena, "%s; its capacity is cut to %lld fen", text, (long long)closing->capacity);
    return closing->further ? tt_arena_printf (arena, "%s (and of %u products further down its list)", text, closing->further)
                            : text;
}

static void
add_closings (const match_market *market, const match_result *result, tt_arena *arena, finance_round *round)
{
    round->closings = tt_arena_alloc (arena, result->closing_count * sizeof *round->closings);
    for (uint32_t i = 0; i < result->closing_count; i++)
        round->closings[round->n_closings++] = closing_text (market, &result->closings[i], arena);
}

/* -- totals -- */

static void
add_totals (const match_market *market, tt_arena *arena, finance_round *round)
{
    finance_total *of_leg[4] = { 0 };
    round->totals = tt_arena_alloc (arena, 3 * sizeof *round->totals);
    for (uint32_t leg = 1; leg <= 3; leg++) {
        of_leg[leg] = match_new_message (arena, &techtransfer__finance__v1__leg_total__descriptor);
        of_leg[leg]->leg = (Techtransfer__Finance__V1__Leg)leg;
        round->totals[round->n_totals++] = of_leg[leg];
    }
    for (uint32_t i = 0; i < market->instance.leg_count; i++)
        of_leg[market->wants[i].leg->leg]->wanted_fen += market->wants[i].leg->amount_fen;
    for (size_t i = 0; i < round->n_allocations; i++)
        of_leg[round->allocations[i]->leg]->allocated_fen += round->allocations[i]->amount_fen;
}

tt_status
match_round_fill (const match_snapshot *snapshot, const match_market *market, const match_result *result, tt_arena *arena,
                  finance_round *round, tt_bytes *certificate, tt_error *error)
{
    tt_status status = sum_wanted (&market->instance, &round->wanted_fen, error);
    if (status != TT_OK)
        return status;
    round->applications = (uint32_t)snapshot->application_count;
    round->products = (uint32_t)snapshot->product_count;
    round->acceptable_pairs = market->instance.pair_count;
    round->runs = result->runs;
    add_allocations (market, result, arena, round);
    add_unmatched (market, result, arena, round);
    add_closings (market, result, arena, round);
    add_totals (market, arena, round);
    *certificate = match_certificate_make (snapshot, market, result, round, arena);
    return TT_OK;
}

tt_status
match_round_run (match_snapshot *snapshot, const match_options *options, tt_arena *arena, finance_round *round,
                 tt_bytes *certificate, tt_error *error)
{
    match_market market;
    match_result result = { 0 };
    int64_t sum;
    match_snapshot_sort (snapshot);
    tt_status status = match_market_build (snapshot, arena, &market, error);
    if (status == TT_OK)
        status = sum_wanted (&market.instance, &sum, error); /* before the allocation adds amounts up */
    if (status == TT_OK)
        status = match_allocate (&market.instance, options, &result, error);
    if (status == TT_OK)
        status = match_round_fill (snapshot, &market, &result, arena, round, certificate, error);
    match_result_free (&result);
    match_market_free (&market);
    return status;
}

/* -- what could not be proposed -- */

void
match_round_drop (finance_round *round, tt_arena *arena, const match_drop *drops, size_t count)
{
    finance_unmatched **unmatched = tt_arena_alloc (arena, (round->n_unmatched + count) * sizeof *unmatched);
    if (round->n_unmatched)
        memcpy (unmatched, round->unmatched, round->n_unmatched * sizeof *unmatched);
    round->unmatched = unmatched;
    for (size_t i = 0; i < count; i++) {
        finance_allocation *a = round->allocations[drops[i].index];
        unmatched[round->n_unmatched++] = new_unmatched (arena, a->application_id, a->leg, a->amount_fen, drops[i].reason);
        round->allocated_fen -= a->amount_fen;
        a->amount_fen = 0;
    }
    size_t kept = 0;
    for (size_t i = 0; i < round->n_allocations; i++)
        if (round->allocations[i]->amount_fen > 0)
            round->allocations[kept++] = round->allocations[i];
    round->n_allocations = kept;
}
