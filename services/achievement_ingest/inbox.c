#include "inbox.h"

#include <string.h>

#include "commands.h"
#include "identity.h"
#include "push.h"

#define ROW_TYPE (&techtransfer__achievement__v1__get_achievement_reply__descriptor)
#define DEMAND_TYPE (&techtransfer__achievement__v1__demand__descriptor)
#define PUSHED_TYPE (&techtransfer__achievement__v1__achievement_pushed__descriptor)

uint64_t
ingest_inbox_number (const tt_row *head)
{
    uint64_t number = 0;
    for (size_t i = 0; head->present && i < head->value.size; i++)
        number = number << 8 | head->value.data[i];
    return number;
}

/* The event of a push, in the arena. *out holds the push. */
static void
describe (tt_txn *txn, const ingest_order *order, const ingest_record *record, ingest_push *push, ingest_pushed *out)
{
    tt_arena *arena = tt_txn_arena (txn);
    char id[INGEST_PUSH_ID_SIZE];
    ingest_push_id (order->owner, order->demand_id, record->achievement_id, id);
    techtransfer__achievement__v1__push__init (push);
    push->push_id = tt_arena_strndup (arena, id, strlen (id));
    push->owner = (char *)order->owner;
    push->demand_id = (char *)order->demand_id;
    push->achievement_id = record->achievement_id;
    push->achievement_title = record->title;
    push->source = record->source;
    push->source_id = record->source_id;
    push->reason = (char *)ingest_push_reason (arena, order->by_query, order->terms, order->term_count);
    push->terms = order->terms;
    push->n_terms = order->term_count;
    push->score = order->score;
    push->by_query = order->by_query;
    push->industry = record->industry;
    push->specials = record->specials;
    push->n_specials = record->n_specials;
    techtransfer__achievement__v1__achievement_pushed__init (out);
    out->push = push;
    out->district = record->district;
    out->specials = record->specials;
    out->n_specials = record->n_specials;
}

/* Is the demand still the one that was evaluated? NULL order: a claimed push, which is made whatever has become of the demand. */
static bool
still_wanted (tt_txn *txn, const ingest_order *order, tt_bytes key)
{
    if (!order)
        return true;
    const ingest_demand *demand = ingest_read_row (txn, tt_txn_get (txn, INGEST_TABLE_DEMAND, key), DEMAND_TYPE);
    return demand && demand->state == TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__OPEN && demand->revision == order->demand_revision && demand->created_unix_ms == order->demand_created_unix_ms;
}

static tt_bytes
packed (tt_txn *txn, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    uint8_t *bytes = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    protobuf_c_message_pack (message, bytes);
    return (tt_bytes){ bytes, size };
}

/* Puts a push into its owner's inbox, unless it is there. Reads: all or nothing loaded. */
static void
make_push (tt_txn *txn, ingest_pushed *pushed, bool first, const ingest_order *order)
{
    ingest_push *push = pushed->push;
    tt_bytes owner = tt_bytes_of_text (push->owner), id = tt_bytes_of_text (push->push_id);
    tt_txn_at (txn, owner);
    const tt_row *made = tt_txn_get (txn, INGEST_TABLE_PUSHED, id);
    const tt_row *head = tt_txn_get (txn, INGEST_TABLE_INBOX, owner);
    bool wanted = still_wanted (txn, order, ingest_pair_key (tt_txn_arena (txn), push->owner, push->demand_id));
    if (tt_txn_pending (txn) || tt_txn_refused (txn) || made->present || !wanted)
        return;
    push->number = ingest_inbox_number (head) + 1;
    push->pushed_unix_ms = tt_txn_now (txn);
    pushed->first_push_of_achievement = first;
    tt_bytes number = tt_number_key (txn, push->number);
    const char *table = ingest_inbox_table (tt_txn_arena (txn), push->owner);
    tt_txn_put (txn, INGEST_TABLE_PUSHED, id, number);
    tt_txn_put (txn, INGEST_TABLE_INBOX, owner, number);
    tt_txn_put_blind (txn, table, number, packed (txn, &push->base)); /* the number is this push's: the inbox row guards it */
    tt_txn_event (txn, ingest_topic (txn, "push", push->owner, NULL), push->push_id, &pushed->base);
    if (order)
        tt_txn_reply (txn, &push->base);
}

/* Step 0, at the achievement. */
static void
claim_first (tt_txn *txn, ingest_pushed *pushed, const tt_row *first, tt_bytes key)
{
    if (!first->present)
        tt_txn_put_message (txn, INGEST_TABLE_FIRST, key, &pushed->base);
    tt_txn_then (txn);
}

/* Steps 1 and 2: is the claimed push mine; if not, is it made? */
static void
make_in_order (tt_txn *txn, ingest_pushed *pushed, const tt_row *first, const ingest_order *order)
{
    ingest_pushed *claimed = ingest_read_row (txn, first, PUSHED_TYPE);
    if (!claimed)
        return;
    bool mine = strcmp (claimed->push->push_id, pushed->push->push_id) == 0;
    if (mine || tt_txn_step (txn) > 1) {
        make_push (txn, pushed, mine, order);
        return;
    }
    make_push (txn, claimed, true, NULL);
    tt_txn_then (txn);
}

void
ingest_deliver (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const ingest_order *order = request;
    tt_bytes key = ingest_pair_key (tt_txn_arena (txn), order->source, order->source_id);
    bool at_record = tt_txn_step (txn) == 0;
    if (at_record)
        tt_txn_at (txn, key);
    const tt_row *row
        = at_record ? tt_txn_get (txn, INGEST_TABLE_RECORD, key) : tt_txn_get_at (txn, key, INGEST_TABLE_RECORD, key);
    const tt_row *first
        = at_record ? tt_txn_get (txn, INGEST_TABLE_FIRST, key) : tt_txn_get_at (txn, key, INGEST_TABLE_FIRST, key);
    const ingest_row *stored = ingest_read_row (txn, row, ROW_TYPE);
    if (!row || !first || tt_txn_refused (txn) || !ingest_row_counts (stored))
        return;
    ingest_push push;
    ingest_pushed pushed;
    describe (txn, order, stored->achievement, &push, &pushed);
    if (!at_record) {
        make_in_order (txn, &pushed, first, order);
        return;
    }
    tt_bytes owner = tt_bytes_of_text (order->owner), id = tt_bytes_of_text (push.push_id);
    const tt_row *made = tt_txn_get_at (txn, owner, INGEST_TABLE_PUSHED, id);
    if (made && !made->present && stored->achievement->revision == order->record_revision)
        claim_first (txn, &pushed, first, key);
}
