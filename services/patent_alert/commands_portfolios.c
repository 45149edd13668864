#include "commands.h"

#include <string.h>

#include "portfolio.h"
#include "service.h"
#include "watch.h"

#define PORTFOLIO_PAGE_MAX 100 /* of up to 10,000 numbers each */

/* The log keeps the replicas' copies; the event tells everybody else. */
static void
announce (tt_txn *txn, const Portfolio *portfolio, bool deleted)
{
    Techtransfer__Patent__V1__PortfolioChanged change = TECHTRANSFER__PATENT__V1__PORTFOLIO_CHANGED__INIT;
    tt_buffer topic = { 0 };
    change.portfolio = (Portfolio *)portfolio;
    change.deleted = deleted;
    tt_txn_log (txn, ALERT_LOG_PORTFOLIOS, &change.base);
    alert_portfolio_topic (portfolio->owner, &topic);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data,
                  (const char *)alert_key_of (txn, portfolio->owner, portfolio->name).data, &change.base);
}

/* -- PutPortfolio -- */

static void
decide_put (tt_txn *txn, const Portfolio *given, tt_bytes key, const Portfolio *stored)
{
    Techtransfer__Patent__V1__PutPortfolioReply reply = TECHTRANSFER__PATENT__V1__PUT_PORTFOLIO_REPLY__INIT;
    Portfolio portfolio = *given;
    portfolio.revision = stored ? stored->revision : 0;
    portfolio.changed_unix_ms = stored ? stored->changed_unix_ms : 0;
    if (stored == NULL || !alert_portfolio_same (stored, given)) {
        portfolio.revision++;
        portfolio.changed_unix_ms = tt_txn_now (txn);
        tt_txn_put_message (txn, ALERT_TABLE_PORTFOLIOS, key, &portfolio.base);
        tt_txn_index_put (txn, alert_name_of (txn, ALERT_INDEX_PORTFOLIOS, portfolio.owner), key, 0);
        announce (txn, &portfolio, false);
    }
    reply.portfolio = &portfolio;
    reply.created = stored == NULL;
    tt_txn_reply (txn, &reply.base);
}

void
alert_put_portfolio (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__PutPortfolioRequest *request = message;
    tt_violations violations = { 0 };
    if (request->portfolio) {
        size_t mark = tt_violations_enter (&violations, "portfolio");
        (void)alert_portfolio_check (request->portfolio, &violations);
        tt_violations_leave (&violations, mark);
    } else {
        tt_violate (&violations, "portfolio", "required");
    }
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (tt_txn_refused (txn))
        return;
    const Portfolio *given = request->portfolio;
    tt_txn_at (txn, alert_text (given->owner));
    tt_bytes key = alert_key_of (txn, given->owner, given->name);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_PORTFOLIOS, key);
    if (row == NULL)
        return;
    Portfolio *stored = row->present ? techtransfer__patent__v1__portfolio__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (row->present && stored == NULL)
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored portfolio %s cannot be read", (const char *)key.data);
    else
        decide_put (txn, given, key, stored);
    if (stored)
        techtransfer__patent__v1__portfolio__free_unpacked (stored, NULL);
}

/* -- DeletePortfolio -- */

void
alert_delete_portfolio (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__DeletePortfolioRequest *request = message;
    if (!alert_goes_to (txn, request->owner, "name", request->name))
        return;
    tt_bytes key = alert_key_of (txn, request->owner, request->name);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_PORTFOLIOS, key);
    if (row == NULL)
        return;
    if (!row->present) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "owner %s has no portfolio %s", request->owner, request->name);
        return;
    }
    Portfolio gone = TECHTRANSFER__PATENT__V1__PORTFOLIO__INIT;
    gone.owner = request->owner;
    gone.name = request->name;
    tt_txn_delete (txn, ALERT_TABLE_PORTFOLIOS, key);
    tt_txn_index_remove (txn, alert_name_of (txn, ALERT_INDEX_PORTFOLIOS, request->owner), key);
    announce (txn, &gone, true);
    Techtransfer__Patent__V1__DeletePortfolioReply reply = TECHTRANSFER__PATENT__V1__DELETE_PORTFOLIO_REPLY__INIT;
    tt_txn_reply (txn, &reply.base);
}

/* -- ListPortfolios -- */

static void
answer_list (tt_txn *txn, const tt_rows *rows, uint32_t limit)
{
    Techtransfer__Patent__V1__ListPortfoliosReply reply = TECHTRANSFER__PATENT__V1__LIST_PORTFOLIOS_REPLY__INIT;
    reply.portfolios = tt_arena_alloc (tt_txn_arena (txn), (rows->count + 1) * sizeof *reply.portfolios);
    for (size_t i = 0; i < rows->count && i < limit; i++) {
        tt_bytes value = rows->rows[i].value;
        Portfolio *one = rows->rows[i].present ? techtransfer__patent__v1__portfolio__unpack (NULL, value.size, value.data) : NULL;
        if (one)
            reply.portfolios[reply.n_portfolios++] = one;
    }
    if (rows->count > limit && reply.n_portfolios > 0)
        reply.next_after = reply.portfolios[reply.n_portfolios - 1]->name;
    tt_txn_reply (txn, &reply.base);
    for (size_t i = 0; i < reply.n_portfolios; i++)
        techtransfer__patent__v1__portfolio__free_unpacked (reply.portfolios[i], NULL);
}

void
alert_list_portfolios (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__ListPortfoliosRequest *request = message;
    tt_violations violations = { 0 };
    if (request->limit)
        (void)tt_check_range (&violations, "limit", request->limit, 1, PORTFOLIO_PAGE_MAX);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    uint32_t limit = request->limit ? request->limit : PORTFOLIO_PAGE_MAX;
    const tt_rows *rows = alert_page_of (txn, request->owner, request->after, limit, ALERT_INDEX_PORTFOLIOS, ALERT_TABLE_PORTFOLIOS);
    if (rows)
        answer_list (txn, rows, limit);
}
