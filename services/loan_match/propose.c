#include "propose.h"

#include <string.h>
#include <xxhash.h>

/* -- one slice -- */

/* A capacity that proposals of the slice draw on, and what they have drawn so far. */
typedef struct {
    const char *table;
    tt_bytes key;
    int64_t taken;
    int64_t limit;
} capacity_use;

/* What is read for one item. */
typedef struct {
    finance_application *application;
    finance_provider *provider;
    finance_product *product;
    match_tally tally;
    size_t *uses; /* in slice.uses: product, provider, exposure, then caps */
    size_t use_count;
    bool suspended;         /* a cap is, or holds no more */
    int64_t confirmed_lead; /* of its applicant, if something is to follow lead equity */
    bool has_lead;
} item_state;

typedef struct {
    tt_txn *txn;
    const char *market;
    const match_plan_item *items;
    item_state *states;
    size_t count;
    capacity_use *uses;
    int64_t *drawn; /* of each use */
    size_t use_count;
    size_t *use_slots;     /* number of a use + 1, by the hash of table and key; 0 = free */
    size_t use_slot_count; /* a power of two, more than twice the uses */
} slice;

/* The use of a capacity, shared by the items that draw on it; its number is asked for once. */
static size_t
use_of (slice *s, const char *kind, tt_bytes key, int64_t limit)
{
    const char *table = match_table (s->txn, kind, s->market);
    size_t at = XXH3_64bits_withSeed (key.data, key.size, XXH3_64bits (table, strlen (table))) & (s->use_slot_count - 1);
    for (; s->use_slots[at]; at = (at + 1) & (s->use_slot_count - 1)) {
        const capacity_use *known = &s->uses[s->use_slots[at] - 1];
        if (strcmp (known->table, table) == 0 && tt_bytes_equal (known->key, key))
            return s->use_slots[at] - 1;
    }
    capacity_use *use = &s->uses[s->use_count];
    s->use_slots[at] = s->use_count + 1;
    *use = (capacity_use){ .table = table, .key = key, .limit = limit };
    tt_txn_number (s->txn, table, key, &use->taken);
    return s->use_count++;
}

static void
add_use (slice *s, item_state *state, const char *kind, tt_bytes key, int64_t limit)
{
    state->uses[state->use_count++] = use_of (s, kind, key, limit);
}

/* A cap that was retired since counts no more; a suspended one lets nothing through. */
static void
read_cap (slice *s, item_state *state, const char *cap_id, const char *applicant)
{
    match_found found;
    const finance_cap *cap
        = match_read (s->txn, "cap", s->market, tt_bytes_of_text (cap_id), &techtransfer__finance__v1__cap__descriptor, &found);
    int64_t limit = cap && !cap->retired ? cap->limit_fen : MATCH_MONEY_MAX;
    if (cap && cap->suspended && !cap->retired)
        state->suspended = true;
    add_use (s, state, applicant ? "exposure" : "used", match_cap_key (s->txn, cap_id, applicant), limit);
}

static size_t
use_total (const finance_proposal *p)
{
    return 3 + p->n_caps + p->n_personal_caps;
}

static void
read_item (slice *s, size_t i)
{
    const finance_proposal *p = s->items[i].proposal;
    item_state *state = &s->states[i];
    tt_bytes product = match_key (s->txn, p->provider_id, p->product_id);
    match_found found;
    state->application = match_read (s->txn, "application", s->market, tt_bytes_of_text (p->application_id),
                                     &techtransfer__finance__v1__application__descriptor, &found);
    match_tally_read (s->txn, s->market, p->application_id, &state->tally);
    state->provider = match_read (s->txn, "provider", s->market, tt_bytes_of_text (p->provider_id),
                                  &techtransfer__finance__v1__provider__descriptor, &found);
    state->product = match_read (s->txn, "product", s->market, product, &techtransfer__finance__v1__product__descriptor, &found);
    int64_t exposure = state->provider ? state->provider->exposure_limit_fen : 0;
    state->uses = tt_arena_zero (tt_txn_arena (s->txn), use_total (p) * sizeof *state->uses);
    add_use (s, state, "used", product, state->product ? state->product->capacity_fen : 0);
    add_use (s, state, "used", tt_bytes_of_text (p->provider_id), state->provider ? state->provider->capacity_fen : 0);
    add_use (s, state, "exposure", match_key (s->txn, p->provider_id, p->applicant), exposure ? exposure : MATCH_MONEY_MAX);
    for (size_t k = 0; k < p->n_caps; k++)
        read_cap (s, state, p->caps[k], NULL);
    for (size_t k = 0; k < p->n_personal_caps; k++)
        read_cap (s, state, p->personal_caps[k], p->applicant);
}

