/* Caps over parts of a market: put, listed, and kept nested. */
#include <string.h>

#include "caps.h"
#include "checks.h"
#include "commands.h"
#include "ledger.h"

#define MAX_CAPS 500 /* of a market, retired ones too */

static const ProtobufCMessageDescriptor *const cap_type = &techtransfer__finance__v1__cap__descriptor;

/* -- nesting -- */

/* The tables as lists, with one row replaced or added. */
typedef struct {
    const finance_cap **caps;
    match_offer *offers;
    uint32_t *provider_of;
    uint32_t cap_count, product_count, provider_count;
} shape;

static int
compare_caps (const void *a, const void *b)
{
    return strcmp ((*(const finance_cap *const *)a)->cap_id, (*(const finance_cap *const *)b)->cap_id);
}

static bool
read_caps (tt_txn *txn, const tt_rows *rows, const finance_cap *changed, shape *s)
{
    s->caps = tt_arena_zero (tt_txn_arena (txn), (rows->count + 1) * sizeof *s->caps);
    if (changed)
        s->caps[s->cap_count++] = changed;
    for (size_t i = 0; i < rows->count; i++) {
        const finance_cap *cap = match_row (txn, &rows->rows[i], cap_type);
        if (cap == NULL)
            return false;
        if (changed == NULL || strcmp (changed->cap_id, cap->cap_id) != 0)
            s->caps[s->cap_count++] = cap;
    }
    if (s->cap_count > 1)
        qsort (s->caps, s->cap_count, sizeof *s->caps, compare_caps);
    return true;
}

static int
compare_offers (const void *left, const void *right)
{
    const finance_product *a = ((const match_offer *)left)->product, *b = ((const match_offer *)right)->product;
    int order = strcmp (a->provider_id, b->provider_id);
    return order ? order : strcmp (a->product_id, b->product_id);
}

static bool
read_products (tt_txn *txn, const tt_rows *rows, const finance_product *changed, shape *s)
{
    tt_arena *arena = tt_txn_arena (txn);
    s->offers = tt_arena_zero (arena, (rows->count + 1) * sizeof *s->offers);
    s->provider_of = tt_arena_zero (arena, (rows->count + 1) * sizeof *s->provider_of);
    if (changed)
        s->offers[s->product_count++].product = changed;
    for (size_t i = 0; i < rows->count; i++) {
        match_offer offer = { .product = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__product__descriptor) };
        if (offer.product == NULL)
            return false;
        if (changed == NULL || compare_offers (&offer, &(match_offer){ .product = changed }) != 0)
            s->offers[s->product_count++] = offer;
    }
    if (s->product_count > 1)
        qsort (s->offers, s->product_count, sizeof *s->offers, compare_offers);
    for (uint32_t i = 0; i < s->product_count; i++) {
        if (i == 0 || strcmp (s->offers[i - 1].product->provider_id, s->offers[i].product->provider_id) != 0)
            s->provider_count++;
        s->provider_of[i] = s->provider_count - 1;
    }
    return true;
}

/* Builds what the tables say, and says what crosses. */
static bool
nests (tt_txn *txn, const char *market, const shape *s)
{
    match_caps *built = NULL;
    tt_error error = { 0 };
    if (s->cap_count > MAX_CAPS) {
        tt_txn_refuse (txn, TT_RESOURCE_EXHAUSTED, "market \"%s\" has %u caps already, the most there can be", market, MAX_CAPS);
        return false;
    }
    match_caps_input input = { s->offers, s->provider_of, s->product_count, s->provider_count, s->caps, s->cap_count };
    tt_status status = match_caps_new (&built, &input, &error);
    match_caps_destroy (&built);
    if (status != TT_OK)
        tt_txn_refuse (txn, status, "%s", error.message);
    return status == TT_OK;
}

/* All caps in one row: a command that needs them reads it as a row like any other, while a read of the whole table would make each command of a batch
 * wait for the commit of the one before. */
