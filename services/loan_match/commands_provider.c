/* Providers and their products: what capital there is, and for what. */
#include <string.h>

#include "checks.h"
#include "commands.h"
#include "ledger.h"

static bool
same_message (const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    tt_buffer x = { 0 }, y = { 0 };
    x.size = protobuf_c_message_pack (a, tt_buffer_reserve (&x, protobuf_c_message_get_packed_size (a)));
    y.size = protobuf_c_message_pack (b, tt_buffer_reserve (&y, protobuf_c_message_get_packed_size (b)));
    bool same = tt_bytes_equal ((tt_bytes){ x.data, x.size }, (tt_bytes){ y.data, y.size });
    tt_buffer_free (&x);
    tt_buffer_free (&y);
    return same;
}

/* A capacity may not fall below what is promised. The bound holds at the commit, whatever was promised since `taken` was read. */
static bool
keep_capacity (tt_txn *txn, const char *market, tt_bytes key, int64_t capacity, int64_t taken)
{
    if (taken > capacity) {
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "capacity_fen of %lld is less than the %lld fen that are held or confirmed",
                       (long long)capacity, (long long)taken);
        return false;
    }
    tt_txn_add (txn, match_table (txn, "used", market), key, 0, 0, capacity);
    return true;
}

/* -- providers -- */

static void
reply_provider (tt_txn *txn, finance_provider *provider, bool created)
{
    Techtransfer__Finance__V1__PutProviderReply reply = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REPLY__INIT;
    reply.provider = provider;
    reply.created = created;
    tt_txn_reply (txn, &reply.base);
}

static bool
provider_refused (tt_txn *txn, const finance_provider *provider)
{
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "provider");
    if (provider)
        match_check_provider (&v, provider);
    else
        tt_violate (&v, NULL, "is required");
    tt_violations_leave (&v, mark);
    return match_refuse (txn, &v);
}

static void
store_provider (tt_txn *txn, finance_provider *provider, tt_bytes key)
{
    Techtransfer__Finance__V1__ProviderChanged changed = TECHTRANSFER__FINANCE__V1__PROVIDER_CHANGED__INIT;
    finance_provider row = *provider;
    row.held_fen = row.confirmed_fen = 0;
    tt_txn_put_message (txn, match_table (txn, "provider", provider->market), key, &row.base);
    changed.provider = provider;
    match_event (txn, "provider", provider->provider_id, NULL, provider->provider_id, &changed.base);
}

void
match_put_provider (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__PutProviderRequest *r = request;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->provider ? r->provider->market : ""));
    if (provider_refused (txn, r->provider))
        return;
    finance_provider provider = *r->provider;
    tt_bytes key = tt_bytes_of_text (provider.provider_id);
    match_found found;
    finance_provider *old
        = match_read (txn, "provider", provider.market, key, &techtransfer__finance__v1__provider__descriptor, &found);
    if (!match_fill_provider (txn, &provider) || found == MATCH_PENDING)
        return;
    provider.revision = old ? old->revision : 0;
    if (old) {
        old->held_fen = provider.held_fen;
        old->confirmed_fen = provider.confirmed_fen;
    }
    if (old && same_message (&old->base, &provider.base)) {
        reply_provider (txn, old, false);
        return;
    }
    provider.revision++;
    if (!keep_capacity (txn, provider.market, key, provider.capacity_fen, provider.held_fen + provider.confirmed_fen))
        return;
    store_provider (txn, &provider, key);
    reply_provider (txn, &provider, old == NULL);
}

/* -- products -- */

static void
reply_product (tt_txn *txn, finance_product *product, bool created)
{
    Techtransfer__Finance__V1__PutProductReply reply = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REPLY__INIT;
    reply.product = product;
    reply.created = created;
    tt_txn_reply (txn, &reply.base);
}

static bool
product_refused (tt_txn *txn, const finance_product *product, const match_service *service)
{
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "product");
    if (product)
        match_check_product (&v, product, service->catalog);
    else
        tt_violate (&v, NULL, "is required");
    tt_violations_leave (&v, mark);
    return match_refuse (txn, &v);
}

static void
store_product (tt_txn *txn, finance_product *product, tt_bytes key)
{
    Techtransfer__Finance__V1__ProductChanged changed = TECHTRANSFER__FINANCE__V1__PRODUCT_CHANGED__INIT;
    finance_product row = *product;
    row.held_fen = row.confirmed_fen = 0;
    tt_txn_put_message (txn, match_table (txn, "product", product->market), key, &row.base);
    changed.product = product;
    match_event (txn, "product", product->provider_id, NULL, (const char *)key.data, &changed.base);
}

