#include "ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "proposal.h"
#include "wire/topic.h"

#define DAY_MS INT64_C (86400000)
#define EAST_8_MS INT64_C (28800000)

const char *
match_table (tt_txn *txn, const char *kind, const char *market)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s:%s", kind, market);
}

tt_bytes
match_key (tt_txn *txn, const char *a, const char *b)
{
    return tt_bytes_of_text (tt_arena_printf (tt_txn_arena (txn), "%s/%s", a, b));
}

void *
match_row (tt_txn *txn, const tt_row *row, const ProtobufCMessageDescriptor *type)
{
    void *message = match_unpack (tt_txn_arena (txn), type, row->value);
    if (message == NULL)
        tt_txn_refuse (txn, TT_DATA_LOSS, "a stored %s cannot be read", type->short_name);
    return message;
}

void *
match_read (tt_txn *txn, const char *kind, const char *market, tt_bytes key, const ProtobufCMessageDescriptor *type,
            match_found *found)
{
    const tt_row *row = tt_txn_get (txn, match_table (txn, kind, market), key);
    *found = row == NULL ? MATCH_PENDING : MATCH_ABSENT;
    if (row == NULL || !row->present)
        return NULL;
    void *message = match_row (txn, row, type);
    *found = message ? MATCH_FOUND : MATCH_PENDING;
    return message;
}

void
match_put (tt_txn *txn, const char *kind, const char *market, tt_bytes key, const tt_buffer *value)
{
    tt_txn_put (txn, match_table (txn, kind, market), key, (tt_bytes){ value->data, value->size });
}

void
match_event (tt_txn *txn, const char *kind, const char *segment, const char *second, const char *subject,
             const ProtobufCMessage *body)
{
    tt_buffer topic = { 0 };
    tt_topic_build (&topic, "finance", kind, segment, second, NULL);
    tt_txn_event (txn, tt_buffer_cstr (&topic), subject, body);
    tt_buffer_free (&topic);
}

/* -- capacity -- */

tt_bytes
match_cap_key (tt_txn *txn, const char *cap_id, const char *applicant)
{
    char *key = tt_arena_printf (tt_txn_arena (txn), MATCH_CAP_PREFIX "%s%s%s", cap_id, applicant ? "/" : "", applicant ? applicant : "");
    return tt_bytes_of_text (key);
}

bool
match_taken (tt_txn *txn, const char *market, tt_bytes key, int64_t *held, int64_t *confirmed)
{
    int64_t used = 0;
    bool read_used = tt_txn_number (txn, match_table (txn, "used", market), key, &used);
    bool read_confirmed = tt_txn_number (txn, match_table (txn, "confirmed", market), key, confirmed);
    *held = used > *confirmed ? used - *confirmed : 0; /* two reads: a confirmation may have come between them */
    return read_used && read_confirmed;
}

bool
match_fill_provider (tt_txn *txn, finance_provider *p)
{
    return match_taken (txn, p->market, tt_bytes_of_text (p->provider_id), &p->held_fen, &p->confirmed_fen);
}

bool
match_fill_product (tt_txn *txn, finance_product *p)
{
    return match_taken (txn, p->market, match_key (txn, p->provider_id, p->product_id), &p->held_fen, &p->confirmed_fen);
}

bool
match_fill_cap (tt_txn *txn, finance_cap *cap)
{
    return tt_txn_number (txn, match_table (txn, "used", cap->market), match_cap_key (txn, cap->cap_id, NULL), &cap->used_fen);
}

finance_cap
match_cap_of_pool (const finance_pool *p)
{
    finance_cap cap = TECHTRANSFER__FINANCE__V1__CAP__INIT;
    cap.market = p->market;
    cap.cap_id = p->pool_id;
    cap.name = p->name;
    cap.source = p->source;
    cap.limit_fen = p->balance_fen * p->leverage;
    cap.providers = p->providers;
    cap.n_providers = p->n_providers;
    cap.products = p->products;
    cap.n_products = p->n_products;
    cap.districts = p->districts;
    cap.n_districts = p->n_districts;
    cap.legs = p->legs;
    cap.n_legs = p->n_legs;
    cap.suspended = p->suspended;
    return cap;
}