static void
put_roll (tt_txn *txn, const char *table, tt_bytes key, const shape *s)
{
    Techtransfer__Finance__V1__ListCapsReply list = TECHTRANSFER__FINANCE__V1__LIST_CAPS_REPLY__INIT;
    list.n_caps = s->cap_count;
    list.caps = tt_arena_zero (tt_txn_arena (txn), s->cap_count * sizeof *list.caps);
    for (uint32_t i = 0; i < s->cap_count; i++) {
        list.caps[i] = tt_arena_alloc (tt_txn_arena (txn), sizeof (finance_cap));
        *list.caps[i] = *s->caps[i];
        list.caps[i]->used_fen = 0;
    }
    tt_txn_put_message (txn, table, key, &list.base);
}

/* Two rows guard: one is written with each cap, one with each product. As long as there are no caps, products do not wait for
 * each other. */
bool
match_keeps_nested (tt_txn *txn, const char *market, const finance_cap *cap, const finance_product *product)
{
    const char *table = match_table (txn, "shape", market);
    tt_bytes of_caps = tt_bytes_of_text ("caps"), of_products = tt_bytes_of_text ("products");
    shape s = { 0 };
    const tt_row *cap_guard = tt_txn_get (txn, table, of_caps);
    const tt_rows *caps = tt_txn_table (txn, match_table (txn, "cap", market));
    if (cap_guard == NULL || caps == NULL)
        return false;
    if (cap == NULL && caps->count == 0) {
        tt_txn_put_blind (txn, table, of_products, TT_BYTES_NONE);
        return true;
    }
    const tt_row *product_guard = tt_txn_get (txn, table, of_products);
    const tt_rows *products = tt_txn_table (txn, match_table (txn, "product", market));
    if (product_guard == NULL || products == NULL)
        return false;
    if (!read_caps (txn, caps, cap, &s) || !read_products (txn, products, product, &s) || !nests (txn, market, &s))
        return false;
    if (cap)
        put_roll (txn, table, of_caps, &s);
    else
        tt_txn_put (txn, table, of_products, TT_BYTES_NONE);
    return true;
}

bool
match_caps_of (tt_txn *txn, const char *market, const finance_cap *const **caps, size_t *count)
{
    const tt_row *roll = tt_txn_get (txn, match_table (txn, "shape", market), tt_bytes_of_text ("caps"));
    shape s = { 0 };
    *count = 0;
    if (roll == NULL || !roll->present)
        return roll != NULL;
    if (roll->value.size == 0) {
        const tt_rows *rows = tt_txn_table (txn, match_table (txn, "cap", market));
        if (rows == NULL || !read_caps (txn, rows, NULL, &s))
            return false;
        *caps = s.caps;
        *count = s.cap_count;
        return true;
    }
    Techtransfer__Finance__V1__ListCapsReply *list
        = match_row (txn, roll, &techtransfer__finance__v1__list_caps_reply__descriptor);
    if (list == NULL)
        return false;
    *caps = (const finance_cap *const *)list->caps;
    *count = list->n_caps;
    return true;
}

/* -- putting -- */

static void
reply_cap (tt_txn *txn, finance_cap *cap, bool created)
{
    Techtransfer__Finance__V1__PutCapReply reply = TECHTRANSFER__FINANCE__V1__PUT_CAP_REPLY__INIT;
    reply.cap = cap;
    reply.created = created;
    tt_txn_reply (txn, &reply.base);
}

static bool
cap_refused (tt_txn *txn, const finance_cap *cap, const match_service *service)
{
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "cap");
    if (cap)
        match_check_cap (&v, cap, service->catalog);
    else
        tt_violate (&v, NULL, "is required");
    tt_violations_leave (&v, mark);
    return match_refuse (txn, &v);
}

static bool
same_bytes (const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    tt_buffer x = { 0 }, y = { 0 };
    x.size = protobuf_c_message_pack (a, tt_buffer_reserve (&x, protobuf_c_message_get_packed_size (a)));
    y.size = protobuf_c_message_pack (b, tt_buffer_reserve (&y, protobuf_c_message_get_packed_size (b)));
    bool same = tt_bytes_equal ((tt_bytes){ x.data, x.size }, (tt_bytes){ y.data, y.size });
    tt_buffer_free (&x);
    tt_buffer_free (&y);
    return same;
}