/* Of an application: lead equity that is confirmed already. */
static void
read_lead (slice *s, size_t from, size_t end)
{
    const finance_proposal *first = s->items[from].proposal;
    bool follows = false;
    for (size_t i = from; i < end; i++)
        follows |= s->items[i].proposal->lead_needed_fen > 0;
    if (!follows)
        return;
    match_confirmed_lead (s->txn, s->market, first->applicant, &s->states[from].confirmed_lead);
    const tt_row *known = tt_txn_get (s->txn, match_table (s->txn, "lead", s->market), tt_bytes_of_text (first->applicant));
    s->states[from].has_lead = known && known->present;
}

/* Of the uses from..end of an item, all have room for the amount. */
static bool
have_room (const slice *s, const item_state *state, size_t from, size_t end, int64_t amount)
{
    for (size_t i = from; i < end; i++) {
        size_t use = state->uses[i];
        if (amount > s->uses[use].limit - s->uses[use].taken - s->drawn[use])
            return false;
    }
    return true;
}

static match_fit
fit_of (const slice *s, size_t i)
{
    const item_state *state = &s->states[i];
    int64_t amount = s->items[i].proposal->amount_fen;
    const finance_application *a = state->application;
    if (a == NULL || a->revision != s->items[i].application_revision || a->state == FINANCE (APPLICATION_STATE__CLOSED))
        return MATCH_APPLICATION_CHANGED;
    if (state->product == NULL || state->provider == NULL || state->product->revision != s->items[i].product_revision)
        return MATCH_PRODUCT_CHANGED;
    size_t personal = 3 + s->items[i].proposal->n_caps;
    if (state->suspended || !have_room (s, state, 0, 2, amount) || !have_room (s, state, 3, personal, amount))
        return MATCH_NO_CAPACITY;
    bool fits = have_room (s, state, 2, 3, amount) && have_room (s, state, personal, state->use_count, amount);
    return fits ? MATCH_FITS : MATCH_NO_EXPOSURE;
}

static void
draw (slice *s, size_t i, int sign)
{
    for (size_t use = 0; use < s->states[i].use_count; use++)
        s->drawn[s->states[i].uses[use]] += sign * s->items[i].proposal->amount_fen;
}

static int64_t
minimum_of (const slice *s, size_t i)
{
    const finance_application *a = s->states[i].application;
    for (size_t k = 0; a && k < a->n_legs; k++)
        if (a->legs[k]->leg == s->items[i].proposal->leg)
            return a->legs[k]->minimum_fen;
    return 0;
}

static size_t
end_of_leg (const slice *s, size_t from, bool whole_application)
{
    const finance_proposal *first = s->items[from].proposal;
    size_t end = from + 1;
    while (end < s->count && strcmp (s->items[end].proposal->application_id, first->application_id) == 0
           && (whole_application || s->items[end].proposal->leg == first->leg))
        end++;
    return end;
}

/* Drops what follows more lead equity than there is; false if nothing was. */
static bool
drop_followers (slice *s, size_t from, size_t end, uint8_t *fits)
{
    int64_t lead = s->states[from].confirmed_lead;
    bool dropped = false;
    for (size_t i = from; i < end; i++) {
        const finance_proposal *p = s->items[i].proposal;
        if (fits[i] == MATCH_FITS && p->leg == FINANCE (LEG__EQUITY) && p->lead_needed_fen == 0)
            lead += p->amount_fen;
    }
    for (size_t i = from; i < end; i++) {
        int64_t needed = s->items[i].proposal->lead_needed_fen;
        if (fits[i] != MATCH_FITS || needed <= lead || (needed == 1 && s->states[from].has_lead))
            continue;
        draw (s, i, -1);
        fits[i] = MATCH_NO_LEAD_EQUITY;
        dropped = true;
    }
    return dropped;
}