static void
add (tt_txn *txn, const char *kind, const char *market, tt_bytes key, int64_t delta)
{
    tt_txn_add (txn, match_table (txn, kind, market), key, delta, 0, MATCH_MONEY_MAX);
}

tt_bytes
match_account_key (tt_txn *txn, const char *kind, const char *id)
{
    return tt_bytes_of_text (tt_arena_printf (tt_txn_arena (txn), "%s:%s", kind, id));
}

void
match_count_part (tt_txn *txn, const char *table, const finance_proposal *p, int64_t delta)
{
    add (txn, table, p->market, match_account_key (txn, "district", p->district), delta);
    for (size_t i = 0; i < p->n_specials; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= p->specials[k] == p->specials[i];
        const char *number = tt_arena_printf (tt_txn_arena (txn), "%u", p->specials[i]);
        if (!seen)
            add (txn, table, p->market, match_account_key (txn, "special", number), delta);
    }
}

void
match_count (tt_txn *txn, const char *table, const finance_proposal *p, int64_t delta)
{
    add (txn, table, p->market, tt_bytes_of_text (p->provider_id), delta);
    add (txn, table, p->market, match_key (txn, p->provider_id, p->product_id), delta);
    for (size_t i = 0; i < p->n_caps; i++)
        add (txn, table, p->market, match_cap_key (txn, p->caps[i], NULL), delta);
    match_count_part (txn, table, p, delta);
}

void
match_confirm_capacity (tt_txn *txn, const finance_proposal *p, bool follows)
{
    match_count (txn, "confirmed", p, p->amount_fen);
    if (p->leg != FINANCE (LEG__EQUITY) || follows)
        return;
    tt_txn_put_blind (txn, match_table (txn, "lead", p->market), tt_bytes_of_text (p->applicant), TT_BYTES_NONE);
    add (txn, "led", p->market, tt_bytes_of_text (p->applicant), p->amount_fen);
}

bool
match_confirmed_lead (tt_txn *txn, const char *market, const char *applicant, int64_t *confirmed)
{
    return tt_txn_number (txn, match_table (txn, "led", market), tt_bytes_of_text (applicant), confirmed);
}

void
match_release_capacity (tt_txn *txn, const finance_proposal *p, int64_t amount)
{
    match_count (txn, "used", p, -amount);
    add (txn, "exposure", p->market, match_key (txn, p->provider_id, p->applicant), -amount);
    for (size_t i = 0; i < p->n_personal_caps; i++)
        add (txn, "exposure", p->market, match_cap_key (txn, p->personal_caps[i], p->applicant), -amount);
}

/* -- applications -- */

int64_t
match_validity_end (const char *valid_until)
{
    int32_t day;
    if (*valid_until == '\0' || tt_date_parse (valid_until, &day) != TT_OK)
        return INT64_MAX;
    return ((int64_t)day + 1) * DAY_MS - EAST_8_MS;
}

int64_t
match_day_start (const char *date)
{
    int64_t end = match_validity_end (date);
    return end == INT64_MAX ? end : end - DAY_MS;
}

bool
match_tally_read (tt_txn *txn, const char *market, const char *application_id, match_tally *tally)
{
    const tt_row *row = tt_txn_get (txn, match_table (txn, "tally", market), tt_bytes_of_text (application_id));
    *tally = (match_tally){ 0 };
    if (row && row->present) {
        const char *text = tt_arena_strndup (tt_txn_arena (txn), (const char *)row->value.data, row->value.size);
        if (sscanf (text, "%u %u", &tally->held, &tally->confirmed) != 2) {
            tt_txn_refuse (txn, TT_DATA_LOSS, "the stored tally of application %s cannot be read", application_id);
            return false;
        }
    }
    return row != NULL;
}