/* Both with everything but what is covered made alike. */
static bool
covers_the_same (const finance_cap *a, const finance_cap *b)
{
    finance_cap x = *a;
    x.name = b->name;
    x.source = b->source;
    x.limit_fen = b->limit_fen;
    x.revision = b->revision;
    x.used_fen = b->used_fen;
    x.suspended = b->suspended;
    x.retired = b->retired;
    return same_bytes (&x.base, &b->base);
}

/* What counts under a cap stays counted: its numbers are of what it covered. */
static bool
change_refused (tt_txn *txn, const finance_cap *old, const finance_cap *cap)
{
    if (old && old->retired && !cap->retired)
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "cap %s is retired: what was given since is not counted under it",
                       cap->cap_id);
    else if (old && !covers_the_same (old, cap) && (cap->used_fen > 0 || old->per_applicant || cap->per_applicant))
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "what cap %s covers cannot change any more: retire it and put another",
                       cap->cap_id);
    else if (cap->used_fen > cap->limit_fen)
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "limit_fen of %lld is less than the %lld fen that are held or confirmed",
                       (long long)cap->limit_fen, (long long)cap->used_fen);
    return tt_txn_refused (txn);
}

static void
store_cap (tt_txn *txn, finance_cap *cap)
{
    Techtransfer__Finance__V1__CapChanged changed = TECHTRANSFER__FINANCE__V1__CAP_CHANGED__INIT;
    finance_cap row = *cap;
    row.used_fen = 0;
    tt_txn_put_message (txn, match_table (txn, "cap", cap->market), tt_bytes_of_text (cap->cap_id), &row.base);
    /* The limit holds at the commit, whatever was promised since the use was read. */
    tt_txn_add (txn, match_table (txn, "used", cap->market), match_cap_key (txn, cap->cap_id, NULL), 0, 0, cap->limit_fen);
    changed.cap = cap;
    match_event (txn, "cap", cap->cap_id, NULL, cap->cap_id, &changed.base);
}

bool
match_set_cap (tt_txn *txn, finance_cap *cap, match_cap_change *change)
{
    match_found found;
    finance_cap *old = match_read (txn, "cap", cap->market, tt_bytes_of_text (cap->cap_id), cap_type, &found);
    if (!match_fill_cap (txn, cap) || found == MATCH_PENDING)
        return false;
    cap->revision = old ? old->revision : 0;
    if (old)
        old->used_fen = cap->used_fen;
    *change = old == NULL ? MATCH_CAP_CREATED : same_bytes (&old->base, &cap->base) ? MATCH_CAP_SAME : MATCH_CAP_CHANGED;
    if (*change == MATCH_CAP_SAME)
        return true;
    cap->revision++;
    if (change_refused (txn, old, cap) || !match_keeps_nested (txn, cap->market, cap, NULL))
        return false;
    store_cap (txn, cap);
    return true;
}

void
match_put_cap (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__PutCapRequest *r = request;
    match_cap_change change;
    tt_txn_at (txn, tt_bytes_of_text (r->cap ? r->cap->market : ""));
    if (cap_refused (txn, r->cap, service))
        return;
    finance_cap cap = *r->cap;
    const tt_row *pool = tt_txn_get (txn, match_table (txn, "pool", cap.market), tt_bytes_of_text (cap.cap_id));
    if (pool && pool->present)
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "cap %s is that of a pool: put or resume the pool", cap.cap_id);
    else if (pool && match_set_cap (txn, &cap, &change))
        reply_cap (txn, &cap, change == MATCH_CAP_CREATED);
}

/* -- listing -- */

void
match_list_caps (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ListCapsRequest *r = request;
    Techtransfer__Finance__V1__ListCapsReply reply = TECHTRANSFER__FINANCE__V1__LIST_CAPS_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, NULL, NULL))
        return;
    const tt_rows *rows = tt_txn_table (txn, match_table (txn, "cap", r->market));
    if (rows == NULL)
        return;
    reply.caps = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *reply.caps);
    for (size_t i = 0; i < rows->count; i++) {
        finance_cap *cap = match_row (txn, &rows->rows[i], cap_type);
        if (cap == NULL)
            return;
        match_fill_cap (txn, cap);
        reply.caps[reply.n_caps++] = cap;
    }
    if (!tt_txn_pending (txn))
        tt_txn_reply (txn, &reply.base);
}