/* The leg decides what the held money is for, so it stays. */
static bool
leg_changed (tt_txn *txn, const finance_product *old, const finance_product *product)
{
    if (old == NULL || old->leg == product->leg)
        return false;
    tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "product %s/%s is for another leg: a product's leg cannot change",
                   product->provider_id, product->product_id);
    return true;
}

static bool
same_texts (char *const *a, size_t count, char *const *b, size_t other)
{
    for (size_t i = 0; count == other && i < count; i++)
        if (strcmp (a[i], b[i]) != 0)
            return false;
    return count == other;
}

/* Which cells of the market it covers: caps must stay nested. */
static bool
covers_the_same (const finance_product *old, const finance_product *product)
{
    static const finance_mandate everything = TECHTRANSFER__FINANCE__V1__MANDATE__INIT;
    if (old == NULL)
        return false;
    const finance_mandate *a = old->mandate ? old->mandate : &everything, *b = product->mandate ? product->mandate : &everything;
    return same_texts (a->districts, a->n_districts, b->districts, b->n_districts);
}

void
match_put_product (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__PutProductRequest *r = request;
    tt_txn_at (txn, tt_bytes_of_text (r->product ? r->product->market : ""));
    if (product_refused (txn, r->product, service))
        return;
    finance_product product = *r->product;
    tt_bytes provider = tt_bytes_of_text (product.provider_id), key = match_key (txn, product.provider_id, product.product_id);
    const tt_row *owner = tt_txn_get (txn, match_table (txn, "provider", product.market), provider);
    match_found found;
    finance_product *old
        = match_read (txn, "product", product.market, key, &techtransfer__finance__v1__product__descriptor, &found);
    if (!match_fill_product (txn, &product) || found == MATCH_PENDING || owner == NULL)
        return;
    if (!owner->present) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no provider \"%s\" in market \"%s\"", product.provider_id, product.market);
        return;
    }
    product.revision = old ? old->revision : 0;
    if (old) {
        old->held_fen = product.held_fen;
        old->confirmed_fen = product.confirmed_fen;
    }
    if (old && same_message (&old->base, &product.base)) {
        reply_product (txn, old, false);
        return;
    }
    product.revision++;
    if (leg_changed (txn, old, &product)
        || (!covers_the_same (old, &product) && !match_keeps_nested (txn, product.market, NULL, &product))
        || !keep_capacity (txn, product.market, key, product.capacity_fen, product.held_fen + product.confirmed_fen))
        return;
    store_product (txn, &product, key);
    reply_product (txn, &product, old == NULL);
}

/* -- listing -- */

static finance_provider **
list_of_providers (tt_txn *txn, const tt_rows *rows)
{
    finance_provider **list = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *list);
    for (size_t i = 0; i < rows->count; i++) {
        list[i] = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__provider__descriptor);
        if (list[i] == NULL)
            return NULL;
        match_fill_provider (txn, list[i]);
    }
    return list;
}

static finance_product **
list_of_products (tt_txn *txn, const tt_rows *rows)
{
    finance_product **list = tt_arena_zero (tt_txn_arena (txn), rows->count * sizeof *list);
    for (size_t i = 0; i < rows->count; i++) {
        list[i] = match_row (txn, &rows->rows[i], &techtransfer__finance__v1__product__descriptor);
        if (list[i] == NULL)
            return NULL;
        match_fill_product (txn, list[i]);
    }
    return list;
}

void
match_list_providers (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ListProvidersRequest *r = request;
    Techtransfer__Finance__V1__ListProvidersReply reply = TECHTRANSFER__FINANCE__V1__LIST_PROVIDERS_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, NULL, NULL))
        return;
    const tt_rows *providers = tt_txn_table (txn, match_table (txn, "provider", r->market));
    const tt_rows *products = tt_txn_table (txn, match_table (txn, "product", r->market));
    if (providers == NULL || products == NULL)
        return;
    reply.n_providers = providers->count;
    reply.n_products = products->count;
    reply.providers = list_of_providers (txn, providers);
    reply.products = tt_txn_refused (txn) ? NULL : list_of_products (txn, products);
    if (!tt_txn_refused (txn) && !tt_txn_pending (txn))
        tt_txn_reply (txn, &reply.base);
}