static void
put_tally (tt_txn *txn, const finance_application *a, match_tally tally)
{
    char *text = tt_arena_printf (tt_txn_arena (txn), "%u %u", tally.held, tally.confirmed);
    tt_txn_put (txn, match_table (txn, "tally", a->market), tt_bytes_of_text (a->application_id), tt_bytes_of_text (text));
}

static void
put_application (tt_txn *txn, const finance_application *a)
{
    tt_bytes id = tt_bytes_of_text (a->application_id);
    tt_txn_put_message (txn, match_table (txn, "application", a->market), id, &a->base);
    if (a->state == FINANCE (APPLICATION_STATE__OPEN))
        tt_txn_index_put (txn, match_table (txn, "open", a->market), id, 0);
    else
        tt_txn_index_remove (txn, match_table (txn, "open", a->market), id);
}

void
match_settle (tt_txn *txn, finance_application *a, match_tally tally)
{
    Techtransfer__Finance__V1__ApplicationState before = a->state;
    if (tally.held > 0)
        a->state = FINANCE (APPLICATION_STATE__IN_PROPOSAL);
    else if (tally.confirmed > 0)
        a->state = FINANCE (APPLICATION_STATE__FUNDED);
    else if (tt_txn_now (txn) >= match_validity_end (a->valid_until))
        a->state = FINANCE (APPLICATION_STATE__CLOSED);
    else
        a->state = FINANCE (APPLICATION_STATE__OPEN);
    put_tally (txn, a, tally);
    if (a->state != before)
        put_application (txn, a);
}

void
match_put_open (tt_txn *txn, finance_application *a)
{
    int64_t end = match_validity_end (a->valid_until);
    tt_bytes member = match_key (txn, a->market, a->application_id);
    a->state = FINANCE (APPLICATION_STATE__OPEN);
    put_application (txn, a);
    put_tally (txn, a, (match_tally){ 0 });
    tt_txn_index_put (txn, match_table (txn, "applications", a->market), tt_bytes_of_text (a->application_id), 0);
    if (end == INT64_MAX)
        tt_txn_index_remove (txn, MATCH_VALIDITY, member);
    else
        tt_txn_index_put (txn, MATCH_VALIDITY, member, end);
}

/* -- proposals -- */

static void
announce (tt_txn *txn, finance_proposal *p, char *party)
{
    Techtransfer__Finance__V1__ProposalMade made = TECHTRANSFER__FINANCE__V1__PROPOSAL_MADE__INIT;
    made.proposal = p;
    made.party = party;
    match_event (txn, "proposed", party, NULL, p->proposal_id, &made.base);
}

static void
put_in_party_list (tt_txn *txn, const finance_proposal *p, const char *party)
{
    tt_bytes list = match_key (txn, match_table (txn, "party", p->market), party);
    tt_txn_index_put (txn, (const char *)list.data, tt_bytes_of_text (p->proposal_id), 0);
}

void
match_put_proposal (tt_txn *txn, finance_proposal *p)
{
    tt_bytes id = tt_bytes_of_text (p->proposal_id);
    tt_bytes round = match_key (txn, match_table (txn, "round-proposals", p->market), p->round_id);
    size_t size = protobuf_c_message_get_packed_size (&p->base);
    uint8_t *packed = tt_arena_alloc (tt_txn_arena (txn), size);
    protobuf_c_message_pack (&p->base, packed);
    /* The id holds the round's, which is run once: nobody else writes this row for the first time. */
    tt_txn_put_blind (txn, match_table (txn, "proposal", p->market), id, (tt_bytes){ packed, size });
    tt_txn_index_put (txn, MATCH_DEADLINES, match_key (txn, p->market, p->proposal_id), p->deadline_unix_ms);
    tt_txn_index_put (txn, match_table (txn, "proposals", p->market), id, 0);
    if (strchr (p->round_id, ':') == NULL) /* a reservation is a round of one, which nobody lists */
        tt_txn_index_put (txn, (const char *)round.data, id, 0);
    put_in_party_list (txn, p, p->applicant);
    put_in_party_list (txn, p, p->provider_id);
    announce (txn, p, p->applicant);
    announce (txn, p, p->provider_id);
}