/* Drops the rest of a leg that is below its minimum; false if there was nothing to drop. */
static bool
drop_small_leg (slice *s, size_t from, size_t end, uint8_t *fits)
{
    int64_t sum = 0;
    for (size_t i = from; i < end; i++)
        sum += fits[i] == MATCH_FITS ? s->items[i].proposal->amount_fen : 0;
    if (sum == 0 || sum >= minimum_of (s, from))
        return false;
    for (size_t i = from; i < end; i++)
        if (fits[i] == MATCH_FITS) {
            draw (s, i, -1);
            fits[i] = MATCH_LEG_TOO_SMALL;
        }
    return true;
}

/* Decides on the items of one application. What is dropped can take others along, until nothing more is. */
static void
fit_application (slice *s, size_t from, size_t end, uint8_t *fits)
{
    bool dropped = true;
    for (size_t i = from; i < end; i++) {
        fits[i] = fit_of (s, i);
        if (fits[i] == MATCH_FITS)
            draw (s, i, 1);
    }
    while (dropped) {
        dropped = drop_followers (s, from, end, fits);
        for (size_t i = from, next; i < end; i = next)
            if (drop_small_leg (s, i, next = end_of_leg (s, i, false), fits))
                dropped = true;
    }
}

static void
hold_capacity (slice *s)
{
    for (size_t i = 0; i < s->use_count; i++)
        if (s->drawn[i] > 0)
            tt_txn_add (s->txn, s->uses[i].table, s->uses[i].key, s->drawn[i], 0, s->uses[i].limit);
}

/* Items of one application stand together: its tally and state are written once. */
static void
write_application (slice *s, size_t from, size_t end, const uint8_t *fits, uint32_t *made)
{
    item_state *state = &s->states[from];
    uint32_t before = state->tally.held;
    for (size_t i = from; i < end; i++) {
        finance_proposal *p = s->items[i].proposal;
        if (fits[i] != MATCH_FITS)
            continue;
        p->proposed_unix_ms = tt_txn_now (s->txn);
        match_put_proposal (s->txn, p);
        match_count_part (s->txn, "used", p, p->amount_fen);
        tt_txn_put_blind (s->txn, match_table (s->txn, "financed", s->market), match_key (s->txn, p->provider_id, p->applicant),
                          TT_BYTES_NONE);
        for (size_t k = 0; k < p->n_personal_caps; k++)
            tt_txn_put_blind (s->txn, match_table (s->txn, "financed", s->market),
                              match_cap_key (s->txn, p->personal_caps[k], p->applicant), TT_BYTES_NONE);
        state->tally.held++;
        ++*made;
    }
    if (state->tally.held > before)
        match_settle (s->txn, state->application, state->tally);
}

bool
match_propose (tt_txn *txn, const char *market, const match_plan_item *items, size_t count, uint8_t *fits, uint32_t *made)
{
    tt_arena *arena = tt_txn_arena (txn);
    slice s = { .txn = txn, .market = market, .items = items, .count = count };
    s.states = tt_arena_zero (arena, count * sizeof *s.states);
    size_t uses = 0;
    for (size_t i = 0; i < count; i++)
        uses += use_total (items[i].proposal);
    s.uses = tt_arena_zero (arena, uses * sizeof *s.uses);
    s.drawn = tt_arena_zero (arena, uses * sizeof *s.drawn);
    for (s.use_slot_count = 8; s.use_slot_count < 2 * uses;)
        s.use_slot_count *= 2;
    s.use_slots = tt_arena_zero (arena, s.use_slot_count * sizeof *s.use_slots);
    for (size_t i = 0; i < count; i++)
        read_item (&s, i);
    for (size_t i = 0, end; i < count; i = end)
        read_lead (&s, i, end = end_of_leg (&s, i, true));
    if (tt_txn_pending (txn) || tt_txn_refused (txn))
        return false;
    for (size_t i = 0, end; i < count; i = end)
        fit_application (&s, i, end = end_of_leg (&s, i, true), fits);
    hold_capacity (&s);
    for (size_t i = 0, end; i < count; i = end)
        write_application (&s, i, end = end_of_leg (&s, i, true), fits, made);
    return true;
}
