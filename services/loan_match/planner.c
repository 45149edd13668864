/* From a round's allocations to the proposals that are to be made of them. */
#include <string.h>

#include "caps.h"
#include "proposal.h"
#include "propose.h"

static int
compare_ids (const void *a, const void *b)
{
    return strcmp ((*(const finance_application *const *)a)->application_id,
                   (*(const finance_application *const *)b)->application_id);
}

/* -- one item -- */

char **
match_caps_over (tt_arena *arena, const finance_cap *const *caps, size_t cap_count, const finance_application *application,
                 const finance_product *product, bool per_applicant, size_t *count)
{
    tt_buffer found = { 0 };
    for (size_t i = 0; i < cap_count; i++)
        if (caps[i]->per_applicant == per_applicant && match_cap_covers (caps[i], application, product))
            tt_buffer_append (&found, &caps[i]->cap_id, sizeof caps[i]->cap_id);
    *count = found.size / sizeof (char *);
    tt_bytes copy = tt_arena_copy (arena, (tt_bytes){ found.data, found.size });
    tt_buffer_free (&found);
    return (char **)(uintptr_t)copy.data;
}

static match_plan_item
plan_item (tt_arena *arena, const finance_round *round, const finance_allocation *a, const finance_application *application)
{
    finance_proposal *p = tt_arena_alloc (arena, sizeof *p);
    techtransfer__finance__v1__proposal__init (p);
    p->market = round->market;
    p->round_id = round->round_id;
    p->application_id = a->application_id;
    p->applicant = application->applicant;
    p->leg = a->leg;
    p->provider_id = a->provider_id;
    p->product_id = a->product_id;
    p->amount_fen = a->amount_fen;
    p->state = FINANCE (PROPOSAL_STATE__HELD);
    p->district = application->district;
    p->specials = application->specials;
    p->n_specials = application->n_specials;
    p->revision = 1;
    p->proposal_id = tt_arena_alloc (arena, MATCH_PROPOSAL_ID_SIZE);
    match_proposal_id (p, p->proposal_id);
    return (match_plan_item){ .proposal = p, .application_revision = application->revision };
}

/* -- lead equity -- */

static bool
same_place (const finance_allocation *a, const finance_allocation *b)
{
    return a->leg == b->leg && strcmp (a->application_id, b->application_id) == 0 && strcmp (a->provider_id, b->provider_id) == 0;
}

/* What must be confirmed for so many fen to be at most so many percent of it, rounded up. */
static int64_t
lead_for (int64_t amount, uint32_t percent)
{
    return (int64_t)(((__int128)amount * 100 + percent - 1) / percent);
}

static bool
follows (const match_snapshot *s, const finance_product *product)
{
    return product->lead_percent > 0
           || match_snapshot_provider (s, product->provider_id)->kind == FINANCE (PROVIDER_KIND__GUIDING_FUND);
}

/* Lead equity confirmed before the round counts for the applicant's first application: any other needs its own besides. */
static int64_t
reserved_lead (const match_snapshot *s, const finance_proposal *p)
{
    const finance_lead *lead = match_snapshot_lead (s, p->applicant);
    size_t low = 0, high = s->application_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp (s->applications[middle]->applicant, p->applicant) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return lead && strcmp (s->applications[low]->application_id, p->application_id) != 0 ? lead->confirmed_fen : 0;
}

/* Of the items of one leg at one provider: what is given under each percentage and below it needs its lead equity, and all need
 * the greatest of these. */
static void
need_lead (const match_snapshot *s, const finance_round *round, match_plan_item *items, size_t from, size_t end)
{
    const finance_proposal *p = items[from].proposal;
    int64_t used = match_snapshot_exposure (s, p->applicant, p->provider_id, ""), need = 1, reserved = reserved_lead (s, p);
    for (size_t i = from; i < end; i++) {
        uint32_t percent
            = match_snapshot_product (s, round->allocations[i]->provider_id, round->allocations[i]->product_id)->lead_percent;
        int64_t sum = used;
        for (size_t k = from; percent && k < end; k++) {
            uint32_t other
                = match_snapshot_product (s, round->allocations[k]->provider_id, round->allocations[k]->product_id)->lead_percent;
            sum += other && other <= percent ? round->allocations[k]->amount_fen : 0;
        }
        if (percent && reserved + lead_for (sum, percent) > need)
            need = reserved + lead_for (sum, percent);
    }
    for (size_t i = from; i < end; i++)
        if (follows (s, match_snapshot_product (s, round->allocations[i]->provider_id, round->allocations[i]->product_id)))
            items[i].proposal->lead_needed_fen = need;
}

/* -- the plan -- */

match_plan_item *
match_plan_make (tt_arena *arena, const match_snapshot *snapshot, const finance_round *round, int64_t deadline_unix_ms)
{
    size_t count = snapshot->application_count;
    const finance_application **by_id = tt_arena_alloc (arena, count * sizeof *by_id);
    match_plan_item *items = tt_arena_zero (arena, round->n_allocations * sizeof *items);
    if (count)
        memcpy (by_id, snapshot->applications, count * sizeof *by_id);
    if (count > 1)
        qsort (by_id, count, sizeof *by_id, compare_ids);
    for (size_t i = 0; i < round->n_allocations; i++) {
        const finance_allocation *a = round->allocations[i];
        finance_application wanted = { .application_id = a->application_id };
        const finance_application *key = &wanted;
        const finance_application **found = bsearch (&key, by_id, count, sizeof *by_id, compare_ids);
        const finance_product *product = match_snapshot_product (snapshot, a->provider_id, a->product_id);
        items[i] = plan_item (arena, round, a, *found);
        items[i].product_revision = product->revision;
        items[i].proposal->deadline_unix_ms = deadline_unix_ms;
        finance_proposal *p = items[i].proposal;
        p->caps = match_caps_over (arena, (const finance_cap *const *)snapshot->caps, snapshot->cap_count, *found, product, false, &p->n_caps);
        p->personal_caps = match_caps_over (arena, (const finance_cap *const *)snapshot->caps, snapshot->cap_count, *found, product, true, &p->n_personal_caps);
    }
    for (size_t from = 0, end; from < round->n_allocations; from = end) {
        for (end = from + 1; end < round->n_allocations && same_place (round->allocations[from], round->allocations[end]);)
            end++;
        need_lead (snapshot, round, items, from, end);
    }
    return items;
}
